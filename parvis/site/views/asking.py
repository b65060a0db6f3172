"""Asking for data: its form is kept from machines by what moderation knows."""

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from parvis.catalogue.asking import services
from parvis.catalogue.asking.forms import RequestFields
from parvis.core.access import Actor
from parvis.core.accounts import client_ip
from parvis.core.desk import editing, key_of, submitted
from parvis.core.errors import Invalid, TooMany
from parvis.moderation.guards import HumanForm
from parvis.notify import services as notices
from parvis.notify.models import Subscription


class RequestForm(RequestFields, HumanForm):
    """A request, with the trap field and the signed moment of forms that everybody may send."""


@editing
def request_new(request: HttpRequest) -> HttpResponse:
    """Ask for data; no account is needed. An address given is confirmed before it serves."""
    actor: Actor = request.actor  # type: ignore[attr-defined]
    form = RequestForm(request.POST or None)
    language = (get_language() or "fr")[:2]

    def act() -> str:
        data = form.cleaned_data
        sent = services.submit(
            actor=actor,
            title=data["title"],
            fields={name: data[name] for name in ("wanted", "reason")},
            organisation=data["organisation"],
            language=language,
            key=key_of(form, "data_request"),
        )
        if data["email"]:
            _follow(request, actor.holding(sent.request.pk), sent, data["email"], language)
        return reverse("data_request_code", args=[sent.code])

    context = {"days": settings.DATA_REQUEST_DAYS}
    response = submitted(request, form, act, "asking/new.html", context)
    return response


def _follow(
    request: HttpRequest, actor: Actor, sent: services.Sent, email: str, language: str
) -> None:
    """Ask the address to confirm. The request is kept already: a refusal is only told."""
    try:
        notices.subscribe(
            email=email, language=language, node=sent.request.node, actor=actor,
            purpose=Subscription.Purpose.RECEIPT, ip=client_ip(request),
        )  # fmt: skip
    except (Invalid, TooMany) as refusal:
        messages.info(request, str(refusal))
    else:
        messages.success(request, _("Open the message that we sent you, to have news."))
