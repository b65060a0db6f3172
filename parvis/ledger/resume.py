"""After a failure: make the register sign again without ever contradicting what it signed.

Three ways, in this order of preference: the database was restored from a backup (replay the
published entries into it), the home was (write again what the database holds), or the heads or
tiles are lost for good (a new register, under a new origin, whose first entry quotes the last).
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from django.db import transaction
from django.utils import timezone

from parvis.core.access import SYSTEM
from parvis.core.events import emit
from parvis.core.models import Event
from parvis.ledger import reading, sequencer
from parvis.ledger.consume import forget
from parvis.ledger.kinds import LEAF_OF
from parvis.ledger.models import Leaf
from parvis.ledger.recount import Past
from parvis.ledger.store import Batch, Head, Store
from parvis.merkle import b64, canon
from parvis.merkle import leaf as merkle_leaf
from parvis.merkle.state import VISIBLE
from parvis.merkle.tree import (
    ENTRIES_LEVEL,
    TILE_WIDTH,
    Tile,
    TreeError,
    TreeState,
    encode_bundle,
    leaf_hash,
    new_tiles,
)

REAPPLIED = "log.reapplied"
"""Verb of the event, without a leaf, that says that an act was done again in the tables."""
_ACTS_MAX = 500
_ACTS = frozenset(
    {
        "answer.rejected", "contribution.edited", "contribution.erased", "contribution.moderated",
        "contribution.restored", "contribution.withdrawn", "support.withdrawn",
    }
)  # fmt: skip
REASON = "lost"
"""Reason of the entries that say that an accepted contribution was lost in a failure."""

_VERB_OF = {entry[0]: verb for verb, entry in reversed(LEAF_OF.items()) if entry}


class CannotResume(Exception):
    """This way cannot put the register right; a new origin can."""


@dataclass(slots=True)
class Resumed:
    """What was done. fault: what was wrong. origin: of the register that signs from now on.

    matched: entries whose leaves were in the database. lost: entries whose text is gone, said so
    by entries of their own. acts: withdrawals, rejections and erasures that the tables do not know
    yet; `unapplied` gives them until `site.reapply` has done them.
    """

    fault: str
    origin: str
    matched: int = 0
    lost: int = 0
    acts: list[Leaf] = field(default_factory=list)


def resume(*, new_origin: bool = False) -> Resumed:
    """Put a read-only register right; does nothing to one that is well.

    new_origin: give up the old register (kept, still served) and start another one.
    Raises CannotResume where only a new origin can help, or where a sequencer is running.
    """
    store = Store.here()
    with store.lock() as held:
        if not held:
            raise CannotResume("a sequencer is running: stop the worker first")
        fault = sequencer.fault(store)
        if not fault:
            return Resumed("", store.origin if store.ready else "")
        if new_origin:
            result = _start_again(store, fault)
        elif fault == sequencer.BEHIND:
            result = _replay(store)
        elif fault in {sequencer.AHEAD, sequencer.TILES}:
            result = _write_again(store, fault)
        else:
            raise CannotResume("the last head is lost: only a new origin is safe")
        store.write("resumed", f"{timezone.localdate().isoformat()}\n".encode())
    sequencer.run_once()
    return result


# The database is older than the register ---------------------------------------------------------


def _replay(store: Store) -> Resumed:
    head, rows = store.head(), sequencer.indexed_rows()
    try:
        state = sequencer.load(store, head.size, head.root)
        raws = reading.raw_entries(store, 0, head.size, head.size)
    except TreeError as error:
        raise CannotResume(str(error)) from error
    check = TreeState()
    check.append(leaf_hash(raw) for raw in raws)
    if check.root() != state.root():
        raise CannotResume("the entries do not give the signed root")
    for index, row in Leaf.objects.filter(index__isnull=False).values_list("index", "bytes"):
        if index is None or bytes(row or b"") != raws[index]:
            raise CannotResume(f"entry {index} is another one in the database")
    result = Resumed(sequencer.BEHIND, store.origin)
    with transaction.atomic():
        recreated = _put_back(raws, rows, result)
        _say_lost(recreated, result)
        facts = {"origin": store.origin, "replayed": head.size - rows, "rejected": result.lost}
        # In the event only, not in its leaf: an act that is interrupted here is found again.
        facts["acts"] = [act.event_id for act in result.acts]
        emit("log.resumed", node=None, actor=SYSTEM, data=facts, on="log")
    store.drop_batch()
    store.write("checkpoint", head.note)
    return result


def unapplied() -> Iterator[Leaf]:
    """Yield, in order, the entries of acts that a replay found and that nobody did again yet."""
    told = Event.objects.filter(verb="log.resumed").values_list("data__acts", flat=True)
    asked = {pk for acts in told for pk in acts or ()}
    done = Event.objects.filter(verb=REAPPLIED).values_list("data__event", flat=True)
    waiting = sorted(asked - set(done))
    for start in range(0, len(waiting), _ACTS_MAX):
        rows = Leaf.objects.select_related("event__node", "ref__event")
        yield from rows.filter(event__in=waiting[start : start + _ACTS_MAX]).order_by("id")


def _key(kind: str, on: str, d: Any, c: Any) -> bytes:
    return canon.encode([kind, on, d, c])


def _put_back(raws: Sequence[bytes], start: int, result: Resumed) -> list[Leaf]:
    """Give the entries from `start` on their rows again; return the rows that were made anew."""
    waiting: defaultdict[bytes, list[Leaf]] = defaultdict(list)
    for row in Leaf.objects.filter(index=None).order_by("-id"):
        waiting[_key(row.kind, row.on, row.members["d"], row.members["c"])].append(row)
    recreated: list[Leaf] = []
    lost: set[int] = set()
    for index in range(start, len(raws)):
        leaf = merkle_leaf.parse(raws[index])
        c = {part: b64.encode(value) for part, value in leaf.c.items()}
        found = waiting[_key(leaf.kind, leaf.on, dict(leaf.d), c)]
        if found:
            row = found.pop()
            Leaf.objects.filter(pk=row.pk).update(index=index, bytes=raws[index], problem="")
            result.matched += 1
            continue
        row = _recreate(index, raws[index], leaf, c)
        recreated.append(row)
        lost.add(row.event_id)
        # An act on something that is lost itself has nothing left to be done on.
        on_known = row.kind in _ACTS and row.ref_id not in lost
        if on_known or row.kind == "retention.executed":
            result.acts.append(row)
    return recreated


def _recreate(index: int, raw: bytes, leaf: merkle_leaf.Leaf, c: dict[str, str]) -> Leaf:
    before = None
    if leaf.ref is not None:
        before = Leaf.objects.select_related("event").get(index=leaf.ref)
    event = Event.objects.create(
        at=datetime.fromtimestamp(leaf.at_s, UTC),
        verb=_VERB_OF[leaf.kind],
        node_id=before.event.node_id if before else None,
        data=dict(leaf.d),
        pending=False,
    )
    if before is not None:
        forget(event, before.event)
    return Leaf.objects.create(
        event=event,
        kind=leaf.kind,
        on=leaf.on,
        members={"at": leaf.at, "d": dict(leaf.d), "c": c},
        ref=before,
        index=index,
        bytes=raw,
    )


_ENDINGS = {
    "answer.accepted": ("answer.rejected", {"reason": REASON}),
    "contribution.accepted": ("contribution.moderated", {"reason": REASON}),
    "support.accepted": ("support.withdrawn", {}),
}


def _say_lost(recreated: Sequence[Leaf], result: Resumed) -> None:
    """Say in the register which accepted contributions were lost: they no longer count."""
    accepted = [leaf for leaf in recreated if leaf.kind in _ENDINGS]
    past = Past(leaf.event_id for leaf in accepted)
    for leaf in accepted:
        if past.ended(leaf.event_id) or past.state(leaf.event_id) != VISIBLE:
            continue
        verb, facts = _ENDINGS[leaf.kind]
        emit(verb, node=None, actor=SYSTEM, data=facts, ref=leaf.event, on=leaf.on)
        result.lost += 1


# The home is older than the database, or its tiles are damaged -----------------------------------


def _write_again(store: Store, fault: str) -> Resumed:
    head = store.head()
    rows = list(
        Leaf.objects.filter(index__isnull=False).order_by("index").values_list("pk", "bytes")
    )
    entries = [bytes(raw or b"") for _pk, raw in rows]
    state = TreeState()
    state.append(leaf_hash(entry) for entry in entries[: head.size])
    if state.root() != head.root:
        raise CannotResume("the database does not give the signed root")
    _write_tiles(store, entries[: head.size])
    batch = store.batch()
    if batch is not None and batch.size != head.size:
        store.drop_batch()
    if len(entries) > head.size:
        _sign_rest(store, head, rows, entries, state)
    return Resumed(fault, store.origin, matched=len(entries))


def _sign_rest(
    store: Store, head: Head, rows: Sequence[Any], entries: list[bytes], state: TreeState
) -> None:
    """Sign what the database holds beyond the last head: the same tree that was signed before."""
    rest = entries[head.size :]
    state.append(leaf_hash(entry) for entry in rest)
    latest_s = max(merkle_leaf.parse(entry).at_s for entry in entries)
    ids = tuple(pk for pk, _raw in rows[head.size :])
    batch = Batch(head.size, ids, tuple(rest), state.root(), latest_s)
    store.drop_batch()
    store.keep(batch)
    sequencer.finish(store, batch)


def _write_tiles(store: Store, entries: Sequence[bytes]) -> None:
    state = TreeState()
    for tile, data in state.append(leaf_hash(entry) for entry in entries):
        store.write(tile.path, data)
    for tile in new_tiles(0, len(entries)):
        if tile.level == 0:
            begin = tile.index * TILE_WIDTH
            data = encode_bundle(entries[begin : begin + tile.width])
            store.write(Tile(ENTRIES_LEVEL, tile.index, tile.width).path, data)


# Everything else ---------------------------------------------------------------------------------


def _start_again(store: Store, fault: str) -> Resumed:
    store.put_away()
    with transaction.atomic():
        Leaf.objects.filter(kind__in=["log.opened", "log.resumed"]).delete()
        matched = Leaf.objects.update(index=None, bytes=None, problem="")
    for file in store.folder.glob("openings-*"):
        file.unlink()
    store.create(store.new_origin())
    sequencer.open_log()
    return Resumed(fault, store.origin, matched=matched)
