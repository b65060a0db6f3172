"""The catalogue as a graph: DCAT-AP 3.0.0, valid against its SHACL shapes, with hydra pages.

https://semiceu.github.io/DCAT-AP/releases/3.0.0/ and https://www.hydra-cg.com/spec/latest/core/.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.conf import settings
from django.urls import reverse
from django.utils import translation
from django.utils.text import slugify

from parvis.catalogue.dcat import records, vocabulary
from parvis.catalogue.dcat.pages import Pages
from parvis.catalogue.dcat.records import Offer, Relation, by_language, clean, iri
from parvis.catalogue.dcat.triples import TYPE, Literal, Triples, Value, full
from parvis.catalogue.lists import FREQUENCIES, LICENCES
from parvis.catalogue.models import Dataset
from parvis.core.i18n import DEFAULT, LANGUAGES
from parvis.core.models import Organisation, Site

_SHA256 = full("spdx:checksumAlgorithm_sha256")


def plain(text: Any) -> Literal:
    """Return a text without a language."""
    return clean(text), "", ""


class Writer:
    """Writes datasets and the catalogue into one graph; what is shared is described once."""

    def __init__(self, site: Site | None) -> None:
        self.site = site
        self.graph = Triples()
        self._told: set[Any] = set()

    def add(self, subject: str, predicate: str, value: Value) -> None:
        """Add a triple; nothing for what has no IRI."""
        if value:
            self.graph.add(subject, predicate, value)

    def texts(self, subject: str, predicate: str, text: Any) -> bool:
        """Add a text in each of its languages; return whether there was any."""
        words = by_language(text)
        for code, said in words:
            self.add(subject, predicate, (said, code, ""))
        return bool(words)

    def moment(self, subject: str, predicate: str, at: datetime | date | None) -> None:
        """Add a date or a date-time."""
        if at is not None:
            kind = "xsd:dateTime" if isinstance(at, datetime) else "xsd:date"
            self.add(subject, predicate, (at.isoformat(), "", kind))

    def typed(self, address: str, *kinds: str, label: Any = None) -> str:
        """Return the IRI of something, typed (and labelled) once; "" stays so."""
        node = address
        if node and (node, kinds) not in self._told:
            self._told.add((node, kinds))
            for kind in kinds:
                self.add(node, TYPE, kind)
            if isinstance(label, Mapping):
                self.texts(node, "skos:prefLabel", label)
            elif label:
                self.add(node, "rdfs:label", plain(label))
        return node

    def language(self, code: str) -> str:
        """Return the IRI of a language."""
        known = vocabulary.LANGUAGE.get(code, "")
        found = vocabulary.authority("language", known) if known else ""
        return self.typed(found, "dct:LinguisticSystem", label=code)

    def agent(self, organisation: Organisation | None) -> str:
        """Return who publishes; without an organisation, the site itself."""
        if organisation is None:
            node = f"{settings.SITE_URL}/#site"
            name: Any = {code: records.site_name(self.site, code) for code in LANGUAGES}
            home = ""
        else:
            node = f"{settings.SITE_URL}/organization/{organisation.pk}"
            name, home = organisation.node.title, organisation.homepage
        if node not in self._told:
            self._told.add(node)
            self.add(node, TYPE, "foaf:Agent")
            self.add(node, TYPE, "foaf:Organization")
            if not self.texts(node, "foaf:name", name):
                self.add(node, "foaf:name", plain(node))
            if organisation is not None:
                self.add(node, "dct:identifier", plain(str(organisation.pk)))
            self.add(node, "foaf:homepage", self.typed(iri(home), "foaf:Document"))
        return node

    def licence(self, dataset: Dataset) -> str:
        """Return the IRI of a licence, "" for one that is not ours."""
        address, short = records.licence(dataset)
        if node := self.typed(address, "dct:LicenseDocument", label=short):
            found = LICENCES[dataset.licence]
            self.add(node, "dct:title", plain(f"{found.title} ({found.short})"))
        return node

    def format(self, written: str) -> str:
        """Return the IRI of a format: the EU's, else one of this catalogue's own."""
        code = vocabulary.format_of(written)[0]
        own = slugify(written)
        if code:
            address = vocabulary.authority("file-type", code)
        else:
            address = f"{settings.SITE_URL}/catalog#format-{own}" if own else ""
        return self.typed(address, "dct:MediaTypeOrExtent", label=written)

    def themes(self, dataset: Dataset) -> list[str]:
        """Return the EU's themes of a dataset, each with its words."""
        codes = {code for slug in dataset.categories for code in vocabulary.THEMES.get(slug, ())}
        scheme = vocabulary.AUTHORITY + "data-theme"
        found = []
        for code in sorted(codes):
            words = dict(zip(("fr", "en"), vocabulary.THEME_WORDS[code], strict=True))
            node = self.typed(vocabulary.authority("data-theme", code), "skos:Concept", label=words)
            self.add(node, "skos:inScheme", scheme)
            found.append(node)
        return found

    def dataset(self, dataset: Dataset, related: Sequence[Relation] = ()) -> str:
        """Write a dataset with its distributions; return its IRI."""
        me = records.address(dataset)
        self.add(me, TYPE, "dcat:Dataset")
        self._words(me, dataset)
        self._people(me, dataset)
        self._coverage(me, dataset)
        self._thread(me, dataset, related)
        for offer in records.offers(dataset):
            if node := self._distribution(me, dataset, offer):
                self.add(me, "dcat:distribution", node)
        return me

    def _words(self, me: str, dataset: Dataset) -> None:
        node = dataset.node
        if not self.texts(me, "dct:title", node.title):
            self.add(me, "dct:title", plain(node.slug))
        # A description is mandatory: the title stands for one that nobody wrote.
        if not self.texts(me, "dct:description", dataset.notes):
            if not self.texts(me, "dct:description", node.title):
                self.add(me, "dct:description", plain(node.slug))
        self.add(me, "dct:identifier", plain(str(dataset.pk)))
        for tag in dataset.tags:
            self.texts(me, "dcat:keyword", tag)
        for theme in self.themes(dataset):
            self.add(me, "dcat:theme", theme)
        for code in dataset.languages:
            self.add(me, "dct:language", self.language(code))
        self.moment(me, "dct:issued", records.past(node.published_at))
        self.moment(me, "dct:modified", records.past(dataset.modified_at))
        if version := clean(dataset.version) or records.manifest_sha256(dataset):
            self.add(me, "dcat:version", plain(version))
        self.add(me, "dct:license", self.licence(dataset))
        if code := vocabulary.FREQUENCY.get(dataset.frequency):
            address = vocabulary.authority("frequency", code)
            words = str(FREQUENCIES[dataset.frequency])
            self.add(
                me, "dct:accrualPeriodicity", self.typed(address, "dct:Frequency", label=words)
            )
        public = vocabulary.authority("access-right", "PUBLIC")
        self.add(me, "dct:accessRights", self.typed(public, "dct:RightsStatement"))

    def _people(self, me: str, dataset: Dataset) -> None:
        self.add(me, "dct:publisher", self.agent(records.publisher(dataset, self.site)))
        self.add(me, "dcat:landingPage", self.typed(records.page(dataset), "foaf:Document"))
        self.add(me, "foaf:page", self.typed(iri(dataset.url), "foaf:Document"))
        who = records.contact(dataset, self.site)
        node = self.graph.blank()
        self.add(me, "dcat:contactPoint", node)
        self.add(node, TYPE, "vcard:Kind")
        self.add(node, TYPE, "vcard:Organization")
        self.add(node, "vcard:fn", plain(who.name))
        if who.email:
            self.add(node, "vcard:hasEmail", iri(f"mailto:{who.email}"))
        if who.url:
            self.add(node, "vcard:hasURL", iri(who.url))

    def _coverage(self, me: str, dataset: Dataset) -> None:
        start, end = records.period(dataset)
        if start or end:
            node = self.graph.blank()
            self.add(me, "dct:temporal", node)
            self.add(node, TYPE, "dct:PeriodOfTime")
            self.moment(node, "dcat:startDate", start)
            self.moment(node, "dcat:endDate", end)
        sides, place = records.box(dataset), clean(dataset.spatial)
        if sides or place:
            node = self.graph.blank()
            self.add(me, "dct:spatial", node)
            self.add(node, TYPE, "dct:Location")
            if place:
                self.add(node, "skos:prefLabel", (place, DEFAULT, ""))
            if sides:
                # A literal and nothing else: CKAN's reader breaks on a node of geometry.
                self.add(node, "dcat:bbox", (_wkt(*sides), "", "geo:wktLiteral"))

    def _thread(self, me: str, dataset: Dataset, related: Iterable[Relation]) -> None:
        for text in (dataset.methodology, dataset.withheld):
            if by_language(text):
                node = self.graph.blank()
                self.add(me, "dct:provenance", node)
                self.add(node, TYPE, "dct:ProvenanceStatement")
                self.texts(node, "rdfs:label", text)
        for source in dataset.sources:
            self.add(me, "dct:relation", self.typed(iri(source), "rdfs:Resource"))
        for one in related:
            place = self.typed(one.url, "rdfs:Resource")
            self.add(me, "dct:relation", place)
            if one.node.kind == "dataset":
                continue
            self.add(place, TYPE, "foaf:Document")
            self.texts(place, "dct:title", one.node.title)
            if one.relation == "published_as":
                self.add(place, TYPE, "prov:Activity")
                self.add(me, "prov:wasGeneratedBy", place)

    def _distribution(self, me: str, dataset: Dataset, offer: Offer) -> str:
        if not offer.url:
            return ""
        resource = offer.resource
        mark = f"#{offer.key}" if offer.key else ""
        node = records.address(dataset, "resource", str(resource.pk)) + mark
        self.add(node, TYPE, "dcat:Distribution")
        self.texts(node, "dct:title", offer.title)
        self.texts(node, "dct:description", resource.description)
        self.add(node, "dct:identifier", plain(str(resource.pk) + mark))
        self.add(node, "dcat:accessURL", self.typed(offer.url, "rdfs:Resource"))
        if resource.kind != resource.What.WEB or offer.sha256:
            self.add(node, "dcat:downloadURL", offer.url)
        self.add(node, "dct:format", self.format(offer.format))
        media_type = vocabulary.media_type_iri(offer.media_type)
        self.add(node, "dcat:mediaType", self.typed(media_type, "dct:MediaType"))
        for code in dataset.languages:
            self.add(node, "dct:language", self.language(code))
        self.moment(node, "dct:issued", records.past(resource.published_at))
        self.moment(node, "dct:modified", records.past(offer.modified_at))
        self.add(node, "dct:license", self.licence(dataset))
        if offer.size is not None:
            size = (str(offer.size), "", "xsd:nonNegativeInteger")
            self.add(node, "dcat:byteSize", size)
        if offer.sha256:
            self._checksum(node, offer.sha256)
        if resource.current_id:
            self.add(
                node, "dct:conformsTo",
                self.typed(records.schema_url(dataset, resource), "dct:Standard",
                           label="Table Schema"),
            )  # fmt: skip
        return node

    def _checksum(self, distribution: str, sha256: str) -> None:
        node = self.graph.blank()
        self.add(distribution, "spdx:checksum", node)
        self.add(node, TYPE, "spdx:Checksum")
        self.add(node, "spdx:algorithm", self.typed(_SHA256, "spdx:ChecksumAlgorithm"))
        self.add(node, "spdx:checksumValue", (sha256, "", "xsd:hexBinary"))

    def catalogue(self, datasets: Iterable[str], changed: datetime | None = None) -> str:
        """Write the catalogue with the datasets of a page; return its IRI."""
        me = f"{settings.SITE_URL}/catalog"
        self.add(me, TYPE, "dcat:Catalog")
        for code in LANGUAGES:
            title, words = records.catalogue_words(code, self.site)
            self.add(me, "dct:title", (title, code, ""))
            self.add(me, "dct:description", (words, code, ""))
            self.add(me, "dct:language", self.language(code))
        self.add(me, "dct:publisher", self.agent(self.site.organisation if self.site else None))
        home = settings.SITE_URL + reverse("datasets")
        self.add(me, "foaf:homepage", self.typed(home, "foaf:Document"))
        scheme = self.typed(vocabulary.AUTHORITY + "data-theme", "skos:ConceptScheme")
        self.add(scheme, "dct:title", ("Data theme", "en", ""))
        self.add(scheme, "dct:title", ("Thème de données", "fr", ""))
        self.add(me, "dcat:themeTaxonomy", scheme)
        self.moment(me, "dct:modified", records.past(changed))
        for dataset in datasets:
            self.add(me, "dcat:dataset", dataset)
        return me

    def view(self, pages: Pages) -> None:
        """Write the hydra node: exactly one, of both the types that readers look for."""
        me = pages.here
        self.add(me, TYPE, "hydra:PartialCollectionView")
        self.add(me, TYPE, "hydra:PagedCollection")
        self.add(me, "hydra:totalItems", (str(pages.count), "", "xsd:integer"))
        for predicate, address in (
            ("hydra:first", pages.first), ("hydra:last", pages.last),
            ("hydra:next", pages.next), ("hydra:previous", pages.previous),
        ):  # fmt: skip
            self.add(me, predicate, address)


def _wkt(west: float, south: float, east: float, north: float) -> str:
    corners = ((west, south), (east, south), (east, north), (west, north), (west, south))
    return f"POLYGON(({', '.join(f'{x} {y}' for x, y in corners)}))"


def of_dataset(dataset: Dataset) -> Triples:
    """Return the graph of one public dataset."""
    # One graph for all: what the lists say does not follow the reader's language.
    with translation.override(DEFAULT):
        writer = Writer(records.current_site())
        writer.dataset(dataset, records.relations([dataset])[dataset.pk])
    return writer.graph


def of_page(datasets: Sequence[Dataset], pages: Pages, changed: datetime | None) -> Triples:
    """Return the graph of a page of the catalogue."""
    with translation.override(DEFAULT):
        writer = Writer(records.current_site())
        related: Mapping[UUID, Sequence[Relation]] = records.relations(datasets)
        nodes = [writer.dataset(dataset, related[dataset.pk]) for dataset in datasets]
        writer.catalogue(nodes, changed)
        writer.view(pages)
    return writer.graph
