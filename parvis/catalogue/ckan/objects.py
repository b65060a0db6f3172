"""Datasets, files, organisations, categories and keywords as CKAN's objects: every key, always."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import NAMESPACE_URL, UUID, uuid5

from django.conf import settings
from django.urls import reverse

from parvis.catalogue.lists import CATEGORIES, LICENCES, Licence
from parvis.catalogue.models import Dataset, Resource
from parvis.core.i18n import DEFAULT, LANGUAGES, tr
from parvis.core.models import Organisation


def naive(moment: datetime | None) -> str | None:
    """Return a time as CKAN writes it: naive UTC with microseconds, no Z."""
    if moment is None:
        return None
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="microseconds")


def stable_id(kind: str, name: str) -> str:
    """Return an identifier that stays the same for what has only a name."""
    return str(uuid5(NAMESPACE_URL, f"{settings.SITE_URL}/{kind}/{name}"))


def _plain(text: Any) -> str:
    # Without the no-break spaces of the page: programs compare these.
    return tr(text, DEFAULT).replace("\u00a0", " ")


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


def organisation_dict(organisation: Organisation) -> dict[str, Any]:
    """Return an organisation as packages carry it."""
    return {
        "id": str(organisation.pk),
        "name": organisation.node.slug,
        "title": _plain(organisation.node.title),
        "type": "organization",
        "description": _plain(organisation.description),
        "image_url": "",
        "created": naive(organisation.node.created_at),
        "is_organization": True,
        "approval_status": "approved",
        "state": "active",
    }


def organisation_full(organisation: Organisation, packages: int) -> dict[str, Any]:
    """Return an organisation with all its fields."""
    return {
        **organisation_dict(organisation),
        "display_name": _plain(organisation.node.title),
        "image_display_url": "",
        "package_count": packages,
        "num_followers": 0,
        "extras": [],
        "tags": [],
        "groups": [],
        "users": [],
    }


def group_full(slug: str, packages: int) -> dict[str, Any]:
    """Return a category with all the fields of a group."""
    return {
        **group_dict(slug),
        "image_url": "",
        "created": None,
        "is_organization": False,
        "type": "group",
        "approval_status": "approved",
        "state": "active",
        "package_count": packages,
        "num_followers": 0,
        "extras": [],
        "tags": [],
        "groups": [],
        "users": [],
    }


def download_url(dataset: Dataset, resource: Resource) -> str:
    """Return the absolute address of a file's CSV."""
    args = [dataset.pk, resource.pk, f"{resource.slug}.csv"]
    return settings.SITE_URL + reverse("ckan_download", args=args)


def resource_dict(dataset: Dataset, resource: Resource) -> dict[str, Any]:
    """Return a published file, as CSV; the free keys give its version and other formats."""
    version = resource.current
    if version is None:
        raise ValueError("a file without version is not public")
    url = download_url(dataset, resource)
    return {
        "id": str(resource.pk),
        "package_id": str(dataset.pk),
        "position": resource.position,
        "name": _plain(resource.name),
        "description": _plain(resource.description),
        "format": resource.format,
        "url": url,
        "url_type": "upload",
        "resource_type": resource.kind,
        "mimetype": "text/csv",
        "mimetype_inner": None,
        "size": version.csv_bytes,
        "hash": version.csv_sha256,
        "created": naive(resource.created_at),
        "last_modified": naive(version.published_at),
        "metadata_modified": naive(version.published_at),
        "cache_url": None,
        "cache_last_updated": None,
        "state": "active",
        "datastore_active": False,
        "taille_entier": version.csv_bytes,
        "name_translated": by_language(resource.name),
        "parvis_version": version.sha256,
        "parvis_rows": version.rows,
    }


def language_code(dataset: Dataset) -> str:
    """Return the language as Données Québec's profile writes it: FR, FR_EN, EN."""
    return "_".join(code.upper() for code in dataset.languages) or "FR"


def _extras(dataset: Dataset) -> list[dict[str, str]]:
    extras = {
        "donnees_reconstituees": "oui" if dataset.reconstructed else "",
        "textes_retenus": _plain(dataset.withheld),
        "sources": " ".join(dataset.sources),
        "licence_motif": _plain(dataset.licence_reason),
    }
    return [{"key": key, "value": value} for key, value in sorted(extras.items()) if value]


def package_dict(dataset: Dataset, resources: Sequence[Resource] | None = None) -> dict[str, Any]:
    """Return a public dataset with all its keys; `resources` default to `dataset.published`."""
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
        "url": dataset.sources[0] if dataset.sources else None,
        "version": None,
        "author": dataset.author or None,
        "author_email": None,
        "maintainer": None,
        "maintainer_email": None,
        "license_id": licence.id,
        "license_title": f"{licence.title} ({licence.short})",
        "license_url": licence.url,
        "isopen": licence.is_open,
        "private": False,
        "state": "active",
        "type": "dataset",
        "owner_org": str(organisation.pk) if organisation else None,
        "organization": organisation_dict(organisation) if organisation else None,
        "creator_user_id": None,
        "metadata_created": naive(dataset.node.published_at),
        "metadata_modified": naive(dataset.modified_at),
        "num_resources": len(files),
        "num_tags": len(names),
        "resources": [resource_dict(dataset, row) for row in files],
        "tags": [tag_dict(name) for name in names],
        "groups": [group_dict(slug) for slug in sorted(dataset.categories)],
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
