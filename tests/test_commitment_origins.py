"""From an answer to the commitment it led to: the figures are the same on every page."""

import pytest
from django.urls import reverse
from django.utils import translation

from parvis.consult import contributions
from parvis.core.access import SYSTEM
from parvis.plan.tests.plan_factories import make_commitment, make_plan, make_response
from parvis.understand.tests.understand_factories import code, make_answers, make_theme, publish
from tests.factories import make_consultation, make_person

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def in_french():
    """Start in French."""
    with translation.override("fr"):
        yield


def test_a_commitment_tells_who_asked_for_it_with_the_figures_of_the_results(client):
    consultation = make_consultation()
    ids = make_answers(consultation, ["Des données", "Des mots", "Autre chose", "Rejetée"])
    theme = make_theme(consultation)
    code(consultation, [ids[0], ids[1], ids[3]], theme)
    publish(consultation)
    rejected = contributions.Contribution.objects.get(pk=ids[3])
    contributions.set_fate(actor=SYSTEM, contribution=rejected, fate="rejected", reason="duplicate")
    row = make_commitment(make_plan())
    make_response(theme.node, row)
    page = client.get(reverse("commitment", args=[row.node.slug]))
    (origin,) = page.context["origins"]
    assert (origin.said.count, origin.said.total) == (2, 3)
    assert "2 contributions sur 3." in page.content.decode().replace("\xa0", " ")
    client.force_login(make_person("adviser"))
    desk = client.get(reverse("desk_responses", args=[consultation.node.slug]))
    assert [found["count"] for found in desk.context["rows"]] == [2]
