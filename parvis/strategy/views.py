"""What everybody reads of a strategy: its barometer, its indicators, their history, their files."""

from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from parvis.core import access
from parvis.core.models import State
from parvis.core.pages import found_or_404, history_page, paginate, public_page
from parvis.strategy import files, queries
from parvis.strategy.models import Indicator, Strategy
from parvis.strategy.queries import readings

SECTION = {"section": "strategy"}


def strategy_or_404(request: HttpRequest, slug: str) -> Strategy:
    """Return a strategy that the reader may see."""
    found = found_or_404(queries.strategy_by_slug, slug)
    public = found.node.state == State.PUBLIC
    if not public and not access.can(request.actor, "manage_strategy", found):
        raise Http404
    return found


def indicator_or_404(request: HttpRequest, slug: str) -> Indicator:
    """Return an indicator that the reader may see."""
    found = found_or_404(queries.indicator_by_slug, slug)
    public = found.node.state == found.strategy.node.state == State.PUBLIC
    if not public and not access.can(request.actor, "manage_strategy", found):
        raise Http404
    return found


@require_safe
def strategies(request: HttpRequest) -> HttpResponse:
    """The strategies, the newest first; the only one is shown at once."""
    rows = queries.public_strategies()
    page = paginate(request, rows)
    if page.count == 1:
        return redirect("strategy", page.rows[0].node.slug)
    return public_page(request, "strategy/strategies.html", {"page": page, **SECTION})


@require_safe
def strategy_history(request: HttpRequest, slug: str) -> HttpResponse:
    """What a strategy's page said at each date."""
    found = strategy_or_404(request, slug)
    return history_page(request, found, reverse("strategy", args=[slug]), section="strategy")


@require_safe
def barometer(request: HttpRequest, slug: str) -> HttpResponse:
    """Every indicator of a strategy: where it started, where it is, where it should be."""
    found = strategy_or_404(request, slug)
    rows = queries.public_readings(found)
    context = {
        "strategy": found,
        "node": found.node,
        "readings": rows,
        "measured": sum(1 for row in rows if row.measures),
        "preview": found.node.state != State.PUBLIC,
        **SECTION,
    }
    return public_page(request, "strategy/barometer.html", context)


@require_safe
def barometer_csv(request: HttpRequest, slug: str) -> HttpResponse:
    """The barometer as CSV, safe for spreadsheets."""
    found = strategy_or_404(request, slug)
    answer = HttpResponse(files.barometer_csv(found), content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="{found.node.slug}.csv"'
    answer.public_seconds = 60  # type: ignore[attr-defined]
    return answer


@require_safe
def barometer_json(request: HttpRequest, slug: str) -> HttpResponse:
    """The barometer as JSON."""
    found = strategy_or_404(request, slug)
    answer = JsonResponse(
        files.barometer(found), json_dumps_params={"ensure_ascii": False, "indent": 1}
    )
    answer.public_seconds = 60  # type: ignore[attr-defined]
    return answer


@require_safe
def indicator(request: HttpRequest, slug: str) -> HttpResponse:
    """One indicator: its series, its sources, the data that measure it."""
    found = indicator_or_404(request, slug)
    reading = readings(Indicator.objects.filter(pk=found.pk))[0]
    evidence = queries.evidence(found)
    context = {
        "indicator": found,
        "reading": reading,
        "node": found.node,
        "strategy": found.strategy,
        "evidence": evidence,
        "measured_by": any(link.relation == "measured_by" for link in evidence),
        "versions": found.node.revisions.count(),
        "preview": found.node.state != State.PUBLIC,
        **SECTION,
    }
    return public_page(request, "strategy/indicator.html", context)


@require_safe
def indicator_history(request: HttpRequest, slug: str) -> HttpResponse:
    """What an indicator said at each date: no value changes in silence."""
    found = indicator_or_404(request, slug)
    back = reverse("indicator", args=[slug])
    return history_page(
        request, found, back, labels={"measures": _("Measures")}, section="strategy"
    )
