"""Addresses of proposals, under the language prefix."""

from django.urls import path
from django.utils.translation import gettext_lazy as _

from parvis.methods.proposals import act_views, desk_views, views

urlpatterns = [
    path(_("proposals/<slug:slug>/"), views.index, name="proposals"),
    path(_("proposals/<slug:slug>/new/"), act_views.new, name="proposal_new"),
    path(
        _("proposals/<slug:slug>/comments/<uuid:pk>/"),
        views.comment_place,
        name="proposal_comment",
    ),
    path(_("proposals/<slug:slug>/<uuid:pk>/"), views.detail, name="proposal"),
    path(_("proposals/<slug:slug>/<uuid:pk>/comment/"), act_views.comment, name="comment_new"),
    path(_("proposals/<slug:slug>/<uuid:pk>/support/"), act_views.support, name="support"),
    path(_("proposals/<slug:slug>/<uuid:pk>/change/"), act_views.change, name="proposal_own"),
    # "receipt/" before the code, so that logs mask it.
    path(
        _("proposals/<slug:slug>/<uuid:pk>/change/receipt/<str:code>/"),
        act_views.change,
        name="proposal_change",
    ),
    path(_("proposals/<slug:slug>/<uuid:pk>/answer/"), desk_views.answer, name="proposal_answer"),
    path(
        _("proposals/<slug:slug>/<uuid:pk>/answer/history/"),
        views.answer_history,
        name="proposal_history",
    ),
    path(_("desk/proposals/<slug:slug>/"), desk_views.settings, name="proposals_settings"),
]
