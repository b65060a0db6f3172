"""The page of a table, and the files of exactly what it shows."""

from collections.abc import Iterator
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils.translation import get_language
from django.views.decorators.http import require_safe

from parvis.catalogue import downloads, queries, store
from parvis.catalogue.lists import FORMATS
from parvis.catalogue.loading import in_words
from parvis.catalogue.models import Dataset, Resource, Version
from parvis.catalogue.viewing import asked as asking
from parvis.catalogue.viewing import drawing, mapping, rows
from parvis.catalogue.views.public import XLSX_ROWS_MAX
from parvis.core.errors import NotFound
from parvis.core.pages import public_page
from parvis.tables import dump
from parvis.tables.errors import TableError

SECONDS = 60


def found(request: HttpRequest, slug: str, file: str) -> tuple[Dataset, Resource, asking.Asked]:
    """Return a public table and what the address asks of it. Raises NotFound, Gone."""
    dataset = queries.dataset_by_slug(slug)
    public: list[Resource] = dataset.published  # type: ignore[attr-defined]
    resource = next((one for one in public if one.slug == file), None)
    sha256 = request.GET.get("version", "")
    if sha256:
        if not sha256.isalnum():  # PostgreSQL refuses a NUL in a text
            raise NotFound
        version = queries.version_of(dataset, sha256)
        if version.resource.slug != file:
            raise NotFound
        resource = version.resource
    elif resource is None or resource.current_id is None:
        raise NotFound
    else:
        version = Version.objects.get(pk=resource.current_id)
    version.resource = resource
    return dataset, resource, asking.read(request.GET, version, pinned=bool(sha256))


def context_of(dataset: Dataset, resource: Resource, asked: asking.Asked) -> dict[str, Any]:
    """Return what every page of a table says."""
    args = [dataset.node.slug, resource.slug]
    current = resource.current
    return {
        "section": "data",
        "dataset": dataset,
        "node": dataset.node,
        "resource": resource,
        "version": asked.version,
        "asked": asked,
        "old": asked.version.pk != resource.current_id,
        "current": current,
        "conditions": [(one, asked.without(one)) for one in asked.filters],
        "hidden": asked.pairs(),
        "all_columns": [(name, asked.heading(name)) for name in asked.schema.names],
        "operators": asking.operators(),
        "table_url": reverse("table", args=args),
        "chart_url": reverse("table_chart", args=args),
        "map_url": reverse("table_map", args=args) if mapping.place_of(asked) else "",
        "view": asked.link(),
        "pinned": asked.link(version=asked.version.sha256),
        "exports": [
            (FORMATS[e][0], reverse("table_view", args=[*args, e]) + asked.link())
            for e in FORMATS
            if e != "xlsx" or asked.version.rows <= XLSX_ROWS_MAX
        ],
        "site_url": settings.SITE_URL,
    }


def answer(
    request: HttpRequest, template: str, context: dict[str, Any], asked: asking.Asked
) -> HttpResponse:
    """Return the page; 422, with what to do, when something asked for cannot be answered."""
    response = public_page(request, template, context, seconds=SECONDS)
    response.status_code = 422 if asked.wrong else 200
    return response


@require_safe
def table(request: HttpRequest, slug: str, file: str) -> HttpResponse:
    """A table: conditions, words, order, columns and page, all in the address."""
    dataset, resource, asked = found(request, slug, file)
    shown = rows.show(asked)
    context = context_of(dataset, resource, asked) | {"shown": shown}
    return answer(request, "catalogue/viewing/table.html", context, asked)


@require_safe
def view_file(request: HttpRequest, slug: str, file: str, extension: str) -> HttpResponseBase:
    """The rows of the page, all of them, as CSV, JSON, XLSX or Parquet; 422 in words."""
    _dataset, _resource, asked = found(request, slug, file)
    if extension not in FORMATS:
        raise NotFound
    words = "\n".join(one.words for one in asked.wrong)
    chunks: Iterator[bytes] = iter(())
    first = b""
    if not words:
        query = rows.whole(asked)
        try:
            chunks = dump.chunks(
                store.store(),
                store.stored(asked.version),
                extension,  # type: ignore[arg-type]
                query,
                language=(get_language() or "fr")[:2],
            )
            # What cannot be answered says so before the answer begins.
            first = next(chunks, b"")
        except TableError as error:
            words = in_words(error.reason, error.params)
    if words:
        plain = HttpResponse(words + "\n", status=422, content_type="text/plain; charset=utf-8")
        return downloads.protect(plain)
    response: HttpResponseBase
    if request.method == "HEAD":
        response = HttpResponse(content_type=FORMATS[extension][1])
    else:
        stream = (part for parts in ((first,), chunks) for part in parts)
        response = StreamingHttpResponse(stream, content_type=FORMATS[extension][1])
    response["Content-Disposition"] = f'attachment; filename="{file}.{extension}"'
    response["Cache-Control"] = "public, max-age=0, must-revalidate"
    return downloads.protect(response)


@require_safe
def chart(request: HttpRequest, slug: str, file: str) -> HttpResponseBase:
    """The picture of the rows that match, with its table; `?format=csv` gives its figures."""
    dataset, resource, asked = found(request, slug, file)
    figure, form = drawing.draw(asked, request.GET)
    if request.GET.get("format") == "csv" and figure is not None:
        response = HttpResponse(figure.csv(), content_type="text/csv; charset=utf-8")
        response["Content-Disposition"] = f'attachment; filename="{file}-figure.csv"'
        return downloads.protect(response)
    context = context_of(dataset, resource, asked)
    context |= {
        "figure": figure,
        "form": form,
        "figure_csv": form.link(format="csv"),
        "kinds": drawing.KINDS,
        "measures": drawing.MEASURES,
        "numeric_columns": [
            (name, words)
            for name, words in context["all_columns"]
            if asked.schema[name].type in drawing.NUMERIC
        ],
    }
    return answer(request, "catalogue/viewing/chart.html", context, asked)


@require_safe
def map_(request: HttpRequest, slug: str, file: str) -> HttpResponse:
    """Where the rows that match are. Raises NotFound for a table without places."""
    dataset, resource, asked = found(request, slug, file)
    if mapping.place_of(asked) is None:
        raise NotFound
    drawn = mapping.draw(asked, request.GET.get("box", ""))
    context = context_of(dataset, resource, asked) | {"map": drawn}
    return answer(request, "catalogue/viewing/map.html", context, asked)
