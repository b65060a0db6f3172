"""The API of moderation: the rules, the figures, the register, and a report."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.http import HttpRequest
from ninja import Field, Query, Router, Schema, Status

from parvis.core import kinds, limits
from parvis.core.errors import Invalid, NotFound
from parvis.core.events import IdempotencyKey
from parvis.core.i18n import LANGUAGES
from parvis.core.models import Node
from parvis.moderation import queries, services
from parvis.moderation.models import Decision
from parvis.moderation.rules import RULES, Rule

router = Router(tags=["moderation"])


class RuleOut(Schema):
    """A rule of the charter, in the language asked for (`Accept-Language`)."""

    number: int
    key: str
    name: str
    words: str
    second_person: bool


class ModerationMonthOut(Schema):
    """A month's figures. `hidden_by_rule` is keyed by rule number; the delay is a median."""

    month: date
    received: int
    by_reason: dict[str, int]
    upheld: int
    dismissed: int
    hidden: int
    hidden_by_rule: dict[int, int]
    restored: int
    appeals: int
    reversed: int
    automatic: int
    delay_hours: float | None


class FiguresOut(Schema):
    """What waits now, and the last twelve months, newest first."""

    open: int
    late: int
    months: list[ModerationMonthOut]


class DecisionOut(Schema):
    """A decision of the public register: never the text it is about."""

    id: int
    node: UUID
    action: str
    state: str
    rule: int | None
    motive: dict[str, str]
    automatic: bool
    at: datetime


class DecisionsOut(Schema):
    """A page of decisions and how many there are."""

    count: int
    items: list[DecisionOut]


class ReportIn(Schema):
    """A report: what, which rule, what to look at; `key` makes it safe to send again."""

    key: str
    node: UUID
    reason: str
    details: str = Field("", max_length=limits.REASON_CHARACTERS)


class ReportOut(Schema):
    """A report that was received, and when it must be examined."""

    id: int
    state: str
    due_at: datetime


def _rule(rule: Rule) -> dict[str, Any]:
    return {
        "number": rule.number,
        "key": rule.key,
        "name": str(rule.name),
        "words": str(rule.words),
        "second_person": rule.second_person,
    }


def _decision(row: Decision) -> dict[str, Any]:
    return {
        "id": row.pk,
        "node": row.node_id,
        "action": row.action,
        "state": row.state,
        "rule": row.rule,
        "motive": {code: row.motive[code] for code in LANGUAGES if row.motive.get(code)},
        "automatic": row.automatic,
        "at": row.effective_at,
    }


@router.get("/moderation/rules", response=list[RuleOut], operation_id="moderation_rules")
def rules(request: HttpRequest) -> list[dict[str, Any]]:
    """The eight rules, which are also the reasons of a report."""
    return [_rule(rule) for rule in RULES]


@router.get("/moderation/figures", response=FiguresOut, operation_id="moderation_figures")
def figures(request: HttpRequest) -> dict[str, Any]:
    """What was reported, decided, appealed and reversed, month by month."""
    return {**queries.waiting_now(), "months": queries.figures()}


@router.get("/moderation/decisions", response=DecisionsOut, operation_id="moderation_decisions")
def decisions(
    request: HttpRequest,
    limit: int = Query(50, ge=1, le=200),
    offset: int = Query(0, ge=0, le=10_000_000),
) -> dict[str, Any]:
    """What was withdrawn or put back, newest first."""
    rows = queries.register()
    return {
        "count": rows.count(),
        "items": [_decision(row) for row in rows[offset : offset + limit]],
    }


@router.post("/moderation/reports", response={201: ReportOut}, operation_id="report")
def report(request: HttpRequest, body: ReportIn) -> Status[dict[str, Any]]:
    """Report a public thing. The same request twice is one report."""
    node = Node.objects.select_related("space__space").filter(pk=body.node).first()
    if node is None or not kinds.visible(request.actor, node):
        raise NotFound
    if not 16 <= len(body.key) <= 64:
        raise Invalid({"key": ["16 to 64 characters"]})
    content = body.model_dump(mode="json", exclude={"key"})
    key = IdempotencyKey.of("api-report", body.key, content)
    row = services.report(
        actor=request.actor, node=node, reason=body.reason, details=body.details, key=key
    )
    return Status(201, {"id": row.pk, "state": row.state, "due_at": queries.due_at(row.at)})
