"""The home page."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_safe

from parvis.consult import methods, phases, queries
from parvis.consult.models import Consultation
from parvis.core import kinds
from parvis.core.i18n import tr
from parvis.core.models import State
from parvis.core.pages import public_page
from parvis.core.templatetags.parvis import day
from parvis.pages.queries import home_blocks
from parvis.plan.models import ProgressUpdate
from parvis.site.thread import consultation_thread
from parvis.site.views.pillars import pillar_rows


def _main_link(consultation: Any) -> str | None:
    calendar = phases.Calendar.of(consultation)
    for activity in queries.activities_of(consultation):
        if calendar.is_open(activity.pk):
            return methods.get(activity.method).url(activity)
    return None


def _news(count: int) -> list[dict[str, Any]]:
    """The last reports on commitments: what was done, and what was not."""
    updates = ProgressUpdate.objects.filter(
        node__state=State.PUBLIC, commitment__node__state=State.PUBLIC
    ).select_related("commitment__node", "commitment__plan__node")
    rows = []
    for update in updates.order_by("-node__published_at", "-pk")[:count]:
        commitment = update.commitment
        said = tr(update.text)
        why = tr(update.why)
        rows.append(
            {
                "when": day(update.reported_on) or tr(commitment.plan.node.title),
                "title": tr(commitment.node.title),
                "url": kinds.url(commitment.node),
                "text": f"{said} {why}".strip(),
            }
        )
    return rows


def _blocks() -> dict[str, Any]:
    """The blocks that staff wrote, and which of the consultations they show are rebuilt."""
    blocks = home_blocks()
    shown = [b.node.pk for b in blocks if b.node is not None and b.node.kind == "consultation"]
    rebuilt = Consultation.objects.filter(pk__in=shown, reconstructed=True) if shown else ()
    return {"blocks": blocks, "rebuilt": {row.pk for row in rebuilt}}


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """What is open and until when; what was decided lately; one thread followed to its end."""
    rows = queries.listed(queries.public_consultations()[:30])
    now = timezone.now()
    open_rows = sorted(
        (row for row in rows if row.state == "open"), key=lambda row: row.closes or now
    )
    closed = [row for row in rows if row.state == "closed"]
    told = next((row for row in closed), None)
    knots = []
    seconds = 60
    if told:
        calendar = phases.Calendar.of(told.consultation)
        knots = consultation_thread(
            told.consultation, counts=queries.counts(told.consultation), calendar=calendar
        )
    if open_rows:
        seconds = phases.Calendar.of(open_rows[0].consultation).seconds_to_boundary()
    context = {
        "open": open_rows[0] if open_rows else None,
        "answer_url": _main_link(open_rows[0].consultation) if open_rows else None,
        "others": [row for row in rows if not open_rows or row is not open_rows[0]][:3],
        "news": _news(3),
        "told": told,
        "knots": knots,
        "pillars": pillar_rows(),
        **_blocks(),
    }
    return public_page(request, "site/home.html", context, seconds=seconds)
