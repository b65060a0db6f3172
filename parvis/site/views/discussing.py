"""Discussing data: forms kept from machines by what moderation knows, news by notices."""

from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext as _

from parvis.catalogue import queries as catalogue
from parvis.catalogue.discussing import queries, services
from parvis.catalogue.discussing.forms import DiscussionFields, ReplyFields
from parvis.catalogue.discussing.models import Discussion
from parvis.catalogue.discussing.views import language_here
from parvis.core.access import Actor
from parvis.core.accounts import client_ip
from parvis.core.desk import editing, key_of, submitted
from parvis.core.errors import Conflict, Invalid, TooMany
from parvis.core.models import State
from parvis.moderation.guards import HumanForm
from parvis.notify import services as notices
from parvis.notify.models import Subscription


class DiscussionForm(DiscussionFields, HumanForm):
    """A new discussion, with the trap field and the signed moment of forms for everybody."""

    field_order = ("title", "body", "email")


class ReplyForm(ReplyFields, HumanForm):
    """A reply, with the same."""


@editing
def discussion_new(request: HttpRequest, slug: str) -> HttpResponse:
    """Ask or remark something about a dataset; no account is needed."""
    dataset = catalogue.dataset_by_slug(slug)
    actor: Actor = request.actor  # type: ignore[attr-defined]
    form = DiscussionForm(request.POST or None)

    def act() -> str:
        data = form.cleaned_data
        sent = services.open_discussion(
            actor=actor, dataset=dataset, title=data["title"], body=data["body"],
            language=language_here(), key=key_of(form, f"discussion:{dataset.pk}"),
        )  # fmt: skip
        _follow(request, actor.holding(sent.row.pk), sent.row, data["email"], own=True)
        return reverse("data_discussion_code", args=[sent.code])

    context = {"dataset": dataset, "read_first": services.read_first(actor)}
    return submitted(request, form, act, "discussing/new.html", context)


@editing
def discussion_reply(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Reply in a discussion; no account is needed."""
    row = queries.one(pk)
    if row is None or row.node.state != State.PUBLIC:
        raise Http404
    actor: Actor = request.actor  # type: ignore[attr-defined]
    form = ReplyForm(request.POST or None)

    def act() -> str:
        data = form.cleaned_data
        sent = services.reply(
            actor=actor, discussion=row, body=data["body"], language=language_here(),
            key=key_of(form, f"discussion:{row.pk}"),
        )  # fmt: skip
        _follow(request, actor, row, data["email"], own=False)
        return reverse("data_discussion_code", args=[sent.code])

    context = {"row": row, "dataset": row.dataset, "read_first": services.read_first(actor)}
    try:
        return submitted(request, form, act, "discussing/reply.html", context)
    except Conflict as refusal:
        messages.info(request, str(refusal))
        return HttpResponseRedirect(reverse("data_discussion", args=[pk]), status=303)


def _follow(request: HttpRequest, actor: Actor, row: Discussion, email: str, *, own: bool) -> None:
    """Ask the address to confirm. The message is kept already: a refusal is only told."""
    if not email:
        return
    purpose = Subscription.Purpose.RECEIPT if own else Subscription.Purpose.FOLLOW
    try:
        notices.subscribe(
            email=email, language=language_here(), node=row.node, actor=actor,
            purpose=purpose, ip=client_ip(request),
        )  # fmt: skip
    except (Invalid, TooMany) as refusal:
        messages.info(request, str(refusal))
    else:
        messages.success(request, _("Open the message that we sent you, to have news."))
