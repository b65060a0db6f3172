"""The desk of requests for data: what needs an answer first, answers, ties."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from parvis.catalogue.asking import queries, services
from parvis.catalogue.asking.forms import AnswerForm, AssignForm, DecideForm, TieForm
from parvis.catalogue.asking.models import DataRequest
from parvis.catalogue.requests import Request
from parvis.core import access
from parvis.core.access import Actor
from parvis.core.desk import SECTION, acted, editing, key_of, submitted
from parvis.core.errors import Conflict
from parvis.core.models import Node, State
from parvis.core.pages import paginate
from parvis.core.search import search
from parvis.core.thread import linked

FOUND_MAX = 20


def _home() -> str:
    return reverse("desk_data_requests")


def may_see(actor: Actor) -> bool:
    """Whether this person reads or answers requests."""
    return access.can(actor, "manage_catalogue") or access.can(actor, "moderate")


@require_safe
def listing(request: Request) -> HttpResponse:
    """What waits to be read, what waits for an answer (the earliest day first), then the rest."""
    if not may_see(request.actor):
        access.require(request.actor, "manage_catalogue")
    mine = queries.to_answer(request.actor)
    rest = DataRequest.objects.filter(stage__in=services.OVER, node__state=State.PUBLIC)
    page = paginate(
        request, rest.select_related("node", "organisation__node").order_by("-answered_at", "-pk")
    )
    context = {
        **SECTION,
        "waiting": list(queries.waiting()[:50]) if access.can(request.actor, "moderate") else [],
        "may_read": access.can(request.actor, "moderate"),
        "rows": [(row, queries.days_late(row)) for row in mine[:100]],
        "page": page,
    }
    return render(request, "asking/desk/list.html", context)


def _row(pk: UUID) -> DataRequest:
    return get_object_or_404(
        DataRequest.objects.select_related("node", "organisation__node"), pk=pk
    )


@editing
def decide(request: Request, pk: UUID) -> HttpResponse:
    """Read a request; show it, or say why not."""
    row = _row(pk)
    access.require(request.actor, "moderate", row.node)
    form = DecideForm(request.POST or None)

    def act() -> str:
        if form.cleaned_data["choice"] == "accept":
            services.publish(actor=request.actor, request=row)
            messages.success(request, _("The request is public."))
        else:
            motive = form.cleaned_data["motive"]
            services.turn_down(actor=request.actor, request=row, motive=motive)
            messages.success(request, _("It is not shown. The author reads the reason."))
        return _home()

    waits = row.review == DataRequest.Review.WAITING and row.node.state == State.PRIVATE
    return submitted(request, form, act, "asking/desk/decide.html", {"row": row, "waits": waits})


def _answerable(request: Request, pk: UUID) -> DataRequest:
    row = _row(pk)
    access.require(request.actor, "manage_catalogue", row)
    return row


@editing
def answer(request: Request, pk: UUID) -> HttpResponse:
    """One request at the desk: its answers, and the form that adds one."""
    row = _answerable(request, pk)
    form = AnswerForm(request.POST or None)

    def act() -> str:
        data = form.cleaned_data
        services.answer(
            actor=request.actor, request=row, stage=data["stage"], words=data["words"],
            url=data["url"], planned_on=data["planned_on"],
            key=key_of(form, f"data_request:{pk}:{request.actor.person_id}"),
        )  # fmt: skip
        messages.success(request, _("The answer is public, with its date."))
        return reverse("desk_data_request", args=[pk])

    context: dict[str, Any] = {
        "row": row,
        "public": row.node.state == State.PUBLIC,
        "answers": list(row.answers.all()),
        "ties": linked([row.pk], "becomes").get(row.pk, []),
        "late": queries.days_late(row),
        "supports": row.supports.count(),
        "assign": AssignForm(initial={"organisation": row.organisation_id}),
    }
    try:
        return submitted(request, form, act, "asking/desk/request.html", context)
    except Conflict as refusal:
        messages.info(request, str(refusal))
        return HttpResponseRedirect(reverse("desk_data_request", args=[pk]), status=303)


@require_POST
def assign(request: Request, pk: UUID) -> HttpResponse:
    """Say which organisation answers."""
    row = _answerable(request, pk)
    form = AssignForm(request.POST)
    back = reverse("desk_data_request", args=[pk])
    if not form.is_valid():
        messages.error(request, _("Choose an organisation of the list."))
        return HttpResponseRedirect(back, status=303)
    chosen = form.cleaned_data["organisation"]
    services.assign(actor=request.actor, request=row, organisation=chosen)
    messages.success(request, _("Saved."))
    # Given to an organisation that this person does not answer for, it leaves their desk.
    mine = access.can(request.actor, "manage_catalogue", _row(pk))
    return HttpResponseRedirect(back if mine else _home(), status=303)


def _found(request: HttpRequest) -> tuple[str, list[Node]]:
    """Return the words searched and the public commitments and datasets that hold them."""
    text = (request.GET.get("q") or request.POST.get("q") or "").strip()[:200]
    hits = search(text, kind=sorted(services.BECOMES), limit=FOUND_MAX).hits if text else ()
    return text, [hit.node for hit in hits]


@editing
def ties(request: Request, pk: UUID) -> HttpResponse:
    """Tie a request to the commitment or dataset that it becomes, found by a search."""
    row = _answerable(request, pk)
    text, nodes = _found(request)
    form = TieForm(request.POST or None, nodes=nodes)
    back = reverse("desk_data_request", args=[pk])

    def act() -> str:
        data = form.cleaned_data
        services.tie(actor=request.actor, request=row, target=data["target"], reason=data["reason"])
        messages.success(request, _("Tied. Those who follow the request are told."))
        return back

    context = {
        "row": row,
        "text": text,
        "found": nodes,
        "searched": bool(text),
        "ties": linked([row.pk], "becomes").get(row.pk, []),
    }
    try:
        return submitted(request, form, act, "asking/desk/ties.html", context)
    except Conflict as refusal:
        messages.info(request, str(refusal))
        return HttpResponseRedirect(back, status=303)


@require_POST
def untie(request: Request, pk: UUID, target: UUID) -> HttpResponse:
    """Undo a tie."""
    row = _answerable(request, pk)
    return acted(
        request,
        lambda: services.untie(actor=request.actor, request=row, target=target),
        reverse("desk_data_request", args=[pk]),
        _("Untied."),
    )
