"""What people will see of a questionnaire, question by question, for whoever approves it."""

from collections.abc import Iterator
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from parvis.consult.methods import Shown
from parvis.core.i18n import tr
from parvis.methods.survey.definition import Question, Questionnaire

TYPES = {
    "single": gettext_lazy("One answer to choose"),
    "multiple": gettext_lazy("Several answers to choose"),
    "ranking": gettext_lazy("Answers to put in order"),
    "scale": gettext_lazy("A scale"),
    "number": gettext_lazy("A number"),
    "short": gettext_lazy("A short text (300 characters at most)"),
    "long": gettext_lazy("A long text (3,500 characters at most)"),
}


def _facts(question: Question, questionnaire: Questionnaire) -> Iterator[Any]:
    yield TYPES[question.type]
    yield _("Required") if question.required else _("Not required")
    if question.min is not None or question.max is not None or question.type == "scale":
        low = question.low if question.type == "scale" else question.min
        high = question.high if question.type == "scale" else question.max
        if low is not None:
            yield _("From %(n)s") % {"n": low}
        if high is not None:
            yield _("Up to %(n)s") % {"n": high}
    if question.other:
        yield _("“Other” may be written")
    if not question.opinion:
        yield _("A characteristic of the person")
    if condition := question.show_if:
        before = questionnaire.question(condition.question)
        if before is not None:
            chosen = [before.option(name) for name in condition.one_of]
            yield _("Only after “%(question)s”: %(answers)s") % {
                "question": tr(before.label),
                "answers": ", ".join(tr(one.label) for one in chosen if one),
            }


def shown(questionnaire: Questionnaire) -> list[Shown]:
    """Return the pages and the questions of a questionnaire, in order."""
    found = [
        Shown(
            "results",
            _("Charts"),
            {},
            facts=[
                _("Public while the survey runs")
                if questionnaire.results == "live"
                else _("Public once the survey is closed")
            ],
        )
    ]
    rank = 0
    for number, page in enumerate(questionnaire.pages, 1):
        label = _("Page %(n)d") % {"n": number}
        found.append(Shown(f"page-{page.id}", label, page.title, [page.intro or {}]))
        for question in page.questions:
            rank += 1
            items = [question.help or {}, *(option.label for option in question.options)]
            if question.ends:
                items += [question.ends.low, question.ends.high]
            found.append(
                Shown(
                    question.id,
                    _("Question %(n)d") % {"n": rank},
                    question.label,
                    [item for item in items if item],
                    list(_facts(question, questionnaire)),
                )
            )
    return found
