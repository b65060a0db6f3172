"""Committees and who sits on them: drafted, published, changed; terms that begin and end."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from parvis.collaborate.models import Committee, Group, Meeting, Member
from parvis.core import access, revisions
from parvis.core.access import MEMBER, Actor
from parvis.core.errors import Conflict, Invalid
from parvis.core.events import IdempotencyKey, emit, replayed
from parvis.core.i18n import DEFAULT, Text
from parvis.core.models import Organisation, Person, Role, State
from parvis.core.rows import (
    apply,
    check_row,
    new_node,
    plain,
    publish_node,
    refuse_holes,
    title_of,
)

RESERVED = frozenset({"new", "nouveau", "committees", "comites", "groups", "groupes"})
"""Words that addresses use where a slug stands."""
COMMITTEE_FIELDS = (
    "summary", "mandate", "rules", "created_on", "created_precision", "status", "months_apart",
    "reply_days", "seats_civil_society", "seats_government", "notes", "sources",
)  # fmt: skip
MEMBER_FIELDS = ("name", "seat", "organisation_name", "starts", "ends")
PROMISES = ("months_apart", "reply_days", "status")
"""What a public committee owes: changing it needs a reason."""


def texts_of(row: Any) -> dict[str, Any]:
    """Return what the history of a committee, a group or a meeting keeps."""
    names: tuple[str, ...] = ("why", "homepage", "since", "until", "end_reason")
    if isinstance(row, Committee):
        names = tuple(name for name in COMMITTEE_FIELDS if name != "sources")
    elif isinstance(row, Meeting):
        names = ("on", "place", "link", "agenda", "minutes", "status", "cancel_reason")
    kept = {name: plain(getattr(row, name)) for name in names}
    return {"title": dict(row.node.title), **kept, "sources": "\n".join(row.sources)}


def keep(row: Any, actor: Actor, note: Text | None = None) -> None:
    """Keep the history of a public row. Raises Invalid for a text missing in a site language."""
    texts = texts_of(row)
    refuse_holes(texts)
    revisions.keep(row.node, texts, actor=actor, note=note)


def say_why(note: Text | None, field: str, words: Any) -> None:
    """Return when a reason is given in French. Raises Invalid."""
    if not (note or {}).get(DEFAULT):
        raise Invalid({field: [words]})


@transaction.atomic
def create_committee(
    *,
    actor: Actor,
    title: Text,
    organisation: Organisation,
    slug: str = "",
    fields: Mapping[str, Any] | None = None,
    reconstructed: bool = False,
    key: IdempotencyKey | None = None,
) -> Committee:
    """Create a draft committee and return it. Raises Forbidden, Invalid."""
    if earlier := replayed(key):
        return Committee.objects.select_related("node").get(node=earlier.node)
    access.require(actor, "manage_committee", organisation)
    node = new_node("committee", title_of(title), slug=slug, reserved=RESERVED)
    row = Committee(node=node, organisation=organisation, reconstructed=reconstructed)
    apply(row, fields or {}, COMMITTEE_FIELDS)
    _check(row)
    row.save(force_insert=True)
    emit("committee.created", node=node, actor=actor, key=key)
    return row


def _check(row: Committee) -> None:
    check_row(row, ["organisation"])
    if row.created_on and row.created_precision == "month":
        row.created_on = row.created_on.replace(day=1)
    if row.created_on and row.created_on > timezone.localdate():
        raise Invalid({"created_on": [_("This day has not come yet.")]})


@transaction.atomic
def change_committee(
    *,
    actor: Actor,
    committee: Committee,
    changes: Mapping[str, Any],
    title: Text | None = None,
    note: Text | None = None,
) -> Committee:
    """Change a committee; once public, each change keeps its history.

    Raises Forbidden, Invalid (what a public committee promises changes only with `note`, why).
    """
    access.require(actor, "manage_committee", committee)
    public = committee.node.state == State.PUBLIC
    before = [getattr(committee, name) for name in PROMISES]
    apply(committee, changes, COMMITTEE_FIELDS)
    _check(committee)
    if public and before != [getattr(committee, name) for name in PROMISES]:
        say_why(note, "note", _("What it promises changes: say why, it is published."))
    committee.save()
    if title is not None:
        committee.node.title = title_of(title)
        committee.node.save(update_fields=["title"])
    if public:
        keep(committee, actor, note)
    emit("committee.changed", node=committee.node, actor=actor)
    return committee


@transaction.atomic
def publish_committee(*, actor: Actor, committee: Committee) -> Committee:
    """Make a committee public. Raises Forbidden, Conflict (public already), Invalid (holes)."""
    access.require(actor, "manage_committee", committee)
    if committee.node.state != State.DRAFT:
        raise Conflict
    if not committee.mandate.get(DEFAULT):
        raise Invalid({"mandate": [_("Say what its mandate is: it is the first thing asked.")]})
    publish_node(committee.node)
    keep(committee, actor)
    emit("committee.published", node=committee.node, actor=actor)
    return committee


def person_of(email: str) -> Person | None:
    """Return the person with this address, None for none. Raises Invalid when nobody has it."""
    if not email.strip():
        return None
    found = Person.objects.filter(email__iexact=email.strip(), is_active=True).first()
    if found is None:
        words = _("No account has this address: this person signs up first.")
        raise Invalid({"email": [words]})
    return found


@transaction.atomic
def name_member(
    *,
    actor: Actor,
    body: Committee | Group,
    fields: Mapping[str, Any],
    email: str = "",
    key: IdempotencyKey | None = None,
) -> Member:
    """Give somebody a seat and return it; with an account, the right to speak for the body.

    `fields`: MEMBER_FIELDS. Raises Forbidden, Invalid.
    """
    if earlier := replayed(key):
        return Member.objects.get(pk=earlier.data["member"])
    access.require(actor, "manage_committee", body)
    member = Member(body=body.node, person=person_of(email))
    _set_member(member, fields)
    member.save()
    _give_role(member)
    data = {"member": member.pk, "seat": member.seat}
    emit("member.named", node=body.node, actor=actor, data=data, key=key)
    return member


def _set_member(member: Member, fields: Mapping[str, Any]) -> None:
    apply(member, fields, MEMBER_FIELDS)
    check_row(member, ["body", "person"])
    if member.starts and member.ends and member.ends < member.starts:
        raise Invalid({"ends": [_("The end comes before the start.")]})
    if member.person_id:
        same = Member.objects.filter(body=member.body, person_id=member.person_id)
        for other in same.exclude(pk=member.pk):
            if other.ends is None or (member.starts and member.starts <= other.ends):
                raise Invalid({"email": [_("This person already sits here in this period.")]})


def _give_role(member: Member) -> None:
    if member.person_id:
        Role.objects.get_or_create(person_id=member.person_id, role=MEMBER, scope=member.body)


@transaction.atomic
def change_member(
    *,
    actor: Actor,
    body: Committee | Group,
    member: Member,
    fields: Mapping[str, Any],
    email: str | None = None,
    today: date | None = None,
) -> Member:
    """Change a seat: its name, its term, whose account it is; the right to speak follows.

    A term that ends leaves the seat in the public list. `email`: None leaves the account as it
    is. Raises Forbidden, Invalid.
    """
    access.require(actor, "manage_committee", body)
    if member.body_id != body.node.pk:
        raise Invalid({"__all__": [_("This person sits elsewhere.")]})
    before = member.person_id
    if email is not None:
        member.person = person_of(email)
    _set_member(member, fields)
    member.save()
    day = today or timezone.localdate()
    if before and not _speaks(member.body_id, before, day):
        Role.objects.filter(person_id=before, role=MEMBER, scope=member.body_id).delete()
    if member.person_id and _speaks(member.body_id, member.person_id, day):
        _give_role(member)
    data = {"member": member.pk, "ends": member.ends.isoformat() if member.ends else None}
    emit("member.changed", node=body.node, actor=actor, data=data)
    return member


def _speaks(body_id: Any, person_id: Any, today: date) -> bool:
    """Whether a person has a seat here now or later."""
    seats = Member.objects.filter(body_id=body_id, person_id=person_id)
    return any(row.ends is None or row.ends >= today for row in seats)
