"""The one picture of a table, ready for the template: bars with their words, counts and lengths."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from babel.dates import format_date
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from parvis.catalogue import store
from parvis.catalogue.models import Version
from parvis.core.i18n import tr
from parvis.core.templatetags.parvis import locale, number
from parvis.tables import chart
from parvis.tables.profile import Profile

WIDTH, HEIGHT, LEFT, TOP, BASE = 640, 178, 52, 18, 140


@dataclass(frozen=True)
class Bar:
    """One bar: words and count; `width` out of 100 where it lies, x, y... where it stands."""

    words: str
    count: int
    width: str = "0"
    x: str = "0"
    y: str = "0"
    span: str = "0"
    height: str = "0"


@dataclass(frozen=True)
class Tick:
    """A line across a standing chart, at a round count."""

    count: int
    y: str


@dataclass(frozen=True)
class Drawing:
    """A chart: sum of bars + other + missing = rows of the file."""

    column: str
    heading: str
    kind: str
    bars: Sequence[Bar]
    ticks: Sequence[Tick]
    rows: int
    other: int
    missing: int
    highest: Bar

    @property
    def first(self) -> Bar:
        """The bar on the left."""
        return self.bars[0]

    @property
    def last(self) -> Bar:
        """The bar on the right."""
        return self.bars[-1]


def drawable(version: Version) -> list[tuple[str, str]]:
    """Return (column, heading) of each column that has a chart."""
    profile = Profile.from_dict(version.profile)
    schema, language = store.schema_of(version), (get_language() or "fr")[:2]
    return [
        (column.name, schema[column.name].heading(language))
        for column in profile.columns
        if chart.chart_of(column, profile.rows) is not None
    ]


def draw(version: Version, column: str | None = None) -> Drawing | None:
    """Return the chart of a column (the clearest one by default), None where none is clear."""
    profile = Profile.from_dict(version.profile)
    spec = chart.choose(profile, column) or (chart.choose(profile) if column else None)
    if spec is None:
        return None
    heading = store.schema_of(version)[spec.column].heading((get_language() or "fr")[:2])
    top = max(spec.values, default=0)
    coded: dict[str, Any] = {c["name"]: c.get("values", {}) for c in version.columns}
    meanings = coded.get(spec.column, {})
    pairs = list(zip(_labels(spec, meanings), spec.values, strict=True))
    if spec.kind == "bar":
        ticks: list[Tick] = []
        # The pale bar behind is all the rows of the file.
        bars = [Bar(words, n, f"{100 * n / max(spec.denominator, 1):.2f}") for words, n in pairs]
    else:
        ticks, bars = _standing(pairs, top)
    highest = max(bars, key=lambda bar: bar.count)
    return Drawing(
        spec.column,
        heading,
        spec.kind,
        bars,
        ticks,
        spec.denominator,
        spec.other,
        spec.missing,
        highest,
    )


def _labels(spec: chart.ChartSpec, meanings: Mapping[str, Any]) -> list[str]:
    if spec.kind == "histogram":
        pairs = zip(spec.labels, spec.ends, strict=True)
        return [f"{number(start, 6)} – {number(end, 6)}" for start, end in pairs]
    if spec.kind == "line":
        return [_day(str(label), spec.period or "day") for label in spec.labels]
    return [tr(meanings.get(str(label))) or _word(label) for label in spec.labels]


def _word(value: Any) -> str:
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    return number(value, 6) if isinstance(value, int | float) else str(value)


def _day(text: str, period: str) -> str:
    pattern = {"day": "d MMM y", "month": "MMM y"}.get(period, "y")
    return format_date(date.fromisoformat(text), format=pattern, locale=locale())


def _standing(pairs: Sequence[tuple[str, int]], top: int) -> tuple[list[Tick], list[Bar]]:
    """Bars that stand side by side over a base line, and the lines at round counts."""
    step = _step(top)
    ceiling = max(step * -(-top // step), 1)
    scale = (BASE - TOP) / ceiling
    ticks = [Tick(n, f"{BASE - n * scale:.1f}") for n in range(0, ceiling + 1, step)]
    place = (WIDTH - 6 - LEFT) / len(pairs)
    bars = [
        Bar(
            words,
            count,
            x=f"{LEFT + i * place + place * 0.1:.1f}",
            y=f"{BASE - count * scale:.1f}",
            span=f"{place * 0.8:.1f}",
            height=f"{count * scale:.1f}",
        )
        for i, (words, count) in enumerate(pairs)
    ]
    return ticks, bars


def _step(top: int) -> int:
    """Return a round step that cuts `top` in two to five."""
    power = 10 ** max(0, len(str(max(top, 1))) - 1)
    for step in (power // 5, power // 2, power, 2 * power, 5 * power):
        if step and top / step <= 4:
            return step
    return 10 * power
