"""{% slots node %}: what other parts show on a page, without its domain knowing them."""

from collections.abc import Callable

from django import template
from django.conf import settings
from django.utils.module_loading import import_string
from django.utils.safestring import SafeString, mark_safe

from parvis.core.models import Node

register = template.Library()


@register.simple_tag
def slots(node: Node) -> SafeString:
    """Return the HTML of each function that `PAGE_SLOTS` names, in order: node -> HTML."""
    functions: list[Callable[[Node], str]] = [import_string(name) for name in settings.PAGE_SLOTS]
    return mark_safe("".join(f(node) for f in functions))  # noqa: S308 rendered by templates
