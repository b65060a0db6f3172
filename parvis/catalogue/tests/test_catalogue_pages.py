"""The catalogue's public pages: lists, dataset, document, files, feeds, history."""

import csv
import hashlib
import io
import json

import pyarrow.parquet as pq
import pytest
import python_calamine
from defusedxml import ElementTree
from django.urls import reverse

from parvis.catalogue import loading, services
from parvis.catalogue.tests.catalogue_factories import (
    CSV,
    add_file,
    make_dataset,
    make_document,
    organisation,
)
from parvis.core.access import SYSTEM
from parvis.core.models import State

pytestmark = pytest.mark.django_db


def page(client, name, *args, query="", status=200):
    response = client.get(reverse(name, args=args) + query)
    assert response.status_code == status, response.content.decode()[:2000]
    return response.content.decode()


def test_addresses_are_the_french_ones(client):
    assert reverse("datasets") == "/fr/donnees/"
    assert reverse("dataset", args=["x"]) == "/fr/donnees/x/"
    assert reverse("dataset_file", args=["x", "ab", "f.csv"]) == "/fr/donnees/x/fichiers/ab/f.csv"
    assert reverse("document", args=["x"]) == "/fr/documents/x/"
    assert reverse("desk_data") == "/fr/bureau/donnees/"


def test_an_empty_catalogue_says_so(client):
    assert "Rien n’est encore publié" in page(client, "datasets")
    assert "Rien n’est encore publié" in page(client, "documents")


def test_a_dataset_shows_its_rows_words_licence_and_downloads(client):
    make_dataset()
    text = page(client, "dataset", "villes")
    for words in ("Villes du Québec", "Lévis", "CC BY 4.0", "3 lignes", "package_show?id=villes"):
        assert words in text.replace("\u00a0", " ")
    assert "/api/v1/datasets/villes/rows?" in text


def test_lists_narrow_by_words_organisation_tag_and_format(client):
    make_dataset()
    make_dataset(
        "routes",
        title="Routes",
        content="route,km\nA-20,585\n",
        notes={"fr": "Le réseau."},
        tags=[{"fr": "Transport"}],
        organisation=organisation("mtq"),
    )
    assert "Routes" in page(client, "datasets")
    both = "?tag=Transport&tag=Ville"
    assert "2 jeux de données" in page(client, "datasets", query=both).replace("\u00a0", " ")
    text = page(client, "datasets", query="?tag=Transport")
    assert "/fr/donnees/routes/" in text and "/fr/donnees/villes/" not in text
    text = page(client, "datasets", query=f"?organisation={organisation('mtq').pk}")
    assert "/fr/donnees/routes/" in text and "/fr/donnees/villes/" not in text
    text = page(client, "datasets", query="?q=ville")
    assert "/fr/donnees/villes/" in text and "/fr/donnees/routes/" not in text
    assert "/fr/donnees/villes/" in page(client, "datasets", query="?format=csv")
    assert "Rien ne correspond" in page(client, "datasets", query="?format=pdf")
    assert "Rien ne correspond" in page(client, "datasets", query="?q=zzzz")


def test_facet_counts_say_what_each_value_would_give(client):
    make_dataset()
    make_dataset("routes", title="Routes", tags=[{"fr": "Ville"}, {"fr": "Route"}])
    facets = client.get(reverse("datasets") + "?tag=Route").context["facets"]
    tags = {v.value: (v.count, v.on) for v in next(f for f in facets if f.name == "tag").values}
    # Within a facet values add up: "Ville" still says how many it holds.
    assert tags == {"Route": (1, True), "Ville": (2, False)}


def test_a_draft_is_nowhere(client):
    dataset = make_dataset("secret", public=False, title="Jeu secret")
    version = dataset.resources.get().versions.get()
    page(client, "dataset", "secret", status=404)
    page(client, "dataset_history", "secret", status=404)
    page(client, "dataset_file", "secret", version.sha256, "villes.csv", status=404)
    for name in ("datasets", "datasets_feed"):
        assert "secret" not in page(client, name)


def test_what_was_withdrawn_is_gone(client):
    dataset = make_dataset()
    dataset.node.state = State.WITHDRAWN
    dataset.node.save()
    page(client, "dataset", "villes", status=410)


@pytest.mark.parametrize(
    ("query", "rows"),
    [
        ("", 3),
        ("?words=levis", 1),
        ("?column=habitants&operator=gt&value=500000", 2),
        ("?filter=ville|contains|qu%C3%A9&filter=habitants|gt|1", 1),
        ("?filter=ouvert|eq|true", 2),
        ("?filter=ville|empty|", 0),
        ("?filter=absente|eq|1", 3),
        ("?filter=ville|drop|1", 3),
        ("?sort=absente&page=99", 3),
    ],
)
def test_rows_are_filtered_from_the_address(client, query, rows):
    make_dataset()
    response = client.get(reverse("dataset", args=["villes"]) + query)
    assert response.status_code == 200
    assert response.context["table"].count == rows == len(response.context["table"].rows)


def test_a_filter_that_means_nothing_is_explained(client):
    make_dataset()
    text = page(client, "dataset", "villes", query="?filter=habitants|gt|beaucoup")
    assert 'role="alert"' in text and "La demande ne peut pas" in text


def test_rows_are_sorted_both_ways_and_paged(client):
    lines = "n,mot\n" + "".join(f"{i},mot{i % 7}\n" for i in range(45))
    make_dataset(content=lines)
    url = reverse("dataset", args=["villes"])
    first = client.get(f"{url}?sort=-n").context["table"].rows
    assert [row[0] for row in first] == list(range(44, 24, -1))
    last = client.get(f"{url}?sort=-n&page=3").context["table"].rows
    assert [row[0] for row in last] == [4, 3, 2, 1, 0]


def test_each_version_keeps_its_address_and_its_bytes(client):
    dataset = make_dataset()
    resource = dataset.resources.get()
    first = resource.versions.get()
    url = reverse("dataset_file", args=["villes", first.sha256, "villes.csv"])
    before = b"".join(client.get(url).streaming_content)
    assert hashlib.sha256(before).hexdigest() == first.csv_sha256
    assert len(before) == first.csv_bytes
    second = loading.add_version(
        actor=SYSTEM,
        resource=resource,
        source=(CSV + "Gatineau,291041,vrai\n").encode(),
        name="v.csv",
    )
    # A version that waits has no public address.
    waiting = reverse("dataset_file", args=["villes", second.sha256, "villes.csv"])
    assert client.get(waiting).status_code == 404
    services.publish_dataset(actor=SYSTEM, dataset=dataset)
    assert b"".join(client.get(url).streaming_content) == before
    assert b"Gatineau" in b"".join(client.get(waiting).streaming_content)
    assert "Gatineau" in page(client, "dataset", "villes")


def test_all_formats_hold_the_same_rows(client):
    version = make_dataset().resources.get().versions.get()

    def get(extension):
        url = reverse("dataset_file", args=["villes", version.sha256, f"villes.{extension}"])
        response = client.get(url)
        assert response.status_code == 200
        assert response["X-Content-Type-Options"] == "nosniff"
        assert "sandbox" in response["Content-Security-Policy"]
        assert response["Content-Disposition"] == f'attachment; filename="villes.{extension}"'
        return b"".join(response.streaming_content)

    rows = json.loads(get("json"))
    assert rows[1] == {"ville": "Lévis", "habitants": 149683, "ouvert": False}
    parquet = get("parquet")
    assert hashlib.sha256(parquet).hexdigest() == version.sha256
    assert pq.read_table(io.BytesIO(parquet)).to_pylist() == rows
    table = list(csv.DictReader(io.StringIO(get("csv").decode())))
    assert [row["ville"] for row in table] == [row["ville"] for row in rows]
    sheet = python_calamine.CalamineWorkbook.from_filelike(io.BytesIO(get("xlsx")))
    assert sheet.get_sheet_by_index(0).to_python()[1] == ["Québec", 549459.0, True]
    url = reverse("dataset_file", args=["villes", version.sha256, "villes.exe"])
    assert client.get(url).status_code == 404


def test_a_dangerous_cell_is_disarmed_in_csv(client):
    version = make_dataset(content="a,b\n=1+1,2\n").resources.get().versions.get()
    url = reverse("dataset_file", args=["villes", version.sha256, "villes.csv"])
    assert b"'=1+1,2" in b"".join(client.get(url).streaming_content)


def test_cells_and_notes_never_become_markup(client):
    make_dataset(
        content='a,b\n"<script>alert(1)</script>",2\n',
        notes={"fr": "<img src=x onerror=alert(1)> [x](javascript:alert(1))"},
    )
    text = page(client, "dataset", "villes")
    assert "<script>alert(1)" not in text
    assert "<img" not in text and 'href="javascript' not in text


def test_a_page_with_several_files_shows_the_one_asked_for(client):
    dataset = make_dataset()
    add_file(dataset, "route,km\nA-20,585\n", "Routes")
    services.publish_dataset(actor=SYSTEM, dataset=dataset)
    assert "A-20" not in page(client, "dataset", "villes")
    assert "A-20" in page(client, "dataset", "villes", query="?file=routes")
    assert "Lévis" in page(client, "dataset", "villes", query="?file=absent")


def test_history_shows_what_changed(client):
    dataset = make_dataset()
    services.update_dataset(
        actor=SYSTEM,
        dataset=dataset,
        changes={"notes": {"fr": "Les villes et leurs habitantes."}},
        note={"fr": "Un mot corrigé"},
    )
    text = page(client, "dataset_history", "villes")
    assert "<del>habitants.</del>" in text and "<ins>habitantes.</ins>" in text
    assert "Un mot corrigé" in text


def test_documents_read_here_and_download_safely(client):
    pdf = b"%PDF-1.4\n1 0 obj<<>>endobj\ntrailer<<>>\n%%EOF"
    make_document(file=("Bilan à lire (été).pdf", pdf), sources=["https://exemple.test/a"])
    text = page(client, "document", "bilan")
    assert "<h2>Fait</h2>" in text and "https://exemple.test/a" in text
    url = reverse("document_file", args=["bilan", "Bilan-lire-t.pdf"])
    assert url in text
    response = client.get(url)
    assert b"".join(response.streaming_content) == pdf
    assert response["Content-Disposition"].startswith("attachment")
    assert response["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in response["Content-Security-Policy"]
    other = reverse("document_file", args=["bilan", "autre.pdf"])
    assert client.get(other).status_code == 404


def test_documents_narrow_by_kind_and_format(client):
    make_document()
    make_document("loi", doc_kind="law")
    text = page(client, "documents", query="?kind=law")
    assert "/fr/documents/loi/" in text and "/fr/documents/bilan/" not in text
    assert "/fr/documents/bilan/" in page(client, "documents", query="?format=html&q=engagement")


def test_draft_document_is_nowhere(client):
    make_document("secret", public=False)
    page(client, "document", "secret", status=404)
    assert "secret" not in page(client, "documents") + page(client, "documents_feed")


@pytest.mark.parametrize("name", ["datasets_feed", "documents_feed"])
def test_feeds_are_atom(client, name):
    make_dataset()
    make_document()
    response = client.get(reverse(name))
    root = ElementTree.fromstring(response.content)
    assert root.tag == "{http://www.w3.org/2005/Atom}feed"
    assert len(root.findall("{http://www.w3.org/2005/Atom}entry")) == 1
    assert response["Content-Type"].startswith("application/atom+xml")


def test_pages_are_public_and_hold_no_token(client):
    make_dataset()
    response = client.get(reverse("dataset", args=["villes"]))
    assert "public" in response["Cache-Control"]
    assert b"csrfmiddlewaretoken" not in response.content


def test_english_pages(client):
    make_dataset()
    text = client.get("/en/data/villes/").content.decode()
    assert "Villes du Québec (en)" in text and "3 rows" in text
    assert client.get("/en/documents/").status_code == 200


@pytest.mark.parametrize("name", ["datasets", "documents"])
def test_lists_cost_the_same_at_two_sizes(client, name, django_assert_num_queries):
    def make(n):
        make = make_dataset if name == "datasets" else make_document
        make(f"x-{n}")

    def count(query=""):
        from django.db import connection
        from django.test.utils import CaptureQueriesContext

        with CaptureQueriesContext(connection) as captured:
            client.get(reverse(name) + query)
        return len(captured)

    for n in range(2):
        make(n)
    small = count(), count("?q=plan")
    for n in range(2, 9):
        make(n)
    assert (count(), count("?q=plan")) == small
    assert small[0] <= 12


def test_a_dataset_page_costs_the_same_at_two_sizes(client):
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    dataset = make_dataset()

    def count():
        with CaptureQueriesContext(connection) as captured:
            assert client.get(reverse("dataset", args=["villes"])).status_code == 200
        return len(captured)

    add_file(dataset, "a\n1\n", "A")
    services.publish_dataset(actor=SYSTEM, dataset=dataset)
    small = count()
    for n in range(5):
        add_file(dataset, f"a\n{n}\n", f"F{n}")
    services.publish_dataset(actor=SYSTEM, dataset=dataset)
    assert count() == small
