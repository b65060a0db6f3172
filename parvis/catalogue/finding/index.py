"""Writing the index: marks at once, merged in batches by the worker, made again on demand.

A write costs one row, the mark. Readers take what is marked from its source (see `snapshot`), so
that a search sees what was just written; the worker merges it into the postings.
"""

import json
import secrets
import time
import zlib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any
from uuid import UUID

from django.db import connection, transaction

from parvis.catalogue.finding import bits
from parvis.catalogue.finding.describing import KINDS, Described, describe
from parvis.catalogue.finding.models import Entry, Mark, Posting, Standing, Terms
from parvis.catalogue.models import Dataset, Document
from parvis.core import cache
from parvis.core.models import Event, Node

BATCH = 500
_VALUES_AT_ONCE = 300
Key = tuple[str, str, int]


def note(event: Event, **_about: Any) -> None:
    """Mark the dataset or document of an event, in its transaction."""
    node = event.node
    if node is not None and node.kind in KINDS:
        mark([node.pk])


def mark(ids: Iterable[UUID]) -> None:
    """Say that these datasets and documents changed: readers see it from the commit on."""
    now = time.time_ns()
    Mark.objects.bulk_create(
        [Mark(node=pk, stamp=now) for pk in sorted(set(ids))],
        update_conflicts=True,
        unique_fields=["node"],
        update_fields=["stamp"],
    )


def consume(events: Sequence[Event]) -> None:
    """Take events after their commit: merge what waits.

    What the events speak of is marked again, since a service may write after its event; an
    organisation's name is among the words of what it publishes.
    """
    nodes = [event.node for event in events if event.node is not None]
    ids = {node.pk for node in nodes if node.kind in KINDS}
    owners = [node.pk for node in nodes if node.kind == "organisation"]
    if owners:
        ids.update(Dataset.objects.filter(organisation__in=owners).values_list("pk", flat=True))
        ids.update(Document.objects.filter(organisation__in=owners).values_list("pk", flat=True))
    if ids:
        mark(ids)
    # One batch: the outbox holds one transaction meanwhile, and other writers wait for it.
    merge(batches_max=1)


def merge(batches_max: int = 20) -> int:
    """Bring what is marked into the postings; return how many were merged."""
    done = 0
    for _n in range(batches_max):
        marks = dict(Mark.objects.order_by("stamp").values_list("node", "stamp")[:BATCH])
        if not marks:
            break
        _merge(marks)
        done += len(marks)
    return done


@transaction.atomic
def _merge(marks: Mapping[UUID, int]) -> None:
    standing, stamp = _begin()
    found = describe(marks)
    entries = {
        UUID(row.node): row for row in Entry.objects.filter(node__in=[pk.hex for pk in marks])
    }
    old = _terms_of([row.number for row in entries.values()])
    change = _Change()
    for pk in marks:
        entry, described = entries.get(pk), found.get(pk)
        if described is not None:
            number = standing.next if entry is None else entry.number
            standing.next += entry is None
            change.put(number, described, old.get(number, frozenset()), stamp)
        elif entry is not None:
            change.drop(entry, old.get(entry.number, frozenset()), stamp)
    change.write(stamp)
    field = Mark._meta.get_field("node")
    with connection.cursor() as cursor:
        # Only what was read: a change committed meanwhile has another stamp, and stays.
        cursor.executemany(
            "DELETE FROM finding_mark WHERE node = %s AND stamp = %s",
            [(field.get_db_prep_value(pk, connection), moment) for pk, moment in marks.items()],
        )
    standing.stamp = stamp
    standing.save(update_fields=["stamp", "next"])
    transaction.on_commit(cache.bump)


@transaction.atomic
def rebuild() -> int:
    """Make the whole index again; return how many entries it has. Other writers wait for it."""
    for model in (Entry, Terms, Posting, Mark, Standing):
        model.objects.all().delete()
    standing, stamp = _begin()
    ids = list(
        Node.objects.filter(kind__in=KINDS).order_by("kind", "pk").values_list("pk", flat=True)
    )
    change = _Change()
    for start in range(0, len(ids), BATCH):
        for described in describe(ids[start : start + BATCH]).values():
            change.put(standing.next, described, frozenset(), stamp)
            standing.next += 1
            if standing.next % bits.SIZE == 0:  # a block is full: nothing else will touch it
                change.write(stamp, fresh=True)
                change = _Change()
    change.write(stamp, fresh=True)
    standing.stamp = stamp
    standing.save(update_fields=["stamp", "next"])
    transaction.on_commit(cache.bump)
    return standing.next


def _begin() -> tuple[Standing, int]:
    """Return the standing row, locked until the commit, and a stamp later than all before."""
    standing = Standing.objects.select_for_update().order_by("pk").first()
    if standing is None:
        standing = Standing.objects.create(epoch=secrets.token_hex(16), stamp=0)
    return standing, max(time.time_ns(), standing.stamp + 1)


class _Change:
    """What a merge adds and takes out, gathered before it is written."""

    def __init__(self) -> None:
        self.added: dict[Key, set[int]] = defaultdict(set)
        self.removed: dict[Key, set[int]] = defaultdict(set)
        self.entries: list[tuple[Any, ...]] = []
        self.terms: list[tuple[int, bytes]] = []

    def put(
        self, number: int, described: Described, before: frozenset[tuple[str, str]], stamp: int
    ) -> None:
        """Give a row to an entry; only the terms that differ from `before` are touched."""
        now = frozenset(described.terms())
        self._place(self.added, number, now - before)
        self._place(self.removed, number, before - now)
        one, box = described, described.box or (None,) * 4
        times = (one.created, one.modified, one.published, one.due)
        about = (one.node.hex, one.kind, one.state, one.name, one.title_key)
        self.entries.append((number, *about, *times, *box, stamp))
        if now != before:
            self.terms.append((number, _packed(now)))

    def drop(self, entry: Entry, before: frozenset[tuple[str, str]], stamp: int) -> None:
        """Take an entry out. Its row stays and says nothing, so that readers hear of it."""
        self._place(self.removed, entry.number, before)
        about = (entry.number, entry.node, entry.kind, "gone", "", "")
        self.entries.append((*about, *(None,) * 8, stamp))
        self.terms.append((entry.number, _packed(())))

    @staticmethod
    def _place(where: dict[Key, set[int]], number: int, terms: Iterable[tuple[str, str]]) -> None:
        block, offset = divmod(number, bits.SIZE)
        for name, value in terms:
            where[name, value, block].add(offset)

    def write(self, stamp: int, *, fresh: bool = False) -> None:
        """Write entries, terms and postings; `fresh`: nothing stands there yet."""
        keys = sorted({*self.added, *self.removed})
        standing = {} if fresh else _standing_rows(keys)
        rows = []
        for key in keys:
            offsets = set(bits.unpack(standing[key]).tolist()) if key in standing else set()
            offsets |= self.added.get(key, set())
            offsets -= self.removed.get(key, set())
            rows.append((*key, bits.pack(offsets), stamp))
        with connection.cursor() as cursor:
            _upsert(cursor, Posting, rows, ("field", "value", "block"))
            _upsert(cursor, Entry, self.entries, ("number",))
            _upsert(cursor, Terms, self.terms, ("number",))


def _upsert(
    cursor: Any, model: Any, rows: Sequence[tuple[Any, ...]], unique: Sequence[str]
) -> None:
    if not rows:
        return
    names = [field.column for field in model._meta.concrete_fields if field.column != "id"]
    places = ", ".join(["%s"] * len(names))
    changed = ", ".join(f"{name} = excluded.{name}" for name in names if name not in unique)
    # The names are those of our own models; every value is a parameter.
    sql = f"INSERT INTO {model._meta.db_table} ({', '.join(names)}) VALUES ({places}) "  # noqa: S608
    cursor.executemany(f"{sql} ON CONFLICT ({', '.join(unique)}) DO UPDATE SET {changed}", rows)


def _standing_rows(keys: Sequence[Key]) -> dict[Key, bytes]:
    """Return what the postings hold under these keys."""
    values: dict[tuple[str, int], list[str]] = defaultdict(list)
    for name, value, block in keys:
        values[name, block].append(value)
    found = {}
    for (name, block), wanted in values.items():
        for start in range(0, len(wanted), _VALUES_AT_ONCE):
            some = wanted[start : start + _VALUES_AT_ONCE]
            rows = Posting.objects.filter(field=name, block=block, value__in=some)
            for value, data in rows.values_list("value", "rows"):
                found[name, value, block] = bytes(data)
    return found


def _terms_of(numbers: Sequence[int]) -> dict[int, frozenset[tuple[str, str]]]:
    rows = Terms.objects.filter(number__in=numbers).values_list("number", "data")
    return {number: frozenset(_unpacked(bytes(data))) for number, data in rows}


def _packed(terms: Iterable[tuple[str, str]]) -> bytes:
    by_field: dict[str, list[str]] = defaultdict(list)
    for name, value in sorted(terms):
        by_field[name].append(value)
    return zlib.compress(json.dumps(by_field, ensure_ascii=False).encode(), 6)


def _unpacked(data: bytes) -> Iterator[tuple[str, str]]:
    for name, values in json.loads(zlib.decompress(data)).items():
        for value in values:
            yield name, value
