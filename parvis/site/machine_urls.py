"""Addresses of site for machines, without a language."""

from django.urls import path

from parvis.site.api import api
from parvis.site.views import discovery, search

urlpatterns = [
    path("api/v1/", api.urls),
    path("robots.txt", discovery.robots),
    path("opensearch.<slug:language>.xml", search.opensearch, name="opensearch"),
    path("sitemap.xml", discovery.sitemap, name="sitemap"),
    path("sitemap-<slug:name>.xml", discovery.sitemap_part, name="sitemap_part"),
    path("cartes/<slug:kind>/<slug:slug>.<slug:language>.png", discovery.card, name="card"),
]
