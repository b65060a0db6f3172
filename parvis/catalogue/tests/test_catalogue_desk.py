"""The steward's desk: everything by pages, without a script."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from parvis.catalogue.models import Dataset, Document
from parvis.catalogue.tests.catalogue_factories import (
    CSV,
    make_dataset,
    make_document,
    organisation,
)
from parvis.core.models import State
from tests.factories import make_person

pytestmark = pytest.mark.django_db


@pytest.fixture
def steward(client):
    client.force_login(make_person("steward"))
    return client


def upload(content=CSV, name="villes.csv"):
    return SimpleUploadedFile(name, content.encode() if isinstance(content, str) else content)


def dataset_form(**more):
    return {
        "key": "k1",
        "title_fr": "Villes",
        "title_en": "Cities",
        "notes_fr": "Les villes.",
        "organisation": organisation().pk,
        "tags_fr": "Ville, Population",
        "tags_en": "City",
        "categories": ["politiques-sociales"],
        "licence": "CC-BY-4.0",
        "frequency": "annual",
        "languages": ["fr"],
        "spatial": "Québec",
        "sources": "https://a.test/1\nhttps://a.test/2",
        **more,
    }


def test_from_nothing_to_public_by_pages(steward):
    response = steward.post(reverse("desk_dataset_new"), dataset_form())
    assert response.status_code == 302, response.content.decode()
    dataset = Dataset.objects.get()
    assert dataset.tags == [{"fr": "Ville", "en": "City"}, {"fr": "Population"}]
    assert dataset.sources == ["https://a.test/1", "https://a.test/2"]
    assert "Il n’y a pas encore de fichier" in steward.get(response.url).content.decode()
    publish = reverse("desk_dataset_publish", args=["villes"])
    assert steward.post(publish, {"key": "p0"}).status_code == 422
    add = reverse("desk_file_new", args=["villes"])
    data = {"name_fr": "Villes", "kind": "donnees", "file": upload()}
    assert steward.post(add, data).status_code == 302
    preview = steward.get(reverse("desk_dataset_preview", args=["villes"])).content.decode()
    assert "Lévis" in preview and "n’est pas public" in preview
    response = steward.post(publish, {"key": "p1"})
    assert response.status_code == 302
    dataset.node.refresh_from_db()
    assert dataset.node.state == State.PUBLIC
    assert "Lévis" in steward.get(response.url).content.decode()


def test_a_form_with_faults_comes_back_filled_in(steward):
    response = steward.post(
        reverse("desk_dataset_new"), dataset_form(title_fr="", temporal="hier", spatial="Ici même")
    )
    text = response.content.decode()
    assert response.status_code == 422
    assert "Ici même" in text and "error-summary" in text
    assert not Dataset.objects.exists()
    response = steward.post(reverse("desk_dataset_new"), dataset_form(temporal="hier"))
    assert response.status_code == 422 and "année-mois-jour" in response.content.decode()


def test_wrong_cells_are_listed_then_accepted(steward):
    make_dataset()
    url = reverse("desk_file_version", args=["villes", "villes"])
    bad = CSV.replace("149683", "beaucoup")
    assert 'name="accept"' not in steward.get(url).content.decode()
    response = steward.post(url, {"file": upload(bad)})
    text = response.content.decode()
    assert response.status_code == 422
    assert "beaucoup" in text and "habitants" in text and "nombre" in text
    assert 'name="accept"' in text
    assert Dataset.objects.get().resources.get().versions.count() == 1
    assert steward.post(url, {"file": upload(bad), "accept": "on"}).status_code == 302
    page = steward.get(reverse("desk_dataset", args=["villes"])).content.decode()
    assert "En attente" in page and "Publier la nouvelle version" in page


@pytest.mark.parametrize("data", [{}, {"file": b""}, {"file": b"\x00\xff" * 99}])
def test_a_first_file_that_fails_leaves_nothing(steward, data):
    dataset = make_dataset(public=False)
    files = {name: upload(content) for name, content in data.items()}
    url = reverse("desk_file_new", args=["villes"])
    response = steward.post(url, {"name_fr": "Autre", "kind": "donnees", **files})
    assert response.status_code == 422
    assert dataset.resources.count() == 1


def test_columns_are_described_by_page(steward):
    make_dataset()
    url = reverse("desk_file_columns", args=["villes", "villes"])
    assert steward.get(url).status_code == 200
    data = {
        "label_0_fr": "Municipalité",
        "description_0_fr": "Nom officiel",
        "label_1_en": "People",
    }
    assert steward.post(url, data).status_code == 302
    page = steward.get(reverse("dataset", args=["villes"])).content.decode()
    assert "Municipalité" in page and "Nom officiel" in page


def test_a_dataset_is_edited_with_its_history(steward):
    make_dataset()
    url = reverse("desk_dataset_edit", args=["villes"])
    assert "Les villes et leurs habitants." in steward.get(url).content.decode()
    response = steward.post(url, dataset_form(notes_fr="Les villes, revues.", note_fr="Revu"))
    assert response.status_code == 302, response.content.decode()
    page = steward.get(reverse("dataset_history", args=["villes"])).content.decode()
    assert "Revu" in page and "<ins>" in page
    assert steward.post(url, dataset_form(key="k2", tags_fr="", tags_en="")).status_code == 422


def test_a_document_from_nothing_to_public(steward):
    data = {
        "title_fr": "Bilan",
        "doc_kind": "report",
        "date": "2024-03-01",
        "summary_fr": "En bref.",
        "body_fr": "# Texte",
        "tags_fr": "Plan",
        "sources": "",
        "file": upload(b"%PDF-1.4\n%%EOF", "bilan.pdf"),
    }
    response = steward.post(reverse("desk_document_new"), data)
    assert response.status_code == 302, response.content.decode()
    assert "Publier le document" in steward.get(response.url).content.decode()
    publish = reverse("desk_document_publish", args=["bilan"])
    assert steward.post(publish, {"key": "p"}).status_code == 302
    assert steward.get(reverse("document", args=["bilan"])).status_code == 200
    edit = reverse("desk_document", args=["bilan"])
    data.pop("file")
    response = steward.post(edit, {**data, "summary_fr": "Autrement.", "remove_file": "on"})
    assert response.status_code == 302
    document = Document.objects.get()
    assert document.file is None and document.node.revisions.count() == 2


def test_a_document_with_faults_comes_back(steward):
    make_document()
    url = reverse("desk_document", args=["bilan"])
    data = {
        "title_fr": "Bilan",
        "doc_kind": "report",
        "summary_fr": "",
        "body_fr": "Mon texte gardé",
    }
    response = steward.post(url, data)
    assert response.status_code == 422 and "Mon texte gardé" in response.content.decode()
    data = {"title_fr": "B", "doc_kind": "magic", "file": upload(b"MZ", "a.exe")}
    assert steward.post(reverse("desk_document_new"), data).status_code == 422


PAGES = [
    ("desk_data", []), ("desk_dataset_new", []), ("desk_dataset", ["villes"]),
    ("desk_file_new", ["villes"]), ("desk_file_version", ["villes", "villes"]),
    ("desk_file_columns", ["villes", "villes"]), ("desk_documents", []),
    ("desk_document_new", []), ("desk_document", ["bilan"]), ("publishing", []),
]  # fmt: skip
POSTS = [
    ("desk_dataset_publish", ["villes"]), ("desk_file_remove", ["villes", "villes"]),
    ("desk_document_publish", ["bilan"]),
]  # fmt: skip


@pytest.mark.parametrize(("name", "args"), PAGES)
def test_the_desk_is_for_stewards(client, name, args):
    make_dataset()
    make_document()
    url = reverse(name, args=args)
    assert client.get(url).status_code == 302  # to sign in
    client.force_login(make_person("coordinator"))
    assert client.get(url).status_code == 403
    client.force_login(make_person("steward"))
    assert client.get(url).status_code == 200


@pytest.mark.parametrize(("name", "args"), POSTS)
def test_acts_are_for_stewards_and_by_post(client, name, args):
    make_dataset()
    make_document()
    url = reverse(name, args=args)
    assert client.get(url).status_code == 405
    assert client.post(url).status_code == 401
    client.force_login(make_person("adviser"))
    assert client.post(url).status_code == 403


def test_absent_things_are_404(steward):
    make_dataset()
    assert steward.get(reverse("desk_dataset", args=["absent"])).status_code == 404
    assert steward.get(reverse("desk_file_version", args=["villes", "absent"])).status_code == 404
    assert steward.get(reverse("desk_document", args=["absent"])).status_code == 404


def test_the_list_costs_the_same_at_two_sizes(steward):
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    def count(name):
        with CaptureQueriesContext(connection) as captured:
            steward.get(reverse(name))
        return len(captured)

    for n in range(2):
        make_dataset(f"x-{n}")
        make_document(f"x-{n}")
    small = count("desk_data"), count("desk_documents")
    for n in range(2, 8):
        make_dataset(f"x-{n}", public=False)
        make_document(f"x-{n}", public=False)
    assert (count("desk_data"), count("desk_documents")) == small
