"""Official counts: each is a leaf that must equal the recount of the leaves before it."""

from collections.abc import Callable, Mapping
from typing import Any

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from parvis.core.access import SYSTEM, Actor
from parvis.core.errors import Conflict
from parvis.core.events import emit
from parvis.core.models import Event, Node
from parvis.ledger.recount import (
    OF_ANSWERS,
    OF_CONTRIBUTIONS,
    Recount,
    hold_leaves,
    wrong_counts,
)

Counts = Mapping[str, Mapping[str, Any]]


class CountsDiffer(Conflict):
    """The site's figures are not those of the register: nothing was published.

    `differences` says which, in words, for staff.
    """

    message = _("The figures of the site and of the register differ. Nothing was published.")

    def __init__(self, differences: list[str]) -> None:
        super().__init__()
        self.differences = tuple(differences)


@transaction.atomic
def publish_counts(
    consultation_node: Node, counts: Callable[[], Counts], *, actor: Actor = SYSTEM
) -> list[Event]:
    """Publish the counts of a consultation, one leaf for each subject, and return their events.

    counts: gives, for each subject ("survey/<slug>", "consultation/<slug>"), the figures that
    the site shows, under the names of `count.published` ("kept" for answers; "received",
    "visible", "withdrawn", "moderated", "supports" for the rest); it may give none of them. It
    is called once nothing more can be written, so that a contribution under way falls on one
    side or the other. The leaf carries the recount of the leaves.
    Raises CountsDiffer if the site's figures are others; call it first in a transaction.
    """
    hold_leaves()
    shown = counts()
    recounts = {on: Recount(on, pending=True).counts() for on in shown}
    differences = [
        f"{on}: {words}"
        for on, figures in shown.items()
        for words in wrong_counts(figures, recounts[on])
    ]
    if differences:
        raise CountsDiffer(differences)
    events = []
    for on, recount in recounts.items():
        names = OF_ANSWERS if on.startswith("survey/") else OF_CONTRIBUTIONS
        facts = {name: recount[name] for name in names}
        events.append(
            emit("count.published", node=consultation_node, actor=actor, data=facts, on=on)
        )
    return events
