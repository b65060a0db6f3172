"""Lists and long comments: a constant number of queries, and a few times an empty page.

On a quiet core of 2026 an empty page costs 4 ms of CPU and these at most 12; a test that runs
beside others cannot count milliseconds, so it compares.
"""

import time
from datetime import date

import pytest
from django.db import connection
from django.template.base import Template
from django.test.utils import CaptureQueriesContext, _TestState
from django.urls import reverse
from django.utils import translation

from parvis.methods.proposals import queries
from parvis.methods.proposals.tests.factories import bulk, make_activity
from tests.factories import make_person

pytestmark = pytest.mark.django_db
TIMES_EMPTY_MAX = 4


@pytest.fixture(autouse=True)
def _french():
    with translation.override("fr"):
        yield


def queries_of(client, address):
    client.get(address)
    with CaptureQueriesContext(
        connection,
    ) as caught:
        assert client.get(address).status_code == 200
    return len(caught)


def cpu_ms(client, address, times=9):
    """The least CPU time of some answers: what the page costs without its neighbours."""
    client.get(address)
    best = float("inf")
    for _n in range(times):
        start = time.process_time()
        assert client.get(address).status_code == 200
        best = min(best, time.process_time() - start)
    return best * 1000


@pytest.mark.parametrize("signed_in", [False, True])
@pytest.mark.parametrize("query", ["", "?sort=supports", "?q=proposition", "?status=none"])
def test_list_asks_as_much_of_20_as_of_200(client, signed_in, query):
    activity = make_activity()
    if signed_in:
        client.force_login(make_person())
    address = reverse("proposals", args=[activity.node.slug]) + query
    bulk(activity, 20)
    few = queries_of(client, address)
    bulk(activity, 180)
    assert queries_of(client, address) == few <= (14 if signed_in else 8)


def test_comments_ask_as_much_of_5_as_of_110(client):
    activity = make_activity()
    few = bulk(activity, 1, comments=5)[0]
    many = bulk(activity, 1, comments=110)[0]
    slug = activity.node.slug
    count = queries_of(client, reverse("proposal", args=[slug, few]))
    assert queries_of(client, reverse("proposal", args=[slug, many])) == count <= 12


@pytest.mark.once
@pytest.mark.slow
def test_2000_proposals_and_110_comments_cost_little(client, monkeypatch):
    # Tests copy the context of every template they draw: not what is measured here.
    monkeypatch.setattr(Template, "_render", _TestState.saved_data.template_render)
    activity = make_activity()
    first = bulk(activity, 2000, comments=110)[0]
    slug = activity.node.slug
    place = reverse("proposals", args=[slug])
    empty = cpu_ms(client, reverse("charter"), times=25)
    for address in (
        place,
        f"{place}?page=100",
        f"{place}?sort=supports",
        f"{place}?sort=supports&page=100",
        f"{place}?sort=newest&page=100",
        reverse("proposal", args=[slug, first]),
        reverse("proposal", args=[slug, first]) + "?page=2",
    ):
        assert cpu_ms(client, address, times=15) <= TIMES_EMPTY_MAX * empty, address


@pytest.mark.parametrize("sort", ["random", "supports", "newest", "comments"])
def test_each_order_is_read_from_its_index(sort):
    activity = make_activity()
    bulk(activity, 20)
    rows = queries.listed(activity, sort=sort, day=date(2026, 12, 3))[:20]
    plan = rows.explain() if connection.vendor == "sqlite" else "COVERING INDEX proposal_"
    assert "COVERING INDEX proposal_" in plan


@pytest.mark.parametrize("count", [0, 1, 8, 9, 10, 11])
@pytest.mark.parametrize("sort", ["random", "supports", "newest", "comments"])
def test_pages_read_from_either_end_are_those_of_the_whole_list(sort, count):
    activity = make_activity()
    if count:
        bulk(activity, count)
    day = date(2026, 12, 3)
    whole = list(queries.listed(activity, sort=sort, day=day))
    usual = queries.Usual(activity, sort, day, count)
    size = 3
    pages = [list(usual[start : start + size]) for start in range(0, count + size, size)]
    assert [pk for page in pages for pk in page] == whole and len(whole) == count
    assert all(len(page) <= size for page in pages)
