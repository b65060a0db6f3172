"""Promises kept: what each figure counts, late ones first, and nothing measured is never 0 %."""

import csv
import io
from datetime import date, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from parvis import steps
from parvis.consult import contributions
from parvis.consult.models import Consultation, Contribution, Phase
from parvis.core.access import SYSTEM
from parvis.core.models import Node, State
from parvis.plan.models import Commitment, Plan, ProgressUpdate, Response
from parvis.plan.tests import plan_factories as plans
from parvis.site import promise_keeping, promises
from parvis.site.models import Promise, PromiseMonth, PromiseRow
from parvis.site.promise_words import share_words
from parvis.understand import coding
from parvis.understand.models import Theme
from parvis.understand.tests import understand_factories as understand
from tests.factories import a_day, make_answer, make_consultation, survey_of

pytestmark = pytest.mark.django_db
PAGE = "/fr/tenue-de-parole/"


def closed(slug: str = "finie", *, said: int = 3, due: int = -10, **fields: Any) -> Consultation:
    """Return a consultation over for 30 days, with one theme that `said` answers express."""
    found = make_consultation(slug=slug, fields=fields)
    theme = understand.make_theme(found, f"Thème {slug}")
    ids = understand.make_answers(found, [f"Une idée {n}." for n in range(said)])
    understand.code(found, ids, theme)
    understand.publish(found, a_day(due))
    end = timezone.now() - timedelta(days=30)
    Phase.objects.filter(consultation=found).update(starts=end - timedelta(days=20), ends=end)
    Consultation.objects.filter(pk=found.pk).update(response_due=a_day(due))
    found.response_due = a_day(due)
    return found


def theme_of(consultation: Consultation) -> Node:
    """Return the node of its theme."""
    return Node.objects.select_related("space").get(kind="theme", space=consultation.node)


def answer(
    consultation: Consultation, *commitments: Commitment, on: int = -12, verdict: str = "retained"
) -> Response:
    """Answer its theme, recorded on a day counted from today."""
    theme = theme_of(consultation)
    theme.space = consultation.node
    made = plans.make_response(theme, *commitments, verdict=verdict)
    at = timezone.now() + timedelta(days=on)
    Node.objects.filter(pk=made.pk).update(published_at=at)
    return made


def figure(name: str, demo: bool = False) -> promises.Figure:
    """Return one figure, counted now."""
    return next(one for one in promises.figures() if (one.name, one.demo) == (name, demo))


def open_plan(slug: str = "ouvert", **fields: Any) -> Plan:
    """Return a plan that is open."""
    return plans.make_plan(slug, starts=a_day(-400), ends=a_day(300), **fields)


def test_a_contribution_is_told_when_its_theme_is_answered_or_it_is_set_aside() -> None:
    found = closed(said=3)
    rejected, kept, withdrawn = list(
        Contribution.objects.filter(activity__consultation=found).order_by("pk")
    )
    before = figure(Promise.CONTRIBUTIONS)
    assert (before.numerator, before.denominator) == (0, 3)
    assert before.rows[0].state == "late" and before.rows[0].days == 10
    contributions.set_fate(actor=SYSTEM, contribution=rejected, fate="rejected", reason="duplicate")
    answer(found)
    told = figure(Promise.CONTRIBUTIONS)
    assert (told.numerator, told.denominator) == (3, 3)
    assert told.rows[0].state == "kept"
    contributions.withdraw(actor=SYSTEM, contribution=withdrawn)
    assert figure(Promise.CONTRIBUTIONS).denominator == 2
    assert kept.fate == "kept"


def test_answers_of_ticks_alone_are_left_out() -> None:
    found = closed(said=1)
    Phase.objects.filter(consultation=found).update(ends=timezone.now() + timedelta(days=1))
    made = make_answer(survey_of(found), {"first": "data"})
    Phase.objects.filter(consultation=found).update(ends=timezone.now() - timedelta(days=30))
    assert figure(Promise.CONTRIBUTIONS).denominator == 2
    coding.Coded.objects.create(contribution_id=made.contribution.pk, outcome="no_text")
    assert figure(Promise.CONTRIBUTIONS).denominator == 1


def test_open_consultations_are_not_counted() -> None:
    found = closed()
    Phase.objects.filter(consultation=found).update(ends=timezone.now() + timedelta(days=1))
    assert figure(Promise.CONTRIBUTIONS).denominator == 0


def test_an_answer_counts_from_the_day_it_was_published_here() -> None:
    found = closed(due=-10)
    waiting = figure(Promise.RESPONSES)
    assert (waiting.numerator, waiting.denominator) == (0, 1)
    assert (waiting.rows[0].state, waiting.rows[0].days) == ("late", 10)
    made = answer(found, on=-4)
    # Dated back by whoever wrote it: the site's own clock says four days ago.
    Response.objects.filter(pk=made.pk).update(published_on=a_day(-20))
    late = figure(Promise.RESPONSES)
    assert (late.numerator, late.rows[0].days, late.rows[0].done) == (0, 6, a_day(-4))
    Node.objects.filter(pk=made.pk).update(published_at=timezone.now() - timedelta(days=10))
    assert figure(Promise.RESPONSES).numerator == 1


def test_what_is_not_due_waits_and_is_not_counted() -> None:
    closed(due=10)
    found = figure(Promise.RESPONSES)
    assert found.denominator == 0
    assert [row.state for row in found.rows] == ["waiting"]


def test_a_consultation_without_a_theme_by_the_promised_day_is_late() -> None:
    found = make_consultation(slug="muette")
    Consultation.objects.filter(pk=found.pk).update(response_due=a_day(-3))
    Phase.objects.filter(consultation=found).update(
        starts=timezone.now() - timedelta(days=9), ends=timezone.now() - timedelta(days=8)
    )
    silent = figure(Promise.RESPONSES)
    assert (silent.numerator, silent.denominator) == (0, 1)
    assert (silent.rows[0].node_id, silent.rows[0].days) == (found.pk, 3)


def test_retained_themes_lead_to_a_public_commitment_or_do_not() -> None:
    commitment = plans.make_commitment(open_plan())
    answer(closed("un"), commitment)
    answer(closed("deux"), verdict="in_part")
    answer(closed("trois"), verdict="refused")
    found = figure(Promise.COMMITMENTS)
    assert (found.numerator, found.denominator) == (1, 2)
    assert [row.state for row in found.rows] == ["missing", "kept"]
    Node.objects.filter(pk=commitment.pk).update(state=State.HIDDEN)
    assert figure(Promise.COMMITMENTS).numerator == 0


def test_commitments_have_news_of_six_months_in_open_plans_only() -> None:
    plan = open_plan()
    recent, old, never, fresh, done = (
        plans.make_commitment(plan, str(n), starts=a_day(-300 if n != 4 else -20))
        for n in range(1, 6)
    )
    plans.make_report(recent, reported_on=a_day(-30))
    plans.make_report(old, reported_on=a_day(-250))
    plans.make_report(done, "complete", reported_on=a_day(-250), why={})
    past = plans.make_plan("clos", starts=a_day(-900), ends=a_day(-500))
    plans.make_commitment(past, "9", starts=a_day(-800))
    Plan.objects.filter(pk=past.pk).update(closed=True)
    found = figure(Promise.NEWS)
    assert (found.numerator, found.denominator) == (1, 3)
    by_node = {row.node_id: row.state for row in found.rows}
    assert by_node == {
        recent.pk: "kept", old.pk: "late", never.pk: "late", fresh.pk: "waiting",
    }  # fmt: skip
    assert ProgressUpdate.objects.count() == 3


def test_news_dated_in_the_future_are_of_today() -> None:
    row = plans.make_commitment(open_plan(), starts=a_day(-300))
    made = plans.make_report(row, reported_on=a_day(-1))
    ProgressUpdate.objects.filter(pk=made.pk).update(reported_on=a_day(40))
    assert figure(Promise.NEWS).rows[0].done == a_day(0)


@pytest.mark.parametrize(
    ("day", "months", "expected"),
    [
        (date(2026, 8, 31), 6, date(2026, 2, 28)),
        (date(2024, 8, 30), 6, date(2024, 2, 29)),
        (date(2026, 3, 15), 6, date(2025, 9, 15)),
        (date(2026, 1, 1), 1, date(2025, 12, 1)),
    ],
)
def test_months_are_those_of_the_calendar(day: date, months: int, expected: date) -> None:
    assert promises.months_before(day, months) == expected


def test_the_delay_is_a_median_from_the_closing() -> None:
    for n, on in enumerate((-28, -20, -1)):
        answer(closed(f"c{n}"), on=on)
    Node.objects.filter(kind="theme").update(published_at=timezone.now())
    found = figure(Promise.DELAY)
    assert found.denominator == 3
    assert sorted(row.days or 0 for row in found.rows) == [2, 10, 29]
    assert found.numerator == 10


def test_the_demonstration_is_counted_apart() -> None:
    answer(closed(reconstructed=True), on=0)
    # Its own day, as its sources give it, since it is loaded long after.
    Response.objects.update(published_on=a_day(-11))
    assert figure(Promise.RESPONSES).denominator == 0
    apart = figure(Promise.RESPONSES, demo=True)
    assert (apart.numerator, apart.denominator) == (1, 1)


def test_the_worker_keeps_one_row_a_month_and_writes_only_what_changed() -> None:
    found = closed()
    watch = promise_keeping.Watch()
    assert watch(), "first counted"
    assert not watch(), "nothing happened"
    assert PromiseMonth.objects.count() == 2 * len(Promise)
    before = {row.pk for row in PromiseRow.objects.all()}
    answer(found, on=-1)
    assert watch()
    assert {row.pk for row in PromiseRow.objects.all()} >= before
    assert PromiseMonth.objects.count() == 2 * len(Promise)
    next_month = timezone.now() + timedelta(days=32)
    promise_keeping.refresh(next_month)
    assert PromiseMonth.objects.count() == 4 * len(Promise)
    Node.objects.filter(pk=theme_of(found).pk).update(state=State.HIDDEN)
    promise_keeping.refresh()
    assert not PromiseRow.objects.filter(node=theme_of(found)).exists()


def test_the_worker_does_it() -> None:
    names = [step.name for lane in steps.lanes().values() for step in lane]
    assert "promises" in names
    closed()
    steps.Made("parvis.site.promise_keeping.Watch")()
    assert PromiseMonth.objects.filter(name="responses", denominator=1, late=1).exists()


def test_without_anything_to_measure_no_share_is_given(client: Client) -> None:
    promise_keeping.refresh()
    page = client.get(PAGE).content.decode()
    assert page.count("Rien à mesurer encore") >= 5
    assert "<progress" not in page
    for word in ("0&nbsp;%", "0 %", "0\u00a0%", "100 %"):
        assert word not in page
    found = client.get(f"{PAGE}promesses.json").json()
    assert {row["numerator"] for row in found["months"]} == {None}


def test_pages_before_the_worker_came(client: Client) -> None:
    assert "pas encore comptés" in client.get(PAGE).content.decode()
    assert client.get(f"{PAGE}reponses/").status_code == 200


def test_figure_page_files_and_api_say_the_same(client: Client) -> None:
    late = closed("tardive", due=-10)
    early = closed("rapide", due=-5)
    answer(early, on=-6)
    promise_keeping.refresh()
    page = client.get(PAGE).content.decode().replace("\u00a0", " ")
    assert "1 sur 2 (50 %)" in page
    assert 'max="2" value="1"' in page
    rows = client.get(f"{PAGE}reponses/").content.decode()
    assert "En retard de 10 jours" in rows.replace("\u00a0", " ")
    assert rows.index("Thème tardive") < rows.index("Thème rapide")
    table = list(csv.DictReader(io.StringIO(client.get(f"{PAGE}promesses.csv").content.decode())))
    row = next(r for r in table if r["figure"] == "responses" and r["demo"] == "False")
    assert (row["numerator"], row["denominator"], row["late"]) == ("1.0", "2", "1")
    api = client.get("/api/v1/promises").json()
    now = next(r for r in api["current"] if r["figure"] == "responses" and not r["demo"])
    assert (now["numerator"], now["denominator"]) == (1, 2)
    listed = client.get("/api/v1/promises/responses?late=true").json()
    assert listed["count"] == 1 and listed["results"][0]["days_late"] == 10
    assert listed["results"][0]["node"]["id"] == str(theme_of(late).pk)
    lines = client.get(f"{PAGE}reponses/lignes.csv").content.decode().splitlines()
    assert len(lines) == 3
    feed = client.get(f"{PAGE}retards.atom").content.decode()
    assert "Thème tardive" in feed and "Thème rapide" not in feed


def test_history_is_a_line_with_its_table(client: Client) -> None:
    today = timezone.localdate().replace(day=1)
    for n, (part, whole) in enumerate([(1, 4), (0, 0), (3, 4)]):
        PromiseMonth.objects.create(
            name="responses", month=promises.months_before(today, 2 - n), numerator=part,
            denominator=whole, computed_at=timezone.now(),
        )  # fmt: skip
    page = client.get(PAGE).content.decode().replace("\u00a0", " ")
    assert page.count('class="series"') == 1
    assert page.count('<circle class="f1"') == 2, "a month without anything to measure has no dot"
    assert "1 sur 4 (25 %)" in page and "3 sur 4 (75 %)" in page


def test_a_share_is_whole_only_when_all_is_kept() -> None:
    assert share_words(999, 1000).startswith("99")
    assert share_words(1, 1000).startswith("1")
    assert share_words(1000, 1000).startswith("100")
    assert share_words(0, 9).startswith("0")


@pytest.mark.parametrize(
    "path", ["inconnu/", "reponses/autre.csv", "REPONSES/", "reponses'/", "x/lignes.csv"]
)
def test_other_addresses_are_not_there(client: Client, path: str) -> None:
    assert client.get(f"{PAGE}{path}").status_code == 404


@pytest.mark.parametrize(
    "query", ["?page=zzz", "?page=-1", "?page=999999999999", "?demo=oui", "?demo=1"]
)
def test_bad_pages_are_the_first_or_the_last(client: Client, query: str) -> None:
    closed()
    promise_keeping.refresh()
    assert client.get(f"{PAGE}reponses/{query}").status_code == 200


@pytest.mark.parametrize("query", ["?limit=0", "?limit=101", "?offset=-1", "?late=peut-etre"])
def test_the_api_refuses_bad_numbers(client: Client, query: str) -> None:
    assert client.get(f"/api/v1/promises/responses{query}").status_code == 422


def test_an_unknown_figure_is_refused_by_the_api(client: Client) -> None:
    assert client.get("/api/v1/promises/autre").status_code in {404, 422}


def test_words_follow_the_language(client: Client) -> None:
    closed()
    promise_keeping.refresh()
    assert client.get("/en/promises/responses/").status_code == 200
    page = client.get("/en/promises/").content.decode()
    assert "0 of 1 (0%)" in page and 'href="/fr/tenue-de-parole/"' in page
    rows = client.get("/en/promises/responses/").content.decode()
    assert 'href="/fr/tenue-de-parole/reponses/"' in rows


def _queries(client: Client, path: str) -> int:
    client.get(path)
    with CaptureQueriesContext(connection) as caught:
        assert client.get(path).status_code == 200
    return len(caught)


def test_queries_do_not_grow(client: Client) -> None:
    paths = [
        PAGE, f"{PAGE}reponses/", f"{PAGE}contributions/", f"{PAGE}retards.atom",
        f"{PAGE}reponses/lignes.csv", "/api/v1/promises", "/api/v1/promises/responses",
    ]  # fmt: skip
    counts = []
    for size in (2, 6):
        while Theme.objects.count() < size:
            closed(f"c{Theme.objects.count()}", said=1)
        promise_keeping.refresh()
        with CaptureQueriesContext(connection) as caught:
            promises.figures()
        counts.append([len(caught), *(_queries(client, path) for path in paths)])
    assert counts[0] == counts[1]
    assert max(counts[0][1:]) <= 6
