"""Reading the catalogue: lists with facets, one dataset, one document."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.db.models import Prefetch, QuerySet

from parvis.analysis.text import fold
from parvis.catalogue.lists import FORMATS
from parvis.catalogue.models import Dataset, Document, Resource, Version
from parvis.core.errors import Gone, NotFound
from parvis.core.i18n import DEFAULT, tr
from parvis.core.models import Link, Node, Organisation, State
from parvis.core.search import search

FOUND_MAX = 10_000


@dataclass(frozen=True)
class Entry:
    """What a list needs of a row before it is loaded: facets, date, title to sort by."""

    pk: UUID
    published: Any
    title_key: str
    values: Mapping[str, frozenset[str]]


@dataclass(frozen=True)
class Value:
    """One box of a facet: its value in the address, its words, its count, is it ticked."""

    value: str
    words: str
    count: int
    on: bool


@dataclass(frozen=True)
class Facet:
    """One facet of a list."""

    name: str
    label: Any
    values: Sequence[Value]


@dataclass(frozen=True)
class Browsed:
    """The ids of what was found, in order, and the facets to narrow it."""

    ids: Sequence[UUID]
    facets: Sequence[Facet]
    chosen: Mapping[str, frozenset[str]] = field(default_factory=dict)


def current_resources() -> Prefetch:
    """Prefetch the published files of datasets, each with its version, without big JSON."""
    rows = (
        Resource.objects.filter(current__isnull=False)
        .select_related("current")
        .defer("current__profile")
        .order_by("position", "pk")
    )
    return Prefetch("resources", queryset=rows, to_attr="published")


def public_datasets() -> QuerySet[Dataset]:
    """Public datasets with node, organisation and published files."""
    return (
        Dataset.objects.filter(node__state=State.PUBLIC)
        .select_related("node", "organisation__node")
        .prefetch_related(current_resources())
        .order_by("-node__published_at", "-pk")
    )


def public_documents() -> QuerySet[Document]:
    """Public documents with node, organisation and file."""
    return (
        Document.objects.filter(node__state=State.PUBLIC)
        .select_related("node", "organisation__node", "file")
        .order_by("-node__published_at", "-pk")
    )


def dataset_by_slug(slug: str) -> Dataset:
    """Return a public dataset. Raises NotFound, Gone once withdrawn."""
    return _public(Dataset, public_datasets(), slug)


def document_by_slug(slug: str) -> Document:
    """Return a public document. Raises NotFound, Gone once withdrawn."""
    return _public(Document, public_documents(), slug)


def _public(model: Any, rows: QuerySet[Any], slug: str) -> Any:
    found = rows.filter(node__slug=slug).first()
    if found is None:
        gone = model.objects.filter(
            node__slug=slug, node__state__in=[State.WITHDRAWN, State.ERASED, State.HIDDEN]
        )
        raise Gone if gone.exists() else NotFound
    return found


def version_of(dataset: Dataset, sha256: str) -> Version:
    """Return a published version of a dataset by its hash. Raises NotFound."""
    found = (
        Version.objects.filter(resource__dataset=dataset, sha256=sha256, published_at__isnull=False)
        .select_related("resource")
        .order_by("-published_at")
        .first()
    )
    if found is None:
        raise NotFound
    return found


def versions_of(dataset: Dataset) -> Sequence[Version]:
    """Every published version of a dataset, newest first."""
    return list(
        Version.objects.filter(resource__dataset=dataset, published_at__isnull=False)
        .select_related("resource")
        .defer("profile")
        .order_by("-published_at", "resource__position")
    )


def related(node: Node) -> list[Link]:
    """Return the public links of a node, both ways, each with its far node as `.far`."""
    links = list(
        Link.objects.filter(source=node, target__state=State.PUBLIC).select_related("target")
    ) + list(Link.objects.filter(target=node, source__state=State.PUBLIC).select_related("source"))
    for link in links:
        link.far = link.target if link.source_id == node.pk else link.source  # type: ignore[attr-defined]
        link.forwards = link.source_id == node.pk  # type: ignore[attr-defined]
    return links


def _dataset_entries(ids: Iterable[UUID] | None) -> list[Entry]:
    rows = Dataset.objects.filter(node__state=State.PUBLIC)
    if ids is not None:
        rows = rows.filter(pk__in=list(ids))
    names = ("pk", "organisation_id", "tags", "node__published_at", "node__title")
    formats = frozenset(FORMATS)
    return [
        Entry(pk, published, fold(tr(title)), _values(organisation, tags, formats))
        for pk, organisation, tags, published, title in rows.values_list(*names)
    ]


def _document_entries(ids: Iterable[UUID] | None) -> list[Entry]:
    rows = Document.objects.filter(node__state=State.PUBLIC)
    if ids is not None:
        rows = rows.filter(pk__in=list(ids))
    found = []
    names = ("pk", "organisation_id", "tags", "node__published_at", "node__title", "date")
    for row in rows.values_list(*names, "body", "file_name", "doc_kind"):
        pk, organisation, tags, published, title, day, body, file_name, kind = row
        formats = set()
        if body:
            formats.add("html")
        if file_name:
            formats.add(file_name.rsplit(".", 1)[-1])
        values = {**_values(organisation, tags, frozenset(formats)), "kind": frozenset({kind})}
        order = (day.isoformat() if day else "", published)
        found.append(Entry(pk, order, fold(tr(title)), values))
    return found


def _values(
    organisation: UUID | None, tags: Iterable[Mapping[str, str]], formats: frozenset[str]
) -> dict[str, frozenset[str]]:
    return {
        "organisation": frozenset({str(organisation)} if organisation else ()),
        # A tag is known by its French form: the same in every language's address.
        "tag": frozenset(tr(tag, DEFAULT) for tag in tags),
        "format": formats,
    }


ENTRIES: Mapping[str, Callable[[Iterable[UUID] | None], list[Entry]]] = {
    "dataset": _dataset_entries,
    "document": _document_entries,
}


def browse(
    kind: str,
    *,
    text: str = "",
    chosen: Mapping[str, Iterable[str]] | None = None,
    order: str = "",
    labels: Mapping[str, Any] | None = None,
    words: Callable[[str, str], str] | None = None,
) -> Browsed:
    """Find public datasets or documents: words, then facets. Two or three queries in all.

    Within a facet any ticked value fits, across facets all must; a facet's counts are what each
    value would give with the other facets as they are. `order`: "relevance" (with words), "date",
    "title". `words(facet, value)` names a value.
    """
    ranks: dict[UUID, int] | None = None
    if text.strip():
        hits = search(text, kind=kind, limit=FOUND_MAX).hits
        ranks = {hit.node.pk: rank for rank, hit in enumerate(hits)}
    entries = ENTRIES[kind](ranks)
    ticked = {name: frozenset(values) for name, values in (chosen or {}).items() if list(values)}

    def fits(entry: Entry, but: str = "") -> bool:
        return all(
            entry.values.get(name, frozenset()) & values
            for name, values in ticked.items()
            if name != but
        )

    found = [entry for entry in entries if fits(entry)]
    if order == "title":
        found.sort(key=lambda entry: (entry.title_key, entry.pk))
    elif ranks is not None and order != "date":
        found.sort(key=lambda entry: ranks[entry.pk])
    else:
        found.sort(key=lambda entry: (entry.published, entry.pk), reverse=True)
    facets = []
    for name, label in (labels or {}).items():
        counts: dict[str, int] = dict.fromkeys(ticked.get(name, ()), 0)
        for entry in entries:
            if fits(entry, name):
                for value in entry.values.get(name, ()):
                    counts[value] = counts.get(value, 0) + 1
        facets.append(Facet(name, label, _shown(name, counts, ticked, words)))
    return Browsed([entry.pk for entry in found], facets, ticked)


def _shown(
    name: str,
    counts: Mapping[str, int],
    ticked: Mapping[str, frozenset[str]],
    words: Callable[[str, str], str] | None,
) -> list[Value]:
    on = ticked.get(name, frozenset())
    values = [
        Value(value, words(name, value) if words else value, count, value in on)
        for value, count in counts.items()
    ]
    return sorted(values, key=lambda v: (not v.on, -v.count, fold(v.words)))[: 12 + len(on)]


def organisation_names() -> dict[str, str]:
    """Return id -> name of every organisation, in the reader's language: one query."""
    rows = Organisation.objects.values_list("pk", "node__title")
    return {str(pk): tr(title) for pk, title in rows}


def tag_names(kind: str) -> dict[str, str]:
    """Return a tag's French form -> its form in the reader's language: one query."""
    model = Dataset if kind == "dataset" else Document
    found: dict[str, str] = {}
    for tags in model.objects.filter(node__state=State.PUBLIC).values_list("tags", flat=True):
        for tag in tags:
            found[tr(tag, DEFAULT)] = tr(tag)
    return found


def in_order(rows: QuerySet[Any], ids: Sequence[UUID]) -> list[Any]:
    """Return the rows of these ids, in their order."""
    found = {row.pk: row for row in rows.filter(pk__in=ids)}
    return [found[pk] for pk in ids if pk in found]
