"""All cells as text on disk, batch after batch, while the shapes of the columns are counted."""

import tempfile
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import IO

import pyarrow as pa
import pyarrow.compute as pc

from parvis.tables.errors import CellProblem, TableError, shorten
from parvis.tables.read import infer, records, sniff
from parvis.tables.read.blocks import Block, Piece, Records, parse
from parvis.tables.read.infer import Decision, Tally, tally
from parvis.tables.read.records import Record
from parvis.tables.read.sniff import Dialect

PROBLEMS_MAX = 1_000
THREADS = 2
AHEAD = 3
Parsed = tuple[list[pa.Array], list[Tally]] | Records


def suspect(cell: str) -> bool:
    """Cheap test before the careful one: only odd text can hold damaged characters."""
    return not cell.isascii() or "\0" in cell


class Spool:
    """Every row of a table, as wide as its widest; what is wrong is counted and partly listed."""

    def __init__(
        self,
        names: list[str],
        problems: list[CellProblem],
        *,
        columns_max: int,
        rows_max: int,
        pad_silently: bool,
        header_width: int = 0,
    ) -> None:
        self.names = names
        self.tallies = [Tally() for _ in names]
        self.rows = 0
        self.problems = problems
        self.problems_total = len(problems)
        self._file: IO[bytes] = tempfile.TemporaryFile()
        self._width = len(names)
        self._header_width = max(header_width, self._width)
        self._columns_max = columns_max
        self._rows_max = rows_max
        self._pad_silently = pad_silently
        self._offsets: list[int] = []
        # Row numbers of each batch: a range, unless blank rows lie between.
        self._numbers: list[Sequence[int]] = []
        if len(names) > columns_max:
            raise TableError("too_many_columns", {"limit": columns_max})

    def close(self) -> None:
        """Free the temporary file."""
        self._file.close()

    def fill(self, pieces: Iterator[Piece], number: int, dialect: Dialect) -> None:
        """Take in every row; `number` is that of the header. Blocks are parsed by two threads."""
        waiting: deque[Records | Future[Parsed]] = deque()
        self._number = number
        with ThreadPoolExecutor(THREADS) as pool:
            for piece in pieces:
                if isinstance(piece, Block):
                    widths = self._width, self._header_width
                    waiting.append(pool.submit(_parsed, piece.data, dialect, *widths))
                else:
                    waiting.append(piece)
                if len(waiting) > AHEAD:
                    self._take(waiting.popleft())
            while waiting:
                self._take(waiting.popleft())

    def _take(self, piece: "Records | Future[Parsed]") -> None:
        parsed = piece if isinstance(piece, Records) else piece.result()
        if isinstance(parsed, Records):
            for name in parsed.names[len(self.names) :]:
                self.widen(name)
            self._add(parsed.rows)
            self._number += parsed.numbers_used
            return
        columns, tallies = parsed
        rows = len(columns[0])
        self._count(rows)
        for mine, other in zip(self.tallies, tallies, strict=False):
            mine.merge(other)
        self._write(columns, range(self._number + 1, self._number + rows + 1))
        self._number += rows

    def _count(self, rows: int) -> None:
        self.rows += rows
        if self.rows > self._rows_max:
            raise TableError("too_many_rows", {"limit": self._rows_max})

    def _add(self, rows: Sequence[Record]) -> None:
        """Take in records numbered from the last row taken."""
        if not rows:
            return
        self._count(len(rows))
        numbers = [self._number + record.number for record in rows]
        for number, record in zip(numbers, rows, strict=True):
            if record.problem:
                self._report(number, "", " ".join(record.cells), record.problem)
            if len(record.cells) != len(self.names):
                self._fit(number, record)
        width = len(self.names)
        for record in rows:
            if len(record.cells) < width:
                record.cells.extend([""] * (width - len(record.cells)))
        columns = []
        texts = zip(*(record.cells for record in rows), strict=True)
        for name, known, column in zip(self.names, self.tallies, texts, strict=True):
            cells = self._text(name, numbers, column)
            known.merge(tally(cells))
            columns.append(cells)
        whole = numbers[-1] - numbers[0] + 1 == len(numbers)
        self._write(columns, range(numbers[0], numbers[-1] + 1) if whole else numbers)

    def _fit(self, number: int, record: Record) -> None:
        """Make the row as wide as the table, or the table as wide as the row."""
        cells, width = record.cells, len(self.names)
        while len(cells) > width and not cells[-1].strip():
            cells.pop()
        if len(cells) < self._width:
            if not (self._pad_silently or record.problem):
                self._report(number, "", " ".join(cells), "too_few_cells")
        elif len(cells) > width:
            if len(cells) > self._columns_max:
                raise TableError("too_many_columns", {"limit": self._columns_max})
            self._report(number, "", " ".join(cells[width:]), "too_many_cells")
            for position in range(width + 1, len(cells) + 1):
                self.widen(f"column_{position}")

    def widen(self, wanted: str) -> None:
        """Add a column, empty in the rows so far."""
        if len(self.names) >= self._columns_max:
            raise TableError("too_many_columns", {"limit": self._columns_max})
        taken = {name.casefold() for name in self.names}
        self.names.append(records.free_name(wanted, taken))
        self.tallies.append(Tally())

    def _report(self, row: int, column: str, value: str, reason: str) -> None:
        self.problems_total += 1
        if len(self.problems) < PROBLEMS_MAX:
            self.problems.append(CellProblem(row, column, shorten(value), reason))

    def _text(self, name: str, numbers: list[int], column: tuple[str, ...]) -> pa.Array:
        try:
            cells = pa.array(column, pa.string())
            if not pc.any(pc.match_substring(cells, "\0")).as_py():
                return cells
        except UnicodeEncodeError:
            pass  # lone surrogates stand for bytes that did not decode: see below
        clean = []
        for number, cell in zip(numbers, column, strict=True):
            text, damaged = sniff.readable(cell) if suspect(cell) else (cell, False)
            if damaged:
                self._report(number, name, text, "undecodable")
            clean.append(text)
        return pa.array(clean, pa.string())

    def _write(self, columns: list[pa.Array], numbers: Sequence[int]) -> None:
        self._offsets.append(self._file.tell())
        self._numbers.append(numbers)
        table = pa.record_batch(columns, names=[str(i) for i in range(len(columns))])
        options = pa.ipc.IpcWriteOptions(compression="lz4", use_threads=False)
        with pa.ipc.new_stream(self._file, table.schema, options=options) as writer:
            writer.write_batch(table)

    def read(self) -> Iterator[list[pa.Array]]:
        """The columns of each batch, all as wide as the table became in the end."""
        for offset in self._offsets:
            self._file.seek(offset)
            table = pa.ipc.open_stream(self._file).read_next_batch()
            missing = len(self.names) - table.num_columns
            empty = pa.nulls(table.num_rows, pa.string())
            yield [*table.columns, *[empty] * missing]

    def odd_cells(self, column: int, decision: Decision) -> list[CellProblem]:
        """The first cells that stood in the way of a type, by row."""
        found: list[CellProblem] = []
        wanted = decision.wanted
        if wanted is None or not decision.odd:
            return found
        name = self.names[column]
        ambiguous = decision.reason == "ambiguous_date"  # every cell has the shape, and is at fault
        limit = min(PROBLEMS_MAX, decision.odd)
        for offset, numbers in zip(self._offsets, self._numbers, strict=True):
            self._file.seek(offset)
            cells = _one_column(self._file, column)
            if cells is None:
                continue
            places = infer.first_filled(cells) if ambiguous else infer.misfits(wanted, cells)
            for place in places[: limit - len(found)]:
                value = shorten(cells[place].as_py().strip())
                found.append(CellProblem(numbers[place], name, value, decision.reason))
            if len(found) == limit:
                break
        return found


def _one_column(file: IO[bytes], column: int) -> pa.Array | None:
    options = pa.ipc.IpcReadOptions(included_fields=[column])
    try:
        batch = pa.ipc.open_stream(file, options=options).read_next_batch()
    except pa.ArrowInvalid:
        return None  # the table was not so wide yet
    return batch.column(0)


def _parsed(data: bytes, dialect: Dialect, width: int, header_width: int) -> Parsed:
    columns = parse(data, width, dialect, header_width)
    if isinstance(columns, Records):
        return columns
    return columns, [tally(cells) for cells in columns]
