"""The catalogue in /api/v1: datasets, their rows, documents. Public, read only."""

import datetime
from typing import Any
from uuid import UUID

from django.conf import settings
from django.http import HttpRequest, QueryDict
from django.urls import reverse
from ninja import Query as InQuery
from ninja import Router, Schema
from pydantic import Field

from parvis.catalogue import previews, queries, store
from parvis.catalogue.lists import FORMATS
from parvis.catalogue.models import Dataset, Document
from parvis.core import limits
from parvis.core.errors import Invalid, NotFound
from parvis.tables.errors import TableError
from parvis.tables.query import Query
from parvis.tables.write import iso

router = Router(tags=["catalogue"])
ROWS_MAX = 1_000


class Download(Schema):
    """One format of a file."""

    format: str
    url: str


class FileOut(Schema):
    """A file of a dataset; `version` is the SHA-256 of its Parquet form."""

    name: str
    title: dict[str, str]
    description: dict[str, str]
    version: str
    rows: int
    columns: list[dict[str, Any]]
    downloads: list[Download]


class DatasetOut(Schema):
    """A dataset as lists show it."""

    id: UUID
    name: str
    title: dict[str, str]
    notes: dict[str, str]
    organisation: str | None
    licence: str
    frequency: str
    tags: list[dict[str, str]]
    categories: list[str]
    published: datetime.datetime
    modified: datetime.datetime
    reconstructed: bool
    url: str
    files: list[FileOut]


class DocumentOut(Schema):
    """A document."""

    id: UUID
    name: str
    title: dict[str, str]
    kind: str
    date: datetime.date | None
    summary: dict[str, str]
    organisation: str | None
    sources: list[str]
    written_by_us: bool
    reconstructed: bool
    url: str
    file: str | None


class DocumentFull(DocumentOut):
    """A document with its text."""

    body: dict[str, str]


class DatasetPage(Schema):
    """Some datasets, and how many there are in all."""

    count: int
    results: list[DatasetOut]


class DocumentPage(Schema):
    """Some documents, and how many there are in all."""

    count: int
    results: list[DocumentOut]


class Rows(Schema):
    """Some rows of a file, how many match, and of how many."""

    count: int
    total: int
    version: str
    rows: list[dict[str, Any]]


class Listing(Schema):
    """What a list may be asked."""

    q: str = Field("", max_length=limits.SEARCH_CHARACTERS)
    organisation: list[str] = Field([], max_length=50)
    tag: list[str] = Field([], max_length=50)
    sort: str = Field("", description="relevance, date or title")
    limit: int = Field(20, ge=1, le=100)
    offset: int = Field(0, ge=0, le=1_000_000)


def _absolute(path: str) -> str:
    return settings.SITE_URL + path


def _dataset(row: Dataset) -> dict[str, Any]:
    return {
        "id": row.pk,
        "name": row.node.slug,
        "title": row.node.title,
        "notes": row.notes,
        "organisation": row.organisation.node.slug if row.organisation else None,
        "licence": row.licence,
        "frequency": row.frequency,
        "tags": row.tags,
        "categories": row.categories,
        "published": row.node.published_at,
        "modified": row.modified_at,
        "reconstructed": row.reconstructed,
        "url": _absolute(reverse("dataset", args=[row.node.slug])),
        "files": [_file(row, file) for file in row.published],  # type: ignore[attr-defined]
    }


def _file(row: Dataset, file: Any) -> dict[str, Any]:
    args = [row.node.slug, file.current.sha256]
    return {
        "name": file.slug,
        "title": file.name,
        "description": file.description,
        "version": file.current.sha256,
        "rows": file.current.rows,
        "columns": file.current.columns,
        "downloads": [
            {
                "format": FORMATS[extension][0],
                "url": _absolute(reverse("dataset_file", args=[*args, f"{file.slug}.{extension}"])),
            }
            for extension in FORMATS
        ],
    }


def _document(row: Document) -> dict[str, Any]:
    file = reverse("document_file", args=[row.node.slug, row.file_name]) if row.file else None
    return {
        "id": row.pk,
        "name": row.node.slug,
        "title": row.node.title,
        "kind": row.doc_kind,
        "date": row.date,
        "summary": row.summary,
        "organisation": row.organisation.node.slug if row.organisation else None,
        "sources": row.sources,
        "written_by_us": row.written_by_us,
        "reconstructed": row.reconstructed,
        "url": _absolute(reverse("document", args=[row.node.slug])),
        "file": _absolute(file) if file else None,
    }


def _found(kind: str, asked: Listing) -> queries.Browsed:
    chosen = {"organisation": asked.organisation, "tag": asked.tag}
    return queries.browse(kind, text=asked.q, chosen=chosen, order=asked.sort)


@router.get("/datasets", response=DatasetPage)
def datasets(request: HttpRequest, asked: InQuery[Listing]) -> dict[str, Any]:
    """List public datasets: words, organisation (id), tag (its French form), order."""
    found = _found("dataset", asked)
    ids = found.ids[asked.offset : asked.offset + asked.limit]
    rows = queries.in_order(queries.public_datasets(), ids)
    return {"count": len(found.ids), "results": [_dataset(row) for row in rows]}


@router.get("/datasets/{name}", response=DatasetOut)
def dataset(request: HttpRequest, name: str) -> dict[str, Any]:
    """One dataset with its files and their codebooks."""
    return _dataset(queries.dataset_by_slug(name))


@router.get("/datasets/{name}/rows", response=Rows)
def dataset_rows(
    request: HttpRequest,
    name: str,
    file: str = "",
    limit: int = 20,
    offset: int = 0,
) -> dict[str, Any]:
    """Rows of one file (the first one by default): at most 1,000 a call.

    `filter` (repeated) is "column|operator|value" with operators eq, ne, contains, gt, lt, empty,
    filled; `words` searches every column; `sort` is a column, with "-" in front for descending.
    """
    row = queries.dataset_by_slug(name)
    files = row.published  # type: ignore[attr-defined]
    resource = next((one for one in files if file in ("", one.slug)), None)
    if resource is None:
        raise NotFound
    if not (0 < limit <= ROWS_MAX) or offset < 0:
        raise Invalid({"limit": [f"1 to {ROWS_MAX}"]})
    version = resource.current
    schema = store.schema_of(version)
    parameters: QueryDict = request.GET
    query = Query(
        where=tuple(one.where for one in previews.filters_of(parameters, schema)),
        search=parameters.get("words", "").strip()[: limits.SEARCH_CHARACTERS],
        sort=previews.sort_of(parameters, schema)[1],
        limit=limit,
        offset=offset,
    )
    files_store = store.store()
    try:
        stored = files_store.version(version.sha256, schema)
        count = files_store.count(stored, query)
        rows = files_store.query(stored, query).read_all().to_pylist()
    except TableError as error:
        raise Invalid({"filter": [str(error)]}) from None
    return {
        "count": count,
        "total": version.rows,
        "version": version.sha256,
        "rows": [{key: iso(value) for key, value in one.items()} for one in rows],
    }


@router.get("/documents", response=DocumentPage)
def documents(request: HttpRequest, asked: InQuery[Listing]) -> dict[str, Any]:
    """List public documents."""
    found = _found("document", asked)
    ids = found.ids[asked.offset : asked.offset + asked.limit]
    rows = queries.in_order(queries.public_documents(), ids)
    return {"count": len(found.ids), "results": [_document(row) for row in rows]}


@router.get("/documents/{name}", response=DocumentFull)
def document(request: HttpRequest, name: str) -> dict[str, Any]:
    """One document with its text."""
    row = queries.document_by_slug(name)
    return {**_document(row), "body": row.body}
