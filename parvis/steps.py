"""What the worker does, step by step: each says whether it found work."""

import fcntl
import logging
import os
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

log = logging.getLogger("parvis.worker")

BACKOFF_SECONDS_MAX = 60
BOUNDARY_SWEEP_SECONDS = 600


def _sequence() -> bool:
    from django.conf import settings

    from parvis.backup import TURNSTILE
    from parvis.ledger import sequencer

    # Closed while a backup waits for its moment: otherwise a busy sequencer would never let it.
    turnstile = os.open(settings.HOME / TURNSTILE, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(turnstile, fcntl.LOCK_SH)
    finally:
        os.close(turnstile)
    return bool(sequencer.run_once())


def _pump() -> bool:
    from parvis.core import outbox

    return bool(outbox.pump())


class Boundaries:
    """Says that phases open and close; looks at every phase only when one has just passed."""

    def __init__(self) -> None:
        self.until: datetime | None = None
        self.swept = 0.0

    def __call__(self) -> bool:
        """Say what passed since the last call."""
        from django.db.models import Q
        from django.utils import timezone

        from parvis.consult import services
        from parvis.consult.models import Phase

        now = timezone.now()
        since, due = self.until, time.monotonic() - self.swept > BOUNDARY_SWEEP_SECONDS
        if since is not None and not due and now >= since:
            passed = Q(starts__gt=since, starts__lte=now) | Q(ends__gt=since, ends__lte=now)
            published = Q(consultation__node__published_at__gt=since - timedelta(minutes=1))
            if not Phase.objects.filter(passed | published).exists():
                self.until = now
                return False
        said = services.tick(now)
        self.until, self.swept = now, time.monotonic()
        return bool(said)


def _notices() -> bool:
    from django.utils import timezone

    from parvis.notify import tasks

    return bool(tasks.tick(timezone.now()))


def _drafts() -> bool:
    from django.utils import timezone

    from parvis.consult.models import Draft

    gone, _by_model = Draft.objects.filter(expires__lte=timezone.now()).delete()
    return bool(gone)


def _sessions() -> bool:
    from django.contrib.sessions.models import Session
    from django.utils import timezone

    gone, _by_model = Session.objects.filter(expire_date__lt=timezone.now()).delete()
    return bool(gone)


def _scrub() -> bool:
    """Leave no copy of what was erased in free pages, journals or indexes."""
    from parvis.ledger import erasure

    return bool(erasure.run_if_asked())


def _openings() -> bool:
    """Publish the public texts beside the register; while leaves wait, later."""
    from parvis.core.errors import Conflict
    from parvis.ledger import openings

    try:
        return openings.publish() is not None
    except Conflict:
        return False


def _retention() -> bool:
    from parvis.site import retention

    return bool(retention.run_due())


def _readers() -> bool:
    """Forget who was invited to read a draft, a year after."""
    from parvis.consult.approval import services

    return bool(services.forget_readers())


def _planned() -> bool:
    """Open the consultations whose opening was planned for this minute."""
    from parvis.consult.approval import schedule

    return bool(schedule.tick())


def _data_planned() -> bool:
    """Publish the datasets whose publication was planned for this minute."""
    from parvis.catalogue.approval import schedule

    return bool(schedule.tick())


def _quality() -> bool:
    """Look again at the datasets that changed: criteria, lateness, links."""
    from parvis.catalogue.conformity import standing

    return bool(standing.refresh())


def _facsimiles() -> bool:
    """Ask for the previews that files want: of an import, or from before previews were made."""
    from parvis.catalogue.facsimile import tasks

    return bool(tasks.ask())


def _quicken() -> bool:
    """Copy a large table that was published in the form that is read fastest."""
    from parvis.catalogue import store

    return store.quicken()


def _leftovers() -> bool:
    """Remove what uploads that were refused left on the disk a day ago."""
    from parvis.catalogue import leftovers

    return bool(leftovers.sweep())


def _methods() -> bool:
    """Have each way to participate do its long work: charts, above all."""
    from parvis.consult import methods

    worked = [method.work() for method in methods.all_methods().values() if method.work]
    return any(worked)


def _daily() -> bool:
    """Count what each consultation received, day by day."""
    from parvis.site import daily

    return bool(daily.refresh())


def _harvests() -> bool:
    """Start the harvests that are due, end those that died."""
    from parvis.catalogue.harvest import schedule

    return schedule.tick()


class Made:
    """Runs what a class of a domain makes: made at the first run, since Django is loaded then."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.act: Callable[[], bool] | None = None

    def __call__(self) -> bool:
        """Run it, and say whether it found work."""
        from django.utils.module_loading import import_string

        if self.act is None:
            self.act = import_string(self.path)()
        return bool(self.act())


def recover() -> bool:
    """Give back the jobs whose worker fell silent; one that killed three workers has failed."""
    from django.utils import timezone

    from parvis.core import jobs
    from parvis.core.models import Job

    silent = timezone.now() - timedelta(seconds=jobs.SILENCE_SECONDS_MAX)
    Job.objects.filter(
        state=Job.State.RUNNING, heartbeat_at__lt=silent, attempts__gte=jobs.ATTEMPTS_MAX
    ).update(state=Job.State.FAILED, error="The worker died while running it, three times.")
    return bool(jobs.recover())


class Jobs:
    """Runs jobs one after the other; knows the one that runs, so as to keep it alive."""

    def __init__(self) -> None:
        self.current: UUID | None = None

    def __call__(self) -> bool:
        """Run the next due job."""
        from parvis.core import jobs

        try:
            return jobs.run_next(started=self._started)
        finally:
            self.current = None

    def _started(self, identifier: UUID) -> None:
        self.current = identifier

    def keep_alive(self) -> None:
        """Say that the job that runs is not an orphan, however long its step is."""
        from django.utils import timezone

        from parvis.core.models import Job

        if self.current is not None:
            Job.objects.filter(pk=self.current, state=Job.State.RUNNING).update(
                heartbeat_at=timezone.now()
            )

    def hand_back(self) -> None:
        """Put the job that runs back in the queue: the worker stops before it is done."""
        from django.db.models import F
        from django.utils import timezone

        from parvis.core.models import Job

        if self.current is not None:
            Job.objects.filter(pk=self.current, state=Job.State.RUNNING).update(
                state=Job.State.WAITING, next_at=timezone.now(), attempts=F("attempts") - 1
            )


# Lanes -------------------------------------------------------------------------------------------


@dataclass
class Step:
    """Something done again and again: at most every `every` seconds."""

    name: str
    run: Callable[[], bool]
    every: float = 0.0
    next_at: float = field(default=0.0, init=False)
    failures: int = field(default=0, init=False)

    def go(self) -> bool:
        """Run it if it is due; return whether it found work. Failures are logged, never raised."""
        if time.monotonic() < self.next_at:
            return False
        try:
            worked = self.run()
        except Exception:
            self.failures += 1
            wait = min(BACKOFF_SECONDS_MAX, 2 ** min(self.failures - 1, 10))
            self.next_at = time.monotonic() + wait
            fields = {"step": self.name, "failures": self.failures, "again_in_s": wait}
            log.exception("step failed", extra={"fields": fields})
            return False
        if self.failures:
            log.info("step works again", extra={"fields": {"step": self.name}})
        self.failures = 0
        self.next_at = time.monotonic() + self.every
        return worked


def lanes(jobs: Jobs | None = None) -> dict[str, list[Step]]:
    """Return every step of the worker, by lane."""
    return {
        "ledger": [Step("sequence", _sequence)],
        "events": [
            Step("outbox", _pump),
            Step("boundaries", Boundaries(), every=1),
            Step("planned", _planned, every=5),
            Step("data_planned", _data_planned, every=5),
            Step("recover", recover, every=30),
            Step("drafts", _drafts, every=600),
            Step("sessions", _sessions, every=3600),
            Step("leftovers", _leftovers, every=21_600),
            Step("retention", _retention, every=600),
            Step("readers", _readers, every=3600),
            Step("scrub", _scrub, every=5),
            Step("openings", _openings, every=3600),
        ],
        "notices": [Step("notices", _notices, every=1)],
        "jobs": [Step("jobs", jobs or Jobs())],
        "outside": [
            Step("harvests", _harvests, every=30),
            Step("links", Made("parvis.catalogue.harvest.links.Watch"), every=2),
        ],
        "methods": [
            Step("methods", _methods, every=10),
            Step("promises", Made("parvis.site.promise_keeping.Watch"), every=30),
            Step("daily", _daily, every=60),
            Step("quality", _quality, every=30),
            Step("facsimiles", _facsimiles, every=600),
            Step("quick copies", _quicken, every=20),
            Step("copies", Made("parvis.site.copies.Keeper"), every=60),
            Step("alerts", Made("parvis.site.alerts.tasks.Keeper"), every=60),
            Step("owners", Made("parvis.site.owners.services.Teller"), every=300),
        ],
    }
