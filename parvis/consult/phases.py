"""What is open now: computed from the clock, never stored."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import models
from django.utils import timezone

from parvis.consult.models import Activity, Consultation, Phase, PhaseAction
from parvis.core.errors import Closed
from parvis.core.models import State
from parvis.core.prepared import Prepared

_opening = Prepared(
    lambda activity, action, at: PhaseAction.objects.filter(
        activity=activity, action=action, phase__starts__lte=at, phase__ends__gt=at
    ).values_list("pk", flat=True)[:1],
    activity=models.UUIDField(),
    action=models.CharField(),
    at=models.DateTimeField(),
)
_closing = Prepared(
    lambda activity, action: (
        Phase.objects.filter(actions__activity=activity, actions__action=action)
        .order_by("-ends")
        .values_list("ends", flat=True)[:1]
    ),
    activity=models.UUIDField(),
    action=models.CharField(),
)
_calendar = Prepared(
    lambda consultation: (
        Phase.objects.filter(consultation=consultation)
        .order_by("starts", "pk")
        .values_list("pk", "title", "starts", "ends", "actions__activity_id", "actions__action")
    ),
    consultation=models.UUIDField(),
)


def is_open(activity: Activity, action: str, at: datetime | None = None) -> bool:
    """Whether this action of this activity is open at a time (now)."""
    at = at or timezone.now()
    return activity.consultation.node.state == State.PUBLIC and bool(
        _opening(activity=activity.pk, action=action, at=at)
    )


def require_open(activity: Activity, action: str, at: datetime | None = None) -> None:
    """Return when open. Raises Closed."""
    if not is_open(activity, action, at):
        raise Closed


def closes_at(activity: Activity, action: str) -> datetime | None:
    """Return when the last phase that opens this action ends, or None."""
    found: datetime | None = _closing.first(activity=activity.pk, action=action)
    return found


@dataclass(frozen=True)
class Calendar:
    """A consultation's phases and openings, loaded once and asked many times."""

    phases: Sequence[Phase]
    openings: Sequence[PhaseAction]
    now: datetime

    @classmethod
    def of(cls, consultation: Consultation, now: datetime | None = None) -> "Calendar":
        """Load it, in one query."""
        phases: dict[int, Phase] = {}
        openings = []
        rows = _calendar(consultation=consultation.pk)
        for pk, title, starts, ends, activity_id, action in rows:
            phases.setdefault(
                pk,
                Phase(pk=pk, consultation=consultation, title=title, starts=starts, ends=ends),
            )
            if activity_id is not None:
                openings.append(PhaseAction(phase_id=pk, activity_id=activity_id, action=action))
        return cls(list(phases.values()), openings, now or timezone.now())

    def _periods(self, activity_id: Any = None, action: str | None = None) -> list[Phase]:
        wanted = {
            opening.phase_id
            for opening in self.openings
            if (activity_id is None or opening.activity_id == activity_id)
            and (action is None or opening.action == action)
        }
        return [phase for phase in self.phases if phase.pk in wanted]

    def is_open(self, activity_id: Any = None, action: str | None = None) -> bool:
        """Whether anything (of an activity, of an action) is open."""
        return any(p.starts <= self.now < p.ends for p in self._periods(activity_id, action))

    def opens(self) -> datetime | None:
        """When the first opening starts."""
        return min((p.starts for p in self._periods()), default=None)

    def closes(self, activity_id: Any = None) -> datetime | None:
        """When the last opening ends."""
        return max((p.ends for p in self._periods(activity_id)), default=None)

    @property
    def state(self) -> str:
        """`none`, `coming`, `open`, `between` or `closed`."""
        opens, closes = self.opens(), self.closes()
        if opens is None or closes is None:
            return "none"
        if self.now < opens:
            return "coming"
        if self.now >= closes:
            return "closed"
        return "open" if self.is_open() else "between"

    def state_of(self, phase: Phase) -> str:
        """`done`, `current` or `promised`, as the thread's knots say it."""
        if phase.ends <= self.now:
            return "done"
        return "current" if phase.starts <= self.now else "promised"

    def seconds_to_boundary(self) -> int:
        """Seconds until something opens or closes (at most a day), for the page cache."""
        coming = [
            moment
            for phase in self.phases
            for moment in (phase.starts, phase.ends)
            if moment > self.now
        ]
        wait = min(coming, default=self.now + timedelta(days=1)) - self.now
        return max(0, int(wait.total_seconds()))


def days_left(closes: datetime | None, now: datetime) -> int | None:
    """Whole local days from now until `closes`: 0 means today."""
    if closes is None:
        return None
    last = timezone.localtime(closes - timedelta(microseconds=1)).date()
    return (last - timezone.localtime(now).date()).days
