"""What the worker does for harvests between jobs: starts what is due, ends what died."""

from datetime import timedelta

from django.utils import timezone

from parvis.catalogue.harvest import engine, services
from parvis.catalogue.harvest.models import HarvestRun, HarvestSource
from parvis.catalogue.harvest.reasons import reason
from parvis.core.access import SYSTEM
from parvis.core.errors import Conflict
from parvis.core.models import Job

# A run without a job is the command line's: silent for so long, somebody closed the terminal.
ORPHAN_AFTER = timedelta(minutes=10)


def tick() -> bool:
    """End the runs whose job is over, start those that are due; return whether there was any."""
    return bool(end_orphans() + start_due())


def end_orphans() -> int:
    """End the runs that nobody works on any more; return how many."""
    ended = 0
    for run in HarvestRun.objects.filter(state__in=HarvestRun.ACTIVE).select_related("job"):
        job = run.job
        if job is None:
            if (run.heartbeat_at or run.asked_at) < timezone.now() - ORPHAN_AFTER:
                engine.end(run, HarvestRun.State.FAILED, reason("interrupted", detail="-"))
                ended += 1
        elif job.state == Job.State.CANCELLED:
            engine.end(run, HarvestRun.State.CANCELLED, reason("stopped"))
            ended += 1
        elif job.state in {Job.State.FAILED, Job.State.DONE}:
            why = reason("interrupted", detail=job.error or "-")
            engine.end(run, HarvestRun.State.FAILED, why)
            ended += 1
    return ended


def start_due() -> int:
    """Start the runs whose time has come; return how many."""
    now = timezone.now()
    due = HarvestSource.objects.filter(
        active=True, schedule__in=list(services.EVERY), next_at__lte=now
    ).select_related("organisation__node")
    started = 0
    for source in due:
        try:
            services.ask_run(
                actor=SYSTEM, source=source, complete=services.is_complete_due(source, now)
            )
        except Conflict:
            continue  # the one before is not over: the next look finds it
        started += 1
    return started
