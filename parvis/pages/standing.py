"""What every page needs of this domain: announcements and host names, read once a change.

Kept by process until the site's generation moves (parvis.core.cache): a request costs no query.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlsplit

from django.conf import settings
from django.db import DatabaseError
from django.utils import timezone

from parvis.core import cache
from parvis.core.i18n import Text
from parvis.pages.models import Banner, HostName


@dataclass(frozen=True)
class Announcement:
    """An announcement as pages show it."""

    text: Text
    url: str
    level: str
    starts: datetime
    ends: datetime


@dataclass(frozen=True)
class Opening:
    """Where a host name opens: the name of an address, and a language."""

    section: str
    language: str


@dataclass(frozen=True)
class Standing:
    """What was read: announcements that are not over, and A-label -> opening."""

    announcements: tuple[Announcement, ...] = ()
    hosts: Mapping[str, Opening] | None = None

    def opening(self, host: str) -> Opening | None:
        """Return where a host (an A-label, without port) opens, or None for no name of ours."""
        return (self.hosts or {}).get(host)


def _read() -> Standing:
    announcements = tuple(
        Announcement(row.text, row.url, row.level, row.starts, row.ends)
        for row in Banner.objects.filter(ends__gt=timezone.now()).order_by("starts", "pk")
    )
    hosts = {
        row.host: Opening(row.section, row.language) for row in HostName.objects.filter(active=True)
    }
    return Standing(announcements, hosts)


now = cache.per_generation(_read, told=True)
"""Return what stands, read again where something public changed since."""


def announcements(at: datetime) -> list[Announcement]:
    """Return what is announced at a moment; warnings first."""
    shown = [row for row in now().announcements if row.starts <= at < row.ends]
    return sorted(shown, key=lambda row: row.level != Banner.Level.WARNING)


def seconds_to_boundary(at: datetime) -> int | None:
    """Return the whole seconds until an announcement appears or goes, or None."""
    moments = [
        moment for row in now().announcements for moment in (row.starts, row.ends) if moment > at
    ]
    return int((min(moments) - at).total_seconds()) if moments else None


def is_ours(host: str) -> bool:
    """Whether the site answers under a host (lower case, without port) beyond its main ones.

    False where the database is away: a name that cannot be checked is not ours.
    """
    try:
        return now().opening(host) is not None
    except DatabaseError:
        return False


def origins() -> set[str]:
    """Return the origins of the other names, for the check against forged requests."""
    scheme = urlsplit(settings.SITE_URL).scheme
    return {f"{scheme}://{host}" for host in now().hosts or {}}
