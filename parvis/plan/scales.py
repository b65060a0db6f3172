"""OGP's five scales side by side: each answer with its reason, whoever gives it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from parvis.core import limits
from parvis.core.errors import Invalid
from parvis.core.i18n import Text, clean_text
from parvis.core.models import State
from parvis.plan.models import Commitment, Evaluation, Plan

SCALES: dict[str, Any] = {
    "verifiable": gettext_lazy("Is it verifiable?"),
    "relevant": gettext_lazy("Does it concern open government?"),
    "potential": gettext_lazy("Potential for results"),
    "completion": gettext_lazy("Level of completion (OGP)"),
    "early_results": gettext_lazy("Did it open government?"),
}
"""Scale -> its question, in OGP's order."""
_FIRST = ("government", "committee", "group", "recorded")


def is_answered(row: Evaluation, scale: str) -> bool:
    """Whether an evaluation answers a scale: false is an answer."""
    return getattr(row, scale) not in (None, "")


def answer(row: Evaluation, scale: str) -> str:
    """Return the answer in words; empty for none."""
    if not is_answered(row, scale):
        return ""
    if scale in {"verifiable", "relevant"}:
        return _("Yes") if getattr(row, scale) else _("No")
    return str(getattr(row, f"get_{scale}_display")())


def check_reasons(row: Evaluation, *, asked: bool) -> None:
    """Clean the reasons of an evaluation. Raises Invalid (an answer without one, when `asked`)."""
    given = row.reasons or {}
    if unknown := set(given) - set(SCALES):
        raise Invalid({name: [_("This cannot be changed.")] for name in sorted(unknown)})
    cleaned, errors = {}, {}
    for scale in SCALES:
        try:
            text = clean_text(given.get(scale), characters_max=limits.REASON_CHARACTERS)
        except ValidationError as error:
            errors[f"reason_{scale}"] = list(error.messages)
            continue
        if text:
            cleaned[scale] = text
        if asked and is_answered(row, scale) and not text:
            errors[f"reason_{scale}"] = [_("Say why you answer this.")]
    if errors:
        raise Invalid(errors)
    row.reasons = cleaned


@dataclass(frozen=True)
class Cell:
    """One answer to one scale, and why; empty words where there is none."""

    words: str
    reason: Text


@dataclass(frozen=True)
class Board:
    """The evaluations of one thing. `shown` are side by side: the government's first."""

    shown: Sequence[Evaluation]
    rows: Sequence[tuple[Any, Sequence[Cell]]]
    recorded: Sequence[Evaluation]

    @property
    def everything(self) -> list[Evaluation]:
        """All of them, in the order of the page."""
        return [*self.shown, *self.recorded]

    @property
    def has_government(self) -> bool:
        """Whether the government evaluated itself."""
        return any(row.by == Evaluation.By.GOVERNMENT for row in self.shown)

    @property
    def has_independent(self) -> bool:
        """Whether a committee or an accredited group published one."""
        return any(row.body_id is not None for row in self.shown)


def board(thing: Commitment | Plan) -> Board:
    """Return the evaluations of a commitment or plan, in one query.

    One that moderation withdrew keeps its column, without its answers: never a hole.
    """
    rows = list(
        thing.evaluations.filter(node__state__in=[State.PUBLIC, State.HIDDEN])
        .select_related("node", "body")
        .order_by("evaluated_on", "pk")
    )
    rows.sort(key=lambda row: _FIRST.index(row.by))
    shown = [row for row in rows if row.by != Evaluation.By.RECORDED]
    table = [(question, [_cell(row, scale) for row in shown]) for scale, question in SCALES.items()]
    recorded = [row for row in rows if row.by == Evaluation.By.RECORDED]
    return Board(shown, table, recorded)


def _cell(row: Evaluation, scale: str) -> Cell:
    if row.node.state != State.PUBLIC:
        return Cell("", {})
    return Cell(answer(row, scale), row.reasons.get(scale, {}))
