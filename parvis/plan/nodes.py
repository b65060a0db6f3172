"""What each kind of the plan says of itself to the kernel: address, words, knots of the thread."""

from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from parvis.core import kinds
from parvis.core.i18n import tr
from parvis.core.kinds import Kind, Knot
from parvis.core.lists import joined
from parvis.core.models import Node
from parvis.core.templatetags.parvis import number
from parvis.plan import lateness as terms
from parvis.plan import queries
from parvis.plan.models import (
    Commitment,
    Evaluation,
    Milestone,
    Plan,
    ProgressUpdate,
    Response,
)
from parvis.plan.values import Verdict

Words = dict[UUID, dict[str, str]]


def plan_texts(ids: Iterable[UUID]) -> Words:
    """The words of plans."""
    rows = Plan.objects.filter(pk__in=list(ids))
    return {row.pk: joined(row.summary, row.notes) for row in rows}


def commitment_texts(ids: Iterable[UUID]) -> Words:
    """The words of commitments, with their milestones' and their last report's."""
    rows = Commitment.objects.filter(pk__in=list(ids))
    return {
        item.node.pk: joined(
            item.commitment.lead,
            item.commitment.institutions,
            item.commitment.problem,
            item.commitment.status_quo,
            item.commitment.action,
            item.commitment.contributes,
            item.commitment.policy_area,
            *(step.node.title for step in item.steps),
            item.update.text if item.update else {},
        )
        for item in queries.standings(rows)
    }


def milestone_texts(ids: Iterable[UUID]) -> Words:
    """The words of milestones."""
    rows = Milestone.objects.filter(pk__in=list(ids))
    return {row.pk: joined(row.responsible, row.note) for row in rows}


def progress_texts(ids: Iterable[UUID]) -> Words:
    """The words of reports."""
    rows = ProgressUpdate.objects.filter(pk__in=list(ids))
    return {row.pk: joined(row.text, row.why, row.external) for row in rows}


def evaluation_texts(ids: Iterable[UUID]) -> Words:
    """The words of evaluations."""
    return {
        row.pk: joined(row.evaluator, row.text)
        for row in Evaluation.objects.filter(pk__in=list(ids))
    }


def response_texts(ids: Iterable[UUID]) -> Words:
    """The words of responses."""
    rows = Response.objects.filter(pk__in=list(ids))
    return {row.pk: joined(row.asked, row.reason, row.follows) for row in rows}


def _inside(anchor: str) -> Any:
    """The address of what lives on the page of its commitment (or plan)."""

    def url(node: Node) -> str | None:
        page = kinds.url(node.space) if node.space else None
        return f"{page}#{anchor.format(slug=node.slug)}" if page else None

    return url


def response_knots(ids: Sequence[UUID]) -> list[Knot]:
    """One knot: the decision, or how many of each."""
    rows = list(Response.objects.filter(pk__in=list(ids)).select_related("node__space"))
    rows = [row for row in rows if row.node.state == "public"]
    if not rows:
        return []
    if len(rows) == 1:
        row = rows[0]
        refused = row.verdict in (Verdict.REFUSED, Verdict.OUT_OF_SCOPE)
        state = "dropped" if refused else "done"
        label = str(Verdict(row.verdict).label).lower()
        return [Knot(_("Response"), label, _("reason published"), state, kinds.url(row.node))]
    n = len(rows)
    count = ngettext("%(n)s response", "%(n)s responses", n) % {"n": number(n)}
    words = ", ".join(
        f"{number(times)} {str(Verdict(name).label).lower()}"
        for name, times in queries.verdict_counts(rows).items()
    )
    spaces = {row.node.space for row in rows}
    page = kinds.url(rows[0].node) if len(spaces) == 1 else None
    return [Knot(_("Responses"), count, words, "done", page)]


def _other(words: str, said: str) -> str:
    """Return `words`, or nothing when they were said already."""
    return "" if words == said else words


def commitment_knots(ids: Sequence[UUID]) -> list[Knot]:
    """Two knots: the commitment, and its progress; late is never hidden behind an average."""
    found = queries.commitment_rows(ids)
    if not found:
        return []
    if len(found) == 1:
        item = found[0]
        url = kinds.url(item.node)
        name = _("no. %(number)s") % {"number": item.commitment.number}
        title = tr(item.node.title)
        title = title if len(title) <= 60 else title[:59].rsplit(" ", 1)[0] + "…"
        return [
            Knot(_("Commitment"), name, title, "done", url),
            Knot(
                _("Progress"), item.progress_words, _other(item.state_words, item.progress_words),
                item.lateness.knot, f"{url}#jalons",
            ),
        ]  # fmt: skip
    n = len(found)
    count = ngettext("%(n)s commitment", "%(n)s commitments", n) % {"n": number(n)}
    plans = len({item.plan.pk for item in found})
    words = ngettext("in %(n)s plan", "in %(n)s plans", plans) % {"n": number(plans)}
    first = {item.plan for item in found}
    url = kinds.url(next(iter(first)).node) if len(first) == 1 else reverse("commitments")
    return [Knot(_("Commitments"), count, words, "done", url), _progress(found)]


def _progress(found: Sequence[queries.Standing]) -> Knot:
    states = [item.lateness.state for item in found]
    done, late = states.count(terms.DONE), states.count(terms.LATE)
    count = ngettext("%(n)s done of %(total)s", "%(n)s done of %(total)s", done) % {
        "n": number(done),
        "total": number(len(found)),
    }
    unread, ended = states.count(terms.UNREAD), states.count(terms.ENDED)
    if late:
        words = ngettext("%(n)s late", "%(n)s late", late) % {"n": number(late)}
        return Knot(_("Progress"), count, words, "late")
    if ended:
        words = ngettext(
            "%(n)s not completed at the end of its plan",
            "%(n)s not completed at the end of their plans",
            ended,
        )
        return Knot(_("Progress"), count, words % {"n": number(ended)}, "dropped")
    if unread:
        words = ngettext("%(n)s outcome not read", "%(n)s outcomes not read", unread)
        return Knot(_("Progress"), count, words % {"n": number(unread)}, "promised")
    state = "done" if done == len(found) else "current"
    return Knot(_("Progress"), count, _("all done") if state == "done" else _("under way"), state)


def register() -> None:
    """Declare the kinds."""
    for kind in (
        Kind(
            "plan", gettext_lazy("Plan"), gettext_lazy("Plans"),
            lambda node: reverse("plan", args=[node.slug]), plan_texts,
        ),
        Kind(
            "commitment", gettext_lazy("Commitment"), gettext_lazy("Commitments"),
            lambda node: reverse("commitment", args=[node.slug]), commitment_texts,
            knots=commitment_knots,
        ),
        Kind(
            "milestone", gettext_lazy("Milestone"), gettext_lazy("Milestones"), _inside("j-{slug}"),
            milestone_texts, searchable=False,
        ),
        Kind(
            "progress", gettext_lazy("Progress report"), gettext_lazy("Progress reports"),
            _inside("p-{slug}"), progress_texts, searchable=False,
        ),
        Kind(
            "evaluation", gettext_lazy("Evaluation"), gettext_lazy("Evaluations"),
            _inside("evaluation"), evaluation_texts, searchable=False,
        ),
        Kind(
            "response", gettext_lazy("Response"), gettext_lazy("Responses"),
            lambda node: reverse("response", args=[node.slug]), response_texts,
            knots=response_knots,
        ),
    ):  # fmt: skip
        kinds.register(kind)
