"""Addresses of moderation, under the language prefix."""

from django.urls import path
from django.utils.translation import gettext_lazy as _

from parvis.moderation import views

urlpatterns = [
    path(_("charter/"), views.charter, name="charter"),
    path(_("report/<uuid:pk>/"), views.report, name="report"),
    path(_("report/<uuid:pk>/thanks/"), views.reported, name="reported"),
    path(_("moderation/"), views.figures, name="moderation"),
    path(_("moderation/<int:pk>/"), views.decision, name="decision"),
    path(_("moderation/<int:pk>/appeal/"), views.find_appeal, name="appeal"),
    # "receipt/" before the code, so that logs mask it.
    path(_("moderation/<int:pk>/appeal/receipt/<str:code>/"), views.appeal, name="appeal_code"),
]
