"""Editorial pages as a Django app."""

from django.apps import AppConfig


class PagesConfig(AppConfig):
    """Declares the kinds page and news."""

    name = "parvis.pages"

    def ready(self) -> None:
        """Register the kinds."""
        from parvis.pages import nodes

        nodes.register()
