"""`python -m bench.datasette`: the same table and questions, here and on Datasette, by turns.

--rows N      another size (1,000,000)
--requests N  of each question (40)
--keep FOLDER fill this folder once and use it again

One CSV of 20 columns (`bench.tables`) is loaded in both: here as a dataset that is published, there
in SQLite with an index on every column that is filtered, counted or sorted, full-text search on
its columns of text, opened immutable with counts made before, as its documentation advises. Both
answer over HTTP on this machine, one request here, one there, so that other work spoils both
alike. No two requests of a question are the same: nothing is answered from an answer kept.
"""

import argparse
import csv
import json
import os
import random
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from itertools import islice
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

PORTS = (8776, 8777)
TYPES = {"id": "INTEGER", "montant": "INTEGER", "prix": "REAL", "taux": "REAL", "age": "INTEGER",
         "note": "INTEGER", "lat": "REAL", "lon": "REAL", "cle": "INTEGER"}  # fmt: skip
INDEXED = "ville couleur secteur montant prix taux jour actif age note cle ok".split()
SEARCHED = "code_postal ville couleur actif secteur empreinte commentaire cp ok".split()
BATCH = 20_000
WORDS = "search in words"


# Filling ------------------------------------------------------------------------------------------


def fill_ours(home: Path, path: Path) -> None:
    """Load and publish the table as a steward does."""
    from bench.catalogue import prepare

    prepare(home)
    from parvis.catalogue import loading, services, store
    from parvis.core.access import SYSTEM
    from parvis.core.models import Node, Organisation, Site, State

    node = Node.objects.create(
        kind="organisation", slug="ville", state=State.PUBLIC, title={"fr": "Ville"}
    )
    owner = Organisation.objects.create(node=node)
    Site.objects.create(name={"fr": "Mesures"}, organisation=owner, languages=["fr"])
    dataset = services.create_dataset(
        actor=SYSTEM, title={"fr": "Table"}, organisation=owner, slug="table",
        fields={"notes": {"fr": "Mesure."}, "tags": ["mesure"], "licence": "CC-BY-4.0",
                "frequency": "irregular", "languages": ["fr"], "spatial": "Québec"},
    )  # fmt: skip
    resource = services.add_resource(actor=SYSTEM, dataset=dataset, name={"fr": "t"}, slug="t")
    with path.open("rb") as source:
        loading.add_version(actor=SYSTEM, resource=resource, source=source, name="t.csv")
    services.publish_dataset(actor=SYSTEM, dataset=dataset)
    # What the worker does after a publication.
    store.quicken()


def fill_theirs(folder: Path, path: Path) -> None:
    """Load the table in SQLite, index it, and count it."""
    database = folder / "data.db"
    link = sqlite3.connect(database)
    with path.open(newline="") as file:
        rows = csv.reader(file)
        names = next(rows)
        columns = ", ".join(f"{name} {TYPES.get(name, 'TEXT')}" for name in names)
        link.execute(f"CREATE TABLE t ({columns}, PRIMARY KEY (id))")
        marks = ", ".join("?" * len(names))
        while batch := [[cell or None for cell in row] for row in islice(rows, BATCH)]:
            link.executemany(f"INSERT INTO t VALUES ({marks})", batch)
    link.commit()
    link.close()
    tool = [sys.executable, "-m", "sqlite_utils"]
    for name in INDEXED:
        _run([*tool, "create-index", str(database), "t", name])
    _run([*tool, "enable-fts", str(database), "t", *SEARCHED])
    _run([*tool, "analyze", str(database)])
    _run([sys.executable, "-m", "datasette", "inspect", str(database), "--inspect-file",
          str(folder / "counts.json")])  # fmt: skip


def _run(command: list[str]) -> None:
    done = subprocess.run(command, capture_output=True, text=True, timeout=900)
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)}: {done.stderr[-2000:]}")


# Serving ------------------------------------------------------------------------------------------


@contextmanager
def served(command: list[str], port: int, probe: str, **environment: str) -> Iterator[None]:
    """Start a server, give it once it answers, stop it."""
    process = subprocess.Popen(
        command, env={**os.environ, **environment}, stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL, start_new_session=True,
    )  # fmt: skip
    try:
        until = time.monotonic() + 60
        while True:
            try:
                if ask(port, probe)[1]:
                    break
            except OSError:
                if time.monotonic() > until or process.poll() is not None:
                    raise
                time.sleep(0.2)
        yield
    finally:
        process.terminate()
        process.wait(20)


def ours(home: Path) -> tuple[list[str], dict[str, str]]:
    """Return how `parvis serve` starts its server."""
    from parvis.commands.serve import Options, granian

    command = [sys.executable, *granian(Options(port=PORTS[0], workers=2, threads=1))]
    return command, {
        "PARVIS_HOME": str(home), "PARVIS_PAGE_CACHE": "0", "PARVIS_API_PER_MINUTE": "0",
        "PARVIS_SITE_URL": f"http://127.0.0.1:{PORTS[0]}", "PARVIS_LOG_LEVEL": "WARNING",
        "PARVIS_SECRET_KEY": "for-the-bench-only",
    }  # fmt: skip


def theirs(folder: Path) -> list[str]:
    """Return how Datasette is started for a file that does not change."""
    return [
        sys.executable, "-m", "datasette", "serve", "-i", str(folder / "data.db"),
        "--inspect-file", str(folder / "counts.json"), "--port", str(PORTS[1]),
        "--setting", "max_returned_rows", "1000", "--setting", "facet_time_limit_ms", "20000",
        "--setting", "sql_time_limit_ms", "20000", "--setting", "max_csv_mb", "0",
        "--setting", "suggest_facets", "off",
    ]  # fmt: skip


# Asking -------------------------------------------------------------------------------------------


def ask(port: int, path: str) -> tuple[float, bytes]:
    """Return the milliseconds and the body of an answer. Raises RuntimeError unless it is 200."""
    link = HTTPConnection("127.0.0.1", port, timeout=120)
    start = time.perf_counter()
    link.request("GET", path)
    answer = link.getresponse()
    body = answer.read()
    spent = 1_000 * (time.perf_counter() - start)
    link.close()
    if answer.status != 200:
        raise RuntimeError(f"{answer.status} {path}: {body[:300]!r}")
    return spent, body


def dump(port: int, path: str) -> tuple[float, float, int]:
    """Return milliseconds to the first byte and to the last, and the bytes."""
    link = HTTPConnection("127.0.0.1", port, timeout=600)
    start = time.perf_counter()
    link.request("GET", path)
    answer = link.getresponse()
    size = len(answer.read(1))
    first = 1_000 * (time.perf_counter() - start)
    while chunk := answer.read(1 << 20):
        size += len(chunk)
    spent = 1_000 * (time.perf_counter() - start)
    link.close()
    if answer.status != 200 or size < 1_000_000:
        raise RuntimeError(f"{answer.status} {path}: {size} bytes")
    return first, spent, size


Pair = tuple[str, str]


def _pair(here: list[tuple[str, Any]], there: list[tuple[str, Any]]) -> Pair:
    return (
        f"/api/v1/datasets/table/rows?{urlencode(here)}",
        f"/data/t.json?{urlencode([('_shape', 'objects'), *there])}",
    )


def questions(rows: int) -> dict[str, Callable[[int], Pair]]:
    """Return name -> the addresses of the nth request, here and there."""
    chance = random.Random(7)
    order = [f"Ville {n}" for n in chance.sample(range(1_200), 400)]
    sorts = ("prix", "montant", "taux", "jour")
    counted = ("couleur", "secteur", "actif", "ok", "note")

    def facet(n: int) -> Pair:
        name, few = counted[n % 5], 1 + n // 5
        return _pair([("facet", name), ("limit", few)], [("_facet", name), ("_size", few)])

    def narrowed(n: int) -> Pair:
        return _pair(
            [("filter", f"note|eq|{n % 100}"), ("facet", "ville"), ("limit", 1 + n // 100)],
            [("note__exact", n % 100), ("_facet", "ville"), ("_size", 1 + n // 100)],
        )

    def sort(n: int) -> Pair:
        name, few = sorts[n % 4], 20 + n // 4
        return _pair([("sort", f"-{name}"), ("limit", few)], [("_sort_desc", name), ("_size", few)])

    def follow(n: int) -> Pair:
        # From a row in the middle: both continue after it without reading those before.
        place = 10_000 + (n * 22_543) % (rows - 20_000)
        return _pair([("after", place + 1), ("limit", 50)], [("_next", place), ("_size", 50)])

    def words(n: int) -> Pair:
        said = f"merci {4_000 + n * 13}"
        return _pair([("words", said), ("limit", 20)], [("_search", said), ("_size", 20)])

    def count(n: int) -> Pair:
        least = 90_000 + n * 97
        return _pair(
            [("filter", f"prix|gt|{least}"), ("limit", 1)], [("prix__gt", least), ("_size", 1)]
        )

    return {
        "first page": lambda n: _pair([("limit", 20 + n)], [("_size", 20 + n)]),
        "filter: one value, counted": lambda n: _pair(
            [("filter", f"ville|eq|{order[n]}"), ("limit", 50)],
            [("ville__exact", order[n]), ("_size", 50)],
        ),
        "facet": facet,
        "filter and facet": narrowed,
        "sorted, first page": sort,
        "next page, from the middle": follow,
        WORDS: words,
        "count of a range": count,
    }


def check(name: str, bodies: tuple[bytes, bytes]) -> None:
    """Compare what both say. Raises RuntimeError where they do not count the same rows.

    Words are looked for anywhere in every column here, as whole words of texts there.
    """
    here, there = (json.loads(body) for body in bodies)
    if name == WORDS:
        if here["count"] < there["filtered_table_rows_count"]:
            raise RuntimeError(f"{name}: fewer here")
        return
    if here["count"] != there["filtered_table_rows_count"] or not here["rows"]:
        raise RuntimeError(f"{name}: {here['count']} here, {there['filtered_table_rows_count']}")
    if len(here["rows"]) != len(there["rows"]):
        raise RuntimeError(f"{name}: {len(here['rows'])} rows here, {len(there['rows'])} there")


def measured(rows: int, requests: int) -> list[tuple[str, list[float], list[float]]]:
    """Ask every question here and there by turns; return the milliseconds of each."""
    found = []
    for name, address in questions(rows).items():
        times: tuple[list[float], list[float]] = ([], [])
        for n in range(requests + 2):
            pair = address(n)
            answers = [ask(port, path) for port, path in zip(PORTS, pair, strict=True)]
            check(name, (answers[0][1], answers[1][1]))
            if n >= 2:  # the first ones warm both
                for side, (spent, _body) in zip(times, answers, strict=True):
                    side.append(spent)
        found.append((name, *times))
    # Once: theirs takes minutes.
    runs = (
        dump(PORTS[0], f"/datastore/dump/{resource_id()}"),
        dump(PORTS[1], "/data/t.csv?_stream=on"),
    )
    for place, name in enumerate(("whole as CSV: first byte", "whole as CSV: last byte")):
        here, there = ([float(run[place])] for run in runs)
        found.append((name, here, there))
    return found


def resource_id() -> str:
    """Return the id of the file, as CKAN names it."""
    body = ask(PORTS[0], "/api/3/action/package_show?id=table")[1]
    return str(json.loads(body)["result"]["resources"][0]["id"])


def table(found: list[tuple[str, list[float], list[float]]]) -> list[str]:
    """Return the lines of the table; the last column says who is ahead, by the medians."""
    lines = [
        "| question | Parvis p50 ms | p95 | Datasette p50 ms | p95 | faster |",
        "| --- | --: | --: | --: | --: | --: |",
    ]
    for name, here, there in found:
        cells = [cell for side in (here, there) for cell in (_at(side, 0.5), _at(side, 0.95))]
        times = cells[2] / cells[0]
        said = f"{times:,.1f} ×" if times >= 1 else f"**{times:,.2f} ×**"
        lines.append(f"| {name} | {' | '.join(f'{cell:,.1f}' for cell in cells)} | {said} |")
    return lines


def _at(values: list[float], share: float) -> float:
    if len(values) < 3:
        return statistics.median(values) if share == 0.5 else max(values)
    return sorted(values)[min(len(values) - 1, int(share * len(values)))]


def main() -> None:
    """Fill, serve, ask, print, write."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--requests", type=int, default=40)
    parser.add_argument("--keep", default="")
    options = parser.parse_args()
    folder = Path(options.keep or tempfile.mkdtemp(prefix="parvis-datasette-")).resolve()
    folder.mkdir(parents=True, exist_ok=True)
    path, spent = folder / "table.csv", {}
    if not (folder / "filled").exists():
        from bench.tables import generate

        generate(str(path), str(options.rows))
        for name, fill, place in (
            ("Parvis", fill_ours, folder / "home"),
            ("Datasette", fill_theirs, folder),
        ):
            place.mkdir(exist_ok=True)
            start = time.perf_counter()
            fill(place, path)
            spent[name] = time.perf_counter() - start
        (folder / "filled").write_text(json.dumps(spent))
    spent = json.loads((folder / "filled").read_text())
    command, environment = ours(folder / "home")
    load = os.getloadavg()[0]
    with (
        served(command, PORTS[0], "/health/live", **environment),
        served(theirs(folder), PORTS[1], "/-/versions.json"),
    ):
        version = json.loads(ask(PORTS[1], "/-/versions.json")[1])["datasette"]["version"]
        found = measured(options.rows, options.requests)
    lines = [
        f"# Beside Datasette {version}, {time.strftime('%Y-%m-%d %H:%M', time.gmtime())} UTC",
        "",
        f"{options.rows:,} rows of 20 columns, {path.stat().st_size / 1e6:,.0f} MB of CSV; "
        f"{options.requests} requests of each question, all different, one here, one there, on "
        f"{os.cpu_count()} cores; load of the machine {load:.1f} before, "
        f"{os.getloadavg()[0]:.1f} after.",
        "",
        f"Loading: Parvis {spent['Parvis']:.0f} s with types, profile and checks; Datasette "
        f"{spent['Datasette']:.0f} s with indexes and full text, types given.",
        "",
        *table(found),
    ]
    print("\n".join(lines))
    (Path(__file__).parent / "datasette.md").write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
