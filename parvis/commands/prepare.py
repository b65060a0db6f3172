"""Brings a home in step with the code: catalogues, database, static files; and fills the demo.

Everything here does nothing when there is nothing to do, and one process at a time does it.
"""

import fcntl
import hashlib
import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from parvis.commands import stamp
from parvis.commands.words import Stop, gettext, say

_ = gettext
# Any 63-bit number, the same in every process: it names the lock on PostgreSQL.
_LOCK = 7_023_514_180_221_907
# Of our dependencies, and on no page: compressing them took 20 s of the first start.
_UNUSED_STATIC = ["ninja", "ext", "django_htmx"]


def start_django() -> None:
    """Load settings and applications. Raises Stop in words where a setting is wrong."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "parvis.settings")
    import django
    from django.core.exceptions import ImproperlyConfigured

    try:
        django.setup()
    except (ImproperlyConfigured, ValueError) as error:
        raise Stop(_("A setting is wrong: %(error)s") % {"error": error}) from error
    except OSError as error:
        raise Stop(
            _("The folder of PARVIS_HOME cannot be used: %(error)s") % {"error": error}
        ) from error
    from django.utils import translation

    from parvis.commands.words import language

    translation.activate(language())


@contextmanager
def alone(name: str) -> Iterator[None]:
    """Wait for, then hold, the home's lock called `name`."""
    from django.conf import settings

    descriptor = os.open(
        settings.HOME / f"{name}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600
    )
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


@contextmanager
def _database_lock() -> Iterator[None]:
    """On PostgreSQL several machines may start at once: one of them migrates."""
    from django.db import connection

    if connection.vendor != "postgresql":
        yield
        return
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(%s)", [_LOCK])
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_unlock(%s)", [_LOCK])


def pending_migrations() -> list[str]:
    """Return the names of the migrations that the database has not seen."""
    from django.db import connection
    from django.db.migrations.executor import MigrationExecutor

    executor = MigrationExecutor(connection)
    plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
    return [f"{step.app_label}.{step.name}" for step, _backwards in plan]


def database() -> None:
    """Apply the migrations that are missing."""
    from django.core.management import call_command

    with _database_lock():
        if waiting := pending_migrations():
            say(_("Database: %(n)d migrations to apply") % {"n": len(waiting)})
            call_command("migrate", verbosity=0, interactive=False)


def _static_state() -> str:
    """Return a hash of the names, sizes and times of every static source."""
    from django.conf import settings
    from django.contrib.staticfiles.finders import get_finders

    total = hashlib.sha256(settings.STORAGES["staticfiles"]["BACKEND"].encode())
    for finder in get_finders():
        for name, storage in finder.list(_UNUSED_STATIC):
            found = Path(storage.path(name)).stat()
            total.update(f"{name}\0{found.st_size}\0{found.st_mtime_ns}\n".encode())
    return total.hexdigest()


def static_files() -> None:
    """Collect and compress static files when a source changed."""
    from django.conf import settings
    from django.core.management import call_command

    kept = Path(settings.STATIC_ROOT) / "parvis.stamp"
    state = _static_state()
    if kept.exists() and kept.read_text() == state:
        return
    say(_("Static files: collecting"))
    call_command("collectstatic", verbosity=0, interactive=False, ignore_patterns=_UNUSED_STATIC)
    kept.write_text(state)


def prepare(*, demo: str = "none") -> None:
    """Bring everything in step; `demo` is `none`, `once` or `fresh`."""
    from parvis.core.catalogs import compile_all

    with alone("prepare"):
        started = time.monotonic()
        compile_all()
        database()
        static_files()
        if demo != "none":
            fill_demo(fresh=demo == "fresh")
        stamp.keep()
        took = time.monotonic() - started
        if took > 2:
            say(_("Ready after %(n).0f s") % {"n": took})


def fill_demo(*, fresh: bool) -> None:
    """Fill the demo where the site is empty; `fresh` starts it over.

    Raises Stop on a site that is not a demo: nothing there is ever touched.
    """
    from django.conf import settings

    from parvis.core.models import Site

    done, half = settings.HOME / "demo.done", settings.HOME / "demo.filling"
    holds = Site.objects.exists()
    if holds and not done.exists() and not half.exists():
        if fresh:
            raise Stop(_("This home holds a site that is not the demo: nothing was touched."))
        say(_("This home holds a site already: the demo was not filled."))
        return
    if holds and done.exists() and not fresh:
        return
    from parvis.site import demo_loader

    if holds or half.exists():
        start_over()
    say(_("Demo: filling it, once"))
    half.touch()
    demo_loader.load(lambda part: say(f"  {part}"))
    done.touch()
    half.unlink()


def start_over() -> None:
    """Empty the home of everything but its secrets and static files. Raises Stop while it works.

    Only ever called on the demo: what people entered is lost.
    """
    from django.conf import settings
    from django.core.management import call_command
    from django.db import connection, connections

    with _no_worker(settings.HOME):
        if connection.vendor == "sqlite":
            connections.close_all()
            path = Path(str(settings.DATABASES["default"]["NAME"]))
            for ending in ("", "-wal", "-shm", "-journal"):
                path.with_name(path.name + ending).unlink(missing_ok=True)
        else:
            call_command("flush", verbosity=0, interactive=False)
        for name in ("files", "tables", "ledger", "mail", "seen", "cards"):
            shutil.rmtree(settings.HOME / name, ignore_errors=True)
        for name in ("demo.done", "demo.filling"):
            (settings.HOME / name).unlink(missing_ok=True)
        database()


@contextmanager
def _no_worker(home: Path) -> Iterator[None]:
    descriptor = os.open(home / "worker.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    except BlockingIOError:
        raise Stop(_("Parvis runs on %(home)s: stop it first.") % {"home": home}) from None
    finally:
        os.close(descriptor)
