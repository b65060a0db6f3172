"""Lessons on our own tables: each figure is the table's, and a table that is not here is said."""

from collections import Counter
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import translation

from parvis.catalogue.models import Dataset
from parvis.core.access import SYSTEM
from parvis.site import lessons
from parvis.site.demo_loader.people import load_organisations, load_site
from parvis.site.demo_loader.published import load_datasets
from parvis.site.demo_loader.register import load_elsewhere

pytestmark = pytest.mark.django_db


@pytest.fixture
def published(settings: Any, tmp_path: Any) -> None:
    settings.HOME = tmp_path
    organisations = load_organisations()
    load_site(organisations)
    load_elsewhere(organisations)
    load_datasets(organisations)


def _rows(slug: str) -> lessons.Rows:
    found = lessons._rows(Dataset.objects.get(node__slug=slug))
    assert found
    return found


@pytest.mark.parametrize("language", ["fr", "en"])
@pytest.mark.parametrize("lesson", lessons.LESSONS, ids=lambda one: one.slug)
def test_each_lesson_has_a_table_a_figure_an_exercise_and_its_answer(
    client: Client, published: None, lesson: lessons.Lesson, language: str
) -> None:
    with translation.override(language):
        page = client.get(reverse("lesson", args=[lesson.slug])).content.decode()
    assert "<table>" in page and "<svg" in page and "<details>" in page
    assert "{" not in page.split("<main", 1)[1].split("</main>")[0]
    assert "[[" not in page


def test_figures_are_those_of_the_table(published: None) -> None:
    rows = _rows(lessons.FIGURES)
    counts = Counter(row["consultation"] for row in rows)
    with translation.override("en"):
        first = lessons.shown(lessons.BY_SLUG["what-a-row-counts"])
        assert first is not None
        assert first.computed.values["rows"] == str(len(rows))
        assert first.computed.values["things"] == str(len(counts))
        second = lessons.shown(lessons.BY_SLUG["a-share-of-what"])
        assert second is not None
        known = [
            (row["milestones_reached"], row["milestones_total"])
            for row in _rows(lessons.COMMITMENTS)
            if row["milestones_total"]
        ]
        share = sum(a for a, _b in known) / sum(b for _a, b in known)
        mean = sum(a / b for a, b in known) / len(known)
        assert second.computed.values["share"] == f"{share:.0%}"
        assert second.computed.values["mean"] == f"{mean:.0%}"
        assert share != mean
        third = lessons.shown(lessons.BY_SLUG["who-answered"])
        assert third is not None
        assert third.computed.values["volunteers"] == "67%"
        assert third.computed.values["survey"] == "46%"
        assert third.computed.values["left"] == "52,000"


def test_without_its_table_a_lesson_says_so(client: Client) -> None:
    page = client.get(reverse("lessons")).content.decode()
    assert page.count("Ce site ne publie pas le tableau") == 3
    page = client.get(reverse("lesson", args=["who-answered"])).content.decode()
    assert "Ce site ne publie pas le tableau" in page
    assert client.get(reverse("lesson", args=["rien"])).status_code == 404


def test_a_table_that_changed_its_columns_gives_no_lesson_and_no_error(published: None) -> None:
    other = [{"autre": 1}]
    for lesson in lessons.LESSONS:
        with pytest.raises(KeyError):
            lesson.compute(other)
    assert lessons._samples([]) is None and lessons._lines([]) is None
    assert lessons._shares([]) is None


def test_a_dataset_that_is_withdrawn_takes_its_lesson_with_it(
    client: Client, published: None
) -> None:
    dataset = Dataset.objects.get(node__slug=lessons.COMMITMENTS)
    dataset.node.state = "hidden"
    dataset.node.save()
    assert SYSTEM.system and lessons.shown(lessons.BY_SLUG["a-share-of-what"]) is None


def test_lessons_cost_few_queries(
    client: Client, published: None, django_assert_max_num_queries: Any
) -> None:
    url = reverse("lesson", args=["what-a-row-counts"])
    client.get(url)
    with django_assert_max_num_queries(6):
        client.get(url)
