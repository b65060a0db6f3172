"""HTTP of the Action API: what is read from a request, and how results and errors are written."""

import json
import logging
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote_plus

from django.conf import settings
from django.core.exceptions import SuspiciousOperation
from django.db import OperationalError
from django.http import HttpRequest, HttpResponse, QueryDict
from django.http.multipartparser import MultiPartParserError
from django.views.decorators.csrf import csrf_exempt

from parvis.catalogue.ckan import registry
from parvis.catalogue.ckan.errors import (
    ActionError,
    BadRequest,
    TooManyRequests,
    in_ckan_words,
)
from parvis.catalogue.datastore.statements import Busy, Measure
from parvis.core import tokens
from parvis.core.access import NOBODY, Actor
from parvis.core.accounts import client_ip
from parvis.core.errors import Refused, SignInNeeded
from parvis.core.middleware import unreadable
from parvis.tables.errors import EngineAway

log = logging.getLogger("parvis.catalogue")
measure = Measure(settings.API_PER_MINUTE, 60) if settings.API_PER_MINUTE else None
_CALLBACK = re.compile(r"[A-Za-z_$][\w$.]{0,100}", re.ASCII)
JSON_BYTES, ANONYMOUS_BYTES = 100_000_000, 2_600_000
_METHODS = "GET, POST, OPTIONS"


def _flat(query: QueryDict) -> dict[str, Any]:
    """Return name -> value; repeated names give a list."""
    return {name: values[0] if len(values) == 1 else values for name, values in query.lists()}


def _object(text: str) -> dict[str, Any]:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise BadRequest(f"the body is not JSON: {error}") from None
    if not isinstance(value, dict):
        raise BadRequest("the body is JSON, but no object")
    return value


def _body(request: HttpRequest, most: int) -> str:
    """Return the text of a body of `most` bytes at most. Raises BadRequest."""
    content = request.read(most + 1)
    if len(content) > most:
        raise BadRequest("the body is too large")
    return content.decode()


def _data(request: HttpRequest, actor: Actor) -> dict[str, Any]:
    """Return the parameters of a request, however they came. Raises BadRequest."""
    if request.method in {"GET", "HEAD"}:
        return _flat(request.GET)
    kind = (request.content_type or "").lower()
    try:
        if kind == "multipart/form-data":
            return {**_flat(request.POST), **request.FILES.dict()}
        if kind == "application/x-www-form-urlencoded":
            body = request.body.decode()
            _ = request.POST
        else:
            # Rows come by thousands from whoever may write; nobody else needs much.
            body = _body(request, JSON_BYTES if actor.person else ANONYMOUS_BYTES)
    except (UnicodeDecodeError, MultiPartParserError, OSError):
        raise BadRequest("the body cannot be read") from None
    except SuspiciousOperation:
        # Too large, or too many fields.
        raise BadRequest("the body is too large") from None
    if not body.strip():
        return _flat(request.GET)
    if kind == "application/x-www-form-urlencoded":
        for text in (body, unquote_plus(body.removesuffix("="))):
            if text.lstrip().startswith("{"):
                return _object(text)
        return _flat(request.POST)
    return _object(body)


def _answer(request: HttpRequest, status: int, value: Any) -> HttpResponse:
    text = json.dumps(value, ensure_ascii=False)
    media_type = "application/json;charset=utf-8"
    callback = request.GET.get("callback", "") if request.method == "GET" else ""
    if _CALLBACK.fullmatch(callback):
        # U+2028 and U+2029 end a line in old JavaScript.
        text = text.replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")
        text, media_type = f"{callback}({text});", "application/javascript;charset=utf-8"
    response = HttpResponse(text, status=status, content_type=media_type)
    return _cors(request, response)


def _cors(request: HttpRequest, response: HttpResponse) -> HttpResponse:
    if "Origin" in request.headers:
        response["Access-Control-Allow-Origin"] = "*"
        response["Access-Control-Allow-Methods"] = _METHODS
        response["Access-Control-Allow-Headers"] = "Authorization, Content-Type"
    return response


def actor_of(request: HttpRequest) -> Actor:
    """Return who asks: the holder of the token given, else nobody.

    Only tokens count, never a session: no page of others can write with a visitor's cookie. A
    token that opens nothing is no token, as in CKAN. A JSONP answer may be read by any page.
    """
    if request.method == "GET" and "callback" in request.GET:
        return NOBODY
    names = ("HTTP_AUTHORIZATION", "HTTP_X_CKAN_API_KEY")
    for name in names:
        value = request.META.get(name, "").strip()
        scheme, _space, rest = value.partition(" ")
        value = rest.strip() if scheme.lower() == "bearer" else value
        if value:
            try:
                return tokens.actor_of(value)
            except SignInNeeded:
                continue
    return NOBODY


def _measured(request: HttpRequest, actor: Actor) -> None:
    """Count what anonymous readers ask, by network. Raises TooManyRequests past the measure."""
    if actor.person is None and measure is not None:
        try:
            measure.take(client_ip(request))
        except Busy as error:
            words = f"more than {settings.API_PER_MINUTE} requests a minute"
            raise TooManyRequests(words, seconds=error.retry_after) from None


def _run(request: HttpRequest, name: str) -> Any:
    """Return the result of an action. Raises BadRequest, ActionError, Refused."""
    registry.load()
    if name not in registry.ACTIONS:
        raise BadRequest(f"there is no action {name!r}")
    if request.method in {"GET", "HEAD"} and name in registry.WRITING:
        raise BadRequest(f"{name} writes: send it by POST")
    actor = actor_of(request)
    _measured(request, actor)
    data = _data(request, actor)
    if request.method == "GET":
        data.pop("callback", None)
    return registry.ACTIONS[name](data, actor)


@csrf_exempt
def action(request: HttpRequest, name: str) -> HttpResponse:
    """Answer one action for whoever holds the token given, or for anonymous."""
    if request.method == "OPTIONS":
        response = HttpResponse(status=200)
        response["Allow"] = _METHODS
        return _cors(request, response)
    if request.method not in {"GET", "HEAD", "POST"}:
        response = _answer(request, 405, "Method not allowed")
        response["Allow"] = _METHODS
        return response
    envelope: Mapping[str, Any] = {
        "help": f"{settings.SITE_URL}/api/3/action/help_show?name={name}"
    }
    try:
        result = _run(request, name)
    except BadRequest as error:
        return _answer(request, 400, f"Bad request - {error}")
    except (ActionError, Refused) as refusal:
        said = refusal if isinstance(refusal, ActionError) else in_ckan_words(refusal)
        answer = _answer(request, said.status, {**envelope, "success": False, "error": said.body()})
        if isinstance(said, TooManyRequests):
            answer["Retry-After"] = str(said.seconds)
        return answer
    except (OperationalError, EngineAway):
        raise  # the database is away, or the engine of tables: 503, as everywhere
    except Exception as error:
        if unreadable(error):
            return _answer(request, 400, "Bad request - a text or a number cannot be read")
        log.exception("action failed", extra={"fields": {"action": name}})
        body = {"__type": "Internal Server Error", "message": "Internal Server Error"}
        return _answer(request, 500, {**envelope, "success": False, "error": body})
    return _answer(request, 200, {**envelope, "success": True, "result": result})


# A bad token is answered as anonymous by the view itself, not refused before it.
action.reads_tokens = True  # type: ignore[attr-defined]


@csrf_exempt
def root(request: HttpRequest) -> HttpResponse:
    """Say which version of the API this is."""
    return _answer(request, 200, {"version": 3})


root.reads_tokens = True  # type: ignore[attr-defined]
