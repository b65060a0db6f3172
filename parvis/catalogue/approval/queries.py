"""What waits for whom among data: reading only."""

from collections.abc import Iterator

from parvis.catalogue.approval.models import DataReview
from parvis.core import deciding
from parvis.core.access import Actor

WAITING_MAX = 50


def to_approve(actor: Actor) -> Iterator[DataReview]:
    """Return what this person may decide now, the oldest first: one query."""
    rows = (
        DataReview.objects.filter(state=DataReview.State.WAITING)
        .select_related("asked_by", "dataset__node", "dataset__organisation__node")
        .defer("snapshot", "changes")
        .order_by("asked_at")[:WAITING_MAX]
    )
    return (review for review in rows if deciding.may_decide(actor, review))


def refused_publications() -> list[DataReview]:
    """Return the planned publications that the worker could not do, the oldest first."""
    return list(
        DataReview.objects.filter(refused_at__isnull=False, published_at=None)
        .select_related("dataset__node", "dataset__organisation__node")
        .defer("snapshot", "changes")
        .order_by("refused_at")[:WAITING_MAX]
    )
