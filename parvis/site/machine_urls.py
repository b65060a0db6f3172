"""Addresses of site for machines, without a language."""

from django.urls import path

from parvis.site.api import api

urlpatterns = [path("api/v1/", api.urls)]
