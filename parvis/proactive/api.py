"""Registers and classes in /api/v1. Public, read only."""

import datetime
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse
from ninja import Query, Router, Schema
from pydantic import Field

from parvis.core import limits
from parvis.core.errors import NotFound
from parvis.core.models import State
from parvis.proactive import queries
from parvis.proactive.lists import Shape, shapes
from parvis.proactive.views import as_line

router = Router(tags=["registers"])


class ColumnOut(Schema):
    """A column of a register; `choices`: code -> words by language."""

    name: str
    type: str
    required: bool
    label: dict[str, str]
    help: dict[str, str]
    choices: dict[str, dict[str, str]]


class PeriodOut(Schema):
    """A period that is over. state: rows, nothing (declared), due or missing."""

    code: str
    state: str
    rows: int
    declared_at: datetime.datetime | None


class KeptOut(Schema):
    """A register kept by an organisation; `dataset` is its name in the catalogue."""

    organisation: str
    since: datetime.date
    rows: int
    reconstructed: bool
    modified: datetime.datetime
    dataset: str | None
    periods: list[PeriodOut]


class RegisterOut(Schema):
    """A type of register, and who keeps one."""

    type: str
    title: dict[str, str]
    frequency: str
    columns: list[ColumnOut]
    url: str
    registers: list[KeptOut]


class RowsOut(Schema):
    """Some rows, latest first, and how many match."""

    count: int
    results: list[dict[str, Any]]


class Narrowing(Schema):
    """What narrows rows; `year` is the calendar year in which the fiscal year begins."""

    q: str = Field("", max_length=limits.SEARCH_CHARACTERS)
    organisation: str = Field("", max_length=80)
    year: int | None = Field(None, ge=1900, le=2200)
    late: bool = False
    limit: int = Field(20, ge=1, le=1_000)
    offset: int = Field(0, ge=0, le=1_000_000)


def _shape(code: str) -> Shape:
    if code not in shapes():
        raise NotFound
    return shapes()[code]


def _type(shape: Shape, standings: list[queries.Standing]) -> dict[str, Any]:
    return {
        "type": shape.code,
        "title": shape.title,
        "frequency": shape.frequency,
        "columns": [
            {name: getattr(column, name) for name in ColumnOut.model_fields}
            for column in shape.columns
        ],
        "url": settings.SITE_URL + reverse("typed_register", args=[shape.code]),
        "registers": [_kept(one) for one in standings if one.shape is shape],
    }


def _kept(one: queries.Standing) -> dict[str, Any]:
    dataset = one.register.dataset
    return {
        "organisation": one.register.organisation.node.slug,
        "since": one.register.since,
        "rows": one.rows,
        "reconstructed": one.register.reconstructed,
        "modified": one.register.modified_at,
        "dataset": dataset.slug if dataset and dataset.state == State.PUBLIC else None,
        "periods": [
            {name: getattr(period, name) for name in PeriodOut.model_fields}
            for period in one.periods
        ],
    }


@router.get("/registers", response=list[RegisterOut])
def registers(request: HttpRequest) -> list[dict[str, Any]]:
    """List every type of register, with the registers kept and their periods."""
    standings = queries.standings(list(queries.public_registers()))
    return [_type(shape, standings) for shape in shapes().values()]


@router.get("/registers/{kind}", response=RegisterOut)
def register(request: HttpRequest, kind: str) -> dict[str, Any]:
    """One type of register."""
    shape = _shape(kind)
    return _type(shape, queries.standings(list(queries.public_registers(shape))))


@router.get("/registers/{kind}/rows", response=RowsOut)
def rows(request: HttpRequest, kind: str, asked: Query[Narrowing]) -> dict[str, Any]:
    """Rows of a type of register: words, organisation, fiscal year, late ones only."""
    shape = _shape(kind)
    found = queries.records(
        shape, queries.Asked(asked.q.strip(), asked.organisation, asked.year, asked.late)
    )
    page = queries.with_register(found)[asked.offset : asked.offset + asked.limit]
    results = []
    for row in page:
        place = reverse("typed_record", args=[kind, row.pk])
        file = None
        if row.file_id:
            file = reverse("typed_record_file", args=[kind, row.pk, row.file_name])
        results.append(
            {
                "id": str(row.pk),
                "url": settings.SITE_URL + place,
                **as_line(shape, row),
                "file": settings.SITE_URL + file if file else None,
                "modified": row.modified_at.isoformat(),
            }
        )
    return {"count": found.count(), "results": results}
