"""Registers: opened, corrected row by row, declared empty for a period. One transaction each."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from parvis.analysis.text import fold
from parvis.core import access, files, limits
from parvis.core.access import Actor
from parvis.core.errors import Conflict, Invalid
from parvis.core.events import IdempotencyKey, emit, replayed
from parvis.core.i18n import DEFAULT, Text, clean_text, tr
from parvis.core.models import Node, Organisation, State
from parvis.core.rows import new_node, publish_node
from parvis.proactive import delays, periods
from parvis.proactive.checks import check_row
from parvis.proactive.lists import NUMBER, Shape, shapes
from parvis.proactive.models import Former, NothingToReport, Record, Register

KIND = "typed_register"


def shape_of(register: Register) -> Shape:
    """Return the type of a register."""
    return shapes()[register.kind]


def reason_of(text: Text | None, field: str, *, words: Any) -> dict[str, str]:
    """Return a clean reason. Raises Invalid on `field` when it is missing in French."""
    try:
        cleaned = clean_text(text or {}, characters_max=limits.REASON_CHARACTERS)
    except ValidationError as error:
        raise Invalid({field: error.messages}) from None
    if not cleaned.get(DEFAULT):
        raise Invalid({field: [words]})
    return cleaned


@transaction.atomic
def open_register(
    *,
    actor: Actor,
    kind: str,
    organisation: Organisation,
    since: date,
    reconstructed: bool = False,
    key: IdempotencyKey | None = None,
) -> Register:
    """Open a register of an organisation, public at once, and return it.

    It answers for every period from the one that holds `since`: an empty one shows as missing.
    Raises Invalid, Conflict when it is open already, Forbidden.
    """
    if earlier := replayed(key):
        return Register.objects.select_related("node", "organisation__node").get(node=earlier.node)
    access.require(actor, "manage_catalogue", organisation)
    shape = shapes().get(kind)
    if shape is None:
        raise Invalid({"kind": [_("Choose a type of register.")]})
    if not date(2000, 1, 1) <= since <= timezone.localdate():
        raise Invalid({"since": [_("Give a day between the year 2000 and today.")]})
    if Register.objects.filter(kind=kind, organisation=organisation).exists():
        raise Conflict(_("This organisation has this register already."))
    title = {
        code: f"{words} – {tr(organisation.node.title, code)}".replace("\u00a0", " ")[:200]
        for code, words in shape.title.items()
    }
    node = new_node(KIND, title, slug=f"{kind}-{organisation.node.slug}")
    publish_node(node)
    register = Register.objects.create(
        node=node, kind=kind, organisation=organisation, since=since, reconstructed=reconstructed
    )
    emit("register.opened", node=node, actor=actor, data={"type": kind}, key=key)
    return register


def fill(record: Record, shape: Shape, values: Mapping[str, Any]) -> Record:
    """Set a row and all that comes from its values; return it, not saved."""
    day = date.fromisoformat(values[shape.date])
    record.number, record.values = values[NUMBER], dict(values)
    record.day, record.year = day, periods.fiscal_year(day)
    record.period = periods.period_of(day, shape.frequency)
    record.amount = Decimal(values[shape.amount]) if shape.amount else None
    record.words = fold(_words(shape, values))[:10_000]
    if shape.code == "acces":
        record.due_on = delays.due_on(day, bool(values["prolongation"]))
        answered = values["date_reponse"]
        record.done_on = date.fromisoformat(answered) if answered else None
    return record


def _words(shape: Shape, values: Mapping[str, Any]) -> str:
    parts = [values[NUMBER]]
    for column in shape.columns:
        value = values[column.name]
        if column.type == "choice" and value:
            parts += column.choices[value].values()
        elif column.type == "text" and value:
            parts.append(value)
    return " ".join(parts)


def touch(register: Register) -> None:
    """Say that a register changed now."""
    register.modified_at = timezone.now()
    register.save(update_fields=["modified_at"])


def take_back(register: Register, codes: set[str]) -> list[str]:
    """Take back the declarations of the periods that now have rows; return them."""
    rows = NothingToReport.objects.filter(
        register=register, period__in=codes, taken_back_at__isnull=True
    )
    found = sorted(rows.values_list("period", flat=True))
    rows.update(taken_back_at=timezone.now())
    return found


def _lock(record: Record) -> Record:
    """Return a row as it stands now, locked. Raises Conflict once it is withdrawn."""
    locked = Record.objects.select_for_update(of=("self",)).get(pk=record.pk)
    if locked.withdrawn_at:
        raise Conflict(_("This row was withdrawn."))
    return locked


@transaction.atomic
def correct_record(
    *,
    actor: Actor,
    record: Record,
    cells: Mapping[str, str],
    why: Text,
    key: IdempotencyKey | None = None,
) -> Record:
    """Correct a row; what it said before is kept and shown. Raises Invalid by column, Forbidden."""
    if replayed(key):
        return record
    register = record.register
    access.require(actor, "manage_catalogue", register)
    why = reason_of(why, "why", words=_("Say why it is corrected."))
    locked = _lock(record)
    shape = shape_of(register)
    values, problems = check_row(shape, {**cells, NUMBER: record.number})
    if problems:
        raise Invalid({p.column: [f"{p.wrong} {p.todo}"] for p in problems})
    if values == locked.values:
        return record
    Former.objects.create(record=record, values=locked.values, why=why, by_id=actor.person_id)
    fill(record, shape, values).modified_at = timezone.now()
    record.save()
    take_back(register, {record.period})
    touch(register)
    emit("register.corrected", node=register.node, actor=actor, key=key)
    return record


@transaction.atomic
def withdraw_record(*, actor: Actor, record: Record, why: Text) -> Record:
    """Take a row out of the lists; its page stays and says why. Raises Invalid, Conflict."""
    access.require(actor, "manage_catalogue", record.register)
    _lock(record)
    record.withdrawn_why = reason_of(why, "why", words=_("Say why it is withdrawn."))
    record.withdrawn_at = record.modified_at = timezone.now()
    record.save(update_fields=["withdrawn_at", "withdrawn_why", "modified_at"])
    touch(record.register)
    emit("register.withdrawn", node=record.register.node, actor=actor)
    return record


@transaction.atomic
def attach_file(*, actor: Actor, record: Record, name: str, content: bytes) -> Record:
    """Attach the file that was sent (one a row, replaced by the next). Raises Invalid."""
    access.require(actor, "manage_catalogue", record.register)
    _lock(record)
    media_type = files.sniff(name, content)
    record.file = files.store([content], media_type)
    record.file_name = files_name(name)
    record.modified_at = timezone.now()
    record.save(update_fields=["file", "file_name", "modified_at"])
    touch(record.register)
    emit("register.attached", node=record.register.node, actor=actor)
    return record


def files_name(name: str) -> str:
    """Return a name that is safe in an address: letters, figures, - and its extension."""
    stem, _dot, extension = name.replace("\\", "/").rsplit("/", 1)[-1].rpartition(".")
    plain = "-".join("".join(c if c.isalnum() else " " for c in fold(stem)).split()) or "document"
    ending = "".join(c for c in fold(extension) if c.isalnum())[:8]
    return f"{plain[:100]}.{ending}"


@transaction.atomic
def declare_nothing(*, actor: Actor, register: Register, period: str) -> NothingToReport:
    """Declare that a period that is over has no row; twice is once.

    Raises Invalid for a period that is not over or has rows, Forbidden.
    """
    access.require(actor, "manage_catalogue", register)
    Register.objects.select_for_update(of=("self",)).get(pk=register.pk)
    shape = shape_of(register)
    today = timezone.localdate()
    if period not in set(periods.over(register.since, today, shape.frequency)):
        raise Invalid({"period": [_("This period is not over, or is before the register.")]})
    standing = register.records.filter(period=period, withdrawn_at__isnull=True)
    if standing.exists():
        raise Invalid({"period": [_("This period has rows: there is something to report.")]})
    try:
        with transaction.atomic():
            made = NothingToReport.objects.create(
                register=register, period=period, by_id=actor.person_id
            )
    except IntegrityError:
        return register.nothing.get(period=period, taken_back_at__isnull=True)
    touch(register)
    emit("register.nothing_declared", node=register.node, actor=actor, data={"period": period})
    return made


@transaction.atomic
def note_dataset(*, register: Register, dataset: Node) -> None:
    """Keep which dataset the site made of a register."""
    register.dataset = dataset
    register.save(update_fields=["dataset"])


def is_public(register: Register) -> bool:
    """Whether people may see a register."""
    return bool(register.node.state == State.PUBLIC)
