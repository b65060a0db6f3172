"""Dates that a committee and a government owe: when the next meeting is due, and late since when.

Pure functions of rows and a day; nothing is stored, so that a page is right at midnight.
"""

from calendar import monthrange
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise
from typing import Any

from babel.dates import format_date
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from parvis.collaborate.models import Advice, Committee, Meeting, Precision
from parvis.core.templatetags.parvis import day, locale, number

ON_TIME, LATE, UNKNOWN, ENDED = "on_time", "late", "unknown", "ended"


def add_months(start: date, months: int) -> date:
    """Return the same day some months later, or the last day of a shorter month."""
    year, month = divmod(start.year * 12 + start.month - 1 + months, 12)
    return date(year, month + 1, min(start.day, monthrange(year, month + 1)[1]))


def days_late(due: date | None, today: date) -> int:
    """Return how many days after `due` `today` is; 0 when it is not."""
    return max(0, (today - due).days) if due else 0


@dataclass(frozen=True)
class Gap:
    """Two meetings in a row that were further apart than promised, and by how many days."""

    before: date
    after: date
    days_over: int

    @property
    def words(self) -> str:
        """The gap in words."""
        count = ngettext("%(n)s day too many", "%(n)s days too many", self.days_over)
        return _("From %(before)s to %(after)s: %(count)s.") % {
            "before": day(self.before), "after": day(self.after),
            "count": count % {"n": number(self.days_over)},
        }  # fmt: skip


@dataclass(frozen=True)
class Rhythm:
    """Where a committee stands by its promise to meet, on a day.

    state: on_time, late, unknown (no date to count from, or nobody knows whether it still meets)
    or ended. `due` is the last day on which the next meeting keeps the promise.
    """

    state: str
    last: date | None
    due: date | None
    days: int
    next: Meeting | None
    gaps: Sequence[Gap]
    months: int

    @property
    def is_late(self) -> bool:
        """Whether a meeting is overdue."""
        return self.state == LATE

    @property
    def knot(self) -> str:
        """The `data-state` of the style sheet."""
        return {ON_TIME: "current", LATE: "late", UNKNOWN: "promised", ENDED: "done"}[self.state]

    @property
    def words(self) -> str:
        """The state in a few words."""
        if self.state == LATE:
            return ngettext("%(n)s day late", "%(n)s days late", self.days) % {
                "n": number(self.days)
            }
        if self.state == ON_TIME:
            return _("next meeting due by %(date)s") % {"date": day(self.due)}
        return _("meets no more") if self.state == ENDED else _("not known")


def rhythm(committee: Committee, meetings: Iterable[Meeting], *, today: date) -> Rhythm:
    """Return where a committee stands on `today`. `meetings`: its public ones, in any order.

    Only meetings recorded as held count; the first is due from the creation of the committee.
    """
    rows = list(meetings)
    held = sorted(row.on for row in rows if row.status == Meeting.Status.HELD)
    coming = [row for row in rows if row.status == Meeting.Status.CALLED and row.on >= today]
    months = committee.months_apart
    gaps = [
        Gap(one, two, days)
        for one, two in pairwise(held)
        if (days := days_late(add_months(one, months), two))
    ]
    start = held[-1] if held else committee.created_on
    due = add_months(start, months) if start else None
    if due and not held and committee.created_precision == Precision.MONTH:
        due = due.replace(day=monthrange(due.year, due.month)[1])
    state = ON_TIME
    if committee.status != Committee.Status.ACTIVE:
        state = ENDED if committee.status == Committee.Status.ENDED else UNKNOWN
        due = None
    elif due is None:
        state = UNKNOWN
    days = days_late(due, today)
    return Rhythm(
        LATE if days else state,
        held[-1] if held else None,
        due,
        days,
        min(coming, key=lambda row: row.on) if coming else None,
        gaps,
        months,
    )


@dataclass(frozen=True)
class Reply:
    """Whether an advice has its reply, and how late it is or was."""

    advice: Advice
    days: int

    @property
    def is_waiting(self) -> bool:
        """Whether no reply came yet."""
        return self.advice.replied_on is None

    @property
    def is_late(self) -> bool:
        """Whether the date has passed without a reply."""
        return self.is_waiting and self.days > 0

    @property
    def knot(self) -> str:
        """The `data-state` of the style sheet."""
        return "late" if self.is_late else "promised" if self.is_waiting else "done"

    @property
    def words(self) -> str:
        """The state in words."""
        row = self.advice
        late = ngettext("%(n)s day late", "%(n)s days late", self.days) % {"n": number(self.days)}
        if self.is_late:
            return _("No reply: %(late)s") % {"late": late}
        if self.is_waiting:
            return _("Reply due by %(date)s") % {"date": day(row.reply_due)}
        words = _("Replied on %(date)s") % {"date": day(row.replied_on)}
        return f"{words}, {late}" if self.days else words


def reply_of(advice: Advice, *, today: date) -> Reply:
    """Return where the reply to an advice stands on `today`."""
    return Reply(advice, days_late(advice.reply_due, advice.replied_on or today))


def replies_of(rows: Iterable[Advice], *, today: date) -> list[Reply]:
    """Return the same for several."""
    return [reply_of(row, today=today) for row in rows]


def reply_due(given_on: date, committee: Committee) -> date:
    """Return the day by which the government must reply: nobody chooses it."""
    return given_on + timedelta(days=committee.reply_days)


def when(value: date | None, precision: Any = Precision.DAY) -> str:
    """Return a date as precisely as it is known; empty for none."""
    if value is None:
        return ""
    if precision == Precision.MONTH:
        return format_date(value, format="MMMM y", locale=locale())
    return day(value)
