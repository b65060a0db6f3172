"""Who is told, and how often."""

from datetime import timedelta

import pytest
from django.utils import timezone

from parvis.core.models import Follow, Node
from parvis.notify.concerned import recipients
from parvis.notify.consume import consume
from parvis.notify.models import Notification
from parvis.notify.tests.notify_factories import (
    extend,
    happen,
    make_node,
    make_subscription,
    make_thread,
)
from tests.factories import make_answer, make_person, survey_of

pytestmark = pytest.mark.django_db


def told() -> set[str]:
    rows = Notification.objects.select_related("subscription", "person")
    return {(r.subscription or r.person).email for r in rows}


@pytest.mark.parametrize(
    ("verb", "kind"),
    [
        ("theme.published", "theme"),
        ("milestone.changed", "commitment"),
        ("commitment.evaluated", "commitment"),
    ],
)
def test_who_contributed_is_told_of_what_follows(verb, kind):
    thread = make_thread()
    make_subscription("contributrice@test.example", thread["contribution"], purpose="receipt")
    other = make_answer(survey_of(thread["consultation"])).contribution.node
    make_subscription("autre@test.example", other, purpose="receipt")
    consume([happen(verb, thread[kind])])
    assert told() == {"contributrice@test.example"}


def test_a_dataset_reaches_the_commitment_it_measures_and_the_contribution_behind():
    thread = make_thread()
    make_subscription("contributrice@test.example", thread["contribution"], purpose="receipt")
    make_subscription("suiveur@test.example", thread["commitment"])
    ids = {r.node_id for r in recipients(happen("milestone.changed", thread["dataset"]))}
    assert ids == {thread["contribution"].pk, thread["commitment"].pk}


def test_the_thread_is_not_followed_downwards():
    thread = make_thread()
    make_subscription("suiveur@test.example", thread["commitment"])
    consume([happen("theme.published", thread["theme"])])
    assert told() == set()


def test_everybody_who_contributed_is_told_of_an_extension():
    thread = make_thread()
    other = make_answer(survey_of(thread["consultation"])).contribution.node
    make_subscription("un@test.example", thread["contribution"], purpose="receipt")
    make_subscription("deux@test.example", other, purpose="receipt")
    make_subscription("trois@test.example", thread["consultation"].node)
    consume([extend(thread["consultation"])])
    assert told() == {"un@test.example", "deux@test.example", "trois@test.example"}


def test_people_who_follow_with_an_account_are_told_but_not_of_what_they_did():
    thread = make_thread()
    reader, adviser = make_person(email="lit@test.example"), make_person("adviser")
    for person in (reader, adviser):
        Follow.objects.create(person=person, node=thread["theme"])

    class By:
        person_id = adviser.pk

    consume([happen("theme.published", thread["theme"], actor=By())])
    assert told() == {"lit@test.example"}


def test_the_same_event_twice_and_several_reasons_make_one_row():
    thread = make_thread()
    person = make_person(email="lectrice@test.example")
    Follow.objects.create(person=person, node=thread["theme"])
    make_subscription("lectrice@test.example", thread["consultation"].node)
    make_subscription("lectrice@test.example", thread["contribution"], purpose="receipt")
    event = happen("theme.published", thread["theme"])
    consume([event])
    consume([event, event])
    row = Notification.objects.get()
    assert row.node == thread["theme"], "the nearest reason"


def test_what_happened_before_the_confirmation_is_not_told():
    thread = make_thread()
    make_subscription("tard@test.example", thread["theme"], days_ago=0)
    early = happen("theme.published", thread["theme"], at=timezone.now() - timedelta(days=2))
    consume([early])
    assert told() == set()


def test_nothing_is_told_without_confirmation_nor_of_what_is_not_public():
    thread = make_thread()
    make_subscription("muet@test.example", thread["theme"], confirmed=False)
    make_subscription("lit@test.example", thread["theme"])
    event = happen("theme.published", thread["theme"])
    Node.objects.filter(pk=thread["theme"].pk).update(state="hidden")
    event.node.refresh_from_db()
    consume([event])
    assert told() == set()
    Node.objects.filter(pk=thread["theme"].pk).update(state="public")
    event.node.refresh_from_db()
    consume([event])
    assert told() == {"lit@test.example"}


def test_the_whole_site_hears_the_great_news_only():
    plan = make_node("plan", "plan-2025")
    make_subscription("site@test.example", None)
    consume([happen("plan.published", plan)])
    assert told() == {"site@test.example"}
    Notification.objects.all().delete()
    consume([happen("milestone.changed", plan), happen("plan.changed", plan)])
    assert told() == set()


def test_as_many_queries_for_many_readers():
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    thread = make_thread()

    def cost(readers: range) -> int:
        for n in readers:
            Follow.objects.create(
                person=make_person(email=f"p{n}@test.example"), node=thread["theme"]
            )
        event = happen("theme.published", thread["theme"])
        with CaptureQueriesContext(connection) as caught:
            consume([event])
        return len(caught)

    consume([happen("theme.published", thread["theme"])])  # makes the keys
    assert cost(range(3)) == cost(range(3, 60))
