"""Answers sent while everything is killed with -9: none may be lost, none may be there twice.

Clients send survey answers and try each again, under its own key, until a receipt comes. Every
three seconds the server and the worker are killed and started again. Then: each receipt has its
row, each key has one row and one leaf, and the worker has put every leaf in the register.

This kills processes, not the machine: what a power cut does depends on the disk's fsync too
(commits are FULL).
"""

import http.client
import json
import sqlite3
import threading
import time
from collections import deque
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from bench.measure import Request
from bench.server import Group, start
from bench.settings import CSRF, HOST, PORT

ANSWERS = 2_000
CLIENTS = 8
BETWEEN_KILLS_SECONDS = 3
PER_SECOND_MAX = 120
"""Held back, so that several kills fall among 2,000 answers."""
SECONDS_MAX = 120


@dataclass(frozen=True)
class Outcome:
    """What was sent and found. `lost` and `twice` must be 0."""

    answers: int
    receipts: int
    kills: int
    retries: int
    rows: int
    lost: int
    twice: int
    leaves_waiting: int
    seconds: float


class Clients:
    """Threads that each send an answer until its receipt comes."""

    def __init__(self, posts: Sequence[Request], until: float) -> None:
        self.waiting = deque(posts)
        self.receipts: dict[str, set[str]] = {}
        self.retries = 0
        self.until = until
        self.lock = threading.Lock()
        self.threads = [threading.Thread(target=self._run, daemon=True) for _n in range(CLIENTS)]
        for thread in self.threads:
            thread.start()

    @property
    def alive(self) -> bool:
        """Whether somebody still sends."""
        return any(thread.is_alive() for thread in self.threads)

    def _run(self) -> None:
        pause = CLIENTS / PER_SECOND_MAX
        while time.monotonic() < self.until:
            try:
                path, body, key = self.waiting.popleft()
            except IndexError:
                return
            begun = time.monotonic()
            while time.monotonic() < self.until:
                code = self._send(path, body)
                if code:
                    with self.lock:
                        self.receipts.setdefault(key, set()).add(code)
                    break
                with self.lock:
                    self.retries += 1
                time.sleep(0.05)
            time.sleep(max(0.0, pause - (time.monotonic() - begun)))

    def _send(self, path: str, body: str) -> str | None:
        """Return the code of the receipt, None when no answer came."""
        link = http.client.HTTPConnection(HOST, PORT, timeout=10)
        headers = {
            "Content-Type": "application/x-www-form-urlencoded",
            "Cookie": f"csrf={CSRF}",
        }
        try:
            link.request("POST", path, body, headers)
            answer = link.getresponse()
            answer.read()
        except (OSError, http.client.HTTPException):
            return None
        finally:
            link.close()
        where = answer.getheader("Location", "")
        return where.split("/")[3] if answer.status == 302 and "/suivi/" in where else None


def _worker() -> Group:
    return Group(["-m", "parvis.cli", "worker", "--quiet"], {})


def run(home: Path, data: dict[str, str], posts: Sequence[Request]) -> Outcome:
    """Send, kill, start again; then compare receipts, rows and leaves."""
    before = _count(home)
    started = time.monotonic()
    server, worker = start(PARVIS_PAGE_CACHE="60"), _worker()
    kills = 0
    clients = Clients(posts, started + SECONDS_MAX)
    try:
        while clients.alive:
            until = time.monotonic() + BETWEEN_KILLS_SECONDS
            while clients.alive and time.monotonic() < until:
                time.sleep(0.05)
            if clients.alive:
                server.kill()
                worker.kill()
                kills += 1
                server, worker = start(PARVIS_PAGE_CACHE="60"), _worker()
        took = time.monotonic() - started
        left = _wait_for_leaves(home)
    finally:
        server.stop()
        worker.stop()
    lost, twice = _compare(home, clients.receipts)
    rows = _count(home) - before
    return Outcome(
        answers=len(posts), receipts=len(clients.receipts), kills=kills, retries=clients.retries,
        rows=rows, lost=lost, twice=twice + max(0, rows - len(posts)), leaves_waiting=left,
        seconds=took,
    )  # fmt: skip


def _ask(home: Path, query: str, *values: object) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(home / "parvis.db", timeout=20)) as database:
        return database.execute(query, values).fetchall()


def _count(home: Path) -> int:
    return int(str(_ask(home, "SELECT count(*) FROM consult_contribution")[0][0]))


def _wait_for_leaves(home: Path, seconds: float = 20) -> int:
    """Return how many leaves the worker has not put in the register, at most 20 s later."""
    until = time.monotonic() + seconds
    while True:
        query = 'SELECT count(*) FROM ledger_leaf WHERE "index" IS NULL'
        left = int(str(_ask(home, query)[0][0]))
        if not left or time.monotonic() > until:
            return left
        time.sleep(0.3)


def _compare(home: Path, receipts: dict[str, set[str]]) -> tuple[int, int]:
    """Return (receipts without row or leaf, keys with two receipts or rows), by the services."""
    from bench.inside import ask_inside

    found = ask_inside("receipts", {key: sorted(codes) for key, codes in receipts.items()}, home)
    return int(found["lost"]), int(found["twice"])


def say(found: Outcome) -> str:
    """Return the outcome in one line."""
    return json.dumps(found.__dict__)
