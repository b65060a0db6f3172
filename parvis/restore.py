"""Restoring a backup: checked first, then put in place at once; what was there is set aside.

The memory of the last signed head (`ledger/checkpoints.db`) only ever moves forward. When the home
knows of a later head than the backup, of the same register, its whole `ledger/` is kept: the
register then stays readable as it was and refuses to sign until an operator decides
(`docs/operators.md`).
"""

import fcntl
import hashlib
import json
import os
import shutil
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from parvis import backup
from parvis.commands.site import holds_site
from parvis.commands.words import Stop, gettext

_ = gettext
VKEY = "log.vkey"


@dataclass(frozen=True)
class Restored:
    """What was restored: when the backup was taken, what it holds, where the old things went.

    `later_head` says that the home remembers a later signed head than the backup has.
    """

    taken_at: str
    counts: backup.Counts
    aside: Path | None
    later_head: bool


@contextmanager
def nobody_else(home: Path) -> Iterator[None]:
    """Hold the home while nothing serves it. Raises Stop."""
    held = []
    try:
        for name in ("serve.lock", "worker.lock", "prepare.lock"):
            descriptor = os.open(home / name, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            held.append(descriptor)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise Stop(_("Parvis runs on %(home)s: stop it first.") % {"home": home}) from None
        yield
    finally:
        for descriptor in held:
            os.close(descriptor)


def unpack(archive: Path, folder: Path) -> dict[str, Any]:
    """Unpack a backup into `folder`, compare every hash, return the manifest. Raises Stop."""
    try:
        with tarfile.open(archive) as tar:
            tar.extractall(folder, filter="data")
    except FileNotFoundError:
        raise Stop(_("There is no file %(path)s.") % {"path": archive}) from None
    except (tarfile.TarError, EOFError, OSError) as error:
        raise Stop(
            _("%(path)s cannot be read whole: %(error)s") % {"path": archive, "error": error}
        ) from error
    try:
        manifest: dict[str, Any] = json.loads((folder / backup.MANIFEST).read_text())
    except (FileNotFoundError, ValueError):
        raise Stop(
            _("%(path)s is not a complete backup: its manifest is missing.") % {"path": archive}
        ) from None
    if manifest.get("format") != backup.FORMAT:
        raise Stop(_("%(path)s was made by another version of Parvis.") % {"path": archive})
    for name, sha256 in manifest["members"].items():
        if _sha256(folder / name) != sha256:
            raise Stop(
                _("%(path)s is damaged: %(name)s has another content.")
                % {"path": archive, "name": name}
            )
    return manifest


def _sha256(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except FileNotFoundError:
        return ""


def head_size(ledger: Path) -> int:
    """Return how many leaves the last signed head of a register had; 0 where there is none."""
    from parvis.ledger.store import Store

    store = Store(ledger)
    return store.head().size if store.ready else 0


def _same_register(one: Path, other: Path) -> bool:
    """Whether two folders hold the same register: the same public key."""
    keys = [path.read_text().strip() for path in (one / VKEY, other / VKEY) if path.is_file()]
    return len(keys) == 2 and keys[0] == keys[1]


def _set_aside(home: Path, database: Path | None) -> Path | None:
    """Move what the home holds into a folder of its own and return it."""
    found = [path for path in sorted(home.iterdir()) if not _stays(path.name)]
    if database and database.exists() and database.parent != home:
        found += [database]
    if not found:
        return None
    aside = home / f"replaced-{datetime.now(UTC):%Y%m%dT%H%M%SZ}"
    aside.mkdir(mode=0o700)
    if database is None:
        backup.run_postgres("pg_dump", "--format=custom", f"--file={aside / 'parvis.dump'}")
    for path in found:
        shutil.move(str(path), aside / path.name)
    return aside


def _stays(name: str) -> bool:
    return name.startswith((".restore-", "replaced-")) or name.endswith(".lock")


def restore(data: Path, *, keys: Path | None = None, replace: bool = False) -> Restored:
    """Put a backup in place of what the home holds. Raises Stop and changes nothing when it cannot.

    `replace` allows it over a site; the old files then stay in `replaced-<time>/`.
    """
    from django.conf import settings
    from django.db import connections

    home, database = settings.HOME, backup.sqlite_path()
    keys = keys or backup.keys_path(data)
    with nobody_else(home):
        if (database is None or database.exists()) and holds_site() and not replace:
            raise Stop(
                _("%(home)s holds a site. --replace puts the backup in its place; what is there "
                  "is set aside.") % {"home": home}
            )  # fmt: skip
        staging = Path(tempfile.mkdtemp(prefix=".restore-", dir=home))
        try:
            manifest = unpack(data, staging / "data")
            if unpack(keys, staging / "keys")["taken_at"] != manifest["taken_at"]:
                raise Stop(_("%(keys)s is of another backup.") % {"keys": keys})
            wanted = backup.SQLITE if database else backup.POSTGRESQL
            if manifest["database"] != wanted:
                raise Stop(
                    _("This backup is of another kind of database than PARVIS_DATABASE_URL.")
                )
            connections.close_all()
            aside, later = _put(home, staging, database)
        finally:
            shutil.rmtree(staging, ignore_errors=True)
    return Restored(manifest["taken_at"], _finish(), aside, later)


def _put(home: Path, staging: Path, database: Path | None) -> tuple[Path | None, bool]:
    """Swap the unpacked home in; return (folder of the old things, whether a later head stays)."""
    fresh = staging / "data" / "home"
    fresh.mkdir(exist_ok=True)
    shutil.copytree(staging / "keys" / "home", fresh, dirs_exist_ok=True)
    ours, theirs = home / "ledger", fresh / "ledger"
    later = _same_register(ours, theirs) and head_size(ours) > head_size(theirs)
    if later:
        # A register only grows: its files here hold all that the backup's do, and more.
        for path in theirs.glob("*.key"):
            if not (ours / path.name).exists():
                shutil.copyfile(path, ours / path.name)
        shutil.rmtree(theirs)
        shutil.move(str(ours), theirs)
    aside = _set_aside(home, database)
    for path in sorted(fresh.iterdir()):
        shutil.move(str(path), home / path.name)
    for path in (home / "secret.key", *(home / "ledger").glob("*.key")):
        if path.exists():
            path.chmod(0o600)
    if database:
        database.parent.mkdir(parents=True, exist_ok=True)
        shutil.move(str(staging / "data" / backup.SQLITE), database)
    else:
        backup.run_postgres(
            "pg_restore", "--clean", "--if-exists", "--no-owner", "--no-privileges",
            "--single-transaction", str(staging / "data" / backup.POSTGRESQL),
        )  # fmt: skip
    return aside, later


def _finish() -> backup.Counts:
    """Bring an older backup in step with the code, tell every process, count."""
    from parvis.commands.prepare import prepare
    from parvis.core import cache

    prepare()
    cache._counter = None
    cache.bump()
    return backup.counts()
