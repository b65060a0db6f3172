"""The coordinators' desk of committees, meetings, replies and accredited groups."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from parvis.collaborate import advice as advising
from parvis.collaborate import meetings, queries, services
from parvis.collaborate.forms import (
    CommitteeForm,
    DocumentForm,
    MeetingForm,
    MemberForm,
    NewCommitteeForm,
    RecordForm,
    ReplyForm,
    WhyForm,
)
from parvis.collaborate.models import Advice, Committee, Group, Meeting, Member
from parvis.core import access, limits
from parvis.core.desk import SECTION, editing, key_of, publish, submitted
from parvis.core.forms import KeyedForm
from parvis.core.models import Node, State
from parvis.core.pages import found_or_404
from parvis.core.search import search

FORM = "collaborate/desk/form.html"
FOUND_MAX = 20


def _committee(request: HttpRequest, slug: str) -> Committee:
    row = found_or_404(queries.committee_by_slug, slug)
    access.require(request.actor, "manage_committee", row)
    return row


def _meeting(request: HttpRequest, slug: str) -> Meeting:
    rows = Meeting.objects.select_related("node", "committee__node")
    row = get_object_or_404(rows, node__kind="meeting", node__slug=slug)
    access.require(request.actor, "manage_committee", row)
    return row


@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """The committees and groups that the reader looks after, and what is late."""
    access.require(request.actor, "manage_committee")
    rows = Committee.objects.select_related("node", "organisation__node").order_by("-pk")
    mine = [row for row in rows if access.can(request.actor, "manage_committee", row)]
    found = [row for row in queries.groups() if access.can(request.actor, "accredit", row)]
    today = timezone.localdate()
    context = {
        "standings": queries.standings(mine, today=today),
        "groups": [(row, row.is_current(today)) for row in found],
        "plans": list(Node.objects.filter(kind="plan", state=State.PUBLIC).order_by("-pk")),
        **SECTION,
    }
    return render(request, "collaborate/desk/index.html", context)


@editing
def committee_new(request: HttpRequest) -> HttpResponse:
    """Create a committee."""
    access.require(request.actor, "manage_committee")
    form = NewCommitteeForm(request.POST or None)

    def act() -> str:
        row = services.create_committee(
            actor=request.actor,
            title=form.cleaned_data["title"],
            organisation=form.cleaned_data["organisation"],
            fields=form.changes(),
            key=key_of(form, f"committee:{request.actor.person_id}"),
        )
        return reverse("committee_edit", args=[row.node.slug])

    context = {"heading": _("A new committee"), "submit": _("Create the committee")}
    return submitted(request, form, act, FORM, context)


@editing
def committee_edit(request: HttpRequest, slug: str) -> HttpResponse:
    """Change a committee; its members, meetings and advice."""
    row = _committee(request, slug)
    form = CommitteeForm(request.POST or None, row=row)

    def act() -> str:
        services.change_committee(
            actor=request.actor,
            committee=row,
            changes=form.changes(),
            title=form.cleaned_data["title"],
            note=form.cleaned_data.get("note"),
        )
        messages.success(request, _("The committee is saved."))
        return reverse("committee_edit", args=[slug])

    today = timezone.localdate()
    standing = queries.standings([row], today=today)[0]
    context = {
        "committee": row,
        "standing": standing,
        "seats": queries.seats(row.pk, today=today),
        "meetings": list(row.meetings.select_related("node").order_by("-on")[:20]),
    }
    return submitted(request, form, act, "collaborate/desk/committee.html", context)


@require_POST
def committee_publish(request: HttpRequest, slug: str) -> HttpResponse:
    """Publish a committee."""
    row = _committee(request, slug)
    return publish(
        request,
        lambda: services.publish_committee(actor=request.actor, committee=row),
        reverse("committee_edit", args=[slug]),
        _("The committee is public."),
    )


def seat_new(request: HttpRequest, body: Committee | Group, back: str) -> HttpResponse:
    """Give somebody a seat on a committee, or the right to speak for a group."""
    form = MemberForm(request.POST or None)

    def act() -> str:
        services.name_member(
            actor=request.actor,
            body=body,
            fields=form.seat_fields(),
            email=form.cleaned_data["email"],
            key=key_of(form, f"member:{body.pk}"),
        )
        messages.success(request, _("The seat is public."))
        return back

    context = {
        "heading": _("Give a seat"), "submit": _("Publish the seat"), "back": back, "body": body,
    }  # fmt: skip
    return submitted(request, form, act, FORM, context)


def seat_edit(request: HttpRequest, body: Committee | Group, pk: int, back: str) -> HttpResponse:
    """Change a seat: its name, its term, whose account it is."""
    member = get_object_or_404(Member.objects.select_related("person"), pk=pk, body=body.node)
    form = MemberForm(request.POST or None, row=member)

    def act() -> str:
        services.change_member(
            actor=request.actor,
            body=body,
            member=member,
            fields=form.seat_fields(),
            email=form.cleaned_data["email"],
        )
        messages.success(request, _("The seat is saved."))
        return back

    context = {
        "heading": member.name, "submit": _("Save the seat"), "back": back, "body": body,
        "intro": _("A term that ends stays in the public list; the right to speak ends with it."),
    }  # fmt: skip
    return submitted(request, form, act, FORM, context)


@editing
def member_new(request: HttpRequest, slug: str) -> HttpResponse:
    """Give somebody a seat on a committee."""
    row = _committee(request, slug)
    return seat_new(request, row, reverse("committee_edit", args=[slug]))


@editing
def member_edit(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """Change a seat of a committee."""
    row = _committee(request, slug)
    return seat_edit(request, row, pk, reverse("committee_edit", args=[slug]))


@editing
def meeting_new(request: HttpRequest, slug: str) -> HttpResponse:
    """Announce a meeting."""
    row = _committee(request, slug)
    if row.node.state != State.PUBLIC:
        raise Http404
    form = MeetingForm(request.POST or None)

    def act() -> str:
        fields = form.changes()
        made = meetings.call_meeting(
            actor=request.actor,
            committee=row,
            on=fields.pop("on"),
            fields=fields,
            key=key_of(form, f"meeting:{row.pk}"),
        )
        messages.success(request, _("The meeting is announced."))
        return reverse("meeting_edit", args=[made.node.slug])

    context = {
        "committee": row, "heading": _("Announce a meeting"), "submit": _("Announce it"),
        "back": reverse("committee_edit", args=[slug]),
    }  # fmt: skip
    return submitted(request, form, act, FORM, context)


@editing
def meeting_edit(request: HttpRequest, slug: str) -> HttpResponse:
    """Change a meeting; record it, cancel it, tie documents."""
    row = _meeting(request, slug)
    form = MeetingForm(request.POST or None, row=row)

    def act() -> str:
        meetings.change_meeting(
            actor=request.actor,
            meeting=row,
            changes=form.changes(),
            note=form.cleaned_data.get("note"),
        )
        messages.success(request, _("The meeting is saved."))
        return reverse("meeting_edit", args=[slug])

    context = {
        "committee": row.committee,
        "meeting": row,
        "documents": meetings.documents_of(row),
        "may_record": row.on <= timezone.localdate() and row.status != Meeting.Status.CANCELLED,
    }
    return submitted(request, form, act, "collaborate/desk/meeting.html", context)


@editing
def meeting_record(request: HttpRequest, slug: str) -> HttpResponse:
    """Record that a meeting was held: who came, and the minutes."""
    row = _meeting(request, slug)
    members = [
        one for one in Member.objects.filter(body=row.committee_id) if one.is_current(row.on)
    ]
    form = RecordForm(request.POST or None, meeting=row, members=members)

    def act() -> str:
        meetings.record_meeting(
            actor=request.actor,
            meeting=row,
            attendance=form.attendance(),
            minutes=form.cleaned_data["minutes"],
            note=form.cleaned_data.get("note"),
        )
        messages.success(request, _("The meeting is recorded."))
        return reverse("meeting", args=[slug])

    context = {
        "committee": row.committee, "meeting": row, "heading": _("It was held"),
        "submit": _("Publish who came and the minutes"),
        "back": reverse("meeting_edit", args=[slug]),
    }  # fmt: skip
    return submitted(request, form, act, FORM, context)


@editing
def meeting_cancel(request: HttpRequest, slug: str) -> HttpResponse:
    """Say that a meeting does not take place, and why."""
    row = _meeting(request, slug)
    form = WhyForm(request.POST or None, label=_("Why it is cancelled"))

    def act() -> str:
        reason = form.cleaned_data["reason"]
        meetings.cancel_meeting(actor=request.actor, meeting=row, reason=reason)
        messages.success(request, _("The meeting is cancelled; its page says why."))
        return reverse("meeting", args=[slug])

    context = {
        "committee": row.committee, "meeting": row, "heading": _("Cancel this meeting?"),
        "submit": _("Cancel the meeting"), "back": reverse("meeting_edit", args=[slug]),
    }  # fmt: skip
    return submitted(request, form, act, FORM, context)


@editing
def meeting_documents(request: HttpRequest, slug: str) -> HttpResponse:
    """Find a public document by its title and tie it to a meeting."""
    row = _meeting(request, slug)
    words = request.GET.get("q", "").strip()[: limits.SEARCH_CHARACTERS]
    hits = search(words, kind=["document"], limit=FOUND_MAX).hits if words else []
    found = [hit.node for hit in hits]
    form = DocumentForm(request.POST or None, found=found)

    def act() -> str:
        chosen = UUID(form.cleaned_data["document"])
        meetings.attach_document(actor=request.actor, meeting=row, document=chosen)
        messages.success(request, _("The document is tied to the meeting."))
        return reverse("meeting_documents", args=[slug])

    context = {
        "committee": row.committee, "meeting": row, "node": row.node, "found": found, "q": words,
        "documents": meetings.documents_of(row),
    }  # fmt: skip
    return submitted(request, form, act, "collaborate/desk/documents.html", context)


@editing
def meeting_document_remove(request: HttpRequest, slug: str, pk: UUID) -> HttpResponse:
    """Ask, then untie a document from a meeting."""
    row = _meeting(request, slug)
    document = get_object_or_404(Node, pk=pk, kind="document")
    form = KeyedForm(request.POST or None)

    def act() -> str:
        meetings.detach_document(actor=request.actor, meeting=row, document=pk)
        messages.success(request, _("The document is no longer tied to it."))
        return reverse("meeting_documents", args=[slug])

    context = {
        "committee": row.committee, "meeting": row, "heading": _("Untie this document?"),
        "detail": document.title, "submit": _("Untie the document"),
        "back": reverse("meeting_documents", args=[slug]),
    }  # fmt: skip
    return submitted(request, form, act, FORM, context)


@editing
def advice_reply(request: HttpRequest, slug: str) -> HttpResponse:
    """Publish the government's reply to an advice."""
    rows = Advice.objects.select_related("node", "committee__node")
    row = get_object_or_404(rows, node__kind="advice", node__slug=slug)
    access.require(request.actor, "answer_advice", row)
    form = ReplyForm(request.POST or None, advice=row)

    def act() -> str:
        advising.reply_to(
            actor=request.actor,
            advice=row,
            reply=form.cleaned_data["reply"],
            replier=form.cleaned_data["replier"],
            note=form.cleaned_data.get("note"),
            key=key_of(form, f"reply:{row.pk}"),
        )
        messages.success(request, _("The reply is public."))
        return reverse("advice", args=[slug])

    context: dict[str, Any] = {
        "committee": row.committee,
        "advice": row,
        "heading": _("Reply to an advice"),
        "detail": row.node.title,
        "submit": _("Publish the reply"),
        "back": reverse("advice", args=[slug]),
    }
    return submitted(request, form, act, FORM, context)
