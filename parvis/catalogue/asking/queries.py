"""Reading requests for data: lists, lateness by the clock, what waits for an answer."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from django.db.models import Count, F, Q, QuerySet
from django.utils import timezone

from parvis.catalogue.asking.models import DataRequest, Stage
from parvis.core import access
from parvis.core.access import Actor
from parvis.core.models import Node, Organisation, State
from parvis.core.thread import linked

UNANSWERED = (Stage.RECEIVED, Stage.STUDIED)


def days_late(row: DataRequest, today: date | None = None) -> int:
    """Return how many days late the answer, or the data that was promised, is; 0 when it is not.

    The last day is still in time. What has its last answer is late no more.
    """
    today = today or timezone.localdate()
    if row.stage in UNANSWERED:
        return max(0, (today - row.due).days)
    if row.stage == Stage.PLANNED and row.planned_on:
        return max(0, (today - row.planned_on).days)
    return 0


def _late(today: date) -> Q:
    return Q(stage__in=UNANSWERED, due__lt=today) | Q(stage=Stage.PLANNED, planned_on__lt=today)


@dataclass(frozen=True)
class Asked:
    """What a list is narrowed to; empty or unknown words narrow nothing."""

    stage: str = ""
    organisation: str = ""
    late: bool = False

    @classmethod
    def of(cls, values: Mapping[str, Any]) -> "Asked":
        """Return what an address asks."""
        stage = str(values.get("stage", ""))
        return cls(
            stage if stage in Stage.values else "",
            str(values.get("organisation", ""))[:100],
            str(values.get("late", "")) == "1",
        )


def public(asked: Asked | None = None, *, today: date | None = None) -> QuerySet[DataRequest]:
    """Return the public requests, newest first, with `wanted_by`: how many people support each."""
    asked = asked or Asked()
    rows = DataRequest.objects.filter(node__state=State.PUBLIC)
    if asked.stage:
        rows = rows.filter(stage=asked.stage)
    if asked.organisation:
        rows = rows.filter(organisation__node__slug=asked.organisation)
    if asked.late:
        rows = rows.filter(_late(today or timezone.localdate()))
    return (
        rows.select_related("node", "organisation__node")
        .annotate(wanted_by=Count("supports"))
        .order_by("-node__published_at", "-pk")
    )


@dataclass(frozen=True)
class Row:
    """A request as a list shows it."""

    request: DataRequest
    days_late: int
    became: Sequence[Node]


def listed(rows: Sequence[DataRequest], today: date | None = None) -> list[Row]:
    """Return requests with their lateness and the public things that they became: one query."""
    today = today or timezone.localdate()
    found = became([row.pk for row in rows])
    return [Row(row, days_late(row, today), found.get(row.pk, ())) for row in rows]


def became(ids: Sequence[UUID]) -> dict[UUID, list[Node]]:
    """Return request id -> the public commitments and datasets that it became, in one query."""
    return {
        pk: [link.target for link in links if link.target.state == State.PUBLIC]
        for pk, links in linked(ids, "becomes").items()
    }


def organisations() -> list[Organisation]:
    """Return the organisations that public requests are put to, by their address."""
    ids = DataRequest.objects.filter(node__state=State.PUBLIC).values("organisation")
    return list(
        Organisation.objects.filter(pk__in=ids).select_related("node").order_by("node__slug")
    )


def counts(today: date | None = None) -> dict[str, Any]:
    """Return how many public requests there are in each stage, and how many are late."""
    rows = DataRequest.objects.filter(node__state=State.PUBLIC)
    by_stage = dict(rows.order_by().values_list("stage").annotate(n=Count("pk")))
    late = rows.filter(_late(today or timezone.localdate())).count()
    return {"by_stage": by_stage, "late": late, "total": sum(by_stage.values())}


def waiting() -> QuerySet[DataRequest]:
    """Return the requests that a moderator has to read, oldest first."""
    return (
        DataRequest.objects.filter(review=DataRequest.Review.WAITING, node__state=State.PRIVATE)
        .select_related("node", "organisation__node")
        .order_by("pk")
    )


def to_answer(actor: Actor, limit: int = 500) -> list[DataRequest]:
    """Return the public requests that this person has to answer or to keep, the earliest first."""
    rows = (
        DataRequest.objects.filter(node__state=State.PUBLIC, stage__in=[*UNANSWERED, Stage.PLANNED])
        .select_related("node", "organisation__node")
        .annotate(wanted_by=Count("supports"))
        .order_by(F("planned_on").asc(nulls_first=True), "due", "pk")
    )
    mine = [row for row in rows[:limit] if access.can(actor, "manage_catalogue", row)]
    return sorted(mine, key=lambda row: (row.planned_on or row.due, row.pk))
