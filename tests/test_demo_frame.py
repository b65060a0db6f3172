"""The demonstration's strategy: the facts of demo/strategy.json, with every gap said."""

import pytest
from django.test import Client

from parvis.site.demo_loader.frame import load_strategy
from parvis.site.demo_loader.people import load_organisations, load_site
from parvis.site.demo_loader.plans import load_plans
from parvis.site.demo_loader.published import load_documents
from parvis.site.demo_loader.reading import read

pytestmark = pytest.mark.django_db


def test_the_strategy_says_what_was_read_and_what_was_not(client: Client) -> None:
    organisations = load_organisations()
    load_site(organisations)
    load_plans(organisations)
    load_documents(organisations)
    load_strategy(organisations)
    body = client.get("/fr/strategie/strategie-2019-2023/").content.decode()
    body = body.replace("\u00a0", " ")
    assert "6 ambitions annoncées; nos sources en donnent 2." in body
    assert "10 cibles annoncées; nos sources en donnent 4." in body
    for number in range(2, 6):
        assert f"Ambition {number} : non publiée" in body
    assert body.count("Dernière valeur : <span") == 4 and "Accroître la transparence" in body
    found = client.get("/api/v1/strategies/strategie-2019-2023/barometer").json()
    assert {row["target_value"] for row in found["indicators"]} == {"75", "60"}
    assert all(row["measures"] == [] and row["sources"] for row in found["indicators"])


def test_each_pillar_has_its_definition_in_both_languages_its_source_and_reasons() -> None:
    rows = read("pillars")
    assert [row["pillar"] for row in rows] == [
        "transparency", "innovation", "participation", "collaboration",
    ]  # fmt: skip
    for row in rows:
        assert set(row["definition"]) == {"fr", "en"} and row["sources"]
        assert all(item["reason"]["fr"] and item["reason"]["en"] for item in row["serving"])
