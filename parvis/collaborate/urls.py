"""Addresses of collaboration, under the language prefix.

The first page joins domains: `parvis.site.routes.collaborate`.
"""

from django.urls import URLPattern, URLResolver, path
from django.utils.translation import gettext_lazy as _

from parvis.collaborate import desk, desk_groups, draft_views, feeds, views

urlpatterns: list[URLPattern | URLResolver] = [
    path(_("collaborate/committees/<slug:slug>/"), views.committee, name="committee"),
    path(
        _("collaborate/committees/<slug:slug>/feed.atom"),
        feeds.CommitteeFeed(),
        name="committee_feed",
    ),
    path(
        _("collaborate/committees/<slug:slug>/history/"),
        views.committee_history,
        name="committee_history",
    ),
    path(
        _("collaborate/committees/<slug:slug>/meetings/"),
        views.meetings,
        name="committee_meetings",
    ),
    path(_("collaborate/committees/<slug:slug>/advice/"), views.advice_new, name="advice_new"),
    path(_("collaborate/meetings/<slug:slug>/"), views.meeting, name="meeting"),
    path(
        _("collaborate/meetings/<slug:slug>/history/"),
        views.meeting_history,
        name="meeting_history",
    ),
    path(_("collaborate/advice/<slug:slug>/"), views.advice, name="advice"),
    path(_("collaborate/advice/<slug:slug>/history/"), views.advice_history, name="advice_history"),
    path(
        _("collaborate/committees/<slug:slug>/drafts/"),
        draft_views.drafting_new,
        name="drafting_new",
    ),
    path(_("collaborate/drafts/<slug:slug>/"), draft_views.drafting, name="drafting"),
    path(
        _("collaborate/drafts/<slug:slug>/history/"), draft_views.history, name="drafting_history"
    ),
    path(
        _("collaborate/drafts/<slug:slug>/settings/"),
        draft_views.drafting_edit,
        name="drafting_edit",
    ),
    path(
        _("collaborate/drafts/<slug:slug>/passages/<int:position>/"),
        draft_views.change_new,
        name="change_new",
    ),
    path(_("collaborate/changes/<uuid:pk>/"), draft_views.change_settle, name="change_settle"),
    path(_("collaborate/groups/"), views.groups, name="groups"),
    path(_("collaborate/groups/<slug:slug>/"), views.group, name="group"),
    path(_("desk/collaboration/"), desk.index, name="desk_collaborate"),
    path(_("desk/collaboration/committees/new/"), desk.committee_new, name="committee_new"),
    path(
        _("desk/collaboration/committees/<slug:slug>/"),
        desk.committee_edit,
        name="committee_edit",
    ),
    path(
        _("desk/collaboration/committees/<slug:slug>/publish/"),
        desk.committee_publish,
        name="committee_publish",
    ),
    path(
        _("desk/collaboration/committees/<slug:slug>/members/"),
        desk.member_new,
        name="member_new",
    ),
    path(
        _("desk/collaboration/committees/<slug:slug>/members/<int:pk>/"),
        desk.member_edit,
        name="member_edit",
    ),
    path(
        _("desk/collaboration/committees/<slug:slug>/meetings/"),
        desk.meeting_new,
        name="meeting_new",
    ),
    path(_("desk/collaboration/meetings/<slug:slug>/"), desk.meeting_edit, name="meeting_edit"),
    path(
        _("desk/collaboration/meetings/<slug:slug>/record/"),
        desk.meeting_record,
        name="meeting_record",
    ),
    path(
        _("desk/collaboration/meetings/<slug:slug>/cancel/"),
        desk.meeting_cancel,
        name="meeting_cancel",
    ),
    path(
        _("desk/collaboration/meetings/<slug:slug>/documents/"),
        desk.meeting_documents,
        name="meeting_documents",
    ),
    path(
        _("desk/collaboration/meetings/<slug:slug>/documents/<uuid:pk>/"),
        desk.meeting_document_remove,
        name="meeting_document_remove",
    ),
    path(_("desk/collaboration/advice/<slug:slug>/"), desk.advice_reply, name="advice_reply"),
    path(_("desk/collaboration/groups/new/"), desk_groups.group_new, name="group_new"),
    path(_("desk/collaboration/groups/<slug:slug>/"), desk_groups.group_edit, name="group_edit"),
    path(
        _("desk/collaboration/groups/<slug:slug>/people/"),
        desk_groups.group_member_new,
        name="group_member_new",
    ),
    path(
        _("desk/collaboration/groups/<slug:slug>/people/<int:pk>/"),
        desk_groups.group_member_edit,
        name="group_member_edit",
    ),
]
