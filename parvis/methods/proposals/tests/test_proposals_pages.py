"""Pages of proposals: no script, nothing lost, nothing hidden without a word."""

import re
from datetime import timedelta
from html import unescape

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone, translation

from parvis.consult import contributions
from parvis.consult.models import Phase, Vote
from parvis.core import keys
from parvis.core.access import SYSTEM
from parvis.methods.proposals import queries, services
from parvis.methods.proposals.models import Proposal
from parvis.methods.proposals.tests.factories import (
    bulk,
    make_activity,
    make_comment,
    make_proposal,
)
from parvis.moderation import guards
from parvis.moderation import services as moderation
from tests.factories import make_actor, make_person

pytestmark = pytest.mark.django_db
XSS = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)>{{ 7*7 }}"


@pytest.fixture(autouse=True)
def _french():
    with translation.override("fr"):
        yield


def page(client, name, *args, status=200, query="", **more):
    """Return a page, its status checked, no-break spaces made plain."""
    response = client.get(reverse(name, args=args) + query, **more)
    assert response.status_code == status, response.content[:500]
    return response.content.decode().replace("\u00a0", " ")


def fields_of(html):
    """Return the hidden and typed fields of the page's own form, as a browser without script."""
    form = re.search(
        r"<form (?:class=\"[^\"]*\" )?method=\"post\" novalidate>(.*?)</form>", html, re.S
    )
    assert form, html
    found = {}
    for tag in re.findall(r"<input[^>]*>", form[1]):
        name = re.search(r'name="([^"]*)"', tag)
        kind = re.search(r'type="([^"]*)"', tag)
        if not name or (kind and kind[1] == "radio" and "checked" not in tag):
            continue
        value = re.search(r'value="([^"]*)"', tag)
        found[name[1]] = unescape(value[1]) if value else ""
    for name, value in re.findall(
        r'<textarea[^>]*name="([^"]*)"[^>]*>\n?(.*?)</textarea>', form[1], re.S
    ):
        found[name] = unescape(value)
    return found


def close(activity):
    now = timezone.now()
    Phase.objects.filter(consultation=activity.consultation).update(
        starts=now - timedelta(days=9), ends=now - timedelta(days=1)
    )


def post_proposal(client, slug, **words):
    """Fill the form and send it, as a browser does; return the answer."""
    address = reverse("proposal_new", args=[slug])
    data = fields_of(client.get(address).content.decode()) | words
    return client.post(address, data)


def test_address_is_french(client):
    activity = make_activity()
    slug = activity.node.slug
    assert reverse("proposals", args=[slug]) == f"/fr/propositions/{slug}/"
    assert reverse("proposal_new", args=[slug]) == f"/fr/propositions/{slug}/nouvelle/"


def test_posting_without_account_or_script_gives_a_receipt(client):
    activity = make_activity()
    slug = activity.node.slug
    answer = post_proposal(client, slug, title="Publier les contrats", body="Tous, le jour même.")
    row = Proposal.objects.get()
    code = keys.receipt_code(row.pk)
    assert answer.status_code == 303
    assert answer["Location"] == reverse("receipt", args=[code])
    html = page(Client(), "proposals", slug)
    assert "Publier les contrats" in html
    assert "1 proposition" in html
    html = page(Client(), "proposal", slug, row.pk)
    assert "Tous, le jour même." in html


def test_same_form_sent_twice_posts_once(client):
    activity = make_activity()
    address = reverse("proposal_new", args=[activity.node.slug])
    data = fields_of(client.get(address).content.decode())
    data |= {"title": "Publier les contrats", "body": "Tous."}
    first, again = client.post(address, data), client.post(address, data)
    assert first["Location"] == again["Location"]
    assert Proposal.objects.count() == 1
    other = client.post(address, data | {"title": "Autre chose", "body": "Rien à voir."})
    assert other.status_code == 409
    assert "Rien à voir." in other.content.decode()


def test_alike_step_shows_them_keeps_the_text_and_publishes(client):
    activity = make_activity()
    slug = activity.node.slug
    make_proposal(activity, title="Publier tous les contrats")
    said = {"title": "Publier les contrats signés", "body": f"Tous. {XSS}"}
    answer = post_proposal(client, slug, **said)
    html = answer.content.decode()
    assert answer.status_code == 200
    assert Proposal.objects.count() == 1
    assert "Publier tous les contrats" in html
    assert "<script>alert" not in html
    data = fields_of(html)
    assert data["body"] == said["body"]
    back = client.post(reverse("proposal_new", args=[slug]), data | {"back": "1"})
    assert fields_of(back.content.decode())["body"] == said["body"]
    assert Proposal.objects.count() == 1
    sent = client.post(reverse("proposal_new", args=[slug]), data)
    assert sent.status_code == 303
    assert Proposal.objects.get(number=2).node.contribution.body == said["body"]


def test_wrong_form_is_422_with_the_text_kept(client):
    activity = make_activity()
    answer = post_proposal(client, activity.node.slug, title="", body="Un texte long à écrire.")
    html = answer.content.decode()
    assert answer.status_code == 422
    assert "Un texte long à écrire." in html
    assert "error-summary" in html
    assert not Proposal.objects.exists()


def test_closed_phase_is_403_with_the_text_kept(client):
    activity = make_activity()
    slug, row = activity.node.slug, make_proposal(activity)
    address = reverse("proposal_new", args=[slug])
    data = fields_of(client.get(address).content.decode())
    comment = reverse("comment_new", args=[slug, row.pk])
    comment_data = fields_of(client.get(comment).content.decode())
    code = keys.receipt_code(row.pk)
    change = reverse("proposal_change", args=[slug, row.pk, code])
    change_data = fields_of(client.get(change).content.decode())
    close(activity)
    for place, typed in (
        (address, data | {"title": "Un titre", "body": "Ce que j’ai écrit."}),
        (comment, comment_data | {"body": "Ce que j’ai écrit."}),
        (change, change_data | {"body": "Ce que j’ai écrit."}),
    ):
        answer = client.post(place, typed)
        html = answer.content.decode()
        assert answer.status_code == 403, place
        assert "Ce que j’ai écrit." in html
        assert "n’a pas été envoyé" in html
        assert client.get(place).status_code == 403
    assert Proposal.objects.count() == 1
    html = page(client, "proposals", slug)
    assert "Publier les contrats" in html
    assert "Déposer une proposition" not in html


def test_machines_are_kept_out_and_people_lose_nothing(client, monkeypatch):
    monkeypatch.setattr(guards, "SECONDS_MIN", 3)
    slug = make_activity().node.slug
    address = reverse("proposal_new", args=[slug])
    said = {"title": "Publier les contrats", "body": "Un texte à garder."}
    data = fields_of(client.get(address).content.decode()) | said
    fast = client.post(address, data)
    assert fast.status_code == 422
    again = fields_of(fast.content.decode())
    assert again["body"] == said["body"]
    assert again["opened"] == data["opened"]
    trapped = client.post(address, data | {"website": "https://spam.example"})
    assert trapped.status_code == 422
    assert fields_of(trapped.content.decode())["website"] == ""
    forged = client.post(address, data | {"opened": "1:abc:def"})
    assert forged.status_code == 422
    assert not Proposal.objects.exists()
    real = guards.time.time
    monkeypatch.setattr(guards.time, "time", lambda: real() + 10)
    assert client.post(address, again).status_code == 303


def test_nothing_typed_becomes_markup(client):
    activity = make_activity()
    person = make_person(email="x@test.example")
    person.display_name = XSS[:60]
    person.save()
    from parvis.core.access import actor_for

    actor = actor_for(person)
    row = make_proposal(activity, title=XSS[:100], body=XSS, actor=actor)
    comment = make_comment(row, body=XSS, actor=actor)
    make_comment(row, body="Réponse", reply_to=comment.pk)
    client.force_login(person)
    slug = activity.node.slug
    places = [
        reverse("proposals", args=[slug]),
        reverse("proposals", args=[slug]) + "?q=" + "%3Cscript%3Ealert(1)",
        reverse("proposal", args=[slug, row.pk]),
        reverse("comment_new", args=[slug, row.pk]) + f"?reply={comment.pk}",
        reverse("support", args=[slug, row.pk]),
        reverse("report", args=[row.pk]),
        reverse("report", args=[comment.pk]),
        reverse("proposal_own", args=[slug, row.pk]),
    ]
    for place in places:
        answer = client.get(place)
        assert answer.status_code == 200, place
        html = answer.content.decode()
        assert "<script>alert" not in html, place
        assert "<img src=x" not in html, place
        assert "49" not in re.findall(r"\{\{|onerror=alert\(2\)&gt;(\d*)", html), place


def test_commenting_without_account(client):
    activity = make_activity()
    slug, row = activity.node.slug, make_proposal(activity)
    address = reverse("comment_new", args=[slug, row.pk])
    data = fields_of(client.get(address).content.decode())
    assert data["stance"] == "neutral"
    data |= {"stance": "against", "body": "Trop cher."}
    first, again = client.post(address, data), client.post(address, data)
    assert first.status_code == 303
    assert first["Location"] == again["Location"]
    html = page(client, "proposal", slug, row.pk)
    assert "Trop cher." in html
    assert "1 commentaire" in html
    assert page(client, "proposal", slug, row.pk, query="?stance=for").count("Trop cher.") == 0
    bad = client.post(address, data | {"body": "", "key": "autre"})
    assert bad.status_code == 422


def test_account_is_asked_before_the_effort(client):
    activity = make_activity({"anonymous_comments": False})
    slug, row = activity.node.slug, make_proposal(activity)
    for name in ("comment_new", "support"):
        answer = client.get(reverse(name, args=[slug, row.pk]))
        assert answer.status_code == 302
        assert answer["Location"].endswith("?next=" + reverse(name, args=[slug, row.pk]))
    answer = client.post(
        reverse("comment_new", args=[slug, row.pk]),
        {"body": "Écrit avant la fin de la session.", "stance": "for", "opened": _opened()},
    )
    assert answer.status_code == 401
    assert "Écrit avant la fin de la session." in answer.content.decode()


def _opened():
    from parvis.methods.proposals.forms import CommentForm

    return CommentForm()["opened"].value()


def test_supporting_and_undoing_without_script(client):
    activity = make_activity({"supports_max": 1})
    slug = activity.node.slug
    one, two = make_proposal(activity), make_proposal(activity, title="Former le personnel")
    client.force_login(make_person())
    html = page(client, "support", slug, one.pk)
    assert "Il vous en reste 1." in html
    address = reverse("support", args=[slug, one.pk])
    assert client.post(address).status_code == 303
    assert client.post(address).status_code == 303
    assert Vote.objects.count() == 1
    refused = client.post(reverse("support", args=[slug, two.pk]))
    assert refused.status_code == 422
    assert "Publier les contrats" in refused.content.decode()
    assert 'aria-pressed="true"' in page(client, "proposal", slug, one.pk)
    assert client.post(address, {"take_back": "1"}).status_code == 303
    assert not Vote.objects.exists()
    assert client.post(reverse("support", args=[slug, two.pk])).status_code == 303
    close(activity)
    assert client.post(address, {"take_back": "1"}).status_code == 403


def test_supports_are_private_to_others(client):
    activity = make_activity()
    slug, row = activity.node.slug, make_proposal(activity)
    services.support(actor=make_actor(email="a@test.example"), proposal=row)
    client.force_login(make_person(email="b@test.example"))
    html = page(client, "proposal", slug, row.pk)
    assert "1 appui" in html
    assert 'aria-pressed="true"' not in html
    assert "a@test.example" not in html
    assert "Ce que vous appuyez" not in page(client, "support", slug, row.pk)


def test_public_pages_hold_no_form_that_acts_and_may_be_cached(client):
    activity = make_activity()
    slug, row = activity.node.slug, make_proposal(activity)
    make_comment(row)
    for name, args in (("proposals", [slug]), ("proposal", [slug, row.pk])):
        response = client.get(reverse(name, args=args))
        html = response.content.decode()
        assert "csrfmiddlewaretoken" not in html
        assert 'method="post"' not in html
        assert response["Cache-Control"].startswith("public")
        assert "Set-Cookie" not in response
        assert "script" not in re.sub(r"<script[^>]*src=[^>]*>", "", html)
    client.force_login(make_person())
    assert (
        client.get(reverse("proposal", args=[slug, row.pk]))["Cache-Control"] == "private, no-store"
    )


def test_change_by_receipt_or_account_only(client):
    activity = make_activity()
    slug, person = activity.node.slug, make_person()
    from parvis.core.access import actor_for

    row = make_proposal(activity, actor=actor_for(person))
    own = reverse("proposal_own", args=[slug, row.pk])
    assert client.get(own).status_code == 302
    other = make_proposal(activity, title="Une autre")
    wrong = reverse("proposal_change", args=[slug, row.pk, keys.receipt_code(other.pk)])
    assert client.get(wrong).status_code == 404
    address = reverse("proposal_change", args=[slug, row.pk, keys.receipt_code(row.pk)])
    data = fields_of(client.get(address).content.decode())
    assert data["title"] == "Publier les contrats"
    answer = client.post(address, data | {"title": "Publier les contrats signés"})
    assert answer.status_code == 303
    assert queries.proposal(row.pk).node.title == {"fr": "Publier les contrats signés"}
    client.force_login(make_person(email="b@test.example"))
    assert client.get(own).status_code == 403
    client.force_login(person)
    assert client.get(own).status_code == 200
    html = page(client, "proposal", slug, row.pk)
    assert reverse("withdraw", args=[keys.receipt_code(row.pk)]) in html
    assert "modifiée le" in html


def test_withdrawn_and_hidden_leave_a_trace_never_a_hole(client):
    activity = make_activity()
    slug = activity.node.slug
    one, two = (
        make_proposal(activity),
        make_proposal(activity, title="Titre à cacher", body="Injure"),
    )
    first, second = make_comment(one, body="À reprendre"), make_comment(one, body="Une injure")
    contributions.withdraw(actor=SYSTEM, contribution=first)
    decision = moderation.hide(
        actor=SYSTEM, node=second.node, rule="insult", motive="Une personne est attaquée."
    )
    html = page(client, "proposal", slug, one.pk)
    assert "Commentaire retiré par son auteur le" in html
    assert "Règle 3 : attaque contre une personne." in html
    assert reverse("decision", args=[decision.pk]) in html
    assert "À reprendre" not in html
    assert "Une injure" not in html
    assert "0 commentaire" in html
    moderation.hide(actor=SYSTEM, node=two.node, rule="insult", motive="Une attaque.")
    html = page(client, "proposals", slug)
    assert "Titre à cacher" not in html
    assert "?status=removed" in html
    html = page(client, "proposals", slug, query="?status=removed")
    assert "Titre à cacher" not in html
    assert "Règle 3" in html
    html = page(client, "proposal", slug, two.pk)
    assert "Titre à cacher" not in html
    assert "Injure" not in html
    assert "Règle 3" in html
    assert client.get(reverse("comment_new", args=[slug, two.pk])).status_code == 403
    contributions.withdraw(actor=SYSTEM, contribution=one.node.contribution)
    html = page(client, "proposal", slug, one.pk)
    assert "Publier les contrats" not in html


def test_comment_address_leads_to_its_page(client):
    activity = make_activity()
    slug = activity.node.slug
    first = bulk(activity, 1, comments=60)[0]
    row = queries.proposal(first)
    late = make_comment(row, body="Le dernier.")
    answer = client.get(reverse("proposal_comment", args=[slug, late.pk]))
    assert answer["Location"] == reverse("proposal", args=[slug, first]) + f"?page=2#c-{late.pk}"
    assert f'id="c-{late.pk}"' in client.get(answer["Location"]).content.decode()
    html = page(client, "proposal", slug, first)
    assert html.count('class="comment"') == 50
    assert "61 commentaires" in html


def test_staff_answer_and_history(client):
    activity = make_activity()
    slug, row = activity.node.slug, make_proposal(activity)
    address = reverse("proposal_answer", args=[slug, row.pk])
    assert client.get(address).status_code == 302
    client.force_login(make_person())
    assert client.get(address).status_code == 403
    client.force_login(make_person("adviser"))
    data = fields_of(client.get(address).content.decode())
    data |= {"status": "retained", "answer_fr": "Oui, en **mars**.", "answer_en": ""}
    wrong = client.post(address, data)
    assert wrong.status_code == 422
    assert "Oui, en **mars**." in wrong.content.decode()
    assert client.post(address, data | {"answer_en": "Yes, in March."}).status_code == 303
    html = page(Client(), "proposal", slug, row.pk)
    assert "<strong>mars</strong>" in html
    assert 'data-verdict="kept"' in html
    assert "Oui, en" in page(Client(), "proposal_history", slug, row.pk)


def test_settings_page(client):
    activity = make_activity(opened=False)
    address = reverse("proposals_settings", args=[activity.node.slug])
    client.force_login(make_person("adviser"))
    data = fields_of(client.get(address).content.decode())
    assert client.post(address, data | {"supports_max": "0"}).status_code == 422
    assert client.post(address, data | {"supports_max": "5"}).status_code == 303
    activity.refresh_from_db()
    assert activity.settings["supports_max"] == 5
    client.force_login(make_person())
    assert client.get(address).status_code == 404


def test_english_pages_exist(client):
    activity = make_activity()
    row = make_proposal(activity)
    with translation.override("en"):
        html = page(client, "proposals", activity.node.slug)
        assert "1 proposal" in html
        assert 'lang="fr"' in html
        assert "Support this proposal" in page(client, "proposal", activity.node.slug, row.pk)


@pytest.mark.parametrize(
    "query", ["?sort=x&status=y", "?page=999999", "?page=-1", "?q=%00", "?stance=z"]
)
def test_odd_queries_are_answered(client, query):
    activity = make_activity()
    row = make_proposal(activity)
    page(client, "proposals", activity.node.slug, query=query)
    page(client, "proposal", activity.node.slug, row.pk, query=query)


def test_unknown_addresses_are_404(client):
    activity = make_activity(opened=False)
    slug = activity.node.slug
    page(client, "proposals", slug, status=404)
    page(client, "proposals", "rien", status=404)
    page(client, "proposal", slug, activity.pk, status=404)


def test_every_action_refuses_other_methods(client):
    activity = make_activity()
    assert client.post(reverse("proposals", args=[activity.node.slug])).status_code == 405
