"""A questionnaire's definition: pages of questions, checked once when it is saved."""

from collections.abc import Iterator, Mapping
from typing import Any, Literal, Self

from django.utils.translation import gettext as _
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from parvis.core.errors import Invalid
from parvis.core.i18n import missing, tr

Words = dict[str, str]
Kind = Literal["single", "multiple", "ranking", "scale", "number", "short", "long"]
TEXTS = frozenset({"short", "long"})
CHOICES = frozenset({"single", "multiple", "ranking"})
IDENTIFIER = r"^[a-z][a-z0-9_-]{0,39}$"
CHARACTERS_MAX = {"short": 300, "long": 3_500}


class _Strict(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)


class Option(_Strict):
    """One answer to choose."""

    id: str = Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,39}$")
    label: Words


class ShowIf(_Strict):
    """Show a question only after one of these answers to a question of an earlier page."""

    question: str
    one_of: list[str] = Field(alias="in", min_length=1)


class Ends(_Strict):
    """What the two ends of a scale mean."""

    low: Words
    high: Words


class Question(_Strict):
    """One question. `opinion` is false for characteristics (age, region): published one way only.

    min and max: number of choices (multiple, ranking), ends (scale), bounds (number), or
    characters (short, long).
    """

    id: str = Field(pattern=IDENTIFIER)
    type: Kind
    label: Words
    help: Words | None = None
    required: bool = False
    opinion: bool = True
    options: list[Option] = Field(default_factory=list, max_length=60)
    other: bool = False
    min: int | None = None
    max: int | None = None
    ends: Ends | None = None
    show_if: ShowIf | None = None

    @field_validator("options")
    @classmethod
    def _distinct(cls, options: list[Option]) -> list[Option]:
        identifiers = [option.id for option in options]
        if len(set(identifiers)) != len(identifiers):
            raise ValueError(_("Two answers have the same identifier."))
        return options

    @model_validator(mode="after")
    def _coherent(self) -> Self:
        if self.type in CHOICES and len(self.options) < 2:
            raise ValueError(_("A question of choice needs two answers at least."))
        if self.min is not None and self.max is not None and self.min > self.max:
            raise ValueError(_("The least is greater than the most."))
        if self.type in {"multiple", "ranking"}:
            room = len(self.options) + (1 if self.other else 0)
            if (self.min or 0) > room:
                raise ValueError(_("More choices are asked than there are answers."))
        if self.type == "scale":
            low, high = self.low, self.high
            if not 2 <= high - low + 1 <= 11:
                raise ValueError(_("A scale has 2 to 11 points."))
        return self

    @property
    def low(self) -> int:
        """The lower end of a scale."""
        return 0 if self.min is None else self.min

    @property
    def high(self) -> int:
        """The upper end of a scale."""
        return 10 if self.max is None else self.max

    @property
    def points(self) -> list[int]:
        """The points of a scale."""
        return list(range(self.low, self.high + 1))

    @property
    def characters_max(self) -> int:
        """The most characters of a text."""
        return min(self.max or CHARACTERS_MAX[self.type], CHARACTERS_MAX[self.type])

    def option(self, identifier: str) -> Option | None:
        """Return one of the answers, or None."""
        return next((option for option in self.options if option.id == identifier), None)


class Page(_Strict):
    """One screen."""

    id: str = Field(pattern=IDENTIFIER)
    title: Words
    intro: Words | None = None
    questions: list[Question] = Field(min_length=1, max_length=40)


class Questionnaire(_Strict):
    """The settings of a survey activity. `results`: charts while it runs, or after it closes."""

    pages: list[Page] = Field(default_factory=list, max_length=20)
    results: Literal["live", "closed"] = "closed"

    def questions(self) -> Iterator[Question]:
        """Every question in order."""
        for page in self.pages:
            yield from page.questions

    def question(self, identifier: str) -> Question | None:
        """Return a question, or None."""
        return next((q for q in self.questions() if q.id == identifier), None)

    @model_validator(mode="after")
    def _references(self) -> Self:
        seen: dict[str, Question] = {}
        for page in self.pages:
            names = [question.id for question in page.questions]
            for question in page.questions:
                if question.id in seen or names.count(question.id) > 1:
                    raise ValueError(_("Two questions have the same identifier."))
                if condition := question.show_if:
                    before = seen.get(condition.question)
                    if before is None:
                        raise ValueError(
                            _("“%(q)s” depends on a question that is not on an earlier page.")
                            % {"q": question.id}
                        )
                    known = {option.id for option in before.options}
                    if before.type not in {"single", "multiple"} or set(condition.one_of) - known:
                        raise ValueError(
                            _("“%(q)s” depends on an answer that does not exist.")
                            % {"q": question.id}
                        )
            seen.update({question.id: question for question in page.questions})
        return self


def parse(raw: Any) -> Questionnaire:
    """Return the questionnaire of some settings. Raises Invalid with each place and reason."""
    try:
        return Questionnaire.model_validate(raw)
    except ValidationError as error:
        messages = []
        for problem in error.errors():
            place = " › ".join(
                str(part + 1) if isinstance(part, int) else str(part) for part in problem["loc"]
            )
            reason = problem["msg"].removeprefix("Value error, ")
            messages.append(f"{place}: {reason}" if place else reason)
        raise Invalid({"settings": messages}) from None


def holes(questionnaire: Questionnaire, languages: list[str]) -> list[str]:
    """Return in words what is missing before opening: questions, languages."""
    found: list[str] = []
    if not questionnaire.pages:
        return [_("The questionnaire has no question yet.")]
    for page in questionnaire.pages:
        if missing(page.title, languages):
            found.append(
                _("Page “%(page)s”: its title is missing in a language.") % {"page": page.id}
            )
        for question in page.questions:
            texts: list[Mapping[str, str]] = [
                question.label,
                *(option.label for option in question.options),
            ]
            if question.ends:
                texts += [question.ends.low, question.ends.high]
            lost = sorted({code for text in texts for code in missing(text, languages)})
            if lost:
                found.append(
                    _("Question “%(q)s”: text missing (%(languages)s).")
                    % {"q": question.id, "languages": ", ".join(lost)}
                )
            if any("[" in text.get(code, "") for text in texts for code in languages):
                found.append(
                    _("Question “%(q)s” still holds [brackets] to replace.")
                    % {"q": tr(question.label)}
                )
    return found
