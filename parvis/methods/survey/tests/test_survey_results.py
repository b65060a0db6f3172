"""Charts are drawn by the worker after a change; a page never computes them."""

import json
from copy import deepcopy
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from parvis.consult import contributions
from parvis.consult.models import Phase
from parvis.core import outbox
from parvis.core.access import SYSTEM
from parvis.methods.survey import queries, results
from parvis.methods.survey.models import Results
from tests.factories import SURVEY, make_answer, make_consultation, survey_of

pytestmark = pytest.mark.django_db


def close(activity, hours: float = -1) -> None:
    ends = timezone.now() + timedelta(hours=hours)
    Phase.objects.filter(consultation=activity.consultation).update(ends=ends)


def work() -> None:
    """What the worker does of it; the register, which this is not about, is left alone."""
    while outbox.pump():
        pass
    results.draw_stale()


@pytest.fixture
def survey():
    activity = survey_of(make_consultation())
    for _n in range(12):
        make_answer(activity)
    close(activity)
    return activity


def test_a_page_says_that_charts_are_being_drawn(survey, client: Client) -> None:
    page = client.get(f"/fr/consultations/{survey.consultation.node.slug}/resultats/")
    assert "en cours de tracé" in page.content.decode()
    work()
    page = client.get(f"/fr/consultations/{survey.consultation.node.slug}/resultats/")
    text = page.content.decode()
    assert "12 réponses comptées" in text and 'class="bars"' in text


def test_the_worker_draws_again_what_changed_and_nothing_else(survey) -> None:
    work()
    first = Results.objects.get(activity=survey)
    assert (first.total, first.stale) == (12, False)
    assert results.draw_stale() == 0
    row = survey.contributions.first()
    contributions.set_fate(actor=SYSTEM, contribution=row, fate="rejected", reason="test")
    work()
    again = Results.objects.get(activity=survey)
    assert again.total == 11 and again.drawn_at > first.drawn_at


def test_what_is_kept_equals_the_file_in_each_language(survey) -> None:
    work()
    kept = Results.objects.get(activity=survey).charts
    assert set(kept) == {"fr", "en"}
    data = queries.table(survey)
    for chart in kept["fr"]:
        if chart["kind"] == "single" and not chart["too_few"]:
            column = data.column(chart["question"]).to_pylist()
            counted = sorted(bar["count"] for bar in chart["bars"])
            assert sum(counted) == sum(cell is not None for cell in column)
    assert json.loads(json.dumps(kept)) == kept


def test_words_in_one_language_only_say_so_on_the_pages_of_the_other(client: Client) -> None:
    settings = deepcopy(SURVEY)
    del settings["pages"][0]["questions"][0]["label"]["en"]  # type: ignore[index]
    activity = survey_of(make_consultation(settings=settings, fields={"languages": ["fr"]}))
    for _n in range(10):
        make_answer(activity)
    close(activity)
    work()
    page = client.get(f"/en/consultations/{activity.consultation.node.slug}/results/")
    assert '<strong><span lang="fr-CA">Quelle action' in page.content.decode()


def test_reading_them_takes_two_queries_whatever_the_answers(survey) -> None:
    work()
    with CaptureQueriesContext(connection) as few:
        results.public_results(survey)
    close(survey, 1)
    for _n in range(5):
        make_answer(survey)
    close(survey)
    with CaptureQueriesContext(connection) as many:
        found = results.public_results(survey)
    assert len(few) == len(many) <= 2
    assert found is not None and found["total"] == 12
