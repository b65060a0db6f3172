"""Mail as the operator sees it: does it arrive, what came back, who is written to again."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from parvis.core import access
from parvis.core.accounts import client_ip
from parvis.core.errors import Conflict
from parvis.core.pages import paginate
from parvis.notify import bounces, deliverability, mail_desk
from parvis.notify.forms import AddressForm
from parvis.notify.models import Mailbox

_ROWS = 50


def _back(name: str) -> HttpResponseRedirect:
    return HttpResponseRedirect(reverse(name), status=303)


@require_http_methods(["GET", "HEAD", "POST"])
def check(request: HttpRequest) -> HttpResponse:
    """What the DNS says of the sender's domain; a button looks again."""
    access.require(request.actor, "see_mail")
    if request.method == "POST":
        mail_desk.check_now(actor=request.actor)
        return _back("mail_check")
    last = mail_desk.last_check()
    findings = deliverability.read(last.findings) if last else []
    context = {
        "section": "desk",
        "last": last,
        "findings": findings,
        "worst": deliverability.worst(findings) if findings else "",
        "domain": deliverability.sender_domain(),
        "test": mail_desk.last_test(request.actor),
        "own": request.actor.person.email if request.actor.person else "",
    }
    return render(request, "notify/desk_check.html", context)


@require_POST
def send_test(request: HttpRequest) -> HttpResponse:
    """Send a message to one's own address."""
    language = (get_language() or "fr")[:2]
    mail_desk.send_test(actor=request.actor, language=language, ip=client_ip(request))
    messages.success(request, _("The message is on its way. Open it and follow its link."))
    return _back("mail_check")


@require_http_methods(["GET", "HEAD", "POST"])
def received(request: HttpRequest, token: str) -> HttpResponse:
    """The link of a test message: a button says that it arrived (mail programs open links)."""
    done = request.method == "POST"
    number = mail_desk.confirm_test(token) if done else mail_desk.number_of(token)
    return render(request, "notify/mail_received.html", {"number": number, "done": done})


@require_http_methods(["GET", "HEAD", "POST"])
def bounced(request: HttpRequest) -> HttpResponse:
    """Mailboxes that bounced, without addresses; an address that is typed finds its own."""
    access.require(request.actor, "see_mail")
    form = AddressForm(request.POST or None)
    found: Mailbox | None = None
    asked, status = False, 200
    if request.method == "POST":
        # Not in the address of the page: it would stay in logs and histories.
        asked = form.is_valid()
        status = 200 if asked else 422
        found = mail_desk.mailbox_of(form.cleaned_data["email"]) if asked else None
    page = paginate(request, mail_desk.bounced(), per_page=_ROWS)
    context: dict[str, Any] = {
        "section": "desk",
        "form": form,
        "asked": asked,
        "found": _row(found) if found else None,
        "rows": [_row(one) for one in page.rows],
        "page": page,
        "most": bounces.BOUNCES_MAX,
    }
    return render(request, "notify/desk_bounces.html", context, status=status)


def _row(mailbox: Mailbox) -> dict[str, Any]:
    return {
        "box": mailbox,
        "words": mail_desk.status_words(mailbox.bounce_status),
        "silent": mailbox.bounces >= bounces.BOUNCES_MAX,
    }


@require_POST
def release(request: HttpRequest, pk: int) -> HttpResponse:
    """Write to an address again."""
    access.require(request.actor, "see_mail")
    mailbox = get_object_or_404(Mailbox, pk=pk)
    try:
        mail_desk.release(actor=request.actor, mailbox=mailbox)
    except Conflict as refusal:
        messages.info(request, str(refusal))
    else:
        messages.success(request, _("This address is written to again."))
    return _back("mail_bounces")
