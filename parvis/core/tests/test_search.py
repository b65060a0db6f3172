"""The search: words as they are typed, words in a row, refusals, facets, order, equivalents."""

import unicodedata

import pytest
from django.utils import timezone

from parvis.core import access, search, search_words
from parvis.core.access import SYSTEM
from parvis.core.errors import Forbidden, Invalid
from parvis.core.models import Event, Node, SearchEntry, State
from parvis.core.synonyms import services
from tests.factories import make_organisation

TITLES = {
    "eau": "L’eau potable à Sainte-Foy",
    "forets": "Forêts publiques et œuvres d’art",
    "rive": "Ce qu’il faut savoir aujourd’hui de la qualité de l’air",
    "elan": "Élan de la région",
    "zone": "Zones de données ouvertes",
}


def _make(slug: str, title: str, **more) -> Node:
    return Node.objects.create(
        kind=more.pop("kind", "plan"), slug=slug, title={"fr": title}, state=State.PUBLIC,
        published_at=more.pop("at", timezone.now()), **more,
    )  # fmt: skip


@pytest.fixture
def nodes(db) -> dict[str, Node]:
    made = {slug: _make(slug, title) for slug, title in TITLES.items()}
    search.index([node.pk for node in made.values()])
    return made


def found(text: str, **more) -> set[str]:
    return {hit.node.slug for hit in search.search(text, **more).hits}


def test_words_as_people_type_them(nodes) -> None:
    asked = {
        "foret": {"forets"}, "FORÊTS": {"forets"},
        unicodedata.normalize("NFD", "forêt"): {"forets"},
        "l'eau": {"eau"}, "l’eau": {"eau"}, "d’eau": {"eau"}, "eaux": {"eau"}, "qu'il": {"rive"},
        "aujourd'hui": {"rive"}, "aujourd’hui": {"rive"}, "hui": set(), "sainte foy": {"eau"},
        "Sainte-Foy": {"eau"}, "oeuvre": {"forets"}, "œuvres": {"forets"}, "les forêts": {"forets"},
        '"données ouvertes"': {"zone"}, "« donnee ouverte »": {"zone"}, '"ouvertes données"': set(),
        "données -ouvertes": set(), "de -forêts": {"rive", "elan", "zone"}, "-forêts": set(),
        'zones -"données ouvertes"': set(), 'zones -"ouvertes données"': {"zone"},
        "eau forêt": set(), "l'": set(), '"': set(), search_words.BREAK: set(),
    }  # fmt: skip
    assert {text: found(text) for text in asked} == asked


def test_a_row_of_words_never_crosses_two_texts(db) -> None:
    node = Node.objects.create(
        kind="plan", slug="deux", title={"fr": "Grande marée", "en": "Basse saison"}, state="public"
    )
    search.index([node.pk])
    assert found('"grande marée"') == found('"basse saison"') == {"deux"}
    assert found('"marée basse"') == set() and found("marée basse") == {"deux"}


@pytest.mark.parametrize(
    "text",
    ['"', '""', "-", '-"', "--", "NOT AND OR", "NEAR(a b)", "a*", "^a", "a:b", "title_words:a",
     "'; DROP TABLE core_node; --", "&|!()<->", "\x00a\x00", "\ud800", "🌲", "%s %(a)s {}", "\\",
     "a" * 9000, "é " * 5000, '"' + "a " * 500 + '"', "漢字 かな", "①②", "ﬁ ß İ"],
)  # fmt: skip
def test_hostile_lines_find_or_do_not(nodes, text: str) -> None:
    result = search.search(text)
    assert result.count == len(result.hits)


def test_facets_narrow_and_exclude_and_order_holds(db) -> None:
    one, two = make_organisation(), make_organisation(slug="autre")
    old = timezone.make_aware(timezone.datetime(2024, 12, 31, 23, 30))
    made = [
        _make("b", "Zèbre du parc", kind="plan", at=old),
        _make("a", "Élan du parc", kind="dataset"),
        _make("c", "Fleurs", kind="dataset"),
    ]
    owners = {made[0].pk: one.pk, made[1].pk: two.pk}
    before = dict(search._publishers)
    try:
        for kind in ("plan", "dataset"):
            search.published_by(kind, lambda ids: {pk: owners.get(pk) for pk in ids})
        assert search.index([node.pk for node in made]) == 3
    finally:
        search._publishers.clear()
        search._publishers.update(before)
    everything = search.search("parc")
    year = str(timezone.localtime().year)
    assert everything.facets["kind"] == {"plan": 1, "dataset": 1}
    assert everything.facets["year"] == {"2024": 1, year: 1}  # the year of here, not of Greenwich
    assert everything.facets["organisation"] == {one.pk.hex: 1, two.pk.hex: 1}
    assert found("parc", chosen={"organisation": [two.pk.hex]}) == {"a"}
    assert found("parc", without={"kind": ["dataset"]}) == {"b"}
    assert found("parc", chosen={"year": ["2024"]}, without={"kind": ["plan"]}) == set()
    ticked = search.search("parc", chosen={"kind": ["plan"]})
    assert ticked.count == 1 and ticked.facets["kind"] == {"plan": 1, "dataset": 1}
    assert ticked.facets["year"] == {"2024": 1}
    orders = {
        order: [hit.node.slug for hit in search.search("parc", order=order).hits]
        for order in ("title", "date")
    }
    assert orders == {"title": ["a", "b"], "date": ["a", "b"]}
    last = SearchEntry.objects.latest("pk").pk
    assert found("parc", after=last) == set()


def test_many_are_indexed_in_few_queries(db, django_assert_max_num_queries) -> None:
    made = [_make(f"n-{n}", f"Numéro {n}") for n in range(120)]
    for node in made:
        Event.objects.create(verb="plan.published", node=node)
    events = list(Event.objects.select_related("node"))
    # executemany is written down statement by statement: two for each, and no more.
    with django_assert_max_num_queries(20):
        search.consume(events)
    assert search.search("numéro").count == 120
    Node.objects.filter(slug="n-7").update(state=State.HIDDEN, title={"fr": "Chose"})
    assert search.search("numéro").count == 119
    search.consume(events)
    assert search.search("numéro").count == SearchEntry.objects.count() == 119


def test_equivalent_words_are_written_at_the_desk_and_searched(nodes) -> None:
    with pytest.raises(Forbidden):
        services.save(actor=access.Actor(roles=frozenset(["analyst"])), texts={"fr": "a, b"})
    for wrong in (
        "seul",
        "a, un deux trois quatre cinq",
        "a, '",
        ",".join("abcdefghijk"),
        "x" * 70 + ", y",
    ):
        with pytest.raises(Invalid) as refusal:
            services.save(actor=SYSTEM, texts={"fr": f"bois, boisés\n{wrong}"})
        assert "2" in str(refusal.value.errors["fr"])
    lines = "forêt, bois, milieu boisé\n\ndonnées ouvertes, open data"
    assert services.save(actor=SYSTEM, texts={"fr": lines, "en": ""})
    assert not services.save(actor=SYSTEM, texts={"fr": lines + "\n", "en": ""})
    event = Event.objects.get(verb="synonyms.changed")
    assert event.data["before"] == {"fr": []} and len(event.data["after"]["fr"]) == 2
    assert found("bois") == found("Milieu boise") == found("publiques bois") == {"forets"}
    assert found("open data") == {"zone"}
    # Between quotes, and refused, a word stands for itself.
    assert found('"bois"') == set() and found("publiques -bois") == {"forets"}
    assert search_words.equivalents("Bois") >= {"foret"}
    assert services.save(actor=SYSTEM, texts={})
    assert found("bois") == set()


def test_what_was_asked_is_marked_where_it_is_read() -> None:
    asked = search_words.read("forêts de l’eau -hiver")
    text = "Avant. " * 60 + "Une forêt de pins, de l’eau et l’hiver. " + "Après. " * 60
    cut = search_words.extract(text, asked.forms)
    assert [words for words, on in cut if on] == ["forêt", "eau"]
    whole = "".join(words for words, _on in cut)
    assert whole.startswith("… ") and whole.endswith(" …") and len(whole) < 240
    assert search_words.extract("rien ici", asked.forms) == []
    assert search_words.parts("Eau", asked.forms) == [("Eau", True)]
