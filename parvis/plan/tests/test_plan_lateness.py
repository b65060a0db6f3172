"""Late or not, on a day given: open plans count days, closed plans keep their last state."""

from datetime import date, timedelta

import pytest
from django.utils.translation import override

from parvis.plan import queries
from parvis.plan.tests.plan_factories import (
    TODAY,
    make_commitment,
    make_milestone,
    make_plan,
    make_report,
    plain,
)

pytestmark = pytest.mark.django_db


def test_late_from_the_day_after():
    row = make_commitment(make_plan(), ends=TODAY)
    assert queries.lateness(row, today=TODAY).state == "promised"
    late = queries.lateness(row, today=TODAY + timedelta(days=1))
    assert (late.state, late.days, late.is_late) == ("late", 1, True)
    with override("fr"):
        assert plain(late.words) == "En retard de 1 jour"
        assert (
            plain(queries.lateness(row, today=TODAY + timedelta(days=1343)).words)
            == "En retard de 1 343 jours"
        )


def test_without_its_own_date_the_end_of_the_plan_counts():
    plan = make_plan(ends=date(2026, 3, 31))
    found = queries.lateness(make_commitment(plan), today=TODAY)
    assert (found.state, found.days, found.term.of) == ("late", 62, "plan")


def test_without_any_date_nothing_is_late():
    row = make_commitment(make_plan(starts=None, ends=None))
    found = queries.lateness(row, today=date(2040, 1, 1))
    assert (found.state, found.days) == ("promised", 0)
    with override("fr"):
        assert plain(found.words) == "Aucune échéance lue"


def test_a_complete_commitment_is_never_late():
    row = make_commitment(make_plan(), ends=date(2026, 1, 31))
    assert queries.lateness(row, today=TODAY).is_late
    make_report(row, "complete")
    assert queries.lateness(row, today=TODAY).state == "done"


def test_a_month_ends_on_its_last_day():
    row = make_commitment(make_plan(), ends=date(2026, 2, 3), ends_precision="month")
    assert row.ends == date(2026, 2, 28)
    assert not queries.lateness(row, today=date(2026, 2, 28)).is_late
    assert queries.lateness(row, today=date(2026, 3, 1)).days == 1


def test_a_late_milestone_makes_its_commitment_late():
    row = make_commitment(make_plan(), ends=date(2027, 6, 30))
    first = make_milestone(row, "Premier", ends=TODAY - timedelta(days=10))
    second = make_milestone(row, "Second", ends=TODAY - timedelta(days=3))
    assert queries.lateness(first, today=TODAY).days == 10
    assert queries.lateness(second, today=TODAY).days == 3
    found = queries.lateness(row, today=TODAY)
    assert (found.days, found.term.of) == (10, "milestone")
    make_report(row, milestone=first, milestone_reached=True)
    assert queries.lateness(row, today=TODAY).days == 3
    first.refresh_from_db()
    assert queries.lateness(first, today=TODAY).state == "done"


def test_a_closed_plan_runs_no_delay():
    plan = make_plan(
        starts=date(2021, 12, 16), ends=date(2023, 3, 31), ends_precision="month", closed=True,
        closed_on=date(2023, 3, 31), closed_on_precision="month",
    )  # fmt: skip
    row = make_commitment(plan, milestones=1)
    make_report(row, "limited", reported_on=date(2023, 4, 2))
    for today in (date(2023, 4, 3), date(2026, 6, 1), date(2060, 1, 1)):
        found = queries.standing(row, today=today)
        assert (found.lateness.state, found.lateness.days) == ("ended", 0)
        assert found.steps[0].lateness.days == 0
    with override("fr"):
        assert plain(found.state_words) == "Non terminé à la fin du plan, mars 2023"
        assert plain(found.reported_words) == "Dernier bilan : 2 avril 2023"
    make_report(row, "not_started", reported_on=date(2023, 4, 5))
    with override("fr"):
        words = plain(queries.standing(row, today=TODAY).state_words)
        assert words == "Non commencé à la fin du plan, mars 2023"


def test_a_closed_plan_says_that_a_date_was_not_read():
    plan = make_plan(starts=None, ends=None, closed=True)
    silent, told = make_commitment(plan, "1"), make_commitment(plan, "2")
    make_report(told, "limited", reported_on=None)
    with override("fr"):
        found = queries.standing(told, today=TODAY)
        assert plain(found.state_words) == "Non terminé à la fin du plan (date non lue)"
        assert plain(found.reported_words) == "Dernier bilan : date non lue"
        nothing = queries.standing(silent, today=TODAY)
        assert (nothing.lateness.state, nothing.state_words) == ("unread", "Résultat non lu")
        assert nothing.progress_words == "Avancement non lu"


def test_milestones_all_reached_without_a_level_is_done():
    plan = make_plan(ends=date(2023, 3, 31), starts=None, closed=True)
    row = make_commitment(plan)
    make_report(
        row, "", milestones_reached=3, milestones_total=3, sources=["https://example.org/bilan"],
        why={}, source_silent=True,
    )  # fmt: skip
    with override("fr"):
        found = queries.standing(row, today=TODAY)
        assert found.lateness.state == "done"
        assert (plain(found.progress_words), found.state_words) == (
            "3 jalons sur 3",
            "Jalons atteints",
        )
        assert found.pips == [True, True, True]


@pytest.mark.parametrize(
    ("level", "pips"),
    [
        ("no_evidence", []),
        ("not_started", [False, False, False]),
        ("limited", [True, False, False]),
        ("substantial", [True, True, False]),
        ("complete", [True, True, True]),
    ],
)
def test_each_level_has_its_marks(level, pips):
    row = make_commitment(make_plan())
    make_report(row, level)
    assert queries.standing(row, today=TODAY).pips == pips


def test_the_order_late_first_then_open_then_closed():
    old = make_plan("vieux", ends=date(2023, 3, 31), starts=None, closed=True)
    plan = make_plan("neuf")
    make_report(make_commitment(old, "1"), "limited")
    make_commitment(plan, "10", ends=date(2027, 1, 1))
    make_commitment(plan, "2", ends=date(2027, 1, 1))
    make_commitment(plan, "3", ends=date(2026, 5, 1))
    make_commitment(plan, "4", ends=date(2026, 2, 1))
    make_report(make_commitment(plan, "5"), "complete")
    found = queries.standings(queries.public_commitments(), today=TODAY)
    assert [(i.plan.node.slug, i.commitment.number) for i in found] == [
        ("neuf", "4"), ("neuf", "3"), ("neuf", "2"), ("neuf", "10"), ("neuf", "5"), ("vieux", "1"),
    ]  # fmt: skip
    assert [item.commitment.number for item in queries.late_commitments(today=TODAY)] == ["4", "3"]
