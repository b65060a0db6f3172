"""The survey: pages of questions, a draft kept on the server, one answer that can be changed."""

from collections.abc import Mapping
from typing import Any

import pyarrow as pa
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from parvis.consult import queries
from parvis.consult.methods import Collected, Method
from parvis.consult.models import Activity, Contribution
from parvis.methods.survey import answers, tabulate
from parvis.methods.survey.definition import TEXTS, Questionnaire, holes, parse
from parvis.methods.survey.shown import shown


def questionnaire_of(activity: Activity) -> Questionnaire:
    """Return an activity's questionnaire, read once for each version of its settings."""
    kept: tuple[Any, Questionnaire] | None = activity.__dict__.get("_questionnaire")
    if kept is None or kept[0] is not activity.settings:
        kept = activity.__dict__["_questionnaire"] = (activity.settings, parse(activity.settings))
    return kept[1]


def _clean_settings(raw: Any) -> dict[str, Any]:
    return parse(raw).model_dump(mode="json", by_alias=True, exclude_none=True)


def _texts(contribution: Contribution) -> list[tuple[str, str]]:
    questionnaire = questionnaire_of(contribution.activity)
    found = []
    for question in questionnaire.questions():
        if question.type in TEXTS and (text := contribution.payload.get(question.id)):
            found.append((question.id, str(text)))
        if text := contribution.payload.get(f"{question.id}_other"):
            found.append((f"{question.id}_other", str(text)))
    return found


def table(activity: Activity) -> pa.Table:
    """Return the kept answers as an Arrow table without personal data, in random order."""
    payloads = list(queries.kept(activity).values_list("payload", flat=True))
    return tabulate.table(questionnaire_of(activity), payloads)


def charts(activity: Activity, data: pa.Table) -> list[tabulate.Chart]:
    """Return the charts of an activity's table, question by question, in the active language."""
    questions = questionnaire_of(activity).questions()
    drawn = [tabulate.chart(question, data) for question in questions]
    return [chart for chart in drawn if chart is not None]


def collects(activity: Activity) -> list[Collected]:
    """Return what the questionnaire asks, question by question."""
    return [
        Collected(question.label, not question.opinion, question.required)
        for question in questionnaire_of(activity).questions()
    ]


def results(activity: Activity) -> Mapping[str, Any]:
    """Return what the results page shows; `charts` is absent while they are not public."""
    from parvis.methods.survey.results import public_results

    return public_results(activity) or {"activity": activity, "hidden": True}


def draw_stale() -> int:
    """Draw again the charts of the surveys that changed."""
    from parvis.methods.survey.results import draw_stale

    return draw_stale()


METHOD = Method(
    kind="survey",
    label=_("Survey"),
    actions={"answer": _("Answer the survey")},
    leaf="answer",
    url=lambda activity: reverse("survey", args=[activity.node.slug]),
    clean_settings=_clean_settings,
    holes=lambda activity: holes(
        questionnaire_of(activity), activity.consultation.languages or ["fr"]
    ),
    clean_payload=lambda activity, raw, partial=False: answers.clean_all(
        questionnaire_of(activity), raw, partial=partial
    ),
    readable=lambda contribution: answers.lines(
        questionnaire_of(contribution.activity), contribution.payload
    ),
    texts=_texts,
    table=table,
    results_template="survey/results.html",
    results=results,
    work=lambda: bool(draw_stale()),
    collects=collects,
    shown=lambda activity: shown(questionnaire_of(activity)),
    settings_url=lambda activity: reverse("survey_edit", args=[activity.node.slug]),
    change_url=lambda contribution, code: reverse(
        "survey_change", args=[contribution.activity.node.slug, code]
    ),
)
