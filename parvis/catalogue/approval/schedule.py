"""Publication at a chosen minute: planned by a person, done by the worker, refused out loud."""

from datetime import datetime

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from parvis.catalogue.approval import gate, services, snapshot
from parvis.catalogue.approval.models import DataReview
from parvis.catalogue.conformity.profile import holes
from parvis.catalogue.models import Dataset
from parvis.core import access
from parvis.core.access import SYSTEM, Actor
from parvis.core.errors import Conflict, Invalid
from parvis.core.events import IdempotencyKey, emit, replayed

DAYS_MAX = 3_660


@transaction.atomic
def schedule(
    *,
    actor: Actor,
    dataset: Dataset,
    publish_at: datetime,
    key: IdempotencyKey | None = None,
) -> DataReview:
    """Choose the minute at which what waits is published; return what keeps it.

    Choosing another minute moves it. Where a second person is asked, only what is approved is
    planned. Raises Forbidden, Conflict without an approval that holds or when nothing waits,
    Invalid when the minute is past, more than ten years away, or with every hole.
    """
    if replayed(key):
        return dataset.approvals.filter(publish_at__isnull=False)[0]
    access.require(actor, "publish_data", dataset)
    publish_at = publish_at.replace(second=0, microsecond=0)
    if publish_at <= timezone.now():
        raise Invalid({"publish_at": [_("This minute is past: choose a later one.")]})
    if (publish_at - timezone.now()).days > DAYS_MAX:
        raise Invalid({"publish_at": [_("This is more than ten years away.")]})
    if left := holes(dataset):
        raise Invalid({hole.field: [hole.words] for hole in left})
    needed = gate.required()
    approval = gate.approval_of(dataset, alone=not needed)
    if approval is None:
        if needed:
            raise Conflict(_("Only what a second person approved can be planned."))
        approval = _alone(actor, dataset)
    _clear(dataset, but=approval)
    approval.publish_at, approval.scheduled_by_id = publish_at, actor.person_id
    approval.refused_at, approval.refused_because = None, ""
    approval.save(update_fields=["publish_at", "scheduled_by", "refused_at", "refused_because"])
    facts = {"version": approval.version, "at": publish_at.isoformat()}
    emit("dataset.scheduled", node=dataset.node, actor=actor, data=facts, key=key)
    return approval


def _alone(actor: Actor, dataset: Dataset) -> DataReview:
    """Keep what one person plans, where no second one is asked."""
    if not services.waits(dataset):
        raise Conflict(_("Nothing new waits to be published."))
    now = snapshot.take(dataset)
    return DataReview.objects.create(
        dataset=dataset,
        version=snapshot.version_of(now),
        snapshot=now,
        asked_by_id=actor.person_id,
        state=DataReview.State.APPROVED,
    )


def _clear(dataset: Dataset, but: DataReview | None = None) -> int:
    rows = dataset.approvals.filter(publish_at__isnull=False, published_at=None)
    if but is not None:
        rows = rows.exclude(pk=but.pk)
    return rows.update(publish_at=None, scheduled_by=None, refused_at=None, refused_because="")


@transaction.atomic
def unschedule(*, actor: Actor, dataset: Dataset) -> None:
    """Plan the publication no more. Raises Forbidden, Conflict where nothing is planned."""
    access.require(actor, "publish_data", dataset)
    if not _clear(dataset):
        raise Conflict(_("No publication is planned."))
    emit("dataset.unscheduled", node=dataset.node, actor=actor)


def tick(now: datetime | None = None) -> int:
    """Publish what was planned for this minute; the worker calls it. Return how many were due.

    What cannot be published says why on the desk, once, and waits for a person.
    """
    now = now or timezone.now()
    due = list(
        DataReview.objects.filter(
            state=DataReview.State.APPROVED,
            publish_at__lte=now,
            refused_at=None,
            published_at=None,
        ).values_list("pk", flat=True)
    )
    for pk in due:
        _publish(pk, now)
    return len(due)


@transaction.atomic
def _publish(pk: int, now: datetime) -> None:
    review = (
        DataReview.objects.select_for_update(of=("self",))
        .select_related("dataset__node", "dataset__organisation__node")
        .get(pk=pk)
    )
    if review.publish_at is None or review.published_at is not None:
        return
    dataset = review.dataset
    because = _because(review)
    if not because:
        try:
            with transaction.atomic():
                services.publish(actor=SYSTEM, dataset=dataset)
        except Conflict:
            because = DataReview.Because.STALE
        except Invalid:
            because = DataReview.Because.HOLES
    if because:
        review.refused_at, review.refused_because = now, because
        review.save(update_fields=["refused_at", "refused_because"])
        facts = {"version": review.version, "because": str(because)}
        emit("dataset.schedule_refused", node=dataset.node, actor=SYSTEM, data=facts)


def _because(review: DataReview) -> str:
    if gate.required() and review.decided_by_id is None:
        return DataReview.Because.ALONE
    if services.outdated(review):
        return DataReview.Because.STALE
    return DataReview.Because.HOLES if holes(review.dataset) else ""
