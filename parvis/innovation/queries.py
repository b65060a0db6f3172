"""Reading: the gallery, calls by the clock, who helps, which versions of pages are missing."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from django.db import models
from django.db.models import Count, QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from parvis.core import cache
from parvis.core.models import Node, State
from parvis.core.prepared import Prepared
from parvis.core.thread import linked
from parvis.innovation.models import Alternative, Call, Helper, Region, Reuse
from parvis.innovation.places import KINDS

_of_node = Prepared(
    lambda node: Alternative.objects.filter(node=node).order_by("what", "language"),
    node=models.UUIDField(),
)


def public_reuses(dataset: UUID | None = None, what: str = "") -> QuerySet[Reuse]:
    """Return the gallery, newest first; of one dataset, of one kind."""
    rows = Reuse.objects.filter(node__state=State.PUBLIC).select_related("node")
    if dataset is not None:
        rows = rows.filter(node__links_out__relation="reuses", node__links_out__target=dataset)
    if what in Reuse.What.values:
        rows = rows.filter(what=what)
    return rows.order_by("-node__published_at", "-pk")


def datasets_of(rows: Sequence[Reuse]) -> Mapping[UUID, list[Node]]:
    """Return reuse id -> the public datasets that it uses, in one query."""
    found = linked([row.pk for row in rows], "reuses")
    return {
        pk: [link.target for link in links if link.target.state == State.PUBLIC]
        for pk, links in found.items()
    }


def waiting_reuses() -> QuerySet[Reuse]:
    """Return the reuses that wait to be read, oldest first."""
    return (
        Reuse.objects.filter(review=Reuse.Review.WAITING, node__state=State.PRIVATE)
        .select_related("node")
        .order_by("pk")
    )


def state_of(call: Call, today: date | None = None) -> str:
    """Return `coming`, `open` or `closed` by the clock, `none` without dates."""
    today = today or timezone.localdate()
    if call.opens is None or call.closes is None:
        return "none"
    if today < call.opens:
        return "coming"
    return "open" if today <= call.closes else "closed"


def public_calls(today: date | None = None) -> list[tuple[Call, str]]:
    """Return (call, state): open first, then to come, then closed, latest first."""
    order = {"open": 0, "coming": 1, "closed": 2, "none": 3}
    rows = Call.objects.filter(node__state=State.PUBLIC).select_related("node").order_by("-opens")
    return sorted(((row, state_of(row, today)) for row in rows), key=lambda one: order[one[1]])


@dataclass(frozen=True)
class RegionRow:
    """A region and who helps there; an empty list is said as such."""

    name: str
    code: str
    helpers: Sequence[Helper]


def helpers_by_region() -> list[RegionRow]:
    """Return the seventeen regions in their order, with who helps: one query."""
    by_region: dict[str, list[Helper]] = {code: [] for code in Region.values}
    for row in Helper.objects.all():
        by_region[row.region].append(row)
    return [RegionRow(str(Region(code).label), code, rows) for code, rows in by_region.items()]


def alternatives_of(node: Node) -> Sequence[Alternative]:
    """Return the other versions of a page; no query for those that have none.

    Which ones have some is read once a change of what is public: most pages have none.
    """
    if node.pk not in _with_some():
        return ()
    found: Sequence[Alternative] = _of_node(node=node.pk)
    return found


@cache.per_generation
def _with_some() -> frozenset[UUID]:
    return frozenset(Alternative.objects.values_list("node_id", flat=True))


@dataclass(frozen=True)
class Cell:
    """One kind of version of one page: the languages it is in; empty means missing."""

    what: str
    label: Any
    rows: Sequence[Alternative]


@dataclass(frozen=True)
class Versions:
    """A page and its other versions, those that are missing too."""

    node: Node
    cells: Sequence[Cell]

    @property
    def missing(self) -> int:
        """How many kinds of version are missing."""
        return sum(not cell.rows for cell in self.cells)


def covered() -> QuerySet[Node]:
    """Return the public pages that should have other versions, latest first."""
    return Node.objects.filter(kind__in=KINDS, state=State.PUBLIC).order_by("-published_at", "-pk")


def versions_of(nodes: Sequence[Node]) -> list[Versions]:
    """Return each page with its versions, there and missing: one query."""
    found: dict[tuple[UUID, str], list[Alternative]] = {}
    for row in Alternative.objects.filter(node__in=[node.pk for node in nodes]):
        found.setdefault((row.node_id, row.what), []).append(row)
    return [
        Versions(
            node,
            [Cell(what, label, found.get((node.pk, what), []))
             for what, label in Alternative.What.choices],
        )
        for node in nodes
    ]  # fmt: skip


@dataclass(frozen=True)
class Coverage:
    """Of so many pages, how many have a kind of version."""

    label: Any
    there: int
    of: int


def coverage() -> list[Coverage]:
    """Return how many pages have each kind of version: two queries."""
    total = covered().count()
    counts = dict(
        Alternative.objects.filter(node__kind__in=KINDS, node__state=State.PUBLIC)
        .order_by()
        .values_list("what")
        .annotate(n=Count("node", distinct=True))
    )
    return [Coverage(label, counts.get(w, 0), total) for w, label in Alternative.What.choices]


STATES = {"open": _("Open"), "coming": _("To come"), "closed": _("Closed"), "none": _("No date")}
