"""Addresses of the register of anonymisation, under the language prefix."""

from django.urls import path
from django.utils.translation import gettext_lazy as _

from parvis.catalogue.anonymisation import views

urlpatterns = [
    path(_("desk/anonymisation/"), views.register, name="anonymisation"),
    path(_("desk/anonymisation/register.csv"), views.register_csv, name="anonymisation_csv"),
    path(_("desk/anonymisation/<slug:slug>/"), views.entry, name="anonymisation_entry"),
]
