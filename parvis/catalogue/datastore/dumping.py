"""`/datastore/dump/<id>`: a whole table, or what a query asks of it, streamed; never cut."""

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pyarrow as pa
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.views.decorators.http import require_safe

from parvis.catalogue import store
from parvis.catalogue.ckan.errors import ValidationFailed
from parvis.catalogue.ckan.search import truth
from parvis.catalogue.ckan.transport import actor_of
from parvis.catalogue.datastore import asking, describing, fields, sources
from parvis.catalogue.datastore.fields import ID
from parvis.catalogue.datastore.snapshot import NotReady
from parvis.catalogue.datastore.sources import Source
from parvis.catalogue.downloads import protect
from parvis.catalogue.loading import in_words
from parvis.core.access import NOBODY
from parvis.tables import dump
from parvis.tables.errors import TableError
from parvis.tables.query import Query
from parvis.tables.schema import Schema

MEDIA_TYPES = {
    "csv": "text/csv; charset=utf-8",
    "tsv": "text/tab-separated-values; charset=utf-8",
    "json": "application/json; charset=utf-8",
    "ndjson": "application/x-ndjson; charset=utf-8",
    "xml": "text/xml; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "parquet": "application/vnd.apache.parquet",
}
BOM = "\ufeff".encode()
KNOWN = frozenset("format bom q plain language filters fields sort limit offset full_text".split())


def _wrong(words: str, status: int = 400) -> HttpResponse:
    response = HttpResponse(words + "\n", status=status, content_type="text/plain; charset=utf-8")
    response["Access-Control-Allow-Origin"] = "*"
    return protect(response)  # type: ignore[return-value]


@require_safe
def dump_table(request: HttpRequest, name: str) -> HttpResponseBase:
    """Stream a table. 404 for one that is not there for the reader, 400 for a bad parameter."""
    kind = request.GET.get("format", "csv").lower()
    if kind not in MEDIA_TYPES:
        return _wrong(f"format: must be one of {', '.join(MEDIA_TYPES)}")
    actor = actor_of(request)
    try:
        source = sources.find(name, actor)
        data = {key: request.GET[key] for key in request.GET}
        asking.refuse_unknown(data, KNOWN)
        limit, offset = asking.bounds(data, None, None)
        query = replace(asking.query_of(data, source), limit=limit, offset=offset)
        chunks = _chunks(source, query, kind, bom=truth(data.get("bom", False)))
        # What cannot be answered says so before the answer begins.
        first = next(chunks)
    except ValidationFailed as error:
        words = "; ".join(f"{key}: {', '.join(map(str, said))}" for key, said in
                          error.fields.items())  # fmt: skip
        return _wrong(words)
    except TableError as error:
        return _wrong(in_words(error.reason, error.params))
    except NotReady as error:
        response = _wrong(str(error), 503)
        response["Retry-After"] = "30"
        return response
    return _respond(request, source, kind, first, chunks, public=actor is NOBODY)


def _respond(
    request: HttpRequest,
    source: Source,
    kind: str,
    first: bytes,
    chunks: Iterator[bytes],
    *,
    public: bool,
) -> HttpResponseBase:
    def stream() -> Iterator[bytes]:
        yield first
        yield from chunks

    response: HttpResponseBase
    if request.method == "HEAD":
        response = HttpResponse(content_type=MEDIA_TYPES[kind])
    else:
        response = StreamingHttpResponse(stream(), content_type=MEDIA_TYPES[kind])
    response["Content-Disposition"] = f'attachment; filename="{source.resource.pk}.{kind}"'
    cache = "public, max-age=0, must-revalidate" if public else "private, no-store"
    response["Cache-Control"] = cache
    response["Access-Control-Allow-Origin"] = "*"
    return protect(response)


def _chunks(source: Source, query: Query, kind: str, *, bom: bool) -> Iterator[bytes]:
    reader = _in_order(source, query)
    if kind == "json":
        return _json(source, query, reader, bom=bom)
    # Exact: programs read it back. People download the files of the dataset's page.
    schema = Schema.from_arrow(reader.schema).carry(source.file.schema)
    found = dump.written(kind, schema, reader, exact=True)  # type: ignore[arg-type]
    return _marked(found) if bom and kind in ("csv", "tsv", "xml", "ndjson") else iter(found)


def _in_order(source: Source, query: Query) -> pa.RecordBatchReader:
    """Return the rows. Those of a whole file come as they lie, at once: nothing is sorted."""
    asked = query.where or query.any_of or query.search or query.sort or query.distinct
    names = list(query.columns or source.types)
    if asked or query.offset:
        return store.store().query(source.file, query)
    shown = [name for name in names if name in source.file.schema.names]
    arrow = source.file.schema.to_arrow()
    fields_shown = [
        arrow.field(name) if name in shown else pa.field(ID, pa.int64()) for name in names
    ]
    batches = _placed(source, names, query.limit)
    return pa.RecordBatchReader.from_batches(pa.schema(fields_shown), batches)


def _placed(source: Source, names: list[str], limit: int | None) -> Iterator[pa.RecordBatch]:
    place = 0
    for batch in store.store().open(source.file):
        left = batch.num_rows if limit is None else min(batch.num_rows, limit - place)
        if left <= 0:
            return
        rows = batch.slice(0, left)
        numbers = pa.array(range(place + 1, place + 1 + left), pa.int64())
        known = set(rows.schema.names)
        columns = [rows.column(name) if name in known else numbers for name in names]
        yield pa.RecordBatch.from_arrays(columns, names=names)
        place += left


def _marked(chunks: Iterator[bytes]) -> Iterator[bytes]:
    yield BOM
    yield from chunks


def _json(
    source: Source, query: Query, reader: pa.RecordBatchReader, *, bom: bool
) -> Iterator[bytes]:
    """As CKAN: `fields`, then `records` as lists."""
    types, known = source.types, describing.fields_of(source)
    shown = query.columns or tuple(types)
    head = json.dumps([known[name] for name in shown], ensure_ascii=False, indent=2)
    yield (BOM if bom else b"") + f'{{\n  "fields": {head},\n  "records": ['.encode()
    encode = json.JSONEncoder(ensure_ascii=False, allow_nan=False).encode
    before = "\n    "
    for batch in reader:
        columns: list[list[Any]] = [
            [fields.given(value, types[name]) for value in column.to_pylist()]
            for name, column in zip(shown, batch.columns, strict=True)
        ]
        lines = [encode(list(row)) for row in zip(*columns, strict=True)]
        if lines:
            yield (before + ",\n    ".join(lines)).encode()
            before = ",\n    "
    yield b"\n]}\n"
