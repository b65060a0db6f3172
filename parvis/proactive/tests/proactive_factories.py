"""Legal data of proactive publication, made by its services."""

from datetime import date
from typing import Any

from parvis.core import jobs
from parvis.core.access import SYSTEM
from parvis.core.models import Organisation
from parvis.proactive import importing, services
from parvis.proactive.lists import EXAMPLE, shapes
from parvis.proactive.models import Import, Record, Register
from parvis.proactive.sheets import examples
from parvis.tables.cells import csv_text
from tests.factories import make_organisation

SINCE = date(2026, 4, 1)


def organisation(slug: str = "sct") -> Organisation:
    """Return an organisation, made once."""
    return Organisation.objects.filter(node__slug=slug).first() or make_organisation(slug)


def make_register(kind: str = "contrats", slug: str = "sct", **more: Any) -> Register:
    """Return an open register."""
    fields = {"since": SINCE, **more}
    return services.open_register(
        actor=SYSTEM, kind=kind, organisation=organisation(slug), **fields
    )


def csv_of(kind: str, rows: list[dict[str, str]]) -> bytes:
    """Return a file whose rows are the first example with some cells changed."""
    shape = shapes()[kind]
    names = [column.name for column in shape.columns]
    base = dict(zip(names, examples(shape)[0], strict=True))
    base["numero"] = base["numero"].removeprefix(EXAMPLE)
    return csv_text(names, ([{**base, **row}[name] for name in names] for row in rows)).encode()


def send(register: Register, content: bytes, *, apply: bool = True, name: str = "f.csv") -> Import:
    """Send a file, have it read, and put it in unless `apply` is false."""
    made = importing.send_file(
        actor=SYSTEM, register=register, name=name, content=content, note={"fr": "Ajout."}
    )
    importing.read_file(lambda done, total: None, pk=str(made.pk))
    made.refresh_from_db()
    if apply and made.state == Import.State.READY:
        importing.put_in(actor=SYSTEM, made=made)
        importing.apply_file(lambda done, total: None, pk=str(made.pk))
        made.refresh_from_db()
    return made


def make_record(register: Register, **cells: str) -> Record:
    """Return a row of a register."""
    number = cells.setdefault("numero", "N-1")
    send(register, csv_of(register.kind, [cells]))
    return register.records.get(number=number)


def run_jobs() -> None:
    """Run what waits, as the worker does."""
    while jobs.run_next():
        pass
