"""The notify domain as a Django app."""

from django.apps import AppConfig


class NotifyConfig(AppConfig):
    """Declares its kinds."""

    name = "parvis.notify"
