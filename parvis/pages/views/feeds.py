"""News as Atom."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.conf import settings
from django.contrib.syndication.views import Feed
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.feedgenerator import Atom1Feed
from django.utils.html import escape
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from parvis.core.i18n import tr
from parvis.pages import queries
from parvis.pages.models import News

ITEMS_MAX = 30
SECONDS = 300


class NewsFeed(Feed):
    """Public news, the newest first."""

    feed_type = Atom1Feed

    def __call__(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Answer; nothing in it is personal, so it may be cached."""
        self.path = request.path
        self.language = get_language()
        response = super().__call__(request, *args, **kwargs)
        response.public_seconds = SECONDS  # type: ignore[attr-defined]
        return response

    def title(self) -> str:
        """Name of the feed."""
        return _("News")

    def link(self) -> str:
        """The page it tells of."""
        return settings.SITE_URL + reverse("news_list")

    def feed_url(self) -> str:
        """Its own address."""
        return f"{settings.SITE_URL}{self.path}"

    def items(self) -> Sequence[News]:
        """The newest."""
        return list(queries.public_news()[:ITEMS_MAX])

    def item_title(self, item: News) -> str:
        """Its title."""
        return tr(item.node.title)

    def item_description(self, item: News) -> str:
        """What it says in short."""
        # Django writes descriptions as HTML (`type="html"`): text is escaped before.
        return escape(tr(item.lead))

    def item_link(self, item: News) -> str:
        """Its page here, which links the release where it was published elsewhere."""
        return settings.SITE_URL + reverse("news", args=[item.node.slug])

    def item_guid(self, item: News) -> str:
        """The same in every language and for ever."""
        return f"urn:uuid:{item.node.pk}"

    def item_pubdate(self, item: News) -> datetime:
        """When it was published here."""
        return item.node.published_at or item.node.created_at

    def item_updateddate(self, item: News) -> datetime:
        """When it last changed."""
        return item.updated_at
