"""After an older backup: what the register says was taken back is taken back again in the tables.

`ledger.resume` gives each published entry its row again: the leaf of a withdrawal exists, and the
salts that it destroyed are destroyed. What is missing is what the act did to the tables. So nothing
here calls the services that people use, since each would write a second leaf; their halves that
touch rows are called, then one event without a leaf (`log.reapplied`) says that it was done, in
the same transaction: interrupted, `parvis resume` goes on where it stopped. Consumers get the
register's own event, all but notices: people were told at the time.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from parvis.consult import contributions
from parvis.consult.models import Consultation, Contribution, Vote
from parvis.core import search
from parvis.core.access import SYSTEM
from parvis.core.events import emit
from parvis.core.models import Event, State
from parvis.ledger import erasure
from parvis.ledger.models import Leaf
from parvis.ledger.resume import REAPPLIED, unapplied
from parvis.methods.proposals import consume as proposals
from parvis.methods.proposals import services as supports
from parvis.moderation import restored
from parvis.moderation.rules import BY_KEY
from parvis.site import retention
from parvis.understand import consume as understand

_GONE = (State.WITHDRAWN, State.ERASED)


class CannotReapply(Exception):
    """This act needs a person: what it put in place is lost, or is not in the tables."""


@dataclass(frozen=True, slots=True)
class Note:
    """An entry that needs a look: its index in the register, its kind, its node, and why."""

    index: int | None
    kind: str
    node_id: UUID | None
    why: str


@dataclass(slots=True)
class Reapplied:
    """done: acts that the tables know again. left: those that need a person.

    partly: done, but something of what they put in place is lost; said once.
    """

    done: int = 0
    partly: list[Note] = field(default_factory=list)
    left: list[Note] = field(default_factory=list)


def run() -> Reapplied:
    """Do again, in the register's order, every act that a resumed register knows; return which."""
    result = Reapplied()
    for leaf in unapplied():
        try:
            with transaction.atomic():
                note = _again(leaf)
        except CannotReapply as why:
            result.left.append(Note(leaf.index, leaf.kind, leaf.event.node_id, str(why)))
            continue
        result.done += 1
        if note:
            result.partly.append(Note(leaf.index, leaf.kind, leaf.event.node_id, note))
    return result


def _again(leaf: Leaf) -> str:
    event = leaf.event
    if leaf.kind == "retention.executed":
        _retain(leaf)
        note = ""
    elif leaf.kind == "support.withdrawn":
        _take_support_back(leaf)
        note = ""
    else:
        row = _contribution(event)
        # One object for all: what follows reads the state that was just written.
        event.node = row.node
        note = _ACTS[leaf.kind](row, event)
    proposals.count(event, parts={})
    search.consume([event])
    understand.consume([event])
    facts = {"event": event.pk, "entry": leaf.index}
    emit(REAPPLIED, node=event.node, actor=SYSTEM, data=facts)
    transaction.on_commit(erasure.ask)
    return note


def _contribution(event: Event) -> Contribution:
    rows = Contribution.objects.select_related(
        "node", "activity__node", "activity__consultation__node"
    )
    row = rows.filter(pk=event.node_id).first() if event.node_id else None
    if row is None:
        raise CannotReapply(_("what it is about is not in the database"))
    return row


def _withdrawn(row: Contribution, event: Event) -> str:
    if row.node.state not in _GONE:
        contributions.erase(row)
    return ""


def _rejected(row: Contribution, event: Event) -> str:
    reason = event.data.get("reason")
    if reason == "withdrawn":
        return _withdrawn(row, event)
    if reason == "replaced":
        # Its author no longer says this, and may have withdrawn what replaced it.
        _withdrawn(row, event)
        return _("the answer that replaced it is lost; the earlier one was erased")
    return _set_aside(row, str(reason))


def _set_aside(row: Contribution, reason: str) -> str:
    if reason not in Contribution.Why:
        raise CannotReapply(_("its reason is not known here: %(reason)s") % {"reason": reason})
    row.fate, row.fate_reason = Contribution.Fate.REJECTED, reason
    row.save(update_fields=["fate", "fate_reason"])
    return ""


def _moderated(row: Contribution, event: Event) -> str:
    reason = str(event.data.get("reason"))
    if reason not in BY_KEY:
        return _set_aside(row, reason)
    # "Duplicate" is a rule of the charter and a reason of the desk; hiding is what shows least.
    restored.hide_again(row.node, reason=reason, at=event.at)
    return ""


def _restored(row: Contribution, event: Event) -> str:
    restored.restore_again(row.node, at=event.at)
    if row.fate == Contribution.Fate.REJECTED:
        row.fate, row.fate_reason = Contribution.Fate.KEPT, ""
        row.save(update_fields=["fate", "fate_reason"])
    return ""


def _erased(row: Contribution, event: Event) -> str:
    parts = set(event.data.get("parts", ()))
    if "body" in parts:
        return _withdrawn(row, event)
    if "author" in parts:
        row.author, row.participant_key, row.once_key = None, None, None
    if "private" in parts:
        row.payload = {}
    row.save(update_fields=["author", "participant_key", "once_key", "payload"])
    return ""


def _edited(row: Contribution, event: Event) -> str:
    if row.node.state in _GONE:
        return ""
    raise CannotReapply(_("the text that its author wrote later is lost; the earlier one shows"))


def _take_support_back(leaf: Leaf) -> None:
    """Remove the support whose acceptance the entry refers to: found as its author finds it."""
    if leaf.ref is None or leaf.event.node_id is None:
        raise CannotReapply(_("what it is about is not in the database"))
    accepted = leaf.ref.event
    votes = Vote.objects.select_related("activity").filter(target=accepted.node_id)
    for vote in votes if accepted.key else ():
        key = supports.support_key(vote.activity_id, bytes(vote.voter_key), vote.target_id)
        if key.stored == accepted.key:
            vote.delete()
            Event.objects.filter(pk=accepted.pk).update(key=None)
            return
    raise CannotReapply(_("its support is not in the database"))


def _retain(leaf: Leaf) -> None:
    rows = Consultation.objects.select_related("node")
    row = rows.filter(node__slug=leaf.on.partition("/")[2]).first()
    if row is None:
        raise CannotReapply(_("what it is about is not in the database"))
    retention.run_again(row, leaf.event)


_ACTS: dict[str, Callable[[Contribution, Event], str]] = {
    "answer.rejected": _rejected,
    "contribution.withdrawn": _withdrawn,
    "contribution.moderated": _moderated,
    "contribution.restored": _restored,
    "contribution.erased": _erased,
    "contribution.edited": _edited,
}
