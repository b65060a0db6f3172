"""Whether a dataset may be published or changed in public: has a second person approved this."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.translation import gettext_lazy as _

from parvis.catalogue.approval import snapshot
from parvis.catalogue.approval.models import DataReview
from parvis.catalogue.models import Dataset
from parvis.core import access, deciding
from parvis.core.access import Actor
from parvis.core.errors import Conflict
from parvis.core.models import Site, State

STATES = {
    "draft": _("Draft"),
    "review": _("Given to read"),
    "approved": _("Approved"),
    "scheduled": _("Publication planned"),
    "published": _("Published"),
}


def required() -> bool:
    """Whether this site asks for a second person: the rule of consultations, for data too."""
    mode = Site.objects.values_list("approval", flat=True).first()
    return mode == Site.Approval.SECOND_PERSON


def of_answers(dataset: Dataset) -> bool:
    """Whether this is the draft of a consultation's answers, of which publication makes the files.

    Approved is what they are made of: the decisions on each text, and the disclosure risk note.
    """
    return dataset.node.state == State.DRAFT and "answers" in dataset.review


def approval_of(dataset: Dataset, *, alone: bool = False) -> DataReview | None:
    """Return the approval that holds for exactly what the dataset says now, or None.

    `alone`: also what one person planned where no second one is asked.
    """
    rows = dataset.approvals.filter(state=DataReview.State.APPROVED, published_at=None)
    if not alone:
        rows = rows.filter(decided_by__isnull=False)
    now = None
    for one in rows.select_related("asked_by", "decided_by"):
        now = now or snapshot.take(dataset)
        if one.version == snapshot.version_of(now, one.changes):
            return one
    return None


def require_second(actor: Actor, dataset: Dataset, second: Actor | None) -> None:
    """Return when a publication has the persons that this site asks for.

    Raises Conflict without a second person, Forbidden when that one may not approve.
    """
    if actor.system or (second is not None and second.system) or not required():
        return
    if second is not None and second.person_id not in {None, actor.person_id}:
        access.require(second, "approve_data", dataset)
        return
    if approval_of(dataset) is None:
        raise Conflict(_("A second person approves data before it is published: ask for it."))


def require_second_once_public(actor: Actor, dataset: Dataset, second: Actor | None) -> None:
    """Return when a change may be made at once. Raises Conflict, Forbidden.

    What nobody sees yet is changed by one person: the approval of its publication comes later.
    """
    if dataset.node.state != State.PUBLIC or actor.system or not required():
        return
    if second is not None and (second.system or second.person_id not in {None, actor.person_id}):
        if not second.system:
            access.require(second, "approve_data", dataset)
        return
    raise Conflict(_("This dataset is public: a second person approves each change."))


def served(dataset: Dataset, now: datetime) -> None:
    """Write down that what was approved is published: no approval serves twice."""
    dataset.approvals.filter(state=DataReview.State.APPROVED, published_at=None).update(
        published_at=now
    )


@dataclass(frozen=True)
class Standing(deciding.Reviewed[DataReview]):
    """Where a dataset stands between draft and published; `waits`: something is to be published.

    review: the latest one. approval: the one that holds now. last: the latest approval that has not
    served, whatever it approved.
    """

    required: bool
    waits: bool
    review: DataReview | None
    approval: DataReview | None
    last: DataReview | None

    @property
    def state(self) -> str:
        """One of STATES."""
        if self.waiting:
            return "review"
        if self.publishes_at:
            return "scheduled"
        if self.approval:
            return "approved"
        return "draft" if self.waits else "published"

    @property
    def stale(self) -> DataReview | None:
        """The last approval, when the dataset says something else since; None otherwise."""
        return None if self.approval else self.last

    @property
    def planned(self) -> DataReview | None:
        """The approval with a minute chosen, even if it no longer holds."""
        found = self.last
        return found if found and found.publish_at else None

    @property
    def publishes_at(self) -> datetime | None:
        """The minute chosen, where it will happen."""
        return self.minute

    @property
    def steps(self) -> list[dict[str, Any]]:
        """The states with which is done, current or to come, as lists show them."""
        unasked = set() if self.required else {"review", "approved"}
        words = {name: said for name, said in STATES.items() if name not in unasked}
        return deciding.steps(words, self.state if self.state in words else next(iter(words)))


def standing(dataset: Dataset, *, waits: bool) -> Standing:
    """Return where a dataset stands now."""
    reviews = list(
        dataset.approvals.select_related("asked_by", "decided_by").defer("snapshot")[:20]
    )
    open_ones = [
        one
        for one in reviews
        if one.state == DataReview.State.APPROVED and one.published_at is None
    ]
    needed = required()
    approval = approval_of(dataset, alone=not needed) if open_ones else None
    last = approval or (open_ones[0] if open_ones else None)
    return Standing(needed, waits, reviews[0] if reviews else None, approval, last)
