"""Promises kept: five figures of the whole site, counted by the worker, never in a request.

The clock is the site's own: an answer counts from the day it was published here, whatever day it
bears; only what is rebuilt for the demonstration counts by the days of its sources, apart.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from statistics import median
from typing import Any
from uuid import UUID

from django.db.models import Count, Max, Q
from django.utils import timezone

from parvis.consult.models import Consultation
from parvis.core.models import Link, Node, State
from parvis.plan import queries as plan
from parvis.plan.models import Response
from parvis.plan.values import Verdict
from parvis.site.models import Promise, PromiseRow
from parvis.understand.models import Coded, Theme
from parvis.understand.queries import counted

NEWS_MONTHS = 6
_RETAINED = (Verdict.RETAINED, Verdict.IN_PART)
_STATES = PromiseRow.State
_ORDER = (_STATES.LATE, _STATES.MISSING, _STATES.WAITING, _STATES.KEPT)


@dataclass(frozen=True)
class Row:
    """One thing that a figure counts, and whether its promise is kept."""

    node_id: UUID
    state: str
    days: int | None = None
    due: date | None = None
    done: date | None = None
    part: int = 0
    whole: int = 0


@dataclass(frozen=True)
class Figure:
    """`numerator` of `denominator`; for `delay`, a median in days over `denominator` answers."""

    name: str
    demo: bool
    numerator: Decimal
    denominator: int
    rows: Sequence[Row] = field(default=())

    @property
    def late(self) -> int:
        """How many rows are late."""
        return sum(row.state == _STATES.LATE for row in self.rows)


@dataclass(frozen=True)
class Facts:
    """What the figures are counted from, read once."""

    today: date
    consultations: dict[UUID, Consultation]
    closed: dict[UUID, date]
    """Consultation -> its last day, for those that are over."""
    themes: Sequence[Theme]
    answers: dict[UUID, Response]
    """Theme -> its first published response."""
    led: frozenset[UUID]
    """Responses that lead to a public commitment."""

    def demo(self, consultation: UUID | None) -> bool:
        """Whether a consultation is rebuilt for the demonstration."""
        found = self.consultations.get(consultation) if consultation else None
        return bool(found and found.reconstructed)


def _facts(now: datetime) -> Facts:
    rows = (
        Consultation.objects.filter(node__state=State.PUBLIC)
        .select_related("node")
        .annotate(closes=Max("phases__ends", filter=Q(phases__actions__isnull=False)))
    )
    consultations: dict[UUID, Any] = {row.pk: row for row in rows}
    closed = {
        pk: timezone.localtime(row.closes).date()
        for pk, row in consultations.items()
        if row.closes is not None and row.closes <= now
    }
    themes = list(
        Theme.objects.filter(
            node__state=State.PUBLIC, merged_into=None, node__space__in=consultations
        ).select_related("node")
    )
    pairs = Link.objects.filter(
        relation="answered_by", source__in=[theme.pk for theme in themes],
        target__state=State.PUBLIC,
    ).order_by("-pk").values_list("source_id", "target_id")  # fmt: skip
    first = dict(pairs)
    responses = Response.objects.select_related("node").in_bulk(set(first.values()))
    answers = {theme: responses[pk] for theme, pk in first.items() if pk in responses}
    led = Link.objects.filter(
        relation="leads_to", source__in=list(responses), target__state=State.PUBLIC
    ).values_list("source_id", flat=True)
    return Facts(timezone.localdate(now), consultations, closed, themes, answers, frozenset(led))


def _answered_on(facts: Facts, theme: Theme) -> date | None:
    """The day an answer was published: recorded here, but for the demonstration."""
    answer = facts.answers.get(theme.pk)
    if answer is None:
        return None
    recorded = timezone.localdate(answer.node.published_at) if answer.node.published_at else None
    if facts.demo(theme.node.space_id):
        return answer.published_on or recorded
    return recorded or answer.published_on


def _shared(name: str, rows: Iterable[tuple[bool, Row]]) -> list[Figure]:
    """Return the two figures of a promise, the demonstration apart: kept, of all that is due."""
    found = []
    pairs = list(rows)
    for demo in (False, True):
        near = [row for apart, row in pairs if apart == demo]
        counted_rows = [row for row in near if row.state != _STATES.WAITING]
        kept = sum(row.state == _STATES.KEPT for row in counted_rows)
        found.append(Figure(name, demo, Decimal(kept), len(counted_rows), _ranked(near)))
    return found


def _ranked(rows: Iterable[Row]) -> list[Row]:
    places = {state: n for n, state in enumerate(_ORDER)}
    return sorted(rows, key=lambda row: (places[_STATES(row.state)], -(row.days or 0), row.node_id))


# 1 ------------------------------------------------------------------------------------------------


def contributions(facts: Facts) -> list[Figure]:
    """Contributions of closed consultations that are told what became of them.

    Told: tied to a theme that has a published response, or set aside with its reason. What was
    answered by ticking alone is counted in the charts and left out of both numbers.
    """
    inside = list(facts.closed)
    fates = (
        Node.objects.filter(
            kind="contribution", space__space__in=inside,
            state__in=(State.PUBLIC, State.PRIVATE),
        )
        .order_by()
        .values_list("space__space", "contribution__fate")
        .annotate(n=Count("pk"), said=Count("pk", filter=~Q(contribution__fate_reason="")))
    )  # fmt: skip
    kept, aside, reasons = {}, {}, {}
    for space, fate, n, said in fates:
        if fate == "kept":
            kept[space] = n
        else:
            aside[space], reasons[space] = n, said
    silent = dict(
        Coded.objects.filter(
            counted("contribution"), outcome=Coded.Outcome.NO_TEXT,
            contribution__space__space__in=inside,
        )
        .order_by()
        .values_list("contribution__space__space")
        .annotate(n=Count("pk"))
    )  # fmt: skip
    told = dict(
        Link.objects.filter(
            counted(), relation="expresses", target__in=list(facts.answers),
            target__space__in=inside,
        )
        .order_by()
        .values_list("target__space")
        .annotate(n=Count("source_id", distinct=True))
    )  # fmt: skip
    figures = []
    for demo in (False, True):
        rows = []
        for pk in inside:
            whole = kept.get(pk, 0) + aside.get(pk, 0) - silent.get(pk, 0)
            if facts.demo(pk) != demo or whole <= 0:
                continue
            part = min(whole, told.get(pk, 0) + reasons.get(pk, 0))
            due = facts.consultations[pk].response_due
            late = (facts.today - due).days if due and due < facts.today else 0
            state = _STATES.KEPT if part == whole else (_STATES.LATE if late else _STATES.WAITING)
            days = late if state == _STATES.LATE else None
            rows.append(Row(pk, state, days, due, None, part, whole))
        total, part = sum(row.whole for row in rows), sum(row.part for row in rows)
        figures.append(Figure(Promise.CONTRIBUTIONS, demo, Decimal(part), total, _ranked(rows)))
    return figures


# 2 ------------------------------------------------------------------------------------------------


def responses(facts: Facts) -> list[Figure]:
    """Themes answered by the promised day, of those that are answered or whose day has passed.

    A consultation that published no theme by the day its answers were due counts once, as late.
    """
    rows: list[tuple[bool, Row]] = []
    spoken = {theme.node.space_id for theme in facts.themes}
    for theme in facts.themes:
        space = theme.node.space_id
        consultation = facts.consultations[space] if space else None
        due = theme.response_due or (consultation.response_due if consultation else None)
        if due is None:
            continue
        done = _answered_on(facts, theme)
        days = ((done or facts.today) - due).days
        if days > 0:
            row = Row(theme.pk, _STATES.LATE, days, due, done)
        else:
            row = Row(theme.pk, _STATES.KEPT if done else _STATES.WAITING, None, due, done)
        rows.append((facts.demo(space), row))
    for pk in facts.closed:
        due = facts.consultations[pk].response_due
        if pk not in spoken and due and due < facts.today:
            row = Row(pk, _STATES.LATE, (facts.today - due).days, due)
            rows.append((facts.demo(pk), row))
    return _shared(Promise.RESPONSES, rows)


# 3 ------------------------------------------------------------------------------------------------


def commitments(facts: Facts) -> list[Figure]:
    """Themes retained, or retained in part, whose answer leads to a public commitment."""
    rows = []
    for theme in facts.themes:
        answer = facts.answers.get(theme.pk)
        if answer is None or answer.verdict not in _RETAINED:
            continue
        done = _answered_on(facts, theme)
        leads = answer.pk in facts.led
        state = _STATES.KEPT if leads else _STATES.MISSING
        days = None if leads or done is None else max(0, (facts.today - done).days)
        rows.append((facts.demo(theme.node.space_id), Row(theme.pk, state, days, None, done)))
    return _shared(Promise.COMMITMENTS, rows)


# 4 ------------------------------------------------------------------------------------------------


def months_before(day: date, months: int) -> date:
    """Return the same day so many months earlier, or the last day of that month."""
    count = day.year * 12 + day.month - 1 - months
    year, month = divmod(count, 12)
    for last in (day.day, 30, 29, 28):
        try:
            return date(year, month + 1, min(day.day, last))
        except ValueError:
            continue
    raise ValueError(day)


def news(facts: Facts) -> list[Figure]:
    """Commitments of open plans, not complete, that had news in the last six months.

    One that began less than six months ago and has no news yet is not due. Closed plans are left
    out: nothing more is reported on them.
    """
    limit = months_before(facts.today, NEWS_MONTHS)
    rows = []
    open_ones = plan.public_commitments().filter(plan__closed=False)
    for item in plan.standings(open_ones, today=facts.today):
        if item.update is not None and item.update.is_done:
            continue
        last = _news_on(item.update, facts.today)
        started = timezone.localdate(item.node.published_at) if item.node.published_at else None
        since = min(day for day in (item.commitment.starts, started, facts.today) if day)
        if last is not None and last >= limit:
            row = Row(item.node.pk, _STATES.KEPT, None, None, last)
        elif last is None and since >= limit:
            row = Row(item.node.pk, _STATES.WAITING)
        else:
            row = Row(item.node.pk, _STATES.LATE, (limit - (last or since)).days, None, last)
        rows.append((False, row))
    return _shared(Promise.NEWS, rows)


def _news_on(update: object, today: date) -> date | None:
    """The day of a report: as it says, never later than today."""
    if update is None:
        return None
    said = getattr(update, "reported_on", None)
    node: Node = update.node  # type: ignore[attr-defined]
    recorded = timezone.localdate(node.published_at or node.created_at)
    return min(said or recorded, today)


# 5 ------------------------------------------------------------------------------------------------


def delay(facts: Facts) -> list[Figure]:
    """The median of days between the closing and the answer, over answered themes.

    It runs from the publication of the theme where people were still answering then.
    """
    pairs = []
    for theme in facts.themes:
        done = _answered_on(facts, theme)
        close = facts.closed.get(theme.node.space_id) if theme.node.space_id else None
        said = timezone.localdate(theme.node.published_at) if theme.node.published_at else None
        starts = [day for day in (close, said) if day]
        if done is None or not starts:
            continue
        start = min(starts)
        days = max(0, (done - start).days)
        row = Row(theme.pk, _STATES.KEPT, days, start, done)
        pairs.append((facts.demo(theme.node.space_id), row))
    figures = []
    for demo in (False, True):
        rows = [row for apart, row in pairs if apart == demo]
        middle = Decimal(str(median(row.days or 0 for row in rows))) if rows else Decimal(0)
        figures.append(Figure(Promise.DELAY, demo, middle, len(rows), _ranked(rows)))
    return figures


FIGURES: tuple[Callable[[Facts], list[Figure]], ...] = (
    contributions, responses, commitments, news, delay,
)  # fmt: skip


def figures(now: datetime | None = None) -> list[Figure]:
    """Count every figure, those of the demonstration apart; nothing is written."""
    facts = _facts(now or timezone.now())
    return [figure for count in FIGURES for figure in count(facts)]
