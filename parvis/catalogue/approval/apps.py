"""The approval of data as a Django app of its own: its tables are its own."""

from django.apps import AppConfig


class DataApprovalConfig(AppConfig):
    """Versions given to read, publications planned, files removed that may be put back."""

    name = "parvis.catalogue.approval"
    label = "data_approval"
