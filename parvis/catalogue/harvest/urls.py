"""Addresses of harvests at the desk, before those of datasets: "harvest" is no dataset's name."""

from django.urls import path
from django.utils.translation import gettext_lazy as _

from parvis.catalogue.harvest import views

urlpatterns = [
    path(_("desk/data/harvest/"), views.listing, name="desk_harvest"),
    path(_("desk/data/harvest/new/"), views.create, name="desk_harvest_new"),
    path(_("desk/data/harvest/template.csv"), views.csv_template, name="desk_harvest_template"),
    path(_("desk/data/harvest/links/"), views.links, name="desk_links"),
    path(_("desk/data/harvest/<int:pk>/"), views.source_page, name="desk_harvest_source"),
    path(_("desk/data/harvest/<int:pk>/edit/"), views.edit, name="desk_harvest_edit"),
    path(_("desk/data/harvest/<int:pk>/run/"), views.run, name="desk_harvest_run"),
    path(_("desk/data/harvest/<int:pk>/stop/"), views.stop, name="desk_harvest_stop"),
    path(_("desk/data/harvest/<int:pk>/preview/"), views.preview, name="desk_harvest_preview"),
    path(_("desk/data/harvest/<int:pk>/publish/"), views.publish, name="desk_harvest_publish"),
    path(
        _("desk/data/harvest/<int:pk>/outcomes.csv"),
        views.outcomes_csv,
        name="desk_harvest_outcomes",
    ),
    path(
        _("desk/data/harvest/items/<int:pk>/restore/"), views.restore, name="desk_harvest_restore"
    ),
    path(_("desk/data/harvest/items/<int:pk>/detach/"), views.detach, name="desk_harvest_detach"),
]
