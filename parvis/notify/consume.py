"""What the outbox hands to notices: one waiting row per person concerned and event."""

from collections.abc import Sequence

from parvis.core.models import Event
from parvis.notify import tokens
from parvis.notify.bounces import BOUNCES_MAX
from parvis.notify.concerned import recipients, told_now
from parvis.notify.models import Mailbox, Notification
from parvis.notify.news import NEWS

_CHUNK = 1_000


def consume(events: Sequence[Event]) -> None:
    """Queue notices for the people whom these events concern; the same events twice add nothing."""
    for event in events:
        if event.verb in NEWS and told_now(event.node):
            _queue(event)


def _queue(event: Event) -> None:
    concerned = {tokens.mailbox_digest(r.email): r for r in recipients(event)}
    digests = list(concerned)
    for start in range(0, len(digests), _CHUNK):
        part = digests[start : start + _CHUNK]
        Mailbox.objects.bulk_create([Mailbox(digest=d) for d in part], ignore_conflicts=True)
        boxes = Mailbox.objects.filter(digest__in=part, bounces__lt=BOUNCES_MAX)
        Notification.objects.bulk_create(
            [
                Notification(
                    mailbox=box,
                    subscription=concerned[bytes(box.digest)].subscription,
                    person=concerned[bytes(box.digest)].person,
                    event=event,
                    node_id=concerned[bytes(box.digest)].node_id,
                )
                for box in boxes
            ],
            ignore_conflicts=True,
        )
