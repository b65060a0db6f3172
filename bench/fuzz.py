"""`python -m bench.fuzz`: hostile requests to every address of a site, by five people.

    PARVIS_HOME=<home of the demo> python -m bench.fuzz --base http://127.0.0.1:8120 --minutes 3

The home must be that of the server asked, filled with the demonstration (`PARVIS_DEMO=1`), and
nothing that anybody needs: what is sent is written. Every address of the project and every action
of CKAN's API is asked, with names that exist and names that do not, fields that pages and actions
know, and values made to hurt. Whatever answers 500 or more is printed and fails the run.
"""

import argparse
import json
import os
import random
import re
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException, HTTPResponse
from typing import Any
from urllib.parse import quote_from_bytes, urlencode, urlsplit

from django.urls import Resolver404, get_resolver, resolve
from django.utils import translation

ROLES = ("", "citizen", "steward", "operator", "adviser")
CSRF = "parvisfuzzcsrftokenof32lettersab"
# What ends a session, or answers for ever.
LEFT_OUT = re.compile(r"logout|deconnexion|demo/|static/")
HOSTILE: tuple[str | bytes, ...] = (
    "", " ", "0", "-1", "1e999", "NaN", "null", "true", "9" * 30, "-9223372036854775809", "1.5",
    "[]", "{}", "[1, [2, {", '{"a": {"$gt": 1}}', "[" * 300, "'", '"', "' OR 1=1 --", "%", "%00",
    "\x00", "a\x00b", "\u2028", "\ufeffé", "e\u0301", "𝔘𝔫𝔦",
    "\ud800".encode("utf-8", "surrogatepass"),
    b"\xff\xfe", b"\xc3(", "<script>", "{{ 7*7 }}", "../../etc/passwd", "..%2f..%2f", "a/b", "a\\b",
    "http://127.0.0.1:1/", "https://exemple.invalid/x?y=1", "javascript:alert(1)", "x" * 5_000,
    "2026-13-45", "0001-01-01", "9999-12-31T23:59:59.999999Z", "2026-11-24T10:00", "+275760-09-13",
    "a b c d", "(a AND b OR", "*:*", "a:b", "[* TO *]", "name:[NOW TO", "-", "--",
    "_id desc, x asc",
    "SELECT 1", "SELECT * FROM sqlite_master", "fr", "en", "csv", "json", "desc", "a" * 65, "1,2,3",
    "-180,-90,180,90", "nan,nan,nan,nan", "1e308,1e308,1e309,inf", "01234", "\uff11\uff12",
    "\u00b2", "\u0663", "Infinity",
)  # fmt: skip
NAMES = (
    "q fq sort page start rows limit offset facet facet.field facet.limit fl format id name title "
    "resource_id filters fields records method sql plain language distinct include_total url notes "
    "records_format full_text organization owner_org groups tags extras resources state private "
    "package_id upload match filter update update__title match__id bom box place theme from to by "
    "x y chart column op value cursor after before kind status region modified_since profiles lang "
    "next key code email body words reason decision choice publish_at types colonne tri filtre vue"
).split()
HEADERS: Mapping[str, tuple[str, ...]] = {
    "Accept": ("text/turtle", "application/json", "*/*;q=abc", "text/html,,;q=2", "a/b" * 500),
    "Accept-Language": ("fr", "en;q=0.1,xx", "*" * 300, "fr-CA-x-\xe9"),
    "Range": ("bytes=0-10", "bytes=-5", "bytes=9999999999999-", "bytes=a-b", "lines=1-2"),
    "If-None-Match": ('"x"', "*", "W/", '"' * 50),
    "If-Modified-Since": ("Sat, 01 Jan 2000 00:00:00 GMT", "never", "Sat, 99 Jan 99999 0:0:0 GMT"),
    "Authorization": ("Bearer x", "Bearer", "Basic !!!", "parvis_x", "\xe9"),
    "Cookie": ("session=x", "csrf=", "=;;=", "langue=zz", "a" * 3_000),
    "Content-Type": ("application/json", "text/plain", "multipart/form-data",
                     "multipart/form-data; boundary=" + "b" * 300,
                     "application/x-www-form-urlencoded; charset=nope"),
    "Origin": ("https://exemple.invalid", "null"),
    "X-Forwarded-For": ("1.2.3.4", "not an address", "::1, x"),
}  # fmt: skip


@dataclass
class World:
    """What there is to ask: addresses, actions, and names that exist for their places."""

    routes: list[tuple[str, Mapping[str, Any]]]
    actions: dict[str, set[str]]
    slugs: list[str]
    ids: list[str]
    numbers: list[str]
    digests: list[str]
    words: list[str]
    token: str
    fields: dict[str, list[tuple[str, str]]] = field(default_factory=dict)
    links: dict[str, set[str]] = field(default_factory=dict)


@dataclass
class Tally:
    """What was asked and answered."""

    statuses: Counter[int] = field(default_factory=Counter)
    asked: Counter[str] = field(default_factory=Counter)
    faults: dict[tuple[str, str, int], str] = field(default_factory=dict)
    hits: Counter[tuple[str, str, int]] = field(default_factory=Counter)


def _walk(resolver: Any, before: str = "") -> Iterator[tuple[str, Mapping[str, Any]]]:
    for one in resolver.url_patterns:
        route = before + str(one.pattern)
        if hasattr(one, "url_patterns"):
            yield from _walk(one, route)
        elif not LEFT_OUT.search(route):
            yield route, one.pattern.converters


def look() -> World:
    """Read the addresses of the project and the names in its home; make an operator's token."""
    os.environ["DJANGO_SETTINGS_MODULE"] = "parvis.settings"
    import django

    django.setup()
    from parvis.catalogue.ckan import registry
    from parvis.catalogue.models import Resource, Version
    from parvis.core import tokens
    from parvis.core.access import SYSTEM
    from parvis.core.models import Event, Node, Person
    from parvis.site.demo_loader.reading import email_of

    registry.load()
    routes: list[tuple[str, Mapping[str, Any]]] = []
    for language in ("fr", "en"):
        with translation.override(language):
            routes += _walk(get_resolver())
    nodes = list(Node.objects.values_list("pk", "slug", "kind"))
    resources = list(Resource.objects.values_list("pk", "slug"))
    operator = Person.objects.get(email=email_of("operator"))
    return World(
        routes=list(dict(routes).items()),
        actions={name: _named(one) for name, one in sorted(registry.ACTIONS.items())},
        slugs=[slug for _pk, slug, _kind in nodes] + [slug for _pk, slug in resources],
        ids=[str(row[0]) for row in (*nodes, *resources)],
        numbers=[str(n) for n in range(1, 30)]
        + [str(pk) for pk in Event.objects.order_by("-pk").values_list("pk", flat=True)[:5]],
        digests=list(Version.objects.values_list("sha256", flat=True)),
        words=sorted({kind for _pk, _slug, kind in nodes} | {"csv", "ttl", "json", "xml", "txt"}),
        token=tokens.issue(actor=SYSTEM, person=operator, name="fuzz", days=1),
    )  # fmt: skip


def _named(action: Any) -> set[str]:
    """Return the parameters that an action speaks of."""
    return {word for word in re.findall(r"[a-z_]{2,30}", action.__doc__ or "") if "_" in word}


class Person(threading.Thread):
    """One client: random requests, of which each kind of address has its part."""

    def __init__(self, base: str, world: World, tally: Tally, seed: int, until: float) -> None:
        super().__init__(daemon=True)
        parts = urlsplit(base)
        self.host, self.port = parts.hostname or "127.0.0.1", parts.port or 80
        self.world, self.tally, self.until = world, tally, until
        self.chance = random.Random(seed)
        self.cookies = self.role = ""
        self.turn = 0
        self.kinds = dict(world.routes)

    # Values ----------------------------------------------------------------------------------

    def value(self) -> str | bytes:
        """Return a value: of what exists, or hostile."""
        world, chance = self.world, self.chance
        pool: Any = chance.choice(
            (HOSTILE, HOSTILE, HOSTILE, world.slugs, world.ids, world.numbers, world.words, NAMES)
        )
        found = chance.choice(pool)
        if chance.random() < 0.05:
            return bytes(chance.randrange(256) for _n in range(chance.randrange(1, 40)))
        return found

    def tree(self, depth: int = 0) -> Any:
        """Return any JSON value."""
        chance, kind = self.chance, self.chance.randrange(8 if depth < 3 else 5)
        if kind < 3:
            found = self.value()
            # A lone surrogate may be written in JSON, though no text may hold one.
            return found if isinstance(found, str) else found.decode("utf-8", "surrogateescape")
        if kind < 5:
            return chance.choice((None, True, False, 0, -1, 10**30, 1.5, 1e300, 2**31, 2**63, ""))
        if kind < 7:
            return {str(chance.choice(NAMES)): self.tree(depth + 1) for _n in range(3)}
        return [self.tree(depth + 1) for _n in range(chance.randrange(4))]

    def fill(self, route: str, converters: Mapping[str, Any]) -> str:
        """Return an address of a route."""

        def part(match: re.Match[str]) -> str:
            kind = type(converters.get(match[1])).__name__
            exact = self.chance.random() < 0.85
            world = self.world
            if kind.startswith("UUID"):
                return self.chance.choice(world.ids)
            if kind == "IntConverter":
                return self.chance.choice(world.numbers if exact else ["0", "9" * 19, "9" * 40])
            if "sha" in match[1] or kind == "Sha256":
                return self.chance.choice(world.digests if exact else ["0" * 64, "f" * 63, "zz"])
            pool = world.words if match[1] in {"extension", "kind", "way"} else world.slugs
            found = self.chance.choice(pool) if exact else self.value()
            if kind == "SlugConverter" and not exact:
                found = re.sub(r"[^-\w]", "", str(found), flags=re.ASCII) or "x"
            raw = found if isinstance(found, bytes) else found.encode("utf-8", "surrogatepass")
            return quote_from_bytes(raw, safe="/" if kind == "PathConverter" else "")

        return "/" + re.sub(r"<(?:\w+:)?(\w+)>", part, route)

    def pairs(self, known: list[tuple[str, str]]) -> list[tuple[str, Any]]:
        """Return fields: what a page has in its form, or names that pages know; values mixed."""
        found: list[tuple[str, Any]] = []
        # Some forms nearly as they are, so that they are taken; some with one thing wrong.
        hurt = self.chance.choice((0.0, 0.05, 0.3))
        for name, value in known[:60]:
            if self.chance.random() >= hurt / 2:
                found.append((name, self.value() if self.chance.random() < hurt else value))
        for _n in range(self.chance.randrange(0, 5)):
            found.append((self.chance.choice(NAMES), self.value()))
        return found

    # Requests --------------------------------------------------------------------------------

    def run(self) -> None:
        """Ask until the time is over."""
        while time.monotonic() < self.until:
            if self.turn % 150 == 0:
                self.enter()
            self.turn += 1
            if self.chance.random() < 0.35:
                self.ask_action()
            else:
                self.ask_page()

    def enter(self) -> None:
        """Become somebody else: nobody, or a person of the demonstration."""
        self.role, self.cookies = self.chance.choice(ROLES), ""
        if self.role:
            body = urlencode({"csrfmiddlewaretoken": CSRF}).encode()
            kind = {"Content-Type": "application/x-www-form-urlencoded"}
            self.cookies = f"csrf={CSRF}"
            answer = self.send("POST", f"/fr/demo/{self.role}/", body, kind, "demo/<role>")
            if answer is not None:
                session = re.search(r"session=([^;]+)", str(answer[0].headers))
                self.cookies += f"; session={session[1]}" if session else ""

    def ask_page(self) -> None:
        """Ask one address: read it, or send its form."""
        route, converters = self.chance.choice(self.world.routes)
        if self.world.fields and self.chance.random() < 0.3:
            route = self.chance.choice(list(self.world.fields))
            converters = self.kinds[route]
        path = self.fill(route, converters)
        if met := self.world.links.get(route):
            # Most names belong to one kind of thing: what pages lead to is there.
            path = self.chance.choice((path, *self.chance.sample(sorted(met), min(3, len(met)))))
        known = self.world.fields.get(route, [])
        if known and self.chance.random() < 0.5:
            body = urlencode([("csrfmiddlewaretoken", CSRF), *self.pairs(known)]).encode()
            kind = {"Content-Type": "application/x-www-form-urlencoded", "X-CSRFToken": CSRF}
            self.send("POST", path, body, kind, route)
            return
        asked = urlencode(self.pairs(known)) if self.chance.random() < 0.7 else ""
        method = self.chance.choices(
            ("GET", "HEAD", "OPTIONS", "PUT", "DELETE", "POST", "PATCH"), (90, 4, 1, 1, 1, 2, 1)
        )[0]
        writes = method in {"PUT", "POST", "PATCH"}
        sent = json.dumps(self.tree()).encode() if writes else None
        answer = self.send(method, f"{path}?{asked}" if asked else path, sent, {}, route)
        if answer and answer[0].status == 200 and method == "GET":
            page = answer[1].decode("utf-8", "replace")
            if "<form" in page and not known:
                self.world.fields[route] = _fields_of(page)
            if self.chance.random() < 0.1:
                self.follow(page)

    def follow(self, page: str) -> None:
        """Keep the addresses that a page leads to, each under its route."""
        for path in set(re.findall(r'(?:href|action)="(/[^"?#]*)', page)):
            try:
                route = resolve(path).route
            except Resolver404:
                continue
            met = self.world.links.setdefault(route, set())
            if len(met) < 40 and not LEFT_OUT.search(path):
                met.add(path)

    def ask_action(self) -> None:
        """Ask one action of CKAN's API."""
        name = self.chance.choice(list(self.world.actions))
        names = [*self.world.actions[name], *self.chance.sample(NAMES, 4)]
        self.chance.shuffle(names)
        route, path = f"api/3/action/{name}", f"/api/3/action/{name}"
        headers = {"Authorization": self.world.token} if self.chance.random() < 0.6 else {}
        several = names[: self.chance.randrange(0, 7)]
        if "id" not in several and self.chance.random() < 0.5:
            several.append("id")
        if self.chance.random() < 0.3:
            query = urlencode([(one, self.value()) for one in several])
            self.send("GET", f"{path}?{query}", None, headers, route)
            return
        data: Any = {one: self.exact(one) for one in several}
        if self.chance.random() < 0.05:
            data = self.tree()
        body = json.dumps(data).encode()
        if self.chance.random() < 0.04:
            body = body[: self.chance.randrange(len(body) + 1)]
        self.send("POST", path, body, {"Content-Type": "application/json", **headers}, route)

    def exact(self, name: str) -> Any:
        """Return a value for a parameter, more often than not one that exists."""
        if self.chance.random() < 0.6:
            if name.endswith("id") or name in {"name", "ids"}:
                return self.chance.choice((*self.world.ids, *self.world.slugs))
            if name in {"rows", "limit", "offset", "start"}:
                return self.chance.choice((0, 1, 5, "10"))
        return self.tree()

    def send(
        self, method: str, path: str, body: bytes | None, headers: Mapping[str, str], route: str
    ) -> tuple[HTTPResponse, bytes] | None:
        """Send one request, count its answer, and return it with its first bytes."""
        more = dict(headers)
        if self.cookies and not route.startswith("api/3"):
            more["Cookie"] = self.cookies
        if self.chance.random() < 0.15:
            name = self.chance.choice(list(HEADERS))
            more[name] = self.chance.choice(HEADERS[name])
        link = HTTPConnection(self.host, self.port, timeout=60)
        try:
            link.request(method, path, body, more)
            answer = link.getresponse()
            start = answer.read(400_000)
        except (OSError, HTTPException, ValueError) as error:
            self.note(route, method, 0, f"{path} {error!r}", body, more)
            return None
        finally:
            link.close()
        self.note(route, method, answer.status, path, body, more)
        return answer, start

    def note(
        self, route: str, method: str, status: int, path: str, body: Any, headers: Mapping[str, str]
    ) -> None:
        """Count an answer; keep the first request of each fault."""
        self.tally.statuses[status] += 1
        self.tally.asked[route] += 1
        if status >= 500 or not status:
            key = (route, method, status)
            self.tally.hits[key] += 1
            shown = {name: value for name, value in headers.items() if name != "Cookie"}
            said = f"{self.role or 'nobody'} {path[:600]} {shown} {(body or b'')[:1500]!r}"
            self.tally.faults.setdefault(key, said)


def _fields_of(page: str) -> list[tuple[str, str]]:
    """Return the fields of the forms of a page, with a value where it is written."""
    found = []
    for tag in re.findall(r"<(?:input|select|textarea|button)\b[^>]*>", page):
        name = re.search(r'\bname="([^"]+)"', tag)
        value = re.search(r'\bvalue="([^"]*)"', tag)
        if name and name[1] != "csrfmiddlewaretoken":
            found.append((name[1], value[1] if value else ""))
    return found


def main() -> int:
    """Ask, then print what was answered; 1 where something answered 500 or more."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--base", default="http://127.0.0.1:8120")
    parser.add_argument("--minutes", type=float, default=3)
    parser.add_argument("--clients", type=int, default=4)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    given = parser.parse_args()
    world, tally = look(), Tally()
    began = time.monotonic()
    people = [
        Person(given.base, world, tally, given.seed + n, began + given.minutes * 60)
        for n in range(given.clients)
    ]
    for person in people:
        person.start()
    for person in people:
        person.join()
    minutes = (time.monotonic() - began) / 60
    routes = len(world.routes) + len(world.actions)
    total = sum(tally.statuses.values())
    print(f"{total} requests in {minutes:.1f} minutes, seed {given.seed}")
    print(f"{len(tally.asked)} of {routes} addresses and actions asked")
    print("answers:", ", ".join(f"{s or 'none'}: {n}" for s, n in sorted(tally.statuses.items())))
    for key, said in sorted(tally.faults.items()):
        print(f"\n{key[2] or 'no answer'} ({tally.hits[key]} times) {key[1]} {key[0]}\n  {said}")
    return 1 if tally.faults else 0


if __name__ == "__main__":
    sys.exit(main())
