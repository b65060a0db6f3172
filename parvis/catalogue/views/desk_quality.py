"""The desk: the quality of what each organisation publishes."""

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from parvis.catalogue.conformity import standing
from parvis.catalogue.conformity.models import Quality
from parvis.catalogue.requests import Request
from parvis.core import access
from parvis.core.models import State


@require_safe
def by_organisation(request: Request) -> HttpResponse:
    """One line by organisation: datasets, criteria met, late ones, what is most often missing."""
    access.require(request.actor, "manage_catalogue")
    rows = Quality.objects.filter(dataset__node__state=State.PUBLIC).select_related(
        "dataset__node", "dataset__organisation__node"
    )
    mine = [row for row in rows if access.can(request.actor, "manage_catalogue", row.dataset)]
    context = {"section": "desk", "lines": standing.by_organisation(mine)}
    return render(request, "catalogue/desk_quality.html", context)
