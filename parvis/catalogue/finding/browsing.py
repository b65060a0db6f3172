"""Lists of datasets and documents for people: words, facets with exclusion, box, order."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, overload
from uuid import UUID

import numpy as np
from django.utils import timezone

from parvis.analysis.text import fold
from parvis.catalogue.finding import snapshot, words
from parvis.catalogue.finding.answering import Key, first, order_key
from parvis.catalogue.finding.boxes import Box, touching
from parvis.catalogue.finding.describing import microseconds
from parvis.catalogue.finding.snapshot import NONE, Snapshot
from parvis.core.models import Organisation

SHOWN = 12
_NAMED_MAX = 60
FIELDS: Mapping[str, str] = {
    "organisation": "organization",
    "category": "groups",
    "tag": "+tag",
    "format": "+format",
    "licence": "license_id",
    "frequency": "update_frequency",
    "place": "+place",
    "kind": "+kind",
}
"""Facet -> field of the index."""
PERIODS: Mapping[str, int] = {"week": 7, "month": 31, "year": 366}
"""Value of the facet `updated` -> days since the last change, at most."""
LATE = "yes"
Labels = Callable[[str, Sequence[str], "Listing"], Mapping[str, str]]


@dataclass(frozen=True)
class Value:
    """One value of a facet: as in the address, in words, its count, is it ticked or left out."""

    value: str
    words: str
    count: int
    on: bool
    off: bool = False


@dataclass(frozen=True)
class Facet:
    """One facet of a list."""

    name: str
    label: Any
    values: Sequence[Value]


class Ids(Sequence[UUID]):
    """The ids found, in order; only those that are asked for are put in order."""

    def __init__(self, index: Snapshot, rows: np.ndarray, keys: Sequence[Key]) -> None:
        self._index, self._rows, self._keys = index, rows, keys

    def __len__(self) -> int:
        return len(self._rows)

    @overload
    def __getitem__(self, place: int) -> UUID: ...
    @overload
    def __getitem__(self, place: slice) -> list[UUID]: ...
    def __getitem__(self, place: int | slice) -> UUID | list[UUID]:
        if isinstance(place, int):
            return self[:][place]
        start, stop, step = place.indices(len(self))
        rows = first(self._rows, self._keys, stop)[start:stop:step]
        return [self._index.pk(row) for row in rows]

    def __iter__(self) -> Iterator[UUID]:
        return iter(self[:])


@dataclass(frozen=True)
class Browsed:
    """What was found, in order, and the facets to narrow it."""

    ids: Ids
    facets: Sequence[Facet]
    chosen: Mapping[str, frozenset[str]] = field(default_factory=dict)
    without: Mapping[str, frozenset[str]] = field(default_factory=dict)


@dataclass(frozen=True)
class Listing:
    """The entries of one kind that everybody may see, at one moment."""

    index: Snapshot
    kind: str
    now: datetime

    @property
    def visible(self) -> np.ndarray:
        """The mask of these entries."""
        return self.index.visible(self.kind)

    def having(self, facet: str, value: str) -> np.ndarray:
        """Return the mask of the rows that have a value in a facet."""
        if facet == "updated":
            days = PERIODS.get(value)
            if days is None:
                return self.index.none()
            least = microseconds(self.now - timedelta(days=days)) or 0
            return self.index.time("modified") >= least
        if facet == "late":
            due = self.index.time("due")
            late = (due != NONE) & (due < (microseconds(self.now) or 0))
            return late if value == LATE else self.index.none()
        return self.index.holding(FIELDS[facet], [value])

    def counts(self, facet: str, mask: np.ndarray) -> dict[str, int]:
        """Return value -> count of the values that the rows of a mask have: those with most."""
        if facet in {"updated", "late"}:
            values = PERIODS if facet == "updated" else (LATE,)
            found = {value: self.having(facet, value) & mask for value in values}
            return {v: int(np.count_nonzero(m)) for v, m in found.items() if m.any()}
        column = self.index.column(FIELDS[facet])
        counts = column.counts(mask)
        kept = np.flatnonzero(counts)
        if len(kept) > _NAMED_MAX:
            least = np.partition(counts[kept], -_NAMED_MAX)[-_NAMED_MAX]
            kept = kept[counts[kept] >= least]
        pairs = sorted((-int(counts[code]), column.values[code]) for code in kept)
        return {value: -count for count, value in pairs[:_NAMED_MAX]}


def listing(kind: str, now: datetime | None = None) -> Listing:
    """Return what everybody may see of a kind ("dataset", "document") now."""
    return Listing(snapshot.current(), kind, now or timezone.now())


def browse(
    kind: str,
    *,
    text: str = "",
    chosen: Mapping[str, Iterable[str]] | None = None,
    without: Mapping[str, Iterable[str]] | None = None,
    box: Box | None = None,
    order: str = "",
    labels: Mapping[str, Any] | None = None,
    name: Labels | None = None,
    seen: Listing | None = None,
) -> Browsed:
    """Find public datasets or documents: words, then facets, then a box.

    Within a facet any ticked value fits, across facets all must; what is `without` never fits. A
    facet's counts are what each value would give with the other facets as they are. `order`:
    "relevance" (with words), "date", "title". `name(facet, values, listing)` names values.
    """
    here = seen or listing(kind)
    ticked = _named(chosen)
    refused = _named(without)
    base, scores = here.visible, None
    if text.strip() and (asked := words.read(text)):
        there, scores = words.find(here.index, asked, base)
        base = base & there
    elif text.strip():
        base = here.index.none()
    if box is not None:
        base = base & touching(here.index, box)
    for facet, values in refused.items():
        for value in values:
            base = base & ~here.having(facet, value)
    masks = {
        facet: np.logical_or.reduce([here.having(facet, value) for value in sorted(values)])
        for facet, values in ticked.items()
    }
    found = np.logical_and.reduce([base, *masks.values()])
    facets = []
    for facet, label in (labels or {}).items():
        others = [mask for other, mask in masks.items() if other != facet]
        counts = here.counts(facet, np.logical_and.reduce([base, *others]))
        on, off = ticked.get(facet, frozenset()), refused.get(facet, frozenset())
        for value in sorted(on - set(counts)):
            mask = np.logical_and.reduce([base, here.having(facet, value), *others])
            counts[value] = int(np.count_nonzero(mask))
        counts |= dict.fromkeys(sorted(off), 0)
        named = name(facet, list(counts), here) if name else {}
        facets.append(Facet(facet, label, _shown(counts, on, off, named)))
    ids = Ids(here.index, np.flatnonzero(found), _keys(here.index, order, scores))
    return Browsed(ids, facets, ticked, refused)


def _named(given: Mapping[str, Iterable[str]] | None) -> dict[str, frozenset[str]]:
    found = {}
    for facet, values in (given or {}).items():
        kept = frozenset(map(str, values))
        if facet == "organisation":
            kept = _slugs(kept)
        if kept:
            found[facet] = kept
    return found


def _slugs(values: frozenset[str]) -> frozenset[str]:
    """Return organisations by their names, however they were given: addresses had ids before."""
    ids = {}
    for value in values:
        try:
            ids[UUID(value)] = value
        except ValueError:
            continue
    if not ids:
        return values
    rows = Organisation.objects.filter(pk__in=ids).values_list("pk", "node__slug")
    known = {ids[pk]: slug for pk, slug in rows}
    return frozenset(known.get(value, value) for value in values)


def _keys(index: Snapshot, order: str, scores: np.ndarray | None) -> list[Key]:
    last = order_key(index, "id", True, None)
    if order == "title":
        return [order_key(index, "title", False, None), last]
    dated = order_key(index, "published", True, None)
    created = order_key(index, "metadata_created", True, None)
    if scores is not None and order != "date":
        return [order_key(index, "score", True, scores), dated, created, last]
    return [dated, created, last]


def _shown(
    counts: Mapping[str, int],
    on: frozenset[str],
    off: frozenset[str],
    named: Mapping[str, str],
) -> list[Value]:
    values = [
        Value(value, named.get(value, value), count, value in on, value in off)
        for value, count in counts.items()
    ]
    values.sort(key=lambda v: (not (v.on or v.off), -v.count, fold(v.words), v.value))
    return values[: SHOWN + len(on | off)]
