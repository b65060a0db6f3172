"""The published vectors, and a small ledger written in a folder for the tests of bad logs."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from parvis.merkle import b64, checkpoint, commit, leaf
from parvis.merkle.checkpoint import Checkpoint
from parvis.merkle.note import Signer
from parvis.merkle.tree import (
    ENTRIES_LEVEL,
    TILE_WIDTH,
    Tile,
    TreeState,
    encode_bundle,
    leaf_hash,
    new_tiles,
)

VECTORS = Path(__file__).parent / "vectors"
ORIGIN = "test.parvis.example/ledger"
CONSULTATION = "consultation/park"


@pytest.fixture(scope="session")
def vectors() -> Path:
    return VECTORS


@pytest.fixture(scope="session")
def keys() -> dict:
    return json.loads((VECTORS / "keys.json").read_text())


@pytest.fixture(scope="session")
def trees() -> dict:
    return json.loads((VECTORS / "trees.json").read_text())


@dataclass
class MemoryLedger:
    """A ledger in memory: add leaves (legal or not), publish, read as a Source."""

    signer: Signer = field(default_factory=lambda: Signer(ORIGIN, b"\x07" * 32))
    entries: list[bytes] = field(default_factory=list)
    files: dict[str, bytes] = field(default_factory=dict)
    openings: dict[tuple[int, str], commit.Opening] = field(default_factory=dict)

    @property
    def vkey(self) -> str:
        return self.signer.verifier.vkey

    def read(self, path: str) -> bytes | None:
        return self.files.get(path)

    def add_raw(self, entry: bytes) -> int:
        self.entries.append(entry)
        return len(self.entries) - 1

    def add(
        self, kind: str, on: str = CONSULTATION, at: str = "2026-03-02T13:00:00Z", **more
    ) -> int:
        parts = more.pop("parts", {})
        c = {}
        for part, value in parts.items():
            opening = commit.open_value(value)
            self.openings[len(self.entries), part] = opening
            c[part] = commit.commitment(kind, part, opening)
        return self.add_raw(leaf.build(kind=kind, on=on, at=at, c=c, **more))

    def opened(self) -> "MemoryLedger":
        self.add("log.opened", on="log", d={"origin": ORIGIN})
        return self

    def contribute(self, text: str = "More trees") -> int:
        return self.add(
            "contribution.accepted",
            parts={"author": {"name": "A"}, "body": {"text": text}, "private": {"account": "1"}},
            d={"channel": "web"},
        )

    def openings_file(self, skip: Sequence[int] = ()) -> bytes:
        lines = [
            json.dumps(
                {"index": index, "part": part, **commit.to_json(opening)},
                separators=(",", ":"),
                ensure_ascii=False,
            )
            for (index, part), opening in self.openings.items()
            if part == "body" and index not in skip
        ]
        return "".join(f"{line}\n" for line in lines).encode()

    def publish(self) -> bytes:
        """Write tiles, bundles and the signed checkpoint; return the checkpoint."""
        state = TreeState()
        for tile, data in state.append(leaf_hash(entry) for entry in self.entries):
            self.files[tile.path] = data
        for tile in new_tiles(0, len(self.entries)):
            if tile.level == 0:
                start = tile.index * TILE_WIDTH
                path = Tile(ENTRIES_LEVEL, tile.index, tile.width).path
                self.files[path] = encode_bundle(self.entries[start : start + tile.width])
        head = Checkpoint(ORIGIN, state.size, state.root())
        self.files["checkpoint"] = checkpoint.sign(head, [self.signer])
        return self.files["checkpoint"]


@pytest.fixture
def ledger() -> MemoryLedger:
    return MemoryLedger().opened()


@pytest.fixture
def make_ledger() -> Callable[[], MemoryLedger]:
    return MemoryLedger


@pytest.fixture
def ballot() -> Callable[[Sequence[str]], tuple[bytes, bytes]]:
    """Return a function: choices -> (commitment, line of ballots.jsonl)."""

    def make(choices: Sequence[str]) -> tuple[bytes, bytes]:
        opening = commit.open_value({"choices": list(choices)})
        line = json.dumps(
            {"choices": list(choices), "salt": b64.encode(opening.salt)}, separators=(",", ":")
        )
        return commit.commitment("vote.batch", "ballot", opening), f"{line}\n".encode()

    return make
