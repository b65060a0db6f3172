"""Addresses of plan, under the language prefix.

The page of a commitment and the desk of responses are joined by `parvis.site.routes.plan`.
"""

from django.urls import URLPattern, URLResolver, path
from django.utils.translation import gettext_lazy as _

from parvis.plan import desk, feeds, views

urlpatterns: list[URLPattern | URLResolver] = [
    path(_("commitments/"), views.commitments, name="commitments"),
    path(_("commitments/feed.atom"), feeds.CommitmentsFeed(), name="commitments_feed"),
    path(_("commitments/<slug:slug>/history/"), views.history, name="commitment_history"),
    path(_("commitments/<slug:slug>/feed.atom"), feeds.CommitmentFeed(), name="commitment_feed"),
    path(_("plans/<slug:slug>/"), views.plan, name="plan"),
    path(_("plans/<slug:slug>/history/"), views.plan_history, name="plan_history"),
    path(_("plans/<slug:slug>/plan.json"), views.plan_json, name="plan_json"),
    path(_("plans/<slug:slug>/plan.xlsx"), views.plan_xlsx, name="plan_xlsx"),
    path(_("responses/<slug:slug>/"), views.response, name="response"),
    path(_("desk/plans/"), desk.index, name="desk_plans"),
    path(_("desk/plans/new/"), desk.plan_new, name="plan_new"),
    path(_("desk/plans/commitments/<slug:slug>/"), desk.commitment_edit, name="commitment_edit"),
    path(
        _("desk/plans/commitments/<slug:slug>/publish/"),
        desk.commitment_publish,
        name="commitment_publish",
    ),
    path(
        _("desk/plans/commitments/<slug:slug>/evidence/"),
        desk.commitment_evidence,
        name="commitment_evidence",
    ),
    path(
        _("desk/plans/commitments/<slug:slug>/milestones/"),
        desk.milestone_new,
        name="milestone_new",
    ),
    path(
        _("desk/plans/commitments/<slug:slug>/milestones/<slug:milestone>/"),
        desk.milestone_edit,
        name="milestone_edit",
    ),
    path(_("desk/plans/commitments/<slug:slug>/progress/"), desk.report, name="progress_report"),
    path(
        _("desk/plans/commitments/<slug:slug>/evaluation/"),
        desk.evaluation_new,
        name="evaluation_new",
    ),
    path(_("desk/plans/<slug:slug>/"), desk.plan_edit, name="plan_edit"),
    path(_("desk/plans/<slug:slug>/publish/"), desk.plan_publish, name="plan_publish"),
    path(_("desk/plans/<slug:slug>/close/"), desk.plan_close, name="plan_close"),
    path(_("desk/plans/<slug:slug>/new/"), desk.commitment_new, name="commitment_new"),
    path(
        _("desk/plans/<slug:slug>/evaluation/"),
        desk.plan_evaluation_new,
        name="plan_evaluation_new",
    ),
]
