"""Pictures of an indicator, made on the server. Pure geometry: values and dates in, figures out."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

Point = tuple[date, Decimal]
WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 640, 260, 70, 16, 20, 40
MARK = 0.8
DAYS_MIN = 30
YEARS_MAX, YEAR_WIDTH = 6, 70


@dataclass(frozen=True)
class Bar:
    """A line of the barometer, from 0 to 100: start, last value, target; None where not known."""

    base: float | None
    last: float | None
    target: float | None
    marks: tuple[float, ...]

    @property
    def from_x(self) -> float:
        """Left end of what was done."""
        return min(self.base or 0.0, self.last or 0.0)

    @property
    def done_width(self) -> float:
        """Length of what was done since the start."""
        return (
            round(abs((self.last or 0.0) - (self.base or 0.0)), 2) if self.last is not None else 0
        )

    @property
    def empty(self) -> bool:
        """Whether nothing can be drawn."""
        return self.base is None and self.last is None and self.target is None


def _span(values: Sequence[Decimal], *, percent: bool) -> tuple[Decimal, Decimal]:
    low, high = min(Decimal(0), *values), max(Decimal(0), *values)
    if percent and high <= 100:
        high = Decimal(100)
    return low, high if high > low else low + 1


def bar(
    base: Decimal | None, target: Decimal | None, measures: Sequence[Point], *, percent: bool
) -> Bar:
    """Return the line of one indicator; `percent` makes it end at 100."""
    known = [
        value for value in (base, target, *(value for _on, value in measures)) if value is not None
    ]
    if not known:
        return Bar(None, None, None, ())
    low, high = _span(known, percent=percent)

    def at(value: Decimal | None) -> float | None:
        return None if value is None else round(float((value - low) / (high - low)) * 100, 2)

    marks = tuple(x for _on, value in measures if (x := at(value)) is not None)
    return Bar(at(base), marks[-1] if marks else None, at(target), marks)


@dataclass(frozen=True)
class Tick:
    """A line of an axis and its value."""

    at: float
    value: Decimal


@dataclass(frozen=True)
class Dot:
    """A measure on the plot."""

    x: float
    y: float
    first: bool
    """The value at the start, drawn hollow."""


@dataclass(frozen=True)
class Plot:
    """A series over time: dots joined by a line, the target as a dashed line, years below."""

    dots: tuple[Dot, ...]
    ticks: tuple[Tick, ...]
    years: tuple[tuple[float, int], ...]
    target_y: float | None
    target_x: float | None
    width: int = WIDTH
    height: int = HEIGHT
    left: int = LEFT
    floor: int = HEIGHT - BOTTOM

    @property
    def path(self) -> str:
        """The line through the dots, as the `d` of an SVG path."""
        return "M" + "L".join(f"{dot.x} {dot.y}" for dot in self.dots)


def plot(
    base: Point | None,
    target: tuple[date | None, Decimal] | None,
    measures: Sequence[Point],
    *,
    percent: bool,
) -> Plot | None:
    """Return the picture of a series, or None when no dated value is known."""
    points = sorted([*([base] if base else []), *measures])
    if not points:
        return None
    values = [value for _on, value in points] + ([target[1]] if target else [])
    low, high = _span(values, percent=percent)
    days = [on for on, _value in points] + ([target[0]] if target and target[0] else [])
    first, last = min(days), max(max(days), min(days) + timedelta(days=DAYS_MIN))

    def x(on: date) -> float:
        share = (on - first).days / (last - first).days
        return round(LEFT + 12 + (WIDTH - LEFT - RIGHT - 24) * share, 1)

    def y(value: Decimal) -> float:
        share = float((value - low) / (high - low))
        return round(HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * share, 1)

    dots = tuple(Dot(x(on), y(value), (on, value) == base) for on, value in points)
    ticks = tuple(Tick(y(value), value) for value in (low, low + (high - low) / 2, high))
    years = range(first.year, last.year + 1)
    shown: list[tuple[float, int]] = []
    for year in years[:: -(-len(years) // YEARS_MAX)]:
        place = x(max(first, date(year, 1, 1)))
        if shown and place - shown[-1][0] < YEAR_WIDTH:
            shown.pop()  # the series starts late in its first year
        shown.append((place, year))
    return Plot(
        dots, ticks, tuple(shown),
        y(target[1]) if target else None,
        x(target[0]) if target and target[0] else None,
    )  # fmt: skip
