"""Public pages of proactive publication: the classes, the registers, their rows."""

from typing import Any
from uuid import UUID

from django.conf import settings
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from parvis.core import files
from parvis.core.i18n import tr
from parvis.core.models import Organisation, State
from parvis.core.pages import paginate, public_page
from parvis.proactive import delays, periods, queries, sheets, showing, table
from parvis.proactive.lists import Shape, about_classes, shapes
from parvis.proactive.models import Record

SECTION = {"section": "documents"}
CSV_ROWS_MAX = 100_000
SECONDS = 300


def _body(request: HttpRequest) -> tuple[Organisation | None, list[Organisation]]:
    """Return the organisation asked for (the site's by default), and those one may ask for."""
    bodies = queries.bodies()
    wanted = request.GET.get("organisation", "")
    if not wanted:
        return (bodies[0] if bodies else None), bodies
    for one in bodies:
        if one.node.slug == wanted:
            return one, bodies
    raise Http404


@require_safe
def disclosure(request: HttpRequest) -> HttpResponse:
    """Every class of an organisation: published, not applicable, missing."""
    organisation, bodies = _body(request)
    rows = table.rows_of(organisation) if organisation else []
    counts = {state: sum(row.state == state for row in rows) for state in
              ("published", "waived", "missing")}  # fmt: skip
    context = {
        **SECTION,
        "organisation": organisation,
        "bodies": bodies,
        "rows": rows,
        "counts": counts,
        "about": about_classes(),
    }
    return public_page(request, "proactive/disclosure.html", context, seconds=SECONDS)


def _lines(request: HttpRequest) -> list[dict[str, Any]]:
    organisation, _bodies = _body(request)
    if organisation is None:
        return []
    return table.flat(organisation, table.rows_of(organisation), settings.SITE_URL)


@require_safe
def disclosure_csv(request: HttpRequest) -> HttpResponse:
    """The same table as CSV."""
    lines = _lines(request)
    text = table.as_csv(lines)
    return _csv(text, _("classes.csv"))


@require_safe
def disclosure_json(request: HttpRequest) -> HttpResponse:
    """The same table as JSON, with where the list comes from."""
    response = JsonResponse(
        {"sources": about_classes()["sources"], "classes": _lines(request)},
        json_dumps_params={"ensure_ascii": False, "indent": 1},
    )
    response.public_seconds = SECONDS  # type: ignore[attr-defined]
    return response


def _csv(text: str, name: str) -> HttpResponse:
    response = HttpResponse(text, content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    response.public_seconds = SECONDS  # type: ignore[attr-defined]
    return response


@require_safe
def registers(request: HttpRequest) -> HttpResponse:
    """Every type of register: who keeps one, how many rows, what is missing."""
    standings = queries.standings(list(queries.public_registers()))
    by_kind: dict[str, list[queries.Standing]] = {code: [] for code in shapes()}
    for one in standings:
        by_kind[one.shape.code].append(one)
    context = {
        **SECTION,
        "rows": [(shape, by_kind[code]) for code, shape in shapes().items()],
        "missing": sum(len(one.missing) for one in standings),
    }
    return public_page(request, "proactive/registers.html", context, seconds=SECONDS)


@require_safe
def register(request: HttpRequest, kind: str) -> HttpResponse:
    """The rows of a type of register, narrowed by the address; totals, periods, one picture."""
    shape = queries.shape_or_404(kind)
    asked = queries.Asked.of(request.GET)
    every = queries.records(shape, asked)
    totals = queries.totals(every, shape)
    page = paginate(request, queries.with_register(every), count=totals.rows)
    known = list(queries.public_registers(shape))
    mine = [
        row for row in known
        if asked.organisation in ("", row.organisation.node.slug, row.node.slug)
    ]  # fmt: skip
    if asked.organisation and not mine:
        raise Http404
    standings = queries.standings(mine)
    year = timezone.localdate().year
    context = {
        **SECTION,
        "shape": shape,
        "asked": asked,
        "page": page,
        "rows": [_shown(shape, row) for row in page.rows],
        "columns": [column for column in shape.columns if _in_list(shape, column.name)],
        "totals": totals,
        "amount": showing.dollars(totals.amount),
        "years": [
            (one, showing.dollars(one.amount)) for one in reversed(totals.years)
        ],
        "year_choices": [(y, f"{y}-{y + 1}") for y in _years(known, year)],
        "chart": showing.chart(totals),
        "registers": known,
        "standings": standings,
        "datasets": [
            row.dataset for row in mine if row.dataset and row.dataset.state == State.PUBLIC
        ],
        "reconstructed": any(row.reconstructed for row in mine),
        "rules": sheets.rules_of(shape),
        "delay": {"days": delays.DAYS, "more": delays.EXTENSION_DAYS, "section": delays.SECTION},
        "query": _query(request),
    }  # fmt: skip
    return public_page(request, "proactive/register.html", context)


def _years(known: list[Any], today_year: int) -> list[int]:
    """Return the fiscal years that one may ask for, latest first."""
    first = min((periods.fiscal_year(row.since) for row in known), default=today_year)
    return list(range(periods.fiscal_year(timezone.localdate()), first - 1, -1))


def _in_list(shape: Shape, name: str) -> bool:
    """Whether a column is in the list; the page of a row has them all."""
    return name not in {"prolongation", "articles", "depense_supplementaire"}


def _query(request: HttpRequest) -> str:
    parameters = request.GET.copy()
    parameters.pop("page", None)
    text = parameters.urlencode()
    return f"?{text}" if text else ""


def _shown(shape: Shape, row: Record) -> dict[str, Any]:
    cells = [one for one in showing.cells(shape, row.values) if _in_list(shape, one.name)]
    return {"record": row, "cells": cells, "delay": queries.delay_of(row)}


@require_safe
def register_csv(request: HttpRequest, kind: str) -> HttpResponse:
    """The same rows as CSV, every column, as the address narrows them."""
    shape = queries.shape_or_404(kind)
    rows = queries.with_register(queries.records(shape, queries.Asked.of(request.GET)))
    lines = (as_line(shape, row) for row in rows[:CSV_ROWS_MAX])
    before = ["organisation", "periode"]
    after = ["date_limite", "jours_de_retard"] if shape.code == "acces" else []
    return _csv(sheets.rows_csv(shape, lines, before, after), f"{kind}.csv")


def as_line(shape: Shape, row: Record) -> dict[str, Any]:
    """Return a row as files and the API give it."""
    delay = queries.delay_of(row)
    legal = {"date_limite": delay.due.isoformat(), "jours_de_retard": delay.late} if delay else {}
    return {
        "organisation": row.register.organisation.node.slug,
        "periode": row.period,
        **row.values,
        **legal,
    }


@require_safe
def template(request: HttpRequest, kind: str, extension: str) -> HttpResponse:
    """The template to fill: CSV, or a workbook with its rules."""
    shape = queries.shape_or_404(kind)
    if extension == "csv":
        return _csv(sheets.template_csv(shape), f"{kind}.csv")
    if extension != "xlsx":
        raise Http404
    media = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    response = HttpResponse(sheets.template_xlsx(shape), content_type=media)
    response["Content-Disposition"] = f'attachment; filename="{kind}.xlsx"'
    response.public_seconds = SECONDS  # type: ignore[attr-defined]
    return response


def _record(kind: str, pk: UUID) -> tuple[Shape, Record]:
    shape = queries.shape_or_404(kind)
    rows = Record.objects.select_related("register__node", "register__organisation__node", "file")
    row = get_object_or_404(rows, pk=pk, register__kind=kind, register__node__state=State.PUBLIC)
    return shape, row


@require_safe
def record(request: HttpRequest, kind: str, pk: UUID) -> HttpResponse:
    """One row: every cell, its file, what it said before and why it changed."""
    shape, row = _record(kind, pk)
    history, after = [], row.values
    for former in row.formers.all():
        changed = showing.changes(shape, former.values, after)
        history.append({"at": former.until, "why": former.why, "changes": changed})
        after = former.values
    context = {
        **SECTION,
        "shape": shape,
        "record": row,
        "cells": showing.cells(shape, row.values),
        "delay": queries.delay_of(row),
        "history": history,
        "section_number": delays.SECTION,
        "title": f"{tr(shape.title)} – {row.number}",
    }
    response = public_page(request, "proactive/record.html", context)
    response.status_code = 410 if row.withdrawn_at else 200
    return response


@require_safe
def record_file(request: HttpRequest, kind: str, pk: UUID, name: str) -> FileResponse:
    """The file of a row, as an attachment."""
    _shape, row = _record(kind, pk)
    if row.file is None or name != row.file_name or row.withdrawn_at:
        raise Http404
    return FileResponse(
        files.path_of(row.file).open("rb"),
        as_attachment=True,
        filename=name,
        content_type=row.file.media_type,
    )
