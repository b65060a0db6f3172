"""The ways a cell may be written, each so strict that a cell which has it converts without loss.

French and English ways of writing numbers and days are told apart by the column, never by one cell.
"""

import re
from decimal import Decimal
from typing import Literal

import pyarrow as pa
import pyarrow.compute as pc

from parvis.tables.read import days
from parvis.tables.schema import Type

# A float carries any 15 significant digits; beyond that each value is checked.
EXACT_DIGITS = 15

_SPACE = "[ \u00a0\u202f\u2009]"
_WHOLE = f"(?:0|[1-9][0-9]*|[1-9][0-9]{{0,2}}(?:{_SPACE}[0-9]{{3}})+)"

Shape = Literal[
    "whole",
    "point",
    "comma",
    "english",
    "boolean",
    "date",
    "naive",
    "zoned",
    "dmy",
    "mdy",
    "same_day",
    "ymd",
    "words",
    "dmy_time",
    "mdy_time",
    "same_day_time",
    "truth",
]
_EXPRESSIONS: dict[str, str] = {
    "whole": "^[-−]?(?:0|[1-9][0-9]{0,17}|[1-9][0-9]{0,2}(?:" + _SPACE + "[0-9]{3}){1,5})$",
    "point": f"^[-−]?{_WHOLE}(?:\\.[0-9]+)?$",
    "comma": f"^[-−]?{_WHOLE}(?:,[0-9]+)?$",
    "english": "^[-−]?(?:0|[1-9][0-9]*|[1-9][0-9]{0,2}(?:,[0-9]{3})+)(?:\\.[0-9]+)?$",
}
NUMBERS: tuple[Shape, ...] = ("point", "comma", "english")
# What a date is written as; "same_day" marks days that are the same whichever comes first, and
# "truth" booleans that can be nothing else ("oui" may stand beside "peut-être").
DATES: tuple[Shape, ...] = ("date", "dmy", "mdy", "ymd", "words")
TIMES: tuple[Shape, ...] = ("naive", "zoned", "dmy_time", "mdy_time")
SHAPES: tuple[Shape, ...] = ("whole", *NUMBERS, "boolean", *DATES, *TIMES)
MARKS: tuple[Shape, ...] = ("same_day", "same_day_time", "truth")
_LEADING_ZERO = f"^[-−]?0[0-9](?:[0-9.,]|{_SPACE})*$"
_NEGATIVE_ZERO = "^[-−]0+$"
TRUE = pa.array(["true", "vrai", "oui", "yes"])
_TRUTH = pa.array(["true", "vrai", "false", "faux"])
_BOOLEAN = pa.array(["true", "vrai", "oui", "yes", "false", "faux", "non", "no"])
_PLAIN = "^-?(?:0|[1-9][0-9]*)(?:\\.[0-9]+)?$"
_PLAIN_CELL = re.compile(_PLAIN)
_INTEGER_CELL = re.compile("-?[0-9]+$")
# What starts neither with a figure nor as a month or a yes is text, and most text is settled so.
_CANDIDATE = (
    "^(?:[-−]?[0-9]|[Jj][AaUu]|[Ff][EeéÉ]|[Mm][Aa]|[Aa][VvPpOoUu]|[Ss][Ee][Pp]|[Oo][Cc]|[Nn][Oo][Vv]"
    "|[Dd][EeéÉ]|(?i:true|vrai|oui|yes|false|faux|non|no)$)"
)
_NUMBER_LIKE = f"^[-−]?[0-9](?:[0-9.,]|{_SPACE})*$"
_MAYBE_DAY = r"^[0-9]{1,4}[/.-][0-9]{1,2}[/.-][0-9]"
_ODD_IN_NUMBER = f",|−|{_SPACE}"

TYPE_OF: dict[Shape, Type] = {
    "whole": "integer",
    **dict.fromkeys(NUMBERS, "number"),  # type: ignore[arg-type]
    "boolean": "boolean",
    **dict.fromkeys(DATES, "date"),  # type: ignore[arg-type]
    **dict.fromkeys(TIMES, "datetime"),  # type: ignore[arg-type]
}
REASON: dict[Type, str] = {
    "integer": "not_an_integer",
    "number": "not_a_number",
    "boolean": "not_a_boolean",
    "date": "not_a_date",
    "datetime": "not_a_datetime",
}


def candidates(cells: pa.Array) -> pa.Array:
    """Which of the filled, trimmed cells may have a shape at all."""
    return pc.match_substring_regex(cells, _CANDIDATE)


def masks(cells: pa.Array) -> dict[Shape, pa.Array]:
    """Which of the filled, trimmed cells have which shape; shapes that none has may be left out."""
    return alike(cells) or _each(cells)


def _each(cells: pa.Array) -> dict[Shape, pa.Array]:
    found: dict[Shape, pa.Array] = {}
    if pc.min(pc.binary_length(cells)).as_py() <= 5:
        lower = pc.utf8_lower(cells)
        flags = pc.is_in(lower, _BOOLEAN)
        if pc.any(flags).as_py():
            found["boolean"], found["truth"] = flags, pc.is_in(lower, _TRUTH)
    number_like = pc.match_substring_regex(cells, _NUMBER_LIKE)
    if pc.any(number_like).as_py():
        found |= _numbers(cells, _whole(cells))
        if pc.all(number_like).as_py() and not pc.any(pc.match_substring(cells, ".")).as_py():
            return found  # a day has other marks
    if pc.any(pc.match_substring_regex(cells, _MAYBE_DAY)).as_py():
        found["date"] = days.is_day(cells)
        found["naive"] = days.is_naive(cells)
        found["zoned"] = days.is_zoned(cells)
        found |= _other_days(cells)
    if days.may_hold_words(cells):
        words = days.is_day(days.from_words(cells))
        if pc.any(words).as_py():
            found["words"] = words
    return found


def alike(cells: pa.Array) -> dict[Shape, pa.Array]:
    """The masks when all cells are of the kind of the first one; empty when they are not.

    Most batches are all of one kind, and one expression settles them.
    """
    first = cells[0].as_py()
    if _INTEGER_CELL.match(first):
        try:
            same = pc.equal(pc.cast(pc.cast(cells, pa.int64()), pa.string()), cells)
        except pa.ArrowInvalid:
            same = None
        if same is not None and pc.all(same).as_py() and _short(cells):
            return dict.fromkeys(("whole", *NUMBERS), same)
    if _PLAIN_CELL.match(first):
        plain = pc.match_substring_regex(cells, _PLAIN)
        if pc.all(plain).as_py() and _short(cells):
            whole = comma = pc.invert(pc.match_substring(cells, "."))
            if pc.any(pc.match_substring(cells, "-0")).as_py():
                whole = pc.and_not(whole, pc.match_substring_regex(cells, _NEGATIVE_ZERO))
            return {"whole": whole, "point": plain, "comma": comma, "english": plain}
    elif len(first) == 10 and first[4] == "-":
        date = days.is_day(cells)
        if pc.all(date).as_py():
            return {"date": date}
    elif len(first) >= 16 and first[4] == "-":
        naive = days.is_naive(cells)
        if pc.all(naive).as_py():
            return {"naive": naive}
    return {}


def _short(cells: pa.Array) -> bool:
    """Whether a float holds every one of these numbers exactly, by their length alone."""
    return pc.max(pc.binary_length(cells)).as_py() <= EXACT_DIGITS


def _other_days(cells: pa.Array) -> dict[Shape, pa.Array]:
    found: dict[Shape, pa.Array] = {}
    iso_ymd = days.from_ymd(cells)
    found["ymd"] = pc.and_(days.is_day(iso_ymd), pc.match_substring_regex(cells, "[/.]"))
    if not pc.any(pc.match_substring_regex(cells, days.DAY_FIRST)).as_py():
        return found
    for suffix, test in (("", days.is_day), ("_time", days.is_naive)):
        first, second = days.from_dmy(cells), days.from_mdy(cells)
        dmy, mdy = test(first), test(second)
        changed = pc.and_(pc.not_equal(first, cells), True)
        dmy, mdy = pc.and_(dmy, changed), pc.and_(mdy, changed)
        found[f"dmy{suffix}"] = dmy  # type: ignore[index]
        found[f"mdy{suffix}"] = mdy  # type: ignore[index]
        found[f"same_day{suffix}"] = pc.and_(dmy, pc.equal(first, second))  # type: ignore[index]
    return found


def leading_zeros(cells: pa.Array) -> pa.Array:
    """Which cells are digits that start with a zero: codes, not numbers."""
    return pc.match_substring_regex(cells, _LEADING_ZERO)


def _whole(cells: pa.Array) -> pa.Array:
    whole = pc.match_substring_regex(cells, _EXPRESSIONS["whole"])
    negative = pc.match_substring_regex(cells, _NEGATIVE_ZERO)
    return pc.and_not(whole, negative) if pc.any(negative).as_py() else whole


def _numbers(cells: pa.Array, whole: pa.Array) -> dict[Shape, pa.Array]:
    if not pc.any(pc.match_substring_regex(cells, f",|{_SPACE}")).as_py():
        # Without commas and spaces, English numbers are those with points, and French ones whole.
        if _short(cells) and pc.all(whole).as_py():
            return dict.fromkeys(("whole", *NUMBERS), whole)
        point = _number("point", cells)
        comma = pc.and_not(point, pc.match_substring(cells, "."))
        return {"whole": whole, "point": point, "comma": comma, "english": point}
    return {"whole": whole, **{shape: _number(shape, cells) for shape in NUMBERS}}


def _number(shape: Shape, cells: pa.Array) -> pa.Array:
    mask = pc.match_substring_regex(cells, _EXPRESSIONS[shape])
    return pc.and_(mask, _exact(shape, cells, mask))


def _exact(shape: Shape, cells: pa.Array, mask: pa.Array) -> pa.Array:
    """False where a float would change the number that is written."""
    long = pc.and_(mask, pc.greater(pc.utf8_length(cells), EXACT_DIGITS))
    if not pc.any(long).as_py():
        return mask
    texts = _plain(shape, cells.filter(long)).to_pylist()
    verdicts = pa.array([_round_trips(text) for text in texts], pa.bool_())
    return pc.replace_with_mask(mask, long, verdicts)


def _round_trips(text: str) -> bool:
    shortest = repr(float(text))
    return shortest == text or Decimal(shortest) == Decimal(text)


def _plain(shape: Shape, cells: pa.Array) -> pa.Array:
    """Numbers as a program writes them: no separator of thousands, a point, an ASCII minus."""
    if not pc.any(pc.match_substring_regex(cells, _ODD_IN_NUMBER)).as_py():
        return cells
    drop = "," if shape == "english" else _SPACE
    cells = pc.replace_substring_regex(cells, drop, "")
    cells = pc.replace_substring(cells, "−", "-")
    return pc.replace_substring(cells, ",", ".") if shape == "comma" else cells


def convert(shape: Shape, cells: pa.Array) -> pa.Array:
    """Trimmed cells (null where empty), all of one shape, as the type of that shape."""
    if shape == "boolean":
        found = pc.is_in(pc.utf8_lower(cells), TRUE)
        return pc.if_else(pc.is_valid(cells), found, pa.scalar(None, pa.bool_()))
    if shape == "whole":
        return pc.cast(_plain(shape, cells), pa.int64())
    if shape in NUMBERS:
        return pc.cast(_plain(shape, cells), pa.float64())
    cells = days.to_iso(shape, cells)
    if TYPE_OF[shape] == "date":
        return pc.cast(cells, pa.date32())
    if shape == "zoned":
        return pc.cast(cells, pa.timestamp("us", "UTC"))
    midnight = pc.equal(pc.utf8_length(cells), 10)
    if pc.any(midnight).as_py():  # a spreadsheet's day among its times
        cells = pc.if_else(midnight, pc.binary_join_element_wise(cells, "00:00", " "), cells)
    return pc.cast(cells, pa.timestamp("us"))
