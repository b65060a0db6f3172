"""What the Atom feeds (RFC 4287) of all domains do the same way."""

from typing import Any

from django.contrib.syndication.views import Feed
from django.http import HttpRequest, HttpResponse
from django.utils.feedgenerator import Atom1Feed

SECONDS = 300


class AtomFeed(Feed):
    """A feed that may be cached: nothing in it is personal.

    One object answers every request, several at once: it keeps nothing of any of them.
    """

    feed_type = Atom1Feed

    def __call__(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Answer; it stays true for five minutes."""
        response = super().__call__(request, *args, **kwargs)
        response.public_seconds = SECONDS  # type: ignore[attr-defined]
        return response
