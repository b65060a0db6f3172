"""Parts of a page kept by what they say."""

from datetime import UTC, datetime
from types import SimpleNamespace
from zoneinfo import ZoneInfo

import pytest
from django.template import Context, Template
from django.utils import timezone
from django.utils.safestring import mark_safe
from django.utils.translation import override

from parvis.core.models import Node
from parvis.core.templatetags import keeping

DRAWS = Template('{% kept "p" text %}{{ text|said }}{{ draw }}{% endkept %}')


@pytest.fixture(autouse=True)
def _from_nothing(settings):
    settings.TESTING = False
    keeping.forget()


def draw(text, n=0):
    return DRAWS.render(Context({"text": text, "draw": n}))


def test_a_part_is_drawn_once_for_what_it_says():
    assert draw({"fr": "Un", "en": "One"}, 1) == "Un1"
    assert draw({"fr": "Un", "en": "One"}, 2) == "Un1", "kept"
    assert draw({"fr": "Deux", "en": "One"}, 3) == "Deux3", "another text"
    with override("en"):
        assert draw({"fr": "Un", "en": "One"}, 4) == "One4", "another language"


def test_values_that_are_equal_and_not_written_alike_are_apart():
    assert [draw(one) for one in (1, True, 1.0)] == ["10", "True0", "1.00"]
    assert draw("<b>") == "&lt;b&gt;0"
    assert draw(mark_safe("<b>")) == "<b>0"


def test_dates_follow_the_time_zone():
    page = Template('{% kept "d" at %}{{ at|deadline }}{% endkept %}')
    at = Context({"at": datetime(2026, 3, 1, 3, 30, tzinfo=UTC)})
    with timezone.override(ZoneInfo("America/Toronto")):
        assert "28" in page.render(at)
    with timezone.override(UTC):
        assert "1er" in page.render(at)


def test_a_row_is_refused():
    with pytest.raises(TypeError, match="not by Node"):
        draw(Node(title={"fr": "Un"}))
    with pytest.raises(TypeError):
        draw([SimpleNamespace()])


def test_tests_see_a_value_forgotten(settings):
    settings.TESTING = True
    draw("a", 1)
    with pytest.raises(AssertionError, match="hangs on more"):
        draw("a", 2)


def test_what_is_kept_is_bounded(monkeypatch):
    monkeypatch.setattr(keeping, "PARTS_MAX", 10)
    for n in range(100):
        draw(str(n))
    assert len(keeping._parts) <= 10
