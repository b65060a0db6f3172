"""Exports against independent readers; charts against a count of the file by hand."""

import csv
import datetime
import io
import json
from collections import Counter
from decimal import Decimal

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from python_calamine import CalamineWorkbook

from parvis.tables import write
from parvis.tables.cells import csv_text
from parvis.tables.chart import choose
from parvis.tables.errors import TableError
from parvis.tables.profile import Profile, bin_edges
from parvis.tables.read import read_table
from parvis.tables.schema import Schema
from parvis.tables.store import Store

ARROW = pa.schema([
    ("t", pa.string()),
    ("i", pa.int64()),
    ("x", pa.float64()),
    ("b", pa.bool_()),
    ("d", pa.date32()),
    ("at", pa.timestamp("us")),
    ("utc", pa.timestamp("us", "UTC")),
])  # fmt: skip
WORDS = st.text("aé=+-@\t\r\n,;\"' <&\u2028😀", min_size=1, max_size=8)
ROW = st.tuples(
    st.none() | WORDS,
    st.none() | st.integers(-(2**63), 2**63 - 1),
    st.none() | st.floats(allow_nan=False, allow_infinity=False),
    st.none() | st.booleans(),
    st.none() | st.dates(),
    st.none() | st.datetimes(datetime.datetime(1000, 1, 1)),
    st.none() | st.datetimes(datetime.datetime(1000, 1, 1), timezones=st.just(datetime.UTC)),
)
CHECKED = settings(deadline=None, max_examples=80)


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    return Store(tmp_path_factory.mktemp("tables"))


def arrow(rows):
    return pa.Table.from_pylist([dict(zip(ARROW.names, r, strict=True)) for r in rows], ARROW)


def parts(rows):
    table = arrow(rows)
    return Schema.from_arrow(ARROW), table.to_batches(max_chunksize=3)


def plain(value):
    if isinstance(value, datetime.datetime) and value.tzinfo:
        return value.strftime("%Y-%m-%dT%H:%M:%S").zfill(19) + (
            f".{value.microsecond:06d}" if value.microsecond else ""
        ) + "Z"  # fmt: skip
    return value.isoformat() if isinstance(value, datetime.date) else value


@given(rows=st.lists(ROW, max_size=9))
@CHECKED
def test_json_is_exact(rows):
    expected = [dict(zip(ARROW.names, map(plain, r), strict=True)) for r in rows]
    assert json.loads(b"".join(write.json_chunks(*parts(rows)))) == expected
    lines = b"".join(write.ndjson_chunks(*parts(rows))).decode().split("\n")[:-1]
    assert [json.loads(line) for line in lines] == expected


@given(rows=st.lists(ROW, max_size=9), separator=st.sampled_from(",;\t"), bom=st.booleans())
@CHECKED
def test_csv_is_exact_but_for_formulas(rows, separator, bom):
    data = b"".join(write.csv_chunks(*parts(rows), separator=separator, bom=bom))
    text = data.decode("utf-8-sig" if bom else "utf-8")
    found = list(csv.reader(io.StringIO(text, newline=""), delimiter=separator))
    assert found[0] == ARROW.names

    def cell(value):
        if isinstance(value, str):
            return "'" + value if value[0] in "=+-@\t\r" else value
        if isinstance(value, bool):
            return "true" if value else "false"
        return "" if value is None else str(plain(value))

    assert found[1:] == [[cell(v) for v in row] for row in rows]
    for row in found[1:]:
        assert not row[0].startswith(("=", "+", "-", "@", "\t", "\r"))


def test_header_is_made_safe_too():
    schema = Schema.from_arrow(pa.schema([("=1+1", pa.int64())]))
    data = b"".join(write.csv_chunks(schema, [pa.record_batch({"=1+1": [-1]})]))
    assert data == b"'=1+1\r\n-1\r\n"


def test_short_csv_guards_text_and_leaves_numbers():
    rows = [
        ("=1+1", Decimal("-1E+2"), -0.5, None, datetime.date(2024, 2, 29)),
        ("a,b", 1, 2, "", 3),
    ]
    assert csv_text(("@t", "n", "x", "vide", "jour"), rows) == (
        "'@t,n,x,vide,jour\r\n'=1+1,-100,-0.5,,2024-02-29\r\n\"a,b\",1,2,,3\r\n"
    )


@given(rows=st.lists(ROW, max_size=9))
@CHECKED
def test_parquet_is_exact(rows):
    schema, batches = parts(rows)
    out = io.BytesIO()
    assert write.write_parquet(out, schema, batches) == len(rows)
    assert pq.read_table(io.BytesIO(out.getvalue())).equals(arrow(rows))


SAFE_TEXT = st.text("aé=+-@,;\"' <&😀0123456789", min_size=1, max_size=8).filter(str.strip)
CELLS = st.tuples(
    st.none() | SAFE_TEXT,
    st.none() | st.integers(-(2**53), 2**53),
    st.none() | st.floats(-1e9, 1e9).map(lambda x: round(x, 4) + 0.0),
    st.none() | st.booleans(),
    st.none() | st.dates(datetime.date(1900, 3, 1), datetime.date(2999, 1, 1)),
)


@given(rows=st.lists(CELLS, min_size=1, max_size=6))
@settings(deadline=None, max_examples=25)
def test_xlsx_read_by_another_library(rows):
    schema = pa.schema([ARROW.field(i) for i in range(5)])
    table = pa.Table.from_pylist([dict(zip(schema.names, r, strict=True)) for r in rows], schema)
    out = io.BytesIO()
    assert write.write_xlsx(out, Schema.from_arrow(schema), table.to_batches()) == len(rows)
    book = CalamineWorkbook.from_filelike(io.BytesIO(out.getvalue()))
    found = book.get_sheet_by_name("data").to_python()
    assert found[0] == schema.names
    expected = [["" if v is None else v for v in row] for row in rows]
    padded = [[*row, *[""] * (5 - len(row))] for row in found[1:]]
    padded += [[""] * 5] * (len(rows) - len(padded))
    assert padded == expected
    assert all(isinstance(row[0], str) for row in padded)
    assert [row[0] for row in book.get_sheet_by_name("codebook").to_python()][1:] == schema.names[
        1:
    ]


def test_xlsx_keeps_what_a_spreadsheet_would_change():
    rows = [("=1+1", 2**60, 0.5, True, datetime.date(1850, 1, 1), None,
             datetime.datetime(2024, 1, 1, 5, tzinfo=datetime.UTC))]  # fmt: skip
    out = io.BytesIO()
    write.write_xlsx(out, *parts(rows))
    cells = CalamineWorkbook.from_filelike(io.BytesIO(out.getvalue())).get_sheet_by_index(0)
    assert cells.to_python()[1] == [
        "=1+1", str(2**60), 0.5, True, "1850-01-01", "", "2024-01-01T05:00:00Z"
    ]  # fmt: skip
    with pytest.raises(TableError) as caught:
        write.write_xlsx(io.BytesIO(), *parts([("x" * 32_768, *[None] * 6)]))
    assert caught.value.reason == "text_too_long_for_xlsx"


def test_wrong_columns_are_refused():
    batch = pa.record_batch({"other": [1]})
    schema = Schema.from_arrow(ARROW)
    for chunks in (write.csv_chunks, write.json_chunks, write.ndjson_chunks):
        with pytest.raises(TableError):
            list(chunks(schema, [batch]))


def test_full_circle(store):
    """File, store, export, file: the same rows and types each time."""
    text = "nom;montant;jour;ok\r\nÉtang;1 204,5;2024-02-29;vrai\r\n;-3;;faux\r\n"
    with read_table(text.encode("cp1252")) as reading:
        version = store.put(reading.reader(), reading.schema)
    rows = store.open(version).read_all().to_pylist()
    out = io.BytesIO()
    write.write_xlsx(out, version.schema, store.open(version))
    for data in (b"".join(write.csv_chunks(version.schema, store.open(version))), out.getvalue()):
        with read_table(data) as again:
            assert again.schema == version.schema
            assert again.reader().read_all().to_pylist() == rows
            assert store.put(again.reader(), again.schema) == version


# ---- profiles and charts

COLUMN = {
    "text": st.lists(st.none() | st.sampled_from(["oui", "non", "peut-être", "é"]), max_size=60),
    "many": st.lists(st.none() | st.text("abcdef", min_size=1, max_size=2), max_size=80),
    "integer": st.lists(st.none() | st.integers(-(10**6), 10**6), max_size=60),
    "small": st.lists(st.none() | st.integers(1, 5), max_size=60),
    "huge": st.lists(st.integers(-(2**63), 2**63 - 1), max_size=10),
    "number": st.lists(st.none() | st.floats(-1e6, 1e6), max_size=60),
    "tiny": st.lists(st.floats(-1e-300, 1e-300), max_size=10),
    "wide": st.lists(st.floats(allow_nan=False, allow_infinity=False), max_size=10),
    "boolean": st.lists(st.none() | st.booleans(), max_size=30),
    "date": st.lists(st.none() | st.dates(), max_size=20),
    "month": st.lists(st.dates(datetime.date(2024, 1, 1), datetime.date(2024, 3, 1)), max_size=60),
}
TYPES = {
    **dict.fromkeys(("text", "many"), pa.string()),
    **dict.fromkeys(("date", "month"), pa.date32()),
    **dict.fromkeys(("integer", "small", "huge"), pa.int64()),
    **dict.fromkeys(("number", "tiny", "wide"), pa.float64()),
    "boolean": pa.bool_(),
}


@pytest.mark.parametrize("kind", sorted(COLUMN))
@given(data=st.data())
@settings(deadline=None, max_examples=20)
def test_every_figure_equals_the_file(store, kind, data):
    values = data.draw(COLUMN[kind])
    table = pa.table({"c": pa.array(values, TYPES[kind])})
    version = store.put(table)
    profile = store.profile(version)
    assert Profile.from_dict(json.loads(json.dumps(profile.as_dict()))) == profile
    (column,) = profile.columns
    filled = [v for v in values if v is not None]
    counts = Counter(filled)
    assert profile.rows == len(values)
    assert (column.filled, column.empty) == (len(filled), len(values) - len(filled))
    assert column.distinct == len(counts)
    assert column.minimum == plain(min(filled, default=None))
    assert column.maximum == plain(max(filled, default=None))
    assert len(column.top) == min(20, len(counts)) and column.top_complete == (len(counts) <= 20)
    readable = {plain(v): c for v, c in counts.items()}
    assert all(readable[value] == count for value, count in column.top)
    assert [c for _, c in column.top] == sorted(counts.values(), reverse=True)[:20]
    if column.bins:
        assert len(column.bins) <= 12
        assert sum(b.count for b in column.bins) == len(filled)
        for place, b in enumerate(column.bins):
            last = place == len(column.bins) - 1
            inside = [v for v in filled if b.start <= v and (v <= b.end if last else v < b.end)]
            assert b.count == len(inside)
    if column.periods:
        assert sum(c for _, c in column.periods) == len(filled)
        starts = [datetime.date.fromisoformat(s) for s, _ in column.periods]
        assert starts == sorted(starts)
        for place, (start, count) in enumerate(zip(starts, [c for _, c in column.periods],
                                                   strict=True)):  # fmt: skip
            end = starts[place + 1] if place + 1 < len(starts) else datetime.date.max
            last = place + 1 == len(starts)
            assert count == sum(start <= v < end or (last and v >= start) for v in filled)
    chart = choose(profile)
    if chart:
        assert sum(chart.values) + chart.other + chart.missing == chart.denominator == len(values)
        assert len(chart.labels) == len(chart.values)
        if chart.kind == "bar":
            assert all(readable[x] == n for x, n in zip(chart.labels, chart.values, strict=True))
    else:
        assert len(counts) < 2 or kind in ("text", "many")


@given(st.floats(-1e12, 1e12), st.floats(0, 1e12))
def test_bin_edges_cover_the_values(low, span):
    edges = bin_edges(low, low + span, whole=False)
    assert edges[0] <= low and edges[-1] >= low + span
    assert edges == sorted(set(edges)) or edges == [low, low + span]
    assert len(edges) <= 13


def test_round_edges():
    assert bin_edges(0.05, 0.95, whole=False) == [i / 10 for i in range(11)]
    assert bin_edges(1, 98, whole=True) == list(range(0, 101, 10))
    assert bin_edges(3, 3, whole=True) == [3, 4]


def test_choice_of_chart(store):
    n = 60
    table = pa.table({
        "commentaire": [f"texte {i}" for i in range(n)],
        "montant": [i * 1.5 for i in range(n)],
        "jour": [datetime.date(2024, 1, 1 + i % 28) for i in range(n)],
        "note": [1 + i % 5 for i in range(n)],
        "avis": [["pour", "contre", None][i % 3] for i in range(n)],
        "vide": pa.array([None] * n, pa.string()),
    })  # fmt: skip
    profile = store.profile(store.put(table))
    best = choose(profile)
    assert (best.kind, best.column, best.labels, best.values) == (
        "bar",
        "note",
        (1, 2, 3, 4, 5),
        (12,) * 5,
    )
    assert choose(profile, "avis").missing == 20
    assert choose(profile, "jour").kind == "line" and choose(profile, "jour").period == "day"
    assert choose(profile, "montant").kind == "histogram"
    assert choose(profile, "commentaire") is None
    assert choose(profile, "vide") is None
