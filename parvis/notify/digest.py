"""Sending what waits: one message for each mailbox, at most one a day, newest first."""

import logging
from collections.abc import Sequence
from datetime import datetime, timedelta
from smtplib import SMTPException
from typing import Any

from django.conf import settings
from django.db.models import Max, Min, Q
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import override

from parvis.core import keys, kinds
from parvis.core.i18n import tr
from parvis.core.logs import mask
from parvis.core.models import Node
from parvis.notify import bounces, messages, queue, tokens
from parvis.notify.concerned import told_now
from parvis.notify.models import Mailbox, Notification, Subscription
from parvis.notify.news import NEWS

log = logging.getLogger("parvis.mail")
DAY = timedelta(days=1)
ATTEMPTS_MAX = 6
# News that keep coming leave at last, however lively the day.
LONGEST_WAIT = timedelta(hours=2)
_State = Notification.State


def due(now: datetime, quiet: timedelta = timedelta(0)) -> list[int]:
    """Return the mailboxes to write to now: something waits, nothing was sent for a day.

    With `quiet`, news wait until no other came for that long, so that the answers published one
    after the other in an afternoon make one message.
    """
    waiting = (
        Notification.objects.filter(state=_State.WAITING)
        .filter(Q(mailbox__sent_at__isnull=True) | Q(mailbox__sent_at__lte=now - DAY))
        .values("mailbox")
        .annotate(newest=Max("created_at"), oldest=Min("created_at"), retry=Max("next_at"))
        .filter(retry__lte=now)
        .order_by("oldest")
    )
    if quiet:
        waiting = waiting.filter(Q(newest__lte=now - quiet) | Q(oldest__lte=now - LONGEST_WAIT))
    return list(waiting.values_list("mailbox", flat=True)[: _budget(now)])


def _budget(now: datetime) -> int:
    """How many messages the minute still allows."""
    minute = timedelta(minutes=1)
    left = Mailbox.objects.filter(sent_at__gt=now - minute, sent_at__lte=now).count()
    return max(0, settings.MAIL_PER_MINUTE - left)


def send_due(now: datetime | None = None, quiet: timedelta = timedelta(0)) -> int:
    """Send what is due and return how many messages left; each holds all that waits for its reader.

    What may no longer be told (hidden meanwhile, followed no more) is dropped; what the server
    could not take waits 1, 2, 4 ... minutes and is failed after six tries.
    """
    now = now or timezone.now()
    return sum(_send_one(mailbox_id, now) for mailbox_id in due(now, quiet))


def _send_one(mailbox_id: int, now: datetime) -> int:
    mailbox = Mailbox.objects.get(pk=mailbox_id)
    before = mailbox.sent_at
    free = Q(sent_at__isnull=True) | Q(sent_at__lte=now - DAY)
    # Taken before sending: after a crash in between, a notice may be a day late, never double.
    if not Mailbox.objects.filter(free, pk=mailbox_id).update(sent_at=now):
        return 0
    rows = list(
        Notification.objects.filter(mailbox=mailbox, state=_State.WAITING)
        .select_related("event__node__space__space", "node", "subscription", "person")
        .order_by("-event__at", "-event_id")
    )
    kept = [row for row in rows if _may(row, mailbox)]
    Notification.objects.filter(pk__in=[row.pk for row in rows if row not in kept]).update(
        state=_State.DROPPED
    )
    if not kept:
        Mailbox.objects.filter(pk=mailbox_id).update(sent_at=before)
        return 0
    try:
        made = _message(kept)
        made.connection = queue.transport()
        made.send()
    except (SMTPException, OSError) as error:
        Mailbox.objects.filter(pk=mailbox_id).update(sent_at=before)
        _failed(kept, error, now)
        return 0
    Notification.objects.filter(pk__in=[row.pk for row in kept]).update(
        state=_State.SENT, sent_at=now, error=""
    )
    return 1


def _may(row: Notification, mailbox: Mailbox) -> bool:
    """Whether a row may still be told: the reader wants it, and the thing is public."""
    if mailbox.bounces >= bounces.BOUNCES_MAX or not told_now(row.event.node):
        return False
    if row.subscription is not None:
        return row.subscription.ended_at is None
    return row.person is not None and row.person.is_active


def _message(rows: Sequence[Notification]) -> Any:
    first = rows[0]
    if first.subscription is not None:
        email, language = first.subscription.email, first.subscription.language
    else:
        assert first.person is not None  # noqa: S101 one of the two, by `_may`
        email, language = first.person.email, first.person.language
    subscription = next((row.subscription for row in rows if row.subscription), None)
    person = next((row.person for row in rows if row.person), None)
    # Either token reaches all of the mailbox; a subscription's also knows the account.
    token = (
        tokens.of_subscription(subscription) if subscription else tokens.of_person(person)  # type: ignore[arg-type]
    )
    with override(language):
        items = [_item(row, language) for row in rows]
    return messages.digest(email, language, items, token)


def _item(row: Notification, language: str) -> messages.Item:
    node = row.event.node
    assert node is not None  # noqa: S101 dropped by `_may` otherwise
    kind = kinds.get(node.kind)
    return messages.Item(
        label=str(NEWS[row.event.verb].label),
        title=tr(node.title) or str(kind.label),
        url=messages.absolute(address(node, language)),
        at=row.event.at,
        because=_because(row),
    )


def address(node: Node, language: str) -> str:
    """Return the path of a node's page; of the whole it is part of where it has none."""
    here: Node | None = node
    while here is not None:
        if path := kinds.url(here, language):
            return path
        here = here.space
    return f"/{language}/"


def _because(row: Notification) -> str:
    node = row.node
    if node is None:
        return _("You follow the news of the whole site.")
    if node.kind == "contribution":
        receipt = Subscription.Purpose.RECEIPT
        if row.subscription is not None and row.subscription.purpose == receipt:
            return _("It follows from your contribution: %(url)s") % {
                "url": messages.absolute(_follow_up(node))
            }
        if not tr(node.title):
            return _("You follow a contribution that led to it.")
    if row.event.node_id == node.pk:
        return _("You follow it.")
    return _("You follow “%(title)s”.") % {"title": messages.followed(node)}


def _follow_up(node: Node) -> str:
    from django.urls import reverse

    return reverse("follow_up_code", args=[keys.receipt_code(node.pk)])


def _failed(rows: Sequence[Notification], error: Exception, now: datetime) -> None:
    attempts = max(row.attempts for row in rows) + 1
    words = mask(f"{type(error).__name__}: {error}")[:300]
    final = queue.refused(error) or attempts >= ATTEMPTS_MAX
    if queue.refused(error):
        email = rows[0].subscription.email if rows[0].subscription else rows[0].person.email  # type: ignore[union-attr]
        bounces.record(email, now)
    log.warning("notice not sent", extra={"fields": {"error": words, "attempts": attempts}})
    Notification.objects.filter(pk__in=[row.pk for row in rows]).update(
        state=_State.FAILED if final else _State.WAITING,
        attempts=attempts,
        error=words,
        next_at=now + queue.wait(attempts),
    )
