"""The catalogue domain as a Django app."""

from django.apps import AppConfig


class CatalogueConfig(AppConfig):
    """Declares the kinds dataset and document."""

    name = "parvis.catalogue"

    def ready(self) -> None:
        """Register the kinds."""
        from parvis.catalogue import nodes

        nodes.register()
