"""What uploads that were refused leave on the disk: removed once nobody can want it any more."""

import json
import re
import time

from django.db.models import Exists, OuterRef

from parvis.catalogue import store
from parvis.catalogue.approval.models import RemovedFile
from parvis.catalogue.datastore.models import Table
from parvis.catalogue.facsimile.models import Facsimile
from parvis.catalogue.models import Resource, Version
from parvis.core import files

KEPT_SECONDS = 86_400
_HASH = re.compile(r"[0-9a-f]{64}")


def tables_kept() -> set[str]:
    """Return the hashes of the tables that something points to, or that may be put back."""
    kept = set(Version.objects.values_list("sha256", flat=True))
    kept |= set(Table.objects.exclude(snapshot="").values_list("snapshot", flat=True))
    kept |= {table.get("sha256", "") for table in Facsimile.objects.values_list("table", flat=True)}
    for rows in RemovedFile.objects.values_list("rows", flat=True).iterator():
        kept |= set(_HASH.findall(json.dumps(rows)))
    return kept


def sweep(now: float | None = None) -> int:
    """Remove the tables and files of a day ago that nothing points to; return how many."""
    before = (now or time.time()) - KEPT_SECONDS
    # A preview keeps no file alive: what no dataset holds goes, pages and all.
    Facsimile.objects.filter(~Exists(Resource.objects.filter(file=OuterRef("pk")))).delete()
    root = store.store().root
    # The files first: a table that gets its row meanwhile is then among those kept.
    old = [path for path in root.glob("??/*.parquet") if path.stat().st_mtime < before]
    kept = tables_kept() if old else set()
    gone = 0
    for path in old:
        if path.stem not in kept and path.stat().st_mtime < before:
            path.unlink()
            gone += 1
    current = Resource.objects.filter(current__isnull=False).values_list(
        "current__sha256", flat=True
    )
    read = set(current)
    for path in (*root.glob("??/*.duckdb"), *root.glob("??/*.tmp*")):
        # Copies of old versions are made no more; those of now are made again by the worker.
        if path.stem not in read and path.stat().st_mtime < before:
            path.unlink()
    return gone + files.sweep(before)
