"""What others than people read: the map of the site, robots, cards and data of shared links."""

import io
import json
import re
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from django.conf import settings as django_settings
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from PIL import Image

from parvis.catalogue.tests.catalogue_factories import make_dataset
from parvis.core.models import Node
from parvis.pages.tests.pages_factories import both, make_news, make_page
from parvis.plan.tests.plan_factories import make_commitment, make_plan
from parvis.site import cards
from tests.factories import make_consultation, make_site

pytestmark = pytest.mark.django_db
SPACE = {
    "s": "http://www.sitemaps.org/schemas/sitemap/0.9", "x": "http://www.w3.org/1999/xhtml"
}  # fmt: skip
DATA = re.compile(r'<script type="application/ld\+json">(.*?)</script>', re.S)


@pytest.fixture(autouse=True)
def _home(settings: Any, tmp_path: Path) -> None:
    settings.HOME = tmp_path


def locations(client: Client, url: str) -> list[str]:
    answer = client.get(url)
    assert answer.status_code == 200 and answer["Content-Type"] == "application/xml"
    assert "public" in answer["Cache-Control"]
    root = ElementTree.fromstring(answer.content)
    return [str(one.text) for one in root.iter(f"{{{SPACE['s']}}}loc")]


def test_the_map_holds_every_public_page_in_both_languages_and_no_other(client: Client) -> None:
    make_site()
    make_consultation()
    make_consultation(slug="secrete", opened=False)
    make_news()
    make_news("nouvelle-secrete", public=False)
    make_page()
    make_commitment(make_plan(), "1")
    make_dataset()
    site = django_settings.SITE_URL
    files = locations(client, "/sitemap.xml")
    assert f"{site}/sitemap-news.xml" in files and f"{site}/sitemap-pages-fixes.xml" in files
    assert f"{site}/sitemap-strategy.xml" not in files
    found: list[str] = []
    for address in files:
        found += locations(client, address.removeprefix(site))
    for path in ("/fr/", "/en/", "/fr/consultations/plan/", "/en/consultations/plan/",
                 "/fr/nouvelles/annonce/", "/en/news/annonce/", "/fr/pages/a-propos/",
                 "/fr/donnees/villes/", "/en/data/villes/"):  # fmt: skip
        assert site + path in found, path
    assert not [one for one in found if "secrete" in one]
    assert len(found) == len(set(found))
    for address in found:
        assert client.get(address.removeprefix(site)).status_code == 200, address


def test_each_entry_names_the_other_language_and_its_last_change(client: Client) -> None:
    make_news()
    root = ElementTree.fromstring(client.get("/sitemap-news.xml").content)
    for entry in root.findall("s:url", SPACE):
        links = {one.get("hreflang"): one.get("href") for one in entry.findall("x:link", SPACE)}
        assert set(links) == {"fr", "en"}
        assert entry.findtext("s:loc", "", SPACE) in links.values()
        assert entry.findtext("s:lastmod", "", SPACE).startswith("20")


def test_a_kind_with_many_things_has_several_files(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("parvis.site.sitemaps.ROWS_MAX", 2)
    for n in range(5):
        make_page(f"page-{n}")
    files = [one for one in locations(client, "/sitemap.xml") if "sitemap-page." in one
             or "sitemap-page-" in one]  # fmt: skip
    assert len(files) == 3
    found = [loc for name in files for loc in
             locations(client, name.removeprefix(django_settings.SITE_URL))]  # fmt: skip
    assert len(found) == 10


@pytest.mark.parametrize(
    "name", ["nothing", "contribution", "news-9", "news-x", "news-0", "news-99999999"]
)
def test_files_that_do_not_exist(client: Client, name: str) -> None:
    make_news()
    assert client.get(f"/sitemap-{name}.xml").status_code == 404


def test_robots_name_the_map(client: Client) -> None:
    text = client.get("/robots.txt").content.decode()
    assert f"Sitemap: {django_settings.SITE_URL}/sitemap.xml" in text
    assert "Disallow: /fr/suivi/" in text and "Disallow: /en/desk/" in text


def things() -> dict[str, Node]:
    return {
        "news": make_news().node,
        "consultation": make_consultation().node,
        "commitment": make_commitment(make_plan(), "1").node,
        "dataset": make_dataset().node,
    }


def test_each_kind_has_its_card_in_each_language(client: Client) -> None:
    for kind, node in things().items():
        seen = set()
        for language in ("fr", "en"):
            answer = client.get(f"/cartes/{kind}/{node.slug}.{language}.png")
            assert answer.status_code == 200 and answer["Content-Type"] == "image/png"
            content = b"".join(answer.streaming_content)
            with Image.open(io.BytesIO(content)) as image:
                assert image.size == (1200, 630)
            assert "max-age" in answer["Cache-Control"] and len(content) < 200_000
            seen.add(content)
        assert len(seen) == 2, kind


def test_a_card_is_drawn_once_and_again_when_the_title_changes(
    client: Client, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    node = make_news().node
    drawn = []
    draw = cards.draw
    monkeypatch.setattr(cards, "draw", lambda card: (drawn.append(card), draw(card))[1])
    url = "/cartes/news/annonce.fr.png"
    first = client.get(url)
    assert client.get(url)["ETag"] == first["ETag"] and len(drawn) == 1
    assert client.get(url, headers={"If-None-Match": first["ETag"]}).status_code == 304
    node.title = both("Un autre titre")
    node.save()
    assert client.get(url)["ETag"] != first["ETag"] and len(drawn) == 2
    assert len(list(Path(settings.HOME).glob("cards/news/*.png"))) == 1


def test_no_words_of_a_title_are_run(client: Client) -> None:
    make_news(title='#read("/etc/passwd") $ * _ \\ ] #panic()' + "é" * 150)
    assert client.get("/cartes/news/annonce.fr.png").status_code == 200


@pytest.mark.parametrize(
    "path", ["news/annonce.de.png", "news/rien.fr.png", "page/a-propos.fr.png",
             "news/secrete.fr.png", "news/annonce.fr.gif", "../x.fr.png"],
)  # fmt: skip
def test_cards_that_do_not_exist(client: Client, path: str) -> None:
    make_news()
    make_page()
    make_news("secrete", public=False)
    assert client.get(f"/cartes/{path}").status_code == 404


def test_pages_say_what_they_are(client: Client) -> None:
    made = things()
    for kind, url, name in (
        ("consultation", "/fr/consultations/plan/", "Event"),
        ("dataset", "/fr/donnees/villes/", "Dataset"),
        ("news", "/fr/nouvelles/annonce/", "NewsArticle"),
    ):
        text = client.get(url).content.decode()
        (found,) = DATA.findall(text)
        data = json.loads(found)
        assert data["@type"] == name and data["@context"] == "https://schema.org"
        assert f"/cartes/{kind}/{made[kind].slug}.fr.png" in text
    event = json.loads(DATA.findall(client.get("/fr/consultations/plan/").content.decode())[0])
    assert event["startDate"] < event["endDate"] and event["location"]["@type"] == "VirtualLocation"
    assert "og:image" in client.get(f"/fr/engagements/{made['commitment'].slug}/").content.decode()
    home = json.loads(DATA.findall(client.get("/fr/").content.decode())[0])
    assert home["publisher"]["@type"] == "GovernmentOrganization"
    assert home["potentialAction"]["target"].endswith("/fr/recherche/?q={words}")


def test_a_draft_says_nothing_to_those_who_share(client: Client) -> None:
    from tests.factories import make_person

    make_consultation(slug="secrete", opened=False)
    client.force_login(make_person("adviser"))
    text = client.get("/fr/consultations/secrete/").content.decode()
    assert "ld+json" not in text and "og:image" not in text


def test_the_map_costs_the_same_for_many(client: Client) -> None:
    counts = []
    for size in (2, 9):
        for n in range(Node.objects.filter(kind="page").count(), size):
            make_page(f"page-{n}")
        with CaptureQueriesContext(connection) as caught:
            client.get("/sitemap-page.xml")
            client.get("/sitemap.xml")
        counts.append(len(caught))
    assert counts[0] == counts[1] <= 3
