"""What discussions say of themselves to the kernel: address, words, who may know of them."""

from collections.abc import Iterable
from uuid import UUID

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from parvis.catalogue.discussing.models import Discussion, Message
from parvis.core import kinds
from parvis.core.models import Node, State

Words = dict[UUID, dict[str, str]]


def texts(ids: Iterable[UUID]) -> Words:
    """The words of discussions: what opens them, and the public replies."""
    wanted = list(ids)
    found: Words = {}
    for row in Discussion.objects.filter(pk__in=wanted):
        found[row.pk] = {row.language: row.body}
    replies = Message.objects.filter(discussion__in=wanted, node__state=State.PUBLIC)
    for said in replies.order_by("pk"):
        own = found.setdefault(said.discussion_id, {})
        own[said.language] = f"{own.get(said.language, '')} {said.body}".strip()
    return found


def message_texts(ids: Iterable[UUID]) -> Words:
    """The words of replies."""
    rows = Message.objects.filter(pk__in=list(ids))
    return {row.pk: {row.language: row.body} for row in rows}


def message_url(node: Node) -> str:
    """Return where a reply is: its place on the page of its discussion."""
    return f"{reverse('data_discussion', args=[node.space_id])}#message-{node.pk}"


def register() -> None:
    """Declare the kinds. Replies are found through their discussion."""
    kinds.register(
        kinds.Kind(
            name="discussion",
            label=_("Discussion of data"),
            label_plural=_("Discussions of data"),
            url=lambda node: reverse("data_discussion", args=[node.pk]),
            texts=texts,
        )
    )
    kinds.register(
        kinds.Kind(
            name="discussion_message",
            label=_("Reply in a discussion"),
            label_plural=_("Replies in discussions"),
            url=message_url,
            texts=message_texts,
            searchable=False,
        )
    )
