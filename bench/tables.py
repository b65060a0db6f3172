"""`python -m bench.tables`: 1 M rows of 20 columns against bare DuckDB, in the same run.

--rows N   another size
--engine spark   the questions again on Spark (PARVIS_SPARK_MASTER, local by default)
Each step runs in a process of its own, so that its peak of memory is its own; the load of the
machine is printed beside, for other work on it makes every figure worse. CPU seconds say what a
step costs whatever else runs.
"""

import argparse
import json
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

RUNS = 3
GENERATED = """
COPY (SELECT i AS id, printf('%05d', (i * 7919) % 99999) AS code_postal,
  'Ville ' || (i % 1200) AS ville,
  ['rouge', 'bleu', 'vert', 'jaune', 'noir', 'blanc', 'orange', 'mauve', 'gris', 'rose'][1 + i % 10]
    AS couleur,
  (hash(i) % 1000000)::BIGINT AS montant, round((hash(i + 1) % 10000000) / 100.0, 2) AS prix,
  round((hash(i + 2) % 100000) / 1000.0, 3) AS taux,
  DATE '2000-01-01' + (hash(i + 3) % 9000)::INT AS jour,
  TIMESTAMP '2020-01-01' + to_seconds((hash(i + 4) % 100000000)::BIGINT) AS quand,
  CASE WHEN i % 3 = 0 THEN 'oui' ELSE 'non' END AS actif,
  CASE WHEN i % 7 = 0 THEN NULL ELSE (hash(i + 5) % 500)::INT END AS age,
  'Québec, secteur ' || (i % 50) AS secteur, md5(i::VARCHAR) AS empreinte,
  'Le commentaire numéro ' || i || ' dit « merci »' AS commentaire,
  (hash(i + 6) % 100)::INT AS note,
  round((hash(i + 7) % 180000) / 1000.0 - 90, 3) AS lat,
  round((hash(i + 8) % 360000) / 1000.0 - 180, 3) AS lon, (hash(i + 9) % 20000)::INT AS cle,
  'G' || (i % 10) || 'A ' || (i % 9) || 'B' || (i % 8) AS cp,
  CASE WHEN i % 2 = 0 THEN 'true' ELSE 'false' END AS ok
FROM range(%d) t(i)) TO '%s' (HEADER)
"""


def generate(path: str, rows: str) -> None:
    """Write the CSV file."""
    import duckdb

    duckdb.sql(GENERATED.replace("%d", rows).replace("%s", path))


def bare(path: str, home: str) -> None:
    """DuckDB alone: types from the whole file, then Parquet."""
    import duckdb

    duckdb.sql(
        f"COPY (SELECT * FROM read_csv('{path}', sample_size = -1)) "
        f"TO '{home}/bare.parquet' (FORMAT parquet, COMPRESSION zstd)"
    )


def load(path: str, home: str) -> None:
    """Ours: typed from the whole file, every odd cell listed, an immutable version."""
    from parvis.tables.read import read_table
    from parvis.tables.store import Store

    with read_table(Path(path)) as reading:
        version = Store(Path(home)).put(reading.reader(), reading.schema)
    Path(home, "version").write_text(version.sha256)


def profile(_path: str, home: str) -> None:
    """The figures of every column."""
    store, version = _stored(home)
    store.profile(version)


def dump(_path: str, home: str) -> None:
    """Every row as CSV."""
    from parvis.tables.dump import chunks

    store, version = _stored(home)
    for _ in chunks(store, version, "csv"):
        pass


def _stored(home: str) -> tuple[Any, Any]:
    from parvis.tables.store import Store

    store = Store(Path(home))
    return store, store.version(Path(home, "version").read_text())


def ask(_path: str, home: str) -> dict[str, float]:
    """Milliseconds of each question, the median of five once the process is warm."""
    from parvis.tables.dump import chunks
    from parvis.tables.query import Aggregate, Query, Sort, Where
    from parvis.tables.sandbox import Sandbox

    store, version = _stored(home)
    town = Query(where=(Where("ville", "=", "Ville 7"),), limit=50)
    late = Query(sort=(Sort("prix"),), limit=50, row_number="_id", after=version.rows // 2)
    totals = Query(group_by=("couleur",), aggregates=(Aggregate("sum", "prix", "somme"),))
    sandbox = Sandbox(store)  # DuckDB's, whatever engine is chosen
    steps: dict[str, Callable[[], object]] = {
        "filter and count": lambda: (store.query(version, town).read_all(),
                                     store.count(version, town)),
        "facet of 10": lambda: store.facets(version, "couleur"),
        "facet of 1,200, filtered": lambda: store.facets(
            version, "ville", Query(where=(Where("note", "=", 3),))),
        "sum by group": lambda: store.query(version, totals).read_all(),
        "page by key in the middle": lambda: store.query(version, late).read_all(),
        "words in 20 columns": lambda: store.count(version, Query(search="merci 9999")),
        "first bytes of CSV": lambda: _two(chunks(store, version, "csv")),
        "public SQL": lambda: sandbox.sql(
            version, "SELECT ville, count(*) FROM data GROUP BY 1 ORDER BY 2 DESC LIMIT 9"),
    }  # fmt: skip
    found = {}
    for name, step in steps.items():
        step()
        times = []
        for _ in range(5):
            start = time.perf_counter()
            step()
            times.append(1_000 * (time.perf_counter() - start))
        found[name] = statistics.median(times)
    sandbox.close()
    return found


def _two(stream: Any) -> None:
    next(stream), next(stream)
    stream.close()


def _step(name: str, *arguments: str) -> dict[str, Any]:
    """Run a step of this file in a new process; its seconds, CPU seconds, memory and answer."""
    done = subprocess.run(
        [sys.executable, "-m", "bench.tables", "--step", name, *arguments],
        capture_output=True,
        text=True,
        timeout=900,
    )
    if done.returncode:
        raise RuntimeError(f"{name}: {done.stderr[-2000:]}")
    return json.loads(done.stdout.splitlines()[-1])


def _run(name: str, arguments: list[str]) -> None:
    start, cpu = time.perf_counter(), time.process_time()
    answer = globals()[name](*arguments)
    usage = resource.getrusage(resource.RUSAGE_SELF)
    print(json.dumps({
        "seconds": time.perf_counter() - start,
        "cpu": time.process_time() - cpu,
        "mb": usage.ru_maxrss / 1_000,
        "answer": answer,
    }))  # fmt: skip


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--engine", choices=("duckdb", "spark"), default="duckdb")
    parser.add_argument("--step", nargs="+")
    options = parser.parse_args()
    if options.step:
        _run(options.step[0], options.step[1:])
        return
    home = tempfile.mkdtemp(prefix="parvis-tables-")
    try:
        path = f"{home}/table.csv"
        _step("generate", path, str(options.rows))
        size = os.path.getsize(path) / 1e6
        print(f"{options.rows:,} rows, 20 columns, {size:.0f} MB; load {os.getloadavg()[0]:.1f}")
        kept: dict[str, list[dict[str, Any]]] = {}
        for _ in range(RUNS):  # in turns, so that other work on the machine spoils both alike
            for name in ("bare", "load"):
                kept.setdefault(name, []).append(_step(name, path, home))
        for name in ("profile", "dump"):
            kept[name] = [_step(name, path, home)]
        for name, runs in kept.items():
            best = min(runs, key=lambda run: run["seconds"])
            memory = max(run["mb"] for run in runs)
            print(f"{name:30} {best['seconds']:7.2f} s {best['cpu']:7.2f} s CPU {memory:6.0f} MB")
        ratio = min(r["seconds"] for r in kept["load"]) / min(r["seconds"] for r in kept["bare"])
        print(f"{'load / bare':30} {ratio:7.2f}")
        for name, milliseconds in _step("ask", path, home)["answer"].items():
            print(f"{name:30} {milliseconds:7.0f} ms")
        if options.engine == "spark":
            os.environ["PARVIS_ENGINE"] = "spark"
            for name, milliseconds in _step("ask", path, home)["answer"].items():
                print(f"{name + ', Spark':30} {milliseconds:7.0f} ms")
        print(f"load of the machine at the end {os.getloadavg()[0]:.1f}")
    finally:
        shutil.rmtree(home, ignore_errors=True)


if __name__ == "__main__":
    main()
