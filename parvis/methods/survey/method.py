"""The survey: pages of questions, a draft kept on the server, one answer that can be changed."""

from collections.abc import Mapping
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from parvis.consult.methods import Collected, Method
from parvis.consult.models import Activity, Contribution
from parvis.methods.survey import answers, queries, results
from parvis.methods.survey.definition import TEXTS, holes, parse
from parvis.methods.survey.queries import questionnaire_of
from parvis.methods.survey.shown import shown


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


def collects(activity: Activity) -> list[Collected]:
    """Return what the questionnaire asks, question by question."""
    return [
        Collected(question.label, not question.opinion, question.required)
        for question in questionnaire_of(activity).questions()
    ]


def shown_results(activity: Activity) -> Mapping[str, Any]:
    """Return what the results page shows; `charts` is absent while they are not public."""
    return results.public_results(activity) or {"activity": activity, "hidden": True}


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
    table=queries.table,
    results_template="survey/results.html",
    results=shown_results,
    work=lambda: bool(results.draw_stale()),
    collects=collects,
    shown=lambda activity: shown(questionnaire_of(activity)),
    settings_url=lambda activity: reverse("survey_edit", args=[activity.node.slug]),
    change_url=lambda contribution, code: reverse(
        "survey_change", args=[contribution.activity.node.slug, code]
    ),
)
