"""Sources of the tests, and catalogues that answer without a network."""

import json
import re
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import UUID

from parvis.catalogue.harvest import engine, services
from parvis.catalogue.harvest.models import HarvestItem, HarvestRun, HarvestSource
from parvis.catalogue.tests.catalogue_factories import organisation
from parvis.core import jobs
from parvis.core.access import SYSTEM
from parvis.core.egress import Answer


class FakeClient:
    """Answers what a function gives for an address, and keeps the addresses asked."""

    def __init__(self, answer: Callable[[str], Answer]) -> None:
        self.answer, self.asked = answer, []

    def get(self, url: str, **_more: Any) -> Answer:
        self.asked.append(url)
        return self.answer(url)


def as_json(value: Any, status: int = 200) -> Answer:
    return Answer(status, json.dumps(value).encode(), {"content-type": "application/json"})


def uuid_of(n: int) -> str:
    return str(UUID(int=0x1000_0000 << 96 | n))


def package(n: int, **more: Any) -> dict[str, Any]:
    """Return a dataset as CKAN gives it."""
    return {
        "id": uuid_of(n),
        "name": f"jeu-{n}",
        "title": f"Jeu {n}",
        "notes": "Ce que contient le jeu.",
        "license_id": "cc-by",
        "update_frequency": "monthly",
        "metadata_modified": f"2026-01-01T10:{n // 60:02d}:{n % 60:02d}.123456",
        "private": False,
        "ext_spatial": "Québec",
        "temporal": "2020-01-01/2021-12-31",
        "spatial": '{"type": "Polygon", "coordinates": '
        "[[[-71.5, 46.7], [-71.1, 46.7], [-71.1, 46.9], [-71.5, 46.7]]]}",
        "tags": [{"name": "arbre"}],
        "groups": [{"name": "environnement-ressources-naturelles-energie"}],
        "organization": {"name": "ville"},
        "extras": [{"key": "theme_local", "value": "parcs"}],
        "resources": [
            {
                "id": f"r{n}",
                "name": "Liste",
                "url": f"https://exemple.org/{n}.csv",
                "format": "csv",
                "state": "active",
                "relidi_condon": "ok",
            }
        ],
        **more,
    }


class Ckan(FakeClient):
    """A CKAN site: packages by id, searched by page and by date of change."""

    def __init__(self, *packages: dict[str, Any]) -> None:
        self.packages = {str(p.get("id")): p for p in packages}
        self.die_at: int | None = None
        super().__init__(self._search)

    def _search(self, url: str) -> Answer:
        query = {k: v[0] for k, v in parse_qs(urlsplit(url).query).items()}
        start, rows = int(query["start"]), int(query["rows"])
        assert urlsplit(url).path == "/api/3/action/package_search"
        assert (rows, query["sort"]) == (100, "id asc")
        if self.die_at is not None and start >= self.die_at:
            raise KeyboardInterrupt
        found = [self.packages[key] for key in sorted(self.packages)]
        if since := re.search(r"metadata_modified:\[(\S+)Z TO \*\]", query.get("fq", "")):
            found = [p for p in found if p["metadata_modified"] >= since[1]]
        page = found[start : start + rows]
        return as_json({"success": True, "result": {"count": len(found), "results": page}})


def make_source(**more: Any) -> HarvestSource:
    """Return a source of a CKAN site, whose datasets are published at once."""
    fields = {
        "name": "Ville ouverte", "kind": "ckan", "url": "https://ckan.exemple.org/",
        "arrival": "public", **more,
    }  # fmt: skip
    fields.setdefault("organisation", organisation())
    return services.create_source(actor=SYSTEM, **fields)


def harvest(source: HarvestSource, client: Any, *, complete: bool = True) -> HarvestRun:
    """Ask for a run, let the worker do it, return it ended."""
    engine_opened, engine.opened = engine.opened, lambda: client
    try:
        source.refresh_from_db()
        asked = services.ask_run(actor=SYSTEM, source=source, complete=complete)
        while jobs.run_next():
            pass
    finally:
        engine.opened = engine_opened
    return HarvestRun.objects.get(pk=asked.pk)


def counts(run: HarvestRun) -> dict[str, int]:
    """Return the counts of a run that are not 0."""
    names = ("added", "changed", "unchanged", "restored", "archived", "failed")
    return {name: getattr(run, name) for name in names if getattr(run, name)}


def outcomes(source: HarvestSource) -> dict[str, tuple[str, str]]:
    """Return remote id -> (outcome, code of the reason)."""
    return {
        item.remote_id: (item.outcome, item.reason.get("code", ""))
        for item in HarvestItem.objects.filter(source=source)
    }


def make_items(source: HarvestSource) -> tuple[HarvestItem, HarvestItem]:
    """Return an item whose dataset is here, and one whose dataset was archived."""
    site = Ckan(package(901), package(902))
    harvest(source, site)
    del site.packages[uuid_of(902)]
    for _n in range(engine.MISSED_RUNS_MAX):
        harvest(source, site)
    items = {
        item.remote_id: item for item in source.items.select_related("source", "dataset__node")
    }
    return items[uuid_of(901)], items[uuid_of(902)]
