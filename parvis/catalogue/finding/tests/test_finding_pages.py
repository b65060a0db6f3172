"""The catalogue's page: facets, what is left out, places, late ones; the same results as files."""

import csv
import html
import io
import json
import re
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from defusedxml import ElementTree
from django.core.cache import cache
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from parvis.catalogue.finding import index, snapshot
from parvis.catalogue.models import Dataset, Document, Resource
from parvis.core.models import Node, Organisation, State
from tests.factories import make_site

pytestmark = pytest.mark.django_db
QUEBEC = [-71.5, 46.7, -71.1, 46.9]
GASPE = [-66.0, 48.0, -64.0, 49.3]


def organisation(slug):
    found = Organisation.objects.filter(node__slug=slug).first()
    if found:
        return found
    node = Node.objects.create(
        kind="organisation", slug=slug, title={"fr": f"Organisme {slug}"}, state=State.PUBLIC
    )
    return Organisation.objects.create(node=node)


def dataset(slug, title, *, state=State.PUBLIC, owner="a", days=1, file="CSV", **fields):
    node = Node.objects.create(
        kind="dataset", slug=slug, title={"fr": title}, state=state, published_at=timezone.now()
    )
    row = Dataset.objects.create(
        node=node, organisation=organisation(owner), notes={"fr": "Des chiffres."},
        modified_at=timezone.now() - timedelta(days=days), languages=["fr"],
        **{"tags": [{"fr": "Eau", "en": "Water"}], "frequency": "irregular", **fields},
    )  # fmt: skip
    Resource.objects.create(
        dataset=row, slug="f", name={"fr": "Fichier"}, format=file, published_at=timezone.now(),
        url="https://exemple.test/f",
    )  # fmt: skip
    index.mark([row.pk])
    return row


@pytest.fixture(params=["marked", "merged"])
def some(request):
    make_site()
    dataset("eau", "Eau potable", spatial="Québec", box=QUEBEC, categories=["sante"])
    dataset("ecoles", "Écoles", owner="b", spatial="Gaspé", box=GASPE, file="PDF", days=20,
            tags=[{"fr": "École", "en": "School"}], licence="CC0-1.0")  # fmt: skip
    dataset("zones", "Zones", days=400, frequency="annual", spatial="Québec", box=QUEBEC)
    dataset("formule", "=1+1", days=3, frequency="daily", tags=[])
    dataset("secret", "Secret", state=State.PRIVATE, owner="cachee", tags=[{"fr": "Secrète"}],
            spatial="Cachette", box=[0, 0, 1, 1])  # fmt: skip
    dataset("brouillon", "Brouillon", state=State.DRAFT, tags=[{"fr": "Secrète"}])
    if request.param == "merged":
        index.merge()


def get(client, query="", name="datasets"):
    response = client.get(reverse(name) + query)
    assert response.status_code == 200
    return response


def slugs(client, query=""):
    return [row.node.slug for row in get(client, query).context["rows"]]


def facet(client, name, query=""):
    found = next(f for f in get(client, query).context["facets"] if f.name == name)
    return {v.value: v.count for v in found.values}


FILTERS = (
    ("?sort=title", ["formule", "eau", "ecoles", "zones"]),
    ("?organisation=b", ["ecoles"]),
    ("?organisation=a&organisation=b&sort=title", ["formule", "eau", "ecoles", "zones"]),
    ("?-organisation=b&sort=title", ["formule", "eau", "zones"]),
    ("?-organisation=a&-tag=%C3%89cole", []),
    ("?category=sante", ["eau"]),
    ("?tag=Eau&sort=title", ["eau", "zones"]),
    ("?tag=Eau&-place=Qu%C3%A9bec", []),
    ("?format=pdf", ["ecoles"]),
    ("?-format=csv", ["ecoles"]),
    ("?licence=CC0-1.0", ["ecoles"]),
    ("?frequency=annual", ["zones"]),
    ("?place=Gasp%C3%A9", ["ecoles"]),
    ("?updated=week&sort=title", ["formule", "eau"]),
    ("?-updated=year", ["zones"]),
    ("?late=yes&sort=title", ["formule", "zones"]),
    ("?-late=yes&sort=title", ["eau", "ecoles"]),
    ("?near=Gasp%C3%A9", ["ecoles"]),
    ("?near=Nulle+part&sort=title", ["formule", "eau", "ecoles", "zones"]),
    ("?west=-72&south=46&east=-71,2&north=47&sort=title", ["eau", "zones"]),
    ("?west=-72&sort=title", ["formule", "eau", "ecoles", "zones"]),
    ("?q=l%27eau", ["eau", "zones"]),
    ("?q=eaux+potables", ["eau"]),
    ("?q=ecole", ["ecoles"]),
    ("?q=e%CC%81coles", ["ecoles"]),
    ("?q=eau+-potable&sort=title", ["zones"]),
    ("?q=l%27", []),
    ("?q=secret", []),
    ("?tag=Secr%C3%A8te", []),
    ("?organisation=cachee", []),
    ("?updated=siecle&late=non", []),
)


def test_every_filter_is_in_the_address(client, some):
    for query, expected in FILTERS:
        assert slugs(client, query) == expected, query


def test_what_is_private_is_in_no_list_count_facet_place_or_file(client, some):
    for name in ("datasets", "datasets_feed", "datasets_csv", "datasets_json"):
        response = client.get(reverse(name))
        content = b"".join(response) if response.streaming else response.content
        text = content.decode().lower()
        assert not re.search("secr|cachee|cachette|brouillon", text), name
    assert get(client).context["page"].count == 4


def test_facets_count_with_the_others_and_their_links_do_what_they_say(client, some):
    assert facet(client, "organisation") == {"a": 3, "b": 1}
    assert facet(client, "organisation", "?place=Gasp%C3%A9") == {"b": 1}
    assert facet(client, "organisation", "?organisation=b") == {"b": 1, "a": 3}
    assert facet(client, "late") == {"yes": 2}
    assert facet(client, "updated") == {"week": 2, "month": 3, "year": 3}
    page = get(client, "?q=eau&organisation=a&sort=title")
    for one in next(f for f in page.context["facets"] if f.name == "place").values:
        kept = parse_qs(urlsplit(one.without).query)
        assert kept == {
            "q": ["eau"], "sort": ["title"], "organisation": ["a"], "-place": [one.value],
        }  # fmt: skip
        left = get(client, one.without)
        assert left.context["page"].count == page.context["page"].count - one.count
        text = html.unescape(left.content.decode()).replace("\u00a0", " ")
        assert f"Territoire : sauf {one.value}" in text and "Ne plus exclure" in text
        assert f'<input type="hidden" name="-place" value="{one.value}">' in text
        back = next(o for o in left.context["applied"] if o["off"])["removed"]
        assert slugs(client, back) == [row.node.slug for row in page.context["rows"]]


def test_an_organisation_by_its_id_is_still_understood(client, some):
    assert slugs(client, f"?organisation={organisation('b').pk}") == ["ecoles"]


def test_late_ones_are_marked_and_problems_said(client, some):
    text = get(client, "?late=yes").content.decode()
    assert text.count("Mise à jour en retard") == 2
    text = get(client, "?west=a&south=1&east=2&north=3").content.decode()
    assert 'role="alert"' in text and "quatre côtés" in text
    empty = get(client, "?q=zzz").content.decode()
    assert "Rien ne correspond" in empty and "Voir toutes les données" in empty


def test_tags_are_said_in_the_readers_language(client, some):
    response = client.get("/en/data/")
    tags = next(f for f in response.context["facets"] if f.name == "tag").values
    assert {v.value: v.words for v in tags} == {"Eau": "Water", "École": "School"}


def test_the_same_results_as_csv_json_and_feed(client, some):
    query = "?-organisation=b&sort=title"
    page = get(client, query)
    text = page.content.decode()
    for name in ("datasets_csv", "datasets_json", "datasets_feed"):
        link = next(
            html.unescape(one) for one in re.findall(r'href="([^"]+)"', text)
            if one.startswith(reverse(name))
        )  # fmt: skip
        assert parse_qs(urlsplit(link).query)["-organisation"] == ["b"]
    response = get(client, query, "datasets_csv")
    assert response.streaming and "attachment" in response["Content-Disposition"]
    content = b"".join(response).decode()
    assert content.startswith("\ufefftitle,name,organisation,licence,frequency,formats,modified,")
    rows = list(csv.DictReader(io.StringIO(content.removeprefix("\ufeff"))))
    assert [row["name"] for row in rows] == ["formule", "eau", "zones"]
    assert rows[0]["title"] == "'=1+1" and rows[1]["title"] == "Eau potable"
    assert rows[1]["address"].endswith("/fr/donnees/eau/") and rows[1]["formats"] == "CSV"
    found = json.loads(get(client, query + "&rows=1&start=1", "datasets_json").content)
    assert found["count"] == 3 and [row["name"] for row in found["results"]] == ["eau"]
    feed = ElementTree.fromstring(get(client, query, "datasets_feed").content)
    entries = feed.findall("{http://www.w3.org/2005/Atom}entry")
    links = {one.find("{http://www.w3.org/2005/Atom}link").get("href") for one in entries}
    assert len(entries) == 3 and any(link.endswith("/donnees/eau/") for link in links)


def test_documents_are_found_the_same_way(client):
    make_site()
    for n, (slug, kind) in enumerate([("bilan", "report"), ("loi", "law"), ("etude", "study")]):
        node = Node.objects.create(
            kind="document", slug=slug, title={"fr": slug}, state=State.PUBLIC,
            published_at=timezone.now(),
        )  # fmt: skip
        row = Document.objects.create(
            node=node, doc_kind=kind, organisation=organisation("a"), body={"fr": "Le texte."},
            date=[timezone.now().date() - timedelta(days=n), None][n == 2],
        )  # fmt: skip
        index.mark([row.pk])
    response = get(client, name="documents")
    assert [row.node.slug for row in response.context["rows"]] == ["bilan", "loi", "etude"]
    response = get(client, "?-kind=law&sort=title", "documents")
    assert [row.node.slug for row in response.context["rows"]] == ["bilan", "etude"]
    lines = b"".join(get(client, "?kind=law", "documents_csv")).decode().splitlines()
    assert len(lines) == 2 and lines[1].startswith("loi,loi,Organisme a,law,")
    assert json.loads(get(client, "?q=texte", "documents_json").content)["count"] == 3


def test_a_page_and_a_file_cost_the_same_at_two_sizes(client):
    make_site()
    query = "?q=eau&organisation=a&-tag=Autre&near=Qu%C3%A9bec&updated=year"

    def cost():
        index.merge()
        found = []
        for name in ("datasets", "datasets_csv", "datasets_json", "datasets_feed"):
            cache.clear()
            with CaptureQueriesContext(connection) as captured:
                response = get(client, query, name)
                b"".join(response) if response.streaming else response.content
            found.append(len(captured))
        return found

    for n in range(3):
        dataset(f"eau-{n}", "Eau", spatial="Québec", box=QUEBEC)
    cost()
    dataset("eau-3", "Eau", spatial="Québec", box=QUEBEC)
    small = cost()
    for n in range(4, 25):
        dataset(f"eau-{n}", "Eau", spatial="Québec", box=QUEBEC)
    assert cost() == small
    snapshot.current()
    assert cost()[0] <= 14
