"""CKAN's own clients, unchanged, against a server: they must not notice the difference."""

import io
import json
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlencode
from urllib.request import urlopen

import pytest
from ckanapi import NotAuthorized, NotFound, RemoteCKAN, ValidationError
from ckanapi.cli.dump import dump_things_worker
from ckanapi.cli.load import load_things_worker

from parvis.catalogue.ckan import registry
from parvis.catalogue.models import Resource, Version
from parvis.catalogue.tests.catalogue_factories import organisation
from parvis.catalogue.tests.ckan_clients import token_of
from parvis.core import tokens
from parvis.core.models import Role

pytestmark = pytest.mark.django_db(transaction=True)
CSV = "ville,habitants\nQuébec,549459\nLévis,149683\n".encode()
DATASETS = 6
DATES = {"metadata_created", "metadata_modified", "created", "last_modified"}


@pytest.fixture
def ckan(live_server):
    registry.load()
    organisation(), organisation("mtq")
    token = token_of("steward")
    Role.objects.create(person=tokens.actor_of(token).person, role="operator")
    with RemoteCKAN(live_server.url, apikey=token) as remote:
        yield remote


def fill(ckan):
    for n in range(DATASETS):
        ckan.action.package_create(
            name=f"jeu-{n:02}",
            title=f"Jeu {n} d’été",
            owner_org="sct" if n % 2 else "mtq",
            notes="Des lignes.\n\nEt d’autres.",
            tags=[{"name": "Été"}, {"name": f"n{n}"}],
            groups=[{"name": "transport"}] if n % 3 else [],
            extras=[{"key": "zone", "value": str(n)}],
            resources=[
                {"name": "Page", "url": f"https://a.test/{n}", "format": "HTML", "relidi_x": "1"},
                {"name": "Carte", "url": f"https://a.test/{n}/wms", "format": "WMS", "size": 12},
            ],
        )


def dump(ckan, kind, names):
    out = io.BytesIO()
    stdin = io.BytesIO(b"".join(json.dumps(name).encode() + b"\n" for name in names))
    arguments = {"--insecure": False, "--datastore-fields": False, "--resource-views": False}
    dump_things_worker(ckan, kind, arguments, stdin=stdin, stdout=out)
    rows = [json.loads(line) for line in out.getvalue().splitlines()]
    assert all(error is None for _when, error, _row in rows), rows
    return [row for _when, _error, row in rows]


def load(ckan, kind, rows):
    out = io.BytesIO()
    stdin = io.BytesIO(b"".join(json.dumps(row).encode() + b"\n" for row in rows))
    arguments = {
        "--insecure": False, "--create-only": False, "--update-only": False,
        "--upload-resources": False, "--upload-logo": False,
    }  # fmt: skip
    load_things_worker(ckan, kind, arguments, stdin=stdin, stdout=out)
    replies = [json.loads(line) for line in out.getvalue().splitlines()]
    assert all(error is None for _when, _action, error, _name in replies), replies
    return {action for _when, action, _error, _name in replies}


def undated(value):
    if isinstance(value, dict):
        return {key: undated(one) for key, one in value.items() if key not in DATES}
    return [undated(one) for one in value] if isinstance(value, list) else value


def test_ckanapi_dumps_and_loads(ckan):
    fill(ckan)
    names = ckan.action.package_list()
    dumped = dump(ckan, "datasets", names)
    assert load(ckan, "datasets", dumped) == {"update"}
    assert dump(ckan, "datasets", names) == dumped
    bodies = dump(ckan, "organizations", ["sct", "mtq"])
    assert load(ckan, "organizations", bodies) == {"update"}
    assert dump(ckan, "organizations", ["sct", "mtq"]) == bodies
    for name in names:
        ckan.action.package_delete(id=name)
        ckan.action.dataset_purge(id=name)
    assert ckan.action.package_list() == []
    assert load(ckan, "datasets", undated(dumped)) == {"create"}
    again = dump(ckan, "datasets", names)
    assert undated(again) == undated(dumped)  # the same ids, keys and values
    with pytest.raises(NotFound):
        ckan.action.package_show(id="absent")
    with pytest.raises(ValidationError) as refused:
        ckan.action.package_create(name="jeu-00", owner_org="sct")
    assert refused.value.error_dict["name"] == ["That URL is already in use."]
    with RemoteCKAN(ckan.address) as anonymous, pytest.raises(NotAuthorized):
        anonymous.action.package_create(name="a-moi", owner_org="sct")


def ask(url, name, **parameters):
    with urlopen(f"{url}/api/3/action/{name}?{urlencode(parameters)}") as answer:
        assert answer.headers["Content-Type"] == "application/json;charset=utf-8"
        return json.load(answer)["result"]


def harvested(url, fq=""):
    """Gather as CKAN's own harvester does: pages until an empty one."""
    found, start, first = [], 0, None
    while True:
        page = ask(
            url, "package_search", rows=5, start=start, sort="id asc", **({"fq": fq} if fq else {})
        )["results"]
        if not page:
            break
        ids = [row["id"] for row in page]
        assert ids != first
        first = first or ids
        found += page
        start += 5
    assert len({row["id"] for row in found}) == len(found)
    return {row["name"]: row for row in found}


def test_harvesters_read_everything_once(ckan):
    fill(ckan)
    url = ckan.address
    first = harvested(url)
    assert len(first) == DATASETS and harvested(url) == first
    one = first["jeu-01"]
    assert ask(url, "organization_show", id=one["owner_org"])["name"] == "sct"
    assert ask(url, "group_show", id=one["groups"][0]["id"])["name"] == "transport"
    assert set(harvested(url, "organization:sct OR organization:mtq")) == set(first)
    assert {
        row["organization"]["name"] for row in harvested(url, "-organization:sct").values()
    } == {"mtq"}
    last = max(row["metadata_modified"] for row in first.values())
    assert ckan.action.package_patch(id="jeu-03", title="Changé")["metadata_modified"] > last
    fq = f"metadata_modified:[{last}Z TO *] organization:sct"
    assert "jeu-03" in harvested(url, fq) and len(harvested(url, fq)) <= 2
    # udata: names, then each package; every key of a resource, created and format as strings.
    for name in ask(url, "package_list"):
        for row in ask(url, "package_show", id=name)["resources"]:
            assert isinstance(row["created"], str) and isinstance(row["format"], str)
            assert {"resource_type", "url_type", "mimetype", "size", "hash", "position"} <= set(row)
    q = "organization:mtq AND -tags:n2"
    assert ask(url, "package_search", q=q, rows=1000)["count"] == DATASETS // 2 - 1
    # QGIS: groups, then packages of some, by name.
    groups = ask(url, "group_list", all_fields="true")
    assert {"id", "name", "title", "package_count"} <= set(groups[0])
    fq = "(groups:transport OR groups:sante)"
    names = [r["name"] for r in ask(url, "package_search", fq=fq, sort="name asc")["results"]]
    assert names == sorted(names) and len(names) == 4


def test_frictionless_publishes_then_reads(ckan, tmp_path):
    frictionless = pytest.importorskip("frictionless")
    from frictionless.portals import CkanControl

    path = tmp_path / "villes.csv"
    path.write_bytes(CSV)
    package = frictionless.Package(
        name="villes-libres", title="Villes libres",
        resources=[frictionless.Resource(name="villes", path="villes.csv", basepath=str(tmp_path))],
        basepath=str(tmp_path),
    )  # fmt: skip
    control = CkanControl(
        baseurl=ckan.address, organization_name="sct", apikey=ckan.apikey, dataset="villes-libres"
    )
    package.publish(control=control)
    shown = ask(ckan.address, "package_show", id="villes-libres")
    table, description = shown["resources"]
    assert (table["name"], table["datastore_active"], table["size"]) == ("villes", True, len(CSV))
    assert table["owner_org"] == "sct"
    assert description["type"] == "json" and description["format"] == "JSON"
    read = frictionless.portals.CkanAdapter(
        CkanControl(baseurl=ckan.address, dataset="villes-libres", ignore_schema=True)
    ).read_package()
    assert read.title == "Villes libres" and len(read.resources) == 2


def test_eight_uploads_at_once_are_all_kept(ckan):
    ckan.action.package_create(name="ensemble", owner_org="sct")

    def send(n):
        with RemoteCKAN(ckan.address, apikey=ckan.apikey) as remote:
            content = CSV + f"Ville {n},{n}\n".encode()
            return remote.call_action(
                "resource_create",
                {"package_id": "ensemble", "name": f"F{n}"},
                files={"upload": (f"f{n}.csv", io.BytesIO(content))},
            )

    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(send, range(8)))
    shown = ask(ckan.address, "package_show", id="ensemble")
    assert {row["id"] for row in shown["resources"]} == {row["id"] for row in made}
    assert [row["position"] for row in shown["resources"]] == list(range(8))
    assert Resource.objects.count() == Version.objects.count() == 8
    # The same file, by eight at once: the last one stands, none is broken.
    row = made[0]

    def again(n):
        with RemoteCKAN(ckan.address, apikey=ckan.apikey) as remote:
            content = CSV + f"Encore {n},{n}\n".encode()
            files = {"upload": ("f0.csv", io.BytesIO(content))}
            return remote.call_action("resource_patch", {"id": row["id"]}, files=files)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(again, range(8)))
    assert Version.objects.filter(resource_id=row["id"], published_at=None).count() == 0
    assert Version.objects.filter(resource_id=row["id"]).count() == 9
