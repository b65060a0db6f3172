"""Spark on a standalone cluster answers as DuckDB does, row by row."""

import datetime
import json
import math
import os
import random
import re
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict

import pyarrow as pa
import pytest
from django.urls import reverse
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from parvis.catalogue.conformity import checks
from parvis.catalogue.tests.catalogue_factories import make_dataset
from parvis.tables import choice, condition, engine, figures
from parvis.tables import spark as engine_of_spark
from parvis.tables.difference import changes, difference
from parvis.tables.dump import chunks
from parvis.tables.errors import TableError
from parvis.tables.query import Aggregate, Query, Sort, Where
from parvis.tables.store import Store
from tests.tables.spark_cluster import cluster

pytestmark = [
    pytest.mark.spark,
    pytest.mark.skipif(bool(choice.missing()), reason=f"not here: {choice.missing()}"),
]
UTC = datetime.UTC
TEXTS = (
    "Œuvre", "œil", "Été", "été", "ÉTÉ", "Zèbre", "âge", "Age", "", " ", "l’ami", "l'ami", "ΣΑΣ",
    "ΣΑΣ Σ", "Straße", "e\u0301te\u0301", "a\\b", "$1 '%_\"", "${user.home}", "1e+20", "İstanbul",
    "ǽ", "日本", "12/31/2024", "1 234,5", "août 2024", "n. d.", "line\nline", "\U0001d538",
)  # fmt: skip
NUMBERS = (0.0, 0.1, 0.30000000000000004, -1.5, 1e7, 1e15, 1e16, 1e20, 1e-4, 1e-5, 123456.789,
           2139633984082728448.0, 1.2345678901234567e-7)  # fmt: skip
DAYS = (datetime.date(1, 1, 1), datetime.date(9, 5, 3), datetime.date(1582, 10, 10),
        datetime.date(2024, 2, 29), datetime.date(2024, 3, 1))  # fmt: skip
MOMENTS = (datetime.datetime(1850, 1, 1), datetime.datetime(2024, 3, 10, 2, 30),
           datetime.datetime(2024, 3, 10, 2, 30, 0, 120000))  # fmt: skip
SCHEMA = pa.schema([
    ("n", pa.int64()), ("t`ext.", pa.string()), ("x", pa.float64()), ("${d}", pa.date32()),
    ("at", pa.timestamp("us", "UTC")), ("key", pa.bool_()), ("local", pa.timestamp("us")),
    ("Été", pa.string()), ("lat", pa.float64()), ("lon", pa.float64()),
    ("geometry_wkt", pa.string()), ("code", pa.string()),
])  # fmt: skip
N, T, X, D, AT, B, L, E = SCHEMA.names[:8]
ROWS = 400


def table(seed: int = 1) -> pa.Table:
    chance = random.Random(seed)

    def some(values):
        return chance.choice((None, *values)) if chance.random() < 0.9 else None

    rows = []
    for i in range(ROWS):
        moment = some(MOMENTS)
        place = (45 + chance.random(), -75 + 3 * chance.random())
        rows.append((
            some((-3, 0, 2, 7, 2**53 + 1)), some(TEXTS),
            some(NUMBERS) if i % 3 else chance.uniform(-1, 1) * 10 ** chance.randint(-6, 18),
            some(DAYS), moment.replace(tzinfo=UTC) if moment else None, some((True, False)),
            some(MOMENTS), some(("b", "B", "á", "a")), *(place if i % 5 else (None, 2.0)),
            chance.choice((None, "POINT (-73.5 45.5)", f"POINT ({place[1]} {place[0]})",
                           "LINESTRING (0 0, 1 1)", "POINT (x)", "POLYGON ((200 1, 2 2, 200 1))")),
            f"C{i:04d}",
        ))  # fmt: skip
    return pa.Table.from_pylist([dict(zip(SCHEMA.names, row, strict=True)) for row in rows], SCHEMA)


@pytest.fixture(scope="session")
def spark(tmp_path_factory) -> Iterator[dict[str, str]]:
    folder = tmp_path_factory.mktemp("spark")
    with cluster(folder) as environment, pytest.MonkeyPatch.context() as patch:
        for name, value in environment.items():
            if name.startswith("SPARK_"):
                patch.setenv(name, value)

        def start() -> None:
            with engine_of_spark._lock:
                session = engine_of_spark._Session(environment["PARVIS_SPARK_MASTER"])
                engine_of_spark._sessions[os.getpid()] = session

        # The driver starts while this process makes a database: two cores, two things.
        threading.Thread(target=start).start()
        yield environment


@pytest.fixture(scope="session")
def store(tmp_path_factory):
    return Store(tmp_path_factory.mktemp("tables"))


@pytest.fixture(scope="session")
def version(store):
    return store.put(table())


@pytest.fixture
def both(spark, monkeypatch):
    """Ask the same of both engines: two answers."""

    def ask(question):
        monkeypatch.delenv("PARVIS_ENGINE", raising=False)
        first = question()
        for name, value in spark.items():
            monkeypatch.setenv(name, value)
        second = question()
        monkeypatch.delenv("PARVIS_ENGINE")
        return first, second

    return ask


def same(a, b, where=""):
    """Equal, in value and type; floats may differ by the order in which they were summed."""
    assert type(a) is type(b), (where, a, b)
    if isinstance(a, float):
        assert math.isclose(a, b, rel_tol=1e-12, abs_tol=1e-12), (where, a, b)
    elif isinstance(a, dict):
        assert list(a) == list(b), (where, a, b)
        for key in a:
            same(a[key], b[key], f"{where}.{key}")
    elif isinstance(a, list | tuple):
        assert len(a) == len(b), (where, a, b)
        for i, (one, two) in enumerate(zip(a, b, strict=True)):
            same(one, two, f"{where}[{i}]")
    else:
        assert a == b, (where, a, b)


def agree(both, question):
    a, b = both(question)
    same(a, b)
    return a


def some_sorts() -> list[tuple[Sort, ...]]:
    return [
        (Sort(T, True),), (Sort(E), Sort(X, True)), (Sort(D), Sort(B, True), Sort(AT)),
    ]  # fmt: skip


def test_rows_in_order_and_pages(store, version, both):
    def answer(**parts):
        return store.query(version, Query(**parts)).read_all()

    whole = agree(both, lambda: answer().to_pylist())
    assert len(whole) == ROWS and whole == table().to_pylist()
    for sort in some_sorts():
        # The places tell the order; a page in the middle, forward and back, tells the rest.
        places = agree(both, lambda sort=sort: answer(
            columns=("code",), sort=sort, row_number="_id")["_id"].to_pylist())  # fmt: skip
        middle = places[170]
        after = agree(both, lambda sort=sort, at=middle: answer(
            sort=sort, row_number="_id", after=at, limit=9).to_pylist())  # fmt: skip
        before = agree(both, lambda sort=sort, at=middle: answer(
            columns=("n",), sort=sort, row_number="_id", before=at, limit=9
        )["_id"].to_pylist())  # fmt: skip
        assert [row["_id"] for row in after] == places[171:180]
        assert before == places[161:170][::-1]
    agree(both, lambda: answer(sort=(Sort(N, empty_first=True), Sort(E, True, True)), offset=7,
                               limit=90).to_pylist())  # fmt: skip
    agree(both, lambda: answer(columns=(N, T, B), distinct=True, sort=(Sort(T),)).to_pylist())
    asked = Query(columns=("_id", T), place="_id", where=(Where("_id", "in", [3, 5, 300]),),
                  sort=(Sort("_id", True),))  # fmt: skip
    agree(both, lambda: store.query(version, asked).read_all().to_pylist())
    assert list((store.root / "tmp").iterdir()) == []


def test_figures(store, version, both):
    functions = ("count", "distinct", "sum", "average", "min", "max")
    every = (
        Aggregate("count", None, "rows"),
        *(Aggregate(f, c, f"{f} {c}") for f in functions for c in (N, X)),
        *(Aggregate(f, c, f"{f} {c}") for f in ("count", "distinct", "min", "max")
          for c in (T, D, AT, L)),
    )  # fmt: skip
    asked = [
        Query(group_by=(E,), aggregates=every, sort=(Sort("sum n", True),)),
        Query(aggregates=every, where=(Where(X, ">", 0),)),
        Query(group_by=(B, L), aggregates=(Aggregate("max", X, T),)),
    ]
    for one in asked:
        agree(both, lambda one=one: store.query(version, one).read_all().to_pylist())
    some = Query(search="e", any_of=((Where(N, "empty"), Where(N, ">", 0)),))
    path, schema = store.path(version), version.schema
    questions = [
        lambda: [store.facets(version, name, some, 9) for name in (T, AT)],
        lambda: store.count(version, some),
        lambda: store.count(version, Query(columns=(E, B), distinct=True)),
        lambda: [asdict(g) for g in figures.by_value(path, schema, E, some, "average", X)[0]],
        lambda: [[asdict(g) for g in figures.by_period(path, schema, name, some, "sum", X)[1]]
                 for name in (D, AT)],
        lambda: [asdict(g) for g in figures.by_bin(path, schema, X, some)],
        lambda: asdict(figures.grid(path, schema, figures.point_of_wkt("geometry_wkt"), some,
                                    size=(7, 5), world=(-180, -90, 180, 90))),
        lambda: figures.shapes(path, schema, "geometry_wkt", some, limit=5, characters_max=25,
                               box=(-10, -10, 10, 10)),
    ]  # fmt: skip
    for question in questions:
        assert agree(both, question)


def test_the_profile_and_the_checks(store, version, both):
    def question():
        found = store.profile(version).as_dict()
        looked = checks.Table(
            store.path(version), version.schema.as_list(), found["columns"], {"name": "a.csv"}
        )
        return [found, checks.all_checks(looked)]

    profile, _ = agree(both, question)
    assert profile["rows"] == ROWS


def test_what_changed(store, version, both):
    rows = table().to_pylist()
    for row in rows[::7]:
        row[T], row[X] = "autre", 2.5
    rows = [*rows[3:], {**rows[5], "code": "new"}, {**rows[5], "code": None}]
    after = pa.Table.from_pylist(rows, SCHEMA)
    # A column that has become text, and one that has gone.
    after = after.set_column(0, N, after[N].cast(pa.string())).drop_columns([B])
    new = store.put(after)
    for key in ((), ("code", N)):
        found = agree(both, lambda key=key: [
            asdict(difference(store, version, new, key)),
            changes(store, version, new, key).read_all().to_pylist(),
        ])  # fmt: skip
        assert found[0]["added"] and found[1]
    both(lambda: refused(lambda: difference(store, version, new, (E,)), "duplicate_key"))


def test_dumps(store, version, both):
    asked = Query(where=(Where(X, "filled"),), sort=(Sort(T, True),))
    a, b = both(lambda: {kind: b"".join(chunks(store, version, kind, asked, bom=True))
                         for kind in ("csv", "json", "xml")})  # fmt: skip
    assert a == b and len(a["csv"].splitlines()) > 300


def test_threads_ask_at_once(store, version, both):
    def question():
        with ThreadPoolExecutor(4) as pool:
            asked = [Query(where=(Where("code", ">", f"C{i:04d}"),)) for i in range(0, 400, 50)]
            return list(pool.map(lambda one: store.count(version, one), asked))

    assert agree(both, question) == list(range(399, 0, -50))


def refused(question, reason="bad_query"):
    with pytest.raises(TableError) as error:
        question()
    assert error.value.reason == reason
    assert "An error occurred while calling" not in str(error.value)
    return True


def test_refusals(store, version, both):
    wrong = [
        Query(where=(Where(N, "=", "twelve"),)), Query(where=(Where(D, "<", "2024"),)),
        Query(where=(Where(AT, ">", "yesterday"),)), Query(where=(Where(B, "=", "perhaps"),)),
        Query(after=10_000, sort=(Sort(T),)), Query(search="x" * 201),
        Query(where=(Where(T, "="),)),
    ]  # fmt: skip
    for asked in wrong:
        both(lambda asked=asked: refused(lambda: store.query(version, asked).read_all()))
    one = {"many": [2**62] * 4}
    large = store.put(pa.table(one))
    total = Query(aggregates=(Aggregate("sum", "many", "total"),))
    both(lambda: refused(lambda: store.query(large, total).read_all()))


VALUES = {
    N: st.sampled_from([-3, 0, 2, 7, 2**53 + 1, "2", "1.5", 2.0]),
    T: st.sampled_from(TEXTS) | st.text("aàéÉœŒ'’zß1 .$\\", max_size=3),
    X: st.sampled_from([*NUMBERS, "1e7", 7]),
    D: st.sampled_from([*DAYS, "2024-2-29", "0009-05-03"]),
    AT: st.sampled_from(["2024-03-10 02:30", "2024-03-09T21:30:00-05:00",
                         MOMENTS[0].replace(tzinfo=UTC)]),
    B: st.sampled_from([True, False, "true", "f"]),
    L: st.sampled_from([*MOMENTS, "2024-03-10T02:30:00"]),
}  # fmt: skip


@st.composite
def wheres(draw) -> Where:
    column = draw(st.sampled_from(sorted(VALUES)))
    operator = draw(st.sampled_from(sorted(condition.Operator.__args__)))
    value = VALUES[column]
    if operator in ("contains", "lacks", "starts with"):
        words = st.sampled_from(
            ["1", "e+", "0.", "-0", "2024", "+00", ":30", "tru", "é", "OE", "σ"]
        )
        if operator != "starts with":
            column = draw(st.sampled_from([column, None]))
        return Where(column, operator, draw(words | VALUES[T]))
    if operator in ("in", "not in"):
        return Where(column, operator, draw(st.lists(st.none() | value, max_size=3)))
    if operator == "between":
        return Where(column, operator, draw(st.tuples(value, value)))
    return Where(column, operator, draw(value))


WORDS = st.text("aàéÉœŒ'’zß1 .$\\-e+日Σ:", max_size=4)
QUERIES = st.builds(
    Query,
    where=st.lists(wheres(), max_size=2).map(tuple),
    any_of=st.lists(st.lists(wheres(), max_size=2).map(tuple), max_size=1).map(tuple),
    search=WORDS,
)
CHECKED = settings(
    deadline=None, max_examples=2, derandomize=True, database=None, phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)  # fmt: skip


@given(asked=st.lists(QUERIES, min_size=30, max_size=30))
@CHECKED
def test_any_condition_holds_for_the_same_rows(store, version, spark, asked):
    """Thirty queries at once, each a column of the answer: whether the row meets it."""
    parts, parameters = ["file_row_number AS row"], []
    for i, query in enumerate(asked):
        sql, values = condition.condition(version.schema, query)
        parts.append(f"({sql.removeprefix(' WHERE ') or 'true'}) IS TRUE AS c{i}")
        parameters += values
    sql = f"SELECT {', '.join(parts)} FROM {engine.source(version.path)} ORDER BY file_row_number"
    expected = engine.table(store.root, sql, parameters)
    with pytest.MonkeyPatch.context() as patch:
        for name, value in spark.items():
            patch.setenv(name, value)
        found = engine.table(store.root, sql, parameters)
    assert len(found) == ROWS
    for i, query in enumerate(asked):
        rows = [[row["row"] for row in answer if row[f"c{i}"]] for answer in (expected, found)]
        assert rows[0] == rows[1], query


@pytest.mark.django_db
def test_pages_and_api_say_the_same(client, both):
    rows = "id,ville,jour,montant\n" + "".join(
        f"{i},{town},2024-0{1 + i % 9}-11,{i * 3 % 17}.5\n"
        for i, town in enumerate(["Québec", "Lévis", "Été | sud", ""] * 15)
    )  # fmt: skip
    dataset = make_dataset("lieux", content=rows)
    file = dataset.resources.get()
    asked = [
        "/api/v1/datasets/lieux/rows?filter=ville|contains|QUEBEC&words=1&sort=-montant&limit=5"
        "&facet=ville",
        "/api/v1/datasets/lieux/rows?group_by=ville&sum=montant&average=montant&distinct=jour",
        f"/api/3/action/datastore_search?resource_id={file.pk}&q=lev&sort=jour desc&limit=4",
        reverse("table", args=["lieux", file.slug]) + "?sort=ville&filter=montant|gt|3",
        reverse("table_chart", args=["lieux", file.slug]),
    ]

    def question():
        answers = []
        for address in asked:
            response = client.get(address)
            text = response.content.decode()
            assert response.status_code == 200, text[:2000]
            plain = response["Content-Type"].startswith("application/json")
            answers.append(json.loads(text) if plain else re.sub(r'nonce="[^"]*"', "", text))
        return answers

    answers = agree(both, question)
    assert answers[0]["count"] > 0 and len(answers[0]["rows"]) == 5
