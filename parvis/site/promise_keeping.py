"""The worker keeps what `promises` counts: a row a month and figure, and the rows of each."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from parvis.core import cache
from parvis.core.models import Event
from parvis.site.models import PromiseMonth, PromiseRow
from parvis.site.promises import Figure, figures

# What may change a figure: whatever starts with one of these.
WATCHED = (
    "consultation.", "theme.", "response.", "plan.", "commitment.", "contribution.moderated",
    "contribution.withdrawn", "contribution.restored", "contribution.erased", "answer.rejected",
)  # fmt: skip


@transaction.atomic
def refresh(now: datetime | None = None) -> bool:
    """Count and keep the figures of this month and their rows; return whether anything changed."""
    now = now or timezone.now()
    month = timezone.localdate(now).replace(day=1)
    found = figures(now)
    changed = [_keep_month(figure, month, now) for figure in found]
    changed.append(_keep_rows(found))
    if any(changed):
        transaction.on_commit(cache.bump)
    return any(changed)


def _keep_month(figure: Figure, month: date, now: datetime) -> bool:
    values: dict[str, Any] = {
        "numerator": figure.numerator, "denominator": figure.denominator, "late": figure.late,
    }  # fmt: skip
    place: dict[str, Any] = {"name": figure.name, "demo": figure.demo, "month": month}
    row = PromiseMonth.objects.filter(**place).first()
    same = row is not None and all(getattr(row, key) == value for key, value in values.items())
    PromiseMonth.objects.update_or_create(**place, defaults={**values, "computed_at": now})
    return not same


def _keep_rows(found: Sequence[Figure]) -> bool:
    """Write the rows that differ from those kept, and remove those that no longer count."""
    wanted = {}
    for figure in found:
        for rank, row in enumerate(figure.rows):
            wanted[figure.name, row.node_id] = PromiseRow(
                name=figure.name, demo=figure.demo, node_id=row.node_id, state=row.state,
                days=row.days, due=row.due, done=row.done, part=row.part, whole=row.whole,
                rank=rank,
            )  # fmt: skip
    fields = ("demo", "state", "days", "due", "done", "part", "whole", "rank")
    kept = {(row.name, row.node_id): row for row in PromiseRow.objects.all()}
    gone = [row.pk for place, row in kept.items() if place not in wanted]
    changed = []
    for where, old in kept.items():
        new = wanted.pop(where, None)
        if new and any(getattr(old, name) != getattr(new, name) for name in fields):
            new.pk = old.pk
            changed.append(new)
    for start in range(0, len(gone), 500):
        PromiseRow.objects.filter(pk__in=gone[start : start + 500]).delete()
    PromiseRow.objects.bulk_update(changed, fields, batch_size=200)
    PromiseRow.objects.bulk_create(wanted.values(), batch_size=500)
    return bool(gone or changed or wanted)


class Watch:
    """Counts again when something that counts happened, or when the day changed."""

    def __init__(self) -> None:
        self.last: int | None = None
        self.day: date | None = None

    def __call__(self) -> bool:
        """Return whether figures changed."""
        newest = Event.objects.order_by("-pk").values_list("pk", flat=True).first() or 0
        today = timezone.localdate()
        if self.last is not None and self.day == today and not self._happened(newest):
            self.last = newest
            return False
        changed = refresh()
        self.last, self.day = newest, today
        return changed

    def _happened(self, newest: int) -> bool:
        if newest == self.last:
            return False
        verbs = Q()
        for start in WATCHED:
            verbs |= Q(verb__startswith=start)
        return Event.objects.filter(verbs, pk__gt=self.last, pk__lte=newest).exists()
