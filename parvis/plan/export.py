"""A plan as JSON and as a sheet shaped on OGP's fields: the same figures as its page."""

import io
from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

import xlsxwriter
from django.conf import settings
from django.utils import timezone
from django.utils.translation import override

from parvis.core import kinds
from parvis.core.i18n import LANGUAGES
from parvis.core.lists import by_language
from parvis.core.models import Node, State
from parvis.plan import queries
from parvis.plan.models import Commitment, Evaluation, Plan, ProgressUpdate
from parvis.plan.standing import Standing, Step
from parvis.tables.cells import spreadsheet_safe

CELL_CHARACTERS_MAX = 32_767
SCHEMA = "parvis-plan-1"


def _day(value: date | datetime | None) -> str | None:
    return value.isoformat() if value else None


def address(node: Node, language: str | None = None) -> str | None:
    """Return the full address of a node's page."""
    path = kinds.url(node, language)
    return f"{settings.SITE_URL}{path}" if path else None


def _head(node: Node) -> dict[str, Any]:
    urls = {code: address(node, code) for code in LANGUAGES}
    return {
        "id": str(node.pk),
        "slug": node.slug,
        "title": dict(node.title),
        "url": urls,
        "published_at": _day(node.published_at),
    }


def plan_card(plan: Plan) -> dict[str, Any]:
    """Return a plan without its commitments, as JSON holds it."""
    return {
        **_head(plan.node),
        "organisation": {
            "slug": plan.organisation.node.slug,
            "title": dict(plan.organisation.node.title),
        },
        "summary": plan.summary,
        "announced_on": _day(plan.announced_on),
        "filed_on": _day(plan.filed_on),
        "starts": _day(plan.starts),
        "starts_precision": plan.starts_precision,
        "ends": _day(plan.ends),
        "ends_precision": plan.ends_precision,
        "closed": plan.closed,
        "closed_on": _day(plan.closed_on),
        "closed_on_precision": plan.closed_on_precision,
        "last_reported_on": _day(plan.last_reported_on),
        "notes": plan.notes,
        "sources": plan.sources,
    }


def milestone_card(step: Step) -> dict[str, Any]:
    """Return a milestone as JSON holds it."""
    row = step.milestone
    return {
        "id": str(row.pk),
        "title": dict(row.node.title),
        "starts": _day(row.starts),
        "ends": _day(row.ends),
        "ends_precision": row.ends_precision,
        "responsible": row.responsible,
        "reached": row.reached,
        "note": row.note,
        "state": step.lateness.state,
        "late_days": step.lateness.days,
    }


def progress_card(update: ProgressUpdate) -> dict[str, Any]:
    """Return a report as JSON holds it."""
    return {
        "id": str(update.pk),
        "reported_on": _day(update.reported_on),
        "recorded_at": _day(update.node.published_at),
        "milestone": str(update.milestone_id) if update.milestone_id else None,
        "completion": update.completion or None,
        "milestones_reached": update.milestones_reached,
        "milestones_total": update.milestones_total,
        "text": update.text,
        "why": update.why,
        "external": update.external,
        "source_silent": update.source_silent,
        "sources": update.sources,
    }


def evaluation_card(row: Evaluation) -> dict[str, Any]:
    """Return an evaluation as JSON holds it, on OGP's scales."""
    return {
        "id": str(row.pk),
        "kind": row.kind,
        "by": row.by,
        "body": str(row.body_id) if row.body_id else None,
        "evaluator": row.evaluator,
        "signed": row.signed,
        "evaluated_on": _day(row.evaluated_on),
        "verifiable": row.verifiable,
        "relevant": row.relevant,
        "potential": row.potential or None,
        "completion": row.completion or None,
        "early_results": row.early_results or None,
        "reasons": row.reasons,
        "text": row.text,
        "sources": row.sources,
    }


def evaluation_document(row: Evaluation) -> dict[str, Any]:
    """Return an evaluation with what it is of. Withdrawn by moderation, without its words."""
    of = row.node.space
    card = {
        **_head(row.node),
        "of": {"kind": of.kind, "slug": of.slug} if of else {},
        "state": row.node.state,
        **evaluation_card(row),
    }
    card.pop("title")
    if row.node.state != State.PUBLIC:
        silent = {"verifiable": None, "relevant": None, "potential": None, "completion": None}
        card |= {**silent, "early_results": None, "reasons": {}, "text": {}, "sources": []}
    return card


def commitment_card(item: Standing) -> dict[str, Any]:
    """Return a commitment and where it stands, without its history, as JSON holds it."""
    row = item.commitment
    names = ("number", "code", "lead", "institutions", "stakeholders", "starts_precision",
             "ends_precision", "problem", "status_quo", "action", "contributes", "policy_area",
             "sector", "budget", "programmes", "notes", "sources")  # fmt: skip
    return {
        **_head(item.node),
        "plan": item.plan.node.slug,
        **{name: getattr(row, name) for name in names},
        "starts": _day(row.starts),
        "ends": _day(row.ends),
        "ogp_value": row.ogp_value or None,
        "state": item.lateness.state,
        "late": item.lateness.is_late,
        "late_days": item.lateness.days,
        "due": _day(item.lateness.term.on),
        "due_from": item.lateness.term.of or None,
        "completion": item.completion or None,
        "milestones_reached": item.reached,
        "milestones_total": item.total,
        "last_reported_on": _day(item.update.reported_on) if item.update else None,
        "milestones": [milestone_card(step) for step in item.steps],
    }


def history(rows: Sequence[Commitment]) -> tuple[dict[Any, list[Any]], dict[Any, list[Any]]]:
    """Return (reports, evaluations) by commitment id, in two queries; current report first."""
    updates: dict[Any, list[Any]] = {}
    found = ProgressUpdate.objects.filter(commitment__in=rows).select_related("node")
    for update in found.order_by(*queries.NEWEST):
        updates.setdefault(update.commitment_id, []).append(update)
    evaluations: dict[Any, list[Any]] = {}
    seen = Evaluation.objects.filter(commitment__in=rows, node__state=State.PUBLIC)
    for evaluation in seen.order_by("pk"):
        evaluations.setdefault(evaluation.commitment_id, []).append(evaluation)
    return updates, evaluations


def commitment_document(item: Standing, updates: Any, evaluations: Any) -> dict[str, Any]:
    """Return a commitment with every report and evaluation."""
    return {
        **commitment_card(item),
        "progress": [progress_card(row) for row in updates.get(item.node.pk, [])],
        "evaluations": [evaluation_card(row) for row in evaluations.get(item.node.pk, [])],
    }


def plan_document(plan: Plan, *, today: date | None = None) -> dict[str, Any]:
    """Return a plan, its public commitments, their milestones, reports and evaluations.

    Eight queries whatever their number. Days are ISO 8601; what is not known is null.
    """
    today = today or timezone.localdate()
    items = _items(plan, today)
    updates, evaluations = history([item.commitment for item in items])
    of_plan = plan.evaluations.filter(node__state=State.PUBLIC).order_by("pk")
    return {
        "schema": SCHEMA,
        "generated_on": today.isoformat(),
        **plan_card(plan),
        "evaluations": [evaluation_card(row) for row in of_plan],
        "commitments": [commitment_document(item, updates, evaluations) for item in items],
    }


def _items(plan: Plan, today: date) -> list[Standing]:
    rows = Commitment.objects.filter(plan=plan, node__state=State.PUBLIC)
    return queries.by_number(queries.standings(rows, today=today))


# Column of the sheet -> what it holds (OGP's action plan template, field by field).
COLUMNS = {
    "id": "OGP code when there is one, else the number in the plan",
    "number": "Number in the plan",
    "title": "Title of the commitment",
    "lead_institution": "Institution in charge",
    "other_institutions": "Other institutions, one a line",
    "stakeholders": "Stakeholders",
    "start": "First day (ISO 8601); empty when not known",
    "end": "Last day (ISO 8601); empty when not known",
    "end_precision": "day, or month when only the month is known",
    "policy_area": "Policy area",
    "sector": "Sector",
    "ogp_value": "access, participation or accountability",
    "problem": "The problem it addresses",
    "status_quo": "Where things stood",
    "action": "What is promised",
    "contributes": "How it opens government",
    "budget": "Budget",
    "programmes": "Link to other programmes",
    "milestones_reached": "Milestones reached at the last report",
    "milestones_total": "Milestones in all",
    "completion": "no_evidence, not_started, limited, substantial, complete; empty when not read",
    "state": "done, late, current, promised, ended, unread",
    "late_days": "Days of delay on the day of the export (0 when not late)",
    "last_reported_on": "Day of the last report (ISO 8601); empty when not known",
    "why": "Why it is not finished, at the last report",
    "external": "What outside the organisation weighed in",
    "sources": "Addresses, one a line",
    "url": "Page of the commitment",
}
MILESTONE_COLUMNS = ("commitment", "title", "start", "end", "responsible", "reached", "state",
                     "late_days", "note")  # fmt: skip
PROGRESS_COLUMNS = ("commitment", "reported_on", "completion", "milestones_reached",
                    "milestones_total", "text", "why", "external", "sources")  # fmt: skip
EVALUATION_COLUMNS = ("commitment", "kind", "evaluator", "evaluated_on", "verifiable", "relevant",
                      "potential", "completion", "early_results", "text", "sources")  # fmt: skip


def _words(value: Any, language: str) -> Any:
    """A cell: a text by language in one language, a list as lines, a number or nothing."""
    if isinstance(value, dict):
        return value.get(language) or next(iter(value.values()), None)
    if isinstance(value, list):
        lines = by_language(value) if any(isinstance(item, dict) for item in value) else None
        return lines.get(language, "") if lines is not None else "\n".join(map(str, value))
    return value


def _row(document: dict[str, Any], language: str) -> dict[str, Any]:
    last = document["progress"][0] if document["progress"] else {}
    renamed = {
        "id": document["code"] or document["number"],
        "lead_institution": document["lead"],
        "other_institutions": document["institutions"],
        "start": document["starts"],
        "end": document["ends"],
        "end_precision": document["ends_precision"] if document["ends"] else None,
        "why": last.get("why"),
        "external": last.get("external"),
        "url": document["url"][language],
    }
    return {name: _words(renamed.get(name, document.get(name)), language) for name in COLUMNS}


def _sheet(book: Any, name: str, columns: Sequence[str], rows: Sequence[dict[str, Any]]) -> None:
    page = book.add_worksheet(name)
    page.freeze_panes(1, 0)
    bold, wrap = book.add_format({"bold": True}), book.add_format({"text_wrap": True})
    wrap.set_align("top")
    for position, column in enumerate(columns):
        page.write_string(0, position, column, bold)
    page.set_column(0, len(columns) - 1, 24, wrap)
    for number, row in enumerate(rows, start=1):
        for position, column in enumerate(columns):
            value = row.get(column)
            if isinstance(value, bool):
                page.write_boolean(number, position, value)
            elif isinstance(value, int):
                page.write_number(number, position, value)
            elif value not in (None, ""):
                # Typed as text; the apostrophe holds when the sheet is saved as CSV.
                text = spreadsheet_safe(str(value))[:CELL_CHARACTERS_MAX]
                page.write_string(number, position, text)


def plan_workbook(plan: Plan, *, language: str, today: date | None = None) -> bytes:
    """Return the plan as an XLSX file: commitments, milestones, progress, evaluations, codebook.

    One row a thing, the first row names the columns; text is never a formula or a link.
    """
    with override(language):
        document = plan_document(plan, today=today)
    commitments = document["commitments"]
    out = io.BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    book = xlsxwriter.Workbook(out, options)
    book.set_properties({"title": _words(document["title"], language) or ""})
    _sheet(book, "commitments", list(COLUMNS), [_row(row, language) for row in commitments])
    _sheet(
        book, "milestones", MILESTONE_COLUMNS, _parts(commitments, "milestones", language)
    )  # fmt: skip
    _sheet(book, "progress", PROGRESS_COLUMNS, _parts(commitments, "progress", language))
    of_plan = [
        {"commitment": "", **_part(row, language)} for row in document["evaluations"]
    ]  # fmt: skip
    rows = of_plan + _parts(commitments, "evaluations", language)
    _sheet(book, "evaluations", EVALUATION_COLUMNS, rows)
    codebook = [{"column": name, "holds": words} for name, words in COLUMNS.items()]
    _sheet(book, "codebook", ("column", "holds"), codebook)
    book.close()
    return out.getvalue()


def _part(row: dict[str, Any], language: str) -> dict[str, Any]:
    found = {name: _words(value, language) for name, value in row.items()}
    return {**found, "start": row.get("starts"), "end": row.get("ends")}


def _parts(commitments: Sequence[dict[str, Any]], name: str, language: str) -> list[dict[str, Any]]:
    return [
        {**_part(row, language), "commitment": commitment["number"]}
        for commitment in commitments
        for row in commitment[name]
    ]
