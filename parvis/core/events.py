"""Events: the last line of every service. Log, outbox and ledger input in one row."""

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from django.conf import settings
from django.db import connection, models, transaction
from django.utils import timezone
from django.utils.crypto import salted_hmac
from django.utils.functional import cached_property
from django.utils.module_loading import import_string

from parvis.core.errors import Conflict
from parvis.core.models import Event, Node
from parvis.core.prepared import Prepared, insert


@dataclass(frozen=True)
class IdempotencyKey:
    """A key chosen by the client, in a scope, with the digest of what it came with.

    The same request twice has one effect and the same answer; other content under the same key
    is a Conflict. Only a hash is kept, since whoever holds the key may read the answer again.
    """

    scope: str
    value: str
    content: str = ""

    @classmethod
    def of(cls, scope: object, value: str, content: object = None) -> "IdempotencyKey":
        """Return a key; `content` is anything JSON can hold."""
        text = json.dumps(content, sort_keys=True, ensure_ascii=False, default=str)
        # Keyed: a plain hash of a short answer could be guessed after the answer is erased.
        digest = salted_hmac("parvis.idempotency", text, algorithm="sha256").hexdigest()
        return cls(str(scope), value, digest[:32])

    @cached_property
    def stored(self) -> str:
        """The 64 characters kept on the event."""
        return hashlib.sha256(f"{self.scope}\n{self.value}".encode()).hexdigest()


_by_key = Prepared(
    lambda key: Event.objects.select_related("node").filter(key=key),
    key=models.CharField(),
)


def replayed(key: IdempotencyKey | None) -> Event | None:
    """Return the event that this key already made, or None. Raises Conflict on other content."""
    if key is None:
        return None
    if connection.vendor == "postgresql" and connection.in_atomic_block:
        # The same request twice at once: the second waits for the first, then finds its event.
        # SQLite has one writer at a time.
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [int(key.stored[:15], 16)])
    event: Event | None = _by_key.first(key=key.stored)
    if event and event.data.get("request") != key.content:
        raise Conflict
    return event


@lru_cache(maxsize=4)
def _consumers(names: tuple[str, ...]) -> list[Callable[..., Any]]:
    return [import_string(name) for name in names]


def emit(
    verb: str,
    *,
    node: Node | None,
    actor: Any = None,
    data: Mapping[str, Any] | None = None,
    parts: Mapping[str, Any] | None = None,
    ref: Event | None = None,
    on: str | None = None,
    key: IdempotencyKey | None = None,
) -> Event:
    """Append one event and return it.

    `data` holds public facts only, nothing personal. `parts` are what the ledger commits to
    (part -> JSON value), `ref` the earlier event that this one is about, `on` what the leaf is
    about where the node alone does not say it. Raises RuntimeError outside a transaction: an
    event without its change, or the reverse, must not exist.
    """
    if not connection.in_atomic_block:
        raise RuntimeError("emit() needs the service's transaction")
    facts = dict(data or {})
    if key is not None:
        facts["request"] = key.content
    event = Event(
        at=timezone.now(),
        verb=verb,
        actor_id=getattr(actor, "person_id", None),
        node=node,
        data=facts,
        key=key.stored if key else None,
    )
    insert(event)
    for consumer in _consumers(tuple(settings.EVENT_CONSUMERS_IN_TRANSACTION)):
        consumer(event, parts=parts or {}, ref=ref, on=on)
    if _shows(node):
        from parvis.core import cache

        transaction.on_commit(cache.bump)
    return event


def _shows(node: Node | None) -> bool:
    """Whether the change may show on a public page: survey answers are only counted."""
    return node is None or node.kind != "contribution" or node.state != "private"
