"""Every address, every role, both methods: who is let in is who the table says."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import transaction
from django.http import HttpResponse
from django.test import Client
from django.urls import URLResolver, get_resolver, reverse
from django.utils.translation import override

from parvis.core.models import Event
from parvis.site.views import errors
from tests.trust import matrix
from tests.trust.matrix import Row
from tests.trust.world import ROLES, WRONG_CODE, World

pytestmark = [pytest.mark.once, pytest.mark.django_db]


@pytest.fixture(autouse=True)
def _refusals_in_few_words(monkeypatch: pytest.MonkeyPatch) -> None:
    """Half of the requests are refused: the page that says so is drawn by other tests."""
    monkeypatch.setattr(
        errors, "_page", lambda _request, status, *_words, **_more: HttpResponse(status=status)
    )


def _routes(patterns: Any, before: str = "") -> Iterator[tuple[str, str | None]]:
    for one in patterns:
        here = before + str(one.pattern)
        if isinstance(one, URLResolver):
            yield from _routes(one.url_patterns, here)
        else:
            yield here, one.name


def _addresses() -> tuple[set[str], set[str]]:
    """Return (names of pages, routes of machines), from the site's own list of addresses."""
    with override("en"):
        found = list(_routes(get_resolver().url_patterns))
    pages = {name or route for route, name in found if route.startswith("en/")}
    return pages, {route for route, _name in found if not route.startswith("en/")}


def _pages() -> dict[str, Row]:
    editor = {
        name: Row(args, matrix.MANAGE, matrix.MANAGE) for name, args in matrix.SURVEY_EDITOR.items()
    }
    account = {
        **{name: Row("none", matrix.EVERYONE, matrix.EVERYONE) for name in matrix.ACCOUNT_ANYONE},
        **{name: Row("none", matrix.SIGNED, matrix.SIGNED) for name in matrix.ACCOUNT_SIGNED},
    }
    return {**matrix.PAGES, **editor, **account}


def test_every_address_is_in_the_table() -> None:
    pages, machines = _addresses()
    assert pages == set(_pages())
    assert machines - set(matrix.MACHINES) == set()
    assert set(matrix.MACHINES) - machines == set()


def _fill(route: str, args: list[Any]) -> str:
    values = iter(args)
    return "/" + re.sub(r"<[^>]+>", lambda _m: str(next(values)), route)


def _let_in(response: Any) -> bool:
    """Whether an answer lets in: not refused, not sent to sign in, not hidden."""
    if response.status_code in {401, 403, 404, 405, 410}:
        return False
    place = response.headers.get("Location", "")
    return not (
        response.status_code in {302, 303}
        and ("/compte/connexion/" in place or "/account/sign-in/" in place)
    )


class _Undo(Exception):
    pass


def _ask(client: Client, method: str, url: str, body: str = "{}") -> Any:
    """Ask, then undo what it did: each request meets the same world. A crash is a 500."""
    client.raise_request_exception = False
    kind = "application/x-www-form-urlencoded"
    if method != "GET" and url.startswith("/api/v1/"):
        kind = "application/json"
    data = body if kind == "application/json" else ""
    try:
        with transaction.atomic():
            before = Event.objects.order_by("-pk").values_list("pk", flat=True).first()
            answer = client.generic(method, url, data, kind)
            if method != "GET":
                last = Event.objects.order_by("-pk").values_list("pk", flat=True).first()
                answer.wrote = last != before
            raise _Undo
    except _Undo:
        return answer


def _args(world: World, row: Row, role: str) -> list[Any]:
    args = world.args[row.args]
    return [*args[:-1], WRONG_CODE] if row.code and role != "author" else args


def _wrong(where: str, role: str, method: str, allowed: Any, answer: Any) -> str | None:
    status = answer.status_code
    if status >= 500:
        return f"{method} {where} as {role}: {status}"
    if allowed is None:
        fine = status == 405 or not _let_in(answer) or (method == "POST" and not answer.wrote)
        return None if fine else f"{method} {where} as {role}: {status}, not 405"
    expected = role in allowed
    if _let_in(answer) == expected:
        return None
    words = "let in" if expected else "refused"
    return f"{method} {where} as {role}: {status}, should be {words}"


def _check(world: World, rows: dict[str, tuple[Row, Any]]) -> list[str]:
    found = []
    for role in ROLES:
        client = world.client(role)
        for where, (row, url_of) in rows.items():
            if role == "author" and not row.code:
                continue  # without an account, a receipt is nothing but the code of an address
            if row.get == matrix.EVERYONE and role not in {"anonymous", "citizen", "elsewhere"}:
                continue  # what everybody may do, those with more rights may
            url = url_of(_args(world, row, role))
            for method, allowed in (("GET", row.get), (row.method, row.post)):
                answer = _ask(client, method, url, row.body)
                found.append(_wrong(where, role, method, allowed, answer))
    return [one for one in found if one]


def test_pages_let_in_who_the_table_says(world: World) -> None:
    rows = {}
    for name, row in _pages().items():
        if name in matrix.ACCOUNT_ANYONE | matrix.ACCOUNT_SIGNED:
            continue
        rows[name] = (row, lambda args, name=name: reverse(name, args=args))
    with override("fr"):
        found = _check(world, rows)
        assert not found, "\n".join(found)


def test_machines_let_in_who_the_table_says(world: World) -> None:
    rows = {
        route: (row, lambda args, route=route: _fill(route, args))
        for route, row in matrix.MACHINES.items()
    }
    found = _check(world, rows)
    assert not found, "\n".join(found)


def test_account_pages_ask_who_one_is(world: World) -> None:
    found = []
    for role in ("anonymous", "citizen", "operator"):
        client = world.client(role)
        for name in sorted(matrix.ACCOUNT_SIGNED | matrix.ACCOUNT_ANYONE):
            for method in ("GET", "POST"):
                answer = _ask(client, method, reverse(name))
                if answer.status_code >= 500:
                    found.append(f"{method} {name} as {role}: {answer.status_code}")
                if name in matrix.ACCOUNT_SIGNED and role == "anonymous" and _let_in(answer):
                    found.append(f"{method} {name}: {answer.status_code} without an account")
    assert not found, "\n".join(found)


def test_what_is_not_public_is_not_there(world: World) -> None:
    found = []
    with override("fr"):
        for role in ROLES:
            client = world.client(role)
            for name, args, allowed in matrix.STATES:
                answer = _ask(client, "GET", reverse(name, args=world.args[args]))
                found.append(_wrong(f"{name} {args}", role, "GET", allowed, answer))
            for route, args in matrix.MACHINE_STATES:
                answer = _ask(client, "GET", _fill(route, world.args[args]))
                found.append(_wrong(f"{route} {args}", role, "GET", matrix.NOBODY, answer))
    wrong = [one for one in found if one]
    assert not wrong, "\n".join(wrong)


def test_a_form_without_its_token_is_refused_to_everybody(world: World) -> None:
    found = []
    with override("fr"):
        pages = {
            name: reverse(name, args=world.args[row.args])
            for name, row in _pages().items()
            if row.post is not None
        }
    for role in ("anonymous", "adviser"):
        client = world.client(role, enforce_csrf_checks=True)
        for name, url in pages.items():
            status = _ask(client, "POST", url).status_code
            if (status == 403) == (name in matrix.WITHOUT_CSRF):
                found.append(f"POST {name} as {role} without token: {status}")
    assert not found, "\n".join(found)


def test_programs_need_no_token_but_a_session_does(world: World) -> None:
    """The cookie of a browser never writes by the API from another site's page."""
    writing = {
        route: row
        for route, row in matrix.MACHINES.items()
        if row.post and route.startswith("api/v1/") and not route.endswith("openapi.json")
    }
    found = []
    for role, refused in (("anonymous", False), ("adviser", True)):
        client = world.client(role, enforce_csrf_checks=True)
        for route, row in writing.items():
            answer = _ask(client, row.method, _fill(route, world.args[row.args]))
            if (answer.status_code == 403) != refused and answer.status_code != 401:
                found.append(f"{row.method} {route} as {role}: {answer.status_code}")
    assert not found, "\n".join(found)
    assert (
        world.client("anonymous", enforce_csrf_checks=True)
        .post("/api/3/action/package_list")
        .status_code
        == 200
    )
