"""API tokens: what they open, what they never open, and that nothing repeats them."""

import json
import logging
from datetime import timedelta

import pytest
from django.db import OperationalError
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from parvis.core import tokens
from parvis.core.access import SYSTEM, actor_for
from parvis.core.errors import Forbidden, NotFound
from parvis.core.logs import JsonFormatter
from parvis.core.models import ApiToken, Event
from parvis.methods.proposals.models import Proposal
from parvis.methods.proposals.tests import factories as proposals
from tests.factories import make_consultation, make_person, make_site

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def production(settings):
    """Staff roles need strong authentication, as on a real site."""
    settings.TESTING = settings.DEMO = False


@pytest.fixture
def proposal():
    activity = proposals.proposals_of(make_consultation(with_proposals=True))
    return proposals.make_proposal(activity)


def issue(role=None, **more) -> str:
    return tokens.issue(actor=SYSTEM, person=make_person(role), name="Essai", **more)


def bearer(value: str) -> dict[str, str]:
    return {"HTTP_AUTHORIZATION": f"Bearer {value}"}


def support(client, proposal, **headers):
    url = f"/api/v1/proposal/{proposal.pk}/support"
    return client.put(url, content_type="application/json", **headers)


def answer(client, proposal, **headers):
    url = f"/api/v1/proposal/{proposal.pk}/answer"
    body = {"status": "under_review"}
    return client.put(url, body, content_type="application/json", **headers)


def test_a_token_acts_as_its_person(proposal) -> None:
    client = Client(enforce_csrf_checks=True)
    value = issue()
    assert support(client, proposal).status_code == 401
    for header in (f"Bearer {value}", f"bearer  {value}", value):
        done = support(client, proposal, HTTP_AUTHORIZATION=header)
        assert done.status_code == 200 and done.json()["supported"] is True
    assert answer(client, proposal, **bearer(value)).status_code == 403


def test_a_token_carries_staff_roles_where_a_session_alone_does_not(proposal) -> None:
    person = make_person("adviser")
    client = Client(enforce_csrf_checks=True)
    client.force_login(person)
    value = tokens.issue(actor=SYSTEM, person=person, name="Essai")
    assert answer(client, proposal).status_code == 403
    done = answer(client, proposal, **bearer(value))  # the token wins over the cookie, without CSRF
    assert done.status_code == 200, done.content
    assert Proposal.objects.get(pk=proposal.pk).status == "under_review"
    assert done["Cache-Control"] == "private, no-store"


@pytest.mark.parametrize(
    "header", ["Bearer parvis_unknown", "parvis_unknown", "Bearer", "Bearer é"]
)
def test_a_wrong_token_is_refused_not_anonymous(client, header) -> None:
    make_site()
    url = "/api/v1/nodes"
    assert client.get(url).status_code == 200
    refused = client.get(url, HTTP_AUTHORIZATION=header, HTTP_ACCEPT_LANGUAGE="fr")
    assert refused.status_code == 401
    assert refused["WWW-Authenticate"].startswith("Bearer")
    assert refused["Cache-Control"] == "private, no-store"
    assert "n’est pas valide" in refused.json()["detail"]
    # The Action API does as CKAN: such a token is nobody.
    for url in ("/api/3/action/package_list", "/api/3"):
        assert client.get(url, HTTP_AUTHORIZATION=header).status_code == 200
    written = client.post("/api/3/action/package_create", HTTP_AUTHORIZATION=header)
    assert written.status_code == 403


def test_a_token_kept_to_reading_writes_nothing(client, proposal) -> None:
    value = issue("adviser", scopes=["read"])
    assert client.get("/api/v1/nodes", **bearer(value)).status_code == 200
    assert answer(client, proposal, **bearer(value)).status_code == 403
    assert support(client, proposal, **bearer(value)).status_code == 403


def test_revoked_expired_and_closed_are_refused(client) -> None:
    make_site()
    value = issue("adviser")
    row = ApiToken.objects.get()
    assert client.get("/api/v1/nodes", **bearer(value)).status_code == 200
    for change, words in (
        ({"revoked_at": timezone.now()}, "revoked"),
        ({"expires_at": timezone.now() - timedelta(seconds=1)}, "expired"),
        ({}, "not valid"),
    ):
        ApiToken.objects.update(revoked_at=None, expires_at=None)
        ApiToken.objects.filter(pk=row.pk).update(**change) if change else None
        row.person.is_active = bool(change)
        row.person.save()
        refused = client.get("/api/v1/nodes", HTTP_ACCEPT_LANGUAGE="en", **bearer(value))
        assert refused.status_code == 401 and words in refused.json()["detail"], words
    row.person.is_active = True
    row.person.save()
    assert client.get("/api/v1/nodes", **bearer(value)).status_code == 200


def test_a_token_expires_on_its_day() -> None:
    value = issue(days=2)
    person = tokens.actor_of(value, now=timezone.now() + timedelta(days=1)).person
    assert person is not None and person.email == "citizen@test.example"
    with pytest.raises(tokens.TokenRefused):
        tokens.actor_of(value, now=timezone.now() + timedelta(days=2, minutes=1))


def test_other_schemes_and_pages_read_no_token(client) -> None:
    """A proxy in front may ask for a password of its own; pages know sessions only."""
    make_site()
    value = issue("operator")
    assert client.get("/api/v1/nodes", HTTP_AUTHORIZATION="Basic dTpw").status_code == 200
    assert client.get(reverse("desk"), **bearer(value)).status_code in {302, 401, 403}
    public = client.get(reverse("home"), **bearer(value))
    assert public["Cache-Control"] == "private, no-store"
    assert "public" in client.get(reverse("home"))["Cache-Control"]


def test_the_last_use_is_written_once_an_hour(client, django_assert_num_queries) -> None:
    value = issue()
    now = timezone.now()
    tokens.actor_of(value, now=now)
    with django_assert_num_queries(2):  # the token with its person, the roles
        tokens.actor_of(value, now=now + timedelta(minutes=59))
    assert ApiToken.objects.get().last_used_at == now
    tokens.actor_of(value, now=now + timedelta(minutes=61))
    assert ApiToken.objects.get().last_used_at == now + timedelta(minutes=61)


def test_a_database_away_is_503(client, monkeypatch) -> None:
    def away(*_args, **_more):
        raise OperationalError("unable to open database file")

    make_site()
    value = issue()
    monkeypatch.setattr(tokens, "digest", away)
    assert client.get("/api/v1/nodes", **bearer(value)).status_code == 503


def test_my_tokens_are_listed_and_revoked(client) -> None:
    make_site()
    value = issue()
    row = ApiToken.objects.get()
    url, end = reverse("api_tokens"), reverse("api_token_revoke", args=[row.pk])
    assert client.get(url).status_code in {302, 401}
    client.force_login(row.person)
    assert "1 programme peut agir" in client.get(reverse("account_overview")).content.decode()
    page = client.get(url).content.decode()
    assert "Essai" in page and "jamais" in page and end in page
    assert value not in page and row.digest not in page
    assert "Révoquer ce jeton" in client.get(end).content.decode()
    for _twice in range(2):
        done = client.post(end, follow=True)
        assert "Le jeton « Essai » est révoqué." in done.content.decode().replace("\u00a0", " ")
    assert Event.objects.filter(verb="token.revoked").count() == 1
    assert "révoqué le" in client.get(url).content.decode().replace("\u00a0", " ")
    assert client.get("/api/v1/nodes", **bearer(value)).status_code == 401
    assert "Il est déjà révoqué." in client.get(end).content.decode()


def test_somebody_else_cannot_revoke_it(client) -> None:
    make_site()
    issue()
    row, other = ApiToken.objects.get(), make_person("operator")
    client.force_login(other)
    end = reverse("api_token_revoke", args=[row.pk])
    assert client.get(end).status_code == 404 and client.post(end).status_code == 404
    assert "Essai" not in client.get(reverse("api_tokens")).content.decode()
    with pytest.raises(NotFound):
        tokens.revoke(actor=actor_for(other), token_id=row.pk)
    with pytest.raises(Forbidden):
        tokens.issue(actor=actor_for(row.person), person=row.person, name="Le mien")
    assert ApiToken.objects.get().revoked_at is None


def test_the_list_asks_as_much_for_many(client, django_assert_max_num_queries) -> None:
    make_site()
    issue()
    person = ApiToken.objects.get().person
    client.force_login(person)
    for _more in range(15):
        tokens.issue(actor=SYSTEM, person=person, name="Un autre")
    with django_assert_max_num_queries(8):
        client.get(reverse("api_tokens"))


def test_no_log_and_no_answer_repeats_a_token(proposal, caplog) -> None:
    client = Client(raise_request_exception=False)
    value = issue("adviser")
    caplog.set_level(logging.DEBUG)
    answers = [
        support(client, proposal, **bearer(value)),
        answer(client, proposal, **bearer(value)),
        client.get("/api/v1/nowhere", **bearer(value)),
        client.get(f"/api/v1/{value}", **bearer(value)),
        client.get("/api/3/action/package_list", HTTP_AUTHORIZATION=value),
        client.get("/api/v1/nodes", HTTP_AUTHORIZATION=f"Bearer {value}x"),
    ]
    assert [one.status_code for one in answers] == [200, 200, 404, 404, 200, 401]
    logged = "\n".join(JsonFormatter().format(record) for record in caplog.records)
    assert "/support" in logged and value not in logged
    said = b"".join(one.content for one in answers if one.status_code != 404).decode()
    assert value not in said
    kept = json.dumps([row.data for row in Event.objects.all()])
    assert value not in kept and tokens.digest(value) not in kept
