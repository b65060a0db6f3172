"""`python -m bench`: fills a temporary home, measures, prints a table, writes results.md.

--keep FOLDER   fill this folder once and use it again
--without-crash leave the crash test out
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

from bench import crash, table
from bench.inside import ask_inside
from bench.measure import Measure, median, once, warm
from bench.places import answers, comments, places
from bench.server import Group, serving
from bench.settings import BASE, DRAFTS, READ_SECONDS, ROOT, RUNS, WRITE_SECONDS

MANY, FEW, WRITERS = 16, 4, 16
_PER_RUN = 4_000


def _python(module: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", module], cwd=ROOT, capture_output=True, text=True, timeout=240
    )
    if done.returncode:
        raise RuntimeError(f"{module}: {done.stderr[-2000:]}")


def _keep_cached(path: str, into: Path) -> None:
    """Write what the page cache answers, so that the bare server answers the very same."""
    request = urllib.request.Request(f"{BASE}{path}", headers={"Accept-Encoding": "gzip"})
    for _n in range(40):
        with urllib.request.urlopen(request, timeout=10) as answer:
            body, headers = answer.read(), answer.getheaders()
        if answer.headers.get("x-page-cache") == "hit":
            break
    else:
        raise RuntimeError("the page cache never answered")
    own = {"server", "date", "transfer-encoding", "connection"}
    kept = [pair for pair in headers if pair[0].lower() not in own]
    into.write_text(json.dumps({"status": "200 OK", "headers": kept, "body": body.hex()}))


def _cached(home: Path, path: str) -> dict[str, Measure]:
    """The consultation's page from the cache, and the same bytes from nothing, by turns."""
    page, bare = [], []
    kept = home / "bare.json"
    for _run in range(RUNS):
        with serving(PARVIS_PAGE_CACHE="60") as group:
            _keep_cached(path, kept)
            warm(path, connections=MANY)
            page.append(once(group, path, connections=MANY, seconds=READ_SECONDS))
        with serving("bench.bare:application", BENCH_BARE=str(kept)) as group:
            warm(path, connections=MANY)
            bare.append(once(group, path, connections=MANY, seconds=READ_SECONDS))
    return {"cached": median(page), "bare": median(bare)}


def _pages(where: dict[str, str]) -> dict[str, Measure]:
    """Each page without the cache."""
    with serving(PARVIS_PAGE_CACHE="0") as group:
        found: dict[str, list[Measure]] = {name: [] for name in where}
        for path in where.values():
            warm(path)
        for _run in range(RUNS):
            for name, path in where.items():
                found[name].append(once(group, path, connections=FEW, seconds=READ_SECONDS))
    return {name: median(runs) for name, runs in found.items()}


def _posts(data: dict, tokens: list[str]) -> tuple[dict[str, Measure], dict[str, float]]:
    """Answers, comments and the plain insert, by turns; memory after them."""
    found: dict[str, list[Measure]] = {"answer": [], "comment": [], "plain": []}
    sent = {"answer": answers(data, tokens), "comment": comments(data, 3 * _PER_RUN)}
    # Other drafts' addresses, so that the bare server reads the same requests.
    sent["plain"] = answers(data, [tokens[0]] * (6 * _PER_RUN))

    def take(name: str, count: int) -> list[tuple[str, str, str]]:
        taken, sent[name] = sent[name][:count], sent[name][count:]
        return taken

    memory: dict[str, float] = {}
    for _run in range(RUNS):
        with serving(PARVIS_PAGE_CACHE="60") as group:
            for name in ("answer", "comment"):
                warm("/", take(name, 1_500), WRITERS)
                batch = take(name, _PER_RUN)
                found[name].append(
                    once(group, "/", connections=WRITERS, seconds=WRITE_SECONDS, posts=batch)
                )
            memory = _memory(group)
        with serving("bench.plain:application") as group:
            warm("/", take("plain", 3_000), WRITERS)
            batch = take("plain", 2 * _PER_RUN)
            found["plain"].append(
                once(group, "/", connections=WRITERS, seconds=WRITE_SECONDS, posts=batch)
            )
    return {name: median(runs) for name, runs in found.items()}, memory


def _memory(group: Group) -> dict[str, float]:
    """Resident megabytes of the server's processes, and of a worker just started beside it."""
    worker = Group(["-m", "parvis.cli", "worker", "--quiet"], {})
    try:
        time.sleep(5)
        server = group.rss_bytes().values()
        return {
            "server": sum(server) / 1e6,
            "processes": len(server),
            "worker": sum(worker.rss_bytes().values()) / 1e6,
        }
    finally:
        worker.stop()


def main() -> int:
    """Measure; return 0 whatever the figures are: a table is to be read."""
    parser = argparse.ArgumentParser(prog="bench", description=__doc__)
    parser.add_argument("--keep", type=Path)
    parser.add_argument("--without-crash", action="store_true")
    given = parser.parse_args()
    started = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="parvis-bench-") as folder:
        home = (given.keep or Path(folder)).resolve()
        home.mkdir(parents=True, exist_ok=True)
        os.environ["PARVIS_HOME"] = str(home)
        for name in ("PARVIS_DATABASE_URL", "PARVIS_DEMO", "PARVIS_TESTING", "PARVIS_DEBUG",
                     "DJANGO_SETTINGS_MODULE", "PARVIS_HOSTS"):  # fmt: skip
            os.environ.pop(name, None)
        if not (home / "bench.json").exists():
            print("Filling a temporary site", flush=True)
            _python("bench.data")
            _python("bench.plain")
        data = json.loads((home / "bench.json").read_text())
        tokens = data["tokens"]
        where = places(data)
        print("Measuring pages", flush=True)
        inside = ask_inside("all", {}, home)
        measures = {**_cached(home, where["consultation"]), **_pages(where)}
        print("Measuring what people send", flush=True)
        posts, memory = _posts(data, tokens[: DRAFTS - crash.ANSWERS])
        measures |= posts
        outcome = None
        if not given.without_crash:
            print("Killing everything while people answer", flush=True)
            last = answers(data, tokens[DRAFTS - crash.ANSWERS :])
            outcome = crash.run(home, data, last)
        if given.keep:
            # Its drafts were sent: another run needs a new one.
            (home / "bench.json").rename(home / "bench.done.json")
        text = table.write(measures, inside, memory, outcome, time.monotonic() - started)
    print(text)
    (ROOT / "bench" / "results.md").write_text(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
