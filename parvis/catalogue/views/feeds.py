"""Atom feeds (RFC 4287) of what was published last."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.contrib.syndication.views import Feed
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.feedgenerator import Atom1Feed
from django.utils.html import escape
from django.utils.translation import gettext as _

from parvis.catalogue import queries
from parvis.catalogue.finding import browsing
from parvis.catalogue.views import lists
from parvis.core.i18n import tr

ENTRIES_MAX = 50


@dataclass(frozen=True)
class Asked:
    """What a feed shows: the entries found, and the address's own query."""

    ids: Sequence[UUID]
    query: str


class _Latest(Feed):
    """Django writes descriptions as HTML (`type="html"`): text is escaped before."""

    feed_type = Atom1Feed
    list_name = ""
    page_name = ""

    def __call__(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Answer; a feed carries nothing personal."""
        response = super().__call__(request, *args, **kwargs)
        response.public_seconds = 60  # type: ignore[attr-defined]
        return response

    def get_object(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Asked:
        """The filters of the address, the same as the list's: what they find, newest first."""
        query = request.GET.copy()
        query["sort"] = "date"
        seen = browsing.listing(self.page_name)
        found = lists.read(self.page_name, query, seen).browse(seen)
        return Asked(found.ids[:ENTRIES_MAX], request.GET.urlencode())

    def link(self, obj: Asked) -> str:
        """The list's page, with the same filters."""
        return reverse(self.list_name) + (f"?{obj.query}" if obj.query else "")

    def item_title(self, item: Any) -> str:
        """Its title in the reader's language."""
        return tr(item.node.title)

    def item_link(self, item: Any) -> str:
        """Its page."""
        return reverse(self.page_name, args=[item.node.slug])

    def item_guid(self, item: Any) -> str:
        """Its identifier, the same in every language."""
        return item.node.pk.urn

    def item_pubdate(self, item: Any) -> datetime | None:
        """When it was first published."""
        return item.node.published_at

    def item_updateddate(self, item: Any) -> datetime:
        """When it last changed."""
        return item.modified_at

    def item_author_name(self, item: Any) -> str | None:
        """The organisation."""
        return tr(item.organisation.node.title) if item.organisation else None


class DatasetFeed(_Latest):
    """The latest datasets."""

    list_name, page_name = "datasets", "dataset"

    def title(self) -> str:
        """The feed's title."""
        return _("Latest datasets")

    def items(self, obj: Asked) -> list[Any]:
        """Newest first."""
        return queries.in_order(queries.public_datasets(), obj.ids)

    def item_description(self, item: Any) -> str:
        """Its description."""
        return escape(tr(item.notes))


class DocumentFeed(_Latest):
    """The latest documents."""

    list_name, page_name = "documents", "document"

    def title(self) -> str:
        """The feed's title."""
        return _("Latest documents")

    def items(self, obj: Asked) -> list[Any]:
        """Newest first."""
        return queries.in_order(queries.public_documents(), obj.ids)

    def item_description(self, item: Any) -> str:
        """Its summary."""
        return escape(tr(item.summary))
