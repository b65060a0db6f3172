"""Announcements by the clock, and the blocks of the home page."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from parvis.core import search
from parvis.core.access import SYSTEM
from parvis.core.cache import PageCache
from parvis.core.errors import Forbidden, Invalid
from parvis.pages import banners, blocks, standing
from parvis.pages.models import Banner, Block
from parvis.pages.tests.pages_factories import both, make_banner, make_block
from tests.factories import make_actor, make_consultation, make_person, make_site

pytestmark = pytest.mark.django_db
WORDS = "Le site sera fermé ce soir."


def test_an_announcement_is_on_every_page_between_two_moments(client: Client) -> None:
    make_banner(level="warning", url="/fr/accessibilite/")
    make_banner((1, 2), text=both("Demain."))
    make_banner((-2, -1), text=both("Hier."))
    for url in ("/fr/", "/fr/engagements/", "/fr/nulle-part/"):
        text = client.get(url).content.decode()
        assert WORDS in text and 'data-level="warning"' in text, url
        assert "Demain." not in text and "Hier." not in text
    assert f"{WORDS} (en)" in client.get("/en/").content.decode()


def test_a_kept_page_ends_when_an_announcement_appears_or_goes(client: Client) -> None:
    make_site()
    assert client.get("/fr/accessibilite/")["X-Cache-Seconds"] == "60"
    row = make_banner((20 / 3600, 1))
    seconds = int(client.get("/fr/accessibilite/")["X-Cache-Seconds"])
    assert 17 <= seconds <= 20
    banners.save_banner(
        actor=SYSTEM, banner=row,
        fields={"starts": timezone.now() - timedelta(hours=1),
                "ends": timezone.now() + timedelta(seconds=10)},
    )  # fmt: skip
    assert int(client.get("/fr/accessibilite/")["X-Cache-Seconds"]) <= 10


def test_the_page_cache_keeps_nothing_beyond_the_boundary() -> None:
    """What ends within a second is not kept at all."""
    made = []

    def application(environ: dict[str, Any], start: Any) -> list[bytes]:
        made.append(1)
        start("200 OK", [("Content-Type", "text/html"), ("Cache-Control", "public"),
                         ("X-Cache-Seconds", "0")])  # fmt: skip
        return [b"x"]

    kept = PageCache(application, 60)
    for _n in range(2):
        kept({"REQUEST_METHOD": "GET", "PATH_INFO": "/fr/"}, lambda *a: None)
    assert len(made) == 2


def test_announcements_cost_no_query_but_after_a_change(client: Client) -> None:
    make_banner()
    client.get("/fr/accessibilite/")
    with CaptureQueriesContext(connection) as caught:
        assert standing.announcements(timezone.now())
        assert standing.seconds_to_boundary(timezone.now())
    assert not caught.captured_queries


@pytest.mark.parametrize(
    ("fields", "wrong"),
    [
        ({"text": {"fr": "Seulement"}}, "text"), ({"text": {}}, "text"),
        ({"text": both("x" * 301)}, "text"), ({"level": "panic"}, "level"),
        ({"url": "javascript:alert(1)"}, "url"), ({"url": "//ailleurs.test"}, "url"),
        ({"url": "pas une adresse"}, "url"),
    ],
)  # fmt: skip
def test_announcements_that_are_refused(fields: dict[str, Any], wrong: str) -> None:
    with pytest.raises(Invalid) as caught:
        make_banner(**fields)
    assert wrong in caught.value.errors and not Banner.objects.exists()


def test_no_end_before_its_start_and_no_fourth_at_once() -> None:
    with pytest.raises(Invalid):
        make_banner((1, -1))
    for _n in range(3):
        make_banner()
    with pytest.raises(Invalid):
        make_banner()
    make_banner((2, 3))


def test_the_desk_of_announcements(client: Client) -> None:
    make_site()
    client.force_login(make_person("coordinator"))
    assert client.get("/fr/bureau/annonces/nouvelle/").status_code == 200
    today = timezone.localdate()
    data = {
        "text_fr": "Panne", "text_en": "Outage", "level": "warning", "url": "",
        "starts_day": today - timedelta(days=1), "starts_time": "08:00",
        "ends_day": today + timedelta(days=1), "ends_time": "17:30", "key": "k",
    }  # fmt: skip
    for _n in range(2):
        assert client.post("/fr/bureau/annonces/nouvelle/", data).status_code == 303
    row = Banner.objects.get()
    assert timezone.localtime(row.ends).strftime("%H:%M") == "17:30"
    assert "Panne" in Client().get("/fr/").content.decode()
    assert 'value="17:30"' in client.get(f"/fr/bureau/annonces/{row.pk}/").content.decode()
    bad = {**data, "ends_day": today - timedelta(days=3)}
    assert client.post(f"/fr/bureau/annonces/{row.pk}/", bad).status_code == 422
    assert "Affichée maintenant" in client.get("/fr/bureau/annonces/").content.decode()
    client.post(f"/fr/bureau/annonces/{row.pk}/supprimer/")
    assert "Panne" not in Client().get("/fr/").content.decode()
    with pytest.raises(Forbidden):
        make_actor("adviser") and banners.save_banner(actor=make_actor("analyst"), fields={})


def test_blocks_stand_on_the_home_page_in_their_order(client: Client) -> None:
    consultation = make_consultation()
    make_block(title=both("Premier"))
    make_block("links", title=both("Deuxième"))
    make_block("featured", title=both("Troisième"), node=consultation.node)
    text = client.get("/fr/").content.decode()
    assert text.index("Premier") < text.index("Deuxième") < text.index("Troisième")
    assert '<a href="/fr/donnees/">Les données</a>' in text
    assert '<a href="/en/data/">The data</a>' in client.get("/en/").content.decode()
    row = Block.objects.get(kind="featured")
    blocks.move_block(actor=SYSTEM, block=row, up=True)
    blocks.move_block(actor=SYSTEM, block=row, up=True)
    blocks.move_block(actor=SYSTEM, block=row, up=True)
    text = client.get("/fr/").content.decode()
    assert text.index("Troisième") < text.index("Premier")
    consultation.node.state = "hidden"
    consultation.node.save()
    assert "Troisième" not in client.get("/fr/").content.decode()
    assert [b.position for b in Block.objects.all()] == [0, 1, 2]


@pytest.mark.parametrize(
    ("kind", "fields", "wrong"),
    [
        ("text", {"body": {}}, "body"), ("text", {"title": {}}, "title"),
        ("text", {"body": {"fr": "Seul"}}, "body"),
        ("links", {"links": both("sans barre")}, "links"),
        ("links", {"links": both("x | javascript:alert(1)")}, "links"),
        ("links", {"links": {"fr": "a | /a/\nb | /b/", "en": "a | /a/"}}, "links"),
        ("featured", {"node": None}, "node"), ("video", {}, "kind"),
    ],
)  # fmt: skip
def test_blocks_that_are_refused(kind: str, fields: dict[str, Any], wrong: str) -> None:
    with pytest.raises(Invalid) as caught:
        make_block(kind, **fields)
    assert wrong in caught.value.errors and not Block.objects.exists()


def test_twelve_blocks_at_most() -> None:
    for n in range(12):
        make_block(title=both(f"Bloc {n}"))
    with pytest.raises(Invalid):
        make_block()


def test_the_desk_of_the_home_page(client: Client) -> None:
    consultation = make_consultation()
    search.index([consultation.pk])
    client.force_login(make_person("coordinator"))
    new = "/fr/bureau/accueil/nouveau/featured/"
    assert "Cherchez d’abord" in client.get(new).content.decode()
    page = client.get(f"{new}?q=prochain").content.decode()
    assert str(consultation.pk) in page
    data = {"title_fr": "À la une", "title_en": "Featured", "node": str(consultation.pk)}
    assert client.post(new, {**data, "key": "k"}).status_code == 303
    assert client.post(new, {**data, "node": "pas-un-id", "key": "l"}).status_code == 422
    text = {"title_fr": "Mots", "title_en": "Words", "body_fr": "Un", "body_en": "One"}
    client.post("/fr/bureau/accueil/nouveau/text/", {**text, "key": "m"})
    first, second = Block.objects.all()
    client.post(f"/fr/bureau/accueil/{second.pk}/up/")
    assert [b.pk for b in Block.objects.all()] == [second.pk, first.pk]
    assert client.post(f"/fr/bureau/accueil/{second.pk}/sideways/").status_code == 404
    assert client.get("/fr/bureau/accueil/nouveau/video/").status_code == 404
    assert client.get(f"/fr/bureau/accueil/{first.pk}/").status_code == 200
    client.post(f"/fr/bureau/accueil/{first.pk}/bloc/supprimer/")
    assert [b.position for b in Block.objects.all()] == [0]
    assert client.get("/fr/bureau/accueil/").status_code == 200


def test_the_home_page_costs_the_same_for_many_blocks(client: Client) -> None:
    counts = []
    for size in (2, 9):
        for n in range(Block.objects.count(), size):
            make_block(title=both(f"Bloc {n}"))
        with CaptureQueriesContext(connection) as caught:
            client.get("/fr/")
        counts.append(len(caught))
    assert counts[0] == counts[1]
