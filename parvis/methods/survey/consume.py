"""Marks the charts of a survey to be drawn again, when its answers or its questions change."""

from collections.abc import Iterable

from parvis.consult.models import Activity
from parvis.core.models import Event
from parvis.methods.survey.models import Results

KIND = "survey"


def consume(events: Iterable[Event]) -> None:
    """Take a batch of events from the outbox."""
    touched = {
        event.node_id if event.node.kind == "activity" else event.node.space_id
        for event in events
        if event.node is not None and event.node.kind in {"activity", "contribution"}
    }
    surveys = Activity.objects.filter(pk__in=touched, method=KIND).values_list("pk", flat=True)
    for pk in surveys:
        Results.objects.update_or_create(activity_id=pk, defaults={"stale": True})
