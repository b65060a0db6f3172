"""The register of all consultations: those of this site and those held elsewhere, as one list.

Light tuples of every consultation are read first (two queries), filtered and sorted here, since a
state comes from the clock; only the rows of the page asked for are then read whole.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from django.db.models import Count, Max, Min, Q, QuerySet
from django.http import QueryDict
from django.utils import timezone
from django.utils.text import slugify
from django.utils.translation import gettext_lazy as _

from parvis.analysis.text import fold
from parvis.consult.models import Consultation, Contribution, Elsewhere
from parvis.consult.register import dates
from parvis.consult.register.services import KIND
from parvis.core import access, limits
from parvis.core.access import Actor
from parvis.core.i18n import Text, tr
from parvis.core.models import Node, State
from parvis.core.search import search

HERE = "consultation"
STATES = {
    "open": _("Open"), "coming": _("To come"), "closed": _("Closed"), "none": _("No date"),
}  # fmt: skip
FOUND_MAX = 2_000
_DAY = Elsewhere.Precision.DAY


@dataclass(frozen=True)
class Entry:
    """A consultation in the register, as lists and calendars need it."""

    pk: UUID
    kind: str
    slug: str
    title: Text
    organisation: Text
    organisation_key: str
    opens: date | None
    closes: date | None
    opens_precision: str = _DAY
    closes_precision: str = _DAY
    demo: bool = False
    at: datetime | None = None

    @property
    def is_here(self) -> bool:
        """Whether it was held on this site."""
        return self.kind == HERE

    @property
    def node(self) -> Node:
        """Its node, for its address."""
        return Node(pk=self.pk, kind=self.kind, slug=self.slug, title=self.title)

    @property
    def period(self) -> str:
        """When, in words."""
        return dates.period(self.opens, self.opens_precision, self.closes, self.closes_precision)

    def state(self, today: date) -> str:
        """`open`, `coming`, `closed`, or `none` where no date is published."""
        if self.closes is not None and self.closes < today:
            return "closed"
        if self.opens is None:
            return "none"
        if self.opens > today:
            return "coming"
        # Without an end: open only if nothing says that the period known is over.
        last = dates.rounded(self.opens, self.opens_precision, end=True)
        return "open" if self.closes is not None or (last and last >= today) else "none"

    def touches(self, first: date, last: date) -> bool:
        """Whether it took place between two days, as far as its dates are known."""
        if self.opens is None and self.closes is None:
            return False
        start = self.opens or self.closes or first
        end = self.closes or dates.rounded(self.opens, self.opens_precision, end=True) or last
        return start <= last and end >= first

    @property
    def years(self) -> range:
        """The years it touches."""
        start, end = self.opens or self.closes, self.closes or self.opens
        return range(start.year, end.year + 1) if start and end else range(0)


def _here(rows: QuerySet[Consultation]) -> list[Entry]:
    opened = Q(phases__actions__isnull=False)
    table = (
        rows.order_by()
        .annotate(first=Min("phases__starts", filter=opened))
        .annotate(last=Max("phases__ends", filter=opened))
        .values_list(
            "pk", "node__slug", "node__title", "organisation__node__title",
            "organisation__node__slug", "first", "last", "reconstructed", "node__published_at",
        )
    )  # fmt: skip
    found = []
    for pk, slug, title, organisation, key, first, last, demo, at in table:
        opens = timezone.localdate(first) if first else None
        # An end at midnight is the end of the day before.
        closes = timezone.localdate(last - timedelta(microseconds=1)) if last else None
        found.append(
            Entry(
                pk, HERE, slug, title, organisation or {}, key or "", opens, closes, demo=demo,
                at=at,
            )
        )  # fmt: skip
    return found


def _elsewhere(rows: QuerySet[Elsewhere]) -> list[Entry]:
    table = rows.order_by().values_list(
        "pk", "node__slug", "node__title", "organisation__node__title",
        "organisation__node__slug", "body", "opens", "opens_precision", "closes",
        "closes_precision", "node__published_at",
    )  # fmt: skip
    found = []
    for pk, slug, title, organisation, key, body, opens, op, closes, cp, at in table:
        name = organisation or body or {}
        key = key or slugify(body.get("fr", ""))
        found.append(Entry(pk, KIND, slug, title, name, key, opens, closes, op, cp, at=at))
    return found


def entries() -> list[Entry]:
    """Return every public consultation, the newest first: two queries.

    One that was held elsewhere and is rebuilt here for the demonstration counts once.
    """
    here = Consultation.objects.filter(node__state=State.PUBLIC).exclude(
        rebuilt_from__node__state=State.PUBLIC
    )
    there = Elsewhere.objects.filter(node__state=State.PUBLIC)
    return ordered([*_here(here), *_elsewhere(there)])


def entry_of(row: Consultation | Elsewhere) -> Entry:
    """Return one consultation as an entry."""
    if isinstance(row, Consultation):
        return _here(Consultation.objects.filter(pk=row.pk))[0]
    return _elsewhere(Elsewhere.objects.filter(pk=row.pk))[0]


def ordered(found: Iterable[Entry]) -> list[Entry]:
    """Return entries by start, the newest first; those without a date last."""
    return sorted(
        found,
        key=lambda e: (e.opens or e.closes or date.min, e.closes or date.max, str(e.pk)),
        reverse=True,
    )


@dataclass(frozen=True)
class Filters:
    """What a reader asked for; empty means everything."""

    year: int | None = None
    organisation: str = ""
    state: str = ""
    q: str = ""
    where: str = ""

    @classmethod
    def of(cls, query: QueryDict) -> "Filters":
        """Read an address; what is not understood is left out."""
        year = query.get("year", "")
        state, where = query.get("state", ""), query.get("where", "")
        return cls(
            year=int(year) if year.isascii() and year.isdigit() and len(year) == 4 else None,
            organisation=query.get("organisation", "").strip()[:80],
            state=state if state in STATES else "",
            q=query.get("q", "").strip()[: limits.SEARCH_CHARACTERS],
            where=where if where in {"here", "elsewhere"} else "",
        )


def chosen(found: Sequence[Entry], filters: Filters, today: date) -> list[Entry]:
    """Return the entries that every filter keeps, in the same order; words cost two queries."""
    words: set[UUID] | None = None
    if filters.q:
        hits = search(filters.q, kind=[HERE, KIND], limit=FOUND_MAX).hits
        words = {hit.node.pk for hit in hits}
    return [
        entry
        for entry in found
        if (filters.year is None or filters.year in entry.years)
        and (not filters.organisation or entry.organisation_key == filters.organisation)
        and (not filters.state or entry.state(today) == filters.state)
        and (not filters.where or entry.is_here == (filters.where == "here"))
        and (words is None or entry.pk in words)
    ]


def years_of(found: Iterable[Entry]) -> list[int]:
    """Return the years that consultations touch, the newest first."""
    return sorted({year for entry in found for year in entry.years}, reverse=True)


def organisations_of(found: Iterable[Entry]) -> list[tuple[str, str]]:
    """Return (key, name) of who consulted, sorted by name."""
    names = {e.organisation_key: tr(e.organisation) for e in found if e.organisation_key}
    return sorted(names.items(), key=lambda pair: fold(pair[1]))


@dataclass(frozen=True)
class Shown:
    """An entry with what only its row says."""

    entry: Entry
    state: str
    state_label: Any
    received: int | None = None
    row: Elsewhere | None = None


def shown(found: Sequence[Entry], today: date) -> list[Shown]:
    """Return entries as the page shows them, in two more queries whatever their number."""
    here = [entry.pk for entry in found if entry.is_here]
    received = dict(
        Contribution.objects.filter(activity__consultation__in=here)
        .order_by()
        .values_list("activity__consultation")
        .annotate(n=Count("pk"))
    )
    there = Elsewhere.objects.select_related("rebuilt_as__node").in_bulk(
        [entry.pk for entry in found if not entry.is_here]
    )
    out = []
    for entry in found:
        state = entry.state(today)
        count = received.get(entry.pk, 0) if entry.is_here else None
        out.append(Shown(entry, state, STATES[state], count, there.get(entry.pk)))
    return out


def by_slug(slug: str) -> Elsewhere:
    """Return a consultation held elsewhere. Raises Elsewhere.DoesNotExist."""
    return Elsewhere.objects.select_related("node", "organisation__node", "rebuilt_as__node").get(
        node__kind=KIND, node__slug=slug
    )


def managed(actor: Actor) -> list[Elsewhere]:
    """Return those that somebody may change, the newest first."""
    rows = Elsewhere.objects.filter(node__state=State.PUBLIC).select_related(
        "node", "organisation__node"
    )
    found = rows.order_by("-opens", "-pk")
    return [row for row in found if access.can(actor, "manage_consultation", row)]


def overlapping(consultation: Consultation, actor: Actor, *, most: int = 12) -> list[Entry]:
    """Return the other consultations of the same period, those of the same organisation first.

    Public ones, and the drafts that the actor may manage: two advisers who prepare at once see
    each other. Empty while the consultation has no period.
    """
    mine = entry_of(consultation)
    if mine.opens is None or mine.closes is None:
        return []
    drafts = Consultation.objects.filter(node__state=State.DRAFT).exclude(pk=consultation.pk)
    allowed = [
        row.pk
        for row in drafts.select_related("node")
        if access.can(actor, "manage_consultation", row)
    ]
    others = [*entries(), *_here(Consultation.objects.filter(pk__in=allowed))]
    near = [
        entry for entry in others if entry.pk != mine.pk and entry.touches(mine.opens, mine.closes)
    ]
    key = mine.organisation_key
    return sorted(
        near,
        key=lambda e: (not key or e.organisation_key != key, e.opens or date.max, str(e.pk)),
    )[:most]


# Calendar ----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Moment:
    """Something of a consultation on a day (or in a month): it opens, or it closes."""

    on: date
    what: str
    entry: Entry
    to_the_day: bool


@dataclass(frozen=True)
class Month:
    """A month of the calendar: what opens or closes, and how many are open throughout."""

    first: date
    moments: Sequence[Moment]
    through: Sequence[Entry]

    @property
    def words(self) -> str:
        """Its name and its year."""
        return dates.said(self.first, Elsewhere.Precision.MONTH)


def months_of(found: Sequence[Entry], year: int) -> list[Month]:
    """Return the months of a year in which something opens, closes or is open."""
    out = []
    for number in range(1, 13):
        first = date(year, number, 1)
        last = dates.rounded(first, "month", end=True) or first
        moments, through = [], []
        for entry in found:
            near = [
                Moment(on, what, entry, precision == _DAY)
                for on, precision, what in (
                    (entry.opens, entry.opens_precision, "opens"),
                    (entry.closes, entry.closes_precision, "closes"),
                )
                if on and first <= on <= last and precision != Elsewhere.Precision.YEAR
            ]
            moments.extend(near)
            exact = Elsewhere.Precision.YEAR not in (entry.opens_precision, entry.closes_precision)
            both = entry.opens and entry.closes
            if not near and both and exact and entry.touches(first, last):
                through.append(entry)
        if moments or through:
            # What is known to the month only comes after what has its day.
            moments.sort(key=lambda m: (not m.to_the_day, m.on, m.what != "opens", str(m.entry.pk)))
            out.append(Month(first, moments, through))
    return out


def of_the_year(found: Iterable[Entry], year: int) -> list[Entry]:
    """Return what is known to the year only."""
    whole = Elsewhere.Precision.YEAR
    return [entry for entry in found if entry.opens_precision == whole and year in entry.years]
