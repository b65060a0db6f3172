"""Committees, members, meetings, advice and groups: each right, each bad input, the clock."""

from datetime import date, timedelta
from typing import Any

import pytest
from django.utils import timezone

from parvis.collaborate import advice as advising
from parvis.collaborate import groups, meetings, queries, rhythm, services
from parvis.collaborate.models import Attendance, Committee, Group, Meeting, Member
from parvis.collaborate.tests.collaborate_factories import (
    ago,
    both,
    make_advice,
    make_committee,
    make_group,
    make_meeting,
    make_member,
    make_reply,
    make_speaker,
    plain,
)
from parvis.collaborate.voices import bodies_of, may_speak
from parvis.core import access
from parvis.core.access import SYSTEM, actor_for
from parvis.core.errors import Conflict, Forbidden, Invalid, NotFound, SignInNeeded
from parvis.core.events import IdempotencyKey
from parvis.core.models import Event, Link, Node, Role, State
from tests.factories import make_actor, make_organisation, make_person

pytestmark = pytest.mark.django_db
TODAY = date(2026, 6, 15)


def refusal(act: Any, *args: Any, **kwargs: Any) -> set[str]:
    """Return the fields that a service refuses."""
    with pytest.raises(Invalid) as found:
        act(*args, **kwargs)
    return set(found.value.errors)


# --- who may ------------------------------------------------------------------------------------
def test_only_the_office_manages_and_a_member_is_not_staff() -> None:
    committee = make_committee()
    member = make_speaker(committee)
    assert not member.is_staff and not access.can(member, "see_desk")
    for name in ("manage_committee", "answer_advice", "accredit", "moderate", "manage_plan"):
        assert not access.can(member, name, committee), name
    assert access.can(member, "advise", committee)
    other = make_committee("autre")
    assert not access.can(member, "advise", other)
    local = make_person(email="locale@test.example")
    Role.objects.create(person=local, role="coordinator", scope=committee.organisation.node)
    office = actor_for(local)
    assert access.can(office, "manage_committee", make_meeting(committee))
    assert not access.can(office, "manage_committee", other)


def test_a_member_needs_no_second_factor_and_staff_still_do() -> None:
    committee = make_committee()
    person = make_person("coordinator", "double@test.example")
    make_member(committee, "Double", person)
    without = actor_for(person, staff=False)
    assert access.can(without, "evaluate_apart", committee)
    assert not access.can(without, "manage_committee", committee)


@pytest.mark.parametrize("who", ["citizen", "adviser", "steward", "operator", "member"])
def test_others_are_refused(who: str) -> None:
    committee = make_committee()
    meeting, advice, group = make_meeting(committee), make_advice(committee), make_group()
    member = make_member(committee, "Autre")
    actor = make_speaker(committee) if who == "member" else make_actor(who)
    acts = (
        lambda: services.create_committee(
            actor=actor, title=both("Non"), organisation=committee.organisation
        ),
        lambda: services.change_committee(actor=actor, committee=committee, changes={}),
        lambda: services.publish_committee(actor=actor, committee=committee),
        lambda: services.name_member(actor=actor, body=committee, fields={}),
        lambda: services.change_member(actor=actor, body=committee, member=member, fields={}),
        lambda: meetings.call_meeting(actor=actor, committee=committee, on=TODAY),
        lambda: meetings.change_meeting(actor=actor, meeting=meeting, changes={}),
        lambda: meetings.record_meeting(actor=actor, meeting=meeting, attendance={}),
        lambda: meetings.cancel_meeting(actor=actor, meeting=meeting, reason={}),
        lambda: meetings.attach_document(actor=actor, meeting=meeting, document=meeting.pk),
        lambda: meetings.detach_document(actor=actor, meeting=meeting, document=meeting.pk),
        lambda: advising.reply_to(actor=actor, advice=advice, reply={}, replier={}),
        lambda: groups.accredit(
            actor=actor, name=both("Non"), organisation=group.organisation, fields={}
        ),
        lambda: groups.end_accreditation(
            actor=actor, group=group, until=TODAY, reason=both("Non")
        ),
    )  # fmt: skip
    before = Event.objects.count()
    for act in acts:
        with pytest.raises(Forbidden):
            act()
    assert Event.objects.count() == before


# --- committees ---------------------------------------------------------------------------------
def test_a_committee_is_drafted_published_and_keeps_its_history() -> None:
    organisation = make_organisation("mvo", "Ministère")
    key = IdempotencyKey.of("c", "k1", "x")
    made = services.create_committee(
        actor=SYSTEM, title=both("Comité"), organisation=organisation, key=key
    )
    again = services.create_committee(
        actor=SYSTEM, title=both("Comité"), organisation=organisation, key=key
    )
    assert again.pk == made.pk and Committee.objects.count() == 1
    assert made.node.state == State.DRAFT and made.months_apart == 6
    assert refusal(services.publish_committee, actor=SYSTEM, committee=made) == {"mandate"}
    services.change_committee(actor=SYSTEM, committee=made, changes={"mandate": both("Dire.")})
    services.publish_committee(actor=SYSTEM, committee=made)
    with pytest.raises(Conflict):
        services.publish_committee(actor=SYSTEM, committee=made)
    assert refusal(
        services.change_committee, actor=SYSTEM, committee=made, changes={"months_apart": 3}
    ) == {"note"}
    made.refresh_from_db()
    services.change_committee(
        actor=SYSTEM, committee=made, changes={"months_apart": 3}, note=both("Plus souvent.")
    )
    assert made.node.revisions.count() == 2


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"months_apart": 7}, "months_apart"),
        ({"months_apart": 0}, "months_apart"),
        ({"reply_days": 0}, "reply_days"),
        ({"status": "perdu"}, "status"),
        ({"created_on": date(2999, 1, 1)}, "created_on"),
        ({"sources": ["pas une adresse"]}, "sources"),
        ({"mandate": {"de": "Nein"}}, "mandate"),
        ({"organisation": None}, "organisation"),
    ],
)  # fmt: skip
def test_a_bad_committee_is_refused(changes: dict[str, Any], field: str) -> None:
    row = make_committee(public=False)
    assert field in refusal(services.change_committee, actor=SYSTEM, committee=row, changes=changes)


def test_a_public_committee_says_the_same_in_both_languages() -> None:
    row = make_committee()
    assert refusal(
        services.change_committee, actor=SYSTEM, committee=row, changes={"rules": {"fr": "Seul."}}
    ) == {"rules"}


# --- seats --------------------------------------------------------------------------------------
def test_a_seat_gives_the_right_to_speak_and_its_end_takes_it_back() -> None:
    committee, person = make_committee(), make_person(email="lise@test.example")
    member = make_member(committee, "Lise", person, starts=ago(100))
    assert may_speak(actor_for(person), "advise", committee)
    fields = {name: getattr(member, name) for name in services.MEMBER_FIELDS}
    services.change_member(
        actor=SYSTEM, body=committee, member=member, fields={**fields, "ends": ago(1)}
    )
    assert not Role.objects.filter(person=person).exists()
    assert [row.name for row in queries.seats(committee.pk).past] == ["Lise"]
    services.change_member(
        actor=SYSTEM, body=committee, member=member, fields={**fields, "ends": None}
    )
    assert may_speak(actor_for(person), "advise", committee)
    services.change_member(actor=SYSTEM, body=committee, member=member, fields=fields, email="")
    assert not may_speak(actor_for(person), "advise", committee)


def test_a_term_ends_by_the_clock_alone() -> None:
    committee = make_committee()
    today = timezone.localdate()
    actor = make_speaker(committee, starts=today, ends=today + timedelta(days=5))
    for days, allowed in ((-1, False), (0, True), (5, True), (6, False)):
        when = today + timedelta(days=days)
        assert may_speak(actor, "advise", committee, today=when) is allowed, days
        assert bool(bodies_of(actor, today=when)) is allowed, days


@pytest.mark.parametrize(
    ("fields", "email", "field"),
    [
        ({"name": ""}, "", "name"),
        ({"name": "N" * 121}, "", "name"),
        ({"seat": "roi"}, "", "seat"),
        ({"starts": date(2026, 2, 1), "ends": date(2026, 1, 1)}, "", "ends"),
        ({}, "personne@test.example", "email"),
        ({"person": 3}, "", "person"),
    ],
)
def test_a_bad_seat_is_refused(fields: dict[str, Any], email: str, field: str) -> None:
    committee = make_committee()
    known = {"name": "Mado", "seat": "other", **fields}
    assert field in refusal(
        services.name_member, actor=SYSTEM, body=committee, fields=known, email=email
    )
    assert not Member.objects.exists()


def test_one_person_has_one_seat_at_a_time() -> None:
    committee, person = make_committee(), make_person()
    member = make_member(committee, "Un", person, ends=ago(10))
    make_member(committee, "Deux", person, starts=ago(9))
    with pytest.raises(Invalid):
        make_member(committee, "Trois", person)
    other = make_committee("autre")
    make_member(other, "Quatre", person)
    assert refusal(
        services.change_member, actor=SYSTEM, body=other, member=member, fields={}
    ) == {"__all__"}  # fmt: skip


# --- meetings and their rhythm ------------------------------------------------------------------
def test_a_meeting_is_announced_held_and_keeps_each_version() -> None:
    committee = make_committee()
    one, two = make_member(committee, "Un"), make_member(committee, "Deux")
    row = make_meeting(committee, ago(1), held=False)
    assert Event.objects.filter(verb="meeting.called", node=row.node).count() == 1
    assert refusal(meetings.change_meeting, actor=SYSTEM, meeting=row, changes={"on": ago(2)}) == {
        "note"
    }
    row.refresh_from_db()
    meetings.record_meeting(
        actor=SYSTEM, meeting=row, attendance={one.pk: True, two.pk: False}, minutes=both("Dit.")
    )
    assert Attendance.objects.filter(present=True).get().member == one
    assert refusal(
        meetings.record_meeting, actor=SYSTEM, meeting=row, attendance={one.pk: True},
        minutes=both("Autre."),
    ) == {"note"}  # fmt: skip
    row.refresh_from_db()
    assert refusal(
        meetings.change_meeting, actor=SYSTEM, meeting=row, changes={"on": ago(3)},
        note=both("Erreur."),
    ) == {"on"}  # fmt: skip
    with pytest.raises(Conflict):
        meetings.cancel_meeting(actor=SYSTEM, meeting=row, reason=both("Trop tard."))
    assert row.node.revisions.count() == 2


def test_bad_meetings_are_refused() -> None:
    committee, draft = make_committee(), make_committee("secret", public=False)
    stranger = make_member(make_committee("autre"))
    with pytest.raises(NotFound):
        meetings.call_meeting(actor=SYSTEM, committee=draft, on=TODAY)
    bad: Any = "demain"
    assert refusal(meetings.call_meeting, actor=SYSTEM, committee=committee, on=bad) == {"on"}
    assert refusal(
        meetings.call_meeting, actor=SYSTEM, committee=committee, on=TODAY,
        fields={"link": "javascript:alert(1)"},
    ) == {"link"}  # fmt: skip
    row = make_meeting(committee, ago(-3), held=False)
    assert refusal(meetings.record_meeting, actor=SYSTEM, meeting=row, attendance={}) == {"__all__"}
    past = make_meeting(committee, ago(3), held=False)
    record = meetings.record_meeting
    assert refusal(record, actor=SYSTEM, meeting=past, attendance={}) == {"attendance"}
    assert refusal(record, actor=SYSTEM, meeting=past, attendance={stranger.pk: True}) == {
        "attendance"
    }
    assert refusal(meetings.cancel_meeting, actor=SYSTEM, meeting=row, reason={"en": "No"}) == {
        "reason"
    }
    meetings.cancel_meeting(actor=SYSTEM, meeting=row, reason=both("Tempête."))
    with pytest.raises(Conflict):
        record(actor=SYSTEM, meeting=row, attendance={})
    with pytest.raises(Conflict):
        meetings.change_meeting(actor=SYSTEM, meeting=row, changes={})


def test_documents_are_tied_to_a_meeting_by_the_thread() -> None:
    meeting = make_meeting(make_committee())
    document = Node.objects.create(kind="document", slug="d", title=both("D"), state="public")
    draft = Node.objects.create(kind="document", slug="e", title=both("E"))
    meetings.attach_document(actor=SYSTEM, meeting=meeting, document=document.pk)
    assert meetings.documents_of(meeting) == [document]
    assert Link.objects.get().relation == "informs"
    for wrong in (draft.pk, meeting.pk):
        assert refusal(meetings.attach_document, actor=SYSTEM, meeting=meeting, document=wrong) == {
            "document"
        }
    meetings.detach_document(actor=SYSTEM, meeting=meeting, document=document.pk)
    with pytest.raises(NotFound):
        meetings.detach_document(actor=SYSTEM, meeting=meeting, document=document.pk)


def test_months_are_counted_by_the_calendar() -> None:
    assert rhythm.add_months(date(2025, 8, 31), 6) == date(2026, 2, 28)
    assert rhythm.add_months(date(2025, 12, 15), 1) == date(2026, 1, 15)
    assert rhythm.add_months(date(2023, 8, 31), 6) == date(2024, 2, 29)


def test_a_meeting_is_late_from_the_day_after_it_was_due() -> None:
    committee = make_committee(created_on=date(2025, 1, 10))
    make_meeting(committee, date(2025, 7, 1))
    make_meeting(committee, date(2026, 1, 15))
    called = make_meeting(committee, date(2026, 9, 1), held=False)
    rows = list(Meeting.objects.all())
    for today, state, days in (
        (date(2026, 7, 15), rhythm.ON_TIME, 0),
        (date(2026, 7, 16), rhythm.LATE, 1),
        (date(2026, 8, 15), rhythm.LATE, 31),
    ):
        found = rhythm.rhythm(committee, rows, today=today)
        assert (found.state, found.days, found.due) == (state, days, date(2026, 7, 15))
        assert found.next == called
    assert [gap.days_over for gap in found.gaps] == [14]
    assert plain(found.words) == "en retard de 31 jours"


def test_what_cannot_be_late_is_not() -> None:
    today = date(2026, 6, 1)
    never = make_committee("jamais", created_on=None)
    assert rhythm.rhythm(never, [], today=today).state == rhythm.UNKNOWN
    young = make_committee("jeune", created_on=date(2025, 11, 20), created_precision="month")
    young.refresh_from_db()
    assert young.created_on == date(2025, 11, 1)
    assert rhythm.rhythm(young, [], today=date(2026, 5, 31)).state == rhythm.ON_TIME
    assert rhythm.rhythm(young, [], today=today).days == 1
    for status, state in (("unknown", rhythm.UNKNOWN), ("ended", rhythm.ENDED)):
        row = make_committee(f"c-{status}", status=status, created_on=date(2021, 4, 1))
        found = rhythm.rhythm(row, [], today=today)
        assert (found.state, found.due, found.days) == (state, None, 0)
    # Announced, or passed without a record: neither counts as held.
    meeting = make_meeting(young, date(2026, 5, 20), held=False)
    assert rhythm.rhythm(young, [meeting], today=today).days == 1


# --- advice -------------------------------------------------------------------------------------
def test_a_member_publishes_an_advice_that_nobody_approves() -> None:
    committee = make_committee(reply_days=30)
    member = make_speaker(committee)
    plan = Node.objects.create(kind="plan", slug="p", title=both("Plan"), state="public")
    key = IdempotencyKey.of("a", "k", "x")
    made = make_advice(committee, actor=member, title={"en": "Only English"}, about=plan, key=key)
    assert make_advice(committee, actor=member, about=plan, key=IdempotencyKey.of("a", "k", "x"),
                       title={"en": "Only English"}).pk == made.pk  # fmt: skip
    assert made.node.state == State.PUBLIC and not made.by_office
    assert made.reply_due == timezone.localdate() + timedelta(days=30)
    assert Link.objects.get(source=made.node).relation == "concerns"
    office = make_advice(committee, actor=make_actor("coordinator"), given_on=ago(40))
    assert office.by_office and office.given_on == ago(40)


def test_bad_advice_is_refused() -> None:
    committee, member = make_committee(), None
    member = make_speaker(committee)
    draft = Node.objects.create(kind="plan", slug="p", title=both("Plan"))
    give = make_advice
    assert refusal(give, committee, actor=member, text={}) == {"text"}
    assert refusal(give, committee, actor=member, **{"title": {}}) == {"title"}
    assert refusal(give, committee, actor=member, text={"fr": "x" * 20_001}) == {"text"}
    assert refusal(give, committee, actor=member, text={"es": "No"}) == {"text"}
    assert refusal(give, committee, actor=member, given_on=ago(1)) == {"given_on"}
    assert refusal(give, committee, given_on=ago(-1)) == {"given_on"}
    assert refusal(give, committee, actor=member, about=draft) == {"about"}
    assert refusal(give, committee, actor=member, about=committee.node) == {"about"}
    with pytest.raises(SignInNeeded):
        give(committee, actor=access.NOBODY)
    with pytest.raises(Forbidden):
        give(committee, actor=make_actor())
    with pytest.raises(NotFound):
        give(make_committee("secret", public=False))


def test_the_reply_is_dated_and_its_lateness_is_kept() -> None:
    committee = make_committee(reply_days=10)
    advice = make_advice(committee, given_on=ago(30))
    today = timezone.localdate()
    found = rhythm.reply_of(advice, today=today)
    assert found.is_late and found.days == 20 and found.knot == "late"
    assert rhythm.reply_of(advice, today=advice.reply_due).is_late is False
    assert queries.standings([committee])[0].late_replies == [found]
    make_reply(advice)
    found = rhythm.reply_of(advice, today=today + timedelta(days=100))
    assert not found.is_late and found.days == 20 and "en retard de 20 jours" in plain(found.words)
    assert refusal(make_reply, advice, reply=both("Autre.")) == {"note"}
    advice.refresh_from_db()
    make_reply(advice, reply=both("Autre."), note=both("Une faute."))
    advice.refresh_from_db()
    assert advice.replied_on == today and advice.node.revisions.count() == 3


@pytest.mark.parametrize(
    ("fields", "wrong"),
    [
        ({"reply": {}}, {"reply"}),
        ({"replier": {}}, {"replier"}),
        ({"reply": {"en": "Yes"}}, {"reply"}),
        ({"reply": {"fr": "Oui"}}, {"reply"}),
    ],
)
def test_a_bad_reply_is_refused(fields: dict[str, Any], wrong: set[str]) -> None:
    assert refusal(make_reply, make_advice(make_committee()), **fields) == wrong


# --- groups -------------------------------------------------------------------------------------
def test_a_group_is_accredited_in_public_and_its_end_is_too() -> None:
    today = timezone.localdate()
    group = make_group()
    actor = make_speaker(group)
    assert [body.pk for body in bodies_of(actor)] == [group.pk]
    end = groups.end_accreditation
    assert refusal(end, actor=SYSTEM, group=group, until=today, reason={}) == {"reason"}
    assert refusal(end, actor=SYSTEM, group=group, until=ago(1), reason=both("x")) == {"until"}
    assert refusal(end, actor=SYSTEM, group=group, until=ago(90), reason=both("x")) == {"until"}
    end(actor=SYSTEM, group=group, until=today, reason=both("Il ne se réunit plus."))
    assert may_speak(actor, "evaluate_apart", group, today=today)
    tomorrow = today + timedelta(days=1)
    assert not may_speak(actor, "evaluate_apart", group, today=tomorrow)
    with pytest.raises(Conflict):
        end(actor=SYSTEM, group=group, until=tomorrow, reason=both("x"), today=tomorrow)
    assert Group.objects.get().node.state == State.PUBLIC


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"why": {}}, "why"),
        ({"since": None}, "since"),
        ({"by_name": ""}, "by_name"),
        ({"until": date(2000, 1, 1)}, "until"),
        ({"homepage": "ftp://x"}, "homepage"),
        ({"reconstructed": True}, "reconstructed"),
    ],
)
def test_a_bad_group_is_refused(fields: dict[str, Any], field: str) -> None:
    assert field in refusal(make_group, **fields)
    assert not Group.objects.exists()
