"""Themes for machines: what was said, how often, and whether it is answered in time."""

from datetime import date
from typing import Any
from uuid import UUID

from django.http import HttpRequest
from ninja import Query, Router, Schema

from parvis.core import kinds
from parvis.core.errors import NotFound
from parvis.core.models import Node, State
from parvis.understand import queries
from parvis.understand.models import Theme

router = Router(tags=["themes"])


class ResponseOut(Schema):
    """A published answer to a theme."""

    id: UUID
    title: dict[str, str]
    url: str | None


class ThemeOut(Schema):
    """A published theme; `count` is out of `of`, the contributions that were kept."""

    id: UUID
    slug: str
    title: dict[str, str]
    description: dict[str, str]
    url: str | None
    consultation: str
    count: int
    of: int
    response: ResponseOut | None
    response_due: date | None
    late: bool
    days_late: int


class ThemesOut(Schema):
    """A list of themes, and how many there are."""

    count: int
    results: list[ThemeOut]


def _out(theme: Theme, count: int, of: int, due: queries.Due) -> dict[str, Any]:
    response = due.response
    return {
        "id": theme.pk,
        "slug": theme.node.slug,
        "title": theme.node.title,
        "description": theme.description,
        "url": kinds.url(theme.node),
        "consultation": theme.space.slug,
        "count": count,
        "of": of,
        "response": response
        and {"id": response.pk, "title": response.title, "url": kinds.url(response)},
        "response_due": due.due,
        "late": due.is_late,
        "days_late": due.days_late,
    }


def _listed(themes: list[Theme]) -> dict[str, Any]:
    counts = queries.counts_of(theme.pk for theme in themes)
    dues = queries.dues(themes)
    totals: dict[UUID, int] = {}
    for theme in themes:
        space = theme.space
        if space.pk not in totals:
            totals[space.pk] = queries.contributions(space).count()
    rows = [
        _out(theme, counts.get(theme.pk, 0), totals[theme.space.pk], dues[theme.pk])
        for theme in themes
    ]
    return {"count": len(rows), "results": rows}


@router.get("/themes", response=ThemesOut, operation_id="themes")
def themes(
    request: HttpRequest,
    consultation: str | None = Query(None, description="Slug of a consultation"),
    late: bool | None = Query(None, description="Only the themes answered late, or only others"),
) -> dict[str, Any]:
    """List published themes with counts, the state of their answer, and whether it is late."""
    rows = Theme.objects.filter(
        node__state=State.PUBLIC, node__space__state=State.PUBLIC, merged_into=None
    ).select_related("node__space")
    if consultation is not None:
        space = Node.objects.filter(
            kind="consultation", slug=consultation, state=State.PUBLIC
        ).first()
        if space is None:
            raise NotFound
        rows = rows.filter(node__space=space)
    if late is not None:
        overdue = queries.late_themes().values("pk")
        rows = rows.filter(pk__in=overdue) if late else rows.exclude(pk__in=overdue)
    return _listed(list(rows.order_by("node__space", "position", "pk")))
