"""Which view an address opens, without trying every route one after the other.

Django tries the routes of a site in order, those of included modules too: with several hundred of
them, a page listed last paid a millisecond or two before its view was called. Here they are
arranged by their first literal segments, and only those that the address can match are tried, in
the same order.
"""

from collections.abc import Iterable, Sequence
from typing import Any

from django.urls import URLPattern, URLResolver
from django.urls.resolvers import LocalePrefixPattern, ResolverMatch, RoutePattern
from django.utils.translation import get_language

SEGMENTS_MAX = 2
Route = URLPattern | URLResolver
_Key = tuple[str, ...]


def _literal(route: Route) -> _Key:
    """Return the segments that every address of a route begins with, two at most."""
    if not isinstance(route.pattern, RoutePattern):
        return ()
    text = str(route.pattern)
    before, variable, _after = text.partition("<")
    parts = before.split("/")
    whole = isinstance(route, URLPattern) and not variable
    # The last part may go on: in the value of a variable, in what is included.
    return tuple(parts if whole else parts[:-1])[:SEGMENTS_MAX]


def _flat(routes: Iterable[Any]) -> list[Route]:
    """Return the routes with, in their place, those of the modules included under no prefix."""
    found: list[Route] = []
    for route in routes:
        plain = (
            isinstance(route, URLResolver)
            and isinstance(route.pattern, RoutePattern)
            and not str(route.pattern)
            and not (route.namespace or route.app_name or route.default_kwargs)
        )
        found.extend(_flat(route.url_patterns) if plain else [route])
    return found


class Routes(URLResolver):
    """A resolver that hands an address to the few of its routes that it can match."""

    def __init__(self, pattern: Any, routes: Sequence[Any]) -> None:
        super().__init__(pattern, list(routes))
        self._ordered: list[Route] = []
        self._starts: dict[str, tuple[list[_Key], set[_Key]]] = {}
        self._narrow: dict[tuple[str, _Key], URLResolver] = {}

    def resolve(self, path: Any) -> ResolverMatch:
        """Return the view of an address and its arguments. Raises Resolver404."""
        text = str(path)
        match = self.pattern.match(text)
        if match is None:
            return super().resolve(text)
        return self._narrowed(tuple(match[0].split("/")[:SEGMENTS_MAX])).resolve(text)

    def _narrowed(self, start: _Key) -> URLResolver:
        language = get_language() or ""
        keys, known = self._keys(language)
        # Segments that no route names are all alike: what is kept stays as large as the site.
        while start and start not in known:
            start = start[:-1]
        narrow = self._narrow.get((language, start))
        if narrow is None:
            routes = [
                route
                for route, key in zip(self._ordered, keys, strict=True)
                if key == start[: len(key)]
            ]
            narrow = self._narrow[language, start] = URLResolver(self.pattern, routes)
        return narrow

    def _keys(self, language: str) -> tuple[list[_Key], set[_Key]]:
        """Return the literal segments of each route in a language, and all their beginnings."""
        found = self._starts.get(language)
        if found is None:
            if not self._ordered:
                self._ordered = _flat(self.url_patterns)
            keys = [_literal(route) for route in self._ordered]
            known = {key[:n] for key in keys for n in range(len(key) + 1)}
            found = self._starts[language] = (keys, known)
        return found


def plain(*routes: Any) -> Routes:
    """Return routes without a prefix, for a list of addresses."""
    return Routes(RoutePattern(""), routes)


def translated(*routes: Any) -> Routes:
    """Return routes under the prefix of a language, as Django's `i18n_patterns` does."""
    return Routes(LocalePrefixPattern(), routes)
