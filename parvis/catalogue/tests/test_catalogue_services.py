"""Datasets and documents through their services: rules, loads that fail, publication, history."""

import hashlib
import io
import re

import pytest
import xlsxwriter
from django.urls import get_resolver
from django.utils import translation
from django.utils.translation import gettext as _

from parvis.catalogue import documents, loading, services, store
from parvis.catalogue.models import Dataset, Version
from parvis.catalogue.tests.catalogue_factories import (
    CSV,
    add_file,
    dataset_fields,
    make_dataset,
    make_document,
    organisation,
)
from parvis.core import kinds
from parvis.core.access import NOBODY, SYSTEM, Actor, actor_for
from parvis.core.errors import Conflict, Forbidden, Invalid, SignInNeeded
from parvis.core.events import IdempotencyKey
from parvis.core.models import Event, Role, State
from parvis.core.thread import link
from tests.factories import make_actor, make_person

pytestmark = pytest.mark.django_db


def load(dataset: Dataset, content: bytes, name: str = "v.csv", **more) -> Version:
    return loading.add_version(
        actor=SYSTEM, resource=dataset.resources.get(), source=content, name=name, **more
    )


@pytest.mark.parametrize(
    ("fields", "name"),
    [
        ({"licence": "WTFPL"}, "licence"),
        ({"frequency": "sometimes"}, "frequency"),
        ({"categories": ["magie"]}, "categories"),
        ({"temporal": "hier"}, "temporal"),
        ({"temporal": "2023-13-01/2024-01-01"}, "temporal"),
        ({"temporal": "2024-01-01/2023-01-01"}, "temporal"),
        ({"sources": ["javascript:alert(1)"]}, "sources"),
        ({"sources": [f"https://a.test/{n}" for n in range(61)]}, "sources"),
        ({"tags": [{"de": "Stadt"}]}, "tags"),
        ({"tags": [str(n) for n in range(31)]}, "tags"),
        ({"spatial": "x" * 101}, "spatial"),
        ({"notes": {"fr": "x" * 20_001}}, "notes"),
        ({"review": {}}, "review"),
    ],
)
def test_a_bad_field_is_refused_by_name(fields, name):
    with pytest.raises(Invalid) as error:
        services.create_dataset(actor=SYSTEM, title={"fr": "Titre"}, fields=fields)
    assert name in error.value.errors
    assert not Dataset.objects.exists()


@pytest.mark.parametrize("title", [{}, {"en": "Only English"}, {"fr": "x" * 201}])
def test_a_title_in_french_is_needed(title):
    with pytest.raises(Invalid) as error:
        services.create_dataset(actor=SYSTEM, title=title)
    assert "title" in error.value.errors


def test_names_of_donnees_quebec_are_understood():
    dataset = make_dataset(
        public=False, licence="cc-by", categories=["government-finances"], frequency="notPlanned"
    )
    assert (dataset.licence, dataset.categories) == ("CC-BY-4.0", ["gouvernement-finances"])


@pytest.mark.parametrize("title", ["New", "X", "Feed", "é"])
def test_every_slug_is_a_ckan_name(title):
    slug = services.create_dataset(actor=SYSTEM, title={"fr": title}).node.slug
    assert len(slug) >= 2 and slug not in services.RESERVED


def test_who_may_write():
    with pytest.raises(SignInNeeded):
        services.create_dataset(actor=NOBODY, title={"fr": "T"})
    for role in (None, "adviser", "coordinator"):
        with pytest.raises(Forbidden):
            services.create_dataset(actor=make_actor(role), title={"fr": "T"})
    services.create_dataset(actor=make_actor("steward"), title={"fr": "T"})


def test_a_steward_of_one_organisation_writes_for_it_alone():
    mine, other = organisation("mien"), organisation("autre")
    person = make_person()
    Role.objects.create(person=person, role="steward", scope=mine.node)
    actor: Actor = actor_for(person)
    dataset = services.create_dataset(actor=actor, title={"fr": "Titre"}, organisation=mine)
    with pytest.raises(Forbidden):
        services.create_dataset(actor=actor, title={"fr": "Titre"}, organisation=other)
    with pytest.raises(Forbidden):
        services.update_dataset(actor=actor, dataset=dataset, changes={"organisation": other})


def test_the_same_key_makes_one_dataset():
    key = IdempotencyKey.of("test", "k", {"a": 1})
    one = services.create_dataset(actor=SYSTEM, title={"fr": "Titre"}, key=key)
    two = services.create_dataset(actor=SYSTEM, title={"fr": "Titre"}, key=key)
    assert one == two and Dataset.objects.count() == 1
    with pytest.raises(Conflict):
        services.create_dataset(
            actor=SYSTEM, title={"fr": "Titre"}, key=IdempotencyKey.of("test", "k", {"a": 2})
        )


def test_publication_names_every_hole():
    dataset = services.create_dataset(
        actor=SYSTEM, title={"fr": "T"}, fields={"licence": "CC-BY-ND-4.0", "languages": []}
    )
    with pytest.raises(Invalid) as error:
        services.publish_dataset(actor=SYSTEM, dataset=dataset)
    assert set(error.value.errors) == {
        "organisation", "notes", "tags", "languages", "spatial", "licence_reason", "files"
    }  # fmt: skip
    dataset.node.refresh_from_db()
    assert dataset.node.state == State.DRAFT


def test_publication_says_the_hash_of_its_files_and_the_ledger_keeps_it():
    dataset = make_dataset()
    version = dataset.resources.get().current
    event = Event.objects.get(verb="dataset.published")
    expected = hashlib.sha256(f"{version.sha256}  villes.parquet\n".encode()).hexdigest()
    assert event.data["sha256"] == expected
    assert event.leaf.members["d"] == {"rows": 3, "sha256": expected, "withheld": 0}
    assert event.leaf.on == "dataset/villes"


def test_publishing_twice_needs_something_new():
    dataset = make_dataset()
    with pytest.raises(Conflict):
        services.publish_dataset(actor=SYSTEM, dataset=dataset)


def test_a_public_dataset_may_not_lose_what_the_profile_requires():
    dataset = make_dataset()
    with pytest.raises(Invalid) as error:
        services.update_dataset(actor=SYSTEM, dataset=dataset, changes={"tags": []})
    assert "tags" in error.value.errors


def test_revisions_are_kept_once_public():
    dataset = make_dataset(public=False)
    services.update_dataset(actor=SYSTEM, dataset=dataset, changes={"spatial": "Lévis"})
    assert dataset.node.revisions.count() == 0
    services.publish_dataset(actor=SYSTEM, dataset=dataset)
    services.update_dataset(actor=SYSTEM, dataset=dataset, changes={"spatial": "Québec"})
    texts = [row.texts["spatial"] for row in dataset.node.revisions.order_by("at")]
    assert texts == ["Lévis", "Québec"]


def _xlsx(rows):
    out = io.BytesIO()
    book = xlsxwriter.Workbook(out, {"in_memory": True})
    page = book.add_worksheet()
    for number, row in enumerate(rows):
        page.write_row(number, 0, row)
    book.close()
    return out.getvalue()


BAD = {
    "empty": ("v.csv", b""),
    "binary": ("v.csv", b"\x00\x01\x02\xff" * 500),
    "a zip named csv": ("v.csv", _xlsx([["a"], [1]])),
    "text named xlsx": ("v.xlsx", b"a,b\n1,2\n"),
    "a torn workbook": ("v.xlsx", _xlsx([["a"], [1]])[:300]),
    "an old workbook": ("v.xlsx", b"\xd0\xcf\x11\xe0" + b"\0" * 600),
    "a program": ("v.exe", b"MZ\x90"),
    "no extension": ("v", b"a,b\n1,2\n"),
    "a word among numbers": ("v.csv", b"ville,habitants,ouvert\nQ,douze,vrai\nL,2,faux\n"),
    "a row too long": ("v.csv", b"ville,habitants,ouvert\nQ,1,vrai,de,trop\n"),
    "a quote not closed": ("v.csv", b'ville,habitants,ouvert\n"Q,1,vrai\n'),
    "two columns of one name": ("v.csv", b"a,a\n1,2\n"),
}


@pytest.mark.parametrize("what", BAD)
def test_a_bad_upload_leaves_the_version_before(what):
    dataset = make_dataset()
    before = dataset.resources.get().current
    files = sorted(store.store().root.rglob("*.parquet"))
    name, content = BAD[what]
    with pytest.raises(Invalid) as error:
        load(dataset, content, name)
    assert error.value.errors["file"]
    resource = dataset.resources.get()
    assert resource.current == before and resource.versions.count() == 1
    assert sorted(store.store().root.rglob("*.parquet")) == files
    assert not list((store.store().root / "tmp").iterdir())


def test_wrong_cells_are_named_by_row_column_and_value():
    dataset = make_dataset()
    content = CSV.replace("149683", "beaucoup")
    with pytest.raises(loading.BadTable) as error:
        load(dataset, content.encode())
    (problem,) = error.value.problems
    assert (problem.row, problem.column, problem.value) == (3, "habitants", "beaucoup")
    version = load(dataset, content.encode(), accept=True)
    types = {column["name"]: column["type"] for column in version.columns}
    assert types["habitants"] == "text" and version.rows == 3


def test_a_spreadsheet_is_a_version_too():
    dataset = make_dataset()
    version = load(
        dataset, _xlsx([["ville", "habitants", "ouvert"], ["Laval", 438366, True]]), "v.xlsx"
    )
    assert [column["type"] for column in version.columns] == ["text", "integer", "boolean"]


def test_the_same_rows_make_no_version():
    dataset = make_dataset()
    assert load(dataset, CSV.encode()) == dataset.resources.get().current


def test_a_version_that_waits_is_replaced_and_its_file_goes(django_capture_on_commit_callbacks):
    dataset = make_dataset()
    one = load(dataset, CSV.replace("Lévis", "Laval").encode())
    path = store.stored(one).path
    with django_capture_on_commit_callbacks(execute=True):
        two = load(dataset, CSV.replace("Lévis", "Gatineau").encode())
    assert not path.exists() and store.stored(two).path.exists()
    assert not Version.objects.filter(pk=one.pk).exists()
    assert dataset.resources.get().current.rows == 3


def test_the_codebook_survives_a_new_file():
    dataset = make_dataset()
    version = dataset.resources.get().current
    words = {"ville": {"label": {"fr": "Municipalité"}, "description": {"fr": "Nom officiel"}}}
    services.describe_columns(actor=SYSTEM, version=version, words=words)
    new = load(dataset, (CSV + "Gatineau,291041,vrai\n").encode())
    assert new.columns[0]["label"] == {"fr": "Municipalité"}
    assert new.columns[0]["description"] == {"fr": "Nom officiel"}


def test_a_version_cannot_be_written_again():
    version = make_dataset().resources.get().current
    version.rows = 4
    with pytest.raises(TypeError):
        version.save()
    with pytest.raises(TypeError):
        version.save(update_fields=["rows"])


def test_a_published_file_cannot_be_removed():
    dataset = make_dataset()
    with pytest.raises(Conflict):
        services.remove_resource(actor=SYSTEM, resource=dataset.resources.get())
    add_file(dataset, "a\n1\n", "Autre")
    services.remove_resource(actor=SYSTEM, resource=dataset.resources.get(slug="autre"))
    assert dataset.resources.count() == 1


def test_leading_zeros_stay():
    dataset = make_dataset(content="code,n\n0123,1\n0456,2\n")
    assert dataset.resources.get().current.columns[0]["type"] == "text"


def test_documents_need_a_summary_a_text_and_sources():
    document = documents.draft_document(
        actor=SYSTEM, title={"fr": "T"}, fields={"written_by_us": True}
    )
    with pytest.raises(Invalid) as error:
        documents.publish_document(actor=SYSTEM, document=document)
    assert set(error.value.errors) == {"summary", "body", "sources"}


def test_a_document_is_published_once_with_its_hash():
    document = make_document()
    event = Event.objects.get(verb="document.published")
    assert event.data["sha256"] == documents.digest_of(document)
    assert event.leaf.members["d"]["sha256"] == event.data["sha256"]
    with pytest.raises(Conflict):
        documents.publish_document(actor=SYSTEM, document=document)


@pytest.mark.parametrize(
    "file",
    [("a.pdf", b"not a pdf"), ("a.exe", b"MZ"), ("a.png", b"%PDF-1.4"), ("a.svg", b"<svg/>")],
)
def test_a_file_that_lies_is_refused(file):
    with pytest.raises(Invalid) as error:
        make_document(file=file)
    assert "file" in error.value.errors


def test_kinds_draw_their_knots_and_tables():
    translation.activate("fr")
    dataset, draft = make_dataset(), make_dataset("brouillon", public=False)
    document = make_document()
    knot = kinds.get("dataset").knots([dataset.pk, draft.pk])[0]
    assert (str(knot.count), knot.url) == ("1 jeu publié", "/fr/donnees/villes/")
    assert "CC BY 4.0" in str(knot.words)
    hidden = kinds.get("dataset").knots([draft.pk])[0]
    assert hidden.url is None and hidden.state == "promised"
    assert kinds.get("document").knots([document.pk])[0].url == "/fr/documents/bilan/"
    assert kinds.get("dataset").table(None).column("name").to_pylist() == ["villes"]
    assert kinds.get("document").table(None).num_rows == 1
    assert "Ville" in kinds.get("dataset").texts([dataset.pk])[dataset.pk]["fr"]
    assert "engagements" in kinds.get("document").texts([document.pk])[document.pk]["fr"]


def test_a_commitment_measured_by_the_data_shows_on_its_page(client):
    from parvis.core.models import Node

    dataset = make_dataset()
    commitment = Node.objects.create(
        kind="commitment", slug="c", title={"fr": "Ouvrir les données"}, state=State.DRAFT
    )
    link(commitment, "measured_by", dataset.node, actor=SYSTEM)
    assert "Ouvrir les données" not in client.get("/fr/donnees/villes/").content.decode()


def test_fields_of_the_factory_are_enough():
    assert not services.holes(make_dataset(**dataset_fields()))


def test_no_dataset_takes_a_word_of_an_address(db):
    with pytest.raises(Invalid, match="sql"):
        services.create_dataset(actor=SYSTEM, title={"fr": "Requêtes"}, slug="sql")
    made = services.create_dataset(actor=SYSTEM, title={"fr": "SQL"})
    assert made.node.slug == "dataset-sql"
    # Every word that stands where the name of a dataset could.
    words = set()
    for language in ("fr", "en"):
        with translation.override(language):
            for route in addresses_of(get_resolver()):
                parts = route.split("/")
                data = [str(_("data/")).strip("/"), str(_("desk/data/")).split("/")[-2]]
                places = [n for n, part in enumerate(parts[:-1]) if part in data]
                words |= {parts[n + 1] for n in places}
    named = {word for word in words if re.fullmatch("[a-z0-9_-]{2,}", word)}
    assert named <= services.RESERVED and "sql" in named


def addresses_of(resolver, before=""):
    for one in resolver.url_patterns:
        route = before + str(one.pattern)
        yield from addresses_of(one, route) if hasattr(one, "url_patterns") else [route]
