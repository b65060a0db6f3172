"""The desk of moderation: what was reported, what waits for a second person, appeals."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from parvis.analysis.personal import scan
from parvis.catalogue.discussing import queries as discussing
from parvis.consult import methods
from parvis.consult.models import Contribution
from parvis.core import access, kinds
from parvis.core.errors import Conflict, Forbidden, Invalid
from parvis.core.events import IdempotencyKey
from parvis.core.forms import put_errors
from parvis.core.i18n import tr
from parvis.core.models import Node, State
from parvis.core.pages import paginate
from parvis.moderation import queries, services
from parvis.moderation.forms import AnswerForm, DecideForm, MotiveForm
from parvis.moderation.models import Appeal, Decision
from parvis.moderation.rules import RULES

QUEUE_ROWS = 20
_METHODS = ["GET", "HEAD", "POST"]


@dataclass(frozen=True)
class Said:
    """What moderators read of a thing: its words, where it stands, and its page."""

    title: str
    body: str
    language: str
    place: str
    url: str | None
    channel: str = ""
    personal: int = 0


def said(ids: Iterable[UUID]) -> Mapping[UUID, Said]:
    """Return node id -> what it says, in two queries for contributions whatever their number."""
    wanted = list(ids)
    rows = Contribution.objects.select_related(
        "node", "parent", "activity__node", "activity__consultation__node"
    ).filter(pk__in=wanted)
    out: dict[UUID, Said] = {}
    for row in rows:
        method = methods.get(row.activity.method)
        about = row.parent or row.activity.node
        out[row.pk] = Said(
            title=tr(row.node.title),
            body=row.body,
            language=row.language,
            place=f"{tr(row.activity.consultation.node.title)} : {tr(about.title)}",
            url=method.contribution_url(row) if method.contribution_url else None,
            channel=row.get_channel_display(),
            personal=len(scan(f"{tr(row.node.title)}\n{row.body}")),
        )
    others = Node.objects.filter(pk__in=[pk for pk in wanted if pk not in out])
    words = discussing.words_of(others)
    for node in others:
        kind = kinds.known().get(node.kind)
        name = str(kind.label) if kind else node.kind
        body, language, title = words.get(node.pk, ("", "", tr(node.title)))
        out[node.pk] = Said(
            title, body, language, name, kinds.url(node), personal=len(scan(f"{title}\n{body}"))
        )
    return out


def _require(request: HttpRequest) -> None:
    access.require(request.actor, "moderate")


@require_safe
def queue(request: HttpRequest) -> HttpResponse:
    """What was reported, oldest first; then second opinions and appeals."""
    _require(request)
    actor = request.actor
    page = paginate(request, queries.waiting_nodes(actor), per_page=QUEUE_ROWS)
    rows = queries.waiting(page.rows)
    second = list(queries.proposed(actor)[:QUEUE_ROWS])
    appeals = list(queries.open_appeals(actor)[:QUEUE_ROWS])
    ids = {row.node.pk for row in rows} | {row.node_id for row in second}
    words = said(ids | {row.decision.node_id for row in appeals})
    context = {
        "page": page,
        "entries": [(row, words[row.node.pk]) for row in rows],
        "second": [(row, words[row.node_id]) for row in second],
        "appeals": [
            (row, words[row.decision.node_id], queries.appeal_due_at(row.at)) for row in appeals
        ],
        "section": "desk",
    }
    return render(request, "moderation_desk/queue.html", context)


def _node(request: HttpRequest, pk: UUID) -> Node:
    node = Node.objects.select_related("space__space").filter(pk=pk).first()
    if node is None or node.state in (State.DRAFT, State.PRIVATE):
        raise Http404
    services.require_moderator(request.actor, node)
    return node


@require_http_methods(_METHODS)
def decide(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Decide about one thing: withdraw it under a rule, keep it, or put it back."""
    node = _node(request, pk)
    hidden = node.state == State.HIDDEN
    form: Any = (MotiveForm if hidden else DecideForm)(request.POST or None)
    status = 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            try:
                decision = _decide(request, node, form.cleaned_data)
            except Invalid as refusal:
                put_errors(form, refusal)
            except (Conflict, Forbidden) as refusal:
                form.add_error(None, str(refusal))
                status = refusal.status
            else:
                if decision.state == Decision.State.PROPOSED:
                    messages.success(request, _("It waits for a second person: it stays visible."))
                else:
                    messages.success(request, _("Decided. The author is told."))
                return HttpResponseRedirect(reverse("moderation_desk"), status=303)
    context = {
        "node": node,
        "said": said([pk])[pk],
        "reports": node.reports.order_by("at", "pk"),
        "decisions": node.decisions.order_by("-at", "-pk").select_related("by", "second"),
        "form": form,
        "hidden": hidden,
        "public": node.state == State.PUBLIC,
        "rules": RULES,
        "section": "desk",
    }
    return render(request, "moderation_desk/decide.html", context, status=status)


def _decide(request: HttpRequest, node: Node, data: Mapping[str, Any]) -> Decision:
    content = [str(node.pk), *(str(data.get(name)) for name in ("choice", "rule", "motive"))]
    key = IdempotencyKey.of("decide", data["key"], content) if data["key"] else None
    actor = request.actor
    if node.state == State.HIDDEN:
        return services.restore(actor=actor, node=node, motive=data["motive"], key=key)
    if data["choice"] == DecideForm.KEEP:
        return services.dismiss(actor=actor, node=node, motive=data["motive"], key=key)
    return services.hide(
        actor=actor,
        node=node,
        rule=data["rule"],
        motive=data["motive"],
        facts=data["facts"],
        key=key,
    )


@require_POST
def second(request: HttpRequest, pk: int) -> HttpResponse:
    """Agree, or not, with what another person proposes."""
    row = get_object_or_404(Decision.objects.select_related("node__space__space"), pk=pk)
    agree = request.POST.get("agree") == "1"
    services.confirm(actor=request.actor, decision=row, agree=agree)
    messages.success(request, _("Decided. The author is told."))
    return HttpResponseRedirect(reverse("moderation_desk"), status=303)


@require_http_methods(_METHODS)
def appeal(request: HttpRequest, pk: int) -> HttpResponse:
    """Answer an appeal, as another person than the one who decided."""
    row = get_object_or_404(
        Appeal.objects.select_related("decision__node__space__space", "decision__by"), pk=pk
    )
    services.require_moderator(request.actor, row.decision.node)
    form = AnswerForm(request.POST or None)
    status = 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            try:
                services.answer_appeal(
                    actor=request.actor,
                    appeal=row,
                    reverse=form.cleaned_data["outcome"] == AnswerForm.REVERSE,
                    answer=form.cleaned_data["answer"],
                )
            except Invalid as refusal:
                put_errors(form, refusal)
            except (Conflict, Forbidden) as refusal:
                form.add_error(None, str(refusal))
                status = refusal.status
            else:
                messages.success(request, _("Answered. The author is told."))
                return HttpResponseRedirect(reverse("moderation_desk"), status=303)
    context = {
        "appeal": row,
        "decision": row.decision,
        "said": said([row.decision.node_id])[row.decision.node_id],
        "due": queries.appeal_due_at(row.at),
        "form": form,
        "section": "desk",
    }
    return render(request, "moderation_desk/appeal.html", context, status=status)
