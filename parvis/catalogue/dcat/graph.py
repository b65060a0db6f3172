"""The catalogue as a graph: DCAT-AP 3.0.0, valid against its SHACL shapes, with hydra pages.

https://semiceu.github.io/DCAT-AP/releases/3.0.0/ and https://www.hydra-cg.com/spec/latest/core/.
Imported by `serialise` callers only: rdflib is heavy.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.conf import settings
from django.urls import reverse
from django.utils import translation
from django.utils.text import slugify
from rdflib import BNode, Graph, Literal, Namespace, URIRef
from rdflib.namespace import DCAT, DCTERMS, FOAF, PROV, RDF, RDFS, SKOS, XSD
from rdflib.term import Node as Term

from parvis.catalogue.dcat import records, vocabulary
from parvis.catalogue.dcat.pages import Pages
from parvis.catalogue.dcat.records import Offer, Relation, by_language, clean, iri
from parvis.catalogue.lists import FREQUENCIES, LICENCES
from parvis.catalogue.models import Dataset
from parvis.core.i18n import DEFAULT, LANGUAGES
from parvis.core.models import Organisation, Site

VCARD = Namespace("http://www.w3.org/2006/vcard/ns#")
SPDX = Namespace("http://spdx.org/rdf/terms#")
HYDRA = Namespace("http://www.w3.org/ns/hydra/core#")
GEO = Namespace("http://www.opengis.net/ont/geosparql#")
ADMS = Namespace("http://www.w3.org/ns/adms#")
PREFIXES: Mapping[str, Any] = {
    "dcat": DCAT, "dct": DCTERMS, "foaf": FOAF, "vcard": VCARD, "spdx": SPDX, "skos": SKOS,
    "hydra": HYDRA, "prov": PROV, "geo": GEO, "adms": ADMS, "xsd": XSD, "rdfs": RDFS, "rdf": RDF,
}  # fmt: skip
SERIALISERS = {
    "xml": "xml", "rdf": "xml", "ttl": "turtle", "n3": "n3", "jsonld": "json-ld", "nt": "nt"
}  # fmt: skip
_SHA256 = SPDX.checksumAlgorithm_sha256


def serialise(graph: Graph, extension: str) -> bytes:
    """Return the graph in the format of an extension, in UTF-8."""
    options: dict[str, Any] = {}
    if extension == "jsonld":
        options = {"context": {name: str(space) for name, space in PREFIXES.items()}}
    return graph.serialize(format=SERIALISERS[extension], encoding="utf-8", **options)


class Writer:
    """Writes datasets and the catalogue into one graph; what is shared is described once."""

    def __init__(self, site: Site | None) -> None:
        self.site = site
        self.graph = Graph(bind_namespaces="none")
        for name, space in PREFIXES.items():
            self.graph.bind(name, space)
        self._told: set[Any] = set()

    def add(self, subject: Term, predicate: URIRef, value: Term | None) -> None:
        """Add a triple; nothing for None."""
        if value is not None:
            self.graph.add((subject, predicate, value))

    def texts(self, subject: Term, predicate: URIRef, text: Any) -> bool:
        """Add a text in each of its languages; return whether there was any."""
        words = by_language(text)
        for code, said in words:
            self.add(subject, predicate, Literal(said, lang=code))
        return bool(words)

    def moment(self, subject: Term, predicate: URIRef, at: datetime | date | None) -> None:
        """Add a date or a date-time."""
        if at is not None:
            kind = XSD.dateTime if isinstance(at, datetime) else XSD.date
            self.add(subject, predicate, Literal(at.isoformat(), datatype=kind, normalize=False))

    def typed(self, address: str, *kinds: URIRef, label: Any = None) -> URIRef | None:
        """Return the IRI of something, typed (and labelled) once; None for ""."""
        if not address:
            return None
        node = URIRef(address)
        if (node, kinds) not in self._told:
            self._told.add((node, kinds))
            for kind in kinds:
                self.add(node, RDF.type, kind)
            if isinstance(label, Mapping):
                self.texts(node, SKOS.prefLabel, label)
            elif label:
                self.add(node, RDFS.label, Literal(clean(label)))
        return node

    def language(self, code: str) -> URIRef | None:
        """Return the IRI of a language."""
        known = vocabulary.LANGUAGE.get(code, "")
        found = vocabulary.authority("language", known) if known else ""
        return self.typed(found, DCTERMS.LinguisticSystem, label=code)

    def agent(self, organisation: Organisation | None) -> URIRef:
        """Return who publishes; without an organisation, the site itself."""
        if organisation is None:
            node = URIRef(f"{settings.SITE_URL}/#site")
            name: Any = {code: records.site_name(self.site, code) for code in LANGUAGES}
            home = ""
        else:
            node = URIRef(f"{settings.SITE_URL}/organization/{organisation.pk}")
            name, home = organisation.node.title, organisation.homepage
        if node not in self._told:
            self._told.add(node)
            self.add(node, RDF.type, FOAF.Agent)
            self.add(node, RDF.type, FOAF.Organization)
            if not self.texts(node, FOAF.name, name):
                self.add(node, FOAF.name, Literal(str(node)))
            if organisation is not None:
                self.add(node, DCTERMS.identifier, Literal(str(organisation.pk)))
            self.add(node, FOAF.homepage, self.typed(iri(home), FOAF.Document))
        return node

    def licence(self, dataset: Dataset) -> URIRef | None:
        """Return the IRI of a licence."""
        address, short = records.licence(dataset)
        if node := self.typed(address, DCTERMS.LicenseDocument, label=short):
            found = LICENCES[dataset.licence]
            self.add(node, DCTERMS.title, Literal(f"{found.title} ({found.short})"))
            return node
        return None

    def format(self, written: str) -> URIRef | None:
        """Return the IRI of a format: the EU's, else one of this catalogue's own."""
        code = vocabulary.format_of(written)[0]
        own = slugify(written)
        if code:
            address = vocabulary.authority("file-type", code)
        else:
            address = f"{settings.SITE_URL}/catalog#format-{own}" if own else ""
        return self.typed(address, DCTERMS.MediaTypeOrExtent, label=written)

    def themes(self, dataset: Dataset) -> list[URIRef]:
        """Return the EU's themes of a dataset, each with its words."""
        codes = {code for slug in dataset.categories for code in vocabulary.THEMES.get(slug, ())}
        scheme = URIRef(vocabulary.AUTHORITY + "data-theme")
        found = []
        for code in sorted(codes):
            words = dict(zip(("fr", "en"), vocabulary.THEME_WORDS[code], strict=True))
            node = self.typed(vocabulary.authority("data-theme", code), SKOS.Concept, label=words)
            if node is not None:
                self.add(node, SKOS.inScheme, scheme)
                found.append(node)
        return found

    def dataset(self, dataset: Dataset, related: Sequence[Relation] = ()) -> URIRef:
        """Write a dataset with its distributions; return its IRI."""
        me = URIRef(records.address(dataset))
        self.add(me, RDF.type, DCAT.Dataset)
        self._words(me, dataset)
        self._people(me, dataset)
        self._coverage(me, dataset)
        self._thread(me, dataset, related)
        for offer in records.offers(dataset):
            if node := self._distribution(me, dataset, offer):
                self.add(me, DCAT.distribution, node)
        return me

    def _words(self, me: URIRef, dataset: Dataset) -> None:
        node = dataset.node
        if not self.texts(me, DCTERMS.title, node.title):
            self.add(me, DCTERMS.title, Literal(node.slug))
        # A description is mandatory: the title stands for one that nobody wrote.
        if not self.texts(me, DCTERMS.description, dataset.notes):
            if not self.texts(me, DCTERMS.description, node.title):
                self.add(me, DCTERMS.description, Literal(node.slug))
        self.add(me, DCTERMS.identifier, Literal(str(dataset.pk)))
        for tag in dataset.tags:
            self.texts(me, DCAT.keyword, tag)
        for theme in self.themes(dataset):
            self.add(me, DCAT.theme, theme)
        for code in dataset.languages:
            self.add(me, DCTERMS.language, self.language(code))
        self.moment(me, DCTERMS.issued, records.past(node.published_at))
        self.moment(me, DCTERMS.modified, records.past(dataset.modified_at))
        if version := clean(dataset.version) or records.manifest_sha256(dataset):
            self.add(me, DCAT.version, Literal(version))
        self.add(me, DCTERMS.license, self.licence(dataset))
        if code := vocabulary.FREQUENCY.get(dataset.frequency):
            address = vocabulary.authority("frequency", code)
            words = str(FREQUENCIES[dataset.frequency])
            self.add(
                me, DCTERMS.accrualPeriodicity, self.typed(address, DCTERMS.Frequency, label=words)
            )
        public = vocabulary.authority("access-right", "PUBLIC")
        self.add(me, DCTERMS.accessRights, self.typed(public, DCTERMS.RightsStatement))

    def _people(self, me: URIRef, dataset: Dataset) -> None:
        self.add(me, DCTERMS.publisher, self.agent(records.publisher(dataset, self.site)))
        self.add(me, DCAT.landingPage, self.typed(records.page(dataset), FOAF.Document))
        self.add(me, FOAF.page, self.typed(iri(dataset.url), FOAF.Document))
        who = records.contact(dataset, self.site)
        node = BNode()
        self.add(me, DCAT.contactPoint, node)
        self.add(node, RDF.type, VCARD.Kind)
        self.add(node, RDF.type, VCARD.Organization)
        self.add(node, VCARD.fn, Literal(who.name))
        if who.email:
            self.add(node, VCARD.hasEmail, URIRef(iri(f"mailto:{who.email}")))
        if who.url:
            self.add(node, VCARD.hasURL, URIRef(iri(who.url)))

    def _coverage(self, me: URIRef, dataset: Dataset) -> None:
        start, end = records.period(dataset)
        if start or end:
            node = BNode()
            self.add(me, DCTERMS.temporal, node)
            self.add(node, RDF.type, DCTERMS.PeriodOfTime)
            self.moment(node, DCAT.startDate, start)
            self.moment(node, DCAT.endDate, end)
        sides, place = records.box(dataset), clean(dataset.spatial)
        if sides or place:
            node = BNode()
            self.add(me, DCTERMS.spatial, node)
            self.add(node, RDF.type, DCTERMS.Location)
            if place:
                self.add(node, SKOS.prefLabel, Literal(place, lang=DEFAULT))
            if sides:
                # A literal and nothing else: CKAN's reader breaks on a node of geometry.
                self.add(node, DCAT.bbox, Literal(_wkt(*sides), datatype=GEO.wktLiteral))

    def _thread(self, me: URIRef, dataset: Dataset, related: Iterable[Relation]) -> None:
        for text in (dataset.methodology, dataset.withheld):
            if by_language(text):
                node = BNode()
                self.add(me, DCTERMS.provenance, node)
                self.add(node, RDF.type, DCTERMS.ProvenanceStatement)
                self.texts(node, RDFS.label, text)
        for source in dataset.sources:
            self.add(me, DCTERMS.relation, self.typed(iri(source), RDFS.Resource))
        for one in related:
            node = self.typed(one.url, RDFS.Resource)
            self.add(me, DCTERMS.relation, node)
            if one.node.kind == "dataset" or node is None:
                continue
            self.add(node, RDF.type, FOAF.Document)
            self.texts(node, DCTERMS.title, one.node.title)
            if one.relation == "published_as":
                self.add(node, RDF.type, PROV.Activity)
                self.add(me, PROV.wasGeneratedBy, node)

    def _distribution(self, me: URIRef, dataset: Dataset, offer: Offer) -> URIRef | None:
        if not offer.url:
            return None
        resource = offer.resource
        mark = f"#{offer.key}" if offer.key else ""
        node = URIRef(records.address(dataset, "resource", str(resource.pk)) + mark)
        self.add(node, RDF.type, DCAT.Distribution)
        self.texts(node, DCTERMS.title, offer.title)
        self.texts(node, DCTERMS.description, resource.description)
        self.add(node, DCTERMS.identifier, Literal(str(resource.pk) + mark))
        self.add(node, DCAT.accessURL, self.typed(offer.url, RDFS.Resource))
        if resource.kind != resource.What.WEB or offer.sha256:
            self.add(node, DCAT.downloadURL, URIRef(offer.url))
        self.add(node, DCTERMS.format, self.format(offer.format))
        media_type = vocabulary.media_type_iri(offer.media_type)
        self.add(node, DCAT.mediaType, self.typed(media_type, DCTERMS.MediaType))
        for code in dataset.languages:
            self.add(node, DCTERMS.language, self.language(code))
        self.moment(node, DCTERMS.issued, records.past(resource.published_at))
        self.moment(node, DCTERMS.modified, records.past(offer.modified_at))
        self.add(node, DCTERMS.license, self.licence(dataset))
        if offer.size is not None:
            size = Literal(str(offer.size), datatype=XSD.nonNegativeInteger)
            self.add(node, DCAT.byteSize, size)
        if offer.sha256:
            self._checksum(node, offer.sha256)
        if resource.current_id:
            self.add(
                node, DCTERMS.conformsTo,
                self.typed(records.schema_url(dataset, resource), DCTERMS.Standard,
                           label="Table Schema"),
            )  # fmt: skip
        return node

    def _checksum(self, distribution: URIRef, sha256: str) -> None:
        node = BNode()
        self.add(distribution, SPDX.checksum, node)
        self.add(node, RDF.type, SPDX.Checksum)
        self.add(node, SPDX.algorithm, self.typed(str(_SHA256), SPDX.ChecksumAlgorithm))
        # Not normalised: rdflib would read and write the hash as bytes.
        value = Literal(sha256, datatype=XSD.hexBinary, normalize=False)
        self.add(node, SPDX.checksumValue, value)

    def catalogue(self, datasets: Iterable[URIRef], changed: datetime | None = None) -> URIRef:
        """Write the catalogue with the datasets of a page; return its IRI."""
        me = URIRef(f"{settings.SITE_URL}/catalog")
        self.add(me, RDF.type, DCAT.Catalog)
        for code in LANGUAGES:
            title, words = records.catalogue_words(code, self.site)
            self.add(me, DCTERMS.title, Literal(title, lang=code))
            self.add(me, DCTERMS.description, Literal(words, lang=code))
            self.add(me, DCTERMS.language, self.language(code))
        self.add(me, DCTERMS.publisher, self.agent(self.site.organisation if self.site else None))
        home = settings.SITE_URL + reverse("datasets")
        self.add(me, FOAF.homepage, self.typed(home, FOAF.Document))
        scheme = self.typed(vocabulary.AUTHORITY + "data-theme", SKOS.ConceptScheme)
        if scheme is not None:
            self.add(scheme, DCTERMS.title, Literal("Data theme", lang="en"))
            self.add(scheme, DCTERMS.title, Literal("Thème de données", lang="fr"))
            self.add(me, DCAT.themeTaxonomy, scheme)
        self.moment(me, DCTERMS.modified, records.past(changed))
        for dataset in datasets:
            self.add(me, DCAT.dataset, dataset)
        return me

    def view(self, pages: Pages) -> None:
        """Write the hydra node: exactly one, of both the types that readers look for."""
        me = URIRef(pages.here)
        self.add(me, RDF.type, HYDRA.PartialCollectionView)
        self.add(me, RDF.type, HYDRA.PagedCollection)
        total = Literal(str(pages.count), datatype=XSD.integer)
        self.add(me, HYDRA.totalItems, total)
        for predicate, address in (
            (HYDRA.first, pages.first), (HYDRA.last, pages.last),
            (HYDRA.next, pages.next), (HYDRA.previous, pages.previous),
        ):  # fmt: skip
            self.add(me, predicate, URIRef(address) if address else None)


def _wkt(west: float, south: float, east: float, north: float) -> str:
    corners = ((west, south), (east, south), (east, north), (west, north), (west, south))
    return f"POLYGON(({', '.join(f'{x} {y}' for x, y in corners)}))"


def of_dataset(dataset: Dataset) -> Graph:
    """Return the graph of one public dataset."""
    # One graph for all: what the lists say does not follow the reader's language.
    with translation.override(DEFAULT):
        writer = Writer(records.current_site())
        writer.dataset(dataset, records.relations([dataset])[dataset.pk])
    return writer.graph


def of_page(datasets: Sequence[Dataset], pages: Pages, changed: datetime | None) -> Graph:
    """Return the graph of a page of the catalogue."""
    with translation.override(DEFAULT):
        writer = Writer(records.current_site())
        related: Mapping[UUID, Sequence[Relation]] = records.relations(datasets)
        nodes = [writer.dataset(dataset, related[dataset.pk]) for dataset in datasets]
        writer.catalogue(nodes, changed)
        writer.view(pages)
    return writer.graph


def of_words(words: Mapping[str, Any]) -> Graph:
    """Return a description in JSON-LD as a graph; nothing is fetched for its context."""
    context = words.get("@context") or {"@vocab": "https://schema.org/"}
    text = json.dumps({**words, "@context": context})
    return Graph().parse(data=text, format="json-ld")
