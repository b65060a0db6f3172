"""Addresses of the catalogue for machines, without a language: CKAN's Action API and downloads."""

from django.urls import path

from parvis.catalogue.ckan import download, transport

urlpatterns = [
    path("api/3", transport.root, name="ckan"),
    path("api/3/", transport.root),
    path("api/3/action/<str:name>", transport.action, name="ckan_action"),
    path("api/action/<str:name>", transport.action),
    path(
        "dataset/<uuid:dataset>/resource/<uuid:resource>/download/<str:name>",
        download.download,
        name="ckan_download",
    ),
]
