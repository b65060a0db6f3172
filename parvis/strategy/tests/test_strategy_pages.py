"""What everybody reads of the frame, in both languages; files and API say the same figures."""

import csv
import io
import json
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils.translation import override

from parvis.core import kinds, search, thread
from parvis.core.access import SYSTEM
from parvis.core.models import Event, Follow
from parvis.notify.concerned import recipients, told_now
from parvis.plan.tests.plan_factories import make_commitment, make_plan, make_report
from parvis.strategy import measures, services
from parvis.strategy.tests.strategy_factories import (
    both,
    make_ambition,
    make_indicator,
    make_measure,
    make_node,
    make_orientation,
    make_pillar,
    make_strategy,
    plain,
    tie,
)
from tests.factories import make_consultation, make_person

pytestmark = pytest.mark.django_db


def read(client: Client, url: str) -> str:
    answer = client.get(url)
    assert answer.status_code == 200, (url, answer.status_code)
    return plain(answer.content.decode())


def test_the_only_strategy_is_shown_at_once_and_several_are_listed(client: Client) -> None:
    assert "Aucune stratégie n’est encore publiée" in read(client, "/fr/strategie/")
    make_strategy("une", unveiled_on=date(2019, 6, 3))
    answer = client.get("/fr/strategie/")
    assert (answer.status_code, answer["Location"]) == (302, "/fr/strategie/une/")
    make_strategy("deux", unveiled_on=date(2024, 6, 3))
    make_strategy("cachee", public=False)
    body = read(client, "/fr/strategie/")
    assert body.index("Stratégie deux") < body.index("Stratégie une")
    assert "cachee" not in body


def test_a_strategy_says_what_was_announced_and_what_is_here(client: Client) -> None:
    strategy = make_strategy()
    orientation = make_orientation(strategy, 2)
    make_ambition(strategy, 1, orientation=orientation)
    loose = make_ambition(strategy, 3)
    make_indicator(strategy, "papier", ambition=loose)
    make_indicator(strategy, "sans ambition", target_value=None, target_on=None)
    make_indicator(strategy, "secret", public=False)
    body = read(client, "/fr/strategie/strategie-essai/")
    assert "2 orientations annoncées; nos sources en donnent 1." in body
    assert "3 ambitions annoncées; nos sources en donnent 2." in body
    assert "4 cibles annoncées; nos sources en donnent 2." in body
    assert "Orientation 1 : non publiée" in body and "Ambition 2 : non publiée" in body
    assert body.index("Orientation 2 : Orientation 2") < body.index("Ambition 1 : Ambition 1")
    assert "75 % d’ici 2027" in body and "Non publié" in body
    assert "secret" not in body
    english = read(client, "/en/strategy/strategie-essai/")
    assert "3 ambitions announced; our sources give 2." in english
    assert "Ambition 2: not published" in english and "75% by 2027" in english
    assert "Not published" in english


def test_a_strategy_shows_what_contributes_and_where_it_stands(client: Client) -> None:
    strategy = make_strategy()
    orientation, ambition = make_orientation(strategy), make_ambition(strategy)
    plan = make_plan()
    commitment = make_commitment(plan)
    make_report(commitment, "complete", why={})
    tie(orientation, commitment.node, "Même but.")
    tie(ambition, plan.node)
    draft = make_commitment(plan, "2")
    tie(orientation, draft.node)
    draft.node.state = "hidden"
    draft.node.save()
    body = read(client, "/fr/strategie/strategie-essai/")
    assert "Engagement 1 : Engagement 1 de plan-essai" in body and "Complet" in body
    assert "Même but." in body and "Plan plan-essai" in body
    assert "Engagement 2" not in body


def test_the_barometer_page_its_csv_and_its_json_say_the_same(client: Client) -> None:
    strategy = make_strategy()
    formula = make_indicator(
        strategy, "=cmd()", baseline_value=Decimal("20"), baseline_on=date(2020, 1, 1)
    )
    services.change(
        actor=SYSTEM, row=formula, changes={}, title={"fr": "=cmd() part", "en": "=cmd() share"}
    )
    make_measure(formula, date(2024, 3, 31), "40.5")
    make_measure(formula, date(2025, 3, 31), "80")
    make_indicator(strategy, "sans valeur")
    body = read(client, "/fr/strategie/strategie-essai/barometre/")
    assert "2 indicateurs, dont 1 avec une valeur mesurée." in body
    assert "80 %, le 31 mars 2025" in body and "20 %, le 1er janvier 2020" in body
    assert "Cible atteinte" in body and "Valeur non publiée" in body
    assert 'role="img"' in body and "Départ : 20 %" in body and "style=" not in body
    rows = list(
        csv.DictReader(
            io.StringIO(
                client.get("/fr/strategie/strategie-essai/barometre/barometre.csv").content.decode()
            )
        )
    )
    assert [(row["measured_on"], row["value"]) for row in rows] == [
        ("2024-03-31", "40.5"), ("2025-03-31", "80"), ("", ""),
    ]  # fmt: skip
    assert rows[0]["label_fr"] == "'=cmd() part"
    assert (rows[0]["baseline_value"], rows[0]["target_value"]) == ("20", "75")
    data = json.loads(client.get("/en/strategy/strategie-essai/barometer/barometer.json").content)
    assert data == client.get("/api/v1/strategies/strategie-essai/barometer").json()
    first, second = data["indicators"]
    assert [one["value"] for one in first["measures"]] == ["40.5", "80"]
    assert (first["state"], second["state"]) == ("reached", "unknown")
    assert second["measures"] == [] and second["baseline_value"] is None


def test_an_indicator_shows_its_series_its_data_and_its_history(client: Client) -> None:
    indicator = make_indicator(make_strategy())
    url = reverse("indicator", args=[indicator.node.slug])
    assert "Aucune valeur n’est publiée" in read(client, url)
    row = make_measure(indicator)
    tie(indicator, make_node("dataset", "jeu"), "Il le mesure chaque mois.")
    body = read(client, url)
    assert "40,5 %, le 31 mars 2025" in body and 'href="https://exemple.test/barometre"' in body
    assert "Titre jeu" in body and "Il le mesure chaque mois." in body
    assert "<svg" in body and "Cible non atteinte" in body
    measures.remove_measure(actor=SYSTEM, measure=row, reason=both("Source retirée."))
    history = read(client, reverse("indicator_history", args=[indicator.node.slug]))
    assert "Source retirée." in history and "<del>" in history
    with override("en"):
        english = read(client, reverse("indicator", args=[indicator.node.slug]))
    assert "Not published" in english


def test_a_pillar_lives_under_both_names_and_lists_what_serves_it(client: Client) -> None:
    pillar = make_pillar()
    make_pillar("innovation")
    consultation = make_consultation()
    commitment = make_commitment(make_plan())
    make_report(commitment, "complete", why={})
    for node in (consultation.node, commitment.node, make_node("document", "note")):
        tie(pillar, node, f"Sert {node.kind}.")
    hidden = make_node("dataset", "jeu")
    tie(pillar, hidden)
    hidden.state = "withdrawn"
    hidden.save()
    body = read(client, "/fr/volets/transparence/")
    assert "Ce que veut dire transparency." in body
    for words in ("Sert consultation.", "Sert commitment.", "Sert document.", "1 réalisé"):
        assert words in body
    assert "Titre jeu" not in body
    answer = client.get("/en/pillars/transparence/")
    assert (answer.status_code, answer["Location"]) == (302, "/en/pillars/transparency/")
    assert "What serves" in read(client, "/en/pillars/") or "pillars" in body
    assert "1 done" in read(client, "/en/pillars/transparency/")
    assert client.get("/fr/volets/loyaute/").status_code == 404
    assert client.get("/fr/volets/collaboration/").status_code == 404
    listing = read(client, "/fr/volets/")
    assert "1 consultation" in listing and "1 engagement" in listing and "1 document" in listing
    assert "jeu de données" not in listing
    home = read(client, "/fr/")
    assert 'href="/fr/volets/innovation/"' in home and 'href="/fr/strategie/"' in home


def test_one_kind_of_a_pillar_is_listed_in_full(client: Client) -> None:
    pillar = make_pillar()
    for n in range(10):
        tie(pillar, make_node("document", f"note-{n}"))
    body = read(client, "/fr/volets/transparence/")
    assert body.count("Titre note-") == 8 and "Tout voir (10)" in body
    assert read(client, "/fr/volets/transparence/?kind=document").count("Titre note-") == 10
    assert read(client, "/fr/volets/transparence/?kind=person").count("Titre note-") == 8


def test_the_api_gives_the_tree_its_gaps_and_the_pillars(client: Client) -> None:
    strategy = make_strategy()
    orientation = make_orientation(strategy, 2)
    ambition = make_ambition(strategy, 1, orientation=orientation)
    indicator = make_indicator(strategy, ambition=ambition)
    pillar = make_pillar()
    commitment = make_commitment(make_plan())
    tie(orientation, commitment.node)
    tie(pillar, commitment.node)
    tie(indicator, make_node("dataset", "jeu"))
    listed = client.get("/api/v1/strategies").json()
    assert listed["count"] == 1 and listed["results"][0]["ambitions_announced"] == 3
    one = client.get("/api/v1/strategies/strategie-essai").json()
    assert [(part["number"], part["title"] is None) for part in one["orientations"]] == [
        (1, True), (2, False),
    ]  # fmt: skip
    assert one["orientations"][1]["contributions"][0]["node"]["id"] == str(commitment.pk)
    assert [(part["number"], part["orientation"]) for part in one["ambitions"]] == [
        (1, 2), (2, None), (3, None),
    ]  # fmt: skip
    assert one["ambitions"][0]["indicators"] == [indicator.node.slug]
    detail = client.get(f"/api/v1/indicators/{indicator.node.slug}").json()
    assert detail["evidence"][0]["relation"] == "measured_by"
    pillars = client.get("/api/v1/pillars").json()["results"]
    assert pillars[0]["serving"] == {
        "consultation": 0,
        "commitment": 1,
        "dataset": 0,
        "document": 0,
    }
    assert pillars[0]["url"] == {
        "fr": "/fr/volets/transparence/",
        "en": "/en/pillars/transparency/",
    }
    nodes = client.get("/api/v1/nodes?kind=indicator").json()["nodes"]
    assert [node["url"] for node in nodes] == [f"/fr/strategie/indicateurs/{indicator.node.slug}/"]
    for path in ("strategies/non", "strategies/non/barometer", "indicators/non"):
        assert client.get(f"/api/v1/{path}").status_code == 404


def test_the_thread_of_anything_in_the_frame_is_in_the_api(client: Client) -> None:
    pillar, commitment = make_pillar(), make_commitment(make_plan())
    tie(pillar, commitment.node)
    dataset = make_node("dataset", "jeu")
    thread.link(commitment.node, "measured_by", dataset, actor=SYSTEM)
    found = client.get(f"/api/v1/nodes/{pillar.pk}/thread").json()
    assert [(level["kind"], level["relation"], level["count"]) for level in found["levels"]] == [
        ("commitment", "serves", 1)
    ]
    assert found["links"][0]["reason"]["fr"] == "Même sujet."
    found = client.get(f"/api/v1/nodes/{commitment.pk}/thread").json()
    assert {(level["kind"], level["relation"]) for level in found["levels"]} == {
        ("dataset", "measured_by"), ("pillar", "serves"),
    }  # fmt: skip


def test_who_follows_a_strategy_is_told_of_a_value_and_a_draft_tells_nobody() -> None:
    strategy = make_strategy()
    person = make_person(email="suivi@test.example")
    Follow.objects.create(person=person, node=strategy.node)
    make_measure(make_indicator(strategy))
    make_measure(make_indicator(strategy, "secret", public=False))
    told = {
        event.node.slug: [one.email for one in recipients(event)] if told_now(event.node) else []
        for event in Event.objects.filter(verb="indicator.measured").select_related("node__space")
    }
    assert told == {"part-papier": ["suivi@test.example"], "part-secret": []}


def test_search_finds_the_frame(client: Client) -> None:
    strategy = make_strategy()
    orientation = make_orientation(strategy)
    indicator, pillar = make_indicator(strategy, "papier"), make_pillar()
    search.index([strategy.pk, orientation.pk, indicator.pk, pillar.pk])
    assert [hit.node.pk for hit in search.search("papier").hits] == [indicator.pk]
    assert search.search("transparence").hits[0].node.pk == pillar.pk
    assert kinds.url(orientation.node) == (
        f"/fr/strategie/strategie-essai/#orientation-{orientation.node.slug}"
    )
    assert "Part <mark>papier</mark>" in read(client, "/fr/recherche/?q=papier&kind=indicator")


# --- the same number of queries whatever the number of rows -----------------------------------
def _fill(n: int, strategy: Any, pillar: Any) -> None:
    plan = make_plan(f"plan-{n}")
    orientation = make_orientation(strategy, n)
    ambition = make_ambition(strategy, n, orientation=orientation if n % 2 else None)
    indicator = make_indicator(strategy, f"papier {n}", ambition=ambition)
    make_measure(indicator)
    commitment = make_commitment(plan)
    tie(orientation, commitment.node)
    tie(ambition, plan.node)
    tie(pillar, commitment.node)
    tie(pillar, make_consultation(slug=f"consultation-{n}").node)
    tie(pillar, make_node("dataset", f"jeu-{n}"))
    tie(pillar, make_node("document", f"note-{n}"))
    tie(indicator, make_node("document", f"preuve-{n}"))
    make_strategy(f"autre-{n}")


PAGES = (
    "/fr/strategie/", "/fr/strategie/strategie-essai/", "/fr/strategie/strategie-essai/barometre/",
    "/fr/strategie/strategie-essai/barometre/barometre.csv", "/fr/volets/",
    "/fr/volets/transparence/", "/fr/volets/transparence/?kind=commitment", "/api/v1/strategies",
    "/api/v1/strategies/strategie-essai", "/api/v1/pillars",
)  # fmt: skip


def test_pages_ask_the_same_number_of_queries_with_two_rows_and_with_six(
    client: Client, django_assert_max_num_queries: Any
) -> None:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    strategy = make_strategy(orientations_total=9, ambitions_total=9)
    pillar = make_pillar()

    def counts() -> dict[str, int]:
        found = {}
        for url in PAGES:
            client.get(url)
            with CaptureQueriesContext(
                connection,
            ) as seen:
                assert client.get(url).status_code == 200
            found[url] = len(seen)
        return found

    for n in (1, 2):
        _fill(n, strategy, pillar)
    few = counts()
    for n in range(3, 7):
        _fill(n, strategy, pillar)
    assert counts() == few
    assert max(few.values()) <= 20, few


def test_a_draft_is_seen_by_the_coordinator_alone(client: Client) -> None:
    make_strategy("secrete", public=False)
    assert client.get("/fr/strategie/secrete/").status_code == 404
    client.force_login(make_person("coordinator"))
    assert "Brouillon" in read(client, "/fr/strategie/secrete/")
