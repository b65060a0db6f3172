"""The desk: what needs me today, then my consultations."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_safe

from parvis.collaborate import queries as together
from parvis.collaborate.models import Committee
from parvis.consult import queries, services
from parvis.consult.approval import gate
from parvis.consult.approval import queries as approval
from parvis.consult.models import Consultation
from parvis.core import access
from parvis.core.access import Actor
from parvis.core.i18n import tr
from parvis.core.models import Job, Node, State
from parvis.core.templatetags.parvis import day, moment, number
from parvis.moderation import queries as moderation
from parvis.plan import queries as plan
from parvis.site import asking_tasks, data_tasks, discussing_tasks, harvest_tasks
from parvis.site.thread import reach
from parvis.understand import queries as understand


@dataclass(frozen=True)
class Task:
    """Something that waits for the reader: how many, what, why, and where to do it."""

    count: int
    title: str
    words: str
    url: str
    action: str
    urgent: bool = False
    tag: str = ""
    tag_state: str = "current"


def _moderation_tasks(actor: Actor) -> Iterator[Task]:
    if not access.can(actor, "moderate"):
        return
    counts = moderation.desk_counts(actor)
    waiting = counts["reported"] + counts["second"] + counts["appeals"]
    if waiting:
        title = ngettext("%(n)s report to examine", "%(n)s reports to examine", waiting)
        words = _("What is reported stays visible until a person decides.")
        yield Task(
            waiting, title % {"n": number(waiting)}, words, reverse("moderation_desk"),
            _("Examine the reports"), urgent=True, tag=_("Due within one working day"),
        )  # fmt: skip


def _approval_tasks(actor: Actor) -> Iterator[Task]:
    """What a second person has to read, and the planned openings that did not happen."""
    for one in approval.to_approve(actor):
        slug, name = one.consultation.node.slug, tr(one.consultation.node.title)
        words = _("%(name)s: asked by %(who)s on %(date)s.")
        if one.review:
            title = _("Waiting for my approval: a consultation")
            place = reverse("consult_review", args=[slug, one.review.pk])
            asked_at = one.review.asked_at
        elif one.change:
            title = _("Waiting for my approval: a change of a public page")
            place = reverse("consult_change", args=[slug, one.change.pk])
            asked_at = one.change.asked_at
        said = {"name": name, "who": one.asked_by or "—", "date": moment(asked_at)}
        yield Task(1, title, words % said, place, _("Read and decide"), urgent=True)
    for review in approval.refused_openings():
        if access.can(actor, "open_consultation", review.consultation):
            words = _("%(name)s: %(reason)s.") % {
                "name": tr(review.consultation.node.title),
                "reason": review.get_refused_because_display(),
            }
            place = reverse("consult_desk", args=[review.consultation.node.slug])
            yield Task(
                1, _("A planned opening did not happen"), words, place, _("See why"),
                urgent=True, tag=_("Late"), tag_state="late",
            )  # fmt: skip


def _consultation_tasks(actor: Actor, rows: list[queries.Listed]) -> Iterator[Task]:
    today = timezone.localdate()
    for row in rows:
        consultation = row.consultation
        name = tr(consultation.node.title)
        slug = consultation.node.slug
        if row.state in {"closed", "between", "open"} and access.can(actor, "code", consultation):
            progress = understand.progress(consultation.node)
            if progress.left:
                title = ngettext(
                    "%(n)s contribution to code", "%(n)s contributions to code", progress.left
                )
                words = _("%(name)s: %(done)s of %(total)s coded.") % {
                    "name": name, "done": number(progress.coded), "total": number(progress.total),
                }  # fmt: skip
                late = bool(consultation.themes_due and consultation.themes_due < today)
                yield Task(
                    progress.left, title % {"n": number(progress.left)}, words,
                    reverse("coding", args=[slug]), _("Continue coding"), urgent=late,
                )  # fmt: skip
        if row.state == "closed":
            yield from _after_closing(actor, consultation, name, today)


def _after_closing(
    actor: Actor, consultation: Consultation, name: str, today: Any
) -> Iterator[Task]:
    reached = reach(consultation)
    slug = consultation.node.slug
    left = len(reached.themes) - len(reached.responses)
    if left > 0 and access.can(actor, "respond"):
        due = consultation.response_due
        late = bool(due and due < today)
        title = ngettext("%(n)s theme without a response", "%(n)s themes without a response", left)
        words = _("%(name)s: promised on %(date)s.") % {"name": name, "date": day(due)}
        yield Task(
            left, title % {"n": number(left)}, words, reverse("desk_responses", args=[slug]),
            _("Prepare the responses"), urgent=late,
            tag=_("Late") if late else "", tag_state="late",
        )  # fmt: skip
    if not reached.datasets and access.can(actor, "publish_data"):
        words = _("%(name)s: review the free texts, then publish.") % {"name": name}
        yield Task(
            1, _("Data to publish"), words, reverse("publish_data", args=[slug]),
            _("Review and publish"),
        )  # fmt: skip


def _data_tasks(actor: Actor) -> Iterator[Task]:
    tasks = (data_tasks, asking_tasks, discussing_tasks)
    for one in chain.from_iterable(module.found(actor) for module in tasks):
        yield Task(
            one.count, one.title, one.words, one.url, one.action, urgent=one.urgent,
            tag=_("Late") if one.late else "", tag_state="late",
        )  # fmt: skip


def _harvest_tasks(actor: Actor) -> Iterator[Task]:
    for one in harvest_tasks.found(actor):
        yield Task(one.count, one.title, one.words, one.url, one.action)


def _plan_tasks(actor: Actor) -> Iterator[Task]:
    if not access.can(actor, "report_progress"):
        return
    late = len(plan.late_commitments())
    if late:
        title = ngettext("%(n)s late commitment", "%(n)s late commitments", late)
        words = _(
            "The public page says “late” with the number of days. Say why, and what comes next."
        )
        yield Task(
            late, title % {"n": number(late)}, words, reverse("desk_plans"),
            _("Write the explanation"), urgent=True, tag=_("Late"), tag_state="late",
        )  # fmt: skip


def _committee_tasks(actor: Actor) -> Iterator[Task]:
    """Replies and meetings that are late, of the committees that this person looks after."""
    if not access.can(actor, "manage_committee"):
        return
    rows = Committee.objects.filter(node__state=State.PUBLIC).select_related("node")
    mine = [row for row in rows if access.can(actor, "manage_committee", row)]
    standings = together.standings(mine)
    replies = sum(len(row.late_replies) for row in standings)
    meetings = sum(row.rhythm.is_late for row in standings)
    late = {"urgent": True, "tag": _("Late"), "tag_state": "late"}
    url, action = reverse("desk_collaborate"), _("See the committees")
    if replies:
        title = ngettext("%(n)s advice without reply", "%(n)s pieces of advice without reply",
                         replies)  # fmt: skip
        words = _("The committee’s page says for how many days.")
        yield Task(replies, title % {"n": number(replies)}, words, url, action, **late)  # type: ignore[arg-type]
    if meetings:
        title = ngettext("%(n)s committee that has not met", "%(n)s committees that have not met",
                         meetings)  # fmt: skip
        words = _("Announce a meeting, or record the one that was held.")
        yield Task(meetings, title % {"n": number(meetings)}, words, url, action, **late)  # type: ignore[arg-type]


def _address(actor: Actor, consultation: Consultation) -> str | None:
    """Where this person works on a consultation: its desk, its contributions, its public page."""
    slug = consultation.node.slug
    if access.can(actor, "manage_consultation", consultation):
        return reverse("consult_desk", args=[slug])
    if access.can(actor, "see_private_answers", consultation):
        return reverse("consult_contributions", args=[slug])
    if consultation.node.state == State.DRAFT and access.can(
        actor, "approve_consultation", consultation
    ):
        return reverse("consult_approval", args=[slug])
    public = consultation.node.state == State.PUBLIC
    return reverse("consultation", args=[slug]) if public else None


@require_safe
def desk(request: HttpRequest) -> HttpResponse:
    """What presses, this week, my consultations, work under way."""
    actor: Actor = request.actor  # type: ignore[attr-defined]
    access.require(actor, "see_desk")
    consultations = list(
        Consultation.objects.exclude(node__state=State.ERASED)
        .select_related("node", "organisation__node")
        .order_by("-node__created_at")[:30]
    )
    rows = queries.listed(consultations)
    tasks = [
        *_moderation_tasks(actor),
        *_approval_tasks(actor),
        *_data_tasks(actor),
        *_harvest_tasks(actor),
        *_plan_tasks(actor),
        *_committee_tasks(actor),
        *_consultation_tasks(actor, [r for r in rows if r.consultation.node.state == State.PUBLIC]),
    ]
    drafts = [row for row in rows if row.consultation.node.state == State.DRAFT][:3]
    context = {
        "urgent": [task for task in tasks if task.urgent],
        "week": [task for task in tasks if not task.urgent],
        "rows": rows,
        "addresses": {row.consultation.pk: _address(actor, row.consultation) for row in rows},
        "drafts": [
            {"consultation": row.consultation, "holes": services.holes(row.consultation)}
            for row in drafts
        ],
        "second_person": gate.required(),
        "jobs": Job.objects.filter(state__in=["waiting", "running", "failed"]).order_by(
            "-created_at"
        )[:5],
        "today": timezone.localdate(),
        "draft_documents": Node.objects.filter(
            kind__in=["document", "dataset"], state=State.DRAFT
        ).count(),
        "section": "desk",
    }
    return render(request, "site/desk.html", context)
