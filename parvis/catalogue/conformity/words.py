"""What was found in a file, in words: for each check, its rule, its evidence, what to do."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext, pgettext

from parvis.catalogue.conformity.checks import KEYS, NO, NONE, YES
from parvis.catalogue.conformity.models import Conformity
from parvis.catalogue.conformity.profile import as_read
from parvis.tables.errors import FORMS

RULES: Mapping[str, Any] = {
    "separator": gettext_lazy("Columns separated by commas"),
    "utf8": gettext_lazy("Characters in UTF-8"),
    "epsg": gettext_lazy("Places in WGS 84 (EPSG:4326)"),
    "compression": gettext_lazy("No compression"),
    "unknown": gettext_lazy("Empty cells rather than default values"),
    "dates": gettext_lazy("Dates and times in ISO 8601"),
    "numbers": gettext_lazy("Decimal points, base units, dollars rather than thousands"),
    "booleans": gettext_lazy("Plain yes or no values"),
}
TO_DO: Mapping[str, Any] = {
    "separator": gettext_lazy("Export the file with commas at the source: what is offered is."),
    "utf8": gettext_lazy("Export the file in UTF-8 at the source: what is offered is."),
    "epsg": gettext_lazy("Convert the coordinates to degrees (EPSG:4326), then load the file."),
    "compression": gettext_lazy("Publish the files themselves, not an archive."),
    "unknown": gettext_lazy("Leave these cells empty, then load the file again."),
    "dates": gettext_lazy("Write dates as year-month-day, such as 2024-12-31, then load it again."),
    "numbers": gettext_lazy(
        "Write numbers alone, with a point for decimals; put the unit in the column’s description."
    ),
    "booleans": gettext_lazy("Write oui and non, or true and false, in full."),
}
_SEPARATORS = {";": ";", "\t": gettext_lazy("tab"), "|": "|", " ": gettext_lazy("space")}


def _cells(words: str, words_many: str, one: Mapping[str, Any]) -> str:
    return ngettext(words, words_many, one["count"]) % {"n": one["count"], "column": one["column"]}


def _sentence(one: Mapping[str, Any]) -> str:
    """Return what was found, as a sentence."""
    code, column, value = one["code"], one.get("column", ""), one.get("value", "")
    form = FORMS.get(one.get("form", ""), "")
    said: dict[str, Any] = {
        "comma": lambda: _("The file came with commas."),
        "no_separator": lambda: _("The file came without separators; the CSV offered has commas."),
        "other_separator": lambda: (
            _("The file came with “%(value)s”; the CSV offered has commas.")
            % {"value": _SEPARATORS.get(value, value)}
        ),
        "utf8_plain": lambda: _("The file came in UTF-8."),
        "utf8_marked": lambda: _("The file came in UTF-8 with a mark (BOM), which was taken away."),
        "no_encoding": lambda: _("The file came in a format that has one encoding only."),
        "other_encoding": lambda: (
            _("The file came in %(value)s; the CSV offered is in UTF-8.") % {"value": value}
        ),
        "not_compressed": lambda: _("The files offered are not compressed."),
        "no_places": lambda: _("There is no coordinate in this file."),
        "degrees": lambda: (
            _("“%(column)s” is in degrees: from %(minimum)s to %(maximum)s.") % one
        ),
        "not_degrees": lambda: (
            _("“%(column)s” is not in degrees: from %(minimum)s to %(maximum)s.") % one
        ),
        "shapes_inside": lambda: _("The shapes are in degrees."),
        "shapes_outside": lambda: _cells(
            "%(n)d shape is not in degrees.", "%(n)d shapes are not in degrees.", one
        ),
        "declared": lambda: _("The file says that it is in %(value)s.") % {"value": value},
        "no_unknown": lambda: _("No cell stands for an absent value."),
        "unknown_word": lambda: _cells(
            "“%(column)s”: %(n)d cell says that the value is absent.",
            "“%(column)s”: %(n)d cells say that the value is absent.", one,
        ),
        "unknown_number": lambda: _cells(
            "“%(column)s”: %(n)d number seems to stand for an absent value.",
            "“%(column)s”: %(n)d numbers seem to stand for an absent value.", one,
        ),
        "unknown_date": lambda: _cells(
            "“%(column)s”: %(n)d date seems to stand for an absent value.",
            "“%(column)s”: %(n)d dates seem to stand for an absent value.", one,
        ),
        "date_as_text": lambda: _cells(
            "“%(column)s”: %(n)d date is not written in ISO 8601.",
            "“%(column)s”: %(n)d dates are not written in ISO 8601.", one,
        ),
        "date_converted": lambda: (
            _("“%(column)s” came written as %(form)s; it is offered in ISO 8601.")
            % {"column": column, "form": form}
        ),
        "good_dates": lambda: _("Every date is written in ISO 8601."),
        "no_dates": lambda: _("There is no date in this file."),
        "number_as_text": lambda: _cells(
            "“%(column)s”: %(n)d number has a comma, spaces or a unit.",
            "“%(column)s”: %(n)d numbers have commas, spaces or units.", one,
        ),
        "number_converted": lambda: (
            _("“%(column)s” came written as %(form)s; it is offered with a point.")
            % {"column": column, "form": form}
        ),
        "thousands": lambda: (
            _("“%(column)s” seems to be in thousands or millions.") % {"column": column}
        ),
        "good_numbers": lambda: _("Every number is written with a point."),
        "no_numbers": lambda: _("There is no number in this file."),
        "boolean_plain": lambda: _("“%(column)s” says true or false.") % {"column": column},
        "boolean_code": lambda: (
            _("“%(column)s” says yes and no by codes: %(value)s.")
            % {"column": column, "value": value}
        ),
        "no_booleans": lambda: _("There is no yes or no in this file."),
        "duplicate_header": lambda: (
            _("Two columns had the same name: one is now “%(column)s”.") % {"column": column}
        ),
        "empty_header": lambda: (
            _("A column had no name: it is now “%(column)s”.") % {"column": column}
        ),
        "reserved_header": lambda: (
            _("A column had a reserved name: it is now “%(column)s”.") % {"column": column}
        ),
        "empty_columns": lambda: (
            ngettext("%(n)d column is empty: %(value)s.", "%(n)d columns are empty: %(value)s.",
                     one["count"]) % {"n": one["count"], "value": value}
        ),
        "no_header": lambda: (
            _("The first row may be data rather than names: %(value)s.") % {"value": value}
        ),
        "merged": lambda: (
            ngettext("%(n)d group of merged cells: only its first cell has a value. %(value)s",
                     "%(n)d groups of merged cells: only their first cell has a value. %(value)s",
                     one["count"]) % {"n": one["count"], "value": value}
        ),
        "sheets": lambda: (
            _("Only the first sheet that holds something was read, of %(n)d: %(value)s.")
            % {"n": one["count"], "value": value}
        ),
    }  # fmt: skip
    return str(said[code]()) if code in said else str(code)


@dataclass(frozen=True)
class Found:
    """One thing found: a sentence, and the first rows where it is."""

    words: str
    rows: list[tuple[int, str]] = field(default_factory=list)


@dataclass(frozen=True)
class Rule:
    """One rule, as shown: its answers in words, what was found, what to do where it is not met."""

    code: str
    key: str
    rule: str
    official: str
    offered: str
    received: str
    found: list[Found]
    to_do: str

    @property
    def met(self) -> bool:
        """Whether what is offered follows the rule."""
        return self.offered != NO

    @property
    def applies(self) -> bool:
        """Whether the rule has an object in this file."""
        return self.offered != NONE


def answer(value: str) -> str:
    """Return oui, non or n/a in the reader's language."""
    words = {
        YES: pgettext("conformity", "yes"),
        NO: pgettext("conformity", "no"),
        NONE: pgettext("conformity", "not applicable"),
    }
    return words.get(value, value)


def _found(rows: Iterable[Mapping[str, Any]]) -> list[Found]:
    return [Found(_sentence(one), [(r, v) for r, v in one.get("rows", ())]) for one in rows]


def rules(conformity: Conformity) -> list[Rule]:
    """Return the eight rules of a version, in words."""
    official = {row["champ"]: row["regle"] for row in as_read()["conformite_ressource"]["regles"]}
    out = []
    for check in conformity.checks:
        code, offered, received = check["code"], check["offered"], check["received"]
        wrong = NO in (offered, received)
        out.append(
            Rule(
                code=code,
                key=KEYS[code],
                rule=str(RULES[code]),
                official=official[KEYS[code]],
                offered=offered,
                received=received,
                found=_found(check["found"]),
                to_do=str(TO_DO[code]) if wrong else "",
            )
        )
    return out


def remarks(conformity: Conformity) -> list[Found]:
    """Return what else was seen, in words."""
    return _found(conformity.remarks)
