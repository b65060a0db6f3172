"""From a text written together to a commitment of a plan: the only place that knows both."""

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from parvis.collaborate.drafting import whole_text
from parvis.collaborate.models import Drafting
from parvis.core import access
from parvis.core.access import Actor
from parvis.core.errors import Invalid, NotFound
from parvis.core.events import IdempotencyKey, emit, replayed
from parvis.core.i18n import DEFAULT, Text
from parvis.core.models import State
from parvis.core.thread import link
from parvis.plan import services
from parvis.plan.models import Commitment, Plan


@transaction.atomic
def become_commitment(
    *,
    actor: Actor,
    drafting: Drafting,
    plan: Plan,
    number: str,
    reason: Text | None = None,
    key: IdempotencyKey | None = None,
) -> Commitment:
    """Make a draft commitment of a plan from a closed text, and return it; the thread keeps it.

    Its words are the text as it stands; the coordinators add dates and lead, then publish.
    Raises Forbidden, NotFound (the text is not public), Invalid (still open; number taken).
    """
    if earlier := replayed(key):
        return Commitment.objects.select_related("node", "plan__node").get(
            pk=earlier.data["commitment"]
        )
    access.require(actor, "manage_plan", plan)
    if drafting.node.state != State.PUBLIC:
        raise NotFound
    if drafting.is_open:
        raise Invalid({"__all__": [_("Close the text first: its words may still change.")]})
    text = whole_text(drafting)
    if not text.get(DEFAULT):
        raise Invalid({"__all__": [_("The text is not complete in French.")]})
    made = services.draft_commitment(
        actor=actor, plan=plan, title=drafting.node.title, number=number, fields={"action": text}
    )
    link(drafting.node, "becomes", made.node, actor=actor, reason=reason, action="manage_plan")
    facts = {"commitment": str(made.pk)}
    emit("drafting.became", node=drafting.node, actor=actor, data=facts, key=key)
    return made
