"""Addresses of the desk of data, under the language prefix."""

from django.urls import path
from django.utils.translation import gettext_lazy as _

from parvis.catalogue.approval import views as approval
from parvis.catalogue.views import desk_data, desk_files, desk_links, desk_others, desk_quality

urlpatterns = [
    path(_("desk/data/"), desk_data.listing, name="desk_data"),
    path(_("desk/data-quality/"), desk_quality.by_organisation, name="desk_quality"),
    path(_("desk/data/new/"), desk_data.create, name="desk_dataset_new"),
    path(_("desk/data/<slug:slug>/"), desk_data.overview, name="desk_dataset"),
    path(_("desk/data/<slug:slug>/edit/"), desk_data.edit, name="desk_dataset_edit"),
    path(_("desk/data/<slug:slug>/preview/"), desk_data.preview, name="desk_dataset_preview"),
    path(_("desk/data/<slug:slug>/publish/"), desk_data.publish, name="desk_dataset_publish"),
    path(_("desk/data/<slug:slug>/approval/"), approval.approval, name="data_approval"),
    path(_("desk/data/<slug:slug>/private/"), approval.private, name="desk_dataset_private"),
    path(_("desk/data/<slug:slug>/ties/"), desk_links.related, name="desk_dataset_related"),
    path(
        _("desk/data/<slug:slug>/versions/<uuid:version>/<str:name>"),
        desk_others.download,
        name="desk_dataset_file",
    ),
    path(_("desk/data/<slug:slug>/files/new/"), desk_files.add_file, name="desk_file_new"),
    path(_("desk/data/<slug:slug>/files/other/"), desk_others.add_other, name="desk_other_new"),
    path(
        _("desk/data/<slug:slug>/files/removed/<int:removed>/"),
        desk_others.put_back,
        name="desk_file_back",
    ),
    path(
        _("desk/data/<slug:slug>/files/<slug:file>/version/"),
        desk_files.new_version,
        name="desk_file_version",
    ),
    path(
        _("desk/data/<slug:slug>/files/<slug:file>/loading/"),
        desk_files.loading_page,
        name="desk_file_loading",
    ),
    path(
        _("desk/data/<slug:slug>/files/<slug:file>/columns/"),
        desk_files.columns,
        name="desk_file_columns",
    ),
    path(
        _("desk/data/<slug:slug>/files/<slug:file>/edit/"),
        desk_others.edit_file,
        name="desk_file_edit",
    ),
    path(
        _("desk/data/<slug:slug>/files/<slug:file>/checks/"),
        desk_others.checks,
        name="desk_file_checks",
    ),
    path(
        _("desk/data/<slug:slug>/files/<slug:file>/move/"),
        desk_others.move_file,
        name="desk_file_move",
    ),
    path(
        _("desk/data/<slug:slug>/files/<slug:file>/remove/"),
        desk_others.remove_file,
        name="desk_file_remove",
    ),
]
