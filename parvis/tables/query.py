"""Questions to a version: filter, search, sort, page, group. Compiled to SQL with parameters."""

import datetime
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, get_args

import pyarrow as pa

from parvis.tables import engine, folding, keyset
from parvis.tables.engine import quoted
from parvis.tables.errors import TableError
from parvis.tables.schema import Column, Schema

Operator = Literal[
    "=",
    "!=",
    "<",
    "<=",
    ">",
    ">=",
    "between",
    "in",
    "not in",
    "contains",
    "starts with",
    "empty",
    "filled",
]
Function = Literal["count", "distinct", "sum", "average", "min", "max"]
SEARCH_CHARACTERS_MAX = 200
SEARCH_WORDS_MAX = 20
VALUES_MAX = 10_000

_ORDER = "file_row_number"
_SQL_TYPE = {
    "text": "VARCHAR",
    "integer": "BIGINT",
    "number": "DOUBLE",
    "boolean": "BOOLEAN",
    "date": "DATE",
    "datetime": "TIMESTAMP",
}
# Letters of numbers, days, times and booleans as the engine writes them.
_IN_FIGURES = re.compile("[-+0-9.:etrufals]+")
_COMPARISONS = {"=", "!=", "<", "<=", ">", ">="}


@dataclass(frozen=True, slots=True)
class Where:
    """A condition on one column; all conditions of a query must hold.

    `value` is a list for "in" and "not in", two bounds that are both included for "between", unused
    for "empty" and "filled". Values may be text: they are read as the column's type. An empty cell
    meets only "empty", and "!=" and "not in".
    "contains" and "starts with" ignore case and accents.
    """

    column: str
    operator: Operator
    value: Any = None


@dataclass(frozen=True, slots=True)
class Sort:
    """Order by a column, empty cells last; text without regard to case and accents."""

    column: str
    descending: bool = False


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
    asked for, at the cost of the first page wherever it lies. With `group_by` or `aggregates` the
    answer has those columns only, and `sort` may name
    them; `columns`, `row_number` and `after` are then not allowed.
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


def rows(path: Path, schema: Schema, query: Query) -> pa.RecordBatchReader:
    """The answer in batches, typed as the schema's columns.

    Raises `TableError`: `no_such_column`, `bad_query`.
    """
    sql, parameters, answer = compile_query(path, schema, query)
    return engine.batches(path.parents[1], sql, parameters, answer)


def count(path: Path, schema: Schema, query: Query) -> int:
    """How many rows meet `where` and `search`; limit and groups play no part."""
    condition, parameters = _condition(schema, query)
    sql = f"SELECT count(*) AS n FROM {engine.source(path)}{condition}"  # noqa: S608
    return engine.table(path.parents[1], sql, parameters)[0]["n"]


def facets(
    path: Path, schema: Schema, column: str, query: Query | None = None, limit: int = 50
) -> list[tuple[Any, int]]:
    """The `limit` most frequent values of `column` among the rows that match, most frequent first.

    Empty cells are counted under None. Ties go by value.
    """
    name = quoted(schema[column].name)
    condition, parameters = _condition(schema, query or Query())
    sql = (
        f"SELECT {name} AS value, count(*) AS n FROM {engine.source(path)}{condition} "  # noqa: S608
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
        selected, answer, order = _plain(schema, query)
        tail = ""
    condition, parameters = _condition(schema, query)
    if query.after is not None:
        later, values = keyset.later(path, schema, query)
        condition += f"{' AND' if condition else ' WHERE'} ({later})"
        parameters += values
    sql = f"SELECT {selected} FROM {engine.source(path)}{condition}{tail}"  # noqa: S608
    if order:
        sql += f" ORDER BY {order}"
    if query.limit is not None:
        sql += " LIMIT ?"
        parameters.append(_natural(query.limit, "limit"))
    if query.offset:
        sql += " OFFSET ?"
        parameters.append(_natural(query.offset, "offset"))
    return sql, parameters, answer


def _plain(schema: Schema, query: Query) -> tuple[str, pa.Schema, str]:
    columns = [schema[name] for name in (schema.names if query.columns is None else query.columns)]
    fields = [pa.field(column.name, column.arrow_type) for column in columns]
    selected = [quoted(column.name) for column in columns]
    if query.row_number is not None:
        taken = {column.name.casefold() for column in columns}
        if query.row_number.casefold() in taken:
            raise _bad(f"two columns called {query.row_number}")
        fields.insert(0, pa.field(query.row_number, pa.int64()))
        selected.insert(0, f"{_ORDER} + 1 AS {quoted(query.row_number)}")
    if not fields:
        raise _bad("no column")
    order = [_order(schema[key.column], key.descending) for key in query.sort]
    return ", ".join(selected), pa.schema(fields), ", ".join([*order, _ORDER])


def _grouped(schema: Schema, query: Query) -> tuple[str, pa.Schema, str]:
    if (query.columns, query.row_number, query.after) != (None, None, None):
        raise _bad("columns of single rows beside groups")
    columns = [schema[name] for name in query.group_by]
    selected = [quoted(column.name) for column in columns]
    for item in query.aggregates:
        column, sql = _aggregate(schema, item)
        columns.append(column)
        selected.append(f"{sql} AS {quoted(item.name)}")
    try:
        answer = Schema(tuple(columns))
    except ValueError as error:
        raise _bad(str(error)) from error
    # By position: an aggregate may bear the name of a column, and SQL would take the column.
    places = {column.name: str(place) for place, column in enumerate(answer.columns, start=1)}
    order = [f"{places[answer[k.column].name]} {_direction(k.descending)}" for k in query.sort]
    order += [f"{i + 1} NULLS LAST" for i in range(len(query.group_by))]
    return ", ".join(selected), answer.to_arrow(), ", ".join(order)


def _aggregate(schema: Schema, item: Aggregate) -> tuple[Column, str]:
    if item.function not in get_args(Function):
        raise _bad(f"no function {item.function}")
    if item.column is None:
        if item.function != "count":
            raise _bad(f"{item.function} needs a column")
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
        raise _bad(f"{item.function} of {column.type}")
    if item.function == "average":
        return Column(item.name, "number"), f"avg({name})"
    return Column(item.name, column.type), f"sum({name})"


def _condition(schema: Schema, query: Query) -> tuple[str, list[Any]]:
    parts: list[str] = []
    parameters: list[Any] = []
    for where in query.where:
        sql, values = _where(schema[where.column], where)
        parts.append(sql)
        parameters += values
    if len(query.search) > SEARCH_CHARACTERS_MAX:
        raise _bad(f"search is longer than {SEARCH_CHARACTERS_MAX} characters")
    # Each word may be found in any column. What stands between the cells of a row is white space,
    # which no word holds.
    cells = f"concat_ws(chr(31), {', '.join(map(_as_text, schema.columns))})"
    texts = [_as_text(column) for column in schema.columns if column.type == "text"]
    for word in query.search.split()[:SEARCH_WORDS_MAX]:
        expression = folding.pattern(word)
        if expression is None:
            parts.append(f"contains({folded(cells)}, {folded('?')})")
            parameters.append(word)
            continue
        # Figures and days are not written out for a word they cannot hold.
        looked_in = f"concat_ws(chr(31), {', '.join(texts)})" if texts else "''"
        if _IN_FIGURES.fullmatch(folding.fold(word)):
            looked_in = cells
        parts.append(f"regexp_matches({looked_in}, ?)")
        parameters.append(expression)
    return (" WHERE " + " AND ".join(parts) if parts else ""), parameters


def _where(column: Column, where: Where) -> tuple[str, list[Any]]:
    name, kind = quoted(column.name), sql_type(column)
    operator, value = where.operator, where.value
    if operator == "empty":
        return f"{name} IS NULL", []
    if operator == "filled":
        return f"{name} IS NOT NULL", []
    if operator in ("in", "not in"):
        return _one_of(column, operator == "in", value)
    if operator == "between":
        return _between(column, value)
    if operator in ("contains", "starts with"):
        function = "contains" if operator == "contains" else "starts_with"
        return f"{function}({folded(_as_text(column))}, {folded('?')})", [str(value)]
    if operator not in _COMPARISONS:
        raise _bad(f"no operator {operator}")
    if operator == "!=":
        operator = "IS DISTINCT FROM"  # type: ignore[assignment]
    return f"{name} {operator} CAST(? AS {kind})", [parameter(value)]


def _one_of(column: Column, wanted: bool, values: Any) -> tuple[str, list[Any]]:
    if isinstance(values, str) or not hasattr(values, "__iter__"):
        raise _bad("in needs a list")
    items = [parameter(value) for value in values]
    if len(items) > VALUES_MAX:
        raise _bad(f"more than {VALUES_MAX} values")
    if not items:
        return ("false" if wanted else "true"), []
    name, kind = quoted(column.name), sql_type(column)
    choices = ", ".join([f"CAST(? AS {kind})"] * len(items))
    if wanted:
        return f"{name} IN ({choices})", items
    return f"({name} IS NULL OR {name} NOT IN ({choices}))", items


def _between(column: Column, bounds: Any) -> tuple[str, list[Any]]:
    if isinstance(bounds, str) or not hasattr(bounds, "__iter__") or len(found := [*bounds]) != 2:
        raise _bad("between needs two bounds")
    kind = sql_type(column)
    sql = f"{quoted(column.name)} BETWEEN CAST(? AS {kind}) AND CAST(? AS {kind})"
    return sql, [parameter(bound) for bound in found]


def parameter(value: Any) -> Any:
    allowed = str | bool | int | float | datetime.date
    if not isinstance(value, allowed):
        raise _bad(f"no comparison with {type(value).__name__}")
    if isinstance(value, datetime.datetime) and value.tzinfo:
        return value.astimezone(datetime.UTC).isoformat()
    if isinstance(value, str | bool):
        return value
    # As text, since a binding of Python dates would need another package.
    return repr(value) if isinstance(value, int | float) else value.isoformat()


def folded(expression: str) -> str:
    """SQL for an expression without case, accents, ligatures or typographic apostrophes."""
    return (
        f"replace(replace(replace(strip_accents(lower({expression})), 'œ', 'oe'), 'æ', 'ae'), "
        "'’', '''')"
    )


def _as_text(column: Column) -> str:
    name = quoted(column.name)
    return name if column.type == "text" else f"CAST({name} AS VARCHAR)"


def sql_type(column: Column) -> str:
    return "TIMESTAMPTZ" if column.utc else _SQL_TYPE[column.type]


def order_keys(column: Column) -> list[str]:
    """What a column is sorted by: texts without case and accents, then as they are."""
    name = quoted(column.name)
    return [folded(name), name] if column.type == "text" else [name]


def _order(column: Column, descending: bool) -> str:
    return ", ".join(f"{key} {_direction(descending)}" for key in order_keys(column))


def _direction(descending: bool) -> str:
    return "DESC NULLS LAST" if descending else "ASC NULLS LAST"


def _natural(value: int, what: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise _bad(f"{what} must be 0 or more")
    return value


def _bad(detail: str) -> TableError:
    return TableError("bad_query", {"detail": detail})
