"""The text of files as a Django app of its own: its table is its own."""

from django.apps import AppConfig


class TextsConfig(AppConfig):
    """The text of the file of each document."""

    name = "parvis.catalogue.texts"
    label = "texts"
