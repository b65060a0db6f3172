"""Tree, tiles and proofs against a naive tree written straight from RFC 6962."""

import hashlib
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from parvis.merkle import proof
from parvis.merkle.proof import ProofError, verify_consistency, verify_inclusion
from parvis.merkle.tree import (
    Tile,
    TileTree,
    TreeError,
    TreeState,
    decode_bundle,
    encode_bundle,
    leaf_hash,
    new_tiles,
    node_hash,
    parse_path,
    root,
    tile_at,
    tile_reader,
)

SIZES = st.one_of(st.integers(1, 40), st.integers(250, 800))
LEAVES = [leaf_hash(str(i).encode()) for i in range(800)]


def naive_root(leaves):
    if not leaves:
        return hashlib.sha256(b"").digest()
    if len(leaves) == 1:
        return leaves[0]
    k = 1
    while k * 2 < len(leaves):
        k *= 2
    return hashlib.sha256(b"\x01" + naive_root(leaves[:k]) + naive_root(leaves[k:])).digest()


def naive_path(m, leaves):
    if len(leaves) == 1:
        return []
    k = 1
    while k * 2 < len(leaves):
        k *= 2
    if m < k:
        return [*naive_path(m, leaves[:k]), naive_root(leaves[k:])]
    return [*naive_path(m - k, leaves[k:]), naive_root(leaves[:k])]


def naive_consistency(m, leaves, whole=True):
    if m == len(leaves):
        return [] if whole else [naive_root(leaves)]
    k = 1
    while k * 2 < len(leaves):
        k *= 2
    if m <= k:
        return [*naive_consistency(m, leaves[:k], whole), naive_root(leaves[k:])]
    return [*naive_consistency(m - k, leaves[k:], False), naive_root(leaves[:k])]


def naive_tile(leaves, level, index, width):
    span = 256**level
    first = index * 256
    return b"".join(
        naive_root(leaves[(first + i) * span : (first + i + 1) * span]) for i in range(width)
    )


def read_naively(leaves):
    return lambda level, index, width: naive_tile(leaves, level, index, width)


@given(st.lists(st.integers(0, 300), max_size=6))
def test_growth_writes_exactly_the_tiles_of_the_tree(steps):
    state = TreeState()
    for step in steps:
        size = min(state.size + step, len(LEAVES))
        before = state.size
        written = state.append(LEAVES[before:size])
        assert [tile for tile, _ in written] == new_tiles(before, size)
        for tile, data in written:
            assert data == naive_tile(LEAVES[:size], tile.level, tile.index, tile.width)
            assert tile_at(tile.level, tile.index, size) == tile
        assert state.root() == naive_root(LEAVES[:size]) == root(LEAVES[:size])
        assert TreeState.load(size, read_naively(LEAVES[:size])).root() == state.root()


@given(SIZES, st.data())
def test_inclusion_against_the_naive_tree(size, data):
    index = data.draw(st.integers(0, size - 1))
    leaves = LEAVES[:size]
    hashes = proof.inclusion(index, size, read_naively(leaves))
    assert hashes == naive_path(index, leaves)
    given_root = naive_root(leaves)
    verify_inclusion(index=index, size=size, leaf=leaves[index], root=given_root, proof=hashes)
    wrong = data.draw(st.integers(0, size - 1).filter(lambda i: i != index or size == 1))
    cases = [
        {"leaf": leaf_hash(b"other")},
        {"root": leaf_hash(b"other")},
        {"proof": [*hashes, leaves[0]]},
    ]
    if size > 1:
        cases += [{"index": wrong}, {"proof": hashes[:-1]}, {"proof": [*hashes[::-1], b"\0" * 32]}]
    right = {"index": index, "size": size, "leaf": leaves[index], "root": given_root}
    for change in cases:
        with pytest.raises(ProofError):
            verify_inclusion(**({**right, "proof": hashes} | change))


@given(SIZES, st.data())
def test_consistency_against_the_naive_tree(new, data):
    old = data.draw(st.integers(0, new))
    leaves = LEAVES[:new]
    hashes = proof.consistency(old, new, read_naively(leaves))
    assert hashes == ([] if old == 0 else naive_consistency(old, leaves))
    right = {
        "old": old,
        "new": new,
        "old_root": naive_root(leaves[:old]),
        "new_root": naive_root(leaves),
        "proof": hashes,
    }
    verify_consistency(**right)
    for change in (
        {"old_root": leaf_hash(b"other")},
        {"proof": [*hashes, leaves[0]]},
        {"old": new + 1},
    ):
        with pytest.raises(ProofError):
            verify_consistency(**(right | change))
    if hashes:
        for change in ({"proof": hashes[:-1]}, {"new_root": leaf_hash(b"other")}):
            with pytest.raises(ProofError):
                verify_consistency(**(right | change))


@given(SIZES, st.data())
def test_a_changed_old_leaf_is_never_consistent(new, data):
    old = data.draw(st.integers(1, new))
    changed = data.draw(st.integers(0, old - 1))
    other = list(LEAVES[:new])
    other[changed] = leaf_hash(b"rewritten")
    with pytest.raises(ProofError):
        verify_consistency(
            old=old,
            new=new,
            old_root=naive_root(LEAVES[:old]),
            new_root=naive_root(other),
            proof=naive_consistency(old, other),
        )


@given(st.integers(-1, 63), st.integers(0, 10**12), st.integers(1, 256))
def test_paths_round_trip(level, index, width):
    tile = Tile(level, index, width)
    assert parse_path(tile.path) == tile


@pytest.mark.parametrize(
    "path",
    [
        "tile/0/0",
        "tile/0/0000",
        "tile/0/x000/001",
        "tile/00/000",
        "tile/64/000",
        "tile/0/000.p/0",
        "tile/0/000.p/256",
        "tile/0/000.p/01",
        "tile/0/000.p/",
        "tile/0/001/x001",
        "tile/0/../000",
        "tile/0/000.p/8/000",
        "tile/data/000",
        "checkpoint",
        "",
        "tile/0/\u0660\u0660\u0660",
    ],
)
def test_other_spellings_of_a_path_are_refused(path):
    with pytest.raises(TreeError):
        parse_path(path)


@given(st.lists(st.binary(max_size=300), max_size=30))
def test_bundles_round_trip(entries):
    raw = encode_bundle(entries)
    assert decode_bundle(raw, len(entries)) == entries
    with pytest.raises(TreeError):
        decode_bundle(raw, len(entries) + 1)
    if entries:
        with pytest.raises(TreeError):
            decode_bundle(raw[:-1], len(entries))


def test_limits():
    assert len(encode_bundle([b"x" * 65_535])) == 65_537
    with pytest.raises(TreeError):
        encode_bundle([b"x" * 65_536])
    with pytest.raises(TreeError):
        encode_bundle([b""] * 257)
    with pytest.raises(TreeError):
        TreeState().append([b"short"])
    with pytest.raises(TreeError):
        new_tiles(5, 4)
    with pytest.raises(TreeError):
        tile_at(0, 3, 700)
    with pytest.raises(ProofError):
        proof.inclusion(3, 3, read_naively(LEAVES[:3]))
    with pytest.raises(ProofError):
        proof.consistency(4, 3, read_naively(LEAVES[:3]))


def test_ranges_that_are_no_subtree_are_refused():
    whole = TileTree(800, read_naively(LEAVES))
    assert whole.range_root(512, 800) == naive_root(LEAVES[512:800])
    for start, end in ((2, 6), (1, 3), (0, 801), (5, 4)):
        with pytest.raises(TreeError):
            whole.range_root(start, end)


def test_partial_tile_falls_back_to_the_full_one():
    full = naive_tile(LEAVES, 0, 0, 256)
    read_tile = tile_reader({"tile/0/000": full}.get)
    assert read_tile(0, 0, 7) == full[: 7 * 32]
    for files in ({}, {"tile/0/000": full[:-1]}, {"tile/0/000.p/7": full[: 6 * 32]}):
        with pytest.raises(TreeError):
            tile_reader(files.get)(0, 0, 7)


def test_a_copy_grows_alone():
    state = TreeState()
    state.append(LEAVES[:300])
    twin = state.copy()
    twin.append(LEAVES[300:400])
    assert state.root() == naive_root(LEAVES[:300])
    assert twin.root() == naive_root(LEAVES[:400])


def test_a_million_leaves_never_rehash_everything():
    """Equal leaves make every node of one height equal: tiles of any log can be computed."""
    heights = [leaf_hash(b"same")]
    while len(heights) < 32:
        heights.append(node_hash(heights[-1], heights[-1]))
    read = []

    def read_tile(level, index, width):
        read.append((level, index))
        return heights[8 * level] * width

    size, index = 1_000_003, 777_777
    start = time.perf_counter()
    hashes = proof.inclusion(index, size, read_tile)
    assert time.perf_counter() - start < 0.02
    assert len(read) <= 6
    tree_root = TileTree(size, read_tile).root()
    verify_inclusion(index=index, size=size, leaf=heights[0], root=tree_root, proof=hashes)
    read.clear()
    state = TreeState.load(size, read_tile)
    assert len(read) == 3
    assert state.root() == tree_root
    assert len(state.append([heights[0]] * 300)) == 3
    assert state.root() == TileTree(size + 300, read_tile).root()
    read.clear()
    hashes = proof.consistency(size, size + 300, read_tile)
    assert len(read) <= 6
    verify_consistency(
        old=size, new=size + 300, old_root=tree_root, new_root=state.root(), proof=hashes
    )


@settings(deadline=None)
@given(st.integers(1, 800))
def test_tile_tree_gives_every_earlier_root(size):
    whole = TileTree(800, read_naively(LEAVES))
    assert whole.range_root(0, size) == naive_root(LEAVES[:size])
