"""Markdown of pages and news, with pictures of the library only.

`![](media:12)` becomes picture 12 with its sizes and its own alternative text. A picture of
another site is not shown: it would tell that site who reads.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Any

import nh3
from django.urls import reverse
from django.utils.html import escape, format_html
from django.utils.safestring import SafeString, mark_safe
from markdown_it import MarkdownIt
from markdown_it.token import Token

from parvis.core.i18n import tr
from parvis.pages.models import Image, ImageSize

_MEDIA = re.compile(r"^media:(\d{1,9})$")
_markdown = MarkdownIt("commonmark", {"html": False}).enable("table")
_TAGS = {
    "p", "h2", "h3", "h4", "ul", "ol", "li", "strong", "em", "a", "blockquote", "code", "pre",
    "table", "thead", "tbody", "tr", "th", "td", "hr", "br", "picture", "source", "img",
}  # fmt: skip
_ATTRIBUTES = {
    "a": {"href"},
    "img": {"src", "srcset", "sizes", "width", "height", "alt", "loading", "decoding", "lang"},
    "source": {"type", "srcset", "sizes"},
}
SIZES = "(min-width: 44rem) 40rem, 92vw"
"""How wide a picture is drawn in a text: the measure, or the telephone."""


def size_url(size: ImageSize) -> str:
    """Return the address of a size: it names its content, so it never changes."""
    return reverse(
        "media_file", args=[size.image_id, size.width, size.file.sha256[:16], size.extension]
    )


def images(ids: Iterable[int]) -> dict[int, Image]:
    """Return id -> picture with its sizes, in two queries."""
    wanted = list(ids)
    if not wanted:
        return {}
    rows = Image.objects.filter(pk__in=wanted).prefetch_related("sizes__file")
    return {row.pk: row for row in rows}


def _srcset(sizes: Iterable[ImageSize]) -> str:
    return ", ".join(f"{size_url(size)} {size.width}w" for size in sizes)


def picture(image: Image, *, sizes: str = SIZES) -> SafeString:
    """Return a picture as HTML: WebP or its fallback, at the size that the screen needs."""
    every = list(image.sizes.all())
    webp = [size for size in every if size.extension == "webp"]
    plain = [size for size in every if size.extension != "webp"]
    if not plain:
        return SafeString()
    alt = "" if image.decorative else tr(image.alt)
    largest = plain[-1]
    middle = next((size for size in plain if size.width >= 640), largest)
    return format_html(
        '<picture><source type="image/webp" srcset="{}" sizes="{}"><img src="{}" srcset="{}"'
        ' sizes="{}" width="{}" height="{}" alt="{}"{} loading="lazy" decoding="async"></picture>',
        _srcset(webp), sizes, size_url(middle), _srcset(plain), sizes, largest.width,
        largest.height, alt,
        format_html(' lang="{}"', alt.lang) if hasattr(alt, "lang") else "",
    )  # fmt: skip


def _number(token: Token) -> int | None:
    found = _MEDIA.match(str(token.attrGet("src") or ""))
    return int(found[1]) if found else None


def _inside(tokens: Iterable[Token]) -> list[Token]:
    return [child for token in tokens for child in token.children or () if child.type == "image"]


def media_in(text: str) -> set[int]:
    """Return the numbers of the pictures that a text shows."""
    return {n for token in _inside(_markdown.parse(text)) if (n := _number(token)) is not None}


def render(text: Any, known: Mapping[int, Image] | None = None) -> SafeString:
    """Return Markdown (a text by language, or a string) as clean HTML with its pictures.

    `known`: pictures read already. A picture that is not in the library leaves the words that
    stood for it.
    """
    source = tr(text) if not isinstance(text, str) else text
    tokens = _markdown.parse(source)
    shown = _inside(tokens)
    numbers = {n for token in shown if (n := _number(token)) is not None}
    found = images(numbers - set(known or ())) | dict(known or {})
    for token in shown:
        number = _number(token)
        image = found.get(number) if number is not None else None
        token.type = "html_inline"
        token.content = picture(image) if image else escape(token.content)
        token.children = None
    html = _markdown.renderer.render(tokens, _markdown.options, {})
    clean = nh3.clean(html, tags=_TAGS, attributes=_ATTRIBUTES, link_rel="noopener nofollow")
    return mark_safe(clean)  # noqa: S308 cleaned by nh3 on the line above
