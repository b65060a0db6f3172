"""What the law names and how its registers look: read once from `data/`, never changed.

Classes: Règlement sur la diffusion de l’information (A-2.1, r. 2), in our words; the columns of
registers are ours. The files say their sources.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

from parvis.core.i18n import Text

_DATA = Path(__file__).parent / "data"
EXAMPLE = "EXEMPLE-"
"""Numbers that begin so are the examples of a template: an import leaves them out."""
NUMBER = "numero"


@dataclass(frozen=True)
class Class:
    """A class of documents or information to publish."""

    code: str
    name: Text
    plain: Text
    reference: Text


@dataclass(frozen=True)
class Column:
    """A column of a register. type: text, date, money, integer, boolean or choice.

    `personal`: free text in which numbers that belong to one person are refused.
    """

    name: str
    type: str
    required: bool
    label: Text
    help: Text
    examples: Sequence[str]
    characters: int = 500
    choices: Mapping[str, Text] = field(default_factory=dict)
    personal: bool = False


@dataclass(frozen=True)
class Shape:
    """A type of register: its class, its columns, how often it is due (quarter or year)."""

    code: str
    title: Text
    about: Text
    class_code: str
    frequency: str
    date: str
    amount: str | None
    columns: Sequence[Column]
    note: Text = field(default_factory=dict)

    def column(self, name: str) -> Column:
        """Return a column. Raises KeyError."""
        return {column.name: column for column in self.columns}[name]


def _read(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((_DATA / name).read_text("utf-8"))
    return found


@lru_cache(maxsize=1)
def classes() -> Mapping[str, Class]:
    """Return the classes by code, in the order of the regulation."""
    return {row["code"]: Class(**row) for row in _read("classes.json")["classes"]}


@lru_cache(maxsize=1)
def about_classes() -> Mapping[str, Any]:
    """Return title, note and sources of the list, and the delay of access requests (days)."""
    return {name: value for name, value in _read("classes.json").items() if name != "classes"}


@lru_cache(maxsize=1)
def shapes() -> Mapping[str, Shape]:
    """Return the types of register by code."""
    return {row["code"]: _shape(row) for row in _read("registers.json")["registers"]}


def _shape(row: Mapping[str, Any]) -> Shape:
    columns = tuple(Column(**column) for column in row["columns"])
    rest = {name: row[name] for name in ("code", "title", "about", "frequency", "date", "amount")}
    return Shape(**rest, class_code=row["class"], columns=columns, note=row.get("note", {}))


@lru_cache(maxsize=1)
def shape_of_class() -> Mapping[str, Shape]:
    """Return class code -> the type of register that answers it."""
    return {shape.class_code: shape for shape in shapes().values()}
