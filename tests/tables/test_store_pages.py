"""Pages by key, dumps, differences and profiles, against plain Python on the same rows."""

import csv
import datetime
import io
import json
import math
import random
from collections import Counter

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from defusedxml import ElementTree
from hypothesis import given, settings
from hypothesis import strategies as st

from parvis.tables import write
from parvis.tables.cells import spreadsheet_safe
from parvis.tables.difference import ROWS, changes, difference
from parvis.tables.dump import FORMATS, chunks
from parvis.tables.errors import TableError
from parvis.tables.query import Query, Sort, Where
from parvis.tables.read import read_table
from parvis.tables.schema import Schema
from parvis.tables.store import Store
from parvis.tables.write import iso

ARROW = pa.schema([
    ("n", pa.int64()),
    ("t", pa.string()),
    ("x", pa.float64()),
    ("d", pa.date32()),
    ("at", pa.timestamp("us", "UTC")),
    ("b", pa.bool_()),
])  # fmt: skip
ROW = st.tuples(
    st.none() | st.integers(-3, 3),
    st.none() | st.text("aAéÉœb'", max_size=2),
    st.none() | st.sampled_from([-1.5, 0.1, 0.30000000000000004, 2.0]),
    st.none() | st.dates(datetime.date(2023, 12, 30), datetime.date(2024, 1, 2)),
    st.none() | st.sampled_from([datetime.datetime(2024, 1, 1, tzinfo=datetime.UTC)]),
    st.none() | st.booleans(),
)
CHECKED = settings(deadline=None, max_examples=30)


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    return Store(tmp_path_factory.mktemp("tables"))


def arrow(rows):
    return pa.Table.from_pylist([dict(zip(ARROW.names, r, strict=True)) for r in rows], ARROW)


@given(
    rows=st.lists(ROW, max_size=20),
    sort=st.lists(
        st.builds(Sort, st.sampled_from(ARROW.names), st.booleans()),
        max_size=3,
        unique_by=lambda s: s.column,
    ),
    size=st.integers(1, 7),
    filtered=st.booleans(),
)
@CHECKED
def test_pages_by_key_make_the_whole(store, rows, sort, size, filtered):
    version = store.put(arrow(rows))
    where = (Where("b", "filled"),) if filtered else ()
    whole = Query(sort=tuple(sort), where=where, row_number="_id")
    expected = store.query(version, whole).read_all().to_pylist()
    found, after = [], None
    while True:
        asked = Query(sort=tuple(sort), where=where, row_number="_id", limit=size, after=after)
        page = store.query(version, asked).read_all().to_pylist()
        found += page
        if len(page) < size:
            break
        after = page[-1]["_id"]
    assert found == expected


@pytest.mark.parametrize(
    "query",
    [
        Query(after=0),
        Query(after=99, sort=(Sort("n"),)),
        Query(after=True),
        Query(after=1, group_by=("n",)),
        Query(where=(Where("n", "between", [1]),)),
        Query(where=(Where("n", "between", "12"),)),
        Query(where=(Where("n", "between", [1, object()]),)),
    ],
)
def test_bad_pages_are_refused(store, query):
    version = store.put(arrow([(1, "a", 0.1, None, None, True)]))
    with pytest.raises(TableError) as caught:
        store.query(version, query).read_all()
    assert caught.value.reason == "bad_query"


@given(rows=st.lists(ROW, max_size=20), low=st.integers(-3, 3), high=st.integers(-3, 3))
@CHECKED
def test_between_holds_both_bounds(store, rows, low, high):
    version = store.put(arrow(rows))
    query = Query(columns=("n",), where=(Where("n", "between", (low, str(high))),))
    found = [row["n"] for row in store.query(version, query).read_all().to_pylist()]
    assert found == [r[0] for r in rows if r[0] is not None and low <= r[0] <= high]


@given(rows=st.lists(st.tuples(st.none() | st.text("aé", max_size=3)), min_size=1, max_size=9))
@settings(deadline=None, max_examples=50)
def test_empty_texts_are_no_nulls_to_the_engine(store, rows):
    """DuckDB 2.0 takes texts for nulls in short plain columns: ours are written otherwise."""
    version = store.put(pa.table({"t": pa.array([r[0] for r in rows], pa.string())}))
    for operator, test in (("empty", lambda v: v is None), ("filled", lambda v: v is not None)):
        expected = sum(test(r[0]) for r in rows)
        assert store.count(version, Query(where=(Where("t", operator),))) == expected


# ---- dumps

CELL_TEXT = st.text("aé=+-@\t\r\n,;\"' 😀", min_size=1, max_size=6)
DUMPED = st.tuples(
    st.none() | st.integers(-(2**53), 2**53),
    st.none() | CELL_TEXT,
    st.none() | st.floats(allow_nan=False, allow_infinity=False),
    st.none() | st.dates(datetime.date(1900, 3, 1)),
    st.none() | st.datetimes(datetime.datetime(1000, 1, 1), timezones=st.just(datetime.UTC)),
    st.none() | st.booleans(),
)


@given(rows=st.lists(DUMPED, max_size=8), separator=st.sampled_from(",;\t"), exact=st.booleans())
@settings(deadline=None, max_examples=50)
def test_csv_is_what_pythons_writer_gives(rows, separator, exact):
    schema = Schema.from_arrow(ARROW)
    batches = arrow(rows).to_batches(max_chunksize=3)
    found = b"".join(write.csv_chunks(schema, batches, separator=separator, exact=exact))
    out = io.StringIO(newline="")
    writer = csv.writer(out, delimiter=separator, lineterminator="\r\n")
    writer.writerow(ARROW.names)

    def cell(value):
        if isinstance(value, bool):
            return "true" if value else "false"
        if isinstance(value, str) and not exact:
            return spreadsheet_safe(value)
        return write.iso(value)

    writer.writerows([[cell(v) for v in row] for row in rows])
    assert found.decode() == out.getvalue()


def test_decimals_of_every_size_are_written_as_python_writes_them():
    values = [m * 10.0**e for e in range(-12, 24) for m in (1, 1.5, -2, 1.2345678901234567)]
    values += [0.0, -0.0, 5e-324, 1.7976931348623157e308, 999999999.9, 1e9, 123456789.125]
    schema = Schema.from_arrow(pa.schema([("x", pa.float64())]))
    found = b"".join(write.csv_chunks(schema, [pa.record_batch({"x": pa.array(values)})]))
    assert found.decode().split("\r\n")[1:-1] == [repr(v) for v in values]


def test_one_empty_cell_is_still_a_row(store):
    version = store.put(pa.table({"t": ["a", None, "b"]}))
    data = b"".join(chunks(store, version, "csv"))
    assert data == b't\r\na\r\n""\r\nb\r\n'
    with read_table(data) as reading:
        assert reading.rows == 3


@pytest.fixture(scope="module")
def version(store):
    rng = random.Random(3)
    rows = [
        (
            rng.choice([None, rng.randint(-99, 99)]),
            rng.choice([None, "=1+1", "é;à", 'dit "non"', "deux\nlignes", "zut"]),
            rng.choice([None, rng.randint(-999, 999) / 8]),
            datetime.date(2024, 1, 1) + datetime.timedelta(days=rng.randint(0, 400)),
            datetime.datetime(2024, 1, 1, rng.randint(0, 23), tzinfo=datetime.UTC),
            rng.choice([None, True, False]),
        )
        for _ in range(300)
    ]
    return store.put(arrow(rows))


# XML is written for programs, and read here by another library: `test_xml_holds_every_cell`.
READ_BACK = [kind for kind in FORMATS if kind != "xml"]


@pytest.mark.parametrize("kind", READ_BACK)
def test_what_is_dumped_reads_back_the_same(store, version, kind):
    data = b"".join(chunks(store, version, kind, exact=True))
    types = {c.name: c.type for c in version.schema.columns}
    with read_table(data, types=types) as reading:
        assert reading.reader().read_all().to_pylist() == store.open(version).read_all().to_pylist()
        # A spreadsheet knows no time zone: its times in UTC come as text and are read again.
        assert reading.problems == ()


def test_xml_holds_every_cell(store, version):
    tree = ElementTree.fromstring(b"".join(chunks(store, version, "xml", exact=True)))
    nil = "{http://www.w3.org/2001/XMLSchema-instance}nil"
    found = [
        {cell.tag: None if cell.get(nil) == "true" else cell.text or "" for cell in row}
        for row in tree
    ]
    written = {True: "true", False: "false"}
    assert found == [
        {
            name: None if value is None
            else written[value] if isinstance(value, bool) else str(iso(value))
            for name, value in row.items()
        }
        for row in store.open(version).read_all().to_pylist()
    ]  # fmt: skip


@pytest.mark.parametrize("kind", READ_BACK)
def test_part_of_a_version_is_dumped(store, version, kind):
    asked = Query(columns=("d", "n"), where=(Where("n", ">", 0),), sort=(Sort("n", True),))
    expected = store.query(version, asked).read_all().to_pylist()
    with read_table(b"".join(chunks(store, version, kind, asked))) as reading:
        assert reading.reader().read_all().to_pylist() == expected
    with pytest.raises(TableError):
        chunks(store, version, "xls")


def test_the_first_bytes_come_before_the_last_row(store):
    version = store.put(pa.table({"n": list(range(300_000))}))
    stream = chunks(store, version, "csv")
    assert next(stream) == b"n\r\n"
    assert next(stream).startswith(b"0\r\n1\r\n")
    stream.close()


# ---- differences


@given(
    old=st.dictionaries(st.integers(0, 6), st.tuples(st.none() | st.text("ab", max_size=2),
                                                     st.none() | st.integers(0, 2))),
    new=st.dictionaries(st.integers(0, 6), st.tuples(st.none() | st.text("ab", max_size=2),
                                                     st.none() | st.integers(0, 2))),
)  # fmt: skip
@CHECKED
def test_difference_by_key(store, old, new):
    def put(rows):
        keys = pa.array(list(rows), pa.int64())
        texts = pa.array([t or None for t, _ in rows.values()], pa.string())
        return store.put(pa.table({
            "k": keys, "t": texts, "n": pa.array([n for _, n in rows.values()], pa.int64()),
        }))  # fmt: skip

    a, b = put(old), put(new)
    found = difference(store, a, b, ["k"])
    assert found.added == len(set(new) - set(old))
    assert found.removed == len(set(old) - set(new))
    both = [(k, (old[k][0] or None, old[k][1]), (new[k][0] or None, new[k][1]))
            for k in set(old) & set(new)]  # fmt: skip
    assert found.changed == sum(x != y for _, x, y in both)
    assert found.cells == sum((x[0] != y[0]) + (x[1] != y[1]) for _, x, y in both)
    listed = changes(store, a, b, ["k"]).read_all()
    assert listed.schema == ROWS
    cells = {(r["key"][0], r["column"]): (r["before"], r["after"]) for r in listed.to_pylist()
             if r["change"] == "changed"}  # fmt: skip
    expected = {}
    for key, x, y in both:
        for name, before, after in (("t", x[0], y[0]), ("n", x[1], y[1])):
            if before != after:
                pair = tuple(None if v is None else str(v) for v in (before, after))
                expected[(str(key), name)] = pair
    assert cells == expected
    kinds = {r["key"][0]: r["change"] for r in listed.to_pylist() if r["column"] == "k"}
    assert kinds == {
        **{str(k): "added" for k in set(new) - set(old)},
        **{str(k): "removed" for k in set(old) - set(new)},
    }


@given(
    old=st.lists(st.sampled_from(["a", "b", "é", None]), max_size=8),
    new=st.lists(st.sampled_from(["a", "b", "é", None]), max_size=8),
)
@CHECKED
def test_difference_by_whole_rows_counts_copies(store, old, new):
    a = store.put(pa.table({"t": pa.array(old, pa.string())}))
    b = store.put(pa.table({"t": pa.array(new, pa.string())}))
    found = difference(store, a, b)
    before, after = Counter(old), Counter(new)
    assert found.added == sum((after - before).values())
    assert found.removed == sum((before - after).values())
    listed = changes(store, a, b).read_all().to_pylist()
    assert Counter(r["key"][0] for r in listed if r["change"] == "added") == after - before
    assert Counter(r["key"][0] for r in listed if r["change"] == "removed") == before - after


def test_difference_of_other_columns_and_types(store):
    old = store.put(pa.table({"k": [1, 2], "v": [1, 2], "here_o": ["x", "y"]}))
    new = store.put(pa.table({"k": [1, 2], "v": ["1", "deux"], "w": [0, 0]}))
    found = difference(store, old, new, ["k"])
    assert (found.columns_added, found.columns_removed) == (("w",), ("here_o",))
    assert (found.added, found.removed, found.changed, found.cells) == (0, 0, 1, 1)
    twice = store.put(pa.table({"k": [1, 1], "v": ["a", "b"]}))
    for key, reason in ((["k"], "duplicate_key"), (["absent"], "no_such_column")):
        with pytest.raises(TableError) as caught:
            difference(store, new, twice, key)
        assert caught.value.reason == reason
    none = store.put(pa.table({"z": [1]}))
    assert difference(store, old, none).added == 1
    # Columns called as those of our own query.
    ours = {"n": [1, 2], "one": [3, None], "cell_0": ["a", "b"], "copy": [5, 6], "change": [7, 8]}
    a, b = (store.put(pa.table({k: v[:end] for k, v in ours.items()})) for end in (1, 2))
    assert difference(store, a, b).added == difference(store, a, b, ["n"]).added == 1
    assert changes(store, a, b).read_all()["key"].to_pylist() == [["2", None, "b", "6", "8"]]
    assert changes(store, old, none).read_all().num_rows == 0


# ---- profiles


@given(
    st.lists(st.none() | st.floats(-1e6, 1e6), max_size=30),
    st.lists(st.none() | st.text("aé😀", max_size=4), max_size=30),
)
@CHECKED
def test_means_and_lengths(store, numbers, texts):
    height = max(len(numbers), len(texts))
    numbers += [None] * (height - len(numbers))
    texts += [None] * (height - len(texts))
    version = store.put(pa.table({"x": pa.array(numbers, pa.float64()),
                                  "t": pa.array(texts, pa.string())}))  # fmt: skip
    x, t = store.profile(version).columns
    filled = [n for n in numbers if n is not None]
    if filled:
        assert x.mean == pytest.approx(math.fsum(filled) / len(filled), abs=1e-6)
    else:
        assert x.mean is None
    lengths = [len(s) for s in texts if s is not None]
    assert t.length_min == min(lengths, default=None) and t.length_max == max(lengths, default=None)
    assert t.length_mean == (pytest.approx(sum(lengths) / len(lengths)) if lengths else None)
    assert x.length_min is None and t.mean is None and t.distinct_exact


def test_very_many_values_are_estimated_and_said(store):
    n = 150_000
    version = store.put(pa.table({"i": list(range(n)), "c": [k % 7 for k in range(n)]}))
    i, c = store.profile(version).columns
    assert not i.distinct_exact and abs(i.distinct - n) < n / 10
    assert i.top == () and not i.top_complete
    assert c.distinct_exact and c.distinct == 7 and sum(k for _, k in c.top) == n


def test_json_of_a_version_is_json(store, version):
    assert len(json.loads(b"".join(chunks(store, version, "json")))) == 300
    out = io.BytesIO(b"".join(chunks(store, version, "parquet")))
    assert pq.read_table(out).num_rows == 300
