"""The catalogue in /api/v1: datasets, their rows, documents. Public, read only."""

import datetime
from typing import Any
from uuid import UUID

from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse
from ninja import Query as InQuery
from ninja import Router, Schema
from pydantic import Field

from parvis.catalogue import addresses, queries
from parvis.catalogue.datastore.api import router as tables_router
from parvis.catalogue.lists import FORMATS
from parvis.catalogue.models import Dataset, Document
from parvis.core import limits

router = Router(tags=["catalogue"])
router.add_router("", tables_router)


class Download(Schema):
    """One format of a file."""

    format: str
    url: str


class FileOut(Schema):
    """A file of a dataset: a table, a file kept as it came, or a link.

    `version` is the SHA-256 of a table's Parquet form; null, as `rows`, for what is no table.
    """

    name: str
    kind: str = Field(description="table, file or link")
    title: dict[str, str]
    description: dict[str, str]
    format: str
    url: str
    version: str | None
    rows: int | None
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
    version, url = file.current, addresses.file_url(row, file)
    out = {
        "name": file.slug,
        "kind": "table" if version else "file" if file.file_id else "link",
        "title": file.name,
        "description": file.description,
        "format": file.format,
        "url": url,
        "version": version.sha256 if version else None,
        "rows": version.rows if version else None,
        "columns": version.columns if version else [],
        "downloads": [{"format": file.format, "url": url}] if url else [],
    }
    if version:
        args = [row.node.slug, version.sha256]
        out["downloads"] = [
            {
                "format": FORMATS[extension][0],
                "url": _absolute(reverse("dataset_file", args=[*args, f"{file.slug}.{extension}"])),
            }
            for extension in FORMATS
        ]
    return out


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
