"""A commitment and where it stands on a day: what rows, pages, API and exports all say."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from parvis.core.i18n import LANGUAGES, tr
from parvis.core.models import Node
from parvis.core.templatetags.parvis import number
from parvis.plan import lateness as terms
from parvis.plan.lateness import Lateness, Term, judge, when
from parvis.plan.models import Commitment, Milestone, Plan, ProgressUpdate
from parvis.plan.values import Completion

SCALE_PIPS: dict[str, int] = {
    Completion.NOT_STARTED: 0,
    Completion.LIMITED: 1,
    Completion.SUBSTANTIAL: 2,
    Completion.COMPLETE: 3,
}
PIPS_MAX = 12


@dataclass(frozen=True)
class Step:
    """A milestone and where it stands."""

    milestone: Milestone
    lateness: Lateness

    @property
    def node(self) -> Node:
        """The milestone's node."""
        return self.milestone.node

    @property
    def term_words(self) -> str:
        """Its own due date, in words; empty when it has none."""
        row = self.milestone
        if not row.ends:
            return ""
        return _("Due %(date)s") % {"date": when(row.ends, row.ends_precision)}

    @property
    def words(self) -> str:
        """Reached, late by so many days, not completed at the end of the plan, or not read."""
        if self.milestone.reached:
            return _("Reached")
        if self.milestone.reached is None and self.lateness.state in (terms.ENDED, terms.UNREAD):
            return _("Outcome not read")
        return self.lateness.words


@dataclass(frozen=True)
class Standing:
    """A commitment and where it stands on a day: what rows, pages, API and exports say."""

    commitment: Commitment
    update: ProgressUpdate | None
    steps: tuple[Step, ...]
    lateness: Lateness
    reached: int | None
    total: int | None

    @property
    def node(self) -> Node:
        """The commitment's node."""
        return self.commitment.node

    @property
    def plan(self) -> Plan:
        """Its plan."""
        return self.commitment.plan

    @property
    def completion(self) -> str:
        """OGP's level as last reported; empty when it was not read."""
        return self.update.completion if self.update else ""

    @property
    def progress_words(self) -> str:
        """Progress in words: milestones if they are counted, else the level."""
        if self.total:
            words = ngettext(
                "%(reached)s milestone of %(total)s",
                "%(reached)s milestones of %(total)s",
                self.reached or 0,
            )
            return words % {"reached": number(self.reached or 0), "total": number(self.total)}
        if self.completion:
            return str(Completion(self.completion).label)
        return _("Progress not read") if self.plan.closed else _("No report yet")

    @property
    def state_words(self) -> str:
        """The state in words: late and its days, complete, milestones reached, due when."""
        if self.lateness.state == terms.DONE and self.completion != Completion.COMPLETE:
            return _("Milestones reached")
        return self.lateness.words

    @property
    def pips(self) -> list[bool]:
        """One mark a milestone (or a step of the scale), filled or not; empty when too many."""
        if self.total:
            return [n < (self.reached or 0) for n in range(self.total)] if self.few else []
        level = SCALE_PIPS.get(self.completion)
        return [] if level is None else [n < level for n in range(3)]

    @property
    def few(self) -> bool:
        """Whether the milestones can be drawn one by one."""
        return (self.total or 0) <= PIPS_MAX

    @property
    def count_unread(self) -> bool:
        """Whether the number of milestones is not known."""
        return self.update is not None and self.total is None

    @property
    def reported_words(self) -> str:
        """When the last report was made, as far as it is known; empty without a report."""
        if self.update is None:
            return ""
        if self.update.reported_on is None:
            return _("Last report: date not read")
        return _("Last report: %(date)s") % {"date": when(self.update.reported_on)}

    @property
    def start_words(self) -> str:
        """The day it starts, in words; empty when it was not read."""
        return when(self.commitment.starts, self.commitment.starts_precision)

    @property
    def due_words(self) -> str:
        """The day it is due, in words, said to be the plan's when it has none of its own."""
        row = self.commitment
        if row.ends:
            return when(row.ends, row.ends_precision)
        if self.plan.ends:
            words = when(self.plan.ends, self.plan.ends_precision)
            return _("%(date)s, end of the plan") % {"date": words}
        return ""

    @property
    def unnamed(self) -> int:
        """How many milestones a source counts without naming them."""
        return max(0, (self.total or 0) - len(self.steps)) if self.steps else 0

    @property
    def led_by(self) -> list[str]:
        """The lead, then the other institutions, by name, each once."""
        return self._names(None)

    @property
    def led_by_any(self) -> list[str]:
        """The same names in every language, for filters."""
        return [name for code in LANGUAGES for name in self._names(code)]

    def _names(self, language: str | None) -> list[str]:
        texts = [self.commitment.lead, *self.commitment.institutions]
        names = [tr(text, language) for text in texts]
        return list(dict.fromkeys(name for name in names if name))


def natural(text: str) -> tuple[tuple[int, int, str], ...]:
    """Sort key in which 2 comes before 10, and O2 before O10."""
    parts = re.findall(r"\d+|\D+", text)
    return tuple((0, int(p), "") if p.isdecimal() else (1, 0, p.lower()) for p in parts)


def end_of(plan: Plan) -> Term:
    if plan.closed and plan.closed_on:
        return Term(plan.closed_on, plan.closed_on_precision, "plan")
    return Term(plan.ends, plan.ends_precision, "plan")


def _term(row: Commitment | Milestone, of: str, otherwise: Term) -> Term:
    return Term(row.ends, row.ends_precision, of) if row.ends else otherwise


def stand(
    commitment: Commitment,
    update: ProgressUpdate | None,
    milestones: Sequence[Milestone],
    today: date,
) -> Standing:
    plan = commitment.plan
    end = end_of(plan)
    term = _term(commitment, "commitment", Term(plan.ends, plan.ends_precision, "plan"))
    done = update is not None and update.is_done
    steps = tuple(
        Step(
            row,
            judge(
                done=bool(row.reached),
                reported=row.reached is not None,
                closed=plan.closed,
                term=_term(row, "milestone", term),
                end=end,
                today=today,
            ),
        )
        for row in milestones
    )
    found = judge(
        done=done,
        reported=update is not None,
        closed=plan.closed,
        term=term,
        end=end,
        today=today,
        not_started=bool(update and update.completion == Completion.NOT_STARTED),
    )
    if not done:
        # A commitment is as late as its latest milestone, whatever its own date.
        slowest = max((step.lateness for step in steps), key=lambda item: item.days, default=found)
        if slowest.is_late and slowest.days > found.days:
            found = slowest
    reached, total = (
        (update.milestones_reached, update.milestones_total) if update else (None, None)
    )
    if total is None and milestones and all(row.reached is not None for row in milestones):
        reached, total = sum(bool(row.reached) for row in milestones), len(milestones)
    return Standing(commitment, update, steps, found, reached, total)
