"""What was found in a file, in words: for each check, its rule, its evidence, what to do."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext_lazy, ngettext_lazy, pgettext

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


# What was found, by its code; the figures of each come from the check itself.
_SAID: Mapping[str, Any] = {
    "comma": gettext_lazy("The file came with commas."),
    "no_separator": gettext_lazy("The file came without separators; the CSV offered has commas."),
    "other_separator": gettext_lazy("The file came with “%(value)s”; the CSV offered has commas."),
    "utf8_plain": gettext_lazy("The file came in UTF-8."),
    "utf8_marked": gettext_lazy("The file came in UTF-8 with a mark (BOM), which was taken away."),
    "no_encoding": gettext_lazy("The file came in a format that has one encoding only."),
    "other_encoding": gettext_lazy("The file came in %(value)s; the CSV offered is in UTF-8."),
    "not_compressed": gettext_lazy("The files offered are not compressed."),
    "no_places": gettext_lazy("There is no coordinate in this file."),
    "degrees": gettext_lazy("“%(column)s” is in degrees: from %(minimum)s to %(maximum)s."),
    "not_degrees": gettext_lazy("“%(column)s” is not in degrees: from %(minimum)s to %(maximum)s."),
    "shapes_inside": gettext_lazy("The shapes are in degrees."),
    "declared": gettext_lazy("The file says that it is in %(value)s."),
    "no_unknown": gettext_lazy("No cell stands for an absent value."),
    "date_converted": gettext_lazy("“%(column)s” came written as %(form)s; it is now in ISO 8601."),
    "good_dates": gettext_lazy("Every date is written in ISO 8601."),
    "no_dates": gettext_lazy("There is no date in this file."),
    "number_converted": gettext_lazy("“%(column)s” came written as %(form)s; it now has a point."),
    "thousands": gettext_lazy("“%(column)s” seems to be in thousands or millions."),
    "good_numbers": gettext_lazy("Every number is written with a point."),
    "no_numbers": gettext_lazy("There is no number in this file."),
    "boolean_plain": gettext_lazy("“%(column)s” says true or false."),
    "boolean_code": gettext_lazy("“%(column)s” says yes and no by codes: %(value)s."),
    "no_booleans": gettext_lazy("There is no yes or no in this file."),
    "duplicate_header": gettext_lazy("Two columns had the same name: one is now “%(column)s”."),
    "empty_header": gettext_lazy("A column had no name: it is now “%(column)s”."),
    "reserved_header": gettext_lazy("A column had a reserved name: it is now “%(column)s”."),
    "no_header": gettext_lazy("The first row may be data rather than names: %(value)s."),
    "sheets": gettext_lazy(
        "Only the first sheet that holds something was read, of %(count)d: %(value)s."
    ),
    "shapes_outside": ngettext_lazy(
        "%(count)d shape is not in degrees.", "%(count)d shapes are not in degrees.", "count"
    ),
    "unknown_word": ngettext_lazy(
        "“%(column)s”: %(count)d cell says that the value is absent.",
        "“%(column)s”: %(count)d cells say that the value is absent.", "count",
    ),
    "unknown_number": ngettext_lazy(
        "“%(column)s”: %(count)d number seems to stand for an absent value.",
        "“%(column)s”: %(count)d numbers seem to stand for an absent value.", "count",
    ),
    "unknown_date": ngettext_lazy(
        "“%(column)s”: %(count)d date seems to stand for an absent value.",
        "“%(column)s”: %(count)d dates seem to stand for an absent value.", "count",
    ),
    "date_as_text": ngettext_lazy(
        "“%(column)s”: %(count)d date is not written in ISO 8601.",
        "“%(column)s”: %(count)d dates are not written in ISO 8601.", "count",
    ),
    "number_as_text": ngettext_lazy(
        "“%(column)s”: %(count)d number has a comma, spaces or a unit.",
        "“%(column)s”: %(count)d numbers have commas, spaces or units.", "count",
    ),
    "empty_columns": ngettext_lazy(
        "%(count)d column is empty: %(value)s.", "%(count)d columns are empty: %(value)s.", "count"
    ),
    "merged": ngettext_lazy(
        "%(count)d group of merged cells: only its first cell has a value. %(value)s",
        "%(count)d groups of merged cells: only their first cell has a value. %(value)s", "count",
    ),
}  # fmt: skip


def _sentence(one: Mapping[str, Any]) -> str:
    """Return what was found, as a sentence."""
    value = one.get("value", "")
    figures = {
        **one,
        "value": _SEPARATORS.get(value, value),
        "form": FORMS.get(one.get("form", ""), ""),
    }
    return str(_SAID[one["code"]] % figures)


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
