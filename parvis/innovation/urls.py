"""Addresses of innovation, under the language prefix.

Sending a reuse and the lessons join domains: `parvis.site.routes.innovation`.
"""

from django.urls import path
from django.utils.translation import gettext_lazy as _

from parvis.innovation import desk, views

urlpatterns = [
    path(_("innovation/"), views.index, name="innovation"),
    path(_("innovation/reuses/"), views.reuses, name="reuses"),
    # Its code stands right after a word that logs mask.
    path(_("innovation/reuses/follow-up/<str:code>/"), views.reuse_code, name="reuse_code"),
    path(_("innovation/reuses/<slug:slug>/"), views.reuse, name="reuse"),
    path(_("innovation/calls/"), views.calls, name="calls"),
    path(_("innovation/calls/<slug:slug>/"), views.call, name="call"),
    path(_("innovation/help/"), views.helpers, name="helpers"),
    path(_("innovation/help/places-and-people.csv"), views.helpers_csv, name="helpers_csv"),
    path(_("innovation/versions/"), views.versions, name="versions"),
    path(
        _("innovation/versions/<uuid:pk>/<slug:what>/<slug:language>/"),
        views.version,
        name="version",
    ),
    path(
        _("innovation/versions/<uuid:pk>/<slug:what>/<slug:language>/<str:name>"),
        views.version_file,
        name="version_file",
    ),
    path(_("desk/innovation/"), desk.index, name="desk_innovation"),
    path(_("desk/innovation/reuses/<uuid:pk>/"), desk.reuse_decide, name="reuse_decide"),
    path(_("desk/innovation/calls/new/"), desk.call_new, name="call_new"),
    path(_("desk/innovation/calls/<slug:slug>/"), desk.call_edit, name="call_edit"),
    path(_("desk/innovation/calls/<slug:slug>/publish/"), desk.call_publish, name="call_publish"),
    path(_("desk/innovation/help/new/"), desk.helper_new, name="helper_new"),
    path(_("desk/innovation/help/<int:pk>/"), desk.helper_edit, name="helper_edit"),
    path(_("desk/innovation/help/<int:pk>/remove/"), desk.helper_remove, name="helper_remove"),
    path(_("desk/innovation/versions/"), desk.versions, name="desk_versions"),
    path(_("desk/innovation/versions/<uuid:pk>/"), desk.version_edit, name="desk_version_edit"),
    path(
        _("desk/innovation/versions/<uuid:pk>/<int:row>/remove/"),
        desk.version_remove,
        name="version_remove",
    ),
]
