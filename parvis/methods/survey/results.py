"""When the charts of a survey are public, and the charts themselves, drawn by the worker."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from django.db import transaction
from django.utils import timezone, translation
from django.utils.translation import get_language

from parvis.consult import phases
from parvis.consult.models import Activity
from parvis.core.i18n import DEFAULT, LANGUAGES, Foreign
from parvis.methods.survey.models import Results
from parvis.methods.survey.queries import questionnaire_of, table
from parvis.methods.survey.tabulate import Bar, Chart, chart


def are_public(activity: Activity) -> bool:
    """Whether the charts may be seen: while it runs when so set, else once it is closed."""
    live = questionnaire_of(activity).results == "live"
    return live or not phases.is_open(activity, "answer")


def public_results(activity: Activity) -> Mapping[str, Any] | None:
    """Return what the page shows of the charts last drawn, or None while they are not public.

    `pending` where they were never drawn. No page computes them: with 11,000 answers that takes
    longer than all the rest.
    """
    if not are_public(activity):
        return None
    row = Results.objects.filter(activity=activity, drawn_at__isnull=False).first()
    if row is None:
        return {"activity": activity, "pending": True}
    language = (get_language() or DEFAULT)[:2]
    charts = row.charts.get(language) or row.charts.get(DEFAULT, [])
    return {
        "activity": activity,
        "charts": [_chart(kept) for kept in charts],
        "total": row.total,
        "drawn_at": row.drawn_at,
    }


def _kept(text: str) -> Any:
    """A text as JSON, with its language where it is not the page's."""
    return {"text": text, "lang": text.lang} if isinstance(text, Foreign) else text


def _said(kept: Any) -> str:
    if isinstance(kept, str):
        return kept
    text = Foreign(kept["text"])
    text.lang = kept["lang"]
    return text


def _written(chart: Chart) -> dict[str, Any]:
    bars = [{**asdict(bar), "label": _kept(bar.label)} for bar in chart.bars]
    return {**asdict(chart), "title": _kept(chart.title), "bars": bars}


def _chart(kept: Mapping[str, Any]) -> Chart:
    bars = tuple(Bar(**{**bar, "label": _said(bar["label"])}) for bar in kept["bars"])
    return Chart(**{**kept, "title": _said(kept["title"]), "bars": bars})


@transaction.atomic
def draw(activity: Activity) -> Results:
    """Draw the charts of a survey from its table, in every language, and return them kept."""
    # Before the answers are read: what comes meanwhile makes them stale again.
    Results.objects.update_or_create(activity=activity, defaults={"stale": False})
    data = table(activity)
    questions = list(questionnaire_of(activity).questions())
    charts = {}
    for language in LANGUAGES:
        with translation.override(language):
            charts[language] = [
                _written(made) for one in questions if (made := chart(one, data)) is not None
            ]
    row, _made = Results.objects.update_or_create(
        activity=activity,
        defaults={"charts": charts, "total": data.num_rows, "drawn_at": timezone.now()},
    )
    return row


def draw_stale() -> int:
    """Draw again what changed; return how many surveys. Called by the worker."""
    stale = list(Results.objects.filter(stale=True).select_related("activity__consultation__node"))
    for row in stale:
        draw(row.activity)
    return len(stale)
