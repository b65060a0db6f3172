"""Files and links of a dataset as programs write them: read, added, changed, taken away.

`read_sent` works before the transaction; the others inside it, for a caller that has checked the
right and emits the event.
"""

import mimetypes
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any
from uuid import UUID

from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.text import get_valid_filename

from parvis.catalogue import loading, store
from parvis.catalogue.ckan.models import Original
from parvis.catalogue.cleaning import file_slug
from parvis.catalogue.models import Dataset, Resource, Version
from parvis.catalogue.services import UNPUBLISHED
from parvis.core import files, limits
from parvis.core.errors import Invalid
from parvis.core.i18n import DEFAULT
from parvis.core.ids import new_id
from parvis.core.models import File
from parvis.core.rows import check_row

TEXTUAL = frozenset({"txt", "json", "geojson", "ndjson"})
"""What may be a table or anything else: kept as it came when it is no table."""
SHEETS = frozenset({"xlsx", "ods"})
RESOURCES_MAX = 1_000


@dataclass(frozen=True)
class Sent:
    """A file that a program sent: its bytes, and the table that was read in it, if any."""

    file: File
    name: str
    mimetype: str
    table: loading.Taken | None = None
    csv: tuple[str, int] = ("", 0)
    profile: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class FileSpec:
    """What a file or link is to say. `url` None: what it holds stays; `sent`: new contents."""

    name: dict[str, str]
    description: dict[str, str]
    format: str
    kind: str
    url: str | None
    mimetype: str
    extras: dict[str, Any]
    sent: Sent | None = None
    id: UUID | None = None


def extension_of(name: str) -> str:
    """Return the extension of a name or address, in lower case, without query."""
    last = name.split("?")[0].split("#")[0].rstrip("/").rsplit("/", 1)[-1]
    return last.rsplit(".", 1)[-1].lower() if "." in last else ""


def read_sent(upload: UploadedFile, before: Version | None) -> Sent:
    """Keep a file sent, and read the table in it. Raises Invalid under `upload`.

    Cells that do not fit become text, so that no row is lost. What is no table, whatever its name
    promises, is kept as it came, but for CSV, TSV and Parquet, which are nothing else.
    """
    name = get_valid_filename(upload.name or "file")[-120:]
    if (upload.size or 0) > limits.TABLE_BYTES:
        words = loading.in_words("too_many_bytes", {"limit": limits.TABLE_BYTES})
        raise Invalid({"upload": [words]})
    mimetype = mimetypes.guess_type(name)[0] or upload.content_type or "application/octet-stream"
    file = files.store(upload.chunks(), mimetype[:100])
    extension = extension_of(name)
    taken = None
    if extension in loading.UPLOADS:
        try:
            # A file of ours is read: what reads it closes it.
            with files.path_of(file).open("rb") as source:
                taken = loading.take_in(source, name, before=before, accept=True)
        except Invalid as refusal:
            if extension not in TEXTUAL | SHEETS:
                said = [word for messages in refusal.errors.values() for word in messages]
                raise Invalid({"upload": said}) from None
    if taken is None:
        return Sent(file, name, mimetype[:120])
    profile = store.store().profile(taken.stored).as_dict()
    return Sent(file, name, mimetype[:120], taken, loading.as_csv(taken.stored), profile)


def _checked(resource: Resource) -> None:
    # CKAN's may have no format.
    excluded = ["dataset", "current", "file", *(["format"] if not resource.format else [])]
    try:
        check_row(resource, excluded)
    except Invalid as refusal:
        raise Invalid({_CKAN.get(name, name): w for name, w in refusal.errors.items()}) from None


_CKAN = {"kind": "resource_type"}


def add_file(dataset: Dataset, spec: FileSpec, *, position: int, by: UUID | None) -> Resource:
    """Add a file or link, which waits for its publication, and return it. Raises Invalid."""
    resource = Resource(
        id=spec.id or new_id(),
        dataset=dataset,
        slug=file_slug(dataset, spec.name.get(DEFAULT) or ""),
        name=spec.name,
        description=spec.description,
        position=position,
        format=spec.format,
        kind=spec.kind,
        url=spec.url or "",
        mimetype=spec.mimetype,
        extras=spec.extras,
    )
    _checked(resource)
    resource.save(force_insert=True)
    if spec.sent is not None:
        _put(resource, spec.sent, by)
    return resource


def change_file(resource: Resource, spec: FileSpec, *, by: UUID | None) -> bool:
    """Make a file or link say what is sent; return whether anything changed. Raises Invalid."""
    values: dict[str, Any] = {
        "name": spec.name,
        "description": spec.description,
        "format": spec.format,
        "kind": spec.kind,
        "extras": spec.extras,
    }
    if spec.url is not None:
        # A link now, whatever it was: the versions of its table stay at their addresses.
        values |= {"url": spec.url, "mimetype": spec.mimetype, "current": None, "file": None}
        values["file_name"] = ""
    changed = [name for name, value in values.items() if getattr(resource, name) != value]
    for name in changed:
        setattr(resource, name, values[name])
    if changed:
        resource.modified_at = timezone.now()
        if resource.published_at is None and spec.url is not None:
            loading.drop_waiting(resource)
        _checked(resource)
        resource.save(update_fields=[*changed, "modified_at"])
    put = spec.sent is not None and _put(resource, spec.sent, by)
    return bool(changed) or put


def _put(resource: Resource, sent: Sent, by: UUID | None) -> bool:
    """Put new contents in a file; return whether they are new."""
    now = timezone.now()
    if sent.table is None:
        same = resource.file_id == sent.file.pk and resource.file_name == sent.name
        loading.drop_waiting(resource)
        resource.file, resource.file_name = sent.file, sent.name
        resource.mimetype, resource.url, resource.current = sent.mimetype, "", None
        if not same:
            resource.modified_at = now
        resource.save()
        return not same
    version, made = loading.record(
        resource, sent.table.stored, sent.csv, sent.profile, by=by,
        understood=sent.table.understood,
    )  # fmt: skip
    was = Original.objects.filter(version=version).first()
    if was is None or was.file_id != sent.file.pk or was.name != sent.name:
        made = True
        Original.objects.update_or_create(
            version=version,
            defaults={"file": sent.file, "name": sent.name, "mimetype": sent.mimetype},
        )
    if made:
        resource.file, resource.file_name, resource.url = None, "", ""
        resource.modified_at = now
        resource.save(update_fields=["file", "file_name", "url", "modified_at"])
    return made


def drop_file(resource: Resource) -> None:
    """Take a file or link away; the published versions of a table stay at their addresses."""
    loading.drop_waiting(resource)
    if resource.versions.filter(published_at__isnull=False).exists():
        resource.current, resource.published_at = None, None
        resource.modified_at = timezone.now()
        resource.save(update_fields=["current", "published_at", "modified_at"])
    else:
        resource.delete()


def publish_contents(dataset: Dataset, touched: Iterable[UUID] = ()) -> list[Resource]:
    """Publish what waits in a dataset: versions, files, links; return the files concerned.

    `touched` are files that may hold nothing yet: CKAN shows those too.
    """
    now, shown = timezone.now(), []
    waiting = (
        Version.objects.select_for_update(of=("self",))
        .filter(resource__dataset=dataset, published_at__isnull=True)
        .select_related("resource")
    )
    for version in waiting:
        version.published_at = now
        version.save(update_fields=["published_at"])
        resource = version.resource
        resource.current, resource.published_at = version, resource.published_at or now
        resource.save(update_fields=["current", "published_at"])
        shown.append(resource)
    holding = UNPUBLISHED | Q(pk__in=list(touched), published_at__isnull=True)
    bare = dataset.resources.filter(holding, versions__isnull=True)
    for resource in bare:
        resource.published_at = now
        resource.save(update_fields=["published_at"])
        shown.append(resource)
    return shown


def drop_tables(hashes: Iterable[str]) -> None:
    """Remove tables from the store once the transaction is done, unless others hold them."""
    for sha256 in hashes:
        transaction.on_commit(partial(loading.drop_table, sha256))
