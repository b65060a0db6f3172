"""A catalogue of 100,000 datasets: how long its searches and its page take, by how many queries.

    .venv/bin/python -m bench.catalogue [--datasets N] [--keep FOLDER] [--requests N]

Fills a temporary home in bulk, builds the index, then asks the same questions in this process and
through granian with the options of `parvis serve`. Every question differs from the one before it,
the page cache is off: nothing is answered from memory of an earlier answer.
"""

import argparse
import json
import os
import random
import resource
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

WORDS = (
    "eau potable forêt route école budget élection transport santé hôpital logement permis "
    "construction rivière barrage neige déneigement piste cyclable parc quartier municipalité "
    "région population recensement ménage revenu emploi entreprise subvention contrat dépense "
    "ministère service citoyen sondage consultation participation sécurité incendie police "
    "accident circulation stationnement autobus métro train aéroport port navigation pêche chasse "
    "faune flore climat température précipitation qualité air sol mine énergie électricité gaz "
    "pétrole éolien solaire agriculture élevage récolte aliment restaurant inspection culture "
    "musée bibliothèque patrimoine archive langue immigration famille enfance garderie aîné"
).split()
PLACES = (
    ("Québec", (-71.5, 46.7, -71.1, 46.9)), ("Montréal", (-73.97, 45.4, -73.47, 45.7)),
    ("Gaspésie", (-67.0, 47.9, -64.1, 49.3)), ("Abitibi", (-79.5, 47.5, -75.5, 49.2)),
    ("Outaouais", (-77.5, 45.3, -74.8, 47.2)), ("Nord-du-Québec", (-79.8, 49.0, -64.0, 62.6)),
)  # fmt: skip
FORMATS = ("CSV", "XLSX", "GeoJSON", "JSON", "PDF", "SHP", "XML")
BATCH = 2_000
HEADING = (
    "| what | times | p50 ms | p95 ms | max ms | processor p50 | processor p95 |\n"
    "| --- | --- | --- | --- | --- | --- | --- |"
)
FACETS = '["organization", "tags", "res_format"]'


def prepare(folder: Path) -> None:
    """Point the settings to a folder and make its database."""
    os.environ.update(
        PARVIS_HOME=str(folder), PARVIS_PAGE_CACHE="0", PARVIS_LOG_LEVEL="WARNING",
        PARVIS_SECRET_KEY="for-the-bench-only", DJANGO_SETTINGS_MODULE="parvis.settings",
        PARVIS_DATABASE_URL=os.environ.get("BENCH_DATABASE_URL", f"sqlite://{folder}/parvis.db"),
    )  # fmt: skip
    import django
    from django.conf import settings

    django.setup()
    # Names of static files as people get them, without the minute that compressing them takes.
    plain = "django.contrib.staticfiles.storage.ManifestStaticFilesStorage"
    settings.STORAGES["staticfiles"]["BACKEND"] = plain
    from django.core.management import call_command

    from parvis.core.catalogs import compile_all

    compile_all()
    call_command("migrate", verbosity=0)
    if not (folder / "static" / "staticfiles.json").exists():
        call_command("collectstatic", verbosity=0, interactive=False)


def _words(chance: random.Random, count: int) -> str:
    # Some words are everywhere, most are rare: squares of a uniform choice.
    return " ".join(WORDS[int(len(WORDS) * chance.random() ** 2)] for _n in range(count))


def fill(count: int) -> None:
    """Write datasets, each with one to three links, in bulk."""
    from django.db import transaction

    from parvis.catalogue.lists import CATEGORIES, FREQUENCIES
    from parvis.catalogue.models import Dataset, Resource
    from parvis.core.ids import new_id
    from parvis.core.models import Node, Organisation, Site, State

    chance, now = random.Random(2026), datetime.now(UTC)
    owners = []
    for n in range(200):
        node = Node.objects.create(
            kind="organisation", slug=f"organisme-{n}", state=State.PUBLIC,
            title={"fr": f"Organisme {_words(chance, 2)} {n}"},
        )  # fmt: skip
        owners.append(Organisation.objects.create(node=node))
    if not Site.objects.exists():
        Site.objects.create(name={"fr": "Catalogue"}, organisation=owners[0], languages=["fr"])
    tags = [f"{word} {n}" for n in range(20) for word in WORDS]
    for start in range(0, count, BATCH):
        nodes, datasets, files = [], [], []
        for n in range(start, min(start + BATCH, count)):
            place, box = chance.choice(PLACES)
            then = now - timedelta(days=chance.expovariate(1 / 300))
            title = f"{_words(chance, 4)} {n}".capitalize()
            node = Node(
                id=new_id(), kind="dataset", slug=f"jeu-{n}", title={"fr": title},
                state=State.PUBLIC, published_at=then,
            )  # fmt: skip
            row = Dataset(
                node=node,
                organisation=owners[int(200 * chance.random() ** 2)],
                notes={"fr": _words(chance, 45)},
                tags=[{"fr": chance.choice(tags)} for _n in range(4)],
                categories=[chance.choice(sorted(CATEGORIES))],
                frequency=chance.choice(sorted(FREQUENCIES)),
                licence=chance.choice(["CC-BY-4.0"] * 9 + ["CC0-1.0"]),
                spatial=place,
                box=list(box),
                languages=["fr"],
                modified_at=then + timedelta(days=1, microseconds=n),
            )
            nodes.append(node)
            datasets.append(row)
            files += [
                Resource(
                    dataset=row, slug=f"f{k}", name={"fr": _words(chance, 3)}, position=k,
                    format=chance.choice(FORMATS), url=f"https://exemple.test/{n}/{k}",
                    published_at=then,
                )
                for k in range(chance.randrange(1, 4))
            ]  # fmt: skip
        with transaction.atomic():
            Node.objects.bulk_create(nodes, batch_size=500)
            Dataset.objects.bulk_create(datasets, batch_size=500)
            Resource.objects.bulk_create(files, batch_size=500)


def questions(kind: str, count: int) -> Iterator[str]:
    """Yield addresses, no two alike: words, a filter, an exclusion, another order and page."""
    chance = random.Random(7 if kind == "api" else 8)
    for n in range(count):
        word, owner = chance.choice(WORDS), chance.randrange(200)
        if kind == "api":
            asked: dict[str, Any] = {"facet.field": FACETS, "rows": 10, "start": 10 * (n % 5)}
            asked |= [
                {}, {"q": word}, {"q": f"{word} {chance.choice(WORDS)}"},
                {"fq": f"organization:organisme-{owner}"},
                {"fq": f"-organization:organisme-{owner}"},
                {"fq": "metadata_modified:[NOW-90DAYS TO *] AND res_format:CSV"},
                {"q": f"title:{word}", "sort": "title_string asc"}, {"sort": "name asc"},
            ][n % 8]  # fmt: skip
            yield f"/api/3/action/package_search?{urlencode(asked)}&ext_n={n}"
        else:
            asked = {"page": 1 + n % 5, "n": n}
            asked |= [
                {}, {"q": word}, {"q": f"{word} {chance.choice(WORDS)}"},
                {"organisation": f"organisme-{owner}"}, {"-organisation": f"organisme-{owner}"},
                {"sort": "title"}, {"near": chance.choice(PLACES)[0], "format": "csv"},
                {"late": "yes", "updated": "year", "q": word},
            ][n % 8]  # fmt: skip
            yield f"/fr/donnees/?{urlencode(asked)}"


def timed(ask: Callable[[str], int], addresses: list[str]) -> list[tuple[float, float]]:
    """Return (time, time of processor in this thread) of each answer, in milliseconds.

    Raises RuntimeError when an answer is not 200.
    """
    taken = []
    for address in addresses:
        start, work = time.perf_counter(), time.thread_time()
        status = ask(address)
        taken.append((1000 * (time.perf_counter() - start), 1000 * (time.thread_time() - work)))
        if status != 200:
            raise RuntimeError(f"{status}: {address}")
    return taken


def row(name: str, taken: list[tuple[float, float]], *, work: bool = True) -> str:
    """Return a line of the table."""
    cut = statistics.quantiles([one for one, _work in taken], n=100)
    line = f"| {name} | {len(taken)} | {cut[49]:.1f} | {cut[94]:.1f} | {max(taken)[0]:.1f} |"
    cut = statistics.quantiles([one for _time, one in taken], n=100)
    return f"{line} {cut[49]:.1f} | {cut[94]:.1f} |" if work else f"{line} | |"


def _rss() -> float:
    """Return the process's own memory in MB: the database's file, mapped and shared, is not."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) / 1000 for line in lines if line.startswith("RssAnon"))


def in_process(requests: int) -> Iterator[str]:
    """Yield lines: the first answer of a process, then the others; what a write costs after."""
    from django.test import Client

    from parvis.catalogue.finding import index
    from parvis.catalogue.models import Dataset

    client = Client(headers={"host": "127.0.0.1"})

    def ask(address: str) -> int:
        response = client.get(address)
        return response.status_code

    # What any page loads, before any search.
    list(timed(ask, ["/api/3/action/status_show", "/fr/engagements/"]))
    before = _rss()
    warm = [next(questions("api", 1)), next(questions("page", 1))]
    for name, address in zip(("first search", "first page"), warm, strict=True):
        yield f"| {name} of a process | 1 | {timed(ask, [address])[0][0]:.1f} | | | | |"
    timed(ask, [*questions("api", 8), *questions("page", 8)])
    yield f"| memory that the index takes in the process: {_rss() - before:.0f} MB | | | | | | |"
    for kind, name in (("api", "package_search, 3 facets"), ("page", "catalogue page")):
        yield row(f"{name}, in process", timed(ask, list(questions(kind, requests))))
    taken, pks = [], list(Dataset.objects.values_list("pk", flat=True)[:40])
    for pk, address in zip(pks, questions("api", 40), strict=False):
        index.mark([pk])
        taken += timed(ask, [address])
    yield row("package_search, one dataset changed before each", taken)
    start = time.perf_counter()
    index.merge()
    took = 1000 * (time.perf_counter() - start)
    yield f"| merge of {len(pks)} changes | 1 | {took:.0f} | | | | |"


def through_server(requests: int) -> Iterator[str]:
    """Yield lines: the same through granian, one client that waits for each answer."""
    from bench.server import serving
    from bench.settings import HOST, PORT

    with serving():
        connection = HTTPConnection(HOST, PORT, timeout=60)

        def ask(address: str) -> int:
            connection.request("GET", address)
            response = connection.getresponse()
            response.read()
            return response.status

        timed(ask, [*questions("api", 16), *questions("page", 16)])  # each process once
        for kind, name in (("api", "package_search, 3 facets"), ("page", "catalogue page")):
            yield row(
                f"{name}, through granian", timed(ask, list(questions(kind, requests))), work=False
            )


def main() -> None:
    """Fill, measure, print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--datasets", type=int, default=100_000)
    parser.add_argument("--requests", type=int, default=400)
    parser.add_argument("--keep", type=Path)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="parvis-bench-") as temporary:
        folder = given.keep or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        prepare(folder)
        from parvis.catalogue.finding import index
        from parvis.catalogue.models import Dataset

        print(HEADING)
        if Dataset.objects.count() < given.datasets:
            start = time.perf_counter()
            fill(given.datasets)
            took = 1000 * (time.perf_counter() - start)
            print(f"| rows written | 1 | {took:.0f} | | | | |", flush=True)
            start = time.perf_counter()
            index.rebuild()
            print(f"| index built | 1 | {1000 * (time.perf_counter() - start):.0f} | | | | |")
        for measure in (in_process, through_server):
            for line in measure(given.requests):
                print(line, flush=True)
        load = " ".join(f"{one:.1f}" for one in os.getloadavg())
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000
        facts = {"load": load, "cores": os.cpu_count(), "peak_rss_mb": round(peak)}
        print(json.dumps(facts), file=sys.stderr)


if __name__ == "__main__":
    main()
