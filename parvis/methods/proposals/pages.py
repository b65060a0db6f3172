"""What the pages of proposals share: which activity, what is open, the trail of links."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import models
from django.http import Http404, HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from parvis.consult.models import Activity, PhaseAction, WhoMay
from parvis.core import access, keys
from parvis.core.access import Actor
from parvis.core.errors import NotFound
from parvis.core.i18n import tr
from parvis.core.models import Node, State
from parvis.core.prepared import Prepared
from parvis.methods.proposals import queries as reading
from parvis.methods.proposals.definition import settings_of
from parvis.methods.proposals.models import Proposal


def activity_of(request: HttpRequest, slug: str) -> Activity:
    """Return an activity that this reader may know of. Raises Http404."""
    try:
        activity = reading.activity(slug)
    except Activity.DoesNotExist:
        raise Http404 from None
    _require_seen(request, activity)
    return activity


def _require_seen(request: HttpRequest, activity: Activity) -> None:
    consultation = activity.consultation
    if consultation.node.state != State.PUBLIC and not access.can(
        request.actor, "manage_consultation", consultation
    ):
        raise Http404


def proposal_of(request: HttpRequest, slug: str, pk: UUID) -> Proposal:
    """Return a proposal that this reader may know of. Raises Http404."""
    try:
        row = reading.proposal(pk, slug)
    except Proposal.DoesNotExist:
        raise Http404 from None
    _require_seen(request, row.activity)
    return row


def name_of(row: Proposal) -> str:
    """Return a proposal's title, or its number where the title is no longer shown."""
    if row.node.state == State.PUBLIC:
        return tr(row.node.title)
    return _("Proposal no. %(n)d") % {"n": row.number}


@dataclass(frozen=True)
class Open:
    """What is open now in an activity, until when, and the seconds for which it stays true."""

    propose: bool
    support: bool
    comment: bool
    closes: Any
    opens: Any
    is_coming: bool
    seconds: int


_periods = Prepared(
    lambda activity: PhaseAction.objects.filter(activity=activity).values_list(
        "action", "phase__starts", "phase__ends"
    ),
    activity=models.UUIDField(),
)


def open_now(activity: Activity, now: datetime | None = None) -> Open:
    """Return what is open, in one query: a page asks for all of it at once."""
    now = now or timezone.now()
    periods = _periods(activity=activity.pk)
    public = activity.consultation.node.state == State.PUBLIC
    running = {action for action, starts, ends in periods if starts <= now < ends and public}
    opens = min((starts for _action, starts, _ends in periods), default=None)
    closes = max((ends for _action, _starts, ends in periods), default=None)
    coming = [at for _action, *both in periods for at in both if at > now]
    wait = min(coming, default=now + timedelta(days=1)) - now
    return Open(
        propose="propose" in running,
        support="support" in running,
        comment="comment" in running,
        closes=closes,
        opens=opens,
        is_coming=opens is not None and now < opens,
        seconds=max(0, int(wait.total_seconds())),
    )


def needs_account(activity: Activity, action: str) -> bool:
    """Whether this action asks for a confirmed e-mail address, so that pages can say it before."""
    if action == "support" or activity.consultation.who_may != WhoMay.ANYONE:
        return True
    return action == "comment" and not settings_of(activity).anonymous_comments


def crumbs(activity: Activity, *more: tuple[str, str | None]) -> list[tuple[str, str | None]]:
    """Return the trail from the consultation to this page; the last one has no link."""
    consultation = activity.consultation.node
    trail: list[tuple[str, str | None]] = [
        (_("Consultations"), reverse("consultations")),
        (tr(consultation.title), reverse("consultation", args=[consultation.slug])),
        (tr(activity.node.title), reverse("proposals", args=[activity.node.slug])),
        *more,
    ]
    return [*trail[:-1], (trail[-1][0], None)]


def holder(actor: Actor, node: Node, code: str | None) -> Actor:
    """Return the actor, holding the receipt when `code` is this node's. Raises NotFound."""
    if code is None:
        return actor
    typed = keys.normalise_code(code)
    if typed is None or typed != keys.receipt_code(node.pk).replace("-", ""):
        raise NotFound(_("No contribution has this code."))
    return actor.holding(node.pk)
