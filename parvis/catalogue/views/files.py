"""Downloads: a version's table in each format, a document's attachment. Never run by a browser."""

from django.http import FileResponse, HttpRequest
from django.http.response import HttpResponseBase

from parvis.catalogue import downloads, queries
from parvis.core.errors import NotFound
from parvis.core.files import path_of


def dataset_file(request: HttpRequest, slug: str, sha256: str, name: str) -> HttpResponseBase:
    """One version of a file, at an address that never changes."""
    version = queries.version_of(queries.dataset_by_slug(slug), sha256)
    extension = name.rsplit(".", 1)[-1]
    return downloads.respond(version, extension, head=request.method == "HEAD")


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
