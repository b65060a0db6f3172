"""Two-way tables of a consultation's answers, hidden cells and all. Pure on Arrow tables.

Small categories are merged first, as in the one-way tables, so that every margin may be shown;
then cells are hidden in one model for all the tables of an activity.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from parvis.analysis import privacy
from parvis.analysis.privacy import cells
from parvis.catalogue import microdata
from parvis.catalogue.microdata import NO_ANSWER, OTHERS, Asked, Table
from parvis.tables.schema import Column, Schema

PAIRS_MAX, VALUES_MAX = 6, 40
TOTAL = "_total"
_OPINIONS = "the opinions"

Pair = tuple[str, str]


class BadPair(ValueError):
    """A table that is not made; `reason` is a word, `pair` says which."""

    def __init__(self, reason: str, pair: Pair) -> None:
        super().__init__(f"{reason}: {pair}")
        self.reason = reason
        self.pair = pair


@dataclass(frozen=True)
class Crossed:
    """The protected tables of one activity: their rows, and the figures of their protection."""

    rows: list[dict[str, Any]]
    figures: dict[str, Any]


def crossable(table: pa.Table) -> list[Asked]:
    """Return the columns that may be crossed: characteristics, then opinions."""
    asked = [column for column in microdata.columns_of(table) if column.kind != "text"]
    return sorted(asked, key=lambda column: column.kind != "characteristic")


def check(table: pa.Table, pairs: Sequence[Pair]) -> None:
    """Return when tables may be made of these pairs. Raises BadPair.

    The opinions stand together in a published file, so that they count as one variable when one
    looks for circles.
    """
    kinds = {column.name: column.kind for column in crossable(table)}
    if len(pairs) > PAIRS_MAX:
        raise BadPair("many", pairs[PAIRS_MAX])
    for pair in pairs:
        if set(pair) - set(kinds) or len(set(pair)) != 2:
            raise BadPair("unknown", pair)
        if {kinds[name] for name in pair} == {"opinion"}:
            raise BadPair("opinions", pair)

    def variable(name: str) -> str:
        return _OPINIONS if kinds[name] == "opinion" else f"c:{name}"

    for n, pair in enumerate(pairs):
        if not cells.acyclic([(variable(a), variable(b)) for a, b in pairs[: n + 1]]):
            raise BadPair("circle", pair)


def _merged(table: pa.Table, name: str, threshold: int, pair: Pair) -> list[str]:
    """Return a column with its small values merged. Raises BadPair where nothing would be left."""
    values = [microdata.cell(value) for value in table.column(name).to_pylist()]
    one = privacy.one_way_tables({name: values}, threshold=threshold)[name]
    shown = {value for value, _count in one.cells}
    if one.suppressed or len(shown) + bool(one.other) < 2:
        raise BadPair("few", pair)
    if len(shown) > VALUES_MAX:
        raise BadPair("values", pair)
    return [(NO_ANSWER if v is None else v) if v in shown else OTHERS for v in values]


def cross(table: pa.Table, pairs: Sequence[Pair], threshold: int) -> Crossed:
    """Make the tables and hide what has to be. Raises BadPair, CannotProtect."""
    from parvis.analysis.privacy import suppression  # scipy: jobs only

    check(table, pairs)
    columns = {
        name: _merged(table, name, threshold, pair) for pair in pairs for name in sorted(set(pair))
    }
    tables = cells.count_tables(columns, list(pairs))
    plan = suppression.protect(tables, threshold)
    asked = {column.name: column for column in crossable(table)}
    rows = [row for pair in pairs for row in _rows(tables, plan.hidden, pair, asked)]
    inner = [i for name in tables.names for i in tables.of(name)]
    figures = {
        "tables": len(tables.names),
        "cells": len(inner),
        "hidden": len(plan.hidden),
        "primary": len(plan.primary),
        "secondary": len(plan.secondary),
        "narrowest": round(min((one.width for one in plan.known), default=0)),
        "smallest": min((n for row in rows if (n := row["nombre"])), default=0),
        "method": plan.method,
        "weight": round(plan.weight, 6),
        "bound": round(plan.bound, 6),
    }
    return Crossed(rows, figures)


def _rows(
    tables: cells.Tables, hidden: frozenset[int], pair: Pair, asked: Mapping[str, Asked]
) -> list[dict[str, Any]]:
    """Return the rows of one table: inner cells, then each margin, then the total."""
    first, second = pair
    of_pair = tables.of(pair)
    margins = [*tables.of((first,)), *tables.of((second,)), *tables.of(())]
    found = []
    for i in [*of_pair, *margins]:
        values = dict(tables.keys[i])
        row: dict[str, Any] = {"question_a": first, "question_b": second}
        for side, name in (("a", first), ("b", second)):
            value = values.get(name, TOTAL)
            words = microdata.words_of(asked[name], value)
            row |= {
                f"valeur_{side}": value,
                f"valeur_{side}_fr": words.get("fr", value),
                f"valeur_{side}_en": words.get("en", value),
            }
        row |= {"nombre": None if i in hidden else tables.counts[i], "masque": i in hidden}
        found.append(row)
    return found


def as_table(rows: Sequence[Mapping[str, Any]]) -> Table | None:
    """Return the rows of crossed tables as a file; None where there are none."""
    if not rows:
        return None
    label = {
        "question": {"fr": "Question", "en": "Question"},
        "valeur": {"fr": "Valeur", "en": "Value"},
        "fr": {"fr": "Réponse, en français", "en": "Answer, in French"},
        "en": {"fr": "Réponse, en anglais", "en": "Answer, in English"},
    }
    columns = [Column(f"question_{side}", "text", label["question"]) for side in "ab"]
    for side in "ab":
        columns += [
            Column(f"valeur_{side}", "text", label["valeur"]),
            Column(f"valeur_{side}_fr", "text", label["fr"]),
            Column(f"valeur_{side}_en", "text", label["en"]),
        ]
    columns += [
        Column("nombre", "integer", {"fr": "Personnes", "en": "People"}),
        Column(
            "masque",
            "boolean",
            {"fr": "Case masquée", "en": "Hidden cell"},
            {
                "fr": "Trop peu de personnes, ou masquée pour qu’on ne déduise pas une autre case.",
                "en": "Too few people, or hidden so that no other cell can be worked out.",
            },
        ),
    ]
    schema = Schema(tuple(columns))
    names = [column.name for column in columns]
    data = [{name: row[name] for name in names} for row in rows]
    return Table(pa.Table.from_pylist(data, schema.to_arrow()), schema)
