"""Datasets: drafted, described, published. One transaction each; files come by `loading`."""

import hashlib
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from parvis.catalogue.approval import gate
from parvis.catalogue.cleaning import EDITABLE as EDITABLE
from parvis.catalogue.cleaning import RESERVED as RESERVED
from parvis.catalogue.cleaning import assign, dataset_slug, file_slug, texts_of
from parvis.catalogue.cleaning import clean_sources as clean_sources
from parvis.catalogue.cleaning import clean_tags as clean_tags
from parvis.catalogue.cleaning import clean_title as clean_title
from parvis.catalogue.conformity.profile import Hole as Hole
from parvis.catalogue.conformity.profile import holes as holes
from parvis.catalogue.harvest.keeping import refuse_by_hand
from parvis.catalogue.models import Dataset, Resource, Version
from parvis.core import access, revisions
from parvis.core.access import Actor
from parvis.core.errors import Conflict, Invalid
from parvis.core.events import IdempotencyKey, emit, replayed
from parvis.core.i18n import DEFAULT, Text, clean_text
from parvis.core.models import Node, Organisation, State
from parvis.core.rows import check_row

UNPUBLISHED = Q(published_at__isnull=True) & (Q(file__isnull=False) | ~Q(url=""))
"""Links and files that wait for the publication of their dataset."""


@transaction.atomic
def create_dataset(
    *,
    actor: Actor,
    title: Text,
    organisation: Organisation | None = None,
    slug: str = "",
    fields: Mapping[str, Any] | None = None,
    key: IdempotencyKey | None = None,
) -> Dataset:
    """Draft a dataset and return it. Raises Invalid by field, Forbidden."""
    if earlier := replayed(key):
        return Dataset.objects.select_related("node").get(node=earlier.node)
    access.require(actor, "manage_catalogue")
    cleaned = clean_title(title)
    node = Node.objects.create(
        kind="dataset",
        slug=dataset_slug("dataset", cleaned, slug),
        title=cleaned,
        state=State.DRAFT,
    )
    dataset = Dataset(node=node, organisation=organisation, languages=[DEFAULT])
    assign(dataset, fields or {})
    # Again, now that the organisation is known: a steward may be one organisation's only.
    access.require(actor, "manage_catalogue", dataset)
    dataset.save(force_insert=True)
    emit("dataset.drafted", node=node, actor=actor, key=key)
    return dataset


@transaction.atomic
def update_dataset(
    *,
    actor: Actor,
    dataset: Dataset,
    changes: Mapping[str, Any],
    title: Text | None = None,
    note: Text | None = None,
    second: Actor | None = None,
    key: IdempotencyKey | None = None,
) -> Dataset:
    """Change what a dataset says of itself; once public, what it said before is kept.

    `second` is who approved it, where the site asks for a second person. Raises Invalid by field,
    and with every hole when a public dataset would lack something, Conflict without that person.
    """
    if replayed(key):
        return dataset
    access.require(actor, "manage_catalogue", dataset)
    refuse_by_hand(dataset)
    gate.require_second_once_public(actor, dataset, second)
    assign(dataset, changes)
    access.require(actor, "manage_catalogue", dataset)
    dataset.modified_at = timezone.now()
    dataset.save()
    if title is not None:
        dataset.node.title = clean_title(title)
        dataset.node.save(update_fields=["title"])
    if dataset.node.state == State.PUBLIC:
        _refuse_holes(dataset)
        revisions.keep(dataset.node, texts_of(dataset), actor=actor, note=note)
    emit("dataset.changed", node=dataset.node, actor=actor, key=key)
    return dataset


@transaction.atomic
def add_resource(
    *,
    actor: Actor,
    dataset: Dataset,
    name: Text,
    description: Text | None = None,
    kind: str = Resource.What.DATA,
    slug: str = "",
) -> Resource:
    """Add a file to a dataset (its versions come by `loading.add_version`) and return it."""
    access.require(actor, "manage_catalogue", dataset)
    refuse_by_hand(dataset)
    words = clean_title(name)
    resource = Resource(
        dataset=dataset,
        slug=file_slug(dataset, slug or words[DEFAULT]),
        name=words,
        description=dict(description or {}),
        kind=kind,
        position=dataset.resources.count(),
    )
    check_row(resource, ["dataset", "current"])
    resource.save(force_insert=True)
    emit("dataset.changed", node=dataset.node, actor=actor)
    return resource


@transaction.atomic
def update_resource(
    *,
    actor: Actor,
    resource: Resource,
    name: Text,
    description: Text,
    kind: str,
    url: str | None = None,
    second: Actor | None = None,
) -> Resource:
    """Change the words of a file, and where a link leads. Raises Invalid, Forbidden, Conflict."""
    access.require(actor, "manage_catalogue", resource.dataset)
    refuse_by_hand(resource.dataset)
    if is_seen(resource):
        gate.require_second_once_public(actor, resource.dataset, second)
    resource.name, resource.description, resource.kind = clean_title(name), description, kind
    if url is not None and resource.url:
        resource.url = url
    resource.modified_at = timezone.now()
    check_row(resource, ["dataset", "current"])
    resource.save(update_fields=["name", "description", "kind", "url", "modified_at"])
    _touch(resource.dataset_id)
    emit("dataset.changed", node=resource.dataset.node, actor=actor)
    return resource


@transaction.atomic
def describe_columns(
    *,
    actor: Actor,
    version: Version,
    words: Mapping[str, Mapping[str, Text]],
    second: Actor | None = None,
) -> Version:
    """Write the codebook: column name -> {"label": ..., "description": ...}. No cell changes."""
    dataset = version.resource.dataset
    access.require(actor, "manage_catalogue", dataset)
    refuse_by_hand(dataset)
    if version.published_at is not None:
        gate.require_second_once_public(actor, dataset, second)
    columns = []
    for column in version.columns:
        given = words.get(column["name"], {})
        changed = {part: clean_text(given[part], characters_max=2_000) for part in given}
        columns.append({**column, **changed})
    version.columns = columns
    version.save(update_fields=["columns"])
    _touch(dataset.pk)
    emit("dataset.changed", node=dataset.node, actor=actor)
    return version


def _touch(dataset_id: UUID) -> None:
    Dataset.objects.filter(pk=dataset_id).update(modified_at=timezone.now())


def is_seen(resource: Resource) -> bool:
    """Whether people see this file, or will without another act: of a dataset that is public."""
    published = resource.published_at is not None or resource.current_id is not None
    return published and resource.dataset.node.state == State.PUBLIC


def _refuse_holes(dataset: Dataset) -> None:
    if left := holes(dataset):
        raise Invalid({hole.field: [hole.words] for hole in left})


def manifest(files: Iterable[tuple[str, str]]) -> str:
    """Return the list of files as `sha256sum` writes it: "hash, two spaces, name", by name."""
    return "".join(f"{sha256}  {name}\n" for name, sha256 in sorted(files))


@transaction.atomic
def publish_dataset(
    *,
    actor: Actor,
    dataset: Dataset,
    note: Text | None = None,
    second: Actor | None = None,
    key: IdempotencyKey | None = None,
) -> Dataset:
    """Publish a dataset, private or drafted or public, and every version, file and link that waits.

    The event carries the hash of `manifest` over the Parquet files that stand after the
    publication. `second` is who approved it, where the site asks for a second person. Raises
    Invalid with every hole, Conflict when nothing waits or without that person, Forbidden.
    """
    if replayed(key):
        return dataset
    access.require(actor, "publish_data", dataset)
    node = dataset.node
    if node.state not in {State.DRAFT, State.PRIVATE, State.PUBLIC}:
        raise Conflict(_("This dataset was withdrawn."))
    _refuse_holes(dataset)
    gate.require_second(actor, dataset, second)
    now = timezone.now()
    shown = _publish_contents(dataset, now)
    if node.state == State.PUBLIC and not shown:
        raise Conflict(_("Nothing new waits to be published."))
    node.state, node.published_at = State.PUBLIC, node.published_at or now
    node.save(update_fields=["state", "published_at"])
    dataset.modified_at = now
    dataset.save(update_fields=["modified_at"])
    gate.served(dataset, now)
    revisions.keep(node, texts_of(dataset), actor=actor, note=note)
    standing = list(dataset.resources.filter(current__isnull=False).select_related("current"))
    files = [(f"{row.slug}.parquet", row.current.sha256) for row in standing if row.current]
    emit(
        "dataset.published",
        node=node,
        actor=actor,
        data={
            "sha256": hashlib.sha256(manifest(files).encode()).hexdigest(),
            "rows": sum(row.current.rows for row in standing if row.current),
            "withheld": int(dataset.kept_of.get("withheld", 0)),
            "files": [{"name": name, "sha256": sha256} for name, sha256 in sorted(files)],
        },
        key=key,
    )
    return dataset


def _publish_contents(dataset: Dataset, now: datetime) -> int:
    """Publish the versions, links and files that wait; return how many."""
    waiting = list(
        Version.objects.select_for_update(of=("self",))
        .filter(resource__dataset=dataset, published_at__isnull=True)
        .select_related("resource")
    )
    for version in waiting:
        version.published_at = now
        version.save(update_fields=["published_at"])
        version.resource.current = version
        version.resource.published_at = version.resource.published_at or now
        version.resource.save(update_fields=["current", "published_at"])
    others = Resource.objects.filter(UNPUBLISHED, dataset=dataset)
    return len(waiting) + others.update(published_at=now)


@transaction.atomic
def make_private(*, actor: Actor, dataset: Dataset) -> Dataset:
    """Show a dataset to the staff of its organisation only; nothing of it is lost.

    What was public leaves every list, feed, file and search. Raises Forbidden, Conflict when it
    is withdrawn or private already.
    """
    access.require(actor, "publish_data", dataset)
    refuse_by_hand(dataset)
    node = dataset.node
    if node.state == State.PRIVATE:
        raise Conflict(_("This dataset is private already."))
    if node.state not in {State.DRAFT, State.PUBLIC}:
        raise Conflict(_("This dataset was withdrawn."))
    node.state = State.PRIVATE
    node.save(update_fields=["state"])
    emit("dataset.made_private", node=node, actor=actor)
    return dataset


@transaction.atomic
def remove_resource(*, actor: Actor, resource: Resource, second: Actor | None = None) -> None:
    """Remove a link, a file, or a table that was never published. Raises Conflict, Forbidden."""
    access.require(actor, "manage_catalogue", resource.dataset)
    refuse_by_hand(resource.dataset)
    if resource.versions.filter(published_at__isnull=False).exists():
        raise Conflict(_("This file was published: people may cite it, it stays."))
    if is_seen(resource):
        gate.require_second_once_public(actor, resource.dataset, second)
    emit("dataset.changed", node=resource.dataset.node, actor=actor)
    resource.delete()
