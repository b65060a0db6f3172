"""The strategy domain as a Django app."""

from django.apps import AppConfig


class StrategyConfig(AppConfig):
    """Declares the kinds pillar, strategy, orientation, ambition and indicator."""

    name = "parvis.strategy"

    def ready(self) -> None:
        """Register the kinds."""
        from parvis.strategy import nodes

        nodes.register()
