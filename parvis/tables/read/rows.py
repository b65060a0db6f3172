"""Rows of a file one by one, as text: for imports that judge each row."""

from collections.abc import Iterator
from contextlib import ExitStack

from parvis.tables.errors import CellProblem, TableError, shorten
from parvis.tables.read import sniff
from parvis.tables.read.blocks import Records
from parvis.tables.read.formats import Opened, Options, open_file
from parvis.tables.read.records import Record
from parvis.tables.read.sniff import Source
from parvis.tables.read.spool import PROBLEMS_MAX, suspect

ROWS_MAX = 5_000_000
BYTES_MAX = 500_000_000


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
        self.encoding, self.separator = opened.encoding, opened.dialect.separator
        self.problems: list[CellProblem] = list(opened.problems)
        self.rejected = 0
        self.columns = list(opened.names)

    def __iter__(self) -> Iterator[tuple[int, dict[str, str]]]:
        """Read on. Raises `TableError("too_many_rows")` at the row after the last permitted."""
        width = len(self.columns)
        with self._close:
            for count, record in enumerate(self._records(), start=1):
                if count > self._rows_max:
                    raise TableError("too_many_rows", {"limit": self._rows_max})
                problem = self._problem(record, width)
                if problem:
                    self.rejected += 1
                    if len(self.problems) < PROBLEMS_MAX:
                        self.problems.append(problem)
                else:
                    yield record.number, dict(zip(self.columns, record.cells, strict=False))

    def _records(self) -> Iterator[Record]:
        number = self._opened.number
        for piece in self._opened.pieces:
            if isinstance(piece, Records):
                for record in piece.rows:
                    yield record._replace(number=record.number + number)
                number += piece.numbers_used

    def _problem(self, record: Record, width: int) -> CellProblem | None:
        cells = record.cells
        for position, cell in enumerate(cells):
            clean, damaged = sniff.readable(cell) if suspect(cell) else (cell, False)
            if damaged:
                name = self.columns[position] if position < width else ""
                return CellProblem(record.number, name, shorten(clean), "undecodable")
        if record.problem:
            return CellProblem(record.number, "", shorten(" ".join(cells)), record.problem)
        if len(cells) < width and not self._opened.pad:
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
    encoding: str = "",
    separator: str = "",
) -> RowReader:
    """Open a CSV, JSON, .xlsx or .ods file to read it row by row, as when answers are imported.

    One bad row never stops the reading. Raises `TableError` when the file as a whole is no table
    or goes over a limit.
    """
    stack = ExitStack()
    with stack:
        file = stack.enter_context(sniff.opened(source, bytes_max))
        options = Options(bytes_max, sheet, encoding, separator, careful=True)
        opened = open_file(file, options)
        reader = RowReader(opened, stack.pop_all(), rows_max)
    return reader
