"""Tags of the catalogue's templates."""

import re
from datetime import date
from typing import Any

from django import template
from django.utils.translation import gettext_lazy as _

register = template.Library()

_FIELDS = {
    "title": _("Title"),
    "notes": _("Description"),
    "methodology": _("Method"),
    "licence": _("Licence"),
    "licence_reason": _("Why another licence than CC BY"),
    "frequency": _("Update frequency"),
    "tags": _("Keywords"),
    "categories": _("Categories"),
    "spatial": _("Territory"),
    "temporal": _("Period covered"),
    "author": _("Responsible"),
    "sources": _("Sources"),
    "withheld": _("What is withheld, and why"),
    "date": _("Date of the document"),
    "summary": _("Summary"),
    "body": _("Text"),
    "file": _("File"),
}


@register.simple_tag
def cell_kind(value: Any) -> str:
    """How a cell is shown: empty, number, boolean, date, link or text."""
    if value is None:
        return "empty"
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int | float):
        return "number"
    if isinstance(value, date):
        return "date"
    return "link" if re.match(r"https?://[^\s<>\"]+\Z", str(value)) else "text"


@register.simple_tag
def field_words(name: str) -> str:
    """The words for a field of a revision."""
    return str(_FIELDS.get(name, name))
