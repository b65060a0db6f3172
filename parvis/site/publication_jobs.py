"""What the worker does for the data of a consultation: make the note, then publish.

A refusal is a result in words, not a failure that would be tried again.
"""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils import translation

from parvis.catalogue.models import Dataset
from parvis.consult.models import Consultation
from parvis.core import access, jobs
from parvis.core.access import SYSTEM, Actor, actor_for
from parvis.core.errors import Closed, Conflict, Forbidden, Invalid
from parvis.core.events import IdempotencyKey
from parvis.core.i18n import DEFAULT
from parvis.core.models import Job, Person
from parvis.site import publication

PREPARE = "parvis.site.publication_jobs.prepare"
PUBLISH = "parvis.site.publication_jobs.publish"
_AT_WORK = (Job.State.WAITING, Job.State.RUNNING)


def latest(dataset: Dataset | None) -> Job | None:
    """Return the last job of a dataset of answers, or None."""
    if dataset is None:
        return None
    rows = Job.objects.filter(node_id=dataset.pk, task__in=[PREPARE, PUBLISH])
    return rows.order_by("-created_at").first()


def at_work(job: Job | None) -> bool:
    """Whether a job waits or runs."""
    return job is not None and job.state in _AT_WORK


@transaction.atomic
def start(
    task: str, *, actor: Actor, consultation: Consultation, more: Mapping[str, Any] | None = None
) -> Job:
    """Have the worker prepare or publish, once at a time; return the job. Raises Forbidden."""
    access.require(actor, "publish_data", consultation)
    dataset = publication.draft_dataset(consultation)
    # The lock makes two clicks one job.
    Dataset.objects.select_for_update(of=("self",)).get(pk=dataset.pk)
    found = latest(dataset)
    if found is not None and at_work(found):
        return found
    job = jobs.enqueue(
        task,
        # Stewards may do this without the right to run any other job.
        actor=SYSTEM,
        arguments={
            "consultation": str(consultation.pk),
            "person": str(actor.person_id) if actor.person_id else None,
            **(more or {}),
        },
        node=dataset.node,
    )
    Job.objects.filter(pk=job.pk).update(by=actor.person_id)
    return job


def _who(person: str | None) -> tuple[Actor, str]:
    if person is None:
        return SYSTEM, DEFAULT
    found = Person.objects.filter(pk=person).first()
    return actor_for(found), found.language if found else DEFAULT


def _consultation(pk: str) -> Consultation:
    return Consultation.objects.select_related("node", "organisation__node").get(pk=UUID(pk))


def _refused(error: Exception) -> dict[str, Any]:
    if isinstance(error, Invalid):
        return {"refused": [str(w) for words in error.errors.values() for w in words]}
    return {"refused": [str(error)]}


def prepare(progress: jobs.Progress, *, consultation: str, person: str | None) -> dict[str, Any]:
    """Make the disclosure risk note (a task of the worker)."""
    actor, language = _who(person)
    with translation.override(language):
        try:
            entry = publication.prepare_note(
                actor=actor, consultation=_consultation(consultation), progress=progress
            )
        except (Invalid, Closed, Conflict, Forbidden) as error:
            return _refused(error)
    return {"note": entry.made_of[:12]}


def publish(
    progress: jobs.Progress,
    *,
    consultation: str,
    person: str | None,
    reason: str = "",
    key: str = "",
) -> dict[str, Any]:
    """Publish the data, every decision taken (a task of the worker)."""
    progress(0, 1)
    actor, language = _who(person)
    with translation.override(language):
        try:
            dataset = publication.publish_consultation_data(
                actor=actor,
                consultation=_consultation(consultation),
                reason={DEFAULT: reason} if reason else None,
                key=IdempotencyKey.of(f"publish:{consultation}", key) if key else None,
            )
        except (Invalid, Closed, Conflict, Forbidden) as error:
            return _refused(error)
    progress(1, 1)
    return {"dataset": dataset.node.slug}
