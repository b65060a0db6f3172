"""Discussions of datasets: opened, replied to, answered by the publisher, closed, taken back."""

from dataclasses import dataclass
from datetime import timedelta
from secrets import token_hex
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from parvis.catalogue.discussing.models import Discussion, Message, Said
from parvis.catalogue.models import Dataset
from parvis.core import access, keys, limits
from parvis.core.access import Actor
from parvis.core.errors import Conflict, Invalid, NotFound, TooMany
from parvis.core.events import IdempotencyKey, emit, replayed
from parvis.core.i18n import DEFAULT, Text, clean_text
from parvis.core.models import Link, Node, Organisation, Site, State
from parvis.core.rows import check_row, new_node, publish_node

WAITING_MAX = 300
"""More than people can read: the form then says to come back later."""
DAY_MAX = 20
"""Messages that one account may write in a day."""
MESSAGES_MAX = 500
"""Replies in one discussion; beyond, a new one is clearer."""
EVERYBODY, NO_ACCOUNT, NONE = "everybody", "no_account", "nobody"
Row = Discussion | Message


@dataclass(frozen=True)
class Sent:
    """What was sent, the receipt code that finds it again, and whether it shows already."""

    row: Any
    code: str

    @property
    def shown(self) -> bool:
        """Whether everybody sees it already."""
        return bool(self.row.node.state == State.PUBLIC)


def read_first(actor: Actor) -> bool:
    """Whether what this person writes is read by a moderator before it shows."""
    rule = settings.DISCUSSIONS_READ_FIRST
    return rule == EVERYBODY or (rule == NO_ACCOUNT and actor.person_id is None)


def _room(actor: Actor) -> None:
    """Raise TooMany when too much waits, or when one account wrote a lot today."""
    waiting = Said.Review.WAITING
    if read_first(actor):
        count = sum(model.objects.filter(review=waiting).count() for model in (Discussion, Message))
        if count >= WAITING_MAX:
            raise TooMany(_("Many messages wait to be read. Send yours again in a few days."))
    if actor.person_id is not None:
        recent = {"author": actor.person_id, "node__created_at__gt": _yesterday()}
        wrote = sum(model.objects.filter(**recent).count() for model in (Discussion, Message))
        if wrote >= DAY_MAX:
            raise TooMany(_("You wrote a lot today. Go on tomorrow."))


def _yesterday() -> Any:
    return timezone.now() - timedelta(days=1)


def _locked(discussion: Discussion) -> Discussion:
    """Return the row as it is now, locked."""
    return (
        Discussion.objects.select_for_update(of=("self",))
        .select_related("node", "dataset__node", "dataset__organisation__node")
        .get(pk=discussion.pk)
    )


def _body(text: str) -> str:
    words = text.replace("\r\n", "\n").strip()
    if not words:
        raise Invalid({"body": [_("Write your message.")]})
    if len(words) > limits.COMMENT_CHARACTERS:
        said = {"n": len(words), "max": limits.COMMENT_CHARACTERS}
        raise Invalid({"body": [_("%(n)d characters, the most is %(max)d.") % said]})
    return words


def _settle(row: Row, actor: Actor) -> str:
    """Check and keep what was just written, private, and return its receipt code."""
    row.node.state = State.PRIVATE
    row.node.save(update_fields=["state"])
    code = keys.receipt_code(row.node.pk)
    row.author_id = actor.person_id
    row.receipt_lookup = keys.receipt_lookup(code)
    check_row(row, ["dataset", "discussion", "organisation"])
    row.save(force_insert=True)
    return code


@transaction.atomic
def open_discussion(
    *,
    actor: Actor,
    dataset: Dataset,
    title: str,
    body: str,
    language: str = DEFAULT,
    key: IdempotencyKey | None = None,
    reconstructed: bool = False,
) -> Sent:
    """Open a discussion under a public dataset, and return it with its receipt code.

    It shows at once or waits to be read, as `read_first` says. Raises NotFound for a dataset that
    is not public, Invalid, TooMany.
    """
    if earlier := replayed(key):
        found = Discussion.objects.select_related("node").get(node=earlier.node)
        return Sent(found, keys.receipt_code(found.pk))
    if dataset.node.state != State.PUBLIC:
        raise NotFound
    access.require(actor, "comment", dataset.node)
    _room(actor)
    words = " ".join(title.split())
    if not words or len(words) > limits.TITLE_CHARACTERS:
        raise Invalid({"title": [_("Give a title, of 200 characters at most.")]})
    # A name without words: it stays when what was written is erased.
    node = new_node("discussion", {language: words}, slug=token_hex(8), space=dataset.node)
    row = Discussion(
        node=node, dataset=dataset, language=language, body=_body(body), reconstructed=reconstructed
    )
    code = _settle(row, actor)
    emit("discussion.sent", node=node, actor=actor, key=key)
    if not read_first(actor):
        _show(row, actor)
    return Sent(row, code)


@transaction.atomic
def reply(
    *,
    actor: Actor,
    discussion: Discussion,
    body: str,
    language: str = DEFAULT,
    as_publisher: bool = False,
    key: IdempotencyKey | None = None,
) -> Sent:
    """Reply in a public discussion, and return the reply with its receipt code.

    `as_publisher`: the answer of the organisation that publishes the dataset, shown at once.
    Raises NotFound, Forbidden, Conflict when it is closed or too long, Invalid, TooMany.
    """
    if earlier := replayed(key):
        found = Message.objects.select_related("node").get(node=earlier.node)
        return Sent(found, keys.receipt_code(found.pk))
    row = _locked(discussion)
    if row.node.state != State.PUBLIC or row.dataset.node.state != State.PUBLIC:
        raise NotFound
    access.require(actor, "comment", row.node)
    publisher = None
    if as_publisher:
        access.require(actor, "manage_catalogue", row.dataset)
        publisher = row.dataset.organisation or _of_site()
    else:
        _room(actor)
    if row.closed_at is not None:
        raise Conflict(_("This discussion is closed."))
    if row.messages.count() >= MESSAGES_MAX:
        raise Conflict(_("This discussion is very long. Open another one."))
    node = new_node("discussion_message", {}, slug=token_hex(8), space=row.node)
    said = Message(
        node=node, discussion=row, language=language, body=_body(body),
        organisation=publisher,
    )  # fmt: skip
    code = _settle(said, actor)
    emit("discussion_message.sent", node=node, actor=actor, key=key)
    if as_publisher or not read_first(actor):
        _show(said, actor, as_publisher=as_publisher)
    return Sent(said, code)


def _of_site() -> Organisation:
    """Return the organisation whose site this is, for data that has none. Raises Conflict."""
    site = Site.objects.select_related("organisation__node").first()
    if site is None or site.organisation is None:
        raise Conflict(_("Say first which organisation publishes this data."))
    return site.organisation


def _show(row: Row, actor: Actor, *, as_publisher: bool = False) -> None:
    """Make what somebody wrote public, and say it: part of a service.

    The news tell the discussion, never who wrote: `actor` is left out where they are its author.
    """
    now = timezone.now()
    row.review, row.reviewed_at = Said.Review.ACCEPTED, now
    row.save(update_fields=["review", "reviewed_at"])
    publish_node(row.node)
    teller = actor if row.author_id is None or row.author_id == actor.person_id else None
    if isinstance(row, Discussion):
        row.last_at = row.waiting_since = now
        row.save(update_fields=["last_at", "waiting_since"])
        # Written by its table, since anybody may discuss: `link` asks a right of the desk.
        Link.objects.create(source=row.node, relation="discusses", target_id=row.dataset_id)
        emit("discussion.opened", node=row.node, actor=teller)
        return
    about = row.discussion
    about.last_at = now
    if as_publisher:
        about.waiting_since = None
    elif about.closed_at is None:
        about.waiting_since = about.waiting_since or now
    about.save(update_fields=["last_at", "waiting_since"])
    verb = "discussion.answered" if as_publisher else "discussion.replied"
    emit(verb, node=about.node, actor=teller, data={"message": str(row.pk)})


def by_code(typed: str) -> Row | None:
    """Return what a receipt code as typed opens, or None."""
    code = keys.normalise_code(typed)
    if not code:
        return None
    opened = Discussion.objects.select_related("node", "dataset__node")
    replies = Message.objects.select_related("node", "discussion__node", "discussion__dataset")
    return keys.of_receipt(opened, code) or keys.of_receipt(replies, code)


def _waiting(row: Row) -> Row:
    """Return the row as it is now, locked. Raises Conflict when it was read already."""
    found: Any = type(row).objects.select_for_update(of=("self",)).select_related("node")
    if isinstance(row, Message):
        found = found.select_related("discussion__node")
    now = found.get(pk=row.pk)
    if now.review != Said.Review.WAITING or now.node.state != State.PRIVATE:
        raise Conflict(_("This was read already, or taken back by its author."))
    return now  # type: ignore[no-any-return]


@transaction.atomic
def publish(*, actor: Actor, row: Row) -> Row:
    """Show what was read. Raises Forbidden, Conflict when it was read already, or its place went.

    A reply whose discussion was closed meanwhile is shown: it was written before.
    """
    access.require(actor, "moderate", row.node)
    now = _waiting(row)
    around = now.dataset.node if isinstance(now, Discussion) else now.discussion.node
    if around.state != State.PUBLIC:
        raise Conflict(_("What it speaks of is no longer public."))
    _show(now, actor)
    return now


def _french(words: Text, field: str, said: Any) -> dict[str, str]:
    try:
        cleaned = clean_text(words, characters_max=limits.REASON_CHARACTERS)
    except ValidationError as error:
        raise Invalid({field: error.messages}) from None
    if not cleaned.get(DEFAULT):
        raise Invalid({field: [said]})
    return cleaned


@transaction.atomic
def turn_down(*, actor: Actor, row: Row, motive: Text) -> Row:
    """Say why something is not shown: its author reads it.

    Raises Forbidden, Conflict when it was read already, Invalid without a reason.
    """
    access.require(actor, "moderate", row.node)
    now = _waiting(row)
    now.motive = _french(motive, "motive", _("Say why, in French: the author reads it."))
    now.review, now.reviewed_at = Said.Review.REFUSED, timezone.now()
    now.save(update_fields=["review", "motive", "reviewed_at"])
    emit(f"{now.node.kind}.turned_down", node=now.node, actor=actor)
    return now


@transaction.atomic
def close(*, actor: Actor, discussion: Discussion, why: Text) -> Discussion:
    """Close a discussion with a reason that everybody reads; nobody replies until it is reopened.

    Raises Forbidden for others than its publisher, Conflict when it is closed, Invalid.
    """
    row = _locked(discussion)
    access.require(actor, "manage_catalogue", row.dataset)
    if row.closed_at is not None or row.node.state != State.PUBLIC:
        raise Conflict(_("This discussion is closed."))
    row.closed_why = _french(why, "why", _("Say why, in French: everybody reads it."))
    row.closed_at, row.waiting_since = timezone.now(), None
    row.save(update_fields=["closed_at", "closed_why", "waiting_since"])
    emit("discussion.closed", node=row.node, actor=actor)
    return row


@transaction.atomic
def reopen(*, actor: Actor, discussion: Discussion) -> Discussion:
    """Open a closed discussion again. Raises Forbidden, Conflict when it is open.

    Its publisher owes a word again where it never gave one.
    """
    row = _locked(discussion)
    access.require(actor, "manage_catalogue", row.dataset)
    if row.closed_at is None or row.node.state != State.PUBLIC:
        raise Conflict(_("This discussion is open."))
    row.closed_at, row.closed_why = None, {}
    answers = row.messages.filter(organisation__isnull=False, node__state=State.PUBLIC)
    row.waiting_since = None if answers.exists() else timezone.now()
    row.save(update_fields=["closed_at", "closed_why", "waiting_since"])
    emit("discussion.reopened", node=row.node, actor=actor)
    return row


@transaction.atomic
def withdraw(*, actor: Actor, row: Row) -> None:
    """Take one's own words back: they are erased, their place says so. The replies of others stay.

    Raises Forbidden for others, Conflict when it was done.
    """
    if row.node.state in {State.WITHDRAWN, State.ERASED}:
        raise Conflict(_("This was taken back already."))
    access.require(actor, "withdraw_own", row)
    verb = f"{row.node.kind}.withdrawn"
    erase(row)
    emit(verb, node=row.node)


def erase(row: Row) -> None:
    """Take the words and the author of something away: part of a service, which says why."""
    node: Node = row.node
    node.state, node.title = State.WITHDRAWN, {}
    node.save(update_fields=["state", "title"])
    row.body, row.author = "", None
    row.save(update_fields=["body", "author"])
    if isinstance(row, Discussion):
        Link.objects.filter(source=node, relation="discusses").delete()
        Discussion.objects.filter(pk=row.pk).update(waiting_since=None)
