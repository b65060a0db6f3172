"""Receipts: what a participant checks without us, and what pages say of a contribution."""

from datetime import datetime
from typing import TypedDict
from uuid import UUID

from django.utils.translation import gettext_lazy as _

from parvis.core.errors import Conflict
from parvis.core.models import Event
from parvis.ledger import reading
from parvis.ledger.models import Leaf
from parvis.ledger.sequencer import is_of
from parvis.merkle import b64, commit, tlogproof

_STANDING = ("answer.accepted", "contribution.accepted", "contribution.edited")


class Inscribed(TypedDict):
    """Where a contribution stands in the register.

    index: of the entry that holds its current version; at: its time; hash: RFC 6962 hash of the
    entry, 64 hexadecimal digits; size: entries published when this was read.
    """

    index: int
    at: datetime
    hash: str
    size: int


class Disagrees(Conflict):
    """The register's files and the database say different things of one entry."""

    message = _("The register and the database disagree on this entry. Write to us: this is grave.")


def standing(node_id: UUID) -> Leaf | None:
    """Return the leaf of the current version of a contribution, sequenced or not."""
    rows = Leaf.objects.filter(event__node_id=node_id, kind__in=_STANDING)
    return rows.order_by("-id").first()


def status_of(node_id: UUID) -> Inscribed | None:
    """Return where a contribution stands in the register, None while it waits (a second)."""
    leaf = standing(node_id)
    if leaf is None or leaf.index is None:
        return None
    head, found = reading.published(), reading.entries(leaf.index, leaf.index + 1)
    if head is None or not found:
        return None
    entry = found[0]
    return {"index": entry.index, "at": entry.at, "hash": entry.hash, "size": head.head.size}


def proof_for(of: Event | Leaf, *, openings: bool = True) -> bytes | None:
    """Return the `.tlog-proof` of an event's leaf, None while it waits for its index.

    openings: add what opens its commitments, for its holder only; what was erased is left out.
    Raises Disagrees if database and register differ, ProofError or TreeError if the register's
    files are damaged, Leaf.DoesNotExist for an event that is no leaf.
    """
    leaf = of if isinstance(of, Leaf) else Leaf.objects.get(event=of)
    if leaf.index is None:
        return None
    found = reading.inclusion(leaf.index)
    if found is None:
        return None
    if not is_of(found.entry, leaf):
        raise Disagrees
    opened = _openings(leaf) if openings else {}
    return _written(found, opened)


def public_proof(index: int) -> bytes | None:
    """Return the `.tlog-proof` of any entry, opening nothing; None if there is no such entry."""
    found = reading.inclusion(index)
    return None if found is None else _written(found, {})


def _written(found: reading.Inclusion, opened: dict[str, commit.Opening]) -> bytes:
    return tlogproof.make(
        entry=found.entry,
        openings=opened,
        index=found.index,
        hashes=found.hashes,
        signed_checkpoint=found.checkpoint.raw,
    )


def _openings(leaf: Leaf) -> dict[str, commit.Opening]:
    opened = {}
    for part, value in (leaf.opening or {}).items():
        opening = commit.from_json(value)
        try:
            commit.verify(leaf.kind, part, opening, b64.decode(leaf.members["c"][part]))
        except (commit.CommitError, KeyError) as error:
            raise Disagrees from error
        opened[part] = opening
    return opened
