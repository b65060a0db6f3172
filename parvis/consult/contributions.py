"""Contributions: received, changed, withdrawn, counted or rejected. One transaction each."""

import hashlib
from collections.abc import Mapping
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import IntegrityError, connection, models, transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from parvis.consult import methods, phases
from parvis.consult.models import Activity, Channel, Contribution, Draft, WhoMay
from parvis.core import access, keys, limits
from parvis.core.access import Actor
from parvis.core.errors import Conflict, Invalid, NotFound, SignInNeeded
from parvis.core.events import IdempotencyKey, emit, replayed
from parvis.core.ids import new_id, new_token
from parvis.core.models import Event, Node, State
from parvis.core.prepared import Prepared, insert

# Entered by staff after the fact, so the phase need not be open for them.
BY_STAFF = frozenset({Channel.PAPER, Channel.PHONE, Channel.MEETING, Channel.IMPORT})


@dataclass(frozen=True)
class Receipt:
    """What a participant leaves with: the contribution, its code, and when it was received."""

    contribution: Contribution
    code: str
    at: datetime


def participant_key(activity: Activity, actor: Actor) -> bytes | None:
    """Return HMAC(activity's key, person), or None where nobody is known.

    Destroying the activity's key at the retention date makes the rows unlinkable.
    """
    if actor.person_id is None:
        return None
    return keys.mac("participant", str(actor.person_id), activity.node)


def require_eligible(activity: Activity, actor: Actor) -> None:
    """Return when the rule of who may answer allows this actor. Raises SignInNeeded."""
    if activity.consultation.who_may != WhoMay.ANYONE and actor.person is None:
        raise SignInNeeded(_("This consultation asks each person to confirm an e-mail address."))


def _once(activity: Activity, actor: Actor, channel: str) -> bytes | None:
    if channel in BY_STAFF or activity.consultation.who_may == WhoMay.ANYONE:
        return None
    return participant_key(activity, actor)


def _ledger_place(activity: Activity) -> tuple[str, str]:
    """Return (leaf family, what the leaf is about)."""
    family = methods.get(activity.method).leaf
    if family == "answer":
        return family, f"survey/{activity.node.slug}"
    return family, f"consultation/{activity.consultation.node.slug}"


def _parts(family: str, contribution: Contribution) -> dict[str, Any]:
    if family == "answer":
        return {"answers": contribution.payload}
    return {
        "author": str(contribution.author_id or ""),
        "body": {"title": dict(contribution.node.title), "body": contribution.body},
        "private": contribution.payload,
    }


@transaction.atomic
def submit(
    *,
    actor: Actor,
    activity: Activity,
    payload: Mapping[str, Any] | None = None,
    title: Mapping[str, str] | None = None,
    body: str = "",
    language: str = "fr",
    channel: str = Channel.WEB,
    action: str | None = None,
    parent: Node | None = None,
    key: IdempotencyKey | None = None,
    at: datetime | None = None,
    once: bool | None = None,
    draft: str | None = None,
) -> Receipt:
    """Receive one contribution and return its receipt.

    The same `key` again returns the same receipt. Raises Closed outside the phases, Invalid by
    field, SignInNeeded where the rule asks for it, Conflict for a second answer of one person.
    `at` is for channels entered afterwards (paper, import): the day it was received. The `draft`
    of this token goes in the same commit: never an answer whose draft stays.
    """
    if earlier := may_submit(
        actor=actor, activity=activity, channel=channel, action=action, key=key, at=at
    ):
        return earlier
    if payload is not None:
        method = methods.get(activity.method)
        payload = method.clean_payload(activity, payload, partial=channel in BY_STAFF)
    return receive(
        actor=actor, activity=activity, payload=payload, title=title, body=body,
        language=language, channel=channel, parent=parent, key=key, at=at, once=once, draft=draft,
    )  # fmt: skip


def may_submit(
    *,
    actor: Actor,
    activity: Activity,
    channel: str = Channel.WEB,
    action: str | None = None,
    key: IdempotencyKey | None = None,
    at: datetime | None = None,
) -> Receipt | None:
    """Return None when a contribution may be received now, the receipt if this key has made one.

    The first half of `submit`, for services that check more before `receive`: a closed phase must
    not ask anybody to correct their words. Raises as `submit` does.
    """
    if earlier := replayed(key):
        return receipt_of(Contribution.objects.select_related("node").get(node=earlier.node))
    if channel in BY_STAFF or actor.system:
        access.require(
            actor, "import_contributions" if channel == Channel.IMPORT else "enter_paper", activity
        )
        if at and at > timezone.now():
            raise Invalid({"at": [_("This date is in the future.")]})
        return None
    access.require(actor, "take_part", activity)
    require_eligible(activity, actor)
    phases.require_open(activity, action or methods.get(activity.method).main_action)
    return None


def receive(
    *,
    actor: Actor,
    activity: Activity,
    payload: Mapping[str, Any] | None,
    title: Mapping[str, str] | None = None,
    body: str = "",
    language: str = "fr",
    channel: str = Channel.WEB,
    parent: Node | None = None,
    key: IdempotencyKey | None = None,
    at: datetime | None = None,
    once: bool | None = None,
    draft: str | None = None,
) -> Receipt:
    """Write one contribution, checked already, in the caller's transaction. Raises Conflict."""
    family, on = _ledger_place(activity)
    if once is None:
        once = family == "answer"
    public = family != "answer"
    now = timezone.now()
    identifier = new_id()
    node = Node(
        id=identifier,
        kind="contribution",
        slug=identifier.hex,
        title=dict(title or {}),
        space_id=activity.pk,
        state=State.PUBLIC if public else State.PRIVATE,
        created_at=at or now,
        published_at=now if public else None,
    )
    insert(node)
    contribution = Contribution(
        node=node,
        activity=activity,
        author_id=None if family == "answer" else actor.person_id,
        participant_key=participant_key(activity, actor) if channel == Channel.WEB else None,
        once_key=_once(activity, actor, channel) if once else None,
        parent=parent,
        channel=channel,
        language=language,
        body=body,
        payload=dict(payload or {}),
        receipt_lookup=keys.receipt_lookup(keys.receipt_code(identifier)),
    )
    _insert_once(contribution)
    emit(
        f"{family}.accepted",
        node=node,
        actor=None if family == "answer" else actor,
        data={"channel": channel},
        parts=_parts(family, contribution),
        on=on,
        key=key,
    )
    if draft:
        drop_draft(draft)
    return Receipt(contribution, keys.receipt_code(identifier), node.created_at)


def _insert_once(contribution: Contribution) -> None:
    try:
        # Only what can be refused needs a savepoint.
        with transaction.atomic() if contribution.once_key else nullcontext():
            insert(contribution)
    except IntegrityError:
        raise Conflict(
            _("You have already answered. Change your answer from its follow-up page.")
        ) from None


def receipt_of(contribution: Contribution) -> Receipt:
    """Return the receipt of a contribution, computed again."""
    return Receipt(contribution, keys.receipt_code(contribution.pk), contribution.node.created_at)


def by_code(typed: str) -> Contribution:
    """Return the contribution of a receipt code. Raises NotFound."""
    code = keys.normalise_code(typed)
    if code is None:
        raise NotFound(_("This code is not complete, or one of its characters is wrong."))
    rows = Contribution.objects.select_related(
        "node", "activity__node", "activity__consultation__node"
    )
    found = keys.of_receipt(rows, code)
    if found is None:
        raise NotFound(_("No contribution has this code."))
    return found


def accepted_event(contribution: Contribution) -> Event:
    """Return the event of the version that stands: the last acceptance of a contribution."""
    family, _on = _ledger_place(contribution.activity)
    return (
        Event.objects.filter(node_id=contribution.pk, verb=f"{family}.accepted")
        .order_by("-pk")[:1]
        .get()
    )


@transaction.atomic
def change(
    *,
    actor: Actor,
    contribution: Contribution,
    payload: Mapping[str, Any] | None = None,
    title: Mapping[str, str] | None = None,
    body: str | None = None,
    action: str | None = None,
    key: IdempotencyKey | None = None,
    draft: str | None = None,
) -> Receipt:
    """Replace what a contribution says, while its phase is open; it still counts once.

    The `draft` of this token goes in the same commit. Raises Forbidden for others than its
    author, Closed, Invalid.
    """
    if replayed(key):
        return receipt_of(contribution)
    access.require(actor, "change_own", contribution)
    if contribution.fate == Contribution.Fate.REJECTED:
        raise Conflict(_("This contribution was set aside by the published rule; write to us."))
    method = methods.get(contribution.activity.method)
    phases.require_open(contribution.activity, action or method.main_action)
    family, on = _ledger_place(contribution.activity)
    before = accepted_event(contribution)
    if payload is not None:
        contribution.payload = method.clean_payload(contribution.activity, payload)
    if title is not None:
        contribution.node.title = dict(title)
        contribution.node.save(update_fields=["title"])
    if body is not None:
        contribution.body = body
    contribution.changed_at = timezone.now()
    contribution.save(update_fields=["payload", "body", "changed_at"])
    who = None if family == "answer" else actor
    node = contribution.node
    if family == "answer":
        emit("answer.rejected", node=node, data={"reason": "replaced"}, ref=before, on=on)
        emit(
            "answer.accepted",
            node=node,
            actor=who,
            data={"channel": contribution.channel},
            parts=_parts(family, contribution),
            on=on,
            key=key,
        )
    else:
        parts = {"body": _parts(family, contribution)["body"]}
        emit("contribution.edited", node=node, actor=who, parts=parts, ref=before, on=on, key=key)
    if draft:
        drop_draft(draft)
    return receipt_of(contribution)


@transaction.atomic
def withdraw(
    *, actor: Actor, contribution: Contribution, key: IdempotencyKey | None = None
) -> None:
    """Take one's contribution back: its text is erased, its place says that it was withdrawn.

    Raises Forbidden for others than its author; withdrawing twice does nothing more.
    """
    if replayed(key) or contribution.node.state in {State.WITHDRAWN, State.ERASED}:
        return
    access.require(actor, "withdraw_own", contribution)
    family, on = _ledger_place(contribution.activity)
    accepted = accepted_event(contribution)
    node = contribution.node
    erase(contribution)
    verb, facts = ("contribution.withdrawn", {})
    if family == "answer":
        # An answer that was set aside already is rejected in the ledger: never rejected twice.
        aside = contribution.fate == Contribution.Fate.REJECTED
        verb, facts = ("answer.retired" if aside else "answer.rejected", {"reason": "withdrawn"})
    emit(verb, node=node, data=facts, ref=accepted, on=on, key=key)
    if family != "answer":
        gone = {"parts": ["author", "body", "private"]}
        emit("contribution.erased", node=node, data=gone, ref=accepted, on=on)


def erase(contribution: Contribution) -> None:
    """Take the text of a contribution away: part of a service, which says why by its event."""
    node = contribution.node
    node.state, node.title = State.WITHDRAWN, {}
    node.save(update_fields=["state", "title"])
    contribution.body, contribution.payload = "", {}
    contribution.once_key = None
    contribution.changed_at = timezone.now()
    contribution.save(update_fields=["body", "payload", "once_key", "changed_at"])
    _drop_changes(contribution)


@transaction.atomic
def set_fate(
    *, actor: Actor, contribution: Contribution, fate: str, reason: str = ""
) -> Contribution:
    """Say whether an answer counts. A rejection has a reason of the published rule; it stays in
    the counts of what was received. Raises Forbidden, Invalid."""
    access.require(actor, "set_fate", contribution)
    rejected = fate == Contribution.Fate.REJECTED
    if fate not in Contribution.Fate or (rejected and reason not in Contribution.Why):
        raise Invalid({"reason": [_("Give the reason, from the list.")]})
    if contribution.fate == fate and contribution.fate_reason == (reason if rejected else ""):
        return contribution
    family, on = _ledger_place(contribution.activity)
    before = accepted_event(contribution)
    contribution.fate, contribution.fate_reason = fate, reason if rejected else ""
    contribution.save(update_fields=["fate", "fate_reason"])
    node = contribution.node
    if family != "answer":
        verb = "contribution.moderated" if rejected else "contribution.restored"
        facts = {"reason": reason} if rejected else {}
        emit(verb, node=node, actor=actor, data=facts, ref=before, on=on)
    elif rejected:
        emit("answer.rejected", node=node, actor=actor, data={"reason": reason}, ref=before, on=on)
    else:
        facts = {"channel": contribution.channel}
        parts = _parts(family, contribution)
        emit("answer.accepted", node=node, actor=actor, data=facts, parts=parts, on=on)
    return contribution


# Drafts ------------------------------------------------------------------------------------------


CHANGES = "_changes"
"""In a draft: the id of the contribution that it replaces. The draft's token is the secret that
opens it; the id opens nothing, where a receipt code kept in clear would. No question can have this
name."""


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()


@transaction.atomic
def save_draft(*, activity: Activity, payload: Mapping[str, Any], token: str | None = None) -> str:
    """Keep an answer in progress for 30 days and return its token; nothing ties it to a person."""
    token = token or new_token()
    Draft.objects.update_or_create(
        token_digest=_digest(token),
        defaults={
            "activity": activity,
            "payload": dict(payload),
            "expires": timezone.now() + timedelta(days=limits.DRAFT_DAYS),
        },
    )
    return token


_draft = Prepared(
    lambda token, activity, now: Draft.objects.filter(
        token_digest=token, activity=activity, expires__gt=now
    ),
    token=models.BinaryField(),
    activity=models.UUIDField(),
    now=models.DateTimeField(),
)


def draft(activity: Activity, token: str) -> dict[str, Any]:
    """Return what a draft holds. Raises NotFound when it was sent or has expired."""
    row = _draft.first(token=_digest(token), activity=activity.pk, now=timezone.now())
    if row is None:
        raise NotFound(
            _("This draft was already sent, or was not touched for 30 days and was erased.")
        )
    return dict(row.payload)


# Nothing hangs on a draft: the ORM would look for it first.
_DROP = f"DELETE FROM {Draft._meta.db_table} WHERE token_digest = %s"  # noqa: S608


def _drop_changes(contribution: Contribution) -> None:
    """Erase the drafts that were to replace a contribution: they hold its text."""
    names = [str(contribution.pk), keys.receipt_code(contribution.pk)]  # a code: drafts from before
    Draft.objects.filter(
        activity_id=contribution.activity_id, **{f"payload__{CHANGES}__in": names}
    ).delete()


def drop_draft(token: str) -> None:
    """Erase a draft."""
    with connection.cursor() as cursor:
        cursor.execute(_DROP, [_digest(token)])
