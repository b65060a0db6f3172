"""Reading against independent readers: blocks, encodings, days, JSON, spreadsheets, Parquet."""

import csv
import datetime
import io
import itertools
import json
import os
import random
import zipfile
from decimal import Decimal
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from python_calamine import CalamineWorkbook

from parvis.tables.errors import CellProblem, TableError
from parvis.tables.read import blocks, read_rows, read_table
from parvis.tables.read.infer import sentence
from parvis.tables.read.records import CsvRecords
from parvis.tables.read.sniff import Dialect

SHARED = Path(os.environ.get("PARVIS_TEST_DATA", Path(__file__).parents[3] / "shared" / "data"))
Day = datetime.date
CHECKED = settings(deadline=None, max_examples=60)


def table(source, **options):
    with read_table(source, **options) as reading:
        return reading, reading.reader().read_all().to_pylist()


def column(texts, **options):
    """A column of these texts, read from a CSV of two columns with semicolons."""
    out = io.StringIO(newline="")
    csv.writer(out, delimiter=";").writerows([["v", "x"], *[[t, "a"] for t in texts]])
    reading, found = table(out.getvalue().encode(), **options)
    return reading, [row["v"] for row in found]


def refusal(source, **options):
    with pytest.raises(TableError) as caught:
        read_table(source, **options)
    assert str(caught.value)
    return caught.value.reason


# ---- CSV by blocks is CSV by records


@given(
    text=st.text('ab,"\n\r é', max_size=60),
    block=st.sampled_from([1, 7, 16, 64]),
)
@settings(deadline=None, max_examples=200)
def test_blocks_give_what_records_give(text, block):
    data = ("x,y\n" + text).encode()
    kept = blocks.BLOCK_BYTES
    blocks.BLOCK_BYTES = block
    try:
        with read_table(data, separator=",", types={"x": "text", "y": "text"}) as reading:
            found = [list(row.values()) for row in reading.reader().read_all().to_pylist()]
            problems = [(p.row, p.reason) for p in reading.problems]
    finally:
        blocks.BLOCK_BYTES = kept
    lines = io.StringIO(data.decode(), newline="")
    records = list(CsvRecords(lines, Dialect(",")))[1:]
    expected = [(r.number, list(r.cells), r.problem) for r in records]

    def shown(cells):
        """Blank cells past the header are no column, and blank cells at the end say nothing."""
        texts = [c or None if i < 2 else (c or "").strip() or None for i, c in enumerate(cells)]
        while texts and texts[-1] is None:
            texts.pop()
        return texts

    assert [shown(row) for row in found] == [shown(cells) for _, cells, _ in expected]
    assert {row for row, reason in problems if reason == "bad_quotes"} == {
        n for n, _, problem in expected if problem == "bad_quotes"
    }
    assert {row for row, reason in problems if reason == "too_few_cells"} == {
        n for n, cells, problem in expected if len(cells) < 2 and not problem
    }


def test_ten_thousand_small_files_come_back_whole():
    rng = random.Random(20241231)
    pieces = ["", "a", "é", "1", "007", "1,5", "2024-01-31", 'q"q', "l\nl", ";", ",", " x ", "oui"]
    for _ in range(10_000):
        width, height = rng.randint(2, 3), rng.randint(0, 3)
        separator = rng.choice(",;\t|")
        header = [f"colonne {n}" for n in range(width)]
        rows = [[rng.choice(pieces) for _ in range(width)] for _ in range(height)]
        rows = [row for row in rows if any(row)]
        out = io.StringIO(newline="")
        quoting = rng.choice([csv.QUOTE_MINIMAL, csv.QUOTE_ALL])
        csv.writer(out, delimiter=separator, quoting=quoting).writerows([header, *rows])
        data = out.getvalue().encode(rng.choice(["utf-8", "utf-8-sig", "utf-16"]))
        reader = read_rows(data, separator=separator)
        assert [list(row.values()) for _, row in reader] == rows
        assert reader.rejected == 0


def test_block_reader_agrees_with_other_readers(tmp_path):
    """20,000 rows with quotes, line ends and semicolons inside: Python, Arrow and DuckDB agree."""
    rng = random.Random(7)
    rows = [
        [str(i), f"{rng.random():.6f}", rng.choice(["a", "l’eau", 'dit "oui"', "deux\nlignes", ""])]
        for i in range(20_000)
    ]
    path = tmp_path / "t.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([["n", "x", "t"], *rows])
    reading, found = table(path)
    assert reading.problems == ()
    expected = [{"n": int(n), "x": float(x), "t": t or None} for n, x, t in rows]
    assert found == expected
    arrow = pa_csv.read_csv(path, parse_options=pa_csv.ParseOptions(newlines_in_values=True))
    assert arrow["x"].to_pylist() == [row["x"] for row in found]
    sql = f"SELECT * FROM read_csv('{path}', sample_size = -1, strict_mode = true)"
    with duckdb.connect() as link:
        assert [row[2] for row in link.execute(sql).fetchall()] == [row["t"] for row in found]


def test_row_numbers_after_blank_lines_and_wide_rows():
    body = b"".join(b"%d,a\n" % i for i in range(5_000))
    data = b"n,t\n" + body + b"\n\nzut,b\n" + body + b"1,2,3\n" + body
    reading, found = table(data)
    assert len(found) == reading.rows == 15_002
    assert reading.problems == (
        CellProblem(5_004, "n", "zut", "not_a_number"),
        CellProblem(10_005, "", "3", "too_many_cells"),
    )
    assert found[-1] == {"n": "4999", "t": "a", "column_3": None}


def test_trailing_separators_are_no_column():
    reading, found = table(b"a,b,\n" + b"1,x,\n" * 3_000)
    assert reading.schema.names == ("a", "b") and len(found) == 3_000
    assert reading.problems == ()


def test_a_thousand_odd_cells_are_listed_and_all_counted():
    data = b"n,t\n" + b"1,a\n" * 4_000 + b"zut,a\n" * 1_500
    reading, _ = table(data)
    assert len(reading.problems) == 1_000 and reading.problems_total == 1_500
    assert reading.problems[0] == CellProblem(4_002, "n", "zut", "not_a_number")


# ---- encodings, separators, quotation marks

FRENCH = "Le prénom de l’élève est Zoé ; à Noël, cœur et bœuf coûtent 12 € « là »".replace("’", "'")


@pytest.mark.parametrize(
    ("encoding", "euro"),
    [("cp1252", True), ("iso8859-15", True), ("mac-roman", True), ("latin-1", False)],
)
def test_single_byte_encodings_are_told_by_their_letters(encoding, euro):
    text = FRENCH if euro else FRENCH.replace("œ", "oe").replace("€", "$")
    rows = [[text, "Québec"], [text.upper() if euro else text, "Gaspé"]]
    data = "\n".join("\t".join(r) for r in [["texte", "lieu"], *rows]).encode(encoding)
    reading, found = table(data)
    assert [list(row.values()) for row in found] == rows
    assert reading.problems == ()


@pytest.mark.parametrize("ends", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
def test_line_ends_and_separators(ends, separator):
    rows = [["clé", "note"], ["a", 'x"y'], ["b", f"1{separator}2"], ["c", "l1\nl2"]]
    out = io.StringIO(newline="")
    csv.writer(out, delimiter=separator, lineterminator=ends, quoting=csv.QUOTE_ALL).writerows(rows)
    reading, found = table(out.getvalue().encode())
    assert reading.separator == separator
    assert [list(row.values()) for row in found] == rows[1:]


def test_quoting_variants():
    assert table(b"'a','b'\n'1, 2','l''eau'\n'x','y'\n")[1] == [
        {"a": "1, 2", "b": "l'eau"},
        {"a": "x", "b": "y"},
    ]
    escaped = b"a,b\n" + b'"dit \\"oui\\", puis",x\n' * 3
    assert table(escaped)[1][0] == {"a": 'dit "oui", puis', "b": "x"}
    reading, found = table(b"sep=;\nn;x\n1;2,5\n")
    assert found == [{"n": 1, "x": 2.5}] and reading.separator == ";"
    assert [n for n, _ in read_rows(b"sep=;\nn;x\n1;2\n")] == [3]


def test_what_a_person_says_wins():
    data = "a;b\né;1,5\n".encode("mac-roman")
    assert table(data, encoding="mac-roman", separator=";")[1] == [{"a": "é", "b": 1.5}]
    assert refusal(data, encoding="rot13") == "bad_encoding"
    assert refusal(data, encoding="nulle part") == "bad_encoding"


# ---- types


@pytest.mark.parametrize(
    ("texts", "kind", "values"),
    [
        (["oui", "NON", "Oui"], "boolean", [True, False, True]),
        (["vrai", "false"], "boolean", [True, False]),
        (["oui", "non", "peut-être"], "text", ["oui", "non", "peut-être"]),
        (["1\u202f234,5", "12\u00a0000", "-3,25"], "number", [1234.5, 12000.0, -3.25]),
        (["1 234", "12", "-7"], "integer", [1234, 12, -7]),
        (["31/12/2024", "1/2/2024"], "date", [Day(2024, 12, 31), Day(2024, 2, 1)]),
        (["12/31/2024", "1/2/2024"], "date", [Day(2024, 12, 31), Day(2024, 1, 2)]),
        (["2.2.2024", "02.02.2024"], "date", [Day(2024, 2, 2)] * 2),
        (["2024/12/31", "2024/01/02"], "date", [Day(2024, 12, 31), Day(2024, 1, 2)]),
        (["31 décembre 2024", "1er mars 2024"], "date",
         [Day(2024, 12, 31), Day(2024, 3, 1)]),
        (["3 févr. 2024", "15 août 2023"], "date",
         [Day(2024, 2, 3), Day(2023, 8, 15)]),
        (["March 1, 2024", "31 December 2024"], "date",
         [Day(2024, 3, 1), Day(2024, 12, 31)]),
        (["31/12/2024 9:05", "30/11/2024 14 h 30"], "datetime",
         [datetime.datetime(2024, 12, 31, 9, 5), datetime.datetime(2024, 11, 30, 14, 30)]),
        (["G1A 1B1", "H2X"], "text", ["G1A 1B1", "H2X"]),
        (["007", "12"], "text", ["007", "12"]),
        (["418-555-0101", "418-555-0102"], "text", ["418-555-0101", "418-555-0102"]),
        (["31/02/2024", "31/12/2024"], "text", ["31/02/2024", "31/12/2024"]),
        (["29 février 2023", "31 décembre 2024"], "text", ["29 février 2023", "31 décembre 2024"]),
        (["01/02-2024", "31/12-2024"], "text", ["01/02-2024", "31/12-2024"]),
    ],
)  # fmt: skip
def test_french_and_english_ways_of_writing(texts, kind, values):
    reading, found = column(texts)
    assert (reading.schema["v"].type, found) == (kind, values)
    faults = {"31/02/2024", "29 février 2023", "01/02-2024", "007"} & set(texts)
    assert bool(reading.problems) <= bool(faults)


def test_days_that_may_be_months_stay_text_until_somebody_says():
    texts = ["01/02/2024", "03/04/2024"]
    reading, found = column(texts)
    assert found == texts
    assert reading.problems == (CellProblem(2, "v", "01/02/2024", "ambiguous_date"),)
    assert reading.problems_total == 1
    assert column(texts, day_first=True)[1] == [
        Day(2024, 2, 1),
        Day(2024, 4, 3),
    ]
    assert column(texts, day_first=False)[1] == [
        Day(2024, 1, 2),
        Day(2024, 3, 4),
    ]


@given(days=st.lists(st.dates(Day(1000, 1, 1)), min_size=1, max_size=30))
@CHECKED
def test_days_written_day_first(days):
    texts = [f"{d.day}/{d.month:02d}/{d.year:04d}" for d in days]
    reading, found = column(texts, day_first=True)
    assert found == days and reading.schema["v"].type == "date"
    reading, found = column(texts)
    if any(d.day > 12 for d in days) or all(d.day == d.month for d in days):
        assert found == days
    else:
        assert found == texts and reading.problems[0].reason == "ambiguous_date"


@given(st.lists(st.decimals(-(10**8), 10**8, places=3), min_size=1, max_size=30), st.data())
@CHECKED
def test_numbers_far_down_change_their_column(numbers, data):
    """Half a file of whole numbers, then decimals: the type comes from all of it."""
    head = data.draw(st.lists(st.integers(-(10**8), 10**8), min_size=1, max_size=30))
    texts = [str(n) for n in head] + [f"{n:f}".replace(".", ",") for n in numbers]
    reading, found = column(texts)
    exact = [Decimal(t.replace(",", ".")) for t in texts]
    if reading.schema["v"].type != "text":
        assert [Decimal(repr(v)) for v in found] == exact
    else:  # "-0,000" and the like stay as they are written
        assert found == texts


def test_eighteen_figures_among_decimals_are_not_rounded():
    texts = ["123456789012345678"] * 5_000 + ["1.5"]
    reading, found = column(texts)
    assert reading.schema["v"].type == "text" and found == texts


def test_each_column_says_why():
    rows = (
        b"id,code,jour,n,vide,t\n1,007,31/12/2024,1,,a\n2,12,01/01/2024,x,,b\n3,1,02/01/2024,2,,c\n"
    )
    reading, _ = table(rows)
    known = {u["name"]: (u["why"], u["form"]) for u in reading.understood}
    assert known == {
        "id": ("every_cell", "whole"),
        "code": ("leading_zeros", ""),
        "jour": ("every_cell", "dmy"),
        "n": ("odd_cells", "point"),
        "vide": ("empty", ""),
        "t": ("plain_text", ""),
    }
    assert all(sentence(u) for u in reading.understood)


# ---- JSON

VALUES = (
    st.none() | st.booleans() | st.integers(-(10**15), 10**15) | st.text('aé"\\\n,{[', max_size=5)
)


@given(
    rows=st.lists(
        st.dictionaries(st.sampled_from(["a", "b", "é", "d"]), VALUES, min_size=1), min_size=1
    ),
    lines=st.booleans(),
    indent=st.sampled_from([None, 2]),
)
@CHECKED
def test_json_objects(rows, lines, indent):
    if lines:
        text = "\n".join(json.dumps(row, ensure_ascii=False) for row in rows)
    else:
        text = json.dumps(rows, ensure_ascii=False, indent=indent)
    names = list(dict.fromkeys(key for row in rows for key in row))
    reading, found = table(text.encode(), types=dict.fromkeys(names, "text"))
    assert reading.schema.names == tuple(names)

    def shown(value):
        if isinstance(value, bool):
            return str(value).lower()
        return None if value in (None, "") else str(value)

    assert [list(r.values()) for r in found] == [[shown(r.get(n)) for n in names] for r in rows]
    assert len(found) == reading.rows == len(rows)


def test_json_keeps_types_digits_and_codes():
    text = '[{"n": 1, "x": 1.50, "code": "12", "jour": "2024-02-29", "l": [1, {"a": 2.10}]},' \
           '{"n": 2, "x": 2, "code": "13", "jour": null, "ok": true}]'  # fmt: skip
    reading, found = table(text.encode())
    assert found == [
        {"n": 1, "x": 1.5, "code": "12", "jour": Day(2024, 2, 29),
         "l": '[1, {"a": 2.10}]', "ok": None},
        {"n": 2, "x": 2.0, "code": "13", "jour": None, "l": None, "ok": True},
    ]  # fmt: skip
    assert {u["name"]: u["why"] for u in reading.understood}["code"] == "declared_text"
    assert reading.problems == ()


def test_json_of_many_shapes():
    rows = [{"a": 1, "b": "x"}, {"a": 2, "b": "y"}]
    for value in (
        {"a": [1, 2], "b": ["x", "y"]},
        [["a", "b"], [1, "x"], [2, "y"]],
        {"records": rows, "total": 2},
        {"success": True, "result": {"fields": [1], "records": rows}},
    ):
        reading, found = table(json.dumps(value).encode())
        assert (reading.format, found) == ("json", rows)
    assert table(b'{"a": 1, "b": "x"}\n{"a": 2, "b": "y"}')[0].format == "ndjson"
    assert table(b'[{"a": 1}, 5, {"a": 2}]')[0].problems[0].reason == "not_an_object"
    assert len(table(b'[{"a": 1}, 5, {"a": 2}]')[1]) == 3


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ('[{"a": 1}, {"a": ]', "not_json"),
        ('[{"a": 1}', "not_json"),
        ('[{"a": 1}] 5', "not_json"),
        ("[]", "empty"),
        ("[[]]", "not_rows"),
        ('{"a": [1, 2], "b": [1]}', "not_rows"),
        ("[" * 100_000, "not_json"),
        ('[{"a":' + "[" * 100_000, "not_json"),
    ],
)
def test_bad_json_is_refused(text, reason):
    assert refusal(text.encode()) == reason


def test_json_larger_than_the_window_is_read_by_pieces():
    rows = [{"n": i, "t": "é" * 50} for i in range(30_000)]
    reading, found = table(json.dumps(rows, ensure_ascii=False).encode())
    assert reading.rows == 30_000 and found[-1] == rows[-1]


def test_geojson():
    shapes = [
        ({"type": "Point", "coordinates": [-71.2, 46.8]}, "POINT (-71.2 46.8)"),
        ({"type": "Point", "coordinates": [1, 2, 3]}, "POINT Z (1 2 3)"),
        ({"type": "LineString", "coordinates": [[0, 0], [1, 1.5]]}, "LINESTRING (0 0, 1 1.5)"),
        ({"type": "Polygon", "coordinates": [[[0, 0], [1, 0], [1, 1], [0, 0]]]},
         "POLYGON ((0 0, 1 0, 1 1, 0 0))"),
        ({"type": "MultiPoint", "coordinates": [[0, 0], [1, 1]]}, "MULTIPOINT (0 0, 1 1)"),
        ({"type": "MultiPolygon", "coordinates": [[[[0, 0], [1, 0], [1, 1], [0, 0]]]]},
         "MULTIPOLYGON (((0 0, 1 0, 1 1, 0 0)))"),
        ({"type": "Polygon", "coordinates": []}, "POLYGON EMPTY"),
        ({"type": "GeometryCollection", "geometries": [{"type": "Point", "coordinates": [0, 1]}]},
         "GEOMETRYCOLLECTION (POINT (0 1))"),
        (None, None),
        ({"type": "Point", "coordinates": ["a"]}, '{"type": "Point", "coordinates": ["a"]}'),
    ]  # fmt: skip
    features = [
        {"type": "Feature", "id": i, "properties": {"nom": f"lieu {i}"}, "geometry": shape}
        for i, (shape, _) in enumerate(shapes)
    ]
    text = json.dumps({"type": "FeatureCollection", "crs": {"a": 1}, "features": features})
    reading, found = table(text.encode())
    assert reading.format == "geojson"
    assert reading.schema.names == ("nom", "id", "geometry_wkt")
    assert [row["geometry_wkt"] for row in found] == [wkt for _, wkt in shapes]
    assert [row["id"] for row in found] == list(range(len(shapes)))


# ---- spreadsheets

ODS_HEAD = (
    '<?xml version="1.0" encoding="UTF-8"?><office:document-content '
    'xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0" '
    'xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0" '
    'xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0" office:version="1.3">'
    "<office:body><office:spreadsheet>"
)
ODS_TAIL = "</office:spreadsheet></office:body></office:document-content>"
MANIFEST = (
    '<?xml version="1.0"?><manifest:manifest xmlns:manifest="urn:oasis:names:tc:opendocument:'
    'xmlns:manifest:1.0"><manifest:file-entry manifest:full-path="/" manifest:media-type='
    '"application/vnd.oasis.opendocument.spreadsheet"/></manifest:manifest>'
)


def ods(sheets: str, head: str = ODS_HEAD) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        archive.writestr("content.xml", head + sheets + ODS_TAIL)
        archive.writestr("META-INF/manifest.xml", MANIFEST)
    return out.getvalue()


def cell(value) -> str:
    if value is None:
        return "<table:table-cell/>"
    if isinstance(value, bool):
        kind, text = "boolean", f'office:boolean-value="{str(value).lower()}"'
    elif isinstance(value, int | float):
        kind, text = "float", f'office:value="{value!r}"'
    elif isinstance(value, datetime.date):
        kind, text = "date", f'office:date-value="{value.isoformat()}"'
    else:
        escaped = value.replace("&", "&amp;").replace("<", "&lt;")
        inner = f"<text:p>{escaped}</text:p>"
        return f'<table:table-cell office:value-type="string">{inner}</table:table-cell>'
    return (
        f'<table:table-cell office:value-type="{kind}" {text}><text:p>?</text:p></table:table-cell>'
    )


def sheet(rows, name="Feuille") -> str:
    lines = "".join(f"<table:table-row>{''.join(map(cell, r))}</table:table-row>" for r in rows)
    return f'<table:table table:name="{name}">{lines}</table:table>'


CELLS = (
    st.none() | st.booleans() | st.integers(-(10**9), 10**9)
    | st.floats(-1e6, 1e6).map(lambda x: round(x, 3)) | st.text("aé<&'", min_size=1, max_size=4)
)  # fmt: skip


@given(st.lists(st.tuples(CELLS, CELLS, CELLS), min_size=1, max_size=6))
@settings(deadline=None, max_examples=60)
def test_ods_against_another_library(rows):
    data = ods(sheet([["a", "b", "c"], *rows]))
    found = [list(row.values()) for _, row in read_rows(data)]
    page = CalamineWorkbook.from_filelike(io.BytesIO(data)).get_sheet_by_index(0)
    expected = []
    for row in page.to_python()[1:]:
        padded = [*row, *[""] * (3 - len(row))]
        texts = [str(v).lower() if isinstance(v, bool) else v for v in padded]
        if any(v != "" for v in texts):
            expected.append(
                [repr(v).removesuffix(".0") if isinstance(v, float) else v for v in texts]
            )
    assert [[Decimal(v) if _numeric(v) else v for v in r] for r in found] == [
        [Decimal(v) if _numeric(v) else v for v in r] for r in expected
    ]


def _numeric(text: str) -> bool:
    return text.lstrip("-")[:1].isdigit()


def test_ods_types_repeats_formulas_and_notes():
    rows = (
        '<table:table-row><table:table-cell office:value-type="string"><text:p>n</text:p>'
        '</table:table-cell><table:table-cell office:value-type="string"><text:p>jour</text:p>'
        '</table:table-cell><table:table-cell office:value-type="string"><text:p>t</text:p>'
        "</table:table-cell></table:table-row>"
        '<table:table-row table:number-rows-repeated="2">'
        '<table:table-cell office:value-type="float" office:value="2" table:formula="of:=[.A1]+1"/>'
        '<table:table-cell office:value-type="date" office:date-value="2024-02-29T00:00:00"/>'
        '<table:table-cell office:value-type="string"><office:annotation><text:p>non</text:p>'
        '</office:annotation><text:p>a<text:s text:c="2"/>b</text:p><text:p>c</text:p>'
        '</table:table-cell><table:table-cell table:number-columns-repeated="16000"/>'
        "</table:table-row>"
        '<table:table-row table:number-rows-repeated="1048000"><table:table-cell '
        'table:number-columns-repeated="16384"/></table:table-row>'
    )
    data = ods(sheet([], "vide") + f'<table:table table:name="b">{rows}</table:table>')
    reading, found = table(data)
    assert (reading.format, reading.sheets) == ("ods", ("vide", "b"))
    assert found == [{"n": 2, "jour": Day(2024, 2, 29), "t": "a  b\nc"}] * 2
    assert refusal(data, sheet="absente") == "empty"


def test_hostile_ods_is_refused():
    many = sheet([["a"], ["b"]]).replace("<table:table-row>", "<table:table-row "
                                         'table:number-rows-repeated="900000000">')  # fmt: skip
    assert refusal(ods(many)) == "too_many_cells_in_sheet"
    wide = sheet([["a"]]).replace("<table:table-cell ", "<table:table-cell "
                                  'table:number-columns-repeated="900000000" ')  # fmt: skip
    assert refusal(ods(wide)) == "too_many_columns"
    bomb = ODS_HEAD.replace("?>", "?><!DOCTYPE a [<!ENTITY a 'x'><!ENTITY b '&a;&a;'>]>", 1)
    assert refusal(ods(sheet([["a"]]), bomb)) == "not_a_spreadsheet"
    assert refusal(ods(" " * 3_000_000), bytes_max=100_000) == "too_many_bytes"
    assert refusal(ods("<table:table>")) == "not_a_spreadsheet"
    # Less than once would take cells off the count that the limits are about.
    for what in ("rows", "columns"):
        tag = "<table:table-row " if what == "rows" else "<table:table-cell "
        fewer = sheet([["a"], ["b"]]).replace(
            tag.strip(), f'{tag}table:number-{what}-repeated="-900000000"'
        )
        assert refusal(ods(fewer)) == "not_a_spreadsheet"


@pytest.mark.parametrize("text", ["1E900000000", "1E-900000000", "E", "1E"])
def test_numbers_that_cannot_be_written_out_stay_as_they_are(text):
    data = ods(sheet([["n"], [1]]).replace('office:value="1"', f'office:value="{text}"'))
    assert table(data)[1] == [{"n": text}]


def test_a_damaged_ods_is_refused_in_words():
    data = ods(sheet([["a", "b"], *[[i, f"x{i * 7919 % 997}"] for i in range(99)]]))
    reasons = set()
    for place in range(30, len(data), 23):
        damaged = data[:place] + bytes([data[place] ^ 0x55]) + data[place + 1 :]
        try:
            with read_table(damaged) as reading:
                assert reading.rows == 99
        except TableError as error:
            reasons.add(error.reason)
    assert reasons == {"not_a_spreadsheet"}


# ---- Parquet


def test_parquet_keeps_types_and_says_what_it_cannot():
    source = pa.table({
        "i": pa.array([1, None, 3], pa.int32()),
        "u": pa.array([2**64 - 1, 0, 1], pa.uint64()),
        "x": pa.array([1.5, float("nan"), float("inf")]),
        "d": pa.array([Decimal("1.50"), None, Decimal("2.25")], pa.decimal128(10, 2)),
        "long": pa.array([Decimal("12345678901234567890.12"), None, None], pa.decimal128(30, 2)),
        "c": pa.array(["a", "b", "a"]).dictionary_encode(),
        "l": pa.array([[1, 2], None, []]),
        "t": pa.array(["", "007", "é"]),
        "ns": pa.array([1, 2, 3], pa.timestamp("ns")),
        "at": pa.array([0, None, 10**6], pa.timestamp("ms", "America/Toronto")),
        "b": pa.array([b"a", b"\xff", None]),
    })  # fmt: skip
    out = io.BytesIO()
    pq.write_table(source, out)
    reading, found = table(out.getvalue())
    assert reading.format == "parquet" and reading.rows == 3
    assert {c.name: c.type for c in reading.schema.columns} == {
        "i": "integer", "u": "text", "x": "number", "d": "number", "long": "text", "c": "text",
        "l": "text", "t": "text", "ns": "text", "at": "datetime", "b": "text",
    }  # fmt: skip
    assert [row["x"] for row in found] == [1.5, None, None]
    assert reading.problems == (
        CellProblem(2, "x", "nan", "not_finite"), CellProblem(3, "x", "inf", "not_finite"),
    )  # fmt: skip
    assert found[0]["u"] == str(2**64 - 1) and found[0]["long"] == "12345678901234567890.12"
    assert [row["l"] for row in found] == ["[1, 2]", None, "[]"]
    assert found[1]["t"] == "007" and found[0]["t"] is None
    assert found[0]["at"] == datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)
    assert refusal(out.getvalue(), rows_max=2) == "too_many_rows"
    assert refusal(out.getvalue(), columns_max=3) == "too_many_columns"
    assert refusal(out.getvalue()[:-20]) == "not_parquet"
    assert refusal(b"PAR1" + b"x" * 100) == "not_parquet"


# ---- real files

REAL = (
    sorted(itertools.chain(SHARED.rglob("*.csv"), SHARED.rglob("*.json")))
    if SHARED.exists()
    else []
)


@pytest.mark.skipif(not REAL, reason=f"{SHARED} holds no files on this machine")
def test_real_files_lose_no_row():
    read = 0
    for path in REAL:
        if path.stat().st_size > 3_000_000:
            continue  # the largest would take most of the time
        try:
            reading, found = table(path)
        except TableError as error:
            assert path.suffix == ".json" and error.reason in ("not_rows", "empty", "not_json")
            continue
        read += 1
        assert len(found) == reading.rows
        if path.suffix == ".csv":
            with path.open(encoding="utf-8-sig", newline="") as file:
                rows = [r for r in csv.reader(file, delimiter=reading.separator) if r]
            assert len(rows) == reading.rows + 1
    assert read > 3
