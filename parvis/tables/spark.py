"""Spark through Ibis: the queries of `engine`, over the same Parquet files.

Loaded only when `PARVIS_ENGINE` is spark: pyspark takes a second, its JVM several, and both half a
gigabyte. Each process that asks has a driver of its own; the work is done where the master says.
"""

import atexit
import contextlib
import logging
import os
import secrets
import shutil
import socket
import tempfile
import threading
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pyarrow as pa
import pyarrow.parquet as pq

from parvis.tables import choice
from parvis.tables.errors import EngineAway, TableError

BATCH_ROWS = 10_000
# More rows than that are written aside by the workers, and read from there as they are sent.
HELD_ROWS_MAX = 50_000
VIEWS_MAX = 500
REACH_SECONDS = 3
# What makes an answer the same as DuckDB's; no file of settings may say otherwise.
_MEANING = {
    "spark.sql.ansi.enabled": "true",
    "spark.sql.caseSensitive": "true",
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.variable.substitute": "false",
    "spark.sql.parquet.inferTimestampNTZ.enabled": "true",
    "spark.sql.parquet.outputTimestampType": "TIMESTAMP_MICROS",
    "spark.sql.parquet.datetimeRebaseModeInRead": "CORRECTED",
    "spark.sql.parquet.datetimeRebaseModeInWrite": "CORRECTED",
    "spark.sql.parquet.binaryAsString": "false",
    "spark.sql.catalogImplementation": "in-memory",
    "spark.sql.legacy.charVarcharAsString": "false",
}
# What a server needs: no page that shows queries to whoever asks, no bars in the log.
_QUIET = {
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
    "spark.log.level": "ERROR",
    # Plans are written out for that page, with what they compare.
    "spark.sql.maxPlanStringLength": "2000",
}
_lock = threading.RLock()
_sessions: dict[int, "_Session"] = {}


class _Session:
    """A driver with our functions, and the files it knows."""

    def __init__(self, master: str) -> None:
        _reach(master)
        import ibis
        from pyspark.errors import PySparkException
        from pyspark.sql import SparkSession

        from parvis.tables import spark_sql

        local = master.startswith("local")
        own = {"spark.sql.warehouse.dir": str(Path(tempfile.gettempdir()) / "parvis-warehouse")}
        if local:
            own |= {
                "spark.driver.bindAddress": "127.0.0.1",
                "spark.driver.host": "127.0.0.1",
                "spark.sql.shuffle.partitions": "8",
            }
        builder = SparkSession.builder.master(master).appName("parvis")
        for name, value in {**own, **_QUIET, **_MEANING}.items():
            builder = builder.config(name, value)
        # It tells of each connection it closes, even after the log is closed.
        logging.getLogger("py4j").setLevel(logging.ERROR)
        try:
            self.spark = builder.getOrCreate()
            self.ibis = ibis.pyspark.connect(self.spark)
            for statement in spark_sql.functions(_folds()):
                self.ibis.raw_sql(statement)
        except (PySparkException, OSError, *_java()) as error:
            raise EngineAway(f"Spark at {master} does not answer: {_first_line(error)}") from error
        self.master = master
        self.views: dict[Path, tuple[str, Mapping[str, str]]] = {}
        atexit.register(self.spark.stop)

    @property
    def alive(self) -> bool:
        """Whether the driver still has its cluster."""
        context = self.spark.sparkContext
        return context._jsc is not None and not context._jsc.sc().isStopped()

    def view(self, path: Path) -> tuple[str, Mapping[str, str]]:
        """The name and the types of a file's columns, with the place of each row in the file."""
        from pyspark.sql.functions import expr

        from parvis.tables import spark_sql

        with _lock:
            if path in self.views:
                return self.views[path]
            while len(self.views) >= VIEWS_MAX:
                oldest, _ = self.views.pop(next(iter(self.views)))
                self.spark.catalog.dropTempView(oldest)
            name = f"t_{secrets.token_hex(8)}"
            frame = self.spark.read.parquet(path.resolve().as_uri())
            place = frame.metadataColumn("_metadata").getField("row_index")
            types = dict(frame.dtypes)
            texts = [expr(sql) for sql in spark_sql.texts_of(types)]
            seen = frame.select("*", place.alias("file_row_number"), *texts)
            seen.createOrReplaceTempView(name)
            self.views[path] = (name, types)
            return self.views[path]


def batches(
    folder: Path, sql: str, parameters: Sequence[Any], schema: pa.Schema | None
) -> pa.RecordBatchReader:
    """The answer to a query of DuckDB's SQL; see `engine.batches`.

    Raises `TableError("bad_query")`, EngineAway when Spark cannot be reached.
    """
    session = _session()
    from pyspark.errors import PySparkException

    from parvis.tables import spark_sql

    try:
        tree, most = spark_sql.translate(
            sql, parameters, lambda casts: _constants(folder, casts, parameters), session.view
        )
        frame = session.ibis.raw_sql(tree)
        if schema is not None and (most is None or most > HELD_ROWS_MAX):
            aside = folder / "tmp" / f"spark-{secrets.token_hex(16)}"
            _put_aside(frame, aside)
            return pa.RecordBatchReader.from_batches(schema, _from_aside(aside, schema))
        table = frame.toArrow()
        if schema is not None:
            table = table.rename_columns(schema.names).cast(schema)
    except (PySparkException, *_java()) as error:
        if not session.alive:
            raise EngineAway(f"Spark at {session.master} is gone: {_first_line(error)}") from error
        raise TableError("bad_query", {"detail": _first_line(error)}) from error
    except (pa.ArrowException, UnicodeEncodeError, OverflowError) as error:
        raise TableError("bad_query", {"detail": _first_line(error)}) from error
    return table.to_reader(BATCH_ROWS)


def _put_aside(frame: Any, folder: Path) -> None:
    """The rows, written by the workers: no process ever holds them all."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    names = [f"c{i}" for i in range(len(frame.columns))]
    try:
        frame.toDF(*names).write.parquet(folder.resolve().as_uri())
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise


def _from_aside(folder: Path, schema: pa.Schema) -> Iterator[pa.RecordBatch]:
    """The rows in their order, which is that of the files' names; they are gone afterwards."""
    try:
        for part in sorted(folder.glob("part-*.parquet")):
            with pq.ParquetFile(part) as file:
                for batch in file.iter_batches(BATCH_ROWS):
                    try:
                        yield batch.rename_columns(schema.names).cast(schema)
                    except pa.ArrowException as error:
                        detail = {"detail": _first_line(error)}
                        raise TableError("bad_query", detail) from error
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _session() -> _Session:
    with _lock:
        session = _sessions.get(os.getpid())
        if session is None or not session.alive:
            if lacking := choice.missing():
                raise EngineAway(f"PARVIS_ENGINE=spark needs {lacking}")
            if session is not None:
                with contextlib.suppress(*_java()):
                    session.spark.stop()
            session = _sessions[os.getpid()] = _Session(choice.master())
        return session


def _reach(master: str) -> None:
    """Raise EngineAway at once when nobody listens there: Spark itself would try for a minute."""
    problem: Exception | None = None
    given = [part for part in master.removeprefix("spark://").split(",") if part]
    if not master.startswith("spark://"):
        return
    for one in given:
        parts = urlsplit(f"//{one}")
        try:
            with socket.create_connection((parts.hostname, parts.port or 7077), REACH_SECONDS):
                return
        except OSError as error:
            problem = error
    raise EngineAway(f"Spark at {master} does not answer: {problem}")


def _java() -> tuple[type[Exception], ...]:
    from py4j.protocol import Py4JError

    return (Py4JError,)


def _folds() -> list[tuple[str, str]]:
    """Every letter that DuckDB folds, and into what: at most one letter each."""
    import duckdb

    with duckdb.connect() as connection:
        return connection.execute(
            "SELECT chr(i) AS a, strip_accents(lower(chr(i))) AS b FROM "
            "(SELECT range::INTEGER AS i FROM range(1, 1114112)) "
            "WHERE i NOT BETWEEN 55296 AND 57343 AND a <> b"
        ).fetchall()


def _constants(
    folder: Path, casts: Sequence[tuple[int, str]], parameters: Sequence[Any]
) -> dict[tuple[int, str], Any]:
    """What each parameter is as its type, read by DuckDB: one reading of "2024-1-5" for both."""
    from parvis.tables import engine

    parts, given = [], []
    for i, (index, kind) in enumerate(casts):
        cast = f"CAST(? AS {kind})"
        if kind == "DATE":
            cast = f"({cast} - DATE '1970-01-01')"
        elif kind in ("TIMESTAMP", "TIMESTAMPTZ"):
            cast = f"epoch_us({cast})"
        parts.append(f"{cast} AS c{i}")
        given.append(parameters[index])
    row = engine.local(folder, f"SELECT {', '.join(parts)}", given)[0]
    return {cast: row[f"c{i}"] for i, cast in enumerate(casts)}


def _first_line(error: Exception) -> str:
    """What is wrong; of an error of Java, what began it."""
    words = str(error)
    with contextlib.suppress(*_java()):
        cause = getattr(error, "java_exception", None)
        while cause is not None:
            words, cause = cause.getMessage() or words, cause.getCause()
    lines = words.strip().splitlines()
    return lines[0][:500] if lines else type(error).__name__
