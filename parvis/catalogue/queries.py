"""Reading the catalogue: lists with facets, one dataset, one document."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.db.models import Prefetch, QuerySet

from parvis.catalogue import seen
from parvis.catalogue.ckan.models import Group
from parvis.catalogue.finding.browsing import Browsed, browse
from parvis.catalogue.models import Dataset, Document, Version
from parvis.core.errors import Gone, NotFound
from parvis.core.i18n import tr
from parvis.core.models import Link, Node, State

__all__ = ["Browsed", "browse"]


def current_resources() -> Prefetch:
    """Prefetch the published files of datasets as `published`: tables, files, links."""
    return seen.files()


def public_datasets() -> QuerySet[Dataset]:
    """Public datasets with node, organisation and published files."""
    return (
        Dataset.objects.filter(node__state=State.PUBLIC)
        .select_related("node", "organisation__node", "organisation__face")
        .prefetch_related(current_resources(), "ckan_groups")
        .order_by("-node__published_at", "-pk")
    )


def public_documents() -> QuerySet[Document]:
    """Public documents with node, organisation and file."""
    return (
        Document.objects.filter(node__state=State.PUBLIC)
        .select_related("node", "organisation__node", "file")
        .order_by("-node__published_at", "-pk")
    )


def dataset_by_slug(slug: str) -> Dataset:
    """Return a public dataset. Raises NotFound, Gone once withdrawn."""
    return _public(Dataset, public_datasets(), slug)


def document_by_slug(slug: str) -> Document:
    """Return a public document. Raises NotFound, Gone once withdrawn."""
    return _public(Document, public_documents(), slug)


def _public(model: Any, rows: QuerySet[Any], slug: str) -> Any:
    found = rows.filter(node__slug=slug).first()
    if found is None:
        gone = model.objects.filter(
            node__slug=slug, node__state__in=[State.WITHDRAWN, State.ERASED, State.HIDDEN]
        )
        raise Gone if gone.exists() else NotFound
    return found


def version_of(dataset: Dataset, sha256: str) -> Version:
    """Return a published version of a dataset by its hash. Raises NotFound."""
    found = (
        Version.objects.filter(resource__dataset=dataset, sha256=sha256, published_at__isnull=False)
        .select_related("resource")
        .order_by("-published_at")
        .first()
    )
    if found is None:
        raise NotFound
    return found


def versions_of(dataset: Dataset) -> Sequence[Version]:
    """Every published version of a dataset, newest first."""
    return list(
        Version.objects.filter(resource__dataset=dataset, published_at__isnull=False)
        .select_related("resource")
        .defer("profile")
        .order_by("-published_at", "resource__position")
    )


def related(node: Node) -> list[Link]:
    """Return the public links of a node, both ways, each with its far node as `.far`.

    Discussions have a place of their own on the page: there may be many.
    """
    towards = Link.objects.filter(target=node, source__state=State.PUBLIC)
    links = [
        *Link.objects.filter(source=node, target__state=State.PUBLIC).select_related("target"),
        *towards.exclude(relation="discusses").select_related("source"),
    ]
    for link in links:
        link.far = link.target if link.source_id == node.pk else link.source  # type: ignore[attr-defined]
        link.forwards = link.source_id == node.pk  # type: ignore[attr-defined]
    return links


def group_titles(slugs: Sequence[str]) -> dict[str, str]:
    """Return slug -> title, in the reader's language, of groups made by the API."""
    if not slugs:
        return {}
    rows = Group.objects.filter(slug__in=slugs, deleted=False).values_list("slug", "title")
    return {slug: tr(title) for slug, title in rows}


def in_order(rows: QuerySet[Any], ids: Sequence[UUID]) -> list[Any]:
    """Return the rows of these ids, in their order."""
    found = {row.pk: row for row in rows.filter(pk__in=ids)}
    return [found[pk] for pk in ids if pk in found]
