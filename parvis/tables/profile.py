"""What each column of a version holds: figures made once at load, exact unless said."""

import datetime
import itertools
import math
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal, cast

from parvis.tables import engine
from parvis.tables.engine import quoted
from parvis.tables.schema import Column, Schema, Type
from parvis.tables.write import iso

TOP_VALUES = 20
BINS = 10
PERIODS_MAX = 120
# Beyond so many different values, they are estimated (HyperLogLog) and none counts as frequent.
DISTINCT_MAX = 100_000
Scalar = str | int | float | bool
Period = Literal["day", "month", "year", "decade"]


@dataclass(frozen=True, slots=True)
class Bin:
    """Values from `start` (included) to `end` (excluded, but for the last bin)."""

    start: float
    end: float
    count: int


@dataclass(frozen=True, slots=True)
class ColumnProfile:
    """Figures of one column. `filled` + `empty` = rows of the file.

    `top` has the most frequent values, `top_complete` says that it has them all. `bins` cover every
    filled cell of a numeric column, `periods` (start as an ISO date, count) every filled cell of a
    date column, with zeros in between. Dates are ISO text. `distinct` is an estimate, and `top`
    empty, when `distinct_exact` is false. `mean` is that of numbers; the lengths are those of
    texts, in characters.
    """

    name: str
    type: Type
    filled: int
    empty: int
    distinct: int
    minimum: Scalar | None
    maximum: Scalar | None
    top: tuple[tuple[Scalar, int], ...]
    top_complete: bool
    bins: tuple[Bin, ...] = ()
    period: Period | None = None
    periods: tuple[tuple[str, int], ...] = ()
    distinct_exact: bool = True
    mean: float | None = None
    length_min: int | None = None
    length_max: int | None = None
    length_mean: float | None = None


@dataclass(frozen=True, slots=True)
class Profile:
    """Rows of the version and one profile a column."""

    rows: int
    columns: tuple[ColumnProfile, ...]

    def as_dict(self) -> dict[str, Any]:
        """A JSON-ready dict; `Profile.from_dict` reads it back."""
        return asdict(self)

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> "Profile":
        """The profile written by `as_dict`, also after a passage through JSON."""
        columns = []
        for item in data["columns"]:
            parts = dict(item)
            parts["top"] = tuple((value, count) for value, count in item["top"])
            parts["bins"] = tuple(Bin(**part) for part in item["bins"])
            parts["periods"] = tuple((start, count) for start, count in item["periods"])
            columns.append(ColumnProfile(**parts))
        return cls(data["rows"], tuple(columns))


def profile(path: Path, schema: Schema) -> Profile:
    """Read the version once for all columns, then once or twice per column."""
    folder = path.parents[1]
    parts = ["count(*) AS rows"]
    for i, column in enumerate(schema.columns):
        name = quoted(column.name)
        figures_of = {
            "filled": f"count({name})",
            "distinct": f"approx_count_distinct({name})",
            "minimum": f"min({name})",
            "maximum": f"max({name})",
        }
        if column.type in ("integer", "number"):
            figures_of["mean"] = f"avg({name})"
        if column.type == "text":
            figures_of["shortest"] = f"min(length({name}))"
            figures_of["longest"] = f"max(length({name}))"
            figures_of["length"] = f"avg(length({name}))"
        parts += [f"{sql} AS {label}_{i}" for label, sql in figures_of.items()]
    sql = f"SELECT {', '.join(parts)} FROM {engine.source(path)}"  # noqa: S608
    figures = engine.table(folder, sql)[0]
    columns = tuple(_column(path, c, i, figures) for i, c in enumerate(schema.columns))
    return Profile(figures["rows"], columns)


def _frequent(path: Path, name: str) -> tuple[int, tuple[tuple[Scalar, int], ...]]:
    """How many different values, and the most frequent ones; ties go by value."""
    sql = (
        f"SELECT {name} AS value, count(*) AS n, count(*) OVER () AS different "  # noqa: S608
        f"FROM {engine.source(path)} WHERE {name} IS NOT NULL GROUP BY 1 "
        f"ORDER BY n DESC, value LIMIT {TOP_VALUES}"
    )
    rows = engine.table(path.parents[1], sql)
    top = tuple((cast(Scalar, _scalar(row["value"])), row["n"]) for row in rows)
    return (rows[0]["different"] if rows else 0), top


def _column(path: Path, column: Column, i: int, figures: dict[str, Any]) -> ColumnProfile:
    name = quoted(column.name)
    filled, distinct = figures[f"filled_{i}"], min(figures[f"distinct_{i}"], figures[f"filled_{i}"])
    minimum, maximum = figures[f"minimum_{i}"], figures[f"maximum_{i}"]
    exact = distinct <= DISTINCT_MAX
    top: tuple[tuple[Scalar, int], ...] = ()
    if exact:
        distinct, top = _frequent(path, name)
    bins: tuple[Bin, ...] = ()
    period: Period | None = None
    periods: tuple[tuple[str, int], ...] = ()
    if filled and column.type in ("integer", "number"):
        edges = bin_edges(minimum, maximum, whole=column.type == "integer")
        bins = _bins(path, name, edges)
    if filled and column.type in ("date", "datetime"):
        period, periods = _periods(path, name, _day(minimum), _day(maximum))
    return ColumnProfile(
        name=column.name,
        type=column.type,
        filled=filled,
        empty=figures["rows"] - filled,
        distinct=distinct,
        minimum=_scalar(minimum),
        maximum=_scalar(maximum),
        top=top,
        top_complete=exact and distinct <= TOP_VALUES,
        bins=bins,
        period=period,
        periods=periods,
        distinct_exact=exact,
        mean=figures.get(f"mean_{i}"),
        length_min=figures.get(f"shortest_{i}"),
        length_max=figures.get(f"longest_{i}"),
        length_mean=figures.get(f"length_{i}"),
    )


def bin_edges(minimum: float, maximum: float, *, whole: bool) -> list[float]:
    """Ascending edges of some ten bins, from `minimum` or a little under to past `maximum`.

    The step is 1, 2 or 5 times a power of ten, and edges are multiples of it; for whole numbers
    they are integers of Python, exact at any size. Values too close together or too far apart for
    round edges get one bin, from `minimum` to `maximum`.
    """
    if whole:
        width = max(1, round(_step((maximum - minimum) / BINS)) if maximum > minimum else 1)
        return [k * width for k in range(int(minimum // width), int(maximum // width) + 2)]
    span = maximum - minimum
    if not max(1e-280, 1e-9 * max(abs(minimum), abs(maximum))) < span < math.inf:
        return [minimum, maximum]
    step = _step(span / BINS)
    # Divide rather than multiply by 0.1 and its like: 3 / 10 is the float nearest to 0.3.
    inverse = round(1 / step) if step < 1 else 0
    places = range(math.floor(minimum / step), math.floor(maximum / step) + 2)
    edges = [k / inverse if inverse else k * step for k in places]
    edges[0], edges[-1] = min(edges[0], minimum), max(edges[-1], maximum)
    return edges


def _step(raw: float) -> float:
    """The smallest of 1, 2 and 5 times a power of ten that is not under `raw`."""
    power = 10.0 ** math.floor(math.log10(raw))
    return next((m * power for m in (1.0, 2.0, 5.0) if m * power >= raw), 10 * power)


def _bins(path: Path, name: str, edges: list[float]) -> tuple[Bin, ...]:
    """Counts by comparison with the very edges that are shown, so that a recount agrees."""
    pairs = list(itertools.pairwise(edges))
    parts = []
    for i, (start, end) in enumerate(pairs):
        upper = "<=" if i == len(pairs) - 1 else "<"
        condition = f"{name} >= {_literal(start)} AND {name} {upper} {_literal(end)}"
        parts.append(f"count(*) FILTER (WHERE {condition}) AS bin_{i}")
    sql = f"SELECT {', '.join(parts)} FROM {engine.source(path)}"  # noqa: S608
    counts = engine.table(path.parents[1], sql)[0]
    return tuple(Bin(start, end, counts[f"bin_{i}"]) for i, (start, end) in enumerate(pairs))


def _literal(edge: float) -> str:
    """SQL for a number of our own; a bare 0.3 would be a decimal there, not the float."""
    return str(edge) if isinstance(edge, int) else f"CAST('{edge!r}' AS DOUBLE)"


def _periods(
    path: Path, name: str, first: datetime.date, last: datetime.date
) -> tuple[Period, tuple[tuple[str, int], ...]]:
    period = period_for(first, last)
    sql = (
        # The decade of the years 1 to 9 would start in a year 0 that calendars lack.
        f"SELECT greatest(CAST(date_trunc('{period}', {name}) AS DATE), DATE '0001-01-01') "  # noqa: S608
        f"AS start, count(*) AS n "
        f"FROM {engine.source(path)} WHERE {name} IS NOT NULL GROUP BY 1"
    )
    counts = {row["start"]: row["n"] for row in engine.table(path.parents[1], sql)}
    starts = period_starts(first, last, period)
    return period, tuple((start.isoformat(), counts.get(start, 0)) for start in starts)


def period_for(first: datetime.date, last: datetime.date) -> Period:
    """The finest period that cuts the span into at most 120 pieces (decades have no limit)."""
    if (last - first).days < PERIODS_MAX:
        return "day"
    if (last.year - first.year) * 12 + last.month - first.month < PERIODS_MAX:
        return "month"
    return "year" if last.year - first.year < PERIODS_MAX else "decade"


def period_starts(first: datetime.date, last: datetime.date, period: Period) -> list[datetime.date]:
    """The first day of each period from the one of `first` to the one of `last`."""
    if period == "day":
        span = (last - first).days + 1
        return [first + datetime.timedelta(days=i) for i in range(span)]
    if period == "month":
        months = range(first.year * 12 + first.month - 1, last.year * 12 + last.month)
        return [datetime.date(m // 12, m % 12 + 1, 1) for m in months]
    step = 1 if period == "year" else 10
    years = range(first.year // step * step, last.year + 1, step)
    return [datetime.date(max(year, 1), 1, 1) for year in years]


def _day(value: datetime.date) -> datetime.date:
    return value.date() if isinstance(value, datetime.datetime) else value


def _scalar(value: Any) -> Scalar | None:
    return iso(value)
