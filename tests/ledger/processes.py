"""A site of its own in real processes, on either database: kill -9, two sequencers, erasure.

Run by `test_ledger_processes.py`: `python -m tests.ledger.processes <scenario>`, in a home and
on a database made for it. Prints one JSON object.
"""

import json
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import django

django.setup()

from django.db import connection, connections  # noqa: E402

from parvis.ledger import sequencer  # noqa: E402
from parvis.ledger.models import Leaf  # noqa: E402
from parvis.ledger.store import Store  # noqa: E402
from parvis.merkle.audit import audit  # noqa: E402
from tests.ledger.helpers import accept, act, indexes  # noqa: E402


def in_child(work: Callable[[], Any]) -> int:
    """Run `work` in a forked process with connections of its own; return its wait status."""
    connections.close_all()
    pid = os.fork()
    if pid == 0:
        try:
            work()
        finally:
            os._exit(0)
    return os.waitpid(pid, 0)[1]


def killed_at(number: int, limit: int = 5000) -> bool:
    """Sequence in a process that kills itself (SIGKILL) at a step; return whether it did."""
    seen = iter(range(number + 1))

    def step(_name: str) -> None:
        if next(seen, None) == number:
            os.kill(os.getpid(), signal.SIGKILL)

    return os.WIFSIGNALED(in_child(lambda: sequencer.run_once(limit, step=step)))


def audited() -> dict[str, Any]:
    """Sequence all that waits, audit, and say what the database holds."""
    while sequencer.run_once():
        pass
    store = Store.here()
    report = audit(store, store.verifier)
    numbers = indexes()
    return {
        "findings": [str(finding) for finding in report.findings],
        "leaves": report.leaves,
        "rows": Leaf.objects.count(),
        "gapless": numbers == list(range(len(numbers))),
        "refused": Leaf.objects.exclude(problem="").count(),
    }


def crash() -> dict[str, Any]:
    """Kill -9 at every step of a run that crosses a tile, each time with more to do."""
    accept(3)
    sequencer.run_once()
    number, killed = 0, 0
    while True:
        accept(90)
        if not killed_at(number):
            break
        killed += 1
        accept(2)
        number += 1
    return {"killed": killed} | audited()


def at_once(*works: Callable[[], Any]) -> list[int]:
    """Run each in a process of its own, all at once; return the statuses that are not 0."""
    connections.close_all()
    children = []
    for work in works:
        pid = os.fork()
        if pid:
            children.append(pid)
            continue
        status = 1
        try:
            work()
            status = 0
        except Exception as error:  # noqa: BLE001 said, and told by the status
            print(repr(error), file=sys.stderr)
        finally:
            os._exit(status)
    return [status for pid in children if (status := os.waitpid(pid, 0)[1])]


def two() -> dict[str, Any]:
    """Four processes write, two sequence, all at once."""

    def write() -> None:
        for n in range(40):
            (event,) = accept()
            if n % 3 == 0:
                act("answer.rejected", event, {"reason": "duplicate"})

    def sequence() -> None:
        for _ in range(200):
            sequencer.run_once(7)

    return {"failed": at_once(*[write] * 4, *[sequence] * 2)} | audited()


def counts() -> dict[str, Any]:
    """Counts published while others write: each is the recount of what stands before it."""
    from parvis.core.models import Node
    from parvis.ledger.counts import publish_counts

    node = Node.objects.create(kind="consultation", slug="place", state="public")

    def repeat(work: Callable[[], Any]) -> Callable[[], None]:
        return lambda: [work() for _ in range(60)]  # type: ignore[return-value]

    def publish() -> None:
        publish_counts(node, lambda: {"survey/questions": {}})

    failed = at_once(*[repeat(accept)] * 3, repeat(publish), repeat(lambda: sequencer.run_once()))
    published = Leaf.objects.filter(kind="count.published").count()
    return {"failed": failed, "published": published} | audited()


def found_in(folder: Path, text: str) -> list[str]:
    """Return the files under `folder` that hold these bytes, as they are or in JSON's spelling."""
    spelled = [text.encode(), json.dumps(text)[1:-1].encode()]
    return [
        str(path.relative_to(folder))
        for path in sorted(folder.rglob("*"))
        if path.is_file() and any(words in path.read_bytes() for words in spelled)
    ]


def erase() -> dict[str, Any]:
    """Withdraw an answer and a proposal: their words are then in no file of the home."""
    from django.conf import settings

    from parvis.consult import contributions
    from parvis.core import outbox
    from parvis.core.access import NOBODY
    from parvis.ledger import erasure, openings
    from parvis.methods.proposals import services
    from tests.factories import make_actor, make_answer, make_consultation, survey_of

    consultation = make_consultation(with_proposals=True)
    survey = survey_of(consultation)
    proposals = consultation.activities.select_related("node", "consultation__node").get(
        method="proposals"
    )
    secrets = [f"ornithorynque {n} secret et rare" for n in range(3)]
    for n in range(20):
        make_answer(survey, {"first": "data", "why": f"Une réponse ordinaire, la {n}e."})
    answer = make_answer(survey, {"first": "data", "why": secrets[0]}).contribution
    contributions.change(
        actor=NOBODY.holding(answer.pk),
        contribution=answer,
        payload={"first": "docs", "why": secrets[1]},
    )
    author = make_actor()
    proposal = services.propose(
        actor=author, activity=proposals, title="Un titre", body=secrets[2]
    ).contribution
    while outbox.pump() or sequencer.run_once():
        pass
    openings.publish()
    sequencer.run_once()
    home = Path(settings.HOME)
    before = [found_in(home, secret) for secret in secrets]
    contributions.withdraw(actor=NOBODY.holding(answer.pk), contribution=answer)
    contributions.withdraw(actor=author, contribution=proposal)
    while outbox.pump() or sequencer.run_once():
        pass
    asked = erasure.run_if_asked()
    result = {
        "before": before,
        "asked": asked,
        "again": erasure.run_if_asked(),
        "after": [found_in(home, secret[:24]) for secret in secrets],
        "stems": found_in(home, "ornithorynqu"),
    }
    return result | audited()


SCENARIOS = {f.__name__: f for f in (crash, two, counts, erase)}


def main(name: str) -> None:
    """Run a scenario, print its result."""
    result = SCENARIOS[name]()
    result["vendor"] = connection.vendor
    sys.stdout.write(json.dumps(result) + "\n")


if __name__ == "__main__":
    main(sys.argv[1])
