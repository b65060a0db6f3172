"""An address opens the view that Django's own resolver, trying every route, would open."""

import pytest
from django.urls import Resolver404, URLPattern, URLResolver, get_resolver
from django.urls.resolvers import RegexPattern
from django.utils.translation import override
from hypothesis import given, settings
from hypothesis import strategies as st

from parvis.core.routing import Routes

VALUES = {"slug": "mot", "uuid": "01a20de9-35f5-7729-bd41-aee460501290", "int": "3", "path": "a/b"}


def _own(routes):
    """The same tree with Django's resolver at each place of ours."""
    return [
        URLResolver(
            one.pattern, _own(one.url_patterns), one.default_kwargs, one.app_name, one.namespace
        )
        if isinstance(one, URLResolver)
        else one
        for one in routes
    ]


PLAIN = URLResolver(RegexPattern(r"^/"), _own(get_resolver().url_patterns))


def _texts(routes, before=""):
    for one in routes:
        if isinstance(one, URLPattern):
            yield before + str(one.pattern)
        else:
            yield from _texts(one.url_patterns, before + str(one.pattern))


def _opened(resolver, path):
    try:
        found = resolver.resolve(path)
    except Resolver404:
        return None
    return found.func, found.args, found.kwargs, found.url_name, found.route, found.namespaces


def _filled(text):
    parts = text.split("<")
    out = parts[0]
    for part in parts[1:]:
        variable, _end, after = part.partition(">")
        out += VALUES.get(variable.partition(":")[0], "mot") + after
    return out.replace("\\Z", "").replace("^", "").replace("$", "")


@pytest.mark.parametrize("language", ["fr", "en"])
def test_every_route_opens_what_it_opened(language):
    with override(language):
        texts = list(_texts(get_resolver().url_patterns))
        assert len(texts) > 400
        opened = 0
        for text in texts:
            for path in (f"/{_filled(text)}", f"/{_filled(text)}x", f"/{_filled(text)[:-1]}"):
                expected = _opened(PLAIN, path)
                assert _opened(get_resolver(), path) == expected, path
                opened += expected is not None
        assert opened > 400


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_any_address_opens_what_it_opened(data):
    with override("fr"):
        words = {part for text in _texts(get_resolver().url_patterns) for part in text.split("/")}
        parts = data.draw(
            st.lists(st.sampled_from(sorted(words)) | st.text(max_size=3), max_size=5)
        )
        path = "/" + "/".join(parts)
        assert _opened(get_resolver(), path) == _opened(PLAIN, path)


def test_what_is_kept_does_not_grow_with_what_is_asked():
    with override("fr"):
        routes = next(one for one in get_resolver().url_patterns if isinstance(one, Routes))
        for n in range(50):
            _opened(get_resolver(), f"/{n}/inconnu/{n}")
        before = len(routes._narrow)
        for n in range(500):
            _opened(get_resolver(), f"/rien-{n}/du-tout-{n}/")
        assert len(routes._narrow) == before
