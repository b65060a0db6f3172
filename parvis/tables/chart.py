"""The one picture that suits a table, as data for a template: no drawing here."""

from dataclasses import dataclass
from typing import Literal

from parvis.tables.profile import ColumnProfile, Profile, Scalar

Kind = Literal["bar", "histogram", "line"]
CATEGORIES_MAX = 12
# A column where most values differ is a name or a comment, not a category.
REPEATS_MIN = 2


@dataclass(frozen=True, slots=True)
class ChartSpec:
    """What to draw: `labels` and `values` of the same length, every figure a count of rows.

    `sum(values)` + `other` + `missing` = `denominator` = rows of the file. `other` gathers the
    categories not shown, `missing` the empty cells. Labels are values as they stand in the
    file: for a histogram the start of each bin (`ends` has the ends), for a line ISO dates of the
    first day of each `period` (day, month, year, decade).
    """

    kind: Kind
    column: str
    labels: tuple[Scalar, ...]
    values: tuple[int, ...]
    denominator: int
    missing: int
    other: int = 0
    ends: tuple[float, ...] = ()
    period: str | None = None


def choose(profile: Profile, column: str | None = None) -> ChartSpec | None:
    """The chart of `column`, or of the column that makes the clearest picture; None if none does.

    Order of preference: categories, dates, numbers; within each, the column that is least empty,
    then the first.
    """
    wanted = [c for c in profile.columns if column is None or c.name == column]
    charts = [chart for chart in (chart_of(c, profile.rows) for c in wanted) if chart]
    order: tuple[Kind, ...] = ("bar", "line", "histogram")
    return min(charts, key=lambda chart: (order.index(chart.kind), chart.missing), default=None)


def chart_of(column: ColumnProfile, rows: int) -> ChartSpec | None:
    """The chart of one column: bars for categories, a line for dates, a histogram for numbers.

    None for an empty column, for one value only, and for text that hardly repeats.
    """
    if column.distinct < 2:
        return None
    if _categories(column):
        shown = column.top[:CATEGORIES_MAX]
        if column.type == "integer":  # a scale reads in its own order
            shown = tuple(sorted(shown))
        values = tuple(count for _, count in shown)
        return ChartSpec(
            kind="bar",
            column=column.name,
            labels=tuple(value for value, _ in shown),
            values=values,
            denominator=rows,
            missing=column.empty,
            other=column.filled - sum(values),
        )
    if column.periods:
        return ChartSpec(
            kind="line",
            column=column.name,
            labels=tuple(start for start, _ in column.periods),
            values=tuple(count for _, count in column.periods),
            denominator=rows,
            missing=column.empty,
            period=column.period,
        )
    if column.bins:
        return ChartSpec(
            kind="histogram",
            column=column.name,
            labels=tuple(part.start for part in column.bins),
            values=tuple(part.count for part in column.bins),
            denominator=rows,
            missing=column.empty,
            ends=tuple(part.end for part in column.bins),
        )
    return None


def _categories(column: ColumnProfile) -> bool:
    if column.type == "boolean":
        return True
    if column.filled < REPEATS_MIN * column.distinct:
        return False
    if column.type == "text":
        return column.top_complete
    return column.type == "integer" and column.distinct <= CATEGORIES_MAX
