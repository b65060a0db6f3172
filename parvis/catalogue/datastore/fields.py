"""Columns as CKAN's DataStore names their types, and cells as it takes and gives them."""

import datetime
import json
import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from parvis.core.i18n import DEFAULT, tr
from parvis.tables.schema import NAME_LENGTH_MAX, RESERVED, Column, Schema, Type

ID = "_id"
CELL_CHARACTERS_MAX = 1_000_000
COLUMNS_MAX = 1_000
# As PostgreSQL's users write them -> as we keep them.
_SAME = {
    "int": "int4", "integer": "int4", "smallint": "int4", "int2": "int4", "bigint": "int8",
    "float": "float8", "double precision": "float8", "real": "float8", "float4": "float8",
    "decimal": "numeric", "number": "numeric", "string": "text", "varchar": "text",
    "character varying": "text", "boolean": "bool", "jsonb": "json", "nested": "json",
    "text[]": "_text", "timestamptz": "timestamp", "datetime": "timestamp",
    "timestamp without time zone": "timestamp",
}  # fmt: skip
OURS: Mapping[str, Type] = {
    "text": "text", "numeric": "number", "int4": "integer", "int8": "integer",
    "float8": "number", "timestamp": "datetime", "date": "date", "bool": "boolean",
    "json": "text", "_text": "text",
}  # fmt: skip
THEIRS: Mapping[Type, str] = {
    "text": "text", "integer": "int8", "number": "float8", "boolean": "bool", "date": "date",
    "datetime": "timestamp",
}  # fmt: skip
_TRUE = frozenset({"true", "t", "yes", "y", "on", "1"})
_FALSE = frozenset({"false", "f", "no", "n", "off", "0"})
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)
_WHOLE = re.compile(r"[+-]?\d{1,19}", re.ASCII)
_CODE = re.compile(r"[+-]?0\d", re.ASCII)
_EXACT = 2**53


@dataclass(frozen=True, slots=True)
class Field:
    """One column: `id`, `type` as CKAN names it, `info` (label, notes, type_override)."""

    id: str
    type: str
    info: Mapping[str, Any] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        """Return the field as answers hold it: `info` only when there is some."""
        found: dict[str, Any] = {"id": self.id, "type": self.type}
        return {**found, "info": dict(self.info)} if self.info else found


def type_of(name: str) -> str | None:
    """Return a type under the name we keep it by, or None when there is no such type."""
    plain = " ".join(name.lower().split())
    found = _SAME.get(plain, plain)
    return found if found in OURS else None


def name_problem(name: Any) -> str:
    """Return what is wrong with the name of a column; empty when nothing is."""
    if not isinstance(name, str) or not name.strip() or name != name.strip():
        return f"{name!r} is not a valid field name"
    if name.startswith("_") or '"' in name or name.casefold() in RESERVED or "\0" in name:
        return f'"{name}" is not a valid field name'
    if len(name) > NAME_LENGTH_MAX:
        return f"a field name is longer than {NAME_LENGTH_MAX} characters"
    return ""


def schema(fields: Sequence[Mapping[str, Any]], before: Schema | None = None) -> Schema:
    """Return the columns of a table; words that programs did not give are those of `before`."""
    columns = []
    for one in fields:
        info = one.get("info") or {}
        label, notes = str(info.get("label") or ""), str(info.get("notes") or "")
        columns.append(
            Column(
                one["id"],
                OURS[one["type"]],
                {DEFAULT: label} if label else {},
                {DEFAULT: notes} if notes else {},
            )
        )
    made = Schema(tuple(columns))
    if before is None:
        return made
    carried = made.carry(before).columns
    return Schema(
        tuple(
            Column(new.name, new.type, new.label or old.label, new.description or old.description)
            for new, old in zip(made.columns, carried, strict=True)
        )
    )


def of_schema(found: Schema, given: Sequence[Mapping[str, Any]] = ()) -> list[Field]:
    """Return the fields of a table: its types as programs gave them, else by what it holds."""
    known = {one["id"]: one for one in given}
    fields = []
    for column in found.columns:
        one = known.get(column.name, {})
        words = {"label": tr(column.label, DEFAULT), "notes": tr(column.description, DEFAULT)}
        info = {**{key: text for key, text in words.items() if text}, **(one.get("info") or {})}
        fields.append(Field(column.name, one.get("type") or THEIRS[column.type], info))
    return fields


def guess(value: Any) -> str:
    """Return the type that a first value suggests, as CKAN guesses; codes (007) stay text."""
    if isinstance(value, bool):
        return "bool"
    if isinstance(value, int):
        return "int4" if -(2**31) <= value < 2**31 else "int8" if abs(value) < 2**63 else "numeric"
    if isinstance(value, float):
        return "float8"
    if isinstance(value, dict | list):
        return "json"
    text = str(value).strip() if value is not None else ""
    if _WHOLE.fullmatch(text) and not _CODE.match(text):
        return guess(int(text))
    if _NUMBER.fullmatch(text) and not _CODE.match(text):
        return "numeric"
    if re.match(r"\d{4}-\d\d-\d\dT", text):
        try:
            _moment(text)
        except ValueError:
            return "text"
        return "timestamp"
    return "text"


def cell(value: Any, kind: str) -> Any:
    """Return a cell as it is kept (JSON). Raises ValueError with words that name the value.

    An empty text is no value, but for text.
    """
    if value is None or (kind != "text" and isinstance(value, str) and not value.strip()):
        return None
    return _READ[kind](value)


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if not isinstance(value, str):
        value = _json_text(value) if isinstance(value, dict | list) else str(value)
    if "\0" in value or len(value) > CELL_CHARACTERS_MAX:
        raise _wrong("text", value)
    try:
        value.encode()
    except UnicodeEncodeError:
        raise _wrong("text", "?") from None
    return str(value)


def _integer(bits: int) -> Callable[[Any], int]:
    name = "int4" if bits == 32 else "int8"

    def read(value: Any) -> int:
        if isinstance(value, str) and _WHOLE.fullmatch(value.strip()):
            value = int(value)
        if isinstance(value, float) and value.is_integer():
            value = int(value)
        if isinstance(value, bool) or not isinstance(value, int):
            raise _wrong(name, value)
        if not -(2 ** (bits - 1)) <= value < 2 ** (bits - 1):
            raise ValueError(f'value "{value}" is out of range for type {name}')
        return value

    return read


def _number(value: Any) -> float | int:
    if isinstance(value, str) and _NUMBER.fullmatch(value.strip()):
        value = float(value)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise _wrong("numeric", value)
    try:
        finite = math.isfinite(value)
    except OverflowError:
        finite = False
    if not finite:
        raise _wrong("numeric", value)
    if isinstance(value, int) and int(float(value)) != value:
        raise ValueError(f'value "{value}" is no exact numeric here: use int8 or text')
    return value


def _moment(text: str) -> datetime.datetime:
    moment = datetime.datetime.fromisoformat(text)
    if moment.tzinfo is not None:
        moment = moment.astimezone(datetime.UTC).replace(tzinfo=None)
    return moment


def _timestamp(value: Any) -> str:
    try:
        return _moment(str(value).strip()).isoformat()
    except (ValueError, OverflowError):
        raise _wrong("timestamp", value) from None


def _date(value: Any) -> str:
    try:
        return _moment(str(value).strip()).date().isoformat()
    except (ValueError, OverflowError):
        raise _wrong("date", value) from None


def _boolean(value: Any) -> bool:
    text = str(value).strip().lower()
    if isinstance(value, float) or text not in _TRUE | _FALSE:
        raise _wrong("boolean", value)
    return text in _TRUE


def _json_text(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, allow_nan=False)


def _json(value: Any) -> str:
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except (ValueError, RecursionError):
            raise _wrong("json", value) from None
    try:
        return _text(_json_text(value))
    except (ValueError, RecursionError):
        raise _wrong("json", "?") from None


def _texts(value: Any) -> str:
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except (ValueError, RecursionError):
            raise _wrong("_text", value) from None
    if not isinstance(value, list):
        raise _wrong("_text", value)
    return _text(_json_text([None if one is None else _text(one) for one in value]))


def _wrong(kind: str, value: Any) -> ValueError:
    return ValueError(f'invalid input syntax for type {kind}: "{str(value)[:100]}"')


_READ: Mapping[str, Callable[[Any], Any]] = {
    "text": _text, "int4": _integer(32), "int8": _integer(64), "numeric": _number,
    "float8": _number, "timestamp": _timestamp, "date": _date, "bool": _boolean, "json": _json,
    "_text": _texts,
}  # fmt: skip


def arrow_value(value: Any, kind: str) -> Any:
    """Return a kept cell as Arrow takes it."""
    if value is None:
        return None
    if kind == "timestamp":
        return datetime.datetime.fromisoformat(value)
    return datetime.date.fromisoformat(value) if kind == "date" else value


def given(value: Any, kind: str) -> Any:
    """Return a cell of a table as answers hold it: JSON, times as `2024-01-31T00:00:00`."""
    if isinstance(value, datetime.datetime):
        return value.replace(tzinfo=None).isoformat()
    if isinstance(value, datetime.date):
        return value.isoformat()
    if isinstance(value, float) and value.is_integer() and abs(value) < _EXACT:
        return int(value)
    if kind in ("json", "_text") and value is not None:
        return json.loads(value)
    return value
