"""DuckDB's SQL in that of Spark, with the same meaning to the letter.

A query is written once, in DuckDB's SQL. Ibis's reader of SQL (sqlglot) makes a tree of it and
writes the tree for Spark; here is what that leaves different: how text is folded, how numbers and
times are written as text, what a parameter means, and where rows come from.
"""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from ibis.backends.sql.dialects import PySpark
from sqlglot import exp, parse_one
from sqlglot.tokens import TokenType

from parvis.tables.schema import NAME_LENGTH_MAX

NUMBER, LARGE, SMALL = "parvis_number", "parvis_large", "parvis_small"
_TEXTS = (exp.DataType.Type.TEXT, exp.DataType.Type.VARCHAR)
_WHOLE = frozenset({"bigint", "int", "smallint", "tinyint"})
Cast = tuple[int, str]
Types = Mapping[str, str | None]
Constants = Callable[[Sequence[Cast]], Mapping[Cast, Any]]


def functions(small: Sequence[tuple[str, str]]) -> list[str]:
    """The statements that make our functions; `small` has each letter that folds, and into what.

    `parvis_number` takes a number as Java 17 writes it and gives it as DuckDB does: the fewest
    digits that tell it from all others, an exponent under 1e-4 and from 1e16.
    """
    kept = [pair for pair in small if pair[1]]
    gone = [pair for pair in small if not pair[1]]  # what has no letter to become is removed
    before = "".join(a for a, _ in (*kept, *gone))
    after = "".join(b for _, b in kept)
    power = "CAST(substring_index(c, 'e', -1) AS INT)"
    fixed = "regexp_replace(CAST(CAST(c AS DECIMAL(38, 21)) AS STRING), '([.][0-9]+?)0+$', '$1')"
    short = "regexp_replace(regexp_replace(c, '([.][0-9]*?)0+e', '$1e'), '[.]e', 'e')"
    number = "CAST(s AS DOUBLE)"
    # Java 17 is not sure of the last digit of large whole numbers, which are exact in 64 bits.
    whole = f"abs(CAST({number} AS BIGINT))"
    unit = f"CAST(pow(10, length(CAST({whole} AS STRING)) - greatest(p, 15)) AS BIGINT)"
    rounded = f"CAST(({whole} + {unit} div 2) div {unit} * {unit} AS STRING)"
    large = (
        f"concat(if({number} < 0, '-', ''), left({rounded}, 1), '.', substr({rounded}, 2), "
        f"'e+', length({rounded}) - 1)"
    )
    tried = (
        f"transform(array(1, 15, 16, 17), p -> CASE WHEN abs({number}) BETWEEN 1e16D AND 9e18D "
        f"THEN {large} ELSE format_string(concat('%.', p - 1, 'e'), {number}) END)"
    )
    shortest = f"slice(filter({tried}, c -> CAST(c AS DOUBLE) = {number}), 1, 1)"
    return [
        f"DECLARE OR REPLACE VARIABLE {LARGE} STRING DEFAULT {_text(before)}",
        f"DECLARE OR REPLACE VARIABLE {SMALL} STRING DEFAULT {_text(after)}",
        f"CREATE OR REPLACE TEMPORARY FUNCTION {NUMBER}(s STRING) RETURNS STRING "
        "RETURN CASE WHEN s IS NULL OR length(s) < 16 AND NOT contains(s, 'E') THEN s "
        f"ELSE element_at(transform({shortest}, c -> CASE WHEN {power} BETWEEN -4 AND 15 "
        f"THEN {fixed} ELSE {short} END), 1) END",
    ]


def text_of(name: str) -> str:
    """The column of a view that has the numbers of column `name` as text; no file has such a name.

    Written out where it is asked for, the expression would come back for each word and column of a
    search, and Spark would think about it longer than it reads.
    """
    return f"{name} {'as text':_>{NAME_LENGTH_MAX}}"


def texts_of(columns: Mapping[str, str]) -> list[str]:
    """The expressions of those columns."""
    return [
        f"{NUMBER}(CAST({quoted} AS STRING)) AS {_quoted(text_of(name))}"
        for name, kind in columns.items()
        if kind == "double" and (quoted := _quoted(name))
    ]


def _quoted(name: str) -> str:
    return exp.to_identifier(name, quoted=True).sql(PySpark)


def _text(text: str) -> str:
    """A constant, as bytes: no letter of it can end it, escape or be replaced."""
    return f"CAST(X'{text.encode().hex()}' AS STRING)"


def translate(
    sql: str,
    parameters: Sequence[Any],
    constants: Constants,
    view: Callable[[Path], tuple[str, Mapping[str, str]]],
) -> tuple[exp.Expression, int | None]:
    """The tree of a query to be written for Spark, and the rows it may have at most, if it says so.

    `constants` says what parameters are once cast (DuckDB's own reading of them), `view` gives the
    name and the types of the columns of a file. Raises UnicodeEncodeError on half a letter.
    """
    tree = parse_one(_numbered(sql), read="duckdb")
    types: dict[str, str | None] = {}
    for table in list(tree.find_all(exp.Table)):
        if isinstance(table.this, exp.ReadParquet | exp.Anonymous):
            literal = table.find(exp.Literal)
            assert literal is not None  # noqa: S101 a file always has a path
            name, columns = view(Path(literal.this))
            for column, kind in columns.items():
                # Two files of one query may have a column of two types: it is found out later.
                types[column] = kind if types.get(column, kind) == kind else None
            table.set("this", exp.to_identifier(name))
    most = _most(tree, parameters)
    casts = [(node, cast) for node in tree.find_all(exp.Cast) if (cast := _cast(node))]
    known = constants([cast for _, cast in casts]) if casts else {}
    for node, cast in casts:
        node.replace(_constant(known[cast], cast[1]))
    # From the leaves, so that what is moved has been changed already.
    for node in list(tree.dfs())[::-1]:
        if isinstance(node, exp.Placeholder):
            node.replace(_plain(parameters[_index(node)]))
            continue
        for change in _CHANGES:
            if (new := change(node, types)) is not None:
                node.replace(new)
                break
    return tree, most


def _numbered(sql: str) -> str:
    """Each ? with its number: the order of a tree is not that of the text."""
    from sqlglot.dialects.duckdb import DuckDB

    parts, at, number = [], 0, 0
    for token in DuckDB().tokenize(sql):
        if token.token_type is TokenType.PLACEHOLDER:
            number += 1
            parts += [sql[at : token.start], f"${number}"]
            at = token.end + 1
    return "".join([*parts, sql[at:]])


def _most(tree: exp.Expression, parameters: Sequence[Any]) -> int | None:
    limit = tree.args.get("limit")
    if limit is None:
        return None
    shown = limit.expression
    return int(parameters[_index(shown)] if isinstance(shown, exp.Placeholder) else shown.name)


def _plain(value: Any) -> exp.Expression:
    if isinstance(value, str):
        return _constant(value, "VARCHAR")
    return exp.Literal.number(int(value))


def _index(node: exp.Expression) -> int:
    return int(node.name) - 1


def _cast(node: exp.Expression) -> Cast | None:
    """A parameter's index and the type it is cast to."""
    if isinstance(node, exp.Cast) and isinstance(node.this, exp.Placeholder):
        return _index(node.this), node.to.sql("duckdb").upper()
    return None


def _constant(value: Any, kind: str) -> exp.Expression:
    """A constant of Spark; days as their number since 1970, moments as microseconds."""
    if value is None:
        return exp.null()
    if kind in ("VARCHAR", "TEXT"):
        return _sql(_text(value))
    if kind == "BOOLEAN":
        return exp.Boolean(this=value)
    if kind == "DOUBLE":
        return _sql(f"CAST('{float(value)!r}' AS DOUBLE)")
    whole = f"CAST('{int(value)}' AS BIGINT)"
    if kind == "DATE":
        return _sql(f"date_from_unix_date(CAST({whole} AS INT))")
    if kind == "TIMESTAMPTZ":
        return _sql(f"timestamp_micros({whole})")
    if kind == "TIMESTAMP":
        return _sql(f"CAST(timestamp_micros({whole}) AS TIMESTAMP_NTZ)")
    return _sql(whole)


def _sql(text: str) -> exp.Expression:
    return parse_one(text, dialect=PySpark)


def _call(name: str, *arguments: exp.Expression) -> exp.Expression:
    return exp.Anonymous(this=name, expressions=list(arguments))


def _is_call(node: exp.Expression, name: str) -> bool:
    return isinstance(node, exp.Anonymous) and node.name.upper() == name


def _folding(node: exp.Expression, _types: Types) -> exp.Expression | None:
    if _is_call(node, "STRIP_ACCENTS"):
        (lower,) = node.expressions
        # Letters are made small as well. A variable, since a statement would hold 5500 letters each
        # time, and Spark sorts by no function of ours.
        variables = (exp.column(name, table="session", db="system") for name in (LARGE, SMALL))
        return _call("translate", lower.this, *variables)
    return None


def _as_text(node: exp.Expression, types: Types) -> exp.Expression | None:
    """What a cell is as text depends on its type; Spark knows it where we do not."""
    if type(node) is not exp.Cast or node.to.this not in _TEXTS or isinstance(node.this, exp.Null):
        return None
    plain = node.copy()
    cell = node.this
    kind = types.get(cell.name) if isinstance(cell, exp.Column) else None
    if kind == "double":
        return exp.column(text_of(cell.name), quoted=True)
    moment = _call("concat", plain, exp.Literal.string("+00"))
    if kind is not None:
        return moment if kind == "timestamp" else plain
    return (
        exp.case(_call("typeof", cell.copy()))
        .when(exp.Literal.string("double"), _call(NUMBER, plain))
        .when(exp.Literal.string("timestamp"), moment)
        .else_(plain)
    )


def _total(node: exp.Expression, types: Types) -> exp.Expression | None:
    """Whole numbers are summed as whole numbers, past 64 bits too."""
    if not isinstance(node, exp.Sum | exp.Avg) or not isinstance(node.this, exp.Column):
        return None
    if types.get(node.this.name) not in _WHOLE:
        return None
    total = exp.Sum(this=exp.cast(node.this.copy(), "DECIMAL(38, 0)"))
    if isinstance(node, exp.Sum):
        return total
    return exp.paren(exp.cast(total, "DOUBLE") / exp.Count(this=node.this.copy()), copy=False)


def _period(node: exp.Expression, _types: Types) -> exp.Expression | None:
    if not isinstance(node, exp.DateTrunc | exp.TimestampTrunc):
        return None
    unit, day = node.args["unit"].name.upper(), exp.cast(node.this.copy(), "DATE")
    if unit == "DAY":
        return day
    if unit == "DECADE":
        year = _call("year", day)
        tens = exp.Mul(this=exp.IntDiv(this=year, expression=exp.Literal.number(10)),
                       expression=exp.Literal.number(10))  # fmt: skip
        return _call("make_date", tens, exp.Literal.number(1), exp.Literal.number(1))
    return _call("trunc", day, exp.Literal.string(unit))


def _finite(node: exp.Expression, _types: Types) -> exp.Expression | None:
    found = _is_call(node, "ISFINITE")
    return _infinity(node.expressions[0]) if found else None


def _infinity(number: exp.Expression) -> exp.Expression:
    # NaN is greater than any other number there.
    return exp.paren(exp.LT(this=_call("abs", number), expression=_constant("inf", "DOUBLE")))


def _whole_match(node: exp.Expression, _types: Types) -> exp.Expression | None:
    if isinstance(node, exp.RegexpFullMatch):
        cell, pattern = node.this, node.expression
    elif _is_call(node, "REGEXP_FULL_MATCH"):
        cell, pattern = node.expressions
    else:
        return None
    # Java's letters without case are those of English unless it is told otherwise.
    inner = pattern.name.replace("(?i:", "(?iu:")
    return exp.RegexpLike(this=cell, expression=_constant(rf"\A(?:{inner})\z", "VARCHAR"))


def _letter(node: exp.Expression, _types: Types) -> exp.Expression | None:
    if not isinstance(node, exp.Bracket):
        return None
    return _call("left", node.this, exp.Literal.number(1))  # only the first is asked for


def _kept(node: exp.Expression, _types: Types) -> exp.Expression | None:
    if isinstance(node, exp.CTE) and node.args.get("materialized"):
        node.set("materialized", None)
    return None


_CHANGES = (_folding, _as_text, _total, _period, _finite, _whole_match, _letter, _kept)
