"""The file of a resource, at the address that CKAN's clients know."""

from uuid import UUID

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.views.decorators.http import require_safe

from parvis.catalogue import downloads
from parvis.catalogue.models import Resource
from parvis.core.errors import NotFound
from parvis.core.models import State


@require_safe
def download(request: HttpRequest, dataset: UUID, resource: UUID, name: str) -> HttpResponseBase:
    """Serve the version that people get now, in the format of the name's extension."""
    found = (
        Resource.objects.select_related("current")
        .filter(
            pk=resource,
            dataset_id=dataset,
            dataset__node__state=State.PUBLIC,
            current__isnull=False,
        )
        .first()
    )
    if found is None or found.current is None:
        raise NotFound
    version = found.current
    version.resource = found
    extension = name.rsplit(".", 1)[-1]
    response = downloads.respond(version, extension, head=request.method == "HEAD")
    # The address stays while its file changes.
    response["Cache-Control"] = "public, max-age=0, must-revalidate"
    if "Origin" in request.headers:
        response["Access-Control-Allow-Origin"] = "*"
    return response
