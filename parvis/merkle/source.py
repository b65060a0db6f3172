"""Where an audit reads a ledger from: any object with `read(path)`."""

from pathlib import Path
from typing import Protocol

FILE_SIZE_MAX = 32_000_000


class Source(Protocol):
    """A published ledger: `checkpoint`, `tile/...`."""

    def read(self, path: str) -> bytes | None:
        """Return the bytes at `path`, None if there is nothing; OSError if it cannot be read."""
        ...


class FolderSource:
    """A ledger copied into a folder."""

    def __init__(self, folder: Path | str) -> None:
        self._folder = Path(folder).resolve()

    def read(self, path: str) -> bytes | None:
        """Return the file's bytes, None if it is not there or lies outside the folder.

        Raises OSError if it cannot be read or exceeds 32 MB.
        """
        file = (self._folder / path).resolve()
        if not file.is_relative_to(self._folder) or not file.is_file():
            return None
        if file.stat().st_size > FILE_SIZE_MAX:
            raise OSError(f"{path} has more than {FILE_SIZE_MAX} bytes")
        return file.read_bytes()
