"""Reading discussions: lists, what waits for the publisher and since when, what is to be read."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Count, Q, QuerySet
from django.utils import timezone

from parvis.catalogue.discussing.models import Discussion, Message, Said
from parvis.catalogue.models import Dataset
from parvis.core import access
from parvis.core.access import Actor
from parvis.core.i18n import tr
from parvis.core.models import Node, State

ON_PAGE = 3
"""Discussions shown on the page of a dataset."""
LOOKED_AT_MAX = 500
OPEN, CLOSED, UNANSWERED = "open", "closed", "unanswered"
STATES = (OPEN, UNANSWERED, CLOSED)
_REPLIES = Count("messages", filter=Q(messages__node__state=State.PUBLIC))
_ANSWERS = Count(
    "messages",
    filter=Q(messages__node__state=State.PUBLIC, messages__organisation__isnull=False),
)


@dataclass(frozen=True)
class Asked:
    """What a list is narrowed to; empty or unknown words narrow nothing."""

    dataset: str = ""
    state: str = ""

    @classmethod
    def of(cls, values: Mapping[str, Any]) -> "Asked":
        """Return what an address asks."""
        state = str(values.get("state", ""))
        dataset = str(values.get("dataset", "")).replace("\x00", "")
        return cls(dataset[:100], state if state in STATES else "")


def public(asked: Asked | None = None) -> QuerySet[Discussion]:
    """Return the public discussions of public datasets, those spoken in last first.

    With `replies` and `answers`: how many public replies each has, and how many of its publisher.
    """
    asked = asked or Asked()
    rows = Discussion.objects.filter(node__state=State.PUBLIC, dataset__node__state=State.PUBLIC)
    if asked.dataset:
        rows = rows.filter(dataset__node__slug=asked.dataset)
    if asked.state == CLOSED:
        rows = rows.filter(closed_at__isnull=False)
    elif asked.state:
        rows = rows.filter(closed_at__isnull=True)
    if asked.state == UNANSWERED:
        rows = rows.filter(waiting_since__isnull=False)
    return (
        rows.select_related("node", "dataset__node", "dataset__organisation__node", "author")
        .annotate(replies=_REPLIES, answers=_ANSWERS)
        .order_by("-last_at", "-pk")
    )


@dataclass(frozen=True)
class OfDataset:
    """What the page of a dataset shows: how many discussions, and the last ones."""

    count: int
    rows: Sequence[Discussion]


def of_dataset(dataset: Dataset) -> OfDataset:
    """Return the discussions of a dataset in two queries, whatever there is."""
    rows = public().filter(dataset=dataset)
    return OfDataset(
        Discussion.objects.filter(dataset=dataset, node__state=State.PUBLIC).count(),
        list(rows[:ON_PAGE]),
    )


def messages(discussion: Discussion) -> QuerySet[Message]:
    """Return the replies that have a place on the page, in order; what is gone has its place."""
    return (
        Message.objects.filter(
            discussion=discussion,
            review=Said.Review.ACCEPTED,
            node__state__in=[State.PUBLIC, State.HIDDEN, State.WITHDRAWN],
        )
        .select_related("node", "author", "organisation__node")
        .order_by("node__published_at", "pk")
    )


def one(pk: UUID) -> Discussion | None:
    """Return a discussion of a public dataset that was shown, gone or not; else None."""
    return (
        Discussion.objects.filter(
            pk=pk,
            review=Said.Review.ACCEPTED,
            dataset__node__state=State.PUBLIC,
            node__state__in=[State.PUBLIC, State.HIDDEN, State.WITHDRAWN],
        )
        .select_related("node", "dataset__node", "dataset__organisation__node", "author")
        .first()
    )


# The desk ----------------------------------------------------------------------------------------


def to_read() -> list[Discussion | Message]:
    """Return what a moderator has to read, oldest first."""
    waits = {"review": Said.Review.WAITING, "node__state": State.PRIVATE}
    opened = Discussion.objects.filter(**waits, dataset__node__state=State.PUBLIC)
    replies = Message.objects.filter(**waits, discussion__dataset__node__state=State.PUBLIC)
    rows: list[Discussion | Message] = list(
        opened.select_related("node", "dataset__node").order_by("pk")[:LOOKED_AT_MAX]
    )
    rows += replies.select_related("node", "discussion__node", "discussion__dataset__node")[
        :LOOKED_AT_MAX
    ]
    return sorted(rows, key=lambda row: row.node.created_at)


def to_read_count() -> int:
    """Return how many messages a moderator has to read."""
    waits = {"review": Said.Review.WAITING, "node__state": State.PRIVATE}
    opened = Discussion.objects.filter(**waits, dataset__node__state=State.PUBLIC)
    replies = Message.objects.filter(**waits, discussion__dataset__node__state=State.PUBLIC)
    return opened.count() + replies.count()


@dataclass(frozen=True)
class Unanswered:
    """A discussion in which the publisher owes a word, and for how many days."""

    discussion: Discussion
    days: int


def unanswered(actor: Actor, now: datetime | None = None) -> list[Unanswered]:
    """Return the discussions in which this person owes a word, the oldest first."""
    now = now or timezone.now()
    rows = public(Asked(state=UNANSWERED)).order_by("waiting_since", "pk")
    return [
        Unanswered(row, (now - row.waiting_since).days)
        for row in rows[:LOOKED_AT_MAX]
        if row.waiting_since and access.can(actor, "manage_catalogue", row.dataset)
    ]


def others(actor: Actor) -> list[Discussion]:
    """Return the discussions of this person's data that wait for nothing, the latest first."""
    rows = public().filter(waiting_since__isnull=True)
    return [
        row for row in rows[:LOOKED_AT_MAX] if access.can(actor, "manage_catalogue", row.dataset)
    ]


def words_of(nodes: Iterable[Node]) -> dict[UUID, tuple[str, str, str]]:
    """Return node id -> (words, their language, title of the discussion), for moderators.

    Two queries at most, none where no node is of a discussion.
    """
    ids: dict[str, list[UUID]] = {}
    for node in nodes:
        ids.setdefault(node.kind, []).append(node.pk)
    found: dict[UUID, tuple[str, str, str]] = {}
    if opened := ids.get("discussion"):
        for row in Discussion.objects.filter(pk__in=opened).select_related("node"):
            found[row.pk] = (row.body, row.language, tr(row.node.title))
    if replies := ids.get("discussion_message"):
        said = Message.objects.filter(pk__in=replies).select_related("discussion__node")
        for one in said:
            found[one.pk] = (one.body, one.language, tr(one.discussion.node.title))
    return found
