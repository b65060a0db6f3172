"""Requests for data in /api/v1: what was asked, of whom, what was answered. Read only."""

import datetime
from typing import Any
from uuid import UUID

from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse
from ninja import Query, Router, Schema
from pydantic import Field

from parvis.catalogue.asking import queries
from parvis.catalogue.asking.models import DataRequest
from parvis.core.errors import NotFound

router = Router(tags=["catalogue"])


class BecameOut(Schema):
    """A commitment or a dataset that a request became."""

    id: UUID
    kind: str
    name: str
    title: dict[str, str]


class AnswerOut(Schema):
    """What the organisation said, and when."""

    state: str
    words: dict[str, str]
    at: datetime.datetime
    planned_for: datetime.date | None
    url: str


class RequestOut(Schema):
    """A request as lists give it; nothing of its author."""

    id: UUID
    name: str
    title: dict[str, str]
    wanted: str
    reason: str
    language: str
    organisation: str | None
    state: str = Field(description="received, studied, planned, done, refused or elsewhere")
    received: datetime.datetime
    answer_due: datetime.date
    answered: datetime.datetime | None
    planned_for: datetime.date | None
    days_late: int
    supports: int
    simulated: bool
    url: str
    became: list[BecameOut]


class RequestFull(RequestOut):
    """A request with its answers."""

    answers: list[AnswerOut]


class RequestsOut(Schema):
    """Some requests, and how many there are in all."""

    count: int
    results: list[RequestOut]


def _out(row: queries.Row) -> dict[str, Any]:
    one = row.request
    return {
        "id": one.pk,
        "name": one.node.slug,
        "title": one.node.title,
        "wanted": one.wanted,
        "reason": one.reason,
        "language": one.language,
        "organisation": one.organisation.node.slug if one.organisation else None,
        "state": one.stage,
        "received": one.node.created_at,
        "answer_due": one.due,
        "answered": one.answered_at,
        "planned_for": one.planned_on,
        "days_late": row.days_late,
        "supports": one.wanted_by,  # type: ignore[attr-defined]
        "simulated": one.reconstructed,
        "url": settings.SITE_URL + reverse("data_request", args=[one.node.slug]),
        "became": [
            {"id": node.pk, "kind": node.kind, "name": node.slug, "title": node.title}
            for node in row.became
        ],
    }


@router.get("/data-requests", response=RequestsOut)
def data_requests(
    request: HttpRequest,
    state: str = "",
    organisation: str = Query("", max_length=100),
    late: bool = False,
    limit: int = Query(20, ge=1, le=100),
    offset: int = Query(0, ge=0, le=1_000_000),
) -> dict[str, Any]:
    """List the public requests, newest first; state, organisation and lateness narrow them."""
    asked = queries.Asked.of(
        {"stage": state, "organisation": organisation, "late": "1" if late else ""}
    )
    rows = queries.public(asked)
    page = queries.listed(list(rows[offset : offset + limit]))
    return {"count": rows.count(), "results": [_out(row) for row in page]}


@router.get("/data-requests/{name}", response=RequestFull)
def data_request(request: HttpRequest, name: str) -> dict[str, Any]:
    """One public request with its dated answers."""
    found: DataRequest | None = queries.public().filter(node__slug=name).first()
    if found is None:
        raise NotFound
    answers = [
        {
            "state": one.stage, "words": one.words, "at": one.at,
            "planned_for": one.planned_on, "url": one.url,
        }
        for one in found.answers.all()
    ]  # fmt: skip
    return {**_out(queries.listed([found])[0]), "answers": answers}
