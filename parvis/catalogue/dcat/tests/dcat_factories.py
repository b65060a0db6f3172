"""A catalogue with all that a record may hold, and one with as little as may be."""

from typing import Any

from django.utils import timezone

from parvis.catalogue.models import Dataset, Resource
from parvis.catalogue.tests.catalogue_factories import make_dataset
from parvis.core.access import SYSTEM
from parvis.core.files import store
from parvis.core.thread import link
from tests.factories import make_consultation


def _add(dataset: Dataset, slug: str, published: bool, **fields: Any) -> Resource:
    return Resource.objects.create(
        dataset=dataset,
        slug=slug,
        position=dataset.resources.count(),
        published_at=timezone.now() if published else None,
        **fields,
    )


def add_link(
    dataset: Dataset,
    name: str,
    url: str,
    *,
    format: str = "CSV",
    kind: str = "donnees",
    published: bool = True,
) -> Resource:
    """Add a link elsewhere, as a harvest does."""
    slug = name.lower().replace(" ", "-")
    fields = {"name": {"fr": name}, "url": url, "format": format, "kind": kind}
    return _add(dataset, slug, published, **fields)


def make_rich() -> dict[str, Dataset]:
    """Return datasets by what they are: full, harvested (links only), bare (nothing optional)."""
    full = make_dataset(
        frequency="annual",
        languages=["fr", "en"],
        temporal="2020-01-01/2021-12-31",
        methodology={"fr": "Recensement.", "en": "Census."},
        sources=["https://exemple.org/source?a=1&b=2"],
        author="Direction des données",
    )
    Dataset.objects.filter(pk=full.pk).update(
        box=[-79.7625, 44.9913, -57.1, 62.5],
        maintainer_email="donnees@exemple.org",
        url="https://exemple.org/jeu",
    )
    _add(
        full, "guide", True, name={"fr": "Guide", "en": "Guide"}, format="PDF", kind="support",
        description={"fr": "Comment lire."}, file=store([b"%PDF-1.4\n"], "application/pdf"),
        file_name="guide.pdf", mimetype="application/pdf",
    )  # fmt: skip
    add_link(full, "Carte", "https://exemple.org/a b|c.geojson", format="GeoJSON")
    add_link(full, "Service", "https://exemple.org/wms?x=1", format="WMS", kind="web")
    link(make_consultation().node, "published_as", full.node, actor=SYSTEM)
    harvested = make_dataset("moissonne", title="Moissonné")
    harvested.resources.all().update(published_at=None, current=None)
    add_link(harvested, "Tableau", "https://exemple.org/t.xlsx", format="xlsx")
    # The same page is a source here and an address there; an odd format is one all the same.
    add_link(harvested, "Autre", "https://exemple.org/jeu", format="Autre chose")
    Dataset.objects.filter(pk=harvested.pk).update(sources=["https://exemple.org/jeu"])
    bare = make_dataset("nu", title="Nu")
    bare.resources.all().update(published_at=None, current=None)
    Dataset.objects.filter(pk=bare.pk).update(
        notes={}, tags=[], categories=[], spatial="", languages=[], organisation=None,
        temporal="2020-01-01/",
    )  # fmt: skip
    rows = {"full": full, "harvested": harvested, "bare": bare}
    return {
        name: Dataset.objects.select_related("node").get(pk=row.pk) for name, row in rows.items()
    }
