"""Resources that programs send, read into what the catalogue keeps."""

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote, urlsplit
from uuid import UUID

from django.core.files.uploadedfile import UploadedFile

from parvis.catalogue.ckan import objects
from parvis.catalogue.ckan.errors import ValidationFailed
from parvis.catalogue.ckan.incoming import Reader
from parvis.catalogue.conformity.services import RESOURCE_KEYS
from parvis.catalogue.entry_files import FileSpec, Sent, extension_of, read_sent
from parvis.catalogue.models import Dataset, Resource
from parvis.catalogue.seen import shown_version
from parvis.core.errors import Invalid
from parvis.core.i18n import DEFAULT

EXTRAS_CHARACTERS = 100_000
# Known formats, as CKAN writes them; any other stays as it was sent.
FORMATS: Mapping[str, str] = {
    name.lower(): name
    for name in (
        "CSV TSV XLSX XLS ODS ODT DOCX DOC PPTX ODP PDF TXT HTML XML JSON JSON-LD JSONL GeoJSON "
        "TopoJSON KML KMZ GPX GML SHP WMS WFS WMTS WCS GPKG DXF DWG GeoTIFF TIFF JPEG PNG SVG ZIP "
        "RDF Turtle N3 N-Triples ATOM RSS API Parquet SQLite MDB FGDB ICS MP3 MP4 GTFS"
    ).split()
} | {"ttl": "Turtle", "nt": "N-Triples", "htm": "HTML", "jpg": "JPEG", "tif": "TIFF"} | {
    "application/json": "JSON",
    "application/pdf": "PDF",
    "application/zip": "ZIP",
    "text/csv": "CSV",
    "text/html": "HTML",
    "ndjson": "JSONL",
}  # fmt: skip
# What we say ourselves, or what is no part of a resource.
OURS = frozenset(
    "id package_id position name name_translated description description_translated format url "
    "url_type resource_type mimetype created metadata_modified state datastore_active "
    "parvis_version parvis_rows upload clear_upload revision_id package_name".split()
)
_KINDS = frozenset(Resource.What.values)


def format_of(written: str, name: str) -> str:
    """Return a format as CKAN writes it, of what was sent or else of a file's extension."""
    found = written.strip() or FORMATS.get(extension_of(name), "")
    return FORMATS.get(found.lower().lstrip("."), found)[:40]


def _address(reader: Reader, shown: Mapping[str, Any], sent: Sent | None) -> str | None:
    """Return the address of a link, or None when the file there stays or another was sent."""
    url = "".join(reader.text("url", 2_000).split("\n"))
    if sent is not None:
        return None
    if shown.get("url_type") == "upload":
        kept = reader.data.get("url_type") == "upload" or not url or url == shown["url"]
        return None if kept else url
    if shown.get("url_type") == "datastore" and url == shown["url"]:
        return ""
    return url


def resource(
    data: Mapping[str, Any],
    *,
    dataset: Dataset | None = None,
    row: Resource | None = None,
    sent: Sent | None = None,
) -> FileSpec:
    """Return what a resource asks to be written. Raises ValidationFailed, flat."""
    reader = Reader(data)
    shown = objects.resource_dict(dataset, row) if dataset and row else {}
    url = _address(reader, shown, sent)
    link = url is not None
    of_name = sent.name if sent else url or shown.get("url", "")
    name = reader.words("name", row.name if row else None)
    if not objects.plain(name):
        name = {DEFAULT: unquote(urlsplit(of_name).path.rsplit("/", 1)[-1])[:200] or "Données"}
    computed = OURS if link else OURS | RESOURCE_KEYS | {*objects.OF_LINKS, "taille_entier"}
    extras = {
        key: value
        for key, value in data.items()
        if key not in computed and not (key in objects.OF_LINKS and value in (None, ""))
    }
    kind = reader.text("resource_type", 200)
    if kind and kind not in _KINDS:
        extras["resource_type"] = kind
    if data.get("url_type") == "datastore" and link:
        extras["url_type"] = "datastore"
    size = len(json.dumps(extras, default=str))
    if size > EXTRAS_CHARACTERS:
        reader.wrong("extras", f"more than {EXTRAS_CHARACTERS} characters of free keys")
    pk = _id(reader, row)
    spec = FileSpec(
        name=name,
        description=reader.words("description", row.description if row else None),
        format=format_of(reader.text("format"), of_name),
        kind=kind if kind in _KINDS else Resource.What.DATA,
        url=url,
        mimetype=reader.text("mimetype", 120) if link else "",
        extras=extras,
        sent=sent,
        id=pk,
    )
    reader.finish()
    return spec


def _id(reader: Reader, row: Resource | None) -> UUID | None:
    if row is not None:
        return row.pk
    text = reader.text("id")
    pk = objects.is_id(text) if text else None
    if text and pk is None:
        reader.wrong("id", "Invalid id provided")
    elif pk and Resource.objects.filter(pk=pk).exists():
        reader.wrong("id", "Resource id already exists.")
    return pk


def resources(reader: Reader, dataset: Dataset | None) -> list[FileSpec]:
    """Return the files of a package; what is wrong in one is under `resources`, row by row."""
    known = {}
    if dataset is not None:
        known = {str(row.pk): row for row in dataset.published}  # type: ignore[attr-defined]
    specs: list[FileSpec] = []
    errors: list[dict[str, Any]] = []
    for data in reader.rows("resources"):
        errors.append({})
        try:
            row = known.pop(str(data.get("id") or ""), None)
            sent = sent_file(data, row)
            specs.append(resource(data, dataset=dataset, row=row, sent=sent))
        except ValidationFailed as refusal:
            errors[-1] = refusal.fields
        except Invalid as refusal:
            errors[-1] = {name: [str(w) for w in words] for name, words in refusal.errors.items()}
    if any(errors):
        reader.errors["resources"] = errors
    return specs


def sent_file(data: Mapping[str, Any], row: Resource | None) -> Sent | None:
    """Return the file under `upload`, read and kept, or None without one. Raises Invalid."""
    upload = data.get("upload")
    if not isinstance(upload, UploadedFile):
        return None
    return read_sent(upload, shown_version(row) if row else None)
