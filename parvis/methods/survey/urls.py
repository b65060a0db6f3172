"""Addresses of surveys."""

from django.urls import path
from django.utils.translation import gettext_lazy as _

from parvis.methods.survey import edit_views, sheet_views, views

urlpatterns = [
    path(_("surveys/<slug:slug>/"), views.start, name="survey"),
    path(_("surveys/<slug:slug>/print/"), views.printable, name="survey_print"),
    path(_("surveys/<slug:slug>/draft/<str:token>/<int:step>/"), views.step, name="survey_step"),
    path(_("surveys/<slug:slug>/draft/<str:token>/send/"), views.send, name="survey_send"),
    path(_("surveys/<slug:slug>/change/<str:code>/"), views.change, name="survey_change"),
    path(_("desk/paper/<slug:slug>/"), views.paper, name="survey_paper"),
    path(_("desk/surveys/<slug:slug>/"), edit_views.edit, name="survey_edit"),
    path(_("desk/surveys/<slug:slug>/definition.json"), edit_views.export, name="survey_export"),
    path(_("desk/surveys/<slug:slug>/import/"), edit_views.import_, name="survey_import"),
    path(_("desk/surveys/<slug:slug>/spreadsheet/"), sheet_views.sheet, name="survey_sheet"),
    path(
        _("desk/surveys/<slug:slug>/spreadsheet/<slug:name>/"),
        sheet_views.download,
        name="survey_sheet_file",
    ),
    path(
        _("desk/surveys/<slug:slug>/preview/<int:step>/"), edit_views.preview, name="survey_preview"
    ),
    path(_("desk/surveys/<slug:slug>/pages/new/"), edit_views.page, name="survey_page_new"),
    path(_("desk/surveys/<slug:slug>/pages/<slug:page>/"), edit_views.page, name="survey_page"),
    path(
        _("desk/surveys/<slug:slug>/pages/<slug:page>/remove/"),
        edit_views.remove,
        name="survey_page_remove",
    ),
    path(
        _("desk/surveys/<slug:slug>/pages/<slug:page>/questions/new/"),
        edit_views.question,
        name="survey_question_new",
    ),
    path(
        _("desk/surveys/<slug:slug>/questions/<slug:question>/"),
        edit_views.question,
        name="survey_question",
    ),
    path(
        _("desk/surveys/<slug:slug>/questions/<slug:question>/remove/"),
        edit_views.remove,
        name="survey_question_remove",
    ),
]
