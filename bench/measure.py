"""One measure: a client, a server, what was answered and what it cost."""

import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.server import Group
from bench.settings import BASE, CSRF, HOST, PORT, ROOT, WARM_SECONDS

WRK = shutil.which("wrk")
Request = tuple[str, str, str]
_COOKIE = f"csrf={CSRF}"
_FORM = "application/x-www-form-urlencoded"


@dataclass(frozen=True)
class Measure:
    """requests/s; milliseconds of the 50th, 95th and 99th percentile; CPU of the server (ms)."""

    rate: float
    p50: float
    p95: float
    p99: float
    cpu: float
    load: float
    requests: int
    errors: int


def median(found: Sequence[Measure]) -> Measure:
    """Return the median of each figure over the runs; errors are summed."""
    middle = {
        name: statistics.median(getattr(one, name) for one in found)
        for name in ("rate", "p50", "p95", "p99", "cpu", "load")
    }
    return Measure(
        **middle, requests=sum(m.requests for m in found), errors=sum(m.errors for m in found)
    )


def _raw(method: str, path: str, headers: dict[str, str], body: str = "") -> str:
    lines = [f"{method} {path} HTTP/1.1", f"Host: {HOST}:{PORT}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    if body:
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join(lines) + "\r\n\r\n" + body


def _run(path: str, posts: Sequence[Request], connections: int, seconds: float) -> dict[str, float]:
    headers = {"Accept-Encoding": "gzip"}
    if posts:
        headers |= {"Cookie": _COOKIE, "Content-Type": _FORM}
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as file:
        if WRK:
            command = [
                WRK, "-t1", f"-c{connections}", f"-d{seconds}s", "--timeout", "8s",
                "-s", str(ROOT / "bench" / "load.lua"),
            ]  # fmt: skip
            for name, value in headers.items():
                command += ["-H", f"{name}: {value}"]
            command += [f"{BASE}{path}"]
            if posts:
                file.write("".join(f"{where}\t{body}\n" for where, body, _key in posts))
                command += ["--", file.name]
        else:
            raw = [_raw("POST", where, headers, body) for where, body, _key in posts]
            json.dump(raw or [_raw("GET", path, headers)], file)
            command = [
                sys.executable, "-m", "bench.client", str(connections), str(seconds), file.name,
            ]  # fmt: skip
        file.flush()
        said = subprocess.run(
            command, capture_output=True, text=True, check=True, cwd=ROOT, timeout=seconds + 40
        ).stdout
    return dict(json.loads(next(line for line in said.splitlines() if line.startswith("{"))))


def warm(path: str, posts: Sequence[Request] = (), connections: int = 16) -> None:
    """Have every process and thread answer before anything is measured: 200 requests, or 6 s."""
    done, left = 0, list(posts)
    for _n in range(6):
        found = _run(path, left, connections, WARM_SECONDS)
        done += int(found["requests"])
        # What was in flight at the end was sent too.
        left = left[int(found["requests"]) + connections :]
        if done >= 200 or (posts and len(left) < 200):
            return


def _settle(group: Group, seconds: float = 5) -> None:
    """Wait until the server is done with what an earlier client left behind."""
    until, spent = time.monotonic() + seconds, group.cpu_seconds()
    while time.monotonic() < until:
        time.sleep(0.3)
        now = group.cpu_seconds()
        if now - spent < 0.02:
            return
        spent = now


def once(
    group: Group, path: str, *, connections: int, seconds: float, posts: Sequence[Request] = ()
) -> Measure:
    """Measure one page, or posts of which each is sent once."""
    _settle(group)
    load, before = os.getloadavg()[0], group.cpu_seconds()
    found = _run(path, posts, connections, seconds)
    spent = group.cpu_seconds() - before
    n = int(found["requests"])
    if not n:
        raise RuntimeError(f"nothing was answered at {path or posts[0][0]}")
    if posts and n > len(posts):
        raise RuntimeError(f"{n} posts were sent, {len(posts)} were ready: some are repeats")
    return Measure(
        rate=n / found["seconds"], p50=found["p50"], p95=found["p95"], p99=found["p99"],
        cpu=1000 * spent / n, load=load, requests=n, errors=int(found["errors"]),
    )  # fmt: skip


def client_name() -> str:
    """Which client measures."""
    return "wrk" if WRK else "the client in Python (bench/client.py)"


def home_bytes(home: Path) -> int:
    """Size of the database."""
    return sum(path.stat().st_size for path in home.glob("parvis.db*"))
