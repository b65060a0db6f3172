"""The worker does every step, survives what fails, and loses nothing when it is killed."""

import json
import signal
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from django.utils import timezone

from parvis import steps, worker
from parvis.consult.models import Draft
from parvis.core.models import Event, Job
from parvis.ledger.models import Leaf
from tests.factories import make_answer, make_consultation, survey_of


@pytest.mark.django_db(transaction=True)
def test_one_pass_does_every_step() -> None:
    consultation = make_consultation()
    survey = survey_of(consultation)
    make_answer(survey)
    now = timezone.now()
    for days in (-1, 1):
        Draft.objects.create(
            token_digest=bytes([days + 1]) * 32, activity=survey, expires=now + timedelta(days=days)
        )
    Job.objects.create(task="parvis.core.search.words_of", arguments={"texts": []}, attempts=3)

    worker.run_until_idle()

    assert not Leaf.objects.filter(index=None).exists()
    assert Leaf.objects.count() > 1
    assert not Event.objects.filter(pending=True).exists()
    assert Event.objects.filter(verb="consultation.opened", node=consultation.node).count() == 1
    assert Draft.objects.get().expires > now
    assert Job.objects.get().state == Job.State.FAILED


@pytest.mark.django_db(transaction=True)
def test_a_boundary_is_said_when_the_clock_passes_it(monkeypatch: pytest.MonkeyPatch) -> None:
    consultation = make_consultation(days=(-1, 2))
    say = steps.Boundaries()
    now = timezone.now()

    def at(**later: int) -> bool:
        monkeypatch.setattr(timezone, "now", lambda: now + timedelta(**later))
        return say()

    assert at(), "the opening is said"
    assert not at(seconds=1), "once"
    assert not at(days=1)
    assert at(days=2, seconds=5), "the closing is said"
    assert not at(days=2, seconds=6)
    verbs = Event.objects.filter(node=consultation.node, verb__startswith="consultation.")
    said = [v for v in verbs.values_list("verb", flat=True) if v.endswith(("opened", "closed"))]
    assert sorted(said) == ["consultation.closed", "consultation.opened"]


def test_a_step_that_fails_waits_longer_each_time_and_recovers() -> None:
    calls = []

    def fail() -> bool:
        calls.append(len(calls))
        if len(calls) < 3:
            raise OSError("the disk is away")
        return True

    step = steps.Step("trial", fail)
    assert not step.go()
    assert step.failures == 1
    assert not step.go(), "it waits"
    assert len(calls) == 1
    step.next_at = 0
    step.go()
    step.next_at = 0
    assert step.go(), "it works again"
    assert step.failures == 0


def test_one_worker_at_a_time_on_a_home(tmp_path: Path) -> None:
    first, second = worker.Worker(tmp_path, {}), worker.Worker(tmp_path, {})
    first.acquire()
    with pytest.raises(worker.AlreadyRuns):
        second.acquire()
    first.release()
    second.acquire()
    second.release()


@pytest.mark.django_db(transaction=True)
def test_a_job_that_killed_its_worker_three_times_has_failed() -> None:
    old = timezone.now() - timedelta(minutes=10)
    for attempts in (1, 3):
        Job.objects.create(task="x", state=Job.State.RUNNING, attempts=attempts, heartbeat_at=old)
    steps.recover()
    states = dict(Job.objects.values_list("attempts", "state"))
    assert states == {1: Job.State.WAITING, 3: Job.State.FAILED}


_QUEUE = """
from parvis.core import jobs
from parvis.core.access import SYSTEM
job = jobs.enqueue("tests.operations.tasks.count_slowly", actor=SYSTEM,
                   arguments={{"path": {path!r}, "steps": {steps}}})
print(job.pk)
"""
_STATE = """
from parvis.core.models import Job
job = Job.objects.get()
print(job.state, job.done, job.attempts)
"""


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_a_worker_killed_during_a_job_resumes_it(
    home, tmp_path: Path, wait_until: Callable[..., None], number: signal.Signals
) -> None:
    ran = tmp_path / "ran"
    home.python(_QUEUE.format(path=str(ran), steps=150))
    first = home.start("-m", "parvis.cli", "worker")
    wait_until(ran.exists)
    first.send_signal(number)
    assert first.wait(30) == (-number if number == signal.SIGKILL else 0)
    state, _done, attempts = home.python(_STATE).split()
    if number == signal.SIGKILL:
        assert (state, attempts) == ("running", "1")
        # On PostgreSQL another worker may be alive: the job is taken over after its silence.
        home.python(
            "from parvis.core.models import Job\nfrom datetime import timedelta\n"
            "job = Job.objects.get()\njob.heartbeat_at -= timedelta(minutes=5)\njob.save()"
        )
    else:
        assert (state, attempts) == ("waiting", "0"), "it was handed back"
    home.python(
        "from parvis.core.models import Job\njob = Job.objects.get()\n"
        "job.arguments['steps'] = 3\njob.save()"
    )
    second = home.start("-m", "parvis.cli", "worker")
    wait_until(lambda: home.python(_STATE).startswith("done"), 60)
    assert second.poll() is None
    assert len(ran.read_text().split()) == 2
    beat = json.loads((home.path / "worker.heartbeat").read_text())
    assert beat["pid"] == second.pid
