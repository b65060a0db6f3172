"""A survey as a table and as charts. Both come from the same columns, so they always agree."""

import json
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
from django.utils.translation import gettext as _

from parvis.core import limits
from parvis.core.i18n import tr
from parvis.methods.survey.answers import OTHER
from parvis.methods.survey.definition import TEXTS, Question, Questionnaire


def _field(name: str, kind: pa.DataType, what: str, question: Question, label: Any) -> pa.Field:
    metadata = {
        "kind": what,
        "question": question.id,
        "type": question.type,
        "label": json.dumps(label, ensure_ascii=False),
        "options": json.dumps(
            {option.id: option.label for option in question.options}, ensure_ascii=False
        ),
    }
    return pa.field(name, kind, metadata=metadata)


def _joined(question: Question, label: Mapping[str, str]) -> dict[str, str]:
    return {
        code: f"{text} : {label.get(code, '')}"
        if code == "fr"
        else f"{text}: {label.get(code, '')}"
        for code, text in question.label.items()
    }


def columns_of(question: Question) -> list[tuple[pa.Field, Any]]:
    """Return the columns of a question: (field, function from an answer to the cell).

    single: the answer's identifier; multiple: one true/false a choice; ranking: one rank a
    choice (1 is first); scale and number: the number; texts and "other": text, kept apart.
    """
    what = "opinion" if question.opinion else "characteristic"
    name = question.id
    if question.type in TEXTS:
        return [(_field(name, pa.string(), "text", question, question.label), _get(name))]
    columns: list[tuple[pa.Field, Any]]
    if question.type == "single":
        columns = [(_field(name, pa.string(), what, question, question.label), _get(name))]
    elif question.type == "multiple":
        choices = [(option.id, option.label) for option in question.options]
        if question.other:
            choices.append((OTHER, {"fr": "Autre", "en": "Other"}))
        columns = [
            (
                _field(f"{name}_{key}", pa.bool_(), what, question, _joined(question, label)),
                _holds(name, key),
            )
            for key, label in choices
        ]
    elif question.type == "ranking":
        columns = [
            (
                _field(
                    f"{name}_{option.id}",
                    pa.int8(),
                    what,
                    question,
                    _joined(question, option.label),
                ),
                _rank(name, option.id),
            )
            for option in question.options
        ]
    elif question.type == "scale":
        columns = [(_field(name, pa.int16(), what, question, question.label), _get(name))]
    else:
        columns = [
            (
                _field(name, pa.float64(), what, question, question.label),
                lambda answers: None if answers.get(name) is None else float(answers[name]),
            )
        ]
    if question.other:
        label = _joined(question, {"fr": "autre, en mots", "en": "other, in words"})
        columns.append(
            (
                _field(f"{name}_other_text", pa.string(), "text", question, label),
                _get(f"{name}_other"),
            )
        )
    return columns


def _get(name: str) -> Any:
    return lambda answers: answers.get(name)


def _holds(name: str, key: str) -> Any:
    return lambda answers: None if answers.get(name) is None else key in answers[name]


def _rank(name: str, key: str) -> Any:
    def cell(answers: Mapping[str, Any]) -> int | None:
        order = answers.get(name) or []
        return order.index(key) + 1 if key in order else None

    return cell


def table(
    questionnaire: Questionnaire, payloads: Sequence[Mapping[str, Any]], *, seed: int | None = None
) -> pa.Table:
    """Return the answers, one row each, in an order that tells nothing (random, or by seed)."""
    rows = list(payloads)
    (random.SystemRandom() if seed is None else random.Random(seed)).shuffle(rows)
    fields, arrays = [], []
    for question in questionnaire.questions():
        for field, cell in columns_of(question):
            fields.append(field)
            arrays.append(pa.array([cell(row) for row in rows], type=field.type))
    return pa.table(arrays, schema=pa.schema(fields))


@dataclass(frozen=True)
class Bar:
    """One bar: its words, its count, and its share of those who answered the question."""

    label: str
    count: int
    share: float

    @property
    def width(self) -> str:
        """The bar's length on a scale of 100, as SVG wants it."""
        return f"{100 * self.share:.2f}"


@dataclass(frozen=True)
class Chart:
    """What one question gave. `answered` is the denominator; too few gives no bars."""

    question: str
    title: str
    kind: str
    answered: int
    total: int
    bars: tuple[Bar, ...]
    note: str
    opinion: bool
    too_few: bool


def chart(question: Question, data: pa.Table) -> Chart | None:
    """Return the chart of a question from the table's own columns; None for texts.

    Below 10 answers nothing is shown; a characteristic's cells under 10 are merged.
    """
    if question.type in TEXTS:
        return None
    names = [field.name for field, _cell in columns_of(question) if field.type != pa.string()]
    if question.type == "single":
        names = [question.id]
    columns = [data.column(name).to_pylist() for name in names]
    answered = sum(any(cell is not None for cell in row) for row in zip(*columns, strict=True))
    note, bars = _bars(question, columns, answered)
    if not question.opinion:
        bars = _merged(bars, answered)
    few = answered < limits.CHART_ANSWERS_MIN
    return Chart(
        question=question.id,
        title=tr(question.label),
        kind=question.type,
        answered=answered,
        total=data.num_rows,
        bars=() if few else tuple(bars),
        note=note,
        opinion=question.opinion,
        too_few=few,
    )


def _bars(question: Question, columns: list[list[Any]], answered: int) -> tuple[str, list[Bar]]:
    def bar(label: str, count: int) -> Bar:
        return Bar(label, count, count / answered if answered else 0.0)

    if question.type == "single":
        cells = columns[0]
        bars = [bar(tr(o.label), cells.count(o.id)) for o in question.options]
        if question.other:
            bars.append(bar(_("Other"), cells.count(OTHER)))
        return "", bars
    if question.type == "multiple":
        labels = [tr(option.label) for option in question.options]
        if question.other:
            labels.append(_("Other"))
        note = _("Several answers are possible: the shares add up to more than 100 %.")
        return note, [
            bar(label, cells.count(True)) for label, cells in zip(labels, columns, strict=True)
        ]
    if question.type == "ranking":
        bars = [
            bar(tr(option.label), cells.count(1))
            for option, cells in zip(question.options, columns, strict=True)
        ]
        note = _("How many people put each first. The file gives every rank.")
        return note, sorted(bars, key=lambda item: -item.count)
    if question.type == "scale":
        return "", [bar(str(point), columns[0].count(point)) for point in question.points]
    return "", _histogram([cell for cell in columns[0] if cell is not None], answered)


def _histogram(values: list[float], answered: int) -> list[Bar]:
    if not values:
        return []
    low, high = min(values), max(values)
    if low == high:
        return [Bar(f"{low:g}", len(values), 1.0)]
    step = (high - low) / 8
    bins = [0] * 8
    for value in values:
        bins[min(7, int((value - low) / step))] += 1
    return [
        Bar(f"{low + i * step:.4g} – {low + (i + 1) * step:.4g}", n, n / answered)
        for i, n in enumerate(bins)
    ]


def _merged(bars: list[Bar], answered: int) -> list[Bar]:
    """Merge the cells under 10 people; a lone small cell takes the smallest other with it."""
    small = [bar for bar in bars if 0 < bar.count < limits.CELL_MIN]
    large = [bar for bar in bars if bar.count >= limits.CELL_MIN]
    if not small:
        return large
    if sum(bar.count for bar in small) < limits.CELL_MIN or len(small) == 1:
        large.sort(key=lambda bar: -bar.count)
        if large:
            small.append(large.pop())
    count = sum(bar.count for bar in small)
    share = count / answered if answered else 0.0
    return [*large, Bar(_("Other answers, grouped to protect people"), count, share)]
