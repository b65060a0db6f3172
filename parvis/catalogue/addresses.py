"""Where a file of a dataset is: here, under a name that never changes, or elsewhere."""

from django.conf import settings
from django.urls import reverse

from parvis.catalogue.models import Dataset, Resource, Version
from parvis.catalogue.seen import shown_version


def original_of(version: Version | None) -> object | None:
    """Return the file that a version was read from, or None when it was not kept."""
    return getattr(version, "original", None) if version is not None else None


def file_name(resource: Resource) -> str:
    """Return the name that a file of ours is downloaded under; empty for a link."""
    version = shown_version(resource)
    if version is not None:
        return getattr(original_of(version), "name", f"{resource.slug}.csv")
    return resource.file_name if resource.file_id else ""


def file_path(dataset: Dataset, resource: Resource) -> str:
    """Return the path of a file of ours, or the address of a link; empty when there is nothing."""
    if name := file_name(resource):
        return reverse("ckan_download", args=[dataset.pk, resource.pk, name])
    return resource.url


def file_url(dataset: Dataset, resource: Resource) -> str:
    """Return the absolute address of a file or link."""
    path = file_path(dataset, resource)
    return settings.SITE_URL + path if path.startswith("/") else path
