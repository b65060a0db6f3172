"""Whether a consultation may open: is this version approved, and where does it stand."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from parvis.consult.approval import snapshot
from parvis.consult.approval.models import ProposedChange, Review
from parvis.consult.holes import Hole
from parvis.consult.models import Consultation
from parvis.core import access, deciding
from parvis.core.access import Actor
from parvis.core.errors import Conflict
from parvis.core.models import Site, State

STATES = {
    "draft": _("Draft"),
    "review": _("Given to read"),
    "approved": _("Approved"),
    "scheduled": _("Opening planned"),
    "open": _("Open to the public"),
}


def required() -> bool:
    """Whether this site asks for a second person before the public sees anything."""
    mode = Site.objects.values_list("approval", flat=True).first()
    return mode == Site.Approval.SECOND_PERSON


def approval_of(consultation: Consultation, version: str) -> Review | None:
    """Return the approval of exactly this version, or None."""
    return (
        consultation.reviews.filter(state=Review.State.APPROVED, version=version)
        .select_related("decided_by")
        .first()
    )


def refusal(consultation: Consultation) -> Hole | None:
    """Return what keeps a draft from opening here, in words and with the page that helps.

    None where one person is enough, and where exactly what the draft says now was approved.
    """
    if not required():
        return None
    version = snapshot.version_of(snapshot.take(consultation))
    if approval_of(consultation, version):
        return None
    slug = consultation.node.slug
    ask = reverse("consult_ask_review", args=[slug])
    states = set(consultation.reviews.values_list("state", flat=True))
    if Review.State.WAITING in states:
        words = _("A second person still has to read this version and approve it.")
        return Hole("approval", words, reverse("consult_approval", args=[slug]))
    if Review.State.APPROVED in states:
        words = _("The draft changed since it was approved: it has to be approved again.")
    else:
        words = _("A second person approves a consultation before it opens: ask for it.")
    return Hole("approval", words, ask)


def require_second(actor: Actor, consultation: Consultation, second: Actor | None) -> None:
    """Return when a change of what is public has the persons that this site asks for.

    Raises Conflict without a second person, Forbidden when that one may not approve.
    """
    if not required() or (second is not None and second.system):
        return
    if second is None or second.person_id in {None, actor.person_id}:
        raise Conflict(_("The consultation is public: a second person approves each change."))
    access.require(second, "approve_consultation", consultation)


@dataclass(frozen=True)
class Standing(deciding.Reviewed[Review]):
    """Where a consultation stands, between draft and open.

    review: the latest one. approval: that of the version as it is now, or None. last: the latest
    approval, whatever it approved. now: the snapshot of the draft as it is (empty once public).
    """

    required: bool
    public: bool
    review: Review | None
    approval: Review | None
    last: Review | None
    version: str
    now: Mapping[str, Any]
    change: ProposedChange | None = None

    @property
    def state(self) -> str:
        """One of STATES."""
        if self.public:
            return "open"
        if self.waiting:
            return "review"
        if self.opens_at:
            return "scheduled"
        return "approved" if self.approval else "draft"

    @property
    def shown(self) -> bool:
        """Whether the desk speaks of approval at all."""
        return self.required or self.review is not None

    @property
    def outdated(self) -> bool:
        """Whether what waits to be read is no longer what the draft says."""
        return self.waiting is not None and self.waiting.version != self.version

    @property
    def stale(self) -> Review | None:
        """The last approval, when the draft says something else since; None otherwise."""
        if self.public or self.approval or self.last is None:
            return None
        return self.last

    @property
    def planned(self) -> Review | None:
        """The approval with a minute chosen for the opening, even if it no longer holds."""
        found = self.last
        return found if found and found.publish_at and not self.public else None

    @property
    def opens_at(self) -> datetime | None:
        """The minute chosen for the opening, where it will happen."""
        return self.minute

    @property
    def steps(self) -> list[dict[str, Any]]:
        """The five states with which is done, current or to come, as lists show them."""
        if self.public:
            passed = {
                "draft": True,
                "review": self.review is not None,
                "approved": self.last is not None,
                "scheduled": self.last is not None and self.last.publish_at is not None,
                "open": True,
            }
            return [
                {
                    "words": STATES[name],
                    "state": "done" if passed[name] else "dropped",
                    "here": name == "open",
                }
                for name in STATES
            ]
        return deciding.steps(STATES, self.state)


def standing(consultation: Consultation) -> Standing:
    """Return where a consultation stands now."""
    reviews = list(
        consultation.reviews.select_related("decided_by", "asked_by").defer("snapshot")[:50]
    )
    review = reviews[0] if reviews else None
    approvals = [one for one in reviews if one.state == Review.State.APPROVED]
    last = approvals[0] if approvals else None
    if consultation.node.state == State.PUBLIC:
        change = consultation.proposed_changes.filter(state=ProposedChange.State.WAITING).first()
        return Standing(required(), True, review, last, last, "", {}, change)
    now = snapshot.take(consultation)
    version = snapshot.version_of(now)
    approval = next((one for one in approvals if one.version == version), None)
    return Standing(required(), False, review, approval, last, version, now)
