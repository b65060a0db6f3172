"""Addresses of the previews of files, under the language prefix."""

from django.urls import path
from django.utils.translation import gettext_lazy as _

from parvis.catalogue.facsimile import views

urlpatterns = [
    path(_("data/<slug:slug>/preview/<slug:file>/"), views.preview, name="file_preview"),
    path(
        _("data/<slug:slug>/preview/<slug:file>/<int:number>-<slug:sha>.webp"),
        views.leaf,
        name="file_leaf",
    ),
]
