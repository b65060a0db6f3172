"""Atom feeds (RFC 4287) of what was published last."""

from datetime import datetime
from typing import Any

from django.contrib.syndication.views import Feed
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.feedgenerator import Atom1Feed
from django.utils.html import escape
from django.utils.translation import gettext as _

from parvis.catalogue import queries
from parvis.core.i18n import tr

ENTRIES_MAX = 50


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

    def link(self) -> str:
        """The list's page."""
        return reverse(self.list_name)

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

    def items(self) -> QuerySet[Any]:
        """Newest first."""
        return queries.public_datasets()[:ENTRIES_MAX]

    def item_description(self, item: Any) -> str:
        """Its description."""
        return escape(tr(item.notes))


class DocumentFeed(_Latest):
    """The latest documents."""

    list_name, page_name = "documents", "document"

    def title(self) -> str:
        """The feed's title."""
        return _("Latest documents")

    def items(self) -> QuerySet[Any]:
        """Newest first."""
        return queries.public_documents()[:ENTRIES_MAX]

    def item_description(self, item: Any) -> str:
        """Its summary."""
        return escape(tr(item.summary))
