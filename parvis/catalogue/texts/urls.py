"""Addresses of the texts of files, under the language prefix."""

from django.urls import path
from django.utils.translation import gettext_lazy as _

from parvis.catalogue.texts import views

urlpatterns = [
    path(_("documents/<slug:slug>/text/"), views.document_text, name="document_text"),
]
