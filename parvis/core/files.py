"""Files kept once by their hash; what is uploaded is sniffed and served as an attachment."""

import hashlib
import os
import tempfile
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path

import filetype
from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import Exists, ForeignObjectRel, Model, OuterRef
from django.utils.translation import gettext_lazy as _

from parvis.core import limits
from parvis.core.errors import Invalid
from parvis.core.models import File

# What may be uploaded: extension -> media type; text formats have no signature to sniff.
ALLOWED = {
    "pdf": "application/pdf",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "odt": "application/vnd.oasis.opendocument.text",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "png": "image/png",
    "jpg": "image/jpeg",
    "csv": "text/csv",
    "txt": "text/plain",
    "md": "text/markdown",
}
# What a dataset may carry beside: kept as it came, downloaded, never run by a browser.
DATA_ALLOWED = {
    **ALLOWED,
    "zip": "application/zip",
    "ods": "application/vnd.oasis.opendocument.spreadsheet",
    "odp": "application/vnd.oasis.opendocument.presentation",
    "pptx": "application/vnd.openxmlformats-officedocument.presentationml.presentation",
    "gif": "image/gif",
    "webp": "image/webp",
    "tif": "image/tiff",
    "json": "application/json",
    "geojson": "application/geo+json",
    "xml": "application/xml",
    "kml": "application/vnd.google-earth.kml+xml",
    "gml": "application/gml+xml",
}
_TEXT = {"csv", "txt", "md", "json", "geojson", "xml", "kml", "gml"}
_ARCHIVES = {"docx", "odt", "xlsx", "zip", "ods", "odp", "pptx"}


def path_of(file: File) -> Path:
    """Return where the bytes are."""
    return Path(settings.MEDIA_ROOT) / file.storage_key


def store(chunks: Iterable[bytes], media_type: str) -> File:
    """Keep bytes under their SHA-256 (temp, fsync, rename) and return their row."""
    root = Path(settings.MEDIA_ROOT)
    root.mkdir(parents=True, exist_ok=True)
    digest, size = hashlib.sha256(), 0
    with tempfile.NamedTemporaryFile(dir=root, delete=False) as temporary:
        for chunk in chunks:
            digest.update(chunk)
            size += len(chunk)
            temporary.write(chunk)
        temporary.flush()
        os.fsync(temporary.fileno())
    name = digest.hexdigest()
    key = f"{name[:2]}/{name}"
    target = root / key
    target.parent.mkdir(exist_ok=True)
    Path(temporary.name).replace(target)
    file, _made = File.objects.get_or_create(
        sha256=name, defaults={"size": size, "media_type": media_type, "storage_key": key}
    )
    return file


def pointing() -> list[tuple[type[Model], str]]:
    """Return what may point to a file: model and field, of every application."""
    found = File._meta.get_fields(include_hidden=True)
    return [(r.related_model, r.field.name) for r in found if isinstance(r, ForeignObjectRel)]


def sweep(before: float) -> int:
    """Remove the files that no row points to and that nobody sent since `before` (seconds of Unix).

    Such are those of requests refused once their bytes were kept, and of what was erased. Return
    how many.
    """
    root, gone = Path(settings.MEDIA_ROOT), 0
    rows = File.objects.all()
    for model, name in pointing():
        rows = rows.exclude(Exists(model._base_manager.filter(**{name: OuterRef("pk")})))
    for file in rows:
        if not _left(path_of(file), before):
            continue
        # Asked again of the database: whoever sent the same bytes meanwhile keeps its row.
        with suppress(IntegrityError), transaction.atomic():
            gone += rows.filter(pk=file.pk)._raw_delete(rows.db)
    known = set(File.objects.values_list("storage_key", flat=True))
    for path in (*root.glob("??/*"), *root.glob("tmp*")):
        if path.is_file() and str(path.relative_to(root)) not in known and _left(path, before):
            path.unlink(missing_ok=True)
    return gone


def _left(path: Path, before: float) -> bool:
    """Whether a file is gone, or was last sent before this moment: each sending renews its time."""
    try:
        return path.stat().st_mtime < before
    except FileNotFoundError:
        return True


def sniff(name: str, content: bytes, allowed: Mapping[str, str] = ALLOWED) -> str:
    """Return the media type of an upload. Raises Invalid when it is not what its name says."""
    extension = name.rsplit(".", 1)[-1].lower().replace("jpeg", "jpg").replace("tiff", "tif")
    if extension not in allowed:
        raise Invalid(
            {"file": [_("Only these files are accepted: %(list)s.") % {"list": ", ".join(allowed)}]}
        )
    if len(content) > limits.UPLOAD_BYTES:
        raise Invalid({"file": [_("The file is larger than 10 MB.")]})
    found = filetype.guess(content)
    if extension in _TEXT:
        if found is not None or b"\0" in content[:4096]:
            raise Invalid({"file": [_("This file is not text, whatever its name says.")]})
        return allowed[extension]
    if extension in _ARCHIVES:
        honest = content[:4] == b"PK\x03\x04"
    else:
        honest = found is not None and found.mime == allowed[extension]
    if not honest:
        raise Invalid(
            {
                "file": [
                    _("This file is not a %(kind)s, whatever its name says.") % {"kind": extension}
                ]
            }
        )
    return allowed[extension]
