"""Host names under which the site answers: written as people read them, kept as DNS says them.

`Consultation.Québec.ca` is `consultation.xn--qubec-csa.ca` in the DNS and in requests (IDNA,
RFC 5890 and 3490). A name is checked here and by nothing else: a name that is not written here or
in the settings is answered by 400.
"""

import re
from collections.abc import Mapping
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from parvis.core import access
from parvis.core.access import Actor
from parvis.core.errors import Invalid
from parvis.core.events import IdempotencyKey, emit, replayed
from parvis.core.hosts import to_ascii, to_unicode
from parvis.core.rows import apply, check_row
from parvis.pages import standing
from parvis.pages.models import HostName

FIELDS = ("section", "language", "active")
_NAME = re.compile(r"^(?=.{4,253}$)(?:(?!-)[a-z0-9-]{1,63}(?<!-)\.)+(?!-)[a-z0-9-]{2,63}(?<!-)$")


def shown(host: str) -> str:
    """Return a kept name as people read it."""
    return to_unicode(host)


def clean_host(text: str) -> str:
    """Return a name as it is kept (A-label). Raises Invalid on `host`."""
    given = text.strip().rstrip(".")
    if "/" in given or ":" in given or "@" in given or "*" in given:
        raise Invalid({"host": [_("Give the name alone: no https://, no port, no path, no star.")]})
    try:
        host = to_ascii(given)
    except UnicodeError:
        host = ""
    if not _NAME.match(host) or _is_address(host):
        raise Invalid({"host": [_("“%(name)s” is not a host name.") % {"name": given[:120]}]})
    main = urlsplit(settings.SITE_URL).hostname
    if host == main or host in {str(name) for name in settings.ALLOWED_HOSTS}:
        raise Invalid({"host": [_("The site answers under this name already, by its settings.")]})
    return host


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


@transaction.atomic
def save_host(
    *,
    actor: Actor,
    fields: Mapping[str, Any],
    host: str = "",
    row: HostName | None = None,
    key: IdempotencyKey | None = None,
) -> HostName:
    """Add a name (`host`, as people write it), or change `row`. Raises Invalid, Forbidden."""
    if earlier := replayed(key):
        return HostName.objects.get(pk=earlier.data["row"])
    access.require(actor, "manage_site")
    if row is None:
        row = HostName(host=clean_host(host))
        if HostName.objects.filter(host=row.host).exists():
            raise Invalid({"host": [_("This name is in the list already.")]})
    apply(row, fields, FIELDS)
    check_row(row)
    row.save()
    standing.now.forget()
    data = {"row": row.pk, "host": row.host, "active": row.active}
    emit("host.changed", node=None, actor=actor, data=data, key=key)
    return row


@transaction.atomic
def remove_host(*, actor: Actor, row: HostName) -> None:
    """Take a name out: requests under it are refused. Raises Forbidden."""
    access.require(actor, "manage_site")
    host = row.host
    row.delete()
    standing.now.forget()
    emit("host.changed", node=None, actor=actor, data={"host": host, "active": False})
