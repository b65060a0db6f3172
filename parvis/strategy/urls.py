"""Addresses of the frame, under the language prefix.

The pages of a strategy and of the pillars join domains: `parvis.site.routes.strategy`.
"""

from django.urls import URLPattern, URLResolver, path
from django.utils.translation import gettext_lazy as _

from parvis.strategy import desk, desk_parts, views

urlpatterns: list[URLPattern | URLResolver] = [
    path(_("strategy/"), views.strategies, name="strategies"),
    path(_("strategy/indicators/<slug:slug>/"), views.indicator, name="indicator"),
    path(
        _("strategy/indicators/<slug:slug>/history/"),
        views.indicator_history,
        name="indicator_history",
    ),
    path(_("strategy/<slug:slug>/history/"), views.strategy_history, name="strategy_history"),
    path(_("strategy/<slug:slug>/barometer/"), views.barometer, name="barometer"),
    path(
        _("strategy/<slug:slug>/barometer/barometer.csv"),
        views.barometer_csv,
        name="barometer_csv",
    ),
    path(
        _("strategy/<slug:slug>/barometer/barometer.json"),
        views.barometer_json,
        name="barometer_json",
    ),
    path(_("desk/strategy/"), desk.index, name="desk_strategy"),
    path(_("desk/strategy/new/"), desk.strategy_new, name="strategy_new"),
    path(_("desk/strategy/pillars/<slug:pillar>/"), desk.pillar_edit, name="pillar_edit"),
    path(_("desk/strategy/links/<uuid:place>/"), desk.ties_page, name="frame_ties"),
    path(
        _("desk/strategy/links/<uuid:place>/<uuid:other>/remove/"),
        desk.tie_remove,
        name="frame_untie",
    ),
    path(
        _("desk/strategy/orientations/<slug:slug>/"),
        desk_parts.part_edit,
        {"kind": "orientation"},
        name="orientation_edit",
    ),
    path(
        _("desk/strategy/ambitions/<slug:slug>/"),
        desk_parts.part_edit,
        {"kind": "ambition"},
        name="ambition_edit",
    ),
    path(
        _("desk/strategy/indicators/<slug:slug>/"),
        desk_parts.part_edit,
        {"kind": "indicator"},
        name="indicator_edit",
    ),
    path(
        _("desk/strategy/indicators/<slug:slug>/measures/"),
        desk_parts.measure_new,
        name="measure_new",
    ),
    path(
        _("desk/strategy/indicators/<slug:slug>/measures/<int:pk>/"),
        desk_parts.measure_edit,
        name="measure_edit",
    ),
    path(
        _("desk/strategy/indicators/<slug:slug>/measures/<int:pk>/remove/"),
        desk_parts.measure_remove,
        name="measure_remove",
    ),
    path(_("desk/strategy/<slug:slug>/"), desk.strategy_edit, name="strategy_edit"),
    path(
        _("desk/strategy/<slug:slug>/orientations/"),
        desk_parts.part_new,
        {"kind": "orientation"},
        name="orientation_new",
    ),
    path(
        _("desk/strategy/<slug:slug>/ambitions/"),
        desk_parts.part_new,
        {"kind": "ambition"},
        name="ambition_new",
    ),
    path(
        _("desk/strategy/<slug:slug>/indicators/"),
        desk_parts.part_new,
        {"kind": "indicator"},
        name="indicator_new",
    ),
    path(
        _("desk/strategy/<slug:kind>/<slug:slug>/publish/"),
        desk_parts.publish_row,
        name="frame_publish",
    ),
]
