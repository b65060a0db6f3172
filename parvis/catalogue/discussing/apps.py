"""Discussions of datasets as a Django app of its own: its tables are its own."""

from django.apps import AppConfig


class DiscussingConfig(AppConfig):
    """Declares the kinds discussion and discussion_message."""

    name = "parvis.catalogue.discussing"
    label = "discussing"

    def ready(self) -> None:
        """Register the kinds."""
        from parvis.catalogue.discussing import nodes

        nodes.register()
