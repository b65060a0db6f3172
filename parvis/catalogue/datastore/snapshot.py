"""From rows in the database to Parquet: what readers get, and the catalogue's own versions.

Reading asks one engine, whatever the table: rows that changed are first written to a file that
never changes again. It is replaced, not amended, and belongs to nobody but its table.
"""

import hashlib
from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from uuid import UUID

import pyarrow as pa
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from parvis.catalogue import loading, services, store
from parvis.catalogue.datastore import fields
from parvis.catalogue.datastore.models import Row, Table
from parvis.catalogue.models import Dataset, Version
from parvis.core import jobs
from parvis.core.access import SYSTEM, Actor
from parvis.core.errors import Refused
from parvis.core.events import emit
from parvis.core.models import Job, State
from parvis.tables import store as tables_store
from parvis.tables.errors import TableError
from parvis.tables.schema import Column, Schema

AT_ONCE_ROWS = 20_000
"""Larger tables are written by a job: a request must not wait for them."""
BATCH_ROWS = 5_000
VERSION_EVERY = timedelta(days=1)
"""Tables that change every minute would else leave a version a minute, kept for good."""
TASK = "parvis.catalogue.datastore.snapshot.settle"


class NotReady(Refused):
    """The table is large and its file is being written: 503, try again."""

    status = 503
    message = _("The table is being prepared. Try again in a minute.")


def codebook(table: Table) -> Schema:
    """Return the columns of a table, with the words of the version before where it has none."""
    before = loading.latest(table.resource)
    return fields.schema(table.fields, store.schema_of(before) if before else None)


def read(table: Table, *, wait: bool = False) -> tables_store.Version:
    """Return the file of a table's rows: the last edition of a small one.

    Of a large one that changed, the edition before, while a job writes the next; `wait` has it
    written now. Raises NotReady when there is none yet.
    """
    columns = codebook(table)
    if table.is_fresh and (found := _there(table, columns)):
        return found
    if wait or table.rows_count <= AT_ONCE_ROWS:
        return write(table)
    order(table)
    found = _there(table, columns) if table.snapshot else None
    if found is None or found.schema.names != _with_numbers(columns, table.numbered).names:
        raise NotReady
    return found


def _there(table: Table, columns: Schema) -> tables_store.Version | None:
    try:
        found = store.store().version(table.snapshot)
    except TableError:
        return None  # a version of the same bytes was removed: they are written again
    wanted = _with_numbers(columns, table.numbered)
    if found.schema.names == wanted.names:
        return store.store().version(table.snapshot, wanted)
    return found


def _with_numbers(columns: Schema, numbered: bool) -> Schema:
    return Schema((Column(fields.ID, "integer"), *columns.columns)) if numbered else columns


def order(table: Table) -> None:
    """Have a job write the file of a table, unless one waits already."""
    waiting = Job.objects.filter(
        task=TASK,
        state__in=[Job.State.WAITING, Job.State.RUNNING],
        arguments={"table": str(table.pk)},
    )
    if not waiting.exists():
        node = table.resource.dataset.node
        jobs.enqueue(TASK, actor=SYSTEM, arguments={"table": str(table.pk)}, node=node)


def settle(progress: jobs.Progress, *, table: str) -> dict[str, Any]:
    """Job: write the file of a large table, and make a version of it where one is due."""
    row = (
        Table.objects.select_related("resource__dataset__node", "by").filter(pk=UUID(table)).first()
    )
    if row is None or row.dropped:
        return {}
    progress(0, 2)
    write(row)
    progress(1, 2)
    make_version(row)
    progress(2, 2)
    return {"rows": row.rows_count}


def write(table: Table) -> tables_store.Version:
    """Write the rows as they are now to a file, note it as the table's, and return it."""
    table.refresh_from_db(
        fields=["fields", "next_number", "rows_count", "edition", "snapshot", "snapshot_edition"]
    )
    numbered = table.rows_count != table.next_number - 1
    columns = _with_numbers(codebook(table), numbered)
    arrow = columns.to_arrow()
    batches = _batches(table, arrow, numbered)
    made = store.store().put(pa.RecordBatchReader.from_batches(arrow, batches), columns)
    before = table.snapshot
    kept = Table.objects.filter(pk=table.pk, edition=table.edition).update(
        snapshot=made.sha256, snapshot_edition=table.edition, numbered=numbered
    )
    if kept:
        table.snapshot, table.snapshot_edition = made.sha256, table.edition
        table.numbered = numbered
        if before and before != made.sha256:
            transaction.on_commit(lambda: forget(before))
    return made


def forget(sha256: str) -> None:
    """Remove a file that neither a table nor a version points to any more."""
    used = Table.objects.filter(snapshot=sha256).exists()
    if used or Version.objects.filter(sha256=sha256).exists():
        return
    files = store.store()
    try:
        files.delete(files.version(sha256))
    except TableError:
        return  # already gone


def _batches(table: Table, arrow: pa.Schema, numbered: bool) -> Iterator[pa.RecordBatch]:
    kinds = [(field["id"], field["type"]) for field in table.fields]
    # One statement: what others write meanwhile is of the next edition, wholly.
    rows = Row.objects.filter(table=table).order_by("number").values_list("number", "cells")
    held: list[tuple[int, dict[str, Any]]] = []
    for row in rows.iterator(chunk_size=BATCH_ROWS):
        held.append(row)
        if len(held) == BATCH_ROWS:
            yield _batch(held, kinds, arrow, numbered)
            held = []
    if held:
        yield _batch(held, kinds, arrow, numbered)


def _batch(
    rows: list[tuple[int, dict[str, Any]]],
    kinds: list[tuple[str, str]],
    arrow: pa.Schema,
    numbered: bool,
) -> pa.RecordBatch:
    columns: list[list[Any]] = [[number for number, _cells in rows]] if numbered else []
    for name, kind in kinds:
        columns.append([fields.arrow_value(cells.get(name), kind) for _n, cells in rows])
    arrays = [pa.array(values, one.type) for values, one in zip(columns, arrow, strict=True)]
    return pa.record_batch(arrays, schema=arrow)


def due(table: Table) -> bool:
    """Whether a version should be made: there is none, or the last is a day old."""
    if table.version_edition == table.edition:
        return False
    last = table.version.created_at if table.version else None
    return last is None or timezone.now() - last > VERSION_EVERY


def make_version(table: Table) -> Version | None:
    """Make a version of the catalogue of a table's file; of a public dataset, people get it.

    Return None when the last version says the same. The right was asked when the rows came.
    """
    if table.version_edition == table.edition:
        return None
    found, edition = read(table, wait=True), table.snapshot_edition
    actor = Actor(person=table.by, roles=SYSTEM.roles, system=True)
    columns = codebook(table)
    reader = store.store().open(found)
    if table.numbered:
        reader = _without_numbers(reader, columns)
    version = loading.put_table(
        actor=actor, resource=table.resource, data=reader, schema=columns,
        note={"fr": "Lignes écrites par un programme.", "en": "Rows written by a program."},
    )  # fmt: skip
    with transaction.atomic():
        Table.objects.filter(pk=table.pk).update(version=version, version_edition=edition)
        table.version, table.version_edition = version, edition
        _show(version, table, actor)
    return version


def _without_numbers(reader: pa.RecordBatchReader, columns: Schema) -> pa.RecordBatchReader:
    arrow = columns.to_arrow()
    names = list(columns.names)
    return pa.RecordBatchReader.from_batches(arrow, (batch.select(names) for batch in reader))


def _show(version: Version, table: Table, actor: Actor) -> None:
    """Publish this one version of a public dataset, as its publication would; no other waits."""
    resource = table.resource
    dataset = Dataset.objects.select_related("node").get(pk=resource.dataset_id)
    if dataset.node.state != State.PUBLIC or version.published_at is not None:
        return
    now = timezone.now()
    version.published_at = now
    version.save(update_fields=["published_at"])
    resource.current = version
    resource.published_at = resource.published_at or now
    resource.modified_at = now
    resource.save(update_fields=["current", "published_at", "modified_at"])
    Dataset.objects.filter(pk=dataset.pk).update(modified_at=now)
    standing = dataset.resources.filter(current__isnull=False).select_related("current")
    files = sorted((f"{row.slug}.parquet", row.current.sha256) for row in standing if row.current)
    emit(
        "dataset.published",
        node=dataset.node,
        actor=actor,
        data={
            "sha256": hashlib.sha256(services.manifest(files).encode()).hexdigest(),
            "rows": sum(row.current.rows for row in standing if row.current),
            "withheld": int(dataset.kept_of.get("withheld", 0)),
            "files": [{"name": name, "sha256": sha256} for name, sha256 in files],
        },
    )
