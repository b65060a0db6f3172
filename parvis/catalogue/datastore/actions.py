"""The DataStore's actions, as CKAN 2.11 names them."""

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import urlencode

from parvis.catalogue import store
from parvis.catalogue.ckan.errors import ActionError, NotHere, ValidationFailed
from parvis.catalogue.ckan.registry import Data, action
from parvis.catalogue.ckan.search import truth
from parvis.catalogue.datastore import asking, describing, fields, snapshot, sources, writing
from parvis.catalogue.datastore.models import Table
from parvis.catalogue.datastore.rows import BadRows
from parvis.catalogue.datastore.shape import Asked
from parvis.catalogue.datastore.sources import Source
from parvis.catalogue.loading import in_words
from parvis.catalogue.models import Dataset, Resource
from parvis.core.access import Actor
from parvis.core.errors import NotFound
from parvis.tables import write
from parvis.tables.errors import TableError
from parvis.tables.query import Query
from parvis.tables.schema import Schema

RECORDS = frozenset({"resource_id", "id", "records", "method", "force", "dry_run",
                     "include_records", "calculate_record_count"})  # fmt: skip
CREATE = RECORDS | {"resource", "fields", "primary_key", "indexes", "aliases", "delete_fields",
                    "triggers", "foreign_keys"}  # fmt: skip
CREATE -= {"method", "dry_run"}


class Unavailable(ActionError):
    """503: the table is being written."""

    status, kind = 503, "Service Unavailable Error"


class RowsRefused(ValidationFailed):
    """409 that says which of the rows is wrong."""

    def __init__(self, error: BadRows) -> None:
        super().__init__(error.errors)
        self.row = error.row

    def body(self) -> dict[str, Any]:
        """Return the `error` object."""
        return {**super().body(), "records_row": self.row}


def _name(data: Data) -> str:
    value = data.get("resource_id") or data.get("id")
    if not isinstance(value, str):
        raise ValidationFailed({"resource_id": ["Missing value"]})
    return value


def _resource(data: Data, actor: Actor) -> Resource:
    try:
        return sources.resource_of(_name(data), actor)
    except NotFound:
        raise NotHere(f'Resource "{_name(data)}" was not found.') from None


def _source(resource: Resource, actor: Actor) -> Source:
    try:
        return sources.read(resource, actor)
    except NotFound:
        raise NotHere(f'Resource "{resource.pk}" was not found.') from None
    except snapshot.NotReady as error:
        raise Unavailable(str(error)) from None


def _refused(error: TableError) -> ValidationFailed:
    return ValidationFailed({"query": [in_words(error.reason, error.params)]})


@action()
def datastore_search(data: Data, actor: Actor) -> dict[str, Any]:
    """Return rows of a table. resource_id, filters, q, full_text, plain, language, distinct,
    fields, sort, limit (32,000 at most), offset, include_total, records_format."""
    asking.refuse_unknown(data, asking.KNOWN)
    resource = _resource(data, actor)
    kind = str(data.get("records_format") or "objects")
    if kind not in asking.FORMATS:
        raise ValidationFailed({"records_format": [f"must be one of {', '.join(asking.FORMATS)}"]})
    limit, offset = asking.bounds(data, asking.LIMIT, asking.LIMIT_MAX)
    table = sources.table_of(resource)
    if limit == 0 and table is not None and not table.dropped and not table.is_fresh:
        # Loaders ask it to know whether the table is there: no file is written for that.
        source, query, total = _unread(resource, table), Query(), table.rows_count
        rows: list[dict[str, Any]] = []
    else:
        source = _source(resource, actor)
        query = replace(asking.query_of(data, source), limit=limit, offset=offset)
        try:
            rows = store.store().query(source.file, query).read_all().to_pylist() if limit else []
            total = _total(source, query) if truth(data.get("include_total", True)) else 0
        except TableError as error:
            raise _refused(error) from None
    shown = query.columns or tuple(source.types)
    found = describing.fields_of(source)
    result: dict[str, Any] = {
        "include_total": truth(data.get("include_total", True)),
        "limit": limit,
        "records_format": kind,
        "resource_id": str(resource.pk),
        "total_estimation_threshold": None,
        **{name: data[name] for name in ("q", "plain", "language", "distinct", "sort")
           if name in data},
        **({"filters": asking.read_json(data, "filters")} if data.get("filters") else {}),
        **({"offset": offset} if offset else {}),
        "records": _records(source, shown, rows, kind),
        "fields": [found[name] for name in shown],
        "_links": _links(data, limit or 0, offset),
    }  # fmt: skip
    if result["include_total"]:
        result |= {"total": total, "total_was_estimated": False}
    return result


def _unread(resource: Resource, table: Table) -> Source:
    columns = snapshot.codebook(table)
    return Source(resource, table, None, fields.of_schema(columns, table.fields), True)  # type: ignore[arg-type]


def _total(source: Source, query: Query) -> int:
    return store.store().count(source.file, replace(query, limit=None, offset=0))


def _records(source: Source, shown: tuple[str, ...], rows: list[dict[str, Any]], kind: str) -> Any:
    types = source.types
    values = [{name: fields.given(row[name], types[name]) for name in shown} for row in rows]
    if kind == "objects":
        return values
    if kind == "lists":
        return [list(row.values()) for row in values]
    if not rows:
        return ""
    arrow = store.store().query(source.file, Query(columns=shown, place=source.place, limit=0))
    schema = Schema.from_arrow(arrow.schema)
    import pyarrow as pa

    batches = pa.Table.from_pylist(rows, arrow.schema).to_batches()
    separator = "," if kind == "csv" else "\t"
    chunks = write.csv_chunks(schema, batches, separator=separator, exact=True)
    next(chunks)  # the header
    return b"".join(chunks).decode().replace("\r\n", "\n")


def _links(data: Data, limit: int, offset: int) -> dict[str, str]:
    kept = {
        name: json.dumps(value) if isinstance(value, dict | list | bool) else value
        for name, value in data.items()
        if name != "offset"
    }

    def link(place: int) -> str:
        parts = {**kept, **({"offset": place} if place else {})}
        return f"/api/3/action/datastore_search?{urlencode(parts)}"

    links = {"start": link(0), "next": link(offset + limit)}
    return {**links, "prev": link(max(0, offset - limit))} if offset else links


@action()
def datastore_info(data: Data, actor: Actor) -> dict[str, Any]:
    """Return what a table is: meta (count, size, aliases), fields with their schema. id."""
    return describing.info(_source(_resource(data, actor), actor))


@action()
def datastore_search_sql(data: Data, actor: Actor) -> dict[str, Any]:
    """Return the answer to one SELECT over public tables, "id" of their files. sql."""
    from parvis.catalogue.datastore import statements

    asking.refuse_unknown(data, frozenset({"sql"}))
    sql = data.get("sql")
    if not isinstance(sql, str) or not sql.strip():
        raise ValidationFailed({"sql": ["Missing value"]})
    return statements.in_ckan_form(sql)


def _list(data: Data, name: str, of: type) -> list[Any] | None:
    value = asking.read_json(data, name)
    if value is None or value == "":
        return None
    if not isinstance(value, list) or not all(isinstance(one, of) for one in value):
        raise ValidationFailed({name: ["Not a list of objects"]})
    return value


def _records_of(data: Data) -> list[Any]:
    value = asking.read_json(data, "records")
    if value in (None, ""):
        return []
    if not isinstance(value, list):
        raise ValidationFailed({"records": ["Not a list"]})
    return value


def _told(run: Callable[[], Table]) -> Table:
    try:
        return run()
    except BadRows as error:
        raise RowsRefused(error) from None
    except TableError as error:
        raise _refused(error) from None


def _echo(data: Data, table: Table, **more: Any) -> dict[str, Any]:
    """Return what was sent, as CKAN does, without the rows unless they were asked for."""
    hidden = {"id", "force", "resource", "include_records", "dry_run"}
    if not truth(data.get("include_records", False)):
        hidden.add("records")
    kept = {name: value for name, value in data.items() if name not in hidden}
    return {**kept, "resource_id": str(table.pk), **more}


@action(writes=True)
def datastore_create(data: Data, actor: Actor) -> dict[str, Any]:
    """Make a table, or add columns and rows to it. resource_id or resource, fields, records,
    primary_key, indexes, aliases, force, delete_fields, include_records, calculate_record_count."""
    asking.refuse_unknown(data, CREATE)
    sent = _list(data, "fields", Mapping)  # type: ignore[type-abstract]
    asked = Asked(
        fields=sent,
        records=_records_of(data),
        primary_key=asking.names(data, "primary_key"),
        indexes=asking.names(data, "indexes"),
        aliases=asking.names(data, "aliases"),
        delete_fields=truth(data.get("delete_fields", False)),
    )
    resource = _made(data, actor) if data.get("resource") else _resource(data, actor)
    force = truth(data.get("force", False)) or bool(data.get("resource"))
    table = _told(lambda: writing.create(actor=actor, resource=resource, asked=asked, force=force))
    _count(data, table)
    more: dict[str, Any] = {"method": "insert", "primary_key": table.primary_key}
    if sent is not None:
        more["fields"] = [{"id": one["id"], "type": one["type"],
                           **({"info": one["info"]} if one.get("info") else {})}
                          for one in table.fields]  # fmt: skip
    return _echo(data, table, **more)


def _made(data: Data, actor: Actor) -> Resource:
    given = asking.read_json(data, "resource")
    if not isinstance(given, dict) or data.get("resource_id"):
        raise ValidationFailed({"resource": ["resource cannot be used with resource_id"]})
    text = str(given.get("package_id") or "")
    pk = sources.as_id(text)
    rows = Dataset.objects.select_related("node", "organisation__node")
    dataset = (rows.filter(pk=pk) if pk else rows.filter(node__slug=text)).first()
    if dataset is None:
        raise NotHere(f"package {text!r}")
    name = str(given.get("name") or "Table")
    words = str(given.get("description") or "")
    return writing.new_resource(actor=actor, dataset=dataset, name=name, description=words)


def _count(data: Data, table: Table) -> None:
    """Sent by loaders with their last rows: the table is whole, a version of it is made."""
    if not truth(data.get("calculate_record_count", False)):
        return
    if table.rows_count > snapshot.AT_ONCE_ROWS:
        snapshot.order(table)
    else:
        snapshot.make_version(table)


@action(writes=True)
def datastore_upsert(data: Data, actor: Actor) -> dict[str, Any]:
    """Add or change rows, all or none. resource_id, records, method (upsert, insert, update),
    force, dry_run, include_records, calculate_record_count."""
    asking.refuse_unknown(data, RECORDS)
    method = str(data.get("method") or "upsert")
    if method not in ("upsert", "insert", "update"):
        raise ValidationFailed({"method": [f'"{method}" is not defined']})
    resource = _resource(data, actor)
    dry = truth(data.get("dry_run", False))
    records, force = _records_of(data), truth(data.get("force", False))

    def run() -> Table:
        return writing.upsert(
            actor=actor, resource=resource, records=records, method=method,  # type: ignore[arg-type]
            force=force, dry_run=dry,
        )  # fmt: skip

    try:
        table = _told(run)
    except NotFound:
        raise NotHere(f'Resource "{resource.pk}" was not found.') from None
    if not dry:
        _count(data, table)
    return _echo(data, table, method=method)


@action(writes=True)
def datastore_delete(data: Data, actor: Actor) -> dict[str, Any]:
    """Drop a table, or with filters delete its rows. resource_id, filters, force."""
    asking.refuse_unknown(
        data, frozenset({"resource_id", "id", "filters", "force", "fields",
                         "calculate_record_count", "include_records"})
    )  # fmt: skip
    resource = _resource(data, actor)
    force = truth(data.get("force", False))
    try:
        if "filters" in data and data["filters"] is not None:
            return _delete_rows(data, actor, resource, force)
        writing.drop(actor=actor, resource=resource, force=force)
    except NotFound:
        raise NotHere(f'Resource "{resource.pk}" was not found.') from None
    return {"resource_id": str(resource.pk)}


@action(writes=True)
def datastore_records_delete(data: Data, actor: Actor) -> dict[str, Any]:
    """Delete the rows that meet the filters; the table stays. resource_id, filters, force."""
    if not isinstance(asking.read_json(data, "filters"), dict):
        raise ValidationFailed({"filters": ["Missing value"]})
    return datastore_delete(data, actor)


def _delete_rows(data: Data, actor: Actor, resource: Resource, force: bool) -> dict[str, Any]:
    filters = asking.read_json(data, "filters")
    where: Any = ()
    if filters:
        table = sources.table_of(resource)
        fresh = table is None or table.dropped or table.is_fresh
        known = _source(resource, actor) if fresh else _unread(resource, table)  # type: ignore[arg-type]
        where = asking.conditions(data, known)
    elif not isinstance(filters, dict):
        raise ValidationFailed({"filters": ["Not a dict"]})
    table = _told(
        lambda: writing.delete_rows(actor=actor, resource=resource, where=where, force=force)
    )
    _count(data, table)
    return {"resource_id": str(table.pk), "filters": filters}
