"""Read CSV and spreadsheets without losing a row; say what is wrong by row, column and value."""

import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from types import TracebackType
from typing import IO, BinaryIO, Self

import pyarrow as pa
import pyarrow.compute as pc

from parvis.tables import records, sniff
from parvis.tables.errors import CellProblem, TableError, shorten
from parvis.tables.infer import Decision, Tally, convert, decide
from parvis.tables.records import Record
from parvis.tables.schema import Schema, Type
from parvis.tables.sniff import Source

ROWS_MAX = 5_000_000
BYTES_MAX = 500_000_000
COLUMNS_MAX = 2_000
PROBLEMS_MAX = 1_000
BATCH_ROWS = 20_000
# What a spreadsheet may grow to once inflated, as a multiple of its permitted size: XML of numbers
# shrinks some ten times.
INFLATION_MAX = 20


@dataclass(slots=True)
class Opened:
    """A file recognised and its rows not yet read. `encoding` is empty for spreadsheets."""

    rows: Iterator[Record]
    encoding: str = ""
    separator: str = ""
    sheets: tuple[str, ...] = ()


class RowReader:
    """Good rows of a file as (row number, {column: text}); what is wrong goes to `problems`.

    `columns` holds the header's names. `rejected` counts the rows that were not given: a wrong
    number of cells, bad quotation marks, undecodable characters. `problems` is complete once the
    rows have been read, and holds at most `PROBLEMS_MAX` entries.
    """

    def __init__(self, opened: Opened, close: ExitStack, rows_max: int) -> None:
        self._close = close
        self._opened = opened
        self._rows_max = rows_max
        self.encoding, self.separator = opened.encoding, opened.separator
        self.problems: list[CellProblem] = []
        self.rejected = 0
        self.columns, problems = _header(opened.rows)
        self.problems += problems

    def __iter__(self) -> Iterator[tuple[int, dict[str, str]]]:
        """Read on. Raises `TableError("too_many_rows")` at the row after the last permitted."""
        width = len(self.columns)
        with self._close:
            for count, record in enumerate(self._opened.rows, start=1):
                if count > self._rows_max:
                    raise TableError("too_many_rows", {"limit": self._rows_max})
                problem = self._problem(record, width)
                if problem:
                    self.rejected += 1
                    if len(self.problems) < PROBLEMS_MAX:
                        self.problems.append(problem)
                else:
                    yield (
                        record.number,
                        dict(zip(self.columns, record.cells, strict=False)),
                    )

    def _problem(self, record: Record, width: int) -> CellProblem | None:
        cells = record.cells
        for position, cell in enumerate(cells):
            clean, damaged = sniff.readable(cell) if _suspect(cell) else (cell, False)
            if damaged:
                name = self.columns[position] if position < width else ""
                return CellProblem(record.number, name, shorten(clean), "undecodable")
        if record.problem:
            return CellProblem(record.number, "", shorten(" ".join(cells)), record.problem)
        if len(cells) < width and not self._opened.sheets:
            return CellProblem(record.number, "", shorten(" ".join(cells)), "too_few_cells")
        if any(cells[width:]):
            value = shorten(" ".join(cells[width:]))
            return CellProblem(record.number, "", value, "too_many_cells")
        cells += [""] * (width - len(cells))
        return None


def read_rows(
    source: Source,
    *,
    rows_max: int = ROWS_MAX,
    bytes_max: int = BYTES_MAX,
    sheet: str | None = None,
) -> RowReader:
    """Open a CSV or .xlsx file to read it row by row, as when contributions are imported.

    One bad row never stops the reading. Raises `TableError` when the file as a whole is no table
    or goes over a limit.
    """
    stack = ExitStack()
    with stack:
        file = stack.enter_context(sniff.opened(source, bytes_max))
        opened = _open(file, sheet, bytes_max)
        reader = RowReader(opened, stack.pop_all(), rows_max)
    return reader


class Reading:
    """A whole table: its columns with their types, and its rows as often as one asks.

    `rows` counts all rows after the header, each of which is in `reader()`. `problems` are sorted
    by row and at most `PROBLEMS_MAX`; `problems_total` counts them all. Use it as a context
    manager: it keeps the text in a temporary file.
    """

    def __init__(
        self,
        spool: "_Spool",
        decisions: list[Decision],
        opened: Opened,
        previous: Schema | None,
    ) -> None:
        self._spool = spool
        self._decisions = decisions
        self.encoding, self.separator, self.sheets = (
            opened.encoding,
            opened.separator,
            opened.sheets,
        )
        self.rows = spool.rows
        columns = zip(decisions, spool.names, strict=True)
        self.schema = Schema(tuple(decision.column(name) for decision, name in columns))
        if previous:
            self.schema = self.schema.carry(previous)
        problems = spool.problems + [p for d in decisions for p in d.problems]
        self.problems = tuple(sorted(problems, key=lambda p: p.row)[:PROBLEMS_MAX])
        self.problems_total = spool.problems_total + sum(d.problems_total for d in decisions)

    def reader(self) -> pa.RecordBatchReader:
        """The rows in their order, typed as `schema` says."""
        return pa.RecordBatchReader.from_batches(self.schema.to_arrow(), self._batches())

    def _batches(self) -> Iterator[pa.RecordBatch]:
        schema = self.schema.to_arrow()
        for columns in self._spool.read():
            typed = [convert(d, cells) for d, cells in zip(self._decisions, columns, strict=True)]
            yield pa.record_batch(typed, schema=schema)

    def close(self) -> None:
        """Free the temporary file."""
        self._spool.file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def read_table(
    source: Source,
    *,
    rows_max: int = ROWS_MAX,
    bytes_max: int = BYTES_MAX,
    columns_max: int = COLUMNS_MAX,
    sheet: str | None = None,
    types: Mapping[str, Type] | None = None,
    previous: Schema | None = None,
) -> Reading:
    """Read a whole CSV or .xlsx file and find the type of each column from all its cells.

    No row is lost: a short row is filled with nulls, a long one widens the table, undecodable
    characters are replaced, a column with odd cells stays text; each is listed. `types` forces the
    type of some columns, which stay text all the same if a cell does not fit. `previous` gives the
    labels and descriptions to keep. Raises `TableError` when the file is no table or goes over a
    limit.
    """
    with sniff.opened(source, bytes_max) as file:
        opened = _open(file, sheet, bytes_max)
        names, problems = _header(opened.rows)
        spool = _Spool(names, problems, columns_max)
        with ExitStack() as on_failure:
            on_failure.callback(spool.file.close)
            spool.fill(opened.rows, rows_max, pad_silently=bool(opened.sheets))
            decisions = [
                decide(
                    name,
                    tally,
                    forced=(types or {}).get(name),
                    # A semicolon between cells is there because decimals take the comma.
                    comma_decimals=True if opened.separator == ";" else None,
                    midnight=bool(opened.sheets),
                )
                for name, tally in zip(spool.names, spool.tallies, strict=True)
            ]
            reading = Reading(spool, decisions, opened, previous)
            on_failure.pop_all()
            return reading


def _open(file: BinaryIO, sheet: str | None, bytes_max: int) -> Opened:
    head = file.read(8)
    if head.startswith(b"PK\x03\x04"):
        rows, names = records.sheet_records(file, sheet, bytes_max * INFLATION_MAX)
        return Opened(rows, sheets=names)
    if head.startswith(b"\xd0\xcf\x11\xe0"):
        raise TableError("old_spreadsheet")
    encoding = sniff.find_encoding(file)
    separator = sniff.find_separator(file, encoding)
    return Opened(records.csv_records(encoding.lines(file), separator), encoding.codec, separator)


def _header(rows: Iterator[Record]) -> tuple[list[str], list[CellProblem]]:
    """The first row that is not blank. Raises `TableError("empty")` if there is none."""
    for record in rows:
        if any(cell.strip() for cell in record.cells):
            clean = [sniff.readable(cell)[0] for cell in record.cells]
            names, problems = records.header_names(clean, record.number)
            if names:
                return names, problems
    raise TableError("empty")


def _suspect(cell: str) -> bool:
    """Cheap test before the careful one: only odd text can hold damaged characters."""
    return not cell.isascii() or "\0" in cell


class _Spool:
    """Text of all cells on disk, batch after batch, while the types are counted."""

    def __init__(self, names: list[str], problems: list[CellProblem], columns_max: int) -> None:
        self.names = names
        self.tallies = [Tally() for _ in names]
        self.file: IO[bytes] = tempfile.TemporaryFile()
        self.rows = 0
        self.problems = problems
        self.problems_total = len(problems)
        self._header_width = len(names)
        self._columns_max = columns_max
        self._offsets: list[int] = []
        if len(names) > columns_max:
            raise TableError("too_many_columns", {"limit": columns_max})

    def fill(self, rows: Iterator[Record], rows_max: int, *, pad_silently: bool) -> None:
        """Take in every row; `pad_silently` when short rows are no fault, as in spreadsheets."""
        numbers: list[int] = []
        batch: list[list[str]] = []
        for record in rows:
            self.rows += 1
            if self.rows > rows_max:
                raise TableError("too_many_rows", {"limit": rows_max})
            cells = record.cells
            if record.problem:
                self._report(record.number, "", " ".join(cells), record.problem)
            if len(cells) != len(self.names):
                self._fit(record, pad_silently)
            numbers.append(record.number)
            batch.append(cells)
            if len(batch) == BATCH_ROWS:
                self._write(numbers, batch)
                numbers, batch = [], []
        if batch:
            self._write(numbers, batch)

    def _fit(self, record: Record, pad_silently: bool) -> None:
        """Make the row as wide as the table, or the table as wide as the row."""
        cells, width = record.cells, len(self.names)
        while len(cells) > width and not cells[-1].strip():
            cells.pop()
        if len(cells) < self._header_width:
            if not (pad_silently or record.problem):
                self._report(record.number, "", " ".join(cells), "too_few_cells")
        elif len(cells) > width:
            if len(cells) > self._columns_max:
                raise TableError("too_many_columns", {"limit": self._columns_max})
            self._report(record.number, "", " ".join(cells[width:]), "too_many_cells")
            taken = {name.casefold() for name in self.names}
            for position in range(width + 1, len(cells) + 1):
                name = records.free_name(f"column_{position}", taken)
                taken.add(name.casefold())
                self.names.append(name)
                self.tallies.append(Tally())

    def _report(self, row: int, column: str, value: str, reason: str) -> None:
        self.problems_total += 1
        if len(self.problems) < PROBLEMS_MAX:
            self.problems.append(CellProblem(row, column, shorten(value), reason))

    def _write(self, numbers: list[int], batch: list[list[str]]) -> None:
        width = len(self.names)
        for cells in batch:
            if len(cells) < width:
                cells += [""] * (width - len(cells))
        rows = pa.array(numbers, pa.int64())
        columns = []
        texts = zip(*batch, strict=True)
        for name, tally, column in zip(self.names, self.tallies, texts, strict=True):
            cells = self._text(name, numbers, column)
            tally.add(rows, cells)
            columns.append(cells)
        table = pa.record_batch(columns, names=[str(i) for i in range(width)])
        self._offsets.append(self.file.tell())
        options = pa.ipc.IpcWriteOptions(compression="lz4")
        with pa.ipc.new_stream(self.file, table.schema, options=options) as writer:
            writer.write_batch(table)

    def _text(self, name: str, numbers: list[int], column: tuple[str, ...]) -> pa.Array:
        try:
            cells = pa.array(column, pa.string())
            if not pc.any(pc.match_substring(cells, "\0")).as_py():
                return cells
        except UnicodeEncodeError:
            pass  # lone surrogates stand for bytes that did not decode: see below
        clean = []
        for number, cell in zip(numbers, column, strict=True):
            text, damaged = sniff.readable(cell) if _suspect(cell) else (cell, False)
            if damaged:
                self._report(number, name, text, "undecodable")
            clean.append(text)
        return pa.array(clean, pa.string())

    def read(self) -> Iterator[list[pa.Array]]:
        """The columns of each batch, all as wide as the table became in the end."""
        for offset in self._offsets:
            self.file.seek(offset)
            table = pa.ipc.open_stream(self.file).read_next_batch()
            missing = len(self.names) - table.num_columns
            empty = pa.nulls(table.num_rows, pa.string())
            yield [*table.columns, *[empty] * missing]
