"""Large files go by a job: typed, refused with every cell, accepted; the version before stays."""

import json

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from parvis.catalogue import loading, uploads
from parvis.catalogue.models import Resource, Version
from parvis.catalogue.tests.catalogue_factories import make_dataset
from parvis.core import jobs, limits
from parvis.core.access import SYSTEM
from parvis.core.errors import Conflict, NotFound
from parvis.core.models import Job
from parvis.tables.errors import REASONS, WHY
from tests.factories import make_person

pytestmark = pytest.mark.django_db


@pytest.fixture
def steward(client):
    client.force_login(make_person("steward"))
    return client


@pytest.fixture
def world(settings, tmp_path, monkeypatch):
    monkeypatch.setattr(limits, "TABLE_AT_ONCE_BYTES", 50)
    settings.HOME = tmp_path
    dataset = make_dataset()
    return dataset, dataset.resources.get()


def kept(settings):
    return sorted((settings.HOME / "uploads").iterdir())


def send(client, dataset, resource, content, name="grand.csv", **more):
    url = reverse("desk_file_version", args=[dataset.node.slug, resource.slug])
    file = SimpleUploadedFile(name, content)
    return client.post(url, {"file": file, "note_fr": "", "key": "", "days": "", **more})


GOOD = b"ville;population;jour\n" + b"Gasp\xc3\xa9;1 200;31/12/2024\n" * 10
BAD = GOOD + "Percé;beaucoup;01/01/2025\n".encode()


def test_a_large_file_becomes_a_version_by_a_job(steward, world, settings):
    dataset, resource = world
    before = resource.current
    answer = send(steward, dataset, resource, GOOD, accept="on")
    page = reverse("desk_file_loading", args=[dataset.node.slug, resource.slug])
    assert answer.status_code == 302 and answer.url == page
    assert "en cours de lecture" in steward.get(page).content.decode()
    assert Version.objects.filter(resource=resource).count() == 1
    assert jobs.run_next()
    shown = steward.get(page).content.decode()
    assert "attend sa publication" in shown
    waiting = loading.latest(Resource.objects.get(pk=resource.pk))
    assert waiting.rows == 10 and waiting.published_at is None
    assert {c["name"]: c["type"] for c in waiting.columns}["jour"] == "date"
    assert Resource.objects.get(pk=resource.pk).current == before
    assert kept(settings) == []
    words = steward.get(
        reverse("desk_file_columns", args=[dataset.node.slug, resource.slug])
    ).content.decode()
    assert "31/12/2024" in words and "cases remplies" in words


def test_wrong_cells_are_shown_then_accepted(steward, world, settings):
    dataset, resource = world
    before = resource.current
    send(steward, dataset, resource, BAD)
    assert jobs.run_next()
    page = reverse("desk_file_loading", args=[dataset.node.slug, resource.slug])
    shown = steward.get(page).content.decode()
    assert "beaucoup" in shown and "<td>population</td>" in shown and 'class="n">12<' in shown
    assert loading.latest(resource) == before
    assert len(kept(settings)) == 1
    overview = steward.get(reverse("desk_dataset", args=[dataset.node.slug])).content.decode()
    assert page in overview
    assert steward.post(page).status_code == 302
    assert jobs.run_next()
    assert loading.latest(Resource.objects.get(pk=resource.pk)).rows == 11
    assert kept(settings) == []
    with pytest.raises(Conflict):
        uploads.accept(actor=SYSTEM, resource=resource)


@pytest.mark.parametrize(
    ("content", "name", "words"),
    [
        (b"x" * 60 + b"\x00" * 60, "a.csv", "texte"),
        (b"{" + b" " * 80, "a.json", "JSON"),
        (b"not parquet at all, by any means, whatever it says here", "a.parquet", "Parquet"),
        (b"not a sheet at all, by any means, whatever it says here", "a.ods", "classeur"),
        (b"a.exe is refused by its name alone, whatever is inside it", "a.exe", "csv"),
    ],
)
def test_a_file_that_is_no_table_says_so(steward, world, settings, content, name, words):
    dataset, resource = world
    send(steward, dataset, resource, content, name)
    jobs.run_next()
    page = reverse("desk_file_loading", args=[dataset.node.slug, resource.slug])
    assert words in steward.get(page).content.decode()
    assert loading.latest(resource) == resource.current
    assert kept(settings) == []
    assert Job.objects.get().state == Job.State.DONE


@pytest.mark.parametrize("name", ["a.json", "a.ndjson", "a.geojson"])
def test_other_formats_are_tables_too(steward, world, name):
    dataset, resource = world
    rows = [{"ville": f"Ville {i}", "n": i} for i in range(9)]
    if name == "a.json":
        content = json.dumps(rows)
    elif name == "a.ndjson":
        content = "\n".join(map(json.dumps, rows))
    else:
        features = [{"type": "Feature", "properties": r, "geometry": None} for r in rows]
        content = json.dumps({"type": "FeatureCollection", "features": features})
    send(steward, dataset, resource, content.encode(), name, accept="on")
    jobs.run_next()
    assert loading.latest(Resource.objects.get(pk=resource.pk)).rows == 9


def test_a_token_is_no_path(world):
    _, resource = world
    for token in ("../../etc/passwd", "", "0" * 32):
        with pytest.raises(NotFound):
            uploads.start(actor=SYSTEM, resource=resource, token=token, name="a.csv")


def test_every_reason_is_said_in_french():
    from django.utils import translation

    with translation.override("fr"):
        for text in (*REASONS.values(), *WHY.values()):
            assert str(translation.gettext(text)) != text, text
