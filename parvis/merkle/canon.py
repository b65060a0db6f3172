"""Canonical JSON: RFC 8785 restricted to strings, integers, booleans, arrays and objects.

No null, no float; keys are printable ASCII; integers stay within 2^53 - 1 (RFC 7493), so that
every language reads the same numbers.
"""

import json
from typing import NoReturn, TypeAlias

import rfc8785

Json: TypeAlias = "str | int | bool | list[Json] | dict[str, Json]"

INT_MAX = 2**53 - 1
# Nothing we write nests deeper than 4; the limit keeps a hostile leaf from exhausting the stack.
DEPTH_MAX = 64


class CanonError(ValueError):
    """The value or the bytes are outside the restricted canonical JSON."""


def encode(value: object) -> bytes:
    """Return the canonical UTF-8 bytes of `value` (dict, list, tuple, str, int, bool).

    Raises CanonError for null, floats, integers beyond 2^53 - 1, keys that are not printable
    ASCII, lone surrogates, nesting beyond DEPTH_MAX, or any other type.
    """
    _check(value, 0)
    try:
        return rfc8785.dumps(value)  # type: ignore[arg-type]
    except rfc8785.CanonicalizationError as error:
        raise CanonError(str(error)) from error


def decode(raw: bytes) -> Json:
    """Return the value spelled by `raw`; raises CanonError unless `raw` is its canonical form."""
    value = parse(raw)
    if encode(value) != raw:
        raise CanonError("the bytes are not the canonical form of their value")
    return value


def parse(raw: bytes) -> Json:
    """Return the value of any JSON text inside the restriction, canonical or not.

    Only for showing or recounting a leaf already refused by `decode`.
    Raises CanonError if `raw` is not UTF-8 JSON or holds a float.
    """
    try:
        return json.loads(  # type: ignore[no-any-return]
            raw.decode("utf-8"), parse_float=_refuse, parse_constant=_refuse
        )
    except CanonError:
        raise
    except (UnicodeDecodeError, ValueError) as error:
        raise CanonError(f"not JSON: {error}") from error
    except RecursionError:
        raise CanonError("nested too deep") from None


def _refuse(literal: str) -> NoReturn:
    raise CanonError(f"{literal[:20]} is not an integer")


def _check(value: object, depth: int) -> None:
    if isinstance(value, str | bool):
        return
    if isinstance(value, int):
        if not -INT_MAX <= value <= INT_MAX:
            raise CanonError("integer beyond 2^53 - 1")
        return
    if depth == DEPTH_MAX:
        raise CanonError("nested too deep")
    if isinstance(value, dict):
        for key, member in value.items():
            if not isinstance(key, str) or not (key.isascii() and key.isprintable()):
                raise CanonError(f"key {key!r:.40} is not printable ASCII")
            _check(member, depth + 1)
    elif isinstance(value, list | tuple):
        for member in value:
            _check(member, depth + 1)
    else:
        raise CanonError(f"{type(value).__name__} is not allowed")
