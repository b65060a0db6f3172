"""DCAT in RDF/XML, Turtle or JSON-LD, with hydra's pages. rdflib is loaded by jobs only."""

import json
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import urljoin

from defusedxml import DefusedXmlException

from parvis.catalogue.harvest.readers.asking import DETAIL_CHARACTERS, Asked, fetch, next_cursor
from parvis.catalogue.harvest.reasons import Refusal, reason
from parvis.catalogue.harvest.remote import Bad, Found, Page, Remote, RemoteFile, box_of, period
from parvis.core.egress import Answer

ACCEPT = "text/turtle, application/rdf+xml;q=0.9, application/ld+json;q=0.8, application/xml;q=0.5"
_DCT, _DCAT = "http://purl.org/dc/terms/", "http://www.w3.org/ns/dcat#"
_HYDRA, _FOAF = "http://www.w3.org/ns/hydra/core#", "http://xmlns.com/foaf/0.1/"
_VCARD, _SCHEMA = "http://www.w3.org/2006/vcard/ns#", "http://schema.org/"
_ADMS, _OWL = "http://www.w3.org/ns/adms#", "http://www.w3.org/2002/07/owl#"
_LOCN, _SKOS = "http://www.w3.org/ns/locn#", "http://www.w3.org/2004/02/skos/core#"
_RDFS = "http://www.w3.org/2000/01/rdf-schema#"
CONTEXTS_MAX = 5
_ENDINGS = {"json-ld": (".jsonld", ".json"), "turtle": (".ttl", ".n3"), "xml": (".rdf", ".xml")}


def read(asked: Asked) -> Page:
    """Return a page of datasets, in the order of their identifiers. Raises Refusal, Unreachable."""
    url = str(asked.cursor.get("url") or asked.source.url)
    answer = fetch(asked, url, accept=ACCEPT)
    graph = Graph(_parsed(asked, answer, url))
    found = sorted(graph.datasets(asked.source.language), key=lambda one: one.remote_id)
    following = graph.next_page()
    if not following or not found:
        return Page(found, None, graph.total() or len(found))
    page = " ".join(one.remote_id for one in found)
    cursor = next_cursor(asked, page, {"url": urljoin(url, following)})
    return Page(found, cursor, graph.total())


def _kind(answer: Answer, url: str) -> str:
    """Return rdflib's name of the serialisation: by media type, by ending, by first character."""
    media = answer.headers.get("content-type", "").partition(";")[0].strip().lower()
    path = url.partition("?")[0].lower()
    head = answer.body[:200].lstrip(b"\xef\xbb\xbf \r\n\t")
    if "json" in media:
        return "json-ld"
    if "turtle" in media or "n3" in media:
        return "turtle"
    if "xml" in media:
        return "xml"
    for kind, endings in _ENDINGS.items():
        if path.endswith(endings):
            return kind
    if head.startswith((b"<?xml", b"<rdf")):
        return "xml"
    return "json-ld" if head.startswith((b"{", b"[{")) else "turtle"


def _parsed(asked: Asked, answer: Answer, url: str) -> Any:
    from xml.sax import ContentHandler, SAXException

    import rdflib
    from defusedxml.sax import parseString

    kind, body = _kind(answer, url), answer.body
    graph = rdflib.Graph()
    try:
        if kind == "json-ld":
            # rdflib would fetch the contexts itself, and not by our outgoing client.
            body = json.dumps(_with_contexts(asked, json.loads(body), url)).encode()
        elif kind == "xml":
            # Entities that inflate, or that point elsewhere, stop here.
            parseString(body, ContentHandler())
        graph.parse(data=body, format=kind, publicID=url)
    except Refusal:
        raise
    except (SAXException, DefusedXmlException) as error:
        raise Refusal("not_rdf", detail=type(error).__name__) from error
    except Exception as error:
        # rdflib's parsers raise what they like.
        raise Refusal("not_rdf", detail=str(error)[:DETAIL_CHARACTERS]) from error
    return graph


def _with_contexts(asked: Asked, document: Any, url: str) -> Any:
    """Return JSON-LD whose contexts elsewhere are put in place. Raises Refusal beyond five."""
    known: dict[str, Any] = {}

    def context(value: Any, base: str) -> Any:
        if isinstance(value, list):
            return [context(one, base) for one in value]
        if isinstance(value, Mapping):
            if "@import" in value:
                raise Refusal("not_rdf", detail="@import")
            return {key: inside(one, base) for key, one in value.items()}
        if not isinstance(value, str):
            return value
        place = urljoin(base, value)
        if place not in known:
            if len(known) >= CONTEXTS_MAX:
                raise Refusal("not_rdf", detail=f"> {CONTEXTS_MAX} @context")
            known[place] = {}  # a context that names itself ends here
            answer = fetch(asked, place, accept="application/ld+json, application/json")
            known[place] = context(json.loads(answer.body).get("@context", {}), place)
        return known[place]

    def inside(value: Any, base: str) -> Any:
        if isinstance(value, list):
            return [inside(one, base) for one in value]
        if isinstance(value, Mapping):
            return {
                key: context(one, base) if key == "@context" else inside(one, base)
                for key, one in value.items()
            }
        return value

    return inside(document, url)


class Graph:
    """What DCAT says in a graph of rdflib."""

    def __init__(self, graph: Any) -> None:
        from rdflib import RDF, BNode, URIRef

        self._graph, self._ref, self._blank, self._type = graph, URIRef, BNode, RDF.type

    def _values(self, node: Any, *names: str) -> list[Any]:
        return [one for name in names for one in self._graph.objects(node, self._ref(name))]

    def _word(self, node: Any, *names: str) -> str:
        """Return one value as text: the smallest, so that the same graph gives the same word."""
        for name in names:
            found = sorted(
                str(one) for one in self._values(node, name) if not isinstance(one, self._blank)
            )
            if found:
                return found[0]
        return ""

    def _texts(self, node: Any, name: str, language: str) -> dict[str, str]:
        from rdflib import Literal

        found: dict[str, str] = {}
        for one in sorted(self._values(node, name), key=lambda v: (not _tagged(v), str(v))):
            if isinstance(one, Literal) and str(one).strip():
                code = (one.language or language)[:2].lower()
                if code in {"fr", "en"}:
                    found.setdefault(code, str(one))
        return found

    def next_page(self) -> str:
        """Return the address of the next page, empty on the last."""
        for name in ("next", "nextPage"):
            for _s, _p, target in self._graph.triples((None, self._ref(_HYDRA + name), None)):
                return str(target)
        return ""

    def total(self) -> int:
        """Return how many datasets the source says that it has; 0 when it does not."""
        for one in self._graph.objects(None, self._ref(_HYDRA + "totalItems")):
            return int(one) if str(one).isdigit() else 0
        return 0

    def datasets(self, language: str) -> Iterable[Found]:
        """Return every dataset of the graph."""
        for node in self._graph.subjects(self._type, self._ref(_DCAT + "Dataset")):
            identifier = self._word(node, _DCT + "identifier", _ADMS + "identifier")
            remote_id = identifier or (str(node) if isinstance(node, self._ref) else "")
            try:
                yield self._dataset(node, remote_id, language)
            except (ValueError, TypeError, AttributeError) as error:
                yield Bad(remote_id, "", reason("not_understood", detail=error))

    def _dataset(self, node: Any, remote_id: str, language: str) -> Remote:
        # Nodes without a name come in another order each time: what is chosen among them is
        # chosen by what it says, else every run would find a change.
        distributions = self._values(node, _DCAT + "distribution")
        files = sorted(
            (self._file(one, language) for one in distributions),
            key=lambda one: (one.url, str(one.name)),
        )
        licence = self._licence(node) or min(
            (found for one in distributions if (found := self._licence(one))), default=""
        )
        contacts = self._values(node, _DCAT + "contactPoint")
        start, end = self._period(node)
        places = self._values(node, _DCT + "spatial")
        uri = str(node) if isinstance(node, self._ref) else ""
        return Remote(
            remote_id=remote_id,
            title=self._texts(node, _DCT + "title", language),
            notes=self._texts(node, _DCT + "description", language),
            tags=self._tags(node, language),
            licence=licence,
            frequency=self._word(node, _DCT + "accrualPeriodicity"),
            categories=sorted(str(one) for one in self._values(node, _DCAT + "theme")),
            languages=self._languages(node, language),
            spatial=self._place_name(places, language),
            temporal=period(start, end),
            box=self._box(places),
            url=self._word(node, _DCAT + "landingPage", _FOAF + "page") or uri,
            version=self._word(node, _DCAT + "version", _OWL + "versionInfo"),
            author=self._name(self._values(node, _DCT + "publisher", _DCT + "creator"), language),
            maintainer=self._name(contacts, language),
            maintainer_email=min(
                filter(
                    None, (self._word(c, _VCARD + "hasEmail", _VCARD + "email") for c in contacts)
                ),
                default="",
            ),
            modified=self._word(node, _DCT + "modified", _DCT + "issued"),
            files=files,
        )

    def _licence(self, node: Any) -> str:
        return self._word(node, _DCT + "license", _DCT + "rights")

    def _file(self, node: Any, language: str) -> RemoteFile:
        form = self._word(node, _DCT + "format")
        media = self._word(node, _DCAT + "mediaType")
        return RemoteFile(
            url=self._word(node, _DCAT + "downloadURL") or self._word(node, _DCAT + "accessURL"),
            name=self._texts(node, _DCT + "title", language),
            description=self._texts(node, _DCT + "description", language),
            format=form.rpartition("/")[2],
            mimetype=media.partition("media-types/")[2] or media,
            modified=self._word(node, _DCT + "modified"),
        )

    def _tags(self, node: Any, language: str) -> list[dict[str, str]]:
        words = sorted(self._values(node, _DCAT + "keyword"), key=str)
        found = []
        for one in words:
            code = (getattr(one, "language", None) or language)[:2].lower()
            if code in {"fr", "en"}:
                found.append({code: str(one)})
        return found

    def _languages(self, node: Any, language: str) -> list[str]:
        codes = {"fra": "fr", "fre": "fr", "fr": "fr", "eng": "en", "en": "en"}
        said = [str(one) for one in self._values(node, _DCT + "language")]
        found = {codes.get(one.rstrip("/").rpartition("/")[2][:3].lower(), "") for one in said}
        return sorted(found - {""}) or [language]

    def _period(self, node: Any) -> tuple[str, str]:
        found = []
        for one in self._values(node, _DCT + "temporal"):
            start = self._word(one, _DCAT + "startDate", _SCHEMA + "startDate")
            end = self._word(one, _DCAT + "endDate", _SCHEMA + "endDate")
            if not (start or end) and not str(one).startswith("http"):
                start, _slash, end = str(one).partition("/")
            found.append((start, end))
        return min(found, default=("", ""))

    def _box(self, places: Iterable[Any]) -> list[float] | None:
        found = [
            box
            for place in places
            for one in self._values(place, _DCAT + "bbox", _LOCN + "geometry")
            if (box := box_of(str(one)))
        ]
        return min(found, default=None)

    def _place_name(self, places: Iterable[Any], language: str) -> str:
        names = [self._label(place, language, _SKOS + "prefLabel", _RDFS + "label")
                 for place in places]  # fmt: skip
        return min(filter(None, names), default="")

    def _name(self, nodes: Iterable[Any], language: str) -> str:
        wanted = (_FOAF + "name", _VCARD + "fn", _VCARD + "organization-name")
        names = [self._label(node, language, *wanted) for node in nodes]
        return min(filter(None, names), default="")

    def _label(self, node: Any, language: str, *names: str) -> str:
        for name in names:
            if said := self._texts(node, name, language):
                return said.get(language) or next(iter(said.values()))
        return ""


def _tagged(value: Any) -> bool:
    return bool(getattr(value, "language", None))
