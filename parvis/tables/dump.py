"""A version, whole or in part, in every format, as it comes from the disk."""

import tempfile
from collections.abc import Iterator
from typing import Literal, get_args

from parvis.tables import write, write_xml
from parvis.tables.errors import TableError
from parvis.tables.query import Query
from parvis.tables.schema import Schema
from parvis.tables.store import Store, Version

Format = Literal["csv", "tsv", "json", "ndjson", "xml", "xlsx", "parquet"]
FORMATS: tuple[Format, ...] = get_args(Format)
CHUNK_BYTES = 1 << 18


def chunks(
    store: Store,
    version: Version,
    kind: Format,
    asked: Query | None = None,
    *,
    exact: bool = False,
    bom: bool = False,
    language: str = "fr",
) -> Iterator[bytes]:
    """The bytes of a file with all rows, or with those a query asks for.

    CSV and TSV get an apostrophe before cells that a spreadsheet would run, unless `exact`. Nothing
    limits the rows but `asked`, and XLSX. Raises `TableError`: `no_such_version`, `bad_query`, and
    for XLSX what that format cannot hold.
    """
    if kind not in FORMATS:
        raise TableError("bad_query", {"detail": f"no format {kind}"})
    whole = asked is None
    if kind == "parquet" and whole:
        return _of_file(store.path(version))
    reader = store.open(version) if asked is None else store.query(version, asked)
    schema = version.schema
    if tuple(reader.schema.names) != schema.names:
        # Chosen columns keep their labels; figures of groups have none.
        schema = Schema.from_arrow(reader.schema).carry(version.schema)
    return written(kind, schema, reader, exact=exact, bom=bom, language=language)


def written(
    kind: Format,
    schema: Schema,
    reader: write.Batches,
    *,
    exact: bool = False,
    bom: bool = False,
    language: str = "fr",
) -> Iterator[bytes]:
    """The bytes of a file with these rows, as they come; see `chunks`."""
    if kind in ("csv", "tsv"):
        separator = "," if kind == "csv" else "\t"
        return write.csv_chunks(schema, reader, separator=separator, bom=bom, exact=exact)
    if kind == "json":
        return write.json_chunks(schema, reader)
    if kind == "xml":
        return write_xml.xml_chunks(schema, reader, number="_id")
    if kind == "ndjson":
        return write.ndjson_chunks(schema, reader)
    return _made(kind, schema, reader, language)


def _made(kind: str, schema: Schema, reader: write.Batches, language: str) -> Iterator[bytes]:
    """Formats whose index is at the end of the file are made aside first."""
    with tempfile.TemporaryFile() as out:
        if kind == "xlsx":
            write.write_xlsx(out, schema, reader, language=language)
        else:
            write.write_parquet(out, schema, reader)
        out.seek(0)
        while data := out.read(CHUNK_BYTES):
            yield data


def _of_file(path) -> Iterator[bytes]:  # type: ignore[no-untyped-def]
    with path.open("rb") as file:
        while data := file.read(CHUNK_BYTES):
            yield data
