"""Sources, runs, and what a person decides of one thing: bring it back, detach it, publish it."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from parvis.catalogue.approval import gate
from parvis.catalogue.harvest import engine
from parvis.catalogue.harvest.models import HarvestItem, HarvestRun, HarvestSource
from parvis.catalogue.harvest.readers import INCREMENTAL
from parvis.catalogue.models import Dataset, Resource
from parvis.core import access, jobs
from parvis.core.access import SYSTEM, Actor
from parvis.core.errors import Conflict, Invalid
from parvis.core.events import IdempotencyKey, emit, replayed
from parvis.core.models import Job, Node, Organisation, State
from parvis.core.rows import apply, check_row

EDITABLE = ("organisation", "name", "kind", "url", "filters", "language", "licence", "schedule",
            "arrival", "active")  # fmt: skip
READING = ("kind", "url", "filters", "language", "licence")
EVERY = {
    HarvestSource.Schedule.DAILY: timedelta(days=1),
    HarvestSource.Schedule.WEEKLY: timedelta(days=7),
}
COMPLETE_EVERY = timedelta(days=7)
PUBLISH_CHUNK = 200
FILTERS = ("organizations", "groups", "without")


def _clean_filters(filters: Mapping[str, Any], kind: str) -> dict[str, list[str]]:
    found = {
        name: list(dict.fromkeys(str(one).strip() for one in filters.get(name, ()) if one))
        for name in FILTERS
    }
    found = {name: values for name, values in found.items() if values}
    if found and kind != HarvestSource.Kind.CKAN:
        raise Invalid(
            {"__all__": [_("Only a CKAN site can be narrowed by organisation or group.")]}
        )
    for name, values in found.items():
        for one in values:
            if not one.replace("-", "").replace("_", "").isalnum() or not one.isascii():
                words = _("“%(name)s” is not a name of CKAN (letters, digits, - and _).")
                raise Invalid({name: [words % {"name": one[:100]}]})
    return found


def _check(source: HarvestSource) -> None:
    check_row(source, ["organisation", "filters"])
    parts = urlsplit(source.url)
    if parts.scheme not in {"http", "https"}:
        raise Invalid({"url": [_("Give a web address (https://…).")]})
    if parts.username or parts.password:
        raise Invalid({"url": [_("Give an address without a user name or a password.")]})
    source.filters = _clean_filters(source.filters, source.kind)
    twin = HarvestSource.objects.filter(kind=source.kind, url=source.url, filters=source.filters)
    if twin.exclude(pk=source.pk).exists():
        raise Invalid({"url": [_("This address is harvested already, with the same filters.")]})


def _require(actor: Actor, source: HarvestSource) -> None:
    access.require(actor, "manage_catalogue", source)
    if source.arrival == HarvestSource.Arrival.PUBLIC:
        access.require(actor, "publish_data", source)
        if gate.required() and not actor.system:
            words = _("On this site a second person publishes: keep new datasets as drafts.")
            raise Invalid({"arrival": [words]})
    source.by_id = actor.person_id


@transaction.atomic
def create_source(
    *,
    actor: Actor,
    organisation: Organisation,
    name: str,
    kind: str,
    url: str,
    key: IdempotencyKey | None = None,
    **more: Any,
) -> HarvestSource:
    """Add a source and return it; nothing is read yet. Raises Invalid by field, Forbidden."""
    if earlier := replayed(key):
        return HarvestSource.objects.get(pk=earlier.data["source"])
    source = HarvestSource(organisation=organisation, name=name, kind=kind, url=url.strip())
    apply(source, more, EDITABLE)
    _require(actor, source)
    _check(source)
    source.next_at = timezone.now() if source.schedule in EVERY else None
    source.save(force_insert=True)
    emit(
        "harvest.source_added",
        node=organisation.node,
        actor=actor,
        data={"source": source.pk, "name": source.name},
        key=key,
    )
    return source


@transaction.atomic
def update_source(
    *,
    actor: Actor,
    source: HarvestSource,
    changes: Mapping[str, Any],
    key: IdempotencyKey | None = None,
) -> HarvestSource:
    """Change a source. Its organisation stays once it has datasets. Raises Invalid, Forbidden."""
    if replayed(key):
        return source
    access.require(actor, "manage_catalogue", source)
    before = (source.schedule, source.organisation_id)
    asked = [getattr(source, name) for name in READING]
    apply(source, changes, EDITABLE)
    _require(actor, source)
    if source.organisation_id != before[1] and source.items.filter(dataset__isnull=False).exists():
        words = _("It has datasets already: they belong to the organisation that it has.")
        raise Invalid({"organisation": [words]})
    _check(source)
    if source.schedule != before[0]:
        source.next_at = timezone.now() if source.schedule in EVERY else None
    if asked != [getattr(source, name) for name in READING]:
        # Another address or filter gives other changes: the next run reads everything.
        source.newest = ""
    source.save()
    emit(
        "harvest.source_changed", node=source.node, actor=actor, data={"source": source.pk}, key=key
    )
    return source


@transaction.atomic
def ask_run(
    *, actor: Actor, source: HarvestSource, complete: bool = True, enqueue: bool = True
) -> HarvestRun:
    """Have a source read by the worker; return the run. Changes only, where it can be asked for.

    `enqueue=False`: the caller runs it at once, as the command line does. Raises Conflict while a
    run of this source is not over (a constraint of the database), Forbidden.
    """
    access.require(actor, "manage_catalogue", source)
    if not source.active:
        raise Conflict(_("This source is not read for now."))
    since = "" if complete or source.kind not in INCREMENTAL else source.newest
    try:
        with transaction.atomic():
            run = HarvestRun.objects.create(
                source=source, complete=not since, since=since, by_id=actor.person_id
            )
    except IntegrityError:
        raise Conflict(_("This source is being read already.")) from None
    if enqueue:
        # Stewards may harvest without the right to run any other job.
        run.job = jobs.enqueue(
            engine.RUN_TASK, actor=SYSTEM, arguments={"run": run.pk}, node=source.organisation.node
        )
        run.save(update_fields=["job"])
    if every := EVERY.get(HarvestSource.Schedule(source.schedule)):
        HarvestSource.objects.filter(pk=source.pk).update(next_at=timezone.now() + every)
    emit("harvest.run_asked", node=source.node, actor=actor, data={"run": run.pk})
    return run


def is_complete_due(source: HarvestSource, now: datetime) -> bool:
    """Whether the next run has to read everything: each week, and after anything went wrong."""
    if source.schedule == HarvestSource.Schedule.WEEKLY or not source.newest:
        return True
    last = source.runs.first()
    if last is None or last.state != HarvestRun.State.DONE or last.failed:
        return True
    done = source.runs.filter(complete=True, state=HarvestRun.State.DONE).first()
    return done is None or done.asked_at <= now - COMPLETE_EVERY


@transaction.atomic
def stop_run(*, actor: Actor, run: HarvestRun) -> None:
    """Stop a run at its next page. Raises Conflict when it is over, Forbidden."""
    access.require(actor, "manage_catalogue", run.source)
    if run.state not in HarvestRun.ACTIVE:
        raise Conflict(_("This run is over."))
    if run.job is not None:
        jobs.cancel(run.job, actor=SYSTEM)
        run.job.refresh_from_db()
    if run.job is None or run.job.state not in {Job.State.WAITING, Job.State.RUNNING}:
        engine.end(run, HarvestRun.State.CANCELLED, engine.reason("stopped"))
    emit("harvest.run_stopped", node=run.source.node, actor=actor, data={"run": run.pk})


@transaction.atomic
def ask_preview(*, actor: Actor, source: HarvestSource) -> Job:
    """Have the first twenty things of a source looked at; return the job. Writes no dataset."""
    access.require(actor, "manage_catalogue", source)
    waiting = Job.objects.filter(
        task=engine.PREVIEW_TASK,
        arguments={"source": source.pk},
        state__in=[Job.State.WAITING, Job.State.RUNNING],
    ).first()
    if waiting is not None:
        return waiting
    return jobs.enqueue(
        engine.PREVIEW_TASK,
        actor=SYSTEM,
        arguments={"source": source.pk},
        node=source.organisation.node,
    )


@transaction.atomic
def restore(*, actor: Actor, item: HarvestItem) -> HarvestItem:
    """Bring an archived dataset back as it was; it stays although the source lost it.

    Raises Conflict when it is not archived, Forbidden.
    """
    access.require(actor, "manage_catalogue", item.source)
    node = item.dataset.node if item.dataset else None
    if node is None or not item.state_before or node.state != State.WITHDRAWN:
        raise Conflict(_("This dataset is not archived."))
    node.state = item.state_before
    node.save(update_fields=["state"])
    item.state_before, item.missed_runs, item.kept = "", 0, True
    item.outcome, item.reason = HarvestItem.Outcome.RESTORED, engine.reason("kept")
    item.at = timezone.now()
    item.save()
    emit("dataset.brought_back", node=node, actor=actor, data={"source": item.source_id})
    return item


@transaction.atomic
def detach(*, actor: Actor, item: HarvestItem) -> HarvestItem:
    """Let a dataset go: from now on it is edited here, and the source changes it no more.

    Raises Conflict when it is detached already or archived, Forbidden.
    """
    access.require(actor, "manage_catalogue", item.source)
    if item.dataset is None or item.detached_at or item.state_before:
        raise Conflict(_("This dataset cannot be detached."))
    item.detached_at = item.at = timezone.now()
    item.outcome, item.reason = HarvestItem.Outcome.DETACHED, {}
    item.save()
    dataset = item.dataset
    extras = {k: v for k, v in dataset.extras.items() if not k.startswith("harvest_source_")}
    Dataset.objects.filter(pk=dataset.pk).update(extras=extras)
    emit("dataset.detached", node=dataset.node, actor=actor, data={"source": item.source_id})
    return item


def publish_drafts(*, actor: Actor, source: HarvestSource) -> int:
    """Publish every draft that a source brought; return how many.

    Where the site asks for a second person, whoever set the source up is the first: Conflict.
    Raises Forbidden.
    """
    access.require(actor, "publish_data", source)
    if gate.required() and not actor.system:
        access.require(actor, "approve_data", source)
        if actor.person_id == source.by_id:
            raise Conflict(_("On this site a second person publishes, and you set this source up."))
    drafts = Dataset.objects.filter(
        harvested__source=source, harvested__detached_at__isnull=True, node__state=State.DRAFT
    ).select_related("node", "organisation__node")
    count = 0
    while rows := list(drafts[:PUBLISH_CHUNK]):
        with transaction.atomic():
            now = timezone.now()
            for row in rows:
                row.node.state, row.node.published_at = State.PUBLIC, now
            Node.objects.bulk_update([row.node for row in rows], ["state", "published_at"])
            Resource.objects.filter(dataset__in=rows, published_at=None).update(published_at=now)
            engine.writing.remember(rows, now)
            for row in rows:
                emit("dataset.harvested", node=row.node, actor=actor, data={"source": source.pk})
        count += len(rows)
    return count
