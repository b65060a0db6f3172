"""Queries over a folder of Parquet files: by DuckDB, shut in it, or by Spark when it is chosen.

Every query of the store is a text of DuckDB's SQL and its parameters, and comes through `batches`
or `table`. Which engine answers is said by `choice`; for Spark, `spark_sql` says the same in its
words.
"""

import os
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

import duckdb
import pyarrow as pa

from parvis.tables import choice, quick
from parvis.tables.errors import TableError

THREADS = 2
MEMORY = "2GB"
BATCH_ROWS = 10_000
_lock = threading.Lock()
_databases: dict[tuple[int, Path], duckdb.DuckDBPyConnection] = {}


def quoted(name: str) -> str:
    """`name` as an SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def source(path: Path) -> str:
    """The FROM clause for a version; the path is the hash we named the file by, never user text."""
    if copy := quick.source(path):
        return copy
    literal = str(path).replace("'", "''")
    return f"read_parquet('{literal}', file_row_number = true)"


@contextmanager
def cursor(folder: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection of its own to the shared database of `folder`, for one thread at a time."""
    with _lock:
        key = (os.getpid(), folder)
        if key not in _databases:
            _databases[key] = _database(folder)
        connection = _databases[key].cursor()
    try:
        yield connection
    finally:
        connection.close()


def _database(folder: Path) -> duckdb.DuckDBPyConnection:
    literal = str(folder).replace("'", "''")
    database = duckdb.connect(
        ":memory:",
        config={
            "autoinstall_known_extensions": "false",
            "autoload_known_extensions": "false",
            "threads": str(THREADS),
            "memory_limit": MEMORY,
            # A copy in memory would outlive the deletion of a file.
            "enable_external_file_cache": "false",
        },
    )
    database.execute(f"SET allowed_directories = ['{literal}/']")
    # For every cursor: without GLOBAL it would hold for this connection alone.
    database.execute("SET GLOBAL TimeZone = 'UTC'")
    database.execute("SET enable_external_access = false")
    database.execute("SET lock_configuration = true")
    return database


def batches(
    folder: Path, sql: str, parameters: Sequence[Any], schema: pa.Schema | None = None
) -> pa.RecordBatchReader:
    """The answer as it comes, cast to `schema` if given; the cursor closes when it is used up.

    Raises `TableError("bad_query")` when a value is refused, such as text for a date; EngineAway
    when the engine is another machine that does not answer.
    """
    if choice.name() == choice.SPARK:
        from parvis.tables import spark

        return spark.batches(folder, sql, parameters, schema)
    return _batches(folder, sql, parameters, schema)


def _batches(
    folder: Path, sql: str, parameters: Sequence[Any], schema: pa.Schema | None = None
) -> pa.RecordBatchReader:
    stream = _stream(folder, sql, parameters, schema)
    first = cast(pa.Schema, next(stream))  # errors come out here, and the schema is known
    return pa.RecordBatchReader.from_batches(first, stream)


def _stream(
    folder: Path, sql: str, parameters: Sequence[Any], schema: pa.Schema | None
) -> Iterator[pa.Schema | pa.RecordBatch]:
    with cursor(folder) as connection:
        try:
            relation = connection.sql(quick.ready(connection, folder, sql), params=list(parameters))
            reader = relation.to_arrow_reader(BATCH_ROWS)
        except duckdb.Error as error:
            raise TableError("bad_query", {"detail": _first_line(error)}) from error
        yield schema or reader.schema
        try:
            for batch in reader:
                yield batch.cast(schema) if schema else batch
        except (duckdb.Error, pa.ArrowException) as error:
            raise TableError("bad_query", {"detail": _first_line(error)}) from error


def table(folder: Path, sql: str, parameters: Sequence[Any] = ()) -> list[dict[str, Any]]:
    """A short answer as a list of dicts."""
    return batches(folder, sql, parameters).read_all().to_pylist()


def local(folder: Path, sql: str, parameters: Sequence[Any] = ()) -> list[dict[str, Any]]:
    """A short answer of DuckDB in this process, whatever engine is chosen."""
    return _batches(folder, sql, parameters).read_all().to_pylist()


def _first_line(error: Exception) -> str:
    return str(error).splitlines()[0]
