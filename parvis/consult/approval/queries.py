"""What waits for whom, and what was approved: reading only."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from parvis.consult.approval.models import ProposedChange, Review, ReviewComment, Reviewer
from parvis.consult.approval.snapshot import SECTIONS, Line, lines
from parvis.consult.models import Consultation
from parvis.core import deciding
from parvis.core.access import Actor
from parvis.core.models import State

WAITING_MAX = 50


@dataclass(frozen=True)
class ToApprove:
    """Something that waits for one person's approval."""

    consultation: Consultation
    review: Review | None = None
    change: ProposedChange | None = None

    @property
    def asked_by(self) -> Any:
        """The person who asked, or None."""
        found = self.review or self.change
        return found.asked_by if found else None


def to_approve(actor: Actor) -> Iterator[ToApprove]:
    """Return what this person may decide now, the oldest first: two queries."""
    with_all = ("asked_by", "consultation__node", "consultation__organisation__node")
    reviews = (
        Review.objects.filter(state=Review.State.WAITING, consultation__node__state=State.DRAFT)
        .select_related(*with_all)
        .defer("snapshot")
        .order_by("asked_at")[:WAITING_MAX]
    )
    for review in reviews:
        if deciding.may_decide(actor, review):
            yield ToApprove(review.consultation, review=review)
    asked = (
        ProposedChange.objects.filter(state=ProposedChange.State.WAITING)
        .select_related(*with_all)
        .order_by("asked_at")[:WAITING_MAX]
    )
    for change in asked:
        if deciding.may_decide(actor, change):
            yield ToApprove(change.consultation, change=change)


def refused_openings() -> list[Review]:
    """Return the planned openings that the worker could not do, the oldest first."""
    return list(
        Review.objects.filter(refused_at__isnull=False, consultation__node__state=State.DRAFT)
        .select_related("consultation__node", "consultation__organisation__node")
        .defer("snapshot")
        .order_by("refused_at")[:WAITING_MAX]
    )


@dataclass
class Row:
    """A line of what is given to read, with what readers said of it."""

    line: Line
    anchor: str
    comments: list[ReviewComment]
    form: Any = None


@dataclass
class Section:
    """A part of what is given to read; folded where the same is said before, and long."""

    title: Any
    rows: list[Row]
    folded: bool

    @property
    def busy(self) -> bool:
        """Whether something of it has to be seen: comments, or a form sent and refused."""
        return any(row.comments or (row.form and row.form.errors) for row in self.rows)


def sections(
    review: Review, reviewer: Reviewer | None = None
) -> tuple[list[Section], list[ReviewComment]]:
    """Return what is given to read with what was said of it, and the comments on the whole.

    A `reviewer` sees their own comments only. One query.
    """
    found = review.comments.select_related("reviewer", "person")
    if reviewer is not None:
        found = found.filter(reviewer=reviewer)
    said: dict[str, list[ReviewComment]] = {}
    for one in found:
        said.setdefault(one.field, []).append(one)
    by_section: dict[str, list[Row]] = {}
    for number, line in enumerate(lines(review.snapshot), 1):
        row = Row(line, f"ligne-{number}", said.pop(line.field, []))
        by_section.setdefault(line.section, []).append(row)
    whole = said.pop("", [])
    for lost in said.values():
        whole += lost
    out = [
        Section(title, by_section[name], name == "legal")
        for name, title in SECTIONS.items()
        if name in by_section
    ]
    return out, whole
