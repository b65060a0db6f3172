"""Datasets as programs write them: whole, with their files, in one transaction and one event.

Who may publish publishes at once, as CKAN does; from anybody else, or where the site asks for a
second person, what is written waits as a draft. What `changed` nothing leaves no event.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from parvis.catalogue import entry_files, services
from parvis.catalogue.approval import gate
from parvis.catalogue.ckan.models import Group
from parvis.catalogue.cleaning import assign, clean_title, texts_of
from parvis.catalogue.entry_files import FileSpec
from parvis.catalogue.harvest.keeping import refuse_by_hand
from parvis.catalogue.models import Dataset, Resource, Version
from parvis.catalogue.seen import standing
from parvis.core import access, revisions
from parvis.core.access import Actor
from parvis.core.errors import Conflict, Invalid
from parvis.core.events import emit
from parvis.core.ids import new_id
from parvis.core.models import Node, State


@dataclass(frozen=True)
class EntrySpec:
    """What a dataset is to say. `files` None: they stay as they are; `groups` too."""

    slug: str
    title: dict[str, str]
    fields: Mapping[str, Any]
    state: str
    groups: Sequence[Group] | None = None
    files: Sequence[FileSpec] | None = None
    id: UUID | None = None


class BadFiles(Invalid):
    """Something is wrong in a file: field -> messages, one mapping a file."""

    def __init__(self, rows: Sequence[Mapping[str, Sequence[object]]]) -> None:
        super().__init__({"resources": [str(row) for row in rows if row]})
        self.rows = [{name: [str(w) for w in words] for name, words in r.items()} for r in rows]


def locked(dataset: Dataset) -> Dataset:
    """Return a dataset from the database, which nobody else writes until this transaction ends."""
    row = Dataset.objects.select_for_update(of=("self",)).select_related("node")
    return row.get(pk=dataset.pk)


def may_publish(actor: Actor, dataset: Dataset) -> bool:
    """Whether what this actor writes may be seen at once."""
    if not access.can(actor, "publish_data", dataset):
        return False
    if gate.of_answers(dataset):
        return False  # the answers of people are read one by one before
    return actor.system or not gate.required() or gate.approval_of(dataset) is not None


def _refuse_holes(dataset: Dataset) -> None:
    if settings.CATALOGUE_API_COMPLETE and (left := services.holes(dataset)):
        raise Invalid({hole.field: ["Missing value"] for hole in left})


@transaction.atomic
def create_entry(*, actor: Actor, spec: EntrySpec) -> Dataset:
    """Write a new dataset and return it, public when that is asked and allowed.

    Raises Invalid by field, BadFiles, Forbidden.
    """
    access.require(actor, "manage_catalogue")
    node = Node(
        id=spec.id or new_id(),
        kind="dataset",
        slug=spec.slug,
        title=clean_title(spec.title),
        state=State.DRAFT,
    )
    dataset = Dataset(node=node)
    assign(dataset, spec.fields)
    access.require(actor, "manage_catalogue", dataset)
    # An erased dataset leaves its id behind: who has its copy may write it again.
    erased = Node.objects.filter(pk=node.pk, kind="dataset", state=State.ERASED).exists()
    node.save(force_insert=not erased, force_update=erased)
    dataset.save(force_insert=not erased, force_update=erased)
    dataset.ckan_groups.set(spec.groups or ())
    touched = _put_files(actor, dataset, spec.files or ())
    _settle(actor, dataset, spec.state, changed=True, touched=touched, new=True)
    return dataset


@transaction.atomic
def update_entry(*, actor: Actor, dataset: Dataset, spec: EntrySpec) -> bool:
    """Make a dataset say what is sent, files included; return whether anything changed.

    Raises Invalid by field, BadFiles, Forbidden, and Conflict where a second person must approve.
    """
    access.require(actor, "manage_catalogue", dataset)
    refuse_by_hand(dataset)
    row = locked(dataset)
    before = {name: getattr(row, name) for name in spec.fields}
    assign(row, spec.fields)
    access.require(actor, "manage_catalogue", row)
    changed = any(getattr(row, name) != value for name, value in before.items())
    title = clean_title(spec.title)
    if (row.node.title, row.node.slug) != (title, spec.slug):
        row.node.title, row.node.slug, changed = title, spec.slug, True
    if spec.groups is not None:
        new = {group.pk for group in spec.groups}
        if new != set(row.ckan_groups.values_list("pk", flat=True)):
            row.ckan_groups.set(spec.groups)
            changed = True
    if changed:
        gate.require_second_once_public(actor, row, None)
        row.save()
        row.node.save(update_fields=["title", "slug"])
    touched = set() if spec.files is None else _put_files(actor, row, spec.files)
    return _settle(actor, row, spec.state, changed=changed, touched=touched)


@transaction.atomic
def put_file(*, actor: Actor, dataset: Dataset, spec: FileSpec) -> UUID:
    """Add one file or link, or change it, and return its id; no other file is touched.

    Raises Invalid by field, Forbidden, Conflict where a second person must approve.
    """
    access.require(actor, "manage_catalogue", dataset)
    refuse_by_hand(dataset)
    row = locked(dataset)
    found = row.resources.filter(pk=spec.id).first() if spec.id else None
    if found is None:
        position = row.resources.filter(standing()).count()
        if position >= entry_files.RESOURCES_MAX:
            raise Invalid({"package_id": [f"{entry_files.RESOURCES_MAX} resources at most"]})
        made = entry_files.add_file(row, spec, position=position, by=actor.person_id)
        touched = {made.pk}
    else:
        touched = _changed(actor, row, found, spec)
        made = found
    _settle(actor, row, row.node.state, changed=False, touched=touched)
    return made.pk


def _changed(actor: Actor, dataset: Dataset, resource: Resource, spec: FileSpec) -> set[UUID]:
    resource.dataset = dataset
    seen = services.is_seen(resource)
    if not entry_files.change_file(resource, spec, by=actor.person_id):
        return set()
    if seen:
        gate.require_second_once_public(actor, dataset, None)
    return {resource.pk}


@transaction.atomic
def remove_file(*, actor: Actor, resource: Resource) -> None:
    """Take a file or link out of its dataset; versions of a table stay at their addresses.

    Raises Forbidden, Conflict where a second person must approve.
    """
    access.require(actor, "manage_catalogue", resource.dataset)
    refuse_by_hand(resource.dataset)
    row = locked(resource.dataset)
    resource.dataset = row
    if services.is_seen(resource):
        gate.require_second_once_public(actor, row, None)
    entry_files.drop_file(resource)
    _in_order(row, list(row.resources.filter(standing())))
    _settle(actor, row, row.node.state, changed=True, touched=set())


@transaction.atomic
def reorder_files(*, actor: Actor, dataset: Dataset, ids: Sequence[UUID]) -> None:
    """Put the named files first, in their order. Raises Invalid for one of another dataset."""
    access.require(actor, "manage_catalogue", dataset)
    refuse_by_hand(dataset)
    row = locked(dataset)
    files = {one.pk: one for one in row.resources.filter(standing())}
    if len(set(ids)) != len(ids):
        raise Invalid({"order": ["The same resource is there twice"]})
    if unknown := [pk for pk in ids if pk not in files]:
        raise Invalid({"order": [f"resource {unknown[0]} is not in this dataset"]})
    order = [files.pop(pk) for pk in ids]
    changed = _in_order(row, [*order, *files.values()])
    _settle(actor, row, row.node.state, changed=changed, touched=set())


def _in_order(dataset: Dataset, files: Iterable[Resource]) -> bool:
    moved = [(n, one) for n, one in enumerate(files) if one.position != n]
    for position, one in moved:
        one.position = position
        one.save(update_fields=["position"])
    return bool(moved)


def _put_files(actor: Actor, dataset: Dataset, specs: Sequence[FileSpec]) -> set[UUID]:
    """Make the files of a dataset those of `specs`, in order; return which changed."""
    if len(specs) > entry_files.RESOURCES_MAX:
        raise Invalid({"resources": [f"{entry_files.RESOURCES_MAX} resources at most"]})
    files = {one.pk: one for one in dataset.resources.filter(standing())}
    errors: list[Mapping[str, Sequence[object]]] = []
    order, touched = [], set()
    for spec in specs:
        errors.append({})
        try:
            found = files.pop(spec.id, None) if spec.id else None
            if found is None:
                found = entry_files.add_file(dataset, spec, position=32_767, by=actor.person_id)
                touched.add(found.pk)
            else:
                touched |= _changed(actor, dataset, found, spec)
            order.append(found)
        except Invalid as refusal:
            errors[-1] = refusal.errors
    if any(errors):
        raise BadFiles(errors)
    for gone in files.values():
        gone.dataset = dataset
        if services.is_seen(gone):
            gate.require_second_once_public(actor, dataset, None)
        entry_files.drop_file(gone)
        touched.add(gone.pk)
    if _in_order(dataset, order):
        touched |= {one.pk for one in order}
    return touched


def _settle(
    actor: Actor,
    dataset: Dataset,
    wanted: str,
    *,
    changed: bool,
    touched: set[UUID],
    new: bool = False,
) -> bool:
    """Give a dataset its state, publish what may be, keep what it says, emit the one event."""
    node, now = dataset.node, timezone.now()
    before, allowed = node.state, may_publish(actor, dataset)
    if wanted == State.PUBLIC and before != State.PUBLIC and not allowed:
        wanted = State.DRAFT
    if wanted != before and State.PUBLIC in {wanted, before}:
        access.require(actor, "publish_data", dataset)
    if wanted == State.PUBLIC and (changed or touched or wanted != before):
        _refuse_holes(dataset)
    shown = []
    if wanted in {State.PUBLIC, State.PRIVATE} and allowed and (touched or wanted != before):
        shown = entry_files.publish_contents(dataset, touched)
    if not (changed or touched or shown or wanted != before):
        return False
    node.state = wanted
    if wanted == State.PUBLIC:
        node.published_at = node.published_at or now
    node.save(update_fields=["state", "published_at"])
    Dataset.objects.filter(pk=dataset.pk).update(modified_at=now)
    dataset.modified_at = now
    if wanted == State.PUBLIC:
        revisions.keep(node, texts_of(dataset), actor=actor)
        if shown or before != State.PUBLIC:
            gate.served(dataset, now)
            emit("dataset.published", node=node, actor=actor, data=facts_of(dataset))
            return True
    verb = "dataset.drafted" if new else "dataset.changed"
    if wanted == State.WITHDRAWN:
        verb = "dataset.withdrawn"
    elif before == State.PUBLIC and wanted == State.PRIVATE:
        verb = "dataset.made_private"
    emit(verb, node=node, actor=actor)
    return True


def facts_of(dataset: Dataset) -> dict[str, Any]:
    """Return what the event of a publication says: the hash of the tables that stand, the rows."""
    rows = dataset.resources.filter(current__isnull=False).select_related("current")
    tables = [(row.slug, row.current) for row in rows if row.current]
    files = [(f"{slug}.parquet", version.sha256) for slug, version in tables]
    return {
        "sha256": hashlib.sha256(services.manifest(files).encode()).hexdigest(),
        "rows": sum(version.rows for _slug, version in tables),
        "withheld": int(dataset.kept_of.get("withheld", 0)),
        "files": [{"name": name, "sha256": sha256} for name, sha256 in sorted(files)],
    }


@transaction.atomic
def withdraw_entry(*, actor: Actor, dataset: Dataset) -> None:
    """Take a dataset out of the catalogue; its staff may put it back. Raises Forbidden."""
    access.require(actor, "manage_catalogue", dataset)
    refuse_by_hand(dataset)
    row = locked(dataset)
    if row.node.state != State.WITHDRAWN:
        gate.require_second_once_public(actor, row, None)
        _settle(actor, row, State.WITHDRAWN, changed=False, touched=set())


@transaction.atomic
def purge_entry(*, actor: Actor, dataset: Dataset) -> None:
    """Erase a dataset and its files for good, and free its name. Raises Forbidden, Conflict."""
    access.require(actor, "erase", dataset.node)
    refuse_by_hand(dataset)
    row = locked(dataset)
    node = row.node
    if row.review:
        raise Conflict("The data of a consultation are erased with it.")
    row.approvals.all().delete()
    row.removed_files.all().delete()
    row.resources.update(current=None)
    versions = Version.objects.filter(resource__dataset=row)
    entry_files.drop_tables(list(versions.values_list("sha256", flat=True)))
    versions.delete()
    row.resources.all().delete()
    row.ckan_groups.clear()
    Dataset.objects.filter(pk=row.pk).update(
        notes={}, methodology={}, tags=[], extras={}, sources=[], author="", author_email="",
        maintainer="", maintainer_email="", url="", withheld={}, licence_reason={},
    )  # fmt: skip
    node.revisions.all().delete()
    node.state, node.slug, node.title = State.ERASED, f"erased-{node.pk}", {}
    node.save(update_fields=["state", "slug", "title"])
    emit("dataset.erased", node=node, actor=actor)
