"""The file of a resource, at the address that CKAN's clients know."""

from typing import Any
from uuid import UUID

from django.http import FileResponse, HttpRequest, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.views.decorators.http import require_safe

from parvis.catalogue import addresses, downloads, seen
from parvis.catalogue.ckan.transport import actor_of
from parvis.catalogue.models import Resource
from parvis.core.errors import NotFound
from parvis.core.files import path_of
from parvis.core.models import File, State


@require_safe
def download(request: HttpRequest, dataset: UUID, resource: UUID, name: str) -> HttpResponseBase:
    """Serve what people get now: the file as it came, or its table in the format of the name.

    A link is followed. Whoever holds a token gets the files of their private datasets too. Raises
    NotFound.
    """
    whole = seen.visible(actor_of(request)).filter(pk=dataset).first()
    rows: list[Resource] = whole.published if whole else []  # type: ignore[attr-defined]
    found = next((one for one in rows if one.pk == resource), None)
    if whole is None or found is None:
        raise NotFound
    response = _respond(found, name, head=request.method == "HEAD")
    shown = whole.node.state == State.PUBLIC and found.published_at is not None
    # The address stays while its file changes.
    response["Cache-Control"] = (
        "public, max-age=0, must-revalidate" if shown else "private, no-store"
    )
    if "Origin" in request.headers:
        response["Access-Control-Allow-Origin"] = "*"
    return response


def _respond(resource: Resource, name: str, *, head: bool) -> HttpResponseBase:
    version = seen.shown_version(resource)
    if version is not None:
        original: Any = addresses.original_of(version)
        if original is not None and name == original.name:
            return _as_it_came(original.file, original.name, original.mimetype)
        version.resource = resource
        return downloads.respond(version, name.rsplit(".", 1)[-1], head=head)
    if resource.file is not None:
        return _as_it_came(resource.file, resource.file_name, resource.mimetype)
    if resource.url:
        return HttpResponseRedirect(resource.url)
    raise NotFound


def _as_it_came(file: File, name: str, mimetype: str) -> HttpResponseBase:
    try:
        content = path_of(file).open("rb")
    except FileNotFoundError:
        raise NotFound from None
    response = FileResponse(content, as_attachment=True, filename=name, content_type=mimetype)
    response["ETag"] = f'"{file.sha256}"'
    return downloads.protect(response)
