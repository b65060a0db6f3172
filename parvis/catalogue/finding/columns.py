"""Parts of the index that a process keeps in memory: immutable, brought up to date by their stamp.

A column holds the (row, value) pairs of one field, for counts and filters; `Strings` the order of
one text of each entry. Both are read when first asked for, then only what changed is read.
"""

from collections import OrderedDict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from threading import Lock
from typing import Any

import numpy as np

from parvis.catalogue.finding import bits
from parvis.catalogue.finding.models import Entry, Posting

COLUMNS_MAX = 24
KEY_BYTES = 80
_BLOCKS_MAX = 1 << 20


@dataclass(frozen=True)
class Column:
    """The pairs of one field: `rows[i]` has the value `values[codes[i]]`."""

    stamp: int
    values: tuple[str, ...]
    codes_of: dict[str, int]
    rows: np.ndarray
    codes: np.ndarray

    def holding(self, value: str) -> np.ndarray:
        """Return the rows that have this value."""
        code = self.codes_of.get(value)
        return self.rows[:0] if code is None else self.rows[self.codes == code]

    def counts(self, mask: np.ndarray) -> np.ndarray:
        """Return, for each value, how many rows of the mask have it."""
        return np.bincount(self.codes[mask[self.rows]], minlength=len(self.values))


NOTHING = Column(0, (), {}, np.empty(0, np.int32), np.empty(0, np.int32))


def extended(column: Column, pairs: Iterable[tuple[int, str]], below: int) -> Column:
    """Return a column with more pairs, and of its own only the rows below a number."""
    values, codes_of = list(column.values), dict(column.codes_of)
    rows, codes = [], []
    for row, value in pairs:
        code = codes_of.setdefault(value, len(values))
        if code == len(values):
            values.append(value)
        rows.append(row)
        codes.append(code)
    kept = column.rows < below
    return Column(
        column.stamp,
        tuple(values),
        codes_of,
        np.concatenate([column.rows[kept], np.asarray(rows, np.int32)]),
        np.concatenate([column.codes[kept], np.asarray(codes, np.int32)]),
    )


def _read(field: str, before: Column) -> Column:
    """Return a column brought up to date: what changed since its stamp replaces what stood."""
    changed = list(
        Posting.objects.filter(field=field, stamp__gt=before.stamp)
        .order_by("value", "block")
        .values_list("value", "block", "rows", "stamp")
    )
    if not changed:
        return before
    values, codes_of = list(before.values), dict(before.codes_of)
    codes = np.empty(len(changed), np.int64)
    for place, (value, _block, _rows, _stamp) in enumerate(changed):
        code = codes_of.setdefault(value, len(values))
        if code == len(values):
            values.append(value)
        codes[place] = code
    blocks = [block for _value, block, _rows, _stamp in changed]
    new_rows, pieces = bits.rows(blocks, [bytes(rows) for _value, _block, rows, _stamp in changed])
    replaced = codes * _BLOCKS_MAX + np.asarray(blocks)
    standing = before.codes.astype(np.int64) * _BLOCKS_MAX + before.rows // bits.SIZE
    kept = ~np.isin(standing, replaced)
    return Column(
        max(stamp for *_rest, stamp in changed),
        tuple(values),
        codes_of,
        np.concatenate([before.rows[kept], new_rows]),
        np.concatenate([before.codes[kept], codes[pieces].astype(np.int32)]),
    )


@dataclass(frozen=True)
class Strings:
    """The order of one text of each entry: row i has the text `keys[codes[i]]`, keys in order."""

    stamp: int
    keys: np.ndarray
    codes: np.ndarray

    def ranks(self, more: Sequence[str]) -> np.ndarray:
        """Return the rank of the text of each row, then of more texts; equal texts, equal ranks."""
        if not more:
            return self.codes
        return _with(self, np.asarray([_bytes(text) for text in more], self.keys.dtype)).codes


EMPTY = Strings(0, np.empty(0, f"S{KEY_BYTES}"), np.empty(0, np.int32))


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "replace")[:KEY_BYTES]


def _with(strings: Strings, texts: np.ndarray) -> Strings:
    """Return the order with more rows at the end."""
    fresh = np.setdiff1d(texts, strings.keys)
    places = np.searchsorted(strings.keys, fresh)
    keys = np.insert(strings.keys, places, fresh)
    shift = np.searchsorted(places, np.arange(len(strings.keys)), side="right").astype(np.int32)
    codes = strings.codes + shift[strings.codes] if len(strings.codes) else strings.codes
    more = np.searchsorted(keys, texts).astype(np.int32)
    return Strings(strings.stamp, keys, np.concatenate([codes, more]))


def _read_strings(field: str, before: Strings, count: int) -> Strings:
    changed = list(
        Entry.objects.filter(stamp__gt=before.stamp, number__lt=count)
        .order_by("number")
        .values_list("number", field, "stamp")
    )
    if not changed:
        return before
    texts = np.asarray([_bytes(text) for _n, text, _s in changed], before.keys.dtype)
    numbers = np.asarray([number for number, _t, _s in changed])
    stamp = max(one for *_rest, one in changed)
    if not len(before.codes):
        keys, inverse = np.unique(texts, return_inverse=True)
        codes = np.zeros(count, np.int32)
        codes[numbers] = inverse.astype(np.int32)
        return Strings(stamp, keys, codes)
    after = _with(before, texts)
    size = len(before.codes)
    codes = np.zeros(max(count, size), np.int32)
    codes[:size] = after.codes[:size]
    codes[numbers] = after.codes[size:]
    return Strings(stamp, after.keys, codes)


class Kept:
    """The columns of one process, those used last."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._epoch = ""
        self._columns: OrderedDict[str, Column] = OrderedDict()
        self._strings: dict[str, Strings] = {}

    def _of(self, epoch: str) -> None:
        if epoch != self._epoch:
            self._columns, self._strings, self._epoch = OrderedDict(), {}, epoch

    def column(self, epoch: str, field: str, stamp: int) -> Column:
        """Return a column at least as recent as `stamp`. Reads once when it is older."""
        with self._lock:
            self._of(epoch)
            column = self._columns.pop(field, NOTHING)
            if column.stamp < stamp and epoch:
                column = _read(field, column)
                # Nothing changed up to this stamp: the next one to ask need not look.
                column = Column(
                    max(column.stamp, stamp),
                    column.values,
                    column.codes_of,
                    column.rows,
                    column.codes,
                )
            self._columns[field] = column
            while len(self._columns) > COLUMNS_MAX:
                self._columns.popitem(last=False)
            return column

    def has(self, epoch: str, field: str) -> bool:
        """Whether a column was asked for before."""
        return epoch == self._epoch and field in self._columns

    def strings(self, epoch: str, field: str, stamp: int, count: int) -> Strings:
        """Return the order of a text of the rows below `count`, at least as recent as `stamp`."""
        with self._lock:
            self._of(epoch)
            strings = self._strings.get(field, EMPTY)
            if strings.stamp < stamp and epoch:
                strings = _read_strings(field, strings, count)
                strings = Strings(max(strings.stamp, stamp), strings.keys, strings.codes)
                self._strings[field] = strings
            return strings


def codes_sorted(values: Sequence[str], key: Any) -> np.ndarray:
    """Return the rank of each value in the order of `key`; equal keys, equal ranks."""
    keys = [key(value) for value in values]
    rank = {one: place for place, one in enumerate(sorted(set(keys)))}
    return np.asarray([rank[one] for one in keys], np.int64)
