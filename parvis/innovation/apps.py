"""Innovation as a Django app: what people make with the data, and who helps."""

from django.apps import AppConfig


class InnovationConfig(AppConfig):
    """Declares the kinds reuse and call."""

    name = "parvis.innovation"

    def ready(self) -> None:
        """Register the kinds."""
        from parvis.innovation import nodes

        nodes.register()
