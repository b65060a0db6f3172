"""What the worker does for notices, again and again."""

from datetime import datetime, timedelta

from django.conf import settings
from django.utils import timezone

from parvis.notify import limits, queue, services
from parvis.notify.digest import send_due

_CLEANING = timedelta(hours=1)
_cleaned: list[datetime] = []


def tick(now: datetime | None = None) -> int:
    """Carry what waits and erase what must not stay; return how many messages left.

    Cheap when nothing waits: the worker calls it every second.
    """
    now = now or timezone.now()
    carried = queue.deliver(now)
    carried += send_due(now, quiet=timedelta(minutes=settings.MAIL_QUIET_MINUTES))
    if not _cleaned or now - _cleaned[-1] >= _CLEANING:
        clean(now)
        _cleaned[:] = [now]
    return carried


def clean(now: datetime | None = None) -> None:
    """Erase addresses never confirmed and counts that have served."""
    limits.forget(now)
    services.forget_unconfirmed(now)
