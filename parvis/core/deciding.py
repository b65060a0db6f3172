"""Deciding what somebody asked (a version, a change): by another person, once.

What is asked is a row with `asked_by`, `state` (of which WAITING is one), `words`, `decided_by` and
`decided_at`; its model says in `RIGHT` which right decides, and in `WHOLE` the name of the field of
the thing that it is about: a row with a node and an organisation.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Generic, TypeVar

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


class Reviewed(Generic[Row]):
    """Where something stands of which versions are approved: what its reviews say.

    `review` is the latest one, `approval` that of what is there now, `planned` the one with a
    minute chosen, even if it no longer holds.
    """

    review: Row | None
    approval: Row | None

    @property
    def planned(self) -> Row | None:
        """The approval with a minute chosen."""
        raise NotImplementedError

    @property
    def waiting(self) -> Row | None:
        """The review that waits for somebody, or None."""
        found = self.review
        return found if found and found.state == found.State.WAITING else None

    @property
    def asked(self) -> Row | None:
        """The review that asked for changes, until another one is asked."""
        found = self.review
        return found if found and found.state == found.State.CHANGES else None

    @property
    def minute(self) -> datetime | None:
        """The minute chosen, where it will happen."""
        planned = self.planned
        if planned is None or planned != self.approval or planned.refused_at:
            return None
        return planned.publish_at


def steps(words: Mapping[str, Any], here: str) -> list[dict[str, Any]]:
    """Return the states in their order, as lists show them: done, current or to come."""
    names = list(words)
    at = names.index(here)
    return [
        {
            "words": words[name],
            "state": "done" if rank < at else "current" if rank == at else "promised",
            "here": rank == at,
        }
        for rank, name in enumerate(names)
    ]
