"""The disclosure risk note in words: the same lines on the page and in the text file.

Figures are rounded down to five where the exact one would help somebody to undo the protection.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import override

from parvis.catalogue.anonymisation.figures import BAND
from parvis.core.i18n import LANGUAGES, tr
from parvis.core.templatetags.parvis import number, percent

_HEADINGS = {"fr": "NOTE SUR LE RISQUE DE DIVULGATION", "en": "DISCLOSURE RISK NOTE"}


@dataclass(frozen=True)
class Line:
    """One figure: a name for programs, its words, its value as it is shown."""

    name: str
    words: str
    value: str


@dataclass(frozen=True)
class Part:
    """The lines of one activity, or of them all (no title)."""

    title: str
    lines: list[Line]
    withheld: list[tuple[str, str]]


def parts(facts: Mapping[str, Any], kept: Mapping[str, int]) -> list[Part]:
    """Return the note in the active language; `kept` are the counts of free texts."""
    if not facts:
        return []
    first = [Line("threshold", _("Fewest people in a published count"), number(facts["threshold"]))]
    if kept.get("total"):
        first += [
            Line("texts_published", _("Free texts published"), number(kept["published"])),
            Line("texts_masked", _("Free texts with masked words"), number(kept["masked"])),
            Line("texts_withheld", _("Free texts withheld"), number(kept["withheld"])),
        ]
    found = [Part("", first, [])]
    for one in facts["activities"]:
        lines = [Line("rows", _("People whose answers are published"), number(one["rows"]))]
        lines += _alike(one) + _counted(one) + _crossed(one)
        found.append(Part(tr(one["title"]), lines, _withheld(one)))
    return found


def _alike(one: Mapping[str, Any]) -> list[Line]:
    alike = one.get("alike")
    if not alike:
        return []
    lines = [
        Line(
            "opinions",
            _("Columns of opinions, without any characteristic"),
            number(one["opinions"]),
        ),
        Line("k", _("Smallest group of rows with the same opinions"), number(alike["k"])),
        Line(
            "unique",
            _("Rows whose opinions, all together, are those of no other row"),
            number(alike["unique"]),
        ),
    ]
    for each in one["combined"]:
        words = {
            2: _("Rows alone on two columns of opinions, on average"),
            3: _("Rows alone on three columns of opinions, on average"),
        }[each["size"]]
        lines.append(Line(f"alone_{each['size']}", words, percent(each["mean"])))
    return lines


def _counted(one: Mapping[str, Any]) -> list[Line]:
    if "one_way" not in one:
        return []
    way, together = one["one_way"], one["together"]
    lines = [
        Line("characteristics", _("Characteristics, counted one at a time"), number(way["tables"]))
    ]
    if way["smallest"]:
        lines.append(Line("smallest", _("Smallest published count"), number(way["smallest"])))
    return [
        *lines,
        Line("merged", _("Counts in which small groups are merged"), number(way["merged"])),
        Line("suppressed", _("Characteristics not shown at all"), number(way["suppressed"])),
        Line(
            "together",
            _("People who would be alone if all characteristics were published together"),
            number(together["unique"]),
        ),
    ]


def _crossed(one: Mapping[str, Any]) -> list[Line]:
    crossed = one.get("crossed")
    if not crossed:
        return []
    return [
        Line("crossed", _("Crossed tables"), number(crossed["tables"])),
        Line("cells", _("Cells of crossed tables, without totals"), number(crossed["cells"])),
        Line("hidden", _("Hidden cells"), number(crossed["hidden"])),
        Line(
            "protecting", _("Of these, hidden only to protect others"), band(crossed["secondary"])
        ),
        Line(
            "smallest_crossed",
            _("Smallest published count in crossed tables"),
            number(crossed["smallest"]),
        ),
        *(
            [
                Line(
                    "narrowest",
                    _("Narrowest range in which a hidden cell can be placed, in people"),
                    number(crossed["narrowest"]),
                )
            ]
            if crossed["hidden"]
            else []
        ),
    ]


def band(value: int) -> str:
    """Return a count rounded down: the exact one would tell which cells are the small ones."""
    if value < BAND:
        return _("fewer than %(n)s") % {"n": number(BAND)}
    return _("%(n)s or more") % {"n": number(value - value % BAND)}


def _withheld(one: Mapping[str, Any]) -> list[tuple[str, str]]:
    why = {
        "characteristic": _("a characteristic: counted, never beside a person’s answers"),
        "unknown": _("nothing says what it holds"),
        "few": _("too few people answered"),
    }
    return [(tr(each["label"]) or each["name"], why[each["why"]]) for each in one["withheld"]]


def how(facts: Mapping[str, Any]) -> list[str]:
    """Return how it was done and what it does not do, in the active language."""
    rows = _(
        "Rows are in random order under random numbers; nobody keeps the order. "
        "Characteristics are in no file that has rows of persons."
    )
    crossed = _(
        "In crossed tables, a linear programme hides other cells with the small ones, "
        "so that no sum or difference places a hidden cell in a narrower range than the"
        " threshold. Another programme then tried to, and could not."
    )
    stays = _(
        "What stays possible: who knows several opinions of a person may find the row "
        "of that person and read the others. A text may be recognised by its style. "
        "These data are depersonalised; nobody promises that they are anonymous for "
        "ever."
    )
    crosses = any("crossed" in one for one in facts["activities"])
    return [rows, crossed, stays] if crosses else [rows, stays]


def as_text(facts: Mapping[str, Any], kept: Mapping[str, int], title: Mapping[str, str]) -> bytes:
    """Return the note as a text file, in each language."""
    out: list[str] = []
    for code in LANGUAGES:
        with override(code):
            out += [_HEADINGS[code], tr(title), ""]
            for part in parts(facts, kept):
                out += [f"== {part.title} =="] if part.title else []
                out += [
                    f"{line.words} : {line.value}"
                    if code == "fr"
                    else f"{line.words}: {line.value}"
                    for line in part.lines
                ]
                out += [
                    f"- {_('Withheld')}{' ' if code == 'fr' else ''}: {words} ({why})"
                    for words, why in part.withheld
                ]
                out.append("")
            out += [*how(facts), "", f"({facts['code']})", "", ""]
    return "\n".join(out).replace("\u00a0", " ").replace("\u202f", " ").rstrip().encode() + b"\n"
