"""Saved searches as a Django app of its own: its tables are its own."""

from django.apps import AppConfig


class AlertsConfig(AppConfig):
    """Searches that people saved, run each day for what is new."""

    name = "parvis.site.alerts"
    label = "alerts"
