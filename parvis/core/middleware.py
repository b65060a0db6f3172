"""Middleware: access log, who acts, refusals in words, what may be cached."""

import logging
import time
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.db import DatabaseError, DataError, OperationalError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils.functional import SimpleLazyObject
from django.utils.translation import gettext_lazy as _
from ninja.utils import check_csrf

from parvis.core import access, metrics, tokens
from parvis.core.errors import Forbidden, Invalid, Refused, SignInNeeded
from parvis.core.logs import mask
from parvis.tables.errors import EngineAway

log = logging.getLogger("parvis.access")
Respond = Callable[[HttpRequest], HttpResponse]


class AccessLog:
    """One line a request: method, masked path, status, milliseconds. No address, no query."""

    def __init__(self, respond: Respond) -> None:
        self.respond = respond

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer and write the line."""
        started = time.perf_counter()
        response = self.respond(request)
        elapsed = time.perf_counter() - started
        metrics.requests.labels(request.method, str(response.status_code)).inc()
        metrics.seconds.observe(elapsed)
        if not request.path.startswith(("/static/", "/health/")):
            fields = {
                "method": request.method,
                "path": mask(request.path),
                "status": response.status_code,
                "ms": round(elapsed * 1000, 1),
            }
            log.info("request", extra={"fields": fields})
        return response


def actor_of(request: HttpRequest) -> access.Actor:
    """Return who acts; staff roles count only in a session opened with a second factor.

    A token of the API wins over the session's cookie. Raises tokens.TokenRefused.
    """
    value = tokens.given(request)
    if value is not None:
        return tokens.actor_of(value)
    user = getattr(request, "user", None)
    if user is None or not user.is_authenticated:
        return access.NOBODY
    methods = request.session.get("account_authentication_methods", [])
    second = any(record.get("method") == "mfa" for record in methods)
    return access.actor_for(user, staff=second or settings.DEMO or settings.TESTING)


class CurrentActor:
    """Puts `request.actor`, computed when first asked."""

    def __init__(self, respond: Respond) -> None:
        self.respond = respond

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer with the actor attached."""
        request.actor = SimpleLazyObject(lambda: actor_of(request))  # type: ignore[attr-defined]
        return self.respond(request)

    def process_view(
        self, request: HttpRequest, view: Any, args: Any, kwargs: Any
    ) -> HttpResponse | None:
        """Refuse a token that opens nothing; else a session's write by the API without CSRF token.

        Browsers send cookies for pages of others too; programs send none and need no token
        (ASVS 5.0, 3.5.1). No page of others can make a browser send an API token.
        """
        if getattr(view, "reads_tokens", False):
            # CKAN's API answers a bad token as anonymous, and hears no cookie.
            return None
        if tokens.given(request) is not None:
            return _refused_token(request)
        writes = request.method not in {"GET", "HEAD", "OPTIONS", "TRACE"}
        if (
            writes
            and request.path.startswith("/api/v1/")
            and settings.SESSION_COOKIE_NAME in request.COOKIES
        ):
            return check_csrf(request)
        return None


def _refused_token(request: HttpRequest) -> HttpResponse | None:
    """Return the refusal of the token given, or None where it opens.

    Django shows what a middleware raises before the view to nobody: it is answered here.
    """
    try:
        # Read now, whatever the method: this is what refuses a token that opens nothing.
        only = request.actor.only  # type: ignore[attr-defined]
        if request.method not in {"GET", "HEAD", "OPTIONS"} and only is not None:
            raise Forbidden(_("This API token opens the catalogue, by the Action API only."))
    except (Refused, DatabaseError) as error:
        response = _spoken(request, error)
        if response is None:
            raise
        return response
    return None


def _in_json(error: Refused) -> JsonResponse:
    """Return a refusal for programs."""
    body: dict[str, Any] = {"detail": str(error)}
    if isinstance(error, Invalid):
        body["errors"] = {k: [str(m) for m in v] for k, v in error.errors.items()}
    response = JsonResponse(body, status=error.status)
    if error.status == 401:
        response["WWW-Authenticate"] = 'Bearer realm="Parvis"'
    return response


def unreadable(error: Exception) -> bool:
    """Whether a value is none: a text with a lone surrogate or NUL, a number past 64 bits."""
    if isinstance(error, OverflowError):
        return "SQLite INTEGER" in str(error)
    if isinstance(error, UnicodeEncodeError):
        return error.object[error.start : error.start + 1] >= "\ud800"
    return isinstance(error, ValueError | DataError) and any(
        words in str(error) for words in ("NUL (0x00)", "\\u0000")
    )


def _spoken(request: HttpRequest, error: Exception) -> HttpResponse | None:
    """Return the answer for a refusal, or None for what is our defect."""
    from parvis.site.views import errors as pages

    if isinstance(error, Refused):
        if request.path.startswith("/api/"):
            return _in_json(error)
        if isinstance(error, SignInNeeded) and request.method in {"GET", "HEAD"}:
            return pages.sign_in(request)
        return pages.refused(request, error)
    if unreadable(error):
        return pages.bad_request(request)
    away = isinstance(error, OperationalError | EngineAway) or (
        isinstance(error, DatabaseError) and "disk" in str(error).lower()
    )
    if away:
        logging.getLogger("parvis").error("database or engine away", exc_info=error)
        full = "full" in str(error).lower()
        return pages.away(request, status=507 if full else 503)
    return None


class SpokenErrors:
    """Turns refusals into pages (or JSON under /api/) with words; what is away is 503."""

    def __init__(self, respond: Respond) -> None:
        self.respond = respond

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer."""
        return self.respond(request)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        """Return the answer for a refusal, or None for what is our defect."""
        return _spoken(request, error)


class PublicCache:
    """Marks what carries nothing personal as public, everything else as private, no-store."""

    def __init__(self, respond: Respond) -> None:
        self.respond = respond

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer; a view says `public_page` to be cacheable."""
        response = self.respond(request)
        if response.has_header("Cache-Control"):
            return response
        anonymous = (
            settings.SESSION_COOKIE_NAME not in request.COOKIES
            and "HTTP_AUTHORIZATION" not in request.META
        )
        seconds = getattr(response, "public_seconds", None)
        if seconds is not None and anonymous and response.status_code == 200:
            response["Cache-Control"] = f"public, max-age=0, s-maxage={min(seconds, 60)}"
            response["X-Cache-Seconds"] = str(seconds)
        else:
            response["Cache-Control"] = "private, no-store"
        return response
