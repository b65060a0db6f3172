"""Dumps, public SQL, rows by programs: what comes out, what never does."""

import csv
import datetime
import fcntl
import io
import json
import time
import zipfile
from xml.etree import ElementTree as ET

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from django.conf import settings
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, given
from hypothesis import settings as checked
from hypothesis import strategies as st

from parvis.catalogue import loading, services, store
from parvis.catalogue.datastore import fields, statements
from parvis.catalogue.datastore.dumping import _chunks
from parvis.catalogue.datastore.fields import Field
from parvis.catalogue.datastore.sources import Source
from parvis.catalogue.tests.catalogue_factories import make_dataset
from parvis.core.access import SYSTEM
from parvis.tables.read import read_table
from parvis.tables.schema import Schema
from parvis.tables.write_xml import element_name

CSV = 'code,n,jour\n=1+1,1,2024-01-31\n"a,b ""c""",,\nÉté <&>,3,2024-02-01\n'


@pytest.fixture(autouse=True)
def _measure(monkeypatch):
    statements.measure.clear()
    for file in (settings.HOME / "turns").glob("sql-*"):
        file.unlink()
    monkeypatch.setattr(statements, "REST_AFTER_SECONDS", 1e9)


@pytest.fixture
def dataset(db):
    return make_dataset("releves-2024", title="Relevés", content=CSV)


@pytest.fixture
def table(dataset):
    return str(dataset.resources.get().pk)


def body(response):
    return b"".join(response.streaming_content)


def dumped(table, **asked):
    response = Client().get(f"/datastore/dump/{table}", asked)
    assert response.status_code == 200, response.content
    return body(response)


def test_dumps_of_every_format(table):
    text = dumped(table).decode()
    assert text.splitlines()[0] == "_id,code,n,jour"
    assert list(csv.reader(io.StringIO(text)))[1:] == [
        ["1", "=1+1", "1", "2024-01-31"], ["2", 'a,b "c"', "", ""],
        ["3", "Été <&>", "3", "2024-02-01"],
    ]  # fmt: skip
    assert dumped(table, bom="true").startswith(b"\xef\xbb\xbf_id")
    tabs = dumped(table, format="tsv", fields="code,n", sort="n desc nulls last", limit=1)
    assert tabs.decode() == "code\tn\r\nÉté <&>\t3\r\n"
    found = json.loads(dumped(table, format="json", q="ete"))
    assert [f["id"] for f in found["fields"]] == ["_id", "code", "n", "jour"]
    assert found["records"] == [[3, "Été <&>", 3, "2024-02-01"]]
    assert json.loads(dumped(table, format="json", filters='{"n": 77}'))["records"] == []
    root = ET.fromstring(dumped(table, format="xml"))
    assert [row.attrib["_id"] for row in root] == ["1", "2", "3"]
    assert root[2].find("code").text == "Été <&>"
    nil = "{http://www.w3.org/2001/XMLSchema-instance}nil"
    assert root[1].find("n").attrib[nil] == "true"
    lines = dumped(table, format="ndjson", offset=2).decode().splitlines()
    assert json.loads(lines[0])["_id"] == 3 and len(lines) == 1
    with read_table(dumped(table, format="xlsx")) as sheet:
        assert sheet.reader().read_all()["code"].to_pylist()[0] == "=1+1"
    with zipfile.ZipFile(io.BytesIO(dumped(table, format="xlsx"))) as book:
        assert b"<f>" not in book.read("xl/worksheets/sheet1.xml")  # a text, not a formula
    arrow = pq.read_table(io.BytesIO(dumped(table, format="parquet", filters='{"n": {"gt": 1}}')))
    assert arrow.to_pylist() == [
        {"_id": 3, "code": "Été <&>", "n": 3, "jour": datetime.date(2024, 2, 1)}
    ]


def test_dumps_refuse_in_words(table):
    client = Client()
    for asked in ({"format": "pdf"}, {"fields": "rien"}, {"sort": "rien"}, {"filters": "{"},
                  {"limit": "x"}, {"n": "1"}, {"filters": '{"n": "abc"}'}):  # fmt: skip
        answer = client.get(f"/datastore/dump/{table}", asked)
        assert answer.status_code == 400 and len(answer.content) > 5, asked
    assert client.get("/datastore/dump/rien").status_code == 404
    head = client.head(f"/datastore/dump/{table}", {"format": "xml"})
    assert head["Content-Type"].startswith("text/xml") and not head.content
    assert "attachment" in head["Content-Disposition"]
    assert client.post(f"/datastore/dump/{table}").status_code == 405


CELLS = st.none() | st.text(
    st.characters(codec="utf-8", exclude_categories=("Cs",), exclude_characters="\0"), max_size=8
)
ROWS = st.lists(
    st.tuples(CELLS, st.none() | st.integers(-(2**63), 2**63 - 1),
              st.none() | st.floats(allow_nan=False, allow_infinity=False),
              st.none() | st.booleans(),
              st.none() | st.datetimes(datetime.datetime(1900, 1, 1))),
    max_size=12,
)  # fmt: skip
KINDS = [("t", "text"), ("i", "int8"), ("x", "float8"), ("b", "bool"), ("d", "timestamp")]


@given(ROWS)
@checked(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))
def test_what_is_dumped_loads_again(rows):
    """json: value by value; csv: text by text, each read back by the cell of its type."""
    described = [{"id": name, "type": kind} for name, kind in KINDS]
    schema: Schema = fields.schema(described)
    data = pa.Table.from_pylist(
        [dict(zip(schema.names, row, strict=True)) for row in rows], schema.to_arrow()
    )
    file = store.store().put(data, schema)
    source = Source(None, None, file, [Field(n, k) for n, k in KINDS], False)
    query = source.everything()
    found = json.loads(b"".join(_chunks(source, query, "json", bom=False)))
    kept = [
        [fields.arrow_value(fields.cell(v, k), k) for v, (_n, k) in zip(r[1:], KINDS, strict=True)]
        for r in found["records"]
    ]
    assert kept == [list(row) for row in rows]
    assert [r[0] for r in found["records"]] == list(range(1, len(rows) + 1))
    text = b"".join(_chunks(source, query, "csv", bom=False)).decode()
    lines = list(csv.reader(io.StringIO(text, newline="")))[1:]
    read = [
        [fields.arrow_value(fields.cell(v, k), k) for v, (_n, k) in zip(r[1:], KINDS, strict=True)]
        for r in lines
    ]
    # CSV knows no difference between an empty text and none.
    assert read == [[row[0] or "", *row[1:]] for row in rows]


def test_names_that_xml_forbids():
    assert element_name("à la carte") == "à_x0020_la_x0020_carte"
    assert element_name("1er") == "_x0031_er" and element_name("xmlns").startswith("_x0078_")
    for name in ("a:b", "<", "é", "-x", "🌲", "_id", "xml"):
        assert ET.fromstring(f"<{element_name(name)}/>") is not None


def ask(sql, **more):
    return Client().get("/api/v1/sql", {"q": sql, **more})


def test_sql_over_public_tables(dataset, table):
    slug = dataset.resources.get().slug
    for name in (f"releves_2024.{slug}", f'"releves-2024"."{slug}"', "releves_2024", f'"{table}"'):
        answer = ask(f"SELECT _id, n FROM {name} WHERE n > 1")
        assert answer.status_code == 200, answer.content
        assert answer.json()["records"] == [[3, 3]]
    assert answer.json()["fields"] == [{"id": "_id", "type": "int8"}, {"id": "n", "type": "int8"}]
    other = make_dataset("villes-2")
    joined = ask(f"SELECT count(*) AS c FROM releves_2024 a, villes_2 b, releves_2024.{slug} c")
    assert joined.json()["records"] == [[27]] and other
    text = ask("SELECT code FROM releves_2024 ORDER BY _id", format="csv").content.decode()
    assert text.splitlines()[:2] == ["code", "'=1+1"]
    answer = (
        Client()
        .post(
            "/api/3/action/datastore_search_sql",
            json.dumps({"sql": f'SELECT * FROM "{table}" ORDER BY "_id" LIMIT 1'}),
            content_type="application/json",
        )
        .json()
    )
    assert answer["result"]["records"] == [{"_id": 1, "code": "=1+1", "n": 1, "jour": "2024-01-31"}]
    assert "records_truncated" not in answer["result"]
    many = ask("SELECT i FROM range(40000) t(i)").json()
    assert many["records_truncated"] and len(many["records"]) == 32_000


HOSTILE = [
    "SELECT * FROM read_csv('/etc/passwd')", "SELECT * FROM '/etc/passwd'",
    "SELECT content FROM read_text('{home}/secret.key')", "SELECT * FROM glob('{home}/*')",
    "SELECT * FROM read_parquet('{home}/tables/*/*.parquet')", "SELECT * FROM '{private}'",
    "SELECT * FROM duckdb_settings()", "SELECT current_setting('allowed_paths')",
    "SELECT * FROM information_schema.tables", "SELECT * FROM sqlite_master",
    "SELECT * FROM pg_catalog.pg_class", "SELECT * FROM core_person", "SELECT getenv('HOME')",
    "WITH sqlite_master AS (SELECT 1) SELECT * FROM sqlite_master", "SHOW TABLES",
    "SELECT 1; SELECT 2", "SELECT 1; DROP TABLE x", "ATTACH '{home}/parvis.db'", "PRAGMA version",
    "COPY (SELECT 1) TO '{home}/x.csv'", "SET threads = 8", "INSTALL httpfs", "", "not sql",
    "SELECT * FROM secrets", 'SELECT * FROM "secrets"."secrets"', 'SELECT * FROM "{id}"',
    "SELECT * FROM secrets.secrets", "SELECT * FROM memory.main.secrets",
    "SELECT repeat('x', 3000000000)", "SELECT * FROM query('SELECT 1')",
]  # fmt: skip


def test_hostile_statements_learn_nothing(dataset):
    draft = make_dataset("secrets", title="Secrets", public=False, content="k\nSECRET-7c1f\n")
    file = draft.resources.get()
    version = loading.latest(file)
    parts = {"home": settings.HOME, "id": file.pk, "private": store.store().root / version.path}
    statements.measure = statements.Measure(1_000, 60)
    for sql in HOSTILE:
        answer = ask(sql.format(**parts))
        assert answer.status_code == 422, (sql, answer.content)
        text = answer.content.decode()
        assert "SECRET-7c1f" not in text and '"detail"' in text
        if "{" not in sql:
            assert str(settings.HOME) not in text
    errors = {
        "SELECT * FROM nothing": (404, "Not Found Error"),
        f'SELECT * FROM "{file.pk}"': (404, "Not Found Error"),
        "SELECT * FROM duckdb_settings()": (403, "Authorization Error"),
        "SELECT 1; SELECT 2": (409, "Validation Error"),
        "": (409, "Validation Error"),
    }
    for sql, (status, kind) in errors.items():
        answer = Client().get("/api/3/action/datastore_search_sql", {"sql": sql})
        assert (answer.status_code, answer.json()["error"]["__type"]) == (status, kind), sql


def test_late_statements_are_stopped(dataset, monkeypatch):
    monkeypatch.setattr("parvis.core.limits.SQL_SECONDS", 0.4)
    answer = ask("SELECT max(a.range) FROM range(10000000) a, range(10000000) b")
    assert answer.status_code == 422 and "0.4" in answer.json()["detail"]
    monkeypatch.setattr("parvis.core.limits.SQL_SECONDS", 5.0)
    assert ask("SELECT 1 AS one").json()["records"] == [[1]]
    monkeypatch.setattr(statements, "REST_AFTER_SECONDS", -1.0)
    with statements.turn():
        began = time.time()
        while time.time() < began + 0.5:
            pass
    assert ask("SELECT 1").status_code == 429  # what was long rests as long
    while ask("SELECT 1 AS one").status_code == 429:
        assert time.time() < began + 20


def test_turns_are_taken_over_all_processes(dataset, monkeypatch):
    """Another process holds every turn: nobody waits, nobody is answered a page late."""
    monkeypatch.setattr(statements, "WAIT_SECONDS", 0.02)
    with statements.turn():
        pass  # the folder is there
    held = [(settings.HOME / "turns" / f"sql-{n}").open() for n in range(statements.AT_ONCE)]
    for file in held:
        fcntl.flock(file, fcntl.LOCK_EX)
    answer = ask("SELECT 1")
    assert answer.status_code == 429 and int(answer["Retry-After"]) > 0
    ckan = Client().get("/api/3/action/datastore_search_sql", {"sql": "SELECT 1"})
    assert ckan.status_code == 429 and int(ckan["Retry-After"]) > 0
    page = Client().get("/fr/donnees/sql/", {"q": "SELECT 1"})
    assert page.status_code == 429 and "Retry-After" in page
    for file in held:
        file.close()
    assert ask("SELECT 1").status_code == 200


def test_measure_by_network():
    measure = statements.Measure(2, 60)
    measure.take("2001:db8::1", 0)
    measure.take("2001:db8::2", 1)
    with pytest.raises(statements.Busy) as caught:
        measure.take("2001:db8::3", 2)
    assert caught.value.retry_after == 59
    measure.take("192.0.2.1", 2)
    measure.take("2001:db8::1", 61)


def test_many_statements_are_refused_for_a_minute(dataset, monkeypatch):
    monkeypatch.setattr(statements, "measure", statements.Measure(1, 60))
    assert ask("SELECT 1").status_code == 200
    answer = ask("SELECT 1")
    assert answer.status_code == 429 and 0 < int(answer["Retry-After"]) <= 61
    assert Client().get("/fr/donnees/").status_code == 200


def test_page_of_sql(dataset):
    client = Client()
    with CaptureQueriesContext(connection) as few:
        empty = client.get("/fr/donnees/sql/").content.decode()
    assert "Interroger les données en SQL" in empty and "releves_2024." in empty
    assert "<script" not in empty.split("<main")[1].split("</main>")[0]
    for example in client.get("/fr/donnees/sql/").context["examples"]:
        page = client.get("/fr/donnees/sql/", {"q": example.sql})
        assert page.status_code == 200, example.sql
    page = client.get("/fr/donnees/sql/", {"q": "SELECT '<b>' AS x, 2.5 AS y"}).content.decode()
    assert "&lt;b&gt;" in page and "<b>" not in page and "format=csv" in page
    wrong = client.get("/fr/donnees/sql/", {"q": "SELEC 1"})
    assert wrong.status_code == 400 and 'role="alert"' in wrong.content.decode()
    gone = client.get("/en/data/sql/", {"q": "SELECT * FROM nothing"}).content.decode()
    assert "There is no public table “nothing”" in gone
    for n in range(4):
        make_dataset(f"autre-{n}")
    with CaptureQueriesContext(connection) as many:
        client.get("/fr/donnees/sql/")
    assert len(many) == len(few)


def rows(name="villes", status=200, **asked):
    answer = Client().get(f"/api/v1/datasets/{name}/rows", asked)
    assert answer.status_code == status, answer.content
    return answer.json()


def test_rows_by_keyset_with_facets_and_groups(db):
    lines = "".join(f"{'abc'[i % 3]},{i},{i / 2}\n" for i in range(10))
    make_dataset(content="lettre,n,x\n" + lines)
    seen, found = [], rows(limit=4, sort="-n")
    while True:
        seen += [row["n"] for row in found["rows"]]
        if not found["next"]:
            break
        found = Client().get(found["next"].split("8000", 1)[-1].replace("http://", "/")).json()
    assert seen == list(range(9, -1, -1)) and found["count"] == 10
    some = rows(fields="n,lettre", filter="n|gt|6", facet="lettre")
    assert some["rows"][0] == {"n": 7, "lettre": "b"} and some["count"] == 3
    assert some["facets"]["lettre"] == [
        {"value": "a", "count": 1}, {"value": "b", "count": 1}, {"value": "c", "count": 1},
    ]  # fmt: skip
    groups = rows(group_by="lettre", sum=["n", "x"], limit=2)
    assert groups["rows"][0] == {"lettre": "a", "count": 4, "sum_n": 18, "sum_x": 9.0}
    assert "offset=2" in groups["next"]
    assert rows(average="n", max="x")["rows"] == [{"count": 10, "average_n": 4.5, "max_x": 4.5}]
    assert rows(group_by="lettre", sum="n", sort="-lettre")["rows"][0]["lettre"] == "c"
    for bad in ({"fields": "rien"}, {"facet": "rien"}, {"group_by": "rien"}, {"sum": "lettre"},
                {"limit": 0}, {"limit": 1_001}, {"after": -1}, {"filter": "n|gt|abc"},
                {"filter": "rien|eq|1"}, {"group_by": "lettre", "after": 1}):  # fmt: skip
        rows(status=422, **bad)


def test_versions_differences_and_profile(db):
    dataset = make_dataset(content="ville,n\nA,1\nB,2\nC,3\n")
    first = dataset.resources.get().current
    loading.add_version(actor=SYSTEM, resource=dataset.resources.get(), name="v.csv",
                        source=b"ville,n\nA,1\nB,5\nD,4\n")  # fmt: skip
    client = Client()
    waiting = dataset.resources.get().versions.get(published_at=None).sha256
    path = "/api/v1/datasets/villes"
    asked = {"from": first.sha256, "to": waiting, "key": "ville"}
    assert client.get(f"{path}/differences", asked).status_code == 404
    assert client.get(f"{path}/versions").json()["count"] == 1
    services.publish_dataset(actor=SYSTEM, dataset=dataset)
    listed = client.get(f"{path}/versions").json()
    assert [one["current"] for one in listed["results"]] == [True, False]
    assert client.get(listed["results"][1]["downloads"]["csv"].split("8000")[1]).status_code == 200
    found = client.get(f"{path}/differences", asked).json()
    assert (found["added"], found["removed"], found["changed"], found["cells"]) == (1, 1, 1, 1)
    assert {"change": "changed", "key": ["B"], "column": "n", "before": "2", "after": "5"} in (
        found["changes"]
    )
    assert client.get(f"{path}/differences", {**asked, "key": "rien"}).status_code == 422
    assert client.get(f"{path}/differences", {"from": "x", "to": "y"}).status_code == 404
    profile = client.get(f"{path}/profile").json()
    assert profile["columns"][1]["maximum"] == 5 and profile["rows"] == 3
    old = client.get(f"{path}/profile", {"version": first.sha256}).json()
    assert old["columns"][1]["maximum"] == 3


def test_private_is_absent_everywhere(db):
    make_dataset("secrets", title="Secrets", public=False, content="k\nSECRET-7c1f\n")
    client = Client()
    for path in ("rows", "versions", "profile", "differences?from=a&to=b"):
        assert client.get(f"/api/v1/datasets/secrets/{path}").status_code == 404
    assert "secrets" not in client.get("/fr/donnees/sql/").content.decode()


def test_openapi_says_all(db):
    paths = Client().get("/api/v1/openapi.json").json()["paths"]
    rows_asked = paths["/api/v1/datasets/{name}/rows"]["get"]["parameters"]
    assert {"after", "fields", "facet", "group_by", "sum", "filter", "sort"} <= {
        one["name"] for one in rows_asked
    }
    for path in ("versions", "differences", "profile"):
        assert paths[f"/api/v1/datasets/{{name}}/{path}"]["get"]["description"]
    assert {one["name"] for one in paths["/api/v1/sql"]["get"]["parameters"]} == {"q", "format"}
