"""Search over every kind: accents folded, then stems, the same words on both databases.

SQLite keeps them in FTS5, PostgreSQL in a `simple` tsvector; both are fed the same stems, so the
same tests hold on both ("ecoles" finds "école", "donnee" finds "données").
"""

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple
from uuid import UUID

from django.db import connection, transaction
from django.utils import timezone

from parvis.analysis.text import bare_words, fold, stem
from parvis.core import kinds, limits, search_words
from parvis.core.i18n import pick
from parvis.core.models import Event, Node, SearchEntry, State
from parvis.core.search_words import Asked, Clause

ROWS_MAX = 10_000
"""Results looked at: beyond, the count says that there are at least so many."""
FACETS = ("kind", "year", "organisation")
ORDERS = ("relevance", "date", "title")
_BATCH = 300
_COLUMNS = ("kind", "title_words", "words", "title_key", "published_at", "year", "organisation")
Publishers = Callable[[Iterable[UUID]], Mapping[UUID, UUID | None]]
_publishers: dict[str, Publishers] = {}


@dataclass(frozen=True)
class Hit:
    """A node found, with the words that surround what was found left to the page."""

    node: Node
    rank: float


@dataclass(frozen=True)
class Found:
    """A page of hits, the exact count, how many of each kind, and of each value of each facet."""

    hits: Sequence[Hit]
    count: int
    by_kind: dict[str, int]
    facets: Mapping[str, Mapping[str, int]] = field(default_factory=dict)


class _Row(NamedTuple):
    id: int
    rank: float
    kind: str
    year: int | None
    organisation: str
    title_key: str
    published_at: Any


def published_by(kind: str, find: Publishers) -> None:
    """Say how the organisation of nodes of a kind is found: ids -> {id: organisation}."""
    _publishers[kind] = find


# The index ---------------------------------------------------------------------------------------


def words_of(texts: Iterable[str]) -> str:
    """Return the stems of some texts, in French and in English, space separated."""
    out: list[str] = []
    for text in texts:
        words = bare_words(text)
        for code in ("fr", "en"):
            if words:
                out.extend(stem(word, code) for word in words)
                out.append(search_words.BREAK)
    return " ".join(out)


def index(ids: Iterable[UUID]) -> int:
    """Bring the entries of these nodes up to date; return how many are in the index after."""
    everything = list(dict.fromkeys(ids))
    batches = (everything[n : n + _BATCH] for n in range(0, len(everything), _BATCH))
    return sum(map(_index, batches))


def _index(ids: Sequence[UUID]) -> int:
    wanted: dict[str, list[Node]] = {}
    gone = []
    searched = {name for name, kind in kinds.known().items() if kind.searchable}
    for node in Node.objects.filter(pk__in=ids):
        if node.state == State.PUBLIC and node.kind in searched:
            wanted.setdefault(node.kind, []).append(node)
        else:
            gone.append(node.pk)
    with transaction.atomic():
        remove(gone)
        _write([entry for kind, nodes in wanted.items() for entry in _entries(kind, nodes)])
    return sum(map(len, wanted.values()))


def _entries(kind: str, nodes: Sequence[Node]) -> list[SearchEntry]:
    ids = [node.pk for node in nodes]
    texts = kinds.get(kind).texts(ids)
    owners = _publishers[kind](ids) if kind in _publishers else {}
    made = []
    for node in nodes:
        at, owner = node.published_at, owners.get(node.pk)
        made.append(
            SearchEntry(
                node=node,
                kind=kind,
                title_words=words_of(node.title.values()),
                words=words_of(texts.get(node.pk, {}).values()),
                title_key=fold(pick(node.title, "fr")[0])[:200],
                published_at=at,
                year=timezone.localtime(at).year if at else None,
                organisation=owner.hex if owner else "",
            )
        )
    return made


def _write(entries: Sequence[SearchEntry]) -> None:
    if not entries:
        return
    SearchEntry.objects.bulk_create(
        entries, update_conflicts=True, unique_fields=["node"], update_fields=list(_COLUMNS)
    )
    if connection.vendor != "sqlite":
        return
    rows = list(
        SearchEntry.objects.filter(node__in=[entry.node_id for entry in entries]).values_list(
            "pk", "title_words", "words"
        )
    )
    with connection.cursor() as cursor:
        cursor.executemany(
            "DELETE FROM core_search_fts WHERE rowid = %s", [row[:1] for row in rows]
        )
        cursor.executemany(
            "INSERT INTO core_search_fts(rowid, title_words, words) VALUES (%s, %s, %s)", rows
        )


def remove(ids: Iterable[UUID]) -> None:
    """Take nodes out of the index, leaving no word of them behind."""
    wanted = list(ids)
    if not wanted:
        return
    entries = SearchEntry.objects.filter(node_id__in=wanted)
    if connection.vendor == "sqlite":
        rows = list(entries.values_list("pk", flat=True))
        with connection.cursor() as cursor:
            for row in rows:
                cursor.execute("DELETE FROM core_search_fts WHERE rowid = %s", [row])
            if rows:
                cursor.execute("INSERT INTO core_search_fts(core_search_fts) VALUES ('optimize')")
    entries.delete()


def consume(events: Sequence[Event]) -> None:
    """Take events from the outbox: every node they speak of is indexed again."""
    index({event.node_id for event in events if event.node_id})


# Searching ---------------------------------------------------------------------------------------


def search(
    text: str,
    *,
    kind: str | Sequence[str] | None = None,
    limit: int = 20,
    offset: int = 0,
    chosen: Mapping[str, Collection[str]] | None = None,
    without: Mapping[str, Collection[str]] | None = None,
    order: str = "relevance",
    after: int = 0,
) -> Found:
    """Return what is public and holds what `text` asks (see `search_words.read`).

    Best first (titles weigh four), or by "date" (newest first) or "title". Within a facet any
    chosen value fits, across facets all must, what is `without` never fits; the counts of a facet
    are what each value would give with the other facets as they are. `after`: only the entries
    that came into the index after this one. An empty text finds nothing, nor do refusals alone.
    `text` beyond 200 characters is cut; ten thousand results at most are looked at.
    """
    asked = search_words.read(text[: limits.SEARCH_CHARACTERS])
    if not asked:
        return Found((), 0, {})
    rows = _match(asked, after)
    ticked = {name: frozenset(values) for name, values in (chosen or {}).items() if values}
    if kind:
        ticked["kind"] = frozenset([kind] if isinstance(kind, str) else kind)
    refused = {name: frozenset(values) for name, values in (without or {}).items() if values}
    rows = [
        row for row in rows if not any(_value(row, name) in off for name, off in refused.items())
    ]
    facets = {name: dict(_counts(rows, name, ticked)) for name in FACETS}
    rows = [row for row in rows if _fits(row, ticked)]
    _sort(rows, order)
    page = rows[offset : offset + limit]
    nodes = {
        entry.pk: entry.node
        for entry in SearchEntry.objects.select_related("node").filter(
            pk__in=[row.id for row in page], node__state=State.PUBLIC
        )
    }
    hits = [Hit(nodes[row.id], row.rank) for row in page if row.id in nodes]
    return Found(hits, len(rows), facets["kind"], facets)


def _value(row: _Row, facet: str) -> str:
    value = getattr(row, facet)
    return "" if value is None else str(value)


def _fits(row: _Row, ticked: Mapping[str, frozenset[str]], but: str = "") -> bool:
    return all(name == but or _value(row, name) in on for name, on in ticked.items())


def _counts(rows: Iterable[_Row], facet: str, ticked: Mapping[str, frozenset[str]]) -> Counter[str]:
    counts = Counter(_value(row, facet) for row in rows if _fits(row, ticked, facet))
    del counts[""]
    return counts


def _sort(rows: list[_Row], order: str) -> None:
    """Put rows in order; they come by relevance."""
    if order == "date":
        rows.sort(key=lambda row: (str(row.published_at or ""), row.id), reverse=True)
    elif order == "title":
        rows.sort(key=lambda row: (row.title_key, row.id))


def _match(asked: Asked, after: int) -> list[_Row]:
    lite = connection.vendor == "sqlite"
    query = _fts(asked) if lite else _tsquery(asked)
    with connection.cursor() as cursor:
        if lite:
            cursor.execute(
                "SELECT e.id, bm25(core_search_fts, 4.0, 1.0) AS r, e.kind, e.year, "
                "e.organisation, e.title_key, e.published_at FROM core_search_fts f "
                "JOIN core_searchentry e ON e.id = f.rowid JOIN core_node n ON n.id = e.node_id "
                "WHERE core_search_fts MATCH %s AND n.state = 'public' AND e.id > %s "
                "ORDER BY r, e.id LIMIT %s",
                [query, after, ROWS_MAX],
            )
        else:
            cursor.execute(
                "SELECT e.id, -ts_rank(setweight(to_tsvector('simple', title_words), 'A') || "
                "to_tsvector('simple', words), q) AS r, e.kind, e.year, e.organisation, "
                "e.title_key, e.published_at FROM core_searchentry e "
                "JOIN core_node n ON n.id = e.node_id, to_tsquery('simple', %s) q "
                "WHERE to_tsvector('simple', title_words || ' ' || words) @@ q "
                "AND n.state = 'public' AND e.id > %s ORDER BY r, e.id LIMIT %s",
                [query, after, ROWS_MAX],
            )
        return [_Row(*row) for row in cursor.fetchall()]


# Stems hold letters and digits only (see `fold`): nothing of them can end a quoted word.
def _fts(asked: Asked) -> str:
    def any_of(clause: Clause) -> str:
        return "(" + " OR ".join(f'"{" ".join(row)}"' for row in clause.ordered) + ")"

    query = "(" + " AND ".join(map(any_of, asked.wanted)) + ")"
    return " NOT ".join([query, *map(any_of, asked.refused)])


def _tsquery(asked: Asked) -> str:
    def any_of(clause: Clause) -> str:
        rows = (" <-> ".join(f"'{form}'" for form in row) for row in clause.ordered)
        return "(" + " | ".join(f"({row})" for row in rows) + ")"

    return " & ".join([*map(any_of, asked.wanted), *(f"!{any_of(c)}" for c in asked.refused)])
