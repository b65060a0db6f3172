"""What a page says of itself to those who share it or index it: Open Graph and schema.org.

The description in JSON-LD is data: a browser never runs it, and Content-Security-Policy rules over
scripts that run only (HTML, “prepare the script element”). `<` is escaped, so that no text of a
page can end the element.
"""

import json
from collections.abc import Mapping
from typing import Any

from django import template
from django.conf import settings
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from parvis.catalogue.dcat import schemaorg
from parvis.catalogue.models import Dataset
from parvis.consult.models import Consultation
from parvis.core import kinds
from parvis.core.i18n import tr
from parvis.core.models import Node, Organisation, Site
from parvis.pages.markup import size_url
from parvis.pages.models import News
from parvis.site import cards

register = template.Library()
_LOCALES = {"fr": "fr_CA", "en": "en_CA"}
DESCRIPTION_CHARACTERS = 200
_ESCAPES = {ord(">"): "\\u003E", ord("<"): "\\u003C", ord("&"): "\\u0026"}


def _language() -> str:
    return (get_language() or "fr")[:2]


def _address(node: Node) -> str:
    return f"{settings.SITE_URL}{kinds.url(node) or ''}"


def _data(value: Mapping[str, Any]) -> SafeString:
    kept = {"@context": "https://schema.org", **{k: v for k, v in value.items() if v}}
    text = json.dumps(kept, ensure_ascii=False).translate(_ESCAPES)
    html = f'<script type="application/ld+json">{text}</script>'
    return mark_safe(html)  # noqa: S308 JSON, with what HTML reads escaped on the line above


def _short(text: Any) -> str:
    words = " ".join(str(tr(text) if isinstance(text, Mapping) else text or "").split())
    if len(words) <= DESCRIPTION_CHARACTERS:
        return words
    return words[: DESCRIPTION_CHARACTERS - 1].rstrip() + "…"


def card_url(node: Node) -> str:
    """Return the address of the picture that a link to a thing shows."""
    return settings.SITE_URL + reverse("card", args=[node.kind, node.slug, _language()])


@register.simple_tag(takes_context=True)
def shared(context: Any, node: Node, description: Any = "") -> SafeString:
    """{% shared node text %}: the Open Graph marks of a public thing."""
    if node.state != "public":
        return SafeString()
    site: Site | None = context.get("site")
    marks = [
        ("og:type", "article" if node.kind == "news" else "website"),
        ("og:site_name", str(tr(site.name)) if site else "Parvis"),
        ("og:title", str(tr(node.title))),
        ("og:description", _short(description)),
        ("og:url", _address(node)),
        ("og:locale", _LOCALES[_language()]),
    ]
    if node.kind in cards.KINDS:
        marks += [
            ("og:image", card_url(node)),
            ("og:image:width", str(cards.WIDTH)),
            ("og:image:height", str(cards.HEIGHT)),
            ("og:image:alt", f"{kinds.get(node.kind).label} : {tr(node.title)}"),
        ]
    html = format_html_join("", '<meta property="{}" content="{}">', (m for m in marks if m[1]))
    return format_html('{}<meta name="twitter:card" content="summary_large_image">', html)


def _organisation(row: Organisation | None) -> dict[str, Any] | None:
    if row is None:
        return None
    found = {"@type": "GovernmentOrganization", "name": str(tr(row.node.title))}
    return {**found, "url": row.homepage} if row.homepage else found


@register.simple_tag(takes_context=True)
def news_data(context: Any, news: News) -> SafeString:
    """A piece of news as schema.org NewsArticle; a release of others as what it is about."""
    node = news.node
    if node.state != "public":
        return SafeString()
    site: Site | None = context.get("site")
    sizes = (
        [size for size in news.image.sizes.all() if size.extension != "webp"] if news.image else []
    )
    return _data(
        {
            "@type": "NewsArticle",
            "headline": str(tr(node.title)),
            "description": _short(news.lead),
            "datePublished": news.dated_on.isoformat() if news.dated_on else "",
            "dateModified": news.updated_at.isoformat(),
            "inLanguage": f"{_language()}-CA",
            "mainEntityOfPage": _address(node),
            "image": [settings.SITE_URL + size_url(size) for size in sizes[-1:]]
            or [card_url(node)],
            "publisher": _organisation(news.organisation or (site.organisation if site else None)),
            "isBasedOn": news.external_url,
        }
    )


@register.simple_tag
def consultation_data(
    consultation: Consultation, opens: Any = None, closes: Any = None
) -> SafeString:
    """A consultation as a schema.org Event that happens online."""
    node = consultation.node
    if node.state != "public" or not opens or not closes:
        return SafeString()
    return _data(
        {
            "@type": "Event",
            "name": str(tr(node.title)),
            "description": _short(consultation.question),
            "startDate": opens.isoformat(),
            "endDate": closes.isoformat(),
            "eventAttendanceMode": "https://schema.org/OnlineEventAttendanceMode",
            "eventStatus": "https://schema.org/EventScheduled",
            "location": {"@type": "VirtualLocation", "url": _address(node)},
            "organizer": _organisation(consultation.organisation),
            "inLanguage": [f"{code}-CA" for code in consultation.languages],
            "isAccessibleForFree": True,
            "image": [card_url(node)],
        }
    )


@register.simple_tag
def dataset_data(dataset: Dataset) -> SafeString:
    """A dataset as schema.org Dataset, as search engines of data read it."""
    node = dataset.node
    if node.state != "public":
        return SafeString()
    return _data(schemaorg.dataset(dataset, _language()))


@register.simple_tag(takes_context=True)
def catalog_data(context: Any) -> SafeString:
    """The catalogue as schema.org DataCatalog."""
    return _data(schemaorg.catalogue(_language(), context.get("site")))


@register.simple_tag(takes_context=True)
def site_data(context: Any) -> SafeString:
    """The site and whose it is, for its home page."""
    site: Site | None = context.get("site")
    if site is None:
        return SafeString()
    search = f"{settings.SITE_URL}{reverse('search')}?q={{words}}"
    return _data(
        {
            "@type": "WebSite",
            "name": str(tr(site.name)),
            "description": _("What is asked, what is decided, what is done."),
            "url": f"{settings.SITE_URL}{reverse('home')}",
            "inLanguage": f"{_language()}-CA",
            "publisher": _organisation(site.organisation),
            "potentialAction": {
                "@type": "SearchAction",
                "target": search,
                "query-input": "required name=words",
            },
        }
    )
