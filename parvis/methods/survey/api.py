"""Answering a survey by the API: the same service as the page."""

from typing import Any

from django.http import HttpRequest
from ninja import Router, Schema

from parvis.consult import contributions, queries
from parvis.consult.models import Activity, Channel
from parvis.core.errors import Invalid, NotFound
from parvis.core.events import IdempotencyKey
from parvis.core.models import State
from parvis.methods.survey.method import METHOD
from parvis.methods.survey.queries import questionnaire_of
from parvis.methods.survey.results import public_results

router = Router(tags=["surveys"])


class AnswerIn(Schema):
    """An answer: `key` is chosen by the client, the same request twice has one effect."""

    key: str
    answers: dict[str, Any]
    language: str = "fr"


class ReceiptOut(Schema):
    """What to keep: the code opens the follow-up page."""

    code: str
    received_at: str


def _activity(slug: str) -> Activity:
    try:
        activity = queries.activity_by_slug(slug, "survey")
    except Activity.DoesNotExist:
        raise NotFound from None
    if activity.consultation.node.state != State.PUBLIC:
        raise NotFound
    return activity


@router.get("/surveys/{slug}", response=dict[str, Any], operation_id="survey")
def survey(request: HttpRequest, slug: str) -> dict[str, Any]:
    """The questions of a survey."""
    activity = _activity(slug)
    return {
        "slug": slug,
        "title": activity.node.title,
        **questionnaire_of(activity).model_dump(mode="json", by_alias=True, exclude_none=True),
    }


@router.get("/surveys/{slug}/results", response=dict[str, Any], operation_id="survey_results")
def results(request: HttpRequest, slug: str) -> dict[str, Any]:
    """The charts of a survey, once they are public; the same counts as its page and file.

    `pending` while the worker has not drawn them yet; `drawn_at` says when it did.
    """
    found = public_results(_activity(slug))
    if found is None:
        raise NotFound
    return {
        "pending": "pending" in found,
        "drawn_at": found.get("drawn_at"),
        "total": found.get("total"),
        "questions": [
            {
                "question": chart.question,
                "title": chart.title,
                "answered": chart.answered,
                "bars": [{"label": bar.label, "count": bar.count} for bar in chart.bars],
            }
            for chart in found.get("charts", ())
        ],
    }


@router.post("/surveys/{slug}/answers", response={201: ReceiptOut}, operation_id="answer")
def answer(request: HttpRequest, slug: str, data: AnswerIn) -> tuple[int, dict[str, str]]:
    """Send an answer. 422 by question, 403 when closed, 409 for other content under one key."""
    activity = _activity(slug)
    if not 16 <= len(data.key) <= 64:
        raise Invalid({"key": ["16 to 64 characters"]})
    receipt = contributions.submit(
        actor=request.actor,  # type: ignore[attr-defined]
        activity=activity,
        payload=data.answers,
        language=data.language if data.language in {"fr", "en"} else "fr",
        channel=Channel.API,
        action=METHOD.main_action,
        key=IdempotencyKey.of(f"answer:{activity.pk}", data.key, data.answers),
    )
    return 201, {"code": receipt.code, "received_at": receipt.at.isoformat()}
