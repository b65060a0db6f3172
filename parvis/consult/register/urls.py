"""Addresses of the register, tried before `consultations/<slug>/`.

No consultation may have one of their words as its own: `consult.services.RESERVED_SLUGS`.
"""

from django.urls import URLPattern, URLResolver, path
from django.utils.translation import gettext_lazy as _

from parvis.consult.register import act_views, views

urlpatterns: list[URLPattern | URLResolver] = [
    path(_("consultations/register/"), views.register, name="consultations_register"),
    path(_("consultations/register/consultations.csv"), views.register_csv, name="register_csv"),
    path(_("consultations/register/consultations.json"), views.register_json, name="register_json"),
    path(_("consultations/calendar/"), views.calendar, name="consultations_calendar"),
    path(_("consultations/calendar.ics"), views.calendar_ics, name="consultations_ics"),
    path(_("consultations/<slug:slug>.ics"), views.consultation_ics, name="consultation_ics"),
    path(_("consultations/elsewhere/<slug:slug>/"), views.elsewhere, name="elsewhere"),
    path(
        _("consultations/elsewhere/<slug:slug>/history/"),
        views.elsewhere_history,
        name="elsewhere_history",
    ),
    path(_("desk/elsewhere/"), act_views.index, name="desk_elsewhere"),
    path(_("desk/elsewhere/new/"), act_views.new, name="elsewhere_new"),
    path(_("desk/elsewhere/import/"), act_views.import_, name="elsewhere_import"),
    path(_("desk/elsewhere/<slug:slug>/"), act_views.edit, name="elsewhere_edit"),
    path(_("desk/elsewhere/<slug:slug>/withdraw/"), act_views.withdraw, name="elsewhere_withdraw"),
]
