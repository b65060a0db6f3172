"""Public pages of the catalogue: a dataset, a document, their history."""

from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _

from parvis.catalogue import addresses, charts, previews, queries
from parvis.catalogue.facsimile import kinds
from parvis.catalogue.lists import FORMATS
from parvis.catalogue.models import Dataset, Document, Resource, Version
from parvis.core import revisions
from parvis.core.i18n import tr
from parvis.core.knots import knots
from parvis.core.models import Node
from parvis.core.pages import Page, page_number, public_page
from parvis.core.thread import LABELS

XLSX_ROWS_MAX = 1_048_575


def shown_resource(
    request: HttpRequest, resources: Sequence[tuple[Resource, Version]]
) -> tuple[Resource, Version] | None:
    """Return the file that the address asks for, else the first one."""
    wanted = request.GET.get("file", "")
    return next(
        (pair for pair in resources if pair[0].slug == wanted), resources[0] if resources else None
    )


def dataset_context(
    request: HttpRequest, dataset: Dataset, resources: Sequence[tuple[Resource, Version]]
) -> dict[str, Any]:
    """Return what the page of a dataset shows, of the given version of each file."""
    pair = shown_resource(request, resources)
    context: dict[str, Any] = {
        "section": "data",
        "dataset": dataset,
        "node": dataset.node,
        "resources": [_file(dataset, *one, shown=one is pair) for one in resources],
        "related": _all_related(dataset.node),
        "knots": knots(dataset.node),
        "api_root": settings.SITE_URL,
    }
    if pair is not None:
        version = Version.objects.get(pk=pair[1].pk)
        number = page_number(request)
        table = previews.preview(version, request.GET, number)
        pages = max(1, -(-table.count // previews.ROWS))
        context |= {
            "file": _file(dataset, pair[0], version, shown=True),
            "version": version,
            "table": table,
            "page": Page(table.rows, table.number, pages, table.count, previews.ROWS),
            "operators": previews.OPERATORS,
            "columns": previews.columns_of(version),
            "chart": charts.draw(version, request.GET.get("chart")),
            "charts": charts.drawable(version),
            "example": previews.example(settings.SITE_URL, dataset.node.slug, pair[0].slug, table),
        }
    return context


def _file(dataset: Dataset, resource: Resource, version: Version, *, shown: bool) -> dict[str, Any]:
    args = [dataset.node.slug, version.sha256]
    extensions = [e for e in FORMATS if e != "xlsx" or version.rows <= XLSX_ROWS_MAX]
    return {
        "resource": resource,
        "version": version,
        "shown": shown,
        "downloads": [
            {
                "name": FORMATS[e][0],
                "extension": e,
                "url": reverse("dataset_file", args=[*args, f"{resource.slug}.{e}"]),
                "size": {"csv": version.csv_bytes, "parquet": version.bytes}.get(e),
            }
            for e in extensions
        ],
    }


def other_file(dataset: Dataset, resource: Resource) -> dict[str, Any]:
    """Return what the page shows of a file that is no table, or of a link."""
    return {
        "resource": resource,
        "url": addresses.file_path(dataset, resource),
        "size": resource.file.size if resource.file else None,
        "elsewhere": resource.file is None,
        "preview": reverse("file_preview", args=[dataset.node.slug, resource.slug])
        if resource.file and kinds.kind_of(resource)
        else "",
    }


def _all_related(node: Node) -> list[dict[str, Any]]:
    """Return the public links of a node, those of one kind together."""
    return sorted(map(_related, queries.related(node)), key=lambda one: one["words"])


def _related(link: Any) -> dict[str, Any]:
    words = {
        "published_as": _("Come from the consultation"),
        "measured_by": _("Measures these commitments"),
        "evidenced_by": _("Evidence for these commitments"),
        "informs": _("To read before answering"),
        "serves": _("Serves the pillar"),
        "becomes": _("Answers the request"),
    }
    label = words.get(link.relation, str(LABELS.get(link.relation, link.relation)))
    return {"words": label, "node": link.far, "reason": tr(link.reason)}


def dataset(request: HttpRequest, slug: str) -> HttpResponse:
    """One dataset: what it is, its rows, its picture, its words, how to take it away."""
    found = queries.dataset_by_slug(slug)
    files: list[Resource] = found.published  # type: ignore[attr-defined]
    pairs = [(row, row.current) for row in files if row.current is not None]
    context = dataset_context(request, found, pairs)
    context["others"] = [other_file(found, row) for row in files if row.current is None]
    context["versions"] = [
        {"version": version, **_file(found, version.resource, version, shown=False)}
        for version in queries.versions_of(found)[:10]
    ]
    return public_page(request, "catalogue/dataset.html", context)


def dataset_history(request: HttpRequest, slug: str) -> HttpResponse:
    """What a dataset said of itself, and each version of its files, newest first."""
    found = queries.dataset_by_slug(slug)
    context = {
        "section": "data",
        "node": found.node,
        "back": reverse("dataset", args=[slug]),
        "crumb": (_("Data"), reverse("datasets")),
        "history": revisions.history(found.node),
        "versions": [
            {"version": version, **_file(found, version.resource, version, shown=False)}
            for version in queries.versions_of(found)
        ],
    }
    return public_page(request, "catalogue/history.html", context)


def document(request: HttpRequest, slug: str) -> HttpResponse:
    """One document, to read here first."""
    found = queries.document_by_slug(slug)
    return public_page(request, "catalogue/document.html", document_context(found))


def document_context(found: Document) -> dict[str, Any]:
    """Return what the page of a document shows."""
    return {
        "section": "documents",
        "document": found,
        "node": found.node,
        "related": _all_related(found.node),
        "knots": knots(found.node),
    }


def document_history(request: HttpRequest, slug: str) -> HttpResponse:
    """What a document said, with differences, newest first."""
    found = queries.document_by_slug(slug)
    context = {
        "section": "documents",
        "node": found.node,
        "back": reverse("document", args=[slug]),
        "crumb": (_("Documents"), reverse("documents")),
        "history": revisions.history(found.node),
        "versions": [],
    }
    return public_page(request, "catalogue/history.html", context)
