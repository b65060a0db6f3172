"""The ledger domain as a Django app."""

from django.apps import AppConfig


class LedgerConfig(AppConfig):
    """Declares its kinds."""

    name = "parvis.ledger"
