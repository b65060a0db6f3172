"""The sequencer: gives each new leaf its index, grows the tree, signs its head.

Order of one run, so that a kill at any point loses nothing and signs nothing twice (the same
order as Sunlight's, with the batch kept first):

    batch   the exact bytes to add, in checkpoints.db
    tiles   bundles and hash tiles: temporary file, fsync, rename, fsync of the folder
    head    compare-and-swap of the last head, in checkpoints.db: the commit point
    rows    index and bytes on the leaves, in one transaction
    publish the signed checkpoint
    tidy    partial tiles that a full one replaced; the batch is forgotten

A run first finishes the batch that an earlier one left, with the same bytes.
"""

import errno
import logging
from collections.abc import Callable
from typing import Any

from django.db import connection, transaction
from django.db.models import Max

from parvis.core.access import SYSTEM
from parvis.core.events import emit
from parvis.ledger.models import Leaf
from parvis.ledger.planning import plan, waiting
from parvis.ledger.store import Batch, HeadMoved, Store
from parvis.merkle import b64, checkpoint
from parvis.merkle import leaf as merkle_leaf
from parvis.merkle.checkpoint import Checkpoint
from parvis.merkle.tree import (
    ENTRIES_LEVEL,
    TILE_WIDTH,
    Tile,
    TreeError,
    TreeState,
    decode_bundle,
    encode_bundle,
    leaf_hash,
    new_tiles,
    tile_reader,
)

log = logging.getLogger("parvis.ledger")
LIMIT = 5000

# Reasons for which a register is read-only.
MISSING = "missing"
BEHIND = "behind"
AHEAD = "ahead"
TILES = "tiles"
KEY = "key"

Step = Callable[[str], None]
_halted = ""
_told = ""


def _nothing(_name: str) -> None:
    """No step is watched; tests kill the process here."""


def open_log() -> Leaf:
    """Return the leaf `log.opened` that starts the register, written now if there is none.

    After a failure it quotes the last head of the register that was lost.
    """
    store = Store.here()
    waiting_rows = Leaf.objects.filter(kind="log.opened", index=None, problem="")
    for leaf in waiting_rows:
        if leaf.members["d"]["origin"] == store.origin:
            return leaf
    facts: dict[str, Any] = {"origin": store.origin}
    if number := store.lost_count:
        facts["lost"] = _quote(store.lost(number))
    with transaction.atomic():
        event = emit("log.opened", node=None, actor=SYSTEM, data=facts, on="log")
    return Leaf.objects.get(event=event)


def _quote(lost: Store) -> dict[str, Any]:
    if lost.ready:
        head = lost.head()
        return {"origin": lost.origin, "size": head.size, "root": b64.encode(head.root)}
    raw = lost.read("checkpoint")
    if raw is None:
        return {"origin": lost.origin}
    said = checkpoint.open_checkpoint(raw, lost.verifier).head
    return {"origin": said.origin, "size": said.size, "root": b64.encode(said.root)}


def run_once(limit: int = LIMIT, *, step: Step = _nothing) -> int:
    """Index the leaves that wait, sign and publish the head; return how many were indexed.

    0 when there is nothing to do, when another process is at it, or when the register is
    read-only (`status.status()` says why). step: called with the name of each step.
    Raises RuntimeError after a disk error, until the process starts again: a second fsync may
    succeed without the data being on disk. Must run outside a transaction.
    """
    global _halted
    if _halted:
        raise RuntimeError(f"the register stopped after a disk error: {_halted}")
    store = Store.here()
    with store.lock() as held:
        if not held:
            return 0
        try:
            return _run(store, limit, step)
        except OSError as error:
            # A full disk may be freed, and each try writes every file anew.
            if error.errno == errno.EIO:
                _halted = str(error)
            raise


def _run(store: Store, limit: int, step: Step) -> int:
    if not store.ready:
        if fault(store):
            return _refuse(MISSING)
        if not Leaf.objects.filter(problem="").exists():
            return 0
        store.create(store.new_origin())
    done, batch = 0, store.batch()
    if batch is not None:
        done = finish(store, batch, step)
    elif not Leaf.objects.filter(index=None, problem="").exists():
        return 0
    if reason := fault(store):
        return _refuse(reason) or done
    head = store.head()
    if head.size == 0:
        open_log()
    leaves = waiting(limit, first=head.size == 0)
    batch = plan(head, load(store, head.size, head.root), leaves) if leaves else None
    if batch is None:
        return done
    store.keep(batch)
    step("batch")
    return done + finish(store, batch, step)


def _refuse(reason: str) -> int:
    global _told
    if _told != reason:
        log.error("the register is read-only", extra={"fields": {"reason": reason}})
    _told = reason
    return 0


def indexed_rows() -> int:
    """Return how many leaves the database holds with an index: they are numbered without gap."""
    last = Leaf.objects.aggregate(last=Max("index"))["last"]
    return 0 if last is None else last + 1


def fault(store: Store) -> str:
    """Return why nothing may be signed (MISSING, KEY, BEHIND, AHEAD, TILES), empty if all is well.

    A batch being written is no fault: the next run finishes it.
    """
    if not store.ready:
        return MISSING if store.used or indexed_rows() else ""
    if not (store.folder / "log.key").is_file():
        return KEY
    head, rows = store.head(), indexed_rows()
    if rows != head.size:
        batch = store.batch()
        if batch is not None and (rows, head.size) == (batch.start, batch.size):
            return "" if _rows_of(batch) else BEHIND
        return BEHIND if rows < head.size else AHEAD
    try:
        load(store, head.size, head.root)
    except TreeError:
        return TILES
    return ""


def load(store: Store, size: int, root: bytes | None) -> TreeState:
    """Return the right edge of the tree, as the tiles give it. Raises TreeError."""
    state = TreeState.load(size, tile_reader(store.read))
    if root is not None and state.root() != root:
        raise TreeError(f"the tiles of {size} leaves do not give the signed root")
    return state


# Writing -----------------------------------------------------------------------------------------


def _rows_of(batch: Batch) -> list[Leaf] | None:
    """Return the batch's rows in order, None if they are no longer the ones that were chosen."""
    wanted = Leaf.objects.only("kind", "on", "members", "index")
    found = wanted.in_bulk(list(batch.leaves))
    rows = [found[pk] for pk in batch.leaves if pk in found]
    if len(rows) != len(batch.leaves):
        return None
    for number, (row, entry) in enumerate(zip(rows, batch.entries, strict=True), batch.start):
        if row.index not in (None, number) or not is_of(entry, row):
            return None
    return rows


def is_of(entry: bytes, row: Leaf) -> bool:
    """Whether a published entry was made from this row (time and index of `ref` apart)."""
    leaf = merkle_leaf.parse(entry)
    commitments = {part: b64.encode(c) for part, c in leaf.c.items()}
    return (leaf.kind, leaf.on, dict(leaf.d), commitments) == (
        row.kind,
        row.on,
        row.members["d"],
        row.members["c"],
    )


def finish(store: Store, batch: Batch, step: Step = _nothing) -> int:
    """Write a batch everywhere; each part may already be done. Return how many got their index.

    Needs the register's lock.
    """
    if indexed_rows() not in (batch.start, batch.size):
        return 0
    if _rows_of(batch) is None:
        if store.head().size <= batch.start:
            # Not signed, and the database lost these leaves: nothing was promised on them.
            log.error("a batch was dropped: its leaves are gone")
            store.drop_batch()
        return 0
    _write_tiles(store, batch, step)
    signed = checkpoint.sign(Checkpoint(store.origin, batch.size, batch.root), [store.signer()])
    try:
        store.swap(batch, signed)
    except HeadMoved:
        log.exception("the last head moved")
        return 0
    step("head")
    changed = _write_rows(batch)
    step("rows")
    store.write("checkpoint", signed)
    step("publish")
    _tidy(store, batch)
    step("tidy")
    store.drop_batch()
    step("done")
    return changed


def _write_tiles(store: Store, batch: Batch, step: Step) -> None:
    state = load(store, batch.start, None)
    first = batch.start // TILE_WIDTH
    entries = [*_edge_entries(store, state), *batch.entries]
    for tile in new_tiles(batch.start, batch.size):
        if tile.level == 0:
            begin = (tile.index - first) * TILE_WIDTH
            data = encode_bundle(entries[begin : begin + tile.width])
            store.write(Tile(ENTRIES_LEVEL, tile.index, tile.width).path, data)
            step("bundle")
    for tile, data in state.append(leaf_hash(entry) for entry in batch.entries):
        store.write(tile.path, data)
        step("tile")
    if state.root() != batch.root:
        raise TreeError("the tiles changed under the batch")


def _edge_entries(store: Store, state: TreeState) -> list[bytes]:
    """Return the entries of the incomplete bundle, checked against the tree. Raises TreeError."""
    index, width = divmod(state.size, TILE_WIDTH)
    if not width:
        return []
    tile = Tile(ENTRIES_LEVEL, index, width)
    raw = store.read(tile.path) or store.read(Tile(ENTRIES_LEVEL, index).path) or b""
    entries = decode_bundle(raw, width)
    edge = next(data for at, data in state.edge() if at.level == 0)
    if b"".join(leaf_hash(entry) for entry in entries) != edge:
        raise TreeError(f"{tile.path} disagrees with the hashes")
    return entries


@transaction.atomic
def _write_rows(batch: Batch) -> int:
    quote = connection.ops.quote_name
    numbered = enumerate(zip(batch.leaves, batch.entries, strict=True), batch.start)
    rows = [(index, entry, pk) for index, (pk, entry) in numbered]
    before = indexed_rows()
    with connection.cursor() as cursor:
        # One statement a row, sent together: a CASE of 5,000 branches takes seconds.
        cursor.executemany(
            f"UPDATE {quote(Leaf._meta.db_table)} SET {quote('index')} = %s, "  # noqa: S608
            f"{quote('bytes')} = %s WHERE {quote('id')} = %s AND {quote('index')} IS NULL",
            rows,
        )
    after = indexed_rows()
    if after != batch.size:
        raise RuntimeError(f"{after} leaves have an index where {batch.size} are signed")
    return after - before


def _tidy(store: Store, batch: Batch) -> None:
    """Remove the partial tiles that a full one replaces (tlog-tiles allows it)."""
    for tile in new_tiles(batch.start, batch.size):
        if tile.width < TILE_WIDTH:
            continue
        levels = (tile.level, ENTRIES_LEVEL) if tile.level == 0 else (tile.level,)
        for level in levels:
            path = store.folder / Tile(level, tile.index).path
            partial = path.with_name(f"{path.name}.p")
            if partial.is_dir():
                for file in partial.iterdir():
                    file.unlink(missing_ok=True)
                partial.rmdir()
