"""The opening at a chosen minute: planned by a person, done by the worker, refused out loud."""

from datetime import datetime

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from parvis.consult import holes
from parvis.consult import services as consult
from parvis.consult.approval import snapshot
from parvis.consult.approval.gate import approval_of
from parvis.consult.approval.models import Review
from parvis.consult.models import Consultation
from parvis.core import access
from parvis.core.access import SYSTEM, Actor
from parvis.core.errors import Conflict, Invalid
from parvis.core.events import IdempotencyKey, emit, replayed
from parvis.core.models import State


@transaction.atomic
def schedule(
    *,
    actor: Actor,
    consultation: Consultation,
    publish_at: datetime,
    key: IdempotencyKey | None = None,
) -> Review:
    """Choose the minute at which an approved version opens; return its approval.

    Choosing another minute replaces the first. Raises Forbidden, Conflict when it is public or
    not approved as it is, Invalid when the minute is past or after the closing.
    """
    if replayed(key):
        return consultation.reviews.filter(publish_at__isnull=False)[0]
    access.require(actor, "open_consultation", consultation)
    if consultation.node.state == State.PUBLIC:
        raise Conflict(_("This consultation is public already."))
    version = snapshot.version_of(snapshot.take(consultation))
    approval = approval_of(consultation, version)
    if approval is None:
        raise Conflict(_("Only a version that a second person approved can be planned."))
    publish_at = publish_at.replace(second=0, microsecond=0)
    if publish_at <= timezone.now():
        raise Invalid({"publish_at": [_("This minute is past: choose a later one.")]})
    ends = [phase.ends for phase in consultation.phases.filter(actions__isnull=False)]
    if ends and publish_at >= max(ends):
        raise Invalid({"publish_at": [_("It would open after its closing date.")]})
    _clear(consultation)
    approval.publish_at, approval.scheduled_by_id = publish_at, actor.person_id
    approval.refused_at, approval.refused_because = None, ""
    approval.save(update_fields=["publish_at", "scheduled_by", "refused_at", "refused_because"])
    facts = {"version": version, "at": publish_at.isoformat()}
    emit("consultation.scheduled", node=consultation.node, actor=actor, data=facts, key=key)
    return approval


def _clear(consultation: Consultation) -> int:
    return consultation.reviews.filter(publish_at__isnull=False).update(
        publish_at=None, scheduled_by=None, refused_at=None, refused_because=""
    )


@transaction.atomic
def unschedule(*, actor: Actor, consultation: Consultation) -> None:
    """Plan the opening no more. Raises Forbidden, Conflict where nothing is planned."""
    access.require(actor, "open_consultation", consultation)
    if consultation.node.state == State.PUBLIC or not _clear(consultation):
        raise Conflict(_("No opening is planned."))
    emit("consultation.unscheduled", node=consultation.node, actor=actor, data={})


def tick(now: datetime | None = None) -> int:
    """Open what was planned for this minute; the worker calls it. Return how many were looked at.

    What cannot open says why on the desk, once, and waits for a person.
    """
    now = now or timezone.now()
    due = list(
        Review.objects.filter(
            state=Review.State.APPROVED,
            publish_at__lte=now,
            refused_at=None,
            consultation__node__state=State.DRAFT,
        ).values_list("pk", flat=True)
    )
    for pk in due:
        _open(pk, now)
    return len(due)


@transaction.atomic
def _open(pk: int, now: datetime) -> None:
    review = (
        Review.objects.select_for_update(of=("self",))
        .select_related("consultation__node", "consultation__organisation__node")
        .get(pk=pk)
    )
    consultation = review.consultation
    if review.publish_at is None or consultation.node.state != State.DRAFT:
        return
    because = ""
    if snapshot.version_of(snapshot.take(consultation)) != review.version:
        because = Review.Because.STALE
    elif holes.holes(consultation):
        because = Review.Because.HOLES
    if not because:
        consult.open_consultation(actor=SYSTEM, consultation=consultation)
        return
    review.refused_at, review.refused_because = now, because
    review.save(update_fields=["refused_at", "refused_because"])
    facts = {"version": review.version, "because": str(because)}
    emit("consultation.schedule_refused", node=consultation.node, actor=SYSTEM, data=facts)
