"""Strict base64 (RFC 4648 section 4): one spelling per value."""

import base64
import binascii


def encode(data: bytes) -> str:
    """Return `data` in standard base64 with padding."""
    return base64.b64encode(data).decode("ascii")


def decode(text: str, *, size: int | None = None) -> bytes:
    """Return the bytes spelled by `text`.

    Raises ValueError if `text` is not the only standard spelling (alphabet, padding, trailing
    bits), or if `size` is given and the result has another length in bytes.
    """
    try:
        data = base64.b64decode(text.encode("ascii"), validate=True)
    except (UnicodeEncodeError, binascii.Error) as error:
        raise ValueError("not standard base64") from error
    # Two spellings of one hash would let two different leaves claim the same commitment.
    if encode(data) != text:
        raise ValueError("base64 with stray trailing bits")
    if size is not None and len(data) != size:
        raise ValueError(f"{len(data)} bytes where {size} are expected")
    return data
