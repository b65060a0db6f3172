"""Counts are read from indexes in parts; here they are compared with the rows, one by one."""

from dataclasses import replace

import pytest

from parvis.consult import contributions, queries
from parvis.consult.models import Contribution
from parvis.core.access import SYSTEM
from parvis.core.models import State
from tests.factories import make_answer, make_consultation, survey_of

pytestmark = pytest.mark.django_db


def test_every_state_and_fate_is_counted_once() -> None:
    consultation = make_consultation()
    activity = survey_of(consultation)
    rows = [make_answer(activity).contribution for _n in range(9)]
    for row, reason in zip(rows[:4], ("duplicate", "duplicate", "empty", "test"), strict=True):
        contributions.set_fate(actor=SYSTEM, contribution=row, fate="rejected", reason=reason)
    # Rejected then taken back, rejected then hidden: the state says what became of it.
    states = {1: State.WITHDRAWN, 2: State.HIDDEN, 4: State.WITHDRAWN, 5: State.ERASED}
    states[6] = State.HIDDEN
    for n, state in states.items():
        rows[n].node.state = state
        rows[n].node.save(update_fields=["state"])
    Contribution.objects.filter(pk=rows[8].pk).update(channel="paper")
    found = queries.counts(consultation, channels=True)
    assert found == queries.counts(consultation, activity, channels=True)
    assert replace(found, by_channel={}) == queries.counts(consultation)
    assert (found.received, found.withdrawn, found.hidden) == (9, 3, 2)
    assert (found.rejected, found.kept) == (2, 2)
    assert found.rejected_by == {"duplicate": 1, "test": 1}
    assert found.by_channel == {"paper": 1, "web": 8}
    assert found.by_activity == {activity.pk: 2}
    assert Contribution.objects.count() == 9


def test_nothing_received_counts_nothing() -> None:
    assert queries.counts(make_consultation()) == queries.Counts()


def test_another_consultation_is_not_counted() -> None:
    other, mine = make_consultation(slug="autre"), make_consultation(slug="mien")
    make_answer(survey_of(other))
    assert queries.counts(mine) == queries.Counts()
    assert queries.counts(other).received == 1


def test_counts_are_one_query(django_assert_num_queries) -> None:
    consultation = make_consultation()
    make_answer(survey_of(consultation))
    with django_assert_num_queries(1):
        queries.counts(consultation)
