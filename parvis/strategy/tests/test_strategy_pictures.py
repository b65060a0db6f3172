"""Pictures of an indicator: where each mark stands, from values alone."""

from datetime import date
from decimal import Decimal
from itertools import pairwise

import pytest
from django.utils import translation

from parvis.strategy.pictures import bar, plot
from parvis.strategy.values import amount, exact, when

D = Decimal


def test_a_percentage_goes_to_one_hundred() -> None:
    found = bar(D(20), D(75), [(date(2024, 1, 1), D(30)), (date(2025, 1, 1), D(50))], percent=True)
    assert (found.base, found.last, found.target) == (20.0, 50.0, 75.0)
    assert (found.from_x, found.done_width) == (20.0, 30.0)
    assert found.marks == (30.0, 50.0)


def test_what_falls_is_drawn_from_right_to_left() -> None:
    found = bar(D(80), D(10), [(date(2024, 1, 1), D(60))], percent=True)
    assert (found.from_x, found.done_width) == (60.0, 20.0)


def test_a_count_ends_at_its_largest_value_and_may_be_negative() -> None:
    found = bar(None, D(200), [(date(2024, 1, 1), D(-50))], percent=False)
    assert (found.last, found.target) == (0.0, 100.0)


@pytest.mark.parametrize("percent", [True, False])
def test_nothing_known_draws_nothing(percent: bool) -> None:
    assert bar(None, None, [], percent=percent).empty
    assert plot(None, (None, D(75)), [], percent=percent) is None


def test_zero_alone_does_not_divide_by_zero() -> None:
    assert bar(D(0), D(0), [(date(2024, 1, 1), D(0))], percent=False).last == 0.0


def test_a_series_keeps_the_order_of_days_and_stays_inside() -> None:
    found = plot(
        (date(2020, 1, 1), D(20)),
        (date(2027, 12, 31), D(75)),
        [(date(2025, 1, 1), D(50)), (date(2023, 1, 1), D(40))],
        percent=True,
    )
    assert found is not None
    xs = [dot.x for dot in found.dots]
    assert xs == sorted(xs) and found.dots[0].first and not found.dots[1].first
    assert all(found.left <= x <= found.width for x in xs)
    assert all(0 <= dot.y <= found.floor for dot in found.dots)
    assert found.target_y is not None and found.target_y < found.dots[-1].y
    assert len(found.years) <= 6
    assert found.path.count("L") == 2


def test_two_years_are_never_written_over_one_another() -> None:
    found = plot(
        (date(2019, 11, 3), D(20)), None, [(date(2023, 12, 1), D(50))], percent=True
    )  # fmt: skip
    assert found is not None
    places = [place for place, _year in found.years]
    assert [year for _place, year in found.years] == [2020, 2021, 2022, 2023]
    assert min(b - a for a, b in pairwise(places)) >= 70


def test_one_day_alone_is_drawn() -> None:
    found = plot(None, None, [(date(2025, 1, 1), D(3))], percent=False)
    assert found is not None and len(found.dots) == 1


@pytest.mark.parametrize(
    ("language", "value", "unit", "words"),
    [
        ("fr", D("1204.5000"), "%", "1 204,5 %"),
        ("en", D("1204.5000"), "%", "1,204.5%"),
        ("fr", D("3"), "services", "3 services"),
        ("en", D("3"), "", "3"),
        ("fr", None, "%", ""),
    ],
)
def test_values_speak_the_language_of_the_reader(
    language: str, value: Decimal | None, unit: str, words: str
) -> None:
    with translation.override(language):
        shown = amount(value, {"fr": unit, "en": unit} if unit else {})
    assert shown.replace("\u00a0", " ") == words


def test_a_year_is_said_alone_and_files_have_no_exponent() -> None:
    assert when(date(2023, 12, 31), "year") == "2023"
    assert when(None) == ""
    assert exact(D("100.0000")) == "100" and exact(D("0.0500")) == "0.05" and exact(None) is None
