"""Addresses of the catalogue in RDF, of its datasets, versions, organisations and citations."""

from django.urls import path

from parvis.catalogue.dcat import views

urlpatterns = [
    path("catalog", views.catalogue, name="dcat_catalogue"),
    path("catalog.<slug:extension>", views.catalogue_file, name="dcat_catalogue_file"),
    path("dataset/<slug:name>", views.dataset, name="dcat_dataset"),
    path("dataset/<slug:name>.croissant.json", views.croissant, name="croissant"),
    path("dataset/<slug:name>.<slug:extension>", views.dataset_file, name="dcat_dataset_file"),
    path("dataset/<slug:name>/citation.<slug:extension>", views.citation, name="dataset_citation"),
    path("dataset/<slug:name>/version/<slug:sha256>", views.version, name="dataset_version"),
    path(
        "dataset/<slug:name>/version/<slug:sha256>/citation.<slug:extension>",
        views.version_citation,
        name="version_citation",
    ),
    path("dataset/<slug:name>/resource/<uuid:resource>", views.resource, name="dataset_resource"),
    path(
        "dataset/<slug:name>/resource/<uuid:resource>/schema.json",
        views.table_schema,
        name="table_schema",
    ),
    path("organization/<slug:name>", views.organisation, name="organisation_data"),
]
