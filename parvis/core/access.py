"""Who may do what, on what, now. One matrix; services call `require`, templates ask `can`."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import UUID

from parvis.core.errors import Forbidden, SignInNeeded
from parvis.core.models import Node, Person, State

ANONYMOUS, AUTHOR, CITIZEN = "anonymous", "author", "citizen"
ADVISER, ANALYST, STEWARD = "adviser", "analyst", "steward"
COORDINATOR, OPERATOR = "coordinator", "operator"
MEMBER = "member"
"""Sits on a committee or speaks for an accredited group, always with that scope. Not staff."""
STAFF = frozenset({ADVISER, ANALYST, STEWARD, COORDINATOR, OPERATOR})
ROLES = (ANONYMOUS, AUTHOR, CITIZEN, ADVISER, ANALYST, STEWARD, COORDINATOR, OPERATOR, MEMBER)
_EVERYONE = frozenset(ROLES)
_SEEN = frozenset({State.PUBLIC})
_ANY = frozenset(State)
_ALIVE = frozenset({State.DRAFT, State.PRIVATE, State.PUBLIC})


@dataclass(frozen=True)
class Rule:
    """Roles that may, and the states of the node in which they may."""

    roles: frozenset[str]
    states: frozenset[str] = _ANY


def _rule(*roles: str, states: Iterable[str] = _ANY) -> Rule:
    return Rule(frozenset(roles), frozenset(states))


# action -> rules. An action that is not here is refused to everybody.
MATRIX: dict[str, tuple[Rule, ...]] = {
    # everybody
    "see": (
        Rule(_EVERYONE, _SEEN | {State.HIDDEN, State.WITHDRAWN, State.ERASED}),
        Rule(STAFF | {AUTHOR}, _ANY),
    ),
    "take_part": (Rule(_EVERYONE, _SEEN),),
    "comment": (Rule(_EVERYONE, _SEEN),),
    "support": (Rule(_EVERYONE, _SEEN),),
    "report": (Rule(_EVERYONE, _SEEN),),
    "follow": (Rule(_EVERYONE, _SEEN),),
    # the author of a contribution, by account or by receipt
    "change_own": (_rule(AUTHOR, states=_ALIVE),),
    "withdraw_own": (_rule(AUTHOR, states=_ALIVE | {State.HIDDEN}),),
    # the desk
    "see_desk": (Rule(STAFF),),
    "see_private_answers": (_rule(ADVISER, ANALYST),),
    "manage_consultation": (_rule(ADVISER, OPERATOR),),
    "open_consultation": (_rule(ADVISER),),
    "approve_consultation": (_rule(ADVISER, COORDINATOR, OPERATOR),),
    "enter_paper": (_rule(ADVISER, ANALYST),),
    "import_contributions": (_rule(ADVISER, ANALYST, OPERATOR),),
    "set_fate": (_rule(ADVISER, ANALYST),),
    "answer_proposal": (_rule(ADVISER, COORDINATOR),),
    "code": (_rule(ADVISER, ANALYST),),
    "manage_themes": (_rule(ADVISER, ANALYST),),
    "respond": (_rule(ADVISER, COORDINATOR),),
    "manage_plan": (_rule(COORDINATOR),),
    "report_progress": (_rule(COORDINATOR),),
    "evaluate": (_rule(COORDINATOR),),
    "manage_strategy": (_rule(COORDINATOR),),
    "manage_innovation": (_rule(ADVISER, STEWARD, COORDINATOR),),
    # committees and accredited groups: what their members say, staff neither approve nor edit
    "manage_committee": (_rule(COORDINATOR),),
    "accredit": (_rule(COORDINATOR),),
    "advise": (_rule(MEMBER, COORDINATOR),),
    "answer_advice": (_rule(COORDINATOR),),
    "draft_together": (_rule(MEMBER, COORDINATOR),),
    "propose_change": (_rule(CITIZEN, states=_SEEN),),
    "settle_change": (_rule(MEMBER, COORDINATOR),),
    "evaluate_apart": (_rule(MEMBER),),
    "check_cocreation": (_rule(COORDINATOR),),
    "manage_catalogue": (_rule(STEWARD),),
    "manage_pages": (_rule(COORDINATOR, OPERATOR),),
    "publish_data": (_rule(STEWARD),),
    "approve_data": (_rule(STEWARD, COORDINATOR),),
    "see_private_data": (Rule(STAFF),),
    # drafts and private datasets, without changing them
    "read_catalogue": (_rule(STEWARD),),
    "manage_organisations": (_rule(STEWARD, OPERATOR),),
    "moderate": (_rule(ADVISER, COORDINATOR),),
    "erase": (_rule(OPERATOR),),
    "manage_site": (_rule(OPERATOR),),
    "manage_people": (_rule(OPERATOR),),
    "run_jobs": (Rule(STAFF),),
    "see_mail": (_rule(OPERATOR),),
    # the links of the thread that staff write by hand
    "link": (_rule(ADVISER, ANALYST, STEWARD, COORDINATOR),),
}


@dataclass(frozen=True)
class Actor:
    """Who acts: a person or nobody, their roles, and the contributions they hold a receipt for."""

    person: Person | None = None
    roles: frozenset[str] = frozenset()
    scopes: frozenset[tuple[str, UUID]] = frozenset()
    holds: frozenset[UUID] = field(default_factory=frozenset)
    system: bool = False
    only: frozenset[str] | None = None
    """The actions that the token used opens; None: all that the person may do."""
    token_id: int | None = None

    @property
    def person_id(self) -> UUID | None:
        """The person's id, or None."""
        return self.person.pk if self.person else None

    @property
    def is_staff(self) -> bool:
        """Whether any staff role is held, anywhere on the site."""
        return bool(self.roles & STAFF) or any(role in STAFF for role, _scope in self.scopes)

    def holding(self, contribution_id: UUID) -> "Actor":
        """Return this actor with the receipt of one more contribution."""
        return replace(self, holds=self.holds | {contribution_id})


NOBODY = Actor(roles=frozenset({ANONYMOUS}))
SYSTEM = Actor(roles=frozenset(ROLES), system=True)
"""The program itself (demo, jobs, command line): recorded as an event without actor."""


def actor_for(person: Person | None, *, staff: bool = True) -> Actor:
    """Return the actor of a person; `staff=False` leaves staff roles out (no second factor)."""
    if person is None or not person.is_active:
        return NOBODY
    roles, scopes = {ANONYMOUS, CITIZEN}, set()
    for role in person.roles.all():
        if role.role in STAFF and not staff:
            continue
        if role.scope_id is None:
            roles.add(role.role)
        else:
            scopes.add((role.role, role.scope_id))
    return Actor(person, frozenset(roles), frozenset(scopes))


def _node(thing: Any) -> Node | None:
    return thing if thing is None or isinstance(thing, Node) else thing.node


def _roles_on(actor: Actor, thing: Any) -> frozenset[str]:
    roles = set(actor.roles)
    node = _node(thing)
    if node is not None:
        wholes = (getattr(thing, name, None) for name in ("organisation_id", "consultation_id"))
        near = {node.pk, node.space_id, *wholes}
        roles |= {role for role, scope in actor.scopes if scope in near}
        if node.pk in actor.holds:
            roles.add(AUTHOR)
        author = getattr(thing, "author_id", None)
        if author is not None and author == actor.person_id:
            roles.add(AUTHOR)
    return frozenset(roles)


def can(actor: Actor, action: str, thing: Any = None) -> bool:
    """Whether `actor` may do `action` to `thing` (a node, or a row with `.node`, or None)."""
    if actor.only is not None and action not in actor.only:
        return False
    node = _node(thing)
    roles = _roles_on(actor, thing)
    if thing is None and action in MATRIX and actor.scopes:
        roles |= {role for role, _scope in actor.scopes}
    return any(
        roles & rule.roles and (node is None or node.state in rule.states)
        for rule in MATRIX.get(action, ())
    )


def require(actor: Actor, action: str, thing: Any = None) -> None:
    """Return when allowed. Raises SignInNeeded for nobody, else Forbidden."""
    if action not in MATRIX:
        raise Forbidden
    if can(actor, action, thing):
        return
    if actor.person is None and not actor.holds and not actor.system:
        raise SignInNeeded
    raise Forbidden
