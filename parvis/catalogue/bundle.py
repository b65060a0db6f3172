"""Everything of a dataset in one zip, written as it is sent: no copy, nothing held whole.

An archive that cannot seek back says the size of each entry after it (APPNOTE 4.3.9), as
`zipfile` does for an output without `seek`.
"""

import io
import zipfile
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any

from django.conf import settings
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from parvis.catalogue import citing, store
from parvis.catalogue.models import Dataset, Resource
from parvis.core import kinds
from parvis.core.errors import NotFound
from parvis.core.files import path_of
from parvis.core.i18n import LANGUAGES, tr
from parvis.tables import write
from parvis.tables.errors import TableError

CHUNK_BYTES = 1 << 18
# What is packed already is not packed again.
_STORED = (".zip", ".gz", ".png", ".jpg", ".jpeg", ".webp", ".parquet", ".xlsx", ".docx", ".pptx")


class _Sink(io.RawIOBase):
    """Where `zipfile` writes: what came is taken away at each step."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []
        self._place = 0

    def writable(self) -> bool:
        """It is."""
        return True

    def write(self, data: Any) -> int:
        """Keep a piece until it is taken."""
        piece = bytes(data)
        self._parts.append(piece)
        self._place += len(piece)
        return len(piece)

    def tell(self) -> int:
        """How much was written."""
        return self._place

    def take(self) -> bytes:
        """Return what came since the last time."""
        out = b"".join(self._parts)
        self._parts.clear()
        return out


Entry = tuple[str, datetime, Iterable[bytes]]


def zipped(entries: Iterable[Entry]) -> Iterator[bytes]:
    """Yield the bytes of an archive of (name, time, pieces), each piece as soon as it is ready."""
    sink = _Sink()
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED, allowZip64=True) as archive:
        for name, moment, pieces in entries:
            local = timezone.localtime(moment)
            info = zipfile.ZipInfo(name, (max(local.year, 1980), *local.timetuple()[1:6]))
            packed = name.lower().endswith(_STORED)
            info.compress_type = zipfile.ZIP_STORED if packed else zipfile.ZIP_DEFLATED
            info.external_attr = 0o644 << 16
            with archive.open(info, "w", force_zip64=True) as entry:
                for piece in pieces:
                    entry.write(piece)
                    if ready := sink.take():
                        yield ready
        # Leaving the block writes the directory.
    yield sink.take()


def name_of(dataset: Dataset) -> str:
    """Return the name of the archive."""
    return f"{dataset.node.slug}.zip"


def entries(dataset: Dataset, files: Iterable[Resource]) -> Iterator[Entry]:
    """Yield what is in the archive of a dataset: each file, the words of columns, the terms.

    `files` are those that people may see, with `current` and `file`. Links are in the text.
    Raises NotFound when a file is not on the disk any more.
    """
    rows, ending = list(files), _("columns")
    yield _("README") + ".txt", dataset.modified_at, [_readme(dataset, rows).encode()]
    for row in rows:
        if row.current is not None:
            version = row.current
            version.resource = row
            moment = version.published_at or version.created_at
            try:
                stored = store.stored(version)
                batches = store.store().open(stored)
            except TableError:
                raise NotFound from None
            yield f"{row.slug}.csv", moment, write.csv_chunks(stored.schema, batches)
            words = stored.schema.codebook_csv().encode()
            yield f"{row.slug}-{ending}.csv", moment, [words]
        elif row.file is not None:
            yield f"{row.slug}/{row.file_name}", row.modified_at, _pieces(row)


def _pieces(row: Resource) -> Iterator[bytes]:
    if row.file is None:
        return
    try:
        with path_of(row.file).open("rb") as file:
            while piece := file.read(CHUNK_BYTES):
                yield piece
    except FileNotFoundError:
        raise NotFound from None


def _readme(dataset: Dataset, rows: Iterable[Resource]) -> str:
    """Return what accompanies the files: what they are, the licence, how to cite, the links."""
    licence = dataset.licence_words
    url = settings.SITE_URL + (kinds.url(dataset.node) or "")
    parts = [tr(dataset.node.title), url, "", tr(dataset.notes), ""]
    parts += [_("Licence"), f"{licence.short}: {licence.title}", licence.url]
    if reason := tr(dataset.licence_reason):
        parts.append(reason)
    parts += ["", _("How to cite"), citing.of(dataset, _language()).text, "", _("Files")]
    for row in rows:
        version = row.current
        facts = row.url or row.file_name
        if version is not None:
            facts = f"{row.slug}.csv, SHA-256 (Parquet) {version.sha256}"
        parts.append(f"- {tr(row.name)}: {facts}")
    if methodology := tr(dataset.methodology):
        parts += ["", _("Method"), methodology]
    return "\n".join(parts).replace("\u00a0", " ") + "\n"


def _language() -> str:
    code = (get_language() or "fr")[:2]
    return code if code in LANGUAGES else "fr"
