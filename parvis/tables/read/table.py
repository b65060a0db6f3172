"""Whole tables: every row, each column with its type and why it has it."""

from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from types import TracebackType
from typing import Any, Self

import pyarrow as pa

from parvis.tables.read import parquet_source, sniff
from parvis.tables.read.formats import Opened, Options, open_file
from parvis.tables.read.infer import Decision, convert, decide
from parvis.tables.read.rows import BYTES_MAX, ROWS_MAX
from parvis.tables.read.sniff import Source
from parvis.tables.read.spool import AHEAD, PROBLEMS_MAX, THREADS, Spool
from parvis.tables.schema import Schema, Type

COLUMNS_MAX = 2_000


class Reading:
    """A whole table: its columns with their types, and its rows as often as one asks.

    `rows` counts all rows after the header, each of which is in `reader()`. `problems` are sorted
    by row and at most `PROBLEMS_MAX`; `problems_total` counts them all. `understood` says of each
    column what it was taken for and why (keys of `infer.Decision.understood`). Use it as a context
    manager: it keeps the text in a temporary file.
    """

    def __init__(
        self, spool: Spool, decisions: list[Decision], opened: Opened, previous: Schema | None
    ) -> None:
        self._spool = spool
        self._decisions = decisions
        self.format = opened.format
        self.encoding, self.sheets = opened.encoding, opened.sheets
        self.separator = opened.dialect.separator if opened.format == "csv" else ""
        self.rows = spool.rows
        columns = list(zip(decisions, spool.names, strict=True))
        self.schema = Schema(tuple(decision.column(name) for decision, name in columns))
        self.understood: list[dict[str, Any]] = [d.understood(name) for d, name in columns]
        if previous:
            self.schema = self.schema.carry(previous)
        problems = list(spool.problems)
        for place, decision in enumerate(decisions):
            problems += spool.odd_cells(place, decision)
        self.problems = tuple(sorted(problems, key=lambda p: p.row)[:PROBLEMS_MAX])
        self.problems_total = spool.problems_total + sum(
            d.odd for d in decisions if d.wanted is not None
        )

    def reader(self) -> pa.RecordBatchReader:
        """The rows in their order, typed as `schema` says."""
        return pa.RecordBatchReader.from_batches(self.schema.to_arrow(), self._batches())

    def _batches(self) -> Iterator[pa.RecordBatch]:
        schema = self.schema.to_arrow()

        def typed(columns: Sequence[pa.Array]) -> pa.RecordBatch:
            pairs = zip(self._decisions, columns, strict=True)
            return pa.record_batch([convert(d, cells) for d, cells in pairs], schema=schema)

        waiting: deque[Future[pa.RecordBatch]] = deque()
        with ThreadPoolExecutor(THREADS) as pool:
            for columns in self._spool.read():
                waiting.append(pool.submit(typed, columns))
                if len(waiting) > AHEAD:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()

    def close(self) -> None:
        """Free the temporary file."""
        self._spool.close()

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
    encoding: str = "",
    separator: str = "",
    day_first: bool | None = None,
) -> "Reading | parquet_source.ParquetReading":
    """Read a whole CSV, JSON, GeoJSON, .xlsx, .ods or Parquet file and type it from all its cells.

    No row is lost: a short row is filled with nulls, a long one widens the table, undecodable
    characters are replaced, a column with odd cells stays text; each is listed. `types` forces the
    type of some columns, which stay text all the same if a cell does not fit. `previous` gives the
    labels and descriptions to keep. `encoding`, `separator` and `day_first` (31/12 rather than
    12/31) settle what the file leaves open. Raises `TableError` when the file is no table or goes
    over a limit.
    """
    with sniff.opened(source, bytes_max) as file:
        if parquet_source.is_parquet(file):
            return parquet_source.read(file, rows_max, bytes_max, columns_max, previous)
        opened = open_file(file, Options(bytes_max, sheet, encoding, separator))
        spool = Spool(
            opened.names,
            opened.problems,
            columns_max=columns_max,
            rows_max=rows_max,
            pad_silently=opened.pad,
            header_width=opened.width,
        )
        with ExitStack() as on_failure:
            on_failure.callback(spool.close)
            spool.fill(opened.pieces, opened.number, opened.dialect)
            decisions = _decisions(spool, opened, types or {}, day_first)
            reading = Reading(spool, decisions, opened, previous)
            on_failure.pop_all()
            return reading


def _decisions(
    spool: Spool, opened: Opened, types: Mapping[str, Type], day_first: bool | None
) -> list[Decision]:
    return [
        decide(
            tally,
            forced=types.get(name),
            # A semicolon between cells is there because decimals take the comma.
            comma_decimals=True if opened.dialect.separator == ";" else None,
            midnight=bool(opened.sheets),
            day_first=day_first,
            declared_text=place in opened.texts,
        )
        for place, (name, tally) in enumerate(zip(spool.names, spool.tallies, strict=True))
    ]
