"""Reading: registers with their periods, their rows with totals, the classes of an organisation."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db.models import Count, F, Max, Q, QuerySet, Sum
from django.http import Http404
from django.utils import timezone

from parvis.analysis.text import fold
from parvis.core import limits
from parvis.core.i18n import tr
from parvis.core.models import Organisation, Revision, Site, State
from parvis.proactive import delays, periods
from parvis.proactive.lists import Shape, shapes
from parvis.proactive.models import NothingToReport, Placement, Record, Register, Waiver

WORDS_MAX = 8


def shape_or_404(code: str) -> Shape:
    """Return a type of register. Raises Http404."""
    try:
        return shapes()[code]
    except KeyError:
        raise Http404 from None


def public_registers(shape: Shape | None = None) -> QuerySet[Register]:
    """Return the registers that people may see, of one type or of all."""
    rows = Register.objects.filter(node__state=State.PUBLIC)
    if shape:
        rows = rows.filter(kind=shape.code)
    return rows.select_related("node", "organisation__node", "dataset").order_by(
        "kind", "organisation__node__slug"
    )


# Periods ------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Period:
    """A period that is over. state: rows, nothing (declared), due or missing."""

    code: str
    state: str
    rows: int
    first: date
    last: date
    declared_at: datetime | None = None


@dataclass(frozen=True)
class Standing:
    """A register, how many rows it has, its periods with the latest first."""

    register: Register
    shape: Shape
    rows: int
    periods: Sequence[Period]

    @property
    def missing(self) -> list[Period]:
        """Periods with neither a row nor a declaration, thirty days after their end."""
        return [one for one in self.periods if one.state == "missing"]

    @property
    def says_something(self) -> bool:
        """Whether it holds a row or a declaration: an empty one publishes nothing."""
        return self.rows > 0 or any(one.state == "nothing" for one in self.periods)


def standings(registers: Sequence[Register], today: date | None = None) -> list[Standing]:
    """Return each register with its periods: two queries, whatever their number."""
    today = today or timezone.localdate()
    ids = [row.pk for row in registers]
    counts: dict[UUID, dict[str, int]] = {}
    live = Record.objects.filter(register__in=ids, withdrawn_at__isnull=True).order_by()
    for pk, code, n in live.values_list("register", "period").annotate(n=Count("pk")):
        counts.setdefault(pk, {})[code] = n
    declared: dict[UUID, dict[str, datetime]] = {}
    nothing = NothingToReport.objects.filter(register__in=ids, taken_back_at__isnull=True)
    for pk, code, at in nothing.values_list("register", "period", "at"):
        declared.setdefault(pk, {})[code] = at
    return [
        _standing(row, counts.get(row.pk, {}), declared.get(row.pk, {}), today) for row in registers
    ]


def _standing(
    register: Register, counts: Mapping[str, int], declared: Mapping[str, datetime], today: date
) -> Standing:
    shape = shapes()[register.kind]
    found = []
    for code in periods.over(register.since, today, shape.frequency):
        if counts.get(code):
            state = "rows"
        elif code in declared:
            state = "nothing"
        else:
            state = "missing" if periods.is_missing(code, today) else "due"
        first, last = periods.bounds(code)
        found.append(Period(code, state, counts.get(code, 0), first, last, declared.get(code)))
    return Standing(register, shape, sum(counts.values()), found[::-1])


# Rows ---------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Asked:
    """What narrows the rows of a register; empty: all."""

    words: str = ""
    organisation: str = ""
    year: int | None = None
    late: bool = False

    @classmethod
    def of(cls, parameters: Mapping[str, Any]) -> "Asked":
        """Return what an address asks; what is not understood narrows nothing."""
        year = str(parameters.get("year") or "")
        return cls(
            str(parameters.get("q") or "").strip()[: limits.SEARCH_CHARACTERS],
            str(parameters.get("organisation") or "")[:80],
            int(year) if year.isascii() and year.isdigit() and len(year) == 4 else None,
            str(parameters.get("late") or "") in {"1", "true"},
        )

    @property
    def narrows(self) -> bool:
        """Whether anything is asked."""
        return bool(self.words or self.organisation or self.year or self.late)


def late(today: date | None = None) -> Q:
    """Return the condition of requests answered late, or not answered and past their day."""
    today = today or timezone.localdate()
    return Q(due_on__isnull=False) & (
        Q(done_on__gt=F("due_on")) | Q(done_on__isnull=True, due_on__lt=today)
    )


def records(shape: Shape, asked: Asked) -> QuerySet[Record]:
    """Return the public rows of a type of register, latest first."""
    rows = Record.objects.filter(
        register__kind=shape.code, register__node__state=State.PUBLIC, withdrawn_at__isnull=True
    )
    if asked.organisation:
        rows = rows.filter(
            Q(register__organisation__node__slug=asked.organisation)
            | Q(register__node__slug=asked.organisation)
        )
    if asked.year:
        rows = rows.filter(year=asked.year)
    if asked.late:
        rows = rows.filter(late())
    for word in fold(asked.words).split()[:WORDS_MAX]:
        rows = rows.filter(words__contains=word)
    return rows.order_by("-day", "-pk")


def with_register(rows: QuerySet[Record]) -> QuerySet[Record]:
    """Return the same rows with their register and file: one query."""
    return rows.select_related("register__node", "register__organisation__node", "file")


@dataclass(frozen=True)
class Year:
    """A fiscal year of a register: rows, dollars (None where rows have none), late ones."""

    year: int
    rows: int
    amount: Decimal | None
    late: int

    @property
    def words(self) -> str:
        """2025-2026."""
        return f"{self.year}-{self.year + 1}"


@dataclass(frozen=True)
class Totals:
    """The sums over some rows, and by fiscal year, oldest first."""

    rows: int
    amount: Decimal | None
    late: int
    years: Sequence[Year]


def totals(rows: QuerySet[Record], shape: Shape) -> Totals:
    """Return the totals of rows: one query."""
    found = [
        Year(year, n, amount if shape.amount else None, behind)
        for year, n, amount, behind in rows.order_by("year")
        .values_list("year")
        .annotate(n=Count("pk"), amount=Sum("amount"), behind=Count("pk", filter=late()))
    ]
    amount = sum((one.amount or Decimal(0) for one in found), Decimal(0)) if shape.amount else None
    return Totals(sum(one.rows for one in found), amount, sum(one.late for one in found), found)


def delay_of(record: Record, today: date | None = None) -> delays.Delay | None:
    """Return where a request for access stands, None in the other registers."""
    if record.due_on is None:
        return None
    today = today or timezone.localdate()
    return delays.delay_of(record.day, record.done_on, record.due_on, today)


# Classes ------------------------------------------------------------------------------------------


def bodies() -> list[Organisation]:
    """Return the site's organisation first, then those that published or waived something."""
    site = Site.objects.select_related("organisation__node").first()
    first = [site.organisation] if site and site.organisation else []
    rows = Organisation.objects.filter(
        Q(pk__in=Placement.objects.order_by().values("organisation"))
        | Q(pk__in=Waiver.objects.order_by().values("organisation"))
        | Q(pk__in=Register.objects.order_by().values("organisation"))
    ).select_related("node")
    others = [row for row in rows if row not in first]
    return first + sorted(others, key=lambda row: fold(tr(row.node.title)))


def latest_change(ids: Sequence[UUID]) -> dict[UUID, datetime]:
    """Return node id -> when what it says last changed in public: one query."""
    rows = Revision.objects.filter(node__in=list(ids)).order_by().values_list("node")
    return dict(rows.annotate(at=Max("at")))
