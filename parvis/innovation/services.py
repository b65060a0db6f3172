"""Reuses are sent, read, published or refused with why; calls are written and published."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from parvis.core import access, keys, limits
from parvis.core.access import Actor
from parvis.core.errors import Conflict, Invalid, TooMany
from parvis.core.events import IdempotencyKey, emit, replayed
from parvis.core.i18n import DEFAULT, Text, clean_text
from parvis.core.models import Node, State
from parvis.core.rows import apply, check_row, new_node, publish_node, title_of
from parvis.core.thread import link
from parvis.innovation.models import Call, Reuse

WAITING_MAX = 300
"""More than people can read: the form then says to come back later."""
DATASETS_MAX = 20
RESERVED = ("new", "nouvelle", "follow-up", "suivi")
CALL_FIELDS = (
    "what", "opens", "closes", "place", "summary", "deliverables", "results", "url", "sources",
)  # fmt: skip


@dataclass(frozen=True)
class Sent:
    """A reuse that was sent, and the receipt code that finds it again."""

    reuse: Reuse
    code: str


def web_address(url: str, field: str = "url") -> str:
    """Return an http(s) address. Raises Invalid for anything else (javascript:, data:)."""
    parts = urlsplit(url.strip())
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.username:
        raise Invalid({field: [_("Give a web address that starts with https://.")]})
    return url.strip()


@transaction.atomic
def submit_reuse(
    *,
    actor: Actor,
    title: str,
    fields: Mapping[str, Any],
    datasets: Sequence[UUID] = (),
    language: str = DEFAULT,
    key: IdempotencyKey | None = None,
) -> Sent:
    """Keep a reuse that waits to be read, and return it with its receipt code.

    Nobody sees it but its author and moderators. Raises Invalid, TooMany when too many wait.
    """
    if earlier := replayed(key):
        found = Reuse.objects.select_related("node").get(node=earlier.node)
        return Sent(found, keys.receipt_code(found.pk))
    if Reuse.objects.filter(review=Reuse.Review.WAITING).count() >= WAITING_MAX:
        raise TooMany(_("Many reuses wait to be read. Send yours again in a few days."))
    words = " ".join(title.split())
    if not words or len(words) > limits.TITLE_CHARACTERS:
        raise Invalid({"title": [_("Give a title, of 200 characters at most.")]})
    known = Node.objects.filter(pk__in=list(datasets), kind="dataset", state=State.PUBLIC)
    wanted = [str(pk) for pk in known.values_list("pk", flat=True)]
    if len(wanted) != len(set(datasets)) or len(wanted) > DATASETS_MAX:
        raise Invalid({"datasets": [_("Choose among the datasets published here.")]})
    node = new_node("reuse", {language: words}, reserved=RESERVED)
    node.state = State.PRIVATE
    node.save(update_fields=["state"])
    code = keys.receipt_code(node.pk)
    row = Reuse(
        node=node, author_id=actor.person_id, language=language, wanted=wanted,
        receipt_lookup=keys.receipt_lookup(code),
    )  # fmt: skip
    apply(row, fields, ("author_name", "what", "url", "description"))
    row.url = web_address(row.url)
    check_row(row)
    row.save(force_insert=True)
    emit("reuse.submitted", node=node, actor=actor, key=key)
    return Sent(row, code)


def reuse_by_code(typed: str) -> Reuse | None:
    """Return the reuse of a receipt code as typed, or None."""
    code = keys.normalise_code(typed)
    return keys.of_receipt(Reuse.objects.select_related("node"), code) if code else None


@transaction.atomic
def accept_reuse(*, actor: Actor, reuse: Reuse) -> Reuse:
    """Publish a reuse and tie it to its datasets. Raises Forbidden, Conflict when it was read."""
    access.require(actor, "moderate", reuse.node)
    _still_waits(reuse)
    reuse.review, reuse.reviewed_at = Reuse.Review.ACCEPTED, timezone.now()
    reuse.save(update_fields=["review", "reviewed_at"])
    publish_node(reuse.node)
    for dataset in Node.objects.filter(pk__in=reuse.wanted, state=State.PUBLIC):
        link(reuse.node, "reuses", dataset, actor=actor, action="moderate")
    emit("reuse.published", node=reuse.node, actor=actor)
    return reuse


@transaction.atomic
def refuse_reuse(*, actor: Actor, reuse: Reuse, motive: Text) -> Reuse:
    """Say why a reuse is not published: its author reads it.

    Raises Forbidden, Conflict when it was read, Invalid without a reason.
    """
    access.require(actor, "moderate", reuse.node)
    _still_waits(reuse)
    words = clean_text(motive, characters_max=limits.REASON_CHARACTERS)
    if not words.get(DEFAULT):
        raise Invalid({"motive": [_("Say why, in French: the author reads it.")]})
    reuse.review, reuse.motive, reuse.reviewed_at = Reuse.Review.REFUSED, words, timezone.now()
    reuse.save(update_fields=["review", "motive", "reviewed_at"])
    emit("reuse.refused", node=reuse.node, actor=actor)
    return reuse


def _still_waits(reuse: Reuse) -> None:
    if reuse.review != Reuse.Review.WAITING or reuse.node.state != State.PRIVATE:
        raise Conflict(_("This was read already, or taken back by its author."))


@transaction.atomic
def withdraw_reuse(*, actor: Actor, reuse: Reuse) -> None:
    """Take one's own reuse back, waiting or public. Raises Forbidden for others, Conflict."""
    if reuse.node.state in {State.WITHDRAWN, State.ERASED}:
        raise Conflict(_("This was taken back already."))
    access.require(actor, "withdraw_own", reuse)
    reuse.node.state = State.WITHDRAWN
    reuse.node.save(update_fields=["state"])
    emit("reuse.withdrawn", node=reuse.node, actor=actor)


# Calls -------------------------------------------------------------------------------------------


@transaction.atomic
def create_call(
    *, actor: Actor, title: Text, fields: Mapping[str, Any], key: IdempotencyKey | None = None
) -> Call:
    """Create a draft call and return it. Raises Forbidden, Invalid."""
    if earlier := replayed(key):
        return Call.objects.select_related("node").get(node=earlier.node)
    access.require(actor, "manage_innovation")
    node = new_node("call", title_of(title), reserved=RESERVED)
    row = Call(node=node)
    _fill(row, fields)
    row.save(force_insert=True)
    emit("call.drafted", node=node, actor=actor, key=key)
    return row


def _fill(row: Call, fields: Mapping[str, Any]) -> None:
    apply(row, fields, CALL_FIELDS)
    if row.url:
        row.url = web_address(row.url)
    row.sources = [web_address(url, "sources") for url in row.sources or []]
    if row.opens and row.closes and row.closes < row.opens:
        raise Invalid({"closes": [_("The last day comes before the first.")]})
    check_row(row)


@transaction.atomic
def change_call(*, actor: Actor, call: Call, title: Text, fields: Mapping[str, Any]) -> Call:
    """Change a call, public or not. Raises Forbidden, Invalid."""
    access.require(actor, "manage_innovation", call.node)
    call.node.title = title_of(title)
    _fill(call, fields)
    call.node.save(update_fields=["title"])
    call.save()
    emit("call.changed", node=call.node, actor=actor)
    return call


@transaction.atomic
def publish_call(*, actor: Actor, call: Call) -> Call:
    """Publish a call; it opens and closes by the clock. Raises Conflict, Invalid without dates."""
    access.require(actor, "manage_innovation", call.node)
    if call.node.state == State.PUBLIC:
        raise Conflict(_("This is public already."))
    if call.opens is None or call.closes is None:
        raise Invalid({"opens": [_("Give the first and the last day.")]})
    publish_node(call.node)
    emit("call.published", node=call.node, actor=actor)
    return call
