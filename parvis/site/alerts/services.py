"""Saving a search, confirming it, renaming it, ending it; one transaction each."""

import base64
import hashlib
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from parvis.core import keys
from parvis.core.access import Actor
from parvis.core.errors import Conflict, Forbidden, Gone, Invalid, NotFound, SignInNeeded
from parvis.core.events import emit
from parvis.core.i18n import LANGUAGES
from parvis.core.models import Person
from parvis.notify import limits
from parvis.notify.services import UNCONFIRMED_DAYS, clean_email
from parvis.site.alerts import letters, running
from parvis.site.alerts.models import NAME_CHARACTERS, QUERY_CHARACTERS, SavedSearch

EACH_MAX = 20
"""Searches that one account, or one address, may keep."""
_MAC_BYTES = 16


def token_of(row: SavedSearch) -> str:
    """Return the token of a search: 128 bits of HMAC in 26 characters."""
    data = keys.mac("saved-search", f"{row.pk}")[:_MAC_BYTES]
    return base64.b32encode(data).decode().rstrip("=").lower()


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.strip().lower().encode()).digest()


def by_token(token: str) -> SavedSearch:
    """Return the search of a token, over or not. Raises NotFound."""
    row = SavedSearch.objects.select_related("person").filter(token_digest=_digest(token)).first()
    if row is None:
        raise NotFound
    return row


def clean_name(name: str) -> str:
    """Return a name on one line. Raises Invalid when it is too long."""
    words = " ".join(name.split())
    if len(words) > NAME_CHARACTERS:
        said = {"n": len(words), "max": NAME_CHARACTERS}
        raise Invalid({"name": [_("%(n)d characters, the most is %(max)d.") % said]})
    return words


def clean_query(where: str, query: str) -> str:
    """Return what a query asks. Raises Invalid for what asks nothing, or is too long."""
    if where not in SavedSearch.Where.values:
        raise Invalid({"__all__": [_("Start from a page of results.")]})
    kept = running.canonical(where, query[: 2 * QUERY_CHARACTERS])
    if not kept and where == SavedSearch.Where.SITE:
        raise Invalid({"__all__": [_("Write words to search for first.")]})
    if len(kept) > QUERY_CHARACTERS:
        raise Invalid({"__all__": [_("This search has too many filters to be kept.")]})
    return kept


@transaction.atomic
def save(
    *,
    actor: Actor,
    where: str,
    query: str,
    name: str = "",
    email: str = "",
    language: str = "fr",
    ip: str | None = None,
) -> SavedSearch | None:
    """Save a search of the account, confirmed at once; without an account, ask its address.

    Without an account the answer is the same whether the address is known or not: nothing comes
    back. Saved twice, it is saved once. Raises Invalid, Conflict when the account keeps too many,
    TooMany (3 messages an hour to an address, 20 from a network address).
    """
    kept, words = clean_query(where, query), clean_name(name)
    language = language if language in LANGUAGES else LANGUAGES[0]
    fields: dict[str, Any] = {"where": where, "query": kept}
    if actor.person is not None:
        return _of_account(actor.person, fields, words)
    address = clean_email(email)
    limits.take(address, ip)
    rows = SavedSearch.objects.filter(email=address, person=None, ended_at=None)
    row = rows.filter(**fields).first()
    if row is None:
        if rows.count() >= EACH_MAX:
            # Said to the address alone: who asks may be a stranger.
            letters.too_many(address, language).send()
            return None
        row = _new(email=address, language=language, name=words, **fields)
    elif row.confirmed_at is None:
        row.created_at = row.looked_at = timezone.now()
        row.save(update_fields=["created_at", "looked_at"])
    letters.confirm(row, token_of(row)).send()
    return None


def _of_account(person: Person, fields: dict[str, Any], name: str) -> SavedSearch:
    rows = SavedSearch.objects.select_for_update().filter(person=person, ended_at=None)
    kept = list(rows)
    for row in kept:
        if (row.where, row.query) == (fields["where"], fields["query"]):
            return row
    if len(kept) >= EACH_MAX:
        raise Conflict(_("You keep as many searches as the site can run: end one first."))
    now = timezone.now()
    row = _new(person=person, language=person.language, name=name, confirmed_at=now, **fields)
    emit("alert.confirmed", node=None)
    return row


def _new(**fields: Any) -> SavedSearch:
    row = SavedSearch.objects.create(after=running.mark(), **fields)
    row.token_digest = _digest(token_of(row))
    row.save(update_fields=["token_digest"])
    return row


@transaction.atomic
def confirm(token: str, now: datetime | None = None) -> SavedSearch:
    """Confirm the search of a token and return it; twice is once. Raises NotFound, Gone."""
    row = by_token(token)
    if row.ended_at is not None:
        raise Gone(_("This link is no longer valid. Ask for a new one."))
    if row.confirmed_at is None:
        row.confirmed_at = now or timezone.now()
        row.save(update_fields=["confirmed_at"])
        emit("alert.confirmed", node=None)
    return row


def _close(row: SavedSearch, now: datetime) -> None:
    row.ended_at, row.email, row.query, row.name = now, "", "", ""
    row.person = None
    row.save(update_fields=["ended_at", "email", "query", "name", "person"])
    row.told.all().delete()


@transaction.atomic
def end(token: str, *, everything: bool = False) -> int:
    """End the search of a token, or all those of its address; return how many. Twice is once.

    Raises NotFound for a token that never was.
    """
    row = by_token(token)
    if row.ended_at is not None:
        return 0
    if everything:
        return end_all(row.person.email if row.person else row.email)
    _close(row, timezone.now())
    emit("alert.ended", node=None)
    return 1


@transaction.atomic
def end_all(email: str) -> int:
    """End every search told to an address, of an account or not; return how many."""
    now, rows = timezone.now(), SavedSearch.objects.filter(ended_at=None)
    found = [*rows.filter(email__iexact=email), *rows.filter(person__email__iexact=email)]
    for row in found:
        _close(row, now)
        emit("alert.ended", node=None)
    return len(found)


def _own(actor: Actor, row: SavedSearch) -> None:
    if actor.person is None:
        raise SignInNeeded
    by_address = row.confirmed_at is not None and row.email == actor.person.email
    if row.ended_at is not None or (row.person_id != actor.person_id and not by_address):
        raise Forbidden


@transaction.atomic
def rename(*, actor: Actor, search: SavedSearch, name: str) -> SavedSearch:
    """Give one's search another name; empty: what it asks. Raises Forbidden, Invalid."""
    _own(actor, search)
    search.name = clean_name(name)
    search.save(update_fields=["name"])
    return search


@transaction.atomic
def end_own(*, actor: Actor, search: SavedSearch) -> None:
    """End one's search from one's account. Raises Forbidden for another's."""
    _own(actor, search)
    _close(search, timezone.now())
    emit("alert.ended", node=None)


@transaction.atomic
def forget(now: datetime | None = None) -> int:
    """Erase what was never confirmed in seven days; return how many."""
    oldest = (now or timezone.now()) - timedelta(days=UNCONFIRMED_DAYS)
    erased, _rows = SavedSearch.objects.filter(
        confirmed_at=None, ended_at=None, created_at__lte=oldest
    ).delete()
    return erased
