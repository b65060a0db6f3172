"""The desk's page of approval: give to read, decide, plan, publish; and making private."""

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from parvis.catalogue import services as catalogue
from parvis.catalogue.approval import changes, gate, schedule, services, snapshot
from parvis.catalogue.approval.models import DataReview
from parvis.catalogue.forms import AskForm, PlanForm, VerdictForm
from parvis.catalogue.models import Dataset
from parvis.catalogue.requests import Request
from parvis.catalogue.views.desk_common import dataset_of
from parvis.core import access, deciding
from parvis.core.access import SYSTEM
from parvis.core.desk import editing, key_of
from parvis.core.errors import Closed, Conflict, Invalid
from parvis.core.forms import put_errors

HISTORY_MAX = 20


@editing
def approval(request: Request, slug: str) -> HttpResponse:
    """Where a dataset stands, what would be public, what it changes, and the decision."""
    dataset = dataset_of(request, slug, "approve_data", "manage_catalogue")
    stands = gate.standing(dataset, waits=services.waits(dataset))
    forms: dict[str, Any] = {
        "ask": AskForm(auto_id="id_%s_ask"),
        "verdict": VerdictForm(auto_id="id_%s_verdict"),
        "plan": PlanForm(
            auto_id="id_%s_plan",
            initial={"publish_at": stands.planned.publish_at if stands.planned else None},
        ),
    }
    status = 200
    if request.method == "POST":
        status = _act(request, dataset, stands, forms)
        if status == 303:
            return HttpResponseRedirect(request.path, status=303)
        stands = gate.standing(dataset, waits=services.waits(dataset))
    return render(
        request,
        "catalogue/approval/approval.html",
        _context(request, dataset, stands, forms),
        status=status,
    )


def _act(request: Request, dataset: Dataset, stands: gate.Standing, forms: dict[str, Any]) -> int:
    actor, action = request.actor, request.POST.get("action", "")
    waiting = stands.waiting
    simple: dict[str, tuple[Callable[[], Any], str]] = {
        "unplan": (
            lambda: schedule.unschedule(actor=actor, dataset=dataset),
            _("The publication is planned no more."),
        ),
        "publish": (
            lambda: services.publish(actor=actor, dataset=dataset),
            _("Published."),
        ),
    }
    if waiting:
        simple["withdraw"] = (
            lambda: services.withdraw(actor=actor, review=waiting),
            _("Taken back: nobody has to read it any more."),
        )
    if action in simple:
        return _sent(request, forms["ask"], *simple[action], bare=True)
    form: Any
    if action == "ask":
        form = forms["ask"] = AskForm(request.POST, auto_id="id_%s_ask")
        return _sent(request, form, lambda: services.ask_review(
            actor=actor, dataset=dataset, note=form.cleaned_data["note"],
            key=key_of(form, f"data-ask:{dataset.pk}"),
        ), _("Given to read: another person approves it."))  # fmt: skip
    if action == "plan":
        form = forms["plan"] = PlanForm(request.POST, auto_id="id_%s_plan")
        return _sent(request, form, lambda: schedule.schedule(
            actor=actor, dataset=dataset, publish_at=form.cleaned_data["publish_at"],
            key=key_of(form, f"data-plan:{dataset.pk}"),
        ), _("The publication is planned."))  # fmt: skip
    if action in {"approve", "changes"} and waiting:
        form = forms["verdict"] = VerdictForm(request.POST, auto_id="id_%s_verdict")
        act = services.approve if action == "approve" else services.ask_changes
        words = _("Approved.") if action == "approve" else _("Sent back with your words.")
        return _sent(request, form, lambda: act(
            actor=actor, review=waiting, words=form.cleaned_data["words"],
            key=key_of(form, f"data-{action}:{waiting.pk}"),
        ), words)  # fmt: skip
    raise Conflict(_("This was decided already, or the button is not known: reload the page."))


def _sent(
    request: Request, form: Any, act: Callable[[], Any], words: str, *, bare: bool = False
) -> int:
    """Act on a form; `bare`: a button without one, of which a refusal is said at the top."""
    if not bare and not form.is_valid():
        return 422
    try:
        act()
    except Invalid as refusal:
        if bare:
            for found in refusal.errors.values():
                for one in found:
                    messages.error(request, str(one))
            return 303
        put_errors(form, refusal)
        return refusal.status
    except (Conflict, Closed) as refusal:
        if bare:
            messages.error(request, str(refusal))
            return 303
        form.add_error(None, str(refusal))
        return refusal.status
    messages.success(request, words)
    return 303


def _context(
    request: Request, dataset: Dataset, stands: gate.Standing, forms: dict[str, Any]
) -> dict[str, Any]:
    actor, review = request.actor, stands.waiting or stands.approval
    now = review.snapshot if review else snapshot.take(dataset)
    after = _after(dataset, review, now)
    before = _before(dataset, review)
    return {
        "section": "desk",
        "dataset": dataset,
        "node": dataset.node,
        "standing": stands,
        "holes": services.missing(dataset),
        "review": review,
        "outdated": bool(stands.waiting and services.outdated(stands.waiting)),
        "lines": snapshot.lines(after),
        "differences": snapshot.differences(before, after) if before else [],
        "history": list(
            dataset.approvals.select_related("asked_by", "decided_by")
            .defer("snapshot", "changes")[:HISTORY_MAX]
        ),
        "may_manage": access.can(actor, "manage_catalogue", dataset),
        "may_publish": access.can(actor, "publish_data", dataset)
        and not gate.of_answers(dataset)
        and (stands.approval is not None or (stands.waits and not stands.required)),
        "may_decide": stands.waiting is not None and deciding.may_decide(actor, stands.waiting),
        "forms": forms,
        "all_forms": [form for form in forms.values() if form.is_bound],
    }  # fmt: skip


def _after(dataset: Dataset, review: DataReview | None, now: dict[str, Any]) -> dict[str, Any]:
    """Return what people would see: what is said now, with the changes that wait."""
    if review is None or not review.changes:
        return now
    try:
        return changes.tried(actor=SYSTEM, dataset=dataset, changes=review.changes)
    except (Invalid, Conflict):
        return now  # the page says above that the dataset changed since


def _before(dataset: Dataset, review: DataReview | None) -> dict[str, Any] | None:
    """Return what people see now where changes wait, else what was last published, or None."""
    if review is not None and review.changes:
        return review.snapshot
    last = dataset.approvals.filter(published_at__isnull=False).order_by("-published_at").first()
    return last.snapshot if last else None


@require_POST
def private(request: Request, slug: str) -> HttpResponse:
    """Show a dataset to the staff of its organisation only."""
    dataset = dataset_of(request, slug)
    try:
        catalogue.make_private(actor=request.actor, dataset=dataset)
        messages.success(request, _("Private: only the staff of its organisation see it."))
    except Conflict as refusal:
        messages.error(request, str(refusal))
    return redirect(reverse("desk_dataset", args=[slug]))
