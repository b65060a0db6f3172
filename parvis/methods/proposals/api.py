"""The API of proposals: the same services as the pages."""

from datetime import datetime
from typing import Any
from uuid import UUID

from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from ninja import Query, Router, Schema, Status

from parvis.consult.contributions import Receipt
from parvis.consult.models import Activity, Channel
from parvis.core import access
from parvis.core.errors import Invalid, NotFound
from parvis.core.events import IdempotencyKey
from parvis.core.models import State
from parvis.methods.proposals import cards, queries, services
from parvis.methods.proposals.definition import STANCES
from parvis.methods.proposals.models import Proposal

router = Router(tags=["proposals"])
KEY_CHARACTERS = (16, 64)
LIMIT_MAX = 100


class ProposalIn(Schema):
    """A proposal; `key` is chosen by the client, the same request twice has one effect."""

    key: str
    title: str
    body: str
    language: str = "fr"


class CommentIn(Schema):
    """A comment: for, against or neutral; `reply_to` another comment of the same proposal."""

    key: str
    body: str
    stance: str = "neutral"
    reply_to: UUID | None = None
    language: str = "fr"


class OrganiserAnswerIn(Schema):
    """The official answer and its reasons, by language."""

    status: str
    answer: dict[str, str] = {}


class ProposalReceiptOut(Schema):
    """What to keep: the code opens the follow-up page."""

    id: UUID
    code: str
    received_at: datetime


class ProposalOut(Schema):
    """A proposal; title and body are null once it is withdrawn or hidden."""

    id: UUID
    number: int
    state: str
    url: str
    language: str
    title: str | None
    body: str | None
    at: datetime
    changed_at: datetime | None
    supports: int
    comments: int
    comments_for: int
    comments_against: int
    comments_neutral: int
    status: str
    answer: dict[str, str]
    answered_at: datetime | None


class ProposalsOut(Schema):
    """A page of proposals, and how many there are."""

    count: int
    results: list[ProposalOut]


class CommentOut(Schema):
    """A comment; its body is null once it is withdrawn or hidden."""

    id: UUID
    state: str
    at: datetime
    changed_at: datetime | None
    language: str
    stance: str
    body: str | None
    reply_to: UUID | None


class CommentsOut(Schema):
    """A page of comments, and how many there are, traces included."""

    count: int
    results: list[CommentOut]


class StandingOut(Schema):
    """Where you stand: whether you support this one, and how many supports are left."""

    supported: bool
    used: int
    left: int | None


def _activity(slug: str) -> Activity:
    try:
        activity = queries.activity(slug)
    except Activity.DoesNotExist:
        raise NotFound from None
    if activity.consultation.node.state != State.PUBLIC:
        raise NotFound
    return activity


def _proposal(pk: UUID) -> Proposal:
    try:
        row = queries.proposal(pk)
    except Proposal.DoesNotExist:
        raise NotFound from None
    if row.activity.consultation.node.state != State.PUBLIC:
        raise NotFound
    return row


def _key(scope: str, value: str, content: Any) -> IdempotencyKey:
    low, high = KEY_CHARACTERS
    if not low <= len(value) <= high:
        raise Invalid({"key": [f"{low} to {high} characters"]})
    return IdempotencyKey.of(scope, value, content)


def _out(row: Proposal, activity: Activity) -> dict[str, Any]:
    contribution = row.node.contribution
    public = row.node.state == State.PUBLIC
    return {
        "id": row.pk,
        "number": row.number,
        "state": row.node.state,
        "url": reverse("proposal", args=[activity.node.slug, row.pk]),
        "language": contribution.language,
        "title": next(iter(row.node.title.values()), "") if public else None,
        "body": contribution.body if public else None,
        "at": row.at,
        "changed_at": contribution.changed_at,
        "supports": row.supports,
        "comments": row.comments,
        "comments_for": row.comments_for,
        "comments_against": row.comments_against,
        "comments_neutral": row.comments_neutral,
        "status": row.status,
        "answer": row.answer,
        "answered_at": row.answered_at,
    }


def _rows(ids: list[UUID]) -> list[Proposal]:
    found = Proposal.objects.select_related("node__contribution").defer("words").in_bulk(ids)
    return [found[pk] for pk in ids if pk in found]


def _receipt(receipt: Receipt) -> Status[dict[str, Any]]:
    out = {"id": receipt.contribution.pk, "code": receipt.code, "received_at": receipt.at}
    return Status(201, out)


@router.get("/proposals/{slug}", response=ProposalsOut, operation_id="proposals")
def proposals(
    request: HttpRequest,
    slug: str,
    q: str = "",
    status: str = "",
    sort: str = "newest",
    limit: int = Query(20, ge=1, le=LIMIT_MAX),
    offset: int = Query(0, ge=0, le=10_000_000),
) -> dict[str, Any]:
    """The proposals of an activity; `status` and `sort` as on its page."""
    activity = _activity(slug)
    if status and status not in queries.FILTERS:
        raise Invalid({"status": [", ".join(queries.FILTERS)]})
    if sort not in queries.SORTS:
        raise Invalid({"sort": [", ".join(queries.SORTS)]})
    rows = queries.listed(activity, text=q, status=status, sort=sort, day=timezone.localdate())
    page = _rows(list(rows[offset : offset + limit]))
    return {"count": rows.count(), "results": [_out(row, activity) for row in page]}


@router.get("/proposal/{uuid:pk}", response=ProposalOut, operation_id="proposal")
def proposal(request: HttpRequest, pk: UUID) -> dict[str, Any]:
    """One proposal, or its trace."""
    row = _proposal(pk)
    return _out(row, row.activity)


@router.get("/proposal/{uuid:pk}/comments", response=CommentsOut, operation_id="comments")
def comments(
    request: HttpRequest,
    pk: UUID,
    stance: str = "",
    limit: int = Query(50, ge=1, le=LIMIT_MAX),
    offset: int = Query(0, ge=0, le=10_000_000),
) -> dict[str, Any]:
    """The comments of a proposal, oldest first. Nobody is named."""
    row = _proposal(pk)
    if stance and stance not in STANCES:
        raise Invalid({"stance": [", ".join(STANCES)]})
    rows = queries.Comments(row.pk, stance)
    shown = cards.comments(rows[offset : offset + limit], row.activity.node.slug, {})
    return {
        "count": rows.count(),
        "results": [
            {
                "id": one.id,
                "state": one.state,
                "at": one.at,
                "changed_at": one.changed_at,
                "language": one.language,
                "stance": one.stance,
                "body": one.body if one.state == State.PUBLIC else None,
                "reply_to": one.reply_to,
            }
            for one in shown
        ],
    }


@router.post("/proposals/{slug}", response={201: ProposalReceiptOut}, operation_id="propose")
def propose(request: HttpRequest, slug: str, data: ProposalIn) -> Status[dict[str, Any]]:
    """Post a proposal. 422 by field, 403 when closed, 409 for other content under one key."""
    activity = _activity(slug)
    receipt = services.propose(
        actor=request.actor,  # type: ignore[attr-defined]
        activity=activity,
        title=data.title,
        body=data.body,
        language=data.language,
        channel=Channel.API,
        key=_key(f"propose:{activity.pk}", data.key, [data.title, data.body]),
    )
    return _receipt(receipt)


@router.post(
    "/proposal/{uuid:pk}/comments", response={201: ProposalReceiptOut}, operation_id="comment"
)
def comment(request: HttpRequest, pk: UUID, data: CommentIn) -> Status[dict[str, Any]]:
    """Comment on a proposal."""
    row = _proposal(pk)
    content = [data.body, data.stance, str(data.reply_to or "")]
    receipt = services.comment(
        actor=request.actor,  # type: ignore[attr-defined]
        proposal=row,
        body=data.body,
        stance=data.stance,
        reply_to=data.reply_to,
        language=data.language,
        channel=Channel.API,
        key=_key(f"comment:{pk}", data.key, content),
    )
    return _receipt(receipt)


def _standing(row: Proposal, found: services.Standing) -> dict[str, Any]:
    return {"supported": row.pk in found.supported, "used": found.used, "left": found.left}


@router.put("/proposal/{uuid:pk}/support", response=StandingOut, operation_id="support")
def support(request: HttpRequest, pk: UUID) -> dict[str, Any]:
    """Support a proposal; sent twice, it counts once. Only you can read it."""
    row = _proposal(pk)
    return _standing(row, services.support(actor=request.actor, proposal=row))  # type: ignore[attr-defined]


@router.delete("/proposal/{uuid:pk}/support", response=StandingOut, operation_id="unsupport")
def unsupport(request: HttpRequest, pk: UUID) -> dict[str, Any]:
    """Take your support back."""
    row = _proposal(pk)
    return _standing(row, services.take_back(actor=request.actor, proposal=row))  # type: ignore[attr-defined]


def _may_answer(request: HttpRequest) -> bool:
    """The right before the body: whoever may not answer learns nothing of what is asked for.

    ninja reads the body after this, so 401, 403 and 404 come before 422.
    """
    match = request.resolver_match
    row = _proposal(UUID(match.kwargs["pk"]) if match else UUID(int=0))
    access.require(request.actor, "answer_proposal", row.activity.consultation)  # type: ignore[attr-defined]
    return True


@router.put(
    "/proposal/{uuid:pk}/answer",
    response=ProposalOut,
    operation_id="answer_proposal",
    auth=_may_answer,
)
def answer(request: HttpRequest, pk: UUID, data: OrganiserAnswerIn) -> dict[str, Any]:
    """Answer officially, for staff."""
    row = _proposal(pk)
    services.answer(
        actor=request.actor,  # type: ignore[attr-defined]
        proposal=row,
        status=data.status,
        answer=data.answer,
    )
    return _out(row, row.activity)
