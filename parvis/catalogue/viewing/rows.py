"""One page of a table: rows before or after a place, how many match, the values of a column."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from parvis.catalogue import store
from parvis.catalogue.loading import in_words
from parvis.catalogue.previews import Heading
from parvis.catalogue.viewing.asked import ROWS, Asked, Wrong
from parvis.tables.errors import TableError
from parvis.tables.query import Query
from parvis.tables.write import iso

FACET_VALUES = 50


@dataclass(frozen=True)
class Value:
    """A value of a column, its rows, and the address of the rows that have it."""

    value: Any
    rows: int
    link: str


@dataclass(frozen=True)
class Shown:
    """A page of rows as (number in the file, cells); `next` and `previous` are addresses."""

    headings: Sequence[Heading]
    rows: Sequence[tuple[int, list[Any]]]
    count: int
    next: str
    previous: str
    values: Sequence[Value]


def show(asked: Asked) -> Shown:
    """Return the page asked for. What the engine refuses is added to `asked.wrong`."""
    if asked.wrong:
        return Shown(headings(asked), [], 0, "", "", [])
    try:
        return _show(asked)
    except TableError as error:
        asked.wrong.append(Wrong(in_words(error.reason, error.params), asked.link(filter=[])))
        return Shown(headings(asked), [], 0, "", "", [])


def headings(asked: Asked) -> list[Heading]:
    """Return the heads of the columns shown, each with the order that a click asks for."""
    found = []
    for name in asked.columns:
        up, down = asked.sort == name, asked.sort == f"-{name}"
        state = "ascending" if up else "descending" if down else ""
        numeric = asked.schema[name].type in {"integer", "number"}
        link = asked.link(sort=f"-{name}" if up else name)
        found.append(Heading(name, asked.heading(name), numeric, link, state))
    return found


def _show(asked: Asked) -> Shown:
    file, number = store.stored(asked.version), _number_name(asked)
    base = asked.base
    before = asked.before if asked.after is None else None
    query = replace(
        base, columns=asked.columns, row_number=number, after=asked.after, before=before,
        limit=ROWS + 1,
    )  # fmt: skip
    found = store.store().query(file, query).read_all().to_pylist()
    more, found = len(found) > ROWS, found[:ROWS]
    if before is not None:
        found.reverse()
    years = _years(asked)
    rows = [
        (row.pop(number), [str(v) if k in years and v is not None else v for k, v in row.items()])
        for row in found
    ]
    forward = bool(rows) and (more if before is None else True)
    backward = bool(rows) and (more if before is not None else asked.after is not None)
    return Shown(
        headings(asked),
        rows,
        store.store().count(file, replace(base, sort=())),
        asked.link(after=rows[-1][0]) if forward else "",
        asked.link(before=rows[0][0]) if backward else "",
        _values(asked, file) if asked.facet else [],
    )


def _years(asked: Asked) -> set[str]:
    """The columns of years, written as people do: 2021, not 2 021."""
    return {
        column["name"]
        for column in asked.version.profile["columns"]
        if column["type"] == "integer"
        and column["minimum"] is not None
        and column["minimum"] >= 1500
        and column["maximum"] <= 2200
    }


def _number_name(asked: Asked) -> str:
    taken = {name.casefold() for name in asked.schema.names}
    return next(name for name in ("_id", *(f"_id{i}" for i in range(999))) if name not in taken)


def _values(asked: Asked, file: Any) -> list[Value]:
    query = replace(asked.base, sort=())
    found = store.store().facets(file, asked.facet, query, FACET_VALUES)
    kept = [one.in_url for one in asked.filters]
    lines = []
    for value, rows in found:
        text = "" if value is None else str(iso(value))
        code = "empty" if value is None else "eq"
        condition = f"{asked.facet}|{code}|{text}"
        # An empty text is a value that no condition can name.
        link = asked.link(filter=[*kept, condition]) if text or value is None else ""
        lines.append(Value(value, rows, link))
    return lines


def whole(asked: Asked) -> Query | None:
    """Return the query of every row of the view; None for the whole table as it lies."""
    if not (asked.narrowed or asked.sort or asked.chosen):
        return None
    return replace(asked.base, columns=asked.columns if asked.chosen else None)
