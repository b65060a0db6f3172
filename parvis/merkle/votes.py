"""The rules of one vote in the log, and the recount of its published ballots."""

import hashlib
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import cast

from parvis.merkle import b64, canon
from parvis.merkle.commit import CommitError, Opening, commitment
from parvis.merkle.findings import Finding
from parvis.merkle.kinds import BATCH_BALLOTS_MIN, is_texts
from parvis.merkle.leaf import Leaf

BALLOT_KIND = "vote.batch"
BALLOT_PART = "ballot"

# (choices of each ballot, options) -> tally; raises ValueError naming an invalid ballot.
Recount = Callable[[Sequence[Sequence[object]], Sequence[str]], Mapping[str, int]]


def approval(ballots: Sequence[Sequence[object]], options: Sequence[str]) -> dict[str, int]:
    """Return option -> number of ballots that approve it, every option present.

    Raises ValueError for a ballot with an unknown or repeated option.
    """
    tally = dict.fromkeys(options, 0)
    for number, choices in enumerate(ballots, start=1):
        if choices and not is_texts(list(choices)):
            raise ValueError(f"ballot {number} repeats an option or holds something else")
        for choice in choices:
            if choice not in tally:
                raise ValueError(f"ballot {number} names an unknown option")
            tally[str(choice)] += 1
    return tally


RECOUNTS: Mapping[str, Recount] = MappingProxyType({"approval": approval})


def ballot_commitment(choices: Sequence[canon.Json], salt: bytes) -> bytes:
    """Return the commitment of one ballot, as listed in a batch; raises CommitError."""
    payload = canon.encode({"choices": list(choices)})
    return commitment(BALLOT_KIND, BALLOT_PART, Opening(payload, salt))


class Vote:
    """One vote as the leaves tell it; each method takes a leaf and returns what is wrong."""

    def __init__(self) -> None:
        self.opened: int | None = None
        self.closed: int | None = None
        self.result: int | None = None
        self.rule = ""
        self.options: tuple[str, ...] = ()
        self.ballots: list[bytes] = []
        self.ballots_sha256 = ""
        self.tally: object = None
        self._seen: set[bytes] = set()
        self._small_batch: int | None = None

    def open(self, index: int, leaf: Leaf) -> list[Finding]:
        """Apply `vote.opened`."""
        if self.opened is not None or self.ballots:
            return [Finding(index, "vote", "the vote was already opened")]
        self.opened = index
        self.rule = str(leaf.d["rule"])
        self.options = tuple(cast("list[str]", leaf.d["options"]))
        return []

    def add_batch(self, index: int, leaf: Leaf) -> list[Finding]:
        """Apply `vote.batch`: sorted by bytes, no ballot twice, at least 20 but the last."""
        batch = [b64.decode(text) for text in cast("list[str]", leaf.d["ballots"])]
        found = []
        if self.opened is None or self.closed is not None:
            found.append(Finding(index, "vote", "ballots outside the vote's opening"))
        if batch != sorted(batch):
            found.append(Finding(index, "vote", "ballots are not sorted by bytes"))
        if len(set(batch)) < len(batch) or not self._seen.isdisjoint(batch):
            found.append(Finding(index, "vote", "a ballot is there twice"))
        if self._small_batch is not None:
            detail = f"a batch under {BATCH_BALLOTS_MIN} ballots is not the last"
            found.append(Finding(self._small_batch, "vote", detail))
        self._small_batch = index if len(batch) < BATCH_BALLOTS_MIN else None
        self.ballots += batch
        self._seen.update(batch)
        return found

    def close(self, index: int, leaf: Leaf) -> list[Finding]:
        """Apply `vote.closed`: issued >= cast = ballots in the batches."""
        found = []
        if self.opened is None or self.closed is not None:
            found.append(Finding(index, "vote", "closing of a vote that is not open"))
        issued = cast("int", leaf.d["issued"])
        count = cast("int", leaf.d["cast"])
        if count > issued:
            found.append(Finding(index, "vote", f"{count} ballots cast, {issued} issued"))
        if count != len(self.ballots):
            detail = f"{count} ballots cast, {len(self.ballots)} in the batches"
            found.append(Finding(index, "vote", detail))
        self.closed = index
        self.ballots_sha256 = str(leaf.d["ballots_sha256"])
        return found

    def publish_result(self, index: int, leaf: Leaf) -> list[Finding]:
        """Apply `vote.result`: once, after closing, with the rule announced at opening."""
        found = []
        if self.closed is None or self.result is not None:
            found.append(Finding(index, "vote", "result before closing, or a second result"))
        if self.opened is not None and leaf.d["rule"] != self.rule:
            found.append(Finding(index, "result", "the rule is not the one announced"))
        self.result, self.tally = index, leaf.d["tally"]
        return found

    def check_ballots(self, raw: bytes, recounts: Mapping[str, Recount]) -> list[Finding]:
        """Compare `ballots.jsonl` with the batches, its SHA-256 and the result.

        Findings name the closing leaf, or the result leaf for a wrong tally.
        """
        at = -1 if self.closed is None else self.closed
        found = []
        if hashlib.sha256(raw).hexdigest() != self.ballots_sha256:
            found.append(Finding(at, "ballots", "ballots.jsonl has not the SHA-256 of the log"))
        try:
            commitments, choices = _read_ballots(raw)
        except ValueError as error:
            return [*found, Finding(at, "ballots", str(error))]
        if commitments != sorted(commitments):
            found.append(Finding(at, "ballots", "ballots.jsonl is not in commitment order"))
        if Counter(commitments) != Counter(self.ballots):
            found.append(Finding(at, "ballots", "ballots.jsonl does not hold the log's ballots"))
        if self.result is None or self.rule not in recounts:
            return found
        try:
            expected = recounts[self.rule](choices, self.options)
        except ValueError as error:
            return [*found, Finding(at, "ballots", str(error))]
        if not _same_tally(self.tally, expected):
            detail = f"published {self.tally!r:.200}, the ballots give {dict(expected)!r:.200}"
            found.append(Finding(self.result, "result", detail))
        return found


def _same_tally(published: object, expected: Mapping[str, int]) -> bool:
    return (
        isinstance(published, dict)
        and all(type(count) is int for count in published.values())
        and published == dict(expected)
    )


def _read_ballots(raw: bytes) -> tuple[list[bytes], list[list[object]]]:
    commitments: list[bytes] = []
    ballots: list[list[object]] = []
    if raw and not raw.endswith(b"\n"):
        raise ValueError("ballots.jsonl does not end its last line")
    for number, line in enumerate(raw.split(b"\n")[:-1], start=1):
        try:
            value = canon.decode(line)
            if not isinstance(value, dict) or set(value) != {"choices", "salt"}:
                raise ValueError("not a ballot")
            choices, salt = value["choices"], value["salt"]
            if not isinstance(choices, list) or not isinstance(salt, str):
                raise ValueError("not a ballot")
            commitments.append(ballot_commitment(choices, b64.decode(salt)))
            ballots.append(list(choices))
        except (ValueError, CommitError) as error:
            raise ValueError(f"line {number} of ballots.jsonl: {error}") from error
    return commitments, ballots
