"""Pages of collaboration that join domains, under the language prefix."""

from django.urls import URLPattern, URLResolver, path
from django.utils.translation import gettext_lazy as _

from parvis.site.views import collaborate, evaluating

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
]
