"""Contributions received each day: counted in the consultation's own days, never one to nine."""

import re
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from parvis import steps
from parvis.consult.models import Channel, Consultation
from parvis.core.access import SYSTEM
from parvis.core.models import Node
from parvis.site import daily
from parvis.site.models import ReceivedDay
from tests.factories import make_answer, make_consultation, survey_of

FIRST = date(2026, 3, 2)  # a Monday


def bars(*received: int) -> list[tuple[int, int]]:
    """Return (days, contributions) of each bar for days from a Monday on."""
    days = {FIRST + timedelta(days=n): count for n, count in enumerate(received)}
    return [((bar.last - bar.first).days + 1, bar.received) for bar in daily.grouped(days)]


@pytest.mark.parametrize(
    ("received", "expected"),
    [
        ((9,), []),
        ((10,), [(1, 10)]),
        ((12, 0, 15), [(1, 12), (1, 0), (1, 15)]),
        ((12, 3, 15), [(3, 30)]),
        ((50, 0, 0, 0, 0, 0, 0, 4), [(8, 54)]),
        ((4, 0, 0, 0, 0, 0, 0, 50), [(8, 54)]),
        ((20, 0, 0, 0, 0, 0, 2, 30), [(7, 22), (1, 30)]),
        ((20, 0, 0, 0, 0, 0, 0, *[0] * 7, 3, *[0] * 6, 40, 1), [(7, 20), (7, 0), (9, 44)]),
    ],
)
def test_no_bar_stands_for_one_to_nine(
    received: tuple[int, ...], expected: list[tuple[int, int]]
) -> None:
    assert bars(*received) == expected


def test_whatever_the_days_nothing_small_is_shown_and_nothing_is_lost() -> None:
    import random

    chance = random.Random(7)
    for _ in range(300):
        days = {
            FIRST + timedelta(days=n): chance.choice((0, 0, 1, 3, 9, 10, 40))
            for n in range(chance.randint(1, 900))
        }
        found = daily.grouped(days)
        total = sum(days.values())
        assert sum(bar.received for bar in found) == (total if total >= 10 else 0)
        assert all(bar.received == 0 or bar.received >= 10 for bar in found)
        assert len(found) <= 92
        for before, after in pairwise(found):
            assert after.first == before.last + timedelta(days=1)


def received_on(consultation: Consultation, *moments: datetime) -> None:
    """Receive one answer at each moment."""
    for moment in moments:
        made = make_answer(survey_of(consultation))
        Node.objects.filter(pk=made.contribution.pk).update(created_at=moment)


@pytest.mark.django_db
def test_days_are_those_of_the_consultation() -> None:
    found = make_consultation()
    late = datetime(2026, 3, 3, 4, 59, tzinfo=UTC)  # 23 h 59 the day before, in Montréal
    received_on(found, late, late + timedelta(minutes=1))
    assert daily.count(found) == {date(2026, 3, 2): 1, date(2026, 3, 3): 1}
    found.time_zone = "America/St_Johns"  # 3 h 30 behind
    received_on(found, datetime(2026, 3, 3, 3, 29, tzinfo=UTC))
    assert daily.count(found) == {date(2026, 3, 2): 1, date(2026, 3, 3): 2}


@pytest.mark.django_db
def test_the_worker_counts_what_changed_only() -> None:
    found, other = make_consultation(), make_consultation(slug="autre")
    for channel in (Channel.WEB, Channel.PAPER):
        make_answer(survey_of(found), channel=channel, actor=SYSTEM)
    assert daily.refresh() == 1
    assert daily.refresh() == 0
    make_answer(survey_of(other))
    assert daily.refresh() == 1
    assert ReceivedDay.objects.get(consultation=found.node).received == 2
    names = [step.name for lane in steps.lanes().values() for step in lane]
    assert "daily" in names


@pytest.mark.django_db
def test_the_page_draws_it_with_its_table(client: Client) -> None:
    found = make_consultation()
    path = "/fr/consultations/plan/resultats/"
    now = timezone.now()
    received_on(found, *[now - timedelta(days=2)] * 12)
    assert "jour-titre" not in client.get(path).content.decode(), "not counted yet"
    daily.refresh()
    page = client.get(path).content.decode()
    assert "12\u00a0contributions" in page or "12 contributions" in page
    assert re.search(r'<rect class="f1" x="56\.0" y="[\d.]+" width="[\d.]+" height="[\d.]+"', page)
    assert "<tfoot>" in page and "style=" not in page
    assert "chaque jour" in page
    received_on(found, now)
    daily.refresh()
    again = client.get(path).content.decode()
    assert "par semaine" in again and "13" in again.split("jour-table")[2]
    assert client.get("/en/consultations/plan/results/").status_code == 200


@pytest.mark.django_db
def test_under_ten_nothing_is_drawn(client: Client) -> None:
    found = make_consultation()
    received_on(found, *[timezone.now()] * 9)
    daily.refresh()
    assert "jour-titre" not in client.get("/fr/consultations/plan/resultats/").content.decode()


@pytest.mark.django_db
def test_it_costs_one_query_whatever_the_days() -> None:
    found = make_consultation()
    for n in (1, 40):
        ReceivedDay.objects.all().delete()
        for one in range(n):
            ReceivedDay.objects.create(
                consultation=found.node, day=FIRST + timedelta(days=one), received=20,
                counted_at=timezone.now(),
            )  # fmt: skip
        with CaptureQueriesContext(connection) as caught:
            drawn = daily.of(found)
        assert drawn is not None and len(drawn.bars) == n and len(caught) == 1
