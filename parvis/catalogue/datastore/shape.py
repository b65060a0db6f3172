"""What a table is: its columns, primary key and other names, as programs ask for them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from parvis.catalogue.datastore import fields, sources
from parvis.catalogue.datastore.fields import ID
from parvis.catalogue.datastore.models import Alias, Row, Table
from parvis.catalogue.datastore.rows import CHUNK_ROWS, key_of
from parvis.core.errors import Invalid


@dataclass
class Asked:
    """What `create` is asked of a table; None: nothing is said of it."""

    fields: Sequence[Mapping[str, Any]] | None = None
    records: Sequence[Mapping[str, Any]] = ()
    primary_key: Sequence[str] | None = None
    indexes: Sequence[str] | None = None
    aliases: Sequence[str] | None = None
    delete_fields: bool = False


def set_fields(table: Table, asked: Asked) -> None:
    """Set the columns: those there stay, in their order, unless `delete_fields`."""
    there: dict[str, Mapping[str, Any]] = {one["id"]: one for one in table.fields}
    given: list[Mapping[str, Any]] = list(asked.fields or ())
    if not given and not table.fields:
        given = [*_guessed(asked.records)]
    if not given and not table.fields:
        table.fields = []
        return
    found: list[dict[str, Any]] = []
    for one in given:
        name = one.get("id") if isinstance(one, Mapping) else None
        if name == ID:
            continue
        if problem := fields.name_problem(name):
            raise Invalid({"fields": [problem]})
        before = there.get(str(name))
        info = one.get("info") if isinstance(one.get("info"), Mapping) else None
        kind = before["type"] if before else _type(one, asked.records)
        words = dict(info) if info is not None else (before or {}).get("info")
        found.append({"id": str(name), "type": kind, **({"info": words} if words else {})})
    sent = {one["id"] for one in found}
    if len(sent) < len(found) or len({name.casefold() for name in sent}) < len(sent):
        raise Invalid({"fields": ["Duplicate column names are not supported"]})
    gone = [name for name in there if name not in sent] if asked.delete_fields and given else []
    if kept := [one for one in table.fields if one["id"] not in sent and one["id"] not in gone]:
        order = {name: place for place, name in enumerate(there)}
        found = sorted([*kept, *found], key=lambda one: order.get(one["id"], len(order)))
    if len(found) > fields.COLUMNS_MAX:
        raise Invalid({"fields": [f"more than {fields.COLUMNS_MAX} columns"]})
    if len({one["id"].casefold() for one in found}) < len(found):
        raise Invalid({"fields": ["Duplicate column names are not supported"]})
    if lost := set(gone) & set(table.primary_key):
        raise Invalid({"fields": [f"{sorted(lost)[0]} is of the primary key"]})
    table.fields = found
    for name in gone:
        _drop_cells(table, name)


def _guessed(records: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    names: dict[str, Any] = {}
    for record in records:
        for name in record if isinstance(record, Mapping) else ():
            if name != ID:
                names.setdefault(name)
    return [{"id": name} for name in names]


def _type(one: Mapping[str, Any], records: Sequence[Mapping[str, Any]]) -> str:
    asked = one.get("type")
    if asked:
        kind = fields.type_of(str(asked))
        if kind is None:
            raise Invalid({"fields": [f'"{asked}" is not a valid field type']})
        return kind
    values = (r.get(one["id"]) for r in records if isinstance(r, Mapping))
    return fields.guess(next((value for value in values if value is not None), None))


def _drop_cells(table: Table, name: str) -> None:
    rows = Row.objects.filter(table=table, cells__has_key=name).order_by("number")
    for row in rows.iterator(chunk_size=CHUNK_ROWS):
        del row.cells[name]
        row.save(update_fields=["cells"])


def known(table: Table, names: Iterable[str], what: str) -> None:
    """Refuse names that are no columns. Raises Invalid."""
    for name in names:
        if name not in table.names:
            raise Invalid({what: [f'"{name}" is not a column of the table']})


def set_key(table: Table, asked: Asked) -> None:
    """Set the primary key and hash every row by it. Raises Invalid for rows that are alike."""
    if asked.primary_key is None or list(asked.primary_key) == table.primary_key:
        return
    known(table, asked.primary_key, "primary_key")
    table.primary_key = list(asked.primary_key)
    seen: set[str] = set()
    rows = Row.objects.filter(table=table).order_by("number")
    held = []
    rows.update(key=None)
    for row in rows.iterator(chunk_size=CHUNK_ROWS):
        row.key = key_of(table, row.cells)
        if row.key is not None and row.key in seen:
            raise Invalid({"primary_key": ["Cannot insert records or create index because of "
                                           "uniqueness constraint"]})  # fmt: skip
        seen.add(row.key or "")
        held.append(row)
    Row.objects.bulk_update(held, ["key"], batch_size=CHUNK_ROWS)


def set_aliases(table: Table, names: Sequence[str]) -> None:
    """Give the table these other names and no more. Raises Invalid."""
    for name in names:
        if not name or len(name) > 100 or not name.replace("_", "").replace("-", "").isalnum():
            raise Invalid({"aliases": [f'"{name}" is not a valid alias name']})
        if sources.as_id(name) or Alias.objects.filter(name=name).exclude(table=table).exists():
            raise Invalid({"aliases": [f'Table or alias "{name}" already exists']})
    table.aliases.exclude(name__in=names).delete()
    for name in names:
        Alias.objects.get_or_create(name=name, table=table)
