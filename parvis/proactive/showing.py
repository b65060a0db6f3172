"""Values of rows in the words of the reader, and the one picture of a register."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from django.utils.translation import get_language
from django.utils.translation import gettext as _

from parvis.core.i18n import tr
from parvis.core.templatetags.parvis import day, number
from parvis.proactive.lists import Column, Shape
from parvis.proactive.queries import Totals

WIDTH, LEFT, TOP, BASE = 640, 112, 18, 140
BARS_MAX = 12


def dollars(value: Any) -> str:
    """Return an amount in dollars: 1 234,50 $ or $1,234.50."""
    if value in (None, ""):
        return ""
    amount = Decimal(value)
    text = number(amount, 2)
    # A lone decimal figure is no amount of cents.
    point = "," if (get_language() or "fr").startswith("fr") else "."
    whole, _sep, cents = text.partition(point)
    text = f"{whole}{point}{cents.ljust(2, '0')}" if cents else whole
    if point == ",":
        return f"{text}\u00a0$"
    return f"-${text[1:]}" if text.startswith("-") else f"${text}"


def cell(column: Column, value: Any) -> str:
    """Return a value in words; empty where there is none."""
    if value is None or value == "":
        return ""
    if column.type == "money":
        return dollars(value)
    if column.type == "date":
        return day(date.fromisoformat(value))
    if column.type == "integer":
        return number(value)
    if column.type == "boolean":
        return _("yes") if value else _("no")
    if column.type == "choice":
        return tr(column.choices.get(value, {"fr": value}))
    return str(value)


@dataclass(frozen=True)
class Cell:
    """A cell of a page: its column's name, its words, whether it is a figure."""

    name: str
    label: str
    words: str
    figure: bool
    raw: Any = None


def cells(shape: Shape, values: Mapping[str, Any]) -> list[Cell]:
    """Return the cells of a row, in the order of its columns."""
    return [
        Cell(
            column.name,
            tr(column.label),
            cell(column, values.get(column.name)),
            column.type in {"money", "integer"},
            values.get(column.name),
        )
        for column in shape.columns
    ]


@dataclass(frozen=True)
class Change:
    """What a correction changed in one column."""

    label: str
    before: str
    after: str


def changes(shape: Shape, before: Mapping[str, Any], after: Mapping[str, Any]) -> list[Change]:
    """Return the columns that differ, in words."""
    pairs = zip(cells(shape, before), cells(shape, after), strict=True)
    return [Change(a.label, a.words, b.words) for a, b in pairs if a.raw != b.raw]


@dataclass(frozen=True)
class Bar:
    """The bar of a fiscal year, and where it is."""

    words: str
    value: str
    x: str
    y: str
    width: str
    height: str


@dataclass(frozen=True)
class Chart:
    """Bars by fiscal year: dollars where rows have some, else rows."""

    bars: Sequence[Bar]
    ticks: Sequence[tuple[str, str]]
    money: bool
    highest: Bar


def chart(totals: Totals) -> Chart | None:
    """Return the picture of the last twelve fiscal years; None under two years."""
    years = list(totals.years)[-BARS_MAX:]
    if len(years) < 2:
        return None
    money = totals.amount is not None
    values = [max(Decimal(0), one.amount or Decimal(0)) if money else one.rows for one in years]
    top = _ceiling(max(1, int(max(values)) + (1 if money else 0)))
    place = Decimal(WIDTH - LEFT - 6) / len(years)
    words = dollars if money else number
    bars = []
    for n, (one, value) in enumerate(zip(years, values, strict=True)):
        height = (BASE - TOP) * Decimal(value) / top
        shown = words(one.amount if money else one.rows)
        bars.append(
            Bar(
                one.words, shown, f"{LEFT + n * place + place / 10:.1f}", f"{BASE - height:.1f}",
                f"{place * 8 / 10:.1f}", f"{height:.1f}",
            )
        )  # fmt: skip
    ticks = [
        (f"{BASE - (BASE - TOP) * part / 2:.1f}", number(top * part // 2))
        for part in range(3 if top > 1 else 1)
    ]
    highest = max(zip(values, range(len(bars)), strict=True))[1]
    return Chart(bars, ticks, money, bars[highest])


def _ceiling(value: int) -> int:
    """A round number at or above a value."""
    scale = 1
    while True:
        for one in (2, 4, 6, 10):
            if one * scale >= value:
                return one * scale
        scale *= 10
