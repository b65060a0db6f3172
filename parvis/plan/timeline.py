"""A plan's commitments on a line of time, as a picture made on the server. Pure geometry."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from parvis.core.i18n import tr
from parvis.plan import lateness as terms
from parvis.plan.models import Plan
from parvis.plan.standing import Standing

WIDTH, LEFT, ROW, TOP = 720, 76, 44, 44
BAR = 18
SHORTEST = 6.0
YEARS_MAX = 7
NAME_MAX = 54


@dataclass(frozen=True)
class Tick:
    """A year written above the picture."""

    x: float
    year: int


@dataclass(frozen=True)
class Bar:
    """One commitment: its bar, where it is due, how far its delay runs; no bar without dates."""

    standing: Standing
    y: float
    x: float | None
    width: float
    late_from: float | None
    late_to: float | None

    @property
    def text_y(self) -> float:
        """Base line of the number."""
        return self.y + BAR - 1

    @property
    def middle(self) -> float:
        """Middle of the bar."""
        return self.y + BAR / 2


@dataclass(frozen=True)
class Heading:
    """The name of a plan above its commitments, when there are several plans."""

    plan: Plan
    y: float

    @property
    def words(self) -> str:
        """The name, cut in its middle: the years that tell plans apart come last."""
        name = tr(self.plan.node.title)
        return name if len(name) <= NAME_MAX else f"{name[:30].rstrip()}… {name[-20:].lstrip()}"


@dataclass(frozen=True)
class Timeline:
    """The picture: its size, years, today's line (None outside) and a bar a commitment."""

    width: int
    height: int
    ticks: tuple[Tick, ...]
    today_x: float | None
    bars: tuple[Bar, ...]
    headings: tuple[Heading, ...] = ()

    @property
    def drawable(self) -> bool:
        """Whether any date is known."""
        return any(bar.x is not None for bar in self.bars)


def _period(item: Standing) -> tuple[date | None, date | None]:
    starts = item.commitment.starts or item.plan.starts or item.plan.announced_on
    return starts, item.commitment.ends or item.plan.ends


def draw(items: Sequence[Standing], *, today: date) -> Timeline:
    """Return the picture of `items`, in their order, grouped by plan when there are several.

    Years are labelled, seven at most; a commitment without dates keeps its line, empty.
    """
    groups: dict[UUID, list[Standing]] = {}
    for item in items:
        groups.setdefault(item.plan.pk, []).append(item)
    periods = {item.node.pk: _period(item) for item in items}
    days = [day for pair in periods.values() for day in pair if day]
    if any(item.lateness.is_late for item in items):
        days.append(today)
    first = date(min(days, default=today).year, 1, 1)
    last = date(max(days, default=today).year + 1, 1, 1)

    def at(day: date) -> float:
        share = (day - first).days / (last - first).days
        return round(LEFT + (WIDTH - LEFT - 4) * share, 1)

    y: float = TOP
    bars: list[Bar] = []
    headings: list[Heading] = []
    for rows in groups.values():
        if len(groups) > 1:
            headings.append(Heading(rows[0].plan, y + BAR))
            y += ROW
        for item in rows:
            bars.append(_bar(item, y, periods[item.node.pk], at, today))
            y += ROW
    years = range(first.year, last.year)
    ticks = tuple(
        Tick(at(date(year, 1, 1)), year) for year in years[:: -(-len(years) // YEARS_MAX)]
    )
    shown = at(today) if days and first <= today < last else None
    return Timeline(WIDTH, int(y), ticks if days else (), shown, tuple(bars), tuple(headings))


def _bar(
    item: Standing,
    y: float,
    period: tuple[date | None, date | None],
    at: Callable[[date], float],
    today: date,
) -> Bar:
    starts, due = period
    late_from = late_to = None
    if item.lateness.state == terms.LATE and item.lateness.term.on:
        late_from, late_to = at(item.lateness.term.on), at(today)
    if due is None:
        return Bar(item, y, None, 0, late_from, late_to)
    x = at(starts) if starts and starts <= due else at(due) - SHORTEST
    return Bar(item, y, x, max(SHORTEST, round(at(due) - x, 1)), late_from, late_to)
