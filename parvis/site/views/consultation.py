"""A consultation's page: what is asked, what opinion can change, the thread, the steps."""

from typing import Any
from zoneinfo import ZoneInfo

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_safe

from parvis.consult import methods, phases, queries
from parvis.consult.models import Consultation
from parvis.consult.views import consultation_or_404
from parvis.core import kinds
from parvis.core.models import State
from parvis.core.pages import public_page
from parvis.site.thread import Reach, consultation_thread, reach


@require_safe
def consultation(request: HttpRequest, slug: str) -> HttpResponse:
    """One consultation, at most eight queries; a ninth after something public has changed."""
    found = consultation_or_404(request, slug)
    calendar = phases.Calendar.of(found)
    counts = queries.counts(found)
    reached = reach(found)
    # Values, not rows: the page keeps its parts by what they say.
    rows = queries.activities_of(found)
    activities = [
        {
            "title": activity.node.title,
            "url": methods.get(activity.method).url(activity),
            "label": methods.get(activity.method).label,
            "open": calendar.is_open(activity.pk),
            "closes": calendar.closes(activity.pk),
            "received": counts.by_activity.get(activity.pk, 0),
        }
        for activity in rows
    ]
    main: dict[str, Any] | None = next((item for item in activities if item["open"]), None)
    context = {
        "consultation": found,
        "node": found.node,
        "calendar": calendar,
        "state": calendar.state,
        "opens": calendar.opens(),
        "closes": calendar.closes(),
        "days_left": phases.days_left(calendar.closes(), calendar.now),
        "counts": counts,
        "knots": consultation_thread(found, counts=counts, calendar=calendar, reached=reached),
        "reached": reached,
        "steps": _steps(found, calendar),
        "promises": _promises(found, calendar, reached),
        "activities": activities,
        "main": main,
        "to_print": [row.node.slug for row in rows if row.method == "survey"],
        "documents": [
            {"url": kinds.url(node) or "", "title": node.title}
            for node in queries.documents_of(found)
        ],
        "preview": found.node.state != State.PUBLIC,
        "section": "consultations",
    }
    # Dates are said, and close, in the consultation's own time zone.
    with timezone.override(ZoneInfo(found.time_zone)):
        return public_page(
            request, "site/consultation.html", context, seconds=calendar.seconds_to_boundary()
        )


def _steps(found: Consultation, calendar: phases.Calendar) -> list[dict[str, Any]]:
    """The phases, each with the acts that made it longer."""
    extensions = queries.extensions_of(found)
    return [
        {
            "title": phase.title,
            "starts": phase.starts,
            "ends": phase.ends,
            "state": calendar.state_of(phase),
            "extensions": [
                {"old_ends": one.old_ends, "new_ends": one.new_ends, "reason": one.reason}
                for one in extensions
                if one.phase_id == phase.pk
            ],
        }
        for phase in calendar.phases
    ]


def _promises(
    found: Consultation, calendar: phases.Calendar, reached: Reach
) -> list[dict[str, Any]]:
    """The steps that come after the phases: what is published, when, and whether it is late."""
    today = calendar.now.date()
    rows = [
        ("themes", found.themes_due, bool(reached.themes)),
        (
            "responses",
            found.response_due,
            bool(reached.themes) and len(reached.responses) >= len(reached.themes),
        ),
        ("data", found.report_due, bool(reached.datasets)),
    ]
    return [
        {
            "name": name,
            "due": due,
            "state": "done" if done else ("late" if due and due < today else "promised"),
            "days": (today - due).days if due and not done and due < today else 0,
        }
        for name, due, done in sorted(rows, key=lambda row: (row[1] is None, row[1]))
    ]
