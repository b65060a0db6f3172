"""The world of these tests."""

import pytest
from django.template.base import Template
from django.test.utils import _TestState

from tests.trust.world import World, make_world


@pytest.fixture(autouse=True)
def _contexts_are_not_copied(monkeypatch: pytest.MonkeyPatch) -> None:
    """Django's tests copy the context of each template drawn: nobody asks for it here."""
    monkeypatch.setattr(Template, "_render", _TestState.saved_data.template_render)


@pytest.fixture
def world(db, settings, tmp_path) -> World:
    """Everything that has an address, and everybody who may ask."""
    return make_world(settings, tmp_path)
