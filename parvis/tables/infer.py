"""The type of a column, from all its cells, and the cells that stood in the way.

Each shape is an anchored expression so strict that a cell which matches always converts without
loss. French and English ways of writing numbers are told apart by the column, never by one cell.
"""

from dataclasses import dataclass, field
from decimal import Decimal
from typing import Literal

import pyarrow as pa
import pyarrow.compute as pc

from parvis.tables.errors import CellProblem, shorten
from parvis.tables.schema import Column, Type

PROBLEMS_PER_COLUMN_MAX = 100
# A float carries any 15 significant digits; beyond that each value is checked.
EXACT_DIGITS = 15

_SPACE = "[ \u00a0\u202f\u2009]"
_WHOLE = f"(?:0|[1-9][0-9]*|[1-9][0-9]{{0,2}}(?:{_SPACE}[0-9]{{3}})+)"
_YEAR = "(?:[0-9]{3}[1-9]|[0-9]{2}[1-9]0|[0-9][1-9]00|[1-9]000)"
_LEAP = (
    "(?:[0-9]{2}(?:0[48]|[2468][048]|[13579][26])"
    "|(?:0[48]|[2468][048]|[13579][26])00)"
)  # fmt: skip
_DAY = (
    f"(?:{_YEAR}-(?:(?:0[13578]|1[02])-(?:0[1-9]|[12][0-9]|3[01])"
    "|(?:0[469]|11)-(?:0[1-9]|[12][0-9]|30)"
    f"|02-(?:0[1-9]|1[0-9]|2[0-8]))|{_LEAP}-02-29)"
)
_TIME = "(?:[01][0-9]|2[0-3]):[0-5][0-9](?::[0-5][0-9](?:\\.[0-9]{1,6})?)?"
_ZONE = "(?:Z|[+-](?:0[0-9]|1[0-4]):?[0-5][0-9])"

Shape = Literal["whole", "point", "comma", "english", "boolean", "date", "naive", "zoned"]
_SHAPES: dict[Shape, str] = {
    "whole": "^[-−]?(?:0|[1-9][0-9]{0,17}|[1-9][0-9]{0,2}(?:" + _SPACE + "[0-9]{3}){1,5})$",
    "point": f"^[-−]?{_WHOLE}(?:\\.[0-9]+)?$",
    "comma": f"^[-−]?{_WHOLE}(?:,[0-9]+)?$",
    "english": "^[-−]?(?:0|[1-9][0-9]*|[1-9][0-9]{0,2}(?:,[0-9]{3})+)(?:\\.[0-9]+)?$",
    "date": f"^{_DAY}$",
    "naive": f"^{_DAY}[ T]{_TIME}$",
    # UTC may be a day away: stay clear of the ends of the calendar.
    "zoned": f"^[1-9]...-(?:..-..)[ T]{_TIME}{_ZONE}$",
}
_NUMBERS: tuple[Shape, ...] = ("point", "comma", "english")
_LEADING_ZERO = f"^[-−]?0[0-9](?:[0-9.,]|{_SPACE})*$"
_NEGATIVE_ZERO = "^[-−]0+$"
_TRUE = pa.array(["true", "vrai"])
_BOOLEAN = pa.array(["true", "vrai", "false", "faux"])
_FORCED: dict[Type, tuple[Shape, ...]] = {
    "integer": ("whole",),
    "number": _NUMBERS,
    "boolean": ("boolean",),
    "date": ("date",),
    "datetime": ("naive", "zoned"),
}
_REASON: dict[Shape, str] = {
    "whole": "not_an_integer",
    "point": "not_a_number",
    "comma": "not_a_number",
    "english": "not_a_number",
    "boolean": "not_a_boolean",
    "date": "not_a_date",
    "naive": "not_a_datetime",
    "zoned": "not_a_datetime",
}


@dataclass(frozen=True, slots=True)
class Decision:
    """How a column is read. `shape` is None for text."""

    type: Type
    shape: Shape | None = None
    problems: tuple[CellProblem, ...] = ()
    problems_total: int = 0

    def column(self, name: str) -> Column:
        """The column this decision gives."""
        return Column(name, self.type, utc=self.shape == "zoned")


@dataclass(slots=True)
class Tally:
    """What the cells of one column look like, over as many batches as there are."""

    filled: int = 0
    leading_zeros: int = 0
    matches: dict[Shape, int] = field(default_factory=lambda: dict.fromkeys(_REASON, 0))
    misfits: dict[Shape, list[tuple[int, str]]] = field(
        default_factory=lambda: {shape: [] for shape in _REASON}
    )

    def add(self, numbers: pa.Array, cells: pa.Array) -> None:
        """Count a batch: row numbers (int64) and cells (string), of the same length."""
        trimmed = pc.utf8_trim_whitespace(cells)
        keep = pc.fill_null(pc.not_equal(trimmed, ""), False)
        trimmed, numbers = trimmed.filter(keep), numbers.filter(keep)
        if not len(trimmed):
            return
        self.filled += len(trimmed)
        masks = _masks(trimmed)
        for shape in _REASON:
            self._count(shape, masks.get(shape), numbers, trimmed)
        if "point" in masks:
            zeros = pc.match_substring_regex(trimmed, _LEADING_ZERO)
            self.leading_zeros += pc.sum(zeros).as_py()

    def _count(
        self, shape: Shape, mask: pa.Array | None, numbers: pa.Array, cells: pa.Array
    ) -> None:
        """`mask` None means that no cell has the shape."""
        matches = 0 if mask is None else pc.sum(mask).as_py()
        self.matches[shape] += matches
        misfits = self.misfits[shape]
        missing = PROBLEMS_PER_COLUMN_MAX - len(misfits)
        if missing > 0 and matches < len(cells):
            if mask is None:
                rows, texts = numbers[:missing], cells[:missing]
            else:
                where = pc.indices_nonzero(pc.invert(mask))[:missing]
                rows, texts = numbers.take(where), cells.take(where)
            misfits += zip(rows.to_pylist(), texts.to_pylist(), strict=True)


def decide(
    name: str,
    tally: Tally,
    *,
    forced: Type | None = None,
    comma_decimals: bool | None = None,
    midnight: bool = False,
) -> Decision:
    """The type that every filled cell of the column has, else text.

    When more than half of the cells had a type, or `forced` asks for one, the others are listed.
    `comma_decimals` settles columns where each comma has three digits after it ("1,204");
    `midnight` says that dates among date-times are midnights, as in spreadsheets.
    """
    if forced == "text" or not tally.filled:
        return Decision("text")
    shapes = _FORCED[forced] if forced else tuple(_REASON)
    if tally.leading_zeros:  # a code, such as a postal or a product number
        shapes = tuple(s for s in shapes if s not in ("whole", *_NUMBERS))
        if not shapes:
            return _text(name, tally, "whole", "not_a_number")
    full = [shape for shape in shapes if tally.matches[shape] == tally.filled]
    naive = tally.matches["naive"] if "naive" in shapes else 0
    if midnight and naive and naive + tally.matches["date"] == tally.filled:
        full = ["naive"]
    if full:
        return _fitting(name, tally, full, comma_decimals)
    if forced is None and _mixed_zones(tally):
        usual: Shape = max(("naive", "zoned"), key=lambda shape: tally.matches[shape])
        return _text(name, tally, usual, "mixed_time_zones")
    best = max(shapes, key=lambda shape: tally.matches[shape])
    if forced or tally.matches[best] * 2 > tally.filled:
        if best == "whole" and forced is None:
            best = max(_NUMBERS, key=lambda shape: tally.matches[shape])
        return _text(name, tally, best, _REASON[best])
    return Decision("text")


def _fitting(name: str, tally: Tally, full: list[Shape], comma_decimals: bool | None) -> Decision:
    if "whole" in full:
        return Decision("integer", "whole")
    if "comma" in full and "english" in full and "point" not in full:
        if comma_decimals is None:
            return _text(name, tally, "point", "ambiguous_number")
        full = ["comma" if comma_decimals else "english"]
    shape = full[0]
    if shape in _NUMBERS:
        return Decision("number", shape)
    kinds: dict[Shape, Type] = {"boolean": "boolean", "date": "date"}
    return Decision(kinds.get(shape, "datetime"), shape)


def _mixed_zones(tally: Tally) -> bool:
    naive, zoned = tally.matches["naive"], tally.matches["zoned"]
    return bool(naive and zoned and naive + zoned == tally.filled)


def _text(name: str, tally: Tally, shape: Shape, reason: str) -> Decision:
    problems = tuple(
        CellProblem(row, name, shorten(cell), reason) for row, cell in tally.misfits[shape]
    )
    return Decision("text", None, problems, tally.filled - tally.matches[shape])


def _masks(cells: pa.Array) -> dict[Shape, pa.Array]:
    """Which cells have which shape; shapes that no cell can have are left out.

    Most batches are all of one kind, and one expression settles them.
    """
    masks: dict[Shape, pa.Array] = {}
    if pc.any(pc.less_equal(pc.binary_length(cells), 5)).as_py():
        masks["boolean"] = pc.is_in(pc.utf8_lower(cells), _BOOLEAN)
    if not pc.any(pc.match_substring_regex(cells, "^[-−]?[0-9]")).as_py():
        return masks
    date = pc.match_substring_regex(cells, _SHAPES["date"])
    if pc.all(date).as_py():
        return {"date": date}
    numbers = _numbers(cells)
    if pc.all(numbers["whole"]).as_py():
        return numbers
    day = pc.match_substring_regex(pc.utf8_slice_codeunits(cells, 0, 10), _SHAPES["date"])
    zoned = pc.match_substring_regex(cells, _SHAPES["zoned"])
    last = pc.match_substring_regex(cells, "^9999-")
    return {
        **masks,
        **numbers,
        "date": date,
        "naive": pc.match_substring_regex(cells, _SHAPES["naive"]),
        "zoned": pc.and_not(pc.and_(zoned, day), last),
    }


def _numbers(cells: pa.Array) -> dict[Shape, pa.Array]:
    whole = pc.match_substring_regex(cells, _SHAPES["whole"])
    whole = pc.and_not(whole, pc.match_substring_regex(cells, _NEGATIVE_ZERO))
    marks = pc.match_substring_regex(cells, f",|{_SPACE}")
    if not pc.any(marks).as_py():
        # Without commas and spaces, English numbers are those with points, and French ones whole.
        if pc.all(whole).as_py():
            return {"whole": whole, "point": whole, "comma": whole, "english": whole}
        point = _number("point", cells)
        return {
            "whole": whole,
            "point": point,
            "comma": pc.and_not(point, pc.match_substring(cells, ".")),
            "english": point,
        }
    return {"whole": whole, **{shape: _number(shape, cells) for shape in _NUMBERS}}


def _number(shape: Shape, cells: pa.Array) -> pa.Array:
    mask = pc.match_substring_regex(cells, _SHAPES[shape])
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
    drop = "," if shape == "english" else _SPACE
    cells = pc.replace_substring_regex(cells, drop, "")
    cells = pc.replace_substring(cells, "−", "-")
    return pc.replace_substring(cells, ",", ".") if shape == "comma" else cells


def convert(decision: Decision, cells: pa.Array) -> pa.Array:
    """Cells (string) as the decided type; empty cells, and blank ones unless text, become null."""
    if decision.shape is None:
        return pc.if_else(pc.equal(cells, ""), pa.scalar(None, pa.string()), cells)
    cells = pc.utf8_trim_whitespace(cells)
    cells = pc.if_else(pc.equal(cells, ""), pa.scalar(None, pa.string()), cells)
    if decision.type == "boolean":
        lower = pc.utf8_lower(cells)
        found = pc.is_in(lower, _TRUE)
        return pc.if_else(pc.is_valid(cells), found, pa.scalar(None, pa.bool_()))
    if decision.type in ("integer", "number"):
        cells = _plain(decision.shape, cells)
    elif decision.shape == "naive":
        midnight = pc.equal(pc.utf8_length(cells), 10)
        cells = pc.if_else(midnight, pc.binary_join_element_wise(cells, "00:00", " "), cells)
    return pc.cast(cells, decision.column("x").arrow_type)
