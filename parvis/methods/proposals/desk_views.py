"""For staff: answering a proposal, and setting an activity up."""

from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from parvis.consult import services as consult
from parvis.core import access
from parvis.core.errors import Forbidden, Invalid
from parvis.core.events import IdempotencyKey
from parvis.core.forms import put_errors
from parvis.methods.proposals import pages, services
from parvis.methods.proposals.definition import settings_of
from parvis.methods.proposals.forms import AnswerForm, SettingsForm

_METHODS = ["GET", "HEAD", "POST"]


@require_http_methods(_METHODS)
def answer(request: HttpRequest, slug: str, pk: UUID) -> HttpResponse:
    """Answer a proposal officially, with reasons."""
    row = pages.proposal_of(request, slug, pk)
    access.require(request.actor, "answer_proposal", row.activity.consultation)
    initial = {"status": row.status or "under_review", "answer": row.answer}
    form = AnswerForm(request.POST or None, initial=initial)
    status = 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            data = form.cleaned_data
            content = [data["status"], data["answer"], data["note"]]
            key = IdempotencyKey.of(f"answer:{pk}", data["key"], content) if data["key"] else None
            try:
                services.answer(
                    actor=request.actor,
                    proposal=row,
                    status=data["status"],
                    answer=data["answer"],
                    note=data["note"],
                    key=key,
                )
            except Invalid as refusal:
                put_errors(form, refusal)
            except Forbidden as refusal:
                form.add_error(None, str(refusal))
                status = refusal.status
            else:
                place = reverse("proposal", args=[slug, pk])
                return HttpResponseRedirect(f"{place}#reponse", status=303)
    context = {
        "p": row,
        "contribution": row.node.contribution,
        "consultation": row.activity.consultation,
        "form": form,
        "crumbs": pages.crumbs(
            row.activity,
            (pages.name_of(row), reverse("proposal", args=[slug, pk])),
            (_("Official answer"), None),
        ),
        "section": "desk",
    }
    return render(request, "proposals/answer.html", context, status=status)


@require_http_methods(_METHODS)
def settings(request: HttpRequest, slug: str) -> HttpResponse:
    """Set the activity up; once proposals exist, settings stay as people found them."""
    activity = pages.activity_of(request, slug)
    access.require(request.actor, "manage_consultation", activity.consultation)
    found = settings_of(activity)
    initial: dict[str, Any] = {name: getattr(found, name) for name in SettingsForm.base_fields
                               if name != "key"}  # fmt: skip
    form = SettingsForm(request.POST or None, initial=initial)
    status = 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            values = {name: form.cleaned_data[name] for name in initial}
            try:
                consult.change_settings(actor=request.actor, activity=activity, settings=values)
            except Invalid as refusal:
                put_errors(form, refusal)
            else:
                back = reverse("consult_edit_activities", args=[activity.consultation.node.slug])
                return HttpResponseRedirect(back, status=303)
    context = {
        "activity": activity,
        "consultation": activity.consultation,
        "form": form,
        "frozen": activity.contributions.exists(),
        "section": "desk",
    }
    return render(request, "proposals/settings.html", context, status=status)
