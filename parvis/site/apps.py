"""The only place that may know several domains."""

from django.apps import AppConfig


class SiteConfig(AppConfig):
    """Pages that join domains, base templates, static files."""

    name = "parvis.site"
    label = "site"
