"""Reading the published register from its files: what pages and proofs show is what is signed."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from parvis.ledger.store import Store
from parvis.merkle import leaf as merkle_leaf
from parvis.merkle import proof
from parvis.merkle.checkpoint import CheckpointError, SignedCheckpoint, open_checkpoint
from parvis.merkle.tree import (
    ENTRIES_LEVEL,
    TILE_WIDTH,
    Tile,
    TreeError,
    decode_bundle,
    leaf_hash,
    tile_at,
    tile_reader,
)


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of the register, as signed."""

    index: int
    raw: bytes
    kind: str
    on: str
    at: datetime
    ref: int | None
    facts: Mapping[str, Any]

    @property
    def hash(self) -> str:
        """RFC 6962 leaf hash, 64 hexadecimal digits."""
        return leaf_hash(self.raw).hex()


def published(store: Store | None = None) -> SignedCheckpoint | None:
    """Return the published head, verified with our own key; None before the first one.

    Raises CheckpointError if the file is not what we signed.
    """
    store = store or Store.here()
    raw = store.read("checkpoint")
    return None if raw is None else open_checkpoint(raw, store.verifier)


def raw_entries(store: Store, start: int, end: int, size: int) -> list[bytes]:
    """Return the bytes of entries `start` to `end` - 1 of a register of `size`.

    Raises TreeError if a bundle is missing or cut.
    """
    found: list[bytes] = []
    for index in range(start // TILE_WIDTH, -(-end // TILE_WIDTH)):
        width = tile_at(0, index, size).width
        tile = Tile(ENTRIES_LEVEL, index, width)
        raw = store.read(tile.path) or store.read(Tile(ENTRIES_LEVEL, index).path)
        if raw is None:
            raise TreeError(f"{tile.path} is missing")
        first = index * TILE_WIDTH
        found += decode_bundle(raw, width)[max(0, start - first) : end - first]
    return found


def entries(start: int, end: int) -> list[Entry]:
    """Return the published entries from `start` to `end` - 1, as many as there are."""
    store = Store.here()
    head = published(store)
    if head is None:
        return []
    start, end = max(0, start), min(end, head.head.size)
    if start >= end:
        return []
    raws = raw_entries(store, start, end, head.head.size)
    return [_entry(index, raw) for index, raw in enumerate(raws, start)]


def _entry(index: int, raw: bytes) -> Entry:
    leaf = merkle_leaf.parse(raw)
    at = datetime.fromtimestamp(leaf.at_s, UTC)
    return Entry(index, raw, leaf.kind, leaf.on, at, leaf.ref, leaf.d)


@dataclass(frozen=True, slots=True)
class Inclusion:
    """An entry with the hashes that tie it to the published head."""

    entry: bytes
    index: int
    hashes: tuple[bytes, ...]
    checkpoint: SignedCheckpoint


def inclusion(index: int) -> Inclusion | None:
    """Return the proof that entry `index` is in the published register; None if it is not yet.

    Raises ProofError or TreeError if the files do not prove it: they were damaged.
    """
    store = Store.here()
    try:
        signed = published(store)
    except CheckpointError as error:
        raise TreeError(str(error)) from error
    if signed is None or index >= signed.head.size:
        return None
    size = signed.head.size
    (entry,) = raw_entries(store, index, index + 1, size)
    hashes = proof.inclusion(index, size, tile_reader(store.read))
    # A damaged tile must not become a receipt that fails in somebody's hands.
    proof.verify_inclusion(
        index=index, size=size, leaf=leaf_hash(entry), root=signed.head.root, proof=hashes
    )
    return Inclusion(entry, index, tuple(hashes), signed)
