"""Days and times in every usual order, brought to ISO 8601 and checked against the calendar."""

import pyarrow as pa
import pyarrow.compute as pc

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
# Day and month in either order, the year last: 31/12/2024, 1.2.2024, 12-31-2024.
DAY_FIRST = r"^[0-9]{1,2}([/.-])[0-9]{1,2}[/.-][0-9]{4}"
_MIXED_MARKS = r"^[0-9]+(?:/[0-9]+[.-]|\.[0-9]+[/-]|-[0-9]+[/.])"
_MONTHS = (
    ("janvier|janv\\.?|january|jan\\.?", "01"),
    ("février|fevrier|févr\\.?|fév\\.?|february|feb\\.?", "02"),
    ("mars|march|mar\\.?", "03"),
    ("avril|avr\\.?|april|apr\\.?", "04"),
    ("mai|may", "05"),
    ("juin|june|jun\\.?", "06"),
    ("juillet|juil\\.?|july|jul\\.?", "07"),
    ("août|aout|august|aug\\.?", "08"),
    ("septembre|september|sept\\.?|sep\\.?", "09"),
    ("octobre|october|oct\\.?", "10"),
    ("novembre|november|nov\\.?", "11"),
    ("décembre|decembre|déc\\.?|december|dec\\.?", "12"),
)
_MONTH = "|".join(names for names, _ in _MONTHS)
# "1er mars 2024", "1 March 2024", "March 1, 2024"
_WORDS = (
    f"(?i)^(?:(?:1er|[1-9]|[0-3][0-9]) (?:{_MONTH})|(?:{_MONTH}) (?:[1-9]|[0-3][0-9]),?)"
    " [0-9]{4}$"
)


def is_day(cells: pa.Array) -> pa.Array:
    """Which cells are a day of the calendar, year-month-day."""
    return pc.match_substring_regex(cells, f"^{_DAY}$")


def is_naive(cells: pa.Array) -> pa.Array:
    """Which cells are a day and a time without a zone."""
    return pc.match_substring_regex(cells, f"^{_DAY}[ T]{_TIME}$")


def is_zoned(cells: pa.Array) -> pa.Array:
    """Which cells are a day and a time with a zone, clear of the ends of the calendar."""
    zoned = pc.match_substring_regex(cells, f"^[1-9]...-(?:..-..)[ T]{_TIME}{_ZONE}$")
    if not pc.any(zoned).as_py():
        return zoned
    day = is_day(pc.utf8_slice_codeunits(cells, 0, 10))
    last = pc.match_substring_regex(cells, "^9999-")
    return pc.and_not(pc.and_(zoned, day), last)


def _padded(cells: pa.Array) -> pa.Array:
    """Day, month and year with the same mark between them, the first two on two digits."""
    mixed = pc.match_substring_regex(cells, _MIXED_MARKS)
    cells = pc.if_else(pc.fill_null(mixed, False), pa.scalar("", pa.string()), cells)
    # RE2 knows nine groups: "\\10" is the first one and a zero.
    cells = pc.replace_substring_regex(cells, r"^([0-9])([/.-])", r"0\1\2")
    cells = pc.replace_substring_regex(cells, r"^([0-9]{2}[/.-])([0-9])([/.-])", r"\10\2\3")
    # "9:05" and "14 h 30" are times as well.
    cells = pc.replace_substring_regex(cells, r"^(.{10}[ T])([0-9])( ?h|:)", r"\10\2\3")
    return pc.replace_substring_regex(cells, r"^(.{10}[ T][0-9]{2}) ?h ?([0-9]{2})$", r"\1:\2")


def from_dmy(cells: pa.Array) -> pa.Array:
    """Day, month, year (and a time) as ISO 8601; other cells as they are."""
    pattern = r"^([0-9]{2})[/.-]([0-9]{2})[/.-]([0-9]{4})"
    return pc.replace_substring_regex(_padded(cells), pattern, r"\3-\2-\1")


def from_mdy(cells: pa.Array) -> pa.Array:
    """Month, day, year (and a time) as ISO 8601; other cells as they are."""
    pattern = r"^([0-9]{2})[/.-]([0-9]{2})[/.-]([0-9]{4})"
    return pc.replace_substring_regex(_padded(cells), pattern, r"\3-\1-\2")


def from_ymd(cells: pa.Array) -> pa.Array:
    """Year, month, day with strokes or points as ISO 8601; other cells as they are."""
    for mark in ("/", "\\."):
        pattern = f"^([0-9]{{4}}){mark}([0-9]{{2}}){mark}([0-9]{{2}})$"
        cells = pc.replace_substring_regex(cells, pattern, r"\1-\2-\3")
    return cells


def may_hold_words(cells: pa.Array) -> bool:
    """Whether some cell looks like a date with its month in words."""
    return pc.any(pc.match_substring_regex(cells, _WORDS)).as_py()


def from_words(cells: pa.Array) -> pa.Array:
    """Dates in French or English words as ISO 8601; other cells as an empty text."""
    fits = pc.fill_null(pc.match_substring_regex(cells, _WORDS), False)
    cells = pc.if_else(fits, pc.utf8_lower(cells), pa.scalar("", pa.string()))
    cells = pc.replace_substring_regex(cells, "^1er ", "01 ")
    for names, number in _MONTHS:
        cells = pc.replace_substring_regex(cells, f"^([0-9]+) (?:{names}) ", f"\\1-{number}-")
        cells = pc.replace_substring_regex(cells, f"^(?:{names}) ([0-9]+),? ", f"\\1-{number}-")
    cells = pc.replace_substring_regex(cells, "^([0-9])-", r"0\1-")
    return pc.replace_substring_regex(cells, "^(..)-(..)-(....)$", r"\3-\2-\1")


def to_iso(shape: str, cells: pa.Array) -> pa.Array:
    """Cells of one shape of `shapes` as ISO 8601 text; nulls stay null."""
    if shape.startswith("dmy"):
        return from_dmy(cells)
    if shape.startswith("mdy"):
        return from_mdy(cells)
    if shape == "ymd":
        return from_ymd(cells)
    if shape == "words":
        return pc.if_else(pc.is_valid(cells), from_words(cells), pa.scalar(None, pa.string()))
    return cells
