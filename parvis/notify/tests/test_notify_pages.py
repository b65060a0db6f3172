"""Asking, confirming, following; limits; feeds; the receipt."""

import logging
from datetime import timedelta
from xml.etree.ElementTree import fromstring

import pytest
from django.core import mail
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from parvis.core.access import NOBODY
from parvis.core.errors import Forbidden, Gone, Invalid, TooMany
from parvis.core.logs import JsonFormatter, mask
from parvis.core.models import Follow, Key, Node
from parvis.notify import limits, services, tokens
from parvis.notify.feed import ATOM
from parvis.notify.models import Sending, Subscription
from parvis.notify.tests.notify_factories import (
    happen,
    link_in,
    make_node,
    make_subscription,
    make_thread,
)
from tests.factories import make_person, make_site

pytestmark = pytest.mark.django_db


@pytest.fixture
def thread():
    made = make_thread()
    mail.outbox.clear()
    return made


def test_two_steps_before_the_first_news(client, thread):
    node = thread["commitment"]
    page = client.get(f"/fr/abonnement/?node={node.pk}")
    assert page.status_code == 200 and "Titre plan-engagement" in page.content.decode()
    answer = client.post(
        f"/fr/abonnement/?node={node.pk}", {"email": "Lectrice@Test.Example", "what": "node"}
    )
    assert answer.status_code == 303 and "@" not in answer["Location"]
    row = Subscription.objects.get()
    assert row.email == "lectrice@test.example" and row.confirmed_at is None and row.node == node
    (message,) = mail.outbox
    path = link_in(message.body, "confirmer")
    opened = client.get(path)
    assert opened.status_code == 200
    row.refresh_from_db()
    assert row.confirmed_at is None, "programs open links; only the button confirms"
    assert client.post(path).status_code == 200
    row.refresh_from_db()
    assert row.confirmed_at is not None
    first = row.confirmed_at
    assert client.post(path).status_code == 200
    row.refresh_from_db()
    assert row.confirmed_at == first


def test_the_token_is_not_stored(thread):
    row = make_subscription("lectrice@test.example", thread["theme"])
    token = tokens.of_subscription(row)
    assert tokens.of_subscription(Subscription.objects.get()) == token
    assert bytes(row.token_digest) == tokens.digest(token) != token.encode()
    stored = [str(value) for value in Subscription.objects.values_list()]
    assert all(token not in text for text in stored)


def test_the_whole_site_can_be_chosen(client, thread):
    url = f"/fr/abonnement/?node={thread['theme'].pk}"
    client.post(url, {"email": "a@test.example", "what": "site"})
    assert Subscription.objects.get().node is None


@pytest.mark.parametrize(
    "email", ["", "a", "a@", "a@b", "a b@test.example", "x" * 300 + "@t.example"]
)
def test_a_wrong_address_is_said_and_kept(client, thread, email):
    answer = client.post("/fr/abonnement/", {"email": email})
    assert answer.status_code == 422
    assert 'aria-invalid="true"' in answer.content.decode()
    assert not Subscription.objects.exists() and mail.outbox == []
    with pytest.raises(Invalid):
        services.subscribe(email=email, language="fr", actor=NOBODY)


@pytest.mark.parametrize("node", ["x", "00000000", "0190a0b0-0000-7000-8000-000000000000"])
def test_an_unknown_page_cannot_be_followed(client, node):
    make_site()
    assert client.get(f"/fr/abonnement/?node={node}").status_code == 404


def test_what_is_not_public_cannot_be_followed(client, thread):
    pk = thread["contribution"].pk
    assert client.get(f"/fr/abonnement/?node={pk}").status_code == 404
    assert client.get(f"/fr/suivre/{pk}/").status_code == 404
    with pytest.raises(Forbidden):
        services.subscribe(
            email="a@test.example", language="fr", node=thread["contribution"], actor=NOBODY
        )


def test_the_answer_is_the_same_for_a_known_address(client, thread):
    make_subscription("connue@test.example", thread["theme"])
    mail.outbox.clear()
    url = f"/fr/abonnement/?node={thread['theme'].pk}"
    known = client.post(url, {"email": "connue@test.example", "what": "node"})
    unknown = client.post(url, {"email": "inconnue@test.example", "what": "node"})
    assert (known.status_code, known["Location"]) == (unknown.status_code, unknown["Location"])
    assert [m.subject for m in mail.outbox] == ["Confirmez votre abonnement"] * 2


def test_nothing_that_a_citizen_wrote_goes_to_an_unconfirmed_address(client, thread):
    proposal = make_node("contribution", "p1", space=thread["theme"].space)
    Node.objects.filter(pk=proposal.pk).update(title={"fr": "Achetez mes pilules"})
    services.subscribe(email="a@test.example", language="fr", node=proposal, actor=NOBODY)
    (message,) = mail.outbox
    assert "pilules" not in message.body + message.subject + message.alternatives[0][0]


def test_three_messages_an_hour_to_an_address(client, thread):
    for _n in range(3):
        assert client.post("/fr/abonnement/", {"email": "a@test.example"}).status_code == 303
    assert client.post("/fr/abonnement/", {"email": "A@test.example"}).status_code == 429
    assert client.post("/fr/abonnement/", {"email": "b@test.example"}).status_code == 303
    assert len(mail.outbox) == 4


def test_twenty_messages_an_hour_from_a_network_address(client, thread):
    for n in range(20):
        client.post("/fr/abonnement/", {"email": f"a{n}@test.example"})
    assert client.post("/fr/abonnement/", {"email": "z@test.example"}).status_code == 429
    other = client.post("/fr/abonnement/", {"email": "z@test.example"}, REMOTE_ADDR="192.0.2.7")
    assert other.status_code == 303


def test_limits_last_an_hour_and_keep_no_address():
    now = timezone.now().replace(hour=4, minute=40)  # midnight of the site is at hand in UTC
    for n in range(3):
        limits.take("a@test.example", "2001:db8::1", now + timedelta(minutes=n))
    with pytest.raises(TooMany):
        limits.take("a@test.example", None, now + timedelta(minutes=30))
    limits.take("a@test.example", None, now + timedelta(minutes=63))
    rows = [bytes(row.digest) for row in Sending.objects.all()]
    assert all(len(row) == 32 and b"test" not in row for row in rows)
    assert limits.forget(now + timedelta(days=10)) == len(rows)
    assert not Key.objects.filter(purpose__startswith="ip-").exists()


def test_the_measure_holds_across_midnight():
    late = timezone.now().replace(hour=23, minute=50)
    for n in range(3):
        limits.take("a@test.example", None, late + timedelta(minutes=n))
    with pytest.raises(TooMany):
        limits.take("a@test.example", None, late + timedelta(minutes=20))


def test_an_ipv6_subscriber_is_one_network():
    for n in range(20):
        limits.take(f"a{n}@test.example", f"2001:db8:0:{n:x}::1")
    with pytest.raises(TooMany):
        limits.take("z@test.example", "2001:db8:0:ff::9")


def test_the_receipt_goes_once_and_its_address_is_erased(thread):
    contribution = thread["contribution"]
    services.send_receipt(
        code=thread["code"],
        email="moi@test.example",
        language="fr",
        actor=NOBODY.holding(contribution.pk),
    )
    (message,) = mail.outbox
    assert thread["code"] in message.body and "effacée" in message.body
    assert not Subscription.objects.exists()


def test_tell_me_is_confirmed_by_the_link_of_the_receipt(client, thread):
    contribution = thread["contribution"]
    services.send_receipt(
        code=thread["code"],
        email="moi@test.example",
        language="en",
        actor=NOBODY.holding(contribution.pk),
        tell_node=contribution,
    )
    (message,) = mail.outbox
    row = Subscription.objects.get()
    assert row.purpose == "receipt" and row.confirmed_at is None and row.language == "en"
    client.post(link_in(message.body, "confirm"))
    row.refresh_from_db()
    assert row.confirmed_at and row.node == contribution


def test_a_receipt_needs_the_code_that_is_held(thread):
    with pytest.raises(Forbidden):
        services.send_receipt(
            code=thread["code"], email="a@test.example", language="fr", actor=NOBODY
        )
    other = make_thread("autre")
    with pytest.raises(Forbidden):
        services.send_receipt(
            code=thread["code"],
            email="a@test.example",
            language="fr",
            actor=NOBODY.holding(other["contribution"].pk),
        )
    Node.objects.filter(pk=thread["contribution"].pk).update(state="withdrawn")
    with pytest.raises(Gone):
        services.send_receipt(
            code=thread["code"],
            email="a@test.example",
            language="fr",
            actor=NOBODY.holding(thread["contribution"].pk),
        )
    assert mail.outbox == []


def test_a_person_follows_and_stops(client, thread):
    person = make_person()
    client.force_login(person)
    url = f"/fr/suivre/{thread['commitment'].pk}/"
    assert "Suivre" in client.get(url).content.decode()
    answer = client.post(url, {"wanted": "1", "next": "/fr/engagements/"})
    assert answer.status_code == 303 and answer["Location"] == "/fr/engagements/"
    client.post(url, {"wanted": "1"})
    assert Follow.objects.filter(person=person).count() == 1
    assert "Ne plus suivre" in client.get(url).content.decode()
    away = client.post(url, {"wanted": "0", "next": "https://evil.example/"})
    assert away["Location"] == "/fr/mes-abonnements/"
    assert not Follow.objects.exists()


def test_without_an_account_following_goes_by_mail(client, thread):
    url = f"/fr/suivre/{thread['commitment'].pk}/"
    for answer in (client.get(url), client.post(url)):
        assert answer.status_code == 303
        assert answer["Location"] == f"/fr/abonnement/?node={thread['commitment'].pk}"


def test_my_list_costs_the_same_whatever_its_length(client):
    make_site()
    person = make_person()
    client.force_login(person)
    assert client.get("/fr/mes-abonnements/").status_code == 200

    def cost(start: int, stop: int) -> int:
        for n in range(start, stop):
            Follow.objects.create(person=person, node=make_node("consultation", f"c{n}"))
        with CaptureQueriesContext(connection) as caught:
            answer = client.get("/fr/mes-abonnements/")
        assert answer.content.decode().count("Titre c") >= stop
        return len(caught)

    assert cost(0, 3) == cost(3, 18)


def test_my_list_is_mine(client, thread):
    assert client.get("/fr/mes-abonnements/").status_code == 302
    mine = make_subscription("citizen@test.example", thread["theme"])
    other = make_subscription("autre@test.example", thread["theme"])
    client.force_login(make_person())
    assert "Titre plan-theme" in client.get("/fr/mes-abonnements/").content.decode()
    assert client.post(f"/fr/mes-abonnements/{other.pk}/cesser/").status_code == 403
    assert client.post(f"/fr/mes-abonnements/{mine.pk}/cesser/").status_code == 303
    assert Subscription.objects.filter(ended_at=None).get() == other


def test_dead_links_say_so(client):
    make_site()
    for path in (
        "/fr/confirmer/abc/",
        f"/fr/confirmer/{'a' * 26}/",
        f"/en/unsubscribe/{'b' * 52}/",
    ):
        assert client.get(path).status_code == 404
        assert client.post(path).status_code == 404


def test_an_ended_subscription_cannot_be_confirmed(client, thread):
    row = make_subscription("lectrice@test.example", thread["theme"])
    services.end(tokens.of_subscription(row))
    path = f"/fr/confirmer/{tokens.of_subscription(row)}/"
    assert client.get(path).status_code == 404
    assert client.post(path).status_code == 410


def test_no_address_nor_token_in_logs(client, thread, caplog):
    row = make_subscription("lectrice@test.example", thread["theme"], confirmed=False)
    token = tokens.of_subscription(row)
    with caplog.at_level(logging.INFO):
        client.post("/fr/abonnement/", {"email": "secrete@test.example"})
        client.get(f"/fr/confirmer/{token}/")
        client.get(f"/en/confirm/{token}/")
        client.get(f"/fr/desabonnement/{token}/")
        client.post(f"/en/unsubscribe/{token}/")
    lines = "\n".join(JsonFormatter().format(record) for record in caplog.records)
    assert "/fr/abonnement/" in lines
    assert token not in lines and "secrete" not in lines
    assert token not in mask(f"Not Found: /fr/confirmer/{token}/")


def entries(body: bytes) -> list[str]:
    return [one.findtext(f"{{{ATOM}}}title") or "" for one in fromstring(body)
            if one.tag == f"{{{ATOM}}}entry"]  # fmt: skip


def test_the_feed_tells_what_is_public_newest_first(client, thread):
    happen("theme.published", thread["theme"])
    happen("theme.changed", thread["theme"])
    happen("plan.published", make_node("plan", "brouillon", state="draft"))
    answer = client.get("/fr/fil.atom")
    assert answer["Content-Type"].startswith("application/atom+xml")
    assert "public" in answer["Cache-Control"]
    titles = entries(answer.content)
    assert titles[0] == "Ce qui a été dit\u00a0: un thème est publié\u00a0: Titre plan-theme"
    assert all("brouillon" not in title for title in titles)
    assert len([t for t in titles if "Titre plan-theme" in t]) == 1
    assert b"@" not in answer.content
    english = entries(client.get("/en/feed.atom").content)
    assert "Title plan-theme" in english[0]


def test_the_feed_of_one_thing_holds_its_thread(client, thread):
    happen("theme.published", thread["theme"])
    happen("milestone.changed", thread["commitment"])
    happen("plan.published", make_node("plan", "ailleurs"))
    titles = " ".join(entries(client.get(f"/fr/fil/{thread['commitment'].pk}.atom").content))
    assert "plan-engagement" in titles and "plan-theme" in titles and "ailleurs" not in titles
    assert client.get(f"/fr/fil/{thread['contribution'].pk}.atom").status_code == 404


def test_the_feed_costs_the_same_whatever_its_length(client, thread):
    def cost(start: int, stop: int) -> int:
        for n in range(start, stop):
            happen("theme.published", make_node("theme", f"t{n}", space=thread["theme"].space))
        with CaptureQueriesContext(connection) as caught:
            assert len(entries(client.get("/fr/fil.atom").content)) >= stop
        return len(caught)

    assert cost(0, 3) == cost(3, 30)
