"""At the retention date: answers are made unlinkable and their texts destroyed (A-2.1, s. 73)."""

from django.db import transaction
from django.utils import timezone

from parvis.consult.models import Consultation, Contribution
from parvis.core import keys
from parvis.core.events import IdempotencyKey, emit, replayed
from parvis.core.models import Event, State
from parvis.ledger import erasure


def due(today: object = None) -> list[Consultation]:
    """Return the consultations whose retention date is past and whose answers are still there."""
    day = today or timezone.localdate()
    rows = Consultation.objects.filter(
        retention_on__lt=day, node__state=State.PUBLIC
    ).select_related("node")
    return [row for row in rows if not replayed(_key(row))]


def _key(consultation: Consultation) -> IdempotencyKey:
    return IdempotencyKey.of("retention", str(consultation.pk), str(consultation.retention_on))


@transaction.atomic
def run(consultation: Consultation) -> int:
    """Destroy the private answers of a consultation and its keys; return how many.

    What is public (proposals, comments, published data, counts) stays; the key that tied an
    answer to a person is destroyed, so that the rows left can be tied to nobody.
    """
    if replayed(_key(consultation)):
        return 0
    n = _destroy(consultation)
    emit(
        "retention.executed",
        node=consultation.node,
        data={"answers": n, "keys": consultation.activities.count()},
        on=f"consultation/{consultation.node.slug}",
        key=_key(consultation),
    )
    return n


@transaction.atomic
def run_again(consultation: Consultation, event: Event) -> int:
    """Destroy again what a restored backup brought back; `event` is the register's own.

    It takes the key that says that this was done, so that the worker writes no second entry.
    """
    if replayed(_key(consultation)):
        return 0
    key = _key(consultation)
    event.node, event.key = consultation.node, key.stored
    event.data = {**event.data, "request": key.content}
    event.save(update_fields=["node", "key", "data"])
    return _destroy(consultation)


def _destroy(consultation: Consultation) -> int:
    rows = Contribution.objects.filter(
        activity__consultation=consultation, node__state=State.PRIVATE
    )
    n = rows.count()
    for activity in consultation.activities.select_related("node"):
        erasure.forget(f"survey/{activity.node.slug}")
    erasure.forget(f"consultation/{consultation.node.slug}")
    rows.update(payload={}, body="", once_key=None, participant_key=None)
    Contribution.objects.filter(activity__consultation=consultation).update(
        participant_key=None, once_key=None
    )
    for activity in consultation.activities.all():
        keys.destroy("participant", activity.pk)
    return n


def run_due() -> int:
    """Run what is due; the worker calls it. Return how many consultations were done."""
    rows = due()
    for row in rows:
        run(row)
    return len(rows)
