"""Filters and tags that every template has: texts by language, numbers, dates, Markdown."""

import re
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import Any
from uuid import UUID

import nh3
from babel.dates import format_date, format_time
from babel.numbers import format_decimal, format_percent
from django import template
from django.template.defaulttags import URLNode
from django.template.defaulttags import url as parse_url
from django.urls import reverse
from django.utils import timezone
from django.utils.html import conditional_escape, format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe
from django.utils.text import Truncator
from django.utils.translation import get_language, gettext
from markdown_it import MarkdownIt

from parvis.core import access, i18n, ids, kinds, lists

register = template.Library()
_LOCALES = {"fr": "fr_CA", "en": "en_CA"}
_markdown = MarkdownIt("commonmark", {"html": False}).enable("table")
_TAGS = {
    "p", "h2", "h3", "h4", "ul", "ol", "li", "strong", "em", "a", "blockquote", "code", "pre",
    "table", "thead", "tbody", "tr", "th", "td", "hr", "br",
}  # fmt: skip


def locale() -> str:
    """Return the Babel locale of the reader."""
    return _LOCALES.get((get_language() or "fr")[:2], "fr_CA")


@register.filter
def tr(text: Any) -> str:
    """A text by language, in the reader's, with French spaces."""
    return i18n.tr(text)


@register.filter
def said(text: Any, characters: int = 0) -> str:
    """`tr`, marked with its language where that is not the page's; for the content of elements.

    `text` is by language, or what `tr` gave. `characters`: cut after so many. Never in an
    attribute, a title or an option, which cannot hold the mark: `tr` there.
    """
    if isinstance(text, Mapping):
        shown = i18n.tr(text)
    else:
        shown = text if isinstance(text, str) else str(text or "")
    if characters and len(shown) > characters:
        cut = Truncator(shown).chars(characters)
    else:
        cut = shown
    if not isinstance(shown, i18n.Foreign):
        return cut
    return format_html('<span lang="{}">{}</span>', shown.lang, cut)


@register.filter
def names(texts: Any) -> SafeString:
    """Several of what `tr` gave, with commas, each marked with its language."""
    return format_html_join(", ", "{}", ((said(text),) for text in texts))


@register.filter
def lang_of(text: Any) -> str:
    """The language in which `tr` shows this text (it may fall back)."""
    return i18n.pick(text)[1]


@register.filter
def typeset(text: str, language: str = "fr") -> str:
    """Set French spaces in a plain text."""
    return i18n.typeset(str(text), language or "fr")


@register.filter
def number(value: Any, digits: int = 0) -> str:
    """1 204,5 in French, 1,204.5 in English."""
    if value is None or value == "":
        return ""
    return _number(value, int(digits), locale())


# A page says the same days and counts many times, and Babel reads its patterns at each.
@lru_cache(maxsize=4096, typed=True)
def _number(value: Any, digits: int, locale: str) -> str:
    pattern = "#,##0" + ("." + "#" * digits if digits else "")
    return format_decimal(value, format=pattern, locale=locale).replace("\u202f", "\u00a0")


@register.filter
def percent(value: Any, total: Any = None) -> str:
    """A share as a whole percentage: of `total` when given, else `value` is a fraction."""
    share = (value / total if total else 0) if total is not None else value
    return format_percent(
        share, format="#,##0 %" if locale() == "fr_CA" else "#,##0%", locale=locale()
    )


@register.filter
def day(value: date | datetime | None) -> str:
    """27 février 2020, 1er mars 2020; February 27, 2020."""
    if not value:
        return ""
    if isinstance(value, datetime):
        value = timezone.localtime(value).date() if timezone.is_aware(value) else value.date()
    return _day(value, locale())


@lru_cache(maxsize=4096)
def _day(value: date, locale: str) -> str:
    text = format_date(value, format="long", locale=locale)
    if locale == "fr_CA":
        text = re.sub(r"^1 ", "1er ", text)
        text = re.sub(r"^(\S+) ", "\\1\u00a0", text)
    return text


@register.filter
def moment(value: datetime | None) -> str:
    """27 février 2020 à 14 h 12; February 27, 2020 at 2:12 p.m., in the site's time zone."""
    if not value:
        return ""
    local = timezone.localtime(value)
    if locale() == "fr_CA":
        return gettext("%(day)s at %(time)s") % {
            "day": day(local),
            "time": f"{local.hour}\u00a0h\u00a0{local.minute:02d}",
        }
    return gettext("%(day)s at %(time)s") % {
        "day": day(local),
        "time": format_time(local, format="short", locale=locale()),
    }


@register.filter
def deadline(value: datetime | None) -> str:
    """The end of a period: a midnight is the end of the day before, said by that day."""
    if not value:
        return ""
    local = timezone.localtime(value)
    if (local.hour, local.minute, local.second) == (0, 0, 0):
        return day(local.date() - timedelta(days=1))
    return moment(value)


@register.filter
def last_day(value: datetime | None) -> str:
    """The last day of a period that ends at `value`, without the hour."""
    return day(timezone.localtime(value - timedelta(microseconds=1)).date()) if value else ""


@register.filter
def iso(value: date | datetime | None) -> str:
    """For `datetime=` attributes."""
    return value.isoformat() if value else ""


@register.filter
def markdown(text: Any) -> SafeString:
    """Markdown (a text by language, or a string) as clean HTML."""
    source = i18n.tr(text) if not isinstance(text, str) else text
    html = _markdown.render(source)
    clean = nh3.clean(html, tags=_TAGS, attributes={"a": {"href"}}, link_rel="noopener nofollow")
    return mark_safe(clean)  # noqa: S308 cleaned by nh3 on the line above


@register.filter
def paragraphs(text: str) -> SafeString:
    """Plain text as paragraphs; nothing in it is markup."""
    blocks = [block.strip() for block in re.split(r"\n\s*\n", str(text)) if block.strip()]
    if isinstance(text, i18n.Foreign):
        parts = [format_html('<p lang="{}">{}</p>', text.lang, block) for block in blocks]
    else:
        parts = [format_html("<p>{}</p>", block) for block in blocks]
    return mark_safe("".join(parts))  # noqa: S308 each part is escaped by format_html


@register.filter
def get(mapping: Any, key: Any) -> Any:
    """`mapping[key]`, or None."""
    try:
        return mapping.get(key)
    except AttributeError:
        return None


@register.filter
def url_of(node: Any) -> str:
    """The path of a node's page."""
    return kinds.url(node) or ""


@register.filter
def kind_label(node: Any) -> str:
    """What kind of thing a node is, in words."""
    return str(kinds.get(node.kind).label)


@lru_cache(maxsize=8192)
def _address(name: str, args: tuple[Any, ...], _language: str | None) -> str:
    return reverse(name, args=args)


class _AddressNode(URLNode):
    """An address is written once for its name, its arguments and the language."""

    def render(self, context: Any) -> str:
        if self.kwargs or self.asvar:
            return super().render(context)
        args = tuple(arg.resolve(context) for arg in self.args)
        found = _address(self.view_name.resolve(context), args, get_language())
        return conditional_escape(found) if context.autoescape else found


@register.tag
def url(parser: Any, token: Any) -> template.Node:
    """Django's `url`, which remembers: a page writes twenty addresses, mostly the same."""
    node = parse_url(parser, token)
    return _AddressNode(node.view_name, node.args, node.kwargs, node.asvar)


@register.simple_tag(takes_context=True)
def can(context: Any, action: str, thing: Any = None) -> bool:
    """{% can "moderate" node as allowed %}: whether the reader may."""
    return access.can(context["request"].actor, action, thing)


@register.simple_tag
def new_key() -> str:
    """A fresh idempotency key for a form drawn by hand."""
    return ids.new_token()


@register.simple_tag(takes_context=True)
def query(context: Any, **changes: Any) -> str:
    """The query string of this page with some parameters changed (empty removes)."""
    parameters = context["request"].GET.copy()
    for name, value in changes.items():
        if value in (None, ""):
            parameters.pop(name, None)
        else:
            parameters[name] = str(value)
    text = parameters.urlencode()
    return f"?{text}" if text else "?"


@register.filter
def source_name(url: str) -> str:
    """The words for the link of an address that has no title."""
    return lists.source_name(url)


@register.filter
def sources(urls: Any) -> list[tuple[str, str]]:
    """(address, words for its link) of each address that is a source."""
    return lists.source_links(urls)


@register.filter
def short_id(value: UUID | str) -> str:
    """The last eight characters of an id, for people."""
    return str(value)[-8:]


@register.filter
def bytes_size(size: int | None) -> str:
    """12 ko, 3,4 Mo; 12 kB, 3.4 MB."""
    if size is None:
        return ""
    unit = ("o", "ko", "Mo", "Go") if locale() == "fr_CA" else ("B", "kB", "MB", "GB")
    step, value = 0, float(size)
    while value >= 1000 and step < 3:
        value, step = value / 1000, step + 1
    return f"{number(value, 1 if step > 1 and value < 100 else 0)}\u00a0{unit[step]}"
