"""Moderation: reports without names, motives, two people where needed, appeals."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone

from parvis.core.access import NOBODY, SYSTEM, actor_for
from parvis.core.errors import Conflict, Forbidden, Invalid, SignInNeeded
from parvis.core.events import IdempotencyKey
from parvis.core.models import Event, Node, Role, State
from parvis.ledger.models import Leaf
from parvis.methods.proposals.tests.factories import make_activity, make_comment, make_proposal
from parvis.moderation import queries, services
from parvis.moderation.models import Appeal, Decision, Report
from parvis.moderation.rules import KEYS, RULES
from tests.factories import make_actor, make_answer, make_person, survey_of

pytestmark = pytest.mark.django_db
MOTIVE = {"fr": "Une personne est attaquée.", "en": "A person is attacked."}


@pytest.fixture
def proposal():
    return make_proposal(make_activity())


def fresh(node):
    return Node.objects.select_related("space__space").get(pk=node.pk)


def test_anybody_reports_and_nobody_is_kept(proposal):
    person = make_actor()
    services.report(actor=NOBODY, node=proposal.node, reason="insult", details="Ligne 2")
    mine = services.report(actor=person, node=proposal.node, reason="insult")
    again = services.report(actor=person, node=proposal.node, reason="illegal")
    assert mine.pk == again.pk
    assert Report.objects.count() == 2
    for row in Report.objects.all():
        assert str(person.person_id).encode() not in repr(vars(row)).encode()
    assert set(Event.objects.filter(verb="report.made").values_list("actor", flat=True)) == {None}


def test_same_key_is_one_report(proposal):
    key = IdempotencyKey.of("r", "k" * 16, "x")
    one = services.report(actor=NOBODY, node=proposal.node, reason="insult", key=key)
    two = services.report(actor=NOBODY, node=proposal.node, reason="insult", key=key)
    assert one.pk == two.pk
    with pytest.raises(Conflict):
        other = IdempotencyKey.of("r", "k" * 16, "y")
        services.report(actor=NOBODY, node=proposal.node, reason="insult", key=other)


def test_bad_reports_are_refused(proposal):
    with pytest.raises(Invalid):
        services.report(actor=NOBODY, node=proposal.node, reason="criticism")
    with pytest.raises(Invalid):
        services.report(actor=NOBODY, node=proposal.node, reason="insult", details="x" * 1001)
    answer = make_answer(survey_of(proposal.activity.consultation))
    with pytest.raises(SignInNeeded):
        services.report(actor=NOBODY, node=answer.contribution.node, reason="insult")
    with pytest.raises(Forbidden):
        services.report(actor=make_actor(), node=answer.contribution.node, reason="insult")


@pytest.mark.parametrize("rule", [rule.key for rule in RULES if not rule.second_person])
def test_hiding_leaves_a_reasoned_leaf_that_refers_to_the_acceptance(proposal, rule):
    adviser = make_actor("adviser")
    services.report(actor=NOBODY, node=proposal.node, reason=rule)
    decision = services.hide(actor=adviser, node=proposal.node, rule=rule, motive=MOTIVE)
    assert fresh(proposal.node).state == State.HIDDEN
    assert decision.state == Decision.State.IN_FORCE
    assert decision.charter_rule.key == rule
    assert not decision.automatic
    report = Report.objects.get()
    assert (report.state, report.decision_id) == (Report.State.UPHELD, decision.pk)
    leaf = Leaf.objects.get(kind="contribution.moderated")
    accepted = Leaf.objects.get(kind="contribution.accepted")
    assert leaf.ref_id == accepted.event_id
    assert leaf.on == accepted.on
    assert leaf.members["d"] == {"reason": rule}


def test_comments_are_hidden_like_proposals(proposal):
    comment = make_comment(proposal)
    services.hide(actor=SYSTEM, node=fresh(comment.node), rule="insult", motive=MOTIVE)
    assert fresh(comment.node).state == State.HIDDEN
    assert fresh(proposal.node).state == State.PUBLIC


def test_hiding_needs_a_right_a_rule_a_motive_and_something_public(proposal):
    node, adviser = proposal.node, make_actor("adviser")
    for actor in (make_actor(), make_actor("analyst"), make_actor("operator")):
        with pytest.raises(Forbidden):
            services.hide(actor=actor, node=node, rule="insult", motive=MOTIVE)
    with pytest.raises(SignInNeeded):
        services.hide(actor=NOBODY, node=node, rule="insult", motive=MOTIVE)
    with pytest.raises(Invalid):
        services.hide(actor=adviser, node=node, rule="opposition", motive=MOTIVE)
    for motive in ("", {"en": "Only English."}, {"fr": "x" * 1001}, {"de": "Nein"}):
        with pytest.raises(Invalid):
            services.hide(actor=adviser, node=node, rule="insult", motive=motive)
    with pytest.raises(Invalid):
        services.hide(
            actor=adviser, node=proposal.activity.consultation.node, rule="insult", motive=MOTIVE
        )
    assert not Decision.objects.exists()
    services.hide(actor=adviser, node=node, rule="insult", motive=MOTIVE)
    with pytest.raises(Conflict):
        services.hide(actor=adviser, node=fresh(node), rule="insult", motive=MOTIVE)


def test_a_role_on_one_consultation_moderates_there_only():
    here, there = make_activity(slug="ici"), make_activity(slug="ailleurs")
    person = make_person(email="m@test.example")
    Role.objects.create(person=person, role="adviser", scope=here.consultation.node)
    actor = actor_for(person)
    one, two = make_proposal(here), make_proposal(there)
    for row in (one, two):
        services.report(actor=NOBODY, node=row.node, reason="insult")
    assert [row["node_id"] for row in queries.waiting_nodes(actor)] == [one.pk]
    assert queries.desk_counts(actor)["reported"] == 1
    services.hide(actor=actor, node=fresh(one.node), rule="insult", motive=MOTIVE)
    with pytest.raises(Forbidden):
        services.hide(actor=actor, node=fresh(two.node), rule="insult", motive=MOTIVE)


def test_off_topic_needs_a_second_person(proposal):
    first, second = make_actor("adviser"), make_actor("coordinator")
    services.report(actor=NOBODY, node=proposal.node, reason="off_topic")
    decision = services.hide(actor=first, node=proposal.node, rule="off_topic", motive=MOTIVE)
    assert decision.state == Decision.State.PROPOSED
    assert fresh(proposal.node).state == State.PUBLIC
    assert not queries.register().exists()
    assert not queries.decisions_on([proposal.pk])
    with pytest.raises(Forbidden):
        services.confirm(actor=first, decision=decision, agree=True)
    with pytest.raises(Conflict):
        services.hide(actor=second, node=proposal.node, rule="insult", motive=MOTIVE)
    with pytest.raises(Conflict):
        services.dismiss(actor=second, node=proposal.node, motive=MOTIVE)
    services.confirm(actor=second, decision=decision, agree=True)
    assert fresh(proposal.node).state == State.HIDDEN
    assert (decision.by_id, decision.second_id) == (first.person_id, second.person_id)
    assert Report.objects.get().state == Report.State.UPHELD
    with pytest.raises(Conflict):
        services.confirm(actor=second, decision=decision, agree=True)


def test_second_person_may_refuse(proposal):
    services.report(actor=NOBODY, node=proposal.node, reason="off_topic")
    decision = services.hide(
        actor=make_actor("adviser"), node=proposal.node, rule="off_topic", motive=MOTIVE
    )
    services.confirm(actor=make_actor("coordinator"), decision=decision, agree=False)
    assert fresh(proposal.node).state == State.PUBLIC
    assert Report.objects.get().state == Report.State.DISMISSED
    assert not queries.register().exists()
    assert not Leaf.objects.filter(kind="contribution.moderated").exists()


def test_dismissing_closes_every_report(proposal):
    for _n in range(3):
        services.report(actor=NOBODY, node=proposal.node, reason="insult")
    adviser = make_actor("adviser")
    services.dismiss(actor=adviser, node=proposal.node, motive=MOTIVE)
    assert set(Report.objects.values_list("state", flat=True)) == {Report.State.DISMISSED}
    assert fresh(proposal.node).state == State.PUBLIC
    assert not queries.register().exists()
    with pytest.raises(Conflict):
        services.dismiss(actor=adviser, node=proposal.node, motive=MOTIVE)


def test_restoring_reverses_and_says_so(proposal):
    adviser = make_actor("adviser")
    hidden = services.hide(actor=adviser, node=proposal.node, rule="insult", motive=MOTIVE)
    with pytest.raises(Invalid):
        services.restore(actor=adviser, node=fresh(proposal.node), motive="")
    back = services.restore(actor=adviser, node=fresh(proposal.node), motive="À tort.")
    hidden.refresh_from_db()
    assert hidden.state == Decision.State.REVERSED
    assert back.rule == hidden.rule
    assert fresh(proposal.node).state == State.PUBLIC
    assert Leaf.objects.filter(kind="contribution.restored").count() == 1
    assert not queries.decisions_on([proposal.pk])
    with pytest.raises(Conflict):
        services.restore(actor=adviser, node=fresh(proposal.node), motive="Encore.")


def test_appeal_is_by_the_author_and_answered_by_somebody_else():
    author, adviser = make_actor(), make_actor("adviser")
    proposal = make_proposal(make_activity(), actor=author)
    decision = services.hide(actor=adviser, node=proposal.node, rule="insult", motive=MOTIVE)
    with pytest.raises(Forbidden):
        services.appeal(actor=make_actor(email="x@test.example"), decision=decision, text="Non")
    with pytest.raises(Invalid):
        services.appeal(actor=author, decision=decision, text="  ")
    appeal = services.appeal(actor=author, decision=decision, text="Je parlais du règlement.")
    with pytest.raises(Conflict):
        services.appeal(actor=author, decision=decision, text="Encore")
    with pytest.raises(Forbidden):
        services.answer_appeal(actor=adviser, appeal=appeal, reverse=True, answer=MOTIVE)
    with pytest.raises(Forbidden):
        services.answer_appeal(actor=author, appeal=appeal, reverse=True, answer=MOTIVE)
    other = make_actor("coordinator")
    with pytest.raises(Invalid):
        services.answer_appeal(actor=other, appeal=appeal, reverse=True, answer="")
    services.answer_appeal(actor=other, appeal=appeal, reverse=True, answer=MOTIVE)
    assert appeal.state == Appeal.State.REVERSED
    assert fresh(proposal.node).state == State.PUBLIC
    with pytest.raises(Conflict):
        services.answer_appeal(actor=other, appeal=appeal, reverse=False, answer=MOTIVE)


def test_author_who_moderates_cannot_answer_their_own_appeal():
    author = make_actor("coordinator")
    proposal = make_proposal(make_activity(), actor=author)
    decision = services.hide(
        actor=make_actor("adviser"), node=proposal.node, rule="insult", motive=MOTIVE
    )
    appeal = services.appeal(actor=author, decision=decision, text="Non.")
    with pytest.raises(Forbidden):
        services.answer_appeal(actor=author, appeal=appeal, reverse=True, answer=MOTIVE)


def test_appeal_by_receipt(proposal):
    decision = services.hide(actor=SYSTEM, node=proposal.node, rule="insult", motive=MOTIVE)
    with pytest.raises(Forbidden):
        services.appeal(actor=NOBODY, decision=decision, text="Non")
    holder = NOBODY.holding(proposal.pk)
    appeal = services.appeal(actor=holder, decision=decision, text="Non.")
    services.answer_appeal(actor=make_actor("adviser"), appeal=appeal, reverse=False, answer=MOTIVE)
    assert fresh(proposal.node).state == State.HIDDEN
    assert Decision.objects.get().state == Decision.State.IN_FORCE


@pytest.mark.parametrize(
    ("made", "due"),
    [
        ("2026-12-03 10:00", "2026-12-04 10:00"),  # Thursday
        ("2026-12-04 16:30", "2026-12-07 16:30"),  # Friday
        ("2026-12-05 09:00", "2026-12-08 00:00"),  # Saturday: counted from Monday
        ("2026-12-06 23:59", "2026-12-08 00:00"),
    ],
)
def test_one_working_day(made, due):
    zone = ZoneInfo("America/Toronto")
    start = datetime.fromisoformat(made).replace(tzinfo=zone)
    assert queries.due_at(start.astimezone(UTC)) == datetime.fromisoformat(due).replace(tzinfo=zone)


def test_figures_are_a_recount_of_the_rows(proposal):
    activity, adviser = proposal.activity, make_actor("adviser")
    rows = [proposal, *(make_proposal(activity, title=f"Titre {n}") for n in range(3))]
    for row, reason in zip(rows, ("insult", "insult", "advertising", "illegal"), strict=True):
        services.report(actor=NOBODY, node=row.node, reason=reason)
    Report.objects.update(at=timezone.now() - timedelta(hours=6))
    services.hide(actor=adviser, node=fresh(rows[0].node), rule="insult", motive=MOTIVE)
    services.hide(actor=adviser, node=fresh(rows[2].node), rule="advertising", motive=MOTIVE)
    services.dismiss(actor=adviser, node=fresh(rows[1].node), motive=MOTIVE)
    services.restore(actor=adviser, node=fresh(rows[2].node), motive=MOTIVE)
    moderated = Event.objects.filter(verb="contribution.moderated").count()
    month = queries.figures()[0]
    # Six hours ago may be in the month before: both months together.
    months = queries.figures(months=2)
    assert sum(m.received for m in months) == Report.objects.count() == 4
    assert sum(m.by_reason.get("insult", 0) for m in months) == 2
    assert (month.hidden, month.restored, month.dismissed) == (moderated, 1, 1)
    assert month.hidden_by_rule == {3: 1, 5: 1}
    assert month.automatic == 0
    assert 5.9 <= month.delay_hours <= 6.1
    assert queries.waiting_now()["open"] == 1
    assert len(queries.figures()) == 12


def test_late_is_counted(proposal):
    services.report(actor=NOBODY, node=proposal.node, reason="insult")
    Report.objects.update(at=timezone.now() - timedelta(days=5))
    assert queries.waiting_now() == {"open": 1, "late": 1}


def test_rules_are_eight_and_opposing_is_none():
    assert [rule.number for rule in RULES] == list(range(1, 9))
    assert set(KEYS) == {
        "personal_data", "threat_or_hate", "insult", "off_topic", "advertising", "duplicate",
        "illegal", "impersonation",
    }  # fmt: skip
    assert [rule.key for rule in RULES if rule.second_person] == ["off_topic"]
