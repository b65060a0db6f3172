"""Tables as statements name them, and statements to try on the tables there are."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_lazy as _

from parvis.catalogue.datastore.sources import plain
from parvis.catalogue.models import Resource
from parvis.core.models import State
from parvis.tables.engine import quoted

TABLES_MAX = 100
_PLAIN = re.compile(r"[a-z_][a-z0-9_]*")
# Words of SQL that no bare name may be.
_RESERVED = frozenset(
    "all analyse analyze and any array as asc asymmetric both case cast check collate column "
    "constraint create default deferrable desc describe distinct do else end except false fetch "
    "for foreign from grant group having in initially intersect into lambda lateral leading limit "
    "not null offset on only or order pivot placing primary qualify references returning select "
    "show some summarize symmetric table then to trailing true union unique unpivot using "
    "variadic when where window with".split()
)


@dataclass(frozen=True)
class Named:
    """A public table: how a statement names it, its file, its columns."""

    name: str
    resource: Resource
    columns: Sequence[str]


@dataclass(frozen=True)
class Example:
    """A statement, and what it asks in words."""

    words: Any
    sql: str


def written(name: str) -> str:
    """Return a name as a statement writes it: bare where it can be."""
    return name if _PLAIN.fullmatch(name) and name not in _RESERVED else quoted(name)


def name_of(resource: Resource) -> str:
    """Return the name of a public table: its dataset, its file."""
    return f"{written(plain(resource.dataset.node.slug))}.{written(plain(resource.slug))}"


def tables() -> list[Named]:
    """Return public tables, those published last first."""
    rows = (
        Resource.objects.filter(
            current__isnull=False, published_at__isnull=False, dataset__node__state=State.PUBLIC
        )
        .select_related("dataset__node", "current")
        .defer("current__profile")
        .order_by("-dataset__node__published_at", "position", "pk")[:TABLES_MAX]
    )
    return [
        Named(name_of(row), row, [written(c["name"]) for c in row.current.columns if row.current])
        for row in rows
        if row.current is not None
    ]


def examples(found: Sequence[Named]) -> list[Example]:
    """Return statements that the tables there are can answer."""
    if not found:
        return []
    first = found[0]
    kinds = first.resource.current.columns if first.resource.current else []
    words = next((written(c["name"]) for c in kinds if c["type"] == "text"), "")
    figures = next((written(c["name"]) for c in kinds if c["type"] in ("integer", "number")), "")
    every = f"SELECT * FROM {first.name} LIMIT 10"  # noqa: S608
    listed = [Example(_("The first ten rows of a table"), every)]
    if words:
        sql = (
            f"SELECT {words}, count(*) AS n FROM {first.name} "  # noqa: S608
            f"GROUP BY {words} ORDER BY n DESC LIMIT 20"
        )
        listed.append(Example(_("How often each value occurs"), sql))
    if figures:
        sql = (
            f"SELECT min({figures}), avg({figures}), max({figures}) "  # noqa: S608
            f"FROM {first.name}"
        )
        listed.append(Example(_("The smallest, mean and greatest of a column"), sql))
    return listed
