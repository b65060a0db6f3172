"""Quick copies: large tables again, in DuckDB's own format, beside their Parquet files.

The Parquet file is the version. Its copy holds the same rows in the same order; it may be removed
at any time, and is made again. Rows, values and counts come from it three to eight times faster.
"""

import os
import re
import secrets
import threading
from collections import OrderedDict
from pathlib import Path

import duckdb

from parvis.tables import choice

ROWS_MIN = 50_000
"""Smaller tables are read as fast from their Parquet file."""
ATTACHED_MAX = 8
SAID = "file_said"
_CONFIG: dict[str, str | bool | int | float | list[str]] = {"threads": 2, "memory_limit": "1GB"}
_NAME = re.compile(r'"quick_([0-9a-f]{64})"')
_lock = threading.Lock()
_attached: dict[tuple[int, Path], OrderedDict[str, Path]] = {}


def path_of(path: Path) -> Path:
    """Return where the copy of a Parquet file is, or would be."""
    return path.with_suffix(".duckdb")


def source(path: Path) -> str | None:
    """Return the FROM clause of a copy, or None where there is none to read."""
    if choice.name() == choice.DUCKDB and path_of(path).exists():
        return f'"quick_{path.stem}".rows'
    return None


def reads(source: str) -> bool:
    """Whether a FROM clause is that of a copy."""
    return source.startswith('"quick_')


def make(path: Path, said: str) -> bool:
    """Copy a Parquet file; False when its copy is there already. The file is whole when named.

    `said` is the SQL of what a row says (`condition.said`): written once, since writing figures out
    and folding texts is nearly all of what a search costs.
    """
    copy = path_of(path)
    if copy.exists():
        return False
    temporary = copy.with_name(f"{secrets.token_hex(8)}.tmp")
    literal = str(path).replace("'", "''")
    try:
        with duckdb.connect(str(temporary), config=_CONFIG) as database:
            database.execute("SET GLOBAL TimeZone = 'UTC'")
            database.execute(
                f"CREATE TABLE rows AS SELECT *, file_row_number, {said} AS {SAID} "  # noqa: S608
                f"FROM read_parquet('{literal}', file_row_number = true)"
            )
        with temporary.open("rb") as file:
            os.fsync(file.fileno())
        temporary.replace(copy)
    finally:
        temporary.unlink(missing_ok=True)
        temporary.with_name(f"{temporary.name}.wal").unlink(missing_ok=True)
    return True


def drop(path: Path) -> None:
    """Remove the copy of a Parquet file, if there is one."""
    path_of(path).unlink(missing_ok=True)


def ready(connection: duckdb.DuckDBPyConnection, folder: Path, sql: str) -> str:
    """Attach the copies that a query reads, and return it; those gone are let go.

    Where a copy cannot be read, it is removed and the query reads the Parquet file.
    """
    names = _NAME.findall(sql)
    with _lock:
        held = _attached.setdefault((os.getpid(), folder), OrderedDict())
        # What was removed leaves memory too.
        for sha256 in [name for name, path in held.items() if not path.exists()]:
            _detach(connection, held, sha256)
        for sha256 in names:
            if sha256 in held:
                held.move_to_end(sha256)
                continue
            path = folder / sha256[:2] / f"{sha256}.duckdb"
            literal = str(path).replace("'", "''")
            try:
                connection.execute(f"ATTACH '{literal}' AS \"quick_{sha256}\" (READ_ONLY)")
            except duckdb.Error:
                path.unlink(missing_ok=True)
                parquet = literal.removesuffix(".duckdb") + ".parquet"
                sql = sql.replace(
                    f'"quick_{sha256}".rows', f"read_parquet('{parquet}', file_row_number = true)"
                )
                continue
            held[sha256] = path
            while len(held) > ATTACHED_MAX:
                _detach(connection, held, next(iter(held)))
    return sql


def _detach(
    connection: duckdb.DuckDBPyConnection, held: OrderedDict[str, Path], sha256: str
) -> None:
    """Let a copy go: a query that reads it goes on to its end."""
    del held[sha256]
    connection.execute(f'DETACH "quick_{sha256}"')
