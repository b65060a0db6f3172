"""One message a day for each mailbox, in its language; failures, bounces, one click."""

import json
import logging
from datetime import timedelta
from smtplib import SMTPRecipientsRefused, SMTPServerDisconnected

import pytest
from django.core import mail
from django.core.mail.backends.base import BaseEmailBackend
from django.core.management import call_command
from django.utils import timezone

from parvis.core.logs import JsonFormatter
from parvis.core.models import Event, Follow, Node
from parvis.notify import bounces, queue, services, tasks, tokens
from parvis.notify.consume import consume
from parvis.notify.digest import send_due
from parvis.notify.models import Letter, Mailbox, Notification, Subscription
from parvis.notify.tests.notify_factories import (
    happen,
    link_in,
    make_node,
    make_subscription,
    make_thread,
)
from tests.factories import make_person, make_site

pytestmark = pytest.mark.django_db
FAILING = f"{__name__}.Failing"


class Failing(BaseEmailBackend):
    """A mail server that answers with the error of the test."""

    error: Exception = SMTPServerDisconnected("gone")

    def send_messages(self, email_messages):
        raise self.error


@pytest.fixture
def thread():
    made = make_thread()
    mail.outbox.clear()
    return made


def test_all_that_waits_makes_one_message_newest_first(thread):
    make_subscription("lectrice@test.example", thread["consultation"].node)
    make_subscription("lectrice@test.example", thread["contribution"], purpose="receipt")
    mail.outbox.clear()
    now = timezone.now()
    older = happen("theme.published", thread["theme"], at=now - timedelta(minutes=9))
    newer = happen("plan.published", make_node("theme", "second", space=thread["theme"].space))
    consume([older, newer])
    assert send_due() == 1
    (message,) = mail.outbox
    assert message.to == ["lectrice@test.example"]
    assert message.subject == "2 nouvelles"
    text = message.body
    assert text.index("Titre second") < text.index("Titre plan-theme")
    assert "un thème est publié" in text
    assert f"/fr/suivi/{thread['code']}/" in text
    assert set(Notification.objects.values_list("state", flat=True)) == {"sent"}


def test_at_most_one_message_a_day_and_none_when_nothing_waits(thread):
    make_subscription("lectrice@test.example", thread["theme"])
    mail.outbox.clear()
    assert send_due() == 0
    consume([happen("theme.published", thread["theme"])])
    now = timezone.now()
    assert send_due(now) == 1
    consume([happen("milestone.changed", thread["theme"])])
    assert send_due(now + timedelta(hours=23)) == 0
    assert send_due(now + timedelta(hours=24)) == 1
    assert send_due(now + timedelta(days=9)) == 0
    assert len(mail.outbox) == 2


def test_news_that_come_together_leave_together(thread):
    make_subscription("lectrice@test.example", thread["theme"])
    mail.outbox.clear()
    consume([happen("theme.published", thread["theme"])])
    now, quiet = timezone.now(), timedelta(minutes=15)
    assert send_due(now + timedelta(minutes=5), quiet) == 0
    assert send_due(now + timedelta(minutes=16), quiet) == 1


@pytest.mark.parametrize(
    ("language", "words", "path"),
    [("fr", "Bonjour,", "/fr/desabonnement/"), ("en", "Hello,", "/en/unsubscribe/")],
)
def test_each_reads_their_language_in_text_and_html(thread, language, words, path):
    make_subscription("lectrice@test.example", thread["theme"], language=language)
    mail.outbox.clear()
    consume([happen("theme.published", thread["theme"])])
    send_due()
    (message,) = mail.outbox
    html = message.alternatives[0][0]
    title = thread["theme"].title[language]
    assert words in message.body and words in html
    assert title in message.body and title in html
    assert path in message.body and "style=" not in html
    assert message.extra_headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert path in message.extra_headers["List-Unsubscribe"]
    assert "@" not in message.extra_headers["List-Unsubscribe"]


def test_one_click_stops_everything_without_session_nor_token(client, thread):
    from django.test import Client

    person = make_person(email="lectrice@test.example")
    Follow.objects.create(person=person, node=thread["theme"])
    make_subscription("lectrice@test.example", thread["theme"])
    make_subscription("lectrice@test.example", None)
    mail.outbox.clear()
    consume([happen("theme.published", thread["theme"])])
    send_due()
    path = link_in(mail.outbox[0].extra_headers["List-Unsubscribe"], "desabonnement")
    machine = Client(enforce_csrf_checks=True)
    assert machine.get(path).status_code == 200
    assert Subscription.objects.filter(ended_at=None).count() == 2, "opening changes nothing"
    answer = machine.post(
        path, "List-Unsubscribe=One-Click", content_type="application/x-www-form-urlencoded"
    )
    assert answer.status_code == 200
    assert machine.post(path, {"List-Unsubscribe": "One-Click"}).status_code == 200
    assert not Subscription.objects.filter(ended_at=None).exists()
    assert not Subscription.objects.exclude(email="").exists(), "addresses are erased"
    assert not Follow.objects.exists()
    consume([happen("milestone.changed", thread["theme"])])
    assert send_due(timezone.now() + timedelta(days=2)) == 0


def test_only_the_unsubscribe_page_goes_without_csrf(thread):
    from django.test import Client

    row = make_subscription("lectrice@test.example", thread["theme"], confirmed=False)
    machine = Client(enforce_csrf_checks=True)
    path = f"/fr/confirmer/{tokens.of_subscription(row)}/"
    assert machine.post(path).status_code == 403
    assert machine.post("/fr/abonnement/", {"email": "x@test.example"}).status_code == 403
    row.refresh_from_db()
    assert row.confirmed_at is None


def test_an_account_stops_by_its_own_link(client, thread):
    person = make_person(email="lit@test.example")
    Follow.objects.create(person=person, node=thread["theme"])
    consume([happen("theme.published", thread["theme"])])
    send_due()
    path = link_in(mail.outbox[-1].body, "desabonnement")
    assert client.get(path).status_code == 200
    assert client.post(path).status_code == 200
    assert not Follow.objects.exists()
    wrong = path[:-3] + ("aa/" if path[-3:] != "aa/" else "bb/")
    assert client.post(wrong).status_code == 404


def test_one_subscription_can_be_stopped_alone(client, thread):
    make_subscription("lectrice@test.example", None)
    row = make_subscription("lectrice@test.example", thread["theme"])
    path = f"/fr/desabonnement/{tokens.of_subscription(row)}/"
    client.post(path, {"scope": "this"})
    assert Subscription.objects.filter(ended_at=None).get().node is None
    assert Event.objects.filter(verb="subscription.ended").count() == 1


def test_what_was_hidden_meanwhile_is_dropped(thread):
    make_subscription("lectrice@test.example", thread["theme"])
    mail.outbox.clear()
    consume([happen("theme.published", thread["theme"])])
    Node.objects.filter(pk=thread["theme"].pk).update(state="hidden")
    assert send_due() == 0
    assert mail.outbox == []
    assert Notification.objects.get().state == "dropped"
    assert Mailbox.objects.get().sent_at is None


def test_a_failed_sending_waits_longer_each_time(thread, settings, monkeypatch):
    make_subscription("lectrice@test.example", thread["theme"])
    mail.outbox.clear()
    consume([happen("theme.published", thread["theme"])])
    now = timezone.now()
    settings.MAIL_TRANSPORT = FAILING
    monkeypatch.setattr(Failing, "error", SMTPServerDisconnected("lectrice@test.example away"))
    waits = []
    for _try in range(6):
        assert send_due(now) == 0
        row = Notification.objects.get()
        waits.append((row.next_at - now).total_seconds() / 60)
        assert send_due(now + timedelta(seconds=30)) == 0
        now = row.next_at
    assert waits == [1, 2, 4, 8, 16, 32]
    assert row.state == "failed" and row.attempts == 6
    assert "@" not in row.error
    del settings.MAIL_TRANSPORT
    Notification.objects.update(state="waiting")
    assert send_due(now + timedelta(hours=1)) == 1, "a failure does not use up the day"


def test_a_recipient_refused_for_good_is_a_bounce(thread, settings, monkeypatch):
    make_subscription("lectrice@test.example", thread["theme"])
    consume([happen("theme.published", thread["theme"])])
    settings.MAIL_TRANSPORT = FAILING
    refusal = SMTPRecipientsRefused({"lectrice@test.example": (550, b"no such user")})
    monkeypatch.setattr(Failing, "error", refusal)
    assert send_due() == 0
    assert Mailbox.objects.get().bounces == 1
    assert Notification.objects.get().state == "failed"


DSN = b"""From: MAILER-DAEMON@mx.example
To: parvis@test.example
Subject: Undelivered
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="b"

--b
Content-Type: text/plain

It failed.
--b
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example

Final-Recipient: rfc822; Lectrice@test.example
Action: %s
Status: %s

--b--
"""


def test_three_bounces_end_the_subscriptions_of_an_address(thread, tmp_path):
    make_subscription("lectrice@test.example", thread["theme"])
    make_subscription("lectrice@test.example", None)
    consume([happen("theme.published", thread["theme"])])
    report = tmp_path / "report.eml"
    report.write_bytes(DSN % (b"failed", b"5.1.1"))
    for _n in range(2):
        call_command("record_bounce", str(report), verbosity=0)
    assert Subscription.objects.filter(ended_at=None).count() == 2
    call_command("record_bounce", address=["lectrice@test.example"], verbosity=0)
    assert not Subscription.objects.filter(ended_at=None).exists()
    assert not Subscription.objects.exclude(email="").exists()
    assert Notification.objects.get().state == "dropped"


def test_a_person_whose_address_bounced_is_written_to_no_more(thread):
    Follow.objects.create(person=make_person(email="lit@test.example"), node=thread["theme"])
    for _n in range(3):
        bounces.record("lit@test.example")
    consume([happen("theme.published", thread["theme"])])
    assert not Notification.objects.exists()


@pytest.mark.parametrize(
    "report",
    [DSN % (b"delayed", b"4.4.1"), DSN % (b"failed", b"4.2.2"), b"Subject: hello\n\nwords", b""],
)
def test_delays_and_ordinary_messages_are_no_bounces(report):
    assert bounces.failed_addresses(report) == []


def test_the_minute_has_a_measure(settings):
    settings.MAIL_PER_MINUTE = 2
    make_site()
    node = make_node("plan", "p")
    for n in range(5):
        Follow.objects.create(person=make_person(email=f"p{n}@test.example"), node=node)
    consume([happen("plan.published", node)])
    now = timezone.now()
    assert [send_due(now), send_due(now), send_due(now + timedelta(seconds=61))] == [2, 0, 2]
    assert send_due(now + timedelta(seconds=125)) == 1


def test_the_queue_carries_retries_and_erases(settings, monkeypatch):
    settings.EMAIL_BACKEND = "parvis.notify.queue.Backend"
    settings.MAIL_TRANSPORT = FAILING
    make_site()
    services.subscribe(email="a@test.example", language="fr", actor=services_nobody(), ip=None)
    letter = Letter.objects.get()
    assert letter.to == "a@test.example" and mail.outbox == []
    now = timezone.now()
    assert queue.deliver(now) == 0
    letter.refresh_from_db()
    assert letter.attempts == 1 and letter.next_at == now + timedelta(minutes=1)
    settings.MAIL_TRANSPORT = "django.core.mail.backends.locmem.EmailBackend"
    assert queue.deliver(now + timedelta(seconds=59)) == 0
    assert queue.deliver(now + timedelta(seconds=61)) == 1
    assert not Letter.objects.exists(), "the address is erased once the message left"
    (message,) = mail.outbox
    assert message.to == ["a@test.example"] and message.alternatives


def test_the_queue_gives_up_and_erases(settings, caplog):
    settings.EMAIL_BACKEND = "parvis.notify.queue.Backend"
    settings.MAIL_TRANSPORT = FAILING
    make_site()
    services.subscribe(email="a@test.example", language="fr", actor=services_nobody(), ip=None)
    now = timezone.now()
    with caplog.at_level(logging.WARNING):
        for _n in range(queue.ATTEMPTS_MAX):
            queue.deliver(now)
            now += timedelta(hours=5)
    assert not Letter.objects.exists()
    lines = [JsonFormatter().format(record) for record in caplog.records]
    assert any("given up" in line for line in lines)
    assert all("a@test.example" not in line for line in lines)


def services_nobody():
    from parvis.core.access import NOBODY

    return NOBODY


def test_the_worker_sends_and_cleans(thread, settings):
    settings.MAIL_QUIET_MINUTES = 0
    tasks._cleaned.clear()
    make_subscription("lectrice@test.example", thread["theme"])
    old = make_subscription("jamais@test.example", thread["theme"], confirmed=False)
    Subscription.objects.filter(pk=old.pk).update(created_at=timezone.now() - timedelta(days=8))
    mail.outbox.clear()
    consume([happen("theme.published", thread["theme"])])
    assert tasks.tick() == 1
    assert not Subscription.objects.filter(pk=old.pk).exists()
    assert tasks.tick() == 0


def test_no_address_in_events_nor_addresses_of_pages(thread):
    row = make_subscription("lectrice@test.example", thread["theme"])
    services.end(tokens.of_subscription(row))
    facts = json.dumps(list(Event.objects.values_list("verb", "data")), default=str)
    assert "subscription.confirmed" in facts and "lectrice" not in facts
    assert "lectrice" not in tokens.of_subscription(row)
