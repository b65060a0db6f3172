"""Identifiers: uuid7, sorted by time of creation (RFC 9562)."""

import secrets
from uuid import UUID

from uuid_utils.compat import uuid7

__all__ = ["new_id", "new_token"]


def new_id() -> UUID:
    """Return a new uuid7. It tells the millisecond it was made: never publish it in microdata."""
    return uuid7()


def new_token(bits: int = 128) -> str:
    """Return an unguessable URL-safe token of `bits` bits."""
    return secrets.token_urlsafe(bits // 8)
