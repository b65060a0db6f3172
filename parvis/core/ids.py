"""Identifiers: uuid7, sorted by time of creation (RFC 9562)."""

import secrets
from typing import Any
from uuid import UUID

from django.db import connection
from uuid_utils.compat import uuid7

__all__ = ["as_id", "new_id", "new_token", "stored"]


def new_id() -> UUID:
    """Return a new uuid7. It tells the millisecond it was made: never publish it in microdata."""
    return uuid7()


def stored(identifier: UUID) -> Any:
    """Return an id as the database keeps it, for SQL written by hand: SQLite has text."""
    return identifier if connection.features.has_native_uuid_field else identifier.hex


def as_id(kept: Any) -> UUID:
    """Return the id of what SQL written by hand read."""
    return kept if isinstance(kept, UUID) else UUID(kept)


def new_token(bits: int = 128) -> str:
    """Return an unguessable URL-safe token of `bits` bits."""
    return secrets.token_urlsafe(bits // 8)
