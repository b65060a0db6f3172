"""Figures of the rows that match: by value, by period, by bin, by cell of a grid."""

import datetime
import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from parvis.tables import engine, profile
from parvis.tables.condition import bad, condition
from parvis.tables.engine import quoted
from parvis.tables.query import Query
from parvis.tables.schema import Schema

Measure = Literal["count", "sum", "average", "min", "max"]
MEASURES: tuple[Measure, ...] = ("count", "sum", "average", "min", "max")
_SQL = {"sum": "sum", "average": "avg", "min": "min", "max": "max"}


@dataclass(frozen=True, slots=True)
class Group:
    """Rows of one value, period or bin: how many, and the figure asked for (None: no value)."""

    start: Any
    rows: int
    value: float | None
    end: Any = None


def _value(schema: Schema, measure: str, column: str | None) -> str:
    if measure == "count":
        return "count(*)"
    if measure not in _SQL:
        raise bad(f"no figure {measure}")
    if column is None or schema[column].type not in ("integer", "number"):
        raise bad(f"{measure} needs a column of numbers")
    # As floats: a sum of whole numbers may be larger than a whole number of 64 bits.
    return f"{_SQL[measure]}(CAST({quoted(column)} AS DOUBLE))"


def by_value(
    path: Path,
    schema: Schema,
    column: str,
    asked: Query,
    measure: str = "count",
    of: str | None = None,
    limit: int = 20,
) -> tuple[list[Group], int]:
    """The groups with the largest figures, an empty cell as None; and how many groups there are.

    Raises `TableError`: `no_such_column`, `bad_query`.
    """
    name, figure = quoted(schema[column].name), _value(schema, measure, of)
    conditions, parameters = condition(schema, asked)
    sql = (
        f"SELECT {name} AS start, count(*) AS n, {figure} AS figure, "  # noqa: S608
        f"count(*) OVER () AS groups FROM {engine.source(path)}{conditions} "
        "GROUP BY 1 ORDER BY figure DESC NULLS LAST, start NULLS LAST LIMIT ?"
    )
    found = engine.table(path.parents[1], sql, [*parameters, limit])
    groups = [Group(row["start"], row["n"], row["figure"]) for row in found]
    return groups, found[0]["groups"] if found else 0


def bounds(path: Path, schema: Schema, column: str, asked: Query) -> tuple[Any, Any, int, int]:
    """Smallest and greatest value, filled cells, rows. Raises as `by_value`."""
    name = quoted(schema[column].name)
    conditions, parameters = condition(schema, asked)
    sql = (
        f"SELECT min({name}) AS low, max({name}) AS high, count({name}) AS filled, "  # noqa: S608
        f"count(*) AS n FROM {engine.source(path)}{conditions}"
    )
    row = engine.table(path.parents[1], sql, parameters)[0]
    return row["low"], row["high"], row["filled"], row["n"]


def by_period(
    path: Path,
    schema: Schema,
    column: str,
    asked: Query,
    measure: str = "count",
    of: str | None = None,
) -> tuple[str, list[Group]]:
    """The period that suits the span (day, month, year, decade), and a group for each, also empty.

    Empty cells are in none. Raises as `by_value`, and `bad_query` for a column without dates.
    """
    if schema[column].type not in ("date", "datetime"):
        raise bad(f"{column} has no dates")
    name, figure = quoted(column), _value(schema, measure, of)
    low, high, filled, _ = bounds(path, schema, column, asked)
    if not filled:
        return "day", []
    first, last = _day(low), _day(high)
    period = profile.period_for(first, last)
    conditions, parameters = condition(schema, asked)
    sql = (
        f"SELECT greatest(CAST(date_trunc('{period}', {name}) AS DATE), DATE '0001-01-01') "  # noqa: S608
        f"AS start, count(*) AS n, {figure} AS figure FROM {engine.source(path)}{conditions} "
        f"{'AND' if conditions else 'WHERE'} {name} IS NOT NULL GROUP BY 1"
    )
    found = {row["start"]: row for row in engine.table(path.parents[1], sql, parameters)}
    none = 0 if measure in ("count", "sum") else None
    return period, [
        Group(start, found[start]["n"], found[start]["figure"])
        if start in found
        else Group(start, 0, none)
        for start in profile.period_starts(first, last, period)
    ]


def _day(value: datetime.date) -> datetime.date:
    return value.date() if isinstance(value, datetime.datetime) else value


def by_bin(path: Path, schema: Schema, column: str, asked: Query) -> list[Group]:
    """Counts of rows in some ten bins of equal width; the last includes its end.

    Raises as `by_value`, and `bad_query` for a column without numbers.
    """
    if schema[column].type not in ("integer", "number"):
        raise bad(f"{column} has no numbers")
    low, high, filled, _ = bounds(path, schema, column, asked)
    if not filled:
        return []
    edges = profile.bin_edges(low, high, whole=schema[column].type == "integer")
    name = quoted(column)
    parts = []
    for place, (start, end) in enumerate(itertools.pairwise(edges)):
        upper = "<=" if place == len(edges) - 2 else "<"
        within = f"{name} >= {_literal(start)} AND {name} {upper} {_literal(end)}"
        parts.append(f"count(*) FILTER (WHERE {within}) AS bin_{place}")
    conditions, parameters = condition(schema, asked)
    sql = f"SELECT {', '.join(parts)} FROM {engine.source(path)}{conditions}"  # noqa: S608
    row = engine.table(path.parents[1], sql, parameters)[0]
    pairs = itertools.pairwise(edges)
    return [Group(a, row[f"bin_{i}"], row[f"bin_{i}"], b) for i, (a, b) in enumerate(pairs)]


def _literal(edge: float) -> str:
    """SQL for a number of our own; a bare 0.3 would be a decimal there, not the float."""
    return str(edge) if isinstance(edge, int) else f"CAST('{edge!r}' AS DOUBLE)"


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell of a grid that holds rows: its place from the left and from below, and their mean."""

    column: int
    line: int
    rows: int
    x: float
    y: float


@dataclass(frozen=True, slots=True)
class Grid:
    """Cells that hold rows within `box` (x0, y0, x1, y1), rows outside it, rows without a place.

    Sum of the cells' rows + `outside` + `without` = rows that match.
    """

    cells: tuple[Cell, ...]
    box: tuple[float, float, float, float] | None
    outside: int
    without: int


def point_of_wkt(name: str, *, first: bool = False) -> tuple[str, str]:
    """SQL for x and y of a column of well-known text that holds points; null for all else.

    With `first`, the first corner of lines and areas too.
    """
    column = quoted(name)
    # Cut by place: a text split in parts, or a pattern, takes nine times as long.
    text = f"ltrim(substr({column}, instr({column}, '('), 90), '(')"
    if not first:
        text = f"(CASE WHEN starts_with({column}, 'POINT') THEN {text} END)"
    rest = f"translate(substr({text}, instr({text}, ' ') + 1), ',)', '  ')"
    return (
        f"TRY_CAST(substr({text}, 1, instr({text}, ' ') - 1) AS DOUBLE)",
        f"TRY_CAST(substr({rest}, 1, instr({rest}, ' ') - 1) AS DOUBLE)",
    )


def numbers(x: str, y: str) -> tuple[str, str]:
    """SQL for two columns of numbers."""
    return f"CAST({quoted(x)} AS DOUBLE)", f"CAST({quoted(y)} AS DOUBLE)"


@dataclass(frozen=True, slots=True)
class Span:
    """The box (x0, y0, x1, y1) of the rows with a place; how many those are, and the others."""

    box: tuple[float, float, float, float] | None
    placed: int
    without: int


def span(
    path: Path,
    schema: Schema,
    place: tuple[str, str],
    asked: Query,
    world: Sequence[float] | None = None,
) -> Span:
    """Return what the rows that match span; see `grid`. Raises as `by_value`."""
    places, good, parameters = _places(path, schema, place, asked, world)
    sql = (
        f"{places} SELECT count(*) AS n, count(*) FILTER (WHERE {good}) AS placed, "  # noqa: S608
        f"min(x) FILTER (WHERE {good}) AS x0, min(y) FILTER (WHERE {good}) AS y0, "
        f"max(x) FILTER (WHERE {good}) AS x1, max(y) FILTER (WHERE {good}) AS y1 FROM places"
    )
    row = engine.table(path.parents[1], sql, parameters)[0]
    box = (row["x0"], row["y0"], row["x1"], row["y1"]) if row["placed"] else None
    return Span(box, row["placed"], row["n"] - row["placed"])


def _places(
    path: Path,
    schema: Schema,
    place: tuple[str, str],
    asked: Query,
    world: Sequence[float] | None,
) -> tuple[str, str, list[Any]]:
    """SQL of a table `places` of x and y, the condition of a good one, and the parameters."""
    conditions, parameters = condition(schema, asked)
    good = "x IS NOT NULL AND y IS NOT NULL AND isfinite(x) AND isfinite(y)"
    if world:
        a, b, c, d = map(_literal, map(float, world))
        good += f" AND x BETWEEN {a} AND {c} AND y BETWEEN {b} AND {d}"
    # Once for all: text that is read as numbers anew at each use took 24 s for a million rows.
    places = (
        f"WITH places AS MATERIALIZED (SELECT {place[0]} AS x, {place[1]} AS y "  # noqa: S608
        f"FROM {engine.source(path)}{conditions})"
    )
    return places, good, parameters


def grid(
    path: Path,
    schema: Schema,
    place: tuple[str, str],
    asked: Query,
    *,
    size: tuple[int, int],
    box: Sequence[float] | None = None,
    world: Sequence[float] | None = None,
) -> Grid:
    """Count rows in a grid of `size` cells over `box`, by default all that they span.

    `place` is SQL for x and y, from `numbers` or `point_of_wkt`: never the words of a person. What
    lies beyond `world` has no place. The rows are read once where `box` is given. Raises as
    `by_value`.
    """
    if box is None:
        within = span(path, schema, place, asked, world)
        if within.box is None:
            return Grid((), None, 0, within.without)
        box = within.box
    places, good, parameters = _places(path, schema, place, asked, world)
    x0, y0, x1, y1 = box
    columns, lines = size
    a, b, c, d = map(_literal, map(float, (x0, y0, x1, y1)))
    # A span of zero, or beyond the reach of floats, is one cell.
    across = f"least({columns - 1}, CAST(floor((x - {a}) / {_span(x0, x1, columns)}) AS INTEGER))"
    up = f"least({lines - 1}, CAST(floor((y - {b}) / {_span(y0, y1, lines)}) AS INTEGER))"
    inside = f"x BETWEEN {a} AND {c} AND y BETWEEN {b} AND {d}"
    # Column -2: no place; -1: outside the box.
    cell = f"CASE WHEN NOT ({good}) THEN -2 WHEN NOT ({inside}) THEN -1 ELSE"
    sql = (
        f"{places}, cells AS (SELECT {cell} {across} END AS across, {cell} {up} END AS up, x, y "  # noqa: S608
        "FROM places) SELECT across, up, count(*) AS n, avg(x) FILTER (WHERE across >= 0) AS x, "
        "avg(y) FILTER (WHERE across >= 0) AS y FROM cells GROUP BY 1, 2 ORDER BY n DESC, 1, 2"
    )
    found = engine.table(path.parents[1], sql, parameters)
    cells = tuple(
        Cell(r["across"], r["up"], r["n"], r["x"], r["y"]) for r in found if r["across"] >= 0
    )
    beyond = {r["across"]: r["n"] for r in found if r["across"] < 0}
    return Grid(cells, (x0, y0, x1, y1), beyond.get(-1, 0), beyond.get(-2, 0))


def _span(low: float, high: float, parts: int) -> str:
    step = (float(high) - float(low)) / parts
    return _literal(step if 0 < step < float("inf") else 1e308)


def shapes(
    path: Path,
    schema: Schema,
    column: str,
    asked: Query,
    *,
    limit: int,
    characters_max: int,
    box: Sequence[float] | None = None,
) -> tuple[list[tuple[int, str]], int]:
    """Lines and areas as (row in the file, well-known text), and how many rows match that have one.

    Those longer than `characters_max` are counted and not given. With `box` (x0, y0, x1, y1), only
    those whose first corner is in it. Raises as `by_value`.
    """
    name = quoted(schema[column].name)
    conditions, parameters = condition(schema, asked)
    tail = (
        f"{'AND' if conditions else 'WHERE'} {name} IS NOT NULL "
        f"AND NOT starts_with({name}, 'POINT') AND {name} LIKE '%(%'"
    )
    if box:
        a, b, c, d = map(_literal, map(float, box))
        x, y = point_of_wkt(column, first=True)
        tail += f" AND {x} BETWEEN {a} AND {c} AND {y} BETWEEN {b} AND {d}"
    sql = f"SELECT count(*) AS n FROM {engine.source(path)}{conditions} {tail}"  # noqa: S608
    total = engine.table(path.parents[1], sql, parameters)[0]["n"]
    if not total:
        return [], 0
    sql = (
        f"SELECT file_row_number + 1 AS place, {name} AS shape FROM {engine.source(path)}"  # noqa: S608
        f"{conditions} {tail} AND length({name}) <= ? ORDER BY file_row_number LIMIT ?"
    )
    found = engine.table(path.parents[1], sql, [*parameters, characters_max, limit])
    return [(row["place"], row["shape"]) for row in found], total
