"""Conformity and quality as a Django app of its own: its tables are its own."""

from django.apps import AppConfig


class ConformityConfig(AppConfig):
    """The checks of each file, and what the lists of the desk sort by."""

    name = "parvis.catalogue.conformity"
    label = "conformity"
