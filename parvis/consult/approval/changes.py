"""A change of an open consultation: proposed by one person, read by another, then published."""

from collections.abc import Mapping
from datetime import date
from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import models, transaction
from django.utils.translation import gettext_lazy as _

from parvis.consult import services as consult
from parvis.consult.approval import snapshot
from parvis.consult.approval.models import ProposedChange
from parvis.consult.models import Consultation
from parvis.core import access, deciding, limits
from parvis.core.access import SYSTEM, Actor
from parvis.core.errors import Conflict, Forbidden, Invalid
from parvis.core.events import IdempotencyKey, emit, replayed
from parvis.core.i18n import DEFAULT, Text, clean_text
from parvis.core.models import Organisation, State
from parvis.core.rows import check_row

ORGANISATION = "organisation"
_OVER = _("This change was decided already.")


class _Undo(Exception):
    """Raised to take back what was only tried."""


def _now(consultation: Consultation, name: str) -> Any:
    if name == "title":
        return snapshot.plain(consultation.node.title)
    if name == ORGANISATION:
        return str(consultation.organisation_id or "")
    value = getattr(consultation, name)
    return None if value is None else snapshot.plain(value)


def _as_json(name: str, value: Any) -> Any:
    if name == ORGANISATION:
        return str(value.pk) if value else ""
    return None if value is None else snapshot.plain(value)


def _as_python(name: str, value: Any) -> Any:
    """Return what the service takes. Raises Invalid where the organisation is gone."""
    if name == ORGANISATION:
        found = Organisation.objects.filter(pk=UUID(value)).first() if value else None
        if value and found is None:
            raise Invalid({ORGANISATION: [_("This organisation is not there any more.")]})
        return found
    if value and isinstance(Consultation._meta.get_field(name), models.DateField):
        return date.fromisoformat(value)
    return value


def _fresh(consultation: Consultation) -> Consultation:
    return Consultation.objects.select_related("node", "organisation__node").get(pk=consultation.pk)


def _try(
    actor: Actor, consultation: Consultation, changes: Mapping[str, Any], title: Any, note: Text
) -> None:
    """Do it, then take it back: what would be refused later is refused now."""
    try:
        with transaction.atomic():
            consult.update_consultation(
                actor=actor, consultation=_fresh(consultation), changes=changes,
                title=title, note=note, second=SYSTEM,
            )  # fmt: skip
            raise _Undo
    except _Undo:
        return


@transaction.atomic
def propose_change(
    *,
    actor: Actor,
    consultation: Consultation,
    changes: Mapping[str, Any],
    title: Text | None = None,
    note: Text | None = None,
    key: IdempotencyKey | None = None,
) -> ProposedChange:
    """Propose other texts or dates for an open consultation; return what waits to be read.

    `note` says why, in French at least: it will be in the public history. Raises Forbidden,
    Invalid (what `update_consultation` refuses, no note, nothing changed), Conflict when it is
    not public or when another change waits.
    """
    if replayed(key):
        return consultation.proposed_changes.all()[0]
    access.require(actor, "manage_consultation", consultation)
    if consultation.node.state != State.PUBLIC:
        raise Conflict(_("A draft is changed directly: only what is public is proposed."))
    if consultation.proposed_changes.filter(state=ProposedChange.State.WAITING).exists():
        raise Conflict(_("Another change waits to be read: one at a time."))
    fresh = _fresh(consultation)
    try:
        words = clean_text(note, characters_max=limits.REASON_CHARACTERS)
    except ValidationError as error:
        raise Invalid({"note": error.messages}) from None
    if unknown := set(changes) - set(consult.EDITABLE) - {ORGANISATION}:
        raise Invalid({name: [_("This cannot be changed.")] for name in sorted(unknown)})
    asked = {name: _as_json(name, value) for name, value in changes.items()}
    asked = {name: value for name, value in asked.items() if value != _now(fresh, name)}
    renamed = title is not None and dict(title) != fresh.node.title
    if not asked and not renamed:
        raise Invalid({"__all__": [_("Nothing is changed here.")]})
    if not words.get(DEFAULT):
        raise Invalid({"note": [_("Say why, in French: it is shown to everybody.")]})
    kept = {name: value for name, value in changes.items() if name in asked}
    _try(actor, consultation, kept, title if renamed else None, words)
    change = ProposedChange(
        consultation=consultation,
        changes=asked,
        title=dict(title) if renamed and title else {},
        before={name: _now(fresh, name) for name in [*asked, *(["title"] if renamed else [])]},
        note=words,
        asked_by_id=actor.person_id,
    )
    check_row(change)
    change.save()
    _say("change.proposed", change, actor, key)
    return change


def _say(
    verb: str, change: ProposedChange, actor: Actor, key: IdempotencyKey | None = None
) -> None:
    facts = {"fields": sorted(change.before)}
    emit(verb, node=change.consultation.node, actor=actor, data=facts, key=key)


def _waiting(change: ProposedChange) -> ProposedChange:
    return deciding.waiting(change, _OVER)


def _by_another(actor: Actor, change: ProposedChange) -> ProposedChange:
    alone = _("Another person than the one who proposed decides.")
    return deciding.by_another(actor, change, alone=alone, over=_OVER)


def moved(change: ProposedChange) -> list[str]:
    """Return the fields that no longer say what they said when the change was proposed."""
    fresh = _fresh(change.consultation)
    return [name for name, value in change.before.items() if _now(fresh, name) != value]


@transaction.atomic
def approve_change(
    *, actor: Actor, change: ProposedChange, words: str = "", key: IdempotencyKey | None = None
) -> ProposedChange:
    """Publish a proposed change, in the name of who proposed it, with its note in the history.

    Raises Forbidden for who proposed it, Closed when it is decided, Conflict when the text changed
    meanwhile or when its author may no longer change it, Invalid when the page refuses it now.
    """
    if replayed(key):
        return ProposedChange.objects.get(pk=change.pk)
    change = _by_another(actor, change)
    if moved(change):
        raise Conflict(
            _("The text changed meanwhile: refuse this change, it has to be written again.")
        )
    author = access.actor_for(change.asked_by) if change.asked_by else SYSTEM
    try:
        consult.update_consultation(
            actor=author,
            consultation=change.consultation,
            changes={name: _as_python(name, value) for name, value in change.changes.items()},
            title=change.title or None,
            note=change.note,
            second=actor,
        )
    except Forbidden:
        raise Conflict(_("Its author may no longer change this consultation.")) from None
    deciding.decide(change, ProposedChange.State.APPROVED, actor, words)
    _say("change.approved", change, actor, key)
    return change


@transaction.atomic
def refuse_change(
    *, actor: Actor, change: ProposedChange, words: str, key: IdempotencyKey | None = None
) -> ProposedChange:
    """Refuse a proposed change, saying why. Raises Forbidden, Closed, Invalid."""
    if replayed(key):
        return ProposedChange.objects.get(pk=change.pk)
    change = _by_another(actor, change)
    if not words.strip():
        raise Invalid({"words": [_("Say why it is refused.")]})
    deciding.decide(change, ProposedChange.State.REFUSED, actor, words)
    _say("change.refused", change, actor, key)
    return change


@transaction.atomic
def withdraw_change(*, actor: Actor, change: ProposedChange) -> ProposedChange:
    """Take back one's own proposed change. Raises Forbidden for anybody else, Closed."""
    access.require(actor, "manage_consultation", change.consultation)
    change = _waiting(change)
    if actor.person_id is None or actor.person_id != change.asked_by_id:
        raise Forbidden(_("Only the person who proposed a change takes it back."))
    deciding.decide(change, ProposedChange.State.WITHDRAWN, actor)
    _say("change.withdrawn", change, actor)
    return change


def differences(change: ProposedChange) -> list[snapshot.Difference]:
    """Return what a change would change, field by field, as history shows it."""
    wanted = {**change.changes, **({"title": change.title} if change.title else {})}
    return snapshot.differences(_lines(change.before), _lines(wanted))


def _lines(values: Mapping[str, Any]) -> list[snapshot.Line]:
    out = []
    for name, value in values.items():
        if name == "title":
            words: Text = dict(value)
        elif name == ORGANISATION:
            found = Organisation.objects.filter(pk=value or None).select_related("node").first()
            words = found.node.title if found else {}
        else:
            words = snapshot.text_of(name, value)
        out.append(snapshot.Line(name, "", snapshot.label_of(name), words))
    return out
