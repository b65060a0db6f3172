"""What harvests show on the page of a dataset: where it comes from."""

from django.template.loader import render_to_string

from parvis.catalogue.harvest import queries
from parvis.core.models import Node


def origin(node: Node) -> str:
    """Return where a harvested dataset comes from as HTML; nothing for any other node."""
    if node.kind != "dataset":
        return ""
    item = queries.of_dataset(node.pk)
    return render_to_string("harvest/_origin.html", {"item": item}) if item else ""
