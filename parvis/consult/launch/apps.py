"""The launch kit of a consultation as a Django app of its own: its tables are its own."""

from django.apps import AppConfig


class LaunchConfig(AppConfig):
    """What helps people hear of a consultation."""

    name = "parvis.consult.launch"
    label = "launch"
