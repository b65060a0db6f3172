"""A chart of the rows that match: its kind from the columns, unless the address says another."""

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from babel.dates import format_date
from django.http import QueryDict
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from parvis.catalogue import store
from parvis.catalogue.loading import in_words
from parvis.catalogue.viewing.asked import Asked, Wrong
from parvis.core.templatetags.parvis import locale, number
from parvis.tables import chart, figures
from parvis.tables.errors import TableError
from parvis.tables.figures import Group
from parvis.tables.profile import Profile
from parvis.tables.write import iso

KINDS: Mapping[str, Any] = {
    "bar": gettext_lazy("bars"),
    "line": gettext_lazy("line by period"),
    "histogram": gettext_lazy("histogram"),
    "points": gettext_lazy("points"),
}
MEASURES: Mapping[str, Any] = {
    "count": gettext_lazy("number of rows"),
    "sum": gettext_lazy("sum"),
    "average": gettext_lazy("average"),
    "min": gettext_lazy("smallest value"),
    "max": gettext_lazy("greatest value"),
}
NUMERIC = ("integer", "number")
BARS, GRID = 20, (24, 16)
WIDTH, HEIGHT, LEFT, TOP, BASE = 640, 320, 90, 18, 280


@dataclass(frozen=True)
class Form:
    """What is drawn, as the form of the page has it."""

    asked: Asked
    kind: str
    x: str
    y: str
    measure: str

    def link(self, **more: str) -> str:
        """The address of this chart."""
        said = {"kind": self.kind, "x": self.x, "y": self.y, "measure": self.measure, **more}
        return f"?{urlencode([*self.asked.pairs(facet=''), *said.items()])}"


@dataclass(frozen=True)
class Mark:
    """One bar, or point: its words, its rows, its figure, and where it stands."""

    words: str
    rows: int
    value: float | None
    exact: tuple[Any, ...]
    x: str = "0"
    y: str = "0"
    width: str = "0"
    height: str = "0"
    second: str = ""


@dataclass(frozen=True)
class Figure:
    """A chart ready to draw. Rows of the marks + `other` + `missing` = `rows` that match."""

    kind: str
    heading: str
    second: str
    measure: str
    of: str
    marks: Sequence[Mark]
    ticks: Sequence[tuple[str, str]]
    path: str
    rows: int
    other: int
    missing: int
    ends: tuple[str, str]
    names: tuple[str, ...]

    @property
    def is_count(self) -> bool:
        """Whether its figures are numbers of rows."""
        return self.measure == "count"

    @property
    def highest(self) -> Mark | None:
        """The mark with the greatest figure."""
        filled = [one for one in self.marks if one.value is not None]
        return max(filled, key=lambda one: one.value or 0.0, default=None)

    def csv(self) -> str:
        """The figures, exact, with what is not drawn."""
        out = io.StringIO()
        write = csv.writer(out, lineterminator="\n")
        names = [*self.names, "rows", *([] if self.is_count else [self.measure])]
        write.writerow(names)
        for mark in self.marks:
            more = [] if self.is_count else ["" if mark.value is None else mark.value]
            write.writerow([_safe(one) for one in mark.exact] + [mark.rows, *more])
        return out.getvalue()


def _safe(cell: Any) -> Any:
    """A cell that a spreadsheet would run gets an apostrophe, as in every CSV here."""
    return f"'{cell}" if isinstance(cell, str) and cell[:1] in "=+-@\t\r" and cell else cell


def draw(asked: Asked, parameters: QueryDict) -> tuple[Figure | None, Form]:
    """Return the chart asked for, None where there is none; what is wrong goes to `asked.wrong`."""
    form = _form(asked, parameters)
    if asked.wrong or not form.x:
        return None, form
    try:
        return _figure(asked, form), form
    except TableError as error:
        asked.wrong.append(Wrong(in_words(error.reason, error.params), asked.link()))
        return None, form


def _form(asked: Asked, parameters: QueryDict) -> Form:
    x, y = parameters.get("x", ""), parameters.get("y", "")
    for name in (x, y):
        if name and name not in asked.schema.names:
            words = in_words("no_such_column", {"column": name[:100]})
            asked.wrong.append(Wrong(words, asked.link()))
    measure = parameters.get("measure", "") or "count"
    kind = parameters.get("kind", "")
    if measure not in MEASURES or (kind and kind not in KINDS):
        words = _("There is no such chart: choose one of the form.")
        asked.wrong.append(Wrong(words, asked.link()))
        return Form(asked, "bar", "", "", "count")
    if asked.wrong:
        return Form(asked, kind or "bar", "", "", measure)
    profile = Profile.from_dict(asked.version.profile)
    if not x:
        spec = chart.choose(profile)
        x = spec.column if spec else asked.schema.names[0]
    types = {column.name: column.type for column in asked.schema.columns}
    if not kind:
        kind = _kind(profile, x, y, types)
    _fits(asked, kind, x, y, measure, types)
    return Form(asked, kind, x, y, measure)


def _kind(profile: Profile, x: str, y: str, types: Mapping[str, str]) -> str:
    """Categories have bars, days a line, numbers a histogram, two columns of numbers points."""
    column = next(one for one in profile.columns if one.name == x)
    if types[x] in ("date", "datetime"):
        return "line"
    spec = chart.chart_of(column, profile.rows)
    if types[x] in NUMERIC and not (spec and spec.kind == "bar"):
        return "points" if types.get(y) in NUMERIC and y != x else "histogram"
    return "bar"


def _fits(asked: Asked, kind: str, x: str, y: str, measure: str, types: Mapping[str, str]) -> None:
    words = ""
    if kind == "line" and types[x] not in ("date", "datetime"):
        words = _("A line by period needs a column of dates.")
    elif kind == "histogram" and types[x] not in NUMERIC:
        words = _("A histogram needs a column of numbers.")
    elif kind == "points" and not (types[x] in NUMERIC and types.get(y) in NUMERIC):
        words = _("Points need two columns of numbers.")
    elif kind in ("bar", "line") and measure != "count" and types.get(y) not in NUMERIC:
        words = _("A sum or an average needs a second column, of numbers.")
    if words:
        asked.wrong.append(Wrong(words, asked.link()))


def _figure(asked: Asked, form: Form) -> Figure:
    file = store.stored(asked.version)
    path, query = store.store().path(file), asked.base
    measured = form.kind in ("bar", "line")
    measure = form.measure if measured else "count"
    of = form.y if measured and measure != "count" else None
    rows = figures.bounds(path, file.schema, form.x, query)[3]
    other, line = 0, ""
    names: tuple[str, ...] = (form.x,)
    ticks: Sequence[tuple[str, str]] = ()
    if form.kind == "points":
        marks, ends, ticks = _points(path, asked, form)
        names = (f"{form.x} ≈", f"{form.y} ≈")
    elif form.kind == "bar":
        groups, _n = figures.by_value(path, file.schema, form.x, query, measure, of, BARS)
        other = rows - sum(group.rows for group in groups)
        marks, ends = _bars(asked, form.x, groups), ("", "")
    else:
        if form.kind == "line":
            period, groups = figures.by_period(path, file.schema, form.x, query, measure, of)
            pairs = [(_day(group.start, period), group) for group in groups]
        else:
            groups = figures.by_bin(path, file.schema, form.x, query)
            names = (f"{form.x} ≥", f"{form.x} <")
            pairs = [(f"{_n6(group.start)} – {_n6(group.end)}", group) for group in groups]
        marks, ticks, line = _standing(pairs, filled=form.kind == "line")
        ends = (marks[0].words, marks[-1].words) if marks else ("", "")
    missing = rows - other - sum(mark.rows for mark in marks)
    return Figure(
        form.kind, asked.heading(form.x), asked.heading(form.y) if form.y else "", measure,
        of or "", marks, ticks, line, rows, other, missing, ends, names,
    )  # fmt: skip


def _n6(value: Any) -> str:
    return number(value, 6)


def _day(start: Any, period: str) -> str:
    pattern = {"day": "d MMM y", "month": "MMM y"}.get(period, "y")
    return format_date(start, format=pattern, locale=locale())


def _bars(asked: Asked, column: str, groups: Sequence[Group]) -> list[Mark]:
    top = max((abs(group.value or 0) for group in groups), default=0) or 1
    coded: dict[str, Any] = {c["name"]: c.get("values", {}) for c in asked.version.columns}
    marks = []
    for group in groups:
        value = iso(group.start)
        meaning = coded.get(column, {}).get(str(value), {})
        words = meaning.get(asked.language) or meaning.get("fr") or _word(value)
        width = f"{100 * abs(group.value or 0) / top:.2f}"
        marks.append(Mark(words, group.rows, group.value, (value,), width=width))
    return marks


def _word(value: Any) -> str:
    if value is None:
        return _("empty")
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    return _n6(value) if isinstance(value, float) else str(value)


def _standing(
    pairs: Sequence[tuple[str, Group]], *, filled: bool
) -> tuple[list[Mark], list[tuple[str, str]], str]:
    """Bars over a base line, or the line that joins their tops; and lines at round figures."""
    values = [group.value for _words, group in pairs if group.value is not None]
    low, high = min([0.0, *values]), max([0.0, *values])
    step = _round_step((high - low) or 1)
    low = -step * -(low // step) if low < 0 else 0.0
    scale = (BASE - TOP) / (max(high, low + step) - low)
    first = int(low / step)
    last = int(max(high, low + step) / step)
    ticks = [
        (_n6(k * step), f"{BASE - (k * step - low) * scale:.1f}") for k in range(first, last + 1)
    ]
    place = (WIDTH - 6 - LEFT) / max(len(pairs), 1)
    marks, joined, pen = [], [], "M"
    for i, (words, group) in enumerate(pairs):
        exact: tuple[Any, ...] = (iso(group.start),)
        exact = exact if group.end is None else (iso(group.start), iso(group.end))
        value = group.value
        if value is None:
            marks.append(Mark(words, group.rows, None, exact))
            pen = "M"
            continue
        foot, top = BASE + low * scale, BASE - (value - low) * scale
        middle = LEFT + (i + 0.5) * place
        joined.append(f"{pen}{middle:.1f} {top:.1f}")
        pen = "L"
        marks.append(
            Mark(
                words, group.rows, value, exact,
                x=f"{LEFT + i * place + place * 0.1:.1f}", y=f"{min(top, foot):.1f}",
                width=f"{place * 0.8:.1f}", height=f"{abs(foot - top):.1f}",
            )
        )  # fmt: skip
    return marks, ticks, "".join(joined) if filled else ""


def _round_step(span: float) -> float:
    """A round step that cuts a span in some four."""
    power = 1.0
    while power * 10 <= span:
        power *= 10
    while power > span:
        power /= 10
    return next(m * power for m in (0.25, 0.5, 1.0, 2.0, 2.5) if span / (m * power) <= 5)


def _points(
    path: Any, asked: Asked, form: Form
) -> tuple[list[Mark], tuple[str, str], list[tuple[str, str]]]:
    place = figures.numbers(form.x, form.y)
    found = figures.grid(path, asked.schema, place, asked.base, size=GRID)
    if found.box is None:
        return [], ("", ""), []
    x0, y0, x1, y1 = map(float, found.box)
    top = max(cell.rows for cell in found.cells)
    marks = []
    for cell in sorted(found.cells, key=lambda one: (one.column, one.line)):
        across = (cell.x - x0) / ((x1 - x0) or 1)
        up = (cell.y - y0) / ((y1 - y0) or 1)
        marks.append(
            Mark(
                _n6(round(cell.x, 6)), cell.rows, cell.rows, (cell.x, cell.y),
                x=f"{LEFT + 12 + across * (WIDTH - LEFT - 30):.1f}",
                y=f"{BASE - 12 - up * (BASE - TOP - 24):.1f}",
                width=f"{3 + 9 * (cell.rows / top) ** 0.5:.1f}",
                second=_n6(round(cell.y, 6)),
            )
        )  # fmt: skip
    return marks, (_n6(x0), _n6(x1)), [(_n6(y0), f"{BASE - 12}"), (_n6(y1), f"{TOP + 12}")]
