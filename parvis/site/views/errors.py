"""Pages for what goes wrong: what it is, why, and what one can do."""

from typing import Any
from urllib.parse import quote

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _

from parvis.core.errors import Invalid, Refused


def _page(request: HttpRequest, status: int, title: str, words: str, **more: Any) -> HttpResponse:
    if request.path.startswith("/api/"):
        return JsonResponse({"detail": words}, status=status)
    context = {"title": title, "words": words, "status": status, **more}
    return render(request, "site/error.html", context, status=status)


def refused(request: HttpRequest, error: Refused) -> HttpResponse:
    """The page of a refusal, with the service's own words."""
    titles = {
        401: _("Sign in to continue"),
        403: _("This is not allowed"),
        404: _("Nothing at this address"),
        409: _("This was already done"),
        410: _("This was withdrawn"),
        422: _("Something needs to be corrected"),
        429: _("Too many requests"),
    }
    problems = (
        [str(m) for messages in error.errors.values() for m in messages]
        if isinstance(error, Invalid)
        else []
    )
    words = "" if problems else str(error)
    title = titles.get(error.status, _("This request cannot be carried out"))
    return _page(request, error.status, title, words, problems=problems)


def sign_in(request: HttpRequest) -> HttpResponse:
    """To the sign-in page, and back here afterwards."""
    return HttpResponseRedirect(f"{reverse('account_login')}?next={quote(request.get_full_path())}")


def away(request: HttpRequest, status: int) -> HttpResponse:
    """The database or the disk does not answer: try again, nothing is lost."""
    words = _(
        "The site cannot save anything right now. What you typed is still in the page before "
        "this one: go back and send it again in a few seconds."
    )
    response = HttpResponse(
        f"<!doctype html><meta charset=utf-8><title>503</title><p>{words}</p>", status=status
    )
    response["Retry-After"] = "5"
    return response


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """404."""
    words = _("The address is wrong, or the page was moved. Search, or start from the home page.")
    return _page(request, 404, _("Nothing at this address"), words)


def forbidden(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """403."""
    return _page(request, 403, _("This is not allowed"), _("You do not have the right to do this."))


def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """400."""
    words = _("This request cannot be read. Go back and try again.")
    return _page(request, 400, _("This request cannot be carried out"), words)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """A form without its token: usually cookies are off, or the page is old."""
    words = _(
        "This form is no longer valid, or your browser refuses cookies. One cookie is needed to "
        "protect you; it identifies nobody. Go back, reload the page, and send it again."
    )
    return _page(request, 403, _("This form could not be checked"), words)


def our_fault(request: HttpRequest) -> HttpResponse:
    """500: our defect, in plain HTML because anything may be broken."""
    words = _("This is our fault. It was recorded. Go back and try again, or come back later.")
    return HttpResponse(
        f"<!doctype html><meta charset=utf-8><title>500</title><p>{words}</p>", status=500
    )
