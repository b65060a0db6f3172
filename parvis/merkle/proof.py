"""Inclusion and consistency proofs (RFC 6962 section 2.1, verification after RFC 9162)."""

from collections.abc import Sequence

from parvis.merkle.tree import EMPTY_ROOT, HASH_SIZE, ReadTile, TileTree, node_hash


class ProofError(ValueError):
    """A proof does not prove what it claims, or cannot exist."""


def inclusion(index: int, size: int, read_tile: ReadTile) -> list[bytes]:
    """Return the audit path of leaf `index` in the tree of `size` leaves, leaf side first.

    Raises ProofError unless 0 <= index < size; TreeError if a tile is missing.
    """
    if not 0 <= index < size:
        raise ProofError(f"no leaf {index} in a tree of {size}")
    start, end = 0, size
    ranges: list[tuple[int, int]] = []
    while end - start > 1:
        middle = start + _split(end - start)
        if index < middle:
            ranges.append((middle, end))
            end = middle
        else:
            ranges.append((start, middle))
            start = middle
    return _hashes(ranges, size, read_tile)


def consistency(old: int, new: int, read_tile: ReadTile) -> list[bytes]:
    """Return the proof that the tree of `new` leaves extends the tree of `old` leaves.

    Empty for old = 0 and old = new. Raises ProofError unless 0 <= old <= new; TreeError.
    """
    if not 0 <= old <= new:
        raise ProofError(f"a tree of {new} does not extend a tree of {old}")
    if old == 0:
        return []
    start, end, left_only = 0, new, True
    ranges: list[tuple[int, int]] = []
    while old < end:
        middle = start + _split(end - start)
        if old <= middle:
            ranges.append((middle, end))
            end = middle
        else:
            ranges.append((start, middle))
            start, left_only = middle, False
    if not left_only:
        ranges.append((start, end))
    return _hashes(ranges, new, read_tile)


def verify_inclusion(
    *, index: int, size: int, leaf: bytes, root: bytes, proof: Sequence[bytes]
) -> None:
    """Check that the leaf hash `leaf` is at `index` in the tree of `size` leaves with `root`.

    Raises ProofError otherwise.
    """
    if not 0 <= index < size:
        raise ProofError(f"no leaf {index} in a tree of {size}")
    _check_sizes(proof)
    node, last, result = index, size - 1, leaf
    for sibling in proof:
        if last == 0:
            raise ProofError("proof too long")
        if node & 1 or node == last:
            result = node_hash(sibling, result)
            # A node without right sibling is promoted until it becomes one.
            while not node & 1 and node:
                node, last = node >> 1, last >> 1
        else:
            result = node_hash(result, sibling)
        node, last = node >> 1, last >> 1
    if last:
        raise ProofError("proof too short")
    if result != root:
        raise ProofError(f"leaf {index} is not in the tree of {size} leaves with this root")


def verify_consistency(
    *, old: int, new: int, old_root: bytes, new_root: bytes, proof: Sequence[bytes]
) -> None:
    """Check that the tree (`new`, `new_root`) extends the tree (`old`, `old_root`).

    Raises ProofError otherwise.
    """
    if not 0 <= old <= new:
        raise ProofError(f"a tree of {new} does not extend a tree of {old}")
    _check_sizes(proof)
    if old == 0 or old == new:
        if proof:
            raise ProofError("proof too long")
        if old_root != (EMPTY_ROOT if old == 0 else new_root):
            raise ProofError(f"two different roots for {old} leaves")
        return
    hashes = list(proof)
    if old & (old - 1) == 0:
        hashes.insert(0, old_root)
    if not hashes:
        raise ProofError("proof too short")
    node, last = old - 1, new - 1
    while node & 1:
        node, last = node >> 1, last >> 1
    old_result = new_result = hashes[0]
    for sibling in hashes[1:]:
        if last == 0:
            raise ProofError("proof too long")
        if node & 1 or node == last:
            old_result = node_hash(sibling, old_result)
            new_result = node_hash(sibling, new_result)
            while not node & 1 and node:
                node, last = node >> 1, last >> 1
        else:
            new_result = node_hash(new_result, sibling)
        node, last = node >> 1, last >> 1
    if last:
        raise ProofError("proof too short")
    if old_result != old_root or new_result != new_root:
        raise ProofError(f"the tree of {new} leaves does not extend the tree of {old} leaves")


def _split(count: int) -> int:
    """Return the largest power of two below `count` (count > 1)."""
    return 1 << (count - 1).bit_length() - 1


def _hashes(ranges: list[tuple[int, int]], size: int, read_tile: ReadTile) -> list[bytes]:
    tree = TileTree(size, read_tile)
    return [tree.range_root(start, end) for start, end in reversed(ranges)]


def _check_sizes(proof: Sequence[bytes]) -> None:
    if any(len(digest) != HASH_SIZE for digest in proof):
        raise ProofError("a hash of the proof has not 32 bytes")
