"""Public pages of moderation: report, charter, figures, one decision, an appeal."""

from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from parvis.core import keys, kinds
from parvis.core.access import Actor
from parvis.core.errors import Conflict, Invalid, NotFound
from parvis.core.events import IdempotencyKey
from parvis.core.forms import put_errors
from parvis.core.models import Node, State
from parvis.core.pages import paginate, public_page
from parvis.moderation import queries, services
from parvis.moderation.forms import AppealForm, ReportForm
from parvis.moderation.models import Appeal, Decision
from parvis.moderation.rules import BY_KEY, RULES


def words_of(node: Node) -> str:
    """Return what a node says, in the language it was written in."""
    kind = kinds.known().get(node.kind)
    texts = kind.texts([node.pk]).get(node.pk, {}) if kind else {}
    return next((words for words in texts.values() if words), "")


def _seen(request: HttpRequest, pk: UUID) -> Node:
    """Return a node that may be reported: public, known to this reader. Raises Http404."""
    node = Node.objects.select_related("space__space").filter(pk=pk).first()
    if node is None or node.state not in (State.PUBLIC, State.HIDDEN, State.WITHDRAWN):
        raise Http404
    if not kinds.visible(request.actor, node):
        raise Http404
    return node


@require_http_methods(["GET", "HEAD", "POST"])
def report(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Report something, without an account."""
    node = _seen(request, pk)
    context = {"node": node, "back": kinds.url(node), "rules": RULES}
    if node.state != State.PUBLIC:
        return render(request, "moderation/already.html", context)
    form = ReportForm(request.POST or None)
    status = 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            data = form.cleaned_data
            content = [str(pk), data["reason"], data["details"]]
            key = IdempotencyKey.of("report", data["key"], content) if data["key"] else None
            try:
                services.report(
                    actor=request.actor,
                    node=node,
                    reason=data["reason"],
                    details=data["details"],
                    key=key,
                )
            except Invalid as refusal:
                put_errors(form, refusal)
            else:
                return HttpResponseRedirect(reverse("reported", args=[pk]), status=303)
    context |= {"form": form, "words": words_of(node)}  # type: ignore[dict-item]
    return render(request, "moderation/report.html", context, status=status)


@require_safe
def reported(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Thanks, and what happens next."""
    node = _seen(request, pk)
    return render(request, "moderation/reported.html", {"node": node, "back": kinds.url(node)})


@require_safe
def charter(request: HttpRequest) -> HttpResponse:
    """The rules, in plain words."""
    context = {"rules": RULES, "days": queries.APPEAL_DAYS}
    return public_page(request, "moderation/charter.html", context)


@require_safe
def figures(request: HttpRequest) -> HttpResponse:
    """What was reported and decided, month by month, and every decision: never a text."""
    rows = queries.figures()
    page = paginate(request, queries.register(), per_page=50)
    context = {
        "figures": rows,
        "month": rows[0],
        "reasons": [(BY_KEY[key].name, n) for key, n in sorted(rows[0].by_reason.items())],
        "waiting": queries.waiting_now(),
        "page": page,
    }
    return public_page(request, "moderation/figures.html", context)


def _public_decision(pk: int) -> Decision:
    decision = get_object_or_404(Decision.objects.select_related("node__space__space"), pk=pk)
    if decision.effective_at is None or decision.state == Decision.State.REFUSED:
        raise Http404
    return decision


@require_safe
def decision(request: HttpRequest, pk: int) -> HttpResponse:
    """One decision: the rule, the motive, the date, and how its author can appeal."""
    row = _public_decision(pk)
    context = {
        "decision": row,
        "appeal": Appeal.objects.filter(decision=row).first(),
        "back": kinds.url(row.node),
        "days": queries.APPEAL_DAYS,
        "can_appeal": _can_appeal(row),
    }
    if request.actor.person is None:
        return public_page(request, "moderation/decision.html", context)
    return render(request, "moderation/decision.html", context)


def _can_appeal(row: Decision) -> bool:
    return (
        row.action == Decision.Action.HIDE
        and row.state == Decision.State.IN_FORCE
        and row.node.state == State.HIDDEN
    )


def _holder(actor: Actor, node: Node, code: str | None) -> Actor:
    """Return the actor, holding the receipt when `code` is this node's. Raises NotFound."""
    if code is None:
        return actor
    typed = keys.normalise_code(code)
    if typed is None or typed != keys.receipt_code(node.pk).replace("-", ""):
        raise NotFound
    return actor.holding(node.pk)


@require_http_methods(["GET", "HEAD", "POST"])
def appeal(request: HttpRequest, pk: int, code: str | None = None) -> HttpResponse:
    """Appeal, as the author: by account, or by receipt code."""
    row = _public_decision(pk)
    actor = _holder(request.actor, row.node, code)
    author = services.is_author(actor, row.node)
    made = Appeal.objects.filter(decision=row).first()
    form = AppealForm(request.POST or None)
    status = 200
    if request.method == "POST" and author and made is None:
        status = 422
        if form.is_valid():
            data = form.cleaned_data
            key = (
                IdempotencyKey.of(f"appeal:{pk}", data["key"], data["text"])
                if data["key"]
                else None
            )
            try:
                services.appeal(actor=actor, decision=row, text=data["text"], key=key)
            except Invalid as refusal:
                put_errors(form, refusal)
            except Conflict as refusal:
                form.add_error(None, str(refusal))
                status = refusal.status
            else:
                return HttpResponseRedirect(request.path, status=303)
    context = {
        "decision": row,
        "form": form,
        "author": author,
        "appeal": made,
        "due": queries.appeal_due_at(made.at) if made else None,
        "can_appeal": _can_appeal(row),
        "days": queries.APPEAL_DAYS,
        "section": "follow_up",
    }
    return render(
        request,
        "moderation/appeal.html",
        context,
        status=403 if not author and request.method == "POST" else status,
    )


@require_http_methods(["GET", "HEAD", "POST"])
def find_appeal(request: HttpRequest, pk: int) -> HttpResponse:
    """Ask for the receipt code, then go to the appeal; an account's author goes at once."""
    row = _public_decision(pk)
    if services.is_author(request.actor, row.node):
        return appeal(request, pk)
    typed = str(request.POST.get("code", ""))
    status = 200
    if request.method == "POST":
        code = keys.normalise_code(typed)
        if code is not None and code == keys.receipt_code(row.node_id).replace("-", ""):
            right = keys.receipt_code(row.node_id)
            return HttpResponseRedirect(reverse("appeal_code", args=[pk, right]), status=303)
        status = 422
    context = {"decision": row, "typed": typed, "wrong": status == 422}
    return render(request, "moderation/find_appeal.html", context, status=status)
