"""What the pages of the desk share: the steps and what each misses, drawing, going on."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import NoReverseMatch, reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from parvis.consult import methods, queries, services
from parvis.consult.holes import Hole
from parvis.consult.models import Consultation, Phase
from parvis.core import access
from parvis.core.models import State
from parvis.core.templatetags.parvis import day, moment

STEPS = {
    "about": (
        gettext_lazy("The subject"),
        gettext_lazy("The question, who asks it, in which languages."),
    ),
    "influence": (
        gettext_lazy("What can change"),
        gettext_lazy("The decision, who decides, when, what is not on the table."),
    ),
    "privacy": (
        gettext_lazy("Privacy"),
        gettext_lazy("Who may answer, duplicates, the notice."),
    ),
    "dates": (
        gettext_lazy("Dates"),
        gettext_lazy("When each thing opens and closes, and the three promises."),
    ),
    "activities": (
        gettext_lazy("Ways to take part"),
        gettext_lazy("The questionnaire, the proposals."),
    ),
    "legal": (
        gettext_lazy("What the law asks"),
        gettext_lazy("The policy, the notice, the assessments: read, then confirmed."),
    ),
}


@dataclass(frozen=True)
class Step:
    """A page of setting up: what is missing there."""

    name: str
    title: Any
    words: Any
    url: str
    holes: Sequence[Hole]


def consultation_of(request: HttpRequest, slug: str, action: str) -> Consultation:
    """Return a consultation on which the reader may do `action`. Raises Http404, Forbidden."""
    try:
        found = queries.consultation_by_slug(slug)
    except Consultation.DoesNotExist:
        access.require(request.actor, "see_desk")  # type: ignore[attr-defined]
        raise Http404 from None
    access.require(request.actor, action, found)  # type: ignore[attr-defined]
    return found


def steps_of(consultation: Consultation, holes: Sequence[Hole]) -> list[Step]:
    """Return the steps in order; what an activity misses belongs to the last."""
    slug = consultation.node.slug
    places = {name: reverse(f"consult_edit_{name}", args=[slug]) for name in STEPS}
    by_step: dict[str, list[Hole]] = {name: [] for name in STEPS}
    for hole in holes:
        path = urlsplit(hole.url).path
        name = next((n for n, place in places.items() if place == path), "activities")
        by_step[name].append(hole)
    return [Step(n, *STEPS[n], places[n], by_step[n]) for n in STEPS]


def go_on(request: HttpRequest, consultation: Consultation, step: str) -> HttpResponse:
    """After a page is saved: the next thing that is missing, or the overview."""
    overview_url = reverse("consult_desk", args=[consultation.node.slug])
    if "back" in request.POST or consultation.node.state == State.PUBLIC:
        return HttpResponseRedirect(overview_url, status=303)
    steps = steps_of(consultation, services.holes(consultation))
    names = list(STEPS)
    after = [one for one in steps if names.index(one.name) > names.index(step) and one.holes]
    left = after or [one for one in steps if one.holes]
    return HttpResponseRedirect(left[0].holes[0].url if left else overview_url, status=303)


def draw(
    request: HttpRequest, template: str, consultation: Consultation, status: int, **more: Any
) -> HttpResponse:
    """Render a page of the desk, its hours in the consultation's time zone."""
    holes = more.pop("holes", None)
    holes = services.holes(consultation) if holes is None else holes
    context = {
        "wrong": sum(len(form.errors) for form in more.get("all_forms", ())),
        "consultation": consultation,
        "node": consultation.node,
        "public": consultation.node.state == State.PUBLIC,
        "holes": holes,
        "steps": steps_of(consultation, holes),
        "section": "desk",
        **more,
    }
    with timezone.override(ZoneInfo(consultation.time_zone)):
        return render(request, f"consult/desk/{template}.html", context, status=status)


def link(name: str, *args: Any) -> str | None:
    """The address of a page of another slice, or None where the site does not have it."""
    try:
        return reverse(name, args=args)
    except NoReverseMatch:
        return None


def items_of(consultation: Consultation) -> list[dict[str, Any]]:
    """Return the activities with their label, their addresses, and whether a phase opens them."""
    activities = queries.activities_of(consultation)
    opened = {row.activity_id for phase in phases_of(consultation) for row in phase.actions.all()}
    return [
        {
            "activity": activity,
            "label": methods.get(activity.method).label,
            "url": methods.get(activity.method).url(activity),
            "settings_url": (methods.get(activity.method).settings_url or (lambda _a: None))(
                activity
            ),
            "paper_url": link(f"{activity.method}_paper", activity.node.slug),
            "opened": activity.pk in opened,
        }
        for activity in activities
    ]


def phases_of(consultation: Consultation) -> list[Phase]:
    """Return the phases with what they open and how they were extended: three queries."""
    zone = ZoneInfo(consultation.time_zone)
    found = list(consultation.phases.prefetch_related("actions", "extensions"))
    for phase in found:
        phase.opens_words = said(phase.starts, zone)
        phase.closes_words = said(phase.ends, zone, end=True)
        for one in phase.extensions.all():
            one.old_words = said(one.old_ends, zone, end=True)
            one.new_words = said(one.new_ends, zone, end=True)
    return found


def said(at: datetime, zone: ZoneInfo, *, end: bool = False) -> str:
    """Return a boundary in words: midnight is the day itself, or the end of the day before."""
    with timezone.override(zone):
        local = timezone.localtime(at)
        if (local.hour, local.minute) != (0, 0):
            return moment(at)
        if not end:
            return day(local.date())
        return _("%(day)s at the end of the day") % {"day": day(local.date() - timedelta(days=1))}
