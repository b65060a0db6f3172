"""The kernel as a Django app."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class CoreConfig(AppConfig):
    """Declares the kinds that belong to no domain."""

    name = "parvis.core"

    def ready(self) -> None:
        """Register the organisation."""
        from parvis.core import kinds
        from parvis.core.models import Organisation

        kinds.register(
            kinds.Kind(
                name="organisation",
                label=_("Organisation"),
                label_plural=_("Organisations"),
                url=lambda node: None,
                texts=lambda ids: {
                    row.pk: dict(row.description)
                    for row in Organisation.objects.filter(pk__in=list(ids))
                },
                searchable=False,
            )
        )
