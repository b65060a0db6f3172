"""Committees, meetings and advice over HTTP, for programs. Read only: pages write."""

from datetime import date
from typing import Any

from django.http import HttpRequest
from django.utils import timezone
from ninja import Query, Router, Schema
from pydantic import Field

from parvis.collaborate import queries, rhythm
from parvis.collaborate.models import Attendance, Committee, Meeting, Member
from parvis.core import kinds
from parvis.core.models import Node, State

router = Router(tags=["collaboration"])
Text = dict[str, str]
Addresses = dict[str, str | None]
PER_PAGE_MAX = 100


class MemberOut(Schema):
    """A seat: who, for which side, from when to when. Never an address."""

    name: str
    seat: str
    organisation: str
    starts: date | None
    ends: date | None
    current: bool


class CommitteeOut(Schema):
    """A committee and whether it keeps its promises today. What is not known is null.

    state: on_time, late, unknown or ended; `late_days` counts from `next_meeting_due`.
    """

    id: str
    slug: str
    title: Text
    url: Addresses
    organisation: dict[str, Any]
    mandate: Text
    rules: Text
    created_on: date | None
    created_precision: str
    status: str
    months_apart: int | None
    reply_days: int | None
    seats_civil_society: int | None
    seats_government: int | None
    state: str
    last_meeting: date | None
    next_meeting_due: date | None
    late: bool
    late_days: int
    late_replies: int
    members: list[MemberOut]
    notes: list[Any]
    sources: list[str]
    reconstructed: bool


class CommitteeList(Schema):
    """Committees, those that meet first."""

    count: int
    results: list[CommitteeOut]


class MeetingOut(Schema):
    """A meeting. `present` and `absent` are names, empty until it is recorded as held."""

    id: str
    slug: str
    title: Text
    url: Addresses
    committee: str
    on: date
    status: str
    place: Text
    link: str
    agenda: Text
    minutes: Text
    cancel_reason: Text
    present: list[str]
    absent: list[str]
    documents: list[str]


class MeetingList(Schema):
    """A page of meetings, the newest first; `count` is of all pages."""

    count: int
    page: int
    pages: int
    results: list[MeetingOut]


class AdviceOut(Schema):
    """An advice and its reply. Hidden by moderation, it keeps its place without its words."""

    id: str
    slug: str
    title: Text
    url: Addresses
    committee: str
    state: str
    text: Text
    given_on: date
    recorded_by_office: bool
    reply_due: date
    reply: Text
    replied_on: date | None
    replier: Text
    late: bool
    late_days: int


class AdviceList(Schema):
    """A page of advice, the newest first; `count` is of all pages."""

    count: int
    page: int
    pages: int
    results: list[AdviceOut]


class PartFilters(Schema):
    """What to list: of one committee (its slug), which page."""

    committee: str = ""
    page: int = Field(1, ge=1, le=100_000)
    per_page: int = Field(20, ge=1, le=PER_PAGE_MAX)


def _head(node: Node) -> dict[str, Any]:
    return {
        "id": str(node.pk), "slug": node.slug, "title": node.title, "url": kinds.urls(node),
    }  # fmt: skip


@router.get("/committees", response=CommitteeList, summary="List the committees")
def list_committees(request: HttpRequest) -> dict[str, Any]:
    """Every public committee: members, rhythm, what is late today."""
    today = timezone.localdate()
    rows = list(queries.public_committees())
    members: dict[Any, list[dict[str, Any]]] = {row.pk: [] for row in rows}
    for member in Member.objects.filter(body__in=list(members)):
        members[member.body_id].append(
            {
                "name": member.name,
                "seat": member.seat,
                "organisation": member.organisation_name,
                "starts": member.starts,
                "ends": member.ends,
                "current": member.is_current(today),
            }
        )
    results = []
    for standing in queries.standings(rows, today=today):
        row, pace = standing.committee, standing.rhythm
        names = ("mandate", "rules", "created_on", "created_precision", "status", "months_apart",
                 "reply_days", "seats_civil_society", "seats_government", "notes", "sources",
                 "reconstructed")  # fmt: skip
        # What an ended or unknown committee promised is not said: nothing is owed any more.
        owes = row.status == Committee.Status.ACTIVE
        results.append(
            {
                **_head(row.node),
                **{name: getattr(row, name) for name in names},
                "months_apart": row.months_apart if owes else None,
                "reply_days": row.reply_days if owes else None,
                "organisation": {
                    "slug": row.organisation.node.slug, "title": row.organisation.node.title,
                },
                "state": pace.state,
                "last_meeting": pace.last,
                "next_meeting_due": pace.due,
                "late": pace.is_late,
                "late_days": pace.days,
                "late_replies": len(standing.late_replies),
                "members": members[row.pk],
            }
        )  # fmt: skip
    return {"count": len(results), "results": results}


def _page(rows: Any, filters: PartFilters) -> tuple[dict[str, Any], list[Any]]:
    if filters.committee:
        rows = rows.filter(committee__node__slug=filters.committee)
    count = rows.count()
    pages = max(1, -(-count // filters.per_page))
    page = min(filters.page, pages)
    start = (page - 1) * filters.per_page
    shown = list(rows[start : start + filters.per_page])
    return {"count": count, "page": page, "pages": pages}, shown


@router.get("/meetings", response=MeetingList, summary="List the meetings of committees")
def list_meetings(request: HttpRequest, filters: Query[PartFilters]) -> dict[str, Any]:
    """Public meetings, the newest first, with who came."""
    head, rows = _page(queries.public_meetings(), filters)
    came: dict[Any, list[Attendance]] = {row.pk: [] for row in rows}
    found = Attendance.objects.filter(meeting__in=rows).select_related("member")
    for one in found.order_by("member__name", "pk"):
        came[one.meeting_id].append(one)
    return {**head, "results": [_meeting(row, came[row.pk]) for row in rows]}


def _meeting(row: Meeting, came: list[Attendance]) -> dict[str, Any]:
    names = ("on", "status", "place", "link", "agenda", "minutes", "cancel_reason")
    return {
        **_head(row.node),
        **{name: getattr(row, name) for name in names},
        "committee": row.committee.node.slug,
        "present": [one.member.name for one in came if one.present],
        "absent": [one.member.name for one in came if not one.present],
        "documents": row.sources,
    }


@router.get("/advice", response=AdviceList, summary="List the advice of committees")
def list_advice(request: HttpRequest, filters: Query[PartFilters]) -> dict[str, Any]:
    """Public advice, the newest first, with the reply or its lateness today."""
    head, rows = _page(queries.public_advice(), filters)
    today = timezone.localdate()
    results = []
    for found in rhythm.replies_of(rows, today=today):
        row = found.advice
        hidden = row.node.state == State.HIDDEN
        head_ = _head(row.node)
        results.append(
            {
                **head_,
                "title": {} if hidden else head_["title"],
                "committee": row.committee.node.slug,
                "state": row.node.state,
                "text": {} if hidden else row.text,
                "given_on": row.given_on,
                "recorded_by_office": row.by_office,
                "reply_due": row.reply_due,
                "reply": {} if hidden else row.reply,
                "replied_on": row.replied_on,
                "replier": row.replier,
                "late": found.is_late and not hidden,
                "late_days": found.days,
            }
        )
    return {**head, "results": results}
