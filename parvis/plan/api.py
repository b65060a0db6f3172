"""Plans and commitments over HTTP, for programs. Read only: pages write."""

from datetime import date
from typing import Any

from django.db.models import Q
from django.http import HttpRequest
from ninja import Query, Router, Schema
from pydantic import Field

from parvis.core.errors import NotFound
from parvis.core.models import State
from parvis.plan import export, queries
from parvis.plan.lists import Filters, filtered, found_by_words
from parvis.plan.models import Plan

router = Router(tags=["plans"])
Text = dict[str, str]
PER_PAGE_MAX = 100


class PlanOut(Schema):
    """A plan. Days are ISO 8601; what is not known is null."""

    id: str
    slug: str
    title: Text
    url: dict[str, str | None]
    published_at: str | None
    organisation: dict[str, Any]
    summary: Text
    announced_on: date | None
    filed_on: date | None
    starts: date | None
    starts_precision: str
    ends: date | None
    ends_precision: str
    closed: bool
    closed_on: date | None
    closed_on_precision: str
    last_reported_on: date | None
    notes: list[Any]
    sources: list[str]


class CommitmentOut(Schema):
    """A commitment and where it stands today. `late` is never true in a closed plan."""

    id: str
    slug: str
    title: Text
    url: dict[str, str | None]
    published_at: str | None
    plan: str
    number: str
    code: str
    lead: Text
    institutions: list[Any]
    stakeholders: Text
    starts: date | None
    starts_precision: str
    ends: date | None
    ends_precision: str
    problem: Text
    status_quo: Text
    action: Text
    contributes: Text
    ogp_value: str | None
    policy_area: Text
    sector: Text
    budget: Text
    programmes: Text
    notes: list[Any]
    sources: list[str]
    state: str
    late: bool
    late_days: int
    due: date | None
    due_from: str | None
    completion: str | None
    milestones_reached: int | None
    milestones_total: int | None
    last_reported_on: date | None
    milestones: list[dict[str, Any]]


class CommitmentDetail(CommitmentOut):
    """A commitment with every report (the current one first) and every evaluation."""

    progress: list[dict[str, Any]]
    evaluations: list[dict[str, Any]]


class PlanDetail(PlanOut):
    """A plan with all its commitments: the same content as its plan.json."""

    evaluations: list[dict[str, Any]]
    commitments: list[CommitmentDetail]


class PlanList(Schema):
    """Plans, the newest first."""

    count: int
    results: list[PlanOut]


class CommitmentList(Schema):
    """A page of commitments, the late ones first; `count` is of all pages."""

    count: int
    page: int
    pages: int
    results: list[CommitmentOut]


class EvaluationOut(Schema):
    """An evaluation on OGP's scales. by: recorded, government, committee or group.

    `body` is the committee or group that published it; nobody can edit it.
    """

    id: str
    slug: str
    url: dict[str, str | None]
    of: dict[str, str]
    published_at: str | None
    state: str
    kind: str
    by: str
    body: str | None
    evaluator: Text
    signed: str
    evaluated_on: date | None
    verifiable: bool | None
    relevant: bool | None
    potential: str | None
    completion: str | None
    early_results: str | None
    reasons: dict[str, Text]
    text: Text
    sources: list[str]


class EvaluationList(Schema):
    """A page of evaluations, the newest first; `count` is of all pages."""

    count: int
    page: int
    pages: int
    results: list[EvaluationOut]


class EvaluationFilters(Schema):
    """What to list: by whom, of which plan (its slug), its commitments included."""

    by: str = ""
    plan: str = ""
    page: int = Field(1, ge=1, le=100_000)
    per_page: int = Field(20, ge=1, le=PER_PAGE_MAX)


class CommitmentFilters(Schema):
    """What to list."""

    late: bool | None = None
    plan: str = ""
    state: str = ""
    lead: str = ""
    q: str = Field("", max_length=200)
    page: int = Field(1, ge=1, le=100_000)
    per_page: int = Field(20, ge=1, le=PER_PAGE_MAX)


@router.get("/plans", response=PlanList, summary="List the plans")
def list_plans(request: HttpRequest) -> dict[str, Any]:
    """Every public plan, the newest first."""
    results = [export.plan_card(plan) for plan in queries.public_plans()]
    return {"count": len(results), "results": results}


@router.get("/plans/{slug}", response=PlanDetail, summary="One plan with its commitments")
def get_plan(request: HttpRequest, slug: str) -> dict[str, Any]:
    """A public plan, its commitments, milestones, reports and evaluations."""
    try:
        plan = queries.plan_by_slug(slug)
    except Plan.DoesNotExist:
        raise NotFound from None
    if plan.node.state != State.PUBLIC:
        raise NotFound
    return export.plan_document(plan)


@router.get("/commitments", response=CommitmentList, summary="List the commitments")
def list_commitments(
    request: HttpRequest,
    filters: Query[CommitmentFilters],
) -> dict[str, Any]:
    """Public commitments and where they stand today; `late=true` lists those that are late."""
    asked = Filters(
        plan=filters.plan, state=filters.state, lead=filters.lead, q=filters.q, late=filters.late
    )
    rows = filtered(queries.standings(queries.public_commitments()), asked, found_by_words(asked))
    pages = max(1, -(-len(rows) // filters.per_page))
    page = min(filters.page, pages)
    start = (page - 1) * filters.per_page
    shown = rows[start : start + filters.per_page]
    return {
        "count": len(rows),
        "page": page,
        "pages": pages,
        "results": [export.commitment_card(item) for item in shown],
    }


@router.get("/commitments/{slug}", response=CommitmentDetail, summary="One commitment")
def get_commitment(request: HttpRequest, slug: str) -> dict[str, Any]:
    """A public commitment with its history."""
    row = queries.public_commitments().filter(node__slug=slug)
    found = queries.standings(row)
    if not found:
        raise NotFound
    updates, evaluations = export.history([found[0].commitment])
    return export.commitment_document(found[0], updates, evaluations)


@router.get("/evaluations", response=EvaluationList, summary="List the evaluations")
def list_evaluations(
    request: HttpRequest,
    filters: Query[EvaluationFilters],
) -> dict[str, Any]:
    """Evaluations of public plans and commitments. One withdrawn by moderation keeps its place."""
    rows = queries.public_evaluations()
    if filters.by:
        rows = rows.filter(by=filters.by)
    if filters.plan:
        inside = Q(commitment__plan__node__slug=filters.plan)
        rows = rows.filter(Q(plan__node__slug=filters.plan) | inside)
    count = rows.count()
    pages = max(1, -(-count // filters.per_page))
    page = min(filters.page, pages)
    start = (page - 1) * filters.per_page
    shown = rows[start : start + filters.per_page]
    results = [export.evaluation_document(row) for row in shown]
    return {"count": count, "page": page, "pages": pages, "results": results}
