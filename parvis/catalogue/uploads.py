"""Large files: kept aside, read by a job, accepted or dropped by a person.

What is wrong in a file is in the result of its job, by row, column and value; until a version is
made, the one before stays.
"""

import re
import secrets
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils import translation

from parvis.catalogue import loading
from parvis.catalogue.forms import DAY_FIRST
from parvis.catalogue.models import Dataset, Resource
from parvis.core import access, jobs, limits
from parvis.core.access import SYSTEM, Actor, actor_for
from parvis.core.errors import Conflict, Invalid, NotFound
from parvis.core.i18n import DEFAULT
from parvis.core.models import Job, Person

TASK = "parvis.catalogue.uploads.load_file"
_TOKEN = re.compile("[0-9a-f]{32}")


def _path(token: str) -> Path:
    if not _TOKEN.fullmatch(token):
        raise NotFound
    return Path(settings.HOME) / "uploads" / token


def keep(chunks: Iterable[bytes]) -> str:
    """Keep the bytes of a file aside and return the token of its place.

    Raises Invalid when it is too large. What was left there for a week is dropped.
    """
    folder = Path(settings.HOME) / "uploads"
    folder.mkdir(parents=True, exist_ok=True)
    old = time.time() - limits.UPLOAD_KEPT_DAYS * 86_400
    for left in folder.iterdir():
        if left.stat().st_mtime < old:
            left.unlink(missing_ok=True)
    token = secrets.token_hex(16)
    size = 0
    with _path(token).open("xb") as file:
        for chunk in chunks:
            size += len(chunk)
            if size > limits.TABLE_BYTES:
                break
            file.write(chunk)
    if size > limits.TABLE_BYTES:
        _path(token).unlink()
        raise Invalid({"file": [loading.in_words("too_many_bytes", {"limit": limits.TABLE_BYTES})]})
    return token


@transaction.atomic
def start(
    *,
    actor: Actor,
    resource: Resource,
    token: str,
    name: str,
    days: str = "",
    accept: bool = False,
    note: Mapping[str, str] | None = None,
) -> Job:
    """Have a file that was kept read by the worker; return the job. Raises Forbidden, NotFound."""
    access.require(actor, "manage_catalogue", resource.dataset)
    if not _path(token).exists():
        raise NotFound
    job = jobs.enqueue(
        TASK,
        # Stewards may load files without the right to run any other job.
        actor=SYSTEM,
        arguments={
            "resource": str(resource.pk),
            "token": token,
            "name": name,
            "days": days,
            "accept": accept,
            "note": dict(note or {}),
            "person": str(actor.person_id) if actor.person_id else None,
        },
        node=resource.dataset.node,
    )
    Job.objects.filter(pk=job.pk).update(by=actor.person_id)
    return job


def accept(*, actor: Actor, resource: Resource, days: str = "") -> Job:
    """Read the last file of a resource again, taking wrong cells as text; return the job.

    Raises Conflict when there is nothing to accept, NotFound when the file is gone.
    """
    access.require(actor, "manage_catalogue", resource.dataset)
    last = latest(resource.dataset).get(str(resource.pk))
    if last is None or not last.result.get("problems"):
        raise Conflict
    known = last.arguments
    return start(
        actor=actor,
        resource=resource,
        token=known["token"],
        name=known["name"],
        days=days or known["days"],
        accept=True,
        note=known["note"],
    )


def latest(dataset: Dataset) -> dict[str, Job]:
    """Return the last job of each file of a dataset, by the id of the resource."""
    found = Job.objects.filter(task=TASK, node_id=dataset.pk).order_by("created_at")
    return {job.arguments["resource"]: job for job in found}


def load_file(
    progress: jobs.Progress,
    *,
    resource: str,
    token: str,
    name: str,
    days: str,
    accept: bool,
    note: dict[str, str],
    person: str | None,
) -> dict[str, Any]:
    """Read a file into a version (a task of the worker); say in words what stands in the way."""
    progress(0, 3)
    row = Resource.objects.select_related("dataset__node", "current").filter(pk=resource).first()
    path = _path(token)
    if row is None or not path.exists():
        return {"errors": [loading.in_words("no_such_version")]}
    by = Person.objects.filter(pk=person).first() if person else None
    actor = actor_for(by) if person else SYSTEM
    language = by.language if by else DEFAULT
    try:
        with translation.override(language), path.open("rb") as source:
            version = loading.add_version(
                actor=actor,
                resource=row,
                source=source,
                name=name,
                note=note,
                accept=accept,
                day_first=DAY_FIRST.get(days),
                step=progress,
            )
    except loading.BadTable as refusal:
        problems = [[p.row, p.column, p.value, p.reason] for p in refusal.problems]
        return {"problems": problems, "total": refusal.total}
    except Invalid as refusal:
        path.unlink(missing_ok=True)
        return {"errors": [str(w) for words in refusal.errors.values() for w in words]}
    path.unlink(missing_ok=True)
    return {"version": str(version.pk), "rows": version.rows}
