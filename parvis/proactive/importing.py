"""Imports of a register: a file is kept, read by a job, shown, then put in or dropped."""

from collections.abc import Mapping
from datetime import date
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from parvis.core import access, files, jobs, limits
from parvis.core.access import SYSTEM, Actor
from parvis.core.errors import Conflict, Invalid
from parvis.core.events import emit
from parvis.core.i18n import DEFAULT, Text, clean_text
from parvis.core.models import File, Job
from parvis.proactive import reading
from parvis.proactive.models import Former, Import, Record, Register
from parvis.proactive.periods import period_of
from parvis.proactive.services import files_name, fill, shape_of, take_back, touch

READ_TASK = "parvis.proactive.importing.read_file"
APPLY_TASK = "parvis.proactive.importing.apply_file"
EXTENSIONS = ("csv", "xlsx")
_WRITE_ROWS = 500


@transaction.atomic
def send_file(
    *,
    actor: Actor,
    register: Register,
    name: str,
    content: bytes,
    note: Text | None = None,
) -> Import:
    """Keep a file (CSV or XLSX) and have it read by the worker; return the import.

    Nothing of the register changes. Raises Invalid for what is no such file, Forbidden.
    """
    access.require(actor, "manage_catalogue", register)
    if name.rsplit(".", 1)[-1].lower() not in EXTENSIONS:
        raise Invalid({"file": [_("Send a CSV or an XLSX file: start from the template.")]})
    media_type = files.sniff(name, content)
    made = Import.objects.create(
        register=register,
        file=files.store([content], media_type),
        file_name=files_name(name),
        note=clean_text(note or {}, characters_max=limits.REASON_CHARACTERS),
        by_id=actor.person_id,
    )
    _queue(READ_TASK, made, actor)
    return made


def _queue(task: str, made: Import, actor: Actor) -> None:
    job = jobs.enqueue(
        # Stewards of one organisation may import without the right to run any other job.
        task, actor=SYSTEM, arguments={"pk": str(made.pk)}, node=made.register.node,
    )  # fmt: skip
    Job.objects.filter(pk=job.pk).update(by=actor.person_id)


def job_of(made: Import) -> Job | None:
    """Return the last job of an import."""
    rows = Job.objects.filter(
        task__in=[READ_TASK, APPLY_TASK], node_id=made.register_id, arguments__pk=str(made.pk)
    )
    return rows.order_by("-created_at").first()


def bytes_of(file: File) -> bytes:
    """Return the content of a file that was kept."""
    return files.path_of(file).read_bytes()


def _standing(register: Register) -> tuple[dict[str, dict[str, Any]], frozenset[str]]:
    rows = register.records.values_list("number", "values", "withdrawn_at").order_by()
    live = {number: values for number, values, withdrawn in rows if withdrawn is None}
    return live, frozenset(number for number, _values, withdrawn in rows if withdrawn)


def _get(pk: str) -> Import:
    rows = Import.objects.select_related("register__node", "register__organisation__node", "file")
    return rows.get(pk=UUID(pk))


def _language(made: Import) -> str:
    return made.by.language if made.by else DEFAULT


def read_file(progress: jobs.Progress, *, pk: str) -> dict[str, Any]:
    """Read the file of an import (a task of the worker) and keep what it would do."""
    made = _get(pk)
    if made.state != Import.State.READING:
        return {}
    progress(0, 0)
    standing, withdrawn = _standing(made.register)
    shape = shape_of(made.register)
    with translation.override(_language(made)):
        try:
            found = reading.read(shape, bytes_of(made.file), standing, withdrawn, progress)
        except Invalid as refusal:
            words = [str(one) for messages in refusal.errors.values() for one in messages]
            Import.objects.filter(pk=made.pk).update(
                state=Import.State.REFUSED, report={"errors": words}
            )
            return {"errors": words}
    report = found.report(shape, standing) | {"taken_back": _contradicted(made.register, found)}
    Import.objects.filter(pk=made.pk).update(state=Import.State.READY, report=report)
    return {"added": len(found.added), "changed": len(found.changed), "refused": found.refused}


def _contradicted(register: Register, found: reading.Read) -> list[str]:
    """Return the periods declared empty for which a file brings rows."""
    shape = shape_of(register)
    days = [values[shape.date] for values in (*found.added.values(), *found.changed.values())]
    coming = {period_of(date.fromisoformat(day), shape.frequency) for day in days}
    declared = register.nothing.filter(taken_back_at__isnull=True, period__in=coming)
    return sorted(declared.values_list("period", flat=True))


@transaction.atomic
def put_in(*, actor: Actor, made: Import) -> Import:
    """Have the good rows of an import put in by the worker; those refused stay out.

    Raises Conflict when it is not to check or holds nothing to put in, Forbidden.
    """
    locked = _locked(actor, made)
    if not (locked.report.get("added") or locked.report.get("changed")):
        raise Conflict(_("There is nothing to put in."))
    locked.state = Import.State.APPLYING
    locked.save(update_fields=["state"])
    _queue(APPLY_TASK, locked, actor)
    return locked


@transaction.atomic
def drop(*, actor: Actor, made: Import) -> None:
    """Drop an import: the register stays as it was."""
    locked = _locked(actor, made)
    locked.state = Import.State.DROPPED
    locked.save(update_fields=["state"])


def _locked(actor: Actor, made: Import) -> Import:
    access.require(actor, "manage_catalogue", made.register)
    locked = Import.objects.select_for_update(of=("self",)).get(pk=made.pk)
    if locked.state != Import.State.READY:
        raise Conflict(_("This import is over already."))
    return locked


def apply_file(progress: jobs.Progress, *, pk: str) -> dict[str, Any]:
    """Put the good rows of an import in, in one transaction (a task of the worker).

    The file is judged again: rows may have changed since it was shown.
    """
    made = _get(pk)
    if made.state != Import.State.APPLYING:
        return {}
    progress(0, 0)
    content = bytes_of(made.file)
    shape = shape_of(made.register)
    with transaction.atomic(), translation.override(_language(made)):
        register = Register.objects.select_for_update(of=("self",)).get(pk=made.register_id)
        register.node = made.register.node
        standing, withdrawn = _standing(register)
        found = reading.read(shape, content, standing, withdrawn)
        periods = _write(made, register, found)
        report = found.report(shape, standing) | {"taken_back": take_back(register, periods)}
        now = timezone.now()
        Import.objects.filter(pk=made.pk).update(
            state=Import.State.APPLIED, report=report, applied_at=now
        )
        touch(register)
        emit(
            "register.imported",
            node=register.node,
            data={name: report[name] for name in ("added", "changed", "refused")},
        )
    return {"added": len(found.added), "changed": len(found.changed)}


def _write(made: Import, register: Register, found: reading.Read) -> set[str]:
    """Write the rows of an import and return the periods that have some."""
    shape, now = shape_of(register), timezone.now()
    new = [fill(Record(register=register), shape, values) for values in found.added.values()]
    Record.objects.bulk_create(new, batch_size=_WRITE_ROWS)
    return {row.period for row in new} | _change(made, register, found.changed, now)


def _change(
    made: Import, register: Register, changed: Mapping[str, dict[str, Any]], now: Any
) -> set[str]:
    shape, periods = shape_of(register), set()
    numbers = list(changed)
    for start in range(0, len(numbers), _WRITE_ROWS):
        part = numbers[start : start + _WRITE_ROWS]
        rows = list(register.records.filter(number__in=part))
        Former.objects.bulk_create(
            Former(record=row, values=row.values, why=made.note, by_id=made.by_id) for row in rows
        )
        for row in rows:
            fill(row, shape, changed[row.number]).modified_at = now
            periods.add(row.period)
        names = ["values", "day", "year", "period", "amount", "due_on", "done_on", "words",
                 "modified_at"]  # fmt: skip
        Record.objects.bulk_update(rows, names)
    return periods
