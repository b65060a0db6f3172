"""A row of a register, judged cell by cell: values, or what is wrong and what to do."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

from django.utils.translation import gettext as _

from parvis.analysis import personal
from parvis.analysis.text import fold
from parvis.core.i18n import tr
from parvis.proactive.lists import Column, Shape

_SPACES = str.maketrans("", "", " \u00a0\u202f\u2009")
_NUMBER = re.compile(r"-?\d{1,12}(?:\.\d{1,2})?")
_DAY = re.compile(r"(\d{4})-(\d{2})-(\d{2})(?:[T ]00:00(?::00(?:\.0+)?)?)?")
_YES = {"oui": True, "yes": True, "true": True, "vrai": True, "1": True, "o": True, "y": True}
_NO = {"non": False, "no": False, "false": False, "faux": False, "0": False, "n": False}
VALUE_CHARACTERS = 80
YEAR_MIN = 1900


@dataclass(frozen=True)
class Problem:
    """What is wrong with a cell: its column, its value (cut), in words, and what to do."""

    column: str
    value: str
    wrong: str
    todo: str

    def as_list(self, row: int) -> list[Any]:
        """Return it as a report keeps it."""
        return [row, self.column, self.value, self.wrong, self.todo]


class _Bad(Exception):
    def __init__(self, wrong: str, todo: str) -> None:
        super().__init__(wrong)
        self.wrong, self.todo = wrong, todo


def _text(column: Column, cell: str) -> str:
    if len(cell) > column.characters:
        raise _Bad(
            _("%(n)d characters, the most is %(max)d.")
            % {"n": len(cell), "max": column.characters},
            _("Shorten it."),
        )
    if column.personal and any(one.severity == "block" for one in personal.scan(cell)):
        raise _Bad(
            _("It seems to hold a telephone number, an e-mail or another personal number."),
            _("Remove it: this register is public."),
        )
    return cell


def _day(_column: Column, cell: str) -> str:
    match = _DAY.fullmatch(cell)
    try:
        found = date(int(match[1]), int(match[2]), int(match[3])) if match else None
    except ValueError:
        found = None
    if found is None or found.year < YEAR_MIN:
        raise _Bad(
            _("This is not a date written as year-month-day."),
            _("Write it like 2025-05-14."),
        )
    return found.isoformat()


def _money(_column: Column, cell: str) -> str:
    plain = cell.translate(_SPACES).removesuffix("$").removeprefix("$")
    if re.fullmatch(r"-?\d{1,3}(?:,\d{3})+", plain):
        raise _Bad(
            _("The comma may mark decimals or thousands."),
            _("Write 1234.00, with a point for cents and nothing for thousands."),
        )
    if plain.count(",") == 1 and "." not in plain:
        plain = plain.replace(",", ".")
    if not _NUMBER.fullmatch(plain):
        raise _Bad(_("This is not an amount in dollars."), _("Write it like 1234.50."))
    try:
        return f"{Decimal(plain):.2f}"
    except InvalidOperation:  # pragma: no cover the pattern lets only numbers through
        raise _Bad(_("This is not an amount in dollars."), _("Write it like 1234.50.")) from None


def _integer(_column: Column, cell: str) -> int:
    plain = cell.translate(_SPACES)
    plain = plain.removesuffix(".0")
    if not re.fullmatch(r"\d{1,9}", plain):
        raise _Bad(_("This is not a whole number."), _("Write it in figures, like 12."))
    return int(plain)


def _boolean(_column: Column, cell: str) -> bool:
    found = {**_YES, **_NO}.get(fold(cell))
    if found is None:
        raise _Bad(_("This is neither yes nor no."), _("Write oui or non."))
    return found


def _choice(column: Column, cell: str) -> str:
    wanted = fold(cell)
    for code, words in column.choices.items():
        if wanted in {fold(code), *(fold(text) for text in words.values())}:
            return code
    raise _Bad(
        _("This word is not in the list."),
        _("Write one of: %(list)s.") % {"list": ", ".join(column.choices)},
    )


_READ = {
    "text": _text, "date": _day, "money": _money, "integer": _integer, "boolean": _boolean,
    "choice": _choice,
}  # fmt: skip


def heading(column: Column) -> str:
    """Return what people call a column."""
    return tr(column.label)


def check_row(shape: Shape, cells: Mapping[str, str]) -> tuple[dict[str, Any], list[Problem]]:
    """Return (values by column, problems). Values hold what was right, None where it is empty."""
    values: dict[str, Any] = {}
    problems: list[Problem] = []
    for column in shape.columns:
        cell = " ".join(str(cells.get(column.name) or "").split())
        if not cell:
            values[column.name] = None
            if column.required:
                problems.append(
                    Problem(
                        column.name, "", _("This cell is empty."),
                        _("Fill it: %(help)s") % {"help": tr(column.help)},
                    )
                )  # fmt: skip
            continue
        try:
            values[column.name] = _READ[column.type](column, cell)
        except _Bad as bad:
            values[column.name] = None
            problems.append(Problem(column.name, cell[:VALUE_CHARACTERS], bad.wrong, bad.todo))
    if not problems:
        problems += _rules(shape, values)
    return values, problems


def _rules(shape: Shape, values: Mapping[str, Any]) -> Sequence[Problem]:
    """Return what several cells say against one another."""
    if shape.code != "acces":
        return ()
    found = []
    received, answered = values["date_reception"], values["date_reponse"]
    if answered and answered < received:
        found.append(
            Problem(
                "date_reponse", answered, _("The answer is before the request."),
                _("Check the two dates."),
            )
        )  # fmt: skip
    if bool(answered) != bool(values["decision"]):
        found.append(
            Problem(
                "decision", values["decision"] or "",
                _("A date without a decision, or a decision without a date."),
                _("Give both, or leave both empty while there is no answer."),
            )
        )  # fmt: skip
    if values["decision"] in {"partielle", "refusee"} and not values["articles"]:
        found.append(
            Problem(
                "articles", "", _("The sections of the Act are missing."),
                _("Say which sections were relied on to refuse, like 37, 53."),
            )
        )  # fmt: skip
    return found
