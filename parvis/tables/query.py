"""Questions to a version: filter, search, sort, page, group. Compiled to SQL with parameters."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, get_args

import pyarrow as pa

from parvis.tables import engine, keyset, quick
from parvis.tables.condition import SEARCH_CHARACTERS_MAX as SEARCH_CHARACTERS_MAX
from parvis.tables.condition import Where as Where
from parvis.tables.condition import bad, condition, order_keys, placed
from parvis.tables.engine import quoted
from parvis.tables.schema import Column, Schema

Function = Literal["count", "distinct", "sum", "average", "min", "max"]
_ORDER = "file_row_number"


@dataclass(frozen=True, slots=True)
class Sort:
    """Order by a column, empty cells last or first; text without regard to case and accents."""

    column: str
    descending: bool = False
    empty_first: bool = False


@dataclass(frozen=True, slots=True)
class Aggregate:
    """One figure per group, called `name`. `column` is None only to count rows."""

    function: Function
    column: str | None
    name: str


@dataclass(frozen=True, slots=True)
class Query:
    """What is asked. Rows come in the order of the file unless `sort` says otherwise, and rows that
    sort alike keep that order, so that pages never overlap.

    `columns` None means all. `row_number` adds a first column of that name: the place in the file,
    from 1. `after` is such a number: the answer starts with the row that follows it in the order
    asked for, at the cost of the first page wherever it lies; with `before`, the rows that precede
    it come, the nearest first. `place` is the name under which
    `columns`, `where` and `sort` may speak of that number as of a column. `distinct` gives each
    row once, whatever its place; it is then sorted by its own columns. All conditions of `where`
    hold, and of each group of `any_of` one at least. With `group_by` or `aggregates` the
    answer has those columns only, and `sort` may name
    them; `columns`, `row_number`, `after` and `before` are then not allowed.
    """

    columns: tuple[str, ...] | None = None
    where: tuple[Where, ...] = ()
    search: str = ""
    sort: tuple[Sort, ...] = ()
    limit: int | None = None
    offset: int = 0
    group_by: tuple[str, ...] = ()
    aggregates: tuple[Aggregate, ...] = ()
    row_number: str | None = None
    after: int | None = None
    before: int | None = None
    place: str | None = None
    distinct: bool = False
    any_of: tuple[tuple[Where, ...], ...] = ()


def rows(path: Path, schema: Schema, query: Query) -> pa.RecordBatchReader:
    """The answer in batches, typed as the schema's columns.

    Raises `TableError`: `no_such_column`, `bad_query`.
    """
    sql, parameters, answer = compile_query(path, schema, query)
    return engine.batches(path.parents[1], sql, parameters, answer)


def count(path: Path, schema: Schema, query: Query) -> int:
    """How many rows meet the conditions; limit and groups play no part."""
    conditions, parameters = condition(schema, query, path)
    sql = f"SELECT count(*) AS n FROM {_source(path, query)}{conditions}"  # noqa: S608
    if query.distinct:
        selected, _, _ = _plain(placed(schema, query), query)
        sql = (
            f"SELECT count(*) AS n FROM (SELECT DISTINCT {selected} "  # noqa: S608
            f"FROM {_source(path, query)}{conditions})"
        )
    return engine.table(path.parents[1], sql, parameters)[0]["n"]


def facets(
    path: Path, schema: Schema, column: str, query: Query | None = None, limit: int = 50
) -> list[tuple[Any, int]]:
    """The `limit` most frequent values of `column` among the rows that match, most frequent first.

    Empty cells are counted under None. Ties go by value.
    """
    name = quoted(schema[column].name)
    query = query or Query()
    conditions, parameters = condition(schema, query, path)
    sql = (
        f"SELECT {name} AS value, count(*) AS n FROM {_source(path, query)}{conditions} "  # noqa: S608
        "GROUP BY 1 ORDER BY n DESC, value NULLS LAST LIMIT ?"
    )
    answer = engine.table(path.parents[1], sql, [*parameters, _natural(limit, "limit")])
    return [(row["value"], row["n"]) for row in answer]


def compile_query(path: Path, schema: Schema, query: Query) -> tuple[str, list[Any], pa.Schema]:
    """SQL, its parameters, and the schema of the answer.

    Every identifier comes from the schema and is quoted; every value is a parameter.
    """
    if query.group_by or query.aggregates:
        selected, answer, order = _grouped(schema, query)
        groups = ", ".join(str(i + 1) for i in range(len(query.group_by)))
        tail = f" GROUP BY {groups}" if groups else ""
    else:
        selected, answer, order = _plain(placed(schema, query), query)
        tail = ""
    conditions, parameters = condition(schema, query, path)
    for asked, bound in ((query.after, keyset.later), (query.before, keyset.earlier)):
        if asked is None:
            continue
        if query.distinct or query.place or any(sort.empty_first for sort in query.sort):
            raise bad("after a row, in an order that it has no place in")
        beyond, values = bound(path, schema, query)
        conditions += f"{' AND' if conditions else ' WHERE'} ({beyond})"
        parameters += values
    limit = query.limit
    if query.after is not None and limit is not None and not _narrowed(query):
        # In the order of the file it is known where this page ends: nothing beyond is read.
        conditions += f" AND {_ORDER} < ?"
        parameters.append(query.after + query.offset + _natural(limit, "limit"))
        limit = limit if query.offset else None
    once = "DISTINCT " if query.distinct else ""
    source = _source(path, query)
    if order == _ORDER and quick.reads(source):
        # Rows of a table of DuckDB's own come in the order that they lie in (its order
        # preservation): said again, they would all be sorted.
        order = ""
    sql = f"SELECT {once}{selected} FROM {source}{conditions}{tail}"  # noqa: S608
    if query.distinct:
        sql = f"SELECT * FROM ({sql})"  # noqa: S608
    if order:
        sql += f" ORDER BY {order}"
    if limit is not None:
        sql += " LIMIT ?"
        parameters.append(_natural(limit, "limit"))
    if query.offset:
        sql += " OFFSET ?"
        parameters.append(_natural(query.offset, "offset"))
    return sql, parameters, answer


def _narrowed(query: Query) -> bool:
    return bool(query.where or query.any_of or query.search or query.sort or query.before)


def _source(path: Path, query: Query) -> str:
    if query.place is None:
        return engine.source(path)
    place = f"{_ORDER} + 1 AS {quoted(query.place)}"
    return f"(SELECT *, {place} FROM {engine.source(path)})"  # noqa: S608


def _plain(schema: Schema, query: Query) -> tuple[str, pa.Schema, str]:
    names = schema.names[: -1 if query.place else None] if query.columns is None else query.columns
    columns = [schema[name] for name in names]
    fields = [pa.field(column.name, column.arrow_type) for column in columns]
    selected = [quoted(column.name) for column in columns]
    if query.row_number is not None:
        taken = {column.name.casefold() for column in columns}
        if query.row_number.casefold() in taken:
            raise bad(f"two columns called {query.row_number}")
        fields.insert(0, pa.field(query.row_number, pa.int64()))
        selected.insert(0, f"{_ORDER} + 1 AS {quoted(query.row_number)}")
    if not fields:
        raise bad("no column")
    if query.before is not None:  # from there backwards
        back = [Sort(key.column, not key.descending, True) for key in query.sort]
        order = [_order(schema[key.column], key) for key in back]
        return ", ".join(selected), pa.schema(fields), ", ".join([*order, f"{_ORDER} DESC"])
    order = [_order(schema[key.column], key) for key in query.sort]
    if not query.distinct:
        return ", ".join(selected), pa.schema(fields), ", ".join([*order, _ORDER])
    shown = {column.name for column in columns}
    if query.row_number or any(key.column not in shown for key in query.sort):
        raise bad("distinct rows are sorted by their own columns")
    return ", ".join(selected), pa.schema(fields), ", ".join([*order, *selected])


def _grouped(schema: Schema, query: Query) -> tuple[str, pa.Schema, str]:
    if (query.columns, query.row_number, query.after, query.before) != (None,) * 4:
        raise bad("columns of single rows beside groups")
    columns = [schema[name] for name in query.group_by]
    selected = [quoted(column.name) for column in columns]
    for item in query.aggregates:
        column, sql = _aggregate(schema, item)
        columns.append(column)
        selected.append(f"{sql} AS {quoted(item.name)}")
    try:
        answer = Schema(tuple(columns))
    except ValueError as error:
        raise bad(str(error)) from error
    # By position: an aggregate may bear the name of a column, and SQL would take the column.
    places = {column.name: str(place) for place, column in enumerate(answer.columns, start=1)}
    order = [f"{places[answer[key.column].name]} {_direction(key)}" for key in query.sort]
    order += [f"{i + 1} NULLS LAST" for i in range(len(query.group_by))]
    return ", ".join(selected), answer.to_arrow(), ", ".join(order)


def _aggregate(schema: Schema, item: Aggregate) -> tuple[Column, str]:
    if item.function not in get_args(Function):
        raise bad(f"no function {item.function}")
    if item.column is None:
        if item.function != "count":
            raise bad(f"{item.function} needs a column")
        return Column(item.name, "integer"), "count(*)"
    column = schema[item.column]
    name = quoted(column.name)
    if item.function == "count":
        return Column(item.name, "integer"), f"count({name})"
    if item.function == "distinct":
        return Column(item.name, "integer"), f"count(DISTINCT {name})"
    if item.function in ("min", "max"):
        return Column(item.name, column.type, utc=column.utc), f"{item.function}({name})"
    if column.type not in ("integer", "number"):
        raise bad(f"{item.function} of {column.type}")
    if item.function == "average":
        return Column(item.name, "number"), f"avg({name})"
    return Column(item.name, column.type), f"sum({name})"


def _order(column: Column, sort: Sort) -> str:
    return ", ".join(f"{key} {_direction(sort)}" for key in order_keys(column))


def _direction(sort: Sort) -> str:
    direction = "DESC" if sort.descending else "ASC"
    return f"{direction} NULLS {'FIRST' if sort.empty_first else 'LAST'}"


def _natural(value: int, what: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise bad(f"{what} must be 0 or more")
    return value
