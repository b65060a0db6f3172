"""What a file was like as it came, before it became a table: kept, since the file is not."""

import io
import re
from collections.abc import Iterator, Mapping
from typing import Any, BinaryIO

from parvis.tables.errors import TableError
from parvis.tables.read.archive import opened_archive

HEAD_BYTES = 65_536
SHEET_BYTES_MAX = 64_000_000
CHUNK_BYTES = 1 << 20
SHOWN_MAX = 5
_MERGED = re.compile(rb'<(?:\w+:)?mergeCell\s[^>]*ref="([A-Z0-9:]{3,30})"')
_SPANNED = re.compile(rb'table:number-(?:columns|rows)-spanned="([2-9]|\d\d+)"')
# RFC 7946 has no "crs" any more; files that carry one say in which system they are.
_CRS = re.compile(rb'"crs"\s*:\s*\{[^{}]*\{[^{}]*"name"\s*:\s*"([^"]{1,80})"')
_HEADERS = ("duplicate_header", "empty_header", "reserved_header")


def seen(source: bytes | BinaryIO, name: str) -> dict[str, Any]:
    """Return what is seen in a file before it is read, since reading may close it.

    Keys: merged (of spreadsheets: how many groups of cells, the first ones), crs (of GeoJSON).
    """
    extension = name.rsplit(".", 1)[-1].lower()
    found: dict[str, Any] = {}
    if extension in {"xlsx", "ods"}:
        found["merged"] = _merged(source, extension)
    elif extension in {"geojson", "json"}:
        match = _CRS.search(_head(source))
        found["crs"] = match[1].decode("utf-8", "replace") if match else ""
    if not isinstance(source, bytes):
        source.seek(0)
    return found


def facts(reading: Any, before: Mapping[str, Any], name: str) -> dict[str, Any]:
    """Return what is known of a file only while it is there.

    `reading` is a table's `Reading`, `before` what `seen` returned. Keys: format, encoding,
    separator, name, sheets, headers (what is wrong in them), and those of `seen`.
    """
    headers = [
        {"column": p.column, "value": p.value, "reason": p.reason}
        for p in reading.problems
        if p.reason in _HEADERS
    ]
    return {
        "name": name,
        "format": reading.format,
        "encoding": reading.encoding,
        "separator": reading.separator,
        "sheets": list(reading.sheets)[:20],
        "headers": headers[:20],
        "wrong": reading.problems_total,
        **before,
    }


def _head(source: bytes | BinaryIO) -> bytes:
    if isinstance(source, bytes):
        return source[:HEAD_BYTES]
    source.seek(0)
    return source.read(HEAD_BYTES)


def _merged(source: bytes | BinaryIO, kind: str) -> dict[str, Any]:
    """Return how many groups of merged cells a spreadsheet has, and the first of them."""
    file = io.BytesIO(source) if isinstance(source, bytes) else source
    count = 0
    first: list[str] = []
    pattern = _MERGED if kind == "xlsx" else _SPANNED
    try:
        with opened_archive(file) as archive:
            for entry in archive.namelist():
                if not (entry.startswith("xl/worksheets/sheet") or entry == "content.xml"):
                    continue
                with archive.open(entry) as stream:
                    for place in _found(stream, pattern):
                        count += 1
                        if kind == "xlsx" and len(first) < SHOWN_MAX:
                            first.append(place.decode())
    except TableError:
        return {}  # it was read once: what stands in the way of a second look is no fault of it
    return {"count": count, "first": first}


def _found(stream: Any, pattern: re.Pattern[bytes]) -> Iterator[bytes]:
    tail, total = b"", 0
    while (chunk := stream.read(CHUNK_BYTES)) and total < SHEET_BYTES_MAX:
        total += len(chunk)
        block = tail + chunk
        end = 0
        for match in pattern.finditer(block):
            yield match[1]
            end = match.end()
        tail = block[max(end, len(block) - 200) :]
