"""A table as XML, row by row: `<data><row _id="1"><name>cell</name>…</row></data>`.

An empty cell is `<name xsi:nil="true"/>`. What XML allows in no name is written `_x0020_`, as
ISO 9075-14 (SQL/XML, 9.1) maps identifiers; what it allows in no text is left out.
"""

import re
from collections.abc import Iterator
from xml.sax.saxutils import escape, quoteattr

from parvis.tables.schema import Schema
from parvis.tables.write import Batches, iso

_START = re.compile(r"[A-Za-z_\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u02ff\u0370-\u1fff]")
_NAME = re.compile(r"[-.A-Za-z0-9_\u00b7\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u02ff\u0300-\u1fff]")
_FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
_HEAD = (
    '<?xml version="1.0" encoding="utf-8"?>\n'
    '<data xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">\n'
)


def element_name(name: str) -> str:
    """`name` as an XML name, each character that none may hold written `_xHHHH_`."""
    written = "".join(c if _NAME.match(c) else f"_x{ord(c):04X}_" for c in name)
    if not _START.match(written) or name[:3].lower() == "xml":
        written = f"_x{ord(name[0]):04X}_" + written[len(name[0]) :]
    return written


def xml_chunks(schema: Schema, batches: Batches, *, number: str = "") -> Iterator[bytes]:
    """UTF-8 XML. The column called `number`, if any, is an attribute of its row."""
    yield _HEAD.encode()
    names = [element_name(name) for name in schema.names]
    for batch in batches:
        columns = [array.to_pylist() for array in batch.columns]
        rows = []
        for values in zip(*columns, strict=True):
            attribute, cells = "", []
            for name, element, value in zip(schema.names, names, values, strict=True):
                if name == number:
                    attribute = f" {element}={quoteattr(str(value))}"
                elif value is None:
                    cells.append(f'<{element} xsi:nil="true"/>')
                else:
                    cells.append(f"<{element}>{_text(value)}</{element}>")
            rows.append(f"<row{attribute}>{''.join(cells)}</row>\n")
        if rows:
            yield "".join(rows).encode()
    yield b"</data>\n"


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    text = _FORBIDDEN.sub("", str(iso(value)))
    # A reader turns a bare carriage return into a line feed (XML 1.0, 2.11).
    return escape(text, {"\r": "&#13;"})
