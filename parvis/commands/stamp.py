"""Whether a home is in step with the code, told without loading Django.

A start looks at the names, sizes and times of what `parvis prepare` works from, and at the
database file itself. Where nothing changed, preparing is skipped: a second of work at each start.
On PostgreSQL another machine may have changed the database, so it is always asked.
"""

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote, urlsplit

ROOT = Path(__file__).resolve().parents[2]
_PARTS = frozenset({"migrations", "static"})


def home() -> Path:
    """Return PARVIS_HOME, as the settings read it."""
    return Path(os.environ.get("PARVIS_HOME", ROOT / "var")).resolve()


def _database() -> Path | None:
    url = os.environ.get("PARVIS_DATABASE_URL")
    if url is None:
        return home() / "parvis.db"
    parts = urlsplit(url)
    return Path(unquote(parts.path)) if parts.scheme == "sqlite" else None


def _sources() -> Iterator[Path]:
    yield ROOT / "uv.lock"
    yield from sorted((ROOT / "locale").glob("*/*.po"))
    for folder, folders, names in os.walk(ROOT / "parvis"):
        folders[:] = sorted(name for name in folders if name != "__pycache__")
        if _PARTS & set(Path(folder).parts):
            yield from (Path(folder, name) for name in sorted(names))


def state() -> str | None:
    """Return what stands for the code and the database of now; None where it cannot be told."""
    database = _database()
    if database is None or not database.exists():
        return None
    # The inode: a database put in the place of another one is another database.
    total = hashlib.sha256(f"{database} {database.stat().st_ino}\n".encode())
    for path in _sources():
        if path.exists():
            found = path.stat()
            total.update(f"{path} {found.st_size} {found.st_mtime_ns}\n".encode())
    return total.hexdigest()


def keep() -> None:
    """Say that the home is in step now."""
    if (now := state()) is not None:
        (home() / "prepared.stamp").write_text(now)


def is_prepared(demo: str = "none") -> bool:
    """Whether `prepare(demo=demo)` would find nothing to do."""
    here = home()
    filled = (here / "demo.done").exists() and not (here / "demo.filling").exists()
    if demo == "fresh" or (demo == "once" and not filled):
        return False
    try:
        kept = (here / "prepared.stamp").read_text()
    except FileNotFoundError:
        return False
    return (here / "static" / "parvis.stamp").exists() and kept == state()
