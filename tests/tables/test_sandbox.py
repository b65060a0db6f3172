"""Statements of the public: what is answered, refused, stopped, and what stays hidden."""

import os
import sys

import duckdb
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from parvis.tables import sandbox_child
from parvis.tables.errors import TableError
from parvis.tables.sandbox import Sandbox
from parvis.tables.store import Store

SECRET = "SECRET-7c1f"


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sandbox")
    os.environ["PARVIS_TEST_SECRET"] = SECRET
    store = Store(folder / "tables")
    version = store.put(pa.table({"n": [1, 2, 3], "t": ["a", "b", None]}))
    other = store.put(pa.table({"z": [SECRET]}))
    (folder / "secret.csv").write_text(f"k\n{SECRET}\n")
    sandbox = Sandbox(store)
    yield sandbox, version, other, folder
    sandbox.close()
    del os.environ["PARVIS_TEST_SECRET"]


def reason(world, sql, **options):
    with pytest.raises(TableError) as caught:
        world[0].sql(world[1], sql, **options)
    assert SECRET not in str(caught.value)
    assert str(world[3]) not in str(caught.value) or str(world[3]) in sql
    return caught.value.reason


def test_answers(world):
    sandbox, version, *_ = world
    answer = sandbox.sql(version, "SELECT t, sum(n)::BIGINT AS s FROM data GROUP BY t ORDER BY s")
    assert answer.table.to_pylist() == [
        {"t": "a", "s": 1}, {"t": "b", "s": 2}, {"t": None, "s": 3},
    ]  # fmt: skip
    assert not answer.truncated
    sql = "WITH u AS (SELECT n FROM data) SELECT count(*) AS c FROM u, range(2)"
    assert sandbox.sql(version, sql).table.to_pylist() == [{"c": 6}]
    assert sandbox.sql(version, "SUMMARIZE data").table.num_rows == 2


ONE_SELECT = """
; SELECT 1; SELECT 2; INSERT INTO data VALUES (4, 'x'); CREATE TABLE a AS SELECT 1; DROP VIEW data
; ATTACH '/tmp/x.db'; COPY data TO '/tmp/x.csv'; INSTALL fts; LOAD fts; SET threads = 1
; PRAGMA version; EXPLAIN SELECT 1; CALL pragma_version(); EXPORT DATABASE '/tmp/x'; RESET threads
; USE memory; CHECKPOINT; VACUUM; PREPARE a AS SELECT 1; UPDATE data SET n = 1; DELETE FROM data
""".replace("\n", " ").split(" ; ")


@pytest.mark.parametrize("sql", [s.strip() for s in ONE_SELECT] + ["SELECT 1; SELECT 2", ""])
def test_only_one_select(world, sql):
    if sql.startswith("SELECT") and ";" not in sql:
        return
    assert reason(world, sql) in ("sql_not_one_select", "sql_wrong")


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT * FROM read_csv('{secret}')",
        "SELECT * FROM '{secret}'",
        'SELECT * FROM "{secret}"',
        "SELECT * FROM read_parquet('{other}')",
        "SELECT * FROM '{other}'",
        "SELECT content FROM read_text('{secret}')",
        "SELECT * FROM read_blob('{secret}')",
        "SELECT * FROM glob('/*')",
        "SELECT * FROM sniff_csv('{secret}')",
        "SELECT * FROM parquet_metadata('{other}')",
        "SELECT * FROM duckdb_settings()",
        "SELECT * FROM duckdb_secrets()",
        "SELECT * FROM information_schema.tables",
        "SELECT * FROM sqlite_master",
        "SELECT * FROM pg_catalog.pg_class",
        "SELECT * FROM query('SELECT 1')",
        "SELECT * FROM query_table('data')",
        "SELECT * FROM pandas_scan(1)",
        "SELECT * FROM arrow_scan(1, 2, 3)",
        "SELECT * FROM json_execute_serialized_sql('x')",
        "SELECT current_setting('allowed_paths')",
        "SELECT getvariable('x')",
        "SELECT getenv('PARVIS_TEST_SECRET')",
        "SELECT (SELECT max(k) FROM '{secret}') FROM data",
        "SELECT n FROM data WHERE EXISTS (SELECT 1 FROM read_csv('{secret}'))",
        "WITH a AS (SELECT * FROM '{secret}') SELECT * FROM a",
        "SELECT 1 UNION ALL SELECT * FROM read_csv('{secret}')",
        "SHOW TABLES",
        "DESCRIBE '{secret}'",
        "SUMMARIZE '{other}'",
        "SELECT * FROM nothing",
        "SELECT * FROM memory.main.data",
        "SELECT * FROM sqlite_master, (WITH sqlite_master AS (SELECT 1) FROM sqlite_master)",
        "WITH duckdb_views AS (SELECT 1) SELECT * FROM duckdb_views",
    ],
)
def test_nothing_but_the_table_is_read(world, sql):
    _, _, other, folder = world
    sql = sql.format(secret=folder / "secret.csv", other=other.path)
    assert reason(world, sql) in ("sql_refused", "sql_no_table", "sql_wrong", "sql_not_one_select")


def test_the_engine_alone_refuses_as_well(world):
    """The tree of the statement is checked first; without that check nothing opens either."""
    _, version, other, folder = world
    table = {"name": ["data"], "file": str(version.path), "place": False}
    connection = sandbox_child.database([table])
    for sql in (
        f"SELECT * FROM read_csv('{folder / 'secret.csv'}')",
        f"SELECT * FROM read_parquet('{other.path}')",
        "SELECT * FROM glob('/*')",
        f"ATTACH '{folder / 'x.db'}'",
        f"COPY data TO '{folder / 'x.csv'}'",
        f"COPY data TO '{version.path}'",
        "SET lock_configuration = false",
        "SET enable_external_access = true",
        "SET allowed_paths = ['/etc/passwd']",
        "INSTALL fts",
        "LOAD fts",
        "SELECT content FROM read_text('/etc/passwd')",
    ):
        with pytest.raises(duckdb.Error):
            connection.execute(sql).fetchall()
    planted = pa.table({"k": [SECRET]})  # a variable of Python is no table either
    with pytest.raises(duckdb.Error):
        connection.execute("SELECT * FROM planted").fetchall()
    assert planted.num_rows == 1


def test_late_and_large_statements_are_stopped_and_the_next_is_answered(world):
    sandbox, version, *_ = world
    assert reason(world, "SELECT max(a.range) FROM range(10000000) a, range(10000000) b",
                  seconds_max=0.5) == "sql_stopped"  # fmt: skip
    assert reason(world, "SELECT repeat('x', 3000000000)") == "sql_too_large"
    assert reason(world, "SELECT 1 " + " " * 10_000) == "sql_too_long"
    assert reason(world, "SELECT " + "(" * 3_000 + "1" + ")" * 3_000) == "sql_wrong"
    many = sandbox.sql(version, "SELECT i FROM range(100000) t(i)")
    assert (many.table.num_rows, many.truncated) == (32_000, True)
    wide = sandbox.sql(version, "SELECT repeat('y', 100000) AS y FROM range(1000)")
    assert wide.truncated and 50 < wide.table.num_rows < 200
    assert sandbox.sql(version, "SELECT count(*) AS c FROM data").table.to_pylist() == [{"c": 3}]


PIECES = [
    "SELECT", "*", "n", "t", "FROM", "data", "WHERE", "(", ")", ",", "'", '"', ";", "--", "/*",
    "UNION ALL", "WITH a AS", "a", "read_csv", "read_text", "read_parquet", "glob", "'{secret}'",
    '"{secret}"', "'{other}'", "ATTACH", "COPY", "TO", "PRAGMA", "SET", "INSTALL", "getenv",
    "'PARVIS_TEST_SECRET'", "EXISTS", "current_setting", "duckdb_settings", "()", "query",
    "UNNEST", "[", "]", "::VARCHAR", "=", "$1", "COLUMNS", "DESCRIBE", "PIVOT", "ON", "VALUES",
]  # fmt: skip


@given(st.lists(st.sampled_from(PIECES), min_size=1, max_size=12))
@settings(deadline=None, max_examples=60)
def test_no_statement_finds_the_secret(world, pieces):
    sandbox, version, other, folder = world
    sql = " ".join(pieces).format(secret=folder / "secret.csv", other=other.path)
    try:
        answer = sandbox.sql(version, sql)
    except TableError as error:
        assert SECRET not in str(error)
        assert error.reason.startswith("sql_")
    else:
        assert SECRET not in str(answer.table.to_pylist())
    assert sorted(p.name for p in folder.iterdir()) == ["secret.csv", "tables"]


@pytest.mark.skipif(sys.platform != "linux", reason="Landlock is of Linux")
def test_the_process_itself_reads_and_writes_nothing_else(world, tmp_path):
    """Not DuckDB but the system refuses, where it has Landlock (5.13 and later)."""
    import subprocess

    secret = world[3] / "secret.csv"
    code = (
        "import sys, ctypes\n"
        "from parvis.tables import sandbox_child as c\n"
        "root, secret = sys.argv[1:]\n"
        "libc = ctypes.CDLL(None); libc.prctl(38, 1, 0, 0, 0)\n"
        "if libc.syscall(444, None, ctypes.c_size_t(0), 1) < 1: sys.exit(77)\n"
        "c.confine(root)\n"
        "for path, mode in ((secret, 'r'), (root + '/new', 'w'), ('/etc/passwd', 'r')):\n"
        "    try: open(path, mode)\n"
        "    except OSError: continue\n"
        "    sys.exit(1)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(world[0]._store.root), str(secret)], check=False
    )
    if done.returncode == 77:
        pytest.skip("this kernel has no Landlock")
    assert done.returncode == 0
