"""Datasets, files, organisations, categories and keywords as CKAN's objects: every key, always."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import NAMESPACE_URL, UUID, uuid5

from django.conf import settings

from parvis.catalogue import addresses
from parvis.catalogue.ckan.models import Group
from parvis.catalogue.conformity.services import file_keys, resource_keys
from parvis.catalogue.lists import CATEGORIES, LICENCES, Licence
from parvis.catalogue.models import Dataset, Resource, Version
from parvis.catalogue.seen import shown_version
from parvis.core.i18n import DEFAULT, LANGUAGES, NBSP, pick
from parvis.core.models import Organisation, State


def naive(moment: datetime | None) -> str | None:
    """Return a time as CKAN writes it: naive UTC with microseconds, no Z."""
    if moment is None:
        return None
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="microseconds")


def stable_id(kind: str, name: str) -> str:
    """Return an identifier that stays the same for what has only a name."""
    return str(uuid5(NAMESPACE_URL, f"{settings.SITE_URL}/{kind}/{name}"))


def plain(text: Any) -> str:
    """Return a text in French, or in the language that it has, as it was written."""
    return pick(text, DEFAULT)[0].replace(NBSP, " ")


_plain = plain


def by_language(text: Mapping[str, str]) -> dict[str, str]:
    """Return a text in every language it has."""
    return {code: text[code] for code in LANGUAGES if text.get(code)}


def licence_dict(licence: Licence) -> dict[str, Any]:
    """Return a licence."""
    return {
        "id": licence.id,
        "title": f"{licence.title} ({licence.short})",
        "url": licence.url,
        "family": "",
        "maintainer": "",
        "status": "active",
        "od_conformance": "approved" if licence.is_open else "rejected",
        "osd_conformance": "not reviewed",
        "domain_content": licence.is_open,
        "domain_data": licence.is_open,
        "domain_software": False,
        "is_generic": False,
    }


def tag_dict(name: str) -> dict[str, Any]:
    """Return a keyword."""
    return {
        "id": stable_id("tag", name),
        "name": name,
        "display_name": name,
        "state": "active",
        "vocabulary_id": None,
    }


def tag_names(dataset: Dataset) -> list[str]:
    """Return the keywords of a dataset, sorted."""
    return sorted({_plain(tag) for tag in dataset.tags})


def group_dict(slug: str) -> dict[str, Any]:
    """Return a category as the short form of a group."""
    title = str(CATEGORIES[slug])
    return {
        "id": stable_id("group", slug),
        "name": slug,
        "title": title,
        "display_name": title,
        "description": "",
        "image_display_url": "",
    }


def made_group(group: Group) -> dict[str, Any]:
    """Return a group made by the API, in its short form."""
    title = plain(group.title)
    return {
        "id": str(group.pk),
        "name": group.slug,
        "title": title,
        "display_name": title,
        "description": plain(group.description),
        "image_display_url": group.image_url,
    }


def groups_of(dataset: Dataset) -> list[dict[str, Any]]:
    """Return the groups of a dataset, categories and others, by name."""
    made = [made_group(group) for group in dataset.ckan_groups.all() if not group.deleted]
    known = [group_dict(slug) for slug in dataset.categories]
    return sorted([*known, *made], key=lambda group: group["name"])


def organisation_dict(organisation: Organisation) -> dict[str, Any]:
    """Return an organisation as packages carry it."""
    return {
        "id": str(organisation.pk),
        "name": organisation.node.slug,
        "title": _plain(organisation.node.title),
        "type": "organization",
        "description": _plain(organisation.description),
        "image_url": _image(organisation),
        "created": naive(organisation.node.created_at),
        "is_organization": True,
        "approval_status": "approved",
        "state": "deleted" if organisation.node.state == State.WITHDRAWN else "active",
    }


def _image(organisation: Organisation) -> str:
    return str(getattr(getattr(organisation, "face", None), "image_url", ""))


def extras_list(extras: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return free keys as CKAN lists them, sorted."""
    return [{"key": key, "value": extras[key]} for key in sorted(extras)]


def organisation_full(
    organisation: Organisation, packages: int, followers: int = 0
) -> dict[str, Any]:
    """Return an organisation with all its fields."""
    face = getattr(organisation, "face", None)
    return {
        **organisation_dict(organisation),
        "display_name": _plain(organisation.node.title),
        "title_translated": by_language(organisation.node.title),
        "description_translated": by_language(organisation.description),
        "image_display_url": _image(organisation),
        "package_count": packages,
        "num_followers": followers,
        "extras": extras_list(face.extras if face else {}),
        "tags": [],
        "groups": [],
        "users": [],
    }


def group_full(short: Mapping[str, Any], packages: int, group: Group | None) -> dict[str, Any]:
    """Return a group with all its fields; `group` is its row when the API made it."""
    return {
        **short,
        "image_url": group.image_url if group else "",
        "created": naive(group.created_at) if group else None,
        "is_organization": False,
        "type": "group",
        "approval_status": "approved",
        "state": "deleted" if group and group.deleted else "active",
        "package_count": packages,
        "num_followers": 0,
        "extras": extras_list(group.extras if group else {}),
        "tags": [],
        "groups": [],
        "users": [],
    }


def download_url(dataset: Dataset, resource: Resource) -> str:
    """Return the absolute address of a file, or of a link."""
    return addresses.file_url(dataset, resource)


# What a link may say of its target, and which we do not know.
OF_LINKS: Mapping[str, Any] = {
    "url_type": None,
    "resource_type": None,
    "mimetype_inner": None,
    "size": None,
    "hash": "",
    "last_modified": None,
    "cache_url": None,
    "cache_last_updated": None,
}


def _table_facts(resource: Resource, version: Version) -> dict[str, Any]:
    """Return what is known of a table, as its file came or else as our CSV."""
    original = getattr(version, "original", None)
    size = original.file.size if original else version.csv_bytes
    return {
        "url_type": "upload",
        "mimetype": original.mimetype if original else "text/csv",
        "size": size,
        "hash": original.file.sha256 if original else version.csv_sha256,
        "last_modified": naive(version.published_at or version.created_at),
        "taille_entier": size,
        "parvis_version": version.sha256,
        "parvis_rows": version.rows,
    }


def _facts(resource: Resource, version: Version | None) -> dict[str, Any]:
    if version is not None:
        # None, without a query, for what was never checked.
        checked = getattr(version, "conformity", None)
        found = resource_keys(version, checked) if checked else {}
        return {**_table_facts(resource, version), **found}
    if resource.file is not None:
        return {
            "url_type": "upload",
            "mimetype": resource.mimetype or resource.file.media_type,
            "size": resource.file.size,
            "hash": resource.file.sha256,
            "last_modified": naive(resource.modified_at),
            "taille_entier": resource.file.size,
            **file_keys(resource),
        }
    return {"mimetype": resource.mimetype or None}


def has_rows(resource: Resource, version: Version | None) -> bool:
    """Whether the datastore answers for a file."""
    table = getattr(resource, "table", None)
    return table.dropped is False if table is not None else version is not None


def resource_dict(dataset: Dataset, resource: Resource) -> dict[str, Any]:
    """Return a file or link with all its keys, its free ones and ours."""
    version = shown_version(resource)
    url = addresses.file_url(dataset, resource)
    words = {"name_translated": resource.name, "description_translated": resource.description}
    base = {
        **resource.extras,
        "id": str(resource.pk),
        "package_id": str(dataset.pk),
        "position": resource.position,
        "name": plain(resource.name),
        "description": plain(resource.description),
        "format": resource.format,
        "url": url,
        **OF_LINKS,
        "resource_type": resource.kind,
        **{key: resource.extras[key] for key in OF_LINKS if key in resource.extras},
        **_facts(resource, version),
        "created": naive(resource.created_at),
        "metadata_modified": naive(resource.modified_at),
        "state": "active",
        "datastore_active": has_rows(resource, version),
        **{key: by_language(text) for key, text in words.items()},
    }
    if base["url_type"] == "datastore" and not url:
        base["url"] = f"{settings.SITE_URL}/datastore/dump/{resource.pk}"
    return base


def language_code(dataset: Dataset) -> str:
    """Return the language as Données Québec's profile writes it: FR, FR_EN, EN."""
    return "_".join(code.upper() for code in dataset.languages) or "FR"


# Free keys of ours that are fields here: key -> how the field is written in it.
FIELD_EXTRAS: Mapping[str, Any] = {
    "donnees_reconstituees": lambda dataset: "oui" if dataset.reconstructed else "",
    "textes_retenus": lambda dataset: plain(dataset.withheld),
    "sources": lambda dataset: " ".join(dataset.sources),
    "licence_motif": lambda dataset: plain(dataset.licence_reason),
}


def _extras(dataset: Dataset) -> list[dict[str, Any]]:
    ours = {key: write(dataset) for key, write in FIELD_EXTRAS.items()}
    return extras_list({**dataset.extras, **{key: value for key, value in ours.items() if value}})


STATES = {State.DRAFT: "draft", State.WITHDRAWN: "deleted"}


def package_dict(dataset: Dataset, resources: Sequence[Resource] | None = None) -> dict[str, Any]:
    """Return a dataset with all its keys; `resources` default to `dataset.published`."""
    files = dataset.published if resources is None else resources  # type: ignore[attr-defined]
    licence, names = LICENCES[dataset.licence], tag_names(dataset)
    organisation = dataset.organisation
    return {
        "id": str(dataset.pk),
        "name": dataset.node.slug,
        "title": _plain(dataset.node.title) or dataset.node.slug,
        "title_translated": by_language(dataset.node.title),
        "notes": _plain(dataset.notes),
        "notes_translated": by_language(dataset.notes),
        "url": dataset.url or (dataset.sources[0] if dataset.sources else None),
        "version": dataset.version or None,
        "author": dataset.author or None,
        "author_email": dataset.author_email or None,
        "maintainer": dataset.maintainer or None,
        "maintainer_email": dataset.maintainer_email or None,
        "license_id": licence.id,
        "license_title": f"{licence.title} ({licence.short})",
        "license_url": licence.url,
        "isopen": licence.is_open,
        "private": dataset.node.state == State.PRIVATE,
        "state": STATES.get(State(dataset.node.state), "active"),
        "type": "dataset",
        "owner_org": str(organisation.pk) if organisation else None,
        "organization": organisation_dict(organisation) if organisation else None,
        "creator_user_id": None,
        "metadata_created": naive(dataset.node.published_at or dataset.node.created_at),
        "metadata_modified": naive(dataset.modified_at),
        "num_resources": len(files),
        "num_tags": len(names),
        "resources": [resource_dict(dataset, row) for row in files],
        "tags": [tag_dict(name) for name in names],
        "groups": groups_of(dataset),
        "extras": _extras(dataset),
        "relationships_as_subject": [],
        "relationships_as_object": [],
        "update_frequency": dataset.frequency,
        "language": language_code(dataset),
        "ext_spatial": dataset.spatial,
        "temporal": dataset.temporal,
        "methodologie": _plain(dataset.methodology),
    }


def is_id(text: str) -> UUID | None:
    """Return `text` as an identifier, or None when it is a name."""
    try:
        return UUID(text)
    except ValueError:
        return None
