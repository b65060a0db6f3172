"""The outbox: the worker hands committed events, in batches, to each consumer."""

import logging
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.module_loading import import_string

from parvis.core import metrics
from parvis.core.models import Delivery, Event

log = logging.getLogger("parvis.outbox")
ATTEMPTS_MAX = 8


def pump(batch: int = 200) -> int:
    """Hand the pending events to every consumer; return how many were taken.

    A consumer that fails on a batch is tried event by event; what still fails becomes a Delivery
    with its error, tried again later (1, 2, 4... minutes). Events are marked by their list of
    ids, never by range: a later id may be committed before an earlier one.
    """
    events = list(Event.objects.select_related("node").filter(pending=True).order_by("id")[:batch])
    if events:
        for name in settings.EVENT_CONSUMERS:
            _hand(name, events)
        Event.objects.filter(pk__in=[event.pk for event in events]).update(pending=False)
    _again()
    metrics.pending_events.set(Event.objects.filter(pending=True).count())
    return len(events)


def _hand(name: str, events: list[Event]) -> None:
    consume = import_string(name)
    try:
        with transaction.atomic():
            consume(events)
    except Exception:
        log.exception("consumer failed on a batch", extra={"fields": {"consumer": name}})
        for event in events:
            _one(name, consume, event, None)


def _one(name: str, consume: Any, event: Event, delivery: Delivery | None) -> None:
    try:
        with transaction.atomic():
            consume([event])
    except Exception as error:  # noqa: BLE001 kept on the delivery, shown to the operator
        attempts = (delivery.attempts if delivery else 0) + 1
        Delivery.objects.update_or_create(
            event=event,
            consumer=name,
            defaults={
                "attempts": attempts,
                "error": f"{type(error).__name__}: {error}"[:2000],
                "next_at": timezone.now() + timedelta(minutes=2 ** min(attempts - 1, 8)),
            },
        )
        return
    if delivery:
        delivery.delete()


def _again() -> None:
    due = Delivery.objects.select_related("event__node").filter(
        next_at__lte=timezone.now(), attempts__lt=ATTEMPTS_MAX
    )
    for delivery in due[:50]:
        _one(delivery.consumer, import_string(delivery.consumer), delivery.event, delivery)
    metrics.failed_deliveries.set(Delivery.objects.count())
