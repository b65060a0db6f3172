"""What a table says of itself, as `datastore_info` and the fields of an answer give it."""

from typing import Any

from parvis.catalogue.datastore.fields import ID
from parvis.catalogue.datastore.sources import Source

_NATIVE = {"bool": "boolean", "int4": "integer", "int8": "bigint", "float8": "double precision",
           "timestamp": "timestamp without time zone", "_text": "text[]"}  # fmt: skip


def fields_of(source: Source) -> dict[str, dict[str, Any]]:
    """Return name -> field of an answer, `_id` first."""
    return {ID: {"id": ID, "type": "int"}, **{one.id: one.as_dict() for one in source.fields}}


def info(source: Source) -> dict[str, Any]:
    """Return meta and fields of a table."""
    table, resource = source.table, source.resource
    aliases = sorted(table.aliases.values_list("name", flat=True)) if table else []
    key = table.primary_key if table else []
    indexed = {*key, *(table.indexes if table else ())}
    return {
        "meta": {
            "count": source.file.rows,
            "table_type": "BASE TABLE",
            "id": str(resource.pk),
            "size": source.file.bytes,
            "db_size": source.file.bytes,
            "idx_size": 0,
            "aliases": aliases,
        },
        "aliases": aliases,
        "fields": [
            {
                **one.as_dict(),
                "schema": {
                    "native_type": _NATIVE.get(one.type, one.type),
                    "notnull": False,
                    "index_name": f"{one.id}_idx" if one.id in indexed else None,
                    "is_index": one.id in indexed,
                    "uniquekey": key == [one.id],
                },
            }
            for one in source.fields
        ],
    }
