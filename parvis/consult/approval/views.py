"""The desk's pages of approval: ask, read, comment, decide, plan the opening, what was approved."""

from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from parvis.consult import desk_forms
from parvis.consult.approval import (
    changes,
    forms,
    gate,
    queries,
    schedule,
    services,
    snapshot,
)
from parvis.consult.approval.models import ProposedChange, Review
from parvis.consult.approval.pages import WHOLE, anchor_of, back, open_forms, sent
from parvis.consult.desk_pages import consultation_of, draw
from parvis.consult.models import Consultation
from parvis.core import access, deciding
from parvis.core.desk import editing, key_of
from parvis.core.errors import Invalid, NotFound
from parvis.core.models import Site
from parvis.core.pages import paginate

PER_PAGE = 10


# Asking ------------------------------------------------------------------------------------------


@editing
def ask(request: HttpRequest, slug: str) -> HttpResponse:
    """Give the draft as it is now to another person to read."""
    consultation = consultation_of(request, slug, "manage_consultation")
    actor = request.actor
    form = forms.AskForm(request.POST or None)
    made: list[Review] = []
    status = 200
    if request.method == "POST":
        status = sent(
            form,
            lambda: made.append(
                services.ask_review(
                    actor=actor, consultation=consultation, note=form.cleaned_data["note"],
                    key=key_of(form, f"review:{consultation.pk}"),
                )
            ),
        )  # fmt: skip
        if status == 303:
            messages.success(request, _("Asked. Whoever may approve finds it on their desk."))
            place = reverse("consult_review", args=[slug, made[0].pk])
            return HttpResponseRedirect(place, status=303)
    standing = gate.standing(consultation)
    return draw(
        request, "approval/ask", consultation, status, form=form, standing=standing,
        differences=_since(standing),
    )  # fmt: skip


def _since(standing: gate.Standing) -> list[snapshot.Difference]:
    """What changed since the last approval, or since what waits to be read; none when nothing."""
    old = standing.stale or (standing.waiting if standing.outdated else None)
    return snapshot.differences(old.snapshot, standing.now) if old else []


# Reading and deciding ----------------------------------------------------------------------------


def _review(consultation: Consultation, pk: int) -> Review:
    found = (
        consultation.reviews.select_related("asked_by", "decided_by", "scheduled_by")
        .filter(pk=pk)
        .first()
    )
    if found is None:
        raise Http404
    found.consultation = consultation
    return found


@editing
def review(request: HttpRequest, slug: str, review: int) -> HttpResponse:
    """What was given to read, line by line, with what was said; comment, approve, send back."""
    consultation = consultation_of(request, slug, "approve_consultation")
    found = _review(consultation, review)
    given: dict[str, Any] = {
        "comment": forms.CommentForm(anchor=WHOLE),
        "invite": forms.InviteForm(),
        "approve": forms.ApproveForm(auto_id="id_%s_approve"),
        "changes": forms.ChangesForm(auto_id="id_%s_changes"),
    }
    status, secret = 200, ""
    if request.method == "POST":
        status, secret = _act(request, found, given)
        if status == 303:
            return HttpResponseRedirect(back(request), status=303)
        found = _review(consultation, review)
    rows, whole = queries.sections(found)
    all_forms = open_forms(rows, given)
    version = "" if found.state != Review.State.WAITING else _version(consultation)
    response = draw(
        request, "approval/review", consultation, status, holes=(),
        review=found, rows=rows, whole=whole, forms=given, secret=secret,
        link=request.build_absolute_uri(reverse("review_secret", args=[secret])) if secret else "",
        reviewers=list(found.reviewers.all()), now=timezone.now(),
        outdated=bool(version) and version != found.version,
        may_decide=deciding.may_decide(request.actor, found),
        may_manage=access.can(request.actor, "manage_consultation", consultation),
        open=found.state == Review.State.WAITING,
        all_forms=all_forms,
    )  # fmt: skip
    response["Cache-Control"] = "private, no-store"
    return response


def _version(consultation: Consultation) -> str:
    return snapshot.version_of(snapshot.take(consultation))


def _act(request: HttpRequest, review: Review, given: dict[str, Any]) -> tuple[int, str]:
    """Do what one of the page's forms asks; return (status, secret made)."""
    actor, data = request.actor, request.POST
    action = data.get("action", "")
    form: Any
    if action == "comment":
        form = given[action] = forms.CommentForm(data, anchor=anchor_of(data))
        done = sent(form, lambda: services.comment(
            actor=actor, review=review, field=form.cleaned_data["field"],
            body=form.cleaned_data["body"],
            key=key_of(form, f"comment:{review.pk}"),
        ))  # fmt: skip
        return done, ""
    if action == "invite":
        return _invite(request, review, given)
    if action == "approve":
        form = given[action] = forms.ApproveForm(data, auto_id="id_%s_approve")
        done = sent(form, lambda: services.approve(
            actor=actor, review=review, words=form.cleaned_data["words"],
            key=key_of(form, f"approve:{review.pk}"),
        ))  # fmt: skip
        if done == 303:
            messages.success(request, _("Approved. It opens as it is, not otherwise."))
        return done, ""
    if action == "changes":
        form = given[action] = forms.ChangesForm(data, auto_id="id_%s_changes")
        done = sent(form, lambda: services.ask_changes(
            actor=actor, review=review, words=form.cleaned_data["words"],
            key=key_of(form, f"changes:{review.pk}"),
        ))  # fmt: skip
        if done == 303:
            messages.success(request, _("Sent back, with what has to change."))
        return done, ""
    _simple(request, review, action, data.get("target", ""))
    return 303, ""


def _invite(request: HttpRequest, review: Review, given: dict[str, Any]) -> tuple[int, str]:
    form = given["invite"] = forms.InviteForm(request.POST)
    made: list[str] = []

    def act() -> None:
        _reviewer, secret = services.invite_reviewer(
            actor=request.actor, review=review, name=form.cleaned_data["name"],
            key=key_of(form, f"invite:{review.pk}"),
        )  # fmt: skip
        made.append(secret)

    done = sent(form, act)
    if done != 303:
        return done, ""
    given["invite"] = forms.InviteForm()
    if not made[0]:
        messages.info(request, _("This link was made and shown already. Lost it? Make another."))
        return 303, ""
    # Shown on this answer and nowhere else: no redirection could carry it without keeping it.
    return 200, made[0]


def _simple(request: HttpRequest, review: Review, action: str, target: str) -> None:
    """The buttons without a form: dealt with, end a link, take back. Raises what they raise."""
    actor = request.actor
    if action == "withdraw":
        services.withdraw_review(actor=actor, review=review)
        messages.success(request, _("Taken back: nobody has to read it any more."))
        return
    pk = int(target) if target.isascii() and target.isdigit() and len(target) < 19 else 0
    if action == "resolve":
        comment = review.comments.filter(pk=pk).first()
        if comment is None:
            raise NotFound
        comment.review = review
        services.resolve_comment(actor=actor, comment=comment)
    elif action == "revoke":
        reviewer = review.reviewers.filter(pk=pk).first()
        if reviewer is None:
            raise NotFound
        reviewer.review = review
        services.revoke_reviewer(actor=actor, reviewer=reviewer)
        messages.success(request, _("This link opens nothing any more."))
    else:
        raise Invalid({"__all__": [_("This button is not known: reload the page.")]})


# Planning ----------------------------------------------------------------------------------------


@editing
def plan(request: HttpRequest, slug: str) -> HttpResponse:
    """Choose the minute of the opening, in the consultation's time zone; or plan it no more."""
    consultation = consultation_of(request, slug, "open_consultation")
    actor = request.actor
    back = reverse("consult_desk", args=[slug])
    if request.method == "POST" and "remove" in request.POST:
        schedule.unschedule(actor=actor, consultation=consultation)
        messages.success(request, _("No opening is planned any more."))
        return HttpResponseRedirect(back, status=303)
    standing = gate.standing(consultation)
    planned = standing.planned
    initial = {}
    if planned and planned.publish_at:
        initial = desk_forms.as_typed(consultation, planned.publish_at)
    form = forms.ScheduleForm(request.POST or None, initial=initial)
    status = 200
    if request.method == "POST":
        status = sent(form, lambda: _plan(request, consultation, form))
        if status == 303:
            messages.success(request, _("The opening is planned."))
            return HttpResponseRedirect(back, status=303)
    return draw(
        request, "approval/schedule", consultation, status, form=form, standing=standing,
        all_forms=[form],
    )  # fmt: skip


def _plan(request: HttpRequest, consultation: Consultation, form: Any) -> None:
    data = form.cleaned_data
    try:
        moment = desk_forms.moment_of(consultation, data["day"], data["hour"])
    except ValidationError as error:
        raise Invalid({"hour": error.messages}) from None
    try:
        schedule.schedule(
            actor=request.actor, consultation=consultation, publish_at=moment,
            key=key_of(form, f"schedule:{consultation.pk}"),
        )  # fmt: skip
    except Invalid as refusal:
        raise Invalid({"day": refusal.errors.get("publish_at", [str(refusal)])}) from None


# What was approved -------------------------------------------------------------------------------


@require_safe
def history(request: HttpRequest, slug: str) -> HttpResponse:
    """Who approved which version, when, and what each one changed; changes proposed since."""
    consultation = consultation_of(request, slug, "approve_consultation")
    standing = gate.standing(consultation)
    found = consultation.reviews.select_related("asked_by", "decided_by")
    page = paginate(request, found, per_page=PER_PAGE)
    before = _approved_before(consultation, page.rows)
    rows = [
        {
            "review": one,
            "before": before.get(one.pk),
            "differences": snapshot.differences(before[one.pk].snapshot, one.snapshot)
            if one.pk in before
            else [],
        }
        for one in page.rows
    ]
    asked = consultation.proposed_changes.select_related("asked_by", "decided_by")[:PER_PAGE]
    return draw(
        request, "approval/history", consultation, 200, holes=(),
        standing=standing, page=page, rows=rows, changes=list(asked),
        differences=_since(standing),
        may_manage=access.can(request.actor, "manage_consultation", consultation),
        may_open=access.can(request.actor, "open_consultation", consultation),
    )  # fmt: skip


def _approved_before(consultation: Consultation, rows: Any) -> dict[int, Review]:
    """Return, for each review, the approval that came before it: one query."""
    if not rows:
        return {}
    approvals = list(
        consultation.reviews.filter(
            state=Review.State.APPROVED, asked_at__lte=max(one.asked_at for one in rows)
        )[: PER_PAGE + 1]
    )
    found = {}
    for one in rows:
        earlier = [a for a in approvals if (a.asked_at, a.pk) < (one.asked_at, one.pk)]
        if earlier:
            found[one.pk] = max(earlier, key=lambda a: (a.asked_at, a.pk))
    return found


# Changes of what is open -------------------------------------------------------------------------


@editing
def change(request: HttpRequest, slug: str, change: int) -> HttpResponse:
    """What a proposed change would change, and one decision: publish, refuse, take back."""
    consultation = consultation_of(request, slug, "approve_consultation")
    found = (
        consultation.proposed_changes.select_related("asked_by", "decided_by")
        .filter(pk=change)
        .first()
    )
    if found is None:
        raise Http404
    found.consultation = consultation
    given: dict[str, Any] = {
        "approve": forms.ApproveForm(auto_id="id_%s_approve"),
        "refuse": forms.RefuseForm(auto_id="id_%s_refuse"),
    }
    status = 200
    if request.method == "POST":
        status = _decide(request, found, given)
        if status == 303:
            return HttpResponseRedirect(request.path, status=303)
    waiting = found.state == ProposedChange.State.WAITING
    return draw(
        request, "approval/change", consultation, status, holes=(),
        change=found, forms=given, differences=changes.differences(found), waiting=waiting,
        moved=[snapshot.label_of(name) for name in changes.moved(found)] if waiting else [],
        may_decide=deciding.may_decide(request.actor, found),
        mine=found.asked_by_id is not None and found.asked_by_id == request.actor.person_id,
        all_forms=list(given.values()),
    )  # fmt: skip


def _decide(request: HttpRequest, found: ProposedChange, given: dict[str, Any]) -> int:
    actor, data = request.actor, request.POST
    action = data.get("action", "")
    if action == "withdraw":
        changes.withdraw_change(actor=actor, change=found)
        messages.success(request, _("Your change is taken back."))
        return 303
    if action not in given:
        raise Invalid({"__all__": [_("This button is not known: reload the page.")]})
    form_class = forms.ApproveForm if action == "approve" else forms.RefuseForm
    form = given[action] = form_class(data, auto_id=f"id_%s_{action}")
    act = changes.approve_change if action == "approve" else changes.refuse_change
    done = sent(form, lambda: act(
        actor=actor, change=found, words=form.cleaned_data["words"],
        key=key_of(form, f"{action}-change:{found.pk}"),
    ))  # fmt: skip
    if done == 303:
        words = (
            _("The change is public, with its reason in the history.")
            if action == "approve"
            else _("The change is refused.")
        )
        messages.success(request, words)
    return done


# The setting -------------------------------------------------------------------------------------


@editing
def mode(request: HttpRequest) -> HttpResponse:
    """Whether this site asks for a second person."""
    access.require(request.actor, "manage_site")
    site = Site.objects.first()
    if site is None:
        raise Http404
    form = forms.ModeForm(request.POST or None, initial={"approval": site.approval})
    status = 200
    if request.method == "POST":
        status = sent(
            form,
            lambda: services.set_approval(actor=request.actor, mode=form.cleaned_data["approval"]),
        )
        if status == 303:
            messages.success(request, _("Saved."))
            return HttpResponseRedirect(request.path, status=303)
    context = {"form": form, "section": "desk"}
    return render(request, "approval/mode.html", context, status=status)
