"""The desk of consultations held elsewhere: record, change, withdraw, import from a table."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_safe

from parvis.consult.models import Elsewhere
from parvis.consult.register import importing, queries, services
from parvis.consult.register.forms import ElsewhereForm, ImportForm, WithdrawForm
from parvis.consult.register.views import elsewhere_or_404
from parvis.core import access
from parvis.core.desk import SECTION, editing, key_of, submitted
from parvis.core.errors import Conflict, Invalid
from parvis.core.forms import put_errors
from parvis.core.pages import paginate
from parvis.core.templatetags.parvis import number

FORM = "register_all/desk/form.html"
PROBLEMS_SHOWN = 100


def _managed(request: HttpRequest, slug: str) -> Elsewhere:
    row = elsewhere_or_404(slug)
    access.require(request.actor, "manage_consultation", row)
    return row


@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """Those that the reader may change."""
    access.require(request.actor, "manage_consultation")
    page = paginate(request, queries.managed(request.actor))
    return render(request, "register_all/desk/index.html", {"page": page, **SECTION})


def _values(form: ElsewhereForm) -> dict[str, Any]:
    return {name: form.cleaned_data.get(name) for name in form.names}


@editing
def new(request: HttpRequest) -> HttpResponse:
    """Record one: public at once."""
    access.require(request.actor, "manage_consultation")
    form = ElsewhereForm(request.POST or None)

    def act() -> str:
        values = _values(form)
        row = services.record(
            actor=request.actor,
            title=form.cleaned_data["title"],
            organisation=values.pop("organisation"),
            fields=values,
            key=key_of(form, f"elsewhere:{request.actor.person_id}"),
        )
        messages.success(request, _("It is in the public register."))
        return reverse("elsewhere_edit", args=[row.node.slug])

    context = {
        "heading": _("Record a consultation held elsewhere"),
        "intro": _("It is public at once, with its sources."),
        "submit": _("Put it in the register"),
    }
    return submitted(request, form, act, FORM, context)


@editing
def edit(request: HttpRequest, slug: str) -> HttpResponse:
    """Change what is said of it."""
    row = _managed(request, slug)
    form = ElsewhereForm(request.POST or None, row=row)

    def act() -> str:
        try:
            services.change(
                actor=request.actor,
                row=row,
                changes=_values(form),
                title=form.cleaned_data["title"],
                note=form.cleaned_data.get("note"),
            )
        except Conflict as refusal:
            raise Invalid({"__all__": [str(refusal)]}) from None
        messages.success(request, _("Saved."))
        return reverse("elsewhere_edit", args=[slug])

    context = {"heading": _("A consultation held elsewhere"), "submit": _("Save"), "row": row}
    return submitted(request, form, act, FORM, context)


@editing
def withdraw(request: HttpRequest, slug: str) -> HttpResponse:
    """Ask why, then take it out of the register."""
    row = _managed(request, slug)
    form = WithdrawForm(request.POST or None)

    def act() -> str:
        try:
            services.withdraw(actor=request.actor, row=row, reason=form.cleaned_data["reason"])
        except Conflict as refusal:
            raise Invalid({"__all__": [str(refusal)]}) from None
        messages.success(request, _("It is out of the register; its page says why."))
        return reverse("desk_elsewhere")

    context = {
        "heading": _("Take it out of the register?"),
        "intro": _("Its page stays and says why it was withdrawn."),
        "submit": _("Withdraw it"),
        "back": reverse("elsewhere_edit", args=[slug]),
        "row": row,
    }
    return submitted(request, form, act, FORM, context)


@editing
def import_(request: HttpRequest) -> HttpResponse:
    """Record each row of a table; each bad row is said with its number."""
    access.require(request.actor, "manage_consultation")
    form = ImportForm(request.POST or None, request.FILES or None)
    report = None
    status = 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            try:
                report = importing.import_elsewhere(form.cleaned_data["file"], actor=request.actor)
            except Invalid as refusal:
                put_errors(form, refusal)
            else:
                n = report.recorded
                words = ngettext("%(n)s consultation recorded.", "%(n)s consultations recorded.", n)
                if not report.problems:
                    messages.success(request, words % {"n": number(n)})
                    return HttpResponseRedirect(reverse("desk_elsewhere"), status=303)
    context = {
        "form": form,
        "report": report,
        "problems": report.problems[:PROBLEMS_SHOWN] if report else [],
        "more": max(0, len(report.problems) - PROBLEMS_SHOWN) if report else 0,
        "example": importing.example(),
        **SECTION,
    }
    return render(request, "register_all/desk/import.html", context, status=status)
