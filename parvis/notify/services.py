"""Asking for news, confirming, stopping; the receipt by e-mail. One transaction each."""

from datetime import datetime, timedelta

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction
from django.utils import timezone
from django.utils.module_loading import import_string
from django.utils.translation import gettext_lazy as _

from parvis.core import access, keys
from parvis.core.access import Actor
from parvis.core.errors import Forbidden, Gone, Invalid, SignInNeeded
from parvis.core.events import emit
from parvis.core.i18n import LANGUAGES
from parvis.core.models import Follow, Node, Person
from parvis.notify import limits, messages, tokens
from parvis.notify.bounces import close
from parvis.notify.models import Mailbox, Notification, Subscription

UNCONFIRMED_DAYS = 7
EMAIL_CHARACTERS_MAX = 254
"""RFC 5321, 4.5.3.1.3: a path of 256 octets, its brackets included."""


def clean_email(email: str) -> str:
    """Return an address in lower case. Raises Invalid on `email`."""
    email = email.strip().lower()
    try:
        if len(email) > EMAIL_CHARACTERS_MAX:
            raise ValidationError("")
        validate_email(email)
    except ValidationError:
        raise Invalid(
            {"email": [_("Write a complete address, such as name@example.org.")]}
        ) from None
    return email


@transaction.atomic
def subscribe(
    *,
    email: str,
    language: str,
    node: Node | None = None,
    purpose: str = Subscription.Purpose.FOLLOW,
    actor: Actor,
    ip: str | None = None,
) -> None:
    """Write to an address with the link that confirms; nothing is told before that.

    The answer is the same whether the address is known or not, so nothing comes back. `node` null
    is the news of the whole site. Raises Invalid, Forbidden, TooMany (3 messages an hour to an
    address, 20 from a network address).
    """
    email = clean_email(email)
    _require(actor, node, purpose)
    limits.take(email, ip)
    row = _row(email, language, node, purpose)
    messages.confirm(row, tokens.of_subscription(row)).send()


@transaction.atomic
def send_receipt(
    *,
    code: str,
    email: str,
    language: str,
    actor: Actor,
    tell_node: Node | None = None,
    ip: str | None = None,
) -> None:
    """Send the receipt of a contribution; the address serves that message, then it is erased.

    `actor` holds the contribution whose code this is (`actor.holding(id)`). With `tell_node`, its
    node, the same message holds the link that confirms "tell me what becomes of it". Raises
    Invalid, Forbidden, TooMany, and Gone for a contribution that was withdrawn.
    """
    email = clean_email(email)
    node = _held(actor, code)
    _require(actor, node, Subscription.Purpose.RECEIPT)
    if tell_node is not None and tell_node.pk != node.pk:
        raise Forbidden
    limits.take(email, ip)
    token = None
    if tell_node is not None:
        row = _row(email, language, node, Subscription.Purpose.RECEIPT)
        token = tokens.of_subscription(row)
    messages.receipt(node, email, language, token).send()


def _held(actor: Actor, code: str) -> Node:
    """Return the contribution of a code among those that the actor holds. Raises Forbidden."""
    wanted = keys.normalise_code(code)
    for pk in actor.holds:
        if wanted and keys.receipt_code(pk).replace("-", "") == wanted:
            return Node.objects.select_related("space__space").get(pk=pk)
    raise Forbidden


def _require(actor: Actor, node: Node | None, purpose: str) -> None:
    if node is None:
        return
    if purpose != Subscription.Purpose.RECEIPT:
        access.require(actor, "follow", node)
        return
    if node.state in {"withdrawn", "erased"}:
        raise Gone
    # The author, by receipt or by account: the right to withdraw is the right to be told.
    contribution = getattr(node, "contribution", None)
    access.require(actor, "withdraw_own", contribution or node)


def _row(email: str, language: str, node: Node | None, purpose: str) -> Subscription:
    row, made = Subscription.objects.get_or_create(
        email=email,
        node=node,
        ended_at=None,
        defaults={
            "language": language if language in LANGUAGES else LANGUAGES[0],
            "purpose": purpose,
        },
    )
    if made:
        row.token_digest = tokens.digest(tokens.of_subscription(row))
        row.save(update_fields=["token_digest"])
    elif row.confirmed_at is None:
        # Asked again: the seven days start again.
        row.created_at = timezone.now()
        row.save(update_fields=["created_at"])
    return row


@transaction.atomic
def confirm(token: str, now: datetime | None = None) -> Subscription:
    """Confirm the subscription of a token and return it; twice is once.

    Raises NotFound, or Gone when it ended or was never confirmed in seven days.
    """
    row = tokens.resolve(token)
    if not isinstance(row, Subscription) or row.ended_at is not None:
        raise Gone(_("This link is no longer valid. Ask for a new one."))
    if row.confirmed_at is None:
        row.confirmed_at = now or timezone.now()
        row.save(update_fields=["confirmed_at"])
        Mailbox.objects.filter(digest=tokens.mailbox_digest(row.email)).update(bounces=0)
        emit("subscription.confirmed", node=row.node)
    return row


@transaction.atomic
def end(token: str, *, everything: bool = False, now: datetime | None = None) -> int:
    """End the subscription of a token, or everything sent to its address; return how many ended.

    Twice is once. Raises NotFound for a token that never was.
    """
    now = now or timezone.now()
    row = tokens.resolve(token)
    if isinstance(row, Person):
        return _forget_person(row) + _end_elsewhere(row.email)
    if row.ended_at is not None:
        return 0
    email = row.email
    rows = [row]
    if everything:
        rows = list(Subscription.objects.select_related("node").filter(email=email, ended_at=None))
    for one in rows:
        close(one, now)
    ended = len(rows)
    if everything:
        person = Person.objects.filter(email=email).first()
        ended += _forget_person(person) if person else 0
        ended += _end_elsewhere(email)
    return ended


def _end_elsewhere(email: str) -> int:
    """End what other parts send to an address that wants no more news; return how many."""
    return sum(import_string(name)(email) for name in settings.MAIL_ENDERS)


def _forget_person(person: Person) -> int:
    ended, _rows = Follow.objects.filter(person=person).delete()
    Notification.objects.filter(person=person, state=Notification.State.WAITING).update(
        state=Notification.State.DROPPED
    )
    return ended


@transaction.atomic
def follow(*, actor: Actor, node: Node, wanted: bool) -> bool:
    """Follow a node with one's account, or stop; return whether anything changed.

    Raises SignInNeeded for nobody, Forbidden for what cannot be followed.
    """
    if actor.person is None:
        raise SignInNeeded
    if not wanted:
        stopped, _rows = Follow.objects.filter(person=actor.person, node=node).delete()
        Notification.objects.filter(
            person=actor.person, node=node, state=Notification.State.WAITING
        ).update(state=Notification.State.DROPPED)
        return bool(stopped)
    access.require(actor, "follow", node)
    _follow, made = Follow.objects.get_or_create(person=actor.person, node=node)
    if made:
        Mailbox.objects.filter(digest=tokens.mailbox_digest(actor.person.email)).update(bounces=0)
    return made


@transaction.atomic
def stop_own(*, actor: Actor, subscription: Subscription, now: datetime | None = None) -> None:
    """End a subscription from the list of one's account. Raises Forbidden for another's."""
    if actor.person is None:
        raise SignInNeeded
    if subscription.ended_at is not None:
        return
    if subscription.email != actor.person.email:
        raise Forbidden
    close(subscription, now or timezone.now())


@transaction.atomic
def forget_unconfirmed(now: datetime | None = None) -> int:
    """Erase the addresses that were never confirmed in seven days; return how many."""
    oldest = (now or timezone.now()) - timedelta(days=UNCONFIRMED_DAYS)
    erased, _rows = Subscription.objects.filter(
        confirmed_at=None, ended_at=None, created_at__lte=oldest
    ).delete()
    return erased
