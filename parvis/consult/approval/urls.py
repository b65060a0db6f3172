"""Addresses of approval, under the language prefix."""

from django.urls import path
from django.utils.translation import gettext_lazy as _

from parvis.consult.approval import secret_views, views

urlpatterns = [
    path(_("review/<str:secret>/"), secret_views.reading, name="review_secret"),
    path(_("desk/approval/"), views.mode, name="approval_mode"),
    path(_("desk/consultations/<slug:slug>/approval/"), views.history, name="consult_approval"),
    path(_("desk/consultations/<slug:slug>/approval/ask/"), views.ask, name="consult_ask_review"),
    path(
        _("desk/consultations/<slug:slug>/approval/opening/"),
        views.plan,
        name="consult_schedule",
    ),
    path(
        _("desk/consultations/<slug:slug>/approval/<int:review>/"),
        views.review,
        name="consult_review",
    ),
    path(
        _("desk/consultations/<slug:slug>/approval/changes/<int:change>/"),
        views.change,
        name="consult_change",
    ),
]
