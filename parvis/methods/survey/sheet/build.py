"""The questionnaire that is built from rows, and its last checks once every row is there."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext as _
from pydantic import ValidationError

from parvis.core.i18n import DEFAULT
from parvis.methods.survey import editing
from parvis.methods.survey.definition import CHOICES, Questionnaire
from parvis.methods.survey.sheet.columns import header_of
from parvis.methods.survey.wording import problems

ERRORS_MAX = 200


@dataclass(frozen=True)
class Problem:
    """Something wrong: its row as a spreadsheet counts, its column, its value, and why."""

    row: int
    column: str
    value: str
    reason: str


@dataclass
class Builder:
    """The questionnaire being built, what is wrong so far, and on which row each part began."""

    before: Mapping[str, Mapping[str, Any]]
    headers: Mapping[str, str] = field(default_factory=dict)
    pages: list[dict[str, Any]] = field(default_factory=list)
    wrong: list[Problem] = field(default_factory=list)
    page_names: dict[str, str] = field(default_factory=dict)
    rows: dict[tuple[int, ...], int] = field(default_factory=dict)
    given: dict[tuple[int, int], list[tuple[int, str, dict[str, str]]]] = field(
        default_factory=dict
    )
    conditions: list[tuple[int, int, int, str]] = field(default_factory=list)

    def say(self, row: int, key: str, value: str, reason: str) -> None:
        """Add something wrong."""
        if len(self.wrong) < ERRORS_MAX:
            shown = value if len(value) <= 80 else f"{value[:79]}…"
            self.wrong.append(Problem(row, self.headers.get(key) or header_of(key), shown, reason))


def finish(reader: Builder) -> None:
    """Identifiers of the answers, conditions, and the checks of the definition itself."""
    for (i, j), given in reader.given.items():
        question = reader.pages[i]["questions"][j]
        number = reader.rows[(i, j)]
        if given and question["type"] and question["type"] not in CHOICES:
            reader.say(given[0][0], "options_fr", given[0][2][DEFAULT],
                       _("This type has no answers to choose."))  # fmt: skip
            continue
        before = reader.before.get(question["id"], {}).get("options", [])
        question["options"] = editing.with_identifiers(
            [(identifier, label) for _number, identifier, label in given], before
        )
        for k, (row, _identifier_given, _label) in enumerate(given):
            reader.rows[(i, j, k)] = row
        if question["type"] in CHOICES and len(given) < 2:
            reader.say(number, "options_fr", "", _("A question of choice needs two answers at "
                                                   "least."))  # fmt: skip
    for number, i, j, words in reader.conditions:
        _condition(reader, number, i, j, words)
    if not reader.wrong:
        _definition(reader)


def _condition(reader: Builder, number: int, i: int, j: int, words: str) -> None:
    name, equal, rest = words.partition("=")
    wanted = [part.strip() for part in rest.split("|")]
    if not equal or not name.strip() or not all(wanted):
        reason = _("Write: question = answer | answer, by their identifiers.")
        reader.say(number, "show_if", words, reason)
        return
    earlier = {q["id"]: q for page in reader.pages[:i] for q in page["questions"]}
    before = earlier.get(name.strip())
    if before is None:
        reason = _("“%(q)s” is no question of an earlier page.") % {"q": name.strip()}
        reader.say(number, "show_if", words, reason)
        return
    known = {option["id"]: option["id"] for option in before["options"]}
    for option in before["options"]:
        known.setdefault(option["label"][DEFAULT], option["id"])
    for one in wanted:
        if one not in known or before["type"] not in {"single", "multiple"}:
            reason = _("“%(a)s” is no answer to “%(q)s”.") % {"a": one, "q": name.strip()}
            reader.say(number, "show_if", words, reason)
            return
    reader.pages[i]["questions"][j]["show_if"] = {
        "question": name.strip(),
        "in": [known[one] for one in wanted],
    }


_COLUMN_OF = {"ends": "low_fr", "options": "options_fr", "label": "label_fr", "title": "page"}


def _definition(reader: Builder) -> None:
    """What only the definition knows: bounds, sizes; each at the row of its question."""
    raw = {"pages": reader.pages}
    try:
        Questionnaire.model_validate(raw)
    except ValidationError as error:
        for problem in error.errors():
            numbers = tuple(part for part in problem["loc"] if isinstance(part, int))
            row = next(
                (reader.rows[numbers[:n]] for n in (3, 2, 1) if numbers[:n] in reader.rows), 1
            )
            names = [str(part) for part in problem["loc"] if not isinstance(part, int)]
            column = _COLUMN_OF.get(names[-1], names[-1]) if names else ""
            key = column if column in reader.headers else ""
            reader.say(row, key, "", _reason(problem))
        return
    for words in problems(raw):
        reader.say(1, "", "", words)


def _reason(problem: Mapping[str, Any]) -> str:
    if problem["type"] == "too_long":
        most = problem.get("ctx", {}).get("max_length", 0)
        return _("At most %(n)d are allowed.") % {"n": most}
    return str(problem["msg"]).removeprefix("Value error, ")
