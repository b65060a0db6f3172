"""The ledger's part of every event: a leaf in the same transaction, or nothing."""

from collections.abc import Mapping
from typing import Any

from django.db import transaction
from django.db.models import Q

from parvis.core.models import Event
from parvis.core.prepared import insert
from parvis.ledger import erasure
from parvis.ledger.kinds import LEAF_OF
from parvis.ledger.models import Leaf
from parvis.merkle import b64, commit
from parvis.merkle import leaf as merkle_leaf
from parvis.merkle.kinds import KINDS

_ON_NODE = {"consultation": "consultation", "dataset": "dataset", "document": "dataset"}


def write_leaf(
    event: Event, *, parts: Mapping[str, Any], ref: Event | None = None, on: str | None = None
) -> Leaf | None:
    """Write the leaf of an event, without index, and return it (None: this verb makes none).

    Raises KeyError for a verb that is not in LEAF_OF, LeafError for a malformed leaf or a `ref`
    of the wrong kind or subject: both undo the change that the event tells of.
    """
    entry = LEAF_OF[event.verb]
    forget(event, ref)
    if entry is None:
        return None
    kind, facts = entry
    before = None
    if ref is not None:
        before = Leaf.objects.only("kind", "on").filter(event_id=ref.pk).first()
        if before is None:
            raise merkle_leaf.LeafError([f"{kind} refers to an event that is no leaf"])
    on = on or (before.on if before else _about(event))
    openings = {part: commit.open_value(value) for part, value in parts.items()}
    commitments = {part: commit.commitment(kind, part, o) for part, o in openings.items()}
    at, d = merkle_leaf.format_at(event.at), facts(event.data)
    # Built once here so that what cannot be a leaf is refused now, not by the sequencer later.
    merkle_leaf.build(kind=kind, on=on, at=at, c=commitments, d=d, ref=0 if before else None)
    if before and (before.kind not in KINDS[kind].refs or before.on != on):
        raise merkle_leaf.LeafError([f"{kind} on {on} refers to {before.kind} on {before.on}"])
    leaf = Leaf(
        event=event,
        kind=kind,
        on=on,
        members={"at": at, "d": d, "c": {p: b64.encode(c) for p, c in commitments.items()}},
        ref_id=ref.pk if ref else None,
        opening={part: commit.to_json(o) for part, o in openings.items()} or None,
    )
    insert(leaf)
    return leaf


def _about(event: Event) -> str:
    node = event.node
    if node is None:
        return "log"
    if node.kind == "commitment":
        return f"commitment/{node.pk}"
    if node.kind in _ON_NODE:
        return f"{_ON_NODE[node.kind]}/{node.slug}"
    if node.space is not None and node.space.kind == "consultation":
        return f"consultation/{node.space.slug}"
    if node.space is not None and node.space.kind == "commitment":
        return f"commitment/{node.space_id}"
    return "log"


def forget(event: Event, ref: Event | None) -> None:
    """Destroy the openings that a change makes useless or that its author took back."""
    if event.verb in {"discussion.withdrawn", "discussion_message.withdrawn"}:
        transaction.on_commit(erasure.scrub_later)
    if ref is None:
        return
    mine = Leaf.objects.filter(Q(event_id=ref.pk) | Q(ref_id=ref.pk), opening__isnull=False)
    if event.verb in {"answer.rejected", "answer.retired"}:
        if event.data["reason"] not in {"replaced", "withdrawn"}:
            return
        Leaf.objects.filter(event_id=ref.pk).update(opening=None)
    elif event.verb == "support.withdrawn":
        Leaf.objects.filter(event_id=ref.pk).update(opening=None)
    elif event.verb == "contribution.erased":
        mine.update(opening=None)
    elif event.verb == "contribution.edited":
        for leaf in mine.filter(opening__has_key="body"):
            rest = {part: o for part, o in (leaf.opening or {}).items() if part != "body"}
            Leaf.objects.filter(pk=leaf.pk).update(opening=rest or None)
    elif event.verb not in {"contribution.withdrawn", "contribution.moderated"}:
        return
    transaction.on_commit(erasure.ask)
