"""Proactive publication as a Django app."""

from django.apps import AppConfig


class ProactiveConfig(AppConfig):
    """Declares the kind typed_register."""

    name = "parvis.proactive"

    def ready(self) -> None:
        """Register the kind."""
        from parvis.proactive import nodes

        nodes.register()
