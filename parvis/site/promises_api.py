"""Promises kept over HTTP, for programs."""

from typing import Any

from django.http import HttpRequest
from ninja import Query, Router, Schema

from parvis.site import promise_files as files
from parvis.site import promise_words as words
from parvis.site.models import Promise

router = Router(tags=["promises"])
LIMIT_MAX = 100


class MonthOut(Schema):
    """A figure of a month; both numbers are null when there is nothing to measure.

    unit: `count` (numerator of denominator) or `days` (a median over denominator answers).
    """

    figure: str
    demo: bool
    month: str
    numerator: float | None
    denominator: int | None
    unit: str
    late: int
    computed_at: str


class PromisesOut(Schema):
    """The figures of now, and every month kept, the oldest first."""

    definitions: dict[str, str]
    current: list[MonthOut]
    months: list[MonthOut]


class PromiseRowOut(Schema):
    """One thing that a figure counts. state: late, missing, waiting (not due) or kept."""

    figure: str
    demo: bool
    state: str
    days_late: int | None
    days: int | None
    due: str | None
    done: str | None
    part: int | None
    whole: int | None
    node: dict[str, Any]


class PromiseRowsOut(Schema):
    """A page of rows, late ones first; `count` is of all pages."""

    count: int
    results: list[PromiseRowOut]


@router.get("/promises", response=PromisesOut, summary="Promises kept: figures and history")
def list_promises(request: HttpRequest) -> dict[str, Any]:
    """The five figures as the worker last counted them, the demonstration apart."""
    kept = words.kept()
    last = [series[-1] for series in words.months(kept).values()]
    return {
        "definitions": {name.value: words.definition(name) for name in Promise},
        "current": [files.month_card(row) for row in last],
        "months": [files.month_card(row) for row in kept],
    }


@router.get(
    "/promises/{name}", response=PromiseRowsOut, summary="What a figure of the promises counts"
)
def list_promise_rows(
    request: HttpRequest,
    name: Promise,
    demo: bool = False,
    late: bool = False,
    offset: int = Query(0, ge=0, le=1_000_000),
    limit: int = Query(20, ge=1, le=LIMIT_MAX),
) -> dict[str, Any]:
    """The rows of a figure, late ones first; `late=true` lists those alone."""
    rows = files.rows_of(name.value, demo=demo, late=late)
    return {
        "count": rows.count(),
        "results": [files.row_card(row) for row in rows[offset : offset + limit]],
    }
