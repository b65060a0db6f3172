"""Harvesting of other catalogues as a Django app of its own: its tables are its own."""

from django.apps import AppConfig


class HarvestConfig(AppConfig):
    """Sources, their runs, and what became of each thing that was read."""

    name = "parvis.catalogue.harvest"
    label = "harvest"
