"""What the services of the plan do the same way: slugs that addresses leave free, dates."""

from calendar import monthrange
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from django.utils.translation import gettext_lazy as _

from parvis.core import rows
from parvis.core.errors import Invalid
from parvis.core.models import Node
from parvis.plan.values import Precision

RESERVED = frozenset({"commitments", "engagements", "new", "nouveau"})
"""Words that addresses of the desk use where a slug stands."""


def new_node(
    kind: str, title: Mapping[str, str], *, slug: str = "", space: Node | None = None,
    public: bool = False,
) -> Node:  # fmt: skip
    """Create the node of a new thing, a draft unless `public`."""
    return rows.new_node(kind, title, slug=slug, space=space, public=public, reserved=RESERVED)


def check(row: Any, *, exclude: Sequence[str] = ()) -> None:
    """Validate a row and its period. Raises Invalid with the messages of each field."""
    for edge in ("starts", "ends", "closed_on"):
        _round(row, edge)
    rows.check_row(row, exclude)
    starts, ends = getattr(row, "starts", None), getattr(row, "ends", None)
    if starts and ends and ends < starts:
        raise Invalid({"ends": [_("The end comes before the start.")]})


def _round(row: Any, edge: str) -> None:
    """A month known without its day is kept by its first day (start) or its last (end)."""
    value = getattr(row, edge, None)
    if isinstance(value, date) and getattr(row, f"{edge}_precision", "") == Precision.MONTH:
        last = 1 if edge == "starts" else monthrange(value.year, value.month)[1]
        setattr(row, edge, value.replace(day=last))
