"""The catalogue's search index as a Django app of its own: its tables are its own."""

from django.apps import AppConfig


class FindingConfig(AppConfig):
    """What searches of the catalogue read: entries, postings, and what waits to be merged."""

    name = "parvis.catalogue.finding"
    label = "finding"
