"""Rows, versions, differences, profiles and SQL in /api/v1. Public, read only."""

import datetime
from collections.abc import Sequence
from dataclasses import replace
from itertools import islice
from typing import Any, Literal

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse, QueryDict
from django.urls import reverse
from ninja import Query as InQuery
from ninja import Router, Schema
from pydantic import Field

from parvis.catalogue import previews, queries, store
from parvis.catalogue.datastore import sources, statements
from parvis.catalogue.lists import FORMATS
from parvis.catalogue.loading import in_words
from parvis.catalogue.models import Dataset, Resource, Version
from parvis.core import limits
from parvis.core.accounts import client_ip
from parvis.core.errors import Invalid, NotFound
from parvis.tables import difference as differences
from parvis.tables.errors import TableError
from parvis.tables.query import Aggregate, Query, Sort
from parvis.tables.sandbox import CHARACTERS_MAX
from parvis.tables.schema import Schema as TableSchema
from parvis.tables.write import iso

router = Router(tags=["tables"])
ROWS_MAX = 1_000
FACETS_MAX, GROUPS_MAX, AGGREGATES_MAX = 10, 5, 20
COMPARED_ROWS_MAX = 200_000
_PLACE = "_id"


class ValueCount(Schema):
    """A value of a column, and how many of the matching rows have it."""

    value: Any
    count: int


class Rows(Schema):
    """Some rows of a file, how many match, and of how many.

    `next` is the address of the rows that follow, null at the end; `facets` holds the most
    frequent values of each column asked for.
    """

    count: int
    total: int
    version: str
    rows: list[dict[str, Any]]
    next: str | None
    facets: dict[str, list[ValueCount]]


class RowsAsked(Schema):
    """What rows may be asked."""

    file: str = Field("", description="the file's name; the first table by default")
    limit: int = 20
    offset: int = 0
    after: int | None = Field(None, description="continue after this row; see `next`")
    words: str = Field("", description="words in any column")
    filter: list[str] = Field([], description="column|operator|value", max_length=10)
    sort: str = Field("", description="a column; - in front for descending")
    fields: list[str] = Field([], description="columns to give; repeat, or separate by commas")
    facet: list[str] = Field([], description="columns whose values are counted")
    group_by: list[str] = Field([], description="one row for each value of these columns")
    sum: list[str] = Field([], description="columns to add up, by group or in all")
    average: list[str] = []
    min: list[str] = []
    max: list[str] = []
    distinct: list[str] = Field([], description="columns whose different values are counted")


def _file(dataset: Dataset, name: str) -> Resource:
    files = [one for one in dataset.published if one.current_id]  # type: ignore[attr-defined]
    found = next((one for one in files if name in ("", one.slug)), None)
    if found is None:
        raise NotFound
    return found


def _names(values: Sequence[str], what: str, schema: TableSchema, most: int = 1_000) -> list[str]:
    """Return names of columns: repeated, or separated by commas where no column is named so."""
    found: list[str] = []
    for value in values:
        found += [value] if value in schema.names else [p.strip() for p in value.split(",")]
    found = [name for name in dict.fromkeys(found) if name]
    for name in found:
        if name not in schema.names:
            raise Invalid({what: [in_words("no_such_column", {"column": name})]})
    if len(found) > most:
        raise Invalid({what: [f"{most} at most"]})
    return found


def _base(request: HttpRequest, asked: RowsAsked, schema: TableSchema) -> Query:
    """Return conditions and order. Raises Invalid for a column or operator that is not there."""
    parameters: QueryDict = request.GET
    filters = previews.filters_of(parameters, schema)
    if len({one.in_url for one in filters}) < len(set(asked.filter)):
        known = {one.in_url for one in filters}
        lost = next((text for text in asked.filter if not _same(text, known)), "")
        if lost:
            raise Invalid({"filter": [f"column|operator|value: {lost[:100]}"]})
    sort = previews.sort_of(parameters, schema)[1]
    return Query(
        where=tuple(one.where for one in filters),
        search=asked.words.strip()[: limits.SEARCH_CHARACTERS],
        sort=sort,
    )


def _same(text: str, known: set[str]) -> bool:
    return text in known or any(one.startswith(text.rstrip("|") + "|") for one in known)


def _aggregates(asked: RowsAsked, schema: TableSchema) -> tuple[Aggregate, ...]:
    found = [Aggregate("count", None, "count")]
    for function in ("sum", "average", "min", "max", "distinct"):
        for name in _names(getattr(asked, function), function, schema):
            found.append(Aggregate(function, name, f"{function}_{name}"))  # type: ignore[arg-type]
    if len(found) > AGGREGATES_MAX:
        raise Invalid({"sum": [f"{AGGREGATES_MAX} figures at most"]})
    return tuple(found)


@router.get("/datasets/{name}/rows", response=Rows)
def dataset_rows(request: HttpRequest, name: str, asked: InQuery[RowsAsked]) -> dict[str, Any]:
    """Rows of one table: at most 1,000 a call, and the address of the next.

    `filter` (repeated) is "column|operator|value" with operators eq, ne, contains, gt, lt, empty,
    filled; `words` searches every column. With `group_by`, `sum`, `average`, `min`, `max` or
    `distinct` the rows are groups, with `count` and figures called `sum_column` and so on.
    """
    if not (0 < asked.limit <= ROWS_MAX) or asked.offset < 0:
        raise Invalid({"limit": [f"1 to {ROWS_MAX}"]})
    version = sources.public_table(name, asked.file)
    schema = store.schema_of(version)
    base = _base(request, asked, schema)
    files = store.store()
    try:
        stored = store.stored(version)
        count = files.count(stored, base)
        rows, following = _page(request, asked, base, schema, stored)
        facets = {
            column: [
                {"value": iso(value), "count": n} for value, n in files.facets(stored, column, base)
            ]
            for column in _names(asked.facet, "facet", schema, FACETS_MAX)
        }
    except TableError as error:
        raise Invalid({"filter": [in_words(error.reason, error.params)]}) from None
    return {
        "count": count,
        "total": version.rows,
        "version": version.sha256,
        "rows": rows,
        "next": following,
        "facets": facets,
    }


def _page(
    request: HttpRequest, asked: RowsAsked, base: Query, schema: TableSchema, stored: Any
) -> tuple[list[dict[str, Any]], str | None]:
    """Return the rows of this call and the address of the next, or None."""
    groups = _names(asked.group_by, "group_by", schema, GROUPS_MAX)
    grouped = bool(groups) or any(
        getattr(asked, name) for name in ("sum", "average", "min", "max", "distinct")
    )
    place = _PLACE if _PLACE not in {name.casefold() for name in schema.names} else "_row_number"
    if grouped:
        if asked.after is not None or asked.fields:
            raise Invalid({"group_by": ["no `after` and no `fields` beside groups"]})
        query = replace(base, group_by=tuple(groups), aggregates=_aggregates(asked, schema))
        query = replace(query, sort=_group_sort(asked, query))
    else:
        fields = _names(asked.fields, "fields", schema)
        query = replace(base, columns=tuple(fields) or None, row_number=place, after=asked.after)
    query = replace(query, limit=asked.limit + 1, offset=asked.offset)
    rows = store.store().query(stored, query).read_all().to_pylist()
    more, rows = len(rows) > asked.limit, rows[: asked.limit]
    numbers = [] if grouped else [row.pop(place) for row in rows]
    shown = [{key: iso(value) for key, value in row.items()} for row in rows]
    if not more:
        return shown, None
    parameters = request.GET.copy()
    if grouped:
        parameters["offset"] = str(asked.offset + asked.limit)
    else:
        parameters.pop("offset", None)
        parameters["after"] = str(numbers[-1])
    return shown, f"{settings.SITE_URL}{request.path}?{parameters.urlencode()}"


def _group_sort(asked: RowsAsked, query: Query) -> tuple[Sort, ...]:
    """Return the order of groups: a column of the answer, else the largest groups first."""
    name = asked.sort.removeprefix("-")
    known = [*query.group_by, *(one.name for one in query.aggregates)]
    if not asked.sort:
        return (Sort("count", True),)
    if name not in known:
        raise Invalid({"sort": [in_words("no_such_column", {"column": name})]})
    return (Sort(name, asked.sort.startswith("-")),)


class VersionOut(Schema):
    """A version of a file, kept for good; `version` is the SHA-256 of its Parquet form."""

    version: str
    file: str
    rows: int
    columns: list[str]
    bytes: int
    csv_sha256: str
    published: datetime.datetime
    current: bool
    note: dict[str, str]
    downloads: dict[str, str]


class Versions(Schema):
    """Versions, newest first."""

    count: int
    results: list[VersionOut]


def _versions(dataset: Dataset, file: str) -> list[Version]:
    found = queries.versions_of(dataset)
    return [one for one in found if file in ("", one.resource.slug)]


@router.get("/datasets/{name}/versions", response=Versions)
def dataset_versions(
    request: HttpRequest,
    name: str,
    file: str = "",
    limit: int = InQuery(20, ge=1, le=100),
    offset: int = InQuery(0, ge=0),
) -> dict[str, Any]:
    """Every published version of the files of a dataset, each at an address that stays."""
    dataset = queries.dataset_by_slug(name)
    found = _versions(dataset, file)
    current = {one.current_id for one in dataset.published}  # type: ignore[attr-defined]
    results = []
    for version in found[offset : offset + limit]:
        slug = version.resource.slug
        addresses = {
            extension: settings.SITE_URL
            + reverse("dataset_file", args=[name, version.sha256, f"{slug}.{extension}"])
            for extension in FORMATS
        }
        results.append(
            {
                "version": version.sha256,
                "file": slug,
                "rows": version.rows,
                "columns": [column["name"] for column in version.columns],
                "bytes": version.bytes,
                "csv_sha256": version.csv_sha256,
                "published": version.published_at,
                "current": version.pk in current,
                "note": version.note,
                "downloads": addresses,
            }
        )
    return {"count": len(found), "results": results}


class Change(Schema):
    """One cell that changed, or one row more or fewer; without `key`, `key` is the whole row."""

    change: str
    key: list[str | None]
    column: str | None
    before: str | None
    after: str | None


class Differences(Schema):
    """What changed from one version to another; `changes` holds the first of it."""

    added: int
    removed: int
    changed: int
    cells: int
    columns_added: list[str]
    columns_removed: list[str]
    changes: list[Change]


class DifferencesAsked(Schema):
    """Which versions to compare."""

    from_: str = Field(..., alias="from", description="version (SHA-256)")
    to: str = Field(..., description="version (SHA-256)")
    key: list[str] = Field([], description="columns that tell a row", max_length=10)
    limit: int = Field(100, ge=0, le=ROWS_MAX)


@router.get("/datasets/{name}/differences", response=Differences)
def dataset_differences(
    request: HttpRequest, name: str, asked: InQuery[DifferencesAsked]
) -> dict[str, Any]:
    """Rows and cells that changed between two versions (200,000 rows at most each)."""
    dataset = queries.dataset_by_slug(name)
    pair = [queries.version_of(dataset, sha256) for sha256 in (asked.from_, asked.to)]
    if pair[0].resource_id != pair[1].resource_id:
        raise Invalid({"to": ["two versions of one file"]})
    if max(one.rows for one in pair) > COMPARED_ROWS_MAX:
        raise Invalid({"from": [f"{COMPARED_ROWS_MAX} rows at most"]})
    files = store.store()
    try:
        old, new = (store.stored(one) for one in pair)
        key = _names(asked.key, "key", new.schema)
        found = differences.difference(files, old, new, key)
        changes: list[dict[str, Any]] = []
        if asked.limit:
            reader = differences.changes(files, old, new, key)
            rows = (row for batch in reader for row in batch.to_pylist())
            changes = list(islice(rows, asked.limit))
    except TableError as error:
        raise Invalid({"key": [in_words(error.reason, error.params)]}) from None
    names = ("added", "removed", "changed", "cells", "columns_added", "columns_removed")
    return {**{one: getattr(found, one) for one in names}, "changes": changes}


class ProfileOut(Schema):
    """What each column of a version holds: filled, empty, distinct, smallest, greatest, top."""

    version: str
    file: str
    rows: int
    columns: list[dict[str, Any]]


@router.get("/datasets/{name}/profile", response=ProfileOut)
def dataset_profile(
    request: HttpRequest, name: str, file: str = "", version: str = ""
) -> dict[str, Any]:
    """The figures of each column, made when the file was loaded; of `version`, or the current."""
    dataset = queries.dataset_by_slug(name)
    found = queries.version_of(dataset, version) if version else _file(dataset, file).current
    if found is None:
        raise NotFound
    return {
        "version": found.sha256,
        "file": found.resource.slug,
        "rows": found.rows,
        "columns": found.profile["columns"],
    }


class SqlField(Schema):
    """A column of an answer."""

    id: str
    type: str


class SqlAnswer(Schema):
    """Rows of a statement as lists; `records_truncated` when there were more than 32,000."""

    fields: list[SqlField]
    records: list[list[Any]]
    records_truncated: bool
    seconds: float


@router.get("/sql", response=SqlAnswer, operation_id="sql")
def sql(
    request: HttpRequest,
    q: str = InQuery(..., max_length=CHARACTERS_MAX, description="one SELECT"),
    format: Literal["json", "csv"] = "json",
) -> Any:
    """One SELECT over the public tables, named dataset.file or by the id of a file.

    Stopped after 5 seconds; 32,000 rows at most (in CSV, the header X-Records-Truncated says so);
    429 with Retry-After when too much is asked.
    """
    try:
        statements.measure.take(client_ip(request))
        answer = statements.ask(q)
    except statements.Busy as error:
        busy = JsonResponse({"detail": str(error)}, status=429)
        busy["Retry-After"] = str(error.retry_after)
        return busy
    except TableError as error:
        raise Invalid({"q": [in_words(error.reason, error.params)]}) from None
    if format == "csv":
        response = HttpResponse(answer.csv(), content_type="text/csv; charset=utf-8")
        response["Content-Disposition"] = 'attachment; filename="reponse.csv"'
        response["X-Records-Truncated"] = "true" if answer.truncated else "false"
        return response
    return {
        "fields": [{"id": name, "type": kind} for name, kind in answer.columns],
        "records": answer.rows,
        "records_truncated": answer.truncated,
        "seconds": round(answer.seconds, 4),
    }
