"""The rules of the register, told from rows: cheap where `merkle.state` would read every leaf.

A test draws random acts and checks that both say the same of each leaf and of each count.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

from django.db import connection
from django.db.models import Count, F, Q, QuerySet

from parvis.ledger.models import Leaf
from parvis.merkle.kinds import KINDS
from parvis.merkle.state import MODERATED, VISIBLE, WITHDRAWN

OF_ANSWERS = ("answers", "kept", "rejected", "rejected_by")
OF_CONTRIBUTIONS = ("received", "visible", "withdrawn", "moderated", "supports")

_MOVES = {
    "contribution.withdrawn": WITHDRAWN,
    "contribution.moderated": MODERATED,
    "contribution.restored": VISIBLE,
}
_REFS_MAX = 5000
_ENDS = frozenset({"answer.rejected", "support.withdrawn"})


def sequenced() -> QuerySet[Leaf]:
    """The leaves that have their index, in any order."""
    return Leaf.objects.filter(index__isnull=False)


class Past:
    """What became of the leaves that a batch refers to; keys are the events of those leaves."""

    def __init__(self, refs: Iterable[int], *, size: int | None = None) -> None:
        """Read what was done to these leaves, in the first `size` entries (all, by default)."""
        self._states: dict[int, str] = {}
        self._erased: defaultdict[int, set[str]] = defaultdict(set)
        self._ended: set[int] = set()
        wanted = sorted(set(refs))
        for start in range(0, len(wanted), _REFS_MAX):
            rows = sequenced().filter(ref__in=wanted[start : start + _REFS_MAX]).order_by("index")
            if size is not None:
                rows = rows.filter(index__lt=size)
            for ref, kind, members in rows.values_list("ref_id", "kind", "members"):
                self.add(kind, ref, members["d"])

    def state(self, ref: int) -> str:
        """Return what a contribution is by now: visible, withdrawn or moderated."""
        return self._states.get(ref, VISIBLE)

    def ended(self, ref: int) -> bool:
        """Whether an answer was rejected, or a support withdrawn."""
        return ref in self._ended

    def problem(self, kind: str, ref: int, d: Mapping[str, Any]) -> str:
        """Return why an act does not fit what happened before, empty if it does."""
        state = self.state(ref)
        erased = self._erased.get(ref, set())
        if kind in _ENDS and self.ended(ref):
            return "it was already rejected or withdrawn"
        if kind == "contribution.withdrawn" and state == WITHDRAWN:
            return "it was already withdrawn"
        if kind == "contribution.restored" and state == VISIBLE:
            return "it was visible"
        if kind in {"contribution.restored", "contribution.edited"} and "body" in erased:
            return "its body was erased"
        if kind == "contribution.erased" and "body" in d["parts"] and state == VISIBLE:
            return "its body is visible"
        return ""

    def add(self, kind: str, ref: int, d: Mapping[str, Any]) -> None:
        """Take an act into account."""
        if kind in _ENDS:
            self._ended.add(ref)
        elif kind in _MOVES:
            self._states[ref] = _MOVES[kind]
        elif kind == "contribution.erased":
            self._erased[ref] |= set(d["parts"])


class Recount:
    """The counts of one subject, from the rows of its leaves."""

    def __init__(self, on: str, *, pending: bool = False) -> None:
        """Count the leaves on `on` that have an index; with `pending`, those that wait too."""
        counted = Q(index__isnull=False) | Q(problem="") if pending else Q(index__isnull=False)
        rows = Leaf.objects.filter(counted, on=on).order_by()
        self._kinds = Counter(dict(rows.values_list("kind").annotate(n=Count("pk"))))
        rejected = rows.filter(kind="answer.rejected")
        self._rejected_by = Counter(
            dict(rejected.values_list("members__d__reason").annotate(n=Count("pk")))
        )
        self._states: dict[int, str] = {}
        moves = rows.filter(kind__in=_MOVES).order_by(F("index").asc(nulls_last=True), "id")
        for ref, kind in moves.values_list("ref_id", "kind").iterator():
            self._states[ref] = _MOVES[kind]

    def add(self, kind: str, ref: int | None, d: Mapping[str, Any]) -> None:
        """Count one leaf more."""
        self._kinds[kind] += 1
        if kind == "answer.rejected":
            self._rejected_by[d["reason"]] += 1
        if kind in _MOVES and ref is not None:
            self._states[ref] = _MOVES[kind]

    def counts(self) -> dict[str, Any]:
        """Return every member that `count.published` may carry, as `LogState.counts` does."""
        kinds, states = self._kinds, Counter(self._states.values())
        received, answers = kinds["contribution.accepted"], kinds["answer.accepted"]
        rejected = kinds["answer.rejected"]
        return {
            "received": received,
            "visible": received - states[WITHDRAWN] - states[MODERATED],
            "withdrawn": states[WITHDRAWN],
            "moderated": states[MODERATED],
            "supports": kinds["support.accepted"] - kinds["support.withdrawn"],
            "answers": answers,
            "kept": answers - rejected,
            "rejected": rejected,
            "rejected_by": {reason: n for reason, n in self._rejected_by.items() if n},
        }


def hold_leaves() -> None:
    """Let no other transaction write a leaf until this one ends, and see all that was written.

    On SQLite a transaction is alone already. On PostgreSQL, without this, a contribution that
    commits during a count would stand before it in the register without being in it.
    """
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            table = connection.ops.quote_name(Leaf._meta.db_table)
            cursor.execute(f"LOCK TABLE {table} IN SHARE ROW EXCLUSIVE MODE")


def wrong_counts(published: Mapping[str, Any], recount: Mapping[str, Any]) -> list[str]:
    """Return what differs between published figures and the recount, in words."""
    return [
        f"{name} is {value}, recounted {recount.get(name)}"
        for name, value in published.items()
        if value != recount.get(name)
    ]


def wrong_ref(leaf: Leaf, before: Leaf) -> str:
    """Return why a leaf may not refer to another one, empty if it may."""
    if before.problem:
        return "it refers to an entry that was refused"
    if before.kind not in KINDS[leaf.kind].refs:
        return f"{leaf.kind} does not refer to {before.kind}"
    return "" if before.on == leaf.on else f"it is about {leaf.on}, not {before.on}"
