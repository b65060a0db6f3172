"""The actions that write organisations and groups, and say who belongs to them."""

from collections.abc import Mapping
from typing import Any

from parvis.catalogue import publishers
from parvis.catalogue.ckan import objects
from parvis.catalogue.ckan.errors import NotHere, ValidationFailed
from parvis.catalogue.ckan.finding import ckan_fields, dataset_of, find, required
from parvis.catalogue.ckan.incoming import Reader
from parvis.catalogue.ckan.incoming_packages import extras_of
from parvis.catalogue.ckan.models import Group
from parvis.catalogue.ckan.organisations import (
    group_of,
    group_rows,
    organisation_out,
    organisations,
    shown_fields,
)
from parvis.catalogue.ckan.registry import Data, action
from parvis.catalogue.publishers import PublisherSpec
from parvis.core import access
from parvis.core.access import Actor
from parvis.core.errors import Forbidden
from parvis.core.i18n import DEFAULT, Text
from parvis.core.models import Node, Organisation, Person, State


def _spec(data: Mapping[str, Any], kind: str, row: Organisation | Group | None) -> PublisherSpec:
    """Return what an organisation or a group asks to be written. Raises ValidationFailed."""
    reader = Reader(data)
    stored: Text = {}
    if isinstance(row, Organisation):
        stored = row.node.title
    elif row is not None:
        stored = row.title
    slug = reader.name(kind, row.pk if row else None)
    pk = objects.is_id(reader.text("id")) if row is None else None
    if pk and (Node.objects.filter(pk=pk).exists() or Group.objects.filter(pk=pk).exists()):
        reader.wrong("id", "Group id already exists")
    spec = PublisherSpec(
        slug=slug,
        title=reader.words("title", stored) or {DEFAULT: slug},
        description=reader.words("description", row.description if row else None),
        image_url=reader.text("image_url", 500),
        extras=extras_of(reader),
        id=pk,
    )
    reader.finish()
    return spec


def _may(actor: Actor) -> None:
    """Refuse whoever may write no organisation at all, before anything is read."""
    access.require(actor, "manage_organisations")


def _organisation(data: Data, actor: Actor) -> Organisation:
    _may(actor)
    rows = Organisation.objects.select_related("node", "face").exclude(node__state=State.ERASED)
    found: Organisation = find(rows, required(data, "id", "name"), "organization")
    return found


def _shown(pk: Any) -> dict[str, Any]:
    return organisation_out(organisations().get(pk=pk))


@action(writes=True)
def organization_create(data: Data, actor: Actor) -> dict[str, Any]:
    """Write a new organisation and return it. name, title, description, image_url, extras."""
    _may(actor)
    with ckan_fields():
        row = publishers.create_organisation(actor=actor, spec=_spec(data, "organisation", None))
    return _shown(row.pk)


def _update_organisation(
    row: Organisation, data: Mapping[str, Any], actor: Actor
) -> dict[str, Any]:
    spec = _spec(data, "organisation", row)
    with ckan_fields():
        publishers.update_organisation(actor=actor, row=row, spec=spec)
    return _shown(row.pk)


@action(writes=True)
def organization_update(data: Data, actor: Actor) -> dict[str, Any]:
    """Make an organisation say what is sent, and nothing else. id; the rest as for creation."""
    row = _organisation(data, actor)
    return _update_organisation(row, {"name": row.node.slug, **data}, actor)


@action(writes=True)
def organization_patch(data: Data, actor: Actor) -> dict[str, Any]:
    """Change the keys of an organisation that are sent. id."""
    row = _organisation(data, actor)
    shown = objects.organisation_full(row, 0)
    return _update_organisation(row, shown_fields(data, shown), actor)


@action(writes=True)
def organization_delete(data: Data, actor: Actor) -> None:
    """Take an organisation without datasets out of the lists. id."""
    publishers.withdraw_organisation(actor=actor, row=_organisation(data, actor))


@action(writes=True)
def organization_purge(data: Data, actor: Actor) -> None:
    """Free the name of an organisation without datasets: operators only. id."""
    publishers.purge_organisation(actor=actor, row=_organisation(data, actor))


def _person(data: Data) -> Person:
    text = required(data, "username", "object", "user_id")
    pk = objects.is_id(text)
    rows = Person.objects.filter(is_active=True)
    found = rows.filter(pk=pk).first() if pk else rows.filter(email__iexact=text).first()
    if found is None:
        raise NotHere(f"user {text!r}")
    return found


def _member(data: Data, actor: Actor, *, wanted: bool) -> dict[str, Any] | None:
    access.require(actor, "manage_people")
    row = find(Organisation.objects.select_related("node"), required(data, "id"), "organization")
    person = _person(data)
    role = str(data.get("role") or "admin")
    if wanted and role not in {"admin", "editor"}:
        # CKAN's third role, "member", reads private datasets: nobody has it here.
        raise ValidationFailed({"role": [f"role does not exist: {role}"]})
    publishers.set_member(actor=actor, row=row, person=person, wanted=wanted)
    if not wanted:
        return None
    return {
        "id": objects.stable_id("member", f"{row.pk}/{person.pk}"),
        "group_id": str(row.pk),
        "table_id": str(person.pk),
        "table_name": "user",
        "capacity": "admin",
        "state": "active",
    }


@action(writes=True)
def organization_member_create(data: Data, actor: Actor) -> dict[str, Any] | None:
    """Make a person a data steward of an organisation: operators only. id, username (id or e-mail),
    role (admin or editor: the same here)."""
    return _member(data, actor, wanted=True)


@action(writes=True)
def organization_member_delete(data: Data, actor: Actor) -> None:
    """Make a person no longer a steward of an organisation: operators only. id, username."""
    _member(data, actor, wanted=False)


def _group(data: Data, actor: Actor) -> Group:
    _may(actor)
    text = required(data, "id", "name")
    pk = objects.is_id(text)
    row = (Group.objects.filter(pk=pk) if pk else Group.objects.filter(slug=text)).first()
    if row is None:
        if isinstance(group_of({"id": text}), str):
            raise Forbidden("the categories of the profile are not changed by programs")
        raise NotHere(f"group {text!r}")
    return row


def _group_shown(row: Group) -> dict[str, Any]:
    return next(one for one in group_rows() if one["id"] == str(row.pk))


@action(writes=True)
def group_create(data: Data, actor: Actor) -> dict[str, Any]:
    """Write a new group and return it. name, title, description, image_url, extras."""
    _may(actor)
    with ckan_fields():
        return _group_shown(publishers.save_group(actor=actor, spec=_spec(data, "group", None)))


def _update_group(row: Group, data: Mapping[str, Any], actor: Actor) -> dict[str, Any]:
    spec = _spec(data, "group", row)
    with ckan_fields():
        return _group_shown(publishers.save_group(actor=actor, spec=spec, row=row))


@action(writes=True)
def group_update(data: Data, actor: Actor) -> dict[str, Any]:
    """Make a group say what is sent, and nothing else. id; the rest as for creation."""
    row = _group(data, actor)
    return _update_group(row, {"name": row.slug, **data}, actor)


@action(writes=True)
def group_patch(data: Data, actor: Actor) -> dict[str, Any]:
    """Change the keys of a group that are sent. id."""
    row = _group(data, actor)
    shown = objects.group_full(objects.made_group(row), 0, row)
    kept = {"description_translated": row.description, "title_translated": row.title}
    return _update_group(row, shown_fields(data, {**shown, **kept}), actor)


@action(writes=True)
def group_delete(data: Data, actor: Actor) -> None:
    """Take a group out of the lists; its datasets stay. id."""
    publishers.remove_group(actor=actor, row=_group(data, actor))


@action(writes=True)
def group_purge(data: Data, actor: Actor) -> None:
    """Remove a group for good: operators only. id."""
    publishers.remove_group(actor=actor, row=_group(data, actor), purge=True)


def _place(data: Data, actor: Actor, *, wanted: bool) -> dict[str, Any] | None:
    kind = str(data.get("object_type") or "package")
    if kind == "user":
        return _member({**data, "username": data.get("object")}, actor, wanted=wanted)
    access.require(actor, "manage_catalogue")
    group = group_of(data)
    if isinstance(group, str):
        raise Forbidden("put the dataset in a category by package_patch")
    dataset = dataset_of(data, actor, "object")
    publishers.place_in_group(actor=actor, row=group, dataset=dataset, wanted=wanted)
    if not wanted:
        return None
    return {
        "id": objects.stable_id("member", f"{group.pk}/{dataset.pk}"),
        "group_id": str(group.pk),
        "table_id": str(dataset.pk),
        "table_name": "package",
        "capacity": str(data.get("capacity") or "public"),
        "state": "active",
    }


@action(writes=True)
def member_create(data: Data, actor: Actor) -> dict[str, Any] | None:
    """Put a dataset in a group. id of the group, object: the dataset, object_type: package."""
    return _place(data, actor, wanted=True)


@action(writes=True)
def member_delete(data: Data, actor: Actor) -> None:
    """Take a dataset out of a group. id of the group, object: the dataset, object_type: package."""
    _place(data, actor, wanted=False)


@action(writes=True)
def group_member_create(data: Data, actor: Actor) -> None:
    """Refuse: groups have no members here but datasets; rights are by organisation."""
    access.require(actor, "manage_people")
    raise ValidationFailed({"role": ["groups have no members here: rights are by organisation"]})


@action(writes=True)
def group_member_delete(data: Data, actor: Actor) -> None:
    """Refuse: groups have no members here but datasets."""
    access.require(actor, "manage_people")
    raise ValidationFailed({"role": ["groups have no members here: rights are by organisation"]})
