"""What became of commitments: progress reported, evaluations received. Never edited after."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from parvis.core import access, revisions
from parvis.core.access import Actor
from parvis.core.errors import Invalid, NotFound
from parvis.core.events import IdempotencyKey, emit, replayed
from parvis.core.i18n import DEFAULT, Text
from parvis.core.models import State
from parvis.core.rows import apply, plain
from parvis.core.thread import link
from parvis.plan import queries, scales
from parvis.plan.models import Commitment, Evaluation, Milestone, Plan, ProgressUpdate
from parvis.plan.values import Completion
from parvis.plan.writing import check, new_node

MILESTONES_MAX = 500
EVALUATION_FIELDS = (
    "evaluator", "evaluated_on", "verifiable", "relevant", "potential", "completion",
    "early_results", "text", "sources", "signed", "reasons",
)  # fmt: skip


@transaction.atomic
def report_progress(
    *,
    actor: Actor,
    commitment: Commitment,
    text: Text,
    completion: str = "",
    reported_on: date | None = None,
    milestone: Milestone | None = None,
    milestone_reached: bool | None = None,
    milestones_reached: int | None = None,
    milestones_total: int | None = None,
    why: Text | None = None,
    external: Text | None = None,
    sources: Sequence[str] = (),
    source_silent: bool = False,
    today: date | None = None,
    key: IdempotencyKey | None = None,
) -> ProgressUpdate:
    """Add a report to a commitment's history and return it; the newest is the current state.

    While it is not complete, `why` is required and `external` must be answered ({} means that
    nothing outside weighed in), unless `source_silent`: the report repeats a source, which must
    then be given, that does not say. `completion` may stay empty only when a source is given (not
    read there). Raises Forbidden, NotFound (not public), Invalid.
    """
    if earlier := replayed(key):
        return ProgressUpdate.objects.select_related("node").get(pk=earlier.data["update"])
    access.require(actor, "report_progress", commitment)
    if commitment.node.state != State.PUBLIC:
        raise NotFound
    last = queries.last_update(commitment)
    update = ProgressUpdate(
        commitment=commitment,
        milestone=milestone,
        reported_on=reported_on,
        completion=completion or "",
        text=dict(text or {}),
        why=dict(why or {}),
        external=dict(external or {}),
        sources=list(sources),
        source_silent=source_silent,
    )
    _mark(update, last, milestone_reached, milestones_reached, milestones_total)
    _refuse_silence(update, last, external, today or timezone.localdate())
    update.node = new_node(
        "progress",
        _title(update),
        slug=f"{commitment.node.slug[:50]}-suivi",
        space=commitment.node,
        public=True,
    )
    check(update, exclude=["commitment", "milestone"])
    update.save(force_insert=True)
    revisions.keep(update.node, texts_of_update(update), actor=actor)
    plan = commitment.plan
    if reported_on and (plan.last_reported_on is None or plan.last_reported_on < reported_on):
        plan.last_reported_on = reported_on
        plan.save(update_fields=["last_reported_on"])
    facts = {
        "completion": update.completion or None,
        "reported_on": reported_on.isoformat() if reported_on else None,
        "update": str(update.pk),
    }
    emit("commitment.progressed", node=commitment.node, actor=actor, data=facts, key=key)
    return update


def texts_of_update(update: ProgressUpdate) -> dict[str, Any]:
    """Return what the history of a report keeps."""
    names = ("text", "why", "external", "completion", "reported_on")
    return {name: plain(getattr(update, name)) for name in names}


def _title(update: ProgressUpdate) -> dict[str, str]:
    texts = {code: words.split("\n")[0][:120] for code, words in update.text.items() if words}
    return texts or {DEFAULT: update.commitment.number}


def _mark(
    update: ProgressUpdate,
    last: ProgressUpdate | None,
    milestone_reached: bool | None,
    reached: int | None,
    total: int | None,
) -> None:
    """Note the milestone and the counts; refuse what contradicts them. Raises Invalid."""
    gained = _note_milestone(update, milestone_reached)
    rows = list(update.commitment.milestones.values_list("reached", flat=True))
    if (reached is None) != (total is None):
        raise Invalid({"milestones_reached": [_("Give both numbers: reached, and of how many.")]})
    if reached is None or total is None:
        reached, total = _counts(rows, last, gained)
    if total is not None and not 0 <= (reached or 0) <= total <= MILESTONES_MAX:
        raise Invalid({"milestones_reached": [_("It goes from 0 to the number of milestones.")]})
    if update.completion == Completion.COMPLETE:
        if any(row is not True for row in rows):
            words = _("Some milestones are not reached: say so of each, or choose less.")
            raise Invalid({"completion": [words]})
        reached = total
    if update.completion == Completion.NOT_STARTED and reached:
        raise Invalid({"completion": [_("A milestone is reached: it has started.")]})
    update.milestones_reached, update.milestones_total = reached, total


def _note_milestone(update: ProgressUpdate, reached: bool | None) -> int:
    """Set the state of the milestone reported on; return how many more are reached: -1, 0, 1."""
    milestone = update.milestone
    if milestone is None:
        return 0
    if milestone.commitment_id != update.commitment.pk:
        raise Invalid({"milestone": [_("This milestone belongs to another commitment.")]})
    before = milestone.reached
    if reached is None or before == reached:
        return 0
    milestone.reached = reached
    milestone.save(update_fields=["reached"])
    return 1 if reached else -int(bool(before))


def _counts(
    rows: list[bool | None], last: ProgressUpdate | None, gained: int
) -> tuple[int | None, int | None]:
    """Return (reached, total) from the milestones' own states.

    A source may count milestones that it does not name: then the last counts go on from there.
    """
    known = sum(row is True for row in rows)
    if last and last.milestones_total is not None and last.milestones_total > len(rows):
        reached = max(known, (last.milestones_reached or 0) + gained)
        return min(reached, last.milestones_total), last.milestones_total
    if rows and None not in rows:
        return known, len(rows)
    return (last.milestones_reached, last.milestones_total) if last else (None, None)


def _refuse_silence(
    update: ProgressUpdate, last: ProgressUpdate | None, external: Text | None, today: date
) -> None:
    """A report says where things stand, and why when they are not finished. Raises Invalid."""
    errors: dict[str, list[object]] = {}
    if not update.text.get(DEFAULT):
        errors["text"] = [_("Say in French what was done, even when it is nothing.")]
    if update.reported_on and update.reported_on > today:
        errors["reported_on"] = [_("This day has not come yet.")]
    if update.reported_on is None and last and last.reported_on:
        errors["reported_on"] = [_("Earlier reports have a date: give this one its own.")]
    if not update.completion and (not update.sources or (last and last.completion)):
        errors["completion"] = [_("Say how far it is.")]
    if update.source_silent and not update.sources:
        errors["sources"] = [_("Give the address of the source that does not say why.")]
    if not update.is_done and not update.source_silent:
        if not update.why.get(DEFAULT):
            errors["why"] = [_("It is not complete: say why.")]
        if external is None:
            errors["external"] = [_("Say whether something outside the organisation weighed in.")]
    if errors:
        raise Invalid(errors)


@transaction.atomic
def evaluate(
    *,
    actor: Actor,
    kind: str,
    commitment: Commitment | None = None,
    plan: Plan | None = None,
    by: str = Evaluation.By.RECORDED,
    fields: Mapping[str, Any] | None = None,
    today: date | None = None,
    key: IdempotencyKey | None = None,
) -> Evaluation:
    """Record what was read in a source, or publish the government's own, and return it.

    `kind`: inception or end; `by`: recorded or government, which gives a reason for each answer.
    `fields`: EVALUATION_FIELDS; what was not read stays empty. A committee and a group publish by
    `independent.publish`. Raises Forbidden, NotFound (not public), Invalid.
    """
    if earlier := replayed(key):
        return Evaluation.objects.select_related("node").get(pk=earlier.data["evaluation"])
    subject = commitment or plan
    if subject is None or (commitment is not None and plan is not None):
        raise Invalid({"__all__": [_("An evaluation is of one commitment or of one plan.")]})
    access.require(actor, "evaluate", subject)
    if subject.node.state != State.PUBLIC:
        raise NotFound
    if by not in {Evaluation.By.RECORDED, Evaluation.By.GOVERNMENT}:
        raise Invalid({"by": [_("A committee or a group publishes its own.")]})
    evaluation = Evaluation(commitment=commitment, plan=plan, kind=kind, by=by)
    apply(evaluation, fields or {}, EVALUATION_FIELDS)
    if not evaluation.text.get(DEFAULT):
        raise Invalid({"text": [_("This text is required in French.")]})
    government = by == Evaluation.By.GOVERNMENT
    if government:
        evaluation.evaluated_on = evaluation.evaluated_on or today or timezone.localdate()
        if not evaluation.signed.strip():
            raise Invalid({"signed": [_("Sign it: a name, and in what capacity.")]})
    scales.check_reasons(evaluation, asked=government)
    day = evaluation.evaluated_on
    if isinstance(day, date) and day > (today or timezone.localdate()):
        raise Invalid({"evaluated_on": [_("This day has not come yet.")]})
    check(evaluation, exclude=["commitment", "plan", "author", "body"])
    slug = f"{subject.node.slug[:50]}-{kind}"
    evaluation.node = new_node(
        "evaluation", subject.node.title, slug=slug, space=subject.node, public=True
    )
    evaluation.save(force_insert=True)
    link(subject.node, "evaluated_by", evaluation.node, actor=actor, action="evaluate")
    texts = {name: plain(getattr(evaluation, name)) for name in ("evaluator", "text")}
    revisions.keep(evaluation.node, texts, actor=actor)
    data = {"evaluation": str(evaluation.pk)}
    emit("commitment.evaluated", node=subject.node, actor=actor, data=data, key=key)
    return evaluation
