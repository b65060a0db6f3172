"""Addresses of the kit, under the language prefix."""

from django.urls import path
from django.utils.translation import gettext_lazy as _

from parvis.consult.launch import views

urlpatterns = [
    path(_("consultations/<slug:slug>/embed/"), views.embed, name="consultation_embed"),
    path(_("desk/consultations/<slug:slug>/kit/"), views.kit, name="launch_kit"),
    path(_("desk/consultations/<slug:slug>/kit/quotation/"), views.quote, name="launch_quote"),
    path(
        _("desk/consultations/<slug:slug>/kit/quotation/remove/"),
        views.unquote,
        name="launch_unquote",
    ),
    path(
        _("desk/consultations/<slug:slug>/kit/sources/new/"),
        views.source_new,
        name="launch_source_new",
    ),
    path(
        _("desk/consultations/<slug:slug>/kit/sources/<slug:name>/remove/"),
        views.source_remove,
        name="launch_source_remove",
    ),
    path(_("desk/consultations/<slug:slug>/kit/file/<str:name>"), views.file, name="launch_file"),
]
