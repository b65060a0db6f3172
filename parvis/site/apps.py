"""The only place that may know several domains."""

from django.apps import AppConfig


class SiteConfig(AppConfig):
    """Pages that join domains, base templates, static files."""

    name = "parvis.site"
    label = "site"

    def ready(self) -> None:
        """Say whose things are, for the facets of the search."""
        from parvis.site import searching

        searching.declare()
