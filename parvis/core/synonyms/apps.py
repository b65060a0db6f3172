"""The words that searches take as equal, as a Django app of its own: its table is its own."""

from django.apps import AppConfig


class SynonymsConfig(AppConfig):
    """Groups of equivalent words by language, written at the desk."""

    name = "parvis.core.synonyms"
    label = "synonyms"
