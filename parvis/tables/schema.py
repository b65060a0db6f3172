"""Columns with a type and words in two languages, and the codebook made from them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal, get_args

import pyarrow as pa

from parvis.tables.cells import csv_text
from parvis.tables.errors import TableError

Type = Literal["text", "integer", "number", "boolean", "date", "datetime"]
TYPES: tuple[Type, ...] = get_args(Type)
Words = Mapping[str, str]

# DuckDB adds the first to a Parquet file that is read with row numbers, and a quick copy has both;
# a header of the same name would hide them.
RESERVED = frozenset({"file_row_number", "file_said"})
NAME_LENGTH_MAX = 200

_ARROW: dict[str, pa.DataType] = {
    "text": pa.string(),
    "integer": pa.int64(),
    "number": pa.float64(),
    "boolean": pa.bool_(),
    "date": pa.date32(),
    "datetime": pa.timestamp("us"),
}
_TYPE_WORDS: dict[Type, dict[str, str]] = {
    "text": {"fr": "texte", "en": "text"},
    "integer": {"fr": "nombre entier", "en": "whole number"},
    "number": {"fr": "nombre", "en": "number"},
    "boolean": {"fr": "vrai ou faux", "en": "true or false"},
    "date": {"fr": "date", "en": "date"},
    "datetime": {"fr": "date et heure", "en": "date and time"},
}
_HEADINGS: dict[str, tuple[str, str, str, str]] = {
    "fr": ("Colonne", "Type", "Libellé", "Description"),
    "en": ("Column", "Type", "Label", "Description"),
}


@dataclass(frozen=True, slots=True)
class Column:
    """One column: `name` as in the file's header, a type, and text in French and English.

    `utc` is true for date-times that carry a time zone: they are kept in UTC.
    """

    name: str
    type: Type = "text"
    label: Words = field(default_factory=dict)
    description: Words = field(default_factory=dict)
    utc: bool = False

    def __post_init__(self) -> None:
        if self.type not in TYPES:
            raise ValueError(f"unknown type {self.type!r}; valid types are {', '.join(TYPES)}")
        if not self.name or self.name.casefold() in RESERVED or len(self.name) > NAME_LENGTH_MAX:
            raise ValueError(f"bad column name {self.name!r}")

    @property
    def arrow_type(self) -> pa.DataType:
        """The Arrow type that carries this column without loss."""
        return pa.timestamp("us", "UTC") if self.utc else _ARROW[self.type]

    def heading(self, language: str) -> str:
        """The label in `language`, else in French, else in any language, else the name."""
        filled = {code: text for code, text in self.label.items() if text}
        return filled.get(language) or filled.get("fr") or next(iter(filled.values()), self.name)

    def as_dict(self) -> dict[str, Any]:
        """A JSON-ready dict; `Column.from_dict` reads it back."""
        return {
            "name": self.name,
            "type": self.type,
            "label": dict(self.label),
            "description": dict(self.description),
            "utc": self.utc,
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> "Column":
        """The column written by `as_dict`. Raises KeyError or ValueError on foreign content."""
        return cls(
            data["name"],
            data["type"],
            data.get("label", {}),
            data.get("description", {}),
            data.get("utc", False),
        )


@dataclass(frozen=True, slots=True)
class Schema:
    """Columns in order. Names differ even without regard to case, since SQL ignores case."""

    columns: tuple[Column, ...]

    def __post_init__(self) -> None:
        names = [column.name.casefold() for column in self.columns]
        if len(set(names)) != len(names):
            raise ValueError("two columns have the same name")

    def __getitem__(self, name: str) -> Column:
        """The column called `name`. Raises `TableError("no_such_column")`."""
        for column in self.columns:
            if column.name == name:
                return column
        raise TableError("no_such_column", {"column": name})

    @property
    def names(self) -> tuple[str, ...]:
        """The names in order."""
        return tuple(column.name for column in self.columns)

    def to_arrow(self) -> pa.Schema:
        """The same columns as an Arrow schema, without labels."""
        return pa.schema([(column.name, column.arrow_type) for column in self.columns])

    @classmethod
    def from_arrow(cls, schema: pa.Schema) -> "Schema":
        """The schema that can hold `schema`'s columns; labels are empty.

        Raises `TableError("schema_mismatch")` on lists, structs and other types not kept here.
        """
        return cls(tuple(Column(f.name, *_from_arrow_type(f.type)) for f in schema))

    def carry(self, previous: "Schema") -> "Schema":
        """This schema with the labels and descriptions that `previous` has for the same names.

        A reload of the file must not wipe the dictionary people wrote.
        """
        known = {column.name: column for column in previous.columns}
        return Schema(
            tuple(
                replace(c, label=known[c.name].label, description=known[c.name].description)
                if c.name in known
                else c
                for c in self.columns
            )
        )

    def as_list(self) -> list[dict[str, Any]]:
        """A JSON-ready list, one dict a column: the codebook in full."""
        return [column.as_dict() for column in self.columns]

    @classmethod
    def from_list(cls, data: Sequence[Mapping[str, Any]]) -> "Schema":
        """The schema written by `as_list`."""
        return cls(tuple(Column.from_dict(item) for item in data))

    def codebook(self, language: str = "fr") -> list[dict[str, str]]:
        """One dict a column in one language, keys `name`, `type`, `label`, `description`."""
        return [
            {
                "name": column.name,
                "type": _TYPE_WORDS[column.type].get(language, column.type),
                "label": column.heading(language),
                "description": column.description.get(language) or column.description.get("fr", ""),
            }
            for column in self.columns
        ]

    def codebook_csv(self) -> str:
        """The codebook as CSV text, both languages side by side."""
        names = ("name", "type", "label_fr", "label_en", "description_fr", "description_en")
        return csv_text(names, (
            (column.name, column.type, *(part.get(code, "")
             for part in (column.label, column.description) for code in ("fr", "en")))
            for column in self.columns
        ))  # fmt: skip

    def codebook_markdown(self, language: str = "fr") -> str:
        """The codebook as a Markdown table in one language."""
        headings = _HEADINGS.get(language, _HEADINGS["en"])
        rows: list[tuple[str, ...]] = [headings, ("---",) * 4]
        rows += [tuple(_cell(text) for text in row.values()) for row in self.codebook(language)]
        return "".join("| " + " | ".join(row) + " |\n" for row in rows)


def _from_arrow_type(kind: pa.DataType) -> tuple[Any, ...]:
    if pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_null(kind):
        return ("text",)
    if pa.types.is_boolean(kind):
        return ("boolean",)
    if pa.types.is_integer(kind):
        return ("integer",)
    if pa.types.is_floating(kind) or pa.types.is_decimal(kind):
        return ("number",)
    if pa.types.is_date(kind):
        return ("date",)
    if pa.types.is_timestamp(kind):
        return ("datetime", {}, {}, kind.tz is not None)
    raise TableError("schema_mismatch")


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("\\", "\\\\").replace("|", "\\|")
