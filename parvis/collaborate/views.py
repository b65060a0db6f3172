"""What everybody reads of committees and groups, and the forms by which members speak."""

from datetime import date
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from parvis.collaborate import advice as advising
from parvis.collaborate import queries, rhythm
from parvis.collaborate.forms import AdviceForm
from parvis.collaborate.meetings import documents_of
from parvis.collaborate.models import Advice, Committee, Drafting, Group, Meeting
from parvis.collaborate.voices import has_seat_or_office, require_seat_or_office
from parvis.core import access, thread
from parvis.core.desk import editing, key_of, submitted
from parvis.core.models import Link, State
from parvis.core.pages import found_or_404, history_page, paginate, public_page

SECTION = {"section": "collaborate"}
FORM = "collaborate/form.html"
SHOWN = 5


def committee_or_404(request: HttpRequest, slug: str) -> Committee:
    """Return a committee that the reader may see."""
    found = found_or_404(queries.committee_by_slug, slug)
    public = found.node.state == State.PUBLIC
    if not public and not access.can(request.actor, "manage_committee", found):
        raise Http404
    return found


def _meeting_or_404(slug: str) -> Meeting:
    found = queries.public_meetings().filter(node__slug=slug).first()
    if found is None:
        raise Http404
    return found


def advice_or_404(slug: str) -> Advice:
    """Return an advice that is public, or hidden by moderation: its place stays."""
    found = queries.public_advice().filter(node__slug=slug).first()
    if found is None:
        raise Http404
    return found


def _today() -> date:
    return timezone.localdate()


@require_safe
def committee(request: HttpRequest, slug: str) -> HttpResponse:
    """A committee: what it is for, who sits, when it meets, what it said, what was replied."""
    found = committee_or_404(request, slug)
    today = _today()
    standing = queries.standings([found], today=today)[0]
    meetings = list(queries.public_meetings().filter(committee=found)[: SHOWN + 1])
    drafts = Drafting.objects.filter(committee=found, node__state=State.PUBLIC)
    context = {
        "committee": found,
        "node": found.node,
        "standing": standing,
        "rhythm": standing.rhythm,
        "seats": queries.seats(found.pk, today=today),
        "meetings": meetings[:SHOWN],
        "more_meetings": len(meetings) > SHOWN,
        "replies": standing.replies,
        "drafts": list(drafts.select_related("node").order_by("-pk")),
        "created": rhythm.when(found.created_on, found.created_precision),
        "versions": found.node.revisions.count(),
        "today": today,
        "may_advise": has_seat_or_office(request.actor, "advise", found),
        "preview": found.node.state != State.PUBLIC,
        **SECTION,
    }
    return public_page(request, "collaborate/committee.html", context)


@require_safe
def meetings(request: HttpRequest, slug: str) -> HttpResponse:
    """Every meeting of a committee, the newest first."""
    found = committee_or_404(request, slug)
    page = paginate(request, queries.public_meetings().filter(committee=found))
    context = {"committee": found, "page": page, "today": _today(), **SECTION}
    return public_page(request, "collaborate/meetings.html", context)


@require_safe
def meeting(request: HttpRequest, slug: str) -> HttpResponse:
    """One meeting: when, where, about what, who came, what was said."""
    found = _meeting_or_404(slug)
    attendance = found.attendance.select_related("member").order_by("member__seat", "member__name")
    context = {
        "meeting": found,
        "committee": found.committee,
        "node": found.node,
        "attendance": list(attendance),
        "came": sum(1 for row in attendance if row.present),
        "documents": documents_of(found),
        "passed": found.status == Meeting.Status.CALLED and found.on < _today(),
        "versions": found.node.revisions.count(),
        **SECTION,
    }
    return public_page(request, "collaborate/meeting.html", context)


def _about(row: Advice) -> list[Link]:
    found = thread.linked([row.pk], "concerns").get(row.pk, [])
    return [link for link in found if link.target.state == State.PUBLIC]


@require_safe
def advice(request: HttpRequest, slug: str) -> HttpResponse:
    """One advice and its reply, or since when the reply is late."""
    found = advice_or_404(slug)
    hidden = found.node.state == State.HIDDEN
    context = {
        "advice": found,
        "committee": found.committee,
        "node": found.node,
        "reply": rhythm.reply_of(found, today=_today()),
        "about": _about(found),
        "hidden": hidden,
        "versions": 0 if hidden else found.node.revisions.count(),
        "section": "collaborate",
    }
    return public_page(request, "collaborate/advice.html", context)


@require_safe
def groups(request: HttpRequest) -> HttpResponse:
    """The accredited groups: who, since when, by whom, why."""
    page = paginate(request, queries.groups())
    context = {"page": page, "today": _today(), **SECTION}
    context["current"] = [row.pk for row in page.rows if row.is_current(_today())]
    return public_page(request, "collaborate/groups.html", context)


@require_safe
def group(request: HttpRequest, slug: str) -> HttpResponse:
    """One accredited group."""
    found = found_or_404(queries.group_by_slug, slug)
    today = _today()
    context = {
        "group": found,
        "node": found.node,
        "seats": queries.seats(found.pk, today=today),
        "current": found.is_current(today),
        "published": list(evaluations_by(found)),
        "versions": found.node.revisions.count(),
        **SECTION,
    }
    return public_page(request, "collaborate/group.html", context)


def evaluations_by(body: Group | Committee) -> Any:
    """Return the links to what this body evaluated, the newest first: their nodes alone."""
    rows = Link.objects.filter(
        relation="evaluated_by", target__state=State.PUBLIC, target__evaluation__body=body.node
    )
    return rows.select_related("source", "target__space").order_by("-target__published_at")


@require_safe
def committee_history(request: HttpRequest, slug: str) -> HttpResponse:
    """What a committee's page said at each date."""
    return history_page(
        request,
        committee_or_404(request, slug),
        reverse("committee", args=[slug]),
        section="collaborate",
    )


@require_safe
def meeting_history(request: HttpRequest, slug: str) -> HttpResponse:
    """What a meeting's page said at each date."""
    return history_page(
        request, _meeting_or_404(slug), reverse("meeting", args=[slug]), section="collaborate"
    )


@require_safe
def advice_history(request: HttpRequest, slug: str) -> HttpResponse:
    """What an advice and its reply said at each date."""
    found = advice_or_404(slug)
    if found.node.state != State.PUBLIC:
        raise Http404
    return history_page(request, found, reverse("advice", args=[slug]), section="collaborate")


@editing
def advice_new(request: HttpRequest, slug: str) -> HttpResponse:
    """Give an advice: published at once, approved by nobody."""
    found = committee_or_404(request, slug)
    office = require_seat_or_office(request.actor, "advise", found)
    form = AdviceForm(request.POST or None, office=office)

    def act() -> str:
        made = advising.give_advice(
            actor=request.actor,
            committee=found,
            key=key_of(form, f"advice:{found.pk}:{request.actor.person_id}"),
            **form.given(),
        )
        messages.success(request, _("The advice is public. The date of the reply is set."))
        return reverse("advice", args=[made.node.slug])

    context = {
        "committee": found,
        "heading": _("Give an advice"),
        "intro": _("It is public as soon as you send it. Staff neither approve nor edit it."),
        "submit": _("Publish the advice"),
        "back": reverse("committee", args=[slug]),
    }
    return submitted(request, form, act, FORM, context)
