"""Storing and asking, against plain Python on the same rows."""

import datetime
import hashlib
import sys
import threading
import unicodedata
from collections import Counter, defaultdict

import duckdb
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from parvis.tables import engine, folding
from parvis.tables.errors import TableError
from parvis.tables.query import Aggregate, Query, Sort, Where
from parvis.tables.schema import Column, Schema
from parvis.tables.store import Store

ARROW = pa.schema([
    ("n", pa.int64()),
    ('l"abel', pa.string()),
    ("x", pa.float64()),
    ("ok", pa.bool_()),
    ("day", pa.date32()),
])  # fmt: skip
NAMES = ARROW.names
TEXT = st.text("aAéÉœbZ '’%_\\", max_size=4)
ROW = st.tuples(
    st.none() | st.integers(-5, 5),
    st.none() | TEXT,
    st.none() | st.sampled_from([-1.5, 0.0, 0.1, 0.25, 3.0]),
    st.none() | st.booleans(),
    st.none() | st.dates(datetime.date(2023, 12, 30), datetime.date(2024, 1, 2)),
)
ROWS = st.lists(ROW, max_size=25)
CHECKED = settings(deadline=None, max_examples=60)


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    return Store(tmp_path_factory.mktemp("tables"))


def arrow(rows):
    return pa.Table.from_pylist([dict(zip(NAMES, r, strict=True)) for r in rows], ARROW)


def answer(store, version, **parts):
    return [tuple(r.values()) for r in store.query(version, Query(**parts)).read_all().to_pylist()]


def fold(text: str) -> str:
    text = text.lower().replace("œ", "oe").replace("’", "'")
    return "".join(c for c in unicodedata.normalize("NFD", text) if not unicodedata.combining(c))


@given(rows=ROWS, cuts=st.lists(st.integers(0, 25), max_size=3))
@CHECKED
def test_what_is_put_comes_back_under_its_hash(store, rows, cuts):
    table = arrow(rows)
    version = store.put(table)
    assert store.open(version).read_all().equals(table)
    assert answer(store, version) == rows
    assert (version.rows, version.columns) == (len(rows), 5)
    assert version.path.stat().st_size == version.bytes
    assert hashlib.sha256(version.path.read_bytes()).hexdigest() == version.sha256
    assert store.version(version.sha256) == version
    # The same rows in other batches are the same version.
    pieces = [table.slice(i, 3) for i in range(0, len(rows), 3)]
    assert store.put(pa.concat_tables([table.slice(0, 0), *pieces])) == version
    assert list((store.root / "tmp").iterdir()) == []


OPERATORS = {
    "=": lambda a, b: a is not None and a == b,
    "!=": lambda a, b: a is None or a != b,
    "<": lambda a, b: a is not None and a < b,
    "<=": lambda a, b: a is not None and a <= b,
    ">": lambda a, b: a is not None and a > b,
    ">=": lambda a, b: a is not None and a >= b,
}


@given(data=st.data(), rows=ROWS, index=st.sampled_from([0, 2, 3, 4]), as_text=st.booleans())
@CHECKED
def test_comparisons(store, data, rows, index, as_text):
    operator = data.draw(st.sampled_from(sorted(OPERATORS)))
    values = [-1, 0.25, True, datetime.date(2024, 1, 1)]
    value = {0: values[0], 2: values[1], 3: values[2], 4: values[3]}[index]
    expected = [r for r in rows if OPERATORS[operator](r[index], value)]
    where = (Where(NAMES[index], operator, str(value) if as_text else value),)
    version = store.put(arrow(rows))
    assert answer(store, version, where=where) == expected
    assert store.count(version, Query(where=where)) == len(expected)


@given(rows=ROWS, value=TEXT, values=st.lists(TEXT, max_size=3))
@CHECKED
def test_text_conditions(store, rows, value, values):
    version = store.put(arrow(rows))
    for operator, test in {
        "=": lambda t: t is not None and t == value,
        "!=": lambda t: t is None or t != value,
        "in": lambda t: t is not None and t in values,
        "not in": lambda t: t is None or t not in values,
        "contains": lambda t: t is not None and fold(value) in fold(t),
        "starts with": lambda t: t is not None and fold(t).startswith(fold(value)),
        "empty": lambda t: t is None,
        "filled": lambda t: t is not None,
    }.items():
        argument = values if "in" in operator.split() else value
        found = answer(store, version, where=(Where('l"abel', operator, argument),))
        assert found == [r for r in rows if test(r[1])], operator


@given(rows=ROWS, words=st.lists(st.text("aébœ'12-", min_size=1, max_size=2), max_size=2))
@CHECKED
def test_search_needs_every_word_in_some_column(store, rows, words):
    def texts(row):
        return ["" if v is None else fold(str(v).lower() if isinstance(v, bool) else str(v))
                for v in row]  # fmt: skip

    version = store.put(arrow(rows))
    expected = [r for r in rows if all(any(fold(w) in t for t in texts(r)) for w in words)]
    assert answer(store, version, search=" ".join(words)) == expected


@given(rows=ROWS, descending=st.booleans(), limit=st.integers(0, 9), offset=st.integers(0, 30))
@CHECKED
def test_order_and_pages(store, rows, descending, limit, offset):
    version = store.put(arrow(rows))
    numbered = list(enumerate(rows, start=1))
    sign = -1 if descending else 1
    expected = sorted(numbered, key=lambda p: (p[1][0] is None, sign * (p[1][0] or 0), p[0]))
    found = answer(
        store, version, columns=("n",), row_number="_id", sort=(Sort("n", descending),),
        limit=limit, offset=offset,
    )  # fmt: skip
    assert found == [(i, r[0]) for i, r in expected[offset : offset + limit]]


def test_accents_do_not_change_the_order(store):
    words = ["zèbre", "école", "Eau", "étang", "abri", "œuf", "oser", None]
    version = store.put(pa.table({"w": words}))
    assert answer(store, version, sort=(Sort("w"),)) == [
        (w,) for w in ["abri", "Eau", "école", "étang", "œuf", "oser", "zèbre", None]
    ]


@given(rows=ROWS)
@CHECKED
def test_groups_and_facets(store, rows):
    version = store.put(arrow(rows))
    groups = defaultdict(list)
    for row in rows:
        groups[row[3]].append(row)
    expected = []
    for key in sorted(groups, key=lambda k: (k is None, k or False)):
        numbers = [r[0] for r in groups[key] if r[0] is not None]
        expected.append((
            key, len(groups[key]), len(numbers), len(set(numbers)),
            sum(numbers) if numbers else None, min(numbers, default=None),
            max(numbers, default=None), sum(numbers) / len(numbers) if numbers else None,
        ))  # fmt: skip
    found = answer(store, version, group_by=("ok",), aggregates=(
        Aggregate("count", None, "rows"), Aggregate("count", "n", "filled"),
        Aggregate("distinct", "n", "distinct"), Aggregate("sum", "n", "sum"),
        Aggregate("min", "n", "n"), Aggregate("max", "n", "max"), Aggregate("average", "n", "avg"),
    ))  # fmt: skip
    assert [r[:-1] for r in found] == [r[:-1] for r in expected]
    assert [r[-1] for r in found] == [r[-1] and pytest.approx(r[-1]) for r in expected]
    counts = Counter(r[1] for r in rows)
    facets = store.facets(version, 'l"abel', limit=100)
    assert dict(facets) == counts
    assert [c for _, c in facets] == sorted(counts.values(), reverse=True)
    assert store.facets(version, 'l"abel', limit=2) == facets[:2]


def test_group_sorted_by_a_figure_called_as_a_column(store):
    version = store.put(pa.table({"a": ["x", "y", "y"], "b": [9, 1, 2]}))
    found = answer(
        store, version, group_by=("a",), aggregates=(Aggregate("sum", "b", "b"),),
        sort=(Sort("b"),),
    )  # fmt: skip
    assert found == [("y", 3), ("x", 9)]


def test_hostile_names_and_values_stay_names_and_values(store):
    name = '"; DROP TABLE x; --'
    version = store.put(pa.table({name: ["' OR 1=1 --", "b"]}))
    assert answer(store, version, where=(Where(name, "=", "' OR 1=1 --"),), sort=(Sort(name),)) == [
        ("' OR 1=1 --",)
    ]
    assert answer(store, version, search="' OR") == [("' OR 1=1 --",)]
    assert store.facets(version, name) == [("' OR 1=1 --", 1), ("b", 1)]


@pytest.mark.parametrize(
    "query",
    [
        Query(columns=("absent",)),
        Query(columns=()),
        Query(where=(Where("absent", "="),)),
        Query(where=(Where("n", "; --", 1),)),
        Query(where=(Where("n", "=", "un"),)),
        Query(where=(Where("n", "=", object()),)),
        Query(where=(Where("n", "in", "12"),)),
        Query(where=(Where("day", "<", "hier"),)),
        Query(sort=(Sort("absent"),)),
        Query(search="x" * 201),
        Query(limit=-1),
        Query(offset=-1),
        Query(row_number="n"),
        Query(group_by=("absent",)),
        Query(group_by=("n",), columns=("n",)),
        Query(group_by=("n",), sort=(Sort("x"),)),
        Query(aggregates=(Aggregate("sum", "day", "s"),)),
        Query(aggregates=(Aggregate("median", "n", "s"),)),
        Query(aggregates=(Aggregate("max", None, "s"),)),
        Query(group_by=("n",), aggregates=(Aggregate("count", None, "N"),)),
    ],
)
def test_bad_queries_are_refused_with_words(store, query):
    version = store.put(arrow([(1, "a", 0.1, True, datetime.date(2024, 1, 1))]))
    with pytest.raises(TableError) as caught:
        store.query(version, query).read_all()
    assert caught.value.reason in ("no_such_column", "bad_query")
    assert str(caught.value)


def test_times_in_utc_come_back_in_utc(store):
    moment = datetime.datetime(2024, 7, 1, 3, 30, tzinfo=datetime.UTC)
    quebec = moment.astimezone(datetime.timezone(datetime.timedelta(hours=-4)))
    table = pa.table({"at": pa.array([moment], pa.timestamp("us", "UTC"))})
    version = store.put(table)
    assert version.schema["at"].utc
    assert answer(store, version, where=(Where("at", "=", quebec),)) == [(moment,)]
    assert answer(store, version, where=(Where("at", ">", moment.isoformat()),)) == []
    # Wherever the server is: it was written Z and was the time of here.
    assert store.profile(version).columns[0].minimum == "2024-07-01T03:30:00Z"
    assert store.facets(version, "at")[0][0].utcoffset() == datetime.timedelta(0)


def test_put_refuses_what_cannot_be_published(store):
    with pytest.raises(TableError) as caught:
        store.put(pa.table({"x": [1.0, float("nan")]}))
    assert caught.value.reason == "not_finite"
    for table, schema in (
        (pa.table({"x": ["a"]}), Schema((Column("x", "integer"),))),
        (pa.table({"x": ["a"]}), Schema((Column("y"),))),
        (pa.table({"x": [[1]]}), None),
    ):
        with pytest.raises(TableError) as caught:
            store.put(table, schema)
        assert caught.value.reason == "schema_mismatch"
    assert list((store.root / "tmp").iterdir()) == []


def test_damage_is_seen_and_deletion_is_final(store):
    version = store.put(pa.table({"damaged": list(range(1000))}))
    assert store.intact(version)
    data = bytearray(version.path.read_bytes())
    data[100] ^= 1
    version.path.write_bytes(data)
    assert not store.intact(version)
    assert store.delete(version)
    assert not store.delete(version)
    for act in (store.open, store.profile, lambda v: store.query(v, Query())):
        with pytest.raises(TableError) as caught:
            act(version)
        assert caught.value.reason == "no_such_version"
    for sha256 in (version.sha256, "../../etc/passwd", "a" * 63 + "/"):
        with pytest.raises(TableError):
            store.version(sha256)


def test_large_table_in_uneven_batches(store):
    batches = [
        pa.record_batch({"i": list(range(a, a + 33_333))}) for a in range(0, 233_331, 33_333)
    ]
    version = store.put(pa.RecordBatchReader.from_batches(batches[0].schema, batches))
    assert version.rows == 233_331
    assert version == store.put(pa.Table.from_batches(batches))
    assert store.query(version, Query()).read_all()["i"].to_pylist() == list(range(233_331))
    assert answer(store, version, columns=("i",), offset=200_000, limit=1) == [(200_000,)]


def test_an_answer_may_be_left_half_read(store):
    version = store.put(pa.table({"i": list(range(100_000))}))
    for _ in range(20):
        reader = store.query(version, Query())
        assert reader.read_next_batch()["i"][0].as_py() == 0
    assert store.count(version, Query(where=(Where("i", "<", 10),))) == 10


def test_threads_ask_at_once(store):
    versions = [store.put(pa.table({"v": [k] * 1000})) for k in range(8)]
    wrong = []

    def ask(k):
        for _ in range(5):
            if store.facets(versions[k], "v") != [(k, 1000)]:
                wrong.append(k)

    threads = [threading.Thread(target=ask, args=(k,)) for k in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_the_engine_reads_nothing_else(store, tmp_path):
    secret = tmp_path / "secret.csv"
    secret.write_text("a\n1\n")
    with engine.cursor(store.root) as connection:
        for sql in (
            f"SELECT * FROM read_csv('{secret}')",
            f"ATTACH '{tmp_path}/x.db'",
            f"COPY (SELECT 1) TO '{tmp_path}/x.csv'",
            "INSTALL fts",
            "SET enable_external_access = true",
        ):
            with pytest.raises(duckdb.Error):
                connection.execute(sql)


def test_codebook():
    schema = Schema((
        Column("n", "integer", {"fr": "Nombre", "en": "Count"}, {"fr": "Un | deux\ntrois"}),
        Column("=x", "text"),
    ))  # fmt: skip
    assert schema.codebook("en") == [
        {"name": "n", "type": "whole number", "label": "Count", "description": "Un | deux\ntrois"},
        {"name": "=x", "type": "text", "label": "=x", "description": ""},
    ]
    assert schema.codebook_markdown("fr").splitlines()[2:] == [
        r"| n | nombre entier | Nombre | Un \| deux trois |",
        "| =x | texte | =x |  |",
    ]
    assert schema.codebook_csv().splitlines()[-1] == "'=x,text,,,,"
    assert Schema.from_list(schema.as_list()) == schema
    for bad in ("", "file_row_number", "x" * 201):
        with pytest.raises(ValueError, match="name"):
            Column(bad)
    with pytest.raises(ValueError, match="valid types"):
        Column("a", "money")
    with pytest.raises(ValueError, match="same name"):
        Schema((Column("a"), Column("A")))


def test_pure():
    import subprocess

    code = (
        "import sys, parvis.tables.store, parvis.tables.write, parvis.tables.chart\n"
        "import parvis.tables.dump, parvis.tables.difference, parvis.tables.sandbox\n"
        "import parvis.tables.read, parvis.analysis.privacy, parvis.analysis.text\n"
        "sys.exit(any(m in sys.modules for m in ('django', 'httpx', 'requests', 'pandas')))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


LETTERS = st.text("aAàâeéÉœŒæÆoOôçnñ’'zß\u0301\u0327 -1.(", max_size=6)


@given(text=LETTERS, word=LETTERS.filter(lambda w: len(w.split()) == 1))
@settings(deadline=None, max_examples=300)
def test_pattern_finds_what_folding_finds(text, word):
    word = word.strip()
    expression = folding.pattern(word)
    if expression is None:
        assert not folding.fold(word).isascii() or not folding.fold(word)
        return
    row = duckdb.execute("SELECT regexp_matches(?, ?)", [text, expression]).fetchone()
    assert row == (folding.fold(word) in folding.fold(text),)
