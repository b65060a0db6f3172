"""Writing what the kit asks once: the quotation of whoever announces the consultation."""

from collections.abc import Mapping
from typing import Any

from django.db import transaction

from parvis.consult.launch.models import Quotation
from parvis.consult.models import Consultation
from parvis.core import access
from parvis.core.access import Actor
from parvis.core.events import IdempotencyKey, emit, replayed
from parvis.core.rows import apply, check_row

FIELDS = ("words", "name", "office", "source", "media_contact")


@transaction.atomic
def quote(
    *,
    actor: Actor,
    consultation: Consultation,
    fields: Mapping[str, Any],
    key: IdempotencyKey | None = None,
) -> Quotation:
    """Keep the quotation and its source, and return it; the earlier one is replaced.

    Raises Forbidden, Invalid: words without an author, an office or a source are refused.
    """
    if replayed(key):
        return Quotation.objects.get(consultation=consultation)
    access.require(actor, "manage_consultation", consultation)
    row = Quotation.objects.filter(consultation=consultation).first() or Quotation(
        consultation=consultation
    )
    apply(row, {name: _tidy(value) for name, value in fields.items()}, FIELDS)
    check_row(row, ["consultation"])
    row.save()
    emit("launch.quoted", node=consultation.node, actor=actor, key=key)
    return row


@transaction.atomic
def unquote(*, actor: Actor, consultation: Consultation) -> None:
    """Take the quotation back: the release has its hole again. Raises Forbidden."""
    access.require(actor, "manage_consultation", consultation)
    Quotation.objects.filter(consultation=consultation).delete()
    emit("launch.unquoted", node=consultation.node, actor=actor)


def _tidy(value: Any) -> Any:
    return " ".join(value.split()) if isinstance(value, str) else value
