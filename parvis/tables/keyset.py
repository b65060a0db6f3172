"""The rows after or before a given one, in any order: a page costs the same wherever it lies.

A version never changes, so the place of a row in the file is all that a reader has to keep: what
it is sorted by is looked up again.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from parvis.tables import engine
from parvis.tables.condition import order_keys, parameter, sql_type
from parvis.tables.errors import TableError
from parvis.tables.schema import Schema

if TYPE_CHECKING:
    from parvis.tables.query import Query


def later(path: Path, schema: Schema, query: "Query") -> tuple[str, list[Any]]:
    """The condition that a row comes after row `query.after`, and its parameters.

    Empty cells are last whatever the direction. Raises `TableError("bad_query")` when there is no
    such row.
    """
    place = _place(query.after, "after")
    keys, found = _keys(path, schema, query, place)
    if not keys:
        return "file_row_number >= ?", [place]
    alternatives: list[str] = []
    parameters: list[Any] = []
    ties: list[str] = []
    tied: list[Any] = []
    for i, (sql, kind, descending) in enumerate(keys):
        value = found[f"key_{i}"]
        if value is None:
            ties.append(f"{sql} IS NULL")
            continue
        given = [parameter(value)]
        mark = "<" if descending else ">"
        after = f"({sql} {mark} CAST(? AS {kind}) OR {sql} IS NULL)"
        alternatives.append(" AND ".join([*ties, after]))
        parameters += [*tied, *given]
        ties.append(f"{sql} = CAST(? AS {kind})")
        tied += given
    alternatives.append(" AND ".join([*ties, "file_row_number >= ?"]))
    parameters += [*tied, place]
    return " OR ".join(f"({one})" for one in alternatives), parameters


def earlier(path: Path, schema: Schema, query: "Query") -> tuple[str, list[Any]]:
    """The condition that a row comes before row `query.before`, and its parameters.

    Raises as `later`.
    """
    place = _place(query.before, "before")
    keys, found = _keys(path, schema, query, place)
    alternatives: list[str] = []
    parameters: list[Any] = []
    ties: list[str] = []
    tied: list[Any] = []
    for i, (sql, kind, descending) in enumerate(keys):
        value = found[f"key_{i}"]
        if value is None:
            # Every filled cell comes before an empty one, whatever the direction.
            alternatives.append(" AND ".join([*ties, f"{sql} IS NOT NULL"]))
            parameters += tied
            ties.append(f"{sql} IS NULL")
            continue
        given = [parameter(value)]
        mark = ">" if descending else "<"
        alternatives.append(" AND ".join([*ties, f"{sql} {mark} CAST(? AS {kind})"]))
        parameters += [*tied, *given]
        ties.append(f"{sql} = CAST(? AS {kind})")
        tied += given
    alternatives.append(" AND ".join([*ties, "file_row_number < ?"]))
    parameters += [*tied, place - 1]
    return " OR ".join(f"({one})" for one in alternatives), parameters


def _place(place: Any, what: str) -> int:
    if not isinstance(place, int) or isinstance(place, bool) or not 0 < place < 2**53:
        raise TableError("bad_query", {"detail": f"{what} needs the number of a row"})
    return place


def _keys(
    path: Path, schema: Schema, query: "Query", place: int
) -> tuple[list[tuple[str, str, bool]], dict[str, Any]]:
    """What the query sorts by (SQL, type, descending), and what row `place` has there."""
    keys = [
        (sql, sql_type(schema[sort.column]), sort.descending)
        for sort in query.sort
        for sql in order_keys(schema[sort.column])
    ]
    if not keys:
        return [], {}
    selected = ", ".join(f"{sql} AS key_{i}" for i, (sql, _, _) in enumerate(keys))
    found = engine.table(
        path.parents[1],
        f"SELECT {selected} FROM {engine.source(path)} WHERE file_row_number = ?",  # noqa: S608
        [place - 1],
    )
    if not found:
        raise TableError("bad_query", {"detail": f"there is no row {place}"})
    return keys, found[0]
