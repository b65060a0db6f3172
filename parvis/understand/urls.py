"""Addresses of understand, under the language prefix."""

from django.urls import path
from django.utils.translation import gettext_lazy as _

from parvis.understand import views

urlpatterns = [
    path(
        _("consultations/late-answers.atom"),
        views.late_answers_feed,
        name="late_answers_feed",
    ),
]
