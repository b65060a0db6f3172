"""Addresses of the datastore, under the language prefix."""

from django.urls import path
from django.utils.translation import gettext_lazy as _

from parvis.catalogue.datastore import views

urlpatterns = [
    path(_("data/sql/"), views.sql_page, name="data_sql"),
]
