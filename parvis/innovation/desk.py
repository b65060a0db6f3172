"""The desk of innovation: reuses to read, calls, who helps, versions that are missing."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from parvis.core import access
from parvis.core.desk import SECTION, editing, key_of, publish, submitted
from parvis.core.models import Node, State
from parvis.core.pages import paginate
from parvis.innovation import places, queries, services
from parvis.innovation.forms import AlternativeForm, CallForm, DecideForm, HelperForm
from parvis.innovation.models import Alternative, Call, Helper, Reuse

FORM = "innovation/desk/form.html"


def _home() -> str:
    return reverse("desk_innovation")


@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """What waits, and the lists."""
    access.require(request.actor, "manage_innovation")
    calls = Call.objects.exclude(node__state=State.ERASED).select_related("node").order_by("-pk")
    context = {
        **SECTION,
        "waiting": list(queries.waiting_reuses()[:50]),
        "may_decide": access.can(request.actor, "moderate"),
        "calls": [(row, queries.state_of(row)) for row in calls[:100]],
        "states": queries.STATES,
        "helpers": Helper.objects.all()[:500],
        "coverage": queries.coverage(),
    }
    return render(request, "innovation/desk/index.html", context)


@editing
def reuse_decide(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Read a reuse; publish it, or say why not."""
    row = get_object_or_404(Reuse.objects.select_related("node"), pk=pk)
    access.require(request.actor, "moderate", row.node)
    form = DecideForm(request.POST or None)

    def act() -> str:
        if form.cleaned_data["choice"] == "accept":
            services.accept_reuse(actor=request.actor, reuse=row)
            messages.success(request, _("It is in the gallery."))
        else:
            services.refuse_reuse(
                actor=request.actor, reuse=row, motive=form.cleaned_data["motive"]
            )
            messages.success(request, _("Refused. The author reads the reason."))
        return _home()

    context = {
        "row": row,
        "datasets": Node.objects.filter(pk__in=row.wanted),
        "waits": row.review == Reuse.Review.WAITING and row.node.state == State.PRIVATE,
    }
    return submitted(request, form, act, "innovation/desk/reuse.html", context)


@editing
def call_new(request: HttpRequest) -> HttpResponse:
    """Write a call."""
    access.require(request.actor, "manage_innovation")
    form = CallForm(request.POST or None)

    def act() -> str:
        made = services.create_call(
            actor=request.actor, title=form.cleaned_data["title"], fields=form.changes(),
            key=key_of(form, f"call:{request.actor.person_id}"),
        )  # fmt: skip
        return reverse("call_edit", args=[made.node.slug])

    context = {"heading": _("A new call"), "submit": _("Save the draft"), "back": _home()}
    return submitted(request, form, act, FORM, context)


def _call(request: HttpRequest, slug: str) -> Call:
    row = get_object_or_404(Call.objects.select_related("node"), node__slug=slug)
    access.require(request.actor, "manage_innovation", row.node)
    return row


@editing
def call_edit(request: HttpRequest, slug: str) -> HttpResponse:
    """Change a call, say its results, publish it."""
    row = _call(request, slug)
    form = CallForm(request.POST or None, row=row)

    def act() -> str:
        services.change_call(
            actor=request.actor, call=row, title=form.cleaned_data["title"], fields=form.changes()
        )
        messages.success(request, _("Saved."))
        return reverse("call_edit", args=[slug])

    draft = row.node.state == State.DRAFT
    context: dict[str, Any] = {
        "heading": _("Call for projects"),
        "submit": _("Save"),
        "back": _home(),
        "node": row.node,
        "see": reverse("call", args=[slug]),
        "publish": reverse("call_publish", args=[slug]) if draft else "",
    }
    return submitted(request, form, act, FORM, context)


@require_POST
def call_publish(request: HttpRequest, slug: str) -> HttpResponse:
    """Publish a call."""
    row = _call(request, slug)
    return publish(
        request,
        lambda: services.publish_call(actor=request.actor, call=row),
        reverse("call_edit", args=[slug]),
        _("The call is public."),
    )


@editing
def helper_new(request: HttpRequest) -> HttpResponse:
    """Add a place or a person."""
    return _helper(request, None)


@editing
def helper_edit(request: HttpRequest, pk: int) -> HttpResponse:
    """Change a place or a person."""
    access.require(request.actor, "manage_innovation")
    return _helper(request, get_object_or_404(Helper, pk=pk))


def _helper(request: HttpRequest, row: Helper | None) -> HttpResponse:
    access.require(request.actor, "manage_innovation")
    form = HelperForm(request.POST or None, row=row)

    def act() -> str:
        places.save_helper(actor=request.actor, fields=form.changes(), row=row)
        messages.success(request, _("Saved."))
        return f"{_home()}#aide"

    context = {
        "heading": _("A place or a person that helps"),
        "submit": _("Save"),
        "back": _home(),
        "remove": reverse("helper_remove", args=[row.pk]) if row else "",
    }
    return submitted(request, form, act, FORM, context)


@require_POST
def helper_remove(request: HttpRequest, pk: int) -> HttpResponse:
    """Take a place or a person off the list."""
    access.require(request.actor, "manage_innovation")
    places.remove_helper(actor=request.actor, row=get_object_or_404(Helper, pk=pk))
    messages.success(request, _("Taken off the list."))
    return HttpResponseRedirect(f"{_home()}#aide", status=303)


@require_safe
def versions(request: HttpRequest) -> HttpResponse:
    """Public pages and the versions that are missing."""
    access.require(request.actor, "manage_innovation")
    page = paginate(request, queries.covered())
    context = {
        **SECTION,
        "coverage": queries.coverage(),
        "page": page,
        "rows": queries.versions_of(page.rows),
        "kinds": Alternative.What.choices,
    }
    return render(request, "innovation/desk/versions.html", context)


@editing
def version_edit(request: HttpRequest, pk: UUID) -> HttpResponse:
    """The versions of one page; a form adds one, or replaces the one of the same kind."""
    node = get_object_or_404(Node, pk=pk)
    access.require(request.actor, "manage_innovation", node)
    if node.kind not in places.KINDS or node.state != State.PUBLIC:
        raise Http404
    form = AlternativeForm(request.POST or None, request.FILES or None)

    def act() -> str:
        data = form.cleaned_data
        upload = data["upload"]
        places.add_alternative(
            actor=request.actor, node=node, what=data["what"], language=data["language"],
            text=data["text"], url=data["url"],
            upload=(upload.name, upload.read()) if upload else None,
        )  # fmt: skip
        messages.success(request, _("This version is on the page."))
        return reverse("desk_version_edit", args=[pk])

    context = {"node": node, "rows": queries.alternatives_of(node), "back": _home()}
    return submitted(request, form, act, "innovation/desk/version.html", context)


@require_POST
def version_remove(request: HttpRequest, pk: UUID, row: int) -> HttpResponse:
    """Remove a version."""
    found = get_object_or_404(Alternative.objects.select_related("node"), pk=row, node=pk)
    places.remove_alternative(actor=request.actor, row=found)
    messages.success(request, _("This version is removed."))
    return HttpResponseRedirect(reverse("desk_version_edit", args=[pk]), status=303)
