"""A spreadsheet read back as a questionnaire; everything that is wrong is said by its cell."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from django.utils.translation import gettext as _

from parvis.core import limits
from parvis.core.errors import Invalid
from parvis.core.i18n import DEFAULT, LANGUAGES
from parvis.methods.survey import editing
from parvis.methods.survey.definition import IDENTIFIER
from parvis.methods.survey.sheet import guard
from parvis.methods.survey.sheet.build import Builder, Problem, finish
from parvis.methods.survey.sheet.columns import BY_KEY, KEY_OF, TYPE_OF, folded, is_opinion, truth
from parvis.methods.survey.sheet.write import unguarded
from parvis.methods.survey.wording import RESERVED
from parvis.tables import read
from parvis.tables.errors import REASONS, TableError

ROWS_MAX = 5_000
OPTION_ID = r"^[a-z0-9][a-z0-9_-]{0,39}$"
_INTEGER = re.compile(r"^[+-]?\d{1,9}(?:[.,]0+)?$")


class Wrong(Exception):
    """The file is no questionnaire; `problems` says each thing that is wrong."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__(f"{len(problems)} problems")
        self.problems = list(problems)


def questionnaire(data: bytes, settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings that a file holds; `results` and known identifiers stay as they are.

    data: an XLSX or CSV file. settings: the present questionnaire. A formula counts as the text
    that the spreadsheet shows. Raises Invalid (the file as a whole), Wrong (each cell at fault).
    """
    guard.check(data)
    known = {q["id"]: q for page in settings.get("pages", []) for q in page["questions"]}
    reader = Builder(known)
    try:
        rows = read.read_rows(data, rows_max=ROWS_MAX, bytes_max=guard.FILE_BYTES)
        reader.headers = _headers(list(rows.columns))
        keys = {name: key for key, name in reader.headers.items()}
        escaped = not data.startswith(b"PK")
        for number, cells in rows:
            texts = {
                keys[name]: (unguarded(text) if escaped else text).replace("\r\n", "\n").strip()
                for name, text in cells.items() if name in keys
            }  # fmt: skip
            if any(texts.values()):
                _row(reader, number, texts)
    except TableError as error:
        raise Invalid({"file": [_(REASONS[error.reason]) % error.params]}) from None
    for problem in rows.problems:
        reader.say(problem.row, problem.column, problem.value, _(REASONS[problem.reason]))
    if not reader.pages and not reader.wrong:
        raise Invalid({"file": [_("This file holds no question.")]})
    finish(reader)
    if reader.wrong:
        raise Wrong(sorted(reader.wrong, key=lambda one: one.row))
    made: dict[str, Any] = {"pages": reader.pages}
    if "results" in settings:
        made["results"] = settings["results"]
    return made


def _headers(columns: Sequence[str]) -> dict[str, str]:
    """Return key -> header of the file. Raises Invalid where a needed one is absent."""
    found: dict[str, str] = {}
    for name in columns:
        key = KEY_OF.get(folded(name))
        if key and key not in found:
            found[key] = name
    lost = [key for key in ("type", "label_fr") if key not in found]
    if lost:
        names = ", ".join(f"“{BY_KEY[key].header['fr']}”" for key in lost)
        words = _("These columns are missing: %(names)s. Start from the template.")
        raise Invalid({"file": [words % {"names": names}]})
    return found


def _row(reader: Builder, number: int, cells: Mapping[str, str]) -> None:
    for key, words in cells.items():
        if len(words) > limits.REASON_CHARACTERS and key not in {"options_fr", "options_en"}:
            reason = _("%(n)d characters, the most is %(max)d.")
            reader.say(
                number, key, words, reason % {"n": len(words), "max": limits.REASON_CHARACTERS}
            )
    if any(cells.get(key) for key in ("id", "type", "label_fr", "label_en")):
        _page(reader, number, cells)
        if reader.pages:
            _question(reader, number, cells)
    elif cells.get("options_fr") or cells.get("options_en") or cells.get("option_id"):
        _option(reader, number, cells)
    else:
        reader.say(number, "label_fr", "", _("This row has neither a question nor an answer."))


def _text(cells: Mapping[str, str], key: str) -> dict[str, str]:
    return {code: words for code in LANGUAGES if (words := cells.get(f"{key}_{code}", ""))}


def _page(reader: Builder, number: int, cells: Mapping[str, str]) -> None:
    """Begin a page where the row names another one than the row above."""
    name = cells.get("page", "")
    title, intro = _text(cells, "page_title"), _text(cells, "intro")
    here = reader.page_names.get(name) if name else (reader.pages[-1]["id"] if reader.pages else "")
    if here and reader.pages[-1]["id"] == here:
        page = reader.pages[-1]
        if title and title != page["title"]:
            reader.say(
                number, "page_title_fr", title.get(DEFAULT, ""),
                _("This page has another title above."),
            )  # fmt: skip
        if intro and intro != page.get("intro"):
            reader.say(
                number, "intro_fr", intro.get(DEFAULT, ""),
                _("This page has another introduction above."),
            )  # fmt: skip
        return
    if here:
        reader.say(number, "page", name, _("This page ended above: put its rows together."))
        return
    if not title.get(DEFAULT):
        reader.say(number, "page_title_fr", "", _("Give the title of the page, in French."))
        title = {DEFAULT: name or "…", **title}
    taken = {page["id"] for page in reader.pages}
    if re.match(IDENTIFIER, name) and name != "new":
        made = name
    else:
        made = editing.identifier(title[DEFAULT], taken, "page")
    if made in taken:
        made = editing.identifier(made, taken, "page")
    reader.page_names[name or made] = made
    page = {"id": made, "title": title, "questions": []}
    if intro:
        page["intro"] = intro
    reader.pages.append(page)
    reader.rows[(len(reader.pages) - 1,)] = number


def _question(reader: Builder, number: int, cells: Mapping[str, str]) -> None:
    i, j = len(reader.pages) - 1, len(reader.pages[-1]["questions"])
    label = _text(cells, "label")
    if not label.get(DEFAULT):
        reader.say(number, "label_fr", "", _("Write the question, in French."))
    kind = TYPE_OF.get(folded(cells.get("type", "")), "")
    if not kind:
        reader.say(
            number, "type", cells.get("type", ""),
            _("This is no type: see the second sheet of the template."),
        )  # fmt: skip
    question: dict[str, Any] = {
        "id": _identifier(reader, number, cells, label),
        "type": kind,
        "label": label,
        "required": _yes(reader, number, cells, "required"),
        "opinion": True,
        "options": [],
        "other": _yes(reader, number, cells, "other"),
    }
    opinion = is_opinion(cells.get("about", ""))
    if opinion is None:
        reader.say(number, "about", cells["about"], _("Write “opinion” or “personne”."))
    question["opinion"] = opinion is not False
    if words := _text(cells, "help"):
        question["help"] = words
    for name in ("min", "max"):
        value = cells.get(name, "")
        if value and not _INTEGER.match(value):
            reader.say(number, name, value, _("This is not a whole number."))
        elif value:
            question[name] = int(re.split("[.,]", value)[0])
    low, high = _text(cells, "low"), _text(cells, "high")
    if low or high:
        question["ends"] = {"low": low, "high": high}
    reader.pages[-1]["questions"].append(question)
    reader.rows[(i, j)] = number
    reader.given[(i, j)] = []
    if condition := cells.get("show_if", ""):
        reader.conditions.append((number, i, j, condition))
    _inline(reader, number, cells)
    _coherent(reader, number, kind, question, cells)


def _identifier(
    reader: Builder, number: int, cells: Mapping[str, str], label: Mapping[str, str]
) -> str:
    taken = {q["id"] for page in reader.pages for q in page["questions"]}
    given = cells.get("id", "")
    if not given:
        return editing.identifier(label.get(DEFAULT, ""), taken, "question")
    if not re.match(IDENTIFIER, given):
        reason = _("An identifier has 40 small letters, digits, - or _ at most, a letter first.")
        reader.say(number, "id", given, reason)
    elif given in RESERVED:
        reader.say(number, "id", given, _("This word cannot be an identifier: choose another."))
    elif given in taken:
        reader.say(number, "id", given, _("Another question above has this identifier."))
    return given


def _yes(reader: Builder, number: int, cells: Mapping[str, str], key: str) -> bool:
    found = truth(cells.get(key, ""))
    if found is None:
        reader.say(number, key, cells[key], _("Write “oui” or “non”."))
    return bool(found)


def _inline(reader: Builder, number: int, cells: Mapping[str, str]) -> None:
    """Answers written in one cell, separated by |."""
    lists = {
        code: [part.strip() for part in words.split("|")]
        for code in LANGUAGES
        if (words := cells.get(f"options_{code}", ""))
    }
    if not lists:
        return
    french = lists.get(DEFAULT, [])
    for code, parts in lists.items():
        key = f"options_{code}"
        if not all(parts):
            reader.say(number, key, cells[key], _("An answer between two “|” is empty."))
            return
        if len(parts) != len(french):
            reader.say(
                number, key, cells[key],
                _("There must be as many answers in each language: %(n)d in French.")
                % {"n": len(french)},
            )  # fmt: skip
            return
    for rank in range(len(french)):
        label = {code: parts[rank] for code, parts in lists.items()}
        _add_option(reader, number, "", label)


def _option(reader: Builder, number: int, cells: Mapping[str, str]) -> None:
    """An answer on a row of its own, under its question."""
    if not reader.pages:
        reader.say(number, "options_fr", cells.get("options_fr", ""),
                   _("This answer has no question above."))  # fmt: skip
        return
    name = cells.get("page", "")
    if name and reader.page_names.get(name) != reader.pages[-1]["id"]:
        reader.say(number, "page", name, _("This answer is on another page than its question."))
        return
    label = _text(cells, "options")
    if not label.get(DEFAULT):
        reader.say(number, "options_fr", "", _("Write the answer, in French."))
        return
    given = cells.get("option_id", "")
    if given and not re.match(OPTION_ID, given):
        reason = _("An identifier has 40 small letters, digits, - or _ at most.")
        reader.say(number, "option_id", given, reason)
        return
    if given in RESERVED:
        reason = _("This word cannot be an identifier: choose another.")
        reader.say(number, "option_id", given, reason)
        return
    _add_option(reader, number, given, label)


def _add_option(reader: Builder, number: int, given: str, label: dict[str, str]) -> None:
    place = (len(reader.pages) - 1, len(reader.pages[-1]["questions"]) - 1)
    others = reader.given[place]
    if given and any(other == given for _row, other, _label in others):
        reader.say(number, "option_id", given, _("Another answer above has this identifier."))
    elif not given and any(one[DEFAULT] == label[DEFAULT] for _row, _given, one in others):
        reader.say(number, "options_fr", label[DEFAULT], _("This answer is there twice."))
    else:
        others.append((number, given, label))


def _coherent(
    reader: Builder, number: int, kind: str, question: Mapping[str, Any], cells: Mapping[str, str]
) -> None:
    """What a type does not use must be empty, as in the editor."""
    if question["other"] and kind and kind not in {"single", "multiple"}:
        reader.say(number, "other", cells["other"], _("This type has no “Other” answer."))
    if "ends" in question:
        low, high = question["ends"]["low"], question["ends"]["high"]
        if kind and kind != "scale":
            reader.say(number, "low_fr", low.get(DEFAULT, ""), _("Only a scale has ends."))
        for key, text in (("low_fr", low), ("high_fr", high)):
            if not text.get(DEFAULT):
                reader.say(number, key, "", _("Name both ends of the scale, in French."))
    if kind == "single":
        for name in ("min", "max"):
            if name in question:
                words = _("One answer is chosen: leave this empty.")
                reader.say(number, name, cells[name], words)
