"""What a saved search asks, in words; what of it is no longer; what it finds that is new."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db.models import Max
from django.http import QueryDict
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import override

from parvis.catalogue.finding import browsing
from parvis.catalogue.views import lists
from parvis.core import kinds
from parvis.core.models import Node, Organisation, SearchEntry, State
from parvis.site import searching
from parvis.site.alerts.models import SavedSearch, Told

LOOKED_AT_MAX = 1_000
"""What one look of one search goes through, the newest first."""
OVERLAP = timedelta(days=2)
"""Looked at again each time: an entry may come late into the index. Nothing is told twice."""
ENTRIES_OVERLAP = 1_000
_NOT_VALUES = frozenset({"updated", "late"})
Where = SavedSearch.Where


def read(where: str, query: str, seen: browsing.Listing | None = None) -> Any:
    """Return the filters of a query, as the pages of results read them."""
    parameters = QueryDict(query)
    if where == Where.SITE:
        return searching.read(parameters)
    return lists.read(where, parameters, seen or browsing.listing(where))


def canonical(where: str, query: str) -> str:
    """Return what a query asks without order, page and what means nothing; empty: nothing.

    On the whole site, words are needed: facets alone find nothing there.
    """
    filters = read(where, query)
    if where == Where.SITE and not filters.text:
        return ""
    own = QueryDict(mutable=True)
    if filters.text:
        own["q"] = filters.text
    for name, value in filters.pairs():
        own.appendlist(name, value)
    return own.urlencode()


def address(row: SavedSearch, language: str | None = None) -> str:
    """Return the path of the page of results, in a language (the active one)."""
    names = {Where.SITE: "search", Where.DATASET: "datasets", Where.DOCUMENT: "documents"}
    name = names[Where(row.where)]
    if language is None:
        path = reverse(name)
    else:
        with override(language):
            path = reverse(name)
    return f"{path}?{row.query}" if row.query else path


# In words ----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Part:
    """A filter in words; `gone`: nothing here has this value any more."""

    label: str
    words: str
    off: bool
    gone: bool


@dataclass(frozen=True)
class Asked:
    """What a search asks, in words of the active language."""

    text: str
    parts: Sequence[Part]

    @property
    def gone(self) -> list[Part]:
        """The filters that no longer exist."""
        return [part for part in self.parts if part.gone]

    @property
    def summary(self) -> str:
        """The words and the filters on one line."""
        said = [_("“%(title)s”") % {"title": self.text}] if self.text else []
        said += [
            _("%(label)s: not %(words)s") % {"label": part.label, "words": part.words}
            if part.off
            else _("%(label)s: %(words)s") % {"label": part.label, "words": part.words}
            for part in self.parts
        ]
        return ", ".join(said)


def asked(where: str, query: str, seen: Mapping[str, browsing.Listing] | None = None) -> Asked:
    """Return what a search asks in words; each filter says whether it still exists.

    `seen`: what everybody may see of each kind, where several searches are shown together.
    """
    if where == Where.SITE:
        return _asked_site(query)
    return _asked_list(where, query, (seen or {}).get(where) or browsing.listing(where))


def listings(wheres: Iterable[str]) -> dict[str, browsing.Listing]:
    """Return what everybody may see now of each kind that these searches are made in."""
    return {where: browsing.listing(where) for where in set(wheres) if where != Where.SITE}


def _asked_list(where: str, query: str, seen: browsing.Listing) -> Asked:
    filters = read(where, query, seen)
    parts = []
    for off, facets in ((False, filters.chosen), (True, filters.without)):
        for name, values in facets.items():
            words = lists.names(name, values, seen)
            for value in values:
                gone = name not in _NOT_VALUES and not seen.having(name, value).any()
                label = str(lists.FACETS[where][name])
                parts.append(Part(label, words.get(value, value), off, gone))
    if filters.near or filters.sides:
        place = filters.near or "; ".join(filters.sides.values())
        parts.append(Part(_("On the map"), place, False, filters.box is None))
    return Asked(filters.text, parts)


def _asked_site(query: str) -> Asked:
    filters, raw = searching.read(QueryDict(query)), QueryDict(query)
    slugs = [
        v for n, values in raw.lists() if n.removeprefix("-") == "organisation" for v in values
    ]
    rows = (
        Organisation.objects.filter(node__slug__in=slugs, node__state=State.PUBLIC) if slugs else ()
    )
    named = {row.node.slug: row.node.title for row in rows.select_related("node")} if slugs else {}  # type: ignore[union-attr]
    parts = []
    for full, values in raw.lists():
        name = full.removeprefix("-")
        if name not in searching.LABELS:
            continue
        for value in values:
            words, gone = value, False
            if name == "kind":
                known = kinds.known().get(value)
                words, gone = (str(known.label_plural), False) if known else (value, True)
            elif name == "organisation":
                gone = value not in named
                words = value if gone else str(searching.tr(named[value]))
            parts.append(Part(str(searching.LABELS[name]), words, full.startswith("-"), gone))
    return Asked(filters.text, parts)


# What is new -------------------------------------------------------------------------------------


def mark() -> int:
    """Return the last entry of the site's index."""
    return SearchEntry.objects.aggregate(last=Max("pk"))["last"] or 0


@dataclass(frozen=True)
class News:
    """What a search found that it never told, the newest first."""

    search: SavedSearch
    nodes: Sequence[Node]


def news(row: SavedSearch) -> News:
    """Return what is public, was published since the search was saved, and was never told.

    Looks only at what came since the last look, and a little before; a filter that no longer
    exists finds nothing, and stops nothing.
    """
    floor = max(row.created_at, row.looked_at - OVERLAP)
    ids = _entered(row) if row.where == Where.SITE else _listed(row)
    rows = Node.objects.filter(pk__in=ids, state=State.PUBLIC, published_at__gt=floor)
    told = Told.objects.filter(search=row).values("node")
    found = rows.exclude(pk__in=told).order_by("-published_at", "-pk")
    return News(row, [node for node in found if kinds.url(node)])


def _entered(row: SavedSearch) -> list[Any]:
    filters = read(row.where, row.query)
    before = max(0, row.after - ENTRIES_OVERLAP)
    found = filters.find(limit=LOOKED_AT_MAX, order="date", after=before)
    return [hit.node.pk for hit in found.hits]


def _listed(row: SavedSearch) -> list[Any]:
    seen = browsing.listing(row.where)
    query = f"{row.query}&sort=date" if row.query else "sort=date"
    return list(read(row.where, query, seen).browse(seen).ids[:LOOKED_AT_MAX])
