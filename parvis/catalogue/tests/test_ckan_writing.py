"""Datasets and files written by programs, as CKAN's clients do it."""

import json
import time

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import override_settings
from django.urls import reverse

from parvis.catalogue import leftovers, store
from parvis.catalogue.models import Dataset, Resource, Version
from parvis.catalogue.tests.catalogue_factories import make_dataset, organisation
from parvis.catalogue.tests.ckan_clients import Api, token_of
from parvis.core import files
from parvis.core.models import Event, File, Node, Revision, Site, State
from parvis.tables import quick

pytestmark = pytest.mark.django_db
CSV = b"ville,habitants\nQu\xc3\xa9bec,549459\nL\xc3\xa9vis,149683\n"


@pytest.fixture
def steward():
    organisation()
    return Api(token_of("steward"))


def nobody():
    return Api()


def link(**more):
    return {"name": "Carte", "url": "https://a.test/carte.pdf", **more}


def full(**more):
    return {
        "name": "arbres",
        "owner_org": "sct",
        "title": "Arbres publics",
        "notes": "Les arbres.",
        "notes_translated": {"fr": "Les arbres.", "en": "Trees."},
        "url": "https://a.test/arbres",
        "version": "1.2",
        "author": "Ville",
        "author_email": "a@b.test",
        "maintainer": "Équipe",
        "maintainer_email": "m@b.test",
        "license_id": "cc-by",
        "tags": [{"name": "Arbre"}, {"name": "Qualité de l'air"}],
        "groups": [{"name": "transport"}],
        "extras": [{"key": "z", "value": "2"}, {"key": "a", "value": "1"}],
        "update_frequency": "monthly",
        "ext_spatial": "Lévis",
        "temporal": "2020-01-01/2021-01-01",
        "resources": [link(), link(name="Page", url="https://a.test/x", relidi_condnon_mincol="5")],
        **more,
    }


def test_a_dataset_is_written_whole_and_public_at_once(steward, client):
    made = steward("package_create", **full())
    for key in ("name", "title", "notes", "url", "version", "author", "author_email",
                "maintainer", "maintainer_email", "update_frequency", "ext_spatial", "temporal",
                "notes_translated"):  # fmt: skip
        assert made[key] == full()[key]
    assert made["license_id"] == "CC-BY-4.0"
    assert [tag["name"] for tag in made["tags"]] == ["Arbre", "Qualité de l'air"]
    assert [group["name"] for group in made["groups"]] == ["transport"]
    assert made["extras"] == [{"key": "a", "value": "1"}, {"key": "z", "value": "2"}]
    assert (made["state"], made["private"], made["num_resources"]) == ("active", False, 2)
    first, second = made["resources"]
    assert (first["url"], first["url_type"], first["format"]) == (link()["url"], None, "PDF")
    assert (first["position"], second["position"]) == (0, 1)
    assert second["relidi_condnon_mincol"] == "5" and first["datastore_active"] is False
    assert nobody()("package_show", id="arbres") == made
    assert [e.verb for e in Event.objects.filter(node_id=made["id"])] == ["dataset.published"]
    page = client.get(reverse("dataset", args=["arbres"])).content.decode()
    assert link()["url"] in page and "Carte" in page
    api = client.get("/api/v1/datasets/arbres").json()["files"]
    assert [(one["kind"], one["version"]) for one in api] == [("link", None)] * 2
    assert client.get(reverse("datasets")).status_code == 200
    assert client.get("/api/v1/datasets/arbres/rows").status_code == 404


def test_what_is_shown_then_sent_changes_nothing(steward):
    make_dataset(
        sources=["https://a.test/"], withheld={"fr": "Rien."}, licence="CC0-1.0",
        licence_reason={"fr": "Domaine public.", "en": "Public domain."},
        tags=[{"fr": "Ville", "en": "City"}, {"fr": "Eau", "en": "Water"}],
        methodology={"fr": "Comptés.", "en": "Counted."}, categories=["transport", "sante"],
    )  # fmt: skip
    steward("package_create", **full())
    for name in ("villes", "arbres"):
        shown = steward("package_show", id=name)
        events, revisions = Event.objects.count(), Revision.objects.count()
        before = Dataset.objects.filter(node__slug=name).values().get()
        assert steward("package_update", **shown) == shown
        for resource in shown["resources"]:
            assert steward("resource_update", **resource) == resource
        assert (Event.objects.count(), Revision.objects.count()) == (events, revisions)
        assert Dataset.objects.filter(node__slug=name).values().get() == before


def test_update_removes_what_is_not_sent_and_patch_keeps_it(steward):
    made = steward("package_create", **full())
    patched = steward("package_patch", id="arbres", title="Arbres", tags=[{"name": "Bois"}])
    assert patched["title"] == patched["title_translated"]["fr"] == "Arbres"
    assert [tag["name"] for tag in patched["tags"]] == ["Bois"]
    assert patched["extras"] == made["extras"] and patched["num_resources"] == 2
    assert patched["notes_translated"] == made["notes_translated"]
    assert patched["metadata_modified"] > made["metadata_modified"]
    kept = {"id": made["id"], "name": "arbres-2", "owner_org": made["owner_org"]}
    bare = steward("package_update", **kept, resources=[made["resources"][1]])
    assert bare["name"] == bare["title"] == "arbres-2"
    assert (bare["tags"], bare["extras"], bare["groups"]) == ([], [], [])
    assert (bare["notes"], bare["url"], bare["author"]) == ("", None, None)
    assert [row["id"] for row in bare["resources"]] == [made["resources"][1]["id"]]
    assert bare["resources"][0]["position"] == 0
    assert steward("package_update", **kept)["resources"] == []
    assert not Resource.objects.exists()
    assert Revision.objects.filter(node_id=made["id"]).count() == 3


def test_a_table_a_file_and_a_link(steward, client):
    steward("package_create", name="trois", owner_org="sct")
    at = {"package_id": "trois"}
    table = steward("resource_create", **at, name="Villes", cle="v", upload=("villes.csv", CSV))
    assert (table["url_type"], table["format"], table["mimetype"]) == ("upload", "CSV", "text/csv")
    assert table["datastore_active"] is True and table["size"] == len(CSV)
    assert table["cle"] == "v" and table["last_modified"]
    file = steward("resource_create", **at, upload=("plan.pdf", b"%PDF-1.4 plan"))
    assert (file["name"], file["format"], file["datastore_active"]) == ("plan.pdf", "PDF", False)
    other = steward("resource_create", **at, **link(format="wms", size=12, hash="abc"))
    assert (other["format"], other["size"], other["hash"]) == ("WMS", 12, "abc")
    assert other["url_type"] is None
    for row, content in ((table, CSV), (file, b"%PDF-1.4 plan")):
        path = row["url"].split("8000", 1)[1]
        answer = client.get(path)
        assert b"".join(answer.streaming_content) == content
        assert answer["Content-Disposition"].startswith("attachment")
        assert int(client.head(path)["Content-Length"]) == row["size"] == len(content)
    assert b"habitants" in b"".join(
        client.get(table["url"].split("8000", 1)[1] + ".json").streaming_content
    )
    page = client.get(reverse("dataset", args=["trois"])).content.decode()
    assert "plan.pdf" in page and "habitants" in page
    api = client.get("/api/v1/datasets/trois").json()["files"]
    assert [one["kind"] for one in api] == ["table", "file", "link"]
    assert api[1]["downloads"] == [{"format": "PDF", "url": file["url"]}]
    assert steward("resource_view_list", id=table["id"])[0]["view_type"] == "datatables_view"
    assert steward("resource_view_list", id=file["id"]) == []
    order = steward("package_resource_reorder", id="trois", order=[other["id"]])["order"]
    assert order == [other["id"], table["id"], file["id"]]
    assert steward("resource_delete", id=file["id"]) is None
    shown = nobody()("package_show", id="trois")
    assert [(r["name"], r["position"]) for r in shown["resources"]] == [("Carte", 0), ("Villes", 1)]


def test_a_new_version_keeps_the_old_one_and_a_bad_one_changes_nothing(steward, client):
    steward("package_create", name="suite", owner_org="sct")
    first = steward("resource_create", package_id="suite", upload=("v.csv", CSV))
    second = steward(
        "resource_update", id=first["id"], name="Suite", upload=("v.csv", CSV + b"Laval,438366\n")
    )
    assert second["parvis_rows"] == 3 and second["parvis_version"] != first["parvis_version"]
    old = reverse("dataset_file", args=["suite", first["parvis_version"], "v.csv"])
    assert client.get(old).status_code == 200
    error = steward.refused(
        "resource_update", 409, id=first["id"], upload=("v.csv", b"PK\x03\x04" + b"\0" * 40)
    )
    assert error["upload"] and error["__type"] == "Validation Error"
    assert steward("resource_show", id=first["id"]) == second
    odd = steward(
        "resource_patch", id=first["id"], upload=("v.csv", CSV + b"Gasp\xc3\xa9,inconnu\n")
    )
    assert odd["parvis_rows"] == 3 and odd["name"] == "Suite"
    linked = steward("resource_update", id=first["id"], url="https://a.test/v.csv")
    assert linked["url"] == "https://a.test/v.csv" and linked["datastore_active"] is False
    steward("resource_delete", id=first["id"])
    assert client.get(old).status_code == 200  # people may cite it
    assert Version.objects.filter(published_at__isnull=False).count() == 3
    assert steward("package_show", id="suite")["resources"] == []


NAME = "Must be purely lowercase alphanumeric (ascii) characters and these symbols: -_"
VALIDATION = [
    ({"name": None}, "name", "Missing value"),
    ({"owner_org": None}, "owner_org", "Missing value"),
    ({"owner_org": "absente"}, "owner_org", "Organization does not exist"),
    ({"name": "villes"}, "name", "That URL is already in use."),
    ({"name": "Majuscule"}, "name", NAME),
    ({"name": "a"}, "name", "Must be at least 2 characters long"),
    ({"name": "a" * 101}, "name", "Name must be a maximum of 100 characters long"),
    ({"name": "new"}, "name", "That name cannot be used"),
    ({"name": 12}, "name", "Names must be strings"),
    ({"author_email": "x"}, "author_email", "Email x is not a valid format"),
    ({"tags": [{"name": "x"}]}, "tags", 'Tag "x" length is less than minimum 2'),
    ({"extras": [{"key": "k", "value": 1}, {"key": "k", "value": 2}]}, "extras_validation",
     'Duplicate key "k"'),
    ({"license_id": "inconnue"}, "license_id", None),
    ({"update_frequency": "parfois"}, "update_frequency", None),
    ({"groups": [{"name": "absent"}]}, "groups", None),
    ({"state": "autre"}, "state", None),
    ({"tags": "{"}, "tags", None),
    ({"temporal": "hier"}, "temporal", None),
    ({"url": "pas une adresse"}, "url", None),
    ({"id": "pas-un-id"}, "id", None),
]  # fmt: skip


@pytest.mark.parametrize(("sent", "field", "words"), VALIDATION)
def test_what_is_wrong_is_said_in_the_words_of_ckan(steward, sent, field, words):
    make_dataset()
    before = Node.objects.count()
    error = steward.refused("package_create", 409, **{**full(), **sent})
    assert error["__type"] == "Validation Error" and isinstance(error[field], list)
    assert all(isinstance(one, str) for one in error[field])
    if words:
        assert words in error[field]
    assert Node.objects.count() == before


def test_errors_of_resources_are_nested_or_flat(steward):
    bad = {"url": "mauvaise adresse", "name": "B"}
    error = steward.refused("package_create", 409, **full(resources=[link(), bad]))
    assert error["resources"][0] == {} and isinstance(error["resources"][1]["url"], list)
    assert not Dataset.objects.exists()
    steward("package_create", name="ok-ok", owner_org="sct")
    error = steward.refused("resource_create", 409, package_id="ok-ok", **bad)
    assert isinstance(error["url"], list) and "resources" not in error
    assert steward.refused("resource_create", 409)["package_id"] == ["Missing value"]
    assert steward.refused("resource_update", 409)["id"] == ["Missing value"]
    assert steward.refused("package_update", 409, name="")["id"] == ["Missing value"]
    assert steward.refused("package_patch", 404, id="absent")["__type"] == "Not Found Error"
    error = steward.refused("package_resource_reorder", 409, id="ok-ok", order=["x"])
    assert error["order"]


def test_revise_matches_filters_and_updates(steward):
    made = steward("package_create", **full())
    error = steward.refused(
        "package_revise", 409, match={"name": "arbres", "version": "0"}, update={"version": "2"}
    )
    assert error["__type"] == "Validation Error"
    assert steward("package_show", id="arbres") == made
    pk = made["resources"][1]["id"][:8]
    found = steward(
        "package_revise",
        match__name="arbres",
        match__version="1.2",
        filter=["-tags", "-resources__0"],
        update={"version": "2"},
        **{f"update__resources__{pk}__name": "Autre", "update__extras__extend": [
            {"key": "n", "value": "3"}]},
    )["package"]  # fmt: skip
    assert (found["version"], found["tags"]) == ("2", [])
    assert [row["name"] for row in found["resources"]] == ["Autre"]
    assert [one["key"] for one in found["extras"]] == ["a", "n", "z"]
    only = steward(
        "package_revise", match={"id": made["id"]}, filter=["+title", "+resources", "-*"]
    )["package"]
    assert (only["title"], only["url"], only["num_resources"]) == (made["title"], None, 1)
    steward.refused("package_revise", 409, update={})
    steward.refused("package_revise", 409, match={"name": "arbres"}, autre=1)
    steward.refused("package_revise", 404, match={"name": "absent"})


def test_private_drafted_deleted_put_back_purged(steward, client):
    made = steward("package_create", **full(private=True))
    file = steward("resource_create", package_id="arbres", upload=("v.csv", CSV))
    path = file["url"].split("8000", 1)[1]
    assert made["private"] is True and made["state"] == "active"
    stranger = Api(token_of("steward", organisation("mtq").node))
    for other in (nobody(), stranger, Api(token_of("operator"))):
        other.refused("package_show", 404, id="arbres")
        other.refused("resource_show", 404, id=file["id"])
        assert other("package_list") == [] and other("package_search")["count"] == 0
        assert other("tag_list") == [] and other("group_show", id="transport")["package_count"] == 0
    assert client.get(path).status_code == 404
    assert client.get(path, **steward.headers)["Cache-Control"] == "private, no-store"
    stranger.refused("package_patch", 404, id="arbres", title="Pris")
    assert steward("package_patch", id="arbres", private=False)["private"] is False
    assert nobody()("package_show", id="arbres")["num_resources"] == 3
    drafted = steward("package_patch", id="arbres", state="draft")
    assert (drafted["state"], drafted["private"]) == ("draft", False)
    assert steward("package_patch", id="arbres", state="active")["state"] == "active"
    assert steward("package_delete", id="arbres") is None
    nobody().refused("package_show", 404, id="arbres")
    assert steward("package_show", id="arbres")["state"] == "deleted"
    error = steward.refused("package_create", 409, **full())
    assert error["name"] == ["That URL is already in use."]
    assert steward("package_patch", id="arbres", state="active")["state"] == "active"
    steward.refused("dataset_purge", 403, id="arbres")
    assert Api(token_of("operator"))("dataset_purge", id="arbres") is None
    assert steward("package_create", **full())["id"] != made["id"]
    assert "dataset.erased" in {event.verb for event in Event.objects.all()}


def test_who_may_write(steward):
    for name in ("package_create", "package_update", "package_patch", "resource_create",
                 "organization_create", "group_create", "api_token_create"):  # fmt: skip
        error = nobody().refused(name, 403, name="x")
        assert error["__type"] == "Authorization Error"
        assert error["message"].startswith("Access denied: ")
    Api(token_of(None)).refused("package_create", 403, **full())
    one = Api(token_of("steward", organisation("mtq").node))
    one.refused("package_create", 403, **full())
    made = one("package_create", **full(owner_org="mtq"))
    assert made["organization"]["name"] == "mtq"
    one.refused("package_patch", 403, id="arbres", owner_org="sct")
    assert [row["name"] for row in one("organization_list_for_user")] == ["mtq"]
    reader = Api(token_of("steward", scopes=["read"]))
    reader.refused("package_patch", 403, id="arbres", title="Non")
    steward("package_patch", id="arbres", private=True)
    assert reader("package_show", id="arbres")["private"] is True
    writer = Api(token_of("steward", scopes=["write:catalogue"]))
    assert writer("package_patch", id="arbres", title="Oui")["title"] == "Oui"
    response = writer.client.post(
        "/api/v1/nodes", HTTP_AUTHORIZATION=f"Bearer {writer.headers['HTTP_AUTHORIZATION']}"
    )
    assert response.status_code == 403


def test_where_a_second_person_must_approve_what_is_written_waits(steward):
    steward("package_create", **full(name="deja"))
    Site.objects.create(name={"fr": "Site"}, approval=Site.Approval.SECOND_PERSON)
    made = steward("package_create", **full())
    assert (made["state"], made["private"]) == ("draft", False)
    nobody().refused("package_show", 404, id="arbres")
    file = steward("resource_create", package_id="deja", upload=("v.csv", CSV))
    assert file["parvis_rows"] == 2
    assert nobody()("package_show", id="deja")["num_resources"] == 2
    nobody().refused("resource_show", 404, id=file["id"])
    steward.refused("package_patch", 409, id="deja", title="Vite")
    assert nobody()("package_show", id="deja")["title"] == "Arbres publics"


@override_settings(CATALOGUE_API_COMPLETE=True)
def test_a_site_may_ask_for_the_whole_profile(steward):
    error = steward.refused("package_create", 409, name="vide", owner_org="sct")
    assert error["notes"] == error["tags"] == ["Missing value"]
    assert steward("package_create", name="vide", owner_org="sct", private=True)["private"]


def test_a_place_in_geojson_gives_the_box(steward):
    shape = {"type": "Polygon", "coordinates": [[[-72, 46], [-71, 46], [-71, 47], [-72, 46]]]}
    extras = [{"key": "spatial", "value": json.dumps(shape)}]
    steward("package_create", **full(extras=extras))
    assert Dataset.objects.get().box == [-72, 46, -71, 47]
    steward("package_patch", id="arbres", extras=[{"key": "spatial", "value": "[["}])
    assert Dataset.objects.get().box is None


def test_one_file_more_touches_no_other(steward, django_assert_max_num_queries):
    rows = [link(name=f"L{n}", url=f"https://a.test/{n}") for n in range(40)]
    steward("package_create", **full(resources=rows))
    with django_assert_max_num_queries(40):
        steward("resource_create", package_id="arbres", **link(name="Une de plus"))
    assert Node.objects.get(slug="arbres").state == State.PUBLIC
    assert steward("package_show", id="arbres")["num_resources"] == 41


def revise(api, **fields):
    """Return the answer of a revision sent as a form, with its files."""
    return api.client.post("/api/3/action/package_revise", fields, **api.headers)


def test_files_are_sent_inside_a_revision(steward, monkeypatch):
    steward("package_create", **full())
    ask = {
        "match": '{"name": "arbres"}',
        "update__resources__extend": '[{"name": "Villes"}]',
        "update__resources__-1__upload": SimpleUploadedFile("villes.csv", CSV),
        "update__resources__0__upload": SimpleUploadedFile("plan.pdf", b"%PDF-1.7"),
    }
    found = json.loads(revise(steward, **ask).content)["result"]["package"]["resources"]
    assert [row["name"] for row in found] == ["Carte", "Page", "Villes"]
    assert [row["url_type"] for row in found] == ["upload", None, "upload"]
    assert found[2]["datastore_active"] and found[2]["relidi_confic_utf8"] == "oui"
    assert found[0]["relidi_confic_pascom"] == "oui" and found[0]["mimetype"] == "application/pdf"
    # What is shown is sent back: computed keys do not become free ones.
    steward("package_update", **steward("package_show", id="arbres"))
    assert not any("relidi" in key for row in Resource.objects.all() for key in row.extras
                   if row.slug != "page")  # fmt: skip
    # Refused: nothing changes, and the bytes kept do not stay for ever.
    before, there = Version.objects.count(), File.objects.count()
    bad = {**ask, "update__resources__0__upload": SimpleUploadedFile("x.csv", b"\0\1")}
    bad["update__resources__-1__upload"] = SimpleUploadedFile("y.csv", b"a,b\n1,2\n")
    answer = json.loads(revise(steward, **bad).content)
    assert "upload" in answer["error"]["resources"][0], answer
    assert Version.objects.count() == before and File.objects.count() == there + 2
    tables = set(store.store().root.glob("??/*.parquet"))
    assert leftovers.sweep() == 0, "what was just sent may still be wanted"
    assert leftovers.sweep(time.time() + leftovers.KEPT_SECONDS + 5) >= 3
    assert File.objects.count() == there
    left = set(store.store().root.glob("??/*.parquet"))
    assert left < tables
    assert {v.sha256 for v in Version.objects.all()} <= {path.stem for path in left}
    assert all(files.path_of(file).exists() for file in File.objects.all())
    # The worker copies tables that are large enough: what they answer stays.
    asked = {"resource_id": found[2]["id"], "q": "levis 149683"}
    rows = nobody()("datastore_search", **asked)
    monkeypatch.setattr(quick, "ROWS_MIN", 1)
    assert store.quicken() and not store.quicken()
    assert list(store.store().root.glob("??/*.duckdb")) != []
    assert nobody()("datastore_search", **asked) == rows and len(rows["records"]) == 1
    steward.refused("package_revise", 409, match={"name": "arbres"}, filter=1e300)
    steward.refused("package_create", 409, **full(name="sql"))
