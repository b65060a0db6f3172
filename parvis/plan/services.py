"""Plans, commitments and milestones: drafted, changed, published, closed. One transaction each."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from parvis.core import access, revisions
from parvis.core.access import Actor
from parvis.core.errors import Conflict, Invalid
from parvis.core.events import IdempotencyKey, emit, replayed
from parvis.core.i18n import DEFAULT, Text
from parvis.core.models import Organisation, State
from parvis.core.rows import apply, plain, publish_node, refuse_holes, title_of
from parvis.core.thread import link
from parvis.plan import queries
from parvis.plan.models import Commitment, Milestone, Plan
from parvis.plan.values import Completion
from parvis.plan.writing import check, new_node

PERIOD = ("starts", "starts_precision", "ends", "ends_precision")
PLAN_FIELDS = ("summary", "announced_on", "filed_on", *PERIOD, "notes", "sources")
CLOSING_FIELDS = ("closed", "closed_on", "closed_on_precision", "last_reported_on")
COMMITMENT_TEXTS = (
    "lead", "problem", "status_quo", "action", "contributes", "stakeholders", "policy_area",
    "sector", "budget", "programmes",
)  # fmt: skip
COMMITMENT_FIELDS = (
    "number", "code", "institutions", "ogp_value", *COMMITMENT_TEXTS, *PERIOD, "notes", "sources",
)  # fmt: skip
MILESTONE_FIELDS = (*PERIOD, "responsible", "note", "position")


def texts_of_plan(plan: Plan) -> dict[str, Any]:
    """Return what a plan's history keeps."""
    names = ("summary", "announced_on", "filed_on", "starts", "ends", "closed_on", "notes")
    kept = {name: plain(getattr(plan, name)) for name in names}
    return {"title": dict(plan.node.title), **kept, "sources": "\n".join(plan.sources)}


def texts_of_commitment(commitment: Commitment) -> dict[str, Any]:
    """Return what a commitment's history keeps, dates included: a moved date is never silent."""
    names = ("number", *COMMITMENT_TEXTS, "institutions", "starts", "ends", "ogp_value", "notes")
    kept = {name: plain(getattr(commitment, name)) for name in names}
    return {
        "title": dict(commitment.node.title), **kept, "sources": "\n".join(commitment.sources)
    }  # fmt: skip


def texts_of_milestone(milestone: Milestone) -> dict[str, Any]:
    """Return what a milestone's history keeps."""
    names = ("starts", "ends", "responsible", "note")
    kept = {name: plain(getattr(milestone, name)) for name in names}
    return {"title": dict(milestone.node.title), **kept}


@transaction.atomic
def create_plan(
    *,
    actor: Actor,
    title: Text,
    organisation: Organisation,
    slug: str = "",
    fields: Mapping[str, Any] | None = None,
    follows_on: Plan | None = None,
    key: IdempotencyKey | None = None,
) -> Plan:
    """Create a draft plan and return it; a plan of the past may be created closed.

    `fields`: PLAN_FIELDS and CLOSING_FIELDS. Raises Forbidden, Invalid.
    """
    if earlier := replayed(key):
        return Plan.objects.select_related("node").get(node=earlier.node)
    access.require(actor, "manage_plan", organisation)
    node = new_node("plan", title_of(title), slug=slug)
    plan = Plan(node=node, organisation=organisation)
    apply(plan, fields or {}, (*PLAN_FIELDS, *CLOSING_FIELDS))
    check(plan)
    plan.save(force_insert=True)
    if follows_on is not None:
        link(node, "follows_on", follows_on.node, actor=actor, action="manage_plan")
    emit("plan.created", node=node, actor=actor, key=key)
    return plan


def _keep_plan(plan: Plan, actor: Actor, note: Text | None = None) -> None:
    texts = texts_of_plan(plan)
    refuse_holes(texts)
    revisions.keep(plan.node, texts, actor=actor, note=note)


@transaction.atomic
def update_plan(
    *,
    actor: Actor,
    plan: Plan,
    changes: Mapping[str, Any],
    title: Text | None = None,
    note: Text | None = None,
) -> Plan:
    """Change a plan; once public, each change keeps its history.

    Raises Forbidden, Invalid (moving the end of a public plan needs `note`, the reason).
    """
    access.require(actor, "manage_plan", plan)
    public, before = plan.node.state == State.PUBLIC, plan.ends
    apply(plan, changes, PLAN_FIELDS)
    check(plan)
    if public:
        _say_why_moved(before, plan.ends, note)
    plan.save()
    _retitle(plan, title)
    if public:
        _keep_plan(plan, actor, note)
    emit("plan.changed", node=plan.node, actor=actor)
    return plan


def _say_why_moved(before: date | None, after: date | None, note: Text | None) -> None:
    if before and before != after and not (note or {}).get(DEFAULT):
        raise Invalid({"note": [_("The date moves: say why, it is published with the change.")]})


def _retitle(row: Any, title: Text | None) -> None:
    if title is not None:
        row.node.title = title_of(title)
        row.node.save(update_fields=["title"])


@transaction.atomic
def publish_plan(*, actor: Actor, plan: Plan) -> Plan:
    """Make a plan public. Raises Forbidden, Conflict (already public), Invalid (holes)."""
    access.require(actor, "manage_plan", plan)
    if plan.node.state != State.DRAFT:
        raise Conflict
    if not plan.summary.get(DEFAULT):
        raise Invalid({"summary": [_("Say in a few sentences what this plan is.")]})
    publish_node(plan.node)
    _keep_plan(plan, actor)
    emit("plan.published", node=plan.node, actor=actor)
    return plan


@transaction.atomic
def close_plan(
    *,
    actor: Actor,
    plan: Plan,
    closed_on: date,
    precision: str = "day",
    today: date | None = None,
) -> Plan:
    """Close a plan: delays stop counting, each commitment keeps its last reported state.

    Raises Forbidden, Conflict (closed already), Invalid (a day to come; a commitment of which
    nothing was ever reported: a plan does not end in silence).
    """
    access.require(actor, "manage_plan", plan)
    if plan.closed:
        raise Conflict
    if closed_on > (today or timezone.localdate()):
        raise Invalid({"closed_on": [_("This day has not come yet.")]})
    silent = plan.commitments.filter(node__state=State.PUBLIC, updates=None)
    if numbers := [row.number for row in silent.order_by("number")]:
        raise Invalid(
            {
                "closed_on": [
                    _("Report on these commitments first: %(numbers)s.")
                    % {"numbers": ", ".join(numbers)}
                ]
            }
        )
    plan.closed, plan.closed_on, plan.closed_on_precision = True, closed_on, precision
    check(plan)
    plan.save()
    if plan.node.state == State.PUBLIC:
        _keep_plan(plan, actor)
    emit("plan.changed", node=plan.node, actor=actor, data={"closed_on": closed_on.isoformat()})
    return plan


@transaction.atomic
def draft_commitment(
    *,
    actor: Actor,
    plan: Plan,
    title: Text,
    number: str,
    slug: str = "",
    fields: Mapping[str, Any] | None = None,
    key: IdempotencyKey | None = None,
) -> Commitment:
    """Create a draft commitment and return it. Raises Forbidden, Invalid."""
    if earlier := replayed(key):
        return Commitment.objects.select_related("node", "plan__node").get(node=earlier.node)
    access.require(actor, "manage_plan", plan)
    node = new_node("commitment", title_of(title), slug=slug, space=plan.node)
    commitment = Commitment(node=node, plan=plan, number=number.strip())
    apply(commitment, fields or {}, COMMITMENT_FIELDS)
    _check_commitment(commitment)
    commitment.save(force_insert=True)
    emit("commitment.drafted", node=node, actor=actor, key=key)
    return commitment


def _check_commitment(commitment: Commitment) -> None:
    check(commitment, exclude=["plan"])
    same = Commitment.objects.filter(plan=commitment.plan, number=commitment.number)
    if same.exclude(pk=commitment.pk).exists():
        raise Invalid({"number": [_("Another commitment of this plan has this number.")]})


@transaction.atomic
def update_commitment(
    *,
    actor: Actor,
    commitment: Commitment,
    changes: Mapping[str, Any],
    title: Text | None = None,
    note: Text | None = None,
) -> Commitment:
    """Change what a commitment says; once public, each change keeps its history.

    Raises Forbidden, Invalid (moving a published due date needs `note`, the reason).
    """
    access.require(actor, "manage_plan", commitment)
    public, before = commitment.node.state == State.PUBLIC, commitment.ends
    apply(commitment, changes, COMMITMENT_FIELDS)
    _check_commitment(commitment)
    if public:
        _say_why_moved(before, commitment.ends, note)
    commitment.save()
    _retitle(commitment, title)
    if public:
        _keep_commitment(commitment, actor, note)
    emit("commitment.changed", node=commitment.node, actor=actor)
    return commitment


def _keep_commitment(commitment: Commitment, actor: Actor, note: Text | None = None) -> None:
    texts = texts_of_commitment(commitment)
    refuse_holes(texts)
    revisions.keep(commitment.node, texts, actor=actor, note=note)


@transaction.atomic
def publish_commitment(*, actor: Actor, commitment: Commitment) -> Commitment:
    """Make a commitment and its milestones public, written in the register.

    Raises Forbidden, Conflict (already public), Invalid (its plan is not public; holes).
    """
    access.require(actor, "manage_plan", commitment)
    if commitment.node.state != State.DRAFT:
        raise Conflict
    if commitment.plan.node.state != State.PUBLIC:
        raise Invalid({"__all__": [_("Publish the plan first.")]})
    publish_node(commitment.node)
    _keep_commitment(commitment, actor)
    for milestone in commitment.milestones.select_related("node"):
        publish_node(milestone.node)
        revisions.keep(milestone.node, texts_of_milestone(milestone), actor=actor)
    facts = {"number": commitment.number, "title": dict(commitment.node.title)}
    emit("commitment.created", node=commitment.node, actor=actor, data=facts)
    return commitment


@transaction.atomic
def add_milestone(
    *,
    actor: Actor,
    commitment: Commitment,
    title: Text,
    fields: Mapping[str, Any] | None = None,
    reached: bool | None = None,
    key: IdempotencyKey | None = None,
) -> Milestone:
    """Add a milestone to a commitment and return it. Raises Forbidden, Invalid.

    `reached` is for plans of the past (None: our sources do not say); afterwards only
    `reports.report_progress` changes it.
    """
    if earlier := replayed(key):
        return Milestone.objects.select_related("node").get(pk=earlier.data["milestone"])
    access.require(actor, "manage_plan", commitment)
    last = queries.last_update(commitment)
    if last and last.completion == Completion.COMPLETE and not reached:
        raise Invalid(
            {"__all__": [_("This commitment was reported complete: report on it first.")]}
        )
    public = commitment.node.state == State.PUBLIC
    cleaned = title_of(title)
    node = new_node("milestone", cleaned, space=commitment.node, public=public)
    position = commitment.milestones.count() + 1
    milestone = Milestone(node=node, commitment=commitment, position=position, reached=reached)
    apply(milestone, fields or {}, MILESTONE_FIELDS)
    check(milestone, exclude=["commitment"])
    milestone.save(force_insert=True)
    if public:
        revisions.keep(node, texts_of_milestone(milestone), actor=actor)
    data = {"milestone": str(milestone.pk)}
    emit("milestone.changed", node=commitment.node, actor=actor, data=data, key=key)
    return milestone


@transaction.atomic
def update_milestone(
    *,
    actor: Actor,
    milestone: Milestone,
    changes: Mapping[str, Any],
    title: Text | None = None,
    note: Text | None = None,
) -> Milestone:
    """Change a milestone; once public, each change keeps its history.

    Raises Forbidden, Invalid (moving a published due date needs `note`, the reason).
    """
    commitment = milestone.commitment
    access.require(actor, "manage_plan", commitment)
    public, before = milestone.node.state == State.PUBLIC, milestone.ends
    apply(milestone, changes, MILESTONE_FIELDS)
    check(milestone, exclude=["commitment"])
    if public:
        _say_why_moved(before, milestone.ends, note)
    milestone.save()
    _retitle(milestone, title)
    if public:
        revisions.keep(milestone.node, texts_of_milestone(milestone), actor=actor, note=note)
    data = {"milestone": str(milestone.pk)}
    emit("milestone.changed", node=commitment.node, actor=actor, data=data)
    return milestone
