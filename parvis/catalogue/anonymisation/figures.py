"""The figures of a disclosure risk note: computed once from the answers, kept as plain values.

Pure on Arrow tables. Nothing here may give away what the tables hide: it goes on a public page.
"""

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib import metadata
from typing import Any

import pyarrow as pa

from parvis.catalogue import microdata
from parvis.catalogue.anonymisation import crossing
from parvis.core.jobs import Progress

BAND = 5


@dataclass(frozen=True)
class Answers:
    """The table of one activity: its name (a slug), its title, its rows."""

    name: str
    title: Mapping[str, str]
    table: pa.Table


def digest(answers: Sequence[Answers], choices: Any) -> str:
    """Return the SHA-256 of all answers, in any order of rows, and of the choices made.

    Whoever knows all answers but one could try each: it is to be keyed before it is kept.
    """
    total = hashlib.sha256(json.dumps(choices, sort_keys=True).encode())
    for one in sorted(answers, key=lambda one: one.name):
        rows = sorted(json.dumps(row, ensure_ascii=False) for row in one.table.to_pylist())
        schema = json.dumps([one.name, *map(str, one.table.schema)], ensure_ascii=False)
        total.update("\n".join([schema, *rows, ""]).encode())
    return total.hexdigest()


def code_version() -> str:
    """Return the versions of what computed: this program and its solver."""
    found = []
    for name in ("parvis", "scipy"):
        try:
            found.append(f"{name} {metadata.version(name)}")
        except metadata.PackageNotFoundError:
            found.append(name)
    return ", ".join(found)


def compute(
    answers: Sequence[Answers],
    threshold: int,
    crosses: Sequence[Sequence[str]],
    progress: Progress | None = None,
) -> tuple[dict[str, Any], dict[str, list[dict[str, Any]]]]:
    """Return the figures of all activities, and the crossed tables' rows by activity.

    Raises crossing.BadPair, CannotProtect.
    """
    step: Callable[[int, int], None] = progress or (lambda done, total: None)
    found, tables = [], {}
    total = 2 * len(answers)
    for n, one in enumerate(answers):
        step(2 * n, total)
        figures = _of(one, threshold)
        step(2 * n + 1, total)
        pairs = [(a, b) for name, a, b in crosses if name == one.name]
        if pairs:
            crossed = crossing.cross(one.table, pairs, threshold)
            figures["crossed"] = crossed.figures
            tables[one.name] = crossed.rows
        found.append(figures)
    step(total, total)
    return (
        {"threshold": threshold, "seed": 0, "code": code_version(), "activities": found},
        tables,
    )


def _of(one: Answers, threshold: int) -> dict[str, Any]:
    from parvis.analysis.privacy import risk  # numpy at work: jobs only

    table = one.table
    asked = microdata.columns_of(table)
    names = {kind: [c.name for c in asked if c.kind == kind] for kind in microdata.KINDS}
    figures: dict[str, Any] = {
        "name": one.name,
        "title": dict(one.title),
        "rows": table.num_rows,
        "opinions": len(names["opinion"]),
        "texts": len(names["text"]),
        "characteristics": len(names["characteristic"]),
        "withheld": [
            {"name": c.name, "label": dict(c.label), "why": "characteristic"}
            for c in asked
            if c.kind == "characteristic"
        ]
        + [{"name": name, "label": {}, "why": "unknown"} for name in microdata.left_out(table)],
    }
    if table.num_rows < threshold:
        figures["withheld"] += [
            {"name": c.name, "label": dict(c.label), "why": "few"}
            for c in asked
            if c.kind == "opinion"
        ]
        # Figures on fewer people than the threshold would say something of each.
        return figures
    columns = {name: table.column(name).to_pylist() for kind in names for name in names[kind]}
    opinions = {name: columns[name] for name in names["opinion"]}
    known = {name: columns[name] for name in names["characteristic"]}
    if opinions:
        figures["alike"] = _exposure(risk.exposure(opinions, threshold))
        figures["combined"] = [
            {"size": c.size, "mean": round(c.mean_share, 4), "worst": round(c.worst_share, 4)}
            for c in risk.combined(opinions)
        ]
    if known:
        figures["together"] = _exposure(risk.exposure(known, threshold))
        told = risk.diversity(known, opinions)
        figures["told"] = max((one.told for one in told), default=0)
        figures["one_way"] = _one_way(table, threshold)
    return figures


def _exposure(one: Any) -> dict[str, Any]:
    return {"k": one.k, "unique": one.unique, "under": one.under, "groups": one.groups}


def _one_way(table: pa.Table, threshold: int) -> dict[str, int]:
    counted = microdata.characteristics(table, threshold)
    rows = counted.data.to_pylist() if counted else []
    values = [row["valeur"] for row in rows]
    return {
        "tables": len({row["question"] for row in rows}),
        "merged": values.count(microdata.OTHERS),
        "suppressed": values.count(microdata.HIDDEN),
        "smallest": min((row["nombre"] for row in rows if row["nombre"]), default=0),
    }
