"""Services of the plan: what they refuse, what they keep, what they tell the register."""

from datetime import date, timedelta

import pytest
from django.utils import timezone

from parvis.core import revisions
from parvis.core.access import NOBODY, SYSTEM
from parvis.core.errors import Conflict, Forbidden, Invalid, NotFound, SignInNeeded
from parvis.core.events import IdempotencyKey
from parvis.core.models import Event, Link, Role, State
from parvis.ledger.models import Leaf
from parvis.plan import queries, reports, services
from parvis.plan.models import Commitment, Evaluation, Plan, ProgressUpdate
from parvis.plan.tests.plan_factories import (
    both,
    make_commitment,
    make_milestone,
    make_plan,
    make_report,
)
from tests.factories import make_actor, make_organisation, make_person

pytestmark = pytest.mark.django_db


def refusal(act, **arguments):
    """Return the fields that a service refuses."""
    with pytest.raises(Invalid) as caught:
        act(**arguments)
    return set(caught.value.errors)


def test_a_citizen_can_do_none_of_it():
    plan = make_plan()
    row = make_commitment(plan)
    draft = make_commitment(plan, "2", public=False)
    milestone = make_milestone(row, "Un jalon")
    acts = [
        lambda a: services.create_plan(actor=a, title=both("x"), organisation=plan.organisation),
        lambda a: services.update_plan(actor=a, plan=plan, changes={}),
        lambda a: services.publish_plan(actor=a, plan=plan),
        lambda a: services.close_plan(actor=a, plan=plan, closed_on=date(2026, 1, 1)),
        lambda a: services.draft_commitment(actor=a, plan=plan, title=both("x"), number="9"),
        lambda a: services.update_commitment(actor=a, commitment=row, changes={}),
        lambda a: services.publish_commitment(actor=a, commitment=draft),
        lambda a: services.add_milestone(actor=a, commitment=row, title=both("x")),
        lambda a: services.update_milestone(actor=a, milestone=milestone, changes={}),
        lambda a: reports.report_progress(actor=a, commitment=row, text=both("x")),
        lambda a: reports.evaluate(actor=a, kind="end", commitment=row),
    ]
    before = Event.objects.count()
    for role in (None, "adviser", "analyst", "steward", "operator"):
        actor = make_actor(role)
        for act in acts:
            with pytest.raises(Forbidden):
                act(actor)
    for act in acts:
        with pytest.raises(SignInNeeded):
            act(NOBODY)
    assert Event.objects.count() == before


def test_a_coordinator_of_one_plan_has_no_hand_on_another():
    mine, other = make_plan("mien"), make_plan("autre")
    person = make_person()
    Role.objects.create(person=person, role="coordinator", scope=mine.node)
    from parvis.core.access import actor_for

    actor = actor_for(person)
    services.update_plan(actor=actor, plan=mine, changes={"sources": ["https://example.org/"]})
    make_commitment(mine)
    with pytest.raises(Forbidden):
        services.update_plan(actor=actor, plan=other, changes={})
    with pytest.raises(Forbidden):
        services.create_plan(actor=actor, title=both("x"), organisation=other.organisation)
    organisation_wide = make_person(email="org@test.example")
    Role.objects.create(person=organisation_wide, role="coordinator", scope=other.organisation.node)
    row = make_commitment(other)
    make_report_as = actor_for(organisation_wide)
    reports.report_progress(
        actor=make_report_as, commitment=row, text=both("Fait."), completion="complete",
        reported_on=date(2026, 1, 2),
    )  # fmt: skip


def test_bad_plans_are_refused():
    organisation = make_organisation("o")

    def create(title=None, **fields):
        services.create_plan(
            actor=SYSTEM, title=title or both("x"), organisation=organisation, fields=fields
        )

    assert refusal(create, title={"en": "English only"}) == {"title"}
    assert refusal(create, title={"fr": "x" * 201}) == {"title"}
    assert refusal(create, title={"de": "x"}) == {"title"}
    assert refusal(create, starts=date(2026, 2, 1), ends=date(2026, 1, 1)) == {"ends"}
    assert refusal(create, sources=["javascript:alert(1)"]) == {"sources"}
    assert refusal(create, sources=["https://[broken"]) == {"sources"}
    assert refusal(create, sources="https://example.org") == {"sources"}
    assert refusal(create, summary={"fr": "x" * 20_001}) == {"summary"}
    assert refusal(create, notes=[{"xx": "?"}]) == {"notes"}
    assert refusal(create, notes=["x"] * 61) == {"notes"}
    assert refusal(create, colour="red") == {"colour"}
    assert refusal(create, starts="yesterday") == {"starts"}
    assert refusal(create, starts_precision="year") == {"starts_precision"}
    assert Plan.objects.count() == 0


def test_slugs_never_meet_an_address_of_the_desk():
    plan = make_plan("nouveau")
    assert plan.node.slug == "nouveau-2"
    assert make_plan("nouveau-2").node.slug == "nouveau-2-2"


def test_publishing_a_plan_asks_for_what_it_is_in_each_language():
    plan = make_plan(public=False, summary={})
    publish = services.publish_plan
    assert refusal(publish, actor=SYSTEM, plan=plan) == {"summary"}
    services.update_plan(actor=SYSTEM, plan=plan, changes={"summary": {"fr": "Un plan."}})
    assert refusal(publish, actor=SYSTEM, plan=plan) == {"summary"}
    plan = Plan.objects.select_related("node").get(pk=plan.pk)
    assert plan.node.state == State.DRAFT
    services.update_plan(actor=SYSTEM, plan=plan, changes={"summary": both("Un plan.")})
    publish(actor=SYSTEM, plan=plan)
    with pytest.raises(Conflict):
        publish(actor=SYSTEM, plan=plan)


def test_a_commitment_needs_a_public_plan_and_a_number_of_its_own():
    plan = make_plan(public=False)
    row = make_commitment(plan, public=False)
    assert refusal(services.publish_commitment, actor=SYSTEM, commitment=row) == {"__all__"}
    again = {"actor": SYSTEM, "plan": plan, "title": both("x"), "number": "1"}
    assert refusal(services.draft_commitment, **again) == {"number"}
    assert refusal(services.draft_commitment, **{**again, "number": ""}) == {"number"}
    assert refusal(services.draft_commitment, **{**again, "number": "x" * 13}) == {"number"}
    fields = {"ogp_value": "money"}
    bad = {**again, "number": "2", "fields": fields}
    assert refusal(services.draft_commitment, **bad) == {"ogp_value"}
    assert Commitment.objects.count() == 1


def test_publishing_a_commitment_writes_the_register_and_shows_its_milestones():
    row = make_commitment(make_plan(), milestones=2)
    leaf = Leaf.objects.get(event__verb="commitment.created")
    assert leaf.on == f"commitment/{row.pk}"
    assert leaf.members["d"]["number"] == "1"
    assert {m.node.state for m in row.milestones.select_related("node")} == {State.PUBLIC}


def test_a_moved_date_says_why_and_stays_in_the_history():
    row = make_commitment(make_plan(), ends=date(2027, 1, 31))
    later = {"ends": date(2027, 6, 30)}
    change = services.update_commitment
    assert refusal(change, actor=SYSTEM, commitment=row, changes=later) == {"note"}
    row = Commitment.objects.select_related("node", "plan__node").get(pk=row.pk)
    assert row.ends == date(2027, 1, 31)
    note = both("Le fournisseur a changé.")
    change(actor=SYSTEM, commitment=row, changes=later, title=both("Autre titre"), note=note)
    newest, first = revisions.history(row.node)
    assert first.first and newest.note == note
    changes = {change.field: change.runs for change in newest.changes if change.language == "fr"}
    assert ("delete", "2027-01-31") in changes["ends"]
    assert ("insert", "2027-06-30") in changes["ends"]
    assert "title" in changes


def test_a_milestone_keeps_its_history_and_its_state_is_only_reported():
    row = make_commitment(make_plan())
    milestone = make_milestone(row, "Un jalon", ends=date(2026, 9, 1))
    change = services.update_milestone
    bad = {"reached": True}
    assert refusal(change, actor=SYSTEM, milestone=milestone, changes=bad) == {"reached"}
    later = {"ends": date(2026, 10, 1)}
    assert refusal(change, actor=SYSTEM, milestone=milestone, changes=later) == {"note"}
    change(actor=SYSTEM, milestone=milestone, changes=later, note=both("Grève."))
    assert len(revisions.history(milestone.node)) == 2
    make_report(row, milestone=milestone, milestone_reached=True)
    milestone.refresh_from_db()
    assert milestone.reached is True


def test_no_new_milestone_in_a_complete_commitment():
    row = make_commitment(make_plan())
    make_report(row, "complete")
    add = services.add_milestone
    assert refusal(add, actor=SYSTEM, commitment=row, title=both("x")) == {"__all__"}


def test_a_report_is_never_silent():
    row = make_commitment(make_plan())

    def tell(**more):
        known = {
            "text": both("Un peu."), "completion": "limited", "why": both("Grève."),
            "external": {}, "reported_on": date(2026, 5, 1), "today": date(2026, 6, 1),
        }  # fmt: skip
        reports.report_progress(actor=SYSTEM, commitment=row, **{**known, **more})

    assert refusal(tell, text={}) == {"text"}
    assert refusal(tell, text={"en": "English only"}) == {"text"}
    assert refusal(tell, why={}) == {"why"}
    assert refusal(tell, external=None) == {"external"}
    assert refusal(tell, completion="") == {"completion"}
    assert refusal(tell, completion="almost") == {"completion"}
    assert refusal(tell, reported_on=date(2026, 6, 2)) == {"reported_on"}
    assert refusal(tell, why={}, source_silent=True) == {"sources"}
    assert refusal(tell, sources=["ftp://example.org/x"]) == {"sources"}
    assert refusal(tell, milestones_reached=1) == {"milestones_reached"}
    assert refusal(tell, milestones_reached=3, milestones_total=2) == {"milestones_reached"}
    assert refusal(tell, milestones_reached=-1, milestones_total=2) == {"milestones_reached"}
    assert refusal(tell, milestones_reached=0, milestones_total=501) == {"milestones_reached"}
    started = {"milestones_reached": 1, "milestones_total": 2}
    assert refusal(tell, completion="not_started", **started) == {"completion"}
    assert ProgressUpdate.objects.count() == 0
    tell()
    # Once a level and a date were given, a report may not go back to saying less.
    assert refusal(tell, completion="", sources=["https://example.org/"]) == {"completion"}
    assert refusal(tell, reported_on=None) == {"reported_on"}


def test_complete_contradicts_milestones_that_are_not_reached():
    row = make_commitment(make_plan(), milestones=2)
    other = make_milestone(make_commitment(row.plan, "2"), "Ailleurs")

    def tell(**more):
        make_report(row, **more)

    assert refusal(tell, completion="complete") == {"completion"}
    assert refusal(tell, milestone=other, milestone_reached=True) == {"milestone"}
    for milestone in row.milestones.all():
        tell(milestone=milestone, milestone_reached=True)
    tell(completion="complete", why={}, external=None)
    found = queries.standing(row)
    assert (found.lateness.state, found.reached, found.total) == ("done", 2, 2)


def test_counts_go_on_from_a_source_that_names_some_milestones_only():
    plan = make_plan()
    row = make_commitment(plan)
    named = make_milestone(row, "Nommé")
    source = {"sources": ["https://example.org/bilan"]}
    make_report(row, milestones_reached=2, milestones_total=4, **source)
    make_report(row, milestone=named, milestone_reached=True)
    found = queries.standing(row)
    assert (found.reached, found.total, found.unnamed) == (3, 4, 3)
    make_report(row, milestone=named, milestone_reached=False)
    assert queries.standing(row).reached == 2


def test_the_newest_report_is_the_state_and_the_older_ones_stay():
    row = make_commitment(make_plan())
    make_report(row, "limited", reported_on=date(2026, 3, 1))
    make_report(row, "substantial", reported_on=date(2026, 5, 1))
    make_report(row, "not_started", reported_on=date(2026, 1, 1))  # found late in the archives
    assert queries.last_update(row).completion == "substantial"
    make_report(row, "limited", reported_on=date(2026, 5, 1))  # the same day: a correction
    levels = [update.completion for update in queries.updates_of(row)]
    assert levels == ["limited", "substantial", "limited", "not_started"]
    assert all(update.node.revisions.count() == 1 for update in queries.updates_of(row))
    row.plan.refresh_from_db()
    assert row.plan.last_reported_on == date(2026, 5, 1)
    facts = Leaf.objects.filter(event__verb="commitment.progressed").latest("pk").members["d"]
    assert facts == {"completion": "limited", "reported_on": "2026-05-01"}


def test_nothing_is_reported_on_a_draft():
    row = make_commitment(make_plan(), public=False)
    with pytest.raises(NotFound):
        make_report(row)
    with pytest.raises(NotFound):
        reports.evaluate(actor=SYSTEM, kind="end", commitment=row, fields={"text": both("Rien.")})


def test_a_plan_does_not_close_in_silence():
    plan = make_plan()
    told, silent = make_commitment(plan, "1"), make_commitment(plan, "2")
    make_report(told)
    close = {"actor": SYSTEM, "plan": plan, "closed_on": date(2026, 5, 31)}
    assert refusal(services.close_plan, **close) == {"closed_on"}
    tomorrow = timezone.localdate() + timedelta(days=1)
    assert refusal(services.close_plan, **{**close, "closed_on": tomorrow}) == {"closed_on"}
    make_report(silent, "not_started")
    services.close_plan(**close)
    assert queries.lateness(told, today=date(2030, 1, 1)).state == "ended"
    with pytest.raises(Conflict):
        services.close_plan(**close)
    make_report(told, "complete", reported_on=date(2026, 5, 31))
    assert queries.lateness(told, today=date(2030, 1, 1)).state == "done"


def test_the_same_request_twice_has_one_effect():
    plan = make_plan()
    row = make_commitment(plan)

    def key(scope, content="c"):
        return IdempotencyKey.of(scope, "k", content)

    def plan_again(content="c"):
        return services.create_plan(
            actor=SYSTEM, title=both("Double"), organisation=plan.organisation,
            key=key("plan", content),
        )  # fmt: skip

    assert plan_again().pk == plan_again().pk
    with pytest.raises(Conflict):
        plan_again("other")
    one, two = (make_report(row, key=key("progress")) for _n in range(2))
    assert one.pk == two.pk and row.updates.count() == 1
    first, second = (
        services.add_milestone(actor=SYSTEM, commitment=row, title=both("J"), key=key("m"))
        for _n in range(2)
    )
    assert first.pk == second.pk
    c1, c2 = (
        services.draft_commitment(
            actor=SYSTEM, plan=plan, title=both("x"), number="7", key=key("commitment")
        )
        for _n in range(2)
    )
    assert c1.pk == c2.pk
    e1, e2 = (
        reports.evaluate(
            actor=SYSTEM, kind="end", commitment=row, fields={"text": both("Vu.")}, key=key("e")
        )
        for _n in range(2)
    )
    assert e1.pk == e2.pk


def test_an_evaluation_enters_the_thread_with_its_scales():
    plan = make_plan()
    row = make_commitment(plan)
    fields = {
        "evaluator": both("Comité"), "text": both("Vérifiable."), "verifiable": True,
        "potential": "modest", "completion": "substantial", "early_results": "marginal",
    }  # fmt: skip
    made = reports.evaluate(actor=SYSTEM, kind="inception", commitment=row, fields=fields)
    assert Link.objects.get(source=row.node, relation="evaluated_by").target == made.node
    reports.evaluate(actor=SYSTEM, kind="end", plan=plan, fields={"text": both("Bien.")})
    assert Link.objects.filter(source=plan.node, relation="evaluated_by").count() == 1

    def bad(kind="end", commitment=row, plan=None, **more):
        known = {"text": both("x"), **more}
        reports.evaluate(actor=SYSTEM, kind=kind, commitment=commitment, plan=plan, fields=known)

    assert refusal(bad, kind="middle") == {"kind"}
    assert refusal(bad, text={}) == {"text"}
    assert refusal(bad, potential="huge") == {"potential"}
    assert refusal(bad, early_results="good") == {"early_results"}
    assert refusal(bad, completion="done") == {"completion"}
    tomorrow = timezone.localdate() + timedelta(days=1)
    assert refusal(bad, evaluated_on=tomorrow) == {"evaluated_on"}
    assert refusal(bad, plan=plan) == {"__all__"}
    assert refusal(bad, commitment=None) == {"__all__"}
    assert Evaluation.objects.count() == 2
