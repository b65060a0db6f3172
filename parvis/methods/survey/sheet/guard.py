"""Refuses a hostile spreadsheet before anything parses it: bombs, entities, links to elsewhere."""

import io
import re
import zipfile

from django.utils.translation import gettext as _

from parvis.core.errors import Invalid
from parvis.tables.read.archive import DAMAGED

FILE_BYTES = 1_000_000
INFLATED_BYTES = 20_000_000
ENTRIES_MAX = 200
RATIO_MAX = 200
# Under this, a ratio says nothing: a sheet of empty styles shrinks a thousand times.
SMALL_BYTES = 1_000_000
_DECLARED = re.compile(rb"<!(?:DOCTYPE|ENTITY)", re.I)
_WIDE = (b"<\x00!\x00D\x00O\x00C", b"\x00<\x00!\x00D\x00O\x00C")


def check(data: bytes) -> None:
    """Return when the bytes may be parsed. Raises Invalid({"file": …}) when they may not.

    Sizes are those that the archive declares, and no more than these is ever inflated: `zipfile`
    stops an entry at its declared size.
    """
    if len(data) > FILE_BYTES:
        raise _refused(_("This file is too big: 1 MB at most."))
    if not data.startswith(b"PK"):
        return
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            _check_archive(archive)
    except DAMAGED:
        raise _refused(_("This spreadsheet is damaged or protected.")) from None


def _refused(words: str) -> Invalid:
    return Invalid({"file": [words]})


def _check_archive(archive: zipfile.ZipFile) -> None:
    entries = archive.infolist()
    size = sum(entry.file_size for entry in entries)
    if len(entries) > ENTRIES_MAX or size > INFLATED_BYTES:
        raise _refused(_("Once opened, this spreadsheet is too big."))
    for entry in entries:
        if entry.file_size > SMALL_BYTES and entry.file_size > RATIO_MAX * entry.compress_size:
            raise _refused(_("Once opened, this spreadsheet is too big."))
        name = entry.filename.lower()
        if "vbaproject" in name or "externallinks/" in name:
            raise _refused(_("This spreadsheet holds a macro or a link to another file."))
        if name.endswith((".xml", ".rels")):
            text = archive.read(entry)
            if _DECLARED.search(text) or any(mark in text for mark in _WIDE):
                raise _refused(_("This spreadsheet declares entities: it is not read."))
