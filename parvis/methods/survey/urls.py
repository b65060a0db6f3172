"""Addresses of surveys."""

from django.urls import path
from django.utils.translation import gettext_lazy as _

from parvis.methods.survey import views

urlpatterns = [
    path(_("surveys/<slug:slug>/"), views.start, name="survey"),
    path(_("surveys/<slug:slug>/print/"), views.printable, name="survey_print"),
    path(_("surveys/<slug:slug>/draft/<str:token>/<int:step>/"), views.step, name="survey_step"),
    path(_("surveys/<slug:slug>/draft/<str:token>/send/"), views.send, name="survey_send"),
    path(_("surveys/<slug:slug>/change/<str:code>/"), views.change, name="survey_change"),
    path(_("desk/paper/<slug:slug>/"), views.paper, name="survey_paper"),
    path(_("desk/surveys/<slug:slug>/"), views.edit, name="survey_edit"),
]
