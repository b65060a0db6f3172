"""Official counts: what pages show, published in the register when a consultation closes."""

from collections.abc import Mapping
from typing import Any

from parvis.consult import methods, queries
from parvis.consult.models import Consultation
from parvis.core.models import Event
from parvis.ledger.counts import publish_counts


def figures(consultation: Consultation) -> Mapping[str, Mapping[str, Any]]:
    """Return, by subject of the register, the figures that the pages show."""
    shown: dict[str, dict[str, int]] = {}
    for activity in queries.activities_of(consultation):
        found = queries.counts(consultation, activity)
        if methods.get(activity.method).leaf == "answer":
            shown[f"survey/{activity.node.slug}"] = {"kept": found.kept}
            continue
        rest = shown.setdefault(
            f"consultation/{consultation.node.slug}",
            dict.fromkeys(("received", "visible", "withdrawn", "moderated"), 0),
        )
        rest["received"] += found.received
        rest["visible"] += found.kept
        rest["withdrawn"] += found.withdrawn
        rest["moderated"] += found.hidden + found.rejected
    return shown


def publish(consultation: Consultation) -> list[Event]:
    """Write the counts of a consultation in the register, once a closing.

    Raises CountsDiffer when the pages and the register disagree: nothing is published then, the
    delivery shows it to the operator and is tried again.
    """
    return publish_counts(consultation.node, lambda: figures(consultation))
