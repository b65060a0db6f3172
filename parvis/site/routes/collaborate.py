"""Pages of collaboration that join domains, under the language prefix."""

from django.urls import URLPattern, URLResolver, path
from django.utils.translation import gettext_lazy as _

from parvis.site.views import cocreation, collaborate, drafts, evaluating

urlpatterns: list[URLPattern | URLResolver] = [
    path(_("collaborate/"), collaborate.collaborate, name="collaborate"),
    path(
        _("collaborate/evaluate/commitments/<slug:slug>/"),
        evaluating.commitment_evaluate,
        name="commitment_evaluate",
    ),
    path(
        _("collaborate/evaluate/plans/<slug:slug>/"),
        evaluating.plan_evaluate,
        name="plan_evaluate",
    ),
    path(_("collaborate/co-creation/<slug:slug>/"), cocreation.page, name="cocreation"),
    path(
        _("collaborate/co-creation/<slug:slug>/checklist.json"),
        cocreation.as_json,
        name="cocreation_json",
    ),
    path(
        _("collaborate/co-creation/<slug:slug>/checklist.csv"),
        cocreation.as_csv,
        name="cocreation_csv",
    ),
    path(
        _("desk/collaboration/co-creation/<slug:slug>/<slug:item>/"),
        cocreation.check,
        name="cocreation_check",
    ),
    path(_("desk/collaboration/drafts/<slug:slug>/plan/"), drafts.export, name="drafting_export"),
]
