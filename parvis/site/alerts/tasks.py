"""What the worker does for saved searches: once a day each, one message by reader."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from parvis.notify import tokens as mailboxes
from parvis.notify.bounces import BOUNCES_MAX
from parvis.notify.models import Mailbox
from parvis.site.alerts import letters, running, services
from parvis.site.alerts.models import SavedSearch, Told

EVERY = timedelta(days=1)
READERS_MAX = 50
"""Readers served at each call: the worker comes back for the others."""
CLEANING = timedelta(hours=1)


def tick(now: datetime | None = None) -> int:
    """Look at the searches that are due and write to their readers; return how many were looked at.

    All the searches of a reader are looked at together: one message a day at most, and none when
    nothing is new.
    """
    now = now or timezone.now()
    due = SavedSearch.objects.filter(
        ended_at=None, confirmed_at__isnull=False, looked_at__lte=now - EVERY
    ).order_by("looked_at", "pk")
    readers = list(dict.fromkeys(due.values_list("person", "email")[: 4 * READERS_MAX]))
    return sum(serve(*reader, now) for reader in readers[:READERS_MAX])


@transaction.atomic
def serve(person_id: object, email: str, now: datetime) -> int:
    """Look at every search of one reader, and write once; return how many were looked at.

    What is told, and the message that waits for the mail server, are kept together or not at all.
    """
    who = Q(person=person_id) if person_id else Q(person=None, email=email)
    rows = list(
        SavedSearch.objects.select_for_update(of=("self",))
        .filter(who, ended_at=None, confirmed_at__isnull=False)
        .select_related("person")
        .order_by("pk")
    )
    last = running.mark()
    found = [news for row in rows if (news := running.news(row)).nodes] if _may(rows) else []
    if found:
        _write(found)
    for row in rows:
        row.looked_at, row.after = now, last
    SavedSearch.objects.bulk_update(rows, ["looked_at", "after"])
    return len(rows)


def _may(rows: Sequence[SavedSearch]) -> bool:
    """Whether the reader may be written to: the account is active, the address answers."""
    if not rows or (rows[0].person is not None and not rows[0].person.is_active):
        return False
    digest = mailboxes.mailbox_digest(_address(rows[0]))
    return not Mailbox.objects.filter(digest=digest, bounces__gte=BOUNCES_MAX).exists()


def _address(row: SavedSearch) -> str:
    return row.person.email if row.person else row.email


def _write(found: Sequence[running.News]) -> None:
    first = found[0].search
    language = first.person.language if first.person else first.language
    links = [services.token_of(news.search) for news in found]
    Told.objects.bulk_create(
        [Told(search=news.search, node=node) for news in found for node in news.nodes]
    )
    letters.digest(_address(first), language, found, links).send()


class Keeper:
    """Made once by the worker: looks, and erases each hour what was never confirmed."""

    def __init__(self) -> None:
        self.cleaned: datetime | None = None

    def __call__(self) -> bool:
        """Look at what is due."""
        now = timezone.now()
        if self.cleaned is None or now - self.cleaned >= CLEANING:
            services.forget(now)
            self.cleaned = now
        return bool(tick(now))
