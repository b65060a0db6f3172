"""What shows that a commitment is kept: public documents and datasets, attached and detached.

Arrows of the thread (`evidenced_by`); the things themselves are the catalogue's and stay.
"""

from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from parvis.core import access
from parvis.core.access import Actor
from parvis.core.errors import Invalid, NotFound
from parvis.core.events import emit
from parvis.core.models import Link, Node, State
from parvis.core.thread import link, unlink
from parvis.plan.models import Commitment

KINDS = ("dataset", "document")
RELATIONS = ("evidenced_by", "measured_by")
CHOICES_MAX = 200


def attached(commitment: Commitment) -> list[Link]:
    """Return the arrows to what shows it, the oldest first, with their targets."""
    arrows = Link.objects.filter(source=commitment.node, relation__in=RELATIONS)
    return list(arrows.select_related("target").order_by("pk"))


def attachable(commitment: Commitment) -> list[Node]:
    """Return the public documents and datasets that could be attached, the latest 200."""
    taken = Link.objects.filter(source=commitment.node, relation__in=RELATIONS).values("target")
    rows = Node.objects.filter(kind__in=KINDS, state=State.PUBLIC).exclude(pk__in=taken)
    return list(rows.order_by("-published_at", "-pk")[:CHOICES_MAX])


def thing_of(text: str) -> Node | None:
    """Return the document or dataset of this id, as a form gives it, or None."""
    try:
        pk = UUID(text)
    except ValueError:
        return None
    return Node.objects.filter(pk=pk, kind__in=KINDS).first()


@transaction.atomic
def attach(*, actor: Actor, commitment: Commitment, thing: Node) -> Link:
    """Say that a public thing shows where a commitment stands, and return the arrow.

    Raises Forbidden, Invalid for what is not public or of another kind.
    """
    access.require(actor, "manage_plan", commitment)
    if thing.state != State.PUBLIC:
        raise Invalid({"attach": [_("Only what is public can be evidence.")]})
    made = link(commitment.node, "evidenced_by", thing, actor=actor, action="manage_plan")
    facts = {"thing": str(thing.pk)}
    emit("commitment.evidence_attached", node=commitment.node, actor=actor, data=facts)
    return made


@transaction.atomic
def detach(*, actor: Actor, commitment: Commitment, thing: Node) -> None:
    """Take a thing off the evidence; attaching it again undoes it.

    Raises Forbidden, NotFound where it is not attached.
    """
    access.require(actor, "manage_plan", commitment)
    gone = sum(
        unlink(commitment.node, relation, thing, actor=actor, action="manage_plan")
        for relation in RELATIONS
    )
    if not gone:
        raise NotFound(_("This is not attached."))
    facts = {"thing": str(thing.pk)}
    emit("commitment.evidence_detached", node=commitment.node, actor=actor, data=facts)
