"""Contributions received each day: counted by the worker, drawn on the results page.

No bar stands for one to nine contributions: days are then shown by week, weeks merged until each
has ten (the publication threshold, `analysis.privacy`).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db import connection, transaction
from django.db.models import Count, Sum
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from parvis.analysis import privacy
from parvis.consult.models import Consultation, Contribution
from parvis.core import cache
from parvis.core.ids import stored
from parvis.core.models import State
from parvis.core.templatetags.parvis import day as day_words
from parvis.core.templatetags.parvis import number
from parvis.site.models import ReceivedDay

DAYS_MAX = 92
WEEKS_MAX = 60
# Ten minutes at a time: every time zone's midnight falls between two of these.
_SLOTS = {
    "sqlite": "substr(n.created_at, 1, 15)",
    "postgresql": "left(to_char(n.created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI'), 15)",
}
_COUNT = """
SELECT {slot}, COUNT(*) FROM core_node n
WHERE n.kind = 'contribution'
  AND n.space_id IN (SELECT node_id FROM consult_activity WHERE consultation_id = %s)
GROUP BY 1
"""

# Kept by the worker -------------------------------------------------------------------------------


def count(consultation: Consultation) -> dict[date, int]:
    """Return day -> contributions received, whatever became of them: one query over an index."""
    zone = ZoneInfo(consultation.time_zone)
    with connection.cursor() as cursor:
        cursor.execute(_COUNT.format(slot=_SLOTS[connection.vendor]), [stored(consultation.pk)])
        table = cursor.fetchall()
    found: dict[date, int] = {}
    for slot, n in table:
        moment = datetime.fromisoformat(f"{slot}0").replace(tzinfo=UTC)
        on = moment.astimezone(zone).date()
        found[on] = found.get(on, 0) + n
    return found


@transaction.atomic
def keep(consultation: Consultation, now: datetime | None = None) -> None:
    """Write the days of a consultation in place of those kept."""
    rows = count(consultation)
    ReceivedDay.objects.filter(consultation=consultation.pk).delete()
    now = now or timezone.now()
    ReceivedDay.objects.bulk_create(
        [
            ReceivedDay(consultation_id=consultation.pk, day=on, received=n, counted_at=now)
            for on, n in sorted(rows.items())
        ],
        batch_size=500,
    )
    transaction.on_commit(cache.bump)


def refresh() -> int:
    """Count again the public consultations that received something since; return how many."""
    received = _by_consultation()
    kept = dict(
        ReceivedDay.objects.order_by().values_list("consultation").annotate(n=Sum("received"))
    )
    changed = [pk for pk, n in received.items() if kept.get(pk, 0) != n]
    for consultation in Consultation.objects.filter(pk__in=changed):
        keep(consultation)
    return len(changed)


def _by_consultation() -> dict[UUID, int]:
    rows = (
        Contribution.objects.filter(activity__consultation__node__state=State.PUBLIC)
        .order_by()
        .values_list("activity__consultation")
        .annotate(n=Count("pk"))
    )
    return dict(rows)


# Drawn --------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Bar:
    """Contributions from `first` to `last`, both included, and where its bar is."""

    first: date
    last: date
    received: int
    x: float = 0
    y: float = 0
    width: float = 0
    height: float = 0

    @property
    def words(self) -> str:
        """Its days, in words."""
        if self.first == self.last:
            return day_words(self.first)
        return _("from %(first)s to %(last)s") % {
            "first": day_words(self.first), "last": day_words(self.last),
        }  # fmt: skip


@dataclass(frozen=True)
class Chart:
    """Bars from the first day to the last, the axis, and the same in words."""

    bars: Sequence[Bar]
    ticks: Sequence[tuple[float, int]]
    daily: bool
    total: int
    counted_at: datetime | None = None

    @property
    def ends(self) -> tuple[str, str]:
        """The first and the last day, in words."""
        return day_words(self.bars[0].first), day_words(self.bars[-1].last)

    @property
    def title(self) -> str:
        """What the picture shows first."""
        top = max(self.bars, key=lambda bar: bar.received)
        shown = {"date": top.words, "n": number(top.received)}
        if self.daily:
            words = ngettext(
                "The busiest day was %(date)s: %(n)s contribution",
                "The busiest day was %(date)s: %(n)s contributions",
                top.received,
            )
        else:
            words = ngettext(
                "The busiest period went %(date)s: %(n)s contribution",
                "The busiest period went %(date)s: %(n)s contributions",
                top.received,
            )
        return words % shown

    @property
    def alternative(self) -> str:
        """The picture in words."""
        low = min(self.bars, key=lambda bar: bar.received)
        return _("%(title)s. The quietest: %(date)s, %(n)s. Total: %(total)s.") % {
            "title": self.title, "date": low.words, "n": number(low.received),
            "total": number(self.total),
        }  # fmt: skip


def grouped(days: dict[date, int], threshold: int = privacy.THRESHOLD) -> list[Bar]:
    """Return the bars of some days: each day, or weeks, or weeks merged; never one to nine.

    Empty where fewer than `threshold` were received in all.
    """
    total = sum(days.values())
    if total < threshold:
        return []
    first, last = min(days), max(days)
    every = [first + timedelta(days=n) for n in range((last - first).days + 1)]
    small = any(0 < days.get(on, 0) < threshold for on in every)
    if not small and len(every) <= DAYS_MAX:
        return [Bar(on, on, days.get(on, 0)) for on in every]
    weeks: dict[date, int] = {}
    for on in every:
        monday = on - timedelta(days=on.weekday())
        weeks[monday] = weeks.get(monday, 0) + days.get(on, 0)
    step = -(-len(weeks) // WEEKS_MAX)
    mondays = sorted(weeks)
    bars = [
        Bar(
            max(first, mondays[n]),
            min(last, mondays[min(n + step, len(mondays)) - 1] + timedelta(days=6)),
            sum(weeks[one] for one in mondays[n : n + step]),
        )
        for n in range(0, len(mondays), step)
    ]
    return _merged(bars, threshold)


def _merged(bars: Sequence[Bar], threshold: int) -> list[Bar]:
    """Merge with the next, or at the end with the one before, what is too small to show."""
    out: list[Bar] = []
    for bar in bars:
        if out and 0 < out[-1].received < threshold:
            before = out.pop()
            bar = Bar(before.first, bar.last, before.received + bar.received)
        out.append(bar)
    while len(out) > 1 and 0 < out[-1].received < threshold:
        end, before = out.pop(), out.pop()
        out.append(Bar(before.first, end.last, before.received + end.received))
    return out


def _top(value: int) -> int:
    """A round number at or above a value, that three divides of an axis read well."""
    scale = 1
    while True:
        for one in (3, 6, 9, 12, 15, 18, 24):
            if one * scale >= value:
                return one * scale
        scale *= 10


def chart(rows: Sequence[ReceivedDay]) -> Chart | None:
    """Return the picture of the days kept, or None where too few were received."""
    bars = grouped({row.day: row.received for row in rows})
    if not bars:
        return None
    top = _top(max(bar.received for bar in bars))
    days = (bars[-1].last - bars[0].first).days + 1
    each = 578 / days
    drawn = []
    for bar in bars:
        start, length = (bar.first - bars[0].first).days, (bar.last - bar.first).days + 1
        height = 121.9 * bar.received / top
        gap = min(5.0, each * length * 0.25)
        drawn.append(
            Bar(
                bar.first, bar.last, bar.received,
                round(56 + each * start, 1), round(140 - height, 1),
                round(each * length - gap, 1), round(height, 1),
            )
        )  # fmt: skip
    ticks = [(round(140 - 121.9 * n / 3, 1), top * n // 3) for n in range(4)]
    daily = all(bar.first == bar.last for bar in bars)
    total = sum(bar.received for bar in bars)
    return Chart(drawn, ticks, daily, total, max(row.counted_at for row in rows))


def of(consultation: Consultation) -> Chart | None:
    """Return the picture of a consultation: one query."""
    return chart(list(ReceivedDay.objects.filter(consultation=consultation.pk).order_by("day")))
