"""The recount: what the leaves say so far, and whether the next leaf fits.

The ledger publishes its counts from here and the audit checks them from here, so that the two
cannot differ.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import cast

from parvis.merkle.canon import Json
from parvis.merkle.findings import Finding
from parvis.merkle.kinds import COUNTS, KINDS
from parvis.merkle.leaf import Leaf
from parvis.merkle.votes import Vote

BACKDATING_MAX_S = 600

VISIBLE = "visible"
WITHDRAWN = "withdrawn"
MODERATED = "moderated"


@dataclass(slots=True)
class Contribution:
    """One contribution: subject, state, leaf index of its current body, parts erased."""

    on: str
    body: int
    state: str = VISIBLE
    erased: frozenset[str] = frozenset()


@dataclass(slots=True)
class Tally:
    """Running counts of one subject."""

    received: int = 0
    states: Counter[str] = field(default_factory=Counter)
    supports: int = 0
    answers: int = 0
    rejected_by: Counter[str] = field(default_factory=Counter)

    def counts(self) -> dict[str, Json]:
        """Return every member that `count.published` may carry."""
        rejected = self.rejected_by.total()
        return {
            "received": self.received,
            "visible": self.states[VISIBLE],
            "withdrawn": self.states[WITHDRAWN],
            "moderated": self.states[MODERATED],
            "supports": self.supports,
            "answers": self.answers,
            "kept": self.answers - rejected,
            "rejected": rejected,
            "rejected_by": {reason: n for reason, n in self.rejected_by.items() if n},
        }


class LogState:
    """Everything the rules need to remember of the leaves before."""

    def __init__(self, origin: str) -> None:
        """Start before leaf 0 of the log `origin`."""
        self.origin = origin
        self.size = 0
        self.latest_at_s: int | None = None
        self.contributions: dict[int, Contribution] = {}
        self.votes: dict[str, Vote] = {}
        self.published: dict[str, int] = {}
        self._about: list[tuple[str, str]] = []
        self._abouts: dict[tuple[str, str], tuple[str, str]] = {}
        self._tallies: dict[str, Tally] = {}
        self._supports: set[int] = set()
        self._rejected: set[int] = set()
        self._commitments: set[bytes] = set()
        self._rules: dict[str, Callable[[int, Leaf], list[Finding]]] = {
            "contribution.accepted": self._accepted,
            "contribution.edited": self._edited,
            "contribution.withdrawn": self._withdrawn,
            "contribution.moderated": self._moderated,
            "contribution.restored": self._restored,
            "contribution.erased": self._erased,
            "support.accepted": self._supported,
            "support.withdrawn": self._unsupported,
            "answer.accepted": self._answered,
            "answer.rejected": self._answer_rejected,
            "count.published": self._counted,
            "vote.opened": lambda i, leaf: self._vote(leaf).open(i, leaf),
            "vote.batch": lambda i, leaf: self._vote(leaf).add_batch(i, leaf),
            "vote.closed": lambda i, leaf: self._vote(leaf).close(i, leaf),
            "vote.result": lambda i, leaf: self._vote(leaf).publish_result(i, leaf),
        }

    def counts(self, on: str) -> dict[str, Json]:
        """Return the recount of one subject: all members of `count.published`."""
        return self._tally(on).counts()

    def visible(self) -> Iterator[tuple[int, Contribution]]:
        """Yield (index, contribution) for those visible by the leaves."""
        return ((i, c) for i, c in self.contributions.items() if c.state == VISIBLE)

    def skip(self) -> None:
        """Count a leaf that cannot be read at all."""
        self._remember("", "")

    def apply(self, leaf: Leaf) -> list[Finding]:
        """Add the next leaf and return what is wrong with it, in view of those before.

        A leaf whose ref is wrong changes nothing, so that one lie is named once.
        """
        index = self.size
        found = self._first(index, leaf) + self._time(index, leaf) + self._salts(index, leaf)
        bad_ref = self._ref(index, leaf)
        self._remember(leaf.kind, leaf.on)
        sha256 = leaf.d.get("sha256")
        if isinstance(sha256, str):
            self.published[sha256] = index
        if bad_ref or leaf.kind not in self._rules:
            return found + bad_ref
        return found + self._rules[leaf.kind](index, leaf)

    def _remember(self, kind: str, on: str) -> None:
        about = (kind, on)
        # A million leaves share a few pairs: keep one object for each.
        self._about.append(self._abouts.setdefault(about, about))
        self.size += 1

    def _tally(self, on: str) -> Tally:
        return self._tallies.setdefault(on, Tally())

    def _vote(self, leaf: Leaf) -> Vote:
        return self.votes.setdefault(leaf.on, Vote())

    def _first(self, index: int, leaf: Leaf) -> list[Finding]:
        if (index == 0) != (leaf.kind == "log.opened"):
            return [Finding(index, "first", "log.opened is leaf 0 and no other")]
        if index == 0 and leaf.d.get("origin") != self.origin:
            return [Finding(index, "first", f"this leaf does not open {self.origin}")]
        return []

    def _time(self, index: int, leaf: Leaf) -> list[Finding]:
        latest = self.latest_at_s
        if latest is not None and leaf.at_s < latest - BACKDATING_MAX_S:
            return [
                Finding(
                    index,
                    "time",
                    f"dated {latest - leaf.at_s} s before an earlier leaf",
                )
            ]
        self.latest_at_s = leaf.at_s if latest is None else max(latest, leaf.at_s)
        return []

    def _salts(self, index: int, leaf: Leaf) -> list[Finding]:
        found = [
            Finding(index, "salt", f"the commitment of {part} is already in the log")
            for part, digest in leaf.c.items()
            if digest in self._commitments
        ]
        self._commitments.update(leaf.c.values())
        return found

    def _ref(self, index: int, leaf: Leaf) -> list[Finding]:
        if leaf.ref is None:
            return []
        if leaf.ref >= index:
            return [Finding(index, "ref", f"leaf {leaf.ref} is not an earlier leaf")]
        kind, on = self._about[leaf.ref]
        if kind not in KINDS[leaf.kind].refs:
            return [Finding(index, "ref", f"leaf {leaf.ref} is {kind or 'unreadable'}")]
        if on != leaf.on:
            return [Finding(index, "ref", f"leaf {leaf.ref} is about {on}, not {leaf.on}")]
        return []

    def _referred(self, leaf: Leaf) -> Contribution:
        return self.contributions[cast("int", leaf.ref)]

    def _move(self, contribution: Contribution, state: str) -> None:
        states = self._tally(contribution.on).states
        states[contribution.state] -= 1
        states[state] += 1
        contribution.state = state

    def _accepted(self, index: int, leaf: Leaf) -> list[Finding]:
        self.contributions[index] = Contribution(leaf.on, index)
        tally = self._tally(leaf.on)
        tally.received += 1
        tally.states[VISIBLE] += 1
        return []

    def _edited(self, index: int, leaf: Leaf) -> list[Finding]:
        contribution = self._referred(leaf)
        if "body" in contribution.erased:
            return [Finding(index, "order", "edits an erased body")]
        contribution.body = index
        return []

    def _withdrawn(self, index: int, leaf: Leaf) -> list[Finding]:
        contribution = self._referred(leaf)
        if contribution.state == WITHDRAWN:
            return [Finding(index, "order", "the contribution was already withdrawn")]
        self._move(contribution, WITHDRAWN)
        return []

    def _moderated(self, index: int, leaf: Leaf) -> list[Finding]:
        # A second decision may change the reason: moderating twice is allowed.
        self._move(self._referred(leaf), MODERATED)
        return []

    def _restored(self, index: int, leaf: Leaf) -> list[Finding]:
        contribution = self._referred(leaf)
        found = []
        if contribution.state == VISIBLE:
            found.append(Finding(index, "order", "restores what was visible"))
        if "body" in contribution.erased:
            found.append(Finding(index, "order", "restores an erased body"))
        self._move(contribution, VISIBLE)
        return found

    def _erased(self, index: int, leaf: Leaf) -> list[Finding]:
        contribution = self._referred(leaf)
        parts = cast("list[str]", leaf.d["parts"])
        contribution.erased |= set(parts)
        if "body" in parts and contribution.state == VISIBLE:
            return [
                Finding(
                    index,
                    "order",
                    "erases a body that is neither withdrawn nor moderated",
                )
            ]
        return []

    def _supported(self, index: int, leaf: Leaf) -> list[Finding]:
        self._supports.add(index)
        self._tally(leaf.on).supports += 1
        return []

    def _unsupported(self, index: int, leaf: Leaf) -> list[Finding]:
        if leaf.ref not in self._supports:
            return [Finding(index, "order", "the support was already withdrawn")]
        self._supports.remove(leaf.ref)
        self._tally(leaf.on).supports -= 1
        return []

    def _answered(self, index: int, leaf: Leaf) -> list[Finding]:
        self._tally(leaf.on).answers += 1
        return []

    def _answer_rejected(self, index: int, leaf: Leaf) -> list[Finding]:
        answer = cast("int", leaf.ref)
        if answer in self._rejected:
            return [Finding(index, "order", "the answer was already rejected")]
        self._rejected.add(answer)
        self._tally(leaf.on).rejected_by[str(leaf.d["reason"])] += 1
        return []

    def _counted(self, index: int, leaf: Leaf) -> list[Finding]:
        recount = self.counts(leaf.on)
        found = []
        if not leaf.d:
            found.append(Finding(index, "count", "a count without figures"))
        for member, value in leaf.d.items():
            if member not in COUNTS:
                found.append(Finding(index, "count", f"{member:.40} cannot be recounted"))
            elif not _same_count(value, recount[member]):
                detail = f"{member} published {value!r:.200}, recounted {recount[member]!r:.200}"
                found.append(Finding(index, "count", detail))
        return found


def _same_count(published: Json, recount: Json) -> bool:
    if isinstance(recount, dict):
        # Reasons with no case may be listed with 0.
        return (
            isinstance(published, dict)
            and all(type(n) is int for n in published.values())
            and {reason: n for reason, n in published.items() if n} == recount
        )
    return type(published) is int and published == recount
