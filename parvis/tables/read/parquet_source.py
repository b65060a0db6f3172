"""Parquet in: types come with the file; what is nested becomes JSON text."""

import json
import shutil
import tempfile
from collections.abc import Iterator
from types import TracebackType
from typing import IO, Any, BinaryIO, Self

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from parvis.tables.errors import CellProblem, TableError, shorten
from parvis.tables.read import records
from parvis.tables.schema import Schema

MAGIC = b"PAR1"
BATCH_ROWS = 10_000
PROBLEMS_MAX = 1_000
# A few bytes may stand for a long value repeated a million times.
INFLATION_MAX = 50


def is_parquet(file: BinaryIO) -> bool:
    """Whether the file starts as Parquet does; it is then at its start."""
    head = file.read(4)
    file.seek(0)
    return head == MAGIC


class ParquetReading:
    """A Parquet file, as `Reading` is a table. Numbers that are not finite are listed and empty."""

    def __init__(self, file: IO[bytes], columns_max: int, previous: Schema | None) -> None:
        self._file = file
        self.format, self.encoding, self.separator = "parquet", "", ""
        self.sheets: tuple[str, ...] = ()
        self._parquet = pq.ParquetFile(file)
        arrow = self._parquet.schema_arrow
        if len(arrow) > columns_max:
            raise TableError("too_many_columns", {"limit": columns_max})
        if not len(arrow):
            raise TableError("empty")
        names, problems = records.header_names([n or " " for n in arrow.names], 0)
        names += [f"column_{n}" for n in range(len(names) + 1, len(arrow) + 1)]
        self.rows = self._parquet.metadata.num_rows
        kinds = [_kind(field.type) for field in arrow]
        self.schema = Schema.from_arrow(pa.schema(list(zip(names, kinds, strict=True))))
        self._wide: set[int] = set()
        self._problems, self.problems_total = problems, len(problems)
        self._check()
        if self._wide:
            kinds = [pa.string() if i in self._wide else kind for i, kind in enumerate(kinds)]
            self.schema = Schema.from_arrow(pa.schema(list(zip(names, kinds, strict=True))))
        self.problems = tuple(sorted(self._problems, key=lambda p: p.row)[:PROBLEMS_MAX])
        self.understood: list[dict[str, Any]] = [
            {"name": c.name, "type": c.type, "why": "declared", "form": "", "filled": self.rows,
             "cells": 0}
            for c in self.schema.columns
        ]  # fmt: skip
        if previous:
            self.schema = self.schema.carry(previous)

    def _check(self) -> None:
        """Read all once: find what cannot be kept as it is."""
        number = 0
        for batch in self._batches_of_file():
            for place, (cells, column) in enumerate(
                zip(batch.columns, self.schema.columns, strict=True)
            ):
                try:
                    kept = _as_kind(cells, column.arrow_type)
                except pa.ArrowInvalid:
                    self._wide.add(place)  # beyond 64 bits, or finer than a microsecond
                    continue
                if pa.types.is_floating(kept.type):
                    self._report(number, column.name, kept)
            number += batch.num_rows

    def _report(self, number: int, name: str, cells: pa.Array) -> None:
        odd = pc.fill_null(pc.invert(pc.is_finite(cells)), False)
        count = pc.sum(odd).as_py() or 0
        self.problems_total += count
        for place in pc.indices_nonzero(odd)[: max(0, PROBLEMS_MAX - len(self._problems))]:
            at = place.as_py()
            value = shorten(str(cells[at].as_py()))
            self._problems.append(CellProblem(number + at + 1, name, value, "not_finite"))

    def _batches_of_file(self) -> Iterator[pa.RecordBatch]:
        try:
            yield from self._parquet.iter_batches(batch_size=BATCH_ROWS)
        except (pa.ArrowException, OSError) as error:
            raise TableError("not_parquet") from error

    def reader(self) -> pa.RecordBatchReader:
        """The rows in their order, typed as `schema` says."""
        return pa.RecordBatchReader.from_batches(self.schema.to_arrow(), self._batches())

    def _batches(self) -> Iterator[pa.RecordBatch]:
        schema = self.schema.to_arrow()
        for batch in self._batches_of_file():
            columns = [
                _as_kind(cells, field.type)
                for cells, field in zip(batch.columns, schema, strict=True)
            ]
            columns = [
                pc.if_else(pc.is_finite(c), c, pa.scalar(None, c.type))
                if pa.types.is_floating(c.type)
                else c
                for c in columns
            ]
            yield pa.record_batch(columns, schema=schema)

    def close(self) -> None:
        """Free the temporary file."""
        self._parquet.close()
        self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def read(
    file: BinaryIO, rows_max: int, bytes_max: int, columns_max: int, previous: Schema | None
) -> ParquetReading:
    """A Parquet file, copied aside. Raises `TableError`: `not_parquet`, or a limit passed."""
    copy = tempfile.TemporaryFile()
    shutil.copyfileobj(file, copy)
    copy.seek(0)
    try:
        footer = pq.read_metadata(copy)
        if footer.num_rows > rows_max:
            raise TableError("too_many_rows", {"limit": rows_max})
        inflated = sum(
            footer.row_group(i).column(j).total_uncompressed_size
            for i in range(footer.num_row_groups)
            for j in range(footer.num_columns)
        )
        if inflated > bytes_max * INFLATION_MAX:
            raise TableError("too_many_bytes", {"limit": bytes_max})
        copy.seek(0)
        return ParquetReading(copy, columns_max, previous)
    except (pa.ArrowException, OSError) as error:
        copy.close()
        raise TableError("not_parquet") from error
    except TableError:
        copy.close()
        raise


def _kind(kind: pa.DataType) -> pa.DataType:
    """The type to keep a column under; text for what has none of ours."""
    if pa.types.is_dictionary(kind):
        return _kind(kind.value_type)
    if pa.types.is_timestamp(kind):
        return pa.timestamp("us", "UTC" if kind.tz else None)
    if pa.types.is_date(kind):
        return pa.date32()
    if pa.types.is_boolean(kind):
        return pa.bool_()
    if pa.types.is_integer(kind):
        return pa.int64()
    return pa.float64() if pa.types.is_floating(kind) else _decimal(kind)


def _decimal(kind: pa.DataType) -> pa.DataType:
    """Decimals of up to 15 digits are floats without loss."""
    return pa.float64() if pa.types.is_decimal(kind) and kind.precision <= 15 else pa.string()


def _as_kind(cells: pa.Array, kind: pa.DataType) -> pa.Array:
    """Cells as a type of ours; empty text is null. Raises `pa.ArrowInvalid` where it would lose."""
    if pa.types.is_dictionary(cells.type):
        cells = cells.dictionary_decode()
    if pa.types.is_float16(cells.type):
        cells = cells.cast(pa.float32())
    if kind != pa.string():
        return cells.cast(kind)
    if pa.types.is_nested(cells.type):
        texts = [None if v is None else json.dumps(v, ensure_ascii=False, default=str)
                 for v in cells.to_pylist()]  # fmt: skip
        return pa.array(texts, pa.string())
    if pa.types.is_binary(cells.type) or pa.types.is_large_binary(cells.type):
        try:
            text = cells.cast(pa.string())
        except pa.ArrowInvalid:
            text = pa.array([None if v is None else v.hex() for v in cells.to_pylist()])
    else:
        try:
            text = cells.cast(pa.string())
        except pa.ArrowNotImplementedError:
            text = pa.array([None if v is None else str(v) for v in cells.to_pylist()], pa.string())
    return pc.if_else(pc.equal(text, ""), pa.scalar(None, pa.string()), text)
