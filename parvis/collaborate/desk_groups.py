"""The coordinators' desk of accredited groups."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from parvis.collaborate import groups, queries
from parvis.collaborate.desk import FORM, seat_edit, seat_new
from parvis.collaborate.forms import EndForm, GroupForm
from parvis.collaborate.models import Group
from parvis.core import access
from parvis.core.desk import editing, key_of, submitted
from parvis.core.pages import found_or_404


def _group(request: HttpRequest, slug: str) -> Group:
    row = found_or_404(queries.group_by_slug, slug)
    access.require(request.actor, "manage_committee", row)
    return row


@editing
def group_new(request: HttpRequest) -> HttpResponse:
    """Accredit a group."""
    access.require(request.actor, "accredit")
    form = GroupForm(request.POST or None)

    def act() -> str:
        made = groups.accredit(
            actor=request.actor,
            name=form.cleaned_data["title"],
            organisation=form.cleaned_data["organisation"],
            fields=form.changes(),
            key=key_of(form, f"group:{request.actor.person_id}"),
        )
        messages.success(request, _("The accreditation is public."))
        return reverse("group_edit", args=[made.node.slug])

    context = {
        "heading": _("Accredit a group"),
        "intro": _("It will publish its own evaluations; nobody here approves or edits them."),
        "submit": _("Publish the accreditation"),
    }
    return submitted(request, form, act, FORM, context)


@editing
def group_edit(request: HttpRequest, slug: str) -> HttpResponse:
    """The people who speak for a group; the end of its accreditation."""
    row = _group(request, slug)
    form = EndForm(request.POST or None, label=_("Why it ends"))

    def act() -> str:
        groups.end_accreditation(
            actor=request.actor,
            group=row,
            until=form.cleaned_data["until"],
            reason=form.cleaned_data["reason"],
        )
        messages.success(request, _("The end is public; what the group published stays."))
        return reverse("group_edit", args=[slug])

    today = timezone.localdate()
    context = {
        "group": row, "seats": queries.seats(row.pk, today=today), "current": row.is_current(today),
    }  # fmt: skip
    return submitted(request, form, act, "collaborate/desk/group.html", context)


@editing
def group_member_new(request: HttpRequest, slug: str) -> HttpResponse:
    """Say who speaks for a group."""
    return seat_new(request, _group(request, slug), reverse("group_edit", args=[slug]))


@editing
def group_member_edit(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """Change who speaks for a group."""
    row = _group(request, slug)
    return seat_edit(request, row, pk, reverse("group_edit", args=[slug]))
