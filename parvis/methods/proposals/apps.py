"""The proposals method as a Django app."""

from django.apps import AppConfig


class ProposalsConfig(AppConfig):
    """Its contributions are consult's; its own table holds numbers, counts and answers."""

    name = "parvis.methods.proposals"
