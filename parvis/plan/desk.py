"""The coordinators' desk: plans, commitments, milestones, reports, evaluations."""

from typing import Any

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from parvis.core import access
from parvis.core.desk import SECTION, editing, key_of, publish, submitted
from parvis.core.i18n import tr
from parvis.core.models import Organisation, State
from parvis.core.pages import found_or_404
from parvis.plan import evidence, queries, reports, services
from parvis.plan.forms import (
    ClosePlanForm,
    CommitmentForm,
    EvaluationForm,
    MilestoneForm,
    PlanForm,
    ProgressForm,
)
from parvis.plan.models import Commitment, Evaluation, Milestone, Plan


def _plan(request: HttpRequest, slug: str) -> Plan:
    plan = found_or_404(queries.plan_by_slug, slug)
    access.require(request.actor, "manage_plan", plan)
    return plan


def _commitment(request: HttpRequest, slug: str, action: str = "manage_plan") -> Commitment:
    row = found_or_404(queries.commitment_by_slug, slug)
    access.require(request.actor, action, row)
    return row


def _organisations() -> Any:
    return Organisation.objects.select_related("node").order_by("node__slug")


@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """Every plan with its commitments, the late ones first: what needs a report."""
    access.require(request.actor, "manage_plan")
    today = timezone.localdate()
    plans = Plan.objects.select_related("node", "organisation__node").order_by("closed", "-pk")
    shown = [plan for plan in plans if access.can(request.actor, "manage_plan", plan)]
    rows: dict[Any, list[Any]] = {}
    for item in queries.standings(Commitment.objects.filter(plan__in=shown), today=today):
        rows.setdefault(item.plan.pk, []).append(item)
    context = {"groups": [(plan, rows.get(plan.pk, [])) for plan in shown], **SECTION}
    return render(request, "plan/desk/index.html", context)


class NewPlanForm(PlanForm):
    """A plan to create: of which organisation, and after which plan."""

    organisation = forms.ModelChoiceField(_organisations(), label=_("Organisation"))
    follows_on = forms.ModelChoiceField(
        Plan.objects.select_related("node").order_by("-pk"), required=False, label=_("Follows on")
    )


@editing
def plan_new(request: HttpRequest) -> HttpResponse:
    """Create a plan."""
    access.require(request.actor, "manage_plan")
    form = NewPlanForm(request.POST or None)

    def act() -> str:
        plan = services.create_plan(
            actor=request.actor,
            title=form.cleaned_data["title"],
            organisation=form.cleaned_data["organisation"],
            fields=form.changes(),
            follows_on=form.cleaned_data["follows_on"],
            key=key_of(form, f"plan:{request.actor.person_id}"),
        )
        return reverse("plan_edit", args=[plan.node.slug])

    context = {"heading": _("A new plan"), "submit": _("Create the plan")}
    return submitted(request, form, act, "plan/desk/form.html", context)


@editing
def plan_edit(request: HttpRequest, slug: str) -> HttpResponse:
    """Change a plan, publish it, close it, add commitments."""
    plan = _plan(request, slug)
    form = PlanForm(request.POST or None, row=plan)

    def act() -> str:
        services.update_plan(
            actor=request.actor,
            plan=plan,
            changes=form.changes(),
            title=form.cleaned_data["title"],
            note=form.cleaned_data.get("note"),
        )
        messages.success(request, _("The plan is saved."))
        return reverse("plan_edit", args=[slug])

    items = queries.standings(Commitment.objects.filter(plan=plan))
    context = {"plan": plan, "items": queries.by_number(items)}
    return submitted(request, form, act, "plan/desk/plan.html", context)


@require_POST
def plan_publish(request: HttpRequest, slug: str) -> HttpResponse:
    """Make a plan public."""
    plan = _plan(request, slug)
    return publish(
        request, lambda: services.publish_plan(actor=request.actor, plan=plan),
        reverse("plan_edit", args=[slug]), _("The plan is public."),
    )  # fmt: skip


@editing
def plan_close(request: HttpRequest, slug: str) -> HttpResponse:
    """Close a plan: delays stop, the last state stays."""
    plan = _plan(request, slug)
    form = ClosePlanForm(request.POST or None, initial={"closed_on": plan.ends})

    def act() -> str:
        services.close_plan(
            actor=request.actor, plan=plan, closed_on=form.cleaned_data["closed_on"]
        )
        messages.success(request, _("The plan is closed; each commitment keeps its last state."))
        return reverse("plan_edit", args=[slug])

    context = {
        "heading": _("Close the plan"),
        "intro": _("Each commitment keeps its last reported state; no delay runs any more."),
        "submit": _("Close the plan"),
        "plan": plan,
    }
    return submitted(request, form, act, "plan/desk/form.html", context)


@editing
def commitment_new(request: HttpRequest, slug: str) -> HttpResponse:
    """Add a commitment to a plan."""
    plan = _plan(request, slug)
    form = CommitmentForm(request.POST or None)

    def act() -> str:
        changes = form.changes()
        row = services.draft_commitment(
            actor=request.actor,
            plan=plan,
            title=form.cleaned_data["title"],
            number=changes.pop("number"),
            fields=changes,
            key=key_of(form, f"commitment:{plan.pk}"),
        )
        return reverse("commitment_edit", args=[row.node.slug])

    context = {"heading": _("A new commitment"), "submit": _("Save the draft"), "plan": plan}
    return submitted(request, form, act, "plan/desk/form.html", context)


@editing
def commitment_edit(request: HttpRequest, slug: str) -> HttpResponse:
    """Change a commitment, publish it, add milestones."""
    row = _commitment(request, slug)
    form = CommitmentForm(request.POST or None, row=row)

    def act() -> str:
        services.update_commitment(
            actor=request.actor,
            commitment=row,
            changes=form.changes(),
            title=form.cleaned_data["title"],
            note=form.cleaned_data.get("note"),
        )
        messages.success(request, _("The commitment is saved."))
        return reverse("commitment_edit", args=[slug])

    context = {
        "commitment": row,
        "plan": row.plan,
        "milestones": row.milestones.select_related("node"),
        "draft": row.node.state == State.DRAFT,
        "evidence": evidence.attached(row),
        "attachable": evidence.attachable(row),
    }
    return submitted(request, form, act, "plan/desk/commitment.html", context)


@require_POST
def commitment_evidence(request: HttpRequest, slug: str) -> HttpResponse:
    """Attach a public document or dataset as evidence, or detach one."""
    row = _commitment(request, slug)
    back = HttpResponseRedirect(reverse("commitment_edit", args=[slug]) + "#preuves", status=303)
    detach = "detach" in request.POST
    node = evidence.thing_of(request.POST.get("detach" if detach else "attach", ""))
    if node is None:
        messages.error(request, _("Choose a document or a dataset."))
    elif detach:
        evidence.detach(actor=request.actor, commitment=row, thing=node)
        words = _("“%(title)s” is detached. It can be attached again below.")
        messages.success(request, words % {"title": tr(node.title)})
    else:
        evidence.attach(actor=request.actor, commitment=row, thing=node)
        messages.success(request, _("“%(title)s” is attached.") % {"title": tr(node.title)})
    return back


@require_POST
def commitment_publish(request: HttpRequest, slug: str) -> HttpResponse:
    """Make a commitment public."""
    row = _commitment(request, slug)
    return publish(
        request, lambda: services.publish_commitment(actor=request.actor, commitment=row),
        reverse("commitment_edit", args=[slug]), _("The commitment is public."),
    )  # fmt: skip


@editing
def milestone_new(request: HttpRequest, slug: str) -> HttpResponse:
    """Add a milestone."""
    row = _commitment(request, slug)
    form = MilestoneForm(request.POST or None)
    form.fields.pop("reason")

    def act() -> str:
        services.add_milestone(
            actor=request.actor,
            commitment=row,
            title=form.cleaned_data["title"],
            fields=form.changes(),
            key=key_of(form, f"milestone:{row.pk}"),
        )
        return reverse("commitment_edit", args=[slug]) + "#jalons"

    context = {
        "heading": _("A new milestone"), "submit": _("Add the milestone"),
        "commitment": row, "plan": row.plan,
    }  # fmt: skip
    return submitted(request, form, act, "plan/desk/form.html", context)


@editing
def milestone_edit(request: HttpRequest, slug: str, milestone: str) -> HttpResponse:
    """Change a milestone. Whether it is reached is reported, not edited."""
    row = _commitment(request, slug)
    found = get_object_or_404(
        Milestone.objects.select_related("node"), commitment=row, node__slug=milestone
    )
    found.commitment = row
    form = MilestoneForm(request.POST or None, row=found)

    def act() -> str:
        services.update_milestone(
            actor=request.actor,
            milestone=found,
            changes=form.changes(),
            title=form.cleaned_data["title"],
            note=form.cleaned_data["reason"],
        )
        return reverse("commitment_edit", args=[slug]) + "#jalons"

    context = {
        "heading": _("Milestone"), "submit": _("Save the milestone"),
        "commitment": row, "plan": row.plan,
    }  # fmt: skip
    return submitted(request, form, act, "plan/desk/form.html", context)


@editing
def report(request: HttpRequest, slug: str) -> HttpResponse:
    """Report progress on a commitment."""
    row = _commitment(request, slug, "report_progress")
    if row.node.state != State.PUBLIC:
        raise Http404
    initial = {"reported_on": timezone.localdate()}
    form = ProgressForm(request.POST or None, commitment=row, initial=initial)

    def act() -> str:
        chosen = form.cleaned_data["milestone"]
        reports.report_progress(
            actor=request.actor,
            commitment=row,
            milestone=row.milestones.get(pk=chosen) if chosen else None,
            key=key_of(form, f"progress:{row.pk}"),
            **form.report(),
        )
        messages.success(request, _("The report is public."))
        return reverse("commitment", args=[slug])

    context = {
        "item": queries.standing(row),
        "commitment": row,
        "plan": row.plan,
        "last": queries.last_update(row),
    }
    return submitted(request, form, act, "plan/desk/report.html", context)


def _evaluation(request: HttpRequest, thing: Commitment | Plan, back: str) -> HttpResponse:
    form = EvaluationForm(request.POST or None)

    def act() -> str:
        subject = {"plan": thing} if isinstance(thing, Plan) else {"commitment": thing}
        reports.evaluate(
            actor=request.actor,
            kind=form.cleaned_data["kind"],
            by=form.cleaned_data["by"] or Evaluation.By.RECORDED,
            fields=form.findings(),
            key=key_of(form, f"evaluation:{thing.pk}"),
            **subject,
        )
        messages.success(request, _("The evaluation is public."))
        return back

    context = {
        "heading": _("Record an evaluation"),
        "intro": _("What was not read stays empty: it is shown as not read."),
        "submit": _("Publish the evaluation"),
        "plan": thing if isinstance(thing, Plan) else thing.plan,
        "commitment": None if isinstance(thing, Plan) else thing,
    }
    return submitted(request, form, act, "plan/desk/form.html", context)


@editing
def evaluation_new(request: HttpRequest, slug: str) -> HttpResponse:
    """Record an evaluation of a commitment."""
    row = _commitment(request, slug, "evaluate")
    if row.node.state != State.PUBLIC:
        raise Http404
    return _evaluation(request, row, reverse("commitment", args=[slug]) + "#evaluation")


@editing
def plan_evaluation_new(request: HttpRequest, slug: str) -> HttpResponse:
    """Record an evaluation of a plan."""
    plan = _plan(request, slug)
    if plan.node.state != State.PUBLIC:
        raise Http404
    return _evaluation(request, plan, reverse("plan", args=[slug]) + "#evaluation")
