"""The survey method as a Django app."""

from django.apps import AppConfig


class SurveyConfig(AppConfig):
    """Templates and addresses only: its data is contributions."""

    name = "parvis.methods.survey"
