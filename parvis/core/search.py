"""Search over every kind: accents folded, then French stems, the same words on both databases.

SQLite keeps them in FTS5, PostgreSQL in a `simple` tsvector; both are fed the same stems, so the
same tests hold on both ("ecoles" finds "école", "donnee" finds "données").
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from uuid import UUID

from django.db import connection, transaction

from parvis.analysis.text import fold, stems
from parvis.core import kinds, limits
from parvis.core.i18n import pick
from parvis.core.models import Event, Node, SearchEntry, State

_NAME = "parvis.core.search"


@dataclass(frozen=True)
class Hit:
    """A node found, with the words that surround what was found left to the page."""

    node: Node
    rank: float


@dataclass(frozen=True)
class Found:
    """A page of hits, the exact count, and how many of each kind."""

    hits: Sequence[Hit]
    count: int
    by_kind: dict[str, int]


def words_of(texts: Iterable[str]) -> str:
    """Return the stems of some texts, in French and in English, space separated."""
    out: list[str] = []
    for text in texts:
        out.extend(stems(text, "fr"))
        out.extend(stems(text, "en"))
    return " ".join(out)


def index(ids: Iterable[UUID]) -> int:
    """Bring the entries of these nodes up to date; return how many are in the index after."""
    nodes = list(Node.objects.filter(pk__in=list(ids)))
    wanted = [
        node
        for node in nodes
        if node.state == State.PUBLIC
        and node.kind in kinds.known()
        and kinds.get(node.kind).searchable
    ]
    gone = {node.pk for node in nodes} - {node.pk for node in wanted}
    with transaction.atomic():
        remove(gone)
        for kind in {node.kind for node in wanted}:
            group = [node for node in wanted if node.kind == kind]
            texts = kinds.get(kind).texts([node.pk for node in group])
            for node in group:
                _write(node, list(texts.get(node.pk, {}).values()))
    return len(wanted)


def _write(node: Node, texts: list[str]) -> None:
    titles = list(node.title.values())
    entry, _made = SearchEntry.objects.update_or_create(
        node=node,
        defaults={
            "kind": node.kind,
            "title_words": words_of(titles),
            "words": words_of(texts),
            "title_key": fold(pick(node.title, "fr")[0])[:200],
            "published_at": node.published_at,
        },
    )
    if connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            cursor.execute("DELETE FROM core_search_fts WHERE rowid = %s", [entry.pk])
            cursor.execute(
                "INSERT INTO core_search_fts(rowid, title_words, words) VALUES (%s, %s, %s)",
                [entry.pk, entry.title_words, entry.words],
            )


def remove(ids: Iterable[UUID]) -> None:
    """Take nodes out of the index, leaving no word of them behind."""
    entries = SearchEntry.objects.filter(node_id__in=list(ids))
    if connection.vendor == "sqlite":
        rows = list(entries.values_list("pk", flat=True))
        with connection.cursor() as cursor:
            for row in rows:
                cursor.execute("DELETE FROM core_search_fts WHERE rowid = %s", [row])
            if rows:
                cursor.execute("INSERT INTO core_search_fts(core_search_fts) VALUES ('optimize')")
    entries.delete()


def search(
    text: str, *, kind: str | Sequence[str] | None = None, limit: int = 20, offset: int = 0
) -> Found:
    """Return what is public and holds every word of `text`, best first (titles weigh four).

    An empty text finds nothing. `text` beyond 200 characters is cut.
    """
    terms = list(dict.fromkeys(stems(text[: limits.SEARCH_CHARACTERS], "fr")))[:12]
    if not terms:
        return Found((), 0, {})
    rows = _match(terms)
    by_kind: dict[str, int] = {}
    for _pk, _rank, row_kind in rows:
        by_kind[row_kind] = by_kind.get(row_kind, 0) + 1
    if kind:
        wanted = {kind} if isinstance(kind, str) else set(kind)
        rows = [row for row in rows if row[2] in wanted]
    page = rows[offset : offset + limit]
    nodes = {
        entry.pk: entry.node
        for entry in SearchEntry.objects.select_related("node").filter(
            pk__in=[row[0] for row in page], node__state=State.PUBLIC
        )
    }
    hits = [Hit(nodes[pk], rank) for pk, rank, _kind in page if pk in nodes]
    return Found(hits, len(rows), by_kind)


def _match(terms: list[str]) -> list[tuple[int, float, str]]:
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            query = " ".join('"' + term.replace('"', "") + '"' for term in terms)
            cursor.execute(
                "SELECT e.id, bm25(core_search_fts, 4.0, 1.0) AS r, e.kind FROM core_search_fts f "
                "JOIN core_searchentry e ON e.id = f.rowid WHERE core_search_fts MATCH %s "
                "ORDER BY r, e.id LIMIT 10000",
                [query],
            )
        else:
            query = " & ".join("'" + term.replace("'", "''") + "'" for term in terms)
            cursor.execute(
                "SELECT id, -ts_rank(setweight(to_tsvector('simple', title_words), 'A') || "
                "to_tsvector('simple', words), q) AS r, kind FROM core_searchentry, "
                "to_tsquery('simple', %s) q WHERE to_tsvector('simple', title_words || ' ' || "
                "words) @@ q ORDER BY r, id LIMIT 10000",
                [query],
            )
        return cursor.fetchall()


def consume(events: Sequence[Event]) -> None:
    """Take events from the outbox: every node they speak of is indexed again."""
    index({event.node_id for event in events if event.node_id})
