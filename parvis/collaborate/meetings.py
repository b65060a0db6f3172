"""Meetings of a committee: announced, recorded as held with their minutes, or cancelled."""

from collections.abc import Mapping
from datetime import date
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from parvis.collaborate.models import Attendance, Committee, Meeting, Member
from parvis.collaborate.services import keep, say_why
from parvis.core import access, thread
from parvis.core.access import Actor
from parvis.core.errors import Conflict, Invalid, NotFound
from parvis.core.events import IdempotencyKey, emit, replayed
from parvis.core.i18n import DEFAULT, Text
from parvis.core.models import Link, Node, State
from parvis.core.rows import apply, check_address, check_row, new_node, title_of

FIELDS = ("on", "place", "link", "agenda", "sources")
_TITLES = {"fr": "Rencontre du {}", "en": "Meeting of {}"}


def _check(row: Meeting) -> None:
    check_row(row, ["committee"])
    check_address(row, "link")


@transaction.atomic
def call_meeting(
    *,
    actor: Actor,
    committee: Committee,
    on: date,
    title: Text | None = None,
    fields: Mapping[str, Any] | None = None,
    key: IdempotencyKey | None = None,
) -> Meeting:
    """Announce a meeting, public at once, and return it; one of the past may be told of too.

    Raises Forbidden, NotFound (the committee is not public), Invalid.
    """
    if earlier := replayed(key):
        return Meeting.objects.select_related("node", "committee__node").get(node=earlier.node)
    access.require(actor, "manage_committee", committee)
    if committee.node.state != State.PUBLIC:
        raise NotFound
    if not isinstance(on, date):
        raise Invalid({"on": [_("Give the day of the meeting.")]})
    words = title_of(title) if title else {c: t.format(on.isoformat()) for c, t in _TITLES.items()}
    slug = f"{committee.node.slug[:45]}-{on.isoformat()}"
    node = new_node("meeting", words, slug=slug, space=committee.node, public=True)
    row = Meeting(node=node, committee=committee, on=on)
    apply(row, fields or {}, FIELDS)
    _check(row)
    row.save(force_insert=True)
    keep(row, actor)
    emit("meeting.called", node=node, actor=actor, data={"on": on.isoformat()}, key=key)
    return row


@transaction.atomic
def change_meeting(
    *, actor: Actor, meeting: Meeting, changes: Mapping[str, Any], note: Text | None = None
) -> Meeting:
    """Change what is announced of a meeting; its history keeps each version.

    Raises Forbidden, Invalid (moving the day needs `note`, why; the day of a meeting that was
    held does not move), Conflict (cancelled).
    """
    access.require(actor, "manage_committee", meeting)
    if meeting.status == Meeting.Status.CANCELLED:
        raise Conflict
    before = meeting.on
    apply(meeting, changes, FIELDS)
    _check(meeting)
    if meeting.on != before:
        if meeting.status == Meeting.Status.HELD:
            raise Invalid({"on": [_("It was recorded as held on another day.")]})
        say_why(note, "note", _("The date moves: say why, it is published with the change."))
    meeting.save()
    keep(meeting, actor, note)
    data = {"on": meeting.on.isoformat()}
    emit("meeting.changed", node=meeting.node, actor=actor, data=data)
    return meeting


@transaction.atomic
def record_meeting(
    *,
    actor: Actor,
    meeting: Meeting,
    attendance: Mapping[int, bool],
    minutes: Text | None = None,
    note: Text | None = None,
    today: date | None = None,
) -> Meeting:
    """Record that a meeting was held: who came, and its minutes (which may come later).

    `attendance`: member's number -> present. Raises Forbidden, Conflict (cancelled), Invalid (a
    day to come; members of elsewhere; published minutes changed without `note`).
    """
    access.require(actor, "manage_committee", meeting)
    if meeting.status == Meeting.Status.CANCELLED:
        raise Conflict
    if meeting.on > (today or timezone.localdate()):
        raise Invalid({"__all__": [_("This day has not come yet.")]})
    members = Member.objects.filter(body_id=meeting.committee_id).in_bulk(list(attendance))
    if set(members) != set(attendance):
        raise Invalid({"attendance": [_("Somebody in this list does not sit on this committee.")]})
    if not any(attendance.values()):
        raise Invalid({"attendance": [_("A meeting was held when at least one person came.")]})
    words, before = dict(minutes or {}), dict(meeting.minutes)
    if before and before != words:
        say_why(note, "note", _("The minutes were public already: say why they change."))
    meeting.minutes, meeting.status = words, Meeting.Status.HELD
    _check(meeting)
    meeting.save()
    Attendance.objects.filter(meeting=meeting).delete()
    Attendance.objects.bulk_create(
        Attendance(meeting=meeting, member=members[pk], present=present)
        for pk, present in attendance.items()
    )
    keep(meeting, actor, note)
    facts = {"on": meeting.on.isoformat(), "minutes": bool(words)}
    emit("meeting.held", node=meeting.node, actor=actor, data=facts)
    return meeting


@transaction.atomic
def cancel_meeting(*, actor: Actor, meeting: Meeting, reason: Text) -> Meeting:
    """Say that an announced meeting does not take place, and why; its page stays.

    Raises Forbidden, Conflict (held, or cancelled already), Invalid.
    """
    access.require(actor, "manage_committee", meeting)
    if meeting.status != Meeting.Status.CALLED:
        raise Conflict
    if not (reason or {}).get(DEFAULT):
        raise Invalid({"reason": [_("Say why, in French at least: it is public.")]})
    meeting.status, meeting.cancel_reason = Meeting.Status.CANCELLED, dict(reason)
    _check(meeting)
    meeting.save()
    keep(meeting, actor)
    emit("meeting.cancelled", node=meeting.node, actor=actor)
    return meeting


@transaction.atomic
def attach_document(*, actor: Actor, meeting: Meeting, document: UUID) -> Link:
    """Tie a public document of the catalogue to a meeting. Raises Forbidden, Invalid."""
    access.require(actor, "manage_committee", meeting)
    node = Node.objects.filter(pk=document, kind="document", state=State.PUBLIC).first()
    if node is None:
        raise Invalid({"document": [_("Only a public document can be tied.")]})
    made = thread.link(node, "informs", meeting.node, actor=actor, action="manage_committee")
    facts = {"document": str(node.pk)}
    emit("meeting.documented", node=meeting.node, actor=actor, data=facts)
    return made


@transaction.atomic
def detach_document(*, actor: Actor, meeting: Meeting, document: UUID) -> None:
    """Undo it. Raises Forbidden, NotFound when it is not tied."""
    access.require(actor, "manage_committee", meeting)
    node = Node.objects.filter(pk=document, kind="document").first()
    if node is None or not thread.unlink(
        node, "informs", meeting.node, actor=actor, action="manage_committee"
    ):
        raise NotFound
    facts = {"document": str(node.pk)}
    emit("meeting.undocumented", node=meeting.node, actor=actor, data=facts)


def documents_of(meeting: Meeting) -> list[Node]:
    """Return the public documents tied to a meeting, the oldest link first."""
    links = Link.objects.filter(target_id=meeting.pk, relation="informs", source__kind="document")
    rows = links.filter(source__state=State.PUBLIC).select_related("source")
    return [link.source for link in rows.order_by("pk")]
