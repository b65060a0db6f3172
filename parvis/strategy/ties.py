"""What people tie by hand to the frame: what serves a pillar, contributes to an orientation or
an ambition, measures an indicator. Links of the thread, each with its reason."""

from dataclasses import dataclass
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from parvis.core import access, thread
from parvis.core.access import Actor
from parvis.core.errors import Invalid, NotFound
from parvis.core.events import IdempotencyKey, emit, replayed
from parvis.core.i18n import DEFAULT, Text
from parvis.core.models import Link, Node, State
from parvis.strategy.models import Ambition, Indicator, Orientation, Pillar

Place = Pillar | Orientation | Ambition | Indicator
MODELS: dict[str, type[Place]] = {
    "pillar": Pillar,
    "orientation": Orientation,
    "ambition": Ambition,
    "indicator": Indicator,
}


@dataclass(frozen=True)
class Tie:
    """A relation that a place of the frame has; `inwards` when the other thing is its source."""

    relation: str
    inwards: bool


TIES: dict[str, tuple[Tie, ...]] = {
    "pillar": (Tie("serves", True),),
    "orientation": (Tie("contributes_to", True),),
    "ambition": (Tie("contributes_to", True),),
    "indicator": (Tie("measured_by", False), Tie("evidenced_by", False)),
}


def kinds_for(kind: str) -> frozenset[str]:
    """Return the kinds of things that may be tied to a place of this kind."""
    return frozenset(
        name
        for tie in TIES[kind]
        for name in thread.RELATIONS[tie.relation][0 if tie.inwards else 1]
    )


def tie_for(kind: str, other: str) -> Tie:
    """Return the tie between a place and a thing, by their kinds. Raises Invalid for none."""
    for tie in TIES[kind]:
        if other in thread.RELATIONS[tie.relation][0 if tie.inwards else 1]:
            return tie
    raise Invalid({"other": [_("These two things cannot be tied.")]})


def place_of(pk: UUID) -> Place:
    """Return a place of the frame by its id. Raises NotFound."""
    node = Node.objects.filter(pk=pk, kind__in=MODELS).first()
    model = MODELS[node.kind] if node else None
    if model is None:
        raise NotFound
    related = ["node"] if model is Pillar else ["node", "strategy__node"]
    return model._default_manager.select_related(*related).get(pk=pk)


def _ends(place: Node, other: Node, tie: Tie) -> tuple[Node, Node]:
    return (other, place) if tie.inwards else (place, other)


@transaction.atomic
def attach(
    *,
    actor: Actor,
    place: Place,
    other: Node,
    reason: Text,
    key: IdempotencyKey | None = None,
) -> Link:
    """Tie a public thing to a place of the frame and return the link; again, its reason changes.

    Raises Forbidden, Invalid (no reason in French; not public; not of a kind that may be tied).
    """
    access.require(actor, "manage_strategy", place)
    tie = tie_for(place.node.kind, other.kind)
    source, target = _ends(place.node, other, tie)
    if replayed(key):
        return Link.objects.get(source=source, relation=tie.relation, target=target)
    if other.state != State.PUBLIC:
        raise Invalid({"other": [_("Only what is public can be tied.")]})
    if not (reason or {}).get(DEFAULT):
        raise Invalid({"reason": [_("Say why, in French at least: the reason is public.")]})
    made = thread.link(
        source, tie.relation, target, actor=actor, reason=reason, action="manage_strategy"
    )
    facts = {"relation": tie.relation, "other": str(other.pk)}
    emit("frame.tied", node=place.node, actor=actor, data=facts, key=key)
    return made


@transaction.atomic
def detach(*, actor: Actor, place: Place, other: Node) -> None:
    """Undo a tie. Raises Forbidden, NotFound when there is none."""
    access.require(actor, "manage_strategy", place)
    tie = tie_for(place.node.kind, other.kind)
    source, target = _ends(place.node, other, tie)
    if not thread.unlink(source, tie.relation, target, actor=actor, action="manage_strategy"):
        raise NotFound
    facts = {"relation": tie.relation, "other": str(other.pk)}
    emit("frame.untied", node=place.node, actor=actor, data=facts)


def tied(place: Node) -> list[tuple[Node, Link]]:
    """Return (thing, link) of what is tied to a place, in one query, oldest first."""
    found: list[tuple[Node, Link]] = []
    for tie in TIES[place.kind]:
        far = "source" if tie.inwards else "target"
        near = {"target" if tie.inwards else "source": place}
        rows = Link.objects.filter(**near, relation=tie.relation).select_related(far)
        found.extend((getattr(row, far), row) for row in rows.order_by("pk"))
    return found
