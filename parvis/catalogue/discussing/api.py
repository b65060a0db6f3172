"""Discussions of datasets in /api/v1: what was asked, what was replied. Read only."""

import datetime
from typing import Any, Literal
from uuid import UUID

from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse
from ninja import Query, Router, Schema
from pydantic import Field

from parvis.catalogue.discussing import queries
from parvis.catalogue.discussing.models import Discussion
from parvis.core.errors import NotFound
from parvis.core.models import State

router = Router(tags=["catalogue"])


class MessageOut(Schema):
    """A reply; `organisation` where it is the answer of the publisher. Nothing of its author."""

    id: UUID
    body: str
    language: str
    at: datetime.datetime | None
    organisation: str | None


class DiscussionOut(Schema):
    """A discussion as lists give it; nothing of its author."""

    id: UUID
    dataset: str
    title: dict[str, str]
    body: str
    language: str
    opened: datetime.datetime | None
    last: datetime.datetime | None
    closed: datetime.datetime | None
    closed_why: dict[str, str]
    waiting_since: datetime.datetime | None = Field(
        description="since when the publisher owes a word"
    )
    replies: int
    answered: bool
    simulated: bool
    url: str


class DiscussionFull(DiscussionOut):
    """A discussion with its public replies."""

    messages: list[MessageOut]


class DiscussionsOut(Schema):
    """Some discussions, and how many there are in all."""

    count: int
    results: list[DiscussionOut]


def _out(row: Discussion) -> dict[str, Any]:
    return {
        "id": row.pk,
        "dataset": row.dataset.node.slug,
        "title": row.node.title,
        "body": row.body,
        "language": row.language,
        "opened": row.node.published_at,
        "last": row.last_at,
        "closed": row.closed_at,
        "closed_why": row.closed_why,
        "waiting_since": row.waiting_since,
        "replies": row.replies,  # type: ignore[attr-defined]
        "answered": row.answers > 0,  # type: ignore[attr-defined]
        "simulated": row.reconstructed,
        "url": settings.SITE_URL + reverse("data_discussion", args=[row.pk]),
    }


@router.get("/discussions", response=DiscussionsOut)
def discussions(
    request: HttpRequest,
    dataset: str = Query("", max_length=100),
    state: Literal["", "open", "unanswered", "closed"] = "",
    limit: int = Query(20, ge=1, le=100),
    offset: int = Query(0, ge=0, le=1_000_000),
) -> dict[str, Any]:
    """List the public discussions, those spoken in last first; dataset and state narrow them."""
    rows = queries.public(queries.Asked.of({"dataset": dataset, "state": state}))
    found = list(rows[offset : offset + limit])
    return {"count": rows.order_by().count(), "results": [_out(row) for row in found]}


@router.get("/discussions/{id}", response=DiscussionFull)
def discussion(request: HttpRequest, id: UUID) -> dict[str, Any]:
    """One public discussion with its public replies."""
    row = queries.public().filter(pk=id).first()
    if row is None:
        raise NotFound
    said = [
        {
            "id": one.pk,
            "body": one.body,
            "language": one.language,
            "at": one.node.published_at,
            "organisation": one.organisation.node.slug if one.organisation else None,
        }
        for one in queries.messages(row).filter(node__state=State.PUBLIC)
    ]
    return {**_out(row), "messages": said}
