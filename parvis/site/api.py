"""The public API, /api/v1: nodes, the thread of anything, and what each domain adds."""

from datetime import datetime
from typing import Any
from uuid import UUID

from django.http import HttpRequest
from ninja import NinjaAPI, Query, Schema
from ninja.openapi.schema import OpenAPISchema

from parvis.catalogue.api import router as catalogue_router
from parvis.catalogue.asking.api import router as asking_router
from parvis.catalogue.discussing.api import router as discussing_router
from parvis.catalogue.harvest.api import router as harvest_router
from parvis.collaborate.api import router as collaborate_router
from parvis.core import kinds, limits, thread
from parvis.core.errors import NotFound
from parvis.core.models import Link, Node, State
from parvis.methods.proposals.api import router as proposals_router
from parvis.methods.survey.api import router as survey_router
from parvis.moderation.api import router as moderation_router
from parvis.plan.api import router as plan_router
from parvis.proactive.api import router as proactive_router
from parvis.site.cocreation_api import router as cocreation_router
from parvis.site.promises_api import router as promises_router
from parvis.site.search_api import router as search_router
from parvis.strategy.api import router as strategy_router
from parvis.understand.api import router as understand_router
from parvis.understand.queries import counted

_REFUSAL = {
    "description": "Refused: what is asked is not there, not allowed, or not as it must be.",
    "content": {
        "application/json": {
            "schema": {
                "type": "object",
                "required": ["detail"],
                "properties": {
                    "detail": {"description": "why, in words; by place for what cannot be read"},
                    "errors": {
                        "type": "object",
                        "additionalProperties": {"type": "array", "items": {"type": "string"}},
                    },
                },
            }
        }
    },
}


class Described(NinjaAPI):
    """The API, whose description says how every operation refuses."""

    def get_openapi_schema(self, **more: Any) -> OpenAPISchema:
        """Return the OpenAPI description, with the answer of a refusal (4XX) everywhere."""
        found = super().get_openapi_schema(**more)
        for path in found["paths"].values():
            for operation in path.values():
                operation["responses"].setdefault("4XX", _REFUSAL)
        return found


api = Described(
    title="Parvis",
    version="1",
    docs_url=None,
    openapi_url="/openapi.json",
    urls_namespace="api-1",
    description="Everything public, without a key. Times are ISO 8601 with their offset.",
)
api.add_router("", plan_router)
api.add_router("", strategy_router)
api.add_router("", collaborate_router)
api.add_router("", cocreation_router)
api.add_router("", understand_router)
api.add_router("", catalogue_router)
api.add_router("", harvest_router)
api.add_router("", asking_router)
api.add_router("", discussing_router)
api.add_router("", survey_router)
api.add_router("", proposals_router)
api.add_router("", moderation_router)
api.add_router("", promises_router)
api.add_router("", proactive_router)
api.add_router("", search_router)

LIMIT_MAX = 100


class NodeOut(Schema):
    """A public thing."""

    id: UUID
    kind: str
    kind_label: str
    title: dict[str, str]
    name: str
    url: str | None
    state: str
    published_at: datetime | None


class NodesOut(Schema):
    """A page of nodes; `next` is the value of `after` for the page that follows."""

    nodes: list[NodeOut]
    next: str | None


class LevelOut(Schema):
    """One level of the thread: how many, exactly, and the first of them."""

    kind: str
    relation: str
    backwards: bool
    count: int
    nodes: list[NodeOut]


class LinkOut(Schema):
    """An arrow of the thread between two nodes that are shown."""

    source: UUID
    relation: str
    target: UUID
    reason: dict[str, str]


class ThreadOut(Schema):
    """The thread of one node, both ways."""

    node: NodeOut
    levels: list[LevelOut]
    links: list[LinkOut]


@api.get("/nodes", response=NodesOut, operation_id="nodes")
def nodes(
    request: HttpRequest,
    kind: str | None = None,
    space: UUID | None = None,
    after: UUID | None = None,
    limit: int = Query(20, ge=1, le=LIMIT_MAX),
) -> dict[str, Any]:
    """Public nodes, by id; `kind` and `space` narrow them, `after` continues."""
    rows = Node.objects.filter(state=State.PUBLIC)
    if kind:
        rows = rows.filter(kind=kind)
    if space:
        rows = rows.filter(space_id=space)
    if after:
        rows = rows.filter(pk__gt=after)
    page = list(rows.order_by("pk")[: limit + 1])
    shown = page[:limit]
    return {
        "nodes": [kinds.card(node) for node in shown],
        "next": str(shown[-1].pk) if len(page) > limit else None,
    }


def _counts(walked: thread.Walk) -> list[int]:
    """Return how many there are at each level, as pages count them: nothing unpublished.

    A draft theme or dataset is not known of; a contribution set aside or hidden does not count.
    """
    public: dict[str, list[UUID]] = {walked.start.kind: [walked.start.pk]}
    found = []
    for level in walked.levels:
        if level.kind == "contribution":
            voices = Link.objects.filter(
                counted(), relation="expresses", target__in=public.get("theme", [])
            )
            found.append(voices.order_by().values("source").distinct().count())
            continue
        rows = Node.objects.filter(pk__in=level.ids, state=State.PUBLIC)
        shown = list(rows.values_list("pk", flat=True))
        public.setdefault(level.kind, []).extend(shown)
        found.append(len(shown))
    return found


def _ties(node: Node, walked: thread.Walk) -> list[dict[str, Any]]:
    """Return what a node is tied to directly and its walk does not meet: pillars, plans, …"""
    met = {(level.relation, level.backwards) for level in walked.levels}
    found: dict[tuple[str, bool, str], list[UUID]] = {}
    for near, far, backwards in (("source", "target", False), ("target", "source", True)):
        rows = Link.objects.filter(**{near: node, f"{far}__state": State.PUBLIC}).order_by("pk")
        for relation, kind, pk in rows.values_list("relation", f"{far}__kind", far):
            if (relation, backwards) not in met:
                found.setdefault((relation, backwards, kind), []).append(pk)
    first = {pk for ids in found.values() for pk in ids[: limits.WALK_NODES]}
    nodes = Node.objects.in_bulk(first)
    return [
        {
            "kind": kind,
            "relation": relation,
            "backwards": backwards,
            "count": len(ids),
            "nodes": [nodes[pk] for pk in ids[: limits.WALK_NODES]],
        }
        for (relation, backwards, kind), ids in found.items()
    ]


@api.get("/nodes/{uuid:node_id}/thread", response=ThreadOut, operation_id="node_thread")
def node_thread(request: HttpRequest, node_id: UUID) -> dict[str, Any]:
    """The thread of anything public. Private contributions are counted, never listed."""
    node = Node.objects.filter(pk=node_id, state=State.PUBLIC).first()
    if node is None:
        raise NotFound
    walked = thread.walk(node)
    shown = {node.pk: node}
    for level in walked.levels:
        shown.update({one.pk: one for one in level.nodes})
    ties = _ties(node, walked)
    for tie in ties:
        shown.update({one.pk: one for one in tie["nodes"]})
    links = Link.objects.filter(source__in=shown, target__in=shown).order_by("pk")[:500]
    return {
        "node": kinds.card(node),
        "levels": [
            {
                "kind": level.kind,
                "relation": level.relation,
                "backwards": level.backwards,
                "count": count,
                "nodes": [kinds.card(one) for one in level.nodes],
            }
            for level, count in zip(walked.levels, _counts(walked), strict=True)
            if count
        ]
        + [{**tie, "nodes": [kinds.card(one) for one in tie["nodes"]]} for tie in ties],
        "links": [
            {
                "source": link.source_id,
                "relation": link.relation,
                "target": link.target_id,
                "reason": link.reason,
            }
            for link in links
        ],
    }
