"""What a public dataset offers, read once: files in each format, thread, contact, version.

A file of a table has an address that follows it (`url`: the version that stands) and one that
never changes (`frozen`). Both start from identifiers or hashes: a new name changes none of what
catalogues compare.
"""

import hashlib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from urllib.parse import quote
from uuid import UUID

from django.conf import settings
from django.db.models import Prefetch, Q, QuerySet
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from parvis.catalogue import services
from parvis.catalogue.dcat import vocabulary
from parvis.catalogue.lists import FORMATS, LICENCES
from parvis.catalogue.models import Dataset, Resource
from parvis.core import cache, kinds
from parvis.core.errors import Gone, NotFound
from parvis.core.i18n import DEFAULT, LANGUAGES, tr
from parvis.core.models import Link, Node, Organisation, Site, State
from parvis.tables.write import XLSX_ROWS_MAX

LINKED = (
    "consultation", "commitment", "plan", "response", "dataset", "document", "strategy",
    "indicator", "pillar",
)  # fmt: skip
"""Kinds of things with a page of their own whose address costs no query."""
# What XML 1.0 cannot carry, nor any of the RDF formats without trouble.
_UNWRITABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


def clean(text: Any) -> str:
    """Return a text that every format can carry."""
    return _UNWRITABLE.sub("", str(text or "")).strip()


def iri(address: str) -> str:
    """Return an address in which nothing breaks a format: what an IRI forbids is escaped."""
    return quote(clean(address), safe="%/:=&?~#+!$,;'@()*[]-._")


def by_language(text: Any) -> list[tuple[str, str]]:
    """Return [(language, words)] of a text by language, those that are written."""
    words = ((code, clean((text or {}).get(code))) for code in LANGUAGES)
    return [(code, said) for code, said in words if said]


@dataclass(frozen=True)
class Offer:
    """A way to take a file: one format of a table, a file as it came, or a link elsewhere."""

    key: str
    resource: Resource
    url: str
    frozen: str
    format: str
    media_type: str
    size: int | None
    sha256: str

    @property
    def title(self) -> dict[str, str]:
        """The name of the file, with the format where a table has several."""
        mark = f" ({self.format})" if self.key else ""
        return {code: f"{words}{mark}" for code, words in by_language(self.resource.name)}

    @property
    def modified_at(self) -> datetime:
        """When what people get last changed."""
        current = self.resource.current
        return (current.published_at if current else None) or self.resource.modified_at


def _offered() -> QuerySet[Resource]:
    return (
        Resource.objects.filter(published_at__isnull=False)
        .filter(
            Q(current__isnull=False) | Q(file__isnull=False) | ~Q(url="") | Q(table__dropped=False)
        )
        .select_related("current", "file", "table")
        .defer("current__profile", "current__columns", "extras")
        .order_by("position", "pk")
    )


def offered() -> Prefetch:
    """Prefetch the files that people may see, whatever they are, as `.offered`."""
    return Prefetch("resources", queryset=_offered(), to_attr="offered")


def public() -> QuerySet[Dataset]:
    """Public datasets with what a record needs, in an order that pages can follow."""
    return (
        Dataset.objects.filter(node__state=State.PUBLIC)
        .select_related("node", "organisation__node")
        .prefetch_related(offered())
        .order_by("pk")
    )


def public_one(name: str) -> Dataset:
    """Return a public dataset by id or name. Raises NotFound, Gone once withdrawn."""
    try:
        where = Q(pk=UUID(name))
    except ValueError:
        where = Q(node__slug=name, node__kind="dataset")
    found = public().filter(where).first()
    if found is None:
        gone = Q(node__state__in=[State.WITHDRAWN, State.ERASED, State.HIDDEN])
        raise Gone if Dataset.objects.filter(where & gone).exists() else NotFound
    return found


def with_offers(dataset: Dataset) -> Dataset:
    """Return the dataset with its `.offered` files: one query where they were not read."""
    if not hasattr(dataset, "offered"):
        dataset.offered = list(_offered().filter(dataset=dataset))  # type: ignore[attr-defined]
    return dataset


def address(dataset: Dataset, *parts: str) -> str:
    """Return the address of a dataset (or of what hangs on it) that no new name changes."""
    return "/".join((f"{settings.SITE_URL}/dataset/{dataset.pk}", *parts))


def page(dataset: Dataset, language: str = DEFAULT) -> str:
    """Return the address of its page in a language."""
    with translation.override(language):
        return settings.SITE_URL + reverse("dataset", args=[dataset.node.slug])


def offers(dataset: Dataset) -> list[Offer]:
    """Return each way to take each file, in order."""
    found: list[Offer] = []
    for resource in with_offers(dataset).offered:  # type: ignore[attr-defined]
        if resource.current_id:
            found += _of_table(dataset, resource)
        elif resource.file_id or resource.url:
            found += _of_other(dataset, resource)
        else:
            found += _of_rows(resource)
    return found


def schema_url(dataset: Dataset, resource: Resource) -> str:
    """Return the address of a table's columns as a Table Schema."""
    return address(dataset, "resource", str(resource.pk), "schema.json")


def _download(dataset: Dataset, resource: Resource, name: str) -> str:
    return settings.SITE_URL + reverse("ckan_download", args=[dataset.pk, resource.pk, name])


def _of_table(dataset: Dataset, resource: Resource) -> list[Offer]:
    version = resource.current
    if version is None:
        raise ValueError("a table without version is not public")
    known = {
        "csv": (version.csv_bytes, version.csv_sha256),
        "parquet": (version.bytes, version.sha256),
    }
    # One address each, the extension added: an address is slow to write, and these are many.
    standing = _download(dataset, resource, resource.slug)
    kept = reverse("dataset_file", args=[dataset.node.slug, version.sha256, resource.slug])
    found = []
    for extension, (name, media_type) in FORMATS.items():
        if extension == "xlsx" and version.rows > XLSX_ROWS_MAX:
            continue
        size, sha256 = known.get(extension, (None, ""))
        frozen = f"{settings.SITE_URL}{kept}.{extension}"
        url = f"{standing}.{extension}"
        found.append(Offer(extension, resource, url, frozen, name, media_type, size, sha256))
    return found


def _of_rows(resource: Resource) -> list[Offer]:
    """A table that programs write, of which no version was made yet."""
    address = settings.SITE_URL + reverse("datastore_dump", args=[resource.pk])
    found = []
    for name in ("CSV", "TSV", "JSON", "XML"):
        url = f"{address}?format={name.lower()}"
        media_type = vocabulary.format_of(name)[1]
        found.append(Offer(name.lower(), resource, url, url, name, media_type, None, ""))
    return found


def _of_other(dataset: Dataset, resource: Resource) -> list[Offer]:
    kept = resource.file
    known = vocabulary.format_of(resource.format)[1]
    media_type = resource.mimetype or (kept.media_type if kept else "") or known
    if kept is None:
        url, size, sha256 = iri(resource.url), None, ""
    else:
        name = resource.file_name or str(resource.pk)
        url, size, sha256 = _download(dataset, resource, name), kept.size, kept.sha256
    return [Offer("", resource, url, url, resource.format, media_type, size, sha256)]


@dataclass(frozen=True)
class Relation:
    """A public thing that the thread ties to a dataset."""

    node: Node
    relation: str
    url: str


def relations(datasets: Iterable[Dataset]) -> dict[UUID, list[Relation]]:
    """Return what the thread ties to each dataset, both ways: two queries for any number."""
    ids = [dataset.pk for dataset in datasets]
    found: dict[UUID, list[Relation]] = {pk: [] for pk in ids}
    for near, far in (("source", "target"), ("target", "source")):
        links = Link.objects.filter(
            **{f"{near}__in": ids, f"{far}__state": State.PUBLIC, f"{far}__kind__in": LINKED}
        ).select_related(f"{far}__space")
        for link in links.order_by("at", "pk"):
            node = getattr(link, far)
            path = kinds.url(node, DEFAULT)
            url = f"{settings.SITE_URL}{path}" if path else ""
            if node.kind == "dataset":
                url = f"{settings.SITE_URL}/dataset/{node.pk}"
            if url:
                found[getattr(link, f"{near}_id")].append(Relation(node, link.relation, url))
    return found


@dataclass(frozen=True)
class Contact:
    """Whom to write to about a dataset."""

    name: str
    email: str
    url: str


def contact(dataset: Dataset, site: Site | None) -> Contact:
    """Return the maintainer, else the responsible, else the organisation."""
    owner = dataset.organisation
    name = dataset.maintainer or dataset.author or (tr(owner.node.title, DEFAULT) if owner else "")
    if not name:
        name = site_name(site, DEFAULT)
    own = dataset.maintainer_email or dataset.author_email
    shared = site.contact if site and "@" in site.contact else ""
    return Contact(clean(name), clean(own or shared), owner.homepage if owner else "")


@cache.per_generation
def current_site() -> Site | None:
    """Return whose site this is."""
    return Site.objects.select_related("organisation__node").first()


def site_name(site: Site | None, language: str) -> str:
    """Return the site's name, which is never empty."""
    return clean(tr(site.name, language) if site else "") or "Parvis"


def publisher(dataset: Dataset, site: Site | None) -> Organisation | None:
    """Return who publishes it: its organisation, else the site's."""
    return dataset.organisation or (site.organisation if site else None)


def past(moment: datetime | None) -> datetime | None:
    """Return a moment that is never in the future: harvesters refuse those."""
    return min(moment, timezone.now()) if moment else None


def manifest_sha256(dataset: Dataset) -> str:
    """Return the hash of the tables that stand, as the public register holds it; "" without any."""
    rows: Sequence[Resource] = with_offers(dataset).offered  # type: ignore[attr-defined]
    files = [(f"{row.slug}.parquet", row.current.sha256) for row in rows if row.current]
    return hashlib.sha256(services.manifest(files).encode()).hexdigest() if files else ""


def period(dataset: Dataset) -> tuple[date | None, date | None]:
    """Return the first and the last day covered, None where it is open or not a date."""
    start, _slash, end = dataset.temporal.partition("/")
    return _day(start), _day(end)


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text.strip())
    except ValueError:
        return None


def box(dataset: Dataset) -> tuple[float, float, float, float] | None:
    """Return (west, south, east, north) in degrees, or None."""
    if not isinstance(dataset.box, list) or len(dataset.box) != 4:
        return None
    west, south, east, north = (float(side) for side in dataset.box)
    return west, south, east, north


def licence(dataset: Dataset) -> tuple[str, str]:
    """Return (IRI, name) of the licence; both "" where it is not one of ours."""
    found = LICENCES.get(dataset.licence)
    return (vocabulary.licence_iri(found.url), found.short) if found else ("", "")


def catalogue_words(language: str, site: Site | None) -> tuple[str, str]:
    """Return (title, description) of the catalogue in a language."""
    with translation.override(language):
        name = site_name(site, language)
        title = _("Data catalogue: %(name)s") % {"name": name}
        words = _("The public datasets of %(name)s, with their files in every format.")
        return title, words % {"name": name}
