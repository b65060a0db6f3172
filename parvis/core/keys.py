"""HMAC keys by purpose and space, and the receipt codes made with one of them."""

import base64
import hashlib
import hmac
import secrets
from typing import TypeVar
from uuid import UUID

from django.db import transaction
from django.db.models import Model, QuerySet
from django.utils import timezone

from parvis.core.errors import Gone
from parvis.core.models import Key, Node

# Crockford's alphabet: no I, L, O or U, so a code can be read aloud and typed back.
ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_FROM_RFC4648 = str.maketrans("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", ALPHABET)
_AS_TYPED = str.maketrans("OILU", "011V")
CODE_BITS = 80
Row = TypeVar("Row", bound=Model)

_cache: dict[tuple[str, UUID | None], bytes] = {}


def secret(purpose: str, space: Node | UUID | None = None) -> bytes:
    """Return the 32 random bytes of this purpose and space, made at first need.

    Raises Gone once they were destroyed.
    """
    space_id = space.pk if isinstance(space, Node) else space
    if found := _cache.get((purpose, space_id)):
        return found
    # Read first: a transaction would queue each reader behind those who write.
    key = Key.objects.filter(purpose=purpose, space_id=space_id).first()
    if key is None:
        with transaction.atomic():
            key, _made = Key.objects.get_or_create(
                purpose=purpose, space_id=space_id, defaults={"secret": secrets.token_bytes(32)}
            )
    if key.secret is None:
        raise Gone
    value = bytes(key.secret)
    if space_id is None:
        _cache[(purpose, None)] = value
    return value


def destroy(purpose: str, space: Node | UUID) -> None:
    """Destroy a key: what it keyed can no longer be tied to anybody."""
    space_id = space.pk if isinstance(space, Node) else space
    Key.objects.filter(purpose=purpose, space_id=space_id).update(
        secret=None, destroyed_at=timezone.now()
    )


def mac(purpose: str, message: bytes | str, space: Node | UUID | None = None) -> bytes:
    """Return HMAC-SHA256 (32 bytes) of `message` under the key of `purpose`."""
    data = message.encode() if isinstance(message, str) else message
    return hmac.digest(secret(purpose, space), data, hashlib.sha256)


def _check(body: str) -> str:
    """Two characters over the code: any single wrong or swapped character is caught."""
    total = 0
    for character in body:
        total = (total * 37 + ALPHABET.index(character) + 1) % 1021
    return ALPHABET[total // 32] + ALPHABET[total % 32]


def receipt_code(contribution_id: UUID) -> str:
    """Return the receipt code XXXX-XXXX-XXXX-XXXX-XX of a contribution.

    80 bits of HMAC and two check characters. It is computed again when asked, never stored.
    """
    digest = mac("receipt", contribution_id.bytes)[: CODE_BITS // 8]
    body = base64.b32encode(digest).decode().translate(_FROM_RFC4648)
    code = body + _check(body)
    return "-".join(code[i : i + 4] for i in range(0, len(code), 4))


def normalise_code(typed: str) -> str | None:
    """Return a code as 18 characters, or None where what was typed cannot be one."""
    code = "".join(typed.upper().split()).replace("-", "").translate(_AS_TYPED)
    if len(code) != 18 or any(character not in ALPHABET for character in code):
        return None
    return code if _check(code[:16]) == code[16:] else None


def receipt_lookup(code: str) -> int:
    """Return the signed 63-bit number that finds a code's row; it does not give the code back."""
    plain = code.replace("-", "")
    return int.from_bytes(mac("receipt-lookup", plain)[:8]) >> 1


def of_receipt(rows: QuerySet[Row], code: str) -> Row | None:
    """Return the row whose receipt code, as `normalise_code` gives it, is this one, or None.

    The number that finds it is 63 bits of a code of 80: the code itself is compared.
    """
    found = rows.filter(receipt_lookup=receipt_lookup(code))
    return next((row for row in found if receipt_code(row.pk).replace("-", "") == code), None)
