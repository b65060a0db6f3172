"""Tokens of the links in messages: HMACs, printed again when needed and never stored."""

import base64
import hashlib
import hmac
from uuid import UUID

from parvis.core import keys
from parvis.core.errors import NotFound
from parvis.core.models import Person
from parvis.notify.models import Subscription

_MAC_BYTES = 16


def _text(data: bytes) -> str:
    return base64.b32encode(data).decode().rstrip("=").lower()


def of_subscription(subscription: Subscription) -> str:
    """Return the token of a subscription: 128 bits in 26 characters."""
    return _text(keys.mac("subscription", f"{subscription.pk}")[:_MAC_BYTES])


def digest(token: str) -> bytes:
    """Return the 32 bytes that find the row of a token."""
    return hashlib.sha256(token.strip().lower().encode()).digest()


def of_person(person: Person) -> str:
    """Return the token that stops the notices of an account: its id and 128 bits of HMAC."""
    return _text(person.pk.bytes + keys.mac("follower", person.pk.bytes)[:_MAC_BYTES])


def resolve(token: str) -> Subscription | Person:
    """Return what a token is about. Raises NotFound."""
    token = token.strip().lower()
    if len(token) == 26:
        row = Subscription.objects.select_related("node").filter(token_digest=digest(token)).first()
        if row is not None:
            return row
    elif len(token) == 52:
        try:
            data = base64.b32decode(token.upper() + "=" * (-len(token) % 8))
        except ValueError:
            raise NotFound from None
        if hmac.compare_digest(keys.mac("follower", data[:16])[:_MAC_BYTES], data[16:]):
            person = Person.objects.filter(pk=UUID(bytes=data[:16])).first()
            if person is not None:
                return person
    raise NotFound


def mailbox_digest(email: str) -> bytes:
    """Return the keyed digest of an address."""
    return keys.mac("mailbox", email.strip().lower())
