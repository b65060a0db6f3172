"""Decisions that the register knows and a restored database does not: put in force again.

No event and no leaf: the register has them already. What its entry does not say (the motive, who
decided) is lost, and the decision says so.
"""

from datetime import datetime

from django.utils.translation import gettext as _
from django.utils.translation import override

from parvis.core.i18n import LANGUAGES
from parvis.core.models import Node, State
from parvis.moderation.models import Decision
from parvis.moderation.rules import BY_KEY
from parvis.moderation.services import hiding


def _lost_motive() -> dict[str, str]:
    texts = {}
    for code in LANGUAGES:
        with override(code):
            texts[code] = _(
                "This decision was read again from the public register after a failure; its "
                "reasons in words are lost."
            )
    return texts


def hide_again(node: Node, *, reason: str, at: datetime) -> None:
    """Hide a contribution under the rule of this key, as it was decided at `at`.

    Does nothing to what is hidden or withdrawn. Raises KeyError for a key that is no rule.
    """
    rule = BY_KEY[reason]
    if node.state != State.PUBLIC:
        return
    Decision.objects.create(
        node=node,
        rule=rule.number,
        action=Decision.Action.HIDE,
        motive=_lost_motive(),
        at=at,
        effective_at=at,
    )
    node.state = State.HIDDEN
    node.save(update_fields=["state"])


def restore_again(node: Node, *, at: datetime) -> None:
    """Put a hidden contribution back, as it was decided at `at`; nothing to what is not hidden."""
    if node.state != State.HIDDEN:
        return
    before = hiding(node)
    if before:
        before.state = Decision.State.REVERSED
        before.save(update_fields=["state"])
    Decision.objects.create(
        node=node,
        rule=before.rule if before else None,
        action=Decision.Action.RESTORE,
        motive=_lost_motive(),
        at=at,
        effective_at=at,
    )
    node.state = State.PUBLIC
    node.save(update_fields=["state"])
