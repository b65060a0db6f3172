"""The register of the demonstration: real consultations, and the dataset that is made of it."""

import json

import pytest
from django.conf import settings

from parvis.consult.models import Elsewhere
from parvis.consult.register import queries
from parvis.site.demo_loader import register
from parvis.site.demo_loader.people import load_organisations
from parvis.site.demo_loader.reading import read
from tests.factories import make_consultation

pytestmark = pytest.mark.django_db


def test_the_files_are_recorded_as_their_sources_say() -> None:
    load_organisations()
    organisations = {o.node.slug: o for o in register.Organisation.objects.select_related("node")}
    register.load_elsewhere(organisations)
    rows = read("consultations-real")
    assert Elsewhere.objects.count() == len(rows)
    budget = Elsewhere.objects.get(node__slug="budget-2009")
    assert (budget.participants, budget.participants_approximate) == (4500, True)
    # Received questionnaires are not people: nobody published how many took part.
    assert Elsewhere.objects.get(node__slug="mobilite-2024").participants is None
    policy = Elsewhere.objects.get(node__slug="politique-numerique-2016")
    assert policy.opens_precision == policy.closes_precision == "year"
    assert Elsewhere.objects.get(node__slug="courriel-2017").opens is None

    make_consultation(slug="gouvernement-ouvert-2020", fields={"reconstructed": True})
    register.tie_rebuilt()
    slugs = [entry.slug for entry in queries.entries()]
    assert len(slugs) == len(set(slugs)) == len(rows), "rebuilt here: once in the register"


def test_the_dataset_is_made_of_the_register() -> None:
    load_organisations()
    organisations = {o.node.slug: o for o in register.Organisation.objects.select_related("node")}
    register.load_elsewhere(organisations)
    file = json.loads((settings.BASE_DIR / "demo" / "datasets.json").read_text())
    described = next(row for row in file if row["slug"] == register.DATASET)
    assert "rows" not in described, "a second copy of the facts could differ from the first"
    columns = [column["name"] for column in described["columns"]]
    table = register.numbers(columns)
    figures = sum(max(1, len(row["figures"])) for row in read("consultations-real"))
    assert len(table) == figures
    found = [dict(zip(columns, row, strict=True)) for row in table]
    received = next(r for r in found if r["measure"] == "Questionnaires reçus")
    assert (received["value"], received["approximate"], received["unit"]) == (62000, True, "nombre")
    assert next(r for r in found if r["consultation"] == "cadre-2016")["measure"] is None
