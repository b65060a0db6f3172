"""Who may make us write to somebody: 3 messages an hour to an address, 20 from a network address.

The measures are those of the threat "mail bombing". Addresses are counted as HMACs under a key of
the day, kept seven days, so that the rows say nothing of whom they count.
"""

from datetime import datetime, timedelta
from ipaddress import ip_address, ip_network

from django.db import transaction
from django.utils import timezone

from parvis.core import keys
from parvis.core.errors import TooMany
from parvis.core.models import Key
from parvis.notify.models import Sending

ADDRESS_MAX = 3
IP_MAX = 20
WINDOW = timedelta(hours=1)
KEY_DAYS = 7


def _purpose(moment: datetime) -> str:
    return f"ip-{moment:%Y-%m-%d}"


def _network(ip: str) -> str:
    """An IPv6 subscriber holds a whole /56; one address of it says nothing."""
    try:
        address = ip_address(ip)
    except ValueError:
        return ip
    return str(ip_network(f"{address}/56", strict=False)) if address.version == 6 else ip


def _digests(what: str, now: datetime) -> list[bytes]:
    days = dict.fromkeys((_purpose(now), _purpose(now - WINDOW)))
    return [keys.mac(purpose, what) for purpose in days]


@transaction.atomic
def take(email: str, ip: str | None, now: datetime | None = None) -> None:
    """Count one message to `email` caused from `ip`. Raises TooMany past the hour's measure."""
    now = now or timezone.now()
    counted = [("to:" + email.strip().lower(), ADDRESS_MAX)]
    if ip:
        counted.append(("from:" + _network(ip), IP_MAX))
    rows = []
    for what, most in counted:
        digests = _digests(what, now)
        if Sending.objects.filter(digest__in=digests, at__gt=now - WINDOW).count() >= most:
            raise TooMany
        rows.append(Sending(digest=digests[0], at=now))
    Sending.objects.bulk_create(rows)


def forget(now: datetime | None = None) -> int:
    """Erase counts older than the window and keys older than seven days; return rows erased."""
    now = now or timezone.now()
    erased, _rows = Sending.objects.filter(at__lte=now - WINDOW).delete()
    oldest = _purpose(now - timedelta(days=KEY_DAYS))
    Key.objects.filter(space=None, purpose__startswith="ip-2", purpose__lt=oldest).delete()
    return erased
