"""Runs: no duplicate, changes only, resumed after a kill, what vanished, what is refused."""

from argparse import Namespace
from collections import Counter

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from parvis.catalogue import entries
from parvis.catalogue import services as catalogue
from parvis.catalogue.harvest import engine, keeping, schedule, services, writing
from parvis.catalogue.harvest.models import HarvestItem, HarvestRun
from parvis.catalogue.harvest.reasons import in_words
from parvis.catalogue.harvest.tests.harvest_factories import (
    Ckan,
    FakeClient,
    as_json,
    counts,
    harvest,
    make_source,
    outcomes,
    package,
    uuid_of,
)
from parvis.catalogue.models import Dataset, Resource, Version
from parvis.catalogue.tests.catalogue_factories import make_dataset, organisation
from parvis.commands import harvest as cli
from parvis.commands.words import Stop
from parvis.core import jobs
from parvis.core.access import SYSTEM
from parvis.core.egress import Answer, EgressFailed, EgressRefused
from parvis.core.errors import Conflict, Forbidden, Invalid
from parvis.core.models import Event, Job, State
from parvis.site.demo_loader.harvests import load_harvests

pytestmark = pytest.mark.django_db


def test_twice_gives_no_duplicate_and_an_incremental_run_only_what_changed():
    source, site = make_source(), Ckan(*(package(n) for n in range(230)))
    assert counts(harvest(source, site)) == {"added": 230}
    starts = [int(url.split("start=")[1].split("&")[0]) for url in site.asked]
    assert starts == [0, 100, 200, 230]  # until an empty page
    row = Dataset.objects.select_related("node", "organisation").get(node__slug="jeu-7")
    assert (row.node.state, row.node.title) == ("public", {"fr": "Jeu 7"})
    assert (row.licence, row.frequency, row.temporal) == (
        "CC-BY-4.0", "monthly", "2020-01-01/2021-12-31",
    )  # fmt: skip
    assert row.box == [-71.5, 46.7, -71.1, 46.9]
    assert row.organisation == organisation()
    assert row.url == "https://ckan.exemple.org/dataset/jeu-7" and row.sources == [row.url]
    assert row.extras["theme_local"] == "parcs"
    assert row.extras["harvest_source_title"] == "Ville ouverte"
    link = row.resources.get()
    assert (link.url, link.format, link.slug) == ("https://exemple.org/7.csv", "CSV", "liste")
    assert link.published_at and link.extras == {"relidi_condon": "ok"}
    assert row.node.revisions.count() == 1

    again = harvest(source, site)
    assert counts(again) == {"unchanged": 230}
    assert Dataset.objects.count() == Resource.objects.count() == 230

    site.packages[uuid_of(7)] |= {
        "title": "Jeu sept", "metadata_modified": "2026-03-01T00:00:00",
        "resources": [*package(7)["resources"], {"url": "https://exemple.org/plus.json"}],
    }  # fmt: skip
    changes = harvest(source, site, complete=False)
    # And the latest of the run before: two may bear the same moment.
    assert (counts(changes), changes.complete) == ({"changed": 1, "unchanged": 1}, False)
    row.refresh_from_db()
    row.node.refresh_from_db()
    assert row.node.title == {"fr": "Jeu sept"}
    assert row.resources.first() == link
    assert [r.format for r in row.resources.all()] == ["CSV", "JSON"]
    assert row.node.revisions.count() == 2
    with pytest.raises(IntegrityError), transaction.atomic():
        HarvestItem.objects.create(source=source, remote_id=uuid_of(7), outcome="added")


def test_a_run_goes_on_where_it_was_killed():
    source, site = make_source(), Ckan(*(package(n) for n in range(250)))
    site.die_at = 200
    with pytest.raises(KeyboardInterrupt):
        harvest(source, site)
    run = HarvestRun.objects.get()
    assert (run.state, run.added, Dataset.objects.count()) == ("running", 200, 200)
    with pytest.raises(Conflict):
        services.ask_run(actor=SYSTEM, source=source)
    with pytest.raises(IntegrityError), transaction.atomic():
        HarvestRun.objects.create(source=source)
    site.die_at, site.asked = None, []
    # The worker that takes it up: an orphan job goes back in the queue.
    Job.objects.update(heartbeat_at=timezone.now() - timezone.timedelta(hours=1))
    assert jobs.recover() == 1
    engine_opened, engine.opened = engine.opened, lambda: site
    try:
        assert jobs.run_next()
    finally:
        engine.opened = engine_opened
    run.refresh_from_db()
    assert (run.state, counts(run), Dataset.objects.count()) == ("done", {"added": 250}, 250)
    assert "start=200" in site.asked[0] and run.ended_at


def test_what_vanished_is_archived_after_three_complete_runs_and_comes_back():
    source, site = make_source(), Ckan(*(package(n) for n in range(4)))
    harvest(source, site)
    lost = [site.packages.pop(uuid_of(n)) for n in (1, 2)]
    for _n in range(2):
        assert counts(harvest(source, site)) == {"unchanged": 2}
        assert counts(harvest(source, site, complete=False)) == {"unchanged": 1}
    assert Dataset.objects.filter(node__state=State.PUBLIC).count() == 4
    assert counts(harvest(source, site)) == {"unchanged": 2, "archived": 2}
    rows = {i.remote_id: i for i in HarvestItem.objects.select_related("dataset__node", "source")}
    one, two = rows[uuid_of(1)], rows[uuid_of(2)]
    assert one.dataset.node.state == two.dataset.node.state == State.WITHDRAWN
    assert in_words(one.reason).replace("\u00a0", " ") == (
        "La source ne l’a plus : absent de 3 lectures complètes de suite."
    )
    assert Event.objects.filter(verb="dataset.archived").count() == 2

    services.restore(actor=SYSTEM, item=one)
    with pytest.raises(Conflict):
        services.restore(actor=SYSTEM, item=one)
    for _n in range(4):
        assert counts(harvest(source, site)) == {"unchanged": 2}
    one.dataset.node.refresh_from_db()
    assert one.dataset.node.state == State.PUBLIC  # somebody chose to keep it

    site.packages[uuid_of(2)] = lost[1]
    assert counts(harvest(source, site)) == {"unchanged": 2, "restored": 1}
    two.dataset.node.refresh_from_db()
    assert two.dataset.node.state == State.PUBLIC
    assert Dataset.objects.count() == 4

    site.packages = {}
    empty = harvest(source, site)
    assert (empty.state, empty.reason["code"]) == ("failed", "empty")
    assert HarvestItem.objects.filter(missed_runs__gt=0).count() == 1  # only the one kept


BAD = [
    ({"title": " ", "name": ""}, "no_title", "Il n’y a pas de titre."),
    ({"license_id": "uk-ogl"}, "licence_unknown", "La licence « uk-ogl » n’est pas"),
    ({"license_id": None}, "licence_missing", "Aucune licence"),
    ({"resources": [{"url": "javascript:alert(1)"}]}, "no_resource", "Il n’a ni fichier"),
    ({"resources": 3}, "not_understood", "n’a pas pu être compris"),
    ({"private": True}, "private", "privé"),
    ({"id": "x" * 501}, "long_id", "500"),
    ({"id": "", "name": ""}, "no_id", "identifiant"),
]


def test_bad_items_stop_nothing_and_say_why():
    bad = [package(n + 10, **more) for n, (more, _code, _words) in enumerate(BAD)]
    source, other = make_source(), make_source(url="https://autre.exemple.org", name="Autre")
    harvest(other, Ckan(package(1)))
    mine = make_dataset("jeu-3")
    site = Ckan(package(1), package(2), package(3), *bad, package(4, id=str(mine.pk)))
    site.packages["?"] = "no package at all"
    site.packages["r"] = package(2, title="Un autre sous le même identifiant")
    run = harvest(source, site)
    assert counts(run) == {"added": 2, "failed": len(BAD) + 4} and run.state == "done"
    kept = outcomes(source)
    assert kept[uuid_of(1)] == ("failed", "other_source")
    assert kept[str(mine.pk)] == ("failed", "ours")
    codes = {code for _outcome, code in kept.values()}
    assert {code for _more, code, _words in BAD} | {"twice"} <= codes
    refused = HarvestItem.objects.exclude(reason={})
    said = {i.reason["code"]: in_words(i.reason).replace("\u00a0", " ") for i in refused}
    for _more, code, words in BAD:
        assert words in said[code]
    assert "Autre" in said["other_source"]
    # The name of a dataset that was here stays its own.
    mine.node.refresh_from_db()
    theirs = HarvestItem.objects.get(remote_id=uuid_of(3)).dataset.node
    assert (mine.node.slug, theirs.slug) == ("jeu-3", "jeu-3-sct")
    assert mine.node.title["fr"] == "Villes du Québec"
    # A licence for those that say none; what was refused is tried again.
    services.update_source(actor=SYSTEM, source=source, changes={"licence": "CC0-1.0"})
    assert counts(harvest(source, site)) == {
        "added": 1, "unchanged": 2, "failed": len(BAD) + 3,
    }  # fmt: skip


def test_one_that_the_database_refuses_leaves_the_others(monkeypatch):
    source, real = make_source(), writing._links

    def links(dataset, *more, **named):
        if dataset.node.slug == "jeu-1":
            raise ValueError("boom")
        return real(dataset, *more, **named)

    monkeypatch.setattr(writing, "_links", links)
    run = harvest(source, Ckan(*(package(n) for n in range(3))))
    assert counts(run) == {"added": 2, "failed": 1}
    assert outcomes(source)[uuid_of(1)] == ("failed", "not_saved")


def _raises(error):
    def answer(_url):
        raise error

    return FakeClient(answer)


@pytest.mark.parametrize(
    ("client", "code", "attempts"),
    [
        (_raises(EgressRefused("10.0.0.1 is not public")), "egress", 1),
        (_raises(EgressFailed("no answer in time")), "no_answer", 3),
        (FakeClient(lambda _u: Answer(503, b"")), "status", 3),
        (FakeClient(lambda _u: Answer(404, b"")), "status", 1),
        (FakeClient(lambda _u: Answer(200, b"<html>")), "not_ckan", 1),
        (FakeClient(lambda _u: as_json({"success": False, "error": "x"})), "not_ckan", 1),
    ],
)
def test_a_source_that_does_not_answer_ends_its_run_with_a_reason(client, code, attempts):
    source = make_source()
    run = harvest(source, client)
    for _n in range(attempts - 1):
        assert run.state == "running"
        Job.objects.update(next_at=timezone.now())
        engine_opened, engine.opened = engine.opened, lambda: client
        jobs.run_next()
        engine.opened = engine_opened
        run.refresh_from_db()
    assert (run.state, run.reason["code"], bool(run.ended_at)) == ("failed", code, True)
    assert in_words(run.reason) and len(client.asked) == attempts
    assert services.ask_run(actor=SYSTEM, source=source)  # and it may be asked again


def test_a_source_that_ignores_its_own_paging_is_not_read_for_ever():
    same = [package(n) for n in range(3)]
    client = FakeClient(
        lambda _u: as_json({"success": True, "result": {"count": 9, "results": same}})
    )
    run = harvest(make_source(), client)
    assert (run.state, run.reason["code"], run.added) == ("failed", "same_page", 3)


def test_detached_it_is_edited_here_and_left_alone():
    source, site = make_source(arrival="draft"), Ckan(package(1), package(2))
    harvest(source, site)
    item = HarvestItem.objects.select_related("source", "dataset__node").get(remote_id=uuid_of(1))
    assert item.dataset.node.state == State.DRAFT
    assert not item.dataset.resources.filter(published_at__isnull=False).exists()
    table = Version(resource=item.dataset.resources.first(), columns=[])
    table.resource.dataset = item.dataset
    for act in (
        lambda: keeping.refuse_by_hand(item.dataset),
        lambda: catalogue.make_private(actor=SYSTEM, dataset=item.dataset),
        lambda: catalogue.describe_columns(actor=SYSTEM, version=table, words={}),
        lambda: entries.purge_entry(actor=SYSTEM, dataset=item.dataset),
    ):
        with pytest.raises(Forbidden, match="Ville ouverte"):
            act()
    services.detach(actor=SYSTEM, item=item)
    keeping.refuse_by_hand(item.dataset)
    with pytest.raises(Conflict):
        services.detach(actor=SYSTEM, item=item)
    site.packages[uuid_of(1)]["title"] = "Autre titre"
    assert counts(harvest(source, site)) == {"unchanged": 2}
    item.dataset.node.refresh_from_db()
    assert item.dataset.node.title == {"fr": "Jeu 1"}
    assert services.publish_drafts(actor=SYSTEM, source=source) == 1
    other = Dataset.objects.get(node__slug="jeu-2")
    assert other.node.state == State.PUBLIC and other.resources.get().published_at


def test_the_worker_starts_what_is_due_and_ends_what_died():
    source = make_source(schedule="daily")
    assert schedule.tick() and not schedule.tick()
    run = HarvestRun.objects.get()
    assert run.complete and run.job.state == "waiting"
    source.refresh_from_db()
    assert source.next_at > timezone.now()
    Job.objects.update(state=Job.State.FAILED, error="The worker died while running it.")
    assert schedule.tick()
    run.refresh_from_db()
    assert (run.state, run.reason["code"]) == ("failed", "interrupted")
    site = Ckan(package(1))
    harvest(source, site)
    source.refresh_from_db()
    now = timezone.now()
    assert not services.is_complete_due(source, now)  # a good complete run: changes are enough
    assert services.is_complete_due(source, now + services.COMPLETE_EVERY)
    services.update_source(actor=SYSTEM, source=source, changes={"active": False})
    type(source).objects.update(next_at=now)
    assert not schedule.tick()
    with pytest.raises(Conflict):
        services.ask_run(actor=SYSTEM, source=source)


def test_a_run_is_stopped_by_a_person():
    source, site = make_source(), Ckan(*(package(n) for n in range(150)))
    run = services.ask_run(actor=SYSTEM, source=source)
    services.stop_run(actor=SYSTEM, run=run)
    run.refresh_from_db()
    assert run.state == "cancelled"
    with pytest.raises(Conflict):
        services.stop_run(actor=SYSTEM, run=run)

    def stop(url):
        Job.objects.filter(state="running").update(cancel_asked=True)
        return site.answer(url)

    stopped = harvest(source, FakeClient(stop))
    assert (stopped.state, stopped.added) == ("cancelled", 100)


@pytest.mark.parametrize(
    ("fields", "wrong"),
    [
        ({"url": "ftp://exemple.org"}, "url"),
        ({"url": "https://moi:secret@exemple.org"}, "url"),
        ({"url": "pas une adresse"}, "url"),
        ({"kind": "ftp"}, "kind"),
        ({"filters": {"organizations": ["a b"]}}, "organizations"),
        ({"kind": "csv", "filters": {"groups": ["a"]}}, "__all__"),
        ({"schedule": "hourly"}, "schedule"),
        ({"name": ""}, "name"),
    ],
)
def test_a_source_is_checked(fields, wrong):
    with pytest.raises(Invalid) as refused:
        make_source(**fields)
    assert wrong in refused.value.errors


def test_the_same_source_is_not_added_twice():
    make_source()
    with pytest.raises(Invalid, match="déjà"):
        make_source(name="Encore")
    source = make_source(filters={"organizations": ["ville", "ville"], "without": ["essai"]})
    site = Ckan(package(1))
    harvest(source, site)
    assert "fq=%28organization%3Aville%29+-organization%3Aessai" in site.asked[0]


def test_queries_do_not_grow_with_what_is_read():
    def spent(size):
        source = make_source(url=f"https://c{size}.exemple.org")
        run = HarvestRun.objects.create(source=source)
        site = Ckan(*(package(n + 1000 * size) for n in range(size)))
        page = engine.READERS["ckan"](engine.Asked(source, site))
        found = []
        for _n in range(2):
            with CaptureQueriesContext(connection) as seen:
                writing.write(run, page.found)
            tables = Counter(" ".join(q["sql"].split()[:4]) for q in seen)
            found.append({sql: n for sql, n in tables.items() if "SAVEPOINT" not in sql})
            run = HarvestRun.objects.create(source=source, state="done")
        return found

    # One event for each dataset, and what its consumers do in the same transaction (what is said of
    # it is shown with it: one reading by index): nothing else is asked dataset by dataset.
    (few, few_again), (many, many_again) = spent(2), spent(40)
    assert {sql.split('"')[1] for sql, n in many.items() if n >= 10} <= {
        "core_event", "finding_mark", "core_node",
    }  # fmt: skip
    assert not any("core_node" in sql and n >= 10 for sql, n in many.items() if sql[:6] != "SELECT")
    assert few_again == many_again
    assert set(few) == set(many)


def test_the_command_line_lists_and_reads(monkeypatch, capsys):
    source = make_source()
    monkeypatch.setattr(engine, "opened", lambda: Ckan(package(1), package(2, title=" ", name="")))
    command = Namespace(source="", changes=False)
    assert cli.harvest(command) == 0
    assert f"{source.pk}\tVille ouverte\tckan" in capsys.readouterr().out
    command.source = "Ville ouverte"
    assert cli.harvest(command) == 0
    assert "2/2" in (said := capsys.readouterr().out)
    assert "1 added" in said or "1 ajoutés" in said
    with pytest.raises(Stop, match="Ville ouverte"):
        cli.harvest(Namespace(source="99", changes=False))

    monkeypatch.setattr(engine, "opened", lambda: _raises(EgressRefused("private")))
    with pytest.raises(Stop, match="private"):
        cli.harvest(command)
    # Somebody closed the terminal: the worker ends the run.
    services.ask_run(actor=SYSTEM, source=source, enqueue=False)
    assert not schedule.tick()
    HarvestRun.objects.update(asked_at=timezone.now() - 2 * schedule.ORPHAN_AFTER)
    assert schedule.tick() and HarvestRun.objects.first().state == "failed"


def test_the_demonstration_asks_nothing_of_anybody():
    load_harvests({"equipe-demo": organisation()})
    assert not schedule.tick() and not Job.objects.exists()
