"""The lists of data and of documents: every filter is in the address; CSV, JSON and feed alike."""

import csv
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

import numpy as np
from django.conf import settings
from django.http import HttpRequest, HttpResponse, QueryDict, StreamingHttpResponse
from django.urls import reverse
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from parvis.catalogue import queries
from parvis.catalogue.finding import browsing
from parvis.catalogue.finding.boxes import Box, Place, places, read_box
from parvis.catalogue.lists import CATEGORIES, FORMATS, FREQUENCIES, LICENCES
from parvis.catalogue.models import Dataset, Document
from parvis.core import limits
from parvis.core.i18n import DEFAULT, tr
from parvis.core.models import Organisation
from parvis.core.pages import paginate, public_page
from parvis.tables.cells import spreadsheet_safe

FACETS: Mapping[str, Mapping[str, Any]] = {
    "dataset": {
        "organisation": gettext_lazy("Organisation"),
        "category": gettext_lazy("Category"),
        "tag": gettext_lazy("Subject"),
        "format": gettext_lazy("Format"),
        "licence": gettext_lazy("Licence"),
        "place": gettext_lazy("Territory"),
        "frequency": gettext_lazy("Update frequency"),
        "updated": gettext_lazy("Last change"),
        "late": gettext_lazy("Expected update"),
    },
    "document": {
        "kind": gettext_lazy("Kind of document"),
        "organisation": gettext_lazy("Organisation"),
        "tag": gettext_lazy("Subject"),
        "format": gettext_lazy("Format"),
    },
}
SIDES = ("west", "south", "east", "north")
VALUES_MAX = 50
SECONDS = 60
EXPORT_BATCH = 500
JSON_ROWS_MAX = 1_000
_PERIODS = {
    "week": gettext_lazy("in the last 7 days"),
    "month": gettext_lazy("in the last 31 days"),
    "year": gettext_lazy("in the last year"),
}


@dataclass(frozen=True)
class Filters:
    """What the address asks for; `problem` says what could not be read of it."""

    kind: str
    text: str
    order: str
    chosen: Mapping[str, Sequence[str]]
    without: Mapping[str, Sequence[str]]
    near: str = ""
    sides: Mapping[str, str] = field(default_factory=dict)
    box: Box | None = None
    problem: str = ""

    def browse(self, seen: browsing.Listing | None = None, **more: Any) -> browsing.Browsed:
        """Return what these filters find."""
        return browsing.browse(
            self.kind,
            text=self.text,
            chosen=self.chosen,
            without=self.without,
            box=self.box,
            order=self.order,
            seen=seen,
            **more,
        )

    def pairs(self) -> list[tuple[str, str]]:
        """Return every filter as (name, value), in the order of the page; neither words, nor
        order."""
        found = [(name, value) for name, values in self.chosen.items() for value in values]
        found += [(f"-{name}", value) for name, values in self.without.items() for value in values]
        found += [("near", self.near)] if self.near else []
        return found + [(name, value) for name, value in self.sides.items() if value]

    def address(self, pairs: Iterable[tuple[str, str]]) -> str:
        """Return the query of the same words and order with other filters."""
        own = [("q", self.text)] if self.text else []
        own += [("sort", self.order)] if self.order else []
        return "?" + urlencode([*own, *pairs])


def read(kind: str, parameters: QueryDict, seen: browsing.Listing) -> Filters:
    """Return the filters of an address; what means nothing is left out, and said."""

    def values(before: str) -> dict[str, list[str]]:
        found = {
            name: list(dict.fromkeys(parameters.getlist(before + name)))[:VALUES_MAX]
            for name in FACETS[kind]
        }
        return {name: kept for name, some in found.items() if (kept := [v for v in some if v])}

    text = parameters.get("q", "").strip()[: limits.SEARCH_CHARACTERS]
    order = parameters.get("sort", "")
    near, box, problem = "", None, ""
    sides = {name: parameters.get(name, "").strip()[:20] for name in SIDES}
    if kind == "dataset" and any(sides.values()):
        try:
            box = read_box([side.replace(",", ".").replace("−", "-") for side in sides.values()])
        except ValueError:
            problem = _(
                "The box needs its four sides in degrees: west and east between -180 and 180, "
                "south below north between -90 and 90. It was left out."
            )
    elif kind == "dataset" and (near := parameters.get("near", "").strip()[:100]):
        box = next((one.box for one in _places(seen) if one.name == near), None)
        problem = "" if box else _("No dataset says where this place is. It was left out.")
    return Filters(
        kind=kind,
        text=text,
        order=order if order in {"date", "title"} else "",
        chosen=values(""),
        without=values("-"),
        near=near,
        sides=sides if any(sides.values()) else {},
        box=box,
        problem=problem,
    )


def _places(seen: browsing.Listing) -> list[Place]:
    kept = seen.index.kept
    if "places" not in kept:
        kept["places"] = places(seen.index, seen.visible)
    found: list[Place] = kept["places"]
    return found


def names(facet: str, values: Sequence[str], seen: browsing.Listing) -> dict[str, str]:
    """Return value -> words of some values of a facet, in the reader's language: one query at
    most."""
    if facet == "organisation":
        # With the kind, which begins the index of slugs.
        owners = Organisation.objects.filter(node__kind="organisation", node__slug__in=values)
        return {slug: tr(title) for slug, title in owners.values_list("node__slug", "node__title")}
    if facet == "tag":
        return _tags(values, seen)
    if facet == "category":
        made = queries.group_titles([value for value in values if value not in CATEGORIES])
        return {**{slug: str(words) for slug, words in CATEGORIES.items()}, **made}
    if facet == "format":
        return {v: FORMATS[v][0] if v in FORMATS else v.upper() for v in values}
    if facet == "licence":
        return {row.id: row.short for row in LICENCES.values()}
    known: Mapping[str, Any] = {
        "frequency": FREQUENCIES,
        "kind": dict(Document.What.choices),
        "updated": _PERIODS,
        "late": {browsing.LATE: gettext_lazy("Late: its date has passed")},
    }.get(facet, {})
    return {value: str(known[value]) for value in values if value in known}


def _tags(values: Sequence[str], seen: browsing.Listing) -> dict[str, str]:
    """Return a tag's French form -> its form in the reader's language, from one entry of each."""
    if get_language() == DEFAULT:
        return {}
    column, visible = seen.index.column(browsing.FIELDS["tag"]), seen.visible
    rows = []
    for value in values:
        some = column.holding(value)
        some = some[visible[some]]
        if len(some):
            rows.append(seen.index.pk(int(some[0])))
    model: Any = Dataset if seen.kind == "dataset" else Document
    found: dict[str, str] = {}
    for tags in model.objects.filter(pk__in=rows).values_list("tags", flat=True) if rows else ():
        for tag in tags:
            found.setdefault(tr(tag, DEFAULT), tr(tag))
    return found


# The page --------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Offered(browsing.Value):
    """A value of a facet with two addresses: all but it, and neither with nor without it."""

    without: str = ""
    removed: str = ""


def _offered(filters: Filters, facet: browsing.Facet) -> browsing.Facet:
    pairs, values = filters.pairs(), []
    for one in facet.values:
        plain, minus = (facet.name, one.value), (f"-{facet.name}", one.value)
        others = [pair for pair in pairs if pair not in {plain, minus}]
        addresses = (filters.address([*others, minus]), filters.address(others))
        values.append(Offered(one.value, one.words, one.count, one.on, one.off, *addresses))
    return browsing.Facet(facet.name, facet.label, values)


def _applied(filters: Filters, facets: Sequence[browsing.Facet]) -> list[dict[str, Any]]:
    """Return each filter in use: its words, and the address without it."""
    found = [
        {"label": facet.label, "words": one.words, "off": one.off, "removed": one.removed}
        for facet in facets
        for one in facet.values
        if isinstance(one, Offered) and (one.on or one.off)
    ]
    if filters.box is not None:
        others = [pair for pair in filters.pairs() if pair[0] not in {"near", *SIDES}]
        sides = "; ".join(filters.sides.values())
        found.append(
            {"label": _("On the map"), "words": filters.near or sides, "off": False,
             "removed": filters.address(others)}
        )  # fmt: skip
    return found


def _context(request: HttpRequest, kind: str) -> dict[str, Any]:
    seen = browsing.listing(kind)
    filters = read(kind, request.GET, seen)
    browsed = filters.browse(seen, labels=FACETS[kind], name=names)
    page = paginate(request, browsed.ids, count=len(browsed.ids))
    rows = queries.public_datasets() if kind == "dataset" else queries.public_documents()
    shown = queries.in_order(rows, page.rows)
    facets = [_offered(filters, facet) for facet in browsed.facets]
    other = "document" if kind == "dataset" else "dataset"
    applied = _applied(filters, facets)
    query = filters.address(filters.pairs()).removeprefix("?")
    return {
        "kind": kind,
        "text": filters.text,
        "order": filters.order or ("relevance" if filters.text else "date"),
        "filters": filters,
        "facets": facets,
        "applied": applied,
        "kept": filters.pairs(),
        "narrowed": bool(applied),
        "problem": filters.problem,
        "places": _places(seen) if kind == "dataset" else [],
        "page": page,
        "rows": shown,
        "late": {seen.index.pk(int(row)) for row in _late(seen, page.rows)},
        "other_count": _count(other, filters.text) if filters.text else None,
        "list_url": reverse(f"{kind}s"),
        "other_url": reverse(f"{other}s"),
        "query": f"?{query}" if query else "",
        "csv_url": reverse(f"{kind}s_csv"),
        "json_url": reverse(f"{kind}s_json"),
        "feed_url": reverse(f"{kind}s_feed"),
    }


def _late(seen: browsing.Listing, ids: Sequence[UUID]) -> list[int]:
    if seen.kind != "dataset" or not ids:
        return []
    late, wanted = np.flatnonzero(seen.having("late", browsing.LATE)), set(ids)
    lows = np.asarray([pk.int & ((1 << 64) - 1) for pk in ids], np.uint64)
    near = late[np.isin(seen.index.arrays.low[late], lows)]
    return [int(row) for row in near if seen.index.pk(int(row)) in wanted]


def _count(kind: str, text: str) -> int:
    return len(browsing.browse(kind, text=text).ids)


@require_safe
def datasets(request: HttpRequest) -> HttpResponse:
    """The data catalogue: words, facets, place, order and page, all in the address."""
    context = {**_context(request, "dataset"), "section": "data"}
    return public_page(request, "catalogue/list.html", context, seconds=SECONDS)


@require_safe
def documents(request: HttpRequest) -> HttpResponse:
    """The documents, found in the same way as data."""
    context = {**_context(request, "document"), "section": "documents"}
    return public_page(request, "catalogue/list.html", context, seconds=SECONDS)


# The same results for programs -----------------------------------------------------------------


def found_ids(request: HttpRequest, kind: str) -> browsing.Ids:
    """Return what the filters of an address find, in its order."""
    seen = browsing.listing(kind)
    return read(kind, request.GET, seen).browse(seen).ids


def _rows(kind: str, ids: Sequence[UUID]) -> Iterator[dict[str, Any]]:
    """Yield what the exports say of each entry, by batches: a constant number of queries each."""
    for start in range(0, len(ids), EXPORT_BATCH):
        some = ids[start : start + EXPORT_BATCH]
        if kind == "dataset":
            for row in queries.in_order(queries.public_datasets(), some):
                yield _dataset_row(row)
        else:
            for document in queries.in_order(queries.public_documents(), some):
                yield _document_row(document)


def _dataset_row(row: Dataset) -> dict[str, Any]:
    return {
        "title": tr(row.node.title),
        "name": row.node.slug,
        "organisation": tr(row.organisation.node.title) if row.organisation else "",
        "licence": row.licence,
        "frequency": row.frequency,
        "formats": " ".join(sorted({one.format for one in row.published})),  # type: ignore[attr-defined]
        "modified": row.modified_at.isoformat(timespec="seconds"),
        "address": settings.SITE_URL + reverse("dataset", args=[row.node.slug]),
    }


def _document_row(row: Document) -> dict[str, Any]:
    return {
        "title": tr(row.node.title),
        "name": row.node.slug,
        "organisation": tr(row.organisation.node.title) if row.organisation else "",
        "kind": row.doc_kind,
        "date": row.date.isoformat() if row.date else "",
        "modified": row.modified_at.isoformat(timespec="seconds"),
        "address": settings.SITE_URL + reverse("document", args=[row.node.slug]),
    }


COLUMNS: Mapping[str, Sequence[str]] = {
    "dataset": (
        "title", "name", "organisation", "licence", "frequency", "formats", "modified", "address",
    ),
    "document": ("title", "name", "organisation", "kind", "date", "modified", "address"),
}  # fmt: skip


class _Line:
    """A file of one line, for csv.writer."""

    def write(self, text: str) -> str:
        """Return what would be written."""
        return text


def _csv(request: HttpRequest, kind: str, name: str) -> StreamingHttpResponse:
    ids = found_ids(request, kind)
    writer = csv.writer(_Line(), lineterminator="\r\n")

    def lines() -> Iterator[str]:
        yield "\ufeff" + writer.writerow(COLUMNS[kind])  # type: ignore[misc]
        for row in _rows(kind, ids):
            cells = (spreadsheet_safe(str(row[column])) for column in COLUMNS[kind])
            yield writer.writerow(list(cells))  # type: ignore[misc]

    response = StreamingHttpResponse(lines(), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def _json(request: HttpRequest, kind: str) -> HttpResponse:
    ids = found_ids(request, kind)
    start, size = _whole(request, "start", 0), _whole(request, "rows", JSON_ROWS_MAX)
    some = ids[start : start + min(size, JSON_ROWS_MAX)]
    body = {"count": len(ids), "start": start, "results": list(_rows(kind, some))}
    text = json.dumps(body, ensure_ascii=False)
    return HttpResponse(text, content_type="application/json; charset=utf-8")


def _whole(request: HttpRequest, name: str, default: int) -> int:
    text = request.GET.get(name, "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else default


@require_safe
def datasets_csv(request: HttpRequest) -> StreamingHttpResponse:
    """The datasets found, as CSV: all of them."""
    return _csv(request, "dataset", _("catalogue.csv"))


@require_safe
def documents_csv(request: HttpRequest) -> StreamingHttpResponse:
    """The documents found, as CSV: all of them."""
    return _csv(request, "document", _("documents.csv"))


@require_safe
def datasets_json(request: HttpRequest) -> HttpResponse:
    """The datasets found, as JSON: 1,000 a call at most, from `start`."""
    return _json(request, "dataset")


@require_safe
def documents_json(request: HttpRequest) -> HttpResponse:
    """The documents found, as JSON: 1,000 a call at most, from `start`."""
    return _json(request, "document")
