"""Changes of a public dataset that a second person still has to read: kept, tried, applied.

`changes` is JSON: "title" (by language), "fields" (of the dataset), "files" (id -> name,
description, kind, url), "columns" (id of a version -> words of its columns), "remove" (ids of links
and files), "note" (why, for the history).
"""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from parvis.catalogue import services as catalogue
from parvis.catalogue.approval import removing, snapshot
from parvis.catalogue.models import Dataset, Resource, Version
from parvis.core import limits
from parvis.core.access import SYSTEM, Actor
from parvis.core.errors import Conflict, Invalid
from parvis.core.i18n import clean_text
from parvis.core.models import Organisation

PARTS = ("title", "fields", "files", "columns", "remove", "note")
ORGANISATION = "organisation"


class _Undo(Exception):
    """Raised to take back what was only tried."""


def clean(changes: Mapping[str, Any]) -> dict[str, Any]:
    """Return changes as JSON keeps them. Raises Invalid for a part that is not known."""
    if unknown := set(changes) - set(PARTS):
        raise Invalid({name: [_("This cannot be changed.")] for name in sorted(unknown)})
    found = {name: changes[name] for name in PARTS if changes.get(name)}
    if "fields" in found:
        fields = dict(found["fields"])
        if ORGANISATION in fields:
            organisation = fields[ORGANISATION]
            fields[ORGANISATION] = str(organisation.pk) if organisation else ""
        found["fields"] = fields
    if "note" in found:
        try:
            found["note"] = clean_text(found["note"], characters_max=limits.REASON_CHARACTERS)
        except ValidationError as error:
            raise Invalid({"note": error.messages}) from None
    return found


def joined(before: Mapping[str, Any], more: Mapping[str, Any]) -> dict[str, Any]:
    """Return the changes that waited and those that are added; the later word stands."""
    out = dict(before)
    for name, value in more.items():
        if name in {"fields", "files", "columns"}:
            out[name] = {**out.get(name, {}), **value}
        elif name == "remove":
            out[name] = list(dict.fromkeys([*out.get(name, []), *value]))
        else:
            out[name] = value
    return out


def apply(*, actor: Actor, dataset: Dataset, changes: Mapping[str, Any]) -> None:
    """Write approved changes, in the name of who asked. Raises Invalid, Conflict, Forbidden.

    The caller has checked that a second person approved them.
    """
    files = {str(row.pk): row for row in dataset.resources.select_related("file")}
    for row in files.values():
        row.dataset = dataset
    for pk, words in changes.get("columns", {}).items():
        version = Version.objects.filter(pk=UUID(pk), resource__dataset=dataset).first()
        if version is None:
            raise Conflict(_("A file that these changes speak of is not there any more."))
        version.resource.dataset = dataset
        catalogue.describe_columns(actor=actor, version=version, words=words, second=SYSTEM)
    for pk, words in changes.get("files", {}).items():
        catalogue.update_resource(
            actor=actor, resource=_file(files, pk), second=SYSTEM, **dict(words)
        )
    for pk in changes.get("remove", ()):
        removing.remove(actor=actor, resource=_file(files, pk), second=SYSTEM)
    if changes.get("fields") or changes.get("title"):
        catalogue.update_dataset(
            actor=actor,
            dataset=dataset,
            changes=_fields(changes.get("fields", {})),
            title=changes.get("title"),
            note=changes.get("note"),
            second=SYSTEM,
        )


def _file(files: Mapping[str, Resource], pk: str) -> Resource:
    if pk not in files:
        raise Conflict(_("A file that these changes speak of is not there any more."))
    return files[pk]


def _fields(fields: Mapping[str, Any]) -> dict[str, Any]:
    found = dict(fields)
    if ORGANISATION in found:
        pk = found[ORGANISATION]
        organisation = Organisation.objects.filter(pk=UUID(pk)).first() if pk else None
        if pk and organisation is None:
            raise Invalid({ORGANISATION: [_("This organisation is not there any more.")]})
        found[ORGANISATION] = organisation
    return found


def fresh(dataset: Dataset) -> Dataset:
    """Return the dataset as it is in the database."""
    return Dataset.objects.select_related("node", "organisation__node").get(pk=dataset.pk)


def tried(*, actor: Actor, dataset: Dataset, changes: Mapping[str, Any]) -> dict[str, Any]:
    """Return the snapshot that the changes would make, and take them back.

    What would be refused later is refused now: Invalid, Conflict, Forbidden.
    """
    found: dict[str, Any] = {}
    try:
        with transaction.atomic():
            copy = fresh(dataset)
            apply(actor=actor, dataset=copy, changes=changes)
            found = snapshot.take(copy)
            raise _Undo
    except _Undo:
        return found
