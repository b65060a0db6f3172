"""The understand domain as a Django app."""

from collections.abc import Iterable, Sequence
from uuid import UUID

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class UnderstandConfig(AppConfig):
    """Declares the kind theme."""

    name = "parvis.understand"

    def ready(self) -> None:
        """Register the kind."""
        from django.urls import reverse

        from parvis.core import kinds
        from parvis.core.access import Actor, can
        from parvis.core.models import Node, State
        from parvis.understand.knots import knots
        from parvis.understand.models import Theme

        def url(node: Node) -> str | None:
            if node.space is None:
                return None
            return f"{reverse('results', args=[node.space.slug])}#t-{node.slug}"

        def texts(ids: Iterable[UUID]) -> dict[UUID, dict[str, str]]:
            rows = Theme.objects.filter(pk__in=list(ids))
            return {row.pk: dict(row.description) for row in rows}

        def visible(actor: Actor, node: Node) -> bool:
            # A draft theme is the analysts' own; nobody else need know of it.
            return node.state == State.PUBLIC or can(actor, "code", node.space)

        def drawn(ids: Sequence[UUID]) -> Sequence[kinds.Knot]:
            return knots(ids)

        kinds.register(
            kinds.Kind(
                name="theme",
                label=_("Theme"),
                label_plural=_("Themes"),
                url=url,
                texts=texts,
                visible=visible,
                knots=drawn,
            )
        )
