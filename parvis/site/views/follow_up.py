"""Follow-up: by receipt code or account, what became of one's contribution."""

from typing import Any

import segno
from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from parvis.consult import contributions, methods, phases
from parvis.consult.models import Contribution
from parvis.core import keys, kinds
from parvis.core.accounts import client_ip
from parvis.core.errors import NotFound, Refused
from parvis.core.models import State
from parvis.ledger import receipts
from parvis.moderation import queries as moderation
from parvis.notify import services as notify
from parvis.plan import queries as plan
from parvis.site.thread import contribution_thread
from parvis.understand import queries as understand


def _private(response: HttpResponse) -> HttpResponse:
    """A page that a code opens is kept nowhere; its address goes to no other site (settings)."""
    response["Cache-Control"] = "no-store"
    return response


@require_http_methods(["GET", "HEAD", "POST"])
def entrance(request: HttpRequest) -> HttpResponse:
    """Where a code is typed; people with an account see what they sent."""
    typed = request.POST.get("code") or ""
    error = ""
    if request.method == "POST":
        try:
            contribution = contributions.by_code(typed)
        except NotFound as refusal:
            error = str(refusal)
        else:
            code = keys.receipt_code(contribution.pk)
            return _private(HttpResponseRedirect(reverse("follow_up_code", args=[code])))
    mine: list[dict[str, Any]] = []
    if request.actor.person:
        rows = (
            Contribution.objects.filter(author=request.actor.person)
            .select_related("node", "activity__node", "activity__consultation__node")
            .order_by("-pk")[:100]
        )
        mine = [{"contribution": row, "code": keys.receipt_code(row.pk)} for row in rows]
    context = {"typed": typed, "error": error, "mine": mine, "section": "follow_up"}
    return _private(
        render(request, "site/follow_up/entrance.html", context, status=422 if error else 200)
    )


def _held(code: str) -> tuple[Contribution, str]:
    """Return the contribution of a code and the code as written. Raises NotFound."""
    contribution = contributions.by_code(code)
    return contribution, keys.receipt_code(contribution.pk)


def qr(code: str) -> SafeString:
    """Return the QR of a follow-up page as inline SVG, without style attributes."""
    address = settings.SITE_URL + reverse("follow_up_code", args=[code])
    drawn = segno.make(address, error="m").svg_inline(
        border=1, svgclass="qr", lineclass=None, omitsize=True,
        title=_("QR code of your follow-up page"),
    )  # fmt: skip
    return mark_safe(drawn.replace("<svg ", '<svg role="img" ', 1))  # noqa: S308 made by segno from our own address


def _can_change(contribution: Contribution) -> str | None:
    """Return where the author changes the contribution, while it is open."""
    method = methods.get(contribution.activity.method)
    alive = contribution.node.state in {State.PRIVATE, State.PUBLIC}
    action = "comment" if contribution.parent_id else method.main_action
    if (
        method.change_url is None
        or not alive
        or contribution.fate == Contribution.Fate.REJECTED
        or not phases.is_open(contribution.activity, action)
    ):
        return None
    return method.change_url(contribution, keys.receipt_code(contribution.pk))


def _context(contribution: Contribution, code: str) -> dict[str, Any]:
    activity = contribution.activity
    own = contribution_thread(contribution)
    responses = plan.responses_of_themes([row.target_id for row in own.themes])
    return {
        "contribution": contribution,
        "node": contribution.node,
        "activity": activity,
        "consultation": activity.consultation,
        "code": code,
        "knots": own.knots,
        "themes": own.themes,
        "theme_counts": understand.counts_of([row.target_id for row in own.themes]),
        "quotes": understand.quotes_of_contribution(contribution.pk),
        "responses": [responses[row.target_id] for row in own.themes if row.target_id in responses],
        "commitments": plan.commitment_rows(own.commitments),
        "decision": moderation.decisions_on([contribution.pk]).get(contribution.pk),
        "entry": receipts.status_of(contribution.pk),
        "change_url": _can_change(contribution),
        "closes": phases.closes_at(activity, methods.get(activity.method).main_action),
        "public_url": (
            None if contribution.node.state == State.PRIVATE else kinds.url(contribution.node)
        ),
        "section": "follow_up",
    }


@require_safe
def thread(request: HttpRequest, code: str) -> HttpResponse:
    """The thread of one contribution, by its code."""
    contribution, code = _held(code)
    context = _context(contribution, code)
    context["lines"] = methods.get(contribution.activity.method).readable(contribution)
    return _private(render(request, "site/follow_up/thread.html", context))


@require_http_methods(["GET", "HEAD", "POST"])
def receipt(request: HttpRequest, code: str) -> HttpResponse:
    """Received: the code, what happens next, how to check; by e-mail only if asked."""
    contribution, code = _held(code)
    context = _context(contribution, code)
    context |= {"qr": qr(code), "email": "", "email_error": "", "tell": False}
    status = 200
    if request.method == "POST":
        email, tell = request.POST.get("email", "").strip(), bool(request.POST.get("tell"))
        try:
            notify.send_receipt(
                code=code,
                email=email,
                language=request.LANGUAGE_CODE,
                tell_node=contribution.node if tell else None,
                actor=request.actor.holding(contribution.pk),
                ip=client_ip(request),
            )
        except Refused as refusal:
            context |= {"email": email, "tell": tell, "email_error": str(refusal)}
            status = refusal.status
        else:
            words = (
                _("The receipt was sent. Its message holds a link to confirm that you want news.")
                if tell
                else _("The receipt was sent. The address was then erased.")
            )
            messages.success(request, words)
            return _private(HttpResponseRedirect(reverse("receipt", args=[code])))
    return _private(render(request, "site/follow_up/receipt.html", context, status=status))


@require_safe
def copy(request: HttpRequest, code: str) -> HttpResponse:
    """A readable copy to print: questions and answers, receipt, notice."""
    contribution, code = _held(code)
    context = _context(contribution, code)
    context |= {
        "lines": methods.get(contribution.activity.method).readable(contribution),
        "qr": qr(code),
    }
    return _private(render(request, "site/follow_up/copy.html", context))


@require_http_methods(["GET", "HEAD", "POST"])
def withdraw(request: HttpRequest, code: str) -> HttpResponse:
    """Take one's contribution back, after one question."""
    contribution, code = _held(code)
    if request.method == "POST":
        contributions.withdraw(
            actor=request.actor.holding(contribution.pk), contribution=contribution
        )
        messages.success(request, _("Your contribution is withdrawn and its text is erased."))
        return _private(HttpResponseRedirect(reverse("follow_up_code", args=[code])))
    context = _context(contribution, code)
    return _private(render(request, "site/follow_up/withdraw.html", context))


@require_safe
def proof(request: HttpRequest, code: str) -> HttpResponse:
    """The receipt to keep: a .tlog-proof that can be checked without us."""
    contribution, code = _held(code)
    if contribution.node.state in {State.WITHDRAWN, State.ERASED}:
        raise Http404
    data = receipts.proof_for(contributions.accepted_event(contribution))
    if data is None:
        context = {
            "title": _("One second more"),
            "words": _("The register writes new entries each second. Load this page again."),
            "status": 202,
        }
        response = render(request, "site/error.html", context, status=202)
        response["Retry-After"] = "1"
        return _private(response)
    response = HttpResponse(data, content_type="text/plain; charset=utf-8")
    response["Content-Disposition"] = 'attachment; filename="parvis.tlog-proof"'
    return _private(response)
