"""The plan domain as a Django app."""

from django.apps import AppConfig


class PlanConfig(AppConfig):
    """Declares the kinds plan, commitment, milestone, progress, evaluation and response."""

    name = "parvis.plan"

    def ready(self) -> None:
        """Register the kinds."""
        from parvis.plan import nodes

        nodes.register()
