"""Erasing for good: what was deleted must not stay in free pages, journals or indexes.

SQLite keeps erased bytes in three places: free pages (zeroed by `secure_delete`), the segments of
a full-text index (merged away by `optimize`) and the write-ahead log (cut by a checkpoint). On
PostgreSQL, VACUUM gives dead rows back; its write-ahead log is recycled by the server in its own
time, and backups end after their own delay: docs say so.
"""

from pathlib import Path

from django.conf import settings
from django.db import connection, transaction

from parvis.ledger.models import Leaf

_OPENINGS = "openings-"
_PRIVATE_KINDS = ("answer.accepted", "support.accepted")
_TABLES = (
    "ledger_leaf", "consult_contribution", "consult_draft", "core_node", "core_searchentry",
    "discussing_discussion", "discussing_message",
)  # fmt: skip


def _marker() -> Path:
    return Path(settings.HOME) / "ledger" / "scrub"


def openings_name(sha256: str) -> str:
    """Return the name, in the ledger's folder, of the openings with this SHA-256."""
    return f"{_OPENINGS}{sha256}.jsonl"


def ask() -> None:
    """Say that something was erased: the public openings go now, `run_if_asked` does the rest.

    The published files may hold what was just taken back; `openings.publish` writes a new one.
    """
    for file in _marker().parent.glob(f"{_OPENINGS}*"):
        file.unlink(missing_ok=True)
    _mark()


def scrub_later() -> None:
    """Say that something was erased that is not in the register: `run_if_asked` scrubs."""
    _mark()


def _mark() -> None:
    _marker().parent.mkdir(parents=True, exist_ok=True)
    _marker().touch()


def forget(on: str) -> int:
    """Destroy, at the retention date, what opens the private parts of a subject's entries.

    Answers, supporters, authors and private facts go; public bodies stay public. Returns how
    many entries lost something. The texts themselves are the tables' to erase.
    """
    sealed = Leaf.objects.filter(on=on, opening__isnull=False)
    with transaction.atomic():
        gone = sealed.filter(kind__in=_PRIVATE_KINDS).update(opening=None)
        for leaf in sealed.filter(kind="contribution.accepted").iterator(chunk_size=1000):
            rest = {part: o for part, o in (leaf.opening or {}).items() if part == "body"}
            if rest != leaf.opening:
                gone += Leaf.objects.filter(pk=leaf.pk).update(opening=rest or None)
        if gone:
            transaction.on_commit(_mark)
    return gone


def run_if_asked() -> bool:
    """Scrub if something was erased since the last time; return whether it was done."""
    taken = _marker().with_suffix(".running")
    try:
        _marker().rename(taken)
    except FileNotFoundError:
        # A worker killed while scrubbing leaves the second name: finish its work.
        if not taken.exists():
            return False
    if not scrub():
        _marker().touch()
        return False
    taken.unlink(missing_ok=True)
    return True


def scrub() -> bool:
    """Leave no copy of what was deleted; return False if a reader kept part of the journal.

    Must run outside a transaction.
    """
    if connection.vendor == "postgresql":
        _vacuum()
        return True
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT name FROM sqlite_master WHERE type = 'table' AND sql LIKE %s",
            ["create virtual table%using fts5%"],
        )
        for (name,) in cursor.fetchall():
            table = connection.ops.quote_name(name)
            # The name comes from the schema and is quoted.
            cursor.execute(f"INSERT INTO {table}({table}) VALUES ('optimize')")  # noqa: S608
        cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        busy, _frames, _moved = cursor.fetchone()
        return not busy


def _vacuum() -> None:
    known = connection.introspection.table_names()
    with connection.cursor() as cursor:
        for table in _TABLES:
            if table in known:
                cursor.execute(f"VACUUM {connection.ops.quote_name(table)}")
