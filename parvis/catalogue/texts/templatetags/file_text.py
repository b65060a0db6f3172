"""The text of the file of a document, on its page."""

from typing import Any

from django import template

from parvis.catalogue.texts import queries

register = template.Library()


@register.inclusion_tag("texts/_of_document.html", takes_context=True)
def file_text(context: Any, document: Any) -> dict[str, Any]:
    """{% file_text document %}: the beginning of what its file says, or why there is none."""
    text = queries.text_of(document.pk) if document.file_id else None
    shown = {"text": text, "document": document, "node": document.node}
    if text is not None:
        shown |= {"beginning": queries.beginning(text), "longer": queries.is_longer(text)}
    return shown
