"""Rollback and split view: the head served now against heads signed before."""

from collections.abc import Sequence
from dataclasses import dataclass

from parvis.merkle.checkpoint import (
    CheckpointError,
    Keys,
    SignedCheckpoint,
    open_checkpoint,
)
from parvis.merkle.findings import Finding
from parvis.merkle.note import Verifier
from parvis.merkle.proof import ProofError, consistency, verify_consistency
from parvis.merkle.source import Source
from parvis.merkle.tree import TileTree, TreeError, tile_reader

ROLLBACK = "rollback"
SPLIT_VIEW = "split-view"


@dataclass(frozen=True, slots=True)
class Conflict:
    """Two heads signed by the same log that cannot both be true: proof that it lied.

    kind: ROLLBACK (the earlier one is longer) or SPLIT_VIEW (two histories).
    earlier, current: the bytes of the two signed notes, to show as they are.
    """

    kind: str
    earlier: bytes
    current: bytes

    def __str__(self) -> str:
        earlier, current = self.earlier.decode(), self.current.decode()
        return f"{self.kind.upper()}\n\nearlier:\n{earlier}\nnow:\n{current}"


@dataclass(frozen=True, slots=True)
class MonitorReport:
    """What a monitor saw: the head if it is signed, what is wrong, and the conflicting notes.

    Keep `current.raw` for next time when `ok`.
    """

    current: SignedCheckpoint | None
    findings: tuple[Finding, ...]
    conflicts: tuple[Conflict, ...]

    @property
    def ok(self) -> bool:
        """True if the head is signed and extends every earlier one."""
        return not self.findings and not self.conflicts


def read_head(
    source: Source, keys: Keys, *, witnesses: Sequence[str | Verifier] = ()
) -> SignedCheckpoint:
    """Return the verified head the source serves; raises CheckpointError."""
    try:
        raw = source.read("checkpoint")
    except OSError as error:
        raise CheckpointError(f"checkpoint cannot be read: {error}") from error
    if raw is None:
        raise CheckpointError("there is no checkpoint")
    return open_checkpoint(raw, keys, witnesses=witnesses)


def monitor(
    source: Source,
    keys: Keys,
    *,
    earlier: Sequence[bytes] = (),
    witnesses: Sequence[str | Verifier] = (),
) -> MonitorReport:
    """Check the served head against signed notes kept from before.

    Reads a few tiles, not the entries. Never raises for what the source serves.
    """
    try:
        current = read_head(source, keys, witnesses=witnesses)
    except CheckpointError as error:
        return MonitorReport(None, (Finding(-1, "checkpoint", str(error)),), ())
    findings, conflicts = compare(current, earlier, source, keys)
    return MonitorReport(current, tuple(findings), tuple(conflicts))


def compare(
    current: SignedCheckpoint, earlier: Sequence[bytes], source: Source, keys: Keys
) -> tuple[list[Finding], list[Conflict]]:
    """Return what is wrong between `current` and each note in `earlier`."""
    findings: list[Finding] = []
    conflicts: list[Conflict] = []
    for raw in earlier:
        try:
            before = open_checkpoint(raw, keys)
        except CheckpointError as error:
            findings.append(Finding(-1, "checkpoint", f"an earlier checkpoint: {error}"))
            continue
        try:
            kind = _conflict(before, current, source)
        except (TreeError, ProofError, OSError) as error:
            detail = f"no proof that {current.head.size} extends {before.head.size}: {error}"
            findings.append(Finding(-1, "tile", detail))
            continue
        if kind is not None:
            conflicts.append(Conflict(kind, raw, current.raw))
            detail = f"signed {before.head.size} leaves before, {current.head.size} now"
            findings.append(Finding(-1, kind, detail))
    return findings, conflicts


def _conflict(before: SignedCheckpoint, current: SignedCheckpoint, source: Source) -> str | None:
    old, new = before.head, current.head
    if old.origin != new.origin:
        raise ProofError(f"the earlier checkpoint is of {old.origin}")
    if old.size > new.size:
        return ROLLBACK
    if old.size == new.size:
        return None if old.root == new.root else SPLIT_VIEW
    read_tile = tile_reader(source.read)
    hashes = consistency(old.size, new.size, read_tile)
    # Prove first that the tiles belong to the served head, with the root they give themselves:
    # a damaged tile is not a split view, and must not be shown as one.
    served_root = TileTree(new.size, read_tile).range_root(0, old.size)
    verify_consistency(
        old=old.size,
        new=new.size,
        old_root=served_root,
        new_root=new.root,
        proof=hashes,
    )
    return None if old.root == served_root else SPLIT_VIEW
