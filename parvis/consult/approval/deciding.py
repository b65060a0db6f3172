"""Deciding what somebody asked, a version or a change of what is open: by another person."""

from typing import Any, TypeVar

from django.utils import timezone

from parvis.consult.approval.models import ProposedChange, Review
from parvis.core import access
from parvis.core.access import Actor
from parvis.core.errors import Closed, Forbidden
from parvis.core.rows import check_row

Asked = TypeVar("Asked", Review, ProposedChange)


def may_decide(actor: Actor, asked: Review | ProposedChange) -> bool:
    """Whether this person may decide: the right to, and another person than who asked."""
    return (
        access.can(actor, "approve_consultation", asked.consultation)
        and actor.person_id is not None
        and actor.person_id != asked.asked_by_id
    )


def waiting(asked: Asked, over: Any) -> Asked:
    """Return the row, locked. Raises Closed, in the words `over`, when it was decided already."""
    found = (
        type(asked)
        .objects.select_for_update(of=("self",))
        .select_related("asked_by", "consultation__node", "consultation__organisation__node")
        .get(pk=asked.pk)
    )
    if found.state != asked.State.WAITING:
        raise Closed(over)
    return found


def by_another(actor: Actor, asked: Asked, *, alone: Any, over: Any) -> Asked:
    """Return the row, locked, when this person may decide.

    Raises Forbidden (in the words `alone` for who asked), Closed in the words `over`.
    """
    access.require(actor, "approve_consultation", asked.consultation)
    found = waiting(asked, over)
    if not may_decide(actor, found):
        raise Forbidden(alone)
    return found


def decide(asked: Review | ProposedChange, state: str, actor: Actor, words: str = "") -> None:
    """Write the decision. Raises Invalid when the words are too long."""
    asked.state, asked.words = state, words.strip()
    asked.decided_by_id, asked.decided_at = actor.person_id, timezone.now()
    check_row(asked)
    asked.save(update_fields=["state", "words", "decided_by", "decided_at"])
