"""Pages of moderation: report without an account, decide with a motive, appeal with a receipt."""

import re
from html import unescape

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import translation

from parvis.consult import contributions
from parvis.core import keys
from parvis.core.access import NOBODY, SYSTEM
from parvis.core.logs import mask
from parvis.core.models import Node, State
from parvis.methods.proposals.tests.factories import make_activity, make_comment, make_proposal
from parvis.moderation import guards, services
from parvis.moderation.models import Appeal, Decision, Report
from tests.factories import make_answer, make_person, survey_of

pytestmark = pytest.mark.django_db
MOTIVE = {"fr": "Une personne est attaquée.", "en": "A person is attacked."}
XSS = "<script>alert(1)</script><img src=x onerror=alert(2)>"


@pytest.fixture(autouse=True)
def _french():
    with translation.override("fr"):
        yield


@pytest.fixture
def proposal():
    return make_proposal(make_activity(), title="Titre visible", body="Texte signalé")


def page(client, address, status=200):
    response = client.get(address)
    assert response.status_code == status, address
    return response.content.decode().replace("\u00a0", " ")


def hidden_fields(html):
    return {
        name: unescape(value)
        for name, value in re.findall(r'<input type="hidden" name="([^"]*)" value="([^"]*)"', html)
    }


def fresh(node):
    return Node.objects.select_related("space__space").get(pk=node.pk)


def test_addresses_are_french(proposal):
    assert reverse("report", args=[proposal.pk]) == f"/fr/signaler/{proposal.pk}/"
    assert reverse("charter") == "/fr/charte/"
    assert reverse("moderation_desk") == "/fr/bureau/moderation/"


def test_reporting_without_account_or_script(client, proposal):
    address = reverse("report", args=[proposal.pk])
    html = page(client, address)
    assert "Texte signalé" in html
    data = hidden_fields(html) | {"reason": "insult", "details": "Voir la fin."}
    for _n in range(2):
        answer = client.post(address, data)
        assert answer.status_code == 303
    assert Report.objects.count() == 1
    assert "Votre signalement est reçu" in page(client, answer["Location"])
    wrong = client.post(address, data | {"reason": "", "details": "À garder", "key": "autre"})
    assert wrong.status_code == 422
    assert "À garder" in wrong.content.decode()


def test_machines_do_not_report(client, proposal, monkeypatch):
    monkeypatch.setattr(guards, "SECONDS_MIN", 3)
    address = reverse("report", args=[proposal.pk])
    data = hidden_fields(page(client, address)) | {"reason": "insult"}
    assert client.post(address, data).status_code == 422
    assert not Report.objects.exists()


def test_private_answers_cannot_be_found_by_reporting(client, proposal):
    answer = make_answer(survey_of(proposal.activity.consultation))
    page(client, reverse("report", args=[answer.contribution.pk]), 404)
    page(client, reverse("report", args=["00000000-0000-0000-0000-000000000000"]), 404)


def test_withdrawn_things_are_not_reported(client, proposal):
    contributions.withdraw(actor=SYSTEM, contribution=proposal.node.contribution)
    html = page(client, reverse("report", args=[proposal.pk]))
    assert "Ce n’est plus public" in html
    assert 'method="post"' not in html


def test_public_pages_say_rule_and_motive_never_the_text(client, proposal):
    decision = services.hide(
        actor=SYSTEM, node=proposal.node, rule="insult", motive=MOTIVE, facts="Mot à mot: imbécile"
    )
    for address in (reverse("moderation"), reverse("decision", args=[decision.pk])):
        html = page(client, address)
        assert "Titre visible" not in html
        assert "Texte signalé" not in html
        assert "imbécile" not in html
        assert "attaque contre une personne" in html
        assert "csrfmiddlewaretoken" not in html
    assert "Une personne est attaquée." in page(client, reverse("decision", args=[decision.pk]))
    assert client.get(reverse("moderation"))["Cache-Control"].startswith("public")


def test_proposed_decisions_are_not_public(client, proposal):
    decision = services.hide(actor=SYSTEM, node=proposal.node, rule="off_topic", motive=MOTIVE)
    page(client, reverse("decision", args=[decision.pk]), 404)
    page(client, reverse("appeal", args=[decision.pk]), 404)


def test_charter_says_every_rule(client):
    html = page(client, reverse("charter"))
    for number in range(1, 9):
        assert f'id="regle-{number}"' in html
    assert "Deux personnes doivent être d’accord" in html


def test_appeal_with_a_receipt_code(client, proposal):
    decision = services.hide(actor=SYSTEM, node=proposal.node, rule="insult", motive=MOTIVE)
    find = reverse("appeal", args=[decision.pk])
    other = make_comment(make_proposal(proposal.activity))
    wrong = client.post(find, {"code": keys.receipt_code(other.pk)})
    assert wrong.status_code == 422
    code = keys.receipt_code(proposal.pk)
    right = client.post(find, {"code": code.lower().replace("-", " ")})
    assert right.status_code == 303
    address = right["Location"]
    assert code not in mask(address)
    data = hidden_fields(page(client, address))
    empty = client.post(address, data | {"text": ""})
    assert empty.status_code == 422
    for _n in range(2):
        assert client.post(address, data | {"text": f"Non. {XSS}"}).status_code in {200, 303}
    assert Appeal.objects.count() == 1
    html = page(client, address)
    assert "Une autre personne répondra au plus tard le" in html
    assert "<script>" not in html
    assert client.get(address)["Cache-Control"] == "private, no-store"
    bad = reverse("appeal_code", args=[decision.pk, keys.receipt_code(other.pk)])
    page(client, bad, 404)


def test_desk_is_for_moderators(client, proposal):
    addresses = [
        reverse("moderation_desk"),
        reverse("moderation_decide", args=[proposal.pk]),
    ]
    for address in addresses:
        assert client.get(address).status_code == 302
    client.force_login(make_person())
    for address in addresses:
        page(client, address, 403)
    client.force_login(make_person("analyst"))
    for address in addresses:
        page(client, address, 403)
    client.force_login(make_person("adviser"))
    for address in addresses:
        page(client, address)


def test_deciding_on_the_desk(client, proposal):
    services.report(actor=NOBODY, node=proposal.node, reason="insult", details=XSS)
    client.force_login(make_person("adviser"))
    html = page(client, reverse("moderation_desk"))
    assert "Texte signalé" in html
    assert "Attaque contre une personne (1)" in html
    address = reverse("moderation_decide", args=[proposal.pk])
    html = page(client, address)
    assert "<script>alert" not in html
    data = hidden_fields(html) | {"choice": "hide", "rule": "", "facts": "", "motive_fr": "Non."}
    wrong = client.post(address, data)
    assert wrong.status_code == 422
    assert "Non." in wrong.content.decode()
    data |= {"rule": "insult"}
    assert client.post(address, data).status_code == 303
    assert fresh(proposal.node).state == State.HIDDEN
    assert "Rien n’attend." in page(client, reverse("moderation_desk"))
    html = page(client, address)
    data = hidden_fields(html) | {"motive_fr": "À tort."}
    assert client.post(address, data).status_code == 303
    assert fresh(proposal.node).state == State.PUBLIC


def test_second_person_on_the_desk(client, proposal):
    services.report(actor=NOBODY, node=proposal.node, reason="off_topic")
    first, second = make_person("adviser"), make_person("coordinator")
    client.force_login(first)
    address = reverse("moderation_decide", args=[proposal.pk])
    data = hidden_fields(page(client, address))
    data |= {"choice": "hide", "rule": "off_topic", "motive_fr": "Autre sujet."}
    assert client.post(address, data).status_code == 303
    decision = Decision.objects.get()
    assert "Une autre personne que vous doit décider." in page(client, reverse("moderation_desk"))
    place = reverse("moderation_second", args=[decision.pk])
    assert client.post(place, {"agree": "1"}).status_code == 403
    other = Client()
    other.force_login(second)
    assert "Autre sujet." in page(other, reverse("moderation_desk"))
    assert other.post(place, {"agree": "1"}).status_code == 303
    assert fresh(proposal.node).state == State.HIDDEN


def test_answering_an_appeal_on_the_desk(client, proposal):
    adviser = make_person("adviser")
    from parvis.core.access import actor_for

    decision = services.hide(
        actor=actor_for(adviser), node=proposal.node, rule="insult", motive=MOTIVE
    )
    appeal = services.appeal(
        actor=NOBODY.holding(proposal.pk), decision=decision, text="Je parlais du règlement."
    )
    address = reverse("moderation_appeal", args=[appeal.pk])
    client.force_login(adviser)
    data = hidden_fields(page(client, address)) | {"outcome": "reverse", "answer_fr": "Oui."}
    refused = client.post(address, data)
    assert refused.status_code == 403
    assert "Oui." in refused.content.decode()
    client.force_login(make_person("coordinator"))
    assert "Je parlais du règlement." in page(client, reverse("moderation_desk"))
    assert client.post(address, data).status_code == 303
    assert fresh(proposal.node).state == State.PUBLIC
    html = page(Client(), reverse("decision", args=[decision.pk]))
    assert "Oui." in html


def test_queue_asks_as_much_of_5_as_of_20(client):
    activity = make_activity()
    client.force_login(make_person("adviser"))

    def count():
        client.get(reverse("moderation_desk"))
        with CaptureQueriesContext(connection) as caught:
            page(client, reverse("moderation_desk"))
        return len(caught)

    def report(n):
        for number in range(n):
            row = make_proposal(activity, title=f"Titre {number}")
            services.report(actor=NOBODY, node=row.node, reason="insult")
            services.report(actor=NOBODY, node=make_comment(row).node, reason="illegal")

    report(2)
    few = count()
    report(8)
    assert count() == few


def test_figures_ask_as_much_of_2_as_of_12(client):
    activity = make_activity()

    def count():
        client.get(reverse("moderation"))
        with CaptureQueriesContext(connection) as caught:
            page(client, reverse("moderation"))
        return len(caught)

    def hide(n):
        for number in range(n):
            row = make_proposal(activity, title=f"Titre {number}")
            services.hide(actor=SYSTEM, node=row.node, rule="insult", motive=MOTIVE)

    hide(2)
    few = count()
    hide(10)
    assert count() == few
