"""Addresses of the catalogue for machines, without a language: CKAN's API, downloads, RDF."""

from django.urls import include, path

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
    path("", include("parvis.catalogue.dcat.machine_urls")),
]
