"""Organisations and groups as programs write them: one right, one transaction, one event each."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from parvis.catalogue.ckan.models import Group, OrganisationFace
from parvis.catalogue.models import Dataset
from parvis.core import access
from parvis.core.access import Actor
from parvis.core.errors import Conflict
from parvis.core.events import emit
from parvis.core.ids import new_id
from parvis.core.models import Node, Organisation, Person, Role, State
from parvis.core.rows import check_row


@dataclass(frozen=True)
class PublisherSpec:
    """What an organisation or a group is to say."""

    slug: str
    title: dict[str, str]
    description: dict[str, str]
    image_url: str = ""
    extras: Mapping[str, Any] = field(default_factory=dict)
    id: UUID | None = None


def _require(actor: Actor, node: Node | None = None) -> None:
    # A node of its own for what is new: the steward of one organisation makes no other.
    access.require(actor, "manage_organisations", node or Node(kind="organisation"))


@transaction.atomic
def create_organisation(*, actor: Actor, spec: PublisherSpec) -> Organisation:
    """Write a new organisation, public at once, and return it. Raises Invalid, Forbidden."""
    _require(actor)
    now = timezone.now()
    node = Node(
        id=spec.id or new_id(), kind="organisation", slug=spec.slug, title=spec.title,
        state=State.PUBLIC, published_at=now,
    )  # fmt: skip
    row = Organisation(node=node, description=spec.description)
    check_row(row)
    node.save(force_insert=True)
    row.save(force_insert=True)
    _face(row, spec)
    emit("organisation.created", node=node, actor=actor)
    return row


def _face(row: Organisation, spec: PublisherSpec) -> bool:
    face = OrganisationFace.objects.filter(pk=row.pk).first()
    was = (face.image_url, face.extras) if face else ("", {})
    now = (spec.image_url, dict(spec.extras))
    if was == now:
        return False
    face = face or OrganisationFace(organisation=row)
    face.image_url, face.extras = now
    check_row(face, ["organisation"])
    face.save()
    return True


@transaction.atomic
def update_organisation(*, actor: Actor, row: Organisation, spec: PublisherSpec) -> bool:
    """Make an organisation say what is sent; return whether anything changed.

    Raises Invalid, Forbidden.
    """
    _require(actor, row.node)
    node = row.node
    was = (node.slug, node.title, row.description, node.state)
    node.slug, node.title, row.description = spec.slug, spec.title, spec.description
    if node.state == State.WITHDRAWN:
        node.state = State.PUBLIC
    changed = was != (node.slug, node.title, row.description, node.state)
    if changed:
        check_row(row)
        node.save(update_fields=["slug", "title", "state"])
        row.save(update_fields=["description"])
    changed = _face(row, spec) or changed
    if changed:
        emit("organisation.changed", node=node, actor=actor)
    return changed


@transaction.atomic
def withdraw_organisation(*, actor: Actor, row: Organisation) -> None:
    """Take an organisation that publishes nothing out of the lists. Raises Forbidden, Conflict."""
    _require(actor, row.node)
    if Dataset.objects.filter(organisation=row, node__state__in=[*State][:3]).exists():
        raise Conflict("Organization cannot be deleted while it still has datasets")
    if row.node.state != State.WITHDRAWN:
        row.node.state = State.WITHDRAWN
        row.node.save(update_fields=["state"])
        emit("organisation.withdrawn", node=row.node, actor=actor)


@transaction.atomic
def purge_organisation(*, actor: Actor, row: Organisation) -> None:
    """Free the name of an organisation that nothing hangs on. Raises Forbidden, Conflict."""
    access.require(actor, "erase", row.node)
    withdraw_organisation(actor=actor, row=row)
    row.node.slug, row.node.state = f"erased-{row.pk}", State.ERASED
    row.node.save(update_fields=["slug", "state"])
    emit("organisation.changed", node=row.node, actor=actor)


@transaction.atomic
def set_member(*, actor: Actor, row: Organisation, person: Person, wanted: bool) -> bool:
    """Make a person a data steward of an organisation, or no longer; return whether it changed.

    Raises Forbidden.
    """
    access.require(actor, "manage_people")
    if wanted:
        _role, changed = Role.objects.get_or_create(
            person=person, role=access.STEWARD, scope=row.node
        )
    else:
        roles = Role.objects.filter(person=person, role=access.STEWARD, scope=row.node)
        ended, _rows = roles.delete()
        changed = bool(ended)
    if changed:
        verb = "person.role_given" if wanted else "person.role_taken"
        emit(verb, node=row.node, actor=actor, data={"role": access.STEWARD})
    return changed


@transaction.atomic
def save_group(*, actor: Actor, spec: PublisherSpec, row: Group | None = None) -> Group:
    """Write a group, new or changed, and return it. Raises Invalid, Forbidden."""
    _require(actor)
    values = {
        "slug": spec.slug, "title": spec.title, "description": spec.description,
        "image_url": spec.image_url, "extras": dict(spec.extras), "deleted": False,
    }  # fmt: skip
    if row is not None and all(getattr(row, name) == value for name, value in values.items()):
        return row
    group = row or Group(id=spec.id or new_id())
    for name, value in values.items():
        setattr(group, name, value)
    check_row(group)
    group.save()
    emit("dataset_group.changed", node=None, actor=actor, data={"group": group.slug})
    return group


@transaction.atomic
def remove_group(*, actor: Actor, row: Group, purge: bool = False) -> None:
    """Take a group out of the lists, or for good. Raises Forbidden."""
    _require(actor)
    if purge:
        access.require(actor, "erase")
        row.delete()
    elif not row.deleted:
        row.deleted = True
        row.save(update_fields=["deleted"])
    emit("dataset_group.changed", node=None, actor=actor, data={"group": row.slug})


@transaction.atomic
def place_in_group(*, actor: Actor, row: Group, dataset: Dataset, wanted: bool) -> bool:
    """Put a dataset in a group, or take it out; return whether it changed. Raises Forbidden."""
    access.require(actor, "manage_catalogue", dataset)
    if row.datasets.filter(pk=dataset.pk).exists() == wanted:
        return False
    (row.datasets.add if wanted else row.datasets.remove)(dataset)
    dataset.modified_at = timezone.now()
    dataset.save(update_fields=["modified_at"])
    emit("dataset.changed", node=dataset.node, actor=actor)
    return True
