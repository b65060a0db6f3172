"""Backups: the whole home in one tar while people use it, and its secrets in another.

`FILE.tar` holds the database as it was at one moment, the files, the tables and the published
register. `FILE.keys.tar`, mode 0600, holds what signs or opens: the site's secret, the register's
signing key, and `checkpoints.db`, the memory of the last head that was signed. Keep them apart:
whoever holds both can sign in the site's name.

A restored *old* backup must never sign a smaller tree (TRUST 2.2). So `restore` keeps the
`checkpoints.db` that is in the home when it knows of a later head of the same register; the
sequencer then refuses to sign until it has caught up.
"""

import fcntl
import hashlib
import io
import json
import os
import shutil
import sqlite3
import subprocess
import tarfile
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

from parvis.commands.words import Stop, gettext

_ = gettext
FORMAT = 1
QUIET_SECONDS_MAX = 30
TURNSTILE = "sequencer.lock"
MANIFEST = "manifest.json"
SQLITE, POSTGRESQL = "database/parvis.db", "database/parvis.dump"
# Made again by the next start, or only true of the running processes; mail was sent already.
LEFT_OUT = frozenset({"static", "generation", ".ready", "mail", "tmp", "prepared.stamp"})
_SECRET_NAMES = frozenset({"secret.key", "checkpoints.db"})


@dataclass(frozen=True)
class Counts:
    """What a home holds: compared after a restore."""

    nodes: int
    contributions: int
    events: int
    leaves: int


def counts() -> Counts:
    """Count the database's rows that may never be lost."""
    from parvis.consult.models import Contribution
    from parvis.core.models import Event, Node
    from parvis.ledger.models import Leaf

    return Counts(
        Node.objects.count(),
        Contribution.objects.count(),
        Event.objects.count(),
        Leaf.objects.count(),
    )


def keys_path(data: Path) -> Path:
    """Return where the secrets of a backup go: `x.tar` -> `x.keys.tar`."""
    name = data.name
    for ending in (".tar.gz", ".tgz", ".tar"):
        if name.endswith(ending):
            return data.with_name(name.removesuffix(ending) + ".keys.tar")
    return data.with_name(name + ".keys.tar")


def is_secret(relative: Path) -> bool:
    """Whether a file of the home signs or opens something."""
    return relative.name in _SECRET_NAMES or relative.suffix == ".key"


def _is_left_out(relative: Path) -> bool:
    first, name = relative.parts[0], relative.name
    return (
        first in LEFT_OUT
        or first.startswith((".backup-", ".restore-", "replaced-"))
        or name == "lock"
        or name.endswith((".lock", ".write", "-wal", "-shm", "-journal", ".tmp", ".new"))
        or name.startswith("worker.heartbeat")
        or (first == "files" and name.startswith("tmp"))
        or relative.parts[:2] == ("tables", "tmp")
        # Made again from the tables themselves.
        or (relative.parts[0] == "tables" and relative.suffix == ".duckdb")
    )


def home_files(home: Path, database: Path | None) -> Iterator[Path]:
    """Yield the files to keep, relative to the home; the database is copied apart."""
    for folder, folders, names in os.walk(home):
        here = Path(folder)
        folders[:] = sorted(
            name for name in folders if not _is_left_out((here / name).relative_to(home))
        )
        for name in sorted(names):
            relative = (here / name).relative_to(home)
            if not _is_left_out(relative) and here / name != database:
                yield relative


# Taking a backup ---------------------------------------------------------------------------------


def copy_sqlite(source: Path, target: Path) -> None:
    """Copy a database that others may be writing to."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with sqlite3.connect(f"file:{source}?mode=ro", uri=True) as old, sqlite3.connect(target) as new:
        old.backup(new)
    old.close()
    new.close()


class _SqliteMoment:
    """A snapshot of the SQLite database: taken at once, copied afterwards."""

    name = SQLITE

    def __init__(self, path: Path) -> None:
        self.link = sqlite3.connect(f"file:{path}?mode=ro", uri=True, isolation_level=None)
        self.link.execute("BEGIN")
        self.link.execute("SELECT count(*) FROM sqlite_master").fetchone()

    def copy(self, target: Path) -> None:
        """Write what the database held at the moment of the snapshot."""
        with sqlite3.connect(target) as new:
            # The open transaction keeps its snapshot: writers go on in the WAL.
            self.link.backup(new)
        new.close()

    def close(self) -> None:
        """Let the snapshot go."""
        self.link.close()


class _PostgresMoment:
    """A snapshot of the PostgreSQL database, handed to pg_dump."""

    name = POSTGRESQL

    def __init__(self) -> None:
        from django.db import connection

        self.link = cast(Any, connection).copy(alias="backup")
        self.link.set_autocommit(False)
        with self.link.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
            cursor.execute("SELECT pg_export_snapshot()")
            self.snapshot = cursor.fetchone()[0]

    def copy(self, target: Path) -> None:
        """Write what the database held at the moment of the snapshot. Raises Stop."""
        run_postgres(
            "pg_dump", "--format=custom", "--no-owner", "--no-privileges",
            f"--snapshot={self.snapshot}", f"--file={target}",
        )  # fmt: skip

    def close(self) -> None:
        """Let the snapshot go."""
        self.link.rollback()
        self.link.close()


def run_postgres(command: str, *arguments: str) -> None:
    """Run pg_dump or pg_restore on the site's database. Raises Stop in words."""
    from django.conf import settings

    database = settings.DATABASES["default"]
    program = shutil.which(command)
    if program is None:
        raise Stop(
            _("%(program)s is not installed: it comes with PostgreSQL's client tools.")
            % {"program": command}
        )
    given = {"-h": "HOST", "-p": "PORT", "-U": "USER"}
    where = [f"{option}{database[name]}" for option, name in given.items() if database[name]]
    done = subprocess.run(  # noqa: S603
        [program, *where, f"--dbname={database['NAME']}", *arguments],
        env={**os.environ, "PGPASSWORD": str(database["PASSWORD"])},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["?"])[-1]
        raise Stop(_("%(program)s failed: %(words)s") % {"program": command, "words": last})


@contextmanager
def _staging(home: Path, prefix: str) -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix=prefix, dir=home))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _stage_ledger(home: Path, staging: Path) -> None:
    """Keep the register as it is now: hard links, since its files are only ever replaced."""
    root = home / "ledger"
    if not root.is_dir():
        return
    for relative in home_files(root, None):
        source, target = root / relative, staging / "ledger" / relative
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.suffix == ".db":
            copy_sqlite(source, target)
        else:
            os.link(source, target)


class _Hashing(io.RawIOBase):
    """Reads a file and hashes what is read."""

    def __init__(self, file: Any) -> None:
        self.file = file
        self.digest = hashlib.sha256()

    def read(self, size: int = -1) -> bytes:
        """Return the next bytes."""
        data: bytes = self.file.read(size)
        self.digest.update(data)
        return data


class _Archive:
    """A tar that is complete, on disk, before it gets its name; and the hash of each member."""

    def __init__(self, path: Path, mode: int) -> None:
        self.path = path
        self.temporary = path.with_name(path.name + ".tmp")
        descriptor = os.open(self.temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
        self.raw = os.fdopen(descriptor, "wb")
        packed = path.name.endswith((".gz", ".tgz"))
        self.tar = tarfile.open(fileobj=self.raw, mode="w:gz" if packed else "w")
        self.members: dict[str, str] = {}

    def add(self, source: Path, name: str) -> None:
        """Add a file; one that was destroyed meanwhile (retention) is left out."""
        with suppress(FileNotFoundError), source.open("rb") as file:
            entry = self.tar.gettarinfo(arcname=name, fileobj=file)
            entry.uname = entry.gname = ""
            entry.uid = entry.gid = 0
            hashing = _Hashing(file)
            self.tar.addfile(entry, cast(Any, hashing))
            self.members[name] = hashing.digest.hexdigest()

    def finish(self, facts: dict[str, Any]) -> None:
        """Add the manifest, put everything on disk, give the file its name."""
        raw = json.dumps({**facts, "members": self.members}, indent=1).encode()
        entry = tarfile.TarInfo(MANIFEST)
        entry.size, entry.mode = len(raw), 0o600
        self.tar.addfile(entry, io.BytesIO(raw))
        self.tar.close()
        self.raw.flush()
        os.fsync(self.raw.fileno())
        self.raw.close()
        self.temporary.replace(self.path)

    def abandon(self) -> None:
        """Leave no half-written file."""
        self.raw.close()
        self.temporary.unlink(missing_ok=True)


def _moment(stack: ExitStack, database: Path | None) -> _SqliteMoment | _PostgresMoment:
    moment = _SqliteMoment(database) if database else _PostgresMoment()
    stack.callback(moment.close)
    return moment


def sqlite_path() -> Path | None:
    """Return where the SQLite database is, None on PostgreSQL."""
    from django.conf import settings
    from django.db import connection

    if connection.vendor != "sqlite":
        return None
    return Path(str(settings.DATABASES["default"]["NAME"]))


@contextmanager
def quiet_ledger() -> Iterator[None]:
    """Hold the sequencer between two heads. Raises Stop where it does not let go for 30 s.

    A busy sequencer takes its lock again at once: it goes through a turnstile first, which is
    closed while somebody waits here.
    """
    from django.conf import settings

    from parvis.ledger.store import Store

    descriptor = os.open(settings.HOME / TURNSTILE, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    until = time.monotonic() + QUIET_SECONDS_MAX
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        while True:
            with Store.here().lock() as held:
                if held:
                    yield
                    return
            if time.monotonic() > until:
                raise Stop(_("The register is busy; try again."))
            time.sleep(0.02)
    finally:
        os.close(descriptor)


def backup(target: Path) -> tuple[Path, Path]:
    """Write a backup of the running site and return (data, keys). Raises Stop.

    The sequencer waits for some tens of milliseconds; nobody else waits.
    """
    from django.conf import settings

    target = target.resolve()
    if target.exists() or keys_path(target).exists():
        raise Stop(
            _("%(path)s is there already: backups are never overwritten.") % {"path": target}
        )
    if not target.parent.is_dir():
        raise Stop(_("There is no folder %(path)s.") % {"path": target.parent})
    home, database = settings.HOME, sqlite_path()
    if database and not database.exists():
        raise Stop(_("There is no site in %(home)s.") % {"home": home})
    with ExitStack() as stack:
        staging = stack.enter_context(_staging(home, ".backup-"))
        with quiet_ledger():
            moment = _moment(stack, database)
            _stage_ledger(home, staging)
        (staging / "database").mkdir()
        moment.copy(staging / moment.name)
        moment.close()
        data = _Archive(target, 0o600)
        secrets = _Archive(keys_path(target), 0o600)
        try:
            _fill(data, secrets, home, staging, database, moment.name)
        except BaseException:
            data.abandon()
            secrets.abandon()
            raise
    return target, keys_path(target)


def _fill(
    data: _Archive, secrets: _Archive, home: Path, staging: Path, database: Path | None, name: str
) -> None:
    now = datetime.now(UTC).isoformat(timespec="seconds")
    facts = {"format": FORMAT, "taken_at": now, "database": name}
    data.add(staging / name, name)
    staged = staging / "ledger"
    for relative in home_files(staged, None) if staged.is_dir() else ():
        archive = secrets if is_secret(relative) else data
        archive.add(staged / relative, f"home/ledger/{relative}")
    for relative in home_files(home, database):
        if relative.parts[0] == "ledger":
            continue
        archive = secrets if is_secret(relative) else data
        archive.add(home / relative, f"home/{relative}")
    secrets.finish({**facts, "part": "keys"})
    data.finish({**facts, "part": "data"})
