"""The Action API: every shape, every error, as CKAN's clients expect them."""

import csv
import hashlib
import io
import json
from datetime import datetime
from uuid import UUID, uuid4

import pytest
from django.test import Client

from parvis.catalogue import services
from parvis.catalogue.ckan import registry
from parvis.catalogue.tests import ckan_clients
from parvis.catalogue.tests.catalogue_factories import (
    add_file,
    make_dataset,
    organisation,
)
from parvis.core import tokens
from parvis.core.access import SYSTEM
from parvis.core.models import State
from tests.factories import make_site

pytestmark = pytest.mark.django_db

PACKAGE = {
    "id", "name", "title", "notes", "url", "version", "author", "author_email", "maintainer",
    "maintainer_email", "license_id", "license_title", "license_url", "isopen", "private", "state",
    "type", "owner_org", "organization", "creator_user_id", "metadata_created",
    "metadata_modified", "num_resources", "num_tags", "resources", "tags", "groups", "extras",
    "relationships_as_subject", "relationships_as_object",
}  # fmt: skip
RESOURCE = {
    "id", "package_id", "position", "name", "description", "format", "url", "url_type",
    "resource_type", "mimetype", "mimetype_inner", "size", "hash", "created", "last_modified",
    "metadata_modified", "cache_url", "cache_last_updated", "state", "datastore_active",
}  # fmt: skip
ORGANISATION_SHORT = {
    "id", "name", "title", "type", "description", "image_url", "created", "is_organization",
    "approval_status", "state",
}  # fmt: skip
ORGANISATION = ORGANISATION_SHORT | {
    "display_name", "image_display_url", "package_count", "num_followers", "extras", "tags",
    "groups", "users",
}  # fmt: skip
GROUP_SHORT = {"id", "name", "title", "display_name", "description", "image_display_url"}


def get(client, name, /, status=200, **parameters):
    response = client.get(f"/api/3/action/{name}", parameters)
    body = json.loads(response.content)
    assert response.status_code == status, body
    return body


def result(client, name, /, **parameters):
    body = get(client, name, **parameters)
    assert body["success"] is True and "error" not in body
    assert body["help"].endswith(f"/api/3/action/help_show?name={name}")
    return body["result"]


def names(client, **parameters):
    return [row["name"] for row in result(client, "package_search", **parameters)["results"]]


# Transport -----------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/api/3/action/site_read", "/api/action/site_read"])
def test_both_addresses_answer_without_redirection(client, path):
    response = client.get(path)
    assert response.status_code == 200
    assert response["Content-Type"] == "application/json;charset=utf-8"
    assert json.loads(response.content)["result"] is True


def test_the_version_of_the_api(client):
    for path in ("/api/3", "/api/3/"):
        assert json.loads(client.get(path).content) == {"version": 3}


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        ('{"id": "villes"}', "application/json"),
        ('{"id": "villes"}', "application/x-www-form-urlencoded"),
        ('{"id": "villes"}', "text/plain"),
        ("id=villes", "application/x-www-form-urlencoded"),
        ("%7B%22id%22%3A%22villes%22%7D", "application/x-www-form-urlencoded"),
    ],
)
def test_a_body_is_read_in_every_form(content, kind):
    make_dataset()
    client = Client(enforce_csrf_checks=True)
    response = client.post("/api/3/action/package_show", content, content_type=kind)
    assert json.loads(response.content)["result"]["name"] == "villes"


def test_multipart_and_empty_bodies(client):
    make_dataset()
    response = client.post("/api/3/action/package_show", {"id": "villes"})
    assert json.loads(response.content)["result"]["name"] == "villes"
    response = client.post("/api/3/action/package_list", b"", content_type="application/json")
    assert json.loads(response.content)["result"] == ["villes"]


@pytest.mark.parametrize(
    ("path", "method", "content"),
    [
        ("absente", "get", None),
        ("absente", "post", "{}"),
        ("package_create", "get", None),
        ("package_list", "post", "{pas du JSON"),
        ("package_list", "post", "[1]"),
        ("package_list", "post", '"texte"'),
        ("package_list", "post", "\xff".encode("latin-1")),
        ("package_list", "post", "[" * 20_000),
    ],
)
def test_a_bad_request_is_a_bare_string(client, path, method, content):
    url = f"/api/3/action/{path}"
    if method == "get":
        response = client.get(url)
    else:
        response = client.post(url, content, content_type="application/json")
    body = json.loads(response.content)
    assert response.status_code == 400
    assert isinstance(body, str) and body.startswith("Bad request - ")


ERRORS = [
    ("package_search", {"inconnu": "1"}, 400, "Search Query Error"),
    ("package_search", {"sort": "name up"}, 400, "Search Query Error"),
    ("package_search", {"sort": "name"}, 400, "Search Query Error"),
    ("package_show", {"id": "absent"}, 404, "Not Found Error"),
    ("package_show", {"id": str(uuid4())}, 404, "Not Found Error"),
    ("resource_show", {"id": "absent"}, 404, "Not Found Error"),
    ("organization_show", {"id": "absent"}, 404, "Not Found Error"),
    ("group_show", {"id": "absent"}, 404, "Not Found Error"),
    ("help_show", {"name": "absent"}, 404, "Not Found Error"),
    ("package_show", {}, 409, "Validation Error"),
    ("package_show", {"id": ""}, 409, "Validation Error"),
    ("organization_show", {}, 409, "Validation Error"),
    ("help_show", {}, 409, "Validation Error"),
    ("package_search", {"rows": "dix"}, 409, "Validation Error"),
    ("package_search", {"start": "-1"}, 409, "Validation Error"),
    ("package_search", {"facet.field": "[1"}, 409, "Validation Error"),
    ("package_list", {"limit": "beaucoup"}, 409, "Validation Error"),
    ("organization_list", {"sort": "couleur"}, 409, "Validation Error"),
    ("package_search", {"fq": "(a"}, 409, "Search Error"),
    ("package_search", {"q": "title:["}, 409, "Search Error"),
]


@pytest.mark.parametrize(("name", "parameters", "status", "kind"), ERRORS)
def test_errors_have_their_shape(client, name, parameters, status, kind):
    body = get(client, name, status=status, **parameters)
    assert body["success"] is False and "result" not in body
    assert body["help"].endswith(f"help_show?name={name}")
    error = body["error"]
    assert error["__type"] == kind
    fields = {key: value for key, value in error.items() if key != "__type"}
    if kind == "Validation Error":
        assert fields
        assert all(
            isinstance(v, list) and all(isinstance(w, str) for w in v) for v in fields.values()
        )
    else:
        assert set(fields) == {"message"} and isinstance(fields["message"], str)
    if status == 404:
        assert error["message"].startswith("Not found: ")


def test_writing_is_refused_with_403_for_anonymous_too(client):
    response = client.post("/api/3/action/package_create", "{}", content_type="application/json")
    error = json.loads(response.content)["error"]
    assert response.status_code == 403
    assert error["__type"] == "Authorization Error"
    assert error["message"].startswith("Access denied: ")


def test_our_own_defect_is_a_500_in_the_same_shape(client, monkeypatch):
    def broken(data, actor):
        raise ZeroDivisionError("secret")

    monkeypatch.setitem(registry.ACTIONS, "package_list", broken)
    body = get(client, "package_list", status=500)
    assert body["success"] is False
    assert body["error"]["__type"] == "Internal Server Error"
    assert "secret" not in json.dumps(body)


def test_a_bad_token_is_anonymous(client):
    make_dataset()
    response = client.get("/api/3/action/package_list", HTTP_AUTHORIZATION="faux-jeton")
    assert response.json()["result"] == ["villes"]


def test_cors_only_when_an_origin_is_given(client):
    plain = client.get("/api/3/action/site_read")
    assert not plain.has_header("Access-Control-Allow-Origin")
    for answer in (
        client.get("/api/3/action/site_read", HTTP_ORIGIN="https://a.test"),
        client.get("/api/3/action/package_show", HTTP_ORIGIN="https://a.test"),
        client.options("/api/3/action/site_read", HTTP_ORIGIN="https://a.test"),
    ):
        assert answer["Access-Control-Allow-Origin"] == "*"
        assert answer["Access-Control-Allow-Headers"] == "Authorization, Content-Type"


def test_jsonp_on_get_with_a_safe_name(client):
    response = client.get("/api/3/action/site_read?callback=jQuery1.done")
    assert response.content.decode().startswith('jQuery1.done({"help"')
    assert response["Content-Type"] == "application/javascript;charset=utf-8"
    response = client.get("/api/3/action/site_read?callback=alert(1)//")
    assert json.loads(response.content)["result"] is True


def test_other_methods_are_refused(client):
    assert client.delete("/api/3/action/site_read").status_code == 405
    assert client.put("/api/3/action/site_read").status_code == 405


# Objects -------------------------------------------------------------------------------------


def test_a_package_has_every_key(client):
    dataset = make_dataset(categories=["transport", "sante"], tags=["Ville", "Eau"])
    package = result(client, "package_show", id="villes")
    assert set(package) >= PACKAGE
    assert package == result(client, "package_show", id=str(dataset.pk))
    assert package["owner_org"] == package["organization"]["id"]
    assert set(package["organization"]) == ORGANISATION_SHORT
    assert [tag["name"] for tag in package["tags"]] == ["Eau", "Ville"]
    assert set(package["tags"][0]) == {"id", "name", "display_name", "state", "vocabulary_id"}
    assert [group["name"] for group in package["groups"]] == ["sante", "transport"]
    assert set(package["groups"][0]) == GROUP_SHORT
    assert package["license_id"] == "CC-BY-4.0" and package["isopen"] is True
    assert (package["num_resources"], package["num_tags"]) == (1, 2)
    assert (package["private"], package["state"], package["type"]) == (False, "active", "dataset")
    assert package["relationships_as_subject"] == package["relationships_as_object"] == []
    assert package["title_translated"]["en"] == "Villes du Québec (en)"
    UUID(package["id"])


@pytest.mark.parametrize("key", ["metadata_created", "metadata_modified"])
def test_times_are_naive_with_microseconds(client, key):
    make_dataset()
    text = result(client, "package_show", id="villes")[key]
    assert datetime.strptime(text, "%Y-%m-%dT%H:%M:%S.%f").tzinfo is None


def test_a_resource_has_every_key_and_its_file_is_what_it_says(client):
    make_dataset()
    resource = result(client, "package_show", id="villes")["resources"][0]
    assert set(resource) >= RESOURCE
    assert (resource["format"], resource["url_type"]) == ("CSV", "upload")
    path = resource["url"].split("8000", 1)[1]
    assert path.startswith(f"/dataset/{resource['package_id']}/resource/{resource['id']}/download/")
    content = b"".join(client.get(path).streaming_content)
    assert len(content) == resource["size"]
    assert hashlib.sha256(content).hexdigest() == resource["hash"]
    head = client.head(path)
    assert head.status_code == 200 and head["Content-Length"] == str(resource["size"])
    assert head["Content-Type"].startswith("text/csv") and head.content == b""
    assert result(client, "resource_show", id=resource["id"]) == resource
    # Données Québec's keys of conformity, of what is downloaded.
    assert resource["relidi_confic_utf8"] == resource["relidi_confic_separateur_virgule"] == "oui"
    assert resource["relidi_description_champs"] == "relidi.descha.absent"


def test_extras_are_sorted_by_key(client):
    make_dataset(sources=["https://a.test/"], withheld={"fr": "Rien."}, reconstructed=True)
    package = result(client, "package_show", id="villes")
    keys = [extra["key"] for extra in package["extras"]]
    assert keys == sorted(keys) and "donnees_reconstituees" in keys
    assert package["url"] == "https://a.test/"


def test_nothing_private_shows_anywhere(client):
    make_dataset()
    draft = make_dataset("secret", public=False, title="Secret", categories=["transport"])
    add_file(draft, "a\n1\n", "Autre")
    resource = draft.resources.first()
    everywhere = [
        result(client, "package_list"),
        result(client, "package_search", include_private="true", include_drafts="true"),
        result(client, "package_search", fq="state:draft OR private:true"),
        result(client, "current_package_list_with_resources"),
        result(client, "organization_show", id="sct", include_datasets="true"),
        result(client, "group_show", id="transport", include_datasets="true"),
        result(client, "tag_list"),
    ]
    assert "secret" not in json.dumps(everywhere).lower()
    assert result(client, "organization_show", id="sct")["package_count"] == 1
    assert result(client, "group_show", id="transport")["package_count"] == 0
    get(client, "package_show", status=404, id="secret")
    get(client, "package_show", status=404, id=str(draft.pk))
    get(client, "resource_show", status=404, id=str(resource.pk))
    path = f"/dataset/{draft.pk}/resource/{resource.pk}/download/x.csv"
    assert client.get(path).status_code == 404


def test_a_version_that_waits_does_not_show(client):
    dataset = make_dataset()
    add_file(dataset, "a\n1\n", "Autre")
    assert len(result(client, "package_show", id="villes")["resources"]) == 1


def test_organisations(client):
    make_dataset()
    organisation("mtq")
    hidden = organisation("cache")
    hidden.node.state = State.DRAFT
    hidden.node.save()
    assert set(result(client, "organization_list")) == {"sct", "mtq"}
    rows = result(client, "organization_list", all_fields="true", sort="package_count desc")
    assert [row["name"] for row in rows] == ["sct", "mtq"]
    assert set(rows[0]) >= ORGANISATION and rows[0]["package_count"] == 1
    assert result(client, "organization_list", limit=1, offset=1, sort="name asc") == ["sct"]
    assert result(client, "organization_list", organizations='["mtq"]') == ["mtq"]
    row = result(client, "organization_show", id="sct", include_datasets="true")
    assert [p["name"] for p in row["packages"]] == ["villes"]
    assert "packages" not in result(client, "organization_show", id=row["id"])
    get(client, "organization_show", status=404, id="cache")


def test_site_actions(client):
    make_site()
    assert result(client, "site_read") is True
    status = result(client, "status_show")
    assert set(status) == {
        "site_title", "site_description", "site_url", "locale_default", "extensions",
        "ckan_version", "parvis_version", "error_emails_to",
    }  # fmt: skip
    assert status["ckan_version"].startswith("2.11.") and status["site_title"] == "Parvis"
    licences = result(client, "license_list")
    assert {"id", "title", "url", "od_conformance", "status"} <= set(licences[0])
    assert "CC-BY-4.0" in {licence["id"] for licence in licences}
    assert "id" in result(client, "help_show", name="package_show")


def test_lists_page(client):
    for slug in ("a1", "b1", "c1"):
        make_dataset(slug)
    assert result(client, "package_list") == ["a1", "b1", "c1"]
    assert result(client, "package_list", limit=1, offset=1) == ["b1"]
    assert result(client, "package_list", offset=9) == []
    assert len(result(client, "current_package_list_with_resources", limit=2)) == 2


# package_search ------------------------------------------------------------------------------


@pytest.fixture
def three():
    make_dataset("forets", title="Forêts du Québec", tags=["Forêt"], categories=["transport"])
    make_dataset("eau", title="L’eau potable", tags=["Eau"], organisation=organisation("mtq"))
    make_dataset(
        "rapport",
        title="Rapport",
        tags=["Forêt", "Eau"],
        notes={"fr": "La forêt et l’eau."},
        licence="CC0-1.0",
        licence_reason={"fr": "Domaine public."},
    )


def test_a_search_answers_count_results_sort_and_facets(client, three):
    found = result(client, "package_search")
    assert set(found) == {"count", "results", "sort", "facets", "search_facets"}
    assert found["count"] == 3 and found["sort"] == "score desc, metadata_modified desc"
    assert set(found["results"][0]) >= PACKAGE


@pytest.mark.parametrize(
    ("q", "expected"),
    [
        ("foret", {"forets", "rapport"}),
        ("Forêts", {"forets", "rapport"}),
        ("eau", {"eau", "rapport"}),
        ("l'eau", {"eau", "rapport"}),
        ("foret eau", {"rapport"}),
        ("foret -eau", {"forets"}),
        ("zzz", set()),
        ("*:*", {"forets", "eau", "rapport"}),
        ("tags:Eau AND NOT title:rapport", {"eau"}),
        ("title:foret OR name:eau", {"forets", "eau"}),
    ],
)
def test_words_and_lucene(client, three, q, expected):
    assert set(names(client, q=q)) == expected


def test_the_title_counts_most(client, three):
    assert names(client, q="foret")[0] == "forets"


@pytest.mark.parametrize(
    ("parameters", "expected"),
    [
        ({"fq": "organization:mtq"}, ["eau"]),
        ({"fq": "-organization:mtq"}, ["forets", "rapport"]),
        ({"fq": "organization:sct OR organization:mtq"}, ["eau", "forets", "rapport"]),
        ({"fq": "tags:Eau +license_id:CC0-1.0"}, ["rapport"]),
        ({"fq": "groups:transport"}, ["forets"]),
        ({"fq": "res_format:CSV"}, ["eau", "forets", "rapport"]),
        ({"fq_list": '["tags:Eau", "tags:Forêt"]'}, ["rapport"]),
        ({"fq_list": ["tags:Eau", "-tags:Forêt"]}, ["eau"]),
        ({"fq": "metadata_modified:[NOW-1DAY TO NOW+1DAY]"}, ["eau", "forets", "rapport"]),
        ({"fq": "metadata_modified:[2000-01-01T00:00:00Z TO 2001-01-01T00:00:00.5Z]"}, []),
        (
            {"fq": "private:false AND state:active AND dataset_type:dataset"},
            ["eau", "forets", "rapport"],
        ),
        ({"sort": "name desc"}, ["rapport", "forets", "eau"]),
        ({"rows": 1, "start": 1}, ["forets"]),
        ({"start": 99}, []),
        ({"rows": 5000}, ["eau", "forets", "rapport"]),
        ({"rows": 0}, []),
    ],
)
def test_filters_order_and_pages(client, three, parameters, expected):
    assert names(client, **{"sort": "name asc", **parameters}) == expected


def test_accented_titles_sort_in_their_place(client):
    for slug, title in (("z1", "Zone"), ("e1", "École"), ("a1", "Arbre")):
        make_dataset(slug, title=title)
    assert names(client, sort="title_string asc") == ["a1", "e1", "z1"]


def test_a_harvest_by_pages_meets_each_dataset_once(client):
    for n in range(7):
        make_dataset(f"jeu-{n}")
    seen, start = [], 0
    while page := names(client, rows=3, start=start, sort="id asc"):
        seen += page
        start += 3
    assert sorted(seen) == [f"jeu-{n}" for n in range(7)]


def test_facets(client, three):
    found = result(
        client,
        "package_search",
        **{"facet.field": '["organization", "tags", "license_id"]', "rows": 0},
    )
    assert found["facets"]["tags"] == {"Eau": 2, "Forêt": 2}
    assert found["facets"]["organization"] == {"sct": 2, "mtq": 1}
    items = found["search_facets"]["organization"]
    assert items["title"] == "organization"
    assert items["items"][0] == {"name": "sct", "display_name": "Secrétariat", "count": 2}
    few = result(
        client,
        "package_search",
        **{"facet.field": '["organization"]', "facet.limit": 1, "facet.mincount": 2},
    )
    assert few["facets"] == {"organization": {"sct": 2}}
    none = result(client, "package_search", facet="false", **{"facet.field": '["tags"]'})
    assert none["facets"] == {} and none["search_facets"] == {}


def test_fl_keeps_the_asked_fields(client, three):
    rows = result(client, "package_search", fl="id,name")["results"]
    assert all(set(row) == {"id", "name"} for row in rows)


def test_ext_parameters_are_let_through(client, three):
    assert len(names(client, ext_theme="1,2,3,4", defType="edismax", qf="title", mm="1")) == 3


def test_json_types_are_taken(client, three):
    body = {"rows": 2, "facet.field": ["tags"], "facet": True, "include_private": False}
    response = client.post(
        "/api/3/action/package_search", json.dumps(body), content_type="application/json"
    )
    assert len(json.loads(response.content)["result"]["results"]) == 2


def test_counts_of_facets_equal_what_filtering_gives(client, three):
    facets = result(client, "package_search", **{"facet.field": '["tags","groups","organization"]'})
    for field, values in facets["facets"].items():
        for value, count in values.items():
            found = result(client, "package_search", fq=f'{field}:"{value}"', rows=0)
            assert found["count"] == count


def test_a_search_costs_the_same_at_two_sizes(client):
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    def count():
        result(
            client, "package_search"
        )  # what changed is read once, at the same cost for any number
        with CaptureQueriesContext(connection) as captured:
            result(client, "package_search", q="villes", **{"facet.field": '["organization"]'})
        return len(captured)

    for n in range(2):
        make_dataset(f"x-{n}")
    small = count()
    for n in range(2, 9):
        make_dataset(f"x-{n}")
    assert count() == small <= 6


def test_the_file_and_the_page_agree(client):
    dataset = make_dataset()
    resource = result(client, "package_show", id="villes")["resources"][0]
    content = b"".join(client.get(resource["url"].split("8000", 1)[1]).streaming_content)
    rows = list(csv.reader(io.StringIO(content.decode())))
    assert len(rows) - 1 == resource["parvis_rows"] == dataset.resources.get().current.rows
    services.update_dataset(actor=SYSTEM, dataset=dataset, changes={"spatial": "Lévis"})
    assert result(client, "package_show", id="villes")["ext_spatial"] == "Lévis"


def test_who_asks_too_much_is_told_when_to_come_back(client, monkeypatch):
    from parvis.catalogue.ckan import transport
    from parvis.catalogue.datastore.statements import Measure

    monkeypatch.setattr(transport, "measure", Measure(2, 60))
    for _n in range(2):
        get(client, "site_read")
    response = client.get("/api/3/action/site_read")
    error = json.loads(response.content)
    assert response.status_code == 429 and 1 <= int(response["Retry-After"]) <= 61
    assert error["success"] is False and error["error"]["__type"] == "Too Many Requests Error"
    # Whoever holds a token is not counted.
    token = ckan_clients.token_of(None)
    assert client.get("/api/3/action/site_read", HTTP_AUTHORIZATION=token).status_code == 200


@pytest.mark.parametrize("header", ["HTTP_AUTHORIZATION", "HTTP_X_CKAN_API_KEY"])
def test_a_token_is_read_bare_in_both_headers_and_never_with_jsonp(client, header):
    make_dataset("secret", public=False)
    organisation()
    token = ckan_clients.token_of("steward")
    url = "/api/3/action/package_show?id=secret"
    assert client.get(url, **{header: token}).status_code == 200
    assert client.get(url, **{header: f"Bearer {token}"}).status_code == 200
    assert client.get(f"{url}&callback=lu", **{header: token}).status_code == 404
    client.force_login(tokens.actor_of(token).person)
    assert client.get(url).status_code == 404  # a cookie opens nothing here


def test_a_large_body_is_for_who_holds_a_token(client):
    text = json.dumps({"id": "x" * 3_000_000})
    url, kind = "/api/3/action/package_show", {"content_type": "application/json"}
    response = client.post(url, text, **kind)
    assert response.status_code == 400 and json.loads(response.content).endswith("too large")
    response = client.post(url, text, HTTP_AUTHORIZATION=ckan_clients.token_of(None), **kind)
    assert response.status_code == 404
