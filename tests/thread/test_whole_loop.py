"""The thread from end to end: asked, answered, read, decided, done, published, told, recounted."""

import csv
import io
import re
from datetime import timedelta
from typing import Any

import pytest
from django.core import mail
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import override

from parvis.consult import contributions, queries
from parvis.consult.models import Consultation, Phase
from parvis.core import outbox
from parvis.core.access import SYSTEM
from parvis.core.models import Event
from parvis.ledger import openings, sequencer
from parvis.ledger.store import Store
from parvis.merkle.audit import audit
from parvis.methods.survey import results as drawn
from parvis.notify import digest, services, tokens
from parvis.notify.models import Subscription
from parvis.plan.tests import plan_factories as plans
from parvis.site import publication
from parvis.understand.tests import understand_factories as understand
from tests.factories import make_consultation, survey_of

pytestmark = pytest.mark.django_db
ANSWERS = 12
EXPRESS = 7


@pytest.fixture
def home(settings, tmp_path):
    settings.HOME = tmp_path
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    settings.MAIL_QUIET_MINUTES = 0
    return tmp_path


def _work() -> None:
    """What the worker does between two steps of the thread."""
    while outbox.pump():
        pass
    drawn.draw_stale()
    while sequencer.run_once():
        pass


def _answer(client: Client, slug: str, n: int) -> str:
    """Answer by the pages, without a script; return the receipt code."""
    first = "data" if n < EXPRESS else "docs"
    start = client.post(
        reverse("survey", args=[slug]), {"first": first, "why": f"Raison numéro {n}."}
    )
    page = client.get(start["Location"])
    key = re.search(r'name="key" value="([^"]+)"', page.content.decode())
    assert key is not None
    done = client.post(start["Location"], {"key": key[1]})
    assert done.status_code in {302, 303}, done.content[:500]
    return done["Location"].rstrip("/").split("/")[-2]


def _close(consultation: Consultation) -> None:
    now = timezone.now()
    Phase.objects.filter(consultation=consultation).update(
        starts=now - timedelta(days=20), ends=now - timedelta(minutes=1)
    )


def _follow_up(client: Client, code: str, language: str = "fr") -> str:
    with override(language):
        page = client.get(reverse("follow_up_code", args=[code]))
    assert page.status_code == 200
    return page.content.decode().replace("\u00a0", " ").replace("\u202f", " ")


def _subscribe(code_node: Any, email: str, language: str) -> None:
    from parvis.core.access import NOBODY

    services.subscribe(
        email=email, language=language, node=code_node, actor=NOBODY.holding(code_node.pk),
        purpose=Subscription.Purpose.RECEIPT,
    )  # fmt: skip
    services.confirm(tokens.of_subscription(Subscription.objects.get(email=email)))


def _counts(client: Client, node: Any) -> dict[str, int]:
    found = client.get(f"/api/v1/nodes/{node.pk}/thread").json()
    return {level["kind"]: level["count"] for level in found["levels"]}


def _csv(client: Client, dataset: Any, name: str) -> list[dict[str, str]]:
    page = client.get(f"/api/v1/datasets/{dataset.node.slug}").json()
    file = next(one for one in page["files"] if one["name"] == name)
    url = next(one["url"] for one in file["downloads"] if one["url"].endswith(".csv"))
    answer = client.get(re.sub(r"^https?://[^/]+", "", url))
    body = b"".join(answer.streaming_content).decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(body)))


def test_what_was_said_is_followed_to_what_was_done(client: Client, home: Any) -> None:
    consultation = make_consultation()
    survey = survey_of(consultation)
    slug = survey.node.slug

    # said
    codes = [_answer(Client(), slug, n) for n in range(ANSWERS)]
    assert len(set(codes)) == ANSWERS
    rows = [contributions.by_code(code) for code in codes]
    _subscribe(rows[0].node, "lecteur@test.example", "fr")
    _subscribe(rows[1].node, "reader@test.example", "en")
    mail.outbox.clear()
    _work()
    page = _follow_up(client, codes[0])
    assert "Raison numéro 0." in page and "pas encore" in page

    # closed, read: seven express a theme
    _close(consultation)
    consultation = queries.consultation_by_slug("plan")
    theme = understand.make_theme(consultation, "Données ouvertes")
    understand.code(consultation, [row.pk for row in rows[:EXPRESS]], theme)
    understand.publish(consultation)
    theme.refresh_from_db()
    _work()
    assert "Données ouvertes" in _follow_up(client, codes[0])
    assert "Données ouvertes" not in _follow_up(client, codes[-1])

    # decided, promised, reported
    plan = plans.make_plan("plan-2027")
    commitment = plans.make_commitment(plan, "1", milestones=2)
    node = theme.node
    node.refresh_from_db()
    response = plans.make_response(node, commitment)
    plans.make_report(commitment)
    _work()
    page = _follow_up(client, codes[0])
    assert "Parce que c’est utile." in page
    assert reverse("commitment", args=[commitment.node.slug]) in page
    assert "Engagement 1 de plan-2027" in page

    # published
    publication.prepare_note(actor=SYSTEM, consultation=consultation)
    dataset = publication.publish_consultation_data(actor=SYSTEM, consultation=consultation)
    _work()
    page = _follow_up(client, codes[0])
    assert reverse("dataset", args=[dataset.node.slug]) in page

    # told: all of it in one message each, in each person's language
    sent = digest.send_due(timezone.now() + timedelta(hours=1))
    assert sent == 2
    messages = {message.to[0]: message for message in mail.outbox}
    assert set(messages) == {"lecteur@test.example", "reader@test.example"}
    french, english = messages["lecteur@test.example"], messages["reader@test.example"]
    assert "/fr/" in french.body and "/en/" not in french.body
    assert "/en/" in english.body and "/fr/" not in english.body
    assert "Données ouvertes" in french.body and "Données ouvertes (en)" in english.body
    assert digest.send_due(timezone.now() + timedelta(hours=2)) == 0

    # recounted: page = API = CSV = leaves
    assert _counts(client, node) == {"contribution": EXPRESS, "response": 1, "commitment": 1}
    assert _counts(client, commitment.node)["contribution"] == EXPRESS
    assert _counts(client, response.node)["contribution"] == EXPRESS
    found = queries.counts(consultation)
    assert (found.received, found.kept) == (ANSWERS, ANSWERS)
    opinions = _csv(client, dataset, "opinions")
    assert len(opinions) == found.kept
    by_value = sorted(next(v for k, v in row.items() if "first" in k) for row in opinions)
    assert len([v for v in by_value if v in {"data", "Données"}]) == EXPRESS
    results = client.get(reverse("results", args=["plan"])).content.decode()
    voices = re.search(rf'id="t-{node.slug}".*?</article>', results, re.S)
    assert voices is not None and re.search(rf"\b{EXPRESS}\b", voices[0])
    chart = client.get(f"/api/v1/surveys/{slug}/results").json()
    assert chart["total"] == found.kept
    assert {bar["count"] for bar in chart["questions"][0]["bars"]} == {EXPRESS, ANSWERS - EXPRESS}

    # the register agrees, read as a stranger reads it
    openings.publish()
    _work()
    store = Store.here()
    report = audit(store, store.verifier, openings=openings.current())
    assert report.ok, report
    accepted = Event.objects.filter(verb="answer.accepted").count()
    assert accepted == found.received
    assert Event.objects.filter(verb="contribution.accepted").count() == 0


def test_withdrawing_takes_one_off_every_count_at_once(client: Client, home: Any) -> None:
    consultation = make_consultation()
    survey = survey_of(consultation)
    codes = [_answer(Client(), survey.node.slug, n) for n in range(3)]
    rows = [contributions.by_code(code) for code in codes]
    theme = understand.make_theme(consultation, "Données ouvertes")
    understand.code(consultation, [row.pk for row in rows], theme)
    understand.publish(consultation)
    _work()
    assert _counts(client, theme.node) == {"contribution": 3}
    assert client.post(reverse("withdraw", args=[codes[0]])).status_code in {302, 303}
    assert _counts(client, theme.node) == {"contribution": 2}
    _work()
    assert _counts(client, theme.node) == {"contribution": 2}
    found = queries.counts(consultation)
    assert (found.received, found.kept, found.withdrawn) == (3, 2, 1)
    store = Store.here()
    assert audit(store, store.verifier, openings=openings.current()).ok
