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
    "author_email": _("E-mail of the responsible"),
    "maintainer": _("Maintainer"),
    "maintainer_email": _("E-mail of the maintainer"),
    "url": _("Address of the source"),
    "version": _("Version"),
    "languages": _("Languages of the data"),
    "organisation": _("Organisation"),
    "box": _("Box of coordinates"),
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


@register.filter
def among(value: Any, values: Any) -> bool:
    """Whether a value is one of several."""
    return value in values
