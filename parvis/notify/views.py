"""Pages to ask for news, to confirm, to stop; works without an account and without a script."""

from typing import Any
from uuid import UUID

from django.contrib import messages as flash
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from parvis.core import kinds
from parvis.core.accounts import client_ip
from parvis.core.errors import Invalid, NotFound, SignInNeeded
from parvis.core.forms import put_errors
from parvis.core.models import Node, Person
from parvis.core.pages import paginate
from parvis.notify import queries, services, tokens
from parvis.notify.feed import atom
from parvis.notify.forms import SubscribeForm
from parvis.notify.messages import followed
from parvis.notify.models import Subscription


def _language() -> str:
    return (get_language() or "fr")[:2]


def _see_other(url: str) -> HttpResponse:
    return HttpResponseRedirect(url, status=303)


def _visible(request: HttpRequest, pk: UUID | str) -> Node:
    """Return a node that may be followed by anybody. Raises NotFound."""
    try:
        node = Node.objects.select_related("space").filter(pk=pk, state="public").first()
    except (ValueError, TypeError):
        raise NotFound from None
    if node is None or not kinds.visible(request.actor, node):  # type: ignore[attr-defined]
        raise NotFound
    return node


def _asked(request: HttpRequest) -> Node | None:
    """The node named by ?node=, or None for the whole site. Raises NotFound."""
    text = request.GET.get("node", "")
    if not text:
        return None
    try:
        return _visible(request, UUID(text))
    except ValueError:
        raise NotFound from None


@require_http_methods(["GET", "HEAD", "POST"])
def subscribe(request: HttpRequest) -> HttpResponse:
    """Ask for news by e-mail: an address, and what of. The answer never says who is known."""
    node = _asked(request)
    person = request.actor.person  # type: ignore[attr-defined]
    form = SubscribeForm(
        request.POST or None,
        choice=node is not None,
        initial={"email": person.email if person else "", "what": "node"},
    )
    status = 200
    if request.method == "POST":
        if form.is_valid():
            wanted = node if form.cleaned_data.get("what", "node") != "site" else None
            try:
                services.subscribe(
                    email=form.cleaned_data["email"],
                    language=_language(),
                    node=wanted,
                    actor=request.actor,  # type: ignore[attr-defined]
                    ip=client_ip(request),
                )
            except Invalid as error:
                put_errors(form, error)
            else:
                return _see_other(reverse("subscribe_sent"))
        status = 422
    context = {
        "form": form,
        "node": node,
        "followed": followed(node),
        "node_url": kinds.url(node) if node else None,
        "is_followed": bool(node) and queries.is_followed(person, node),  # type: ignore[arg-type]
    }
    return render(request, "notify/subscribe.html", context, status=status)


@require_safe
def subscribe_sent(request: HttpRequest) -> HttpResponse:
    """What to do now: the same page for everybody."""
    return render(request, "notify/sent.html", {"days": services.UNCONFIRMED_DAYS})


@require_http_methods(["GET", "HEAD", "POST"])
def confirm_subscription(request: HttpRequest, token: str) -> HttpResponse:
    """The link of the first message. Opening it changes nothing (mail programs open links); the
    button confirms."""
    if request.method == "POST":
        row = services.confirm(token)
        done = True
    else:
        found = tokens.resolve(token)
        if not isinstance(found, Subscription) or found.ended_at is not None:
            raise NotFound(_("This link is no longer valid. Ask for a new one."))
        row, done = found, found.confirmed_at is not None
    context = {
        "subscription": row,
        "followed": followed(row.node, confirmed=done),
        "node_url": _page_of(row.node) if done else None,
        "done": done,
        "stop_url": reverse("unsubscribe", args=[token]),
    }
    return render(request, "notify/confirm.html", context)


def _page_of(node: Node | None) -> str | None:
    return kinds.url(node) if node is not None and node.state == "public" else None


@csrf_exempt
@require_http_methods(["GET", "HEAD", "POST"])
def unsubscribe(request: HttpRequest, token: str) -> HttpResponse:
    """Stop. A page with a button, and the one-click POST of mail programs (RFC 8058).

    Without CSRF token, since the POST comes from a mail server: the token of the address is the
    secret, and no cookie gives a right here.
    """
    found = tokens.resolve(token)
    one = isinstance(found, Subscription)
    active = one and found.ended_at is None  # type: ignore[union-attr]
    if request.method == "POST":
        everything = request.POST.get("scope") != "this"
        services.end(token, everything=everything)
        context: dict[str, Any] = {"done": True, "everything": everything or not one}
    else:
        context = {"done": one and not active, "everything": False}
    context |= {"one": active, "followed": followed(found.node) if one else ""}  # type: ignore[union-attr]
    return render(request, "notify/unsubscribe.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def follow(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Follow with one's account, or stop; without an account, by e-mail."""
    node = _visible(request, pk)
    actor = request.actor  # type: ignore[attr-defined]
    if actor.person is None:
        return _see_other(f"{reverse('subscribe')}?node={node.pk}")
    if request.method == "POST":
        wanted = request.POST.get("wanted") != "0"
        services.follow(actor=actor, node=node, wanted=wanted)
        words = _("You follow this.") if wanted else _("You follow this no more.")
        flash.success(request, words)
        return _see_other(_next(request) or reverse("my_subscriptions"))
    context = {
        "node": node,
        "followed": followed(node),
        "node_url": kinds.url(node),
        "is_followed": queries.is_followed(actor.person, node),
    }
    return render(request, "notify/follow.html", context)


def _next(request: HttpRequest) -> str | None:
    url = request.POST.get("next", "")
    safe = url_has_allowed_host_and_scheme(
        url, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
    return url if url and safe else None


def _person(request: HttpRequest) -> Person:
    person = request.actor.person  # type: ignore[attr-defined]
    if person is None:
        raise SignInNeeded
    return person


# Kinds whose address costs a query each: the list links to their "follow" page, which shows it.
_COSTLY = frozenset({"activity", "contribution"})


@require_safe
def my_subscriptions(request: HttpRequest) -> HttpResponse:
    """What I follow, with a button to stop each."""
    person = _person(request)
    page = paginate(request, queries.follows(person))
    rows = [
        {
            "node": row.node,
            "at": row.at,
            "name": followed(row.node),
            "url": reverse("follow", args=[row.node_id])
            if row.node.kind in _COSTLY
            else _page_of(row.node),
        }
        for row in page.rows
    ]
    by_mail = [
        {"row": row, "name": followed(row.node)} for row in queries.subscriptions_of(person)[:50]
    ]
    context = {"section": "follow_up", "page": page, "rows": rows, "by_mail": by_mail}
    return render(request, "notify/mine.html", context)


@require_POST
def stop_subscription(request: HttpRequest, pk: int) -> HttpResponse:
    """Stop one subscription of my address."""
    _person(request)
    row = get_object_or_404(Subscription.objects.select_related("node"), pk=pk)
    services.stop_own(actor=request.actor, subscription=row)  # type: ignore[attr-defined]
    flash.success(request, _("This subscription is over."))
    return _see_other(reverse("my_subscriptions"))


def _feed(request: HttpRequest, node: Node | None) -> HttpResponse:
    events = list(queries.public_events(node)[: queries.FEED_ENTRIES])
    body = atom(events, node=node, path=request.path)
    response = HttpResponse(body, content_type="application/atom+xml; charset=utf-8")
    response.public_seconds = 60  # type: ignore[attr-defined]
    return response


@require_safe
def feed(request: HttpRequest) -> HttpResponse:
    """Everything public that happened, as Atom."""
    return _feed(request, None)


@require_safe
def node_feed(request: HttpRequest, pk: UUID) -> HttpResponse:
    """What happened to one thing and its thread, as Atom."""
    return _feed(request, _visible(request, pk))
