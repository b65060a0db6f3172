"""Atom feeds of registers: the rows that came or changed last."""

from datetime import datetime
from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import escape
from django.utils.translation import gettext as _

from parvis.core.feeds import AtomFeed
from parvis.core.i18n import tr
from parvis.proactive import queries, showing
from parvis.proactive.lists import Shape, shapes
from parvis.proactive.models import Record

ENTRIES_MAX = 50


class RowFeed(AtomFeed):
    """The latest rows of a type of register; the address narrows it as it does the page."""

    def get_object(self, request: HttpRequest, kind: str) -> tuple[Shape, queries.Asked]:  # type: ignore[override]
        """The type, and what narrows it."""
        return queries.shape_or_404(kind), queries.Asked.of(request.GET)

    def title(self, found: tuple[Shape, queries.Asked]) -> str:
        """The feed's title."""
        return _("Register: %(name)s") % {"name": tr(found[0].title)}

    def link(self, found: tuple[Shape, queries.Asked]) -> str:
        """The register's page."""
        return reverse("typed_register", args=[found[0].code])

    def items(self, found: tuple[Shape, queries.Asked]) -> Any:
        """What changed last, first."""
        rows = queries.with_register(queries.records(*found))
        return rows.order_by("-modified_at", "-pk")[:ENTRIES_MAX]

    def item_title(self, item: Any) -> str:
        """Its number and its organisation."""
        return f"{item.number} – {tr(item.register.organisation.node.title)}"

    def item_description(self, item: Record) -> str:
        """Its cells, as text."""
        cells = showing.cells(shapes()[item.register.kind], item.values)
        return escape("; ".join(f"{one.label} : {one.words}" for one in cells if one.words))

    def item_link(self, item: Record) -> str:
        """Its page."""
        return reverse("typed_record", args=[item.register.kind, item.pk])

    def item_guid(self, item: Record) -> str:
        """Its identifier, the same in every language."""
        return item.pk.urn

    def item_pubdate(self, item: Record) -> datetime:
        """When it came."""
        return item.created_at

    def item_updateddate(self, item: Record) -> datetime:
        """When it last changed."""
        return item.modified_at

    def item_author_name(self, item: Record) -> str:
        """Its organisation."""
        return tr(item.register.organisation.node.title)
