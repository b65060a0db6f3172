"""Whether the links of public datasets still answer: each once a week, politely.

A HEAD, then the first bytes of a GET where HEAD is refused (many servers do not know it). One
request at a time to each site, `HOST_SECONDS` apart; a link that fails is tried again each day.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit
from uuid import UUID

from django.conf import settings
from django.db.models import Q
from django.db.models.functions import Coalesce
from django.utils import timezone

from parvis.catalogue.conformity.models import Quality
from parvis.catalogue.models import Resource
from parvis.core import egress
from parvis.core.models import State

EVERY, EVERY_BROKEN = timedelta(days=7), timedelta(days=1)
HOST_SECONDS = 5.0
LOOK_SECONDS = 600.0
ROUND_MAX, QUEUE_MAX = 5, 500
SECONDS_MAX, BYTES_MAX = 10.0, 1_024
NO_ANSWER, TOO_MANY = 0, 429
LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Link:
    """A link to try."""

    pk: UUID
    url: str

    @property
    def host(self) -> str:
        """Whom it asks."""
        try:
            return urlsplit(self.url).hostname or ""
        except ValueError:
            return ""


def due(limit: int = QUEUE_MAX) -> list[Link]:
    """Return the links to try, those never tried first, then the oldest."""
    now = timezone.now()
    late = Q(checked_at__isnull=True) | Q(checked_at__lte=now - EVERY)
    late |= Q(broken_since__isnull=False, checked_at__lte=now - EVERY_BROKEN)
    rows = (
        Resource.objects.filter(late, dataset__node__state=State.PUBLIC, published_at__isnull=False)
        .exclude(url="")
        .exclude(url__startswith=f"{settings.SITE_URL}/")
        .order_by(Coalesce("checked_at", "created_at").asc(), "pk")
    )
    return [Link(pk, url) for pk, url in rows.values_list("pk", "url")[:limit]]


def try_link(client: egress.Client, url: str) -> int:
    """Return the status that a link answers with; 0 when nothing came, or where we do not go."""
    try:
        status = client.head(url).status
        if status >= 400 and status != TOO_MANY:
            first = {"Range": f"bytes=0-{BYTES_MAX - 1}"}
            status = client.get(url, headers=first, bytes_max=BYTES_MAX, begin=True).status
    except OSError:  # refused, or no answer
        return NO_ANSWER
    return status


def record(link: Link, status: int) -> None:
    """Keep what a link answered. Too many requests is no fault of the link."""
    now = timezone.now()
    row = Resource.objects.filter(pk=link.pk, url=link.url)
    row.update(checked_at=now, check_status=status)
    if status == TOO_MANY:
        return
    if status == NO_ANSWER or status >= 400:
        changed = row.filter(broken_since__isnull=True).update(broken_since=now)
    else:
        changed = row.filter(broken_since__isnull=False).update(broken_since=None)
    if changed:
        # Where its dataset stands is looked at again at once: the desk counts what is broken.
        Quality.objects.filter(dataset__resources=link.pk).update(computed_at=LONG_AGO)


def opened() -> egress.Client:
    """Return the client that tries links, under the operator's rules."""
    return egress.site_client(seconds_max=SECONDS_MAX)


class Watch:
    """A few links at each call; remembers whom it asked, and when."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.clock = clock
        self.queue: list[Link] = []
        self.look_at = clock()
        self.asked: dict[str, float] = {}

    def __call__(self) -> bool:
        """Try the links whose turn it is. False: there is never any hurry."""
        if not settings.LINK_CHECKS:
            return False
        now = self.clock()
        if not self.queue and now >= self.look_at:
            self.queue = due()
            # A full list: more wait.
            self.look_at = now if len(self.queue) == QUEUE_MAX else now + LOOK_SECONDS
        self.asked = {host: at for host, at in self.asked.items() if at > now - HOST_SECONDS}
        for link in self._turn():
            self.queue.remove(link)
            client = opened()
            try:
                record(link, try_link(client, link.url))
            finally:
                client.close()
            self.asked[link.host] = self.clock()
        return False

    def _turn(self) -> list[Link]:
        """Return the next links, of as many sites, none of which was asked just now."""
        chosen: dict[str, Link] = {}
        for link in self.queue:
            if link.host not in self.asked:
                chosen.setdefault(link.host, link)
            if len(chosen) == ROUND_MAX:
                break
        return list(chosen.values())
