"""The world of these tests."""

import pytest

from tests.trust.world import World, make_world


@pytest.fixture
def world(db, settings, tmp_path) -> World:
    """Everything that has an address, and everybody who may ask."""
    return make_world(settings, tmp_path)
