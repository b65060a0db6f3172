"""API tokens: made at the terminal, given as `Authorization: Bearer …`, revoked by their owner.

Only the digest is kept. A token holds 256 random bits, so its SHA-256 cannot be guessed back. The
row is found by the whole digest: how long that takes says nothing of the token, since nobody can
choose a value whose digest begins as a kept one does.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from parvis.core import access
from parvis.core.access import Actor
from parvis.core.errors import Forbidden, Invalid, NotFound, SignInNeeded
from parvis.core.events import emit
from parvis.core.ids import new_token
from parvis.core.models import ApiToken, Person

PREFIX = "parvis_"
DAYS_MAX = 3_650
SEEN_EVERY = timedelta(hours=1)
"""A use is written down once an hour at most: reading by the API stays reading."""


SCOPES: Mapping[str, frozenset[str]] = {
    "read": frozenset({"see", "see_desk", "read_catalogue"}),
    "write:catalogue": frozenset(
        {
            "see",
            "see_desk",
            "read_catalogue",
            "follow",
            "manage_catalogue",
            "manage_organisations",
            "publish_data",
            "run_jobs",
        }
    ),
}
"""What a token may be kept to: scope -> the actions of the matrix that it opens."""


class TokenRefused(SignInNeeded):
    """A token was given, and it opens nothing: 401, never a silent anonymous answer."""

    message = _("This API token is not valid. Check it, or ask the operator for a new one.")


def digest(value: str) -> str:
    """Return the 64 characters kept of a token."""
    return hashlib.sha256(value.encode("utf-8", "surrogateescape")).hexdigest()


def given(request: HttpRequest) -> str | None:
    """Return the token that a request of the API gives, or None.

    `Bearer <token>` (RFC 6750), or the token alone as clients of CKAN send it. Other schemes
    (Basic, Negotiate) are for a proxy before us: they are no token.
    """
    header = request.META.get("HTTP_AUTHORIZATION", "").strip()
    if not header or not request.path.startswith("/api/"):
        return None
    scheme, _space, value = header.partition(" ")
    if scheme.lower() == "bearer":
        return str(value.strip())
    return None if value else str(header)


@transaction.atomic
def issue(
    *, actor: Actor, person: Person, name: str, days: int | None = None, scopes: Sequence[str] = ()
) -> str:
    """Make a token of a person and return it: it is never shown again.

    `days` until it expires; None for never. `scopes` are of SCOPES; none: all that the person may
    do. Whoever holds a token may make others that open no more and last no longer. Raises
    Forbidden, Invalid for a scope that does not exist.
    """
    expires_at = timezone.now() + timedelta(days=days) if days is not None else None
    if unknown := sorted(set(scopes) - set(SCOPES)):
        words = _("“%(name)s” is no scope of a token.")
        raise Invalid({"scopes": [words % {"name": name} for name in unknown]})
    if actor.token_id is not None and actor.person == person:
        expires_at = _no_wider(actor.token_id, scopes, expires_at)
    else:
        access.require(actor, "manage_people")
    value = PREFIX + new_token(256)
    row = ApiToken.objects.create(
        person=person,
        name=name[:80],
        digest=digest(value),
        expires_at=expires_at,
        scopes=sorted(set(scopes)),
    )
    emit("token.issued", node=None, actor=actor, data={"token": row.pk})
    return value


def _no_wider(token_id: int, scopes: Sequence[str], expires_at: datetime | None) -> datetime | None:
    """Return until when a token made with another lasts. Raises Forbidden when it opens more."""
    parent = ApiToken.objects.get(pk=token_id)
    if parent.scopes and (not scopes or not set(scopes) <= set(parent.scopes)):
        raise Forbidden(_("This token cannot make one that opens more than itself."))
    ends = [moment for moment in (parent.expires_at, expires_at) if moment is not None]
    return min(ends, default=None)


def actor_of(value: str, *, now: datetime | None = None) -> Actor:
    """Return the actor of a token, with the staff roles of its person.

    A token counts as strong authentication: only an operator at the terminal makes one. Raises
    TokenRefused for one that is unknown, revoked or expired, or whose person's account is closed.
    """
    now = now or timezone.now()
    row = ApiToken.objects.select_related("person").filter(digest=digest(value)).first()
    if row is None or not row.person.is_active:
        raise TokenRefused
    if row.revoked_at is not None:
        raise TokenRefused(_("This API token was revoked."))
    if row.expires_at is not None and row.expires_at <= now:
        raise TokenRefused(_("This API token has expired. Ask the operator for a new one."))
    oldest = now - SEEN_EVERY
    if row.last_used_at is None or row.last_used_at <= oldest:
        stale = Q(last_used_at=None) | Q(last_used_at__lte=oldest)
        ApiToken.objects.filter(stale, pk=row.pk).update(last_used_at=now)
    actor = access.actor_for(row.person)
    only = frozenset().union(*(SCOPES.get(scope, frozenset()) for scope in row.scopes))
    return replace(actor, only=only if row.scopes else None, token_id=row.pk)


@transaction.atomic
def revoke(*, actor: Actor, token_id: int) -> ApiToken:
    """End a token of one's own, at once, and return it. Twice does nothing more.

    Raises SignInNeeded, and NotFound for what is somebody else's.
    """
    if actor.person is None:
        raise SignInNeeded
    rows = ApiToken.objects.select_for_update().filter(person=actor.person)
    row = rows.filter(pk=token_id).first()
    if row is None:
        raise NotFound
    if row.revoked_at is None:
        row.revoked_at = timezone.now()
        row.save(update_fields=["revoked_at"])
        emit("token.revoked", node=None, actor=actor, data={"token": row.pk})
    return row
