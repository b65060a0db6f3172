"""Addresses of the catalogue, under the language prefix."""

from django.urls import path
from django.utils.translation import gettext_lazy as _

from parvis.catalogue.dcat import views as dcat
from parvis.catalogue.dcat.negotiation import negotiated
from parvis.catalogue.views import desk_data, desk_documents, feeds, files, public

urlpatterns = [
    path(_("data/"), public.datasets, name="datasets"),
    path(_("data/feed.atom"), feeds.DatasetFeed(), name="datasets_feed"),
    path(_("data/<slug:slug>/"), negotiated(dcat.of_page)(public.dataset), name="dataset"),
    path(_("data/<slug:slug>/embed/"), dcat.embed, name="dataset_embed"),
    path(_("data/<slug:slug>/history/"), public.dataset_history, name="dataset_history"),
    path(
        _("data/<slug:slug>/files/<str:sha256>/<str:name>"), files.dataset_file, name="dataset_file"
    ),
    path(_("documents/"), public.documents, name="documents"),
    path(_("documents/feed.atom"), feeds.DocumentFeed(), name="documents_feed"),
    path(_("documents/<slug:slug>/"), public.document, name="document"),
    path(_("documents/<slug:slug>/history/"), public.document_history, name="document_history"),
    path(_("documents/<slug:slug>/file/<str:name>"), files.document_file, name="document_file"),
    path(_("desk/data/"), desk_data.listing, name="desk_data"),
    path(_("desk/data/new/"), desk_data.create, name="desk_dataset_new"),
    path(_("desk/data/<slug:slug>/"), desk_data.overview, name="desk_dataset"),
    path(_("desk/data/<slug:slug>/edit/"), desk_data.edit, name="desk_dataset_edit"),
    path(_("desk/data/<slug:slug>/preview/"), desk_data.preview, name="desk_dataset_preview"),
    path(_("desk/data/<slug:slug>/publish/"), desk_data.publish, name="desk_dataset_publish"),
    path(_("desk/data/<slug:slug>/files/new/"), desk_data.add_file, name="desk_file_new"),
    path(
        _("desk/data/<slug:slug>/files/<slug:file>/version/"),
        desk_data.new_version,
        name="desk_file_version",
    ),
    path(
        _("desk/data/<slug:slug>/files/<slug:file>/loading/"),
        desk_data.loading_page,
        name="desk_file_loading",
    ),
    path(
        _("desk/data/<slug:slug>/files/<slug:file>/columns/"),
        desk_data.columns,
        name="desk_file_columns",
    ),
    path(
        _("desk/data/<slug:slug>/files/<slug:file>/remove/"),
        desk_data.remove_file,
        name="desk_file_remove",
    ),
    path(_("desk/documents/"), desk_documents.listing, name="desk_documents"),
    path(_("desk/documents/new/"), desk_documents.create, name="desk_document_new"),
    path(_("desk/documents/<slug:slug>/"), desk_documents.edit, name="desk_document"),
    path(
        _("desk/documents/<slug:slug>/publish/"),
        desk_documents.publish,
        name="desk_document_publish",
    ),
]
