"""A database with every migration applied, made once for all the processes of a run of tests.

Migrations take ten seconds of computing, and each worker of the tests, each scenario in processes
of its own needs a database: they get copies. Whether the migrations apply is what making it shows.
"""

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

ROOT = Path(__file__).resolve().parents[1]
SERVER = os.environ.get("PARVIS_DATABASE_URL", "")


def on_postgresql() -> bool:
    """Whether the tests run on PostgreSQL."""
    return SERVER.startswith("postgres")


@cache
def _name() -> str:
    """Another name as soon as a migration or a package changes."""
    digest = hashlib.sha256((ROOT / "uv.lock").read_bytes())
    for path in sorted(ROOT.glob("parvis/**/migrations/*.py")):
        digest.update(str(path.relative_to(ROOT)).encode() + path.read_bytes())
    return f"parvis_template_{os.getuid()}_{digest.hexdigest()[:16]}"


def address_of(name: str) -> str:
    """Return the address of a database of the server that the tests run on."""
    return urlunsplit(urlsplit(SERVER)._replace(path=f"/{name}"))


def on_server(*statements: str) -> list[tuple[object, ...]]:
    """Run statements outside of any transaction, on no database in particular; the last's rows."""
    import psycopg

    rows: list[tuple[object, ...]] = []
    address = urlunsplit(urlsplit(SERVER)._replace(scheme="postgresql", path="/postgres"))
    with psycopg.connect(address, autocommit=True) as link:
        for statement in statements:
            found = link.execute(statement)
            rows = found.fetchall() if found.description else []
    return rows


@contextmanager
def _alone() -> Iterator[None]:
    path = Path(tempfile.gettempdir()) / f"{_name()}.lock"
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _migrate(home: Path, **more: str) -> None:
    kept = {k: v for k, v in os.environ.items() if not k.startswith("PARVIS_")}
    environment = {**kept, "PARVIS_HOME": str(home), "DJANGO_SETTINGS_MODULE": "parvis.settings"}
    done = subprocess.run(
        [sys.executable, "manage.py", "migrate", "--verbosity=0", "--skip-checks"],
        cwd=ROOT, env={**environment, **more}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode:
        raise RuntimeError(done.stderr[-4000:])


def _file() -> Path:
    """Return the file of the template on SQLite, made when it is not there."""
    path = Path(tempfile.gettempdir()) / f"{_name()}.db"
    with _alone():
        if not path.exists():
            with tempfile.TemporaryDirectory(prefix="parvis-template-") as folder:
                _migrate(Path(folder))
                made = path.with_suffix(f".{os.getpid()}")
                shutil.copy(Path(folder) / "parvis.db", made)
                made.replace(path)
    return path


def _database() -> str:
    """Return the name of the template on the server, made when it is not there."""
    name = _name()
    with _alone():
        if not on_server(f"SELECT 1 FROM pg_database WHERE datname = '{name}'"):
            making = f"{name}_making"
            on_server(
                f'DROP DATABASE IF EXISTS "{making}" WITH (FORCE)', f'CREATE DATABASE "{making}"'
            )
            with tempfile.TemporaryDirectory(prefix="parvis-template-") as folder:
                _migrate(Path(folder), PARVIS_DATABASE_URL=address_of(making))
            on_server(f'ALTER DATABASE "{making}" RENAME TO "{name}"')
    return name


def give(target: Path | str) -> None:
    """Make a copy: at a path on SQLite, under a name on PostgreSQL; what was there goes."""
    if on_postgresql():
        on_server(
            f'DROP DATABASE IF EXISTS "{target}" WITH (FORCE)',
            f'CREATE DATABASE "{target}" TEMPLATE "{_database()}" STRATEGY FILE_COPY',
        )
        return
    path = Path(target)
    path.parent.mkdir(parents=True, exist_ok=True)
    for suffix in ("-wal", "-shm"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)
    shutil.copy(_file(), path)
