"""What is asked of Parvis without a server, in a process of its own: queries, walk, receipts."""

import json
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from bench.settings import HOME, ROOT


def ask_inside(what: str, given: Any, home: Path) -> dict[str, Any]:
    """Run this module on a home and return what it found."""
    said = subprocess.run(
        [sys.executable, "-m", "bench.inside", what],
        input=json.dumps(given),
        capture_output=True,
        text=True,
        cwd=ROOT,
        env={**os.environ, "PARVIS_HOME": str(home), "PARVIS_LOG_LEVEL": "ERROR"},
        timeout=120,
    )
    if said.returncode:
        raise RuntimeError(said.stderr[-2000:])
    return dict(json.loads(said.stdout.splitlines()[-1]))


def queries(paths: dict[str, str]) -> dict[str, int]:
    """Return how many queries each page makes, the second time a process draws it."""
    from django.db import connection
    from django.test import Client
    from django.test.utils import CaptureQueriesContext

    client, found = Client(SERVER_NAME="127.0.0.1"), {}
    for name, path in paths.items():
        answer = client.get(path)
        if answer.status_code != 200:
            raise RuntimeError(f"{path}: {answer.status_code}")
        with CaptureQueriesContext(connection) as seen:
            client.get(path)
        found[name] = len(seen)
    return found


def walks(commitment: str, times: int = 20) -> dict[str, Any]:
    """Return the median milliseconds (elapsed, and of CPU) of a walk, and how many it met."""
    from parvis.core.models import Node
    from parvis.core.thread import walk

    start = Node.objects.get(pk=commitment)
    walk(start)
    elapsed, cpu = [], []
    for _n in range(times):
        begun, spent = time.perf_counter(), time.process_time()
        found = walk(start)
        elapsed.append(1000 * (time.perf_counter() - begun))
        cpu.append(1000 * (time.process_time() - spent))
    return {
        "ms": statistics.median(elapsed),
        "cpu_ms": statistics.median(cpu),
        "met": found.count("contribution"),
    }


def receipts(by_key: dict[str, list[str]]) -> dict[str, int]:
    """Return how many receipts have no row or no leaf, and how many keys have two receipts."""
    from parvis.consult import contributions
    from parvis.core.errors import NotFound
    from parvis.core.events import IdempotencyKey
    from parvis.core.models import Event
    from parvis.ledger.models import Leaf

    lost = twice = 0
    for key, codes in by_key.items():
        twice += len(codes) > 1
        for code in codes:
            try:
                row = contributions.by_code(code)
            except NotFound:
                lost += 1
                continue
            stored = IdempotencyKey(f"answer:{row.activity_id}", key).stored
            events = Event.objects.filter(key=stored, node_id=row.pk)
            lost += not Leaf.objects.filter(event__in=events).exists()
    return {"lost": lost, "twice": twice}


def main() -> None:
    """Answer what the command line asks, with what standard input gives."""
    from parvis.commands.prepare import start_django

    start_django()
    what, given = sys.argv[1], json.load(sys.stdin)
    if what == "receipts":
        print(json.dumps(receipts(given)))
        return
    from bench.places import places

    data = json.loads((HOME / "bench.json").read_text())
    print(json.dumps({"queries": queries(places(data)), "walk": walks(data["commitment"])}))


if __name__ == "__main__":
    main()
