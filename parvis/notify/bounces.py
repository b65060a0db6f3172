"""Addresses that do not answer: three bounces end what was sent to them."""

import re
from collections.abc import Iterator
from datetime import datetime
from email import message_from_bytes
from email.message import Message

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from parvis.core.events import emit
from parvis.notify import tokens
from parvis.notify.models import Mailbox, Notification, Subscription

BOUNCES_MAX = 3


@transaction.atomic
def record(email: str, now: datetime | None = None, status: str = "") -> int:
    """Count one bounce of an address and return how many it has; the third ends everything.

    status: what the server gave as its reason, a code of RFC 3463. Its words are not kept, since
    they often hold the address.
    """
    now = now or timezone.now()
    mailbox, _made = Mailbox.objects.get_or_create(digest=tokens.mailbox_digest(email))
    Mailbox.objects.filter(pk=mailbox.pk).update(
        bounces=F("bounces") + 1,
        bounce_status=status_in(status),
        bounced_since=mailbox.bounced_since or now,
        bounced_at=now,
    )
    mailbox.refresh_from_db()
    if mailbox.bounces >= BOUNCES_MAX:
        for row in Subscription.objects.select_related("node").filter(
            email__iexact=email, ended_at__isnull=True
        ):
            close(row, now)
        Notification.objects.filter(mailbox=mailbox, state=Notification.State.WAITING).update(
            state=Notification.State.DROPPED, error="bounces"
        )
    return mailbox.bounces


def close(row: Subscription, now: datetime) -> None:
    """End a subscription in the caller's transaction: its address is erased, its news dropped."""
    confirmed = row.confirmed_at is not None
    row.email, row.ended_at = "", now
    row.save(update_fields=["email", "ended_at"])
    Notification.objects.filter(subscription=row, state=Notification.State.WAITING).update(
        state=Notification.State.DROPPED
    )
    if confirmed:
        emit("subscription.ended", node=row.node)


_STATUS = re.compile(r"(?<![0-9.])5\.[0-9]{1,3}\.[0-9]{1,3}(?![0-9.])")


def status_in(text: str) -> str:
    """Return the status code of a lasting failure in what a server said, or nothing."""
    found = _STATUS.search(text)
    return found[0] if found else ""


def failed_addresses(report: bytes) -> list[str]:
    """Return the addresses that a delivery status notification (RFC 3464) says failed for good.

    Delays and transient failures (status 4.x.x) are left out. An ordinary message gives none.
    """
    return [address for address, _status in failures(report)]


def failures(report: bytes) -> list[tuple[str, str]]:
    """Return (address, status code) for each failure that `failed_addresses` names."""
    found: list[tuple[str, str]] = []
    for fields in _statuses(message_from_bytes(report)):
        action = str(fields.get("Action", "")).strip().lower()
        status = str(fields.get("Status", "")).strip()
        recipient = str(fields.get("Final-Recipient") or fields.get("Original-Recipient") or "")
        kind, _semicolon, address = recipient.partition(";")
        if action == "failed" and status[:1] == "5" and kind.strip().lower() == "rfc822":
            found.append((address.strip().strip("<>"), status))
    return [(address, status) for address, status in found if "@" in address]


def _statuses(message: Message) -> Iterator[Message]:
    for part in message.walk():
        if part.get_content_type() == "message/delivery-status" and part.is_multipart():
            yield from part.get_payload()  # type: ignore[misc]


def read_report(report: bytes, now: datetime | None = None) -> int:
    """Count the bounces of one report; return how many addresses it named."""
    found = failures(report)
    for address, status in found:
        record(address, now, status)
    return len(found)
