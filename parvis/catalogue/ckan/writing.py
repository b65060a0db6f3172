"""The actions that write packages and resources, as CKAN 2.11 names and answers them."""

import json
import re
from collections.abc import Mapping
from typing import Any

from parvis.catalogue import entries, seen
from parvis.catalogue.ckan import objects
from parvis.catalogue.ckan.errors import NotHere, ValidationFailed
from parvis.catalogue.ckan.finding import ckan_fields, dataset_of, required, resource_of
from parvis.catalogue.ckan.incoming_files import resource, sent_file
from parvis.catalogue.ckan.incoming_packages import package
from parvis.catalogue.ckan.registry import Data, action
from parvis.catalogue.ckan.revising import merged, revised
from parvis.catalogue.models import Dataset, Resource
from parvis.core import access
from parvis.core.access import Actor


def _fresh(pk: Any, actor: Actor) -> dict[str, Any]:
    row = seen.visible(actor).filter(pk=pk).first()
    if row is None:
        raise NotHere(f"dataset {pk}")
    return objects.package_dict(row)


def _writable(data: Data, actor: Actor, *names: str) -> Dataset:
    """Return the dataset to be written. Raises Forbidden for who may write none, NotHere."""
    access.require(actor, "manage_catalogue")
    found = dataset_of(data, actor, *names)
    access.require(actor, "manage_catalogue", found)
    return found


def _update(dataset: Dataset, data: Mapping[str, Any], actor: Actor) -> dict[str, Any]:
    spec = package(data, dataset)
    with ckan_fields():
        entries.update_entry(actor=actor, dataset=dataset, spec=spec)
    return _fresh(dataset.pk, actor)


@action(writes=True)
def package_create(data: Data, actor: Actor) -> dict[str, Any]:
    """Write a new dataset with its links and return it. name, owner_org (id or name), title, notes,
    license_id, tags, extras, groups, resources… Public at once where you may publish and `private`
    is not true."""
    access.require(actor, "manage_catalogue")
    spec = package(data)
    with ckan_fields():
        made = entries.create_entry(actor=actor, spec=spec)
    return _fresh(made.pk, actor)


@action(writes=True)
def package_update(data: Data, actor: Actor) -> dict[str, Any]:
    """Make a dataset say what is sent, and nothing else: what is not sent is removed, resources,
    tags and extras too. id or name; the rest as package_create."""
    dataset = _writable(data, actor, "id", "name")
    # The name stays when it is not sent: it is an address.
    return _update(dataset, {"name": dataset.node.slug, **data}, actor)


@action(writes=True)
def package_patch(data: Data, actor: Actor) -> dict[str, Any]:
    """Change the keys that are sent, at the top level only. id."""
    dataset = _writable(data, actor, "id")
    shown = objects.package_dict(dataset)
    sent = {key: value for key, value in data.items() if key != "id"}
    return _update(dataset, {**shown, **sent}, actor)


@action(writes=True)
def package_revise(data: Data, actor: Actor) -> dict[str, Any]:
    """Change parts of a dataset, if it is as expected. match: what must be there (with id or name);
    filter: keys to take out or, after "+", to keep; update: what to write; include: what to answer.
    `match__`, `filter` and `update__resources__0__url` name deep parts; files are sent (multipart)
    as `update__resources__0__upload`, for a resource just added `update__resources__-1__upload`."""
    whole = revised(data)
    dataset = _writable(whole["match"], actor, "id", "name")
    wanted = merged(objects.package_dict(dataset), whole)
    return {"package": _update(dataset, wanted, actor)}


@action(writes=True)
def package_delete(data: Data, actor: Actor) -> None:
    """Take a dataset out of the catalogue. id. package_patch with state `active` puts it back."""
    entries.withdraw_entry(actor=actor, dataset=_writable(data, actor, "id"))


@action(writes=True)
def dataset_purge(data: Data, actor: Actor) -> None:
    """Erase a dataset for good, and free its name: operators only. id."""
    access.require(actor, "erase")
    rows = Dataset.objects.select_related("node").exclude(node__state="erased")
    text = required(data, "id")
    pk = objects.is_id(text)
    found = rows.filter(pk=pk).first() if pk else rows.filter(node__slug=text).first()
    if found is None:
        raise NotHere(f"dataset {text!r}")
    entries.purge_entry(actor=actor, dataset=found)


@action(writes=True)
def package_resource_reorder(data: Data, actor: Actor) -> dict[str, Any]:
    """Put resources first, in the order sent. id of the dataset, order: list of ids."""
    dataset = _writable(data, actor, "id")
    order = data.get("order")
    if isinstance(order, str):
        order = json.loads(order) if re.match(r"\s*\[", order) else [order]
    if not isinstance(order, list):
        raise ValidationFailed({"order": ["Missing value"]})
    ids = [objects.is_id(str(one)) for one in order]
    with ckan_fields():
        known = [pk for pk in ids if pk is not None]
        if len(known) != len(ids):
            raise ValidationFailed({"order": ["Not an id"]})
        entries.reorder_files(actor=actor, dataset=dataset, ids=known)
    shown = _fresh(dataset.pk, actor)
    return {"id": shown["id"], "order": [row["id"] for row in shown["resources"]]}


def _resource(pk: Any, actor: Actor) -> dict[str, Any]:
    dataset, row = resource_of({"id": str(pk)}, actor)
    return objects.resource_dict(dataset, row)


def _put(
    dataset: Dataset, row: Resource | None, data: Mapping[str, Any], actor: Actor
) -> dict[str, Any]:
    with ckan_fields():
        # Read before the transaction: a large file must not hold the database.
        sent = sent_file(data, row)
        spec = resource(data, dataset=dataset, row=row, sent=sent)
        pk = entries.put_file(actor=actor, dataset=dataset, spec=spec)
    return _resource(pk, actor)


@action(writes=True)
def resource_create(data: Data, actor: Actor) -> dict[str, Any]:
    """Add a link (url) or a file (multipart, `upload`) to a dataset and return it. package_id,
    name, description, format, and any free key. CSV, XLSX and other tables can be queried."""
    access.require(actor, "manage_catalogue")
    return _put(_writable(data, actor, "package_id"), None, data, actor)


@action(writes=True)
def resource_update(data: Data, actor: Actor) -> dict[str, Any]:
    """Make a resource say what is sent, and nothing else; a file sent is a new version. id."""
    access.require(actor, "manage_catalogue")
    dataset, row = resource_of(data, actor)
    return _put(dataset, row, data, actor)


@action(writes=True)
def resource_patch(data: Data, actor: Actor) -> dict[str, Any]:
    """Change the keys of a resource that are sent. id."""
    access.require(actor, "manage_catalogue")
    dataset, row = resource_of(data, actor)
    return _put(dataset, row, {**objects.resource_dict(dataset, row), **data}, actor)


@action(writes=True)
def resource_delete(data: Data, actor: Actor) -> None:
    """Take a resource out of its dataset. id. The versions of a table stay at their addresses."""
    access.require(actor, "manage_catalogue")
    dataset, row = resource_of(data, actor)
    row.dataset = dataset
    entries.remove_file(actor=actor, resource=row)
