"""Addresses of tables, charts, maps and differences, under the language prefix."""

from django.urls import path
from django.utils.translation import gettext_lazy as _

from parvis.catalogue.viewing import changes, views

urlpatterns = [
    path(_("data/<slug:slug>/table/<slug:file>/"), views.table, name="table"),
    path(_("data/<slug:slug>/table/<slug:file>/chart/"), views.chart, name="table_chart"),
    path(_("data/<slug:slug>/table/<slug:file>/map/"), views.map_, name="table_map"),
    path(
        _("data/<slug:slug>/table/<slug:file>/view.<slug:extension>"),
        views.view_file,
        name="table_view",
    ),
    path(
        _("data/<slug:slug>/files/<slug:file>/differences/"), changes.page, name="file_differences"
    ),
    path(
        _("data/<slug:slug>/files/<slug:file>/differences/changes.csv"),
        changes.as_csv,
        name="file_differences_csv",
    ),
]
