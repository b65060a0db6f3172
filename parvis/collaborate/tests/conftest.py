"""Each test starts in French: a page asked in English leaves its language behind."""

import pytest
from django.utils import translation


@pytest.fixture(autouse=True)
def in_french():
    """Read and write addresses and words in French."""
    with translation.override("fr"):
        yield
