"""The register of anonymisation as a Django app of its own: its tables are its own."""

from django.apps import AppConfig


class AnonymisationConfig(AppConfig):
    """How the answers of each consultation were protected: figures, choices, who said what."""

    name = "parvis.catalogue.anonymisation"
    label = "anonymisation"
