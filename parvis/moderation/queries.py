"""Reading moderation: what waits, what was decided, and the monthly figures."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from statistics import median
from typing import Any
from uuid import UUID

from django.db.models import Count, Min, Q, QuerySet
from django.utils import timezone

from parvis.core.access import MATRIX, Actor
from parvis.core.models import Node
from parvis.moderation.models import Appeal, Decision, Report
from parvis.moderation.rules import BY_NUMBER, Rule

APPEAL_DAYS = 7
MONTHS_SHOWN = 12


def due_at(at: datetime) -> datetime:
    """Return when a report must be examined: one working day later (weekends do not count).

    A report made on a Saturday or a Sunday waits from Monday, midnight.
    """
    local = timezone.localtime(at)
    while local.weekday() >= 5:
        local = (local + timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)
    local += timedelta(days=1)
    while local.weekday() >= 5:
        local += timedelta(days=1)
    return local


def appeal_due_at(at: datetime) -> datetime:
    """Return when an appeal must be answered."""
    return at + timedelta(days=APPEAL_DAYS)


def _within(actor: Actor) -> Q:
    """What this moderator has a role on, as a filter on the node."""
    roles = frozenset().union(*(rule.roles for rule in MATRIX["moderate"]))
    if actor.roles & roles:
        return Q()
    places = [scope for role, scope in actor.scopes if role in roles]
    return (
        Q(node__in=places)
        | Q(node__space__in=places)
        | Q(node__space__space__in=places)
        | Q(node__space__space__consultation__organisation__in=places)
    )


@dataclass(frozen=True)
class Waiting:
    """One reported thing in the queue: its reports, oldest first, and when it is due."""

    node: Node
    reports: Sequence[Report]
    proposed: Decision | None
    now: datetime

    @property
    def since(self) -> datetime:
        """When it was first reported."""
        return self.reports[0].at

    @property
    def due(self) -> datetime:
        """When it must be examined."""
        return due_at(self.since)

    @property
    def is_late(self) -> bool:
        """Whether the day has passed."""
        return self.now > self.due

    @property
    def reasons(self) -> list[tuple[Any, int]]:
        """(words of the reason, how many reports give it), most given first."""
        counts = Counter(report.get_reason_display() for report in self.reports)
        return counts.most_common()


def waiting_nodes(actor: Actor) -> QuerySet[Any]:
    """The ids of the nodes with an open report where `actor` moderates, oldest report first."""
    return (
        Report.objects.filter(_within(actor), state=Report.State.OPEN)
        .values("node_id")
        .annotate(first=Min("at"), n=Count("pk"))
        .order_by("first", "node_id")
    )


def waiting(rows: Iterable[Mapping[str, Any]], now: datetime | None = None) -> list[Waiting]:
    """Return the queue's entries for some rows of `waiting_nodes`, in three queries."""
    ids = [row["node_id"] for row in rows]
    nodes = Node.objects.select_related("space__space").in_bulk(ids)
    reports: dict[UUID, list[Report]] = {pk: [] for pk in ids}
    for report in Report.objects.filter(node__in=ids, state=Report.State.OPEN).order_by("at", "pk"):
        reports[report.node_id].append(report)
    proposed = {
        row.node_id: row
        for row in Decision.objects.filter(node__in=ids, state=Decision.State.PROPOSED)
    }
    now = now or timezone.now()
    return [Waiting(nodes[pk], reports[pk], proposed.get(pk), now) for pk in ids if reports[pk]]


def proposed(actor: Actor) -> QuerySet[Decision]:
    """Decisions that wait for a second person, oldest first."""
    return (
        Decision.objects.filter(_within(actor), state=Decision.State.PROPOSED)
        .select_related("node")
        .order_by("at", "pk")
    )


def open_appeals(actor: Actor) -> QuerySet[Appeal]:
    """Appeals that wait, oldest first."""
    nodes = Decision.objects.filter(_within(actor), appeal__state=Appeal.State.OPEN)
    return (
        Appeal.objects.filter(decision__in=nodes)
        .select_related("decision__node")
        .order_by("at", "pk")
    )


def desk_counts(actor: Actor) -> dict[str, int]:
    """Return how many things wait for this moderator: reported, late, second, appeals."""
    now = timezone.now()
    firsts = [row["first"] for row in waiting_nodes(actor)]
    return {
        "reported": len(firsts),
        "late": sum(now > due_at(first) for first in firsts),
        "second": proposed(actor).count(),
        "appeals": open_appeals(actor).count(),
    }


def decisions_on(ids: Iterable[UUID]) -> dict[UUID, Decision]:
    """Return node id -> the decision that hides it now, in one query, for pages that list."""
    wanted = list(ids)
    if not wanted:
        return {}
    rows = Decision.objects.filter(
        node__in=wanted, action=Decision.Action.HIDE, state=Decision.State.IN_FORCE
    ).order_by("at", "pk")
    return {row.node_id: row for row in rows}


def register() -> QuerySet[Decision]:
    """The public register: what was withdrawn or put back, newest first; never a text."""
    return Decision.objects.filter(
        effective_at__isnull=False,
        state__in=[Decision.State.IN_FORCE, Decision.State.REVERSED],
        action__in=[Decision.Action.HIDE, Decision.Action.RESTORE],
    ).order_by("-effective_at", "-pk")


@dataclass(frozen=True)
class Figures:
    """A month of moderation. Delays in hours, from the report to the decision."""

    month: date
    received: int = 0
    by_reason: dict[str, int] = field(default_factory=dict)
    upheld: int = 0
    dismissed: int = 0
    hidden: int = 0
    hidden_by_rule: dict[int, int] = field(default_factory=dict)
    restored: int = 0
    appeals: int = 0
    reversed: int = 0
    automatic: int = 0
    delay_hours: float | None = None

    @property
    def hidden_rules(self) -> list[tuple[Rule, int]]:
        """(rule, how many were withdrawn under it), by number."""
        return [(BY_NUMBER[number], n) for number, n in sorted(self.hidden_by_rule.items())]


def _months(today: date, count: int) -> list[date]:
    first = today.replace(day=1)
    out = []
    for _n in range(count):
        out.append(first)
        first = (first - timedelta(days=1)).replace(day=1)
    return out


def figures(today: date | None = None, months: int = MONTHS_SHOWN) -> list[Figures]:
    """Return the figures of the last months, newest first: four queries whatever their number."""
    wanted = _months(today or timezone.localdate(), months)
    start = timezone.make_aware(datetime.combine(wanted[-1], datetime.min.time()))
    blank: dict[date, dict[str, Any]] = {
        month: {"by_reason": Counter(), "hidden_by_rule": Counter(), "n": Counter(), "delays": []}
        for month in wanted
    }

    def at(moment: datetime | None) -> dict[str, Any] | None:
        if moment is None:
            return None
        return blank.get(timezone.localtime(moment).date().replace(day=1))

    reports = Report.objects.filter(Q(at__gte=start) | Q(closed_at__gte=start)).values_list(
        "at", "closed_at", "state", "reason"
    )
    for made, closed, state, reason in reports:
        if month := at(made):
            month["n"]["received"] += 1
            month["by_reason"][reason] += 1
        if month := at(closed):
            month["n"][state] += 1
            month["delays"].append((closed - made).total_seconds() / 3600)  # type: ignore[operator]
    for rule, action, automatic, moment in (
        register()
        .filter(effective_at__gte=start)
        .values_list("rule", "action", "automatic", "effective_at")
    ):
        if month := at(moment):
            name = "hidden" if action == Decision.Action.HIDE else "restored"
            month["n"][name] += 1
            month["n"]["automatic"] += automatic
            if name == "hidden" and rule:
                month["hidden_by_rule"][rule] += 1
    appeals = Appeal.objects.filter(Q(at__gte=start) | Q(answered_at__gte=start))
    for made, answered, state in appeals.values_list("at", "answered_at", "state"):
        if month := at(made):
            month["n"]["appeals"] += 1
        if state == Appeal.State.REVERSED and (month := at(answered)):
            month["n"]["reversed"] += 1
    return [
        Figures(
            month=month,
            by_reason=dict(parts["by_reason"]),
            hidden_by_rule=dict(parts["hidden_by_rule"]),
            delay_hours=round(median(parts["delays"]), 1) if parts["delays"] else None,
            **{
                name: parts["n"][name]
                for name in (
                    "received",
                    "upheld",
                    "dismissed",
                    "hidden",
                    "restored",
                    "appeals",
                    "reversed",
                    "automatic",
                )
            },
        )
        for month, parts in blank.items()
    ]


def waiting_now() -> dict[str, int]:
    """Return how many reported things wait now, and how many past their day: public."""
    firsts = list(
        Report.objects.filter(state=Report.State.OPEN)
        .values("node_id")
        .annotate(first=Min("at"))
        .values_list("first", flat=True)
    )
    now = timezone.now()
    return {"open": len(firsts), "late": sum(now > due_at(first) for first in firsts)}
