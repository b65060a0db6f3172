"""Salted commitments: a leaf binds to a text it does not show, and forgets it on erasure.

commitment = HMAC-SHA256(key = salt, message = kind LF part LF payload). Without the 32 random
bytes of salt nothing can be guessed from the commitment, even for a short payload; destroying
salt and payload erases the text and leaves the tree valid.
"""

import hashlib
import hmac
import secrets
from dataclasses import dataclass

from parvis.merkle import b64, canon

SALT_SIZE = 32
COMMITMENT_SIZE = 32


class CommitError(ValueError):
    """An opening is malformed or does not match its commitment."""


@dataclass(frozen=True, slots=True)
class Opening:
    """What reveals one part of a leaf: canonical JSON `payload` and its 32-byte `salt`."""

    payload: bytes
    salt: bytes


def new_salt() -> bytes:
    """Return 32 fresh bytes from the system's generator: one salt per part, never reused."""
    return secrets.token_bytes(SALT_SIZE)


def commitment(kind: str, part: str, opening: Opening) -> bytes:
    """Return the 32-byte commitment of one part of a leaf of this kind.

    Raises CommitError if the salt has not 32 bytes, or a name holds a line feed (the message
    would then have two readings).
    """
    if len(opening.salt) != SALT_SIZE:
        raise CommitError(f"salt of {len(opening.salt)} bytes where {SALT_SIZE} are expected")
    if "\n" in kind or "\n" in part:
        raise CommitError("line feed in a kind or part name")
    message = f"{kind}\n{part}\n".encode() + opening.payload
    return hmac.digest(opening.salt, message, hashlib.sha256)


def open_value(value: canon.Json, *, salt: bytes | None = None) -> Opening:
    """Return the opening of `value`: its canonical JSON, and `salt` or a fresh one."""
    return Opening(canon.encode(value), new_salt() if salt is None else salt)


def verify(kind: str, part: str, opening: Opening, expected: bytes) -> None:
    """Check one opening against its commitment.

    Raises CommitError if it does not match, or if the payload is not canonical JSON.
    """
    if not hmac.compare_digest(commitment(kind, part, opening), expected):
        raise CommitError(f"the opening of {part} does not match its commitment")
    try:
        canon.decode(opening.payload)
    except canon.CanonError as error:
        raise CommitError(f"the payload of {part} is not canonical: {error}") from error


def to_json(opening: Opening) -> dict[str, str]:
    """Return `{"payload", "salt"}` as written in receipts and `openings.jsonl`."""
    return {
        "payload": opening.payload.decode("utf-8"),
        "salt": b64.encode(opening.salt),
    }


def from_json(value: object) -> Opening:
    """Return the opening written by `to_json` (other members ignored); raises CommitError."""
    if not isinstance(value, dict):
        raise CommitError("an opening is an object")
    payload, salt = value.get("payload"), value.get("salt")
    if not isinstance(payload, str) or not isinstance(salt, str):
        raise CommitError("an opening has a payload and a salt, both strings")
    try:
        return Opening(payload.encode("utf-8"), b64.decode(salt, size=SALT_SIZE))
    except ValueError as error:
        raise CommitError(f"salt or payload: {error}") from error
