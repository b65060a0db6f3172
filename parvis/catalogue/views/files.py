"""Downloads: a version's table in each format, a document's attachment. Never run by a browser."""

from django.http import FileResponse, HttpRequest
from django.http.response import HttpResponseBase
from django.urls import reverse

from parvis.catalogue import downloads, queries
from parvis.core.errors import NotFound
from parvis.core.files import path_of


def dataset_file(request: HttpRequest, slug: str, sha256: str, name: str) -> HttpResponseBase:
    """One version of a file, at an address that never changes."""
    version = queries.version_of(queries.dataset_by_slug(slug), sha256)
    extension = name.rsplit(".", 1)[-1]
    response = downloads.respond(version, extension, head=request.method == "HEAD")
    current = version.resource.current
    if current is not None and current.pk != version.pk:
        # RFC 5829: a program that holds an old version knows where the current one is.
        latest = reverse("dataset_file", args=[slug, current.sha256, name])
        response["Link"] = f'<{latest}>; rel="latest-version"'
        # Its bytes never change, but that there is a newer one does.
        response["Cache-Control"] = "public, max-age=300"
    return response


def document_file(request: HttpRequest, slug: str, name: str) -> HttpResponseBase:
    """The attachment of a document."""
    document = queries.document_by_slug(slug)
    if document.file is None or document.file_name != name:
        raise NotFound
    try:
        content = path_of(document.file).open("rb")
    except FileNotFoundError:
        raise NotFound from None
    response = FileResponse(content, content_type=document.file.media_type)
    response["Content-Disposition"] = f'attachment; filename="{document.file_name}"'
    return downloads.protect(response)
