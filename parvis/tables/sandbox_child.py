"""The process that runs statements of the public: the tables they name, and nothing else.

Which tables a statement names is said first, and the other side answers with those that exist for
the public.

Started by `sandbox`; speaks over its standard input and output. Nothing it is asked is trusted,
and nothing it says is either: it answers in JSON and Arrow, which the other side reads as data.
"""

import ctypes
import json
import os
import resource
import signal
import struct
import sys
from typing import Any

import duckdb
import pyarrow as pa

TABLES_MAX = 20
THREADS = 2
MEMORY_BYTES = 512 << 20
# Addresses, not memory: DuckDB and Arrow reserve more than they use.
ADDRESS_BYTES = 4 << 30
CPU_SECONDS = 120
BATCH_ROWS = 2_048
_TABLE_FUNCTIONS = frozenset({"range", "generate_series", "unnest", "repeat"})
# Libraries, time zones, and what DuckDB reads to know its share of the machine: its own process
# (whose environment is empty) and its control group; without them it ends at once.
_READABLE = (
    sys.prefix, sys.base_prefix, "/lib", "/lib64", "/usr/lib", "/usr/share/zoneinfo",
    "/proc/self", "/sys/fs/cgroup",
)  # fmt: skip
_DENIED = frozenset(
    {
        "current_connection_id", "current_query", "current_query_id", "current_setting",
        "current_transaction_id", "currval", "getenv", "getvariable", "in_search_path", "index_key",
        "invoke", "nextval", "parse_duckdb_log_message", "setval", "sleep_ms", "txid_current",
        "write_log",
    }
)  # fmt: skip
_DENIED_STARTS = (
    "pg_",
    "duckdb_",
    "has_",
    "pragma_",
    "read_",
    "json_execute",
    "json_serialize_sql",
)


class Refused(Exception):
    """A statement that is not run: reason (key of `errors.REASONS`) and figures."""

    def __init__(self, reason: str, **params: Any) -> None:
        self.reason, self.params = reason, params
        super().__init__(reason)


def check(connection: duckdb.DuckDBPyConnection, sql: str) -> list[list[str]]:
    """Refuse all but one SELECT with harmless functions; return the names of tables it reads."""
    try:
        statements = duckdb.extract_statements(sql)
    except duckdb.Error as error:
        raise Refused("sql_wrong", detail=first_line(error)) from None
    if len(statements) != 1 or statements[0].type != duckdb.StatementType.SELECT:
        raise Refused("sql_not_one_select")
    rows = connection.execute("SELECT json_serialize_sql(?::VARCHAR)", [sql]).fetchall()
    tree = json.loads(rows[0][0])
    if tree.get("error"):
        raise Refused("sql_not_one_select")
    subqueries: set[str] = set()
    nodes = list(_nodes(tree))
    for node in nodes:
        if "cte_map" in node:
            subqueries |= {entry["key"].lower() for entry in node["cte_map"].get("map", [])}
    if hidden := subqueries & _system_views(connection):
        # Outside of the subquery the same name would be the system's.
        raise Refused("sql_refused", what=sorted(hidden)[0][:80])
    found: dict[tuple[str, ...], list[str]] = {}
    for node in nodes:
        _check_node(node)
        if node.get("type") == "BASE_TABLE":
            path = node.get("qualified_name", {}).get("path") or [node.get("table_name", "")]
            if len(path) > 1 or path[0].lower() not in subqueries:
                found.setdefault(tuple(part.lower() for part in path), path)
    if len(found) > TABLES_MAX:
        raise Refused("sql_refused", what=f"{len(found)} tables")
    return list(found.values())


def _system_views(connection: duckdb.DuckDBPyConnection) -> set[str]:
    sql = "SELECT lower(view_name) FROM duckdb_views() WHERE internal"
    return {name for (name,) in connection.execute(sql).fetchall()}


def _nodes(tree: Any) -> Any:
    waiting = [tree]
    while waiting:
        node = waiting.pop()
        if isinstance(node, dict):
            yield node
            waiting.extend(node.values())
        elif isinstance(node, list):
            waiting.extend(node)


def _check_node(node: dict[str, Any]) -> None:
    kind = node.get("type")
    if kind == "SHOW_REF" and not node.get("query"):
        raise Refused("sql_refused", what="SHOW")
    elif kind == "TABLE_FUNCTION":
        name = _function_name(node.get("function") or {})
        if name not in _TABLE_FUNCTIONS:
            raise Refused("sql_refused", what=name[:80] or "?")
    if "function_name" in node:
        name = _function_name(node)
        if name in _DENIED or name.startswith(_DENIED_STARTS):
            raise Refused("sql_refused", what=name[:80])


def _function_name(node: dict[str, Any]) -> str:
    return str(node.get("function_name", "")).lower()


def first_line(error: Exception) -> str:
    """What DuckDB says, without the statement it repeats."""
    text = str(error).strip().splitlines()
    return text[0][:300] if text else type(error).__name__


def database(tables: list[dict[str, Any]]) -> duckdb.DuckDBPyConnection:
    """A database in memory that sees these Parquet files, each as a view, for good.

    A table is `name` (one part or two), `file`, and `place`: whether `_id` is a row's place.
    """
    connection = duckdb.connect(
        ":memory:",
        config={
            "autoinstall_known_extensions": "false",
            "autoload_known_extensions": "false",
            "allow_community_extensions": "false",
            "allow_unsigned_extensions": "false",
            "python_enable_replacements": "false",
            "threads": str(THREADS),
            "memory_limit": f"{MEMORY_BYTES}B",
            "enable_external_file_cache": "false",
        },
    )
    files = ", ".join(_literal(table["file"]) for table in tables)
    connection.execute(f"SET allowed_paths = [{files}]")
    connection.execute("SET TimeZone = 'UTC'")
    connection.execute("SET temp_directory = ''")
    connection.execute("SET enable_external_access = false")
    for table in tables:
        _view(connection, table)
    connection.execute("SET lock_configuration = true")
    return connection


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _view(connection: duckdb.DuckDBPyConnection, table: dict[str, Any]) -> None:
    name = [quoted(part) for part in table["name"]]
    if len(name) == 2:
        connection.execute(f"CREATE SCHEMA IF NOT EXISTS {name[0]}")
    file = _literal(table["file"])
    rows = f"SELECT * FROM read_parquet({file})"  # noqa: S608
    if table["place"]:
        rows = (
            "SELECT file_row_number + 1 AS _id, * EXCLUDE (file_row_number) "  # noqa: S608
            f"FROM read_parquet({file}, file_row_number = true)"
        )
    connection.execute(f"CREATE OR REPLACE VIEW {'.'.join(name)} AS {rows}")


def quoted(name: str) -> str:
    """`name` as an SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def names(request: dict[str, Any]) -> dict[str, Any]:
    """The tables that a statement reads: `names`; or why it is not run."""
    connection = database([])
    try:
        return {"ok": True, "names": check(connection, request["sql"])}
    except Refused as refusal:
        return {"ok": False, "reason": refusal.reason, "params": refusal.params}
    except (duckdb.Error, RecursionError, ValueError) as error:
        return {"ok": False, "reason": "sql_wrong", "params": {"detail": first_line(error)}}
    finally:
        connection.close()


def answer(request: dict[str, Any]) -> tuple[dict[str, Any], bytes]:
    """What to send back: a header, and the rows as an Arrow stream."""
    connection = None
    try:
        connection = database(request["tables"])
        known = {tuple(part.lower() for part in one["name"]) for one in request["tables"]}
        for path in check(connection, request["sql"]):
            if tuple(part.lower() for part in path) not in known:
                raise Refused("sql_refused", what=".".join(path)[:80])
        return _rows(connection, request)
    except Refused as refusal:
        return {"ok": False, "reason": refusal.reason, "params": refusal.params}, b""
    except (duckdb.OutOfMemoryException, MemoryError, pa.ArrowMemoryError):
        return {"ok": False, "reason": "sql_too_large", "params": {}}, b""
    except (duckdb.Error, pa.ArrowException, RecursionError, ValueError) as error:
        detail = first_line(error)
        for table in request["tables"]:
            detail = detail.replace(table["file"], ".".join(table["name"]))
        return {"ok": False, "reason": "sql_wrong", "params": {"detail": detail}}, b""
    finally:
        if connection is not None:
            connection.close()


def _rows(
    connection: duckdb.DuckDBPyConnection, request: dict[str, Any]
) -> tuple[dict[str, Any], bytes]:
    reader = connection.sql(request["sql"]).to_arrow_reader(BATCH_ROWS)
    rows_left, bytes_left = request["rows_max"], request["bytes_max"]
    out = pa.BufferOutputStream()
    truncated = False
    with pa.ipc.new_stream(out, reader.schema) as writer:
        for batch in reader:
            if batch.num_rows > rows_left:
                batch, truncated = batch.slice(0, rows_left), True
            if batch.nbytes > bytes_left:
                share = int(batch.num_rows * bytes_left / batch.nbytes)
                batch, truncated = batch.slice(0, share), True
            writer.write_batch(batch)
            rows_left -= batch.num_rows
            bytes_left -= batch.nbytes
            if truncated:
                break
    return {"ok": True, "truncated": truncated}, out.getvalue().to_pybytes()


def confine(root: str) -> None:
    """Give up what a statement never needs: memory, time, writing, other files, the parent's life.

    Landlock (Linux 5.13 and later) leaves only the store and the libraries readable; where the
    kernel has it not, DuckDB's own settings stand alone.
    """
    os.nice(10)  # pages come first
    resource.setrlimit(resource.RLIMIT_AS, (ADDRESS_BYTES, ADDRESS_BYTES))
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))
    if sys.platform != "linux":
        return
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(1, signal.SIGKILL, 0, 0, 0)  # PR_SET_PDEATHSIG: never outlive the parent
    libc.prctl(38, 1, 0, 0, 0)  # PR_SET_NO_NEW_PRIVS
    _landlock(libc, [root, *_READABLE])


def _landlock(libc: Any, readable: list[str]) -> bool:
    """Let only files under `readable` be read, and nothing be written, run or made."""
    everything, reading = (1 << 13) - 1, (1 << 2) | (1 << 3)
    attribute = ctypes.create_string_buffer(struct.pack("=Q", everything))
    ruleset = libc.syscall(444, attribute, ctypes.c_size_t(8), 0)
    if ruleset < 0:
        return False
    for path in readable:
        try:
            folder = os.open(path, os.O_PATH | os.O_CLOEXEC)
        except OSError:
            continue
        rule = ctypes.create_string_buffer(struct.pack("=Qi", reading, folder))
        libc.syscall(445, ruleset, 1, rule, 0)
        os.close(folder)
    done = libc.syscall(446, ruleset, 0) == 0
    os.close(ruleset)
    return bool(done)


def serve(root: str) -> None:
    """Answer requests until the other side goes away."""
    # Whatever a library prints must not come between two answers.
    output = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    source = sys.stdin.buffer
    duckdb.connect(":memory:").execute("SELECT json_serialize_sql('SELECT 1')").fetchall()
    confine(root)
    while len(head := source.read(4)) == 4:
        request = json.loads(source.read(struct.unpack("<I", head)[0]))
        what, body = request.get("what"), b""
        if what == "rows":
            header, body = answer(request)
        else:
            header = names(request) if what == "names" else {"ready": True}
        said = json.dumps(header).encode()
        output.write(struct.pack("<II", len(said), len(body)) + said + body)
        output.flush()
