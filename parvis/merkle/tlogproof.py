"""Receipts: `.tlog-proof` files (c2sp.org/tlog-proof@v1), checked offline.

The `extra` line carries the entry and its openings: it is not signed, so nothing in it is
believed before the entry is found in the tree and each opening matches its commitment.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from parvis.merkle import b64, canon, checkpoint, commit, leaf, proof
from parvis.merkle.checkpoint import CheckpointError, Keys, SignedCheckpoint
from parvis.merkle.commit import CommitError, Opening
from parvis.merkle.leaf import Leaf, LeafError
from parvis.merkle.note import Verifier
from parvis.merkle.proof import ProofError
from parvis.merkle.tree import leaf_hash

HEADER = "c2sp.org/tlog-proof@v1"
SIZE_MAX = 2_000_000
HASHES_MAX = 63
_INDEX = re.compile(r"index (0|[1-9][0-9]{0,18})")


class ReceiptError(ValueError):
    """A receipt is malformed or does not prove what it says."""


@dataclass(frozen=True, slots=True)
class TlogProof:
    """A parsed receipt, nothing verified."""

    index: int
    hashes: tuple[bytes, ...]
    checkpoint: bytes
    extra: bytes | None = None

    @property
    def raw(self) -> bytes:
        """The file's bytes."""
        lines = [HEADER]
        if self.extra is not None:
            lines.append(f"extra {b64.encode(self.extra)}")
        lines.append(f"index {self.index}")
        lines += [b64.encode(digest) for digest in self.hashes]
        return "\n".join([*lines, "", ""]).encode() + self.checkpoint


@dataclass(frozen=True, slots=True)
class Receipt:
    """A verified receipt: the leaf is in the signed tree and every opening matches it.

    openings: part -> payload and salt, for the parts the receipt reveals.
    """

    index: int
    entry: bytes
    leaf: Leaf
    openings: Mapping[str, Opening]
    checkpoint: SignedCheckpoint


def make(
    *,
    entry: bytes,
    openings: Mapping[str, Opening],
    index: int,
    hashes: Sequence[bytes],
    signed_checkpoint: bytes,
) -> bytes:
    """Return the receipt of leaf `index`.

    hashes: its inclusion proof in the tree of `signed_checkpoint`, the note's bytes.
    """
    extra = {
        "entry": b64.encode(entry),
        "open": {part: commit.to_json(opening) for part, opening in openings.items()},
    }
    return TlogProof(index, tuple(hashes), signed_checkpoint, canon.encode(extra)).raw


def parse(raw: bytes) -> TlogProof:
    """Return the parts of a receipt without verifying it; raises ReceiptError."""
    if len(raw) > SIZE_MAX:
        raise ReceiptError("receipt too long")
    head, blank, signed = raw.partition(b"\n\n")
    try:
        lines = head.decode("ascii").split("\n")
    except UnicodeDecodeError as error:
        raise ReceiptError("receipt is not text") from error
    if not blank or lines.pop(0) != HEADER:
        raise ReceiptError(f"a receipt starts with {HEADER}")
    extra = None
    try:
        if lines and lines[0].startswith("extra "):
            extra = b64.decode(lines.pop(0).removeprefix("extra "))
        match = _INDEX.fullmatch(lines.pop(0)) if lines else None
        if match is None or len(lines) > HASHES_MAX:
            raise ReceiptError("receipt without index, or with too many hashes")
        hashes = tuple(b64.decode(line, size=32) for line in lines)
    except ReceiptError:
        raise
    except ValueError as error:
        raise ReceiptError(f"malformed line: {error}") from error
    return TlogProof(int(match[1]), hashes, signed, extra)


def verify(
    raw: bytes,
    keys: Keys,
    *,
    witnesses: Sequence[str | Verifier] = (),
    witnesses_min: int = 0,
) -> Receipt:
    """Check a receipt offline and return what it proves.

    keys: the log's vkey(s). witnesses_min: how many of `witnesses` must have cosigned.
    Raises ReceiptError naming the first thing that does not hold.
    """
    parsed = parse(raw)
    entry, openings = _read_extra(parsed.extra)
    try:
        signed = checkpoint.open_checkpoint(parsed.checkpoint, keys, witnesses=witnesses)
        proof.verify_inclusion(
            index=parsed.index,
            size=signed.head.size,
            leaf=leaf_hash(entry),
            root=signed.head.root,
            proof=parsed.hashes,
        )
        found = leaf.parse(entry)
        for part, opening in openings.items():
            if part not in found.c:
                raise ReceiptError(f"the leaf has no part {part:.40}")
            commit.verify(found.kind, part, opening, found.c[part])
    except (CheckpointError, ProofError, LeafError, CommitError) as error:
        raise ReceiptError(str(error)) from error
    if len(signed.cosignatures) < witnesses_min:
        raise ReceiptError(f"{len(signed.cosignatures)} witnesses where {witnesses_min} are due")
    return Receipt(parsed.index, entry, found, openings, signed)


def _read_extra(extra: bytes | None) -> tuple[bytes, dict[str, Opening]]:
    if extra is None:
        raise ReceiptError("receipt without its entry")
    try:
        value = canon.decode(extra)
        if not isinstance(value, dict) or set(value) != {"entry", "open"}:
            raise ReceiptError("extra is not an entry and its openings")
        entry, opened = value["entry"], value["open"]
        if not isinstance(entry, str) or not isinstance(opened, dict):
            raise ReceiptError("extra is not an entry and its openings")
        return b64.decode(entry), {part: commit.from_json(o) for part, o in opened.items()}
    except ReceiptError:
        raise
    except ValueError as error:
        raise ReceiptError(f"malformed extra: {error}") from error
