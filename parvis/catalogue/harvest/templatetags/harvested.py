"""{% harvested node %}: on a dataset's page at the desk, which source keeps it; to detach it."""

from typing import Any

from django import template

from parvis.catalogue.harvest import queries
from parvis.core import access
from parvis.core.models import Node

register = template.Library()


@register.inclusion_tag("harvest/_kept.html", takes_context=True)
def harvested(context: Any, node: Node) -> dict[str, Any]:
    """Return what the notice says; nothing where the dataset was made here."""
    item = queries.of_dataset(node.pk)
    request = context["request"]
    may = item is not None and access.can(request.actor, queries.ACTION, item.source)
    return {"item": item, "may": may, "csrf_token": context.get("csrf_token")}
