"""Harvest sources in /api/v1: whose they are, where, when they were read last. Read only."""

import datetime
from typing import Any

from django.http import HttpRequest
from ninja import Query, Router, Schema

from parvis.catalogue.harvest import queries
from parvis.catalogue.harvest.models import HarvestRun, HarvestSource

router = Router(tags=["catalogue"])


class LastRun(Schema):
    """The last run of a source that ended."""

    state: str
    ended: datetime.datetime
    added: int
    changed: int
    unchanged: int
    archived: int
    failed: int


class SourceOut(Schema):
    """A catalogue that this one reads."""

    id: int
    name: str
    kind: str
    url: str
    organisation: str
    schedule: str
    last_run: LastRun | None


class SourcesOut(Schema):
    """Some sources, and how many there are in all."""

    count: int
    results: list[SourceOut]


@router.get("/harvest/sources", response=SourcesOut)
def harvest_sources(
    request: HttpRequest,
    limit: int = Query(20, ge=1, le=100),
    offset: int = Query(0, ge=0, le=1_000_000),
) -> dict[str, Any]:
    """List the active sources, by name."""
    rows = (
        HarvestSource.objects.filter(active=True)
        .select_related("organisation__node")
        .order_by("name", "pk")
    )
    page = list(rows[offset : offset + limit])
    runs = queries.last_runs(page, ended=True)
    return {
        "count": rows.count(),
        "results": [
            {
                "id": row.pk,
                "name": row.name,
                "kind": row.kind,
                "url": row.url,
                "organisation": row.organisation.node.slug,
                "schedule": row.schedule,
                "last_run": _last(runs.get(row.pk)),
            }
            for row in page
        ],
    }


def _last(run: HarvestRun | None) -> dict[str, Any] | None:
    if run is None:
        return None
    names = ("state", "added", "changed", "unchanged", "archived", "failed")
    return {**{name: getattr(run, name) for name in names}, "ended": run.ended_at}
