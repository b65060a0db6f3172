"""Every published vector, byte for byte."""

import base64
import json
from pathlib import Path

import pytest

from parvis.merkle import b64, canon, checkpoint, commit, leaf, proof, tlogproof, tree
from parvis.merkle.checkpoint import Checkpoint
from parvis.merkle.note import COSIGNATURE_V1, Signer, parse_note, parse_vkey
from parvis.merkle.source import FolderSource
from parvis.merkle.tree import Tile, TileTree, TreeState, leaf_hash, parse_path, tile_reader

VECTORS = Path(__file__).parent / "vectors"
LOG = FolderSource(VECTORS / "log")
VKEY = (VECTORS / "log.vkey").read_text()
WITNESSES = (VECTORS / "witness.vkeys").read_text().split()
CHECKPOINTS = sorted((VECTORS / "checkpoints").iterdir(), key=lambda p: int(p.name))
PROOFS = sorted((VECTORS / "proofs").iterdir(), key=lambda p: int(p.stem))


def log_entries() -> list[bytes]:
    entries: list[bytes] = []
    for index, width in ((0, 256), (1, 256), (2, 188)):
        raw = LOG.read(Tile(-1, index, width).path)
        assert raw is not None
        bundle = tree.decode_bundle(raw, width)
        assert tree.encode_bundle(bundle) == raw
        entries += bundle
    return entries


@pytest.fixture(scope="module")
def big_tree():
    """The tree of trees.json: 70,000 leaves, with the tiles of every growth step kept."""
    state, tiles, roots = TreeState(), {}, {}
    steps = [*range(10), 15, 16, 17, 31, 32, 33, 255, 256, 257, 511, 512, 513]
    steps += [65535, 65536, 65537, 70000]
    for size in steps:
        hashes = [leaf_hash(f"entry {i}".encode()) for i in range(state.size, size)]
        for tile, data in state.append(hashes):
            tiles[tile] = data
        roots[size] = state.root()
    return tiles, roots


def reader(tiles):
    def read_tile(level, index, width):
        full = tiles.get(Tile(level, index))
        data = tiles.get(Tile(level, index, width)) or full
        assert data is not None
        return data[: width * 32]

    return read_tile


def test_roots(trees, big_tree):
    tiles, roots = big_tree
    assert len(trees["roots"]) == 26
    for size, root in trees["roots"].items():
        assert b64.encode(roots[int(size)]) == root
        assert b64.encode(TileTree(int(size), reader(tiles)).root()) == root


def test_inclusion_proofs(trees, big_tree):
    tiles, _ = big_tree
    assert len(trees["inclusion"]) == 16
    for case in trees["inclusion"]:
        index, size = case["index"], case["size"]
        hashes = proof.inclusion(index, size, reader(tiles))
        assert [b64.encode(h) for h in hashes] == case["proof"]
        proof.verify_inclusion(
            index=index,
            size=size,
            leaf=leaf_hash(f"entry {index}".encode()),
            root=b64.decode(trees["roots"][str(size)]),
            proof=hashes,
        )


def test_consistency_proofs(trees, big_tree):
    tiles, _ = big_tree
    assert len(trees["consistency"]) == 14
    for case in trees["consistency"]:
        old, new = case["old"], case["new"]
        hashes = proof.consistency(old, new, reader(tiles))
        assert [b64.encode(h) for h in hashes] == case["proof"]
        small = TreeState()
        small.append(leaf_hash(f"entry {i}".encode()) for i in range(old))
        big = TreeState()
        big.append(leaf_hash(f"entry {i}".encode()) for i in range(new))
        proof.verify_consistency(
            old=old, new=new, old_root=small.root(), new_root=big.root(), proof=hashes
        )


def test_tile_paths(trees):
    assert len(trees["paths"]) == 6
    for path, at in trees["paths"].items():
        tile = Tile(at["level"], at["n"], at["width"])
        assert tile.path == path
        assert parse_path(path) == tile


def test_log_tiles_and_root():
    state = TreeState()
    tiles = dict(state.append(leaf_hash(entry) for entry in log_entries()))
    on_disk = {
        str(file.relative_to(VECTORS / "log")): file.read_bytes()
        for file in (VECTORS / "log" / "tile").rglob("*")
        if file.is_file() and "entries" not in file.parts
    }
    assert {tile.path: data for tile, data in tiles.items()} == on_disk
    signed = checkpoint.open_checkpoint((VECTORS / "log/checkpoint").read_bytes(), VKEY)
    assert signed.head.root == state.root()
    again = TreeState.load(700, tile_reader(LOG.read))
    assert again.root() == state.root()


def test_every_leaf_is_rebuilt_byte_for_byte():
    for entry in log_entries():
        found = leaf.parse(entry)
        rebuilt = leaf.build(
            kind=found.kind, on=found.on, at=found.at, ref=found.ref, c=found.c, d=found.d
        )
        assert rebuilt == entry


@pytest.mark.parametrize("path", CHECKPOINTS, ids=lambda p: p.name)
def test_earlier_checkpoints(path, keys):
    raw = path.read_bytes()
    signed = checkpoint.open_checkpoint(raw, VKEY)
    assert signed.head.size == int(path.name)
    read_tile = tile_reader(LOG.read)
    # Partial tiles of old sizes are gone: the log of 700 answers for them.
    assert TileTree(700, read_tile).range_root(0, signed.head.size) == signed.head.root
    signer = Signer(keys["origin"], bytes.fromhex(keys["seed_hex"]))
    assert checkpoint.sign(signed.head, [signer]) == raw


def test_signatures_reproduced(keys):
    raw = (VECTORS / "log/checkpoint").read_bytes()
    signer = Signer(keys["origin"], bytes.fromhex(keys["seed_hex"]))
    assert signer.verifier.vkey == keys["vkey"] == VKEY.strip()
    note = parse_note(raw)
    head = checkpoint.parse_text(note.text)
    made = checkpoint.sign(Checkpoint(head.origin, head.size, head.root), [signer])
    for witness, signature in zip(keys["witnesses"], note.signatures[1:], strict=True):
        cosigner = Signer(
            witness["name"], bytes.fromhex(witness["seed_hex"]), algorithm=COSIGNATURE_V1
        )
        assert cosigner.verifier.vkey == witness["vkey"] in WITNESSES
        timestamp = int.from_bytes(signature.raw[:8], "big")
        made = checkpoint.add_signatures(made, [cosigner.sign(note.text, timestamp=timestamp)])
    assert made == raw


def test_vkeys():
    for vkey in [VKEY.strip(), *WITNESSES]:
        assert parse_vkey(vkey).vkey == vkey


@pytest.mark.parametrize("path", PROOFS, ids=lambda p: p.stem)
def test_receipts(path):
    raw = path.read_bytes()
    receipt = tlogproof.verify(raw, VKEY, witnesses=WITNESSES, witnesses_min=2)
    assert receipt.index == int(path.stem)
    assert receipt.entry == log_entries()[receipt.index]
    assert set(receipt.openings) == set(receipt.leaf.c)
    rebuilt = tlogproof.make(
        entry=receipt.entry,
        openings=receipt.openings,
        index=receipt.index,
        hashes=proof.inclusion(receipt.index, 700, tile_reader(LOG.read)),
        signed_checkpoint=receipt.checkpoint.raw,
    )
    assert rebuilt == raw


def test_openings():
    entries = log_entries()
    lines = (VECTORS / "openings.jsonl").read_bytes().splitlines()
    assert len(lines) == 256
    for line in lines:
        value = canon.decode(line)
        found = leaf.parse(entries[value["index"]])
        opening = commit.from_json(value)
        commit.verify(found.kind, value["part"], opening, found.c[value["part"]])


def test_ballots():
    listed = set()
    for entry in log_entries():
        found = leaf.parse(entry)
        if found.kind == "vote.batch":
            listed |= set(found.d["ballots"])
    made = []
    for line in (VECTORS / "ballots.jsonl").read_bytes().splitlines():
        value = json.loads(line)
        opening = commit.open_value(
            {"choices": value["choices"]}, salt=base64.b64decode(value["salt"])
        )
        made.append(commit.commitment("vote.batch", "ballot", opening))
    assert made == sorted(made)
    assert {b64.encode(c) for c in made} == listed
    assert len(made) == 63
