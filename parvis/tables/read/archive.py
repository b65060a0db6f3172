"""Zip archives, which spreadsheets are; damaged and protected ones are refused in words."""

import lzma
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO

from parvis.tables.errors import TableError

# What `zipfile` raises on archives that are damaged, protected (RuntimeError), packed in a way it
# does not know (NotImplementedError, which is one too) or that lie about places (ValueError).
DAMAGED = (
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    RuntimeError,
    OSError,
    EOFError,
    ValueError,
)


@contextmanager
def opened_archive(file: BinaryIO) -> Iterator[zipfile.ZipFile]:
    """The archive in `file`, from its start.

    Raises `TableError("not_a_spreadsheet")` when it is damaged or protected, also while its entries
    are read.
    """
    try:
        file.seek(0)
        with zipfile.ZipFile(file) as archive:
            yield archive
    except DAMAGED as error:
        raise TableError("not_a_spreadsheet") from error
