"""Addresses of requests for data, before those of datasets: "requests" is no dataset's name."""

from django.urls import path
from django.utils.translation import gettext_lazy as _

from parvis.catalogue.asking import desk, feeds, views

urlpatterns = [
    path(_("data/requests/"), views.listing, name="data_requests"),
    path(_("data/requests/list.csv"), views.listing_csv, name="data_requests_csv"),
    path(_("data/requests/feed.atom"), feeds.RequestFeed(), name="data_requests_feed"),
    path(_("data/requests/follow-up/<str:code>/"), views.code_page, name="data_request_code"),
    path(_("data/requests/<slug:slug>/"), views.detail, name="data_request"),
    path(_("data/requests/<slug:slug>/support/"), views.support, name="data_request_support"),
    path(_("desk/data-requests/"), desk.listing, name="desk_data_requests"),
    path(_("desk/data-requests/<uuid:pk>/"), desk.answer, name="desk_data_request"),
    path(_("desk/data-requests/<uuid:pk>/decide/"), desk.decide, name="data_request_decide"),
    path(_("desk/data-requests/<uuid:pk>/assign/"), desk.assign, name="data_request_assign"),
    path(_("desk/data-requests/<uuid:pk>/ties/"), desk.ties, name="data_request_ties"),
    path(
        _("desk/data-requests/<uuid:pk>/untie/<uuid:target>/"),
        desk.untie,
        name="data_request_untie",
    ),
]
