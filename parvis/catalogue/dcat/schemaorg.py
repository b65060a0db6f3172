"""A dataset in schema.org's words, in Croissant 1.0 and its tables as Table Schema.

https://developers.google.com/search/docs/appearance/structured-data/dataset,
https://docs.mlcommons.org/croissant/docs/croissant-spec-1.0.html,
https://specs.frictionlessdata.io/table-schema/.
"""

import json
from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.urls import reverse
from django.utils import translation
from django.utils.text import slugify

from parvis.catalogue.dcat import records
from parvis.catalogue.dcat.records import Offer, clean
from parvis.catalogue.models import Dataset, Version
from parvis.core.i18n import DEFAULT, tr
from parvis.core.models import Organisation, Site

DESCRIPTION_CHARACTERS = 5_000
"""What search engines of data read, at most."""
CROISSANT = "http://mlcommons.org/croissant/1.0"
_CROISSANT_TYPES = {
    "text": "sc:Text", "integer": "sc:Integer", "number": "sc:Float", "boolean": "sc:Boolean",
    "date": "sc:Date", "datetime": "sc:DateTime",
}  # fmt: skip
_TABLE_SCHEMA_TYPES = {"text": "string"}
# The context of the specification, appendix 1.
_CROISSANT_CONTEXT: Mapping[str, Any] = {
    "@language": "fr",
    "@vocab": "https://schema.org/",
    "citeAs": "cr:citeAs",
    "column": "cr:column",
    "conformsTo": "dct:conformsTo",
    "cr": "http://mlcommons.org/croissant/",
    "data": {"@id": "cr:data", "@type": "@json"},
    "dataBiases": "cr:dataBiases",
    "dataCollection": "cr:dataCollection",
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "dct": "http://purl.org/dc/terms/",
    "extract": "cr:extract",
    "field": "cr:field",
    "fileObject": "cr:fileObject",
    "fileProperty": "cr:fileProperty",
    "fileSet": "cr:fileSet",
    "format": "cr:format",
    "includes": "cr:includes",
    "isLiveDataset": "cr:isLiveDataset",
    "jsonPath": "cr:jsonPath",
    "key": "cr:key",
    "md5": "cr:md5",
    "parentField": "cr:parentField",
    "path": "cr:path",
    "personalSensitiveInformation": "cr:personalSensitiveInformation",
    "recordSet": "cr:recordSet",
    "references": "cr:references",
    "regex": "cr:regex",
    "repeated": "cr:repeated",
    "replace": "cr:replace",
    "sc": "https://schema.org/",
    "separator": "cr:separator",
    "source": "cr:source",
    "subField": "cr:subField",
    "transform": "cr:transform",
}


def filled(value: Mapping[str, Any]) -> dict[str, Any]:
    """Return what has a value."""
    return {name: one for name, one in value.items() if one not in (None, "", [], {})}


def organisation(row: Organisation | None, language: str) -> dict[str, Any] | None:
    """Return an organisation, or None."""
    if row is None:
        return None
    name = clean(tr(row.node.title, language))
    return filled({"@type": "GovernmentOrganization", "name": name, "url": row.homepage})


def catalogue(language: str, site: Site | None) -> dict[str, Any]:
    """Return the catalogue as a DataCatalog."""
    with translation.override(language):
        page = settings.SITE_URL + reverse("datasets")
    title, words = records.catalogue_words(language, site)
    return filled(
        {
            "@type": "DataCatalog",
            "@id": f"{settings.SITE_URL}/catalog",
            "name": title,
            "description": words,
            "url": page,
            "inLanguage": f"{language}-CA",
            "publisher": organisation(site.organisation if site else None, language),
            "isAccessibleForFree": True,
        }
    )


def dataset(row: Dataset, language: str) -> dict[str, Any]:
    """Return a public dataset as a Dataset, without its context."""
    site = records.current_site()
    owner = organisation(records.publisher(row, site), language)
    title = clean(tr(row.node.title, language)) or row.node.slug
    published, modified = records.past(row.node.published_at), records.past(row.modified_at)
    return filled(
        {
            "@type": "Dataset",
            "@id": records.address(row),
            "name": title,
            "description": clean(tr(row.notes, language))[:DESCRIPTION_CHARACTERS] or title,
            "url": records.page(row, language),
            "identifier": str(row.pk),
            "version": clean(row.version) or records.manifest_sha256(row),
            "license": records.licence(row)[0],
            "creator": owner,
            "publisher": owner,
            "keywords": [clean(tr(tag, language)) for tag in row.tags],
            "inLanguage": [f"{code}-CA" for code in row.languages],
            "datePublished": published.isoformat() if published else "",
            "dateModified": modified.isoformat() if modified else "",
            "temporalCoverage": _period(row),
            "spatialCoverage": _place(row),
            "isAccessibleForFree": True,
            "isBasedOn": [records.iri(source) for source in row.sources],
            "measurementTechnique": clean(tr(row.methodology, language))[:DESCRIPTION_CHARACTERS],
            "includedInDataCatalog": {
                "@type": "DataCatalog",
                "name": records.catalogue_words(language, site)[0],
                "url": f"{settings.SITE_URL}/catalog",
            },
            "distribution": [_download(offer, language) for offer in records.offers(row)],
        }
    )


def _period(row: Dataset) -> str:
    start, end = records.period(row)
    if not start and not end:
        return ""
    return f"{start or '..'}/{end or '..'}"


def _place(row: Dataset) -> dict[str, Any]:
    sides = records.box(row)
    if not sides and not row.spatial:
        return {}
    west, south, east, north = sides or (0.0, 0.0, 0.0, 0.0)
    shape = {"@type": "GeoShape", "box": f"{south} {west} {north} {east}"} if sides else None
    return filled({"@type": "Place", "name": clean(row.spatial), "geo": shape})


def _download(offer: Offer, language: str) -> dict[str, Any]:
    return filled(
        {
            "@type": "DataDownload",
            "name": clean(tr(offer.title, language)),
            "contentUrl": offer.url,
            "encodingFormat": offer.media_type.split(";")[0] or offer.format,
            "contentSize": f"{offer.size} B" if offer.size is not None else "",
            "sha256": offer.sha256,
        }
    )


def croissant(row: Dataset) -> dict[str, Any]:
    """Return a public dataset in Croissant 1.0: files at addresses that never change, fields.

    A link elsewhere has no hash, which Croissant asks for: it is left out.
    """
    from parvis.catalogue import citing

    words = dataset(row, DEFAULT)
    kept = ("name", "description", "license", "url", "creator", "publisher", "keywords",
            "inLanguage", "datePublished", "dateModified", "identifier", "@id")  # fmt: skip
    files = [one for one in records.offers(row) if one.sha256 and one.key != "parquet"]
    tables = [one for one in files if one.key == "csv"]
    versions = Version.objects.in_bulk([one.resource.current_id for one in tables])
    return filled(
        {
            "@context": _CROISSANT_CONTEXT,
            "@type": "sc:Dataset",
            "conformsTo": CROISSANT,
            **{name: words[name] for name in kept if name in words},
            # Croissant wants a number of version such as 1.0.0; ours is the hash of the files.
            "version": words.get("version", ""),
            "citeAs": citing.of(row, DEFAULT).bibtex,
            "isLiveDataset": False,
            "distribution": [_file_object(one) for one in files],
            "recordSet": [
                _record_set(one, versions[one.resource.current_id])
                for one in tables
                if one.resource.current_id
            ],
        }
    )


def _file_id(offer: Offer) -> str:
    resource = offer.resource
    return f"{resource.slug}.{offer.key}" if offer.key else (resource.file_name or resource.slug)


def _file_object(offer: Offer) -> dict[str, Any]:
    return filled(
        {
            "@type": "cr:FileObject",
            "@id": _file_id(offer),
            "name": _file_id(offer),
            "description": clean(tr(offer.resource.description, DEFAULT)),
            "contentUrl": offer.frozen,
            "contentSize": f"{offer.size} B",
            "encodingFormat": offer.media_type.split(";")[0],
            "sha256": offer.sha256,
        }
    )


def _record_set(offer: Offer, version: Version) -> dict[str, Any]:
    name = offer.resource.slug
    taken: set[str] = set()
    return {
        "@type": "cr:RecordSet",
        "@id": name,
        "name": clean(tr(offer.resource.name, DEFAULT)) or name,
        "field": [_field(name, offer, column, taken) for column in version.columns],
    }


def _field(table: str, offer: Offer, column: Mapping[str, Any], taken: set[str]) -> dict[str, Any]:
    base = slugify(column["name"]) or "colonne"
    name = next(
        s for n in range(1, 10_000) if (s := base if n == 1 else f"{base}-{n}") not in taken
    )
    taken.add(name)
    label = clean(tr(column.get("label"), DEFAULT))
    words = clean(tr(column.get("description"), DEFAULT))
    return filled(
        {
            "@type": "cr:Field",
            "@id": f"{table}/{name}",
            "name": clean(column["name"]),
            "description": ". ".join(part for part in (label, words) if part),
            "dataType": _CROISSANT_TYPES.get(column["type"], "sc:Text"),
            "source": {
                "fileObject": {"@id": _file_id(offer)},
                "extract": {"column": column["name"]},
            },
        }
    )


def table_schema(version: Version) -> dict[str, Any]:
    """Return the columns of a version as a Table Schema, with the words of its codebook."""
    fields = [
        filled(
            {
                "name": column["name"],
                "type": _TABLE_SCHEMA_TYPES.get(column["type"], column["type"]),
                "title": clean(tr(column.get("label"), DEFAULT)),
                "description": clean(tr(column.get("description"), DEFAULT)),
            }
        )
        for column in version.columns
    ]
    return {
        "$schema": "https://specs.frictionlessdata.io/schemas/table-schema.json",
        "fields": fields,
        "missingValues": [""],
    }


def in_rdf(words: Mapping[str, Any], extension: str) -> bytes:
    """Return a description as RDF in the format of an extension; nothing is fetched."""
    from rdflib import Graph  # heavy, and few ask for this

    context = words.get("@context") or {"@vocab": "https://schema.org/"}
    graph = Graph().parse(data=json.dumps({**words, "@context": context}), format="json-ld")
    names = {"rdf": "xml", "ttl": "turtle", "jsonld": "json-ld"}
    return graph.serialize(format=names.get(extension, extension), encoding="utf-8")
