"""“Understanding data”: three lessons on the portal's own tables, each figure computed from them.

The words are Markdown in `lessons_text/<slug>.<language>.md`, with places for what is computed:
`{name}` for a value, a line `[[table]]`, `[[exercise]]` and `[[answer]]`. Nothing in a lesson is a
number written by hand: a table that changes changes the lesson.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _

from parvis.catalogue import store
from parvis.catalogue.models import Dataset
from parvis.core.i18n import typeset
from parvis.core.models import State
from parvis.core.templatetags.parvis import number, percent
from parvis.tables.errors import TableError
from parvis.tables.query import Query

_FOLDER = Path(__file__).parent / "lessons_text"
FIGURES = "consultations-publiques-chiffres"
COMMITMENTS = "engagements-plans-gouvernement-ouvert"
MOBILITY = "mobilite-2024"
ROWS_MAX = 5_000
Rows = Sequence[Mapping[str, Any]]


@dataclass(frozen=True)
class Bar:
    """A line of a figure: its words, its value in words, its length from 0 to 100."""

    words: str
    value: str
    width: float


@dataclass(frozen=True)
class Computed:
    """What a lesson takes from its table: values for the words, a table, a figure."""

    values: Mapping[str, str]
    head: Sequence[str]
    body: Sequence[Sequence[str]]
    bars: Sequence[Bar]


@dataclass(frozen=True)
class Lesson:
    """A lesson: its address, the dataset it reads, how it computes."""

    slug: str
    title: Any
    lead: Any
    dataset: str
    compute: Callable[[Rows], Computed | None]


@dataclass(frozen=True)
class Shown:
    """A lesson ready to be read: Markdown before and after the table, exercise, answer."""

    lesson: Lesson
    dataset: Dataset
    computed: Computed
    before: str
    after: str
    exercise: str
    answer: str


def _names(rows: Rows) -> dict[str, str]:
    return {str(row["consultation"]): str(row["title"]) for row in rows}


def _lines(rows: Rows) -> Computed | None:
    """Lesson 1: a row is not a consultation."""
    names = _names(rows)
    counts = {key: sum(row["consultation"] == key for row in rows) for key in names}
    if not counts:
        return None
    most = max(counts, key=lambda key: counts[key])
    empty = sum(row["value"] is None for row in rows)
    body = [(names[key], number(n)) for key, n in sorted(counts.items(), key=lambda one: -one[1])]
    bars = [
        Bar(names[key], number(n), round(100 * n / counts[most], 1)) for key, n in counts.items()
    ]
    return Computed(
        {
            "rows": number(len(rows)), "things": number(len(counts)), "empty": number(empty),
            "most": names[most], "most_rows": number(counts[most]),
            "filled": number(len(rows) - empty),
        },
        (_("Consultation"), _("Rows")), body, bars,
    )  # fmt: skip


def _shares(rows: Rows) -> Computed | None:
    """Lesson 2: a share has a denominator, and two ways to add shares up."""
    known = [
        (str(row["number"]), str(row["title"]), int(row["milestones_reached"]),
         int(row["milestones_total"]))
        for row in rows
        if row["milestones_total"] and row["milestones_reached"] is not None
    ]  # fmt: skip
    if not known:
        return None
    reached, total = sum(one[2] for one in known), sum(one[3] for one in known)
    mean = sum(one[2] / one[3] for one in known) / len(known)
    of = _("%(part)s of %(whole)s")
    body = [
        (title, of % {"part": number(done), "whole": number(all_)}, percent(done, all_))
        for _n, title, done, all_ in known
    ]
    bars = [
        Bar(title, percent(done, all_), round(100 * done / all_, 1))
        for _n, title, done, all_ in known
    ]
    return Computed(
        {
            "known": number(len(known)), "rows": number(len(rows)),
            "unknown": number(len(rows) - len(known)), "reached": number(reached),
            "total": number(total), "share": percent(reached, total), "mean": percent(mean),
        },
        (_("Commitment"), _("Milestones reached"), _("Share")), body, bars,
    )  # fmt: skip


def _samples(rows: Rows) -> Computed | None:
    """Lesson 3: those who answer are not everybody."""
    ours = [row for row in rows if row["consultation"] == MOBILITY and row["value"] is not None]
    shares = [(str(row["measure"]), float(row["value"])) for row in ours if row["unit"] == "%"]
    counts = [float(row["value"]) for row in ours if row["unit"] != "%"]
    pairs: dict[str, list[float]] = {}
    for measure, value in shares:
        question, _sign, _who = measure.rpartition(" : ")
        pairs.setdefault(question, []).append(value)
    whole = [(question, two) for question, two in pairs.items() if len(two) == 2 and question]
    if not whole or len(counts) < 4:
        return None
    widest = max(whole, key=lambda one: abs(one[1][0] - one[1][1]))
    closest = min(whole, key=lambda one: abs(one[1][0] - one[1][1]))
    _questions, received, apart, kept = counts[:4]
    say = lambda value: percent(value / 100)  # noqa: E731
    return Computed(
        {
            "received": number(received), "apart": number(apart), "kept": number(kept),
            "left": number(received - apart), "question": widest[0],
            "volunteers": say(widest[1][0]), "survey": say(widest[1][1]),
            "gap": number(abs(widest[1][0] - widest[1][1])), "other": closest[0],
            "other_gap": number(abs(closest[1][0] - closest[1][1])),
        },
        (_("Question"), _("Those who chose to answer"), _("People drawn at random")),
        [(question, say(two[0]), say(two[1])) for question, two in whole],
        [Bar(measure, say(value), value) for measure, value in shares],
    )  # fmt: skip


LESSONS = (
    Lesson(
        "what-a-row-counts", gettext_lazy("What does a row count?"),
        gettext_lazy("Before counting, read what one line of the table stands for."),
        FIGURES, _lines,
    ),
    Lesson(
        "a-share-of-what", gettext_lazy("A percentage of what?"),
        gettext_lazy("The same milestones give two different shares. Both are right."),
        COMMITMENTS, _shares,
    ),
    Lesson(
        "who-answered", gettext_lazy("Who answered?"),
        gettext_lazy("Those who choose to answer are not the whole population."),
        FIGURES, _samples,
    ),
)  # fmt: skip
BY_SLUG = {lesson.slug: lesson for lesson in LESSONS}


def available() -> list[tuple[Lesson, Dataset | None]]:
    """Return every lesson with its dataset, or None where this site does not publish it."""
    rows = Dataset.objects.filter(
        node__slug__in={lesson.dataset for lesson in LESSONS}, node__state=State.PUBLIC
    ).select_related("node")
    by_slug = {row.node.slug: row for row in rows}
    return [(lesson, by_slug.get(lesson.dataset)) for lesson in LESSONS]


def shown(lesson: Lesson) -> Shown | None:
    """Return a lesson with what its table says now; None where the table is not here.

    A table whose columns have changed, or whose file is gone, gives None too.
    """
    dataset = {one.slug: d for one, d in available()}[lesson.slug]
    rows = _rows(dataset) if dataset else None
    if dataset is None or rows is None:
        return None
    try:
        computed = lesson.compute(rows)
    except (KeyError, TypeError, ValueError):
        return None
    if computed is None:
        return None
    language = (get_language() or "fr")[:2]
    parts = (typeset(part, language) for part in _parts(lesson.slug, language))
    before, after, exercise, answer = (part.format_map(computed.values) for part in parts)
    return Shown(lesson, dataset, computed, before, after, exercise, answer)


def _rows(dataset: Dataset) -> Rows | None:
    resource = dataset.resources.filter(current__isnull=False).select_related("current").first()
    if resource is None or resource.current is None:
        return None
    try:
        file = store.stored(resource.current)
        return store.store().query(file, Query(limit=ROWS_MAX)).read_all().to_pylist()
    except TableError:
        return None


@lru_cache(maxsize=16)
def _parts(slug: str, language: str) -> tuple[str, str, str, str]:
    text = (_FOLDER / f"{slug}.{language}.md").read_text(encoding="utf-8")
    before, _mark, rest = text.partition("[[table]]")
    after, _mark, rest = rest.partition("[[exercise]]")
    exercise, _mark, answer = rest.partition("[[answer]]")
    return before.strip(), after.strip(), exercise.strip(), answer.strip()
