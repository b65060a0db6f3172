"""The approval of consultations as a Django app of its own: its tables are its own."""

from django.apps import AppConfig


class ApprovalConfig(AppConfig):
    """Reviews, their readers and comments, changes proposed after the opening."""

    name = "parvis.consult.approval"
    label = "approval"
