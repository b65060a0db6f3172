"""Packages that programs send, read into what the catalogue keeps. Nothing is written."""

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from parvis.catalogue.ckan import objects
from parvis.catalogue.ckan.incoming import MISSING, Data, Reader, find_group, find_organisation
from parvis.catalogue.ckan.incoming_files import resources
from parvis.catalogue.ckan.models import Group
from parvis.catalogue.ckan.search import truth
from parvis.catalogue.entries import EntrySpec
from parvis.catalogue.lists import LICENCE_DEFAULT, LICENCES, licence_id
from parvis.catalogue.models import Dataset
from parvis.core.i18n import DEFAULT, LANGUAGES, Text
from parvis.core.models import Node, Organisation, State

_TAG = re.compile(r"[\w \-.'’&/()+:«»%°\u00a0]*\Z")
_PARTS = {"title": 200, "version": 100, "author": 120, "maintainer": 120, "url": 500}


def extras_of(reader: Reader) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for row in reader.rows("extras"):
        key, value = row.get("key"), row.get("value")
        if not isinstance(key, str) or not key.strip():
            reader.wrong("extras", "Missing value")
        elif key in found:
            reader.wrong("extras_validation", f'Duplicate key "{key}"')
        elif value is not None and not truth(row.get("deleted", False)):
            plain = isinstance(value, str)
            found[key] = value if plain else json.dumps(value, ensure_ascii=False)
    return found


def _tags(reader: Reader, stored: Sequence[Text]) -> list[Any]:
    known = {objects.plain(tag): tag for tag in stored}
    value = reader.data.get("tags")
    if isinstance(value, list) and all(isinstance(one, str) for one in value):
        names = list(value)
    else:
        names = [str(row.get("name") or "") for row in reader.rows("tags")]
    if not names and reader.data.get("tag_string"):
        names = str(reader.data["tag_string"]).split(",")
    found: list[Any] = []
    for name in map(str.strip, names):
        if name in known:
            found.append(known[name])
        elif len(name) < 2:
            reader.wrong("tags", f'Tag "{name}" length is less than minimum 2')
        elif len(name) > 80:
            reader.wrong("tags", f'Tag "{name}" length is more than maximum 80')
        elif not _TAG.match(name):
            words = "can only contain alphanumeric characters, spaces, hyphens, underscores or dots"
            reader.wrong("tags", f'Tag "{name}" {words}')
        else:
            found.append({DEFAULT: name})
    # In the order of the page when they are the same.
    same = {objects.plain(tag) for tag in found} == set(known)
    return list(stored) if same else list({objects.plain(tag): tag for tag in found}.values())


def _groups(reader: Reader, stored: Sequence[str]) -> tuple[list[str], list[Group]]:
    slugs, made = [], []
    for row in reader.rows("groups"):
        text = str(row.get("name") or row.get("id") or "")
        found = find_group(text)
        if found is None:
            reader.wrong("groups", f"Group does not exist: {text}")
        elif isinstance(found, str):
            slugs.append(found)
        else:
            made.append(found)
    slugs = list(dict.fromkeys(slugs))
    return (list(stored) if set(slugs) == set(stored) else slugs), made


def _organisation(reader: Reader) -> Organisation | None:
    text = reader.text("owner_org")
    found = find_organisation(text) if text else None
    if not text:
        reader.wrong("owner_org", MISSING)
    elif found is None:
        reader.wrong("owner_org", "Organization does not exist")
    return found


def _box(extras: Mapping[str, Any]) -> list[float] | None:
    """Return the bounds of the GeoJSON under the free key `spatial`, or None."""
    try:
        shape = json.loads(extras.get("spatial") or "null")
        points = _points(shape["coordinates"])
        east, north = zip(*points, strict=True)
        box = [min(east), min(north), max(east), max(north)]
    except (ValueError, TypeError, KeyError, IndexError, RecursionError):
        return None
    return box if -180 <= box[0] <= box[2] <= 180 and -90 <= box[1] <= box[3] <= 90 else None


def _points(value: Any) -> list[tuple[float, float]]:
    if isinstance(value[0], int | float):
        return [(float(value[0]), float(value[1]))]
    return [point for part in value for point in _points(part)]


def _fields(reader: Reader, dataset: Dataset | None, shown: Data) -> dict[str, Any]:
    """Return the fields of a dataset; what says what is shown stays as it is stored."""
    data = reader.data
    extras = extras_of(reader)
    ours = {key: extras.pop(key, "") for key in objects.FIELD_EXTRAS}
    licence = licence_id(reader.text("license_id")) or LICENCE_DEFAULT
    if licence not in LICENCES:
        reader.wrong("license_id", f"{licence} is not a licence of this site: see license_list")
    languages = [code for code in reader.text("language").lower().split("_") if code]
    if unknown := [code for code in languages if code not in LANGUAGES]:
        reader.wrong("language", f"unknown language: {unknown[0]}")
    slugs, _made = _groups(Reader(data), dataset.categories if dataset else ())
    fields: dict[str, Any] = {
        "organisation": _organisation(reader),
        "notes": reader.words("notes", dataset.notes if dataset else None),
        "licence": licence,
        "frequency": reader.text("update_frequency") or "irregular",
        "tags": _tags(reader, dataset.tags if dataset else ()),
        "categories": slugs,
        "languages": languages or [DEFAULT],
        "spatial": reader.text("ext_spatial", 100),
        "temporal": reader.text("temporal"),
        "methodology": _kept(reader.text("methodologie"), dataset.methodology if dataset else None),
        "url": reader.text("url", _PARTS["url"]),
        "extras": extras,
        "sources": ours["sources"].split(),
        "withheld": _kept(ours["textes_retenus"], dataset.withheld if dataset else None),
        "licence_reason": _kept(ours["licence_motif"], dataset.licence_reason if dataset else None),
        "reconstructed": bool(ours["donnees_reconstituees"]),
        **{name: reader.text(name, _PARTS[name]) for name in ("version", "author", "maintainer")},
        **{name: reader.email(name) for name in ("author_email", "maintainer_email")},
    }
    if dataset is None or extras.get("spatial") != dataset.extras.get("spatial"):
        fields["box"] = _box(extras)
    if dataset is not None:
        if fields["url"] == (shown["url"] or ""):
            fields["url"] = dataset.url
        if reader.text("language").upper() == objects.language_code(dataset):
            fields["languages"] = dataset.languages
    return fields


def _kept(text: str, stored: Text | None) -> dict[str, str]:
    if stored and objects.plain(stored) == text:
        return dict(stored)
    return {DEFAULT: text} if text else {}


def state_of(reader: Reader) -> str:
    """Return the state of a node for CKAN's `state` and `private`."""
    state = reader.text("state") or "active"
    if state not in {"active", "draft", "deleted"}:
        reader.wrong("state", f"no such state: {state}")
    private = reader.data.get("private", False)
    if state == "deleted":
        return State.WITHDRAWN
    if state == "draft":
        return State.DRAFT
    return State.PRIVATE if truth(private) else State.PUBLIC


def _new_id(reader: Reader) -> UUID | None:
    text = reader.text("id")
    pk = objects.is_id(text) if text else None
    if text and pk is None:
        reader.wrong("id", "Invalid id provided")
    elif pk and Node.objects.filter(pk=pk).exclude(kind="dataset", state=State.ERASED).exists():
        reader.wrong("id", "Dataset id already exists")
    return pk


def package(data: Data, dataset: Dataset | None = None) -> EntrySpec:
    """Return what a package asks to be written. Raises ValidationFailed with each field."""
    reader = Reader(data)
    shown = objects.package_dict(dataset) if dataset else {}
    pk = None if dataset else _new_id(reader)
    slug = reader.name("dataset", dataset.pk if dataset else None)
    title = reader.words("title", dataset.node.title if dataset else None)
    fields = _fields(reader, dataset, shown)
    _slugs, made = _groups(reader, ())
    state = state_of(reader)
    files = resources(reader, dataset)
    reader.finish()
    return EntrySpec(slug, title or {DEFAULT: slug}, fields, state, made, files, pk)
