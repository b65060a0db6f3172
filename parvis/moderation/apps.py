"""The moderation domain as a Django app."""

from django.apps import AppConfig


class ModerationConfig(AppConfig):
    """Declares its kinds."""

    name = "parvis.moderation"
