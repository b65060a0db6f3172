"""Reading: every encoding and separator, no row lost, each odd cell named."""

import csv
import datetime
import io
import json
import os
import zipfile
from decimal import Decimal
from pathlib import Path

import pytest
import xlsxwriter
from hypothesis import given, settings
from hypothesis import strategies as st

from parvis.tables.errors import REASONS, CellProblem, TableError
from parvis.tables.read import read_rows, read_table
from parvis.tables.schema import Schema

# Real texts whose licence does not let them into the repository: they are read where they lie.
SHARED = Path(os.environ.get("PARVIS_TEST_DATA", Path(__file__).parents[3] / "shared" / "data"))
FREE_TEXT = SHARED / "free-text"
ENCODINGS = ["utf-8", "utf-8-sig", "cp1252", "utf-16", "utf-16-le", "utf-16-be"]
SEPARATORS = [",", ";", "\t"]
# Letters whose Windows-1252 bytes are never UTF-8 by chance.
LETTERS = st.text("abc éèêàùçôïâ,;\t\"'\n-=0123456789", max_size=12)


def encoded(rows: list[list[str]], encoding: str, separator: str) -> bytes:
    out = io.StringIO(newline="")
    csv.writer(out, delimiter=separator).writerows(rows)
    return out.getvalue().encode(encoding)


def table(source, **options):
    with read_table(source, **options) as reading:
        return reading, reading.reader().read_all().to_pylist()


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("separator", SEPARATORS)
@given(rows=st.lists(st.tuples(LETTERS, LETTERS, LETTERS), max_size=8))
@settings(deadline=None, max_examples=25)
def test_any_encoding_and_separator_gives_back_every_cell(encoding, separator, rows):
    names = ["clé", "texte libre", "note"]
    data = encoded([names, *map(list, rows)], encoding, separator)
    reading, found = table(data, types=dict.fromkeys(names, "text"))
    assert reading.schema.names == tuple(names)
    assert [list(row.values()) for row in found] == [[c or None for c in row] for row in rows]
    assert reading.problems_total == 0
    assert reading.rows == len(rows)
    reader = read_rows(data)
    assert [list(row.values()) for _, row in reader] == [list(row) for row in rows]
    assert [number for number, _ in read_rows(data)] == list(range(2, len(rows) + 2))
    assert reader.rejected == 0


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_one_column_needs_no_separator(encoding):
    data = "texte\r\nbonjour, ça va ; bien\r\nété\r\n".encode(encoding)
    _, found = table(data)
    assert found in (
        [{"texte": "bonjour, ça va ; bien"}, {"texte": "été"}],
        [{"texte": "bonjour, ça va ; bien"}, {"texte": "été"}],
    )


def french(number: Decimal, space: str) -> str:
    whole, _, decimals = f"{number:,f}".partition(".")
    return whole.replace(",", space) + ("," + decimals if decimals else "")


DECIMALS = st.decimals(-(10**9), 10**9, places=2).map(lambda d: abs(d) if d == 0 else d)


@given(
    numbers=st.lists(DECIMALS, min_size=1, max_size=20),
    space=st.sampled_from(["", " ", "\u00a0", "\u202f"]),
    separator=st.sampled_from([";", "\t"]),
)
@settings(deadline=None)
def test_french_decimals(numbers, space, separator):
    rows = [["n", "x"], *[[f" {french(n, space)} ", "a"] for n in numbers]]
    reading, found = table(encoded(rows, "utf-8", separator))
    assert reading.schema["n"].type == "number"
    assert [row["n"] for row in found] == [float(n) for n in numbers]


@given(numbers=st.lists(DECIMALS, min_size=1, max_size=20))
@settings(deadline=None)
def test_english_decimals(numbers):
    rows = [["n", "x"], *[[f"{n:,f}", "a"] for n in numbers]]
    reading, found = table(encoded(rows, "utf-8", ","))
    assert reading.schema["n"].type == "number"
    assert [row["n"] for row in found] == [float(n) for n in numbers]


@given(
    st.lists(st.dates(), min_size=1),
    st.lists(st.integers(-(10**18) + 1, 10**18 - 1), min_size=1),
    st.lists(st.floats(allow_nan=False, allow_infinity=False).map(repr), min_size=1),
)
@settings(deadline=None)
def test_dates_integers_and_floats_convert_without_loss(dates, integers, floats):
    for name, texts, values in (
        ("date", [d.isoformat() for d in dates], dates),
        ("integer", [str(i) for i in integers], integers),
    ):
        reading, found = table(encoded([["v", "x"], *[[t, "a"] for t in texts]], "utf-8", ","))
        assert reading.schema["v"].type == name
        assert [row["v"] for row in found] == values
    reading, found = table(encoded([["v", "x"], *[[t, "a"] for t in floats]], "utf-8", ","))
    for text, row in zip(floats, found, strict=True):
        # Either the very float, or the text as it was: exponents and 20 digits stay text.
        assert row["v"] == text or Decimal(repr(float(row["v"]))) == Decimal(text)


@given(st.integers(0, 9999), st.integers(0, 13), st.integers(0, 32))
@settings(deadline=None, max_examples=300)
def test_only_days_of_the_calendar_are_dates(year, month, day):
    text = f"{year:04d}-{month:02d}-{day:02d}"
    try:
        expected: object = datetime.date(year, month, day)
    except ValueError:
        expected = text
    _, found = table(f"d,x\n{text},a\n".encode())
    assert found == [{"d": expected, "x": "a"}]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2024-02-29 23:59", datetime.datetime(2024, 2, 29, 23, 59)),
        ("2024-02-29T23:59:58.25", datetime.datetime(2024, 2, 29, 23, 59, 58, 250_000)),
        ("2024-02-29T23:59Z", datetime.datetime(2024, 2, 29, 23, 59, tzinfo=datetime.UTC)),
        ("2024-02-29 23:59:00-05:00", datetime.datetime(2024, 3, 1, 4, 59, tzinfo=datetime.UTC)),
        ("2023-02-29 10:00", "2023-02-29 10:00"),
        ("2024-02-29 24:00", "2024-02-29 24:00"),
        ("9999-12-31T23:00-05:00", "9999-12-31T23:00-05:00"),
    ],
)
def test_date_times(text, expected):
    _, found = table(f"d,x\n{text},a\n".encode())
    assert found[0]["d"] == expected


@pytest.mark.parametrize("column", [["007", "12"], ["0123456", "0"], ["-01", "3,5"], ["00", "1"]])
def test_leading_zeros_stay_text(column):
    reading, found = table(encoded([["code", "x"], *[[c, "a"] for c in column]], "utf-8", ";"))
    assert [row["code"] for row in found] == column
    assert reading.problems == ()


NOT_NUMBERS = "+15145551234|1e5|0x1F|12 %|5 $|1 2|12.|.5|1,2,3|NaN|inf|1_000|-|12345678901234567890"


@pytest.mark.parametrize("text", NOT_NUMBERS.split("|"))
def test_what_is_not_a_number_stays_as_written(text):
    _, found = table(encoded([["v", "x"], [text, "a"]], "utf-8", ";"))
    assert found[0]["v"] == text


@given(
    good=st.lists(st.integers(1, 999), min_size=3, max_size=60),
    bad=st.text("abcxyz/", min_size=1, max_size=5),
    place=st.integers(0, 60),
)
@settings(deadline=None)
def test_one_odd_cell_is_named_and_no_row_is_lost(good, bad, place):
    cells = [str(n) for n in good]
    place = min(place, len(cells))
    cells.insert(place, bad)
    reading, found = table(encoded([["n", "x"], *[[c, "a"] for c in cells]], "utf-8", ","))
    assert reading.schema["n"].type == "text"
    assert [row["n"] for row in found] == cells
    assert reading.problems == (CellProblem(place + 2, "n", bad, "not_a_number"),)
    assert reading.problems_total == 1


def test_odd_cell_far_down_is_still_found():
    rows = [[str(i), "2024-01-01"] for i in range(45_000)]
    rows[44_999] = ["44999", "hier"]
    reading, found = table(encoded([["n", "jour"], *rows], "utf-8", ","))
    assert len(found) == reading.rows == 45_000
    assert reading.schema["n"].type == "integer"
    assert reading.problems == (CellProblem(45_001, "jour", "hier", "not_a_date"),)
    assert [row["n"] for row in found] == list(range(45_000))


def test_reasons_by_kind():
    rows = [["d", "t", "b", "z"]]
    rows += [["2024-01-01", "2024-01-01 10:00", "vrai", "2024-01-01T10:00Z"]] * 3
    rows += [["01/02/2024", "2024-01-01", "peut-être", "2024-01-01T10:00"]]
    reading, _ = table(encoded(rows, "utf-8", ","))
    assert {p.column: p.reason for p in reading.problems} == {
        "d": "not_a_date",
        "t": "not_a_datetime",
        "b": "not_a_boolean",
        "z": "mixed_time_zones",
    }
    assert {p.row for p in reading.problems} == {5}
    assert all(p.message == REASONS[p.reason] for p in reading.problems)


def test_comma_before_three_digits_is_decided_by_the_file():
    for separator, expected in ((";", 1.204), (",", "1,204")):
        reading, found = table(encoded([["n", "x"], ["1,204", "a"]], "utf-8", separator))
        assert found[0]["n"] == expected
        assert [p.reason for p in reading.problems] == (
            [] if separator == ";" else ["ambiguous_number"]
        )
    _, found = table(encoded([["n", "x"], ["1,204", "a"], ["1,204.5", "a"]], "utf-8", ","))
    assert [row["n"] for row in found] == [1204, 1204.5]
    _, found = table(encoded([["n", "x"], ["1,204", "a"], ["0,5", "a"]], "utf-8", ","))
    assert [row["n"] for row in found] == [1.204, 0.5]


def test_forced_types():
    rows = [["a", "b", "c"], ["1", "x", "1,5"], ["2", "3", "2"]]
    reading, found = table(
        encoded(rows, "utf-8", ";"), types={"a": "text", "b": "integer", "c": "integer"}
    )
    assert found == [{"a": "1", "b": "x", "c": "1,5"}, {"a": "2", "b": "3", "c": "2"}]
    assert [(p.row, p.column, p.value, p.reason) for p in reading.problems] == [
        (2, "b", "x", "not_an_integer"),
        (2, "c", "1,5", "not_an_integer"),
    ]


def test_rows_of_the_wrong_width():
    data = b"a,b\n1,x\n2\n3,y,z\n\n4,w,\n5,\n"
    reading, found = table(data)
    assert [list(row.values()) for row in found] == [
        [1, "x", None], [2, None, None], [3, "y", "z"], [4, "w", None], [5, None, None]
    ]  # fmt: skip
    assert reading.schema.names == ("a", "b", "column_3")
    assert [(p.row, p.value, p.reason) for p in reading.problems] == [
        (3, "2", "too_few_cells"),
        (4, "z", "too_many_cells"),
    ]
    reader = read_rows(data)
    assert [number for number, _ in reader] == [2, 6, 7]
    assert [(p.row, p.reason) for p in reader.problems] == [
        (3, "too_few_cells"),
        (4, "too_many_cells"),
    ]
    assert reader.rejected == 2


@pytest.mark.parametrize("place", range(4))
def test_quotation_mark_never_closed_spoils_its_own_row_only(place):
    lines = ["1,a", "2,b", '3,"c"', "4,d"]
    lines[place] = f'{place + 1},"oops'
    data = ("n,t\n" + "\n".join(lines) + "\n").encode()
    reader = read_rows(data)
    assert [int(row["n"]) for _, row in reader] == [i + 1 for i in range(4) if i != place]
    assert [(p.row, p.reason) for p in reader.problems] == [(place + 2, "bad_quotes")]
    reading, found = table(data)
    assert [row["n"] for row in found] == [1, 2, 3, 4]
    assert found[place]["t"] == "oops"
    assert [(p.row, p.reason) for p in reading.problems] == [(place + 2, "bad_quotes")]


def test_text_after_a_closed_quotation_mark():
    reading, found = table(b'n,t\n1,"a"b\n2,"c"\n')
    assert [row["n"] for row in found] == [1, 2]
    assert [(p.row, p.reason) for p in reading.problems] == [(2, "bad_quotes")]


def test_too_many_open_quotation_marks_end_with_words():
    data = b"n,t\n" + b'1,"a"b\n' * 200
    with pytest.raises(TableError, match="quotation marks"):
        read_table(data)


def test_undecodable_characters_are_named():
    data = "nom,n\nété,1\nNoël,2\nhiver où il fait très très froid là-bas,3\n".encode()
    data = data.replace("Noël".encode(), b"No\xffl")
    reading, found = table(data)
    assert reading.encoding == "utf-8"
    assert [row["n"] for row in found] == [1, 2, 3]
    assert reading.problems == (CellProblem(3, "nom", "No\ufffdl", "undecodable"),)
    reader = read_rows(data)
    assert [number for number, _ in reader] == [2, 4]
    assert reader.problems == list(reading.problems)
    # Windows-1252 leaves five bytes without a meaning; UTF-16 may be cut in the middle.
    reading, found = table(b"nom,n\n\xe9t\xe9,1\n\x81,2\n")
    assert reading.encoding == "cp1252"
    assert found[1]["nom"] == "\ufffd"
    assert [(p.row, p.reason) for p in reading.problems] == [(3, "undecodable")]
    reading, found = table("nom,n\nété,1".encode("utf-16") + b"\x00")
    assert [(p.row, p.column, p.reason) for p in reading.problems if p.reason == "undecodable"] == [
        (2, "n", "undecodable")
    ]


def test_header_names():
    data = encoded([["a", " A ", "", "file_row_number", "a\nb", ""], ["1", "2", "3", "4", "5"]],
                   "utf-8", ",")  # fmt: skip
    reading, _ = table(data)
    assert reading.schema.names == ("a", "A_2", "column_3", "file_row_number_2", "a b")
    assert [(p.column, p.reason) for p in reading.problems] == [
        ("A_2", "duplicate_header"),
        ("column_3", "empty_header"),
        ("file_row_number_2", "reserved_header"),
    ]


def test_dictionary_survives_a_reload():
    first, _ = table(b"a,b\n1,x\n")
    listed = first.schema.as_list()
    listed[0]["label"] = {"fr": "Quantité", "en": "Quantity"}
    previous = Schema.from_list(json.loads(json.dumps(listed)))
    second, _ = table(b"c,a\n1,zut\n", previous=previous)
    assert second.schema["a"].label == {"fr": "Quantité", "en": "Quantity"}
    assert second.schema["a"].type == "text"
    assert second.schema["c"].label == {}


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "empty"),
        (b"\n\n  \n", "empty"),
        (b"\xef\xbb\xbf", "empty"),
        (b"\x00\x01\x02" * 100, "not_text"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" * 10, "old_spreadsheet"),
        (b"PK\x03\x04nonsense", "not_a_spreadsheet"),
    ],
)
def test_what_is_no_table_is_refused_with_words(data, reason):
    for read in (read_table, read_rows):
        with pytest.raises(TableError) as caught:
            read(data)
        assert caught.value.reason == reason
        assert str(caught.value)


def test_limits():
    data = b"a,b\n" + b"1,2\n" * 10
    assert table(data, rows_max=10, bytes_max=len(data))[0].rows == 10
    for options, reason in (
        ({"rows_max": 9}, "too_many_rows"),
        ({"bytes_max": len(data) - 1}, "too_many_bytes"),
        ({"columns_max": 1}, "too_many_columns"),
    ):
        with pytest.raises(TableError) as caught:
            read_table(data, **options)
        assert caught.value.reason == reason
    reader = iter(read_rows(data, rows_max=9))
    assert sum(1 for _ in zip(range(9), reader, strict=False)) == 9
    with pytest.raises(TableError):
        next(reader)


class Pipe(io.RawIOBase):
    """A stream that cannot seek, as a request body."""

    def __init__(self, data: bytes) -> None:
        self._inner = io.BytesIO(data)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer) -> int:
        return self._inner.readinto(buffer)


def test_streams_paths_and_bytes_are_alike(tmp_path):
    data = "é;b\n1;2\n".encode("cp1252")
    path = tmp_path / "a.csv"
    path.write_bytes(data)
    stream = io.BytesIO(data)
    for source in (data, path, stream, io.BufferedReader(Pipe(data))):
        assert table(source)[1] == [{"é": 1, "b": 2}]
    assert not stream.closed
    assert list(read_rows(stream)) == [(2, {"é": "1", "b": "2"})]
    assert not stream.closed
    with pytest.raises(TableError):
        read_table(io.BufferedReader(Pipe(data * 100)), bytes_max=50)


def spreadsheet(rows: list[list], formats: dict | None = None) -> bytes:
    out = io.BytesIO()
    book = xlsxwriter.Workbook(out)
    book.add_worksheet("vide")
    page = book.add_worksheet("données")
    day = book.add_format({"num_format": "yyyy-mm-dd hh:mm"})
    for y, row in enumerate(rows):
        for x, value in enumerate(row):
            if isinstance(value, str):
                page.write_string(y, x, value)
            elif isinstance(value, datetime.date):
                page.write_datetime(y, x, value, day)
            elif value is not None:
                page.write(y, x, value)
    book.close()
    return out.getvalue()


def test_spreadsheet_cells_keep_their_types():
    noon = datetime.datetime(2024, 1, 2, 12)
    midnight = datetime.datetime(2024, 1, 3)
    data = spreadsheet([
        ["n", "x", "code", "jour", "quand", "b"],
        [1, 0.5, "007", datetime.date(2024, 1, 2), noon, True],
        [2, 1_000_000, "08", None, midnight, None],
    ])  # fmt: skip
    reading, found = table(data)
    assert reading.sheets == ("vide", "données")
    assert found == [
        {"n": 1, "x": 0.5, "code": "007", "jour": datetime.date(2024, 1, 2), "quand": noon,
         "b": True},
        {"n": 2, "x": 1e6, "code": "08", "jour": None, "quand": midnight, "b": None},
    ]  # fmt: skip
    assert reading.problems == ()
    assert [row["code"] for _, row in read_rows(data)] == ["007", "08"]
    with pytest.raises(TableError):
        read_table(data, sheet="absente")


def test_spreadsheet_rows_keep_their_number():
    data = spreadsheet([["n", "x"], [1, "a"], [], ["zut", "b"], [3, "c"], [4, "d"]])
    reading, found = table(data)
    assert [row["n"] for row in found] == ["1", "zut", "3", "4"]
    assert reading.problems == (CellProblem(4, "n", "zut", "not_a_number"),)


def with_sheet(data: bytes, change, rename=str) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(out, "w", 8) as new:
        for entry in old.infolist():
            new.writestr(rename(entry.filename), change(entry.filename, old.read(entry)))
    return out.getvalue()


def test_spreadsheet_that_would_fill_the_memory_is_refused():
    data = spreadsheet([["a", "b"], [1, 2]])
    far = b'<row r="1048576"><c r="XFD1048576"><v>1</v></c></row></sheetData>'
    corners = with_sheet(
        data,
        lambda n, d: d.replace(b"</sheetData>", far) if "sheet2" in n else d,
    )
    with pytest.raises(TableError) as caught:
        read_table(corners)
    assert caught.value.reason == "too_many_cells_in_sheet"
    bomb = with_sheet(data, lambda n, d: d + b" " * 3_000_000 if "sheet2" in n else d)
    with pytest.raises(TableError) as caught:
        read_table(bomb, bytes_max=100_000)
    assert caught.value.reason == "too_many_bytes"


@pytest.mark.parametrize(
    "far",
    [
        "<row r='1048576'><c r='XFD1048576'><v>1</v></c></row>",
        '<row r="1048576"><c\nt="n" r = "xfd1048576"><v>1</v></c></row>',
        '<row r="1048576"><c s=">" r="XFD1048576"><v>1</v></c></row>',
        '<row r="1"><c r="XFC1"/><c/></row><row r="1048575"/><row><c><v>1</v></c></row>',
        f'<row r="1"><c {" " * 2_200_000} r="XFD1048576"/></row>',
    ],
    ids=["single marks", "line ends", "stroke in a mark", "without places", "very long tag"],
)
@pytest.mark.parametrize("renamed", [False, True])
def test_no_way_of_writing_a_place_gets_around_the_limit(far, renamed):
    data = with_sheet(
        spreadsheet([["a", "b"], [1, 2]]),
        lambda n, d: d.replace(b"</sheetData>", far.encode() + b"</sheetData>") if "sheet2" in n
        else d.replace(b"worksheets/sheet2", b"elsewhere/page") if renamed else d,
        lambda n: n.replace("worksheets/sheet2", "elsewhere/page") if renamed else n,
    )  # fmt: skip
    with pytest.raises(TableError) as caught:
        read_table(data)
    long = len(far) > 1_000_000
    assert caught.value.reason == ("not_a_spreadsheet" if long else "too_many_cells_in_sheet")


def test_a_sheet_may_have_any_name_in_its_archive():
    data = with_sheet(
        spreadsheet([["a", "b"], [1, 2]]),
        lambda n, d: d.replace(b"worksheets/sheet2", b"elsewhere/page"),
        lambda n: n.replace("worksheets/sheet2", "elsewhere/page"),
    )
    assert table(data)[1] == [{"a": 1, "b": 2}]


def test_a_damaged_spreadsheet_is_refused_in_words():
    data = spreadsheet([["a", "b"], *[[i, f"x{i * 7919 % 997}"] for i in range(99)]])
    reasons = set()
    for place in range(4, len(data), 37):
        damaged = data[:place] + bytes([data[place] ^ 0x55]) + data[place + 1 :]
        try:
            with read_table(damaged) as reading:
                assert reading.rows == 99
        except TableError as error:
            reasons.add(error.reason)
    assert reasons == {"not_a_spreadsheet"}


@pytest.mark.parametrize("name", [
    "grand-debat-mel-reponses.csv", "polis-statements-en-a.csv", "republique-numerique-a.csv",
])  # fmt: skip
def test_real_consultations(name):
    path = FREE_TEXT / name
    if not path.exists():
        pytest.skip(f"{path} is not on this machine")
    with path.open(encoding="utf-8", newline="") as file:
        expected = list(csv.DictReader(file))
    reader = read_rows(path)
    assert [row for _, row in reader] == expected
    assert reader.problems == []
    reading, found = table(path)
    assert reading.rows == len(found) == len(expected)
    assert [row["text"] for row in found] == [row["text"] or None for row in expected]
    assert reading.problems == ()
    # The same file, damaged in three places: each is named, all other rows are read.
    lines = path.read_bytes().rstrip().split(b"\n")
    damaged = b"\n".join(
        [*lines, b"x,y", b'z,"open', b"caf\xff" + b"," * lines[0].count(b","), b""]
    )
    reader = read_rows(damaged)
    assert sum(1 for _ in reader) == len(expected)
    assert [p.row for p in reader.problems] == [len(expected) + i for i in (2, 3, 4)]
    assert [p.reason for p in reader.problems] == ["too_few_cells", "bad_quotes", "undecodable"]
