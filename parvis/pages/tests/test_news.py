"""News: written or linked, listed, fed; nothing of a release of others is copied."""

import json
import re
from datetime import date
from typing import Any
from xml.etree import ElementTree

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from parvis.core.access import SYSTEM
from parvis.core.errors import Forbidden, Invalid
from parvis.core.models import Link, State
from parvis.pages import newsroom
from parvis.pages.models import News
from parvis.pages.tests.pages_factories import both, make_external, make_image, make_news
from tests.factories import make_actor, make_consultation, make_organisation, make_person, make_site

pytestmark = pytest.mark.django_db
DATA = re.compile(r'<script type="application/ld\+json">(.*?)</script>', re.S)
QUOTE = {
    "quote": both("Chaque avis compte."), "quote_name": "Une ministre",
    "quote_office": both("Ministre"), "quote_url": "https://exemple.test/discours",
}  # fmt: skip


def page_of(client: Client, url: str) -> str:
    answer = client.get(url)
    assert answer.status_code == 200, url
    return answer.content.decode().replace("\u00a0", " ")


def test_the_list_is_the_newest_first_and_by_pages(client: Client) -> None:
    for n in range(12):
        make_news(f"n-{n}", title=f"Nouvelle {n}", dated_on=date(2026, 1, 1 + n))
    make_news("secrete", public=False, title="Secrète")
    first = page_of(client, "/fr/nouvelles/")
    found = re.findall(r"Nouvelle (\d+)</a>", first)
    assert found == [str(n) for n in range(11, 1, -1)]
    assert "Nouvelle 1<" in page_of(client, "/fr/nouvelles/?page=2")
    assert "Secrète" not in first
    assert "Nouvelle 11 (en)" in page_of(client, "/en/news/")


def test_an_empty_newsroom_says_so(client: Client) -> None:
    assert "Aucune nouvelle" in page_of(client, "/fr/nouvelles/")


def test_one_piece_of_news_says_everything(client: Client) -> None:
    consultation = make_consultation()
    image = make_image(credit="Parvis, CC BY 4.0")
    organisation = make_organisation("mcn", "Un ministère")
    make_news(consultations=[consultation.node], image=image, organisation=organisation,
              contacts=both("Presse : 418 555-0100"), **QUOTE)  # fmt: skip
    text = page_of(client, "/fr/nouvelles/annonce/")
    for words in ("Une annonce", "En bref.", "Le texte.", "1er mars 2026", "Un ministère",
                  "Chaque avis compte.", "Une ministre, Ministre", "https://exemple.test/discours",
                  "Le prochain plan", "418 555-0100", "CC BY 4.0",
                  'alt="Une carte du Québec"'):  # fmt: skip
        assert words in text, words
    assert "Une annonce" in page_of(client, "/fr/consultations/plan/")


def test_a_release_of_others_is_linked_and_not_copied(client: Client) -> None:
    make_external(lead=both("Pourquoi nous le signalons."))
    text = page_of(client, "/fr/nouvelles/communique/")
    assert 'href="https://exemple.test/communique"' in text and "Le ministère" in text
    assert "rien n’en est copié" in text
    english = page_of(client, "/en/news/communique/")
    assert 'hreflang="fr"' in english and "It is in French." in english
    for name in ("body", "contacts", "quote"):
        with pytest.raises(Invalid) as caught:
            make_external("autre", **{name: both("Copié.")})
        assert name in caught.value.errors


@pytest.mark.parametrize(
    ("fields", "wrong"),
    [
        ({"quote": both("Des mots.")}, "quote"),
        ({"external_url": "https://exemple.test/x"}, "external_url"),
        ({"quote": both("x"), "quote_name": "A", "quote_url": "javascript:alert(1)"}, "quote_url"),
        ({"form": "rumour"}, "form"),
        ({"language": "xx"}, "language"),
        ({"lead": both("x" * 301)}, "lead"),
        ({"node": None}, "node"),
    ],
)
def test_what_is_refused(fields: dict[str, Any], wrong: str) -> None:
    with pytest.raises(Invalid) as caught:
        make_news(public=False, **fields)
    assert wrong in caught.value.errors
    assert not News.objects.exists()


@pytest.mark.parametrize(
    "fields", [{"dated_on": None}, {"lead": {}}, {"body": {}}, {"body": {"fr": "Seul"}}]
)
def test_what_publication_waits_for(fields: dict[str, Any]) -> None:
    news = make_news(public=False, **fields)
    with pytest.raises(Invalid) as caught:
        newsroom.publish_news(actor=SYSTEM, news=news)
    assert set(caught.value.errors) == set(fields)
    with pytest.raises(Invalid):
        newsroom.publish_news(actor=SYSTEM, news=make_external("e", public=False, external_url=""))


def test_the_data_for_search_engines(client: Client) -> None:
    make_news(title='Une </script><script>alert("x")</script> annonce & co')
    text = client.get("/fr/nouvelles/annonce/").content.decode()
    assert "<script>alert" not in text
    (found,) = DATA.findall(text)
    data = json.loads(found)
    assert data["@type"] == "NewsArticle" and data["datePublished"] == "2026-03-01"
    assert data["headline"].startswith("Une </script>")
    assert data["mainEntityOfPage"].endswith("/fr/nouvelles/annonce/")
    assert 'property="og:image" content="http' in text and "/cartes/news/annonce.fr.png" in text
    make_external()
    (found,) = DATA.findall(client.get("/fr/nouvelles/communique/").content.decode())
    assert json.loads(found)["isBasedOn"] == "https://exemple.test/communique"


def test_the_feed(client: Client) -> None:
    make_news(title="Une <annonce> & plus", lead=both("Du <b>texte</b>"))
    make_news("secrete", public=False)
    for url, words in (("/fr/nouvelles/nouvelles.atom", "Une <annonce> & plus"),
                       ("/en/news/news.atom", "Une <annonce> & plus (en)")):  # fmt: skip
        answer = client.get(url)
        assert answer["Content-Type"].startswith("application/atom+xml")
        assert "public" in answer["Cache-Control"]
        root = ElementTree.fromstring(answer.content)
        space = {"a": "http://www.w3.org/2005/Atom"}
        assert [one.text for one in root.findall("a:entry/a:title", space)] == [words]


def test_the_desk_from_a_draft_to_its_withdrawal(client: Client) -> None:
    make_site()
    consultation = make_consultation()
    client.force_login(make_person("operator"))
    form = client.get("/fr/bureau/nouvelles/nouvelle/").content.decode()
    assert "Le prochain plan" in form
    data = {
        "form": "own", "title_fr": "Bonne nouvelle", "title_en": "Good news", "lead_fr": "Bref",
        "lead_en": "Short", "body_fr": "Texte", "body_en": "Text", "dated_on": "2026-02-06",
        "language": "fr", "consultations": str(consultation.pk), "key": "k",
    }  # fmt: skip
    answer = client.post("/fr/bureau/nouvelles/nouvelle/", data)
    at = "/fr/bureau/nouvelles/bonne-nouvelle/"
    assert answer["Location"] == at
    assert Client().get("/fr/nouvelles/bonne-nouvelle/").status_code == 404
    assert "Bonne nouvelle" in page_of(client, f"{at}apercu/")
    client.post(f"{at}publier/")
    assert "Bonne nouvelle" in page_of(Client(), "/fr/nouvelles/bonne-nouvelle/")
    assert Link.objects.get(relation="informs").target_id == consultation.pk

    changed = {**data, "lead_fr": "Autre bref", "consultations": [], "note_fr": "Une faute"}
    assert client.post(at, changed).status_code == 303
    assert not Link.objects.filter(relation="informs").exists()
    history = page_of(Client(), "/fr/nouvelles/bonne-nouvelle/historique/")
    assert "Une faute" in history and "<ins>Autre bref</ins>" in history
    bad = {**changed, "external_url": "https://exemple.test/", "lead_fr": ""}
    assert client.post(at, bad).status_code == 422
    stale = {**changed, "seen": "2020-01-01T00:00:00+00:00"}
    assert client.post(at, stale).status_code == 422

    client.post(f"{at}retirer/")
    assert News.objects.get().node.state == State.DRAFT
    assert Client().get("/fr/nouvelles/bonne-nouvelle/").status_code == 410
    with pytest.raises(Forbidden):
        newsroom.publish_news(actor=make_actor("adviser"), news=News.objects.get())


def test_lists_cost_the_same_for_many(client: Client) -> None:
    image = make_image()
    counts: list[list[int]] = []
    for size in (2, 9):
        for n in range(News.objects.count(), size):
            make_news(f"n-{n}", image=image)
        seen = []
        for url in ("/fr/nouvelles/", "/fr/nouvelles/nouvelles.atom", "/sitemap-news.xml"):
            with CaptureQueriesContext(connection) as caught:
                assert client.get(url).status_code == 200
            seen.append(len(caught))
        counts.append(seen)
    assert counts[0] == counts[1]
    assert max(counts[1]) <= 6
