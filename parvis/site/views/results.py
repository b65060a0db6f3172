"""What was said: one sentence, who answered, themes with counts and words, what is answered."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_safe

from parvis.consult import methods, phases
from parvis.consult import queries as consult
from parvis.consult.models import Channel, Consultation, Contribution
from parvis.consult.views import consultation_or_404
from parvis.core import kinds, revisions
from parvis.core.i18n import tr
from parvis.core.models import Node, State
from parvis.core.pages import public_page
from parvis.core.templatetags.parvis import number
from parvis.plan import queries as plan_queries
from parvis.plan.models import Response
from parvis.plan.values import Verdict
from parvis.site import daily
from parvis.site.thread import Reach, consultation_thread, reach
from parvis.understand import queries
from parvis.understand.models import Quote, Theme


@dataclass(frozen=True)
class Shown:
    """A theme as the page shows it: its count out of all, words of people, its answer."""

    theme: Theme
    count: int
    of: int
    quotes: Sequence[Quote]
    due: queries.Due
    response: Response | None
    earlier: Sequence[str]

    @property
    def node(self) -> Node:
        """The theme's node."""
        return self.theme.node

    @property
    def width(self) -> str:
        """The length of its bar, on a scale of 100, as SVG wants it."""
        return f"{100 * self.count / self.of if self.of else 0:.2f}"


@require_safe
def results(request: HttpRequest, slug: str) -> HttpResponse:
    """The page of a consultation's results; before they exist, when they are promised."""
    found = consultation_or_404(request, slug)
    calendar = phases.Calendar.of(found)
    counts = consult.counts(found, channels=True)
    reached = reach(found)
    today = timezone.localdate(calendar.now)
    themes = _themes(found.node, counts.kept, today)
    characteristics, activities = _activities(request, found, calendar)
    closes = calendar.closes()
    context = {
        "consultation": found,
        "node": found.node,
        "state": calendar.state,
        "opens": calendar.opens(),
        # An end at midnight is the end of the day before.
        "last_day": closes - timedelta(microseconds=1) if closes else None,
        "counts": counts,
        "received_by": _labelled(counts.by_channel, Channel),
        "aside": counts.rejected + counts.withdrawn + counts.hidden,
        "aside_by": _aside(counts),
        "characteristics": characteristics,
        "daily": daily.of(found) if counts.received else None,
        "activities": activities,
        "themes": themes,
        "sentence": _sentence(themes),
        "progress": queries.progress(found.node) if themes else None,
        "late_days": _late(found.themes_due, today) if not themes else 0,
        **_answers(themes, reached, today),
        "datasets": list(Node.objects.filter(pk__in=reached.datasets).order_by("pk")),
        "data_late_days": _late(found.report_due, today) if not reached.datasets else 0,
        "knots": consultation_thread(found, counts=counts, calendar=calendar, reached=reached),
        "preview": found.node.state != State.PUBLIC,
        "section": "consultations",
    }
    return public_page(
        request, "results/results.html", context, seconds=calendar.seconds_to_boundary()
    )


def _late(due: date | None, today: date) -> int:
    return (today - due).days if due and due < today else 0


def _labelled(numbers: Mapping[str, int], choices: Any) -> list[str]:
    """“web 1,012, paper 74”, the largest first."""
    names = dict(choices.choices)
    rows = sorted(numbers.items(), key=lambda item: -item[1])
    return [f"{str(names.get(key, key)).lower()} {number(n)}" for key, n in rows]


def _aside(counts: consult.Counts) -> list[str]:
    words = _labelled(counts.rejected_by, Contribution.Why)
    if counts.withdrawn:
        said = ngettext("%(n)s withdrawn", "%(n)s withdrawn", counts.withdrawn)
        words.append(said % {"n": number(counts.withdrawn)})
    if counts.hidden:
        said = ngettext("%(n)s hidden by moderation", "%(n)s hidden by moderation", counts.hidden)
        words.append(said % {"n": number(counts.hidden)})
    return words


def _themes(space: Node, of: int, today: date) -> list[Shown]:
    """The public themes, the most expressed first."""
    rows = queries.themes_of(space, public_only=True)
    ids = [row.theme.pk for row in rows]
    quotes = queries.public_quotes(ids)
    dues = queries.dues([row.theme for row in rows], today)
    responses = plan_queries.responses_of_themes(ids)
    earlier: dict[UUID, list[str]] = {}
    merged = Theme.objects.filter(merged_into__in=ids).select_related("node")
    for theme in merged.order_by("pk"):
        if theme.merged_into_id:
            earlier.setdefault(theme.merged_into_id, []).append(theme.node.slug)
    shown = [
        Shown(
            row.theme,
            row.count,
            of,
            quotes.get(row.theme.pk, ()),
            dues[row.theme.pk],
            responses.get(row.theme.pk),
            earlier.get(row.theme.pk, ()),
        )
        for row in rows
    ]
    # Python sorts keep the desk's order among equals.
    return sorted(shown, key=lambda item: -item.count)


def _sentence(themes: Sequence[Shown]) -> str:
    if not themes or not themes[0].count:
        return ""
    first = themes[0]
    said = {
        "first": tr(first.node.title),
        "n": number(first.count),
        "total": number(first.of),
    }
    if len(themes) == 1 or not themes[1].count:
        return _("What people say: “%(first)s” (%(n)s of %(total)s).") % said
    said |= {"second": tr(themes[1].node.title), "m": number(themes[1].count)}
    return (
        _("What comes back most: “%(first)s” (%(n)s of %(total)s), then “%(second)s” (%(m)s).")
        % said
    )


def _answers(themes: Sequence[Shown], reached: Reach, today: date) -> dict[str, Any]:
    """What is answered: one entry a response, the themes that still wait, how many are late."""
    by_response: dict[UUID, list[Shown]] = {}
    for item in themes:
        if item.response is not None:
            by_response.setdefault(item.response.pk, []).append(item)
    led = plan_queries.commitments_of_responses(by_response, today=today) if by_response else {}
    answers = [
        {
            "response": group[0].response,
            "themes": [item.node for item in group],
            "led": led.get(pk, []),
        }
        for pk, group in by_response.items()
    ]
    waiting = [item for item in themes if item.response is None]
    verdicts = plan_queries.verdict_counts(
        item.response for item in themes if item.response is not None
    )
    return {
        "answers": answers,
        "answered": len(themes) - len(waiting),
        "waiting": waiting,
        "late_answers": sum(item.due.is_late for item in waiting),
        "verdicts": [(Verdict(name).label, n) for name, n in verdicts.items()],
    }


def _activities(
    request: HttpRequest, found: Consultation, calendar: phases.Calendar
) -> tuple[list[Any], list[dict[str, Any]]]:
    """The activities' own results; questions about people apart, as who answered.

    Whether they may be seen already is the method's to say (`hidden`): what others answered can
    weigh on who answers next.
    """
    people: list[Any] = []
    shown: list[dict[str, Any]] = []
    if calendar.state in {"none", "coming"}:
        return people, shown
    for activity in consult.activities_of(found):
        method = methods.get(activity.method)
        if method.results is None or method.results_template is None:
            continue
        context = {**method.results(activity), "activity": activity}
        charts = list(context.get("charts") or ())
        apart = [chart for chart in charts if not getattr(chart, "opinion", True)]
        people += [chart for chart in apart if not getattr(chart, "too_few", False)]
        if charts:
            context["charts"] = [chart for chart in charts if chart not in apart]
        html = render_to_string(method.results_template, context, request)
        hidden = bool(context.get("hidden"))
        shown.append({"activity": activity, "html": html, "hidden": hidden})
    return people, shown


@require_safe
def history(request: HttpRequest, slug: str, theme: str) -> HttpResponse:
    """What a published theme said, when it changed, and how."""
    found = consultation_or_404(request, slug)
    row = (
        Theme.objects.filter(node__slug=theme, node__space=found.node, node__state=State.PUBLIC)
        .select_related("node__space")
        .first()
    )
    if row is None:
        raise Http404
    context = {
        "title": tr(row.node.title),
        "back": kinds.url(row.node),
        "versions": revisions.history(row.node),
        "labels": {"title": _("Name"), "description": _("Description")},
        "section": "consultations",
    }
    return public_page(request, "components/history.html", context)
