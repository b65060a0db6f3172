"""Addresses of the datastore for machines, without a language."""

from django.urls import path

from parvis.catalogue.datastore import dumping

urlpatterns = [
    path("datastore/dump/<str:name>", dumping.dump_table, name="datastore_dump"),
]
