"""Immutable tables on disk: Parquet files named by the hash of their bytes."""

import hashlib
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from parvis.tables import profile, query, quick
from parvis.tables.errors import TableError
from parvis.tables.profile import Profile
from parvis.tables.query import Query
from parvis.tables.schema import Schema

# DuckDB spreads the work by row group.
ROW_GROUP_ROWS = 100_000
REPEATS_SHARE = 0.25
BATCH_ROWS = 20_000
_HEX = frozenset("0123456789abcdef")


@dataclass(frozen=True, slots=True)
class Version:
    """A table that never changes: hash of the file, rows, columns, size in bytes, where it lies."""

    sha256: str
    rows: int
    schema: Schema
    bytes: int
    path: Path

    @property
    def columns(self) -> int:
        """How many columns there are."""
        return len(self.schema.columns)


class Store:
    """Versions under one folder. Safe to use from several threads and processes.

    The same rows under the same names and types give the same file, hence one version: `delete`
    only what no other record points to.
    """

    def __init__(self, root: Path) -> None:
        self.root = root.resolve()

    def put(self, data: pa.Table | pa.RecordBatchReader, schema: Schema | None = None) -> Version:
        """Write `data` as a new version (or find it there already) and return it.

        The file is complete on disk before it gets its name. `schema` gives labels and must fit the
        data; without it, types are taken from the data. Raises `TableError("schema_mismatch")`, and
        `"not_finite"` on NaN and infinities, which JSON and spreadsheets cannot hold.
        """
        reader = data.to_reader() if isinstance(data, pa.Table) else data
        schema = schema or Schema.from_arrow(reader.schema)
        if tuple(reader.schema.names) != schema.names:
            raise TableError("schema_mismatch")
        with self._temporary() as temporary:
            rows = _write(temporary, reader, schema)
            sha256 = _sha256(temporary)
            size = temporary.stat().st_size
            path = self._path(sha256)
            path.parent.mkdir(parents=True, exist_ok=True)
            os.replace(temporary, path)
            _sync_folder(path.parent)
            _sync_folder(self.root)
        return Version(sha256, rows, schema, size, path)

    def version(self, sha256: str, schema: Schema | None = None) -> Version:
        """The version of that hash. Without `schema`, columns have types but no labels.

        Raises `TableError("no_such_version")`.
        """
        path = self._path(sha256)
        try:
            footer = pq.read_metadata(path)
        except FileNotFoundError:
            raise TableError("no_such_version") from None
        schema = schema or Schema.from_arrow(footer.schema.to_arrow_schema())
        return Version(sha256, footer.num_rows, schema, path.stat().st_size, path)

    def open(self, version: Version) -> pa.RecordBatchReader:
        """All rows in their order. Raises `TableError("no_such_version")`."""
        try:
            file = pq.ParquetFile(version.path)
        except FileNotFoundError:
            raise TableError("no_such_version") from None
        return pa.RecordBatchReader.from_batches(file.schema_arrow, _batches(file))

    def intact(self, version: Version) -> bool:
        """Whether the bytes on disk still have the hash that names them."""
        return version.path.exists() and _sha256(version.path) == version.sha256

    def delete(self, version: Version) -> bool:
        """Remove the file for good; False if it was gone already."""
        quick.drop(version.path)
        try:
            version.path.unlink()
        except FileNotFoundError:
            return False
        _sync_folder(version.path.parent)
        return True

    def query(self, version: Version, asked: Query) -> pa.RecordBatchReader:
        """The answer in batches; see `query.rows`."""
        return query.rows(self._existing(version), version.schema, asked)

    def count(self, version: Version, asked: Query | None = None) -> int:
        """Rows that match; see `query.count`. Without conditions it is known without reading."""
        if asked is None or not (asked.where or asked.any_of or asked.search or asked.distinct):
            return version.rows
        return query.count(self._existing(version), version.schema, asked)

    def facets(
        self, version: Version, column: str, asked: Query | None = None, limit: int = 50
    ) -> list[tuple[Any, int]]:
        """Values of a column with their counts; see `query.facets`."""
        return query.facets(self._existing(version), version.schema, column, asked, limit)

    def profile(self, version: Version) -> Profile:
        """What each column holds; see `profile.profile`. Worth keeping: a version never changes."""
        return profile.profile(self._existing(version), version.schema)

    def path(self, version: Version) -> Path:
        """Where the file lies. Raises `TableError("no_such_version")` when it does not."""
        return self._existing(version)

    def _existing(self, version: Version) -> Path:
        if not version.path.exists():
            raise TableError("no_such_version")
        return version.path

    def _path(self, sha256: str) -> Path:
        if len(sha256) != 64 or not _HEX.issuperset(sha256):
            raise TableError("no_such_version")
        return self.root / sha256[:2] / f"{sha256}.parquet"

    @contextmanager
    def _temporary(self) -> Iterator[Path]:
        folder = self.root / "tmp"
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"{secrets.token_hex(16)}.parquet"
        try:
            yield path
        finally:
            path.unlink(missing_ok=True)


def _write(path: Path, reader: pa.RecordBatchReader, schema: Schema) -> int:
    arrow = schema.to_arrow()
    rows = 0
    writer: pq.ParquetWriter | None = None
    with path.open("wb") as file:
        try:
            for table in _groups(reader, arrow):
                writer = writer or _writer(file, arrow, table)
                rows += table.num_rows
                writer.write_table(table, row_group_size=ROW_GROUP_ROWS)
            writer = writer or _writer(file, arrow, arrow.empty_table())
        finally:
            if writer is not None:
                writer.close()
        file.flush()
        os.fsync(file.fileno())
    return rows


def _writer(file: BinaryIO, arrow: pa.Schema, first: pa.Table) -> pq.ParquetWriter:
    """A dictionary pays only where values repeat, which the first rows tell.

    Text has one all the same: DuckDB 2.0 takes texts for nulls in short plain columns when it
    filters while reading (`WHERE name IS NULL`).
    """
    repeats = [
        name
        for name, column in zip(arrow.names, first.columns, strict=True)
        if pa.types.is_string(column.type)
        or (
            not pa.types.is_boolean(column.type)
            and pc.count_distinct(column).as_py() < REPEATS_SHARE * max(len(column), 1)
        )
    ]
    # False, since an empty list would mean every column.
    return pq.ParquetWriter(
        file, arrow, compression="zstd", version="2.6", use_dictionary=repeats or False
    )


def _groups(reader: pa.RecordBatchReader, arrow: pa.Schema) -> Iterator[pa.Table]:
    """Batches of any size gathered into equal groups, so that the same rows give the same bytes."""
    held: list[pa.RecordBatch] = []
    count = 0
    for batch in reader:
        held.append(_checked(batch, arrow))
        count += batch.num_rows
        if count >= ROW_GROUP_ROWS:
            table = pa.Table.from_batches(held, arrow)
            whole = count - count % ROW_GROUP_ROWS
            yield table.slice(0, whole).combine_chunks()
            held, count = table.slice(whole).to_batches(), count - whole
    if count:
        yield pa.Table.from_batches(held, arrow).combine_chunks()


def _checked(batch: pa.RecordBatch, arrow: pa.Schema) -> pa.RecordBatch:
    columns = []
    for array, field in zip(batch.columns, arrow, strict=True):
        try:
            cells = array.cast(field.type)
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
            raise TableError("schema_mismatch") from error
        if pa.types.is_floating(field.type) and pc.all(pc.is_finite(cells)).as_py() is False:
            raise TableError("not_finite")
        columns.append(cells)
    return pa.record_batch(columns, schema=arrow)


def _batches(file: pq.ParquetFile) -> Iterator[pa.RecordBatch]:
    with file:
        yield from file.iter_batches(batch_size=BATCH_ROWS)


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _sync_folder(path: Path) -> None:
    """A new name is safe only once its folder is on disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
