"""Addresses of discussions, before those of datasets: "discussions" is no dataset's name."""

from django.urls import path
from django.utils.translation import gettext_lazy as _

from parvis.catalogue.discussing import desk, feeds, views

urlpatterns = [
    path(_("data/discussions/"), views.listing, name="data_discussions"),
    path(_("data/discussions/feed.atom"), feeds.DiscussionFeed(), name="data_discussions_feed"),
    path(_("data/discussions/<uuid:pk>/"), views.detail, name="data_discussion"),
    # Its code stands right after a word that logs mask.
    path(_("data/discussions/follow-up/<str:code>/"), views.code_page, name="data_discussion_code"),
    path(_("desk/data-discussions/"), desk.listing, name="desk_data_discussions"),
    path(_("desk/data-discussions/<uuid:pk>/"), desk.discussion, name="desk_data_discussion"),
    path(_("desk/data-discussions/<uuid:pk>/decide/"), desk.decide, name="data_discussion_decide"),
    path(_("desk/data-discussions/<uuid:pk>/close/"), desk.close, name="data_discussion_close"),
    path(_("desk/data-discussions/<uuid:pk>/reopen/"), desk.reopen, name="data_discussion_reopen"),
]
