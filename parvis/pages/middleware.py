"""Middleware of pages: where a host name opens, and until when a page may be kept."""

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import override

from parvis.core.middleware import Respond
from parvis.pages import standing

UNCHECKED = ("/health/", "/metrics")
"""Asked by machines that know an address and no name."""


class Standing:
    """Names that are not ours are refused; `/` on another name of the site opens its section.

    Kept pages end when an announcement appears or goes.
    """

    def __init__(self, respond: Respond) -> None:
        self.respond = respond

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer, or send to the section."""
        if not request.path.startswith(UNCHECKED):
            # Raises DisallowedHost, answered by 400: a page never says a name that is not ours.
            host = _name(request.get_host())
            if request.path == "/" and request.method in {"GET", "HEAD"}:
                opening = standing.now().opening(host)
                if opening is not None:
                    return _to_section(opening)
        answer = self.respond(request)
        seconds = getattr(answer, "public_seconds", None)
        if seconds is not None:
            boundary = standing.seconds_to_boundary(timezone.now())
            if boundary is not None and boundary < seconds:
                answer.public_seconds = boundary  # type: ignore[attr-defined]
        return answer


def _to_section(opening: standing.Opening) -> HttpResponse:
    with override(opening.language):
        response = HttpResponseRedirect(reverse(opening.section), status=303)
    response["Vary"] = "Host"
    return response


def _name(host: str) -> str:
    return host.rsplit(":", 1)[0].rstrip(".").lower()
