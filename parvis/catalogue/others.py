"""Links to elsewhere and files that are no table: added, put in another order."""

from collections.abc import Iterable
from urllib.parse import urlsplit

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.text import get_valid_filename
from django.utils.translation import gettext_lazy as _

from parvis.catalogue import services
from parvis.catalogue.models import Dataset, Resource
from parvis.core import access, files
from parvis.core.access import Actor
from parvis.core.errors import Invalid
from parvis.core.events import IdempotencyKey, emit, replayed
from parvis.core.i18n import Text
from parvis.core.lists import clean_url
from parvis.core.rows import check_row

FORMATS_KEPT = {"geojson": "GeoJSON", "geotiff": "GeoTIFF", "sqlite": "SQLite", "jpg": "JPEG"}
"""Données Québec writes formats in capitals, but for these."""


def format_of(name: str) -> str:
    """Return the format that the name of a file or an address tells; empty when it tells none."""
    last = urlsplit(name).path.rsplit("/", 1)[-1]
    extension = last.rsplit(".", 1)[-1].lower() if "." in last else ""
    if not extension.isalnum() or len(extension) > 10:
        return ""
    return FORMATS_KEPT.get(extension, extension.upper())


@transaction.atomic
def add_other(
    *,
    actor: Actor,
    dataset: Dataset,
    name: Text,
    description: Text | None = None,
    kind: str = Resource.What.SUPPORT,
    url: str = "",
    content: bytes | None = None,
    file_name: str = "",
    format_name: str = "",
    key: IdempotencyKey | None = None,
) -> Resource:
    """Add a link (`url`) or a file (`content`, called `file_name`); return it.

    It waits for the publication of the dataset. Raises Invalid for neither or both, for what is
    no address, or a file that is not what its name says; Forbidden.
    """
    if replayed(key):
        return dataset.resources.latest("created_at")
    access.require(actor, "manage_catalogue", dataset)
    if bool(url) == bool(content):
        raise Invalid({"url": [_("Give an address or a file: one of the two.")]})
    if url:
        try:
            url = clean_url(url)
        except ValidationError as error:
            raise Invalid({"url": error.messages}) from None
    media_type = files.sniff(file_name, content, files.DATA_ALLOWED) if content else ""
    resource = services.add_resource(
        actor=actor, dataset=dataset, name=name, description=description, kind=kind
    )
    resource.url = url
    resource.format = (format_name.strip() or format_of(url or file_name))[:40] or "HTML"
    if content:
        resource.file = files.store([content], media_type)
        resource.file_name = get_valid_filename(file_name)[-120:]
        resource.mimetype = media_type
    check_row(resource, ["dataset", "current"])
    resource.save()
    emit("dataset.changed", node=dataset.node, actor=actor, key=key)
    return resource


@transaction.atomic
def reorder(*, actor: Actor, dataset: Dataset, slugs: Iterable[str]) -> None:
    """Put the files of a dataset in another order. Raises Invalid unless each is there once."""
    access.require(actor, "manage_catalogue", dataset)
    wanted = list(slugs)
    rows = {row.slug: row for row in dataset.resources.select_for_update(of=("self",))}
    if sorted(wanted) != sorted(rows):
        raise Invalid({"order": [_("The files changed meanwhile: reload the page.")]})
    changed = []
    for position, slug in enumerate(wanted):
        if rows[slug].position != position:
            rows[slug].position = position
            changed.append(rows[slug])
    if changed:
        Resource.objects.bulk_update(changed, ["position"])
        Dataset.objects.filter(pk=dataset.pk).update(modified_at=timezone.now())
        emit("dataset.changed", node=dataset.node, actor=actor)


@transaction.atomic
def move(*, actor: Actor, resource: Resource, up: bool) -> None:
    """Move a file one place up or down; at the end nothing moves. Raises Forbidden."""
    dataset = resource.dataset
    slugs = list(dataset.resources.values_list("slug", flat=True))
    here = slugs.index(resource.slug)
    there = here - 1 if up else here + 1
    if 0 <= there < len(slugs):
        slugs[here], slugs[there] = slugs[there], slugs[here]
    reorder(actor=actor, dataset=dataset, slugs=slugs)
