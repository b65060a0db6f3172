"""Long work outside the request: progress, retry with back-off, cancel, recovery after a kill.

One table, run by the worker. A task is a function `task(progress, **arguments) -> dict | None`
named by its dotted path; it calls `progress(done, total)`, which also keeps it alive.
"""

import logging
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils import timezone
from django.utils.module_loading import import_string

from parvis.core import metrics
from parvis.core.access import Actor, require
from parvis.core.models import Job, Node

log = logging.getLogger("parvis.jobs")
ATTEMPTS_MAX = 3
SILENCE_SECONDS_MAX = 120
Progress = Callable[[int, int], None]


class Cancelled(Exception):
    """Somebody asked for this job to stop."""


@transaction.atomic
def enqueue(
    task: str,
    *,
    actor: Actor,
    arguments: Mapping[str, Any] | None = None,
    node: Node | None = None,
) -> Job:
    """Put work in the queue and return its job. Raises Forbidden, ImportError."""
    require(actor, "run_jobs")
    import_string(task)
    return Job.objects.create(
        task=task, arguments=dict(arguments or {}), by_id=actor.person_id, node=node
    )


@transaction.atomic
def cancel(job: Job, *, actor: Actor) -> None:
    """Ask a job to stop; one that waits stops at once."""
    require(actor, "run_jobs")
    Job.objects.filter(pk=job.pk, state=Job.State.WAITING).update(state=Job.State.CANCELLED)
    Job.objects.filter(pk=job.pk).update(cancel_asked=True)


def recover() -> int:
    """Take up again the jobs whose worker died; return how many."""
    silent = timezone.now() - timedelta(seconds=SILENCE_SECONDS_MAX)
    return Job.objects.filter(state=Job.State.RUNNING, heartbeat_at__lt=silent).update(
        state=Job.State.WAITING, next_at=timezone.now()
    )


def run_next(started: Callable[[UUID], None] | None = None) -> bool:
    """Run the next due job, if any; return whether one ran. `started` is told its id."""
    metrics.waiting_jobs.set(
        Job.objects.filter(state__in=[Job.State.WAITING, Job.State.RUNNING]).count()
    )
    due = Job.objects.filter(state=Job.State.WAITING, next_at__lte=timezone.now())
    job = due.order_by("created_at").first()
    if job is None:
        return False
    now = timezone.now()
    claimed = Job.objects.filter(pk=job.pk, state=Job.State.WAITING).update(
        state=Job.State.RUNNING, heartbeat_at=now, attempts=job.attempts + 1
    )
    if claimed:
        job.refresh_from_db()
        if started:
            started(job.pk)
        _run(job)
    return bool(claimed)


def _run(job: Job) -> None:
    def progress(done: int, total: int) -> None:
        Job.objects.filter(pk=job.pk).update(done=done, total=total, heartbeat_at=timezone.now())
        if Job.objects.filter(pk=job.pk, cancel_asked=True).exists():
            raise Cancelled

    try:
        result = import_string(job.task)(progress, **job.arguments)
    except Cancelled:
        Job.objects.filter(pk=job.pk).update(state=Job.State.CANCELLED)
    except Exception as error:
        log.exception("job failed", extra={"fields": {"task": job.task}})
        again = job.attempts < ATTEMPTS_MAX
        Job.objects.filter(pk=job.pk).update(
            state=Job.State.WAITING if again else Job.State.FAILED,
            error=f"{type(error).__name__}: {error}"[:2000],
            next_at=timezone.now() + timedelta(seconds=10 * 4**job.attempts),
        )
    else:
        Job.objects.filter(pk=job.pk).update(
            state=Job.State.DONE, result=result or {}, error="", heartbeat_at=timezone.now()
        )
