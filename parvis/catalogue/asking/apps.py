"""Requests for data as a Django app of its own: its tables are its own."""

from django.apps import AppConfig


class AskingConfig(AppConfig):
    """Declares the kind data_request."""

    name = "parvis.catalogue.asking"
    label = "asking"

    def ready(self) -> None:
        """Register the kind."""
        from parvis.catalogue.asking import nodes

        nodes.register()
