"""The survey method as a Django app."""

from django.apps import AppConfig


class SurveyConfig(AppConfig):
    """Its data is contributions; its one table is what the worker draws of them."""

    name = "parvis.methods.survey"
