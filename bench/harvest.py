"""Harvest of a CKAN site of 10,000 datasets, served by a process of its own on this machine.

    python -m bench.harvest [datasets]

In a new temporary home, with a worker's steps run here: a first run, a second one where nothing
changed, one of changes only, then what the outbox needs to make everything searchable.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

ROOT = Path(__file__).resolve().parent.parent


def package(n: int) -> dict[str, Any]:
    """Return a dataset of some 4 kB, as a city's CKAN gives it."""
    return {
        "id": f"10000000-0000-4000-8000-{n:012x}",
        "name": f"jeu-de-donnees-{n}",
        "title": f"Jeu de données numéro {n} sur les arbres, les rues et les budgets",
        "notes": f"Ce que contient le jeu {n}, comment il est fait et par qui. " * 12,
        "license_id": "cc-by",
        "update_frequency": "monthly",
        "metadata_modified": f"2026-01-{1 + n % 28:02d}T{n // 28 % 24:02d}:00:00.{n:06d}",
        "author": "Service des données",
        "author_email": "donnees@exemple.org",
        "tags": [{"name": f"mot-{n % 50}"}, {"name": "arbre"}, {"name": "budget"}],
        "groups": [{"name": "environnement-ressources-naturelles-energie"}],
        "organization": {"name": "ville"},
        "extras": [{"key": f"cle_{k}", "value": f"valeur {k} de {n}"} for k in range(5)],
        "resources": [
            {
                "id": f"r{n}-{k}",
                "name": f"Fichier {k}",
                "url": f"https://exemple.org/{n}/{k}.csv",
                "format": "CSV",
                "state": "active",
            }
            for k in range(3)
        ],
    }


class Ckan(BaseHTTPRequestHandler):
    """package_search, sorted by id, with the filter on the date of change."""

    protocol_version = "HTTP/1.1"
    count = 10_000

    def do_GET(self) -> None:
        query = {k: v[0] for k, v in parse_qs(urlsplit(self.path).query).items()}
        start, rows = int(query["start"]), int(query["rows"])
        ids: Any = range(self.count)
        if "metadata_modified:[" in query.get("fq", ""):
            since = query["fq"].partition("metadata_modified:[")[2].partition("Z")[0]
            ids = [n for n in ids if package(n)["metadata_modified"] >= since]
        page = [package(n) for n in ids[start : start + rows]]
        said = {"success": True, "result": {"count": len(ids), "results": page}}
        body = json.dumps(said).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_more: Any) -> None:
        """Say nothing."""


def _serve(count: int) -> None:
    Ckan.count = count
    site = ThreadingHTTPServer(("127.0.0.1", 0), Ckan)
    print(site.server_port, flush=True)
    site.serve_forever()


def _measure(count: int, port: int) -> None:
    import django

    django.setup()
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    from parvis.catalogue.harvest import services
    from parvis.catalogue.harvest.models import HarvestRun
    from parvis.core import jobs, outbox
    from parvis.core.access import SYSTEM
    from parvis.core.models import Node, Organisation, SearchEntry

    node = Node.objects.create(kind="organisation", slug="ville", title={"fr": "Ville"})
    source = services.create_source(
        actor=SYSTEM,
        organisation=Organisation.objects.create(node=node),
        name="Ville",
        kind="ckan",
        url=f"http://127.0.0.1:{port}/",
        arrival="public",
    )

    def one(words: str, *, complete: bool = True) -> None:
        source.refresh_from_db()
        run = services.ask_run(actor=SYSTEM, source=source, complete=complete)
        begun, cpu = time.perf_counter(), time.process_time()
        jobs.run_next()
        spent, cpu = time.perf_counter() - begun, time.process_time() - cpu
        run = HarvestRun.objects.get(pk=run.pk)
        counts = {n: getattr(run, n) for n in ("added", "changed", "unchanged", "failed")}
        print(f"{words}: {spent:.1f} s ({cpu:.1f} s of CPU), {run.state}, {counts}", flush=True)

    one(f"first run of {count:,} datasets")
    one("second run, nothing changed")
    one("changes only", complete=False)
    begun = time.perf_counter()
    while outbox.pump():
        pass
    found = SearchEntry.objects.filter(kind="dataset").count()
    print(f"searchable: {time.perf_counter() - begun:.1f} s more, {found:,} entries", flush=True)


def main() -> None:
    """Serve in a child, measure here."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    with tempfile.TemporaryDirectory(prefix="parvis-bench-") as home:
        server = subprocess.Popen(
            [sys.executable, "-c", f"from bench.harvest import _serve; _serve({count})"],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            text=True,
        )
        try:
            assert server.stdout is not None
            port = int(server.stdout.readline())
            os.environ |= {
                "PARVIS_HOME": home,
                "PARVIS_EGRESS_INSIDE": f"127.0.0.1:{port}",
                "PARVIS_LOG_LEVEL": "ERROR",
                "DJANGO_SETTINGS_MODULE": "parvis.settings",
            }
            _measure(count, port)
        finally:
            server.terminate()


if __name__ == "__main__":
    main()
