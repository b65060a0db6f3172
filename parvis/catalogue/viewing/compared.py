"""What changed between two versions of a table: counts, rows, columns; the rules of the API."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby, islice
from typing import Any

from django.utils.translation import get_language

from parvis.catalogue import store
from parvis.catalogue.datastore.api import COMPARED_ROWS_MAX
from parvis.catalogue.loading import in_words
from parvis.catalogue.models import Version
from parvis.tables import difference, write
from parvis.tables.difference import ROWS, Difference
from parvis.tables.errors import TableError
from parvis.tables.schema import Column, Schema

SHOWN = 200
_CELLS = 4_000
_ORDER = ("added", "removed", "changed")


@dataclass(frozen=True)
class Row:
    """A row that changed: how, its key, its cells as (column, before, after)."""

    change: str
    key: str
    cells: Sequence[tuple[str, str | None, str | None]]


@dataclass(frozen=True)
class Compared:
    """Two versions side by side. `problem` says why the rows were not compared."""

    old: Version
    new: Version
    key: Sequence[str]
    columns: Sequence[str]
    counts: Difference | None = None
    rows: Sequence[Row] = ()
    more: int = 0
    types: Sequence[tuple[str, str, str]] = field(default_factory=tuple)
    problem: str = ""
    too_large: bool = False


def guess_key(old: Version, new: Version) -> list[str]:
    """The first column whose filled cells differ from each other in both; none if there is none."""
    unique = [_unique(version) for version in (old, new)]
    found = [name for name in unique[1] if name in unique[0]]
    return found[:1]


def _unique(version: Version) -> list[str]:
    """Columns that tell rows. A float or a long text tells them by chance."""
    return [
        column["name"]
        for column in version.profile["columns"]
        if column["empty"] == 0
        and column.get("distinct_exact", True)
        and column["distinct"] == column["filled"]
        and column["type"] in ("integer", "text", "date")
        and (column.get("length_mean") or 0) <= 60
    ]


def _type_words(schema: Schema) -> dict[str, str]:
    """The type of each column in the reader's language."""
    language = (get_language() or "fr")[:2]
    return {line["name"]: line["type"] for line in schema.codebook(language)}


def compare(old: Version, new: Version, key: Sequence[str] | None) -> Compared:
    """Return what changed. `key` None guesses it; empty compares whole rows."""
    before, after = store.schema_of(old), store.schema_of(new)
    shared = [name for name in after.names if name in before.names]
    words_before, words_after = _type_words(before), _type_words(after)
    types = [
        (name, words_before[name], words_after[name])
        for name in shared
        if before[name].type != after[name].type
    ]
    chosen = guess_key(old, new) if key is None else [*key]
    if lost := next((name for name in chosen if name not in shared), None):
        words = in_words("no_such_column", {"column": lost[:100]})
        return Compared(old, new, [], shared, types=types, problem=words)
    if max(old.rows, new.rows) > COMPARED_ROWS_MAX:
        return Compared(old, new, chosen, shared, types=types, too_large=True)
    files = store.store()
    try:
        pair = store.stored(old), store.stored(new)
        counts = difference.difference(files, *pair, chosen)
        cells = islice(_changes(pair, chosen), _CELLS)
        rows = list(islice(_rows(cells, chosen, after), SHOWN))
    except TableError as error:
        words = in_words(error.reason, error.params)
        return Compared(old, new, chosen, shared, types=types, problem=words)
    total = counts.added + counts.removed + counts.changed
    return Compared(old, new, chosen, shared, counts, rows, max(0, total - len(rows)), types)


def _changes(pair: Any, key: Sequence[str]) -> Iterator[dict[str, Any]]:
    for batch in difference.changes(store.store(), pair[0], pair[1], key):
        yield from batch.to_pylist()


def _rows(cells: Iterator[dict[str, Any]], key: Sequence[str], schema: Schema) -> Iterator[Row]:
    if not key:
        for cell in cells:
            yield Row(cell["change"], " · ".join(one or "" for one in cell["key"]), ())
        return
    for (change, values), group in groupby(cells, lambda one: (one["change"], tuple(one["key"]))):
        changed = [(one["column"], one["before"], one["after"]) for one in group]
        yield Row(change, " · ".join(one or "" for one in values), changed)


def as_csv(old: Version, new: Version, key: Sequence[str]) -> Iterator[bytes]:
    """The CSV of every cell that changed. Raises `TableError` before its first bytes."""
    pair = store.stored(old), store.stored(new)
    reader = difference.changes(store.store(), pair[0], pair[1], key)
    schema = Schema(tuple(Column(name) for name in ROWS.names))
    flat = (_flat(batch, schema) for batch in reader)
    return write.csv_chunks(schema, flat)


def _flat(batch: Any, schema: Schema) -> Any:
    import pyarrow as pa

    key = [" | ".join(one or "" for one in row) for row in batch.column("key").to_pylist()]
    columns = [
        pa.array(key, pa.string()) if name == "key" else batch.column(name) for name in schema.names
    ]
    return pa.record_batch(columns, schema=schema.to_arrow())
