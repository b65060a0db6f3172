"""Addresses of proactive publication, under the language prefix."""

from django.urls import path
from django.utils.translation import gettext_lazy as _

from parvis.proactive import act_views, edit_views, feeds, views

urlpatterns = [
    path(_("disclosure/"), views.disclosure, name="disclosure"),
    path(_("disclosure/classes.csv"), views.disclosure_csv, name="disclosure_csv"),
    path(_("disclosure/classes.json"), views.disclosure_json, name="disclosure_json"),
    path(_("registers/"), views.registers, name="typed_registers"),
    path(_("registers/<slug:kind>/"), views.register, name="typed_register"),
    path(_("registers/<slug:kind>/rows.csv"), views.register_csv, name="typed_register_csv"),
    path(_("registers/<slug:kind>/feed.atom"), feeds.RowFeed(), name="typed_register_feed"),
    path(
        _("registers/<slug:kind>/template.<slug:extension>"),
        views.template,
        name="typed_register_template",
    ),
    path(_("registers/<slug:kind>/<uuid:pk>/"), views.record, name="typed_record"),
    path(
        _("registers/<slug:kind>/<uuid:pk>/<str:name>"), views.record_file, name="typed_record_file"
    ),
    path(_("desk/disclosure/"), edit_views.index, name="desk_disclosure"),
    path(
        _("desk/disclosure/<slug:organisation>/<slug:code>/"),
        edit_views.one_class,
        name="desk_class",
    ),
    path(
        _("desk/disclosure/<slug:organisation>/<slug:code>/waive/"),
        edit_views.waive,
        name="desk_class_waive",
    ),
    path(
        _("desk/disclosure/<slug:organisation>/<slug:code>/<int:pk>/remove/"),
        edit_views.displace,
        name="desk_class_remove",
    ),
    path(_("desk/registers/"), act_views.index, name="desk_typed_registers"),
    path(_("desk/registers/<slug:slug>/"), act_views.register, name="desk_typed_register"),
    path(_("desk/registers/<slug:slug>/nothing/"), act_views.nothing, name="desk_register_nothing"),
    path(
        _("desk/registers/<slug:slug>/imports/<uuid:pk>/"),
        act_views.import_,
        name="desk_register_import",
    ),
    path(
        _("desk/registers/<slug:slug>/imports/<uuid:pk>/refused.csv"),
        act_views.refused,
        name="desk_register_refused",
    ),
    path(_("desk/registers/<slug:slug>/<uuid:pk>/"), act_views.record, name="desk_record"),
    path(
        _("desk/registers/<slug:slug>/<uuid:pk>/withdraw/"),
        act_views.withdraw,
        name="desk_record_withdraw",
    ),
    path(
        _("desk/registers/<slug:slug>/<uuid:pk>/file/"),
        act_views.attach,
        name="desk_record_file",
    ),
]
