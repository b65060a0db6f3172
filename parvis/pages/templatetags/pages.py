"""Filters of pages: Markdown with pictures of the library, and a picture by itself."""

from typing import Any

from django import template
from django.utils.safestring import SafeString

from parvis.pages import markup
from parvis.pages.models import Image

register = template.Library()


@register.filter
def pages_markdown(text: Any) -> SafeString:
    """Markdown (a text by language, or a string) as clean HTML with its pictures."""
    return markup.render(text)


@register.filter
def picture(image: Image, sizes: str = markup.SIZES) -> SafeString:
    """A picture of the library, at the size that the screen needs."""
    return markup.picture(image, sizes=sizes)
