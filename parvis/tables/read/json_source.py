"""JSON as rows: a list of objects, one object a line, columns of equal length, GeoJSON.

Read a little at a time, whatever its size; numbers keep the digits they are written with.
"""

import itertools
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, BinaryIO

from parvis.tables.errors import CellProblem, TableError
from parvis.tables.read import geometry, records, sniff
from parvis.tables.read.blocks import Piece, Records
from parvis.tables.read.records import Record
from parvis.tables.read.sniff import Encoding

CHARACTERS = 1 << 20
VALUE_CHARACTERS_MAX = 20_000_000
RECORDS = 10_000
_SPACE = re.compile(r"[ \t\r\n]*")


class Number(str):
    """A JSON number with its digits as written."""

    __slots__ = ()


_decoder = json.JSONDecoder(parse_float=Number, parse_int=Number, parse_constant=str)


def is_json(head: bytes, encoding: Encoding) -> bool:
    """Whether a text file starts as JSON does: a list, or an object with a quoted name."""
    text = head.decode(encoding.codec, "replace").lstrip("\ufeff \t\r\n")
    if text.startswith("["):
        return text[1:].lstrip()[:1] in ("{", "[", "]", "")
    return text.startswith("{") and text[1:].lstrip()[:1] in ('"', "}", "")


class _Text:
    """Values of a JSON text, one after the other."""

    def __init__(self, file: BinaryIO, encoding: Encoding) -> None:
        self._text = encoding.decode(file)
        self._file = file
        self._buffer = ""
        self._place = 0
        self._line = 1
        self._ended = False

    def peek(self) -> str:
        """The next character that is no space; empty at the end."""
        while True:
            found = _SPACE.match(self._buffer, self._place)
            self._place = found.end() if found else self._place
            if self._place < len(self._buffer):
                return self._buffer[self._place]
            if not self._fill():
                return ""

    def skip(self, expected: str) -> bool:
        """Pass over `expected` if it comes next."""
        if self.peek() != expected:
            return False
        self._place += 1
        return True

    def value(self) -> Any:
        """The next value. Raises `TableError("not_json")`, `"too_many_bytes"`."""
        self.peek()
        while True:
            try:
                value, end = _decoder.raw_decode(self._buffer, self._place)
            except (json.JSONDecodeError, RecursionError) as error:
                if isinstance(error, RecursionError) or not self._fill(double=True):
                    raise self.broken() from error
                continue
            # A number may go on after what has been read.
            if end == len(self._buffer) and isinstance(value, Number) and self._fill():
                continue
            self._place = end
            return value

    def broken(self) -> TableError:
        """The refusal of a text that is not JSON, with its line."""
        line = self._line + self._buffer.count("\n", 0, self._place)
        return TableError("not_json", {"line": line})

    def _fill(self, double: bool = False) -> bool:
        wanted = max(CHARACTERS, len(self._buffer) - self._place) if double else CHARACTERS
        if len(self._buffer) - self._place > VALUE_CHARACTERS_MAX:
            raise TableError("too_many_bytes", {"limit": VALUE_CHARACTERS_MAX})
        more = "" if self._ended else self._text.read(wanted)
        self._ended = not more
        self._line += self._buffer.count("\n", 0, self._place)
        self._buffer = self._buffer[self._place :] + more
        self._place = 0
        if self._ended and not self._text.closed and not self._file.closed:
            self._place = 0
        return bool(more)


@dataclass(slots=True)
class JsonSource:
    """Objects as rows; `names` grows when a later object brings a new name.

    `texts` holds the places of columns with numbers written as strings, such as codes.
    """

    format: str
    names: list[str]
    problems: list[CellProblem]
    _values: Iterator[Any]
    _places: dict[str, int] = field(default_factory=dict)
    texts: set[int] = field(default_factory=set)

    def pieces(self) -> Iterator[Piece]:
        """The rows in batches, numbered from 1."""
        while batch := list(itertools.islice(self._values, RECORDS)):
            rows = [self._record(n, value) for n, value in enumerate(batch, start=1)]
            yield Records(rows, len(batch), list(self.names))

    def _record(self, number: int, value: Any) -> Record:
        if not isinstance(value, dict):
            return Record(number, [_text(value)], "not_an_object")
        cells = [""] * len(self.names)
        for key, part in value.items():
            place = self._places.get(key)
            if place is None:
                place = self._add(key)
                cells.append("")
            if type(part) is str:
                if part[:1] in "0123456789-" and part:
                    self.texts.add(place)
                cells[place] = part
            else:
                cells[place] = _text(part)
        return Record(number, cells)

    def _add(self, key: str) -> int:
        name, _changed = records.header_names([key], 0)
        wanted = name[0] if name else f"column_{len(self.names) + 1}"
        taken = {known.casefold() for known in self.names}
        self.names.append(records.free_name(wanted, taken))
        self._places[key] = len(self.names) - 1
        return len(self.names) - 1


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return str(value)
    return _plain_json(value)


def _plain_json(value: Any) -> str:
    """A list or an object as JSON text; `Number`s are written as numbers."""
    if isinstance(value, Number):
        return str(value)
    if isinstance(value, dict):
        inner = ", ".join(f"{json.dumps(k, ensure_ascii=False)}: {_plain_json(v)}"
                          for k, v in value.items())  # fmt: skip
        return "{" + inner + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_plain_json, value)) + "]"
    return json.dumps(value, ensure_ascii=False)


def open_json(file: BinaryIO, encoding: Encoding) -> JsonSource:
    """The rows of a JSON file. Raises `TableError`: `not_json`, `not_rows`, `empty`."""
    text = _Text(file, encoding)
    kind, values = _values(text)
    first = list(itertools.islice(values, RECORDS))
    if not first:
        raise TableError("empty")
    if isinstance(first[0], list):  # a table as lists, the header first
        names = [sniff.readable(_text(cell))[0] for cell in first[0]]
        values = _from_lists(names, itertools.chain(first[1:], values))
        first = list(itertools.islice(values, RECORDS))
    keys = dict.fromkeys(k for v in first if isinstance(v, dict) for k in v)
    if not keys:
        raise TableError("not_rows")
    names, problems = records.header_names([sniff.readable(key)[0] or "" for key in keys], 0)
    names += [f"column_{n}" for n in range(len(names) + 1, len(keys) + 1)]
    places = {key: place for place, key in enumerate(keys)}
    return JsonSource(kind, names, problems, itertools.chain(first, values), places)


def _from_lists(names: list[str], rows: Iterator[Any]) -> Iterator[Any]:
    for row in rows:
        if isinstance(row, list) and len(row) <= len(names):
            yield dict(zip(names, row, strict=False))
        elif isinstance(row, list):
            extra = {f"column_{n}": v for n, v in enumerate(row[len(names) :], len(names) + 1)}
            yield {**dict(zip(names, row, strict=False)), **extra}
        else:
            yield row


def _values(text: _Text) -> tuple[str, Iterator[Any]]:
    if text.skip("["):
        return "json", _items(text, last=True)
    found = _object(text)
    if isinstance(found, tuple):
        return found
    if text.peek():  # another object follows: one a line
        return "ndjson", itertools.chain([found], _lines(text))
    return "json", iter(_columns(found))


def _items(text: _Text, *, last: bool) -> Iterator[Any]:
    """What a list holds; its bracket was passed. `last`: nothing may follow it."""
    if not text.skip("]"):
        while True:
            yield text.value()
            if text.skip(","):
                continue
            if text.skip("]"):
                break
            raise text.broken()
    if last and text.peek():
        raise text.broken()


def _lines(text: _Text) -> Iterator[Any]:
    while text.peek():
        yield text.value()


def _object(text: _Text) -> dict[str, Any] | tuple[str, Iterator[Any]]:
    """A whole object, or the list of objects it holds as soon as it comes."""
    if not text.skip("{"):
        raise text.broken()
    found: dict[str, Any] = {}
    while not text.skip("}"):
        if found and not text.skip(","):
            raise text.broken()
        key = text.value()
        if not isinstance(key, str) or isinstance(key, Number) or not text.skip(":"):
            raise text.broken()
        if text.peek() == "[":
            text.skip("[")
            if text.peek() == "{":
                if key == "features":
                    return "geojson", map(geometry.feature, _items(text, last=False))
                return "json", _items(text, last=False)
            found[key] = list(_items(text, last=False))
        elif text.peek() == "{":
            inner = _object(text)
            if isinstance(inner, tuple):  # CKAN puts its rows under "result"
                return inner
            found[key] = inner
        else:
            found[key] = text.value()
    return found


def _columns(found: dict[str, Any]) -> list[dict[str, Any]]:
    """Rows from an object of lists of equal length; a plain object is one row."""
    if not found:
        raise TableError("empty")
    lists = [v for v in found.values() if isinstance(v, list)]
    if len(lists) == len(found):
        if len({len(v) for v in lists}) != 1:
            raise TableError("not_rows")
        return [dict(zip(found, row, strict=True)) for row in zip(*lists, strict=True)]
    return [found]
