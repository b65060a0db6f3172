"""The classes of an organisation: what is published in each, what is waived, what is missing."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from django.urls import reverse, translate_url
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from parvis.core import kinds
from parvis.core.i18n import Text, tr
from parvis.core.models import Organisation, State
from parvis.proactive import queries
from parvis.proactive.lists import Class, Shape, classes, shape_of_class
from parvis.proactive.models import Placement, Register, Waiver
from parvis.tables.cells import csv_text

COLUMNS = (
    "organisation", "class", "name", "reference", "state", "motive", "title", "kind", "address",
    "reason", "updated",
)  # fmt: skip


@dataclass(frozen=True)
class Item:
    """Something published in a class. `placement`: what the desk may take out; None: a register."""

    title: Any
    address: str
    kind: str
    updated: datetime | None
    reason: Text
    reconstructed: bool = False
    placement: Placement | None = None
    standing: queries.Standing | None = None


@dataclass(frozen=True)
class ClassRow:
    """A class at an organisation. state: published, waived or missing."""

    known: Class
    state: str
    items: Sequence[Item]
    waiver: Waiver | None
    shape: Shape | None
    hidden: int = 0


def rows_of(organisation: Organisation) -> list[ClassRow]:
    """Return every class of an organisation: five queries.

    What is not public is not shown, and publishes nothing: its class is missing.
    """
    placements = list(
        Placement.objects.filter(organisation=organisation).select_related("node__space")
    )
    public = [row for row in placements if row.node is None or row.node.state == State.PUBLIC]
    changed = queries.latest_change([row.node_id for row in public if row.node_id])
    waivers = {row.code: row for row in Waiver.objects.filter(organisation=organisation)}
    registers: list[Register] = list(queries.public_registers().filter(organisation=organisation))
    standings = {one.shape.class_code: one for one in queries.standings(registers)}
    found = []
    for code, known in classes().items():
        mine = [row for row in public if row.code == code]
        items = [_placed(row, changed) for row in mine]
        standing = standings.get(code)
        if standing:
            items.insert(0, _register(standing))
        told = bool(mine) or bool(standing and standing.says_something)
        waiver = waivers.get(code)
        state = "published" if told else "waived" if waiver else "missing"
        hidden = sum(row.code == code for row in placements) - len(mine)
        found.append(ClassRow(known, state, items, waiver, shape_of_class().get(code), hidden))
    return found


def _placed(row: Placement, changed: dict[Any, datetime]) -> Item:
    if row.node is None:
        here = row.url.startswith("/")
        kind = _("Page") if here else (urlsplit(row.url).hostname or "")
        # A page of this site is shown in the language of the reader.
        address = translate_url(row.url, get_language() or "fr") if here else row.url
        return Item(tr(row.title), address, kind, row.at, row.reason, placement=row)
    updated = changed.get(row.node.pk) or row.node.published_at
    kind = str(kinds.get(row.node.kind).label)
    return Item(
        tr(row.node.title), kinds.url(row.node) or "", kind, updated, row.reason, placement=row
    )


def _register(standing: queries.Standing) -> Item:
    register = standing.register
    address = reverse("typed_register", args=[register.kind])
    return Item(
        tr(standing.shape.title),
        f"{address}?organisation={register.organisation.node.slug}",
        _("Register"),
        register.modified_at,
        {},
        register.reconstructed,
        standing=standing,
    )


def flat(organisation: Organisation, rows: Sequence[ClassRow], site: str) -> list[dict[str, Any]]:
    """Return one line for each thing published, one for each class without: for CSV and JSON."""
    name = tr(organisation.node.title)
    lines: list[dict[str, Any]] = []
    for row in rows:
        about = {
            "organisation": name,
            "class": row.known.code,
            "name": tr(row.known.name),
            "reference": tr(row.known.reference),
            "state": row.state,
            "motive": tr(row.waiver.motive) if row.waiver and row.state == "waived" else None,
        }
        lines += [
            {
                **about,
                "title": str(item.title),
                "kind": item.kind,
                "address": site + item.address if item.address.startswith("/") else item.address,
                "reason": tr(item.reason) or None,
                "updated": item.updated.isoformat(timespec="seconds") if item.updated else None,
            }
            for item in row.items
        ] or [{**about, **dict.fromkeys(COLUMNS[6:])}]
    return lines


def as_csv(lines: Sequence[Mapping[str, Any]]) -> str:
    """Return such lines as CSV."""
    return "\ufeff" + csv_text(COLUMNS, ([line[name] for name in COLUMNS] for line in lines))
