"""OpenDocument spreadsheets (ODF 1.3), read cell by cell without laying the sheet out in memory."""

from collections.abc import Iterator
from decimal import Decimal, InvalidOperation
from typing import BinaryIO

from defusedxml.ElementTree import ParseError, iterparse

from parvis.tables.errors import TableError
from parvis.tables.read.archive import opened_archive
from parvis.tables.read.records import Record

_MIME = b"application/vnd.oasis.opendocument.spreadsheet"
_TABLE = "{urn:oasis:names:tc:opendocument:xmlns:table:1.0}"
_OFFICE = "{urn:oasis:names:tc:opendocument:xmlns:office:1.0}"
_TEXT = "{urn:oasis:names:tc:opendocument:xmlns:text:1.0}"
CELLS_MAX = 100_000_000
WIDTH_MAX = 16_384
# Beyond the exponents of floats, a number of a few letters would fill the memory once written out.
EXPONENT_MAX = 400


def is_ods(file: BinaryIO) -> bool:
    """Whether a zip archive is an OpenDocument spreadsheet; the file is then at its start."""
    try:
        with opened_archive(file) as archive:
            if "mimetype" not in archive.namelist():
                return False
            with archive.open("mimetype") as stream:
                return stream.read(len(_MIME)) == _MIME
    except TableError:
        return False
    finally:
        file.seek(0)


def records(
    file: BinaryIO, sheet: str | None, inflated_max: int
) -> tuple[Iterator[Record], tuple[str, ...]]:
    """Records of one sheet (the first that holds something) and all sheet names.

    Formulas give the value kept with them. Dates come in ISO 8601, whole numbers without decimals.
    Raises `TableError` on a damaged, protected or oversized file.
    """
    names = []
    chosen = sheet
    for name, record in _content(file, inflated_max):
        if name not in names:
            names.append(name)
        if record is not None and chosen is None:
            chosen = name
    if sheet is not None and sheet not in names:
        raise TableError("empty")
    rows = (r for name, r in _content(file, inflated_max) if r is not None and name == chosen)
    return rows, tuple(names)


def _content(file: BinaryIO, inflated_max: int) -> Iterator[tuple[str, Record | None]]:
    """What `_rows` gives. Raises `TableError`."""
    with opened_archive(file) as archive:
        try:
            if archive.getinfo("content.xml").file_size > inflated_max:
                raise TableError("too_many_bytes", {"limit": inflated_max})
            with archive.open("content.xml") as content:
                yield from _rows(_Limited(content, inflated_max))
        except (KeyError, ParseError) as error:
            raise TableError("not_a_spreadsheet") from error


class _Limited:
    """A stream that counts what it inflates: the archive's directory may lie."""

    def __init__(self, stream: object, bytes_max: int) -> None:
        self._stream = stream
        self._left = self._max = bytes_max

    def read(self, size: int = -1) -> bytes:
        """Read on. Raises `TableError("too_many_bytes")`."""
        data: bytes = self._stream.read(size)  # type: ignore[attr-defined]
        self._left -= len(data)
        if self._left < 0:
            raise TableError("too_many_bytes", {"limit": self._max})
        return data


def _rows(content: _Limited) -> Iterator[tuple[str, Record | None]]:
    """(sheet, record) for each row that holds something, and (sheet, None) where a sheet starts."""
    name, number, cells_total, depth = "", 0, 0, 0
    table = None
    for event, element in iterparse(content, events=("start", "end")):
        if event == "start":
            if element.tag == f"{_TABLE}table":
                depth += 1
                if depth == 1:
                    table, name, number = element, element.get(f"{_TABLE}name", ""), 0
                    yield name, None
            continue
        if element.tag == f"{_TABLE}table":
            depth -= 1
            element.clear()
        elif element.tag == f"{_TABLE}table-row" and depth == 1:
            times = _times(element, "rows")
            cells = _cells(element)
            cells_total += len(cells) * times
            if cells_total > CELLS_MAX:
                raise TableError("too_many_cells_in_sheet", {"limit": CELLS_MAX})
            if cells:
                for _ in range(times):
                    number += 1
                    yield name, Record(number, list(cells))
            else:
                number += times
            element.clear()
            if table is not None:
                table.clear()  # else the rows that were read pile up under it


def _times(element, what: str) -> int:  # type: ignore[no-untyped-def]
    """How often a row or a cell stands there. Raises ValueError: under 1 it would undo limits."""
    times = int(element.get(f"{_TABLE}number-{what}-repeated", "1"))
    if times < 1:
        raise ValueError(times)
    return times


def _cells(row) -> list[str]:  # type: ignore[no-untyped-def]
    cells: list[str] = []
    blanks = 0
    for cell in row:
        if cell.tag not in (f"{_TABLE}table-cell", f"{_TABLE}covered-table-cell"):
            continue
        times = _times(cell, "columns")
        text = _cell(cell)
        if not text:
            blanks += times
            continue
        if len(cells) + blanks + times > WIDTH_MAX:
            raise TableError("too_many_columns", {"limit": WIDTH_MAX})
        cells += [""] * blanks + [text] * times
        blanks = 0
    return cells


def _cell(cell) -> str:  # type: ignore[no-untyped-def]
    kind = cell.get(f"{_OFFICE}value-type")
    if kind in ("float", "currency", "percentage"):
        return _number(cell.get(f"{_OFFICE}value", ""))
    if kind == "date":
        moment = cell.get(f"{_OFFICE}date-value", "")
        return moment.replace("T", " ").removesuffix(" 00:00:00")
    if kind == "boolean":
        return cell.get(f"{_OFFICE}boolean-value", "")
    if kind == "string" and (text := cell.get(f"{_OFFICE}string-value")) is not None:
        return text
    return "\n".join(_words(part) for part in cell if part.tag == f"{_TEXT}p")


def _number(text: str) -> str:
    """The number without an exponent, which `1E+3` and the like have; else the text as it is."""
    if "E" not in text.upper():
        return text.removesuffix(".0")
    try:
        number = Decimal(text)
    except InvalidOperation:
        return text
    return format(number, "f") if abs(number.adjusted()) <= EXPONENT_MAX else text


def _words(part) -> str:  # type: ignore[no-untyped-def]
    """The text of a paragraph; runs of spaces, tabs and line breaks are elements there."""
    words = part.text or ""
    for child in part:
        if child.tag == f"{_TEXT}s":
            words += " " * min(int(child.get(f"{_TEXT}c", "1")), 1_000)
        elif child.tag == f"{_TEXT}tab":
            words += "\t"
        elif child.tag == f"{_TEXT}line-break":
            words += "\n"
        elif not child.tag.startswith(_OFFICE):  # notes are no part of the cell
            words += _words(child)
        words += child.tail or ""
    return words
