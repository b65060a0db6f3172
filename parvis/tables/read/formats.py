"""Which format a file has, and its rows in pieces that follow each other."""

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import BinaryIO

from parvis.tables.errors import CellProblem, TableError
from parvis.tables.read import json_source, ods, records, sniff
from parvis.tables.read.blocks import CsvSource, Piece, Records
from parvis.tables.read.records import Record
from parvis.tables.read.sniff import Dialect

# What a spreadsheet may grow to once inflated, as a multiple of its permitted size: XML of numbers
# shrinks some ten times.
INFLATION_MAX = 20
RECORDS = 20_000
COMMA = Dialect(",")


@dataclass(slots=True)
class Opened:
    """A file recognised, its header read and its rows not yet.

    `number` is the number of the header's row. `width` counts the header's cells, named or not.
    `encoding` is empty for spreadsheets. `pad` says that short rows are no fault. `texts` names the
    columns whose numbers the file marks as text; it is complete once the rows have been read.
    """

    format: str
    names: list[str]
    pieces: Iterator[Piece]
    number: int = 1
    width: int = 0
    problems: list[CellProblem] = field(default_factory=list)
    encoding: str = ""
    dialect: Dialect = COMMA
    sheets: tuple[str, ...] = ()
    pad: bool = False
    texts: set[int] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class Options:
    """What a person says of a file that it does not say itself; empty: found in the file."""

    bytes_max: int
    sheet: str | None = None
    encoding: str = ""
    separator: str = ""
    careful: bool = False


def open_file(file: BinaryIO, options: Options) -> Opened:
    """The header and the rows of any file that is not Parquet.

    Raises `TableError` when it is no table.
    """
    head = file.read(4096)
    inflated_max = options.bytes_max * INFLATION_MAX
    if head.startswith(b"PK\x03\x04"):
        if ods.is_ods(file):
            rows, sheets = ods.records(file, options.sheet, inflated_max)
            return _sheet("ods", rows, sheets)
        rows, sheets = records.sheet_records(file, options.sheet, inflated_max)
        return _sheet("xlsx", rows, sheets)
    if head.startswith(b"\xd0\xcf\x11\xe0"):
        raise TableError("old_spreadsheet")
    if options.encoding:
        encoding = sniff.named_encoding(options.encoding)
    else:
        encoding = sniff.find_encoding(file)
    if json_source.is_json(head, encoding) and not options.separator:
        source = json_source.open_json(file, encoding)
        return Opened(
            source.format,
            source.names,
            source.pieces(),
            number=0,
            width=len(source.names),
            problems=source.problems,
            encoding=encoding.codec,
            pad=True,
            texts=source.texts,
        )
    dialect = sniff.find_dialect(file, encoding)
    if options.separator:
        dialect = Dialect(options.separator, dialect.quote, dialect.escape, dialect.announced)
    csv = CsvSource(file, encoding, dialect)
    names, problems, header = _header(csv.header())
    return Opened(
        "csv",
        names,
        csv.pieces(careful=options.careful),
        number=header.number,
        width=len(header.cells),
        problems=problems,
        encoding=encoding.codec,
        dialect=dialect,
    )


def _sheet(kind: str, rows: Iterator[Record], sheets: tuple[str, ...]) -> Opened:
    names, problems, header = _header(rows)
    return Opened(
        kind,
        names,
        _batched(rows, header.number),
        number=header.number,
        width=len(header.cells),
        problems=problems,
        sheets=sheets,
        pad=True,
    )


def _batched(rows: Iterator[Record], number: int) -> Iterator[Piece]:
    """Records numbered as in the sheet, in batches numbered from the one before."""
    while batch := list(itertools.islice(rows, RECORDS)):
        last = batch[-1].number
        yield Records([r._replace(number=r.number - number) for r in batch], last - number)
        number = last


def _header(rows: Iterator[Record]) -> tuple[list[str], list[CellProblem], Record]:
    """The first row that is not blank. Raises `TableError("empty")` if there is none."""
    for record in rows:
        if any(cell.strip() for cell in record.cells):
            clean = [sniff.readable(cell)[0] for cell in record.cells]
            names, problems = records.header_names(clean, record.number)
            if names:
                return names, problems, record
    raise TableError("empty")
