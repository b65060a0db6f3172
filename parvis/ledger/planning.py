"""Choosing the next leaves: in what order, dated when, and whether each fits those before."""

import logging
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from parvis.ledger.models import Leaf
from parvis.ledger.recount import Past, Recount, wrong_counts, wrong_ref
from parvis.ledger.store import Batch, Head
from parvis.merkle import b64
from parvis.merkle import leaf as merkle_leaf
from parvis.merkle.state import BACKDATING_MAX_S
from parvis.merkle.tree import TreeState, leaf_hash

log = logging.getLogger("parvis.ledger")


def waiting(limit: int, *, first: bool) -> list[Leaf]:
    """Return the leaves to index, in order; the one that opens the log comes first."""
    rows = Leaf.objects.filter(index=None, problem="").select_related("ref").order_by("id")
    rows = rows.defer("opening", "ref__opening", "ref__bytes")
    if not first:
        return list(rows[:limit])
    opened = rows.filter(kind="log.opened").order_by("-id")[:1]
    return [*opened, *rows.exclude(kind="log.opened")[: max(0, limit - 1)]]


def plan(head: Head, state: TreeState, leaves: Sequence[Leaf]) -> Batch | None:
    """Return the batch that these leaves make after `head`, whose tree is `state`.

    None if none of them can go in now. Leaves that break a rule are set aside and named.
    """
    planner = _Planner(head, leaves)
    for leaf in leaves:
        planner.take(leaf)
    if not planner.entries or planner.latest_s is None:
        return None
    grown = state.copy()
    grown.append(leaf_hash(entry) for entry in planner.entries)
    return Batch(
        head.size, tuple(planner.chosen), tuple(planner.entries), grown.root(), planner.latest_s
    )


class _Planner:
    def __init__(self, head: Head, leaves: Sequence[Leaf]) -> None:
        self.start, self.latest_s = head.size, head.latest_s
        self.chosen: list[int] = []
        self.entries: list[bytes] = []
        self._past = Past(leaf.ref_id for leaf in leaves if leaf.ref_id is not None)
        self._numbers: dict[int, int | None] = {}
        self._taken: list[tuple[str, str, int | None, dict[str, Any]]] = []
        self._counts: dict[str, Recount] = {}
        self._held = False

    def take(self, leaf: Leaf) -> None:
        """Add a leaf to the batch, leave it for the next run, or set it aside."""
        ref: int | None = None
        if leaf.ref is not None:
            ref = self._numbers.get(leaf.ref.event_id, leaf.ref.index)
            if ref is None and not leaf.ref.problem:
                self._held = True
                return
        # What was left for later may be counted in it.
        if leaf.kind == "count.published" and self._held:
            return
        problem = self._problem(leaf)
        if problem:
            _set_aside(leaf, problem)
            return
        at_s = merkle_leaf.parse_at(leaf.members["at"])
        if self.latest_s is not None:
            # A clock that went back, or a slow commit: the rule allows 600 s, never more.
            at_s = max(at_s, self.latest_s - BACKDATING_MAX_S)
        self._numbers[leaf.event_id] = self.start + len(self.entries)
        self.entries.append(_bytes(leaf, ref, at_s))
        self.chosen.append(leaf.pk)
        self.latest_s = at_s if self.latest_s is None else max(at_s, self.latest_s)
        self._remember(leaf)

    def _problem(self, leaf: Leaf) -> str:
        index, d = self.start + len(self.entries), leaf.members["d"]
        if (index == 0) != (leaf.kind == "log.opened"):
            return "log.opened is the first entry and no other"
        if leaf.ref is not None:
            return wrong_ref(leaf, leaf.ref) or self._past.problem(leaf.kind, leaf.ref.event_id, d)
        if leaf.kind == "count.published":
            return "; ".join(wrong_counts(d, self._recount(leaf.on).counts()))
        return ""

    def _recount(self, on: str) -> Recount:
        if on not in self._counts:
            self._counts[on] = Recount(on)
            for about, kind, ref, d in self._taken:
                if about == on:
                    self._counts[on].add(kind, ref, d)
        return self._counts[on]

    def _remember(self, leaf: Leaf) -> None:
        d = leaf.members["d"]
        if leaf.ref_id is not None:
            self._past.add(leaf.kind, leaf.ref_id, d)
        self._taken.append((leaf.on, leaf.kind, leaf.ref_id, d))
        if leaf.on in self._counts:
            self._counts[leaf.on].add(leaf.kind, leaf.ref_id, d)


def _bytes(leaf: Leaf, ref: int | None, at_s: int) -> bytes:
    return merkle_leaf.build(
        kind=leaf.kind,
        on=leaf.on,
        at=merkle_leaf.format_at(datetime.fromtimestamp(at_s, UTC)),
        ref=ref,
        c={part: b64.decode(text) for part, text in leaf.members["c"].items()},
        d=leaf.members["d"],
    )


def _set_aside(leaf: Leaf, problem: str) -> None:
    Leaf.objects.filter(pk=leaf.pk).update(problem=problem[:300])
    fields = {"leaf": leaf.pk, "kind": leaf.kind, "problem": problem}
    log.error("a leaf breaks a rule and is not signed", extra={"fields": fields})
