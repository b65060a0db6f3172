"""What every test needs: the catalogues compiled, and the site's own language to begin with."""

import gc
from collections.abc import Iterator

import pytest
from django.utils import translation

from parvis.core.catalogs import compile_all
from tests import template

compile_all()
_PERMISSIONS = "django.contrib.auth.management.create_permissions"

WORKERS = 3
LONG = ("tests/operations/", "tests/ledger/test_ledger_processes", "tests/trust/test_access_matrix",
        "tests/trust/test_headers", "tests/browser/test_pages")  # fmt: skip


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Long tests begin, spread over the workers: none is left alone with them at the end."""
    long = [one for one in items if one.nodeid.startswith(LONG) or one.get_closest_marker("slow")]
    first = {id(one) for one in long}
    short = [one for one in items if id(one) not in first]
    size = -(-len(short) // WORKERS)
    items[:] = [
        one
        for n in range(WORKERS)
        for one in (*long[n::WORKERS], *short[n * size : (n + 1) * size])
    ]


def pytest_collection_finish() -> None:
    """What was loaded stays to the end: the collector need not walk it before each test."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)


def pytest_unconfigure() -> None:
    """What was set apart is let go: DuckDB's module complains of what is left at the end."""
    gc.unfreeze()


@pytest.fixture(scope="session")
def django_db_keepdb(django_db_modify_db_settings: None) -> bool:
    """The tests' database is a copy of one that was migrated once for every worker."""
    from django.db import connection

    template.give(connection.creation._get_test_db_name())
    return True


@pytest.fixture(scope="session", autouse=True)
def _permissions_are_not_written_again() -> None:
    """A test that commits empties every table; Django then writes a row per permission of each
    model, which took a second each time. Parvis has roles of its own and reads none of them.
    """
    from django.contrib.auth.management import create_permissions
    from django.contrib.contenttypes.management import create_contenttypes
    from django.db.models.signals import post_migrate

    post_migrate.disconnect(create_permissions, dispatch_uid=_PERMISSIONS)
    post_migrate.disconnect(create_contenttypes)


@pytest.fixture(autouse=True)
def _french() -> Iterator[None]:
    """A request leaves its language behind in the thread; the next test must not inherit it."""
    with translation.override("fr"):
        yield


@pytest.fixture(autouse=True)
def _nothing_announced() -> None:
    """A test's transaction is undone, what a process keeps is not: each begins with nothing."""
    from parvis.core import search_words
    from parvis.pages import standing

    standing.now.keep(standing.Standing())
    search_words.known_rows.keep({})
