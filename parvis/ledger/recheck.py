"""The database against the register: what was changed or deleted behind it, entry by entry.

The audit needs only published files and cannot see inside private answers. The operator, or an
auditor on the premises, compares the tables too: each text that stands must still open the
commitment that was made when it was accepted.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any
from uuid import UUID

from django.db.models import Q

from parvis.ledger import reading
from parvis.ledger.models import Leaf
from parvis.ledger.recount import sequenced
from parvis.ledger.store import Store
from parvis.merkle import b64, canon, commit
from parvis.merkle.findings import Finding

BATCH = 1000
_BODIES = ("answer.accepted", "contribution.accepted", "contribution.edited")

PartsOf = Callable[[Sequence[UUID]], Mapping[UUID, Mapping[str, Any]]]


def check_leaves() -> Iterator[Finding]:
    """Yield each row of the register that is not the published entry, or is not there.

    Raises TreeError, CheckpointError if the published files are damaged: audit them first.
    """
    store, head = Store.here(), reading.published()
    size = head.head.size if head else 0
    for start in range(0, size, BATCH):
        end = min(size, start + BATCH)
        raws = reading.raw_entries(store, start, end, size)
        rows = Leaf.objects.filter(index__gte=start, index__lt=end).values_list("index", "bytes")
        held = {index: bytes(raw or b"") for index, raw in rows}
        for index, raw in enumerate(raws, start):
            if index not in held:
                yield Finding(index, "tile", "the database has no such leaf")
            elif held[index] != raw:
                yield Finding(index, "tile", "the database holds other bytes")


def check_rows(parts_of: PartsOf) -> Iterator[Finding]:
    """Yield each accepted text that was changed or deleted in the tables.

    parts_of: gives, for contributions by id, what the ledger committed to (part -> JSON value),
    as the tables hold it now; without those that are not there. Only versions that stand are
    compared: what was replaced, withdrawn or erased has no opening any more. An answer that has
    none though nobody took it back is named, unless its text was destroyed too (retention).
    Public bodies without opening are named by the audit of `openings.jsonl`.
    """
    rows = (
        sequenced()
        .filter(Q(opening__isnull=False) | Q(kind="answer.accepted"), kind__in=_BODIES)
        .order_by("index")
        .values_list("index", "kind", "opening", "members", "event__node_id", "event_id")
        .iterator(chunk_size=BATCH)
    )
    while batch := list(islice(rows, BATCH)):
        held = parts_of([row[4] for row in batch if row[4] is not None])
        edited = _referring([row[5] for row in batch], "contribution.edited")
        set_aside = _referring([row[5] for row in batch], "answer.rejected")
        for number, kind, opening, members, node_id, event_id in batch:
            index = number if number is not None else -1
            if opening is None:
                if event_id not in set_aside and held.get(node_id, {}).get("answers") != {}:
                    yield Finding(index, "opening", "what opens this answer was taken away")
                continue
            if node_id is None or node_id not in held:
                yield Finding(index, "missing", "what this entry accepted is no longer there")
                continue
            for part, value in opening.items():
                # An edit seals the new body; what else it changed is not the register's.
                if event_id in edited and part != "author":
                    continue
                yield from _compare(index, kind, part, value, members["c"], held[node_id])


def _referring(events: Sequence[int], kind: str) -> set[int | None]:
    rows = Leaf.objects.filter(ref__in=events, kind=kind)
    return set(rows.values_list("ref_id", flat=True))


def _compare(
    index: int,
    kind: str,
    part: str,
    value: Mapping[str, str],
    commitments: Mapping[str, str],
    held: Mapping[str, Any],
) -> Iterator[Finding]:
    opening = commit.from_json(value)
    try:
        commit.verify(kind, part, opening, b64.decode(commitments[part]))
        payload = canon.encode(held[part])
    except (KeyError, ValueError) as error:
        yield Finding(index, "opening", f"{part}: {error}")
        return
    if payload != opening.payload:
        yield Finding(index, "opening", f"{part} was changed in the tables after acceptance")
