"""A figure on a page always equals the figure in the file."""

import csv
import io
import re
from collections import Counter
from datetime import date

import pytest
from django.test import Client
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from parvis.catalogue.tests.catalogue_factories import make_dataset

WORDS = st.sampled_from(["oui", "non", "peut-être", ""])
NUMBERS = st.one_of(st.just(""), st.integers(-50, 50).map(str))
DAYS = st.one_of(st.just(""), st.dates(date(2020, 1, 1), date(2023, 1, 1)).map(str))
ROWS = st.lists(st.tuples(WORDS, NUMBERS, DAYS), min_size=1, max_size=40)
PAGE = "/fr/donnees/{}/?chart={}"
_n = iter(range(1_000_000))


def shown(slug: str, column: str):
    """The drawing of the page, and the counts of its table as a browser would read them."""
    response = Client().get(PAGE.format(slug, column))
    assert response.status_code == 200
    counts = [int(n) for n in re.findall(r'data-count="(\d+)"', response.content.decode())]
    return response.context["chart"], counts, response.context["version"]


def downloaded(slug: str, version) -> list[dict[str, str]]:
    url = f"/fr/donnees/{slug}/fichiers/{version.sha256}/villes.csv"
    content = b"".join(Client().get(url).streaming_content).decode()
    return list(csv.DictReader(io.StringIO(content)))


@pytest.mark.django_db
@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@pytest.mark.once
@given(ROWS)
def test_every_chart_equals_the_file(rows):
    content = "mot,n,jour\n" + "".join(f"{a},{b},{c}\n" for a, b, c in rows)
    slug = f"jeu-{next(_n)}"
    make_dataset(slug, content=content)
    for column in ("mot", "n", "jour"):
        drawing, counts, version = shown(slug, column)
        if drawing is None:
            continue
        file = downloaded(slug, version)
        cells = [row[drawing.column] for row in file]
        filled = [cell for cell in cells if cell]
        assert drawing.rows == len(file) == len(rows)
        assert drawing.missing == len(cells) - len(filled)
        assert counts == [bar.count for bar in drawing.bars]
        assert sum(counts) + drawing.other + drawing.missing == len(file)
        if drawing.kind == "bar":
            expected = Counter(filled)
            if set(expected) <= {"true", "false"}:  # written in the reader's language on the page
                expected = Counter({"oui": expected["true"], "non": expected["false"]})
            for bar in drawing.bars:
                assert expected[bar.words.replace("\u00a0", "").replace("−", "-")] == bar.count


@pytest.mark.django_db
def test_widths_are_in_proportion():
    make_dataset("pp", content="mot\n" + "a\n" * 8 + "b\n" * 6 + "c\n" * 2)
    drawing, _counts, _version = shown("pp", "mot")
    assert [bar.width for bar in drawing.bars] == ["50.00", "37.50", "12.50"]


@pytest.mark.django_db
def test_a_standing_chart_fits_its_frame():
    make_dataset("pp", content="n\n" + "".join(f"{i * i}\n" for i in range(60)))
    drawing, _counts, _version = shown("pp", "n")
    assert drawing.kind == "histogram"
    for bar in drawing.bars:
        assert float(bar.x) >= 52 and float(bar.x) + float(bar.span) <= 640
        assert float(bar.y) >= 18 and abs(float(bar.y) + float(bar.height) - 140) < 0.2
    assert 2 <= len(drawing.ticks) <= 7
