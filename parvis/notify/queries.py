"""Reading: what happened in public, what a person follows, what the operator watches."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Count, Min, Q, QuerySet

from parvis.core.models import Event, Follow, Link, Node, Person, State
from parvis.core.thread import walk
from parvis.notify.models import Letter, Mailbox, Notification, Subscription
from parvis.notify.news import NEWS

FEED_ENTRIES = 50
_RELATED_MAX = 5_000


def public_events(node: Node | None = None) -> QuerySet[Event]:
    """Return the events told to everybody, newest first; of one node and its thread when given.

    Proposals are there when they are published; survey answers and comments never.
    """
    proposals = Q(verb="contribution.accepted") & ~Q(node__title={})
    events = (
        Event.objects.filter(Q(verb__in=list(NEWS)) | proposals, node__state=State.PUBLIC)
        .select_related("node__space__space")
        .order_by("-at", "-id")
    )
    if node is not None:
        ids = _around(node)
        events = events.filter(
            Q(node_id__in=ids) | Q(node__space=node) | Q(node__space__space=node)
        )
    return events


def _around(node: Node) -> list[UUID]:
    """The node, its thread both ways, and what points to it, contributions left out."""
    ids = [node.pk]
    for level in walk(node, nodes_max=0).levels:
        if level.kind != "contribution":
            ids += level.ids
    near = Link.objects.filter(target=node).exclude(source__kind="contribution")
    ids += near.values_list("source_id", flat=True)[:_RELATED_MAX]
    return list(dict.fromkeys(ids))[:_RELATED_MAX]


def follows(person: Person) -> QuerySet[Follow]:
    """Return what an account follows, latest first."""
    return Follow.objects.filter(person=person).select_related("node").order_by("-at", "-pk")


def subscriptions_of(person: Person) -> QuerySet[Subscription]:
    """Return what the address of an account asked for without the account, latest first."""
    return (
        Subscription.objects.filter(
            email=person.email, confirmed_at__isnull=False, ended_at__isnull=True
        )
        .select_related("node")
        .order_by("-confirmed_at", "-pk")
    )


def is_followed(person: Person | None, node: Node) -> bool:
    """Whether an account follows a node."""
    return person is not None and Follow.objects.filter(person=person, node=node).exists()


@dataclass(frozen=True)
class Health:
    """How mail goes, in numbers, without an address."""

    waiting: int
    sent: int
    failed: int
    dropped: int
    letters: int
    oldest_letter: datetime | None
    subscriptions: int
    bounced: int
    silent: int
    errors: Sequence[tuple[str, int]]


def health() -> Health:
    """Return how mail goes now."""
    states = dict(Notification.objects.order_by().values_list("state").annotate(n=Count("pk")))
    letters = Letter.objects.aggregate(n=Count("pk"), oldest=Min("created_at"))
    errors = (
        Notification.objects.exclude(error="")
        .order_by()
        .values_list("error")
        .annotate(n=Count("pk"))
        .order_by("-n")[:10]
    )
    boxes = Mailbox.objects.aggregate(
        bounced=Count("pk", filter=Q(bounces__gt=0)), silent=Count("pk", filter=Q(bounces__gte=3))
    )
    active = Subscription.objects.filter(confirmed_at__isnull=False, ended_at__isnull=True)
    return Health(
        waiting=states.get("waiting", 0),
        sent=states.get("sent", 0),
        failed=states.get("failed", 0),
        dropped=states.get("dropped", 0),
        letters=letters["n"],
        oldest_letter=letters["oldest"],
        subscriptions=active.count(),
        bounced=boxes["bounced"],
        silent=boxes["silent"],
        errors=list(errors),
    )
