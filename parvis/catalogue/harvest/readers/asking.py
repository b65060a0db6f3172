"""How readers ask: one address at a time, through the outgoing client; refusals have words."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol
from urllib.parse import urlencode

from parvis.catalogue.harvest.models import HarvestSource
from parvis.catalogue.harvest.reasons import Refusal, Unreachable
from parvis.core.egress import Answer, EgressFailed, EgressRefused

PAGES_MAX = 5_000
DETAIL_CHARACTERS = 200
_LATER = frozenset({408, 425, 429})


class Client(Protocol):
    """What readers need of `core.egress.Client`."""

    def get(self, url: str, *, headers: Mapping[str, str] | None = None) -> Answer:
        """Return the answer to a GET."""


@dataclass(frozen=True)
class Asked:
    """A page of a source: from which cursor (empty: the first), changes since when (empty: all)."""

    source: HarvestSource
    client: Client
    cursor: Mapping[str, Any] = field(default_factory=dict)
    since: str = ""


def fetch(asked: Asked, url: str, *, accept: str) -> Answer:
    """Return a good answer. Raises Refusal for good, Unreachable when trying later is right."""
    try:
        answer = asked.client.get(url, headers={"Accept": accept})
    except EgressRefused as error:
        raise Refusal("egress", detail=error) from error
    except EgressFailed as error:
        raise Unreachable("no_answer", detail=error) from error
    if answer.status >= 500 or answer.status in _LATER:
        raise Unreachable("status", status=answer.status)
    if answer.status >= 400:
        raise Refusal("status", status=answer.status)
    return answer


def with_query(url: str, **more: Any) -> str:
    """Return an address with parameters added."""
    return f"{url}{'&' if '?' in url else '?'}{urlencode(more)}"


def next_cursor(asked: Asked, page: str, more: Mapping[str, Any]) -> dict[str, Any]:
    """Return the cursor after a page whose words are `page`.

    Raises Refusal when the source gives its first page again, or too many of them: a server that
    ignores its own paging would be read for ever.
    """
    here = hashlib.sha256(page.encode()).hexdigest()[:16]
    first, number = asked.cursor.get("first", here), int(asked.cursor.get("page", 0)) + 1
    if number > 1 and here == first:
        raise Refusal("same_page")
    if number >= PAGES_MAX:
        raise Refusal("too_many", max=PAGES_MAX)
    return {"first": first, "page": number, **more}
