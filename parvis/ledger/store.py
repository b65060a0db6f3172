"""What the register keeps outside the database: key, tiles, heads, and what is being written.

    PARVIS_HOME/ledger/
        origin, log.vkey    fixed at creation
        log.key             mode 0600, never in a backup of the database
        checkpoints.db      the last signed head (compare-and-swap) and the batch being written
        tile/, checkpoint   published
        lost/<n>/           earlier registers that a failure ended, still served

The last head lives outside the database so that a restored backup can never sign a smaller tree.
"""

import fcntl
import json
import os
import secrets
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from django.conf import settings

from parvis.merkle.note import Signer, Verifier, parse_vkey
from parvis.merkle.tree import EMPTY_ROOT

HEADS = "checkpoints.db"
CHECKPOINT = "checkpoint"

_SCHEMA = """
CREATE TABLE head (
  one INTEGER PRIMARY KEY CHECK (one = 1), size INTEGER NOT NULL, root BLOB NOT NULL,
  latest_s INTEGER, note BLOB NOT NULL);
CREATE TABLE batch (
  one INTEGER PRIMARY KEY CHECK (one = 1), start INTEGER NOT NULL, leaves TEXT NOT NULL,
  entries BLOB NOT NULL, root BLOB NOT NULL, latest_s INTEGER NOT NULL);
"""


@dataclass(frozen=True, slots=True)
class Head:
    """The last signed head: leaves, root, latest `at` (seconds since 1970), the signed note."""

    size: int
    root: bytes
    latest_s: int | None = None
    note: bytes = b""


@dataclass(frozen=True, slots=True)
class Batch:
    """Leaves on their way into the tree: rows of these ids become entries from `start` on.

    Kept on disk before anything else is written, so that whatever is killed, the same tree is
    built again: a size is never signed with two roots, a published tile never changes.
    """

    start: int
    leaves: tuple[int, ...]
    entries: tuple[bytes, ...]
    root: bytes
    latest_s: int

    @property
    def size(self) -> int:
        """Leaves of the tree once the batch is in it."""
        return self.start + len(self.entries)


class HeadMoved(Exception):
    """The last head is not the one this batch extends: somebody else signed, or it was lost."""


def site_origin() -> str:
    """Return the origin of a new register: the site's address without scheme, then /ledger."""
    parts = urlsplit(settings.SITE_URL)
    return f"{parts.netloc}{parts.path.rstrip('/')}/ledger"


class Store:
    """The files of one register. `read(path)` makes it a Source of `parvis.merkle`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @classmethod
    def here(cls) -> "Store":
        """Return the register of this home."""
        return cls(Path(settings.HOME) / "ledger")

    # Creation and key ----------------------------------------------------------------------------

    @property
    def ready(self) -> bool:
        """Whether the heads are there."""
        return (self.folder / HEADS).is_file()

    @property
    def used(self) -> bool:
        """Whether something was published: then missing heads are a loss, not a beginning."""
        return (self.folder / CHECKPOINT).exists() or (self.folder / "tile").exists()

    @property
    def origin(self) -> str:
        """The register's name, fixed at creation."""
        return (self.folder / "origin").read_text(encoding="utf-8").strip()

    @property
    def verifier(self) -> Verifier:
        """The public key."""
        return parse_vkey((self.folder / "log.vkey").read_text(encoding="utf-8"))

    def signer(self) -> Signer:
        """Return the private key. Raises FileNotFoundError, NoteError."""
        return Signer.parse((self.folder / "log.key").read_text(encoding="utf-8"))

    def create(self, origin: str) -> None:
        """Make key and heads; a key that is there is kept. Ends with `checkpoints.db`."""
        make_folder(self.folder)
        key = self.folder / "log.key"
        if not key.exists():
            signer = Signer(origin, secrets.token_bytes(32))
            write_durably(key, f"{signer.private}\n".encode(), mode=0o600)
        verifier = self.signer().verifier
        write_durably(self.folder / "origin", f"{verifier.name}\n".encode())
        write_durably(self.folder / "log.vkey", f"{verifier.vkey}\n".encode())
        temporary = self.folder / f"{HEADS}.new"
        temporary.unlink(missing_ok=True)
        with closing(sqlite3.connect(temporary, isolation_level=None)) as heads:
            heads.executescript(f"PRAGMA synchronous=EXTRA; BEGIN; {_SCHEMA} COMMIT;")
            heads.execute("INSERT INTO head VALUES (1, 0, ?, NULL, x'')", (EMPTY_ROOT,))
        _sync(temporary)
        temporary.rename(self.folder / HEADS)
        _sync(self.folder)

    @contextmanager
    def lock(self) -> Iterator[bool]:
        """Hold the register's lock, or give False at once if any other process or thread does."""
        make_folder(self.folder)
        descriptor = os.open(self.folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                yield False
                return
            yield True
        finally:
            os.close(descriptor)

    # Heads ---------------------------------------------------------------------------------------

    @contextmanager
    def _heads(self, begin: str = "BEGIN IMMEDIATE") -> Iterator[sqlite3.Connection]:
        # mode=rw: a file that is missing is an error, never a new empty one.
        address = f"{(self.folder / HEADS).as_uri()}?mode=rw"
        with closing(sqlite3.connect(address, uri=True, isolation_level=None, timeout=20)) as heads:
            # EXTRA is FULL and one sync more: with a rollback journal, FULL alone may lose the
            # last commit on a power cut, and the last head is exactly what must not be lost.
            heads.execute("PRAGMA synchronous=EXTRA")
            heads.execute(begin)
            try:
                yield heads
            except BaseException:
                heads.execute("ROLLBACK")
                raise
            heads.execute("COMMIT")

    def head(self) -> Head:
        """Return the last signed head."""
        with self._heads("BEGIN") as heads:
            row = heads.execute("SELECT size, root, latest_s, note FROM head").fetchone()
        return Head(*row)

    def batch(self) -> Batch | None:
        """Return the batch being written, if any."""
        with self._heads("BEGIN") as heads:
            row = heads.execute(
                "SELECT start, leaves, entries, root, latest_s FROM batch"
            ).fetchone()
        if row is None:
            return None
        start, leaves, entries, root, latest_s = row
        return Batch(start, tuple(json.loads(leaves)), tuple(_split(entries)), root, latest_s)

    def keep(self, batch: Batch) -> None:
        """Keep a batch before anything of it is written."""
        row = (
            batch.start,
            json.dumps(batch.leaves),
            b"".join(len(e).to_bytes(4, "big") + e for e in batch.entries),
            batch.root,
            batch.latest_s,
        )
        with self._heads() as heads:
            heads.execute("INSERT INTO batch VALUES (1, ?, ?, ?, ?, ?)", row)

    def drop_batch(self) -> None:
        """Forget the batch: it is written everywhere, or can never be."""
        with self._heads() as heads:
            heads.execute("DELETE FROM batch")

    def swap(self, batch: Batch, note: bytes) -> None:
        """Make the batch's head the last one, if the last one is the head it extends.

        Done again after a crash, it changes nothing. Raises HeadMoved.
        """
        with self._heads() as heads:
            size, root = heads.execute("SELECT size, root FROM head").fetchone()
            if (size, root) == (batch.size, batch.root):
                return
            changed = heads.execute(
                "UPDATE head SET size = ?, root = ?, latest_s = ?, note = ? WHERE size = ?",
                (batch.size, batch.root, batch.latest_s, note, batch.start),
            ).rowcount
            if not changed:
                raise HeadMoved(
                    f"the last head has {size} leaves, the batch starts at {batch.start}"
                )

    # Published files -----------------------------------------------------------------------------

    def read(self, path: str) -> bytes | None:
        """Return the bytes at `path` (checkpoint, tile/...), None if there is nothing."""
        try:
            return (self.folder / path).read_bytes()
        except (FileNotFoundError, NotADirectoryError):
            return None

    def write(self, path: str, data: bytes) -> None:
        """Publish bytes: temporary file, fsync, rename, fsync of the folder."""
        write_durably(self.folder / path, data)

    # Earlier registers ----------------------------------------------------------------------------

    def lost(self, number: int) -> "Store":
        """Return an earlier register that a failure ended, from 1."""
        return Store(self.folder / "lost" / str(number))

    @property
    def lost_count(self) -> int:
        """How many registers failures ended before this one."""
        number = 0
        while (self.folder / "lost" / str(number + 1)).is_dir():
            number += 1
        return number

    def put_away(self) -> None:
        """Move everything that is this register's to lost/<n>; after a crash, it goes on."""
        if not (self.folder / "log.key").exists():
            return
        number = self.lost_count
        if number == 0 or (self.lost(number).folder / "log.key").exists():
            number += 1
        target = self.folder / "lost" / str(number)
        make_folder(target)
        # The key last: it tells whether the move was finished.
        for name in (
            HEADS,
            f"{HEADS}-journal",
            "tile",
            "checkpoint",
            "origin",
            "log.vkey",
            "log.key",
        ):
            if (self.folder / name).exists():
                (self.folder / name).rename(target / name)
        _sync(target)
        _sync(self.folder)

    def new_origin(self) -> str:
        """Return the origin of a register created now: another one after each failure."""
        return site_origin() + (f"/{self.lost_count + 1}" if self.lost_count else "")


def _split(raw: bytes) -> Sequence[bytes]:
    found, start = [], 0
    while start < len(raw):
        end = start + 4 + int.from_bytes(raw[start : start + 4], "big")
        found.append(raw[start + 4 : end])
        start = end
    return found


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def make_folder(folder: Path) -> None:
    """Make a folder and its parents, each on disk when this returns."""
    if folder.is_dir():
        return
    make_folder(folder.parent)
    folder.mkdir(exist_ok=True)
    _sync(folder.parent)


def write_durably(path: Path, data: bytes, *, mode: int = 0o644) -> None:
    """Write a file so that, after a crash, it is there whole or not at all. Raises OSError."""
    make_folder(path.parent)
    temporary = path.with_name(f".{path.name}.new")
    temporary.unlink(missing_ok=True)
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    temporary.rename(path)
    _sync(path.parent)
