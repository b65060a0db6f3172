"""Each act of a review, who may do it, and each thing that is refused."""

import json
from datetime import timedelta

import pytest
from django.utils import timezone
from django.utils.translation import override

from parvis.consult import services as consult
from parvis.consult.approval import gate, services, snapshot
from parvis.consult.approval.models import Review, Reviewer
from parvis.consult.approval.tests.approval_factories import make_review, make_team
from parvis.consult.models import Consultation
from parvis.core import deciding
from parvis.core.access import NOBODY, SYSTEM
from parvis.core.errors import (
    Closed,
    Conflict,
    Forbidden,
    Gone,
    Invalid,
    NotFound,
    SignInNeeded,
    TooMany,
)
from parvis.core.events import IdempotencyKey
from parvis.core.models import Event, Site, State
from tests.factories import make_actor, make_consultation, make_site, survey_of

pytestmark = pytest.mark.django_db
OTHER = {"fr": "Une autre question?", "en": "Another question?"}


def _fresh(consultation: Consultation) -> Consultation:
    return Consultation.objects.select_related("node", "organisation__node").get(pk=consultation.pk)


def _change(team, **changes) -> None:
    consult.update_consultation(
        actor=team.adviser, consultation=team.consultation, changes=changes or {"summary": OTHER}
    )


# The version -------------------------------------------------------------------------------------


def test_a_version_is_the_same_in_both_languages_and_twice() -> None:
    team = make_team(with_proposals=True)
    versions = set()
    for language in ("fr", "en"):
        with override(language):
            versions.add(snapshot.version_of(snapshot.take(_fresh(team.consultation))))
    assert len(versions) == 1 and len(versions.pop()) == 64


@pytest.mark.parametrize("what", ["text", "title", "date", "phase", "settings", "added", "who"])
def test_whatever_people_will_see_makes_another_version(what: str) -> None:
    team = make_team()
    consultation = team.consultation
    before = snapshot.take(consultation)
    survey = survey_of(consultation)
    if what == "text":
        _change(team)
    elif what == "title":
        consult.update_consultation(
            actor=SYSTEM, consultation=consultation, changes={}, title={"fr": "Autre", "en": "O"}
        )
    elif what == "date":
        _change(team, report_due=timezone.localdate() + timedelta(days=71))
    elif what == "who":
        _change(team, who_may="account")
    elif what == "phase":
        phase = consultation.phases.get()
        consult.set_phase(
            actor=SYSTEM, consultation=consultation, title=phase.title, phase=phase,
            starts=phase.starts, ends=phase.ends + timedelta(hours=1),
            openings=[(survey, "answer")],
        )  # fmt: skip
    elif what == "settings":
        pages = json.loads(json.dumps(survey.settings))
        pages["pages"][0]["questions"][0]["label"]["fr"] = "Laquelle d’abord?"
        consult.change_settings(actor=SYSTEM, activity=survey, settings=pages)
    else:
        consult.add_activity(
            actor=SYSTEM, consultation=consultation, method="proposals",
            title={"fr": "Idées", "en": "Ideas"},
        )  # fmt: skip
    after = snapshot.take(_fresh(consultation))
    assert snapshot.version_of(before) != snapshot.version_of(after)
    changed = snapshot.differences(before, after)
    assert changed and all(one.changes for one in changed)


def test_a_difference_says_the_words() -> None:
    team = make_team()
    before = snapshot.take(team.consultation)
    _change(team)
    (found, *others) = snapshot.differences(before, snapshot.take(team.consultation))
    assert others == []
    french = next(one for one in found.changes if one.language == "fr")
    assert ("insert", "Une autre question?") in french.runs


# Opening -----------------------------------------------------------------------------------------


def test_it_opens_only_once_this_version_is_approved() -> None:
    team = make_team()
    with pytest.raises(Invalid) as refusal:
        consult.open_consultation(actor=team.adviser, consultation=team.consultation)
    assert list(refusal.value.errors) == ["approval"]
    review = make_review(team)
    assert gate.standing(team.consultation).state == "review"
    with pytest.raises(Invalid):
        consult.open_consultation(actor=SYSTEM, consultation=team.consultation)
    services.approve(actor=team.coordinator, review=review)
    assert gate.standing(team.consultation).state == "approved"
    consult.open_consultation(actor=team.adviser, consultation=_fresh(team.consultation))
    assert gate.standing(_fresh(team.consultation)).state == "open"


def test_an_edit_makes_the_approval_stale_and_taking_it_back_makes_it_hold_again() -> None:
    team = make_team()
    make_review(team, approved=True)
    before = team.consultation.summary
    _change(team)
    found = gate.standing(team.consultation)
    assert found.state == "draft" and found.stale is not None and found.approval is None
    with pytest.raises(Invalid) as refusal:
        consult.open_consultation(actor=team.adviser, consultation=team.consultation)
    assert "approval" in refusal.value.errors
    _change(team, summary=before)
    consult.open_consultation(actor=team.adviser, consultation=_fresh(team.consultation))
    assert _fresh(team.consultation).node.state == State.PUBLIC


def test_without_the_setting_one_person_opens() -> None:
    consultation = make_consultation(opened=False)
    assert make_site().approval == "none"
    consult.open_consultation(actor=make_actor("adviser"), consultation=consultation)
    assert consultation.node.state == State.PUBLIC


# Asking ------------------------------------------------------------------------------------------


def test_asking_is_refused_to_others_with_holes_and_once_public() -> None:
    team = make_team()
    for actor, error in (
        (NOBODY, SignInNeeded),
        (make_actor("analyst"), Forbidden),
        (team.coordinator, Forbidden),
    ):
        with pytest.raises(error):
            services.ask_review(actor=actor, consultation=team.consultation)
    hole = make_team_with_hole(team)
    with pytest.raises(Invalid) as refusal:
        services.ask_review(actor=team.adviser, consultation=hole)
    assert "influence_who" in refusal.value.errors
    opened = make_consultation(slug="ouverte", opened=False)
    opened.node.state = State.PUBLIC
    opened.node.save()
    with pytest.raises(Conflict):
        services.ask_review(actor=team.adviser, consultation=opened)
    assert Review.objects.count() == 0


def make_team_with_hole(team) -> Consultation:
    consultation = _fresh(team.consultation)
    consultation.influence_who = {}
    consultation.save()
    return consultation


def test_a_note_too_long_is_refused() -> None:
    team = make_team()
    with pytest.raises(Invalid) as refusal:
        services.ask_review(actor=team.adviser, consultation=team.consultation, note="x" * 2001)
    assert "note" in refusal.value.errors


def test_asking_twice_is_once_and_asking_after_a_change_withdraws_the_first() -> None:
    team = make_team()
    key = IdempotencyKey.of("ask", "k" * 22, "")
    first = services.ask_review(actor=team.adviser, consultation=team.consultation, key=key)
    again = services.ask_review(actor=team.adviser, consultation=team.consultation, key=key)
    assert first.pk == again.pk and Review.objects.count() == 1
    with pytest.raises(Conflict):
        services.ask_review(actor=team.adviser, consultation=team.consultation)
    _change(team)
    assert gate.standing(team.consultation).outdated
    second = services.ask_review(actor=team.adviser, consultation=team.consultation)
    first.refresh_from_db()
    assert (first.state, second.state) == ("withdrawn", "waiting")
    assert first.version != second.version
    services.approve(actor=team.coordinator, review=second)
    with pytest.raises(Conflict):
        services.ask_review(actor=team.adviser, consultation=team.consultation)


# Deciding ----------------------------------------------------------------------------------------


def test_who_asked_does_not_approve_nor_do_those_without_the_right() -> None:
    team = make_team()
    review = make_review(team)
    elsewhere = make_actor("citizen", "rien@test.example")
    for actor in (team.adviser, SYSTEM, make_actor("steward"), make_actor("analyst"), elsewhere):
        with pytest.raises(Forbidden):
            services.approve(actor=actor, review=review)
        with pytest.raises(Forbidden):
            services.ask_changes(actor=actor, review=review, words="Non.")
    with pytest.raises(SignInNeeded):
        services.approve(actor=NOBODY, review=review)
    for role in ("adviser", "operator"):
        assert deciding.may_decide(make_actor(role, f"autre-{role}@test.example"), review)


def test_a_role_on_the_organisation_approves_and_one_elsewhere_does_not() -> None:
    from parvis.core.access import actor_for
    from parvis.core.models import Role
    from tests.factories import make_organisation, make_person

    team = make_team()
    review = make_review(team)
    here, there = make_person(email="ici@test.example"), make_person(email="la@test.example")
    Role.objects.create(person=here, role="coordinator", scope=team.consultation.organisation.node)
    Role.objects.create(person=there, role="coordinator", scope=make_organisation("la").node)
    with pytest.raises(Forbidden):
        services.approve(actor=actor_for(there), review=review)
    assert services.approve(actor=actor_for(here), review=review).state == "approved"


def test_an_approval_keeps_what_was_read_who_and_when() -> None:
    team = make_team()
    review = make_review(team)
    done = services.approve(actor=team.coordinator, review=review, words="Rien à redire.")
    done.refresh_from_db()
    assert done.decided_by_id == team.coordinator.person_id and done.decided_at
    assert done.words == "Rien à redire."
    assert snapshot.version_of(done.snapshot) == done.version
    with pytest.raises(Closed):
        services.ask_changes(actor=team.coordinator, review=review, words="Trop tard.")


def test_a_draft_that_changed_is_not_approved() -> None:
    team = make_team()
    review = make_review(team)
    _change(team)
    with pytest.raises(Conflict):
        services.approve(actor=team.coordinator, review=review)
    review.refresh_from_db()
    assert review.state == "waiting"


def test_changes_are_asked_with_words_and_the_review_is_over() -> None:
    team = make_team()
    review = make_review(team)
    with pytest.raises(Invalid) as refusal:
        services.ask_changes(actor=team.coordinator, review=review, words="  ")
    assert "words" in refusal.value.errors
    services.ask_changes(actor=team.coordinator, review=review, words="Dites qui décide.")
    assert gate.standing(team.consultation).asked is not None
    with pytest.raises(Closed):
        services.approve(actor=team.coordinator, review=review)
    with pytest.raises(Closed):
        services.comment(actor=team.coordinator, review=review, body="Encore")


def test_what_was_asked_is_taken_back() -> None:
    team = make_team()
    review = make_review(team)
    with pytest.raises(Forbidden):
        services.withdraw_review(actor=team.coordinator, review=review)
    services.withdraw_review(actor=team.adviser, review=review)
    assert gate.standing(team.consultation).state == "draft"
    with pytest.raises(Closed):
        services.withdraw_review(actor=team.adviser, review=review)


# Comments and secret links -----------------------------------------------------------------------


def _invited(team, review, name: str = "Lise") -> tuple[Reviewer, str]:
    return services.invite_reviewer(actor=team.adviser, review=review, name=name)


def test_a_link_is_shown_once_and_kept_as_a_digest() -> None:
    team = make_team()
    review = make_review(team)
    key = IdempotencyKey.of("invite", "k" * 22, "")
    made = {"actor": team.adviser, "review": review, "name": "Lise", "key": key}
    reviewer, secret = services.invite_reviewer(**made)
    again, nothing = services.invite_reviewer(**made)
    assert again.pk == reviewer.pk and nothing == "" and len(secret) >= 40
    assert secret not in repr(Reviewer.objects.values())
    left = reviewer.expires_at - timezone.now()
    assert timedelta(days=29) < left <= timedelta(days=30)
    with pytest.raises(Forbidden):
        services.invite_reviewer(actor=team.coordinator, review=review, name="Moi")
    for name in ("  ", "x" * 121):
        with pytest.raises(Invalid) as refusal:
            _invited(team, review, name)
        assert "name" in refusal.value.errors


def test_who_read_is_forgotten_a_year_after_and_what_was_said_stays() -> None:
    team = make_team()
    review = make_review(team)
    reviewer, secret = _invited(team, review)
    services.comment(secret=secret, review=review, body="La phrase est longue.")
    end = reviewer.expires_at
    assert services.forget_readers(end + timedelta(days=364)) == 0
    assert services.forget_readers(end + timedelta(days=366)) == 1
    assert not Reviewer.objects.exists()
    said = review.comments.get()
    assert (said.body, said.reviewer) == ("La phrase est longue.", None)


def test_links_are_counted() -> None:
    team = make_team()
    review = make_review(team)
    for n in range(services.LINKS_MAX):
        _invited(team, review, f"Personne {n}")
    with pytest.raises(Conflict):
        _invited(team, review, "Une de trop")


def test_a_link_ends_by_itself_or_at_once() -> None:
    team = make_team()
    review = make_review(team)
    reviewer, secret = _invited(team, review)
    assert services.reviewer_of(secret).pk == reviewer.pk
    after = reviewer.expires_at
    with pytest.raises(Gone):
        services.reviewer_of(secret, after)
    assert services.reviewer_of(secret, after - timedelta(seconds=1)).pk == reviewer.pk
    with pytest.raises(Forbidden):
        services.revoke_reviewer(actor=team.coordinator, reviewer=reviewer)
    services.revoke_reviewer(actor=team.adviser, reviewer=reviewer)
    services.revoke_reviewer(actor=team.adviser, reviewer=reviewer)
    assert Event.objects.filter(verb="review.invitation_revoked").count() == 1
    with pytest.raises(Gone):
        services.comment(review=review, secret=secret, body="Trop tard")
    with pytest.raises(NotFound):
        services.reviewer_of("x" * 43)


def test_the_link_of_another_review_says_nothing_here() -> None:
    team = make_team()
    review = make_review(team)
    other = make_consultation(slug="autre", opened=False)
    second = services.ask_review(actor=team.adviser, consultation=other)
    _reviewer, secret = _invited(team, second)
    with pytest.raises(Forbidden):
        services.comment(review=review, secret=secret, body="Bonjour")
    assert review.comments.count() == 0


def test_a_comment_names_a_line_that_is_there() -> None:
    team = make_team()
    review = make_review(team)
    _reviewer, secret = _invited(team, review)
    row = services.comment(review=review, secret=secret, body=" Qui? ", field="influence_who")
    assert (row.body, row.person_id, row.field) == ("Qui?", None, "influence_who")
    survey = f"activity-{survey_of(team.consultation).node.slug}-first"
    services.comment(review=review, actor=team.coordinator, body="Clair.", field=survey)
    for field, body, wrong in (
        ("nulle-part", "Oui", "field"), ("", "   ", "body"), ("", "x" * 2001, "body"),
    ):  # fmt: skip
        with pytest.raises(Invalid) as refusal:
            services.comment(review=review, secret=secret, body=body, field=field)
        assert wrong in refusal.value.errors
    with pytest.raises(SignInNeeded):
        services.comment(review=review, actor=NOBODY, body="Sans lien")
    with pytest.raises(Forbidden):
        services.comment(review=review, actor=make_actor("steward"), body="Sans droit")
    assert review.comments.count() == 2


def test_comments_are_limited_by_reader() -> None:
    team = make_team()
    review = make_review(team)
    _reviewer, secret = _invited(team, review)
    for n in range(services.COMMENTS_BY_HOUR):
        services.comment(review=review, secret=secret, body=f"Numéro {n}")
    with pytest.raises(TooMany):
        services.comment(review=review, secret=secret, body="Une de trop")
    _other, second = _invited(team, review, "Paul")
    services.comment(review=review, secret=second, body="Le mien")
    review.comments.update(at=timezone.now() - timedelta(minutes=61))
    services.comment(review=review, secret=secret, body="Une heure après")


def test_a_comment_is_dealt_with_once() -> None:
    team = make_team()
    review = make_review(team)
    row = services.comment(review=review, actor=team.coordinator, body="Clair?")
    with pytest.raises(Forbidden):
        services.resolve_comment(actor=team.coordinator, comment=row)
    services.resolve_comment(actor=team.adviser, comment=row)
    services.resolve_comment(actor=team.adviser, comment=row)
    assert row.resolved_at and Event.objects.filter(verb="review.comment_resolved").count() == 1


def test_events_hold_no_name_and_no_words() -> None:
    team = make_team()
    review = make_review(team)
    _reviewer, secret = _invited(team, review, "Nom-Secret")
    services.comment(review=review, secret=secret, body="Mots-Secrets")
    services.ask_changes(actor=team.coordinator, review=review, words="Motif-Secret")
    told = json.dumps(list(Event.objects.values_list("data", flat=True)))
    assert not any(word in told for word in ("Secret", secret))
    assert not Event.objects.filter(verb="review.commented", actor__isnull=False).exists()


# The setting -------------------------------------------------------------------------------------


def test_the_operator_says_whether_a_second_person_is_asked() -> None:
    make_site()
    with pytest.raises(Forbidden):
        services.set_approval(actor=make_actor("coordinator"), mode="second_person")
    operator = make_actor("operator")
    with pytest.raises(Invalid):
        services.set_approval(actor=operator, mode="three")
    services.set_approval(actor=operator, mode="second_person")
    services.set_approval(actor=operator, mode="second_person")
    assert Site.objects.get().approval == "second_person"
    assert Event.objects.filter(verb="site.changed").count() == 1
