"""Telling owners: broken links once a week, discussions once a day, each thing once."""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from parvis.catalogue.discussing import queries as discussing
from parvis.catalogue.discussing.models import Discussion
from parvis.catalogue.models import Resource
from parvis.core.errors import NotFound
from parvis.core.models import State
from parvis.notify import tokens as mailboxes
from parvis.notify.bounces import BOUNCES_MAX
from parvis.notify.models import Mailbox
from parvis.site.owners import letters
from parvis.site.owners.keepers import Keeper, Keepers
from parvis.site.owners.models import Correspondent, DiscussionTold, LinkTold

LINKS_EVERY, DISCUSSIONS_EVERY = timedelta(days=7), timedelta(days=1)
SURE_AFTER = timedelta(hours=20)
"""A link is told broken once a second try failed too, a day after the first."""
QUIET = timedelta(minutes=15)
"""A question waits so long, so that those asked together make one message."""
ROWS_MAX = 2_000


def tick(now: datetime | None = None) -> int:
    """Tell what is to be told; return how many messages were written."""
    now = now or timezone.now()
    return tell_links(now) + tell_discussions(now)


def tell_links(now: datetime) -> int:
    """Write to the owners of links that newly broke, a week after the last time at least.

    What answers again is forgotten: broken once more, it is told once more.
    """
    LinkTold.objects.filter(
        Q(resource__broken_since=None) | ~Q(resource__dataset__node__state=State.PUBLIC)
    ).delete()
    rows = list(
        Resource.objects.filter(
            broken_since__lte=now - SURE_AFTER,
            published_at__isnull=False,
            dataset__node__state=State.PUBLIC,
        )
        .select_related("dataset__node", "dataset__organisation__node")
        .order_by("broken_since", "pk")[:ROWS_MAX]
    )
    rows = [row for row in rows if row.checked_at and row.checked_at >= _sure(row)]
    told = set(LinkTold.objects.values_list("correspondent", "resource"))

    def keep(who: Correspondent, some: Sequence[Resource]) -> None:
        LinkTold.objects.bulk_create([LinkTold(correspondent=who, resource=row) for row in some])

    return _tell(rows, told, "links_at", LINKS_EVERY, letters.links, keep, now)


def _sure(row: Resource) -> datetime:
    return (row.broken_since or timezone.now()) + SURE_AFTER


def tell_discussions(now: datetime) -> int:
    """Write to the owners of data whose discussions newly wait, a day after the last time."""
    DiscussionTold.objects.filter(discussion__waiting_since=None).delete()
    rows = list(
        discussing.public(discussing.Asked(state=discussing.UNANSWERED))
        .filter(waiting_since__lte=now - QUIET)
        .order_by("waiting_since", "pk")[:ROWS_MAX]
    )
    told = set(DiscussionTold.objects.values_list("correspondent", "discussion"))

    def keep(who: Correspondent, some: Sequence[Discussion]) -> None:
        DiscussionTold.objects.bulk_create(
            [DiscussionTold(correspondent=who, discussion=row) for row in some]
        )

    return _tell(rows, told, "discussions_at", DISCUSSIONS_EVERY, letters.discussions, keep, now)


def _tell(
    rows: Sequence[Any],
    told: set[tuple[Any, Any]],
    field: str,
    every: timedelta,
    message: Callable[[Keeper, Sequence[Any]], Any],
    keep: Callable[[Correspondent, Sequence[Any]], None],
    now: datetime,
) -> int:
    """Write one message to each keeper of what they were not told; return how many."""
    if not rows:
        return 0
    keepers = Keepers([row.dataset for row in rows])
    by_keeper: dict[str, tuple[Keeper, list[Any]]] = {}
    for row in rows:
        for keeper in keepers.of(row.dataset):
            by_keeper.setdefault(keeper.email, (keeper, []))[1].append(row)
    people = correspondents(by_keeper)
    written = 0
    for email, (keeper, some) in by_keeper.items():
        who = people.get(email)
        if who is None or who.stopped_at is not None:
            continue
        last = getattr(who, field)
        new = [row for row in some if (who.pk, row.pk) not in told]
        if not new or (last is not None and last > now - every):
            continue
        with transaction.atomic():
            # Taken first: two workers never write the same twice.
            free = Q(**{field: None}) | Q(**{f"{field}__lte": now - every})
            if not Correspondent.objects.filter(free, pk=who.pk).update(**{field: now}):
                continue
            keep(who, new)
            message(keeper, new).send()
        written += 1
    return written


def correspondents(emails: Iterable[str]) -> dict[str, Correspondent]:
    """Return the row of each address that answers; made for those that have none."""
    digests = {mailboxes.mailbox_digest(email): email for email in emails}
    silent = Mailbox.objects.filter(digest__in=list(digests), bounces__gte=BOUNCES_MAX)
    for digest in silent.values_list("digest", flat=True):
        del digests[bytes(digest)]
    Correspondent.objects.bulk_create(
        [
            Correspondent(digest=d, token_digest=letters.digest(letters.token_of(email)))
            for d, email in digests.items()
        ],
        ignore_conflicts=True,
    )
    rows = Correspondent.objects.filter(digest__in=list(digests))
    return {digests[bytes(row.digest)]: row for row in rows}


def by_token(token: str) -> Correspondent:
    """Return the correspondent of a token. Raises NotFound."""
    row = Correspondent.objects.filter(token_digest=letters.digest(token)).first()
    if row is None:
        raise NotFound
    return row


@transaction.atomic
def stop(token: str, *, wanted: bool = False) -> Correspondent:
    """Write no more to an address as an owner (`wanted`: write again). Raises NotFound."""
    row = by_token(token)
    row.stopped_at = None if wanted else row.stopped_at or timezone.now()
    row.save(update_fields=["stopped_at"])
    return row


class Teller:
    """Made once by the worker."""

    def __call__(self) -> bool:
        """Tell what is to be told."""
        return bool(tick())
