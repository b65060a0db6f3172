"""The desk of harvests by its pages, the API, and link checks."""

import csv
import io
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from parvis.catalogue.harvest import engine, links
from parvis.catalogue.harvest.models import HarvestItem, HarvestRun, HarvestSource
from parvis.catalogue.harvest.tests.harvest_factories import (
    Ckan,
    harvest,
    make_items,
    make_source,
    package,
)
from parvis.catalogue.models import Dataset, Resource
from parvis.catalogue.tests.catalogue_factories import make_dataset, organisation
from parvis.core import jobs
from parvis.core.egress import Answer, EgressFailed, EgressRefused
from parvis.core.models import Job, State
from tests.factories import make_person

pytestmark = pytest.mark.django_db
DESK = "/fr/bureau/donnees/moissonnage/"


@pytest.fixture
def steward():
    client = Client()
    client.force_login(make_person("steward"))
    return client


def text_of(answer):
    return answer.content.decode().replace("\u00a0", " ")


def filled(**more):
    return {
        "name": "Ville ouverte", "organisation": organisation().pk, "kind": "ckan",
        "url": "https://ckan.exemple.org", "language": "fr", "schedule": "weekly",
        "arrival": "draft", "active": "on", "organizations": "ville, parcs", **more,
    }  # fmt: skip


def worked(client):
    """Let the worker do what waits, with this client outside."""
    engine_opened, engine.opened = engine.opened, lambda: client
    try:
        while jobs.run_next():
            pass
    finally:
        engine.opened = engine_opened


def test_a_source_from_its_form_to_its_datasets(steward):
    assert "Aucune source encore" in text_of(steward.get(DESK))
    wrong = steward.post(f"{DESK}nouvelle/", filled(url="ftp://x", name=""))
    assert wrong.status_code == 422 and "ville, parcs" in text_of(wrong)
    form = filled(key="une-cle")
    made = [steward.post(f"{DESK}nouvelle/", form) for _n in range(2)]  # sent twice: one source
    source = HarvestSource.objects.get()
    here = f"{DESK}{source.pk}/"
    assert [(m.status_code, m.url) for m in made] == [(303, here)] * 2
    assert source.filters == {"organizations": ["ville", "parcs"]} and source.next_at

    site = Ckan(*(package(n) for n in range(30)), package(40, title=" ", name=""))
    steward.post(f"{here}apercu/")
    assert "interrogée" in text_of(steward.get(f"{here}apercu/"))
    worked(site)
    page = text_of(steward.get(f"{here}apercu/"))
    assert "20 sur 31" in page and "Jeu 19" in page and "CC-BY-4.0" in page
    assert not Dataset.objects.exists() and not HarvestItem.objects.exists()

    assert steward.post(f"{here}lire/").status_code == 303
    again = steward.post(f"{here}lire/", follow=True)
    assert "déjà en train d’être lue" in text_of(again)
    worked(site)
    page = text_of(steward.get(here))
    assert "31 lignes" in page and "30 brouillons attendent" in page
    failed = text_of(steward.get(here, {"outcome": "failed"}))
    assert "1 ligne<" in failed and "Il n’y a pas de titre." in failed and "Jeu 1<" not in failed
    assert steward.get("/fr/donnees/jeu-1/").status_code == 404
    steward.post(f"{here}publier/")
    assert Dataset.objects.filter(node__state=State.PUBLIC).count() == 30
    public = text_of(Client().get("/fr/donnees/jeu-1/"))
    assert "Moissonné depuis le catalogue « Ville ouverte »" in public
    assert "https://ckan.exemple.org/dataset/jeu-1" in public

    rows = list(
        csv.reader(
            io.StringIO(
                b"".join(steward.get(f"{here}resultats.csv").streaming_content).decode("utf-8-sig")
            )
        )
    )
    assert len(rows) == 32 and rows[0][:3] == ["id", "title", "outcome"]
    assert {row[2] for row in rows[1:]} == {"added", "failed"}
    template = steward.get(f"{DESK}modele.csv")
    assert template.content.startswith(b"\xef\xbb\xbfid,title_fr")

    edited = steward.post(f"{here}modifier/", filled(schedule="never", name="Ville"))
    source.refresh_from_db()
    assert edited.status_code == 303 and (source.name, source.next_at) == ("Ville", None)
    twin = steward.post(f"{DESK}nouvelle/", filled())
    assert twin.status_code == 422 and "déjà moissonnée" in text_of(twin)


def test_bring_back_detach_and_edit(steward):
    source = make_source()
    kept, gone = make_items(source)
    here = f"{DESK}{source.pk}/"
    assert "Rétablir" in text_of(steward.get(here, {"outcome": "archived"}))
    assert Client().get("/fr/donnees/jeu-902/").status_code == 410
    assert "1 jeu de données archivé" in text_of(steward.get("/fr/bureau/"))
    steward.post(f"{DESK}elements/{gone.pk}/retablir/")
    assert Client().get("/fr/donnees/jeu-902/").status_code == 200
    assert "archivé : sa source" not in text_of(steward.get("/fr/bureau/"))

    place = reverse("desk_dataset_edit", args=[kept.dataset.node.slug])
    fields = {
        "title_fr": "Mon titre", "notes_fr": "Texte", "organisation": organisation().pk,
        "licence": "CC-BY-4.0", "frequency": "annual", "languages": ["fr"],
        "spatial": "Québec", "tags_fr": "arbre",
    }  # fmt: skip
    assert steward.post(place, fields).status_code == 403
    overview = reverse("desk_dataset", args=[kept.dataset.node.slug])
    assert "il ne se modifie pas ici" in text_of(steward.get(overview))
    steward.post(f"{DESK}elements/{kept.pk}/detacher/")
    assert "il ne se modifie pas ici" not in text_of(steward.get(overview))
    saved = steward.post(place, fields)
    assert saved.status_code in {302, 303}, text_of(saved)
    kept.dataset.node.refresh_from_db()
    assert kept.dataset.node.title["fr"] == "Mon titre"
    assert "Moissonné depuis" not in text_of(Client().get("/fr/donnees/jeu-901/"))


def test_a_run_that_failed_is_told_and_one_that_runs_may_be_stopped(steward):
    source = make_source()

    class Silent:
        def get(self, url, **_more):
            raise EgressRefused("10.0.0.1 has an address that is not public")

    harvest(source, Silent())
    assert "Cette adresse n’est pas permise" in text_of(steward.get(f"{DESK}{source.pk}/"))
    assert "1 moissonnage a échoué" in text_of(steward.get("/fr/bureau/"))
    steward.post(f"{DESK}{source.pk}/apercu/")
    worked(Silent())
    assert "ne peut pas être lue" in text_of(steward.get(f"{DESK}{source.pk}/apercu/"))
    steward.post(f"{DESK}{source.pk}/lire/")
    assert "Arrêter la lecture" in text_of(steward.get(f"{DESK}{source.pk}/"))
    steward.post(f"{DESK}{source.pk}/arreter/")
    assert HarvestRun.objects.first().state == "cancelled"
    assert not Job.objects.filter(state="waiting").exists()


def test_the_api_tells_public_facts_only():
    source = make_source(schedule="daily")
    make_source(url="https://b.exemple.org", name="Arrêtée", active=False)
    harvest(source, Ckan(package(1)))
    said = Client().get("/api/v1/harvest/sources").json()
    assert said["count"] == 1
    row = said["results"][0]
    ended = row["last_run"].pop("ended")
    assert row == {
        "id": source.pk, "name": "Ville ouverte", "kind": "ckan",
        "url": "https://ckan.exemple.org/", "organisation": "sct", "schedule": "daily",
        "last_run": {"state": "done", "added": 1, "changed": 0, "unchanged": 0, "archived": 0,
                     "failed": 0},
    }  # fmt: skip
    assert ended and Client().get("/api/v1/harvest/sources?limit=0").status_code == 422


def test_pages_ask_as_much_for_many_as_for_few(steward):
    def spent(*addresses):
        found = []
        for address in addresses:
            steward.get(address)
            with CaptureQueriesContext(connection) as seen:
                steward.get(address)
            found.append(len(seen))
        return found

    source = make_source()
    harvest(source, Ckan(*(package(n) for n in range(2))))
    Resource.objects.update(broken_since=timezone.now())
    pages = (DESK, f"{DESK}{source.pk}/", f"{DESK}liens/")
    few = spent(*pages)
    for n in range(8):
        other = make_source(url=f"https://c{n}.exemple.org")
        harvest(other, Ckan(*(package(1000 * (n + 1) + k) for k in range(3))))
    harvest(source, Ckan(*(package(n) for n in range(15))))
    Resource.objects.update(broken_since=timezone.now())
    assert spent(*pages) == few


# Links --------------------------------------------------------------------------------------------


class Web:
    """What links answer, by method; keeps what was asked."""

    def __init__(self, **answers):
        self.answers, self.asked = answers, []

    def _answer(self, method, url):
        self.asked.append((method, url))
        said = self.answers[url.rpartition("/")[2]][method]
        if isinstance(said, Exception):
            raise said
        return Answer(said, b"")

    def head(self, url):
        return self._answer("head", url)

    def get(self, url, *, headers, bytes_max, begin):
        assert (headers, bytes_max, begin) == ({"Range": "bytes=0-1023"}, 1024, True)
        return self._answer("get", url)

    def close(self):
        """Nothing is open."""


def linked(*names, host="https://a.exemple.org"):
    dataset = make_dataset()
    now = timezone.now()
    for name in names:
        Resource.objects.create(
            dataset=dataset, slug=name, name={"fr": name}, url=f"{host}/{name}", published_at=now
        )
    return dataset


def test_links_are_tried_politely_and_once_a_week(settings, monkeypatch, steward):
    settings.LINK_CHECKS = True
    linked("bon", "muet", "perdu", "sans-head", "presse", "interdit")
    web = Web(**{
        "bon": {"head": 200}, "muet": {"head": EgressFailed("no answer")},
        "perdu": {"head": 404, "get": 404}, "sans-head": {"head": 405, "get": 206},
        "presse": {"head": 429}, "interdit": {"head": EgressRefused("private")},
    })  # fmt: skip
    monkeypatch.setattr(links, "opened", lambda: web)
    clock = [100.0]
    watch = links.Watch(lambda: clock[0])
    watch()
    watch()
    assert len(web.asked) == 1  # one site: one request at a time
    for _n in range(8):
        clock[0] += links.HOST_SECONDS + 1
        assert watch() is False
    said = dict(Resource.objects.exclude(url="").values_list("slug", "check_status"))
    assert said == {
        "bon": 200, "muet": 0, "perdu": 404, "sans-head": 206, "presse": 429, "interdit": 0,
    }  # fmt: skip
    broken = Resource.objects.filter(broken_since__isnull=False)
    assert {row.slug for row in broken} == {"muet", "perdu", "interdit"}
    page = text_of(steward.get(f"{DESK}liens/"))
    assert "3 liens, du plus ancien" in page and "perdu" in page and "bon<" not in page

    asked = len(web.asked)
    clock[0] += links.LOOK_SECONDS
    watch()
    assert len(web.asked) == asked  # all tried, none is due
    Resource.objects.exclude(url="").update(checked_at=timezone.now() - timedelta(days=2))
    assert {link.url[-5:] for link in links.due()} == {"/muet", "perdu", "erdit"}  # the broken
    web.answers["perdu"] = {"head": 200}
    clock[0] += links.LOOK_SECONDS
    for _n in range(4):
        watch()
        clock[0] += links.HOST_SECONDS + 1
    assert Resource.objects.get(slug="perdu").broken_since is None
    settings.LINK_CHECKS = False
    Resource.objects.update(checked_at=None)
    clock[0] += links.LOOK_SECONDS
    asked = len(web.asked)
    watch()
    assert len(web.asked) == asked


def test_several_sites_are_asked_in_one_turn_and_drafts_never(settings, monkeypatch):
    settings.LINK_CHECKS = True
    dataset = linked("un")
    now = timezone.now()
    for slug, url, seen in (
        ("deux", "https://b.exemple.org/deux", now),
        ("ici", f"{settings.SITE_URL}/ici", now),
        ("cache", "https://c.exemple.org/cache", None),
    ):
        Resource.objects.create(
            dataset=dataset, slug=slug, name={"fr": slug}, url=url, published_at=seen
        )
    web = Web(un={"head": 200}, deux={"head": 200})
    monkeypatch.setattr(links, "opened", lambda: web)
    links.Watch()()
    assert len(web.asked) == 2
    dataset.node.state = State.DRAFT
    dataset.node.save()
    Resource.objects.update(checked_at=None)
    assert links.due() == []
