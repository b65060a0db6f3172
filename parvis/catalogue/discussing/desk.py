"""The desk of discussions: what is to be read, what waits for an answer and since when."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from parvis.catalogue.discussing import queries, services
from parvis.catalogue.discussing.forms import AnswerForm, CloseForm, DecideForm
from parvis.catalogue.discussing.models import Discussion, Message, Said
from parvis.catalogue.discussing.views import language_here
from parvis.catalogue.requests import Request
from parvis.core import access
from parvis.core.desk import SECTION, acted, editing, key_of, submitted
from parvis.core.errors import Conflict
from parvis.core.models import State
from parvis.core.pages import paginate


def _home() -> str:
    return reverse("desk_data_discussions")


@require_safe
def listing(request: Request) -> HttpResponse:
    """What is to be read first, what waits for an answer (the oldest first), then the rest."""
    may_read = access.can(request.actor, "moderate")
    if not may_read:
        access.require(request.actor, "manage_catalogue")
    page = paginate(request, queries.others(request.actor))
    context = {
        **SECTION,
        "may_read": may_read,
        "waiting": queries.to_read()[:50] if may_read else [],
        "rows": queries.unanswered(request.actor)[:100],
        "page": page,
    }
    return render(request, "discussing/desk/list.html", context)


@editing
def decide(request: Request, pk: UUID) -> HttpResponse:
    """Read a message; show it, or say why not."""
    row: Discussion | Message | None = (
        Discussion.objects.select_related("node", "dataset__node").filter(pk=pk).first()
        or Message.objects.select_related("node", "discussion__node", "discussion__dataset__node")
        .filter(pk=pk)
        .first()
    )
    if row is None:
        raise Http404
    access.require(request.actor, "moderate", row.node)
    form = DecideForm(request.POST or None)

    def act() -> str:
        if form.cleaned_data["choice"] == "accept":
            services.publish(actor=request.actor, row=row)
            messages.success(request, _("The message is public."))
        else:
            motive = form.cleaned_data["motive"]
            services.turn_down(actor=request.actor, row=row, motive=motive)
            messages.success(request, _("It is not shown. The author reads the reason."))
        return _home()

    context = {
        "row": row,
        "about": row if isinstance(row, Discussion) else row.discussion,
        "waits": row.review == Said.Review.WAITING and row.node.state == State.PRIVATE,
    }
    try:
        return submitted(request, form, act, "discussing/desk/decide.html", context)
    except Conflict as refusal:
        messages.info(request, str(refusal))
        return HttpResponseRedirect(_home(), status=303)


def _ours(request: Request, pk: UUID) -> Discussion:
    row = (
        Discussion.objects.select_related("node", "dataset__node", "dataset__organisation__node")
        .filter(pk=pk)
        .first()
    )
    if row is None:
        raise Http404
    access.require(request.actor, "manage_catalogue", row.dataset)
    return row


@editing
def discussion(request: Request, pk: UUID) -> HttpResponse:
    """One discussion at the desk: what was said, the form that answers, the one that closes."""
    row = _ours(request, pk)
    back = reverse("desk_data_discussion", args=[pk])
    form = AnswerForm(request.POST or None)

    def act() -> str:
        services.reply(
            actor=request.actor, discussion=row, body=form.cleaned_data["body"],
            language=language_here(), as_publisher=True,
            key=key_of(form, f"discussion:{pk}:{request.actor.person_id}"),
        )  # fmt: skip
        messages.success(request, _("The answer is public, with its date."))
        return back

    context: dict[str, Any] = {
        "row": row,
        "node": row.node,
        "dataset": row.dataset,
        "public": row.node.state == State.PUBLIC and row.dataset.node.state == State.PUBLIC,
        "said": list(queries.messages(row)),
        "close_form": CloseForm(auto_id="close_%s"),
    }
    try:
        return submitted(request, form, act, "discussing/desk/discussion.html", context)
    except Conflict as refusal:
        messages.info(request, str(refusal))
        return HttpResponseRedirect(back, status=303)


@require_POST
def close(request: Request, pk: UUID) -> HttpResponse:
    """Close a discussion with a reason."""
    row = _ours(request, pk)
    form = CloseForm(request.POST)
    why = form.cleaned_data["why"] if form.is_valid() else {}
    return acted(
        request,
        lambda: services.close(actor=request.actor, discussion=row, why=why),
        reverse("desk_data_discussion", args=[pk]),
        _("The discussion is closed."),
    )


@require_POST
def reopen(request: Request, pk: UUID) -> HttpResponse:
    """Open a closed discussion again."""
    row = _ours(request, pk)
    return acted(
        request,
        lambda: services.reopen(actor=request.actor, discussion=row),
        reverse("desk_data_discussion", args=[pk]),
        _("The discussion is open again."),
    )
