"""What is said of the promises kept: names, definitions, values in words, history as a line."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from babel.dates import format_date
from django.urls import register_converter, reverse
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _

from parvis.core.i18n import NBSP
from parvis.core.templatetags.parvis import locale, number
from parvis.site.models import Promise, PromiseMonth, PromiseRow

MONTHS_MAX = 60
SLUGS = {
    Promise.CONTRIBUTIONS: {"fr": "contributions", "en": "contributions"},
    Promise.RESPONSES: {"fr": "reponses", "en": "responses"},
    Promise.COMMITMENTS: {"fr": "engagements", "en": "commitments"},
    Promise.NEWS: {"fr": "nouvelles", "en": "news"},
    Promise.DELAY: {"fr": "delai", "en": "delay"},
}
_NAMES = {slug: name for name, slugs in SLUGS.items() for slug in slugs.values()}


class PromiseName:
    """The name of a figure in an address: a word of the reader's language."""

    regex = "[a-z]{4,16}"

    def to_python(self, value: str) -> str:
        """Return the figure. Raises ValueError, which is a 404."""
        try:
            return _NAMES[value].value
        except KeyError:
            raise ValueError(value) from None

    def to_url(self, value: str) -> str:
        """Return the word of the active language."""
        slugs = SLUGS[Promise(value)]
        return slugs.get((get_language() or "fr")[:2], slugs["fr"])


register_converter(PromiseName, "promise")


def definition(name: str) -> str:
    """Return what a figure counts, in plain words."""
    words = {
        Promise.CONTRIBUTIONS: _(
            "In consultations that are closed: each contribution that is kept is tied to a theme "
            "that has a published response, or it is set aside with a reason that its author can "
            "read. Answers given by ticking alone are in the charts of the results; they are not "
            "counted here. The goal is all of them."
        ),
        Promise.RESPONSES: _(
            "Each consultation gives the day by which every theme is answered. A theme is on time "
            "when its response is published here on that day or before. A theme whose day has not "
            "come and that waits is not counted yet. A closed consultation that published no theme "
            "by that day counts once, as late."
        ),
        Promise.COMMITMENTS: _(
            "When the response to a theme is “retained” or “retained in part”, a commitment of a "
            "plan must follow, so that one can see whether it is done."
        ),
        Promise.NEWS: _(
            "In plans that are open: each commitment that is not complete has a progress report of "
            "the last six months. One that began less than six months ago is not counted until it "
            "has one. Closed plans are not counted: nothing more is reported on them."
        ),
        Promise.DELAY: _(
            "For each theme that has a response, the days between the closing of the consultation "
            "(or the publication of the theme, where it came first) and the response. Half of the "
            "themes waited less than this figure, half waited more."
        ),
    }
    return words[Promise(name)]


def share_words(part: int, whole: int) -> str:
    """Return a share as a whole percentage: 100 % only when all are kept, 0 % only when none is."""
    percent = 100 * part // whole
    if 0 < part and percent == 0:
        percent = 1
    return (f"{percent}{NBSP}%") if locale() == "fr_CA" else f"{percent}%"


def value_words(name: str, numerator: Decimal, denominator: int) -> str:
    """Return a figure in words; nothing to measure is never 0 % nor 100 %."""
    if not denominator:
        return _("Nothing to measure yet")
    if name == Promise.DELAY:
        shown = {"n": number(numerator, 1)}
        return ngettext("%(n)s day", "%(n)s days", int(numerator)) % shown
    part = int(numerator)
    return _("%(n)s of %(total)s (%(share)s)") % {
        "n": number(part), "total": number(denominator), "share": share_words(part, denominator),
    }  # fmt: skip


def month_words(day: date) -> str:
    """Return a month in words: June 2026."""
    return format_date(day, "MMMM y", locale=locale()).replace(" ", NBSP)


@dataclass(frozen=True)
class Point:
    """A month of the line."""

    x: float
    y: float
    row: PromiseMonth


@dataclass(frozen=True)
class Line:
    """The history as a picture: `path` joins months that could be measured."""

    points: Sequence[Point]
    ticks: Sequence[tuple[float, str]]
    ends: tuple[str, str]
    alternative: str
    width: int = 640
    height: int = 178
    left: int = 60

    @property
    def path(self) -> str:
        """The `d` of an SVG path."""
        return "M" + "L".join(f"{point.x} {point.y}" for point in self.points)


def line(name: str, rows: Sequence[PromiseMonth]) -> Line | None:
    """Return the picture of a series; None under two months, when there is no line to draw."""
    known = [row for row in rows if row.denominator]
    if len(known) < 2:
        return None
    values = [
        float(row.numerator) if name == Promise.DELAY
        else 100 * float(row.numerator) / row.denominator
        for row in known
    ]  # fmt: skip
    top = max([*values, 1.0]) if name == Promise.DELAY else 100.0
    places = [row.month.year * 12 + row.month.month for row in known]
    span = places[-1] - places[0]
    points = [
        Point(
            round(72 + 550 * (place - places[0]) / span, 1), round(140 - 120 * value / top, 1), row
        )
        for place, value, row in zip(places, values, known, strict=True)
    ]
    unit = "" if name == Promise.DELAY else (f"{NBSP}%" if locale() == "fr_CA" else "%")
    ticks = [(140 - 120 * n / 2, f"{number(top * n / 2, 1)}{unit}") for n in range(3)]
    said = {
        "first": month_words(known[0].month),
        "from": value_words(name, known[0].numerator, known[0].denominator),
        "last": month_words(known[-1].month),
        "to": value_words(name, known[-1].numerator, known[-1].denominator),
    }
    words = _("%(first)s: %(from)s. %(last)s: %(to)s.") % said
    return Line(points, ticks, (said["first"], said["last"]), words)


@dataclass(frozen=True)
class Block:
    """A figure as the page shows it: real consultations, or those of the demonstration."""

    name: str
    demo: bool
    row: PromiseMonth | None
    history: Sequence[PromiseMonth] = field(default=())

    @property
    def measured(self) -> bool:
        """Whether there is something to measure."""
        return bool(self.row and self.row.denominator)

    @property
    def words(self) -> str:
        """The value, in words."""
        row = self.row
        return value_words(self.name, row.numerator, row.denominator) if row else _(
            "Nothing to measure yet"
        )  # fmt: skip

    @property
    def part(self) -> int:
        """The numerator, for `<progress>`."""
        return int(self.row.numerator) if self.row else 0

    @property
    def has_bar(self) -> bool:
        """Whether a bar says something: a delay has no whole."""
        return self.measured and self.name != Promise.DELAY

    @property
    def line(self) -> Line | None:
        """The history as a picture."""
        return line(self.name, self.history)

    @property
    def months(self) -> list[dict[str, Any]]:
        """The history as a table, the newest month first."""
        return [
            {
                "month": month_words(row.month),
                "words": value_words(self.name, row.numerator, row.denominator),
                "late": row.late,
            }
            for row in reversed(self.history)
        ]

    @property
    def url(self) -> str:
        """The page of its rows."""
        return reverse("promise_rows", args=[self.name]) + ("?demo=1" if self.demo else "")


@dataclass(frozen=True)
class Section:
    """A promise: its name, its definition, its figure, and that of the demonstration if any."""

    name: str
    label: Any
    definition: str
    real: Block
    demo: Block | None

    @property
    def blocks(self) -> list[Block]:
        """The figures to show."""
        return [self.real, *([self.demo] if self.demo else [])]

    @property
    def late(self) -> int:
        """How many are late, the demonstration left out."""
        return self.real.row.late if self.real.row else 0


def months(rows: Iterable[PromiseMonth]) -> dict[tuple[str, bool], list[PromiseMonth]]:
    """Return the series of each figure, the oldest month first."""
    found: dict[tuple[str, bool], list[PromiseMonth]] = {}
    for row in rows:
        found.setdefault((row.name, row.demo), []).append(row)
    return found


def kept() -> list[PromiseMonth]:
    """Return the figures of the last five years, the oldest first: one query."""
    newest = PromiseMonth.objects.order_by("-month", "name", "demo")
    return list(newest[: MONTHS_MAX * 2 * len(Promise)])[::-1]


def sections(rows: Sequence[PromiseMonth]) -> list[Section]:
    """Return the five promises as the page shows them."""
    series = months(rows)
    out = []
    for name in Promise:
        blocks = []
        for demo in (False, True):
            near = series.get((name.value, demo), [])
            blocks.append(Block(name.value, demo, near[-1] if near else None, near))
        real, demo_block = blocks
        shown = demo_block if demo_block.measured else None
        out.append(Section(name.value, name.label, definition(name), real, shown))
    return out


def counted_at(rows: Iterable[PromiseMonth]) -> datetime | None:
    """Return when the figures were last counted."""
    return max((row.computed_at for row in rows), default=None)


def state_words(row: PromiseRow) -> str:
    """Return the state of a row in words, with its days."""
    n = row.days or 0
    shown = {"n": number(n)}
    if row.name == Promise.DELAY:
        return ngettext("%(n)s day", "%(n)s days", n) % shown
    if row.state == PromiseRow.State.LATE:
        if row.name == Promise.RESPONSES and row.done:
            return ngettext("Answered %(n)s day late", "Answered %(n)s days late", n) % shown
        return ngettext("Late by %(n)s day", "Late by %(n)s days", n) % shown
    if row.state == PromiseRow.State.MISSING:
        return _("No commitment follows")
    return str(row.get_state_display())
