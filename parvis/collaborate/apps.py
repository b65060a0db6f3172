"""The collaboration domain as a Django app."""

from django.apps import AppConfig


class CollaborateConfig(AppConfig):
    """Declares the kinds committee, meeting, advice, drafting, change and group."""

    name = "parvis.collaborate"

    def ready(self) -> None:
        """Register the kinds."""
        from parvis.collaborate import nodes

        nodes.register()
