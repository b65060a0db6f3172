"""Deciding what somebody asked (a version, a change): by another person, once.

What is asked is a row with `asked_by`, `state` (of which WAITING is one), `words`, `decided_by` and
`decided_at`; its model says in `RIGHT` which right decides, and in `WHOLE` the name of the field of
the thing that it is about: a row with a node and an organisation.
"""

from typing import Any, TypeVar

from django.utils import timezone

from parvis.core import access
from parvis.core.access import Actor
from parvis.core.errors import Closed, Forbidden
from parvis.core.rows import check_row

Row = TypeVar("Row", bound=Any)


def may_decide(actor: Actor, asked: Any) -> bool:
    """Whether this person may decide: the right to, and another person than who asked."""
    return (
        access.can(actor, asked.RIGHT, getattr(asked, asked.WHOLE))
        and actor.person_id is not None
        and actor.person_id != asked.asked_by_id
    )


def waiting(asked: Row, over: Any) -> Row:
    """Return the row, locked. Raises Closed, in the words `over`, when it was decided already."""
    found: Row = (
        type(asked)
        .objects.select_for_update(of=("self",))
        .select_related("asked_by", f"{asked.WHOLE}__node", f"{asked.WHOLE}__organisation__node")
        .get(pk=asked.pk)
    )
    if found.state != asked.State.WAITING:
        raise Closed(over)
    return found


def by_another(actor: Actor, asked: Row, *, alone: Any, over: Any) -> Row:
    """Return the row, locked, when this person may decide.

    Raises Forbidden (in the words `alone` for who asked), Closed in the words `over`.
    """
    access.require(actor, asked.RIGHT, getattr(asked, asked.WHOLE))
    found = waiting(asked, over)
    if not may_decide(actor, found):
        raise Forbidden(alone)
    return found


def decide(asked: Any, state: str, actor: Actor, words: str = "") -> None:
    """Write the decision. Raises Invalid when the words are too long."""
    asked.state, asked.words = state, words.strip()
    asked.decided_by_id, asked.decided_at = actor.person_id, timezone.now()
    check_row(asked)
    asked.save(update_fields=["state", "words", "decided_by", "decided_at"])
