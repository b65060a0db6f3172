"""What every test needs: the catalogues compiled, and the site's own language to begin with."""

from collections.abc import Iterator

import pytest
from django.utils import translation

from parvis.core.catalogs import compile_all

compile_all()


@pytest.fixture(autouse=True)
def _french() -> Iterator[None]:
    """A request leaves its language behind in the thread; the next test must not inherit it."""
    with translation.override("fr"):
        yield


@pytest.fixture(autouse=True)
def _nothing_announced() -> None:
    """A test's transaction is undone, what a process keeps is not: each begins with nothing."""
    from parvis.pages import standing

    standing.now.keep(standing.Standing())
