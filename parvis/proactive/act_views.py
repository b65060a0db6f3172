"""The desk of registers: open one, send files, check them, correct rows, declare a period empty."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from parvis.core import access, limits
from parvis.core.desk import SECTION, acted, editing, key_of, submitted
from parvis.core.errors import Conflict, Invalid
from parvis.core.i18n import tr
from parvis.core.pages import paginate
from parvis.proactive import importing, queries, services, showing
from parvis.proactive.forms import FileForm, OpenForm, RecordForm, SendForm, WithdrawForm
from parvis.proactive.lists import shapes
from parvis.proactive.models import Import, Record, Register
from parvis.tables.cells import csv_text

PROBLEMS_SHOWN = 100
LISTED = 200


def _register(request: HttpRequest, slug: str) -> Register:
    rows = Register.objects.select_related("node", "organisation__node", "dataset")
    row = rows.filter(node__slug=slug).first()
    if row is None:
        access.require(request.actor, "manage_catalogue")
    found = row or get_object_or_404(rows, node__slug=slug)
    access.require(request.actor, "manage_catalogue", found)
    return found


def _home(row: Register) -> str:
    return reverse("desk_typed_register", args=[row.node.slug])


@editing
def index(request: HttpRequest) -> HttpResponse:
    """The registers that one may keep, what is missing, and a form to open one."""
    access.require(request.actor, "manage_catalogue")
    form = OpenForm(request.POST or None)
    rows = queries.public_registers()[:LISTED]
    mine = [row for row in rows if access.can(request.actor, "manage_catalogue", row)]

    def act() -> str:
        data = form.cleaned_data
        try:
            made = services.open_register(
                actor=request.actor, kind=data["kind"], organisation=data["organisation"],
                since=data["since"], key=key_of(form, f"register:{request.actor.person_id}"),
            )  # fmt: skip
        except Conflict as refusal:
            raise Invalid({"kind": [str(refusal)]}) from None
        messages.success(request, _("The register is open."))
        return _home(made)

    context = {"standings": queries.standings(mine)}
    return submitted(request, form, act, "proactive/desk/registers.html", context)


@editing
def register(request: HttpRequest, slug: str) -> HttpResponse:
    """A register: its periods, its rows, its imports; a form sends a file."""
    row = _register(request, slug)
    shape = services.shape_of(row)
    form = SendForm(request.POST or None, request.FILES or None)

    def act() -> str:
        upload = form.cleaned_data["file"]
        made = importing.send_file(
            actor=request.actor, register=row, name=upload.name,
            # One byte over the limit is enough for the service to refuse it.
            content=upload.read(limits.UPLOAD_BYTES + 1), note=form.cleaned_data["note"],
        )  # fmt: skip
        return reverse("desk_register_import", args=[slug, made.pk])

    asked = queries.Asked(words=request.GET.get("q", "").strip(), organisation=row.node.slug)
    page = paginate(request, queries.records(shape, asked))
    context = {
        "register": row,
        "shape": shape,
        "standing": queries.standings([row])[0],
        "page": page,
        "rows": [(one, showing.cells(shape, one.values)) for one in page.rows],
        "imports": row.imports.select_related("by")[:10],
        "asked": asked,
        "title": tr(row.node.title),
    }
    return submitted(request, form, act, "proactive/desk/register.html", context)


@require_POST
def nothing(request: HttpRequest, slug: str) -> HttpResponse:
    """Declare a period empty."""
    row = _register(request, slug)
    period = request.POST.get("period", "")[:20]
    return acted(
        request,
        lambda: services.declare_nothing(actor=request.actor, register=row, period=period),
        _home(row),
        _("Declared: nothing to report for this period."),
    )


def _import(request: HttpRequest, slug: str, pk: UUID) -> tuple[Register, Import]:
    row = _register(request, slug)
    return row, get_object_or_404(row.imports.select_related("by", "register__node"), pk=pk)


@editing
def import_(request: HttpRequest, slug: str, pk: UUID) -> HttpResponse:
    """What a file would do to the register; two buttons: put it in, or drop it."""
    row, made = _import(request, slug, pk)
    place = reverse("desk_register_import", args=[slug, pk])
    if request.method == "POST":
        made.register = row
        if request.POST.get("act") == "drop":
            return acted(
                request, lambda: importing.drop(actor=request.actor, made=made), _home(row),
                _("Dropped: the register is as it was."),
            )  # fmt: skip
        return acted(
            request, lambda: importing.put_in(actor=request.actor, made=made), place,
            _("The rows are being put in."),
        )  # fmt: skip
    shape = services.shape_of(row)
    report = made.report
    job = importing.job_of(made)
    context: dict[str, Any] = {
        **SECTION,
        "register": row,
        "made": made,
        "report": report,
        "at_work": made.state in {Import.State.READING, Import.State.APPLYING},
        "failed": bool(job and job.state in {"failed", "cancelled"}),
        "columns": shape.columns,
        "problems": report.get("problems", [])[:PROBLEMS_SHOWN],
        "problems_count": len(report.get("problems", [])),
        "first": [
            showing.cells(shape, dict(zip([c.name for c in shape.columns], line, strict=False)))
            for line in report.get("first", [])
        ],
        "changes": [
            (
                number,
                [
                    showing.Change(
                        tr(shape.column(name).label),
                        showing.cell(shape.column(name), before),
                        showing.cell(shape.column(name), after),
                    )
                    for name, before, after in changed
                ],
            )
            for number, changed in report.get("changes", [])
        ],
        "back": _home(row),
    }
    return render(request, "proactive/desk/import.html", context)


@require_safe
def refused(request: HttpRequest, slug: str, pk: UUID) -> HttpResponse:
    """What is wrong in a file, as CSV: row, column, value, what is wrong, what to do."""
    _row, made = _import(request, slug, pk)
    columns = (_("Row"), _("Column"), _("Value"), _("What is wrong"), _("What to do"))
    text = "\ufeff" + csv_text(columns, made.report.get("problems", []))
    response = HttpResponse(text, content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = 'attachment; filename="lignes-refusees.csv"'
    return response


def _record(request: HttpRequest, slug: str, pk: UUID) -> Record:
    row = _register(request, slug)
    found = get_object_or_404(row.records.select_related("file"), pk=pk)
    found.register = row
    return found


@editing
def record(request: HttpRequest, slug: str, pk: UUID) -> HttpResponse:
    """Correct a row; what it said before stays on its page."""
    row = _record(request, slug, pk)
    shape = shapes()[row.register.kind]
    form = RecordForm(request.POST or None, shape=shape, values=row.values)

    def act() -> str:
        try:
            services.correct_record(
                actor=request.actor, record=row, cells=form.cells(),
                why=form.cleaned_data["why"], key=key_of(form, f"record:{pk}"),
            )  # fmt: skip
        except Conflict as refusal:
            raise Invalid({"__all__": [str(refusal)]}) from None
        messages.success(request, _("Corrected. What it said before is on its page."))
        return reverse("desk_record", args=[slug, pk])

    return submitted(request, form, act, "proactive/desk/record.html", _about(row))


def _about(row: Record) -> dict[str, Any]:
    return {
        "record": row,
        "register": row.register,
        "back": _home(row.register),
        "file_form": FileForm(),
        "withdraw_form": WithdrawForm(),
        "today": timezone.localdate(),
    }


@editing
def withdraw(request: HttpRequest, slug: str, pk: UUID) -> HttpResponse:
    """Ask why, then take a row out of the lists."""
    row = _record(request, slug, pk)
    form = WithdrawForm(request.POST or None)

    def act() -> str:
        try:
            services.withdraw_record(actor=request.actor, record=row, why=form.cleaned_data["why"])
        except Conflict as refusal:
            raise Invalid({"__all__": [str(refusal)]}) from None
        messages.success(request, _("Withdrawn. Its page stays and says why."))
        return _home(row.register)

    context = {**_about(row), "heading": _("Withdraw this row?"), "submit": _("Withdraw it")}
    return submitted(request, form, act, "proactive/desk/form.html", context)


@editing
def attach(request: HttpRequest, slug: str, pk: UUID) -> HttpResponse:
    """Attach the file of a row."""
    row = _record(request, slug, pk)
    form = FileForm(request.POST or None, request.FILES or None)

    def act() -> str:
        upload = form.cleaned_data["file"]
        try:
            services.attach_file(
                actor=request.actor, record=row, name=upload.name,
                content=upload.read(limits.UPLOAD_BYTES + 1),
            )  # fmt: skip
        except Conflict as refusal:
            raise Invalid({"__all__": [str(refusal)]}) from None
        messages.success(request, _("The file is on the page of this row."))
        return reverse("desk_record", args=[slug, pk])

    context = {
        **_about(row), "heading": _("Attach a file"), "submit": _("Attach it"), "upload": True,
    }  # fmt: skip
    return submitted(request, form, act, "proactive/desk/form.html", context)
