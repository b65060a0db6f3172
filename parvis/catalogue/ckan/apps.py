"""CKAN's API as a Django app: it keeps what CKAN has and the catalogue has not."""

from django.apps import AppConfig


class CkanConfig(AppConfig):
    """Tables of the Action API."""

    name = "parvis.catalogue.ckan"
    label = "ckan"
