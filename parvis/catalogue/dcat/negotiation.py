"""Which representation a client wants: RFC 9110, section 12. HTML unless it asks for RDF."""

from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils.cache import patch_vary_headers

MEDIA_TYPES: Mapping[str, str] = {
    "xml": "application/rdf+xml",
    "rdf": "application/rdf+xml",
    "ttl": "text/turtle",
    "n3": "text/n3",
    "jsonld": "application/ld+json",
    "nt": "application/n-triples",
}
"""Extension -> media type."""
_BY_TYPE = {media_type: extension for extension, media_type in MEDIA_TYPES.items()}
_OFFERED = ["text/html", *_BY_TYPE]


def content_type(extension: str) -> str:
    """Return the media type of an extension with its charset."""
    return f"{MEDIA_TYPES[extension]}; charset=utf-8"


def wanted(request: HttpRequest) -> str:
    """Return the extension that the client prefers, "" for HTML."""
    return _BY_TYPE.get(request.get_preferred_type(_OFFERED) or "", "")


View = Callable[..., HttpResponse]


def negotiated(represent: Callable[..., HttpResponse]) -> Callable[[View], View]:
    """Let a page answer in RDF too: `represent(request, extension, **kwargs)` writes it."""

    def decorate(page: View) -> View:
        @wraps(page)
        def view(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            extension = wanted(request) if request.method in {"GET", "HEAD"} else ""
            if extension:
                answer = represent(request, extension, *args, **kwargs)
            else:
                answer = page(request, *args, **kwargs)
            patch_vary_headers(answer, ["Accept"])
            return answer

        return view

    return decorate
