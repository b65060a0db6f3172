"""`parvis check`: looks for what a disk, a crash or a hand may have damaged, and names it."""

import hashlib
from argparse import Namespace
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any
from uuid import UUID

from parvis.commands.words import complain, gettext, ngettext, say

_ = gettext
Problems = Iterator[str]


def _database() -> Problems:
    """The database's own check, and every reference from one row to another."""
    from django.db import connection

    if connection.vendor != "sqlite":
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT conrelid::regclass, conname FROM pg_constraint WHERE NOT convalidated"
            )
            for table, name in cursor.fetchall():
                yield _("%(table)s: constraint %(name)s is not validated") % {
                    "table": table, "name": name,
                }  # fmt: skip
        return
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA integrity_check(50)")
        yield from (row[0] for row in cursor.fetchall() if row[0] != "ok")
        cursor.execute("PRAGMA foreign_key_check")
        for table, row, target, _number in cursor.fetchall()[:50]:
            yield _("%(table)s row %(row)s refers to a row of %(target)s that is gone") % {
                "table": table, "row": row, "target": target,
            }  # fmt: skip


def _migrations() -> Problems:
    from parvis.commands.prepare import pending_migrations

    for name in pending_migrations():
        yield _("migration %(name)s is not applied: start the service once") % {"name": name}


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _files() -> Problems:
    from parvis.core import files
    from parvis.core.models import File

    for file in File.objects.order_by("pk").iterator(500):
        path = files.path_of(file)
        if not path.exists():
            yield _("%(path)s is missing") % {"path": path}
        elif path.stat().st_size != file.size or _sha256(path) != file.sha256:
            yield _("%(path)s has another content than its name says") % {"path": path}


def _tables() -> Problems:
    """Every Parquet file is named by its hash; every published version has its file."""
    from django.conf import settings

    from parvis.catalogue.models import Version

    root = settings.HOME / "tables"
    for path in sorted(root.glob("??/*.parquet")):
        if _sha256(path) != path.stem:
            yield _("%(path)s has another content than its name says") % {"path": path}
    for sha256 in Version.objects.exclude(sha256="").values_list("sha256", flat=True):
        path = root / sha256[:2] / f"{sha256}.parquet"
        if not path.exists():
            yield _("%(path)s is missing") % {"path": path}


def _parts_of(ids: Sequence[UUID]) -> dict[UUID, dict[str, Any]]:
    """Return what the register committed to, of these contributions, as the tables hold it now."""
    from parvis.consult import contributions, methods
    from parvis.consult.models import Contribution

    rows = Contribution.objects.filter(pk__in=list(ids)).select_related("node", "activity")
    return {
        row.pk: contributions._parts(methods.get(row.activity.method).leaf, row) for row in rows
    }


def _register() -> Problems:
    """The published register by itself, then the database against it, text by text."""
    from parvis.ledger import reading, recheck, sequencer
    from parvis.ledger.models import Leaf
    from parvis.ledger.store import Store
    from parvis.merkle.audit import audit
    from parvis.merkle.checkpoint import CheckpointError
    from parvis.merkle.tree import TreeError

    store = Store.here()
    if fault := sequencer.fault(store):
        yield _("the register signs nothing (%(fault)s): see parvis resume") % {"fault": fault}
    for refused in Leaf.objects.exclude(problem="")[:20]:
        yield _("an entry was refused: %(words)s") % {"words": refused.problem}
    try:
        if reading.published() is None:
            return
        yield from map(str, audit(store, [store.verifier]).findings)
        yield from map(str, recheck.check_leaves())
        yield from map(str, recheck.check_rows(_parts_of))
    except (CheckpointError, TreeError, OSError) as error:
        yield str(error)


def _search() -> Problems:
    from django.db import connection

    from parvis.core import kinds
    from parvis.core.models import Event, Node, SearchEntry, State

    searchable = [name for name in kinds.known() if kinds.get(name).searchable]
    public = Node.objects.filter(state=State.PUBLIC, kind__in=searchable)
    waiting = Event.objects.filter(pending=True).count()
    lost = public.filter(search_entry__isnull=True).count()
    if lost and not waiting:
        yield ngettext(
            "%(n)d public thing is not in the search index",
            "%(n)d public things are not in the search index",
            lost,
        ) % {"n": lost}
    hidden = SearchEntry.objects.exclude(node__state=State.PUBLIC).count()
    if hidden and not waiting:
        yield _("%(n)d entries of the search index are of things no longer public") % {"n": hidden}
    if connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM core_search_fts")
            words, entries = cursor.fetchone()[0], SearchEntry.objects.count()
        if words != entries:
            yield _("the word index has %(words)d rows for %(entries)d entries") % {
                "words": words, "entries": entries,
            }  # fmt: skip


def _work() -> Problems:
    from parvis.core.models import Delivery, Job

    for delivery in Delivery.objects.select_related("event").order_by("-attempts")[:20]:
        yield _("event %(event)s was not taken by %(consumer)s: %(error)s") % {
            "event": delivery.event_id, "consumer": delivery.consumer, "error": delivery.error,
        }  # fmt: skip
    failed = Job.objects.filter(state=Job.State.FAILED).count()
    if failed:
        yield _("%(n)d jobs failed: see the desk") % {"n": failed}


def parts() -> list[tuple[str, Callable[[], Problems]]]:
    """Return what is checked, in order: (name, function that yields problems in words)."""
    return [
        (_("The database"), _database),
        (_("The migrations"), _migrations),
        (_("The files"), _files),
        (_("The tables"), _tables),
        (_("The public register"), _register),
        (_("The search index"), _search),
        (_("The work that waits"), _work),
    ]


def check(given: Namespace) -> int:
    """`parvis check`: print what is damaged; exit 1 when something is."""
    damaged = 0
    for name, look in parts():
        found = list(look())
        damaged += len(found)
        say(f"{name}: {_('in order') if not found else len(found)}")
        for words in found:
            complain(f"  {words}")
        if found and look is _migrations:
            complain(_("The rest is checked once the database is in step."))
            break
    return 1 if damaged else 0
