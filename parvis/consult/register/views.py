"""Everybody's pages of the register: the list, one held elsewhere, the calendar, the files."""

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from parvis.consult.models import Consultation, Elsewhere
from parvis.consult.register import files, queries
from parvis.consult.register.queries import Filters
from parvis.core import access, revisions
from parvis.core.i18n import tr
from parvis.core.models import State
from parvis.core.pages import paginate, public_page

SECTION = {"section": "consultations"}
SECONDS = 300


def _asked(request: HttpRequest) -> tuple[Filters, list[queries.Entry], list[queries.Entry]]:
    """Return the filters, every entry, and those that the filters keep."""
    filters = Filters.of(request.GET)
    found = queries.entries()
    return filters, found, queries.chosen(found, filters, timezone.localdate())


@require_safe
def register(request: HttpRequest) -> HttpResponse:
    """Every consultation, held here or elsewhere, filtered; the newest first."""
    filters, everything, found = _asked(request)
    today = timezone.localdate()
    page = paginate(request, found)
    context = {
        "page": page,
        "rows": queries.shown(page.rows, today),
        "total": len(everything),
        "filters": filters,
        "years": queries.years_of(everything),
        "organisations": queries.organisations_of(everything),
        "states": queries.STATES.items(),
        "places": [("here", _("On this site")), ("elsewhere", _("Elsewhere"))],
        **SECTION,
    }
    return public_page(request, "register_all/list.html", context)


@require_safe
def register_csv(request: HttpRequest) -> HttpResponse:
    """The register, as filtered, as CSV."""
    _filters, _all, found = _asked(request)
    text = files.as_csv(queries.shown(found, timezone.localdate()))
    answer = HttpResponse(text, content_type="text/csv; charset=utf-8")
    return _file(answer, "consultations.csv")


@require_safe
def register_json(request: HttpRequest) -> HttpResponse:
    """The register, as filtered, as JSON."""
    _filters, _all, found = _asked(request)
    rows = [files.card(row) for row in queries.shown(found, timezone.localdate())]
    answer = JsonResponse({"count": len(rows), "consultations": rows})
    return _file(answer, "consultations.json")


def _file(answer: HttpResponse, name: str) -> HttpResponse:
    answer["Content-Disposition"] = f'attachment; filename="{name}"'
    answer.public_seconds = SECONDS  # type: ignore[attr-defined]
    return answer


def _year(request: HttpRequest, this: int) -> int:
    typed = request.GET.get("year", "")
    right = typed.isascii() and typed.isdigit() and len(typed) == 4
    return int(typed) if right and 1900 <= int(typed) <= 2100 else this


@require_safe
def calendar(request: HttpRequest) -> HttpResponse:
    """A year, month by month: what opens and what closes, as lists."""
    found = queries.entries()
    today = timezone.localdate()
    years = queries.years_of(found)
    year = _year(request, today.year)
    earlier = [one for one in years if one < year]
    later = [one for one in years if one > year]
    context = {
        # Not localized: a year takes no thousands separator.
        "year": str(year),
        "months": queries.months_of(found, year),
        "vague": queries.of_the_year(found, year),
        "earlier": max(earlier, default=None),
        "later": min(later, default=None),
        "today": today,
        **SECTION,
    }
    return public_page(request, "register_all/calendar.html", context)


def _calendar(text: str, name: str) -> HttpResponse:
    return _file(HttpResponse(text, content_type="text/calendar; charset=utf-8"), name)


@require_safe
def calendar_ics(request: HttpRequest) -> HttpResponse:
    """Every consultation as a calendar to subscribe to."""
    return _calendar(files.calendar(queries.entries()), "consultations.ics")


@require_safe
def consultation_ics(request: HttpRequest, slug: str) -> HttpResponse:
    """One consultation of this site: its period and the dates that it promised."""
    rows = Consultation.objects.filter(node__slug=slug, node__state=State.PUBLIC)
    found = rows.select_related("node").first()
    if found is None:
        raise Http404
    entry = queries.entry_of(found)
    return _calendar(files.one_calendar(found, entry), f"{slug}.ics")


def elsewhere_or_404(slug: str) -> Elsewhere:
    """Return a consultation held elsewhere. Raises Http404."""
    try:
        return queries.by_slug(slug)
    except Elsewhere.DoesNotExist:
        raise Http404 from None


@require_safe
def elsewhere(request: HttpRequest, slug: str) -> HttpResponse:
    """One consultation held elsewhere; once withdrawn, its page says when and why (410)."""
    found = elsewhere_or_404(slug)
    if found.node.state != State.PUBLIC:
        last = found.node.revisions.order_by("-at", "-pk").first()
        context: dict[str, Any] = {"row": found, "node": found.node, "last": last, **SECTION}
        return render(request, "register_all/withdrawn.html", context, status=410)
    entry = queries.entry_of(found)
    today = timezone.localdate()
    context = {
        "row": found,
        "node": found.node,
        "entry": entry,
        "shown": queries.shown([entry], today)[0],
        **SECTION,
    }
    return public_page(request, "register_all/elsewhere.html", context)


@require_safe
def elsewhere_history(request: HttpRequest, slug: str) -> HttpResponse:
    """What the page of a consultation held elsewhere said at each date."""
    found = elsewhere_or_404(slug)
    if found.node.state != State.PUBLIC and not access.can(
        request.actor, "manage_consultation", found
    ):
        raise Http404
    labels: dict[str, str] = {
        field.name: str(getattr(field, "verbose_name", "")) for field in found._meta.fields
    }
    labels |= {"title": _("Subject"), "withdrawn": _("Withdrawn from the register")}
    context = {
        "title": tr(found.node.title),
        "back": reverse("elsewhere", args=[slug]),
        "versions": revisions.history(found.node),
        "labels": labels,
        **SECTION,
    }
    return public_page(request, "components/history.html", context)
