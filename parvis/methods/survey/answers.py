"""Answers: read from a form or from JSON, checked question by question, read back in words."""

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from parvis.core.errors import Invalid
from parvis.core.i18n import tr
from parvis.methods.survey.definition import TEXTS, Page, Question, Questionnaire

Answers = dict[str, Any]
OTHER = "other"
OTHER_CHARACTERS_MAX = 300


def shown(question: Question, answers: Mapping[str, Any]) -> bool:
    """Whether the answers so far show this question."""
    condition = question.show_if
    if condition is None:
        return True
    given = answers.get(condition.question)
    chosen = set(given) if isinstance(given, list) else {given}
    return bool(chosen & set(condition.one_of))


def from_form(page: Page, data: Any, answers: Mapping[str, Any]) -> Answers:
    """Return what a page's form says, as typed; nothing is checked yet."""
    raw: Answers = {}
    for question in page.questions:
        if not shown(question, answers):
            continue
        name = question.id
        if question.type == "multiple":
            raw[name] = data.getlist(name)
        elif question.type == "ranking":
            raw[name] = {
                option.id: data.get(f"{name}_{option.id}", "") for option in question.options
            }
        else:
            raw[name] = data.get(name, "")
        if question.other:
            raw[f"{name}_other"] = data.get(f"{name}_other", "")
    return raw


def _text(question: Question, value: Any) -> str | None:
    words = str(value or "").replace("\r\n", "\n").strip()
    if not words:
        return None
    if len(words) > question.characters_max:
        raise ValueError(
            _("%(n)d characters: the most is %(max)d.")
            % {"n": len(words), "max": question.characters_max}
        )
    if question.min and len(words) < question.min:
        raise ValueError(
            _("%(n)d characters: at least %(min)d are asked.")
            % {"n": len(words), "min": question.min}
        )
    return words


def _number(question: Question, value: Any) -> int | str | None:
    typed = str(value if value is not None else "").strip()
    typed = typed.replace("\u00a0", "").replace(" ", "").replace(",", ".")
    if not typed:
        return None
    try:
        number = Decimal(typed)
    except InvalidOperation:
        raise ValueError(_("“%(v)s” is not a number.") % {"v": value}) from None
    if not number.is_finite() or number.adjusted() > 15:
        raise ValueError(_("“%(v)s” is not a number.") % {"v": value})
    low, high = (
        (question.low, question.high)
        if question.type == "scale"
        else (
            question.min,
            question.max,
        )
    )
    if (low is not None and number < low) or (high is not None and number > high):
        raise ValueError(
            _("The number is between %(min)s and %(max)s.")
            % {"min": "…" if low is None else low, "max": "…" if high is None else high}
        )
    if number == number.to_integral_value():
        return int(number)
    if question.type == "scale":
        raise ValueError(_("“%(v)s” is not a number.") % {"v": value})
    return format(number.normalize(), "f")


def _ranking(question: Question, value: Any) -> list[str] | None:
    """A ranking is the list of answers, best first; a form gives {answer: rank}."""
    if isinstance(value, list):
        order = [str(item) for item in value]
        if len(set(order)) != len(order) or any(question.option(item) is None for item in order):
            raise ValueError(_("An answer is ranked twice, or is not in the list."))
    else:
        ranks: dict[int, str] = {}
        for option in question.options:
            typed = str((value or {}).get(option.id, "")).strip()
            if not typed:
                continue
            if not typed.isdigit() or not 1 <= int(typed) <= len(question.options):
                raise ValueError(_("“%(v)s” is not a rank.") % {"v": typed})
            if int(typed) in ranks:
                raise ValueError(
                    _("Two answers have rank %(rank)s. Give each a different rank.")
                    % {"rank": typed}
                )
            ranks[int(typed)] = option.id
        if ranks and sorted(ranks) != list(range(1, len(ranks) + 1)):
            raise ValueError(_("Ranks follow one another: 1, 2, 3…"))
        order = [ranks[rank] for rank in sorted(ranks)]
    if not order:
        return None
    return _within(question, order)


def _within(question: Question, chosen: list[str]) -> list[str]:
    n = len(chosen)
    if question.max is not None and n > question.max:
        raise ValueError(
            ngettext(
                "You chose %(n)d. The most is %(max)d: take one off.",
                "You chose %(n)d. The most is %(max)d: take some off.",
                n - question.max,
            )
            % {"n": n, "max": question.max}
        )
    if question.min is not None and n < question.min:
        raise ValueError(
            ngettext(
                "At least %(min)d choice is asked.",
                "At least %(min)d choices are asked.",
                question.min,
            )
            % {"min": question.min}
        )
    return chosen


def _choice(question: Question, value: Any, other: str) -> Any:
    many = question.type == "multiple"
    given = [str(item) for item in (value if isinstance(value, list) else [value]) if item]
    if other and OTHER not in given and question.other:
        given = [*given, OTHER] if many else [OTHER]
    chosen = []
    for item in dict.fromkeys(given):
        if item == OTHER and question.other:
            if not other:
                raise ValueError(_("Say which other."))
        elif question.option(item) is None:
            raise ValueError(_("“%(v)s” is not one of the answers.") % {"v": item})
        chosen.append(item)
    if not chosen:
        return None
    return _within(question, chosen) if many else chosen[0]


def clean_question(question: Question, raw: Mapping[str, Any], *, partial: bool = False) -> Answers:
    """Return {question: answer} (and the other's text), or {}. Raises ValueError in words.

    `partial`: what came on paper or from a file may leave out what the form would require.
    """
    value = raw.get(question.id)
    other = ""
    if question.other:
        other = str(raw.get(f"{question.id}_other") or "").strip()
        if len(other) > OTHER_CHARACTERS_MAX:
            raise ValueError(_("%(n)d characters: the most is %(max)d.") % {
                "n": len(other), "max": OTHER_CHARACTERS_MAX})  # fmt: skip
    cleaned: Any
    if question.type in TEXTS:
        cleaned = _text(question, value)
    elif question.type in {"number", "scale"}:
        cleaned = _number(question, value)
    elif question.type == "ranking":
        cleaned = _ranking(question, value)
    else:
        cleaned = _choice(question, value, other)
    if cleaned is None:
        if question.required and not partial:
            raise ValueError(_("This question needs an answer."))
        return {}
    out = {question.id: cleaned}
    if other and (cleaned == OTHER or (isinstance(cleaned, list) and OTHER in cleaned)):
        out[f"{question.id}_other"] = other
    return out


def clean_page(
    page: Page, raw: Mapping[str, Any], before: Mapping[str, Any], *, partial: bool = False
) -> Answers:
    """Return the checked answers of one page. Raises Invalid by question."""
    cleaned: Answers = {}
    errors: dict[str, list[str]] = {}
    for question in page.questions:
        if not shown(question, {**before, **cleaned}):
            continue
        try:
            cleaned.update(clean_question(question, raw, partial=partial))
        except ValueError as error:
            errors[question.id] = [str(error)]
    if errors:
        raise Invalid(errors)
    return cleaned


def clean_all(
    questionnaire: Questionnaire, raw: Mapping[str, Any], *, partial: bool = False
) -> Answers:
    """Return a whole checked answer, questions in order, hidden ones left out.

    Raises Invalid by question, or when nothing at all is answered.
    """
    cleaned: Answers = {}
    errors: dict[str, list[str]] = {}
    for page in questionnaire.pages:
        try:
            cleaned.update(clean_page(page, raw, cleaned, partial=partial))
        except Invalid as refusal:
            errors.update({key: [str(m) for m in value] for key, value in refusal.errors.items()})
    if errors:
        raise Invalid(errors)
    if not cleaned:
        raise Invalid({"__all__": [_("Answer one question at least.")]})
    return cleaned


def in_words(question: Question, answers: Mapping[str, Any]) -> str:
    """Return one answer as a person reads it; empty when there is none."""
    value = answers.get(question.id)
    if value is None or value == [] or value == "":
        return ""
    other = answers.get(f"{question.id}_other", "")

    def name(item: str) -> str:
        if item == OTHER and question.other:
            return _("Other: %(text)s") % {"text": other}
        option = question.option(item)
        return tr(option.label) if option else str(item)

    if question.type == "ranking":
        return "\n".join(f"{rank}. {name(item)}" for rank, item in enumerate(value, 1))
    if question.type == "multiple":
        return "\n".join(name(item) for item in value)
    if question.type == "single":
        return name(value)
    if question.type == "scale":
        return _("%(value)s out of %(max)s") % {"value": value, "max": question.high}
    return str(value)


def lines(questionnaire: Questionnaire, answers: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return (question, answer) in words for every question that was shown."""
    return [
        (tr(question.label), in_words(question, answers))
        for question in questionnaire.questions()
        if shown(question, answers)
    ]
