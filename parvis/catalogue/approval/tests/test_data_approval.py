"""Data: given to read, approved by another person, published now or at a minute; private; undo."""

import io
import zipfile
from datetime import timedelta
from unittest.mock import patch

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from parvis import steps
from parvis.catalogue import loading, others, services
from parvis.catalogue.approval import gate, removing, schedule
from parvis.catalogue.approval import services as approval
from parvis.catalogue.approval.models import DataReview, RemovedFile
from parvis.catalogue.models import Dataset, Resource
from parvis.catalogue.tests.catalogue_factories import add_file, make_dataset, organisation
from parvis.core import search
from parvis.core.access import SYSTEM, actor_for
from parvis.core.errors import Closed, Conflict, Forbidden, Invalid
from parvis.core.models import Event, Link, Role, Site, State
from parvis.strategy.tests.strategy_factories import make_pillar
from tests.factories import make_actor, make_person, make_site

pytestmark = pytest.mark.django_db
DESK, APPROVAL = "desk_dataset", "data_approval"


@pytest.fixture
def two():
    """Return the actors of two stewards of a site that asks for a second person."""
    make_site()
    Site.objects.update(approval=Site.Approval.SECOND_PERSON)
    return make_actor("steward"), make_actor("steward", "deux@test.example")


def fresh(dataset):
    return Dataset.objects.select_related("node", "organisation__node").get(pk=dataset.pk)


def page(client, name, *args, status=200, data=None):
    url = reverse(name, args=args)
    response = client.post(url, data) if data is not None else client.get(url)
    assert response.status_code == status, response.content.decode()[:2000]
    return response.content.decode() if not response.streaming else response


def test_an_editor_does_not_publish_alone(two):
    one, other = two
    dataset = make_dataset(public=False)
    with pytest.raises(Conflict):
        services.publish_dataset(actor=one, dataset=dataset)
    with pytest.raises(Conflict):
        services.publish_dataset(actor=one, dataset=dataset, second=one)
    with pytest.raises(Conflict):
        schedule.schedule(actor=one, dataset=dataset, publish_at=timezone.now() + timedelta(days=1))
    review = approval.ask_review(actor=one, dataset=dataset, note="Tout est là")
    with pytest.raises(Conflict):
        approval.ask_review(actor=one, dataset=dataset)
    with pytest.raises(Forbidden):
        approval.approve(actor=one, review=review)
    with pytest.raises(Forbidden):
        approval.approve(actor=make_actor("analyst"), review=review)
    with pytest.raises(Invalid):
        approval.ask_changes(actor=other, review=review, words=" ")
    approval.approve(actor=other, review=review, words="Bon")
    with pytest.raises(Closed):
        approval.approve(actor=other, review=review)
    approval.publish(actor=one, dataset=fresh(dataset))
    assert fresh(dataset).node.state == State.PUBLIC
    # An approval serves once: the next version waits for another.
    assert DataReview.objects.get().published_at is not None
    add_file(fresh(dataset), "route,km\nA-20,585\n", "Routes")
    with pytest.raises(Conflict):
        approval.publish(actor=one, dataset=fresh(dataset))


def test_what_changed_since_the_approval_makes_it_stale(two):
    one, other = two
    dataset = make_dataset(public=False)
    review = approval.ask_review(actor=one, dataset=dataset)
    services.update_dataset(actor=one, dataset=dataset, changes={"spatial": "Lévis"})
    with pytest.raises(Conflict):
        approval.approve(actor=other, review=review)
    review = approval.ask_review(actor=one, dataset=fresh(dataset))
    assert DataReview.objects.filter(state="withdrawn").count() == 1
    approval.approve(actor=other, review=review)
    version = loading.latest(dataset.resources.get())
    version.resource.dataset = fresh(dataset)
    words = {"ville": {"label": {"fr": "Ville"}}}
    services.describe_columns(actor=one, version=version, words=words)
    assert gate.approval_of(dataset) is None
    assert gate.standing(dataset, waits=True).stale == review
    with pytest.raises(Conflict):
        approval.publish(actor=one, dataset=fresh(dataset))


def test_the_pages_carry_it_from_draft_to_public(two):
    one, other = two
    dataset = make_dataset("villes", public=False)
    asking, deciding = Client(), Client()
    asking.force_login(one.person)
    deciding.force_login(other.person)
    draft = page(asking, DESK, "villes")
    assert reverse("desk_dataset_publish", args=["villes"]) not in draft
    page(asking, "desk_dataset_publish", "villes", data={}, status=409)
    page(asking, APPROVAL, "villes", data={"action": "ask", "note": "À relire"}, status=303)
    assert "À relire" in page(deciding, APPROVAL, "villes")
    todo = page(deciding, "desk")
    assert reverse(APPROVAL, args=["villes"]) in todo
    assert reverse(APPROVAL, args=["villes"]) not in page(asking, "desk")
    # Without words, what has to change is not known: the form says so and keeps its page.
    refused = page(deciding, APPROVAL, "villes", data={"action": "changes"}, status=422)
    assert "Dites ce qui doit changer" in refused
    page(deciding, APPROVAL, "villes", data={"action": "changes", "words": "Source?"}, status=303)
    assert "Source?" in page(asking, APPROVAL, "villes")
    page(asking, APPROVAL, "villes", data={"action": "ask"}, status=303)
    page(asking, APPROVAL, "villes", data={"action": "approve"}, status=403)
    page(deciding, APPROVAL, "villes", data={"action": "approve"}, status=303)
    page(asking, APPROVAL, "villes", data={"action": "danser"}, status=409)
    page(asking, "desk_dataset_publish", "villes", data={}, status=302)
    assert fresh(dataset).node.state == State.PUBLIC
    verbs = set(Event.objects.filter(node=dataset.node).values_list("verb", flat=True))
    assert {"dataset.review_asked", "dataset.changes_asked", "dataset.approved"} <= verbs


def test_a_public_dataset_changes_once_a_second_person_read_it(two):
    one, other = two
    dataset = make_dataset("villes")
    link = others.add_other(
        actor=SYSTEM, dataset=dataset, name={"fr": "Page"}, url="https://exemple.test/p"
    )
    services.publish_dataset(actor=SYSTEM, dataset=fresh(dataset))
    with pytest.raises(Conflict):
        services.update_dataset(actor=one, dataset=fresh(dataset), changes={"spatial": "Lévis"})
    client = Client()
    client.force_login(one.person)
    edit = reverse("desk_dataset_edit", args=["villes"])
    given = {
        "title_fr": "Villes du Québec", "title_en": "Villes du Québec (en)",
        "notes_fr": "Autre description", "organisation": str(dataset.organisation_id),
        "tags_fr": "Ville", "tags_en": "City", "categories": ["politiques-sociales"],
        "licence": "CC-BY-4.0", "frequency": "irregular", "languages": ["fr"], "spatial": "Québec",
    }  # fmt: skip
    refused = client.post(edit, given)
    assert refused.status_code == 422 and "Autre description" in refused.content.decode()
    done = client.post(edit, {**given, "note_fr": "Plus clair"})
    assert done.status_code == 302, done.content.decode()
    assert fresh(dataset).notes["fr"] == "Les villes et leurs habitants."
    # The removal of the link joins what waits.
    remove = reverse("desk_file_remove", args=["villes", link.slug])
    assert client.post(remove).status_code == 302
    review = DataReview.objects.get(state="waiting")
    assert review.changes["fields"]["notes"]["fr"] == "Autre description"
    assert review.changes["remove"] == [str(link.pk)]
    reading = Client()
    reading.force_login(other.person)
    text = page(reading, APPROVAL, "villes")
    assert "<ins>Autre description</ins>" in text
    page(reading, APPROVAL, "villes", data={"action": "approve"}, status=303)
    page(client, APPROVAL, "villes", data={"action": "publish"}, status=303)
    assert fresh(dataset).notes["fr"] == "Autre description"
    assert not Resource.objects.filter(pk=link.pk).exists()
    assert dataset.node.revisions.latest("at").note["fr"]


def test_publication_at_a_minute_moved_cancelled_and_refused_out_loud():
    actor = make_actor("steward")
    dataset = make_dataset("villes", public=False)
    with pytest.raises(Invalid):
        schedule.schedule(actor=actor, dataset=dataset, publish_at=timezone.now())
    soon = timezone.now() + timedelta(hours=2)
    first = schedule.schedule(actor=actor, dataset=dataset, publish_at=soon)
    moved = schedule.schedule(actor=actor, dataset=dataset, publish_at=soon + timedelta(hours=1))
    assert first.pk == moved.pk and DataReview.objects.count() == 1
    assert schedule.tick() == 0
    schedule.unschedule(actor=actor, dataset=dataset)
    assert schedule.tick(soon + timedelta(days=1)) == 0
    with pytest.raises(Conflict):
        schedule.unschedule(actor=actor, dataset=dataset)
    schedule.schedule(actor=actor, dataset=dataset, publish_at=soon)
    services.update_dataset(actor=actor, dataset=dataset, changes={"spatial": "Lévis"})
    assert schedule.tick(soon + timedelta(minutes=1)) == 1
    review = DataReview.objects.get()
    assert review.refused_because == "stale" and schedule.tick(soon + timedelta(days=1)) == 0
    client = Client()
    client.force_login(actor.person)
    assert "Une publication prévue n’a pas eu lieu" in page(client, "desk")
    bad = page(client, APPROVAL, "villes", data={"action": "plan", "publish_at": "demain"},
               status=422)  # fmt: skip
    assert "année-mois-jour heure:minute" in bad
    when = timezone.localtime(soon).strftime("%Y-%m-%dT%H:%M")
    page(client, APPROVAL, "villes", data={"action": "plan", "publish_at": when}, status=303)
    assert schedule.tick(soon + timedelta(minutes=1)) == 1
    assert fresh(dataset).node.state == State.PUBLIC
    assert schedule.tick(soon + timedelta(days=1)) == 0


def test_a_private_dataset_is_absent_everywhere_but_for_its_staff(client):
    dataset = make_dataset("villes", title="Villes secrètes")
    version = dataset.resources.get().current
    name = dataset.resources.get().slug
    staff = make_person("steward")
    desk = Client()
    desk.force_login(staff)
    page(desk, "desk_dataset_private", "villes", data={}, status=302)
    search.index([dataset.pk])
    addresses = [
        reverse("dataset", args=["villes"]), reverse("dataset_zip", args=["villes"]),
        reverse("version_page", args=["villes", version.sha256]),
        reverse("dataset_file", args=["villes", version.sha256, f"{name}.csv"]),
        reverse("dataset_history", args=["villes"]), "/dataset/villes.ttl",
    ]  # fmt: skip
    for address in addresses:
        assert client.get(address).status_code in {302, 404}, address
        assert desk.get(address).status_code in {302, 404}, address
    lists = [
        reverse("datasets"), reverse("datasets_feed"), "/api/v1/datasets", "/catalog.ttl",
        "/api/3/action/package_search", "/api/3/action/package_list",
        "/api/3/action/current_package_list_with_resources",
    ]  # fmt: skip
    for address in lists:
        got = client.get(address, follow=True)
        body = b"".join(got.streaming_content) if got.streaming else got.content
        assert got.status_code == 200, address
        assert "secrètes" not in body.decode() and "villes" not in body.decode(), address
    assert "Villes secrètes" in page(desk, "desk_dataset_preview", "villes")
    private = reverse("desk_dataset_file", args=["villes", version.pk, "villes.csv"])
    got = desk.get(private)
    assert got["Cache-Control"] == "private, no-store"
    assert "Québec" in b"".join(got.streaming_content).decode()
    elsewhere = make_person(email="ailleurs@test.example")
    Role.objects.create(person=elsewhere, role="steward", scope=organisation("autre").node)
    away = Client()
    away.force_login(elsewhere)
    assert away.get(private).status_code == 403
    page(desk, "desk_dataset_publish", "villes", data={}, status=302)
    assert "Villes secrètes" in page(client, "dataset", "villes")
    # The same version, at the same address: nothing was lost.
    assert client.get(addresses[3]).status_code == 200


def test_links_and_files_beside_the_tables_with_order_and_undo(client):
    make_dataset("villes")
    desk = Client()
    desk.force_login(make_person("steward"))
    new = reverse("desk_other_new", args=["villes"])
    base = {"name_fr": "Guide", "kind": "support"}
    for bad, words in (
        ({}, "l’un des deux"),
        ({"url": "javascript:alert(1)"}, "n’est pas une adresse"),
        ({"file": SimpleUploadedFile("guide.pdf", b"<html>")}, "n’est pas un pdf"),
        ({"file": SimpleUploadedFile("guide.exe", b"MZ")}, "Seuls ces fichiers"),
    ):
        got = desk.post(new, {**base, **bad})
        assert got.status_code == 422, bad
        text = got.content.decode().replace("\u00a0", " ")
        assert words in text and "Guide" in text, (bad, text[-3000:])
    assert Resource.objects.count() == 1
    pdf = SimpleUploadedFile("guide.pdf", b"%PDF-1.4\n%%EOF\n")
    assert desk.post(new, {**base, "file": pdf}).status_code == 302
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as packed:
        packed.writestr("forme.txt", "une forme")
    shapes = SimpleUploadedFile("formes.zip", archive.getvalue())
    assert desk.post(new, {**base, "name_fr": "Formes", "file": shapes}).status_code == 302
    got = desk.post(new, {**base, "name_fr": "Service", "url": "https://exemple.test/wms"})
    assert got.status_code == 302
    guide, formes, wms = Resource.objects.filter(current=None).order_by("position")
    assert formes.format == "ZIP" and formes.mimetype == "application/zip"
    assert guide.format == "PDF" and guide.mimetype == "application/pdf"
    assert "wms" not in page(client, "dataset", "villes")
    page(desk, "desk_dataset_publish", "villes", data={}, status=302)
    assert "https://exemple.test/wms" in page(client, "dataset", "villes")
    for _turn in range(4):  # once more than there are places: nothing moves
        page(desk, "desk_file_move", "villes", wms.slug, data={"to": "up"}, status=302)
    order = list(Resource.objects.order_by("position").values_list("slug", flat=True))
    assert order[0] == wms.slug
    whole = client.get(reverse("dataset_zip", args=["villes"]))
    with zipfile.ZipFile(io.BytesIO(b"".join(whole.streaming_content))) as found:
        names = set(found.namelist())
        assert found.testzip() is None
        assert f"{guide.slug}/guide.pdf" in names and f"{formes.slug}/formes.zip" in names
        assert found.read(f"{guide.slug}/guide.pdf") == b"%PDF-1.4\n%%EOF\n"
        readme = found.read("LISEZMOI.txt").decode()
    assert "CC BY 4.0" in readme and "https://exemple.test/wms" in readme
    page(desk, "desk_file_remove", "villes", guide.slug, data={}, status=302)
    assert not Resource.objects.filter(pk=guide.pk).exists()
    removed = RemovedFile.objects.get()
    assert "Le remettre" in page(desk, DESK, "villes")
    page(desk, "desk_file_back", "villes", removed.pk, data={}, status=302)
    back = Resource.objects.get(pk=guide.pk)
    assert back.file_name == "guide.pdf" and back.published_at is None
    page(desk, "desk_file_back", "villes", removed.pk, data={}, status=404)
    with pytest.raises(Conflict):
        removing.put_back(actor=SYSTEM, removed=removed)
    table = Resource.objects.get(current__isnull=False)
    page(desk, "desk_file_remove", "villes", table.slug, data={}, status=409)


def test_words_of_a_file_and_ties_with_their_reason():
    dataset = make_dataset("villes")
    table = dataset.resources.get()
    pillar = make_pillar()
    desk = Client()
    desk.force_login(make_person("steward"))
    edit = reverse("desk_file_edit", args=["villes", table.slug])
    form = {"name_fr": "Liste", "description_fr": "Chaque ville", "kind": "donnees"}
    assert desk.post(edit, {**form, "name_fr": ""}).status_code == 422
    assert desk.post(edit, form).status_code == 302
    assert "Liste" in page(desk, DESK, "villes")
    ties = reverse("desk_dataset_related", args=["villes"])
    value = f"serves:1:{pillar.pk}"
    assert desk.post(ties, {"other": value}).status_code == 422
    assert desk.post(ties, {"other": "serves:1:nul", "reason_fr": "x"}).status_code == 422
    assert desk.post(ties, {"other": value, "reason_fr": "Les lieux ouverts"}).status_code == 302
    row = Link.objects.get(source=dataset.node)
    assert row.reason["fr"] == "Les lieux ouverts"
    assert "Les lieux ouverts" in page(Client(), "dataset", "villes")
    assert desk.post(ties, {"remove": str(row.pk)}).status_code == 302
    assert not Link.objects.filter(source=dataset.node).exists()
    assert desk.post(ties, {"remove": str(row.pk)}).status_code == 404


def test_one_dataset_or_six_the_desk_asks_as_much():
    actor = make_actor("steward")
    desk = Client()
    desk.force_login(actor.person)
    other = make_actor("steward", "deux@test.example")

    def more(n):
        dataset = make_dataset(f"d{n}", title=f"Jeu {n}", public=False)
        approval.ask_review(actor=other, dataset=dataset)

    def cost(name):
        page(desk, name)
        with CaptureQueriesContext(connection) as asked:
            page(desk, name)
        return len(asked)

    more(0)
    before = {name: cost(name) for name in ("desk_data", "desk", "desk_quality")}
    for n in range(1, 6):
        more(n)
    after = {name: cost(name) for name in before}
    assert after == before


def test_the_worker_publishes_what_was_planned():
    dataset = make_dataset("villes", public=False)
    soon = timezone.now() + timedelta(minutes=5)
    schedule.schedule(actor=actor_for(make_person("steward")), dataset=dataset, publish_at=soon)
    lane = {step.name: step for step in steps.lanes()["events"]}
    assert lane["data_planned"].run() is False
    with patch.object(schedule.timezone, "now", lambda: soon + timedelta(seconds=1)):
        assert lane["data_planned"].run() is True
    assert fresh(dataset).node.state == State.PUBLIC
