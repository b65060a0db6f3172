"""Joined pages about proposals and moderation, under the language prefix."""

from django.urls import path
from django.utils.translation import gettext_lazy as _

from parvis.site.views import moderation_desk

urlpatterns = [
    path(_("desk/moderation/"), moderation_desk.queue, name="moderation_desk"),
    path(_("desk/moderation/<uuid:pk>/"), moderation_desk.decide, name="moderation_decide"),
    path(_("desk/moderation/second/<int:pk>/"), moderation_desk.second, name="moderation_second"),
    path(_("desk/moderation/appeal/<int:pk>/"), moderation_desk.appeal, name="moderation_appeal"),
]
