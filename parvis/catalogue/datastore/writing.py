"""Writing tables row by row: made, filled, changed, emptied. One transaction each.

A row that is wrong changes nothing: `BadRows` says which, and why.
"""

from collections.abc import Sequence
from typing import Any

from django.db import transaction
from django.utils import timezone

from parvis.catalogue import loading, services, store
from parvis.catalogue.approval import gate
from parvis.catalogue.datastore import fields, snapshot, sources
from parvis.catalogue.datastore.fields import ID
from parvis.catalogue.datastore.models import Row, Table
from parvis.catalogue.datastore.rows import CHUNK_ROWS, Method, clean, insert, put
from parvis.catalogue.datastore.shape import Asked, known, set_aliases, set_fields, set_key
from parvis.catalogue.models import Dataset, Resource
from parvis.core import access
from parvis.core.access import Actor
from parvis.core.errors import Invalid, NotFound
from parvis.core.events import emit
from parvis.core.models import State
from parvis.tables.query import Query, Where

TAKEN_OVER_ROWS_MAX = 200_000
READ_ONLY = (
    'Cannot edit read-only resource. Either pass "force=True" or change url_type to "datastore"'
)


def require_right(actor: Actor, dataset: Dataset) -> None:
    """Return when the actor may write tables of a dataset. Raises Forbidden, Conflict.

    Rows of a public dataset are public at once: whoever writes them publishes.
    """
    access.require(actor, "manage_catalogue", dataset)
    if dataset.node.state == State.PUBLIC:
        access.require(actor, "publish_data", dataset)
        gate.require_second_once_public(actor, dataset, None)


def is_file(resource: Resource) -> bool:
    """Whether the resource came as a file or a link: its table is not written without `force`."""
    table: Table | None = getattr(resource, "table", None)
    if table is not None and table.edition:
        return not table.owned
    if resource.extras.get("url_type") == "datastore":
        return False
    there = resource.current_id or resource.file_id or resource.url
    return bool(there) or resource.versions.exists()


def _open(resource: Resource, actor: Actor, force: bool) -> None:
    require_right(actor, resource.dataset)
    if is_file(resource) and not force:
        raise Invalid({"read-only": [READ_ONLY]})


def new_resource(*, actor: Actor, dataset: Dataset, name: str, description: str = "") -> Resource:
    """Add a file without content to a dataset, for a table. Raises Forbidden, Invalid."""
    require_right(actor, dataset)
    resource = services.add_resource(
        actor=actor,
        dataset=dataset,
        name={"fr": name},
        description={"fr": description} if description else {},
    )
    resource.extras = {"url_type": "datastore"}
    resource.save(update_fields=["extras"])
    return resource


@transaction.atomic
def create(*, actor: Actor, resource: Resource, asked: Asked, force: bool = False) -> Table:
    """Make the table of a file, or add columns, aliases and rows to it; return it.

    Raises Forbidden, Invalid, BadRows.
    """
    _open(resource, actor, force)
    table = _locked(resource)
    if table is None or table.dropped or sources.table_of(resource) is None:
        table = _new(resource, table)
    set_fields(table, asked)
    set_key(table, asked)
    if asked.indexes is not None:
        known(table, asked.indexes, "indexes")
        table.indexes = list(asked.indexes)
    if asked.aliases is not None:
        set_aliases(table, asked.aliases)
    put(table, asked.records, "insert")
    _changed(table, actor)
    return table


def _locked(resource: Resource) -> Table | None:
    return Table.objects.select_for_update().filter(pk=resource.pk).first()


def _new(resource: Resource, old: Table | None) -> Table:
    owned = not is_file(resource) if old is None else old.owned
    edition = 0 if old is None else old.edition + 1
    if old is not None:
        Row.objects.filter(table=old).delete()
    table = Table(
        resource=resource,
        owned=owned,
        edition=edition,
        snapshot=old.snapshot if old else "",
        version=old.version if old else None,
    )
    version = loading.latest(resource)
    if version is not None and (old is None or not old.dropped):
        if version.rows > TAKEN_OVER_ROWS_MAX:
            words = f"a file of more than {TAKEN_OVER_ROWS_MAX} rows is replaced, not amended"
            raise Invalid({"resource_id": [words]})
        # Not dropped first: what the file says stays, and rows are added to it.
        file = store.stored(version)
        table.fields = [
            {"id": f.id, "type": f.type} for f in fields.of_schema(file.schema) if f.id != ID
        ]
        table.save()
        for batch in store.store().open(file):
            records = [
                {key: fields.given(value, "") for key, value in one.items() if key != ID}
                for one in batch.to_pylist()
            ]
            insert(table, [clean(table, one, i) for i, one in enumerate(records)])
    table.save()
    return table


class _Undone(Exception):
    """A dry run: what was done is undone."""


def upsert(
    *,
    actor: Actor,
    resource: Resource,
    records: Sequence[Any],
    method: Method = "upsert",
    force: bool = False,
    dry_run: bool = False,
) -> Table:
    """Add or change rows, all or none, and return the table.

    `dry_run` checks everything and changes nothing. Raises Forbidden, NotFound without a table,
    Invalid, BadRows.
    """
    _open(resource, actor, force)
    try:
        with transaction.atomic():
            table = _live(resource)
            put(table, records, method)
            if dry_run:
                raise _Undone
            _changed(table, actor)
    except _Undone:
        return Table.objects.get(pk=resource.pk)
    return table


def _live(resource: Resource) -> Table:
    """Return the table, locked; that of a file that nobody wrote to yet is taken over."""
    if sources.table_of(resource) is None:
        if loading.latest(resource) is None:
            raise NotFound
        return _new(resource, _locked(resource))
    table = _locked(resource)
    if table is None or table.dropped:
        raise NotFound
    table.resource = resource
    return table


@transaction.atomic
def delete_rows(
    *, actor: Actor, resource: Resource, where: Sequence[Where], force: bool = False
) -> Table:
    """Delete the rows that meet every condition (all, without one) and return the table."""
    _open(resource, actor, force)
    table = _live(resource)
    if where:
        _delete(table, where)
    else:
        Row.objects.filter(table=table).delete()
    table.rows_count = Row.objects.filter(table=table).count()
    _changed(table, actor)
    return table


def _delete(table: Table, where: Sequence[Where]) -> None:
    """By the engine that answers questions: a condition means the same here and there."""
    table.save()
    file = snapshot.read(table, wait=True)
    place = None if table.numbered else ID
    query = Query(columns=(ID,), place=place, where=tuple(where))
    for batch in store.store().query(file, query):
        numbers = batch.column(0).to_pylist()
        for start in range(0, len(numbers), CHUNK_ROWS):
            part = numbers[start : start + CHUNK_ROWS]
            Row.objects.filter(table=table, number__in=part).delete()


@transaction.atomic
def drop(*, actor: Actor, resource: Resource, force: bool = False) -> None:
    """Drop the table: nobody reads it until it is made again. Versions of the file stay."""
    _open(resource, actor, force)
    table = _locked(resource)
    if table is None:
        if loading.latest(resource) is None:
            raise NotFound
        table = Table.objects.create(resource=resource, owned=False)
    elif table.dropped:
        raise NotFound
    Row.objects.filter(table=table).delete()
    before = table.snapshot
    table.aliases.all().delete()
    table.dropped, table.fields, table.primary_key, table.indexes = True, [], [], []
    table.rows_count, table.next_number, table.snapshot = 0, 1, ""
    _changed(table, actor)
    if before:
        transaction.on_commit(lambda: snapshot.forget(before))


def _changed(table: Table, actor: Actor) -> None:
    table.edition += 1
    table.changed_at = timezone.now()
    table.by_id = actor.person_id
    table.save()
    dataset = table.resource.dataset
    Dataset.objects.filter(pk=dataset.pk).update(modified_at=table.changed_at)
    emit("dataset.changed", node=dataset.node, actor=actor)
