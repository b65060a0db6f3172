"""Groups accredited to publish their own evaluations: a public list, with who decided and why."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from parvis.collaborate.models import Group
from parvis.collaborate.services import RESERVED, keep, say_why
from parvis.core import access
from parvis.core.access import Actor
from parvis.core.errors import Conflict, Invalid
from parvis.core.events import IdempotencyKey, emit, replayed
from parvis.core.i18n import DEFAULT, Text
from parvis.core.models import Organisation
from parvis.core.rows import apply, check_address, check_row, new_node, title_of

FIELDS = ("why", "homepage", "since", "until", "by_name", "sources")


@transaction.atomic
def accredit(
    *,
    actor: Actor,
    name: Text,
    organisation: Organisation,
    fields: Mapping[str, Any],
    reconstructed: bool = False,
    key: IdempotencyKey | None = None,
) -> Group:
    """Accredit a group, public at once, and return it.

    `fields`: FIELDS; `organisation` accredits, `by_name` is who decided. Raises Forbidden, Invalid.
    """
    if earlier := replayed(key):
        return Group.objects.select_related("node").get(node=earlier.node)
    access.require(actor, "accredit", organisation)
    cleaned = title_of(name)
    row = Group(organisation=organisation, by_id=actor.person_id, reconstructed=reconstructed)
    apply(row, fields, FIELDS)
    check_row(row, ["organisation", "by"])
    if not row.why.get(DEFAULT):
        raise Invalid({"why": [_("Say why, in French at least: it is public.")]})
    if row.until and row.until < row.since:
        raise Invalid({"until": [_("The end comes before the start.")]})
    check_address(row, "homepage")
    row.node = new_node("group", cleaned, reserved=RESERVED, public=True)
    row.save(force_insert=True)
    keep(row, actor)
    facts = {"since": row.since.isoformat()}
    emit("group.accredited", node=row.node, actor=actor, data=facts, key=key)
    return row


@transaction.atomic
def end_accreditation(
    *, actor: Actor, group: Group, until: date, reason: Text, today: date | None = None
) -> Group:
    """Say until when a group is accredited, and why it ends; what it published stays.

    Raises Forbidden, Conflict (over already), Invalid.
    """
    access.require(actor, "accredit", group)
    day = today or timezone.localdate()
    if group.until is not None and group.until < day:
        raise Conflict
    if not isinstance(until, date) or until < group.since:
        raise Invalid({"until": [_("The end comes before the start.")]})
    if until < day:
        raise Invalid({"until": [_("It ends today at the earliest: the past does not change.")]})
    say_why(reason, "reason", _("Say why, in French at least: it is public."))
    group.until, group.end_reason = until, dict(reason)
    check_row(group, ["organisation", "by"])
    group.save()
    keep(group, actor, reason)
    facts = {"until": until.isoformat()}
    emit("group.ended", node=group.node, actor=actor, data=facts)
    return group
