"""An address, an answer, a code and a token that nobody else could write: looked for everywhere."""

import io
import json
import logging
import re
import zipfile
from collections.abc import Iterator
from typing import Any

import pytest
from django.apps import apps
from django.core import mail
from django.db.models import BinaryField
from django.test import Client
from django.urls import reverse

from parvis.consult import contributions
from parvis.consult.models import Contribution, Draft
from parvis.core import outbox
from parvis.core.access import SYSTEM
from parvis.core.logs import JsonFormatter
from parvis.core.models import Event, Node
from parvis.ledger import openings, sequencer
from parvis.notify import digest, tokens
from parvis.notify.models import Subscription
from parvis.plan.tests import plan_factories as plans
from parvis.site import publication
from parvis.understand.tests import understand_factories as understand
from tests.factories import make_answer, make_consultation, survey_of
from tests.trust.world import close

pytestmark = pytest.mark.django_db
EMAIL = "zebulon.planteur-7719@plantation.example"
SUBSCRIBER = "abonnee.secrete-5521@plantation.example"
SIGNER = "arrivante-8831@plantation.example"
ANSWER = "Xylophage quadrillé : rappelez-moi au 418 555-0199"
DRAFT = "Brouillon turquoise 31337 jamais envoyé"


class Lines(logging.Handler):
    """Every line that the program logs, as it is written in production."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.setFormatter(JsonFormatter())
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(self.format(record))


@pytest.fixture
def lines() -> Iterator[list[str]]:
    handler, root = Lines(), logging.getLogger()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.INFO)
    yield handler.lines
    root.removeHandler(handler)
    root.setLevel(level)


@pytest.fixture
def home(settings: Any, tmp_path: Any) -> Any:
    settings.HOME = tmp_path
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    settings.MAIL_QUIET_MINUTES = 0
    return tmp_path


def _work() -> None:
    while outbox.pump():
        pass
    while sequencer.run_once():
        pass


def _plant(client: Client) -> dict[str, Any]:
    """Leave everything secret behind, by the pages that people use."""
    consultation = make_consultation(with_proposals=True)
    survey = survey_of(consultation)
    slug = survey.node.slug
    start = client.post(reverse("survey", args=[slug]), {"first": "data", "why": ANSWER})
    key = re.search(r'name="key" value="([^"]+)"', client.get(start["Location"]).content.decode())
    assert key is not None
    done = client.post(start["Location"], {"key": key[1]})
    code = done["Location"].rstrip("/").split("/")[-2]
    sent = client.post(reverse("receipt", args=[code]), {"email": EMAIL, "tell": "1"})
    assert sent.status_code in {302, 303}, sent.content[:300]
    row = Subscription.objects.get(email=EMAIL)
    token = tokens.of_subscription(row)
    assert token in "".join(message.body for message in mail.outbox).replace("=\n", "")
    assert client.post(reverse("confirm_subscription", args=[token])).status_code == 200
    unfinished = client.post(reverse("survey", args=[slug]), {"first": "docs", "why": DRAFT})
    draft_token = unfinished["Location"].rstrip("/").split("/")[-2]
    asked = client.post(reverse("subscribe"), {"email": SUBSCRIBER, "what": "site"})
    assert asked.status_code == 303
    site_token = tokens.of_subscription(Subscription.objects.get(email=SUBSCRIBER))
    client.post(reverse("account_login"), {"login": SIGNER})
    client.post(reverse("account_signup"), {"email": SIGNER})
    for path in ("follow_up_code", "receipt", "receipt_copy", "withdraw", "receipt_proof"):
        client.get(reverse(path, args=[code]))
    client.get(reverse("survey_change", args=[slug, code]))
    client.get(reverse("unsubscribe", args=[token]))
    client.get(f"/fr/suivi/{code}/perdu/")  # an address that is not there
    client.post(reverse("follow_up"), {"code": code})
    for n in range(11):
        make_answer(survey, {"first": "data", "why": f"Raison publique {n}."})
    return {
        "consultation": consultation, "survey": survey, "code": code, "row": row,
        "secrets": {
            "address": EMAIL, "subscriber": SUBSCRIBER, "signer": SIGNER, "answer": ANSWER,
            "draft": DRAFT, "code": code, "token": token, "draft token": draft_token,
            "site token": site_token,
        },
    }  # fmt: skip


def _publish(planted: dict[str, Any]) -> Any:
    """Read, decide, do, and publish the answers without the planted one."""
    consultation = planted["consultation"]
    close(consultation, 0)
    theme = understand.make_theme(consultation)
    rows = Contribution.objects.filter(activity=planted["survey"])
    understand.code(consultation, [row.pk for row in rows], theme)
    understand.publish(consultation)
    theme.refresh_from_db()
    plans.make_response(theme.node, plans.make_commitment(plans.make_plan("plan-2027")))
    (flagged,) = publication.flagged(consultation, publication.sources(consultation), {})
    assert flagged.text == ANSWER
    publication.prepare_note(actor=SYSTEM, consultation=consultation)
    return publication.publish_consultation_data(
        actor=SYSTEM, consultation=consultation, decisions={flagged.key: "withhold"}
    )


def _crawl(client: Client, first: list[str]) -> dict[str, bytes]:
    """Follow every link of this site from these addresses; return path -> everything answered."""
    todo, seen = list(first), {}
    while todo and len(seen) < 700:
        path = todo.pop()
        if path in seen:
            continue
        answer = client.get(path)
        body = b"".join(answer.streaming_content) if answer.streaming else answer.content
        head = "\n".join(f"{name}: {value}" for name, value in answer.headers.items())
        seen[path] = head.encode() + b"\n\n" + _unzipped(body)
        text = body.decode(errors="ignore")
        links = re.findall(r'(?:href|src|action|"url": ?)="?([^"\s>]+)', text)
        links += re.findall(r'"url": ?"([^"]+)"', text)
        for link in links:
            local = re.sub(r"^https?://(?:127\.0\.0\.1:8000|testserver)", "", link)
            local = local.split("#")[0].replace("&amp;", "&")
            if local.startswith("/") and not local.startswith(("//", "/static/")):
                todo.append(local)
    return seen


def _unzipped(body: bytes) -> bytes:
    if body[:2] != b"PK":
        return body
    with zipfile.ZipFile(io.BytesIO(body)) as archive:
        return b"\n".join(archive.read(name) for name in archive.namelist())


def _forms(secret: str) -> set[bytes]:
    """A secret as text, as JSON, and as an address writes it."""
    from urllib.parse import quote

    plain = {secret, json.dumps(secret)[1:-1], quote(secret), secret.lower(), secret.upper()}
    return {one.encode() for one in plain}


def _found(secrets: dict[str, str], where: dict[str, bytes]) -> list[str]:
    return [
        f"{name} in {place}"
        for place, body in where.items()
        for name, secret in secrets.items()
        if any(form in body for form in _forms(secret))
    ]


# The tables in which each secret has its place; anywhere else is a leak.
PLACES = {
    "address": {"notify.subscription"},
    "subscriber": {"notify.subscription"},
    "signer": {"core.person", "account.emailaddress", "sessions.session"},
    "answer": {"consult.contribution", "ledger.leaf", "consult.draft"},
    "draft": {"consult.draft"},
    "code": set(),
    "token": set(),
    "draft token": set(),
    "site token": set(),
}


def _tables() -> dict[str, bytes]:
    found = {}
    for model in apps.get_models():
        names = [f.attname for f in model._meta.concrete_fields if not isinstance(f, BinaryField)]
        rows = [repr(row) for row in model._default_manager.values_list(*names)]
        rows += [
            bytes(value or b"").decode(errors="ignore")
            for f in model._meta.concrete_fields
            if isinstance(f, BinaryField)
            for value in model._default_manager.values_list(f.attname, flat=True)
        ]
        found[model._meta.label_lower] = "\n".join(rows).encode()
    return found


def test_nothing_planted_is_found_where_it_has_no_business(
    home: Any, lines: list[str], client: Client
) -> None:
    planted = _plant(client)
    secrets = planted["secrets"]
    _work()
    tables = _tables()
    leaks = [
        leak
        for leak in _found(secrets, tables)
        if leak.split(" in ")[1] not in PLACES[leak.split(" in ")[0]]
    ]
    assert leaks == []
    assert _found({"answer": ANSWER}, tables)  # the search itself finds what is there

    consultation, dataset = planted["consultation"], _publish(planted)
    _work()
    openings.publish()
    _work()
    digest.send_due()
    start = [
        "/fr/", "/en/", "/fr/consultations/", "/fr/registre/", "/fr/moderation/", "/fr/feed.atom",
        reverse("feed"), reverse("node_feed", args=[consultation.pk]), "/api/v1/nodes?limit=100",
        f"/api/v1/nodes/{consultation.pk}/thread", "/api/v1/themes", "/api/v1/datasets",
        "/api/v1/commitments", "/api/v1/moderation/decisions", "/api/v1/openapi.json",
        f"/api/v1/surveys/{planted['survey'].node.slug}/results",
        f"/api/v1/datasets/{dataset.node.slug}", "/api/3/action/package_search", "/metrics",
        f"/api/3/action/package_show?id={dataset.node.slug}", "/robots.txt",
        "/ledger/checkpoint", "/ledger/openings.jsonl", f"/fr/donnees/{dataset.node.slug}/",
        "/fr/recherche/?q=xylophage", "/en/search/?q=turquoise",
    ]  # fmt: skip
    stranger = Client()
    pages = _crawl(stranger, start)
    assert len(pages) > 80
    assert any(path.endswith(".parquet") for path in pages)
    assert any(path.endswith(".xlsx") for path in pages)
    assert _found({"one public reason": "Raison publique 3."}, pages)
    assert _found(secrets, pages) == []

    files = {
        str(path): path.read_bytes()
        for path in home.rglob("*")
        if path.is_file() and "ledger" in str(path)
    }
    assert files
    assert _found(secrets, files) == []
    events = {f"event {e.pk}": json.dumps(e.data).encode() for e in Event.objects.all()}
    assert _found(secrets, events) == []
    titles = {str(node.pk): repr(node.title).encode() for node in Node.objects.all()}
    assert _found(secrets, titles) == []
    assert len(lines) > 100
    logged = {f"log {n}": line.encode() for n, line in enumerate(lines)}
    assert _found(secrets, logged) == []


def test_a_crash_logs_neither_words_nor_codes(
    home: Any, lines: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A defect of ours is where a traceback would carry what people wrote."""
    consultation = make_consultation()
    survey = survey_of(consultation)
    receipt = make_answer(survey, {"first": "data", "why": ANSWER})

    def broken(*_args: Any, **_more: Any) -> None:
        raise RuntimeError(f"at /fr/suivi/{receipt.code}/ for {EMAIL}")

    monkeypatch.setattr("parvis.site.views.follow_up.contribution_thread", broken)
    client = Client(raise_request_exception=False)
    answer = client.get(reverse("follow_up_code", args=[receipt.code]))
    assert answer.status_code == 500
    assert any("RuntimeError" in line for line in lines)
    logged = {f"log {n}": line.encode() for n, line in enumerate(lines)}
    assert _found({"code": receipt.code, "address": EMAIL, "answer": ANSWER}, logged) == []
    body = {"page": answer.content}
    assert _found({"code": receipt.code, "address": EMAIL, "answer": ANSWER}, body) == []


def test_drafts_are_found_by_their_token_only(home: Any, client: Client) -> None:
    """The table keeps a digest: whoever reads it cannot open a draft."""
    survey = survey_of(make_consultation())
    token = contributions.save_draft(activity=survey, payload={"why": DRAFT})
    row = Draft.objects.get()
    assert token.encode() not in bytes(row.token_digest)
    other = survey_of(make_consultation(slug="autre"))
    for slug, tried in ((survey.node.slug, token[:-1] + "_"), (other.node.slug, token)):
        page = client.get(reverse("survey_step", args=[slug, tried, 1]))
        assert page.status_code == 404 and DRAFT not in page.content.decode()
