"""Values of an indicator: recorded, corrected, removed. Nothing published changes in silence."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from parvis.core import access
from parvis.core.access import Actor
from parvis.core.errors import Invalid
from parvis.core.events import IdempotencyKey, emit, replayed
from parvis.core.i18n import DEFAULT, Text
from parvis.core.models import State
from parvis.core.rows import apply, check_address, check_row
from parvis.strategy import services
from parvis.strategy.models import Indicator, Measure

FIELDS = ("on", "value", "source_url", "source_title", "note")


@transaction.atomic
def record_measure(
    *,
    actor: Actor,
    indicator: Indicator,
    on: date,
    value: Decimal | None,
    source_url: str,
    source_title: str = "",
    note: Text | None = None,
    key: IdempotencyKey | None = None,
    today: date | None = None,
) -> Measure:
    """Record the value of an indicator on a day and return it.

    Raises Forbidden, Invalid (no value, no source, a day to come, a day that has its value).
    """
    if earlier := replayed(key):
        return Measure.objects.get(indicator=earlier.node_id, on=earlier.data["on"])
    access.require(actor, "manage_strategy", indicator)
    row = Measure(indicator=indicator)
    given = {
        "on": on, "value": value, "source_url": source_url, "source_title": source_title,
        "note": note or {},
    }  # fmt: skip
    apply(row, given, FIELDS)
    _check(row, today)
    row.save(force_insert=True)
    _keep(indicator, actor, None)
    _said(row, actor, "recorded", key)
    return row


@transaction.atomic
def correct_measure(
    *,
    actor: Actor,
    measure: Measure,
    changes: Mapping[str, Any],
    reason: Text,
    today: date | None = None,
) -> Measure:
    """Correct a measure and return it; the reason is published in the indicator's history.

    Raises Forbidden, Invalid (as `record_measure`; no reason).
    """
    access.require(actor, "manage_strategy", measure.indicator)
    apply(measure, changes, FIELDS)
    _check(measure, today)
    _ask_why(reason)
    measure.save()
    _keep(measure.indicator, actor, reason)
    _said(measure, actor, "corrected")
    return measure


@transaction.atomic
def remove_measure(*, actor: Actor, measure: Measure, reason: Text) -> None:
    """Remove a measure; its value and the reason stay in the indicator's history.

    Raises Forbidden, Invalid (no reason).
    """
    access.require(actor, "manage_strategy", measure.indicator)
    _ask_why(reason)
    on = measure.on
    measure.delete()
    measure.on = on
    _keep(measure.indicator, actor, reason)
    _said(measure, actor, "removed")


def _ask_why(reason: Text) -> None:
    if not (reason or {}).get(DEFAULT):
        raise Invalid({"reason": [_("Say why: it is published in the history.")]})


def _check(row: Measure, today: date | None) -> None:
    check_row(row, ["indicator"])
    check_address(row, "source_url")
    if row.on > (today or timezone.localdate()):
        raise Invalid({"on": [_("This day has not come yet.")]})
    same = Measure.objects.filter(indicator=row.indicator, on=row.on)
    if same.exclude(pk=row.pk).exists():
        raise Invalid({"on": [_("This day has its value: correct it.")]})


def _keep(indicator: Indicator, actor: Actor, reason: Text | None) -> None:
    if indicator.node.state == State.PUBLIC:
        services.keep(indicator, actor, reason)


def _said(row: Measure, actor: Actor, what: str, key: IdempotencyKey | None = None) -> None:
    facts = {"on": row.on.isoformat(), "what": what}
    emit("indicator.measured", node=row.indicator.node, actor=actor, data=facts, key=key)
