"""Who speaks for a committee or an accredited group, on a day: a role, and a term that runs."""

from datetime import date

from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from parvis.collaborate.models import Committee, Group, Member
from parvis.core import access
from parvis.core.access import Actor
from parvis.core.errors import Forbidden
from parvis.core.models import Node

Body = Committee | Group


def member_of(actor: Actor, body: Node, *, today: date | None = None) -> Member | None:
    """Return the actor's own seat whose term runs on `today`, or None."""
    if actor.person_id is None:
        return None
    today = today or timezone.localdate()
    rows = Member.objects.filter(body=body, person_id=actor.person_id)
    return next((row for row in rows.order_by("pk") if row.is_current(today)), None)


def is_office(actor: Actor, body: Body) -> bool:
    """Whether `actor` looks after this body: coordinators of its organisation."""
    return access.can(actor, "manage_committee", body)


def require_voice(actor: Actor, action: str, body: Body, *, today: date | None = None) -> None:
    """Return when `actor` may do this as a member whose term runs, now.

    Raises SignInNeeded, Forbidden (no role; a term or an accreditation that is over).
    """
    access.require(actor, action, body)
    today = today or timezone.localdate()
    if actor.system:
        return
    if isinstance(body, Group) and not body.is_current(today):
        raise Forbidden(_("The accreditation of this group is over: it publishes no more."))
    if member_of(actor, body.node, today=today) is None:
        raise Forbidden(_("Your term here is over, or has not begun."))


def may_speak(actor: Actor, action: str, body: Body, *, today: date | None = None) -> bool:
    """Whether `require_voice` would let this actor through."""
    try:
        require_voice(actor, action, body, today=today)
    except Forbidden:
        return False
    return True


def require_seat_or_office(
    actor: Actor, action: str, committee: Committee, *, today: date | None = None
) -> bool:
    """Return whether `actor` is the committee's office; a member whose term runs may as well.

    Raises what `require_voice` raises for anybody else.
    """
    office = is_office(actor, committee)
    if not office:
        require_voice(actor, action, committee, today=today)
    return office


def has_seat_or_office(actor: Actor, action: str, committee: Committee) -> bool:
    """Whether `require_seat_or_office` would let this actor through, now."""
    return is_office(actor, committee) or may_speak(actor, action, committee)


def bodies_of(actor: Actor, *, today: date | None = None) -> list[Body]:
    """Return the public committees and groups for which `actor` may publish an evaluation."""
    if actor.person_id is None:
        return []
    today = today or timezone.localdate()
    seats = Member.objects.filter(person_id=actor.person_id)
    ids = [row.body_id for row in seats if row.is_current(today)]
    found: list[Body] = []
    for model in (Committee, Group):
        rows = model._default_manager.filter(pk__in=ids, node__state="public")
        found.extend(rows.select_related("node").order_by("pk"))
    return [body for body in found if may_speak(actor, "evaluate_apart", body, today=today)]
