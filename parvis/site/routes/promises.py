"""Promises kept, under the language prefix."""

from django.urls import URLPattern, URLResolver, path
from django.utils.translation import gettext_lazy as _

from parvis.site import promise_words  # noqa: F401 registers the converter
from parvis.site.views import promises

urlpatterns: list[URLPattern | URLResolver] = [
    path(_("promises/"), promises.promises, name="promises"),
    path(_("promises/promises.csv"), promises.promises_csv, name="promises_csv"),
    path(_("promises/promises.json"), promises.promises_json, name="promises_json"),
    path(_("promises/late.atom"), promises.promises_feed, name="promises_feed"),
    path(_("promises/<promise:name>/"), promises.promise_rows, name="promise_rows"),
    path(_("promises/<promise:name>/rows.csv"), promises.promise_rows_csv, name="promise_rows_csv"),
]
