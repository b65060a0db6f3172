"""The desk of classes: what is published in each, by organisation."""

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from parvis.core import access
from parvis.core.desk import SECTION, acted, editing, submitted
from parvis.core.errors import Conflict, Invalid
from parvis.core.models import Organisation
from parvis.proactive import placing, queries, table
from parvis.proactive.forms import PlaceForm, WaiveForm
from parvis.proactive.lists import Class, classes
from parvis.proactive.models import Placement, Waiver


@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """The classes of an organisation that one may keep: missing ones first."""
    access.require(request.actor, "manage_catalogue")
    every = list(Organisation.objects.select_related("node").order_by("node__slug")[:500])
    mine = [row for row in every if access.can(request.actor, "manage_catalogue", row)]
    wanted = request.GET.get("organisation", "")
    first = [row for row in queries.bodies() if row in mine] or mine
    chosen = next((row for row in mine if row.node.slug == wanted), None)
    if wanted and chosen is None:
        raise Http404
    chosen = chosen or (first[0] if first else None)
    rows = table.rows_of(chosen) if chosen else []
    order = {"missing": 0, "published": 1, "waived": 2}
    context = {
        **SECTION,
        "organisation": chosen,
        "organisations": mine,
        "rows": sorted(rows, key=lambda row: order[row.state]),
        "missing": sum(row.state == "missing" for row in rows),
    }
    return render(request, "proactive/desk/classes.html", context)


def _place(request: HttpRequest, organisation: str, code: str) -> tuple[Organisation, Class]:
    body = get_object_or_404(Organisation.objects.select_related("node"), node__slug=organisation)
    access.require(request.actor, "manage_catalogue", body)
    if code not in classes():
        raise Http404
    return body, classes()[code]


@editing
def one_class(request: HttpRequest, organisation: str, code: str) -> HttpResponse:
    """One class of an organisation: what is in it; a form adds something."""
    body, known = _place(request, organisation, code)
    form = PlaceForm(request.POST or None)
    here = reverse("desk_class", args=[organisation, code])

    def act() -> str:
        data = form.cleaned_data
        try:
            placing.place(
                actor=request.actor, code=code, organisation=body, address=data["address"],
                title=data["title"], reason=data["reason"],
            )  # fmt: skip
        except Conflict as refusal:
            raise Invalid({"address": [str(refusal)]}) from None
        messages.success(request, _("It is in this class."))
        return here

    return submitted(request, form, act, "proactive/desk/class.html", _about(body, known))


def _about(body: Organisation, known: Class) -> dict[str, Any]:
    row = next(row for row in table.rows_of(body) if row.known.code == known.code)
    return {
        "organisation": body,
        "known": known,
        "row": row,
        "waiver": Waiver.objects.filter(organisation=body, code=known.code).first(),
        "hidden": [
            one
            for one in Placement.objects.filter(organisation=body, code=known.code)
            .select_related("node")
            .exclude(node=None)
            if one.node and one.node.state != "public"
        ],
        "back": f"{reverse('desk_disclosure')}?organisation={body.node.slug}",
    }


@editing
def waive(request: HttpRequest, organisation: str, code: str) -> HttpResponse:
    """Say why a class does not apply; or that it applies after all."""
    body, known = _place(request, organisation, code)
    here = reverse("desk_class", args=[organisation, code])
    if request.method == "POST" and request.POST.get("act") == "claim":
        placing.claim(actor=request.actor, code=code, organisation=body)
        messages.success(request, _("This class applies."))
        return HttpResponseRedirect(here, status=303)
    form = WaiveForm(request.POST or None)

    def act() -> str:
        placing.waive(
            actor=request.actor, code=code, organisation=body,
            motive=form.cleaned_data["motive"],
        )  # fmt: skip
        messages.success(request, _("The page says that it does not apply, and why."))
        return here

    context = {**_about(body, known), "heading": _("This class does not apply"),
               "submit": _("Say so on the page"), "back": here}  # fmt: skip
    return submitted(request, form, act, "proactive/desk/waive.html", context)


@require_POST
def displace(request: HttpRequest, organisation: str, code: str, pk: int) -> HttpResponse:
    """Take something out of a class."""
    body, _known = _place(request, organisation, code)
    row = get_object_or_404(
        Placement.objects.select_related("organisation__node"), pk=pk, organisation=body, code=code
    )
    return acted(
        request,
        lambda: placing.displace(actor=request.actor, row=row),
        reverse("desk_class", args=[organisation, code]),
        _("Taken out of this class."),
    )
