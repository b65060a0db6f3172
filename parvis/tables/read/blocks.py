"""CSV at the speed of Arrow where a block is plainly in order, record by record where it is not.

Both ways give the same rows; Arrow alone would let a stray quotation mark swallow the lines after
it, and drops the numbers of blank lines.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import BinaryIO

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pa_csv

from parvis.tables.read.records import CsvRecords, Record
from parvis.tables.read.sniff import Dialect, Encoding, is_utf_8

BLOCK_BYTES = 4 << 20
RECORDS = 20_000
_LINE = re.compile(rb"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+\Z")
_CUTS_MAX = 50
BOM = b"\xef\xbb\xbf"


@dataclass(slots=True)
class Block:
    """Complete records as UTF-8, without a doubt about quotation marks; still to be parsed."""

    data: bytes


@dataclass(slots=True)
class Records:
    """Records read one by one, numbered from 1; `numbers_used` counts the blank ones too.

    `names` says which columns they have, when that is more than the header said.
    """

    rows: list[Record]
    numbers_used: int
    names: Sequence[str] = ()


Piece = Block | Records


class CsvSource:
    """The text of a CSV file, given in pieces whose records follow each other."""

    def __init__(self, file: BinaryIO, encoding: Encoding, dialect: Dialect) -> None:
        self.dialect = dialect
        self.number = 0
        self._bytes = _utf_8(file, encoding)
        # How undecodable bytes travel: as they are, or as the surrogates that stand for them.
        self._errors = "surrogateescape" if encoding.codec.startswith("utf-8") else "surrogatepass"
        self._checked = encoding.errors == "strict"
        self._buffer = b""
        self._place = 0
        self._ended = False
        self._records = CsvRecords(self._lines(), dialect)

    def header(self) -> Iterator[Record]:
        """Records one by one, to find the header among them."""
        yield from self._records

    def pieces(self, *, careful: bool = False) -> Iterator[Piece]:
        """Everything after the records that were taken from `header`; `careful`: no blocks."""
        while True:
            if self._records.settled and self.dialect.plain and not careful:
                while data := self._certain():
                    yield Block(data)
            rows = self._uncertain()
            if rows is None:
                return
            yield rows

    def _fill(self) -> bool:
        """Read more; False at the end of the file."""
        chunk = next(self._bytes, b"")
        self._ended = not chunk
        self._buffer = self._buffer[self._place :] + chunk
        self._place = 0
        return bool(chunk)

    def _certain(self) -> bytes:
        """The next block of records if it is in order; nothing if it must be read with care."""
        while not self._ended and len(self._buffer) - self._place < BLOCK_BYTES:
            self._fill()
        end = min(self._place + BLOCK_BYTES, len(self._buffer))
        view = self._buffer[self._place : end]
        last = self._ended and end == len(self._buffer)
        length = len(view) if last and view.count(b'"') % 2 == 0 else _boundary(view)
        data = view[:length]
        if not data or not _in_order(data, self.dialect.separator.encode(), checked=self._checked):
            return b""
        self._place += length
        return data

    def _uncertain(self) -> Records | None:
        """Records one by one over what would have been a block; None at the end."""
        before = self._records.number
        rows: list[Record] = []
        taken = 0
        while taken < BLOCK_BYTES and len(rows) < RECORDS:
            start = self._place
            try:
                record = self._records.step()
            except StopIteration:
                break
            taken += max(self._place - start, 1)
            if record is not None:
                rows.append(record._replace(number=record.number - before))
        used = self._records.number - before
        return Records(rows, used) if used else None

    def _lines(self) -> Iterator[str]:
        while True:
            found = _LINE.match(self._buffer, self._place)
            if found is None or (found.end() == len(self._buffer) and not self._ended):
                if self._fill() or found is not None:
                    continue
                return
            self._place = found.end()
            yield found[0].decode("utf-8", self._errors)


def _utf_8(file: BinaryIO, encoding: Encoding) -> Iterator[bytes]:
    """The file in chunks of UTF-8, without its mark."""
    if encoding.codec in ("utf-8", "utf-8-sig"):
        file.seek(0)
        first = file.read(BLOCK_BYTES)
        yield first.removeprefix(BOM) if encoding.codec == "utf-8-sig" else first
        while chunk := file.read(BLOCK_BYTES):
            yield chunk
        return
    text = encoding.decode(file)
    try:
        while letters := text.read(BLOCK_BYTES):
            yield letters.encode("utf-8", "surrogatepass")
    finally:
        if not file.closed:
            text.detach()


def _boundary(view: bytes) -> int:
    """The end of the last complete record, if it is easy to find; else 0."""
    end = view.rfind(b"\n") + 1
    for _ in range(_CUTS_MAX):
        if view.count(b'"', 0, end) % 2 == 0:
            return end
        end = view.rfind(b"\n", 0, view.rfind(b'"', 0, end)) + 1
    return 0


def _in_order(data: bytes, separator: bytes, *, checked: bool) -> bool:
    """Whether Arrow finds the cells that `CsvRecords` would: no doubt and no odd byte.

    `checked` says that the text is known to be UTF-8.
    """
    if b"\0" in data or not (checked or is_utf_8(data)):
        return False
    if b"\r" in data and data.count(b"\r") != data.count(b"\r\n"):
        return False
    if b'"' not in data:
        return True
    # Every other part lies outside quotation marks: a separator or a line end must touch them.
    parts = data.split(b'"')
    if len(parts) % 2 == 0:
        return False
    around = {b"", separator, b"\n", b"\r"}
    if parts[0][-1:] not in around or parts[-1][:1] not in around:
        return False
    outside = parts[2:-1:2]
    return {part[:1] for part in outside} <= around and {part[-1:] for part in outside} <= around


def parse(data: bytes, width: int, dialect: Dialect, header_width: int) -> list[pa.Array] | Records:
    """The columns of a block as text, or its records where a row is not as wide as the header.

    The header may be wider than the `width` columns that have a name; cells there must be blank.
    """
    names = [str(i) for i in range(header_width)]
    try:
        table = pa_csv.read_csv(
            pa.BufferReader(data),
            pa_csv.ReadOptions(column_names=names, block_size=len(data) + 1, use_threads=False),
            pa_csv.ParseOptions(delimiter=dialect.separator, newlines_in_values=b'"' in data),
            pa_csv.ConvertOptions(
                column_types=dict.fromkeys(names, pa.string()),
                strings_can_be_null=False,
                check_utf8=False,
            ),
        )
        columns = [column.combine_chunks() for column in table.columns]
        whole = not any(_filled(column) for column in columns[width:])
        if whole and not _holds_blank_lines(data, table.num_rows):
            return columns[:width]
    except pa.ArrowInvalid:
        pass  # the rows say below what is wrong
    lines = (found[0].decode() for found in _LINE.finditer(data))
    reader = CsvRecords(lines, replace(dialect, announced=False))
    rows = list(reader)
    return Records(rows, reader.number)


def _holds_blank_lines(data: bytes, rows: int) -> bool:
    """Whether Arrow left out lines, whose numbers people count."""
    if rows == data.count(b"\n") + (not data.endswith(b"\n")):
        return False
    outside = data.split(b'"')[::2]
    if outside[0].startswith((b"\n", b"\r\n")):
        return True
    return any(b"\n\n" in part or b"\n\r\n" in part for part in outside)


def _filled(cells: pa.Array) -> bool:
    return bool(pc.any(pc.greater(pc.binary_length(pc.utf8_trim_whitespace(cells)), 0)).as_py())
