"""Addresses that do not answer: three bounces end what was sent to them."""

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
def record(email: str, now: datetime | None = None) -> int:
    """Count one bounce of an address and return how many it has; the third ends everything."""
    now = now or timezone.now()
    mailbox, _made = Mailbox.objects.get_or_create(digest=tokens.mailbox_digest(email))
    Mailbox.objects.filter(pk=mailbox.pk).update(bounces=F("bounces") + 1)
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


def failed_addresses(report: bytes) -> list[str]:
    """Return the addresses that a delivery status notification (RFC 3464) says failed for good.

    Delays and transient failures (status 4.x.x) are left out. An ordinary message gives none.
    """
    found: list[str] = []
    for fields in _statuses(message_from_bytes(report)):
        action = str(fields.get("Action", "")).strip().lower()
        status = str(fields.get("Status", "")).strip()
        recipient = str(fields.get("Final-Recipient") or fields.get("Original-Recipient") or "")
        kind, _semicolon, address = recipient.partition(";")
        if action == "failed" and status[:1] == "5" and kind.strip().lower() == "rfc822":
            found.append(address.strip().strip("<>"))
    return [address for address in found if "@" in address]


def _statuses(message: Message) -> Iterator[Message]:
    for part in message.walk():
        if part.get_content_type() == "message/delivery-status" and part.is_multipart():
            yield from part.get_payload()  # type: ignore[misc]


def read_report(report: bytes, now: datetime | None = None) -> int:
    """Count the bounces of one report; return how many addresses it named."""
    addresses = failed_addresses(report)
    for address in addresses:
        record(address, now)
    return len(addresses)
