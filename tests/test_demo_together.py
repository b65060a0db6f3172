"""The demonstration's committees: the real one's facts with its gaps; the invented one, marked."""

import pytest
from django.test import Client

from parvis.core.models import Node
from parvis.site.demo_loader.people import load_organisations, load_people, load_site
from parvis.site.demo_loader.together import load_committees

pytestmark = pytest.mark.django_db
MARK = "Données de démonstration reconstituées"


def test_one_is_real_with_its_gaps_and_one_is_marked(client: Client) -> None:
    organisations = load_organisations()
    load_site(organisations)
    load_people()
    Node.objects.create(
        kind="consultation", slug="prochain-plan-2027", title={"fr": "Plan"}, state="public"
    )
    load_committees(organisations)
    body = client.get("/fr/collaborer/comites/comite-gouvernement-ouvert/").content.decode()
    body = body.replace("\u00a0", " ")
    assert "8 sièges annoncés" in body and "aucun retard n’est compté" in body
    assert "avril 2021 selon Québec.ca, mars 2021" in body and "en retard de" not in body
    assert "mois d’intervalle" not in body and "en 60 jours" not in body
    assert "Aucun nom n’est publié." in body and MARK not in body and "quebec.ca" in body
    for path in ("comites/comite-du-prochain-plan/",
                 "textes/des-budgets-que-tout-le-monde-peut-lire/",
                 "groupes/observatoire-citoyen-demonstration/",
                 "avis/repondre-a-chaque-theme-en-60-jours/"):  # fmt: skip
        answer = client.get(f"/fr/collaborer/{path}")
        assert answer.status_code == 200, path
        assert MARK in answer.content.decode(), path
    late = client.get("/api/v1/committees").json()["results"]
    assert {row["slug"]: (row["late"], row["late_replies"]) for row in late} == {
        "comite-gouvernement-ouvert": (False, 0), "comite-du-prochain-plan": (False, 1),
    }  # fmt: skip
