"""The page of results, its feed and its API, and the desk page of equivalent words."""

import json
import xml.etree.ElementTree as ET

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from parvis.catalogue.finding import words
from parvis.catalogue.finding.conditions import forms
from parvis.catalogue.models import Dataset
from parvis.core import search
from parvis.core.access import SYSTEM
from parvis.core.models import Node, Role, State
from parvis.core.synonyms import services
from tests.factories import make_organisation, make_person

ATOM = "{http://www.w3.org/2005/Atom}"


def _dataset(owner, slug: str, title: str, notes: str = "", state: str = State.PUBLIC) -> Dataset:
    node = Node.objects.create(
        kind="dataset", slug=slug, title={"fr": title}, state=state, published_at=timezone.now()
    )
    return Dataset.objects.create(node=node, organisation=owner, notes={"fr": notes})


@pytest.fixture
def owner(db):
    owner = make_organisation()
    made = [
        _dataset(owner, "c-0", "Forêt 0", "Planter <script> des arbres au bord de l’eau"),
        _dataset(owner, "c-1", "Forêt 1"),
        _dataset(owner, "c-2", "Forêt 2"),
        *(_dataset(owner, f"x-{n}", "Forêt cachée", state=state)
          for n, state in enumerate([State.HIDDEN, State.DRAFT, State.PRIVATE])),
    ]  # fmt: skip
    search.index([row.pk for row in made])
    return owner


def test_results_say_why_and_mark_the_words(client, owner) -> None:
    html = client.get("/fr/recherche/", {"q": "forets"}).content.decode()
    assert html.count("<mark>Forêt</mark>") == 3 and "cachée" not in html
    assert "Dans le titre" in html and "3 résultats" in html
    html = client.get("/fr/recherche/", {"q": "d'eau planter"}).content.decode()
    assert "<mark>Planter</mark> &lt;script&gt; des arbres" in html and "<mark>eau</mark>" in html
    assert "Dans le texte" in html
    slug = owner.node.slug
    page = client.get("/fr/recherche/", {"q": "forêt", "organisation": slug, "sort": "title"})
    html = page.content.decode()
    assert page.context["page"].count == 3 and f'value="{slug}" checked' in html
    assert page.headers["Cache-Control"].startswith("public") and "csrf" not in html
    out = client.get("/fr/recherche/", {"q": "forêt", "-kind": "dataset"})
    assert out.context["page"].count == 0 and "Retirer" in out.content.decode()
    assert "Rien ne correspond" in out.content.decode()
    assert client.get("/fr/recherche/", {"q": "forêt", "organisation": "non"}).status_code == 200
    last = client.get("/fr/recherche/", {"q": "forêt", "page": "99"})
    assert len(last.context["page"].rows) == 3


@pytest.mark.parametrize("address", ["/fr/recherche/", "/fr/recherche/fil.atom", "/api/v1/search"])
def test_hostile_addresses_are_answered(client, owner, address: str) -> None:
    for query in (
        "q=%00", "q=%22", "q=-%22-", "q=%ff%fe", "q=" + "a" * 3000, "q=for%C3%AAt&kind=%00&page=-1",
        "q=for%C3%AAt&organisation=%00&-organisation=%F0%9F%8C%B2&year=x&sort=%27", "q=%ED%A0%80",
        "q=for%C3%AAt&organisation=" + "&organisation=".join(map(str, range(60))), "kind=plan",
        "q=%EF%BF%BE&year=2024",
    ):  # fmt: skip
        answer = client.get(f"{address}?{query}")
        assert answer.status_code == 200, query
        if address.endswith("atom"):
            ET.fromstring(answer.content)


def test_the_cost_of_a_page_does_not_grow(client, owner) -> None:
    client.get("/fr/recherche/", {"q": "forêt"})
    more = [_dataset(owner, f"d-{n}", f"Forêt {n}") for n in range(12)]
    with CaptureQueriesContext(connection) as few:
        client.get("/fr/recherche/", {"q": "forêt", "organisation": "sct"})
    search.index([row.pk for row in more])
    with CaptureQueriesContext(connection) as many:
        page = client.get("/fr/recherche/", {"q": "forêt", "organisation": "sct"})
    assert page.context["page"].count == 15
    assert len(many) == len(few) <= 12


def test_programs_search_too(client, owner) -> None:
    found = client.get("/api/v1/search", {"q": "forêt", "limit": 2, "-year": "1999"}).json()
    year = str(timezone.localtime().year)
    assert found["count"] == 3 and len(found["results"]) == 2
    assert found["facets"]["kind"] == {"dataset": 3} and found["facets"]["year"][year] == 3
    assert found["results"][0]["name"].startswith("Forêt") and "cache" not in json.dumps(found)
    assert client.get("/api/v1/search", {"q": "a", "limit": 1000}).status_code in {400, 422}
    feed = ET.fromstring(client.get("/fr/recherche/fil.atom", {"q": "forêt"}).content)
    assert len(feed.findall(f"{ATOM}entry")) == 3
    described = client.get("/opensearch.fr.xml")
    assert b"/fr/recherche/?q={searchTerms}" in described.content
    assert client.get("/opensearch.de.xml").status_code == 404


def test_equivalent_words_at_the_desk(client, owner) -> None:
    address = reverse("desk_synonyms")
    assert client.get(address).status_code in {302, 303, 403}
    person = make_person("coordinator")
    client.force_login(person)
    refused = client.post(address, {"fr": "seul", "en": ""})
    assert refused.status_code == 422 and "deux mots, séparés" in refused.content.decode()
    assert client.get("/fr/recherche/", {"q": "boisé"}).context["page"].count == 0
    assert client.post(address, {"fr": "forêt, boisé", "en": ""}).status_code == 303
    assert client.get("/fr/recherche/", {"q": "boisé"}).context["page"].count == 3
    assert "forêt, boisé" in client.get(address).content.decode()
    other = make_organisation(slug="ailleurs")
    Role.objects.filter(person=person).update(scope=other.node)
    assert client.post(address, {"fr": "", "en": ""}).status_code == 403


def test_the_catalogue_takes_the_same_equivalents(owner) -> None:
    assert words.read("bois") == words.read('"bois"')
    services.save(actor=SYSTEM, texts={"fr": "forêt, bois"})
    assert words.answers(words.read("bois"), forms("forêts"))
    assert not words.answers(words.read('"bois"'), forms("forêts"))
    assert words.answers(words.read("forêt -bois"), forms("forêt"))
