"""Addresses of the catalogue, under the language prefix."""

from django.urls import path
from django.utils.translation import gettext_lazy as _

from parvis.catalogue import desk_urls
from parvis.catalogue.dcat import views as dcat
from parvis.catalogue.dcat.negotiation import negotiated
from parvis.catalogue.views import desk_documents, feeds, files, lists, public, whole

urlpatterns = [
    path(_("data/"), lists.datasets, name="datasets"),
    path(_("data/list.csv"), lists.datasets_csv, name="datasets_csv"),
    path(_("data/list.json"), lists.datasets_json, name="datasets_json"),
    path(_("data/feed.atom"), feeds.DatasetFeed(), name="datasets_feed"),
    path(_("data/<slug:slug>/"), negotiated(dcat.of_page)(public.dataset), name="dataset"),
    path(_("data/<slug:slug>/embed/"), dcat.embed, name="dataset_embed"),
    path(_("data/<slug:slug>/all.zip"), whole.everything, name="dataset_zip"),
    path(_("data/<slug:slug>/files/<str:sha256>/"), whole.version, name="version_page"),
    path(_("data/<slug:slug>/history/"), public.dataset_history, name="dataset_history"),
    path(
        _("data/<slug:slug>/files/<str:sha256>/<str:name>"), files.dataset_file, name="dataset_file"
    ),
    path(_("documents/"), lists.documents, name="documents"),
    path(_("documents/list.csv"), lists.documents_csv, name="documents_csv"),
    path(_("documents/list.json"), lists.documents_json, name="documents_json"),
    path(_("documents/feed.atom"), feeds.DocumentFeed(), name="documents_feed"),
    path(_("documents/<slug:slug>/"), public.document, name="document"),
    path(_("documents/<slug:slug>/history/"), public.document_history, name="document_history"),
    path(_("documents/<slug:slug>/file/<str:name>"), files.document_file, name="document_file"),
    *desk_urls.urlpatterns,
    path(_("desk/documents/"), desk_documents.listing, name="desk_documents"),
    path(_("desk/documents/new/"), desk_documents.create, name="desk_document_new"),
    path(_("desk/documents/<slug:slug>/"), desk_documents.edit, name="desk_document"),
    path(
        _("desk/documents/<slug:slug>/publish/"),
        desk_documents.publish,
        name="desk_document_publish",
    ),
]
