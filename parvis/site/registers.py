"""Registers of proactive publication, as datasets of the catalogue: made and kept by the worker."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date
from typing import Any

import pyarrow as pa
from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import override

from parvis.catalogue import loading, services
from parvis.catalogue.models import Dataset, Version
from parvis.core.access import SYSTEM
from parvis.core.i18n import LANGUAGES, Text, tr
from parvis.core.models import Event, State
from parvis.proactive import queries
from parvis.proactive import services as registers
from parvis.proactive.lists import Shape
from parvis.proactive.models import Record, Register
from parvis.tables.schema import Column, Schema

_TYPES: dict[str, str] = {
    "text": "text", "choice": "text", "date": "date", "money": "number", "integer": "integer",
    "boolean": "boolean",
}  # fmt: skip
_PERIOD = {"fr": "Période", "en": "Period"}
_DUE = {"fr": "Réponse attendue le", "en": "Answer due on"}
_LATE = {"fr": "Jours de retard, une fois répondue", "en": "Days late, once answered"}
_PERIODS = (
    ("periode", "text", _PERIOD),
    ("debut", "date", {"fr": "Du", "en": "From"}),
    ("fin", "date", {"fr": "Au", "en": "To"}),
    ("etat", "text", {"fr": "État", "en": "State"}),
    ("lignes", "integer", {"fr": "Lignes", "en": "Rows"}),
    ("declaree_le", "date", {"fr": "Déclarée vide le", "en": "Declared empty on"}),
)
_STATES: dict[str, dict[str, str]] = {
    "rows": {"fr": "Des lignes", "en": "Rows"},
    "nothing": {"fr": "Rien à signaler", "en": "Nothing to report"},
    "due": {"fr": "À venir", "en": "Due"},
    "missing": {"fr": "Manquante", "en": "Missing"},
}
Described = tuple[str, str, Text, Text]
"""Name, type, label and description of a column."""
FILES = {"rows": "lignes", "periods": "periodes"}


def consume(events: Sequence[Event]) -> None:
    """Publish again the dataset of each register that changed."""
    ids = {event.node_id for event in events if event.verb.startswith("register.")}
    rows = Register.objects.filter(pk__in=[pk for pk in ids if pk], node__state=State.PUBLIC)
    for row in rows.select_related("node", "organisation__node", "dataset"):
        publish(row)


@transaction.atomic
def publish(register: Register) -> Dataset | None:
    """Publish what a register says now and return its dataset; None while it says nothing.

    A dataset that somebody withdrew or made private stays so.
    """
    Register.objects.select_for_update(of=("self",)).get(pk=register.pk)
    (standing,) = queries.standings([register])
    if not standing.says_something:
        return None
    dataset = _dataset(register, standing.shape)
    if dataset.node.state not in {State.DRAFT, State.PUBLIC}:
        return dataset
    for name, made in (("rows", _rows(register, standing.shape)), ("periods", _periods(standing))):
        _put(dataset, name, *made)
    waiting = Version.objects.filter(resource__dataset=dataset, published_at__isnull=True)
    if not waiting.exists():
        return dataset
    return services.publish_dataset(actor=SYSTEM, dataset=dataset)


def _spoken(words: Callable[[], str]) -> dict[str, str]:
    """Return a text made in each language, with plain spaces: the page sets the others."""
    found = {}
    for code in LANGUAGES:
        with override(code):
            found[code] = words().replace("\u00a0", " ")
    return found


def _dataset(register: Register, shape: Shape) -> Dataset:
    """Return the dataset of a register, drafted at the first call only."""
    if register.dataset_id:
        return Dataset.objects.select_related("node").get(pk=register.dataset_id)
    dataset = services.create_dataset(
        actor=SYSTEM,
        title=register.node.title,
        organisation=register.organisation,
        slug=f"registre-{register.node.slug}"[:60],
        fields={
            "notes": _spoken(
                lambda: _("Register published row by row: %(about)s") % {"about": tr(shape.about)}
            ),
            "methodology": _spoken(
                lambda: _(
                    "Rows are checked cell by cell when they come; corrections keep what was said "
                    "before, on the page of each row."
                )
            ),
            "frequency": "quarterly" if shape.frequency == "quarter" else "annual",
            "tags": [
                {"fr": "Diffusion proactive", "en": "Proactive publication"},
                dict(shape.title),
            ],
            "categories": ["gouvernement-finances"],
            "languages": ["fr"],
            "spatial": "Québec",
            "reconstructed": register.reconstructed,
        },
    )
    registers.note_dataset(register=register, dataset=dataset.node)
    return dataset


def _put(
    dataset: Dataset, name: str, data: pa.Table, schema: Schema, values: Mapping[str, Any]
) -> None:
    resource = dataset.resources.filter(slug=FILES[name]).first()
    if resource is None:
        resource = services.add_resource(
            actor=SYSTEM,
            dataset=dataset,
            name=_spoken(lambda: _file_words(name)[0]),
            description=_spoken(lambda: _file_words(name)[1]),
            slug=FILES[name],
        )
    loading.put_table(actor=SYSTEM, resource=resource, data=data, schema=schema, values=values)


def _file_words(name: str) -> tuple[str, str]:
    words = {
        "rows": (
            _("Rows of the register"),
            _("One row for each entry of the register, as it stands."),
        ),
        "periods": (
            _("Periods of the register"),
            _("One row for each period that is over: rows, declared empty, due or missing."),
        ),
    }
    return words[name]


def _table(columns: Iterable[Described], rows: list[Any]) -> Any:
    schema = Schema(
        tuple(
            Column(name, kind, dict(label), dict(help_))  # type: ignore[arg-type]
            for name, kind, label, help_ in columns
        )
    )
    return pa.Table.from_pylist(rows, schema.to_arrow()), schema


def _rows(register: Register, shape: Shape) -> tuple[pa.Table, Schema, dict[str, Any]]:
    columns: list[Described] = [("periode", "text", _PERIOD, {})]
    columns += [(c.name, _TYPES[c.type], c.label, c.help) for c in shape.columns]
    if shape.code == "acces":
        columns += [("date_limite", "date", _DUE, {}), ("jours_de_retard", "integer", _LATE, {})]
    standing = Record.objects.filter(register=register, withdrawn_at__isnull=True)
    rows = [_row(shape, row) for row in standing.order_by("day", "number").iterator(2_000)]
    table, schema = _table(columns, rows)
    return table, schema, {c.name: dict(c.choices) for c in shape.columns if c.choices}


def _row(shape: Shape, row: Record) -> dict[str, Any]:
    cells: dict[str, Any] = {"periode": row.period}
    for column in shape.columns:
        value = row.values.get(column.name)
        if value is not None and column.type == "date":
            value = date.fromisoformat(value)
        elif value is not None and column.type == "money":
            value = float(value)
        cells[column.name] = value
    if row.due_on:
        cells["date_limite"] = row.due_on
        # Not for what waits for an answer: it would change every day without an event.
        late = (row.done_on - row.due_on).days if row.done_on else None
        cells["jours_de_retard"] = None if late is None else max(0, late)
    return cells


def _periods(standing: queries.Standing) -> tuple[pa.Table, Schema, dict[str, Any]]:
    rows = [
        {
            "periode": one.code, "debut": one.first, "fin": one.last, "etat": one.state,
            "lignes": one.rows,
            "declaree_le": one.declared_at.date() if one.declared_at else None,
        }
        for one in reversed(standing.periods)
    ]  # fmt: skip
    columns: list[Described] = [(name, kind, label, {}) for name, kind, label in _PERIODS]
    table, schema = _table(columns, rows)
    return table, schema, {"etat": _STATES}
