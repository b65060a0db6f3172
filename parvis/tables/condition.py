"""The conditions of a query as SQL: each value is a parameter, each name is of the schema."""

import datetime
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from parvis.tables import folding, quick
from parvis.tables.engine import quoted
from parvis.tables.errors import TableError
from parvis.tables.schema import Column, Schema

if TYPE_CHECKING:
    from parvis.tables.query import Query

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
    "lacks",
    "starts with",
    "empty",
    "filled",
]
SEARCH_CHARACTERS_MAX = 200
SEARCH_WORDS_MAX = 20
VALUES_MAX = 10_000

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
    meets only "empty", "!=", "not in", "lacks", and "in" when None is in its list.
    "contains", "lacks" (does not contain) and "starts with" ignore case and accents; their
    `column` may be None: any column.
    """

    column: str | None
    operator: Operator
    value: Any = None


def placed(schema: Schema, query: "Query") -> Schema:
    """The schema with the place in the file as a last column, when the query names it."""
    if query.place is None:
        return schema
    try:
        return Schema((*schema.columns, Column(query.place, "integer")))
    except ValueError as error:
        raise bad(str(error)) from error


def condition(schema: Schema, query: "Query", path: Path | None = None) -> tuple[str, list[Any]]:
    """The WHERE clause, or nothing, and its parameters; `path` is the file, which may be copied."""
    parts: list[str] = []
    parameters: list[Any] = []
    for group in (*((where,) for where in query.where), *query.any_of):
        found = [_where(placed(schema, query), schema, where) for where in group]
        parts.append(f"({' OR '.join(sql for sql, _ in found)})" if found else "false")
        parameters += [value for _, values in found for value in values]
    if len(query.search) > SEARCH_CHARACTERS_MAX:
        raise bad(f"search is longer than {SEARCH_CHARACTERS_MAX} characters")
    # Each word may be found in any column. What stands between the cells of a row is white space,
    # which no word holds.
    cells = _cells(schema)
    texts = [_as_text(column) for column in schema.columns if column.type == "text"]
    copied = path is not None and quick.source(path) is not None
    for word in query.search.split()[:SEARCH_WORDS_MAX]:
        if copied:
            parts.append(f"contains({quick.SAID}, {folded('?')})")
            parameters.append(word)
            continue
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


def said(schema: Schema) -> str:
    """SQL for all that a row says, as words are looked for in it."""
    return folded(_cells(schema))


def _cells(schema: Schema) -> str:
    return f"concat_ws(chr(31), {', '.join(map(_as_text, schema.columns))})"


def _where(known: Schema, schema: Schema, where: Where) -> tuple[str, list[Any]]:
    operator, value = where.operator, where.value
    if operator in ("contains", "lacks", "starts with"):
        if where.column is None and operator == "starts with":
            raise bad("starts with needs a column")
        text = _cells(schema) if where.column is None else _as_text(known[where.column])
        function = "starts_with" if operator == "starts with" else "contains"
        sql = f"{function}({folded(text)}, {folded('?')})"
        return (f"({sql}) IS NOT TRUE" if operator == "lacks" else sql), [str(value)]
    if where.column is None:
        raise bad(f"{operator} needs a column")
    column = known[where.column]
    name, kind = quoted(column.name), sql_type(column)
    if operator == "empty":
        return f"{name} IS NULL", []
    if operator == "filled":
        return f"{name} IS NOT NULL", []
    if operator in ("in", "not in"):
        return _one_of(column, operator == "in", value)
    if operator == "between":
        return _between(column, value)
    if operator not in _COMPARISONS:
        raise bad(f"no operator {operator}")
    if operator == "!=":
        operator = "IS DISTINCT FROM"  # type: ignore[assignment]
    return f"{name} {operator} CAST(? AS {kind})", [parameter(value)]


def _one_of(column: Column, wanted: bool, values: Any) -> tuple[str, list[Any]]:
    if isinstance(values, str) or not hasattr(values, "__iter__"):
        raise bad("in needs a list")
    listed = list(values)
    items = [parameter(value) for value in listed if value is not None]
    empty = len(items) < len(listed)
    if len(items) > VALUES_MAX:
        raise bad(f"more than {VALUES_MAX} values")
    name, kind = quoted(column.name), sql_type(column)
    if not items and not empty:
        return ("false" if wanted else "true"), []
    if not items:
        return f"{name} IS {'' if wanted else 'NOT '}NULL", []
    choices = ", ".join([f"CAST(? AS {kind})"] * len(items))
    if wanted:
        found = f"{name} IN ({choices})"
        return (f"({name} IS NULL OR {found})" if empty else found), items
    left = f"{name} NOT IN ({choices})"
    return (left if empty else f"({name} IS NULL OR {left})"), items


def _between(column: Column, bounds: Any) -> tuple[str, list[Any]]:
    if isinstance(bounds, str) or not hasattr(bounds, "__iter__") or len(found := [*bounds]) != 2:
        raise bad("between needs two bounds")
    kind = sql_type(column)
    sql = f"{quoted(column.name)} BETWEEN CAST(? AS {kind}) AND CAST(? AS {kind})"
    return sql, [parameter(bound) for bound in found]


def parameter(value: Any) -> Any:
    allowed = str | bool | int | float | datetime.date
    if not isinstance(value, allowed):
        raise bad(f"no comparison with {type(value).__name__}")
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


def bad(detail: str) -> TableError:
    """The refusal of a query."""
    return TableError("bad_query", {"detail": detail})
