"""Sets of row numbers as bytes, by blocks of 8,192 rows.

A block with few rows is their offsets as little-endian 16-bit integers; with 512 or more, a
bitmap of 1,024 bytes. Same idea as Chambi, Lemire, Kaser, Godin, "Better bitmap performance with
Roaring bitmaps", Software: Practice and Experience 46(5), 2016.
"""

import struct
from collections.abc import Iterable, Sequence

import numpy as np

SIZE = 8_192
_BITMAP_BYTES = SIZE // 8


def pack(offsets: Iterable[int]) -> bytes:
    """Return some offsets within a block (0 to 8,191) as bytes, each once."""
    kept = sorted(set(offsets))
    if 2 * len(kept) < _BITMAP_BYTES:
        return struct.pack(f"<{len(kept)}H", *kept)
    flags = np.zeros(SIZE, dtype=bool)
    flags[kept] = True
    return np.packbits(flags, bitorder="little").tobytes()


def unpack(data: bytes) -> np.ndarray:
    """Return the offsets that these bytes hold, in order."""
    if len(data) < _BITMAP_BYTES:
        return np.frombuffer(data, dtype="<u2")
    flags = np.unpackbits(np.frombuffer(data, dtype=np.uint8), bitorder="little")
    return np.flatnonzero(flags).astype("<u2")


def rows(blocks: Sequence[int], datas: Sequence[bytes]) -> tuple[np.ndarray, np.ndarray]:
    """Return (row numbers, which of the given pieces each came from)."""
    if not datas:
        return np.empty(0, np.int32), np.empty(0, np.int32)
    parts = [data if len(data) < _BITMAP_BYTES else unpack(data).tobytes() for data in datas]
    offsets = np.frombuffer(b"".join(parts), dtype="<u2").astype(np.int32)
    counts = np.fromiter((len(part) // 2 for part in parts), dtype=np.int64, count=len(parts))
    pieces = np.repeat(np.arange(len(parts), dtype=np.int32), counts)
    bases = np.asarray(blocks, dtype=np.int32) * SIZE
    return offsets + bases[pieces], pieces
