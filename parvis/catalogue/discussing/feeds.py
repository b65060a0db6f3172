"""Discussions of datasets as Atom (RFC 4287)."""

from datetime import datetime

from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import escape
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from parvis.catalogue.discussing import queries
from parvis.catalogue.discussing.models import Discussion, Message
from parvis.core.feeds import AtomFeed
from parvis.core.i18n import tr
from parvis.core.models import State

ENTRIES_MAX = 50
Entry = Discussion | Message


class DiscussionFeed(AtomFeed):
    """The latest questions and replies; the list's filters hold."""

    def get_object(self, request: HttpRequest, *args: object, **kwargs: object) -> queries.Asked:
        """The filters of the address."""
        return queries.Asked.of(request.GET)

    def title(self) -> str:
        """The feed's title."""
        return _("Discussions of data")

    def link(self) -> str:
        """The list's page."""
        return reverse("data_discussions")

    def items(self, obj: queries.Asked) -> list[Entry]:
        """What was said last, newest first: two queries."""
        opened = list(queries.public(obj).order_by("-node__published_at", "-pk")[:ENTRIES_MAX])
        said = Message.objects.filter(
            discussion__in=queries.public(obj).order_by().values("pk"), node__state=State.PUBLIC
        ).select_related("node", "organisation__node", "discussion__node")
        entries: list[Entry] = [*opened, *said.order_by("-node__published_at", "-pk")[:ENTRIES_MAX]]
        entries.sort(key=lambda one: (one.node.published_at, one.pk), reverse=True)
        return entries[:ENTRIES_MAX]

    def item_title(self, item: Entry) -> str:
        """The title of the discussion, and who replies where it is the publisher."""
        if isinstance(item, Discussion):
            return str(tr(item.node.title))
        title = tr(item.discussion.node.title)
        said = (
            _("Answer of the organisation")
            if item.organisation_id
            else pgettext("discussion", "Reply")
        )
        return f"{title} – {said}"

    def item_description(self, item: Entry) -> str:
        """What is said. Django writes it as HTML: escaped before."""
        return escape(item.body)

    def item_link(self, item: Entry) -> str:
        """Its page."""
        if isinstance(item, Discussion):
            return reverse("data_discussion", args=[item.pk])
        return f"{reverse('data_discussion', args=[item.discussion_id])}#message-{item.pk}"

    def item_guid(self, item: Entry) -> str:
        """Its identifier, the same in every language."""
        return item.node.pk.urn

    def item_pubdate(self, item: Entry) -> datetime | None:
        """When it became public."""
        return item.node.published_at

    def item_updateddate(self, item: Entry) -> datetime | None:
        """The same: what was said does not change."""
        return item.node.published_at
