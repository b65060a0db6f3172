"""The datastore as a Django app: its tables are its own."""

from django.apps import AppConfig


class DatastoreConfig(AppConfig):
    """Tables that programs write row by row."""

    name = "parvis.catalogue.datastore"
    label = "datastore"
