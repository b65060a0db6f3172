"""Reading proposals: lists, one with its comments, look-alikes. Every count is the row's own."""

import hashlib
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from django.db import models
from django.db.models import Count, F, Q, QuerySet, Sum

from parvis.analysis.text import fold, stems
from parvis.consult.models import Activity, Contribution
from parvis.core import limits
from parvis.core.models import State
from parvis.core.prepared import Prepared
from parvis.methods.proposals.cards import COMMENT_FIELDS, Card, cards
from parvis.methods.proposals.models import SHUFFLE_MAX, Proposal, Status

KIND = "proposals"
SORTS = ("random", "supports", "newest", "comments")
NO_ANSWER, REMOVED = "none", "removed"
FILTERS = (*Status.values, NO_ANSWER, REMOVED)
ALIKE_SHOWN = 5
ALIKE_SHARE = 0.3
"""Share of the title's stems that another proposal must have to be shown as alike."""
ALIKE_LETTERS = 6
"""One common stem is enough from this length on; shorter ones go by two."""


def day_number(day: date) -> int:
    """Return the multiplier of a day's random order, in 1..SHUFFLE_MAX - 1."""
    digest = hashlib.sha256(day.isoformat().encode()).digest()
    return 1 + int.from_bytes(digest[:8]) % (SHUFFLE_MAX - 1)


def listed(
    activity: Activity,
    *,
    text: str = "",
    status: str = "",
    sort: str = "supports",
    day: date | None = None,
) -> QuerySet[Any]:
    """Return the ids of an activity's proposals, filtered and in order; `cards` draws a page.

    Ids first: a join would be made for every row that the offset skips.

    `status` is one of FILTERS or empty (all that are visible); `sort` one of SORTS: `random` is
    the same for everybody during a `day`, so that each proposal has its chance and pages hold.
    `text` is looked for without accents or case, every word of it.
    """
    rows = Proposal.objects.filter(activity=activity, visible=status != REMOVED)
    if status == NO_ANSWER:
        rows = rows.filter(Q(status="") | Q(status=Status.UNDER_REVIEW))
    elif status in Status.values:
        rows = rows.filter(status=status)
    for word in fold(text[: limits.SEARCH_CHARACTERS]).split()[:12]:
        rows = rows.filter(words__contains=word)
    rows = rows.order_by("number") if status == REMOVED else _in_order(rows, sort, day)
    return rows.values_list("pk", flat=True)


def _in_order(rows: QuerySet[Proposal], sort: str, day: date | None) -> QuerySet[Proposal]:
    if sort == "random":
        by = F("shuffle") * day_number(day or date.min) % SHUFFLE_MAX
        return rows.order_by(by, "number")
    return rows.order_by(
        {"newest": "-at", "comments": "-comments"}.get(sort, "-supports"), "number"
    )


def _usual_rows(
    sort: str, day: date | None, back: bool, start: int, end: int, activity: Any
) -> QuerySet[Any]:
    rows = _in_order(Proposal.objects.filter(activity=activity, visible=True), sort, day)
    return (rows.reverse() if back else rows).values_list("pk", flat=True)[start:end]


_usual = Prepared(_usual_rows, activity=models.UUIDField())


@dataclass(frozen=True)
class Usual:
    """The list that most people see, unfiltered: sliced like `listed`, of the same ids.

    `count`: how many are visible. A page of the second half is read from the end, so that the
    last costs what the first does.
    """

    activity: Activity
    sort: str
    day: date
    count: int

    def __getitem__(self, page: slice) -> list[UUID]:
        # The day is in the SQL of the random order alone.
        day = self.day if self.sort == "random" else None
        start, stop = page.start, min(page.stop, self.count)
        if start <= self.count // 2 or stop <= start:
            return _usual(self.sort, day, False, start, page.stop, activity=self.activity.pk)
        start, stop = self.count - stop, self.count - start
        found = _usual(self.sort, day, True, start, stop, activity=self.activity.pk)
        return list(found)[::-1]


@dataclass(frozen=True)
class Totals:
    """What an activity holds now. `removed`: withdrawn, hidden or not counted."""

    proposals: int = 0
    removed: int = 0
    supports: int = 0
    comments: int = 0
    answered: int = 0


_totals = Prepared(
    lambda activity: (
        Proposal.objects.filter(activity=activity)
        .order_by()
        .values_list("visible", "status")
        .annotate(n=Sum(1), s=Sum("supports"), c=Sum("comments"))
    ),
    activity=models.UUIDField(),
)


def totals(activity: Activity) -> Totals:
    """Return the totals of an activity, of what is visible, in one query."""
    rows = _totals(activity=activity.pk)
    found = {"proposals": 0, "removed": 0, "supports": 0, "comments": 0, "answered": 0}
    for visible, status, n, supports, comments in rows:
        if not visible:
            found["removed"] += n
            continue
        found["proposals"] += n
        found["supports"] += supports
        found["comments"] += comments
        found["answered"] += n if status and status != Status.UNDER_REVIEW else 0
    return Totals(**found)


def top(activity: Activity, count: int = 3) -> list[Card]:
    """Return the most supported proposals, for a consultation's page: two queries."""
    return cards(list(listed(activity, sort="supports")[:count]), activity.node.slug)


_CONSULTATION = (
    "node__kind", "node__slug", "node__title", "node__state", "node__space_id",
    "organisation_id", "who_may", "languages", "reconstructed", "themes_due", "response_due",
)  # fmt: skip
_ACTIVITY = (
    "method", "settings", "version", "node__kind", "node__slug", "node__title", "node__state",
    "node__space_id", *(f"consultation__{name}" for name in _CONSULTATION),
)  # fmt: skip
_PROPOSAL = (
    "number", "at", "visible", "supports", "comments", "comments_for", "comments_against",
    "status", "answer", "answered_at", "node__kind", "node__slug", "node__title", "node__state",
    "node__space_id", "node__created_at",
    *(f"activity__{name}" for name in _ACTIVITY),
    *(
        f"node__contribution__{name}"
        for name in (
            "language", "body", "fate", "fate_reason", "changed_at", "author_id", "activity_id",
            "parent_id", "channel", "payload", "author__display_name",
        )
    ),
)  # fmt: skip


_activity = Prepared(
    lambda slug: (
        Activity.objects.select_related("node", "consultation__node")
        .only(*_ACTIVITY)
        .filter(node__kind="activity", node__slug=slug, method=KIND)
    ),
    slug=models.CharField(),
)
_proposal = Prepared(
    lambda pk: (
        Proposal.objects.select_related(
            "node__contribution__author", "activity__node", "activity__consultation__node"
        )
        .only(*_PROPOSAL)
        .filter(pk=pk)
    ),
    pk=models.UUIDField(),
)


def activity(slug: str) -> Activity:
    """Return an activity with what its pages need of it. Raises Activity.DoesNotExist."""
    found: Activity | None = _activity.first(slug=slug)
    if found is None:
        raise Activity.DoesNotExist
    return found


def proposal(pk: UUID, slug: str | None = None) -> Proposal:
    """Return a proposal with what its page needs of it. Raises Proposal.DoesNotExist.

    Some forty columns that the page does not show, most of them texts in JSON, are left out.
    """
    found: Proposal | None = _proposal.first(pk=pk)
    if found is None or (slug and found.activity.node.slug != slug):
        raise Proposal.DoesNotExist
    own = found.node.contribution
    own.node, own.activity = found.node, found.activity
    return found


def contribution(pk: UUID, slug: str) -> Contribution:
    """Return a proposal's or a comment's contribution. Raises Contribution.DoesNotExist."""
    return Contribution.objects.select_related(
        "node", "activity__node", "activity__consultation__node", "author"
    ).get(pk=pk, activity__node__slug=slug, activity__method=KIND)


def _comments_of(stance: str, parent: Any) -> QuerySet[Any]:
    rows = Contribution.objects.filter(parent=parent)
    if stance:
        rows = rows.filter(payload__stance=stance, node__state=State.PUBLIC)
    return rows.order_by("node_id").values_list(*COMMENT_FIELDS)


_comments = Prepared(
    lambda stance, start, end, parent: _comments_of(stance, parent)[start:end],
    parent=models.UUIDField(),
)
_comment_count = Prepared(
    lambda stance, parent: (
        _comments_of(stance, parent).order_by().values_list("parent").annotate(n=Count("pk"))
    ),
    parent=models.UUIDField(),
)


@dataclass(frozen=True)
class Comments:
    """The comments of a proposal, oldest first, traces included (but by stance), to be sliced.

    Tuples of COMMENT_FIELDS: model instances would cost three times the page.
    """

    proposal: UUID
    stance: str = ""

    def __getitem__(self, page: slice) -> list[tuple[Any, ...]]:
        return _comments(self.stance, page.start, page.stop, parent=self.proposal)

    def count(self) -> int:
        """How many there are."""
        found = _comment_count.first(self.stance, parent=self.proposal)
        return int(found[1]) if found else 0


def page_of_comment(row: Contribution, per_page: int = limits.COMMENTS_PAGE_ROWS) -> int:
    """Return the page of its proposal on which a comment stands, from 1."""
    before = Contribution.objects.filter(parent_id=row.parent_id, node_id__lt=row.pk).count()
    return before // per_page + 1


def alike(activity: Activity, title: str, language: str = "fr") -> list[Card]:
    """Return the visible proposals whose words hold most of a title's, best first."""
    wanted = {stem for stem in stems(title, language) if len(stem) > 3}
    if not wanted:
        return []
    any_word = Q()
    for stem in sorted(wanted, key=len, reverse=True)[:8]:
        any_word |= Q(words__contains=stem[:8])
    rows = Proposal.objects.filter(any_word, activity=activity, visible=True)
    scored = []
    for pk, words, supports in rows.order_by("-supports", "number").values_list(
        "pk", "words", "supports"
    )[:300]:
        found = wanted & set(stems(words, language))
        share = len(found) / len(wanted)
        longest = max(map(len, found), default=0)
        if share >= ALIKE_SHARE and (len(found) > 1 or longest >= ALIKE_LETTERS):
            scored.append((share, supports, pk))
    best = [pk for _share, _supports, pk in sorted(scored, reverse=True)[:ALIKE_SHOWN]]
    return cards(best, activity.node.slug)
