"""`openings.jsonl`: the public bodies beside the register, so that a silent removal shows."""

import hashlib
from collections.abc import Iterator

from django.db import transaction
from django.db.models import QuerySet

from parvis.core.access import SYSTEM, Actor
from parvis.core.errors import Conflict
from parvis.core.events import emit
from parvis.core.models import Event, Node
from parvis.ledger import erasure, reading
from parvis.ledger.models import Leaf
from parvis.ledger.recount import Past, hold_leaves, sequenced
from parvis.ledger.store import Store
from parvis.merkle import canon
from parvis.merkle.state import VISIBLE

_KINDS = ("contribution.accepted", "contribution.edited")


def openings_lines(space: Node | None = None, *, size: int | None = None) -> Iterator[bytes]:
    """Yield the lines of `openings.jsonl`: the current body of every visible contribution.

    space: a consultation, or None for the whole register. size: the entries described (those
    published, by default). Never survey answers: their leaves hold no body. A visible body whose
    opening is gone is left out, and an audit will name it.
    """
    if size is None:
        head = reading.published()
        size = head.head.size if head else 0
    rows = sequenced().filter(index__lt=size, kind__in=_KINDS).order_by("index")
    if space is not None:
        rows = rows.filter(on=f"consultation/{space.slug}")
    bodies: dict[int, int] = {}
    for event_id, ref_id, kind, pk in rows.values_list("event_id", "ref_id", "kind", "pk"):
        bodies[event_id if kind == "contribution.accepted" else ref_id] = pk
    past = Past(bodies, size=size)
    wanted = {pk for event_id, pk in bodies.items() if past.state(event_id) == VISIBLE}
    values = rows.values_list("pk", "index", "opening").iterator(chunk_size=1000)
    for pk, index, opening in values:
        if pk in wanted and opening and "body" in opening:
            yield canon.encode({"index": index, "part": "body", **opening["body"]}) + b"\n"


def publish(actor: Actor = SYSTEM) -> Event | None:
    """Publish the openings of the whole register, and sign their SHA-256 and size.

    They are served at `/ledger/openings.jsonl` once that leaf is. Returns its event, None if
    nothing changed since the last time. Raises Conflict while leaves wait for their index: what
    was just taken back must not be published.
    """
    store, head = Store.here(), reading.published()
    if head is None:
        return None
    size = head.head.size
    with transaction.atomic():
        hold_leaves()
        if Leaf.objects.filter(index=None, problem="").exists():
            raise Conflict
        raw = b"".join(openings_lines(size=size))
        sha256 = hashlib.sha256(raw).hexdigest()
        last = _signed().first()
        same = last is not None and last.members["d"]["sha256"] == sha256
        # The file may be empty: no public text yet.
        if same and last is not None and _file(store, last) is not None:
            return None
        store.write(erasure.openings_name(sha256), raw)
        facts = {"sha256": sha256, "size": size}
        return emit("openings.published", node=None, actor=actor, data=facts, on="log")


def current() -> bytes | None:
    """Return the published `openings.jsonl`, None if there is none now.

    Only once the leaf that quotes it is published: an audit would rightly refuse it before.
    """
    store, head = Store.here(), reading.published()
    if head is None:
        return None
    last = _signed().filter(index__lt=head.head.size).first()
    return None if last is None else _file(store, last)


def _signed() -> QuerySet[Leaf]:
    return Leaf.objects.filter(
        kind="document.published", on="log", event__verb="openings.published"
    ).order_by("-id")


def _file(store: Store, leaf: Leaf) -> bytes | None:
    return store.read(erasure.openings_name(leaf.members["d"]["sha256"]))
