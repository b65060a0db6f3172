"""The API of proposals and of moderation: the same rules as the pages."""

import json

import pytest

from parvis.consult import contributions
from parvis.core.access import SYSTEM
from parvis.methods.proposals.models import Proposal
from parvis.methods.proposals.tests.factories import make_activity, make_comment, make_proposal
from parvis.moderation import services as moderation
from parvis.moderation.models import Report
from tests.factories import make_answer, make_person, survey_of

pytestmark = pytest.mark.django_db
ROOT = "/api/v1"
KEY = "0123456789abcdef"


def call(client, method, path, body=None, status=200):
    """Return the JSON of an answer, its status checked."""
    send = getattr(client, method)
    more = {"content_type": "application/json"} if method != "get" else {}
    response = send(ROOT + path, *([json.dumps(body)] if body is not None else []), **more)
    assert response.status_code == status, response.content[:400]
    return response.json()


def test_lists_and_one(client):
    activity = make_activity()
    slug = activity.node.slug
    row = make_proposal(activity)
    make_proposal(activity, title="Former le personnel", body="Des cours.")
    found = call(client, "get", f"/proposals/{slug}?q=contrats")
    assert found["count"] == 1
    assert found["results"][0]["title"] == "Publier les contrats"
    assert call(client, "get", f"/proposals/{slug}?limit=1&offset=1")["count"] == 2
    assert call(client, "get", f"/proposal/{row.pk}")["number"] == 1
    call(client, "get", f"/proposals/{slug}?sort=alphabet", status=422)
    call(client, "get", f"/proposals/{slug}?status=perhaps", status=422)
    call(client, "get", f"/proposals/{slug}?limit=1000", status=422)
    call(client, "get", "/proposals/rien", status=404)


def test_posting_once_by_key(client):
    activity = make_activity()
    slug = activity.node.slug
    body = {"key": KEY, "title": "Publier", "body": "Tout."}
    one = call(client, "post", f"/proposals/{slug}", body, 201)
    assert call(client, "post", f"/proposals/{slug}", body, 201) == one
    assert Proposal.objects.count() == 1
    call(client, "post", f"/proposals/{slug}", body | {"body": "Autre."}, 409)
    call(client, "post", f"/proposals/{slug}", body | {"key": "court"}, 422)
    wrong = call(client, "post", f"/proposals/{slug}", body | {"key": KEY * 2, "title": ""}, 422)
    assert set(wrong["errors"]) == {"title"}


def test_closed_is_403(client):
    activity = make_activity(days=(-9, -1), opened=False)
    from parvis.consult import services as consult
    from parvis.consult.models import Phase

    phase = Phase.objects.get()
    ends = phase.ends
    Phase.objects.update(ends=ends + (ends - phase.starts) * 4)
    consult.open_consultation(actor=SYSTEM, consultation=activity.consultation)
    Phase.objects.update(ends=ends)
    body = {"key": KEY, "title": "Publier", "body": "Tout."}
    call(client, "post", f"/proposals/{activity.node.slug}", body, 403)


def test_comments_name_nobody_and_hide_what_is_hidden(client):
    row = make_proposal(make_activity())
    body = {"key": KEY, "body": "Oui.", "stance": "for"}
    call(client, "post", f"/proposal/{row.pk}/comments", body, 201)
    hidden = make_comment(row, body="Une injure")
    moderation.hide(actor=SYSTEM, node=hidden.node, rule="insult", motive="Une attaque.")
    found = call(client, "get", f"/proposal/{row.pk}/comments")
    assert found["count"] == 2
    assert [one["body"] for one in found["results"]] == ["Oui.", None]
    assert "author" not in json.dumps(found)
    assert call(client, "get", f"/proposal/{row.pk}/comments?stance=for")["count"] == 1
    call(client, "get", f"/proposal/{row.pk}/comments?stance=maybe", status=422)
    call(
        client, "post", f"/proposal/{row.pk}/comments", body | {"key": KEY * 2, "stance": "x"}, 422
    )


def test_withdrawn_proposals_leave_a_trace(client):
    row = make_proposal(make_activity())
    contributions.withdraw(actor=SYSTEM, contribution=row.node.contribution)
    found = call(client, "get", f"/proposal/{row.pk}")
    assert (found["state"], found["title"], found["body"]) == ("withdrawn", None, None)


def test_supporting_by_the_api(client):
    row = make_proposal(make_activity({"supports_max": 1}))
    call(client, "put", f"/proposal/{row.pk}/support", status=401)
    client.force_login(make_person())
    for _n in range(2):
        found = call(client, "put", f"/proposal/{row.pk}/support")
        assert found == {"supported": True, "used": 1, "left": 0}
    other = make_proposal(row.activity, title="Autre")
    call(client, "put", f"/proposal/{other.pk}/support", status=422)
    assert call(client, "delete", f"/proposal/{row.pk}/support")["used"] == 0
    assert call(client, "get", f"/proposal/{row.pk}")["supports"] == 0


def test_answering_by_the_api(client):
    row = make_proposal(make_activity())
    body = {"status": "retained", "answer": {"fr": "Oui.", "en": "Yes."}}
    call(client, "put", f"/proposal/{row.pk}/answer", body, 401)
    client.force_login(make_person())
    call(client, "put", f"/proposal/{row.pk}/answer", body, 403)
    client.force_login(make_person("adviser"))
    assert call(client, "put", f"/proposal/{row.pk}/answer", body)["status"] == "retained"
    call(client, "put", f"/proposal/{row.pk}/answer", {"status": "refused"}, 422)


@pytest.mark.parametrize("body", ["", "{", "{}", '{"status": 3}'])
def test_the_right_to_answer_comes_before_the_body(client, body):
    row = make_proposal(make_activity())

    def status(pk):
        url = f"/api/v1/proposal/{pk}/answer"
        return client.put(url, body, content_type="application/json").status_code

    assert status(row.pk) == 401
    client.force_login(make_person())
    assert status(row.pk) == 403
    client.force_login(make_person("adviser"))
    assert status(row.pk) in {400, 422}
    assert status(row.activity.pk) == 404


def test_moderation_by_the_api(client):
    row = make_proposal(make_activity())
    body = {"key": KEY, "node": str(row.pk), "reason": "insult"}
    one = call(client, "post", "/moderation/reports", body, 201)
    assert call(client, "post", "/moderation/reports", body, 201) == one
    assert Report.objects.count() == 1
    call(client, "post", "/moderation/reports", body | {"key": KEY * 2, "reason": "x"}, 422)
    answer = make_answer(survey_of(row.activity.consultation))
    private = body | {"key": KEY * 3, "node": str(answer.contribution.pk)}
    call(client, "post", "/moderation/reports", private, 404)
    moderation.hide(actor=SYSTEM, node=row.node, rule="insult", motive="Une attaque.", facts="Mot")
    found = call(client, "get", "/moderation/decisions")
    assert found["count"] == 1
    assert found["items"][0]["rule"] == 3
    assert "Mot" not in json.dumps(found)
    assert len(call(client, "get", "/moderation/rules")) == 8
    figures = call(client, "get", "/moderation/figures")
    assert figures["months"][0]["hidden"] == 1
    assert figures["open"] == 0
