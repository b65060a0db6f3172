"""The worker: everything that happens after the answer to a request, or because time passes.

Five lanes, each a thread with its own connection, so that a mail server that hangs or an analysis
of ten minutes never delays the register:

    ledger   index the new leaves, sign the head                      within a second
    events   hand events to search, notices, publication; say boundaries; clean up
    notices  send what people asked to be told
    jobs     imports, exports, analyses
    methods  charts of the surveys that changed, figures of the whole site

A step that fails is logged and tried again later (1, 2, 4... 60 s); the others go on. One worker
at a time runs on a home, whatever starts it. A worker that is killed loses nothing: each step
takes up what is in the database.
"""

import fcntl
import json
import logging
import os
import signal
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from types import FrameType
from typing import Any
from uuid import UUID

log = logging.getLogger("parvis.worker")

IDLE_SECONDS = 0.5
BACKOFF_SECONDS_MAX = 60
STOP_SECONDS_MAX = 10
HEARTBEAT_SECONDS = 5
BOUNDARY_SWEEP_SECONDS = 600
ALREADY_RUNS = 75
"""Exit status when another worker holds this home (EX_TEMPFAIL of sysexits.h)."""


class AlreadyRuns(Exception):
    """Another worker holds this home."""


# Steps: each returns whether it found work -------------------------------------------------------


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


def _planned() -> bool:
    """Open the consultations whose opening was planned for this minute."""
    from parvis.consult.approval import schedule

    return bool(schedule.tick())


def _methods() -> bool:
    """Have each way to participate do its long work: charts, above all."""
    from parvis.consult import methods

    worked = [method.work() for method in methods.all_methods().values() if method.work]
    return any(worked)


def _daily() -> bool:
    """Count what each consultation received, day by day."""
    from parvis.site import daily

    return bool(daily.refresh())


class Promises:
    """Counts the promises kept when something that they count happened."""

    def __init__(self) -> None:
        self.watch: Callable[[], bool] | None = None

    def __call__(self) -> bool:
        """Count, and say whether figures changed."""
        if self.watch is None:
            from parvis.site.promise_keeping import Watch

            self.watch = Watch()
        return self.watch()


class Copies:
    """Freezes a copy of each consultation that closes, and once it is answered."""

    def __init__(self) -> None:
        self.keep: Callable[[], bool] | None = None

    def __call__(self) -> bool:
        """Make the copies that are due, and say whether there was one."""
        if self.keep is None:
            from parvis.site.copies import Keeper

            self.keep = Keeper()
        return self.keep()


def _recover() -> bool:
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
            Step("recover", _recover, every=30),
            Step("drafts", _drafts, every=600),
            Step("sessions", _sessions, every=3600),
            Step("retention", _retention, every=600),
            Step("scrub", _scrub, every=5),
            Step("openings", _openings, every=3600),
        ],
        "notices": [Step("notices", _notices, every=1)],
        "jobs": [Step("jobs", jobs or Jobs())],
        "methods": [
            Step("methods", _methods, every=10),
            Step("promises", Promises(), every=30),
            Step("daily", _daily, every=60),
            Step("copies", Copies(), every=60),
        ],
    }


def _close_old() -> None:
    from django.db import close_old_connections

    close_old_connections()


def run_until_idle(*, rounds_max: int = 1000) -> int:
    """Run every step, in order, until none finds work; return how many rounds it took.

    Raises what a step raises: this is for the command line, the demo and tests.
    """
    steps = [step for lane in lanes().values() for step in lane]
    for number in range(1, rounds_max + 1):
        if not [step.name for step in steps if step.run()]:
            return number
    return rounds_max


class Worker:
    """The lanes of one home, running until told to stop."""

    def __init__(self, home: Path, by_lane: dict[str, list[Step]] | None = None) -> None:
        self.home = home
        self.stopping = threading.Event()
        self.jobs = Jobs()
        self.lanes = by_lane or lanes(self.jobs)
        self._lock: int | None = None

    def acquire(self) -> None:
        """Take this home. Raises AlreadyRuns."""
        path = self.home / "worker.lock"
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            raise AlreadyRuns from None
        os.truncate(descriptor, 0)
        os.write(descriptor, f"{os.getpid()}\n".encode())
        self._lock = descriptor

    def release(self) -> None:
        """Let this home go."""
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def take_up_again(self) -> None:
        """On SQLite no other worker exists: what runs now is an orphan, whatever its silence."""
        from django.db import connection
        from django.utils import timezone

        from parvis.core import jobs
        from parvis.core.models import Job

        if connection.vendor == "sqlite":
            long_ago = timezone.now() - timedelta(seconds=2 * jobs.SILENCE_SECONDS_MAX)
            Job.objects.filter(state=Job.State.RUNNING).update(heartbeat_at=long_ago)
        _recover()

    def run(self) -> None:
        """Run until `stop`. The current step of each lane ends first; a long job is handed back."""
        self.take_up_again()
        threads = [
            threading.Thread(target=self._lane, args=(steps,), name=name, daemon=True)
            for name, steps in self.lanes.items()
        ]
        for thread in threads:
            thread.start()
        log.info("worker started", extra={"fields": {"pid": os.getpid()}})
        self._beat()
        while not self.stopping.wait(HEARTBEAT_SECONDS):
            self._beat()
        until = time.monotonic() + STOP_SECONDS_MAX
        for thread in threads:
            thread.join(max(0.0, until - time.monotonic()))
        self.jobs.hand_back()
        log.info("worker stopped", extra={"fields": {"pid": os.getpid()}})

    def stop(self, number: int = 0, frame: FrameType | None = None) -> None:
        """Ask every lane to end after its current step."""
        self.stopping.set()

    def _beat(self) -> None:
        temporary = self.home / "worker.heartbeat.tmp"
        line = {"pid": os.getpid(), "at": time.time(), "failing": self.failing()}
        try:
            temporary.write_text(json.dumps(line) + "\n")
            temporary.replace(self.home / "worker.heartbeat")
            self.jobs.keep_alive()
        except Exception:
            log.exception("heartbeat failed")
        _close_old()

    def failing(self) -> list[str]:
        """Return the names of the steps whose last run failed."""
        return [step.name for steps in self.lanes.values() for step in steps if step.failures]

    def _lane(self, steps: Sequence[Step]) -> None:
        while not self.stopping.is_set():
            worked = False
            for step in steps:
                worked = step.go() or worked
                if self.stopping.is_set():
                    break
            _close_old()
            if not worked:
                self.stopping.wait(IDLE_SECONDS)


def heartbeat(home: Path) -> dict[str, Any] | None:
    """Return what the worker last said of itself (pid, at, failing), None where none ever ran."""
    try:
        found = json.loads((home / "worker.heartbeat").read_text())
    except (FileNotFoundError, ValueError):
        return None
    return dict(found)


def main() -> int:
    """Run the worker of this home until SIGTERM or SIGINT; return the exit status."""
    from django.conf import settings

    worker = Worker(settings.HOME)
    try:
        worker.acquire()
    except AlreadyRuns:
        return ALREADY_RUNS
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, worker.stop)
    try:
        worker.run()
    finally:
        worker.release()
        logging.shutdown()
    # A job that did not end in time was handed back; its thread must not keep the process.
    os._exit(0)
