"""What innovation shows on the pages of others: the other versions of the page."""

from django.template.loader import render_to_string

from parvis.core.models import Node
from parvis.innovation import queries


def alternatives(node: Node) -> str:
    """Return the other versions of a page as HTML; nothing where there is none."""
    rows = queries.alternatives_of(node)
    return render_to_string("innovation/_versions.html", {"rows": rows}) if rows else ""
