"""Conditions and words answered over all rows of the index at once, and the first rows in order."""

import math
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime

import numpy as np

from parvis.catalogue.finding import conditions as c
from parvis.catalogue.finding.columns import codes_sorted
from parvis.catalogue.finding.describing import MARK, PARTS, WEIGHTS, microseconds
from parvis.catalogue.finding.snapshot import NONE, Snapshot

LEAVES_MAX = 1_000
WILD_MAX = 20
SCANS_MAX = 4
_DATES = {"metadata_created": "created", "metadata_modified": "modified"}
Key = Callable[[np.ndarray], np.ndarray]


class TooMuch(Exception):
    """A query with too many parts, patterns, or looks at every word of the index."""


def parts_of(field: str) -> tuple[str, ...]:
    """Return the texts in which the words of a field stand."""
    return PARTS if field == "text" else (field,)


class Answering:
    """Answers conditions from one snapshot; what they need of the postings is read together."""

    def __init__(self, snapshot: Snapshot, asked: Iterable[c.Condition]) -> None:
        self.snapshot = snapshot
        leaves = [one for condition in asked for one in c.each(condition)]
        if len(leaves) > LEAVES_MAX:
            raise TooMuch(f"more than {LEAVES_MAX} parts")
        wild = [one for one in leaves if isinstance(one, c.Wild)]
        scans = [
            one
            for one in leaves
            if isinstance(one, c.Wild | c.Between)
            and one.field in c.TEXT_FIELDS
            and not getattr(one, "prefix", "")
        ]
        if len(wild) > WILD_MAX or len(scans) > SCANS_MAX:
            raise TooMuch("too many wildcards or ranges")
        self._words: dict[tuple[str, str], list[np.ndarray]] = {}
        wanted = {
            form for one in leaves if isinstance(one, c.Words) for part in one.wanted
            for form in part
        }  # fmt: skip
        if wanted:
            for part, form, rows in snapshot.words(wanted):
                self._words.setdefault((part, form), []).append(rows)

    def rows(self, condition: c.Condition) -> np.ndarray:
        """Return the mask of the rows that answer. Rows that nobody may see are not left out."""
        if isinstance(condition, c.Every):
            return np.ones(self.snapshot.size, bool)
        if isinstance(condition, c.Not):
            return ~self.rows(condition.of)
        if isinstance(condition, c.Both | c.Either):
            return self._several(condition)
        if isinstance(condition, c.Equal):
            return self.snapshot.holding(condition.field, [condition.value])
        if isinstance(condition, c.Words):
            return self._every_word(condition)
        if isinstance(condition, c.Within):
            return self._within(condition)
        return self._scan(condition)

    def _several(self, condition: c.Both | c.Either) -> np.ndarray:
        equals: dict[str, list[str]] = {}
        masks = []
        for one in condition.of:
            if isinstance(condition, c.Either) and isinstance(one, c.Equal):
                equals.setdefault(one.field, []).append(one.value)
            else:
                masks.append(self.rows(one))
        masks += [self.snapshot.holding(name, values) for name, values in equals.items()]
        join = np.logical_and if isinstance(condition, c.Both) else np.logical_or
        return join.reduce(masks)

    def _every_word(self, condition: c.Words) -> np.ndarray:
        mask = np.full(self.snapshot.size, bool(condition.wanted))
        for forms in condition.wanted:
            here = self.snapshot.none()
            for part in parts_of(condition.field):
                for form in forms:
                    for rows in self._words.get((part, form), ()):
                        here[rows] = True
            mask &= here
        return mask

    def _within(self, condition: c.Within) -> np.ndarray:
        values = self.snapshot.time(_DATES[condition.field])
        mask = values != NONE
        if condition.low is not None:
            low = _moment(condition.low)
            mask &= values >= low if condition.low_in else values > low
        if condition.high is not None:
            high = _moment(condition.high)
            mask &= values <= high if condition.high_in else values < high
        return mask

    def _scan(self, condition: c.Condition) -> np.ndarray:
        """Answer what looks at every value of a field: presence, patterns, ranges."""
        field: str = condition.field  # type: ignore[attr-defined]
        snapshot = self.snapshot
        if field in _DATES:
            return snapshot.time(_DATES[field]) != NONE
        if isinstance(condition, c.Has):
            return snapshot.having(MARK + field if field in c.TEXT_FIELDS else field)
        if not isinstance(condition, c.Wild | c.Between):
            raise TypeError(condition)
        fits: Callable[[str], object] = condition.fits
        prefix, like = "", "%"
        if isinstance(condition, c.Wild):
            prefix, like = condition.prefix, _like(condition.parts)
        if field in c.TEXT_FIELDS:
            names = [MARK + part for part in parts_of(field)]
            mask = snapshot.matching(names, prefix, like, fits)
            for place, one in enumerate(snapshot.fresh):
                texts = (one.texts.get(part, ()) for part in parts_of(field))
                if any(fits(word) for text in texts for word in text):
                    mask[snapshot.merged + place] = True
            return mask
        mask = snapshot.matching([field], prefix, like, fits)
        for place, one in enumerate(snapshot.fresh):
            if any(fits(value) for value in one.values.get(field, ())):
                mask[snapshot.merged + place] = True
        return mask


def _moment(moment: datetime) -> int:
    return microseconds(moment.replace(tzinfo=UTC)) or 0


def _like(parts: Sequence[str]) -> str:
    """Return a pattern of SQL for a pattern of the query language, with | before its signs."""
    signs = {"*": "%", "?": "_"}
    escaped = str.maketrans({"%": "|%", "_": "|_", "|": "||"})
    return "".join(signs.get(part) or part.translate(escaped) for part in parts)


# Words -----------------------------------------------------------------------------------------


def needed(count: int) -> int:
    """Return how many of so many words must be there: CKAN's `2<-1 5<80%`."""
    return count if count <= 2 else count - 1 if count <= 5 else int(0.8 * count)


def score(
    snapshot: Snapshot, wanted: Sequence[Iterable[frozenset[str]]], visible: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return (mask, score of each row) of some words, best highest.

    `wanted`: for each word (or quoted words), the forms of each. A word scores four in the title
    or the name, two in keywords and groups, one anywhere; rare words count more, by
    ln(1 + N / n) of the N visible entries of which n have it.
    """
    clauses = [[frozenset(forms) for forms in one] for one in wanted]
    where: dict[str, list[tuple[str, np.ndarray]]] = {}
    for part, form, rows in snapshot.words(form for one in clauses for f in one for form in f):
        where.setdefault(form, []).append((part, rows))
    total = np.zeros(snapshot.size)
    found = np.zeros(snapshot.size, np.uint8)
    everything = int(np.count_nonzero(visible))
    for one in clauses:
        whole = np.ones(snapshot.size, bool)
        weight = np.zeros(snapshot.size)
        for forms in one:
            here, value = snapshot.none(), np.zeros(snapshot.size)
            by_part: dict[str, np.ndarray] = {}
            for form in sorted(forms):
                for part, rows in where.get(form, ()):
                    here[rows] = True
                    if part in WEIGHTS:
                        by_part.setdefault(part, snapshot.none())[rows] = True
            value[here] = 1
            for part in sorted(by_part):
                value[by_part[part]] += WEIGHTS[part]
            here_visible = int(np.count_nonzero(here & visible))
            weight += value * math.log(1 + everything / max(1, here_visible))
            whole &= here
        total[whole] += weight[whole]
        found += whole
    # Equal sums are equal in whatever order they were added.
    return found >= needed(len(clauses)), np.round(total, 6)


# Order -----------------------------------------------------------------------------------------


def order_key(snapshot: Snapshot, name: str, descending: bool, scores: np.ndarray | None) -> Key:
    """Return what a field of `sort` orders by: a function of rows whose least value comes first.

    Rows without the field come last, whichever way.
    """
    if name == "score":
        if scores is None:
            return lambda rows: np.zeros(len(rows))
        return lambda rows: -scores[rows] if descending else scores[rows]
    if name == "id":
        arrays = snapshot.arrays
        return lambda rows: _ids(~arrays.high[rows] if descending else arrays.high[rows],
                                 ~arrays.low[rows] if descending else arrays.low[rows])  # fmt: skip
    if name in _DATES or name == "published":
        values = snapshot.time(_DATES.get(name, name))
        return lambda rows: ~values[rows] if descending else _last(values[rows])
    if name in {"name", "title", "title_string"}:
        ranks = snapshot.ranks("name" if name == "name" else "title_key")
        return lambda rows: -ranks[rows] if descending else ranks[rows]
    column = snapshot.column(name)
    none = len(column.values) + 1
    by_code = codes_sorted(column.values, str)
    least = np.full(snapshot.size, none, np.int64)
    np.minimum.at(least, column.rows, by_code[column.codes] if len(by_code) else column.codes)
    if descending:
        return lambda rows: np.where(least[rows] == none, none, -least[rows])
    return lambda rows: least[rows]


def _ids(high: np.ndarray, low: np.ndarray) -> np.ndarray:
    """Return the rank of each 128-bit number."""
    order = np.lexsort((low, high))
    ranks = np.empty(len(order), np.int64)
    ranks[order] = np.arange(len(order))
    return ranks


def _last(values: np.ndarray) -> np.ndarray:
    return np.where(values == NONE, np.iinfo(np.int64).max, values)


def first(rows: np.ndarray, keys: Sequence[Key], count: int) -> np.ndarray:
    """Return the first `count` of some rows in order, without ordering the others."""
    if count <= 0 or not len(rows) or not keys:
        return rows[: max(count, 0)]
    values = keys[0](rows)
    if len(rows) <= count:
        order = np.argsort(values, kind="stable")
        return _ties(rows[order], values[order], keys[1:], count)
    least = np.partition(values, count - 1)[count - 1]
    sure, even = values < least, values == least
    before = first(rows[sure], keys, count)
    return np.concatenate([before, first(rows[even], keys[1:], count - len(before))])


def _ties(
    rows: np.ndarray, values: np.ndarray, keys: Sequence[Key], count: int
) -> np.ndarray:  # fmt: skip
    """Order rows that are equal so far by the keys that follow."""
    starts = np.flatnonzero(np.r_[True, values[1:] != values[:-1]])
    if len(starts) == len(rows) or not keys:
        return rows
    ends = np.r_[starts[1:], len(rows)]
    out = rows.copy()
    for start, end in zip(starts[ends - starts > 1], ends[ends - starts > 1], strict=True):
        out[start:end] = first(rows[start:end], keys, end - start)
    return out
