"""The coordinators' desk: from an empty site to a barometer, by forms alone."""

import re
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client

from parvis.core import search
from parvis.core.models import Link, State
from parvis.strategy.models import Ambition, Indicator, Measure, Orientation, Pillar, Strategy
from parvis.strategy.tests.strategy_factories import (
    SOURCE,
    make_indicator,
    make_measure,
    make_node,
    make_pillar,
    make_strategy,
    plain,
    tie,
)
from tests.factories import make_organisation, make_person, make_site

pytestmark = pytest.mark.django_db
KEY = re.compile(r'name="key" value="([^"]+)"')


@pytest.fixture
def desk(client: Client) -> Client:
    """A coordinator's browser."""
    make_site()
    client.force_login(make_person("coordinator"))
    return client


def send(client: Client, url: str, **data: Any) -> Any:
    """Open a form, then send it with its key."""
    page = client.get(url)
    assert page.status_code == 200, url
    found = KEY.search(page.content.decode())
    return client.post(url, {**data, "key": found.group(1) if found else ""})


def text(name: str, words: str) -> dict[str, str]:
    """Return the two inputs of a text by language."""
    return {f"{name}_fr": words, f"{name}_en": f"{words} (en)"}


def test_from_nothing_to_a_barometer_by_forms_alone(desk: Client) -> None:
    organisation = make_organisation()
    answer = send(
        desk, "/fr/bureau/strategie/nouvelle/", organisation=str(organisation.pk),
        completeness="partial", orientations_total="1", ambitions_total="1",
        **text("title", "Une stratégie"), **text("summary", "En bref."),
    )  # fmt: skip
    assert (answer.status_code, answer["Location"]) == (303, "/fr/bureau/strategie/une-strategie/")
    base = "/fr/bureau/strategie/une-strategie/"
    send(desk, f"{base}orientations/", number="1", **text("title", "Vers le public"))
    orientation = Orientation.objects.get()
    send(
        desk, f"{base}ambitions/", number="1", orientation=str(orientation.pk),
        **text("title", "Tout le monde"),
    )  # fmt: skip
    answer = send(
        desk, f"{base}indicateurs/", ambition=str(Ambition.objects.get().pk), target_value="75,5",
        target_on="2027-05-01", target_precision="year", **text("title", "Part"),
        **text("unit", "%"),
    )  # fmt: skip
    assert answer.status_code == 303, plain(answer.content.decode())
    indicator = Indicator.objects.get()
    assert indicator.target_value == Decimal("75.5")
    for kind, row in (
        ("strategy", Strategy.objects.get()),
        ("orientation", orientation),
        ("ambition", Ambition.objects.get()),
        ("indicator", indicator),
    ):
        desk.post(f"/fr/bureau/strategie/{kind}/{row.node.slug}/publier/")
        row.node.refresh_from_db()
        assert row.node.state == State.PUBLIC, kind
    answer = send(
        desk, "/fr/bureau/strategie/indicateurs/part/mesures/", on="2025-03-31", value="40,25",
        source_url=SOURCE, source_title="Baromètre",
    )  # fmt: skip
    assert answer.status_code == 303
    body = plain(desk.get("/fr/strategie/une-strategie/barometre/").content.decode())
    assert "40,25 %, le 31 mars 2025" in body and "75,5 % d’ici 2027" in body


def test_a_bad_form_is_kept_and_says_where(desk: Client) -> None:
    strategy = make_strategy()
    answer = send(
        desk, f"/fr/bureau/strategie/{strategy.node.slug}/orientations/", number="7",
        **text("title", "Trop loin"),
    )  # fmt: skip
    body = plain(answer.content.decode())
    assert answer.status_code == 422 and "La stratégie en annonce 2." in body
    assert "Trop loin" in body and not Orientation.objects.exists()


def test_publishing_too_early_says_why_on_the_page(desk: Client) -> None:
    strategy = make_strategy(public=False)
    make_indicator(strategy, "papier", public=False)
    slug = Indicator.objects.get().node.slug
    answer = desk.post(f"/fr/bureau/strategie/indicator/{slug}/publier/", follow=True)
    assert "Publiez d’abord la stratégie." in plain(answer.content.decode())
    assert desk.post("/fr/bureau/strategie/person/x/publier/").status_code == 404


def test_a_public_target_moves_with_a_reason(desk: Client) -> None:
    indicator = make_indicator(make_strategy())
    url = f"/fr/bureau/strategie/indicateurs/{indicator.node.slug}/"
    given = {
        **text("title", "Part papier"), **text("unit", "%"), "target_value": "60",
        "target_on": "2027-12-31", "target_precision": "year",
    }  # fmt: skip
    assert 'value="75"' in desk.get(url).content.decode()
    answer = send(desk, url, **given)
    assert answer.status_code == 422 and "dites pourquoi" in plain(answer.content.decode())
    indicator.refresh_from_db()
    assert indicator.target_value == 75
    given |= text("note", "Deux sources.")
    assert send(desk, url, **given).status_code == 422
    assert send(desk, url, **given, **text("reason", "La loi a changé.")).status_code == 303
    indicator.refresh_from_db()
    assert (indicator.target_value, indicator.note["fr"]) == (60, "Deux sources.")
    kept = indicator.node.revisions.order_by("-pk").first()
    assert kept is not None and kept.note["fr"] == "La loi a changé."


def test_a_value_is_corrected_then_removed_after_a_question(desk: Client) -> None:
    indicator = make_indicator(make_strategy())
    row = make_measure(indicator)
    url = f"/fr/bureau/strategie/indicateurs/{indicator.node.slug}/mesures/{row.pk}/"
    page = desk.get(url).content.decode()
    assert 'value="40,5"' in page and f"{url}retirer/" in page
    given = {"on": "2025-03-31", "value": "41", "source_url": SOURCE}
    assert send(desk, url, **given).status_code == 422
    assert send(desk, url, **given, **text("reason", "Faute de frappe.")).status_code == 303
    row.refresh_from_db()
    assert row.value == 41
    question = plain(desk.get(f"{url}retirer/").content.decode())
    assert "41 %, le 31 mars 2025" in question and Measure.objects.count() == 1
    assert desk.post(f"{url}retirer/", {}).status_code == 422
    assert send(desk, f"{url}retirer/", **text("reason", "Source retirée.")).status_code == 303
    assert not Measure.objects.exists()
    other = make_indicator(indicator.strategy, "autre")
    again = make_measure(indicator)
    wrong = f"/fr/bureau/strategie/indicateurs/{other.node.slug}/mesures/{again.pk}/"
    assert desk.get(wrong).status_code == 404


def test_the_same_value_sent_twice_is_one(desk: Client) -> None:
    indicator = make_indicator(make_strategy())
    url = f"/fr/bureau/strategie/indicateurs/{indicator.node.slug}/mesures/"
    found = KEY.search(desk.get(url).content.decode())
    assert found
    given = {"on": "2025-03-31", "value": "41", "source_url": SOURCE, "key": found.group(1)}
    assert [desk.post(url, given).status_code for _n in range(2)] == [303, 303]
    assert Measure.objects.count() == 1


def test_a_pillar_is_defined_then_tied_to_what_is_found_by_its_title(desk: Client) -> None:
    assert "Non défini" in plain(desk.get("/fr/bureau/strategie/").content.decode())
    answer = send(
        desk, "/fr/bureau/strategie/volets/transparency/", **text("title", "Transparence"),
        **text("definition", "Ce qui se voit."),
    )  # fmt: skip
    assert (answer.status_code, answer["Location"]) == (303, "/fr/volets/transparence/")
    assert desk.get("/fr/bureau/strategie/volets/loyaute/").status_code == 404
    pillar = Pillar.objects.get()
    note, theme = make_node("document", "bilan"), make_node("theme", "bilan-theme")
    search.index([note.pk, theme.pk])
    url = f"/fr/bureau/strategie/liens/{pillar.pk}/?q=bilan"
    body = desk.get(url).content.decode()
    assert str(note.pk) in body and str(theme.pk) not in body
    assert send(desk, url, other=str(note.pk)).status_code == 422
    assert send(desk, url, other=str(theme.pk), **text("reason", "Non.")).status_code == 422
    assert send(desk, url, other=str(note.pk), **text("reason", "Un bilan.")).status_code == 303
    assert "Un bilan." in plain(desk.get("/fr/volets/transparence/").content.decode())
    remove = f"/fr/bureau/strategie/liens/{pillar.pk}/{note.pk}/retirer/"
    assert "Un bilan." in plain(desk.get(remove).content.decode()) and Link.objects.exists()
    assert send(desk, remove).status_code == 303
    assert not Link.objects.exists() and desk.get(remove).status_code == 404
    assert desk.get(f"/fr/bureau/strategie/liens/{note.pk}/").status_code == 404


def test_the_desk_in_english(desk: Client) -> None:
    strategy = make_strategy()
    indicator = make_indicator(strategy)
    pillar = make_pillar()
    tie(pillar, make_node("document", "note"))
    for url, words in (
        ("/en/desk/strategy/", "Strategy and pillars"),
        (f"/en/desk/strategy/{strategy.node.slug}/", "What the strategy says"),
        (f"/en/desk/strategy/indicators/{indicator.node.slug}/", "Record a value"),
        (f"/en/desk/strategy/links/{pillar.pk}/", "Tied now"),
    ):
        assert words in desk.get(url).content.decode()
