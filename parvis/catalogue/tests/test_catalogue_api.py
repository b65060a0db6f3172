"""The catalogue in /api/v1."""

import json

import pytest

from parvis.catalogue.tests.catalogue_factories import make_dataset, make_document

pytestmark = pytest.mark.django_db


def get(client, path, status=200):
    response = client.get(f"/api/v1{path}")
    assert response.status_code == status, response.content
    return json.loads(response.content)


def test_datasets_and_their_files(client):
    make_dataset()
    make_dataset("secret", public=False)
    listing = get(client, "/datasets")
    assert listing["count"] == 1 and listing["results"][0]["name"] == "villes"
    one = get(client, "/datasets/villes")
    assert one == listing["results"][0]
    file = one["files"][0]
    assert file["rows"] == 3 and file["columns"][0]["name"] == "ville"
    path = file["downloads"][0]["url"].split("8000", 1)[1]
    assert client.get(path).status_code == 200
    get(client, "/datasets/secret", 404)
    assert get(client, "/datasets?q=ville")["count"] == 1
    assert get(client, "/datasets?tag=Route")["count"] == 0


@pytest.mark.parametrize(
    ("query", "rows"),
    [
        ("", ["Québec", "Lévis", "Montréal"]),
        ("?filter=habitants|gt|500000&sort=-habitants", ["Montréal", "Québec"]),
        ("?words=levis", ["Lévis"]),
        ("?limit=1&offset=1", ["Lévis"]),
    ],
)
def test_rows(client, query, rows):
    make_dataset()
    body = get(client, f"/datasets/villes/rows{query}")
    assert [row["ville"] for row in body["rows"]] == rows
    assert body["total"] == 3


@pytest.mark.parametrize(
    "query", ["?limit=0", "?limit=1001", "?offset=-1", "?filter=habitants|gt|beaucoup", "?limit=x"]
)
def test_bad_requests_for_rows(client, query):
    make_dataset()
    get(client, f"/datasets/villes/rows{query}", 422)


def test_rows_of_an_absent_file(client):
    make_dataset()
    get(client, "/datasets/villes/rows?file=absent", 404)


def test_the_request_shown_on_the_page_gives_what_it_says(client):
    make_dataset()
    page = client.get("/fr/donnees/villes/?filter=habitants|gt|500000&sort=-habitants")
    example = page.context["example"]
    path = example.command.split("8000", 1)[1].rstrip("'")
    body = json.loads(client.get(path).content)
    assert len(body["rows"]) == example.rows == 2
    assert body["rows"][0]["ville"] == "Montréal"


def test_documents(client):
    make_document()
    make_document("secret", public=False)
    listing = get(client, "/documents")
    assert listing["count"] == 1 and listing["results"][0]["kind"] == "report"
    assert "## Fait" in get(client, "/documents/bilan")["body"]["fr"]
    get(client, "/documents/secret", 404)
