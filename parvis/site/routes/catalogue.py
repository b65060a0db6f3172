"""Joined pages about the catalogue, under the language prefix."""

from django.urls import path
from django.utils.translation import gettext_lazy as _

from parvis.site.views import asking, discussing, publishing

urlpatterns = [
    path(_("data/requests/new/"), asking.request_new, name="data_request_new"),
    path(
        _("data/discussions/new/<slug:slug>/"),
        discussing.discussion_new,
        name="data_discussion_new",
    ),
    path(
        _("data/discussions/<uuid:pk>/reply/"),
        discussing.discussion_reply,
        name="data_discussion_reply",
    ),
    path(_("desk/publishing/"), publishing.listing, name="publishing"),
    path(_("desk/publishing/<slug:slug>/"), publishing.review, name="publish_data"),
]
