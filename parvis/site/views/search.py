"""The one search over everything: its page, its feed, its description for browsers."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from xml.etree.ElementTree import Element, SubElement, tostring

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.html import escape
from django.utils.translation import gettext as _
from django.utils.translation import override
from django.views.decorators.http import require_safe

from parvis.core import kinds, limits
from parvis.core.feeds import AtomFeed
from parvis.core.i18n import LANGUAGES, tr
from parvis.core.models import Node
from parvis.core.pages import Page, page_number, public_page
from parvis.core.search import ROWS_MAX
from parvis.notify.messages import site_name
from parvis.site import searching
from parvis.site.searching import Filters

OPENSEARCH = "http://a9.com/-/spec/opensearch/1.1/"
DESCRIPTION_SECONDS = 3600
FEED_ENTRIES = 50


@require_safe
def page(request: HttpRequest) -> HttpResponse:
    """Results with extracts, facets, order and page, all in the address."""
    filters = searching.read(request.GET)
    size, number = limits.PAGE_ROWS, page_number(request)
    found = filters.find(limit=size, offset=(number - 1) * size)
    pages = max(1, -(-found.count // size))
    if number > pages:
        number = pages
        found = filters.find(limit=size, offset=(number - 1) * size)
    facets = searching.facets_of(filters, found)
    pairs = filters.pairs()
    applied = [
        {"label": facet.label, "words": one.words, "off": one.off, "removed": one.removed}
        for facet in facets
        for one in facet.values
        if one.on or one.off
    ]
    rows = searching.lines_of(filters.text, found)
    context = {
        "text": filters.text,
        "order": filters.order or "relevance",
        "kept": [*pairs, *([("sort", filters.order)] if filters.order else [])],
        "facets": facets if found.count or pairs else [],
        "applied": applied,
        "narrowed": bool(pairs),
        "at_least": found.count >= ROWS_MAX,
        "page": Page(rows, number, pages, found.count, size),
        "list_url": reverse("search"),
        "feed_query": filters.address(pairs),
        "section": "search",
    }
    return public_page(request, "site/search.html", context)


class SearchFeed(AtomFeed):
    """What a search finds, the newest first."""

    def get_object(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Filters:
        """Return the filters of the address, the same as those of the page."""
        return searching.read(request.GET)

    def title(self, obj: Filters) -> str:
        """Name of the feed."""
        return _("Search: %(words)s") % {"words": obj.text}

    def link(self, obj: Filters) -> str:
        """The page of results."""
        return settings.SITE_URL + reverse("search") + obj.address(obj.pairs())

    def feed_url(self, obj: Filters) -> str:
        """Its own address."""
        return settings.SITE_URL + reverse("search_feed") + obj.address(obj.pairs())

    def items(self, obj: Filters) -> Sequence[Node]:
        """The newest results."""
        found = obj.find(limit=FEED_ENTRIES, order="date")
        return [hit.node for hit in found.hits if kinds.url(hit.node)]

    def item_title(self, item: Node) -> str:
        """Its title."""
        return str(tr(item.title))

    def item_description(self, item: Node) -> str:
        """What kind of thing it is."""
        return escape(str(kinds.get(item.kind).label))

    def item_link(self, item: Node) -> str:
        """Its page."""
        return f"{settings.SITE_URL}{kinds.url(item)}"

    def item_guid(self, item: Node) -> str:
        """Its identifier."""
        return f"urn:uuid:{item.pk}"

    def item_pubdate(self, item: Node) -> datetime | None:
        """When it was published."""
        return item.published_at

    def item_updateddate(self, item: Node) -> datetime:
        """The same: a change of the text makes no new entry."""
        return item.published_at or item.created_at


@require_safe
def opensearch(request: HttpRequest, language: str) -> HttpResponse:
    """The description that lets a browser search here (OpenSearch 1.1)."""
    if language not in LANGUAGES:
        raise Http404
    root = Element("OpenSearchDescription", {"xmlns": OPENSEARCH})
    with override(language):
        name = site_name()
        # 16 and 1024 characters at most, says the format.
        SubElement(root, "ShortName").text = name[:16]
        SubElement(root, "Description").text = _("Search everything on %(site)s") % {"site": name}
        for kind, view in (("text/html", "search"), ("application/atom+xml", "search_feed")):
            template = f"{settings.SITE_URL}{reverse(view)}?q={{searchTerms}}"
            SubElement(root, "Url", {"type": kind, "template": template})
    SubElement(root, "Language").text = f"{language}-CA"
    SubElement(root, "InputEncoding").text = "UTF-8"
    body = b'<?xml version="1.0" encoding="utf-8"?>\n' + tostring(root, encoding="utf-8")
    response = HttpResponse(body, content_type="application/opensearchdescription+xml")
    response.public_seconds = DESCRIPTION_SECONDS  # type: ignore[attr-defined]
    return response
