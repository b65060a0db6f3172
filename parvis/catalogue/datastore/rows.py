"""Rows as programs send them: checked, then inserted or merged, all or none."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any, Literal

from parvis.catalogue.datastore import fields
from parvis.catalogue.datastore.fields import ID
from parvis.catalogue.datastore.models import Row, Table
from parvis.core.errors import Invalid

Method = Literal["upsert", "insert", "update"]
Cells = dict[str, Any]
CHUNK_ROWS = 500
RECORDS_MAX = 32_000


class BadRows(Invalid):
    """A row is wrong: `records` says why, `row` is its place in what was sent, from 0."""

    def __init__(self, words: str, row: int) -> None:
        super().__init__({"records": [words]})
        self.row = row


def key_of(table: Table, cells: Cells) -> str | None:
    """Return the hash of a row's primary key; None for a table without one."""
    if not table.primary_key:
        return None
    values = [cells.get(name) for name in table.primary_key]
    return hashlib.sha256(json.dumps(values, ensure_ascii=False).encode()).hexdigest()


def clean(table: Table, record: Any, place: int) -> Cells:
    """Return the cells of a record as they are kept. Raises BadRows."""
    if not isinstance(record, Mapping):
        raise BadRows(f"row {place + 1} is not a dict", place)
    kinds = {one["id"]: one["type"] for one in table.fields}
    if extra := [str(name) for name in record if name not in kinds and name != ID]:
        raise BadRows(f'row "{place + 1}" has extra keys "{", ".join(sorted(extra))}"', place)
    cells: Cells = {}
    for name, value in record.items():
        if name == ID:
            continue
        try:
            cells[name] = fields.cell(value, kinds[name])
        except ValueError as error:
            words = f'row "{place + 1}", column "{name}": {error}'
            raise BadRows(words, place) from None
    return cells


def put(table: Table, records: Sequence[Any], method: Method) -> None:
    """Insert, change, or either. Raises BadRows for the first wrong one."""
    if len(records) > RECORDS_MAX:
        raise Invalid({"records": [f"more than {RECORDS_MAX} rows in one call"]})
    if not records:
        return
    cleaned = [clean(table, record, place) for place, record in enumerate(records)]
    if method == "insert":
        _insert_new(table, cleaned)
        return
    by_number = [record.get(ID) if isinstance(record, Mapping) else None for record in records]
    if not table.primary_key and not all(number is not None for number in by_number):
        raise Invalid({"table": ["table does not have a unique key defined"]})
    _merge(table, cleaned, by_number, method)


def _insert_new(table: Table, cleaned: Sequence[Cells]) -> None:
    if table.primary_key:
        seen: set[str | None] = set()
        keys = [key_of(table, cells) for cells in cleaned]
        there = _keys_there(table, keys)
        for place, key in enumerate(keys):
            if key in seen or key in there:
                raise BadRows(_duplicate(table, cleaned[place]), place)
            seen.add(key)
    insert(table, cleaned)


def _duplicate(table: Table, cells: Cells) -> str:
    names = ", ".join(table.primary_key)
    values = ", ".join(str(cells.get(name)) for name in table.primary_key)
    return f"duplicate key value violates unique constraint: ({names})=({values}) already exists"


def _keys_there(table: Table, keys: Sequence[str | None]) -> dict[str, Row]:
    found: dict[str, Row] = {}
    for start in range(0, len(keys), CHUNK_ROWS):
        part = [key for key in keys[start : start + CHUNK_ROWS] if key]
        for row in Row.objects.filter(table=table, key__in=part):
            found[row.key or ""] = row
    return found


def insert(table: Table, cleaned: Sequence[Cells]) -> None:
    """Add rows that were cleaned; the caller saves the table's counts."""
    rows = [
        Row(table=table, number=table.next_number + i, key=key_of(table, cells), cells=cells)
        for i, cells in enumerate(cleaned)
    ]
    Row.objects.bulk_create(rows, batch_size=CHUNK_ROWS)
    table.next_number += len(rows)
    table.rows_count += len(rows)


def _merge(table: Table, cleaned: Sequence[Cells], numbers: Sequence[Any], method: Method) -> None:
    """Change the rows that are there, cell by cell; insert the others unless `update`."""
    wanted = {number for number in numbers if isinstance(number, int)}
    rows = Row.objects.filter(table=table, number__in=wanted) if wanted else ()
    by_number = {row.number: row for row in rows}
    keys = [key_of(table, cells) for cells in cleaned]
    by_key = _keys_there(table, keys) if table.primary_key else {}
    changed: dict[int, Row] = {}
    new: dict[Any, Cells] = {}
    for place, (cells, number, key) in enumerate(zip(cleaned, numbers, keys, strict=True)):
        if number is None and (lost := [n for n in table.primary_key if n not in cells]):
            raise BadRows(f'fields "{", ".join(lost)}" are missing', place)
        row = by_key.get(key or "") if number is None else by_number.get(number)
        if row is None and number is None and method == "upsert":
            new[key] = {**new.get(key, {}), **cells}
            continue
        if row is None:
            named = [number] if number is not None else [cells[n] for n in table.primary_key]
            raise BadRows(f'key "{json.dumps(named, ensure_ascii=False)}" not found', place)
        row.cells = {**row.cells, **cells}
        changed[row.number] = row
    _save(table, list(changed.values()))
    insert(table, list(new.values()))


def _save(table: Table, rows: Sequence[Row]) -> None:
    for row in rows:
        row.key = key_of(table, row.cells)
    if table.primary_key and len({row.key for row in rows}) < len(rows):
        raise BadRows("two rows would have the same key", 0)
    there = _keys_there(table, [row.key for row in rows]) if table.primary_key else {}
    for row in rows:
        other = there.get(row.key or "")
        if other is not None and other.pk != row.pk:
            raise BadRows(_duplicate(table, row.cells), 0)
    Row.objects.bulk_update(rows, ["key", "cells"], batch_size=CHUNK_ROWS)
