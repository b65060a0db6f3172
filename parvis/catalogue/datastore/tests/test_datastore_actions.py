"""CKAN's DataStore from the outside: each rule of its contract, by HTTP."""

import csv
import io
import json

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from parvis.catalogue import services
from parvis.catalogue.datastore import snapshot
from parvis.catalogue.datastore.models import Alias, Row, Table
from parvis.catalogue.models import Version
from parvis.catalogue.tests.catalogue_factories import make_dataset
from parvis.core import jobs, tokens
from parvis.core.access import SYSTEM
from tests.factories import make_person

pytestmark = pytest.mark.django_db
FIELDS = [
    {"id": "code", "type": "text", "info": {"label": "Code postal", "notes": "Trois signes"}},
    {"id": "n", "type": "int4"},
    {"id": "prix", "type": "numeric"},
    {"id": "x", "type": "float8"},
    {"id": "quand", "type": "timestamp"},
    {"id": "jour", "type": "date"},
    {"id": "oui", "type": "bool"},
    {"id": "plus", "type": "json"},
    {"id": "mots", "type": "_text"},
]
ROWS = [
    {"code": "007", "n": 1, "prix": "10.5", "x": 1.5, "quand": "2024-01-31", "jour": "2024-01-31",
     "oui": True, "plus": {"a": [1]}, "mots": ["é", "b"]},
    {"code": "Forêt", "n": 2, "prix": 3, "x": 2, "quand": "2024-02-01T10:00:00", "jour": None,
     "oui": "false", "plus": None, "mots": []},
    {"code": "foret verte", "n": None, "prix": None, "x": None, "quand": None, "jour": None,
     "oui": None, "plus": None, "mots": None},
]  # fmt: skip


class Ckan:
    """A client of the Action API, with the token of a person or without."""

    def __init__(self, role: str | None = "steward") -> None:
        self.client = Client()
        self.token = ""
        if role:
            self.token = tokens.issue(actor=SYSTEM, person=make_person(role), name="essai")

    def call(self, action, status=200, **data):
        headers = {"HTTP_AUTHORIZATION": self.token} if self.token else {}
        answer = self.client.post(
            f"/api/3/action/{action}", json.dumps(data), content_type="application/json", **headers
        )
        assert answer.status_code == status, answer.content[:600]
        body = answer.json()
        return body["result"] if status == 200 else body["error"]


@pytest.fixture
def ckan():
    return Ckan()


@pytest.fixture
def dataset():
    return make_dataset()


@pytest.fixture
def table(ckan, dataset):
    made = ckan.call(
        "datastore_create", resource={"package_id": dataset.node.slug, "name": "Relevés"},
        fields=FIELDS, records=ROWS, aliases="releves", primary_key=["code"],
    )  # fmt: skip
    assert made["fields"] == FIELDS and "records" not in made
    return made["resource_id"]


def numbers(result):
    return [record["_id"] for record in result["records"]]


def test_types_and_shape(ckan, table):
    found = Ckan(None).call("datastore_search", resource_id=table)
    assert found["fields"][0] == {"id": "_id", "type": "int"}
    assert found["fields"][1:] == FIELDS
    assert found["records"][0] == {
        "_id": 1, "code": "007", "n": 1, "prix": 10.5, "x": 1.5, "quand": "2024-01-31T00:00:00",
        "jour": "2024-01-31", "oui": True, "plus": {"a": [1]}, "mots": ["é", "b"],
    }  # fmt: skip
    assert found["records"][2]["n"] is None
    assert (found["total"], found["limit"], found["total_was_estimated"]) == (3, 100, False)
    assert found["resource_id"] == table and found["records_format"] == "objects"
    assert set(found["_links"]) == {"start", "next"}
    assert found["_links"]["next"].endswith("offset=100")
    again = Ckan(None).call("datastore_search", id="releves", limit=1, offset=1)
    assert numbers(again) == [2] and "prev" in again["_links"]
    assert "total" not in ckan.call("datastore_search", resource_id=table, include_total=False)
    assert ckan.call("datastore_search", resource_id=table, limit=99_999)["limit"] == 32_000


QUESTIONS = [
    ({"filters": {"n": 2}}, [2]),
    ({"filters": {"code": ["007", "Forêt"]}}, [1, 2]),
    ({"filters": {"n": [None, 1]}}, [1, 3]),
    ({"filters": {"n": None}}, [3]),
    ({"filters": {"n": {"gt": 1}}}, [2]),
    ({"filters": {"prix": {"gte": 3, "lt": 10.5}}}, [2]),
    ({"filters": {"quand": {"lte": "2024-01-31T00:00:00"}}}, [1]),
    ({"filters": {"_id": {"gt": 1}}}, [2, 3]),
    ({"filters": {"oui": False}}, [2]),
    ({"q": "foret"}, [2, 3]),
    ({"q": {"code": "VERTE"}}, [3]),
    ({"q": "verte | 007", "plain": False}, [1, 3]),
    ({"q": "foret & !verte", "plain": False}, [2]),
    ({"full_text": "ver:*", "language": "french"}, [3]),
    ({"sort": "n desc nulls last"}, [2, 1, 3]),
    ({"sort": "n desc"}, [3, 2, 1]),
    ({"sort": 'n, "code" desc'}, [1, 2, 3]),
    ({"sort": "_id desc", "limit": 2}, [3, 2]),
]


def test_questions(ckan, table):
    for asked, expected in QUESTIONS:
        assert numbers(ckan.call("datastore_search", resource_id=table, **asked)) == expected, asked


def test_formats_fields_and_distinct(ckan, table):
    rows = ckan.call("datastore_search", resource_id=table, fields="n,code",
                     records_format="lists", sort="_id")  # fmt: skip
    assert rows["records"] == [[1, "007"], [2, "Forêt"], [None, "foret verte"]]
    assert [f["id"] for f in rows["fields"]] == ["n", "code"]
    text = ckan.call("datastore_search", resource_id=table, fields=["code", "n"],
                     records_format="csv")["records"]  # fmt: skip
    assert list(csv.reader(io.StringIO(text))) == [["007", "1"], ["Forêt", "2"],
                                                   ["foret verte", ""]]  # fmt: skip
    tabs = ckan.call("datastore_search", resource_id=table, fields=["n", "code"],
                     records_format="tsv", limit=1)["records"]  # fmt: skip
    assert tabs == "1\t007\n"
    ckan.call("datastore_upsert", resource_id=table, method="insert",
              records=[{"code": "z", "n": 1}])  # fmt: skip
    once = ckan.call("datastore_search", resource_id=table, fields="n", distinct=True,
                     sort="n nulls first")  # fmt: skip
    assert [r["n"] for r in once["records"]] == [None, 1, 2] and once["total"] == 3


WRONG = [
    ({"filters": {"rien": 1}}, "filters"),
    ({"filters": {"n": {"over": 1}}}, "filters"),
    ({"filters": {"n": "abc"}}, "query"),
    ({"filters": "{"}, "filters"),
    ({"sort": "rien desc"}, "sort"),
    ({"sort": "n upwards"}, "sort"),
    ({"fields": "n,rien"}, "fields"),
    ({"q": {"rien": "a"}}, "q"),
    ({"q": "(a", "plain": False}, "q"),
    ({"unknown": 1}, "unknown"),
    ({"limit": "many"}, "limit"),
    ({"offset": -1}, "offset"),
    ({"records_format": "xml"}, "records_format"),
]


def test_what_is_wrong_is_409_by_name(ckan, table):
    for asked, field in WRONG:
        error = ckan.call("datastore_search", 409, resource_id=table, **asked)
        assert error["__type"] == "Validation Error"
        assert all(isinstance(word, str) for word in error[field]), asked


def test_unknown_tables(ckan, dataset):
    ckan.call("datastore_search", 404, resource_id="6e5b5f6e-0000-4000-8000-000000000000", limit=0)
    ckan.call("datastore_search", 404, resource_id="nothing")
    assert "resource_id" in ckan.call("datastore_search", 409)
    ckan.call("datastore_info", 404, id="nothing")
    file = services.add_resource(actor=SYSTEM, dataset=dataset, name={"fr": "Vide"})
    assert ckan.call("datastore_search", 404, resource_id=str(file.pk), limit=0)["__type"] == (
        "Not Found Error"
    )


def test_info(ckan, table):
    found = ckan.call("datastore_info", id=table)
    assert found["meta"]["count"] == 3 and found["meta"]["aliases"] == ["releves"]
    assert set(found["meta"]) >= {"id", "size", "db_size", "idx_size", "table_type"}
    first = found["fields"][0]
    assert first["info"] == FIELDS[0]["info"]
    assert first["schema"] == {"native_type": "text", "notnull": False, "index_name": "code_idx",
                               "is_index": True, "uniquekey": True}  # fmt: skip


def test_upsert_insert_update(ckan, table):
    ckan.call("datastore_upsert", resource_id=table,
              records=[{"code": "007", "n": 9}, {"code": "neuf", "n": 4}])  # fmt: skip
    rows = ckan.call("datastore_search", resource_id=table, sort="_id")["records"]
    assert [(r["_id"], r["code"], r["n"]) for r in rows] == [
        (1, "007", 9), (2, "Forêt", 2), (3, "foret verte", None), (4, "neuf", 4),
    ]  # fmt: skip
    assert rows[0]["prix"] == 10.5  # what was not sent stays
    ckan.call("datastore_upsert", resource_id=table, method="update",
              records=[{"code": "neuf", "n": 5}, {"_id": 2, "n": 6}])  # fmt: skip
    assert ckan.call("datastore_search", resource_id=table, filters={"n": [5, 6]})["total"] == 2
    before = list(Row.objects.values_list("number", "cells"))
    for method, records, row in (
        ("update", [{"code": "007", "n": 1}, {"code": "absent", "n": 1}], 1),
        ("insert", [{"code": "a1"}, {"code": "007"}], 1),
        ("insert", [{"code": "a1"}, {"code": "a1"}], 1),
        ("upsert", [{"code": "007", "n": 1}, {"code": "b", "n": "douze"}], 1),
        ("upsert", [{"code": "c", "rien": 1}], 0),
        ("upsert", [{"code": "c", "n": 3_000_000_000}], 0),
        ("upsert", [{"code": "c", "plus": "{"}], 0),
        ("upsert", [{"code": "007", "n": 1}, {"n": 3}], 1),
        ("upsert", [{"code": "007", "n": 1}, "text"], 1),
    ):
        error = ckan.call("datastore_upsert", 409, resource_id=table, method=method,
                          records=records)  # fmt: skip
        assert error["records_row"] == row and isinstance(error["records"][0], str), error
    assert list(Row.objects.values_list("number", "cells")) == before
    ckan.call("datastore_upsert", 409, resource_id=table, method="replace", records=[])


def test_dry_run_changes_nothing(ckan, table):
    before = Table.objects.get().edition
    ckan.call("datastore_upsert", resource_id=table, dry_run=True, records=[{"code": "x"}])
    ckan.call("datastore_upsert", 409, resource_id=table, dry_run=True, records=[{"n": "z"}])
    assert Table.objects.get().edition == before and Row.objects.count() == 3


def test_rows_without_key_are_not_upserted(ckan, dataset):
    made = ckan.call("datastore_create", resource={"package_id": str(dataset.pk)},
                     records=[{"a": 1, "b": "007", "c": 1.5,
                               "d": "2024-01-31T10:00:00"}])  # fmt: skip
    assert "fields" not in made
    name = made["resource_id"]
    found = ckan.call("datastore_search", resource_id=name)["fields"]
    assert [f["type"] for f in found] == ["int", "int4", "text", "float8", "timestamp"]
    ckan.call("datastore_upsert", 409, resource_id=name, records=[{"a": 1}])
    ckan.call("datastore_upsert", resource_id=name, method="insert", records=[{"a": 2}])
    assert ckan.call("datastore_search", resource_id=name)["total"] == 2


def test_columns_keys_and_aliases_change(ckan, table):
    ckan.call("datastore_create", resource_id=table, fields=[{"id": "neuve", "type": "int"}],
              records=[{"code": "d", "neuve": 1}])  # fmt: skip
    names = [f["id"] for f in ckan.call("datastore_search", resource_id=table)["fields"]]
    assert names[-1] == "neuve" and names[1] == "code"
    ckan.call("datastore_create", resource_id=table, delete_fields=True,
              fields=[{"id": "code"}, {"id": "n"}])  # fmt: skip
    found = ckan.call("datastore_search", resource_id=table, filters={"code": "d"})
    assert found["records"] == [{"_id": 4, "code": "d", "n": None}]
    ckan.call("datastore_create", resource_id=table, aliases=["autre"])
    assert list(Alias.objects.values_list("name", flat=True)) == ["autre"]
    ckan.call("datastore_search", 404, resource_id="releves")
    ckan.call("datastore_create", 409, resource_id=table, primary_key=["rien"])
    ckan.call("datastore_upsert", resource_id=table, records=[{"code": "e", "n": 1}])
    assert "primary_key" in ckan.call("datastore_create", 409, resource_id=table,
                                      primary_key=["n"])  # fmt: skip
    for bad in ("_x", "", 'a"b', None, "file_row_number", "a" * 300):
        error = ckan.call("datastore_create", 409, resource_id=table, fields=[{"id": bad}])
        assert error["fields"]
    ckan.call("datastore_create", 409, resource_id=table, fields=[{"id": "a"}, {"id": "A"}])
    ckan.call("datastore_create", 409, resource_id=table, fields=[{"id": "a", "type": "money"}])


def test_deleting_rows_and_tables(ckan, table):
    ckan.call("datastore_records_delete", 409, resource_id=table)
    ckan.call("datastore_records_delete", 409, resource_id=table, filters={"rien": 1})
    ckan.call("datastore_records_delete", resource_id=table, filters={"n": {"gt": 1}})
    found = ckan.call("datastore_search", resource_id=table, sort="_id")
    assert numbers(found) == [1, 3]  # numbers stay those of their rows
    assert numbers(ckan.call("datastore_search", resource_id=table, filters={"_id": 3})) == [3]
    ckan.call("datastore_upsert", resource_id=table, records=[{"code": "f"}])
    assert numbers(ckan.call("datastore_search", resource_id=table, sort="_id")) == [1, 3, 4]
    ckan.call("datastore_delete", resource_id=table, filters={})
    assert ckan.call("datastore_search", resource_id=table)["total"] == 0
    ckan.call("datastore_delete", resource_id=table)
    ckan.call("datastore_search", 404, resource_id=table, limit=0)
    ckan.call("datastore_delete", 404, resource_id=table)
    ckan.call("datastore_create", resource_id=table, records=[{"z": 1}])
    assert numbers(ckan.call("datastore_search", resource_id=table)) == [1]


def test_uploaded_files_are_read_and_not_written_without_force(ckan, dataset):
    file = dataset.resources.get()
    found = Ckan(None).call("datastore_search", resource_id=str(file.pk), q="quebec")
    assert found["records"] == [{"_id": 1, "ville": "Québec", "habitants": 549459, "ouvert": True}]
    assert [f["type"] for f in found["fields"]] == ["int", "text", "int8", "bool"]
    for action, data in (
        ("datastore_create", {"records": []}), ("datastore_upsert", {"records": []}),
        ("datastore_delete", {}), ("datastore_records_delete", {"filters": {}}),
    ):  # fmt: skip
        assert "read-only" in ckan.call(action, 409, resource_id=str(file.pk), **data)
    ckan.call("datastore_upsert", resource_id=str(file.pk), force=True, method="insert",
              records=[{"ville": "Gatineau", "habitants": 291041}])  # fmt: skip
    again = ckan.call("datastore_search", resource_id=str(file.pk), sort="_id")
    assert [r["ville"] for r in again["records"]] == ["Québec", "Lévis", "Montréal", "Gatineau"]


def test_sequence_of_datapusher(ckan, dataset):
    """limit=0, delete, create by 250 rows: then the table is a version like any other."""
    file = str(dataset.resources.get().pk)
    anybody = Ckan(None)
    assert ckan.call("datastore_search", resource_id=file, limit=0)["total"] == 3
    ckan.call("datastore_delete", resource_id=file, force=True)
    ckan.call("datastore_search", 404, resource_id=file, limit=0)
    rows = [{"ville": f"V{i}", "habitants": i} for i in range(600)]
    for start in range(0, 600, 250):
        ckan.call(
            "datastore_create", resource_id=file, force=True,
            fields=[{"id": "ville", "type": "text"}, {"id": "habitants", "type": "numeric"}],
            records=rows[start : start + 250], calculate_record_count=start == 500,
        )  # fmt: skip
    version = Version.objects.order_by("-created_at").first()
    assert version.rows == 600 and version.published_at is not None
    assert version.profile["columns"][1]["maximum"] == 599
    assert version.by is not None
    page = Client().get(f"/api/v1/datasets/{dataset.node.slug}").json()
    assert page["files"][0]["version"] == version.sha256
    assert Client().get(f"/fr/donnees/{dataset.node.slug}/").status_code == 200
    found = anybody.call("datastore_search", resource_id=file, filters={"habitants": 599})
    assert found["records"][0]["_id"] == 600
    assert Version.objects.filter(published_at__isnull=False).count() == 2  # the first is kept


def test_large_tables_are_written_by_a_job(ckan, table, monkeypatch):
    ckan.call("datastore_search", resource_id=table)
    monkeypatch.setattr(snapshot, "AT_ONCE_ROWS", 2)
    ckan.call("datastore_upsert", resource_id=table, records=[{"code": "g"}])
    assert ckan.call("datastore_search", resource_id=table, limit=0)["total"] == 4
    assert ckan.call("datastore_search", resource_id=table)["total"] == 3  # the edition before
    ckan.call("datastore_search", resource_id=table)
    assert jobs.run_next() and not jobs.run_next()
    assert ckan.call("datastore_search", resource_id=table)["total"] == 4
    fresh = ckan.call("datastore_create", resource={"package_id": "villes"},
                      records=[{"a": i} for i in range(5)])["resource_id"]  # fmt: skip
    assert ckan.call("datastore_search", 503, resource_id=fresh)["message"]
    assert jobs.run_next()
    assert ckan.call("datastore_search", resource_id=fresh)["total"] == 5


def test_who_may_write_and_what_nobody_sees(ckan, table):
    for role in (None, "citizen", "analyst"):
        other = Ckan(role)
        for action, data in (
            ("datastore_create", {"records": []}), ("datastore_upsert", {"records": []}),
            ("datastore_delete", {}), ("datastore_records_delete", {"filters": {}}),
        ):  # fmt: skip
            assert other.call(action, 403, resource_id=table, **data)["__type"] == (
                "Authorization Error"
            )
    draft = make_dataset("secret", public=False, content="mot\nSECRET-41\n")
    file = str(draft.resources.get().pk)
    made = ckan.call("datastore_create", resource={"package_id": "secret"}, aliases=["cachee"],
                     records=[{"mot": "SECRET-42"}])["resource_id"]  # fmt: skip
    for name in (file, made, "cachee"):
        anybody = Ckan(None)
        anybody.call("datastore_search", 404, resource_id=name, limit=0)
        anybody.call("datastore_info", 404, id=name)
        anybody.call("datastore_upsert", 404, resource_id=name, records=[])
        assert Client().get(f"/datastore/dump/{name}").status_code == 404
        assert ckan.call("datastore_search", resource_id=name)["total"] == 1
    assert Client().get("/api/3/action/datastore_create").status_code == 400


def test_searching_asks_as_many_queries_whatever_the_size(ckan, table):
    anybody = Ckan(None)

    def asked():
        anybody.call("datastore_search", resource_id=table)
        with CaptureQueriesContext(connection) as seen:
            anybody.call("datastore_search", resource_id=table, q="e", sort="n desc")
        return len(seen)

    few = asked()
    ckan.call("datastore_upsert", resource_id=table,
              records=[{"code": f"c{i}", "n": i} for i in range(700)])  # fmt: skip
    assert asked() == few <= 4
