"""The checklist of co-creation, and a common text that becomes a commitment."""

import csv
import io
import json
import re
from datetime import date, timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone, translation

from parvis.collaborate import checklist, drafting
from parvis.collaborate.models import Check
from parvis.collaborate.tests.collaborate_factories import (
    ago,
    both,
    make_advice,
    make_committee,
    make_draft,
    make_group,
    make_meeting,
    make_speaker,
    plain,
)
from parvis.core import thread
from parvis.core.access import SYSTEM, actor_for
from parvis.core.errors import Forbidden, Invalid, NotFound
from parvis.core.events import IdempotencyKey
from parvis.core.models import Link, Node, Role, State
from parvis.plan import reports, services
from parvis.plan.models import Commitment, Plan
from parvis.plan.tests.plan_factories import (
    make_commitment,
    make_plan,
    make_report,
    make_response,
    make_theme,
)
from parvis.site import cocreation
from parvis.site.drafts import become_commitment
from parvis.site.evaluating import publish_evaluation
from tests.factories import make_actor, make_answer, make_consultation, make_person, survey_of

pytestmark = pytest.mark.django_db
KEY = re.compile(r'name="key" value="([^"]+)"')


@pytest.fixture(autouse=True)
def in_french():
    """Read and write in French."""
    with translation.override("fr"):
        yield


def make_open_plan(slug: str = "plan-essai") -> Plan:
    """Return a plan that began a year ago and ends in a year."""
    today = timezone.localdate()
    return make_plan(slug, starts=today - timedelta(days=365), ends=today + timedelta(days=365))


def states(plan: Plan, today: date | None = None) -> dict[str, str]:
    """Return what the program sees of a plan."""
    found = cocreation.filled(plan, today=today or timezone.localdate())
    return {key: one.state for key, one in found.items()}


def answer(plan: Plan, item: str = "ogp-5", state: str = "met", **more: Any) -> Check | None:
    """Answer a standard."""
    known = {"actor": SYSTEM, "comment": both("Voici."), **more}
    return checklist.answer(plan=plan.node, item=item, state=state, **known)


def test_there_are_five_standards_and_seven_principles() -> None:
    kinds = [item.set for item in checklist.ITEMS]
    assert (kinds.count("ogp"), kinds.count("quebec")) == (5, 7)
    assert len(checklist.BY_KEY) == 12


def test_the_program_says_nothing_where_it_sees_nothing() -> None:
    assert states(make_open_plan()) == {"ogp-2": "not_yet", "quebec-7": "not_yet"}


def test_meetings_fill_the_space_for_dialogue_by_the_clock() -> None:
    plan, today = make_open_plan(), timezone.localdate()
    committee = make_committee(organisation=plan.organisation, created_on=ago(100))
    assert states(plan)["ogp-1"] == "not_yet" and states(plan)["ogp-5"] == "not_yet"
    make_meeting(committee, ago(10))
    make_advice(committee)
    assert states(plan)["ogp-1"] == "met" and states(plan)["ogp-5"] == "partly"
    assert states(plan, today + timedelta(days=150))["ogp-1"] == "met"
    late = cocreation.filled(plan, today=today + timedelta(days=200))["ogp-1"]
    assert late.state == "not_yet" and "il en fallait une" in plain(late.why)
    make_meeting(committee, ago(300))
    found = cocreation.filled(plan, today=today)["ogp-1"]
    assert found.state == "partly" and "trop espacées" in found.why
    assert found.evidence == [(f"/fr/collaborer/comites/{committee.node.slug}/",
                               "Comité comite-essai")]  # fmt: skip
    unknown = make_plan("autre")
    make_committee("inconnu", organisation=unknown.organisation, status="unknown")
    assert "ogp-1" not in states(unknown) and "ogp-5" not in states(unknown)


def test_reports_fill_the_repository_by_the_clock() -> None:
    plan = make_open_plan()
    make_report(make_commitment(plan), reported_on=date(2026, 5, 1))
    assert states(plan, date(2026, 11, 1))["ogp-2"] == "met"
    assert states(plan, date(2026, 11, 2))["ogp-2"] == "partly"
    services.close_plan(actor=SYSTEM, plan=plan, closed_on=date(2026, 11, 3))
    assert "ogp-2" not in states(plan, date(2026, 12, 1))


def test_consultations_behind_a_plan_fill_what_they_prove(client: Client) -> None:
    plan = make_open_plan()
    commitment = make_commitment(plan)
    make_commitment(plan, "2")
    consultation = make_consultation()
    make_answer(survey_of(consultation))
    one = make_theme(consultation.node, "un")
    make_response(one, commitment)
    found = cocreation.filled(plan, today=timezone.localdate())
    assert {key: found[key].state for key in ("ogp-3", "ogp-4", "quebec-1", "quebec-2",
                                              "quebec-3", "quebec-6")} == {
        "ogp-3": "partly", "ogp-4": "met", "quebec-1": "met", "quebec-2": "partly",
        "quebec-3": "partly", "quebec-6": "met",
    }  # fmt: skip
    assert "1 engagement sur 2" in plain(found["ogp-3"].why)
    assert "quebec-4" not in found and "quebec-5" not in found
    make_theme(consultation.node, "deux")
    again = cocreation.filled(plan, today=timezone.localdate())["ogp-4"]
    assert again.state == "partly" and "1 thème sur 2" in plain(again.why)
    opens = consultation.phases.get().starts
    document = Node.objects.create(
        kind="document", slug="d", title=both("Le cadre"), state=State.PUBLIC,
        published_at=opens + timedelta(hours=1),
    )  # fmt: skip
    thread.link(document, "informs", consultation.node, actor=SYSTEM)
    assert "quebec-4" not in states(plan)
    document.published_at = opens - timedelta(days=3)
    document.save()
    assert states(plan)["quebec-4"] == "met"
    url = reverse("cocreation", args=[plan.node.slug])
    assert "Données de démonstration reconstituées" not in client.get(url).content.decode()
    type(consultation).objects.update(reconstructed=True)
    found = cocreation.filled(plan, today=timezone.localdate())
    assert found["ogp-4"].reconstructed and not found["ogp-2"].reconstructed
    assert "Données de démonstration reconstituées" in client.get(url).content.decode()


def test_evaluations_by_whom_fill_the_last_principle() -> None:
    plan = make_open_plan()
    commitment, group = make_commitment(plan), make_group()
    reports.evaluate(actor=SYSTEM, kind="end", plan=plan, fields={"text": both("Lu.")})
    assert states(plan)["quebec-7"] == "partly"
    fields = {
        "text": both("Vu."), "completion": "limited", "signed": "Mado",
        "reasons": {"completion": both("Peu.")},
    }  # fmt: skip
    publish_evaluation(
        actor=make_speaker(group), body=group, kind="end", commitment=commitment, fields=fields
    )
    assert states(plan)["quebec-7"] == "partly"
    reports.evaluate(
        actor=SYSTEM,
        kind="end",
        plan=plan,
        by="government",
        fields={"text": both("Bien."), "signed": "La directrice"},
    )
    assert states(plan)["quebec-7"] == "met"


# --- what people answer -------------------------------------------------------------------------
def test_people_answer_beside_the_program_and_both_are_shown(client: Client) -> None:
    plan = make_open_plan()
    key = IdempotencyKey.of("c", "k", "x")
    first = answer(plan, "ogp-2", "met", key=key)
    assert answer(plan, "ogp-2", "met", key=IdempotencyKey.of("c", "k", "x")) == first
    url = reverse("cocreation", args=[plan.node.slug])
    body = plain(client.get(url).content.decode())
    assert "réponse des coordonnateurs le" in body and "Voici." in body
    assert "Le programme voit : pas encore." in body
    assert "rempli par le programme" in body and "Le programme n’en sait rien" in body
    assert "Répondre" not in body
    answer(plan, "ogp-2", "")
    assert not Check.objects.exists()
    english = plain(client.get(f"/en/collaborate/co-creation/{plan.node.slug}/").content.decode())
    assert "filled by the program" in english and "A reasoned response" in english


@pytest.mark.parametrize(
    ("more", "wrong"),
    [
        ({"state": "presque"}, {"state"}),
        ({"state": "not_applicable", "comment": {}}, {"comment"}),
        ({"state": "not_yet", "comment": {}}, {"comment"}),
        ({"state": "met", "comment": {}}, {"evidence"}),
        ({"comment": {"fr": "Seul."}}, {"comment"}),
        ({"comment": both("x" * 1_001)}, {"comment"}),
        ({"evidence": ["nulle part"]}, {"evidence"}),
    ],
)
def test_a_bad_answer_is_refused(more: dict[str, Any], wrong: set[str]) -> None:
    with pytest.raises(Invalid) as found:
        answer(make_open_plan(), **more)
    assert set(found.value.errors) == wrong
    assert not Check.objects.exists()


def test_only_the_coordinators_of_a_public_plan_answer() -> None:
    plan, draft = make_open_plan(), make_plan("secret", public=False)
    for who in ("adviser", "operator", None):
        with pytest.raises(Forbidden):
            answer(plan, actor=make_actor(who))
    local = make_person(email="locale@test.example")
    Role.objects.create(person=local, role="coordinator", scope=plan.organisation.node)
    assert answer(plan, actor=actor_for(local)) is not None
    with pytest.raises(NotFound):
        answer(draft)
    with pytest.raises(NotFound):
        answer(plan, "ogp-6")


def test_the_form_answers_and_keeps_what_was_typed(client: Client) -> None:
    plan = make_open_plan()
    client.force_login(make_person("coordinator"))
    url = reverse("cocreation_check", args=[plan.node.slug, "quebec-5"])
    key = KEY.search(client.get(url).content.decode())
    assert key is not None
    bad = client.post(url, {"key": key[1], "state": "met", "comment_fr": "Une radio."})
    assert bad.status_code == 422 and "Une radio." in bad.content.decode()
    sent = {"state": "met", "evidence": "https://exemple.test/radio", "key": key[1]}
    done = client.post(url, sent)
    assert done.status_code == 303 and done["Location"].endswith("#quebec-5")
    assert "exemple.test" in client.get(done["Location"]).content.decode()
    assert client.get(url.replace("quebec-5", "quebec-9")).status_code == 404


def test_page_json_csv_and_api_say_the_same(
    client: Client, django_assert_max_num_queries: Any
) -> None:
    plan = make_open_plan()
    answer(plan, "quebec-5", comment=both("=cmd()"), evidence=["https://exemple.test/a"])
    document = client.get(reverse("cocreation_json", args=[plan.node.slug])).json()
    api = client.get(f"/api/v1/checklists/{plan.node.slug}").json()
    assert api["standards"] == json.loads(json.dumps(document["standards"]))
    found = {row["standard"]: row for row in api["standards"]}
    assert found["ogp-2"]["answered_by"] == "program"
    assert found["ogp-2"]["program"]["why"]["en"] == "No progress report of this plan has a date."
    assert found["quebec-5"]["state"] == "met" and found["quebec-5"]["answered_by"] == "people"
    assert found["ogp-3"]["state"] is None
    text = client.get(reverse("cocreation_csv", args=[plan.node.slug])).content.decode()
    rows = {row["standard"]: row for row in csv.DictReader(io.StringIO(text))}
    assert len(rows) == 12 and rows["quebec-5"]["comment_fr"] == "'=cmd()"
    assert {key: row["state"] or None for key, row in rows.items()} == {
        key: row["state"] for key, row in found.items()
    }
    assert client.get("/api/v1/checklists/rien").status_code == 404
    for size in (1, 5):
        while Commitment.objects.filter(plan=plan).count() < size:
            n = Commitment.objects.count() + 1
            commitment = make_commitment(plan, str(n))
            consultation = make_consultation(slug=f"c{n}")
            make_response(make_theme(consultation.node, f"t{n}", 2), commitment)
        with django_assert_max_num_queries(24):
            client.get(reverse("cocreation", args=[plan.node.slug]))


# --- a text becomes a commitment ----------------------------------------------------------------
def test_a_closed_text_becomes_a_commitment_and_the_thread_says_so(client: Client) -> None:
    plan, draft = make_open_plan(), make_draft(make_committee())
    coordinator = make_actor("coordinator")
    with pytest.raises(Invalid):
        become_commitment(actor=coordinator, drafting=draft, plan=plan, number="7")
    drafting.change_drafting(actor=SYSTEM, drafting=draft, changes={"closed": True})
    with pytest.raises(Forbidden):
        become_commitment(actor=make_actor("adviser"), drafting=draft, plan=plan, number="7")
    key = IdempotencyKey.of("b", "k", "x")
    made = become_commitment(actor=coordinator, drafting=draft, plan=plan, number="7", key=key)
    again = IdempotencyKey.of("b", "k", "x")
    assert become_commitment(
        actor=coordinator, drafting=draft, plan=plan, number="7", key=again
    ).pk == made.pk  # fmt: skip
    assert made.action["en"].startswith("Publish the budgets.\n\nEvery year")
    assert made.node.state == State.DRAFT
    assert Link.objects.get(relation="becomes").target_id == made.pk
    page = reverse("drafting", args=[draft.node.slug])
    assert "Ce qu’il est devenu" not in client.get(page).content.decode()
    with pytest.raises(Invalid):
        become_commitment(actor=coordinator, drafting=draft, plan=plan, number="7")
    services.publish_commitment(actor=SYSTEM, commitment=made)
    body = plain(client.get(page).content.decode())
    assert "Ce qu’il est devenu" in body and "Le fil de ce texte" in body
    body = plain(client.get(reverse("commitment", args=[made.node.slug])).content.decode())
    assert "Son texte a été écrit ensemble :" in body and page in body
    thread_ = client.get(f"/api/v1/nodes/{made.pk}/thread").json()
    assert ["becomes", "drafting"] in [[lv["relation"], lv["kind"]] for lv in thread_["levels"]]


def test_the_page_makes_the_draft_commitment(client: Client) -> None:
    plan, draft = make_open_plan(), make_draft(make_committee())
    client.force_login(make_person("coordinator"))
    url = reverse("drafting_export", args=[draft.node.slug])
    page = client.get(url).content.decode()
    key = KEY.search(page)
    assert key is not None
    data = {"key": key[1], "plan": str(plan.pk), "number": "7"}
    assert client.post(url, data).status_code == 422
    drafting.change_drafting(actor=SYSTEM, drafting=draft, changes={"closed": True})
    assert url in client.get(reverse("drafting", args=[draft.node.slug])).content.decode()
    done = client.post(url, data)
    assert done.status_code == 303
    assert done["Location"] == reverse("commitment_edit", args=[Commitment.objects.get().node.slug])
