"""Middleware of pages: where a host name opens, and until when a page may be kept."""

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import override

from parvis.core.middleware import Respond
from parvis.pages import standing


class Standing:
    """`/` on another name of the site opens its section; kept pages end with announcements."""

    def __init__(self, respond: Respond) -> None:
        self.respond = respond

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer, or send to the section."""
        if request.path == "/" and request.method in {"GET", "HEAD"}:
            opening = standing.now().opening(_name(request.get_host()))
            if opening is not None:
                with override(opening.language):
                    response = HttpResponseRedirect(reverse(opening.section), status=303)
                response["Vary"] = "Host"
                return response
        answer = self.respond(request)
        seconds = getattr(answer, "public_seconds", None)
        if seconds is not None:
            boundary = standing.seconds_to_boundary(timezone.now())
            if boundary is not None and boundary < seconds:
                answer.public_seconds = boundary  # type: ignore[attr-defined]
        return answer


def _name(host: str) -> str:
    return host.rsplit(":", 1)[0].rstrip(".").lower()
