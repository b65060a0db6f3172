"""Reading collaboration: committees and where they stand, meetings, advice, groups."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from django.db.models import QuerySet
from django.utils import timezone

from parvis.collaborate import rhythm
from parvis.collaborate.models import Advice, Committee, Group, Meeting, Member
from parvis.collaborate.rhythm import Reply, Rhythm
from parvis.core.models import State

_WHOLE = ("node", "organisation__node")
_PART = ("node", "committee__node", "committee__organisation__node")


def public_committees() -> QuerySet[Committee]:
    """Public committees, those that meet first."""
    rows = Committee.objects.filter(node__state=State.PUBLIC).select_related(*_WHOLE)
    return rows.order_by("status", "-created_on", "-pk")


def committee_by_slug(slug: str) -> Committee:
    """Return a committee. Raises Committee.DoesNotExist."""
    return Committee.objects.select_related(*_WHOLE).get(node__kind="committee", node__slug=slug)


def public_meetings() -> QuerySet[Meeting]:
    """Meetings of public committees, the newest first."""
    shown = {"node__state": State.PUBLIC, "committee__node__state": State.PUBLIC}
    return Meeting.objects.filter(**shown).select_related(*_PART).order_by("-on", "-pk")


def public_advice() -> QuerySet[Advice]:
    """Advice of public committees, the newest first; what moderation hid keeps its place."""
    shown = {
        "node__state__in": [State.PUBLIC, State.HIDDEN],
        "committee__node__state": State.PUBLIC,
    }
    return Advice.objects.filter(**shown).select_related(*_PART).order_by("-given_on", "-pk")


def groups() -> QuerySet[Group]:
    """Accredited groups, current or not, the newest first."""
    rows = Group.objects.filter(node__state=State.PUBLIC).select_related(*_WHOLE)
    return rows.order_by("-since", "-pk")


def group_by_slug(slug: str) -> Group:
    """Return a group. Raises Group.DoesNotExist."""
    return Group.objects.select_related(*_WHOLE).get(node__kind="group", node__slug=slug)


@dataclass(frozen=True)
class Standing:
    """A committee on a day: its rhythm, its advice, and which replies are late."""

    committee: Committee
    rhythm: Rhythm
    replies: Sequence[Reply]

    @property
    def late_replies(self) -> list[Reply]:
        """Advice without reply whose date has passed; only what is public is owed."""
        return [
            row for row in self.replies if row.is_late and row.advice.node.state == State.PUBLIC
        ]

    @property
    def is_late(self) -> bool:
        """Whether anything is overdue."""
        return self.rhythm.is_late or bool(self.late_replies)


def standings(committees: Iterable[Committee], *, today: date | None = None) -> list[Standing]:
    """Return where committees stand on `today`, in two queries whatever their number."""
    today = today or timezone.localdate()
    rows = list(committees)
    ids = [row.pk for row in rows]
    meetings: dict[UUID, list[Meeting]] = {}
    for meeting in Meeting.objects.filter(committee__in=ids, node__state=State.PUBLIC):
        meetings.setdefault(meeting.committee_id, []).append(meeting)
    advice: dict[UUID, list[Advice]] = {}
    for row in public_advice().filter(committee__in=ids):
        advice.setdefault(row.committee_id, []).append(row)
    return [
        Standing(
            row,
            rhythm.rhythm(row, meetings.get(row.pk, []), today=today),
            rhythm.replies_of(advice.get(row.pk, []), today=today),
        )
        for row in rows
    ]


@dataclass(frozen=True)
class Seats:
    """Who sits on a body now, and who sat."""

    current: Sequence[Member]
    past: Sequence[Member]

    def counted(self, seat: str) -> int:
        """How many current members sit for this side."""
        return sum(1 for row in self.current if row.seat == seat)


def seats(body_id: UUID, *, today: date | None = None) -> Seats:
    """Return the members of a committee or group, in one query."""
    today = today or timezone.localdate()
    rows = list(Member.objects.filter(body_id=body_id))
    over = [row for row in rows if row.ends is not None and row.ends < today]
    return Seats([row for row in rows if row not in over], over)
