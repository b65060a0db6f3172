"""The opening at a chosen minute, and the changes of what is open."""

from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone

from parvis import steps
from parvis.consult import services as consult
from parvis.consult.approval import changes, gate, schedule
from parvis.consult.approval.models import ProposedChange, Review
from parvis.consult.approval.tests.approval_factories import Team, make_review, make_team
from parvis.consult.models import Consultation
from parvis.core import revisions
from parvis.core.access import NOBODY, SYSTEM
from parvis.core.errors import Closed, Conflict, Forbidden, Invalid, SignInNeeded
from parvis.core.events import IdempotencyKey
from parvis.core.models import Event, Node, Role, Site, State
from tests.factories import make_actor

pytestmark = pytest.mark.django_db
TEXT = {"fr": "Un résumé plus clair.", "en": "A clearer summary."}
WHY = {"fr": "Une faute.", "en": "A mistake."}


def _fresh(consultation: Consultation) -> Consultation:
    return Consultation.objects.select_related("node", "organisation__node").get(pk=consultation.pk)


def _planned(team: Team, **more: Any) -> Review:
    at = timezone.now() + timedelta(hours=2)
    return schedule.schedule(
        actor=team.adviser, consultation=team.consultation, publish_at=at, **more
    )


# Planning ----------------------------------------------------------------------------------------


def test_it_opens_at_the_minute_and_not_before() -> None:
    team = make_team()
    make_review(team, approved=True)
    review = _planned(team)
    assert review.publish_at and review.publish_at.second == 0
    assert gate.standing(team.consultation).state == "scheduled"
    assert schedule.tick(review.publish_at - timedelta(seconds=1)) == 0
    assert _fresh(team.consultation).node.state == State.DRAFT
    assert schedule.tick(review.publish_at) == 1
    assert _fresh(team.consultation).node.state == State.PUBLIC
    event = Event.objects.get(verb="consultation.published")
    assert event.actor_id is None
    assert schedule.tick(review.publish_at + timedelta(hours=1)) == 0


def test_the_worker_has_a_step_for_it() -> None:
    team = make_team()
    make_review(team, approved=True)
    review = _planned(team)
    Review.objects.filter(pk=review.pk).update(publish_at=timezone.now())
    by_name = {step.name: step for step in steps.lanes()["events"]}
    assert by_name["planned"].every <= 30
    assert by_name["planned"].run()
    assert _fresh(team.consultation).node.state == State.PUBLIC


@pytest.mark.parametrize("because", ["stale", "holes"])
def test_what_cannot_open_says_why_once_and_waits(because: str) -> None:
    team = make_team()
    make_review(team, approved=True)
    review = _planned(team)
    assert review.publish_at
    if because == "stale":
        consult.update_consultation(
            actor=team.adviser, consultation=team.consultation, changes={"summary": TEXT}
        )
    else:
        # Its only period ends before the minute comes: nothing that was approved changed.
        review.publish_at += timedelta(days=40)
        review.save()
        from unittest import mock

        with mock.patch("django.utils.timezone.now", return_value=review.publish_at):
            assert schedule.tick(review.publish_at) == 1
    if because == "stale":
        assert schedule.tick(review.publish_at) == 1
    review.refresh_from_db()
    assert review.refused_because == because and review.refused_at
    assert _fresh(team.consultation).node.state == State.DRAFT
    assert schedule.tick(review.publish_at + timedelta(hours=1)) == 0
    event = Event.objects.get(verb="consultation.schedule_refused")
    assert event.data["because"] == because
    assert gate.standing(_fresh(team.consultation)).opens_at is None


def test_planning_is_refused_without_approval_or_right_or_reason() -> None:
    team = make_team()
    later = timezone.now() + timedelta(hours=1)
    make = {"consultation": team.consultation, "publish_at": later}
    with pytest.raises(Conflict):
        schedule.schedule(actor=team.adviser, **make)
    make_review(team, approved=True)
    for actor, error in ((NOBODY, SignInNeeded), (team.coordinator, Forbidden)):
        with pytest.raises(error):
            schedule.schedule(actor=actor, **make)
        with pytest.raises(error):
            schedule.unschedule(actor=actor, consultation=team.consultation)
    for at in (timezone.now() - timedelta(minutes=1), timezone.now() + timedelta(days=31)):
        with pytest.raises(Invalid) as refusal:
            schedule.schedule(actor=team.adviser, consultation=team.consultation, publish_at=at)
        assert "publish_at" in refusal.value.errors
    with pytest.raises(Conflict):
        schedule.unschedule(actor=team.adviser, consultation=team.consultation)
    consult.open_consultation(actor=team.adviser, consultation=team.consultation)
    with pytest.raises(Conflict):
        schedule.schedule(actor=team.adviser, **make)


def test_another_minute_replaces_the_first_and_it_is_taken_off() -> None:
    team = make_team()
    make_review(team, approved=True)
    key = IdempotencyKey.of("plan", "k" * 22, "")
    first, again = _planned(team, key=key), _planned(team, key=key)
    assert first.pk == again.pk
    later = timezone.now() + timedelta(days=1)
    schedule.schedule(actor=team.adviser, consultation=team.consultation, publish_at=later)
    assert Review.objects.filter(publish_at__isnull=False).count() == 1
    schedule.unschedule(actor=team.adviser, consultation=team.consultation)
    assert gate.standing(team.consultation).state == "approved"
    assert schedule.tick(later + timedelta(hours=1)) == 0
    assert ZoneInfo(team.consultation.time_zone).key == "America/Toronto"


# Changes of what is open -------------------------------------------------------------------------


def _propose(team: Team, **more: Any) -> ProposedChange:
    given: dict[str, Any] = {"changes": {"summary": TEXT}, "note": WHY, **more}
    return changes.propose_change(actor=team.adviser, consultation=team.consultation, **given)


def test_what_is_open_does_not_change_without_a_second_person() -> None:
    team = make_team(opened=True)
    make = {"consultation": team.consultation, "changes": {"summary": TEXT}}
    for actor in (team.adviser, SYSTEM):
        with pytest.raises(Conflict):
            consult.update_consultation(actor=actor, **make)
    with pytest.raises(Conflict):
        consult.update_consultation(actor=team.adviser, second=team.adviser, **make)
    with pytest.raises(Forbidden):
        consult.update_consultation(actor=team.adviser, second=make_actor("steward"), **make)
    Site.objects.update(approval="none")
    consult.update_consultation(actor=team.adviser, **make)
    assert _fresh(team.consultation).summary == TEXT


def test_a_change_is_public_once_another_person_publishes_it() -> None:
    team = make_team(opened=True)
    before = _fresh(team.consultation).summary
    change = _propose(team, title={"fr": "Le plan, mieux dit", "en": "The plan, better said"})
    assert _fresh(team.consultation).summary == before
    labels = [str(one.label) for one in changes.differences(change)]
    assert len(labels) == 2
    changes.approve_change(actor=team.coordinator, change=change, words="D’accord.")
    now = _fresh(team.consultation)
    assert now.summary == TEXT and now.node.title["fr"] == "Le plan, mieux dit"
    latest = revisions.history(now.node)[0]
    assert latest.note == WHY and {one.field for one in latest.changes} == {"summary", "title"}
    change.refresh_from_db()
    assert (change.state, change.decided_by_id) == ("approved", team.coordinator.person_id)
    assert now.node.revisions.order_by("-at").first().by_id == team.adviser.person_id


def test_dates_and_organisation_travel_through_json() -> None:
    from tests.factories import make_organisation

    team = make_team(opened=True)
    due = timezone.localdate() + timedelta(days=75)
    other = make_organisation("autre-org", "Autre organisme")
    change = _propose(team, changes={"report_due": due, "organisation": other, "minutes": None})
    words = " ".join(
        run for one in changes.differences(change) for c in one.changes for _op, run in c.runs
    )
    assert "Autre organisme" in words
    changes.approve_change(actor=team.coordinator, change=change)
    now = _fresh(team.consultation)
    assert (now.report_due, now.organisation_id, now.minutes) == (due, other.pk, None)


def test_bad_proposals_are_refused_before_anybody_reads_them() -> None:
    team = make_team(opened=True)
    same = _fresh(team.consultation).summary
    for more, field in (
        ({"note": {}}, "note"),
        ({"note": {"en": "English only"}}, "note"),
        ({"note": {"fr": "x" * 1001}}, "note"),
        ({"changes": {"summary": same}}, "__all__"),
        ({"changes": {"slug": "x"}}, "slug"),
        ({"changes": {"who_may": "account"}}, "who_may"),
        ({"changes": {"question": {}}}, "question"),
        ({"changes": {"summary": TEXT}, "title": {"en": "Only"}}, "title"),
    ):
        with pytest.raises(Invalid) as refusal:
            _propose(team, **more)
        assert field in refusal.value.errors, more
    assert ProposedChange.objects.count() == 0
    assert not Event.objects.filter(verb="consultation.changed").exists()
    for actor, error in ((NOBODY, SignInNeeded), (team.coordinator, Forbidden)):
        with pytest.raises(error):
            changes.propose_change(
                actor=actor, consultation=team.consultation, changes={"summary": TEXT}, note=WHY
            )


def test_a_draft_is_not_proposed() -> None:
    team = make_team()
    with pytest.raises(Conflict):
        _propose(team)


def test_one_change_waits_at_a_time_and_twice_is_once() -> None:
    team = make_team(opened=True)
    key = IdempotencyKey.of("propose", "k" * 22, "")
    first, again = _propose(team, key=key), _propose(team, key=key)
    assert first.pk == again.pk
    with pytest.raises(Conflict):
        _propose(team, changes={"minutes": 9})
    changes.withdraw_change(actor=team.adviser, change=first)
    _propose(team, changes={"minutes": 9})


def test_who_proposed_does_not_decide() -> None:
    team = make_team(opened=True)
    change = _propose(team)
    for actor in (team.adviser, SYSTEM, make_actor("steward"), make_actor("analyst")):
        with pytest.raises(Forbidden):
            changes.approve_change(actor=actor, change=change)
        with pytest.raises(Forbidden):
            changes.refuse_change(actor=actor, change=change, words="Non.")
    with pytest.raises(Forbidden):
        changes.withdraw_change(actor=team.coordinator, change=change)
    with pytest.raises(Forbidden):
        changes.withdraw_change(actor=make_actor("adviser", "autre@test.example"), change=change)
    with pytest.raises(SignInNeeded):
        changes.approve_change(actor=NOBODY, change=change)


def test_a_refusal_has_its_words_and_is_final() -> None:
    team = make_team(opened=True)
    change = _propose(team)
    with pytest.raises(Invalid) as refusal:
        changes.refuse_change(actor=team.coordinator, change=change, words=" ")
    assert "words" in refusal.value.errors
    changes.refuse_change(actor=team.coordinator, change=change, words="Ce n’est pas vrai.")
    for act in (
        lambda: changes.approve_change(actor=team.coordinator, change=change),
        lambda: changes.withdraw_change(actor=team.adviser, change=change),
    ):
        with pytest.raises(Closed):
            act()
    assert _fresh(team.consultation).summary != TEXT


def test_a_text_that_changed_meanwhile_is_a_conflict() -> None:
    team = make_team(opened=True)
    change = _propose(team)
    Consultation.objects.filter(pk=team.consultation.pk).update(summary={"fr": "Autre"})
    assert changes.moved(change) == ["summary"]
    with pytest.raises(Conflict):
        changes.approve_change(actor=team.coordinator, change=change)
    change.refresh_from_db()
    assert change.state == "waiting"


def test_an_author_without_rights_any_more_is_a_conflict() -> None:
    team = make_team(opened=True)
    change = _propose(team)
    Role.objects.filter(person_id=team.adviser.person_id).delete()
    with pytest.raises(Conflict):
        changes.approve_change(actor=team.coordinator, change=change)


def test_extending_stays_the_act_of_one_person() -> None:
    team = make_team(opened=True)
    phase = team.consultation.phases.get()
    consult.extend(
        actor=team.adviser, phase=phase, new_ends=phase.ends + timedelta(days=2),
        reason={"fr": "La tempête.", "en": "The storm."},
    )  # fmt: skip
    assert Node.objects.get(pk=team.consultation.pk).state == State.PUBLIC


def test_events_of_changes_hold_no_words() -> None:
    team = make_team(opened=True)
    change = _propose(team, note={"fr": "Mots-Secrets"})
    changes.refuse_change(actor=team.coordinator, change=change, words="Motif-Secret")
    told = [str(data) for data in Event.objects.values_list("data", flat=True)]
    assert not any("Secret" in one for one in told)
