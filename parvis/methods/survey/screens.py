"""What a page of questions shows: each question with what was typed and its error."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from parvis.core.i18n import tr
from parvis.methods.survey.answers import OTHER, shown
from parvis.methods.survey.definition import Page, Question


@dataclass(frozen=True)
class Choice:
    """One answer to choose, and whether it is chosen (its rank, in a ranking)."""

    id: str
    label: str
    chosen: bool = False
    rank: str = ""


@dataclass(frozen=True)
class Shown:
    """One question as drawn."""

    question: Question
    label: str
    help: str
    value: Any
    choices: Sequence[Choice]
    other: str
    other_chosen: bool
    error: str

    @property
    def id(self) -> str:
        """Name of its inputs."""
        return self.question.id

    @property
    def anchor(self) -> str:
        """Id of its field in the page; prefixed, as a question may have the name of another id."""
        return f"q-{self.question.id}"

    @property
    def kind(self) -> str:
        """Which template draws it."""
        return self.question.type

    @property
    def ranks(self) -> list[str]:
        """The ranks to choose from, as text."""
        most = self.question.max or len(self.question.options)
        return [str(n) for n in range(1, min(most, len(self.question.options)) + 1)]

    @property
    def described_by(self) -> str:
        """Ids of its help and error."""
        parts = [f"{self.anchor}-help"] if self.help else []
        if self.error:
            parts.append(f"{self.anchor}-error")
        return " ".join(parts)

    @property
    def first_input(self) -> str:
        """Id of the input that the error summary links to."""
        if self.kind in {"single", "multiple", "scale"}:
            return f"{self.anchor}-0"
        if self.kind == "ranking" and self.choices:
            return f"{self.anchor}-{self.choices[0].id}"
        return self.anchor


def _chosen(value: Any) -> set[str]:
    return {str(item) for item in (value if isinstance(value, list) else [value])}


def show(
    page: Page,
    typed: Mapping[str, Any],
    before: Mapping[str, Any],
    errors: Mapping[str, Sequence[Any]] | None = None,
) -> list[Shown]:
    """Return the questions of a page that are shown, filled with what was typed."""
    out = []
    for question in page.questions:
        if not shown(question, {**before, **typed}):
            continue
        value = typed.get(question.id)
        chosen = _chosen(value)
        if question.type == "ranking":
            ranks = (
                {item: str(rank) for rank, item in enumerate(value, 1)}
                if isinstance(value, list)
                else (value or {})
            )
            choices = [
                Choice(o.id, tr(o.label), rank=str(ranks.get(o.id, ""))) for o in question.options
            ]
        elif question.type == "scale":
            choices = [Choice(str(n), str(n), str(n) in chosen) for n in question.points]
        else:
            choices = [Choice(o.id, tr(o.label), o.id in chosen) for o in question.options]
        out.append(
            Shown(
                question=question,
                label=tr(question.label),
                help=tr(question.help),
                value="" if value is None or isinstance(value, (list, dict)) else value,
                choices=choices,
                other=str(typed.get(f"{question.id}_other", "")),
                other_chosen=OTHER in chosen,
                error=" ".join(str(m) for m in (errors or {}).get(question.id, ())),
            )
        )
    return out
