"""Events of contributions: what was coded on a text does not outlive that text."""

from collections.abc import Sequence

from parvis.core.models import Event
from parvis.understand.coding import forget, forget_space

# A rejected answer keeps its coding (it is only no longer counted), except these two reasons.
_GONE = {"contribution.withdrawn", "contribution.erased", "contribution.edited"}
_REASONS = {"withdrawn", "replaced"}


def consume(events: Sequence[Event]) -> None:
    """Take events from the outbox; each may come twice."""
    for event in events:
        if event.node is None:
            continue
        replaced = event.verb == "answer.rejected" and event.data.get("reason") in _REASONS
        if event.verb in _GONE or replaced:
            forget(contributions=[event.node.pk], before=event.at)
        elif event.verb == "retention.executed" and event.node.kind == "consultation":
            forget_space(space=event.node)
