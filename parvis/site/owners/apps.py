"""What is written to those who answer for data, as a Django app of its own."""

from django.apps import AppConfig


class OwnersConfig(AppConfig):
    """Broken links and unanswered discussions, told to the owners of the data."""

    name = "parvis.site.owners"
    label = "owners"
