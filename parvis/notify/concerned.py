"""Who an event concerns: those who follow the thing, what it is part of, or what led to it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from uuid import UUID

from django.db.models import Q

from parvis.core.models import Event, Follow, Link, Node, Person
from parvis.core.thread import walk
from parvis.notify.models import Subscription
from parvis.notify.news import CONSULTATION, NEWS

# Arrows that leave a thing towards what people follow above it.
_UPWARDS = ("serves", "contributes_to", "informs")
_CHUNK = 5_000


@dataclass(frozen=True)
class Recipient:
    """One address to tell, by what right, and through which followed node."""

    email: str
    subscription: Subscription | None
    person: Person | None
    node_id: UUID | None


def nodes_of(event: Event) -> tuple[list[UUID], list[UUID]]:
    """Return (nodes whose followers are concerned, consultations whose contributors are).

    Upstream of the thread: a dataset concerns the commitment that it measures, its response, its
    themes, and the contributions that expressed them. Best reason first.
    """
    node = event.node
    if node is None:
        return [], []
    above_it = []
    space = node.space
    while space is not None:
        above_it.append(space.pk)
        space = space.space
    walked = [pk for level in walk(node, nodes_max=0).levels if level.backwards for pk in level.ids]
    into = Link.objects.filter(target=node).exclude(source__kind="contribution")
    sources = list(into.values_list("source_id", "source__kind"))
    above = Link.objects.filter(source=node, relation__in=_UPWARDS)
    targets = list(above.values_list("target_id", "target__kind"))
    direct = sources + targets
    consultations = []
    if event.verb in CONSULTATION:
        own = [(node.pk, node.kind)]
        consultations = [pk for pk, kind in own + direct if kind == "consultation"]
    # The first node met is the reason that the message gives: the thing itself, then one's own
    # contribution, then the whole that it is part of.
    found = [node.pk, *walked, *above_it, *(pk for pk, _kind in direct)]
    return list(dict.fromkeys(found)), consultations


def _chunks(ids: Sequence[UUID]) -> Iterator[Sequence[UUID]]:
    for start in range(0, len(ids), _CHUNK):
        yield ids[start : start + _CHUNK]


def _subscriptions(ids: Sequence[UUID], consultations: Sequence[UUID]) -> Iterator[Subscription]:
    active = Subscription.objects.filter(confirmed_at__isnull=False, ended_at__isnull=True)
    for chunk in _chunks(ids):
        yield from active.filter(node_id__in=chunk)
    if consultations:
        yield from active.filter(
            node__kind="contribution", node__space__space_id__in=list(consultations)
        )


def _follows(ids: Sequence[UUID], consultations: Sequence[UUID]) -> Iterator[Follow]:
    active = Follow.objects.filter(person__is_active=True).select_related("person")
    for chunk in _chunks(ids):
        yield from active.filter(node_id__in=chunk)
    if consultations:
        inside = Q(node__kind="contribution", node__space__space_id__in=list(consultations))
        yield from active.filter(inside)


def recipients(event: Event) -> list[Recipient]:
    """Return each address that the event concerns, once, with the nearest reason.

    Left out: whoever did it, and whoever asked after it happened.
    """
    news = NEWS.get(event.verb)
    if news is None or event.node is None:
        return []
    ids, consultations = nodes_of(event)
    rank = {pk: place for place, pk in enumerate(ids)}
    found: dict[str, tuple[int, Recipient]] = {}

    def offer(recipient: Recipient) -> None:
        email = recipient.email.lower()
        place = rank.get(recipient.node_id, len(rank)) if recipient.node_id else len(rank) + 1
        if email not in found or place < found[email][0]:
            found[email] = (place, recipient)

    for row in _subscriptions(ids, consultations):
        if row.confirmed_at and row.confirmed_at <= event.at:
            offer(Recipient(row.email, row, None, row.node_id))
    if news.everybody:
        for row in Subscription.objects.filter(
            node__isnull=True, confirmed_at__lte=event.at, ended_at__isnull=True
        ):
            offer(Recipient(row.email, row, None, None))
    for follow in _follows(ids, consultations):
        if follow.at <= event.at and follow.person_id != event.actor_id:
            offer(Recipient(follow.person.email, None, follow.person, follow.node_id))
    return [recipient for _place, recipient in found.values()]


def told_now(node: Node | None) -> bool:
    """Whether news of a node may still be told: it is public."""
    return node is not None and node.state == "public"
