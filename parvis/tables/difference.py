"""What changed from one version of a table to the next, cell by cell or row by row."""

from collections.abc import Sequence
from dataclasses import dataclass

import pyarrow as pa

from parvis.tables import engine
from parvis.tables.engine import quoted, source
from parvis.tables.errors import TableError
from parvis.tables.store import Store, Version


@dataclass(frozen=True, slots=True)
class Difference:
    """Rows `added`, `removed`, and `changed` (zero without a key); how many `cells` changed.

    Columns that only one of the two has are named and not compared.
    """

    added: int
    removed: int
    changed: int
    cells: int
    columns_added: tuple[str, ...]
    columns_removed: tuple[str, ...]


ROWS = pa.schema(
    [
        ("change", pa.string()),
        ("key", pa.list_(pa.string())),
        ("column", pa.string()),
        ("before", pa.string()),
        ("after", pa.string()),
    ]
)


def difference(store: Store, old: Version, new: Version, key: Sequence[str] = ()) -> Difference:
    """Count what changed. `key` names the columns that tell a row; without them whole rows count.

    Raises `TableError`: `no_such_column`, `duplicate_key` when two rows have the same key,
    `no_such_version`.
    """
    shared = _shared(old, new)
    columns_added = tuple(n for n in new.schema.names if n not in shared)
    columns_removed = tuple(n for n in old.schema.names if n not in shared)
    if not shared:
        return Difference(new.rows, old.rows, 0, 0, columns_added, columns_removed)
    if key:
        _check_key(store, (old, new), key)
        cells = " + ".join(f"CAST({_differs(name)} AS INTEGER)" for name in shared)
        sql = (
            "SELECT count(*) FILTER (WHERE here_o IS NULL) AS added, "  # noqa: S608
            "count(*) FILTER (WHERE here_n IS NULL) AS removed, "
            "count(*) FILTER (WHERE here_o AND here_n AND cells > 0) AS changed, "
            "coalesce(sum(cells) FILTER (WHERE here_o AND here_n), 0)::BIGINT AS cells "
            f"FROM (SELECT here_o, here_n, {cells} AS cells FROM {_joined(store, old, new, key)})"
        )
    else:
        sql = (
            "SELECT coalesce(sum(n) FILTER (WHERE n > 0), 0)::BIGINT AS added, "  # noqa: S608
            "coalesce(-sum(n) FILTER (WHERE n < 0), 0)::BIGINT AS removed, 0 AS changed, "
            f"0 AS cells FROM ({_balance(store, old, new, shared)})"
        )
    return Difference(
        **engine.table(store.root, sql)[0],
        columns_added=columns_added,
        columns_removed=columns_removed,
    )


def changes(
    store: Store, old: Version, new: Version, key: Sequence[str] = ()
) -> pa.RecordBatchReader:
    """What changed, one cell a row (columns of `ROWS`), values as text.

    `change` is "added", "removed" or "changed"; the empty cells of rows added or removed are left
    out. Without `key`, `key` holds the cells of the whole row, which is "added" or "removed" as
    often as there are rows more or fewer like it, with `column` and both values null. Raises as
    `difference`.
    """
    shared = _shared(old, new)
    if key:
        _check_key(store, (old, new), key)
        keys = [f"coalesce({_key('o', i)}, {_key('n', i)})" for i in range(len(key))]
        named = ", ".join(f"{sql} AS key_{i}" for i, sql in enumerate(keys))
        # A key by its parts: engines do not agree on where an empty one stands in a list.
        order = ", ".join(f"key_{i}" for i in range(len(key)))
        texts = ", ".join(
            f"CAST({_cell('o', name)} AS VARCHAR) AS before_{i}, "
            f"CAST({_cell('n', name)} AS VARCHAR) AS after_{i}"
            for i, name in enumerate(shared)
        )
        # An entry for each column; the ones that do not differ are left out below.
        parts = ", ".join(
            f"{{'name': {_literal(name)}, 'before': before_{i}, 'after': after_{i}}}"
            for i, name in enumerate(shared)
        )
        sql = (
            'SELECT change, "key", part.name AS "column", part.before AS "before", '  # noqa: S608
            f'part.after AS "after" FROM (SELECT change, "key", {order}, unnest([{parts}]) AS part '
            "FROM (SELECT CASE WHEN here_o IS NULL THEN 'added' "
            "WHEN here_n IS NULL THEN 'removed' ELSE 'changed' END AS change, "
            f'[{", ".join(keys)}] AS "key", {named}, {texts} '
            f"FROM {_joined(store, old, new, key)})) WHERE part.before IS DISTINCT FROM part.after "
            f'ORDER BY {order}, "column"'
        )
    elif shared:
        cells = ", ".join(f"cell_{i}" for i in range(len(shared)))
        sql = (
            "SELECT CASE WHEN n > 0 THEN 'added' ELSE 'removed' END AS change, "  # noqa: S608
            f'[{cells}] AS "key", NULL::VARCHAR AS "column", NULL::VARCHAR AS "before", '
            'NULL::VARCHAR AS "after" FROM (SELECT *, unnest(range(abs(n)::BIGINT)) AS copy '
            f"FROM ({_balance(store, old, new, shared)})) ORDER BY change, {cells}"
        )
    else:
        return pa.RecordBatchReader.from_batches(ROWS, [])
    return engine.batches(store.root, sql, (), ROWS)


def _shared(old: Version, new: Version) -> list[str]:
    known = set(old.schema.names)
    return [name for name in new.schema.names if name in known]


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _cell(side: str, name: str) -> str:
    return quoted(f"{side}_{name}")


def _key(side: str, i: int) -> str:
    return quoted(f"key_{side}_{i}")


def _differs(name: str) -> str:
    """A column may have changed its type; its cells are then compared as they are written."""
    before, after = _cell("o", name), _cell("n", name)
    return f"(CAST({before} AS VARCHAR) IS DISTINCT FROM CAST({after} AS VARCHAR))"


def _check_key(store: Store, versions: Sequence[Version], key: Sequence[str]) -> None:
    names = ", ".join(quoted(name) for name in key)
    for version in versions:
        for name in key:
            version.schema[name]
        sql = (
            f"SELECT 1 FROM {source(store.path(version))} GROUP BY {names} "  # noqa: S608
            "HAVING count(*) > 1 LIMIT 1"
        )
        if engine.table(store.root, sql):
            raise TableError("duplicate_key", {"columns": ", ".join(key)})


def _joined(store: Store, old: Version, new: Version, key: Sequence[str]) -> str:
    sides = []
    for side, version in (("o", old), ("n", new)):
        columns = ", ".join(
            f"{quoted(name)} AS {_cell(side, name)}" for name in version.schema.names
        )
        keys = ", ".join(
            f"CAST({quoted(name)} AS VARCHAR) AS {_key(side, i)}" for i, name in enumerate(key)
        )
        sides.append(
            f"(SELECT {columns}, {keys}, true AS here_{side} FROM {source(store.path(version))})"  # noqa: S608
        )
    # Equal as text, since a type may have changed; "=" alone can be joined by hash, nulls beside.
    same = " AND ".join(
        f"coalesce({_key('o', i)}, '') = coalesce({_key('n', i)}, '') "
        f"AND ({_key('o', i)} IS NULL) = ({_key('n', i)} IS NULL)"
        for i in range(len(key))
    )
    return f"{sides[0]} FULL OUTER JOIN {sides[1]} ON {same}"


def _balance(store: Store, old: Version, new: Version, shared: Sequence[str]) -> str:
    """Rows as text, in columns cell_0, cell_1…, with how many more of them there are now: n."""
    cells = ", ".join(
        f"CAST({quoted(name)} AS VARCHAR) AS cell_{i}" for i, name in enumerate(shared)
    )
    names = ", ".join(f"cell_{i}" for i in range(len(shared)))
    return (
        f"SELECT {names}, sum(one)::BIGINT AS n FROM ("  # noqa: S608
        f"SELECT {cells}, 1 AS one FROM {source(store.path(new))} UNION ALL "
        f"SELECT {cells}, -1 AS one FROM {source(store.path(old))}) "
        f"GROUP BY {names} HAVING sum(one) <> 0"
    )
