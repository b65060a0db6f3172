"""Rows as lists of text, from CSV and from spreadsheets, with the row number people see."""

import csv
import datetime
import re
from collections import deque
from collections.abc import Iterable, Iterator
from decimal import Decimal
from functools import lru_cache
from typing import IO, Any, BinaryIO, NamedTuple

import python_calamine as calamine

from parvis.tables.errors import CellProblem, TableError, shorten
from parvis.tables.read.archive import opened_archive
from parvis.tables.read.sniff import Dialect, csv_reader
from parvis.tables.schema import NAME_LENGTH_MAX, RESERVED

BAD_QUOTES_MAX = 100
SHEET_CELLS_MAX = 100_000_000
ZIP_ENTRIES_MAX = 1_000
SHEET_CHUNK_BYTES = 1 << 20
# A row or a cell and, if it says so, where it is; else it follows the one before.
_PLACED = re.compile(
    rb"""<(?:[^\s<>/:]+:)?(row|c)(?=[\s/>])(?:\s[^<]*?\br\s*=\s*["']([A-Za-z]*)([0-9]*)["'])?"""
)


class Record(NamedTuple):
    """One row: `number` as in a spreadsheet (the header is usually 1), its cells, what is wrong."""

    number: int
    cells: list[str]
    problem: str = ""


class _Lines:
    """Physical lines that can be given back when a record turns out to be broken."""

    def __init__(self, lines: Iterable[str]) -> None:
        self._lines = iter(lines)
        self.back: deque[str] = deque()
        self.taken: list[str] = []

    def __iter__(self) -> "_Lines":
        return self

    def __next__(self) -> str:
        line = self.back.popleft() if self.back else next(self._lines)
        self.taken.append(line)
        return line

    def give_back(self) -> str:
        """Every line of the record but the first, to be read again; the first is returned."""
        first, *rest = self.taken
        self.back.extendleft(reversed(rest))
        return first


class CsvRecords:
    """Records of a CSV file (RFC 4180), blank ones left out but counted in `number`.

    A quotation mark that breaks the rules spoils its own line only: the lines after it are read
    again. Raises `TableError("too_many_bad_quotes")` after 100 of them.
    """

    def __init__(self, lines: Iterable[str], dialect: Dialect, number: int = 0) -> None:
        self.number = number
        self._dialect = dialect
        self._source = _Lines(lines)
        self._reader = csv_reader(self._source, dialect, strict=True)
        self._broken = 0

    @property
    def settled(self) -> bool:
        """Whether every line taken has been given in a record."""
        return not self._source.back

    def __iter__(self) -> "CsvRecords":
        return self

    def __next__(self) -> Record:
        while True:
            record = self.step()
            if record is not None:
                return record

    def step(self) -> Record | None:
        """The next record, None if it is blank. Raises StopIteration at the end."""
        self._source.taken.clear()
        problem = ""
        try:
            cells = next(self._reader)
        except csv.Error:
            self._broken += 1
            if self._broken > BAD_QUOTES_MAX:
                raise TableError("too_many_bad_quotes") from None
            cells, problem = _lenient(self._source.give_back(), self._dialect)
        self.number += 1
        if self.number == 1 and self._dialect.announced:
            return None
        return Record(self.number, cells, problem) if cells else None


def _lenient(line: str, dialect: Dialect) -> tuple[list[str], str]:
    line = line.rstrip("\r\n")
    try:
        return next(csv_reader(iter([line]), dialect, strict=False)), "bad_quotes"
    except csv.Error:
        return [line], "cell_too_long"


def sheet_records(
    file: BinaryIO, sheet: str | None, inflated_max: int
) -> tuple[Iterator[Record], tuple[str, ...]]:
    """Records of one sheet of an .xlsx file (the first that holds something) and all sheet names.

    Cells come as text: dates in ISO 8601, whole numbers without decimals, booleans as true and
    false. Raises `TableError` on a damaged, protected, oversized or unknown file.
    """
    _check_archive(file, inflated_max)
    file.seek(0)
    try:
        book = calamine.CalamineWorkbook.from_filelike(file)
        names = tuple(book.sheet_names)
        if sheet is not None and sheet not in names:
            raise TableError("empty")
        for name in names if sheet is None else (sheet,):
            page = book.get_sheet_by_name(name)
            if page.start is not None:  # None: the sheet is empty
                return _rows(page), names
    except calamine.CalamineError as error:
        raise TableError("not_a_spreadsheet") from error
    return iter(()), names


def _rows(page: Any) -> Iterator[Record]:
    for number, cells in enumerate(page.iter_rows(), start=1):
        texts = [cell if type(cell) is str else cell_text(cell) for cell in cells]
        if any(texts):
            yield Record(number, texts)


def _check_archive(file: BinaryIO, inflated_max: int) -> None:
    """Refuse an archive that would inflate beyond the limit, or a sheet of a few cells far apart.

    The reader lays a sheet out as a full rectangle: two cells in opposite corners are 17 thousand
    million. Sizes are counted while inflating, since the archive's directory may lie.
    """
    with opened_archive(file) as archive:
        entries = archive.infolist()
        if len(entries) > ZIP_ENTRIES_MAX:
            raise TableError("not_a_spreadsheet")
        if sum(entry.file_size for entry in entries) > inflated_max:
            raise TableError("too_many_bytes", {"limit": inflated_max})
        for entry in entries:  # any of them may be a sheet, whatever its name
            with archive.open(entry) as stream:
                _check_sheet(stream)


def _check_sheet(stream: IO[bytes]) -> None:
    width = height = column = row = 0
    for tag, letters, digits in _placed(stream):
        if letters:
            row, column = int(digits or b"0"), _column_number(letters)
        elif tag == b"row":
            row, column = (int(digits) if digits else row + 1), 0
        else:
            column += 1
        if column > width:
            width = column
        if row > height:
            height = row
    if width * height > SHEET_CELLS_MAX:
        raise TableError("too_many_cells_in_sheet", {"limit": SHEET_CELLS_MAX})


def _placed(stream: IO[bytes]) -> Iterator[tuple[bytes, bytes, bytes]]:
    """(row or c, letters, digits) of each row and cell, without a tag being cut by a chunk."""
    tail = b""
    while chunk := stream.read(SHEET_CHUNK_BYTES):
        block = tail + chunk
        cut = max(block.rfind(b"<"), 0)
        yield from _PLACED.findall(block, 0, cut)
        tail = block[cut:]
        if len(tail) > SHEET_CHUNK_BYTES:
            if _PLACED.match(tail):
                raise TableError("not_a_spreadsheet")  # no program writes such a tag
            tail = b""
    yield from _PLACED.findall(tail)


@lru_cache
def _column_number(letters: bytes) -> int:
    number = 0
    for letter in letters.upper():
        number = number * 26 + letter - 64
    return number


def cell_text(value: Any) -> str:
    """A spreadsheet's typed cell as the text a CSV file would hold."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        if value.is_integer() and abs(value) < 1e15:
            return str(int(value))
        return format(Decimal(repr(value)), "f")
    if isinstance(value, datetime.datetime):
        return value.isoformat(sep=" ")
    if isinstance(value, datetime.date | datetime.time):
        return value.isoformat()
    return str(value)


def header_names(cells: list[str], number: int) -> tuple[list[str], list[CellProblem]]:
    """Names fit for columns, all different even without regard to case, and what was changed.

    A column without a name is called column_3; a repeated name gets _2, _3. Empty cells at the end
    are no columns.
    """
    width = max((i for i, cell in enumerate(cells, 1) if cell.strip()), default=0)
    names: list[str] = []
    taken: set[str] = set()
    problems: list[CellProblem] = []
    for position, cell in enumerate(cells[:width], start=1):
        wanted = " ".join("".join(c if c.isprintable() else " " for c in cell).split())
        wanted = wanted[:NAME_LENGTH_MAX]
        name = free_name(wanted or f"column_{position}", taken)
        if name != wanted:
            reason = "reserved_header" if wanted.casefold() in RESERVED else "duplicate_header"
            reason = reason if wanted else "empty_header"
            problems.append(CellProblem(number, name, shorten(cell), reason))
        names.append(name)
        taken.add(name.casefold())
    return names, problems


def free_name(wanted: str, taken: set[str]) -> str:
    """`wanted`, or `wanted`_2, _3... if it is taken (casefolded) or reserved."""
    name, copy = wanted, 1
    while name.casefold() in taken or name.casefold() in RESERVED:
        copy += 1
        suffix = f"_{copy}"
        name = wanted[: NAME_LENGTH_MAX - len(suffix)] + suffix
    return name
