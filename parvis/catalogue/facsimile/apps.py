"""What is kept to show a file, as a Django app of its own: its tables are its own."""

from django.apps import AppConfig


class FacsimileConfig(AppConfig):
    """Pages of PDF, sizes of pictures, texts and lists, made once for each content."""

    name = "parvis.catalogue.facsimile"
    label = "facsimile"
