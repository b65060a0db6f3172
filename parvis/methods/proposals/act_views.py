"""What people do with proposals: post, comment, support, change. No script is needed."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from parvis.consult import contributions
from parvis.consult.models import Contribution
from parvis.core import access
from parvis.core.errors import Closed, Conflict, Forbidden, Invalid, Refused, SignInNeeded
from parvis.core.events import IdempotencyKey, replayed
from parvis.core.forms import put_errors
from parvis.core.i18n import tr
from parvis.core.models import State
from parvis.methods.proposals import pages, queries, services
from parvis.methods.proposals.cards import Card, cards
from parvis.methods.proposals.definition import settings_of
from parvis.methods.proposals.forms import CommentForm, ProposalForm
from parvis.methods.proposals.models import Proposal

_METHODS = ["GET", "HEAD", "POST"]


def _language() -> str:
    return (get_language() or "fr")[:2]


def _key(scope: str, data: dict[str, Any], *fields: str) -> IdempotencyKey | None:
    """The form's key, with what was typed: the same form sent twice has one effect."""
    if not data.get("key"):
        return None
    return IdempotencyKey.of(scope, data["key"], [str(data.get(field) or "") for field in fields])


def _refused(form: Any, refusal: Refused) -> int:
    """Put a refusal in the form, with what was typed, and return the answer's status."""
    if isinstance(refusal, Invalid):
        put_errors(form, refusal)
    else:
        form.add_error(None, str(refusal))
    return refusal.status


def _page(
    request: HttpRequest, template: str, context: dict[str, Any], status: int = 200
) -> HttpResponse:
    context.setdefault("section", "consultations")
    return render(request, template, context, status=status)


def _to_receipt(code: str) -> HttpResponse:
    return HttpResponseRedirect(reverse("receipt", args=[code]), status=303)


@require_http_methods(_METHODS)
def new(request: HttpRequest, slug: str) -> HttpResponse:
    """Post a proposal: written, compared with those that look alike, then published."""
    activity = pages.activity_of(request, slug)
    now = pages.open_now(activity)
    settings = settings_of(activity)
    if request.method != "POST":
        if now.propose:
            contributions.require_eligible(activity, request.actor)
        status = 200 if now.propose else 403
        form = ProposalForm(settings)
        return _write(request, activity, form, now, status)
    form = ProposalForm(settings, request.POST)
    if request.POST.get("back"):
        # Back from the step of look-alikes: the text as it was, nothing said wrong.
        form = ProposalForm(settings, initial=request.POST.dict())
        return _write(request, activity, form, now)
    status = 422
    try:
        if not now.propose:
            raise Closed
        if form.is_valid():
            data = form.cleaned_data
            title, _body = services.check_words(settings, data["title"], data["body"])
            key = _key(f"propose:{activity.pk}", data, "title", "body")
            # Sent twice, the first one would look alike: the same form goes to its receipt.
            if not request.POST.get("seen") and not replayed(key):
                alike = queries.alike(activity, title, _language())
                if alike:
                    return _look_alikes(request, activity, form, alike)
            receipt = services.propose(
                actor=request.actor,
                activity=activity,
                title=data["title"],
                body=data["body"],
                language=_language(),
                key=key,
            )
            return _to_receipt(receipt.code)
    except (Invalid, Closed, SignInNeeded, Conflict) as refusal:
        form.is_valid()
        status = _refused(form, refusal)
    return _write(request, activity, form, now, status)


def _write(
    request: HttpRequest, activity: Any, form: ProposalForm, now: pages.Open, status: int = 200
) -> HttpResponse:
    context = {
        "activity": activity,
        "consultation": activity.consultation,
        "form": form,
        "open": now,
        "closed": not now.propose,
        "crumbs": pages.crumbs(activity, (_("Post a proposal"), None)),
    }
    return _page(request, "proposals/new.html", context, status)


def _look_alikes(
    request: HttpRequest, activity: Any, form: ProposalForm, alike: list[Card]
) -> HttpResponse:
    context = {
        "activity": activity,
        "consultation": activity.consultation,
        "form": form,
        "alike": alike,
        "crumbs": pages.crumbs(activity, (_("Proposals that look alike"), None)),
    }
    return _page(request, "proposals/alike.html", context)


def _require_public(row: Proposal) -> None:
    if row.node.state != State.PUBLIC:
        raise Forbidden(_("This proposal was withdrawn: nothing more can be done with it."))


@require_http_methods(_METHODS)
def comment(request: HttpRequest, slug: str, pk: UUID) -> HttpResponse:
    """Comment on a proposal, or answer one of its comments (`?reply=`)."""
    row = pages.proposal_of(request, slug, pk)
    _require_public(row)
    activity = row.activity
    if request.method != "POST":
        now = pages.open_now(activity)
        if now.comment and request.actor.person is None:
            if pages.needs_account(activity, "comment"):
                raise SignInNeeded
        form = CommentForm(initial={"reply_to": request.GET.get("reply", "")[:36] or None})
        return _comment_page(request, row, form, now, 200 if now.comment else 403)
    form = CommentForm(request.POST)
    status = 422
    try:
        if form.is_valid():
            data = form.cleaned_data
            receipt = services.comment(
                actor=request.actor,
                proposal=row,
                body=data["body"],
                stance=data["stance"],
                reply_to=data["reply_to"],
                language=_language(),
                key=_key(f"comment:{pk}", data, "body", "stance", "reply_to"),
            )
            return _to_receipt(receipt.code)
    except (Invalid, Closed, SignInNeeded, Conflict) as refusal:
        form.is_valid()
        status = _refused(form, refusal)
    now = pages.open_now(activity)
    return _comment_page(request, row, form, now, status if now.comment else 403)


def _comment_page(
    request: HttpRequest, row: Proposal, form: CommentForm, now: pages.Open, status: int
) -> HttpResponse:
    reply = form["reply_to"].value()
    answered = None
    if reply:
        answered = Contribution.objects.select_related("author").filter(
            pk=_uuid(reply), parent_id=row.pk, node__state=State.PUBLIC
        )
        answered = answered.first()  # type: ignore[assignment]
    context = {
        "p": row,
        "activity": row.activity,
        "consultation": row.activity.consultation,
        "form": form,
        "open": now,
        "closed": not now.comment,
        "answered": answered,
        "crumbs": pages.crumbs(
            row.activity,
            (pages.name_of(row), reverse("proposal", args=[row.activity.node.slug, row.pk])),
            (_("Comment"), None),
        ),
    }
    return _page(request, "proposals/comment.html", context, status)


def _uuid(value: Any) -> UUID | None:
    try:
        return UUID(str(value))
    except ValueError:
        return None


@require_http_methods(_METHODS)
def support(request: HttpRequest, slug: str, pk: UUID) -> HttpResponse:
    """Support a proposal, or take one's support back; needs a confirmed e-mail address."""
    row = pages.proposal_of(request, slug, pk)
    activity, actor = row.activity, request.actor
    if actor.person is None:
        raise SignInNeeded(_("Supporting needs a confirmed e-mail address."))
    now = pages.open_now(activity)
    status, refusal_words = 200, ""
    if request.method == "POST":
        act = services.take_back if request.POST.get("take_back") else services.support
        try:
            act(actor=actor, proposal=row)
        except (Invalid, Closed, Forbidden) as refusal:
            status, refusal_words = refusal.status, str(refusal)
        else:
            said = (
                _("Your support is taken back.")
                if act is services.take_back
                else _("Your support is counted, once.")
            )
            messages.success(request, said)
            place = reverse("proposal", args=[slug, pk])
            return HttpResponseRedirect(f"{place}#appuis", status=303)
    elif not now.support:
        status = 403
    standing = services.standing(actor, activity)
    context = {
        "p": row,
        "activity": activity,
        "consultation": activity.consultation,
        "open": now,
        "standing": standing,
        "mine": row.pk in standing.supported,
        "supported": cards(sorted(standing.supported), slug),
        "public": row.node.state == State.PUBLIC,
        "words": refusal_words,
        "crumbs": pages.crumbs(
            activity,
            (pages.name_of(row), reverse("proposal", args=[slug, pk])),
            (_("Support"), None),
        ),
    }
    return _page(request, "proposals/support.html", context, status)


@require_http_methods(_METHODS)
def change(request: HttpRequest, slug: str, pk: UUID, code: str | None = None) -> HttpResponse:
    """Change one's own proposal or comment, by account or by receipt code."""
    try:
        row = queries.contribution(pk, slug)
    except Contribution.DoesNotExist:
        raise Http404 from None
    actor = pages.holder(request.actor, row.node, code)
    access.require(actor, "change_own", row)
    activity, is_comment = row.activity, row.parent_id is not None
    now = pages.open_now(activity)
    is_open = now.comment if is_comment else now.propose
    form = _change_form(request, row)
    status = 200 if is_open or request.method == "POST" else 403
    if request.method == "POST":
        status = 422
        try:
            if not is_open:
                raise Closed
            if form.is_valid():
                data = form.cleaned_data
                receipt = services.change(
                    actor=actor,
                    contribution=row,
                    title=data.get("title", ""),
                    body=data["body"],
                    stance=data.get("stance"),
                    key=_key(f"change:{pk}", data, "title", "body", "stance"),
                )
                return HttpResponseRedirect(
                    reverse("follow_up_code", args=[receipt.code]), status=303
                )
        except (Invalid, Closed, Conflict) as refusal:
            form.is_valid()
            row.refresh_from_db()
            status = _refused(form, refusal)
    context = {
        "form": form,
        "activity": activity,
        "consultation": activity.consultation,
        "is_comment": is_comment,
        "closed": not is_open,
        "open": now,
        "crumbs": pages.crumbs(activity, (_("Change"), None)),
    }
    return _page(request, "proposals/change.html", context, status)


def _change_form(request: HttpRequest, row: Contribution) -> ProposalForm | CommentForm:
    data = request.POST if request.method == "POST" else None
    if row.parent_id is None:
        initial = {"title": tr(row.node.title, row.language), "body": row.body}
        return ProposalForm(settings_of(row.activity), data, initial=initial)
    initial = {
        "body": row.body,
        "stance": row.payload.get("stance", "neutral"),
        "reply_to": row.payload.get("reply_to"),
    }
    return CommentForm(data, initial=initial)
