"""The whole check of a published ledger, by anyone: signature, tree, leaves, counts, texts."""

import hashlib
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from parvis.merkle import canon, leaf
from parvis.merkle.checkpoint import CheckpointError, Keys, SignedCheckpoint
from parvis.merkle.findings import Finding
from parvis.merkle.monitor import Conflict, compare, read_head
from parvis.merkle.note import Verifier
from parvis.merkle.openings import Openings
from parvis.merkle.source import FolderSource, Source
from parvis.merkle.state import LogState
from parvis.merkle.tree import (
    ENTRIES_LEVEL,
    HASH_SIZE,
    TILE_WIDTH,
    Tile,
    TreeError,
    TreeState,
    decode_bundle,
    leaf_hash,
    tile_at,
    tile_reader,
)
from parvis.merkle.votes import RECOUNTS, Recount

__all__ = ["Finding", "FolderSource", "Report", "Source", "audit"]

FINDINGS_MAX = 1000


@dataclass(frozen=True, slots=True)
class Report:
    """What an audit found.

    checkpoint: the verified head, or None. leaves: how many were read. kinds: kind -> leaves.
    findings: every broken rule, by leaf (at most 1,000). conflicts: pairs of signed notes that
    prove a rollback or a split view. not_checked: what could not be judged, and why it matters.
    """

    checkpoint: SignedCheckpoint | None
    leaves: int
    kinds: Mapping[str, int]
    findings: tuple[Finding, ...]
    conflicts: tuple[Conflict, ...]
    not_checked: tuple[str, ...]

    @property
    def ok(self) -> bool:
        """True if nothing is wrong in what was checked."""
        return not self.findings and not self.conflicts


def audit(
    source: Source,
    keys: Keys,
    *,
    witnesses: Sequence[str | Verifier] = (),
    earlier: Sequence[bytes] = (),
    openings: bytes | None = None,
    openings_size: int | None = None,
    ballots: Sequence[bytes] = (),
    recounts: Mapping[str, Recount] = RECOUNTS,
    progress: Callable[[int, int], None] | None = None,
) -> Report:
    """Check a ledger from its published files and return the report; never raises for them.

    keys: the log's vkey(s). witnesses: vkeys of known witnesses. earlier: signed checkpoints
    kept from before. openings: bytes of `openings.jsonl`, describing the first `openings_size`
    leaves (all of them by default). ballots: bytes of each `ballots.jsonl`. recounts: rule of a
    vote -> function that recounts it. progress: called with (leaves read, leaves in all).
    """
    try:
        current = read_head(source, keys, witnesses=witnesses)
    except CheckpointError as error:
        found = Finding(-1, "checkpoint", str(error))
        return Report(None, 0, MappingProxyType({}), (found,), (), ("everything else",))
    run = _Run(source, current, openings, openings_size, progress)
    run.read_all()
    run.judge_ballots(ballots, recounts)
    findings, conflicts = compare(current, earlier, source, keys)
    run.findings += findings
    if not current.cosignatures:
        run.not_checked.append(
            "no known witness has signed: the operator could show different logs to different"
            " people"
        )
    return Report(
        current,
        run.state.size,
        MappingProxyType(dict(run.kinds)),
        tuple(sorted(run.findings)[:FINDINGS_MAX]),
        tuple(conflicts),
        tuple(run.not_checked),
    )


class _Run:
    """One pass over the entries, 256 at a time."""

    def __init__(
        self,
        source: Source,
        current: SignedCheckpoint,
        openings: bytes | None,
        openings_size: int | None,
        progress: Callable[[int, int], None] | None,
    ) -> None:
        self.findings: list[Finding] = []
        self.not_checked: list[str] = []
        self.kinds: Counter[str] = Counter()
        self.head = current.head
        self.state = LogState(self.head.origin)
        self._tree = TreeState()
        self._source = source
        self._read_tile = tile_reader(source.read)
        self._openings = None if openings is None else Openings(openings)
        self._openings_size = self.head.size if openings_size is None else openings_size
        self._progress = progress

    def read_all(self) -> None:
        """Read every entry, then compare the root."""
        if self._openings is None:
            self.not_checked.append("no openings given: silent removals are not looked for")
        for index in range(-(-self.head.size // TILE_WIDTH)):
            tile = tile_at(0, index, self.head.size)
            try:
                entries = self._entries(tile)
            except (TreeError, OSError) as error:
                self.findings.append(Finding(-1, "tile", str(error)))
                self.not_checked.append(f"leaves from {self.state.size} on")
                break
            hashes = [leaf_hash(entry) for entry in entries]
            for full, data in self._tree.append(hashes):
                if full.width == TILE_WIDTH:
                    self._compare_tile(full, data)
            for entry in entries:
                self._judge(entry)
            if len(self.findings) > FINDINGS_MAX:
                self.not_checked.append(f"leaves from {self.state.size} on: too many findings")
                break
            if self._progress is not None:
                self._progress(self.state.size, self.head.size)
        else:
            for partial, data in self._tree.edge():
                self._compare_tile(partial, data)
            if self._tree.root() != self.head.root:
                self.findings.append(Finding(-1, "root", "the entries give another root"))
        self._finish_openings()

    def _entries(self, tile: Tile) -> list[bytes]:
        path = Tile(ENTRIES_LEVEL, tile.index, tile.width).path
        raw = self._source.read(path)
        if raw is None and tile.width < TILE_WIDTH:
            raw = self._source.read(Tile(ENTRIES_LEVEL, tile.index).path)
        if raw is None:
            raise TreeError(f"{path} is missing")
        try:
            return decode_bundle(raw, tile.width)
        except TreeError as error:
            raise TreeError(f"{path}: {error}") from error

    def _compare_tile(self, tile: Tile, data: bytes) -> None:
        try:
            served = self._read_tile(tile.level, tile.index, tile.width)
        except (TreeError, OSError) as error:
            self.findings.append(Finding(-1, "tile", str(error)))
            return
        if served == data:
            return
        wrong = [
            tile.index * TILE_WIDTH + i
            for i in range(tile.width)
            if served[i * HASH_SIZE : (i + 1) * HASH_SIZE]
            != data[i * HASH_SIZE : (i + 1) * HASH_SIZE]
        ]
        detail = f"{tile.path} disagrees with the entries"
        at = wrong if tile.level == 0 else [-1]
        self.findings += [Finding(index, "tile", detail) for index in at]

    def _judge(self, entry: bytes) -> None:
        index = self.state.size
        if self._openings is not None and index == self._openings_size:
            self._openings.look_for_missing(self.state)
        try:
            found = leaf.parse(entry)
        except leaf.LeafError as error:
            rule = "leaf" if _is_canonical(entry) else "canonical"
            self.findings += [Finding(index, rule, problem) for problem in error.problems]
            # Still recount a leaf that can be read, so that the counts after it stay right.
            try:
                found = leaf.from_value(canon.parse(entry))
            except (canon.CanonError, leaf.LeafError):
                self.state.skip()
                return
        self.kinds[found.kind] += 1
        self.findings += self.state.apply(found)
        if self._openings is not None and index < self._openings_size:
            self._openings.check(index, found)

    def _finish_openings(self) -> None:
        if self._openings is not None:
            # The leaf that quotes the file's SHA-256 comes after the leaves it describes.
            if self.state.size <= self._openings_size:
                self._openings.look_for_missing(self.state)
            self._openings.finish(self.state)
            self.findings += self._openings.findings

    def judge_ballots(self, files: Sequence[bytes], recounts: Mapping[str, Recount]) -> None:
        """Attach each ballots file to the vote that quotes its SHA-256, and recount it."""
        closed = {on: v for on, v in self.state.votes.items() if v.closed is not None}
        by_sha256 = {vote.ballots_sha256: on for on, vote in closed.items()}
        waiting = set(closed)
        unknown: list[bytes] = []
        for raw in files:
            on = by_sha256.get(hashlib.sha256(raw).hexdigest())
            if on is None:
                unknown.append(raw)
                continue
            waiting.discard(on)
            self.findings += closed[on].check_ballots(raw, recounts)
            if closed[on].rule not in recounts:
                self.not_checked.append(f"{on}: no recount for the rule {closed[on].rule:.60}")
        if len(unknown) == 1 and len(waiting) == 1:
            self.findings += closed[waiting.pop()].check_ballots(unknown.pop(), recounts)
        for _ in unknown:
            self.findings.append(Finding(-1, "ballots", "a ballots file of no vote in the log"))
        for on in sorted(waiting):
            self.not_checked.append(f"{on}: no ballots given, the result is not recounted")


def _is_canonical(entry: bytes) -> bool:
    try:
        canon.decode(entry)
    except canon.CanonError:
        return False
    return True
