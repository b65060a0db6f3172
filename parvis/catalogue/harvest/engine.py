"""One run of a source, a job of the worker: page by page, to its end, whatever happens on the way.

Each hundred things are written with the cursor in one transaction: a worker that is killed takes
the run up again where it was. A source that does not answer is asked again later, three times.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from parvis.catalogue.harvest import planning, writing
from parvis.catalogue.harvest.models import HarvestItem, HarvestRun, HarvestSource
from parvis.catalogue.harvest.readers import READERS
from parvis.catalogue.harvest.readers.asking import Asked, Client
from parvis.catalogue.harvest.reasons import Refusal, Unreachable, reason
from parvis.catalogue.harvest.remote import Found, Remote, moment
from parvis.core import egress, jobs
from parvis.core.access import SYSTEM
from parvis.core.events import emit
from parvis.core.models import Node, State

RUN_TASK = "parvis.catalogue.harvest.engine.run"
PREVIEW_TASK = "parvis.catalogue.harvest.engine.preview"
CHUNK = 100
PREVIEW_ROWS = 20
MISSED_RUNS_MAX = 3
ARCHIVE_CHUNK = 200
SECONDS_MAX = 60.0
_COUNTS = {
    planning.ADDED: "added",
    planning.CHANGED: "changed",
    planning.UNCHANGED: "unchanged",
    planning.DETACHED: "unchanged",
    planning.RESTORED: "restored",
    planning.FAILED: "failed",
}


def opened() -> Client:
    """Return the client that reads sources, under the operator's rules."""
    return egress.site_client(seconds_max=SECONDS_MAX)


def run(progress: jobs.Progress, *, run: int) -> dict[str, Any]:
    """Read a source (a task of the worker); return the counts. The run ends in the database too.

    Raises Unreachable while trying again later is right, Cancelled when somebody stops it.
    """
    row = (
        HarvestRun.objects.select_related("source__organisation__node", "job")
        .filter(pk=run)
        .first()
    )
    if row is None or row.state not in HarvestRun.ACTIVE:
        return {}
    now = timezone.now()
    HarvestRun.objects.filter(pk=row.pk).update(
        state=HarvestRun.State.RUNNING, started_at=row.started_at or now, heartbeat_at=now
    )
    last = row.job is None or row.job.attempts >= jobs.ATTEMPTS_MAX
    try:
        _read_all(row, progress)
        _finish(row)
    except jobs.Cancelled:
        end(row, HarvestRun.State.CANCELLED, reason("stopped"))
        raise
    except Unreachable as refusal:
        if not last:
            HarvestRun.objects.filter(pk=row.pk).update(reason=refusal.kept)
            raise
        end(row, HarvestRun.State.FAILED, refusal.kept)
    except Refusal as refusal:
        end(row, HarvestRun.State.FAILED, refusal.kept)
    except Exception as error:
        if last:
            detail = f"{type(error).__name__}: {error}"
            end(row, HarvestRun.State.FAILED, reason("interrupted", detail=detail))
        raise
    row.refresh_from_db()
    names = ("added", "changed", "unchanged", "restored", "archived", "failed")
    return {"run": row.pk, "state": row.state, **{name: getattr(row, name) for name in names}}


def _read_all(row: HarvestRun, progress: jobs.Progress) -> None:
    client, read = opened(), READERS[row.source.kind]
    close = getattr(client, "close", None)
    try:
        while not row.cursor.get("read"):
            at = row.cursor.get("at", {})
            page = read(Asked(row.source, client, at, row.since))
            found, start = page.found, int(row.cursor.get("done", 0))
            for first in range(start, max(len(found), start + 1), CHUNK):
                chunk = found[first : first + CHUNK]
                done = first + len(chunk)
                cursor: dict[str, Any] = {"at": dict(at), "done": done}
                if done >= len(found):
                    cursor = {"at": dict(page.next)} if page.next is not None else {"read": True}
                _save(row, chunk, cursor, max(page.total, row.total))
                progress(row.seen, max(row.total, row.seen))
    finally:
        if close is not None:
            close()


def _save(row: HarvestRun, chunk: Sequence[Found], cursor: dict[str, Any], total: int) -> None:
    """Write some things and the cursor that comes after them, together."""
    with transaction.atomic():
        counts = writing.write(row, chunk)
        for outcome, n in counts.items():
            name = _COUNTS[outcome]
            setattr(row, name, getattr(row, name) + n)
        newest = max((one.modified for one in chunk if isinstance(one, Remote)), default="")
        row.cursor = {**cursor, "newest": max(moment(newest), row.cursor.get("newest", ""))}
        row.seen, row.total, row.heartbeat_at = row.seen + len(chunk), total, timezone.now()
        row.save(
            update_fields=[
                "cursor", "seen", "total", "heartbeat_at", *dict.fromkeys(_COUNTS.values()),
            ]
        )  # fmt: skip


def _finish(row: HarvestRun) -> None:
    source = row.source
    if row.complete:
        there = HarvestItem.objects.filter(
            source=source, dataset__isnull=False, state_before="", detached_at__isnull=True
        ).count()
        if not row.seen and there:
            raise Refusal("empty", n=there)
        _archive(row)
    newest = min(row.cursor.get("newest", ""), timezone.now().isoformat())
    with transaction.atomic():
        HarvestSource.objects.filter(pk=source.pk).update(newest=max(newest, source.newest))
        end(row, HarvestRun.State.DONE, {})


def _archive(row: HarvestRun) -> None:
    """Count what this complete run did not find; archive what three in a row did not."""
    items = HarvestItem.objects.filter(source=row.source).exclude(seen_in=row.pk)
    absent = items.filter(dataset__isnull=False, detached_at__isnull=True, state_before="")
    if not row.cursor.get("counted"):
        with transaction.atomic():
            # What was refused and is gone leaves nothing to tell.
            items.filter(dataset__isnull=True).delete()
            absent.update(missed_runs=F("missed_runs") + 1)
            row.cursor = {**row.cursor, "counted": True}
            row.save(update_fields=["cursor"])
    gone = absent.filter(
        kept=False,
        missed_runs__gte=MISSED_RUNS_MAX,
        dataset__node__state__in=[State.PUBLIC, State.DRAFT],
    )
    while rows := list(gone.select_related("dataset__node")[:ARCHIVE_CHUNK]):
        with transaction.atomic():
            _archive_some(row, rows)


def _archive_some(row: HarvestRun, rows: Sequence[HarvestItem]) -> None:
    now = timezone.now()
    for item in rows:
        assert item.dataset is not None  # noqa: S101 filtered above
        item.state_before, item.at = item.dataset.node.state, now
        item.outcome = HarvestItem.Outcome.ARCHIVED
        item.reason = reason("gone", n=item.missed_runs)
        item.dataset.node.state = State.WITHDRAWN
    nodes = [item.dataset.node for item in rows if item.dataset is not None]
    Node.objects.bulk_update(nodes, ["state"])
    HarvestItem.objects.bulk_update(rows, ["state_before", "at", "outcome", "reason"])
    for node in nodes:
        emit("dataset.archived", node=node, actor=SYSTEM, data={"source": row.source_id})
    row.archived += len(nodes)
    row.save(update_fields=["archived"])


def end(row: HarvestRun, state: str, why: dict[str, Any], at: datetime | None = None) -> None:
    """End a run, once: it is never left running."""
    HarvestRun.objects.filter(pk=row.pk, state__in=HarvestRun.ACTIVE).update(
        state=state, reason=why, ended_at=at or timezone.now()
    )


def preview(progress: jobs.Progress, *, source: int) -> dict[str, Any]:
    """Read the first twenty things of a source and say what would become of them; write nothing."""
    row = HarvestSource.objects.select_related("organisation__node").filter(pk=source).first()
    if row is None:
        return {}
    progress(0, 1)
    client = opened()
    try:
        page = READERS[row.kind](Asked(row, client))
    except Refusal as refusal:
        return {"refused": refusal.kept}
    finally:
        close = getattr(client, "close", None)
        if close is not None:
            close()
    planned = planning.plan(row, page.found[:PREVIEW_ROWS])
    rows = [
        {
            "remote_id": one.remote_id,
            "title": one.title,
            "outcome": one.outcome,
            "reason": dict(one.reason or {}),
            "files": len(one.remote.files) if one.remote else 0,
            "licence": one.remote.licence if one.remote else "",
        }
        for one in planned
    ]
    return {"rows": rows, "total": page.total or len(page.found)}
