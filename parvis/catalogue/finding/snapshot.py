"""The index as one process sees it at one moment: immutable arrays, and what waits to be merged.

Rows below `merged` stand in the postings; after them come the entries that are marked, described
from their source, whose merged rows count no more. One short query says whether anything moved;
then only what changed is read.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from itertools import islice
from threading import Lock
from typing import Any
from uuid import UUID

import numpy as np
from django.db import connection
from django.db.models import Exists, OuterRef

from parvis.catalogue.finding import bits, columns
from parvis.catalogue.finding.describing import MARK, PARTS, THERE, Described, describe, key
from parvis.catalogue.finding.models import Entry, Mark, Posting
from parvis.core.models import Node, State

NONE = np.iinfo(np.int64).min
"""Where an entry has no such date."""
FRESH_MAX = 500
"""Marked entries read from their source, the last marked; the others stand as they were merged
until the worker comes to them, but for those that are public no more."""
STATES = ("gone", *(str(state) for state in State))
KIND_CODES = {"dataset": 1, "document": 2}
_TIMES = ("created", "modified", "published", "due")
_BOX = ("west", "south", "east", "north")
_FIELDS = ("number", "node", "kind", "state", *_TIMES, *_BOX, "stamp")
_LOW = (1 << 64) - 1
_VALUES_AT_ONCE = 500
_ROWS_AT_ONCE = 4_000


@dataclass(frozen=True)
class Arrays:
    """One number or more for each row."""

    high: np.ndarray
    low: np.ndarray
    kind: np.ndarray
    state: np.ndarray
    times: np.ndarray
    box: np.ndarray

    @classmethod
    def empty(cls, size: int) -> "Arrays":
        """Return rows of nothing."""
        return cls(
            np.zeros(size, np.uint64),
            np.zeros(size, np.uint64),
            np.zeros(size, np.uint8),
            np.zeros(size, np.uint8),
            np.full((4, size), NONE, np.int64),
            np.full((4, size), np.nan),
        )

    def grown(self, size: int) -> "Arrays":
        """Return a copy with rows of nothing up to `size`."""
        more = Arrays.empty(max(0, size - len(self.kind)))
        return Arrays(
            *(
                np.concatenate([getattr(self, name), getattr(more, name)], axis=-1)
                for name in self.__dataclass_fields__
            )
        )

    def put(self, rows: Sequence[tuple[Any, ...]]) -> None:
        """Write (row, node in hexadecimal, kind, state, times, box) of some rows, in place."""
        if not rows:
            return
        numbers = np.asarray([row[0] for row in rows])
        self.high[numbers] = np.asarray([int(row[1][:16], 16) for row in rows], np.uint64)
        self.low[numbers] = np.asarray([int(row[1][16:], 16) for row in rows], np.uint64)
        self.kind[numbers] = [KIND_CODES.get(row[2], 0) for row in rows]
        self.state[numbers] = [STATES.index(row[3]) for row in rows]
        for place in range(4):
            self.times[place, numbers] = [NONE if row[4 + place] is None else row[4 + place]
                                          for row in rows]  # fmt: skip
            self.box[place, numbers] = [np.nan if row[8 + place] is None else row[8 + place]
                                        for row in rows]  # fmt: skip


@dataclass(frozen=True)
class Sight:
    """Whose eyes: what besides public entries is seen, in all the site or in some places."""

    private: bool = False
    drafts: bool = False
    deleted: bool = False
    everywhere: bool = False
    within: frozenset[UUID] = frozenset()


PUBLIC = Sight()


@dataclass
class Snapshot:
    """What one process knows of the index. Masks are boolean arrays, one place a row."""

    key: tuple[Any, ...]
    epoch: str
    stamp: int
    merged: int
    arrays: Arrays
    fresh: tuple[Described, ...]
    masked: np.ndarray
    # What others computed of it and ask again: name -> value.
    kept: dict[str, Any] = field(default_factory=dict)
    _columns: dict[str, columns.Column] = field(default_factory=dict)
    _visible: dict[Any, np.ndarray] = field(default_factory=dict)
    _ranks: dict[str, np.ndarray] = field(default_factory=dict)
    _counts: dict[Any, np.ndarray] = field(default_factory=dict)

    @property
    def size(self) -> int:
        """How many rows, merged and fresh."""
        return len(self.arrays.kind)

    def none(self) -> np.ndarray:
        """Return a mask without any row."""
        return np.zeros(self.size, bool)

    def pk(self, row: int) -> UUID:
        """Return the id of the node of a row."""
        return UUID(int=(int(self.arrays.high[row]) << 64) | int(self.arrays.low[row]))

    def time(self, name: str) -> np.ndarray:
        """Return a date of each row (`created`, `modified`, `published`, `due`)."""
        return self.arrays.times[_TIMES.index(name)]

    def visible(self, kind: str, sight: Sight = PUBLIC) -> np.ndarray:
        """Return the rows of a kind that may be seen; always asked last of all."""
        asked = (kind, sight)
        if asked not in self._visible:
            arrays = self.arrays
            seen = arrays.state == STATES.index(State.PUBLIC)
            also = [
                state
                for asked_for, states in (
                    (sight.private, [State.PRIVATE]),
                    (sight.drafts, [State.DRAFT]),
                    (sight.deleted, [State.WITHDRAWN, State.HIDDEN]),
                )
                if asked_for
                for state in states
            ]
            if also:
                more = np.isin(arrays.state, [STATES.index(state) for state in also])
                seen = seen | (more & self._within(sight))
            if len(self._visible) > 50:
                self._visible.clear()
            self._visible[asked] = seen & (arrays.kind == KIND_CODES[kind]) & ~self.masked
        return self._visible[asked]

    def _within(self, sight: Sight) -> np.ndarray:
        if sight.everywhere:
            return np.ones(self.size, bool)
        owned = self.holding("owner_org", [str(pk) for pk in sight.within])
        return owned | self.holding("id", [str(pk) for pk in sight.within])

    def column(self, name: str) -> columns.Column:
        """Return the (row, value) pairs of a field, merged and fresh."""
        if name not in self._columns:
            base = columns_kept.column(self.epoch, name, self.stamp)
            if self.fresh or base.stamp > self.stamp:
                pairs = (
                    (self.merged + place, key(value))
                    for place, one in enumerate(self.fresh)
                    for value in one.values.get(name, ())
                )
                base = columns.extended(base, pairs, self.merged)
            self._columns[name] = base
        return self._columns[name]

    def counts(self, name: str, mask: np.ndarray, known: Any = None) -> np.ndarray:
        """Return how many rows of the mask have each value of a field; `known` names a mask that
        is often asked for, whose counts are kept."""
        if known is None:
            return self.column(name).counts(mask)
        if (name, known) not in self._counts:
            if len(self._counts) > 100:
                self._counts.clear()
            self._counts[name, known] = self.column(name).counts(mask)
        return self._counts[name, known]

    def holding(self, name: str, values: Iterable[str]) -> np.ndarray:
        """Return the rows that have one of these values in a field."""
        mask, wanted = self.none(), {key(value) for value in values}
        if name in self._columns or columns_kept.has(self.epoch, name):
            column = self.column(name)
            for value in wanted:
                mask[column.holding(value)] = True
            return mask
        for found, _value, rows in self.postings([name], wanted):
            mask[rows] = found == name
        for place, one in enumerate(self.fresh):
            if not wanted.isdisjoint(map(key, one.values.get(name, ()))):
                mask[self.merged + place] = True
        return mask

    def having(self, name: str) -> np.ndarray:
        """Return the rows that have something in a field."""
        mask = self.none()
        for _field, _value, rows in self.postings([THERE], [key(name)]):
            mask[rows] = True
        for place, one in enumerate(self.fresh):
            mask[self.merged + place] = name in set(one.there())
        return mask

    def postings(
        self, names: Sequence[str], values: Iterable[str]
    ) -> list[tuple[str, str, np.ndarray]]:
        """Return (field, value, merged rows) of some values in some fields: one query for 500."""
        wanted, found = sorted(values), []
        for start in range(0, len(wanted), _VALUES_AT_ONCE):
            rows = Posting.objects.filter(
                field__in=names, value__in=wanted[start : start + _VALUES_AT_ONCE]
            )
            found += self._rows_of(rows)
        return found

    def matching(
        self, names: Sequence[str], prefix: str, like: str, fits: Callable[[str], Any]
    ) -> np.ndarray:
        """Return the merged rows whose value in some fields fits. `prefix`: how such values begin;
        `like`: a pattern of SQL that lets all of them through."""
        mask = self.none()
        sql = "SELECT field, value, block, rows FROM finding_posting WHERE field IN ({}) {}"
        places = ", ".join(["%s"] * len(names))
        if prefix:
            more, parameters = "AND value >= %s AND value < %s", [prefix, _after(prefix)]
        else:
            more, parameters = "AND value LIKE %s ESCAPE '|'", [like]
        if self.epoch:
            with connection.cursor() as cursor:
                cursor.execute(sql.format(places, more), [*names, *parameters])
                rows = [row for row in cursor.fetchall() if fits(row[1])]
            found, _pieces = bits.rows([row[2] for row in rows], [bytes(row[3]) for row in rows])
            mask[found[found < self.merged]] = True
        return mask

    def _rows_of(self, query: Any) -> list[tuple[str, str, np.ndarray]]:
        if not self.epoch:
            return []
        found: list[tuple[str, str, np.ndarray]] = []
        for name, value, block, data in query.values_list("field", "value", "block", "rows"):
            rows = bits.unpack(bytes(data)).astype(np.int64) + block * bits.SIZE
            found.append((name, value, rows[rows < self.merged]))
        return found

    def words(self, forms: Iterable[str], parts: Sequence[str] = PARTS) -> list[
        tuple[str, str, np.ndarray]
    ]:  # fmt: skip
        """Return (part, form, rows) of where some forms of words stand: one query, and what is
        fresh."""
        wanted = set(forms)
        found = [
            (name.removeprefix(MARK), value, rows)
            for name, value, rows in self.postings([MARK + part for part in parts], wanted)
        ]
        for place, one in enumerate(self.fresh):
            for part in parts:
                for form in wanted & one.texts.get(part, frozenset()):
                    found.append((part, form, np.asarray([self.merged + place])))
        return found

    def ranks(self, name: str) -> np.ndarray:
        """Return the rank of each row by `name` or `title_key`."""
        if name not in self._ranks:
            strings = columns_kept.strings(self.epoch, name, self.stamp, self.merged)
            cut = columns.Strings(strings.stamp, strings.keys, strings.codes[: self.merged])
            self._ranks[name] = cut.ranks([getattr(one, name) for one in self.fresh])
        return self._ranks[name]


columns_kept = columns.Kept()
_lock = Lock()
_kept: Snapshot | None = None
_described: dict[UUID, tuple[int, Described | None]] = {}


def _after(prefix: str) -> str:
    """Return the first text after all those that begin so, in the order of code points."""
    for place in range(len(prefix) - 1, -1, -1):
        following = ord(prefix[place]) + 1
        if following < 0x110000:
            if 0xD800 <= following <= 0xDFFF:
                following = 0xE000
            return prefix[:place] + chr(following)
    return "\U0010ffff" * 200


def current() -> Snapshot:
    """Return the index as it is now: one query when nothing changed."""
    global _kept
    now = _asked()
    kept = _kept
    if kept is not None and kept.key == now:
        return kept
    with _lock:
        _kept = _fresh(now, _kept)
        return _kept


def _asked() -> tuple[Any, ...]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT s.epoch, s.stamp, s.next, m.n, m.last FROM (SELECT 1 AS one) AS o "
            "LEFT JOIN (SELECT epoch, stamp, next FROM finding_standing ORDER BY id LIMIT 1) AS s "
            "ON o.one = 1 LEFT JOIN (SELECT COUNT(*) AS n, MAX(stamp) AS last FROM finding_mark) "
            "AS m ON o.one = 1"
        )
        return tuple(cursor.fetchone())


def _fresh(now: tuple[Any, ...], before: Snapshot | None) -> Snapshot:
    epoch, stamp, count = now[0] or "", now[1] or 0, now[2] or 0
    # Marks come first: what is merged while this reads stands twice, and is counted once.
    marks = dict(Mark.objects.values_list("node", "stamp")) if now[3] else {}
    last = sorted(marks, key=lambda pk: -marks[pk])[:FRESH_MAX]
    fresh = _describe({pk: marks[pk] for pk in last})
    left = [*last, *(_hidden() - set(last) if len(marks) > len(last) else ())]
    base = _base(epoch, stamp, count, before)
    size = count + len(fresh)
    arrays = base.grown(size)
    arrays.put(
        [
            (
                count + place,
                one.node.hex,
                one.kind,
                one.state,
                *(one.created, one.modified, one.published, one.due),
                *(one.box or (None,) * 4),
            )
            for place, one in enumerate(fresh)
        ]
    )
    masked = np.zeros(size, bool)
    if left and count:
        lows = np.asarray([pk.int & _LOW for pk in left], np.uint64)
        highs = {pk.int >> 64 for pk in left}
        for row in np.flatnonzero(np.isin(base.low, lows)):
            masked[row] = int(base.high[row]) in highs
    return Snapshot(now, epoch, stamp, count, arrays, tuple(fresh), masked)


def _hidden() -> set[UUID]:
    """Return what is marked and is public no more, or is there no more."""
    public = Node.objects.filter(pk=OuterRef("node"), state=State.PUBLIC)
    return set(Mark.objects.exclude(Exists(public)).values_list("node", flat=True))


def _base(epoch: str, stamp: int, count: int, before: Snapshot | None) -> Arrays:
    """Return the arrays of the merged rows, of which only those that changed are read."""
    if not epoch:
        return Arrays.empty(0)
    known = before is not None and before.epoch == epoch and before.stamp <= stamp
    if known and before is not None:
        if before.stamp == stamp:
            return _cut(before.arrays, count)
        since, arrays = before.stamp, _cut(before.arrays, before.merged).grown(count)
    else:
        since, arrays = -1, Arrays.empty(count)
    rows = Entry.objects.filter(stamp__gt=since, number__lt=count).values_list(*_FIELDS)
    # By pieces: a hundred thousand rows held at once would stay in the memory of the process.
    pieces = rows.iterator(_ROWS_AT_ONCE)
    while piece := list(islice(pieces, _ROWS_AT_ONCE)):
        arrays.put(piece)
    return arrays


def _cut(arrays: Arrays, size: int) -> Arrays:
    return Arrays(
        *(getattr(arrays, name)[..., :size].copy() for name in arrays.__dataclass_fields__)
    )


def _describe(marks: dict[UUID, int]) -> list[Described]:
    """Return what is marked, from its source; each change is described once by process."""
    for pk in [pk for pk, (stamp, _one) in _described.items() if marks.get(pk) != stamp]:
        del _described[pk]
    missing = [pk for pk in marks if pk not in _described]
    found = describe(missing) if missing else {}
    for pk in missing:
        _described[pk] = (marks[pk], found.get(pk))
    return [one for _pk, (_stamp, one) in sorted(_described.items()) if one is not None]
