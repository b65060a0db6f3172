"""Addresses of the datastore for machines, without a language."""

from django.urls import path

from parvis.catalogue.datastore import dumping, measured

urlpatterns = [
    # Before those of the other actions: who asks is counted.
    path("api/3/action/datastore_search_sql", measured.search_sql),
    path("api/action/datastore_search_sql", measured.search_sql),
    path("datastore/dump/<str:name>", dumping.dump_table, name="datastore_dump"),
]
