"""The worker: everything that happens after the answer to a request, or because time passes.

Six lanes, each a thread with its own connection, so that a mail server that hangs or an analysis
of ten minutes never delays the register:

    ledger   index the new leaves, sign the head                      within a second
    events   hand events to search, notices, publication; say boundaries; clean up
    notices  send what people asked to be told
    jobs     imports, exports, analyses
    outside  due harvests; links of the catalogue, tried one site at a time
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
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from types import FrameType
from typing import Any

from parvis.steps import Jobs, Step, lanes, recover

log = logging.getLogger("parvis.worker")

IDLE_SECONDS = 0.5
STOP_SECONDS_MAX = 10
HEARTBEAT_SECONDS = 5
ALREADY_RUNS = 75
"""Exit status when another worker holds this home (EX_TEMPFAIL of sysexits.h)."""


class AlreadyRuns(Exception):
    """Another worker holds this home."""


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
        recover()

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
