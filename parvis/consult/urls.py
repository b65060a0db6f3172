"""Addresses of consultations."""

from django.urls import include, path
from django.utils.translation import gettext_lazy as _

from parvis.consult import desk_steps, desk_views, views
from parvis.consult.legal import views as legal

urlpatterns = [
    path("", include("parvis.consult.approval.urls")),
    path(_("consultations/"), views.index, name="consultations"),
    path(_("consultations/<slug:slug>/privacy-notice/"), legal.notice, name="consultation_privacy"),
    path(
        _("consultations/<slug:slug>/confidentiality-policy/"),
        legal.policy,
        name="consultation_policy",
    ),
    path(_("consultations/<slug:slug>/history/"), views.history, name="consultation_history"),
    path(_("desk/consultations/new/"), desk_views.new, name="consult_new"),
    path(_("desk/consultations/<slug:slug>/"), desk_views.overview, name="consult_desk"),
    path(_("desk/consultations/<slug:slug>/about/"), desk_steps.about, name="consult_edit_about"),
    path(
        _("desk/consultations/<slug:slug>/influence/"),
        desk_steps.influence,
        name="consult_edit_influence",
    ),
    path(
        _("desk/consultations/<slug:slug>/privacy/"),
        desk_steps.privacy,
        name="consult_edit_privacy",
    ),
    path(_("desk/consultations/<slug:slug>/dates/"), desk_steps.dates, name="consult_edit_dates"),
    path(
        _("desk/consultations/<slug:slug>/activities/"),
        desk_steps.activities,
        name="consult_edit_activities",
    ),
    path(_("desk/consultations/<slug:slug>/legal/"), legal.index, name="consult_edit_legal"),
    path(
        _("desk/consultations/<slug:slug>/legal/<slug:kind>/"),
        legal.document,
        name="consult_legal",
    ),
    path(
        _("desk/consultations/<slug:slug>/legal/<slug:kind>/print/"),
        legal.printable,
        name="consult_legal_print",
    ),
    path(_("desk/legal/<slug:slug>/"), legal.defaults, name="legal_defaults"),
    path(_("desk/consultations/<slug:slug>/open/"), desk_views.open_, name="consult_open"),
    path(
        _("desk/consultations/<slug:slug>/extend/<int:phase>/"),
        desk_views.extend,
        name="consult_extend",
    ),
    path(
        _("desk/consultations/<slug:slug>/contributions/"),
        desk_views.contributions_list,
        name="consult_contributions",
    ),
]
