"""The frame over HTTP, for programs: strategies, indicators, pillars. Read only: pages write."""

from datetime import date
from typing import Any

from django.http import HttpRequest
from ninja import Router, Schema

from parvis.core import kinds
from parvis.core.errors import NotFound
from parvis.core.models import Link, State
from parvis.strategy import files, queries
from parvis.strategy.models import Indicator, Strategy

router = Router(tags=["strategy"])
Text = dict[str, str]
Addresses = dict[str, str | None]


class MeasureOut(Schema):
    """A value on a day; the value is an exact decimal, as text."""

    on: date
    value: str
    source: str
    source_title: str
    note: Text


class IndicatorOut(Schema):
    """An indicator and its series. What is not known is null.

    state: reached, short (of its target), or unknown.
    """

    id: str
    slug: str
    title: Text
    url: Addresses
    strategy: str
    ambition: int | None
    unit: Text
    baseline_value: str | None
    baseline_on: date | None
    target: Text
    target_value: str | None
    target_on: date | None
    target_precision: str
    state: str
    note: Text
    sources: list[str]
    measures: list[MeasureOut]


class EvidenceOut(Schema):
    """A dataset that measures an indicator, or a document about it, and why."""

    relation: str
    reason: Text
    node: dict[str, Any]


class IndicatorDetail(IndicatorOut):
    """An indicator with the data that measure it."""

    evidence: list[EvidenceOut]


class BarometerOut(Schema):
    """Every indicator of a strategy: the same content as its barometer.json."""

    strategy: str
    title: Text
    url: Addresses
    targets_announced: int | None
    count: int
    indicators: list[IndicatorOut]


class StrategyOut(Schema):
    """A strategy. The totals are what was announced; null where that is not known either."""

    id: str
    slug: str
    title: Text
    url: Addresses
    organisation: dict[str, Any]
    summary: Text
    unveiled_on: date | None
    starts: date | None
    ends: date | None
    completeness: str
    orientations_announced: int | None
    ambitions_announced: int | None
    targets_announced: int | None
    sources: list[str]


class TieOut(Schema):
    """A commitment or a plan that contributes, and why."""

    node: dict[str, Any]
    reason: Text


class PartOut(Schema):
    """An orientation or an ambition. `title` is null for a number that was announced, not read."""

    number: int
    id: str | None
    slug: str | None
    title: Text | None
    orientation: int | None = None
    indicators: list[str] = []
    contributions: list[TieOut] = []


class StrategyDetail(StrategyOut):
    """A strategy with its parts and what contributes to each."""

    facts: list[Any]
    notes: list[Any]
    orientations: list[PartOut]
    ambitions: list[PartOut]
    indicators: list[IndicatorOut]


class StrategyList(Schema):
    """Strategies, the newest first."""

    count: int
    results: list[StrategyOut]


class PillarOut(Schema):
    """A pillar: what it means, and how many public things of each kind serve it."""

    id: str
    key: str
    slug: str
    title: Text
    url: Addresses
    definition: Text
    serving: dict[str, int]
    sources: list[str]


class PillarList(Schema):
    """The pillars, in order."""

    count: int
    results: list[PillarOut]


def _card(row: Strategy) -> dict[str, Any]:
    return {
        "id": str(row.pk),
        "slug": row.node.slug,
        "title": row.node.title,
        "url": kinds.urls(row.node),
        "organisation": {
            "slug": row.organisation.node.slug, "title": row.organisation.node.title,
        },
        "summary": row.summary,
        "unveiled_on": row.unveiled_on,
        "starts": row.starts,
        "ends": row.ends,
        "completeness": row.completeness,
        "orientations_announced": row.orientations_total,
        "ambitions_announced": row.ambitions_total,
        "targets_announced": row.targets_total,
        "sources": row.sources,
    }  # fmt: skip


def _public(slug: str) -> Strategy:
    try:
        row = queries.strategy_by_slug(slug)
    except Strategy.DoesNotExist:
        raise NotFound from None
    if row.node.state != State.PUBLIC:
        raise NotFound
    return row


@router.get("/strategies", response=StrategyList, summary="List the strategies")
def list_strategies(request: HttpRequest) -> dict[str, Any]:
    """Every public strategy, the newest first."""
    results = [_card(row) for row in queries.public_strategies()]
    return {"count": len(results), "results": results}


@router.get("/strategies/{slug}", response=StrategyDetail, summary="One strategy with its parts")
def get_strategy(request: HttpRequest, slug: str) -> dict[str, Any]:
    """A public strategy, its orientations, ambitions, indicators, and what contributes to them."""
    row = _public(slug)
    tree = queries.outline(row)
    links = queries.contributions_to(tree.places)
    inner = [(one, part.number) for part in tree.orientations for one in part.ambitions]
    placed = [*inner, *((one, None) for one in tree.ambitions)]
    readings = [*(one for part, _n in placed for one in part.readings), *tree.readings]
    return {
        **_card(row),
        "facts": row.facts,
        "notes": row.notes,
        "orientations": [_part(part.number, part.orientation, links) for part in tree.orientations],
        "ambitions": [
            {
                **_part(part.number, part.ambition, links),
                "orientation": orientation,
                "indicators": [one.node.slug for one in part.readings],
            }
            for part, orientation in sorted(placed, key=lambda pair: pair[0].number)
        ],
        "indicators": [files.indicator_card(one) for one in readings],
    }


def _part(number: int, row: Any, links: dict[Any, list[Link]]) -> dict[str, Any]:
    return {
        "number": number,
        "id": str(row.pk) if row else None,
        "slug": row.node.slug if row else None,
        "title": row.node.title if row else None,
        "contributions": [
            {"node": kinds.card(link.source), "reason": link.reason}
            for link in (links.get(row.pk, []) if row else [])
        ],
    }


@router.get(
    "/strategies/{slug}/barometer", response=BarometerOut, summary="The barometer of a strategy"
)
def get_barometer(request: HttpRequest, slug: str) -> dict[str, Any]:
    """Every public indicator of a strategy with its series."""
    return files.barometer(_public(slug))


@router.get("/indicators/{slug}", response=IndicatorDetail, summary="One indicator")
def get_indicator(request: HttpRequest, slug: str) -> dict[str, Any]:
    """A public indicator, its series, and the data that measure it."""
    public = {"node__state": State.PUBLIC, "strategy__node__state": State.PUBLIC}
    found = queries.readings(Indicator.objects.filter(node__slug=slug, **public))
    if not found:
        raise NotFound
    links = queries.evidence(found[0].indicator)
    return {
        **files.indicator_card(found[0]),
        "evidence": [
            {"relation": link.relation, "reason": link.reason, "node": kinds.card(link.target)}
            for link in links
        ],
    }


@router.get("/pillars", response=PillarList, summary="The four pillars")
def list_pillars(request: HttpRequest) -> dict[str, Any]:
    """The pillars with how many public things serve each."""
    rows = queries.pillars()
    counts = queries.served_counts(row.node for row in rows)
    results = [
        {
            "id": str(row.pk),
            "key": row.key,
            "slug": row.node.slug,
            "title": row.node.title,
            "url": kinds.urls(row.node),
            "definition": row.definition,
            "serving": {kind: counts[row.pk].get(kind, 0) for kind in queries.SERVING},
            "sources": row.sources,
        }
        for row in rows
    ]
    return {"count": len(results), "results": results}
