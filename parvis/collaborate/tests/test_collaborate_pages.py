"""What everybody reads of committees, in both languages; feeds and API say the same."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from parvis.collaborate import feeds, groups, meetings
from parvis.collaborate.models import Meeting
from parvis.collaborate.tests.collaborate_factories import (
    ago,
    both,
    make_advice,
    make_committee,
    make_group,
    make_meeting,
    make_member,
    make_reply,
    make_speaker,
    plain,
)
from parvis.core import kinds, search
from parvis.core.access import SYSTEM
from parvis.core.models import Event, Follow, Node
from parvis.moderation import services as moderation
from parvis.notify.concerned import recipients
from tests.factories import make_actor, make_person

pytestmark = pytest.mark.django_db


def read(client: Client, url: str) -> str:
    """Return a page's words."""
    answer = client.get(url)
    assert answer.status_code == 200, (url, answer.status_code)
    return plain(answer.content.decode())


def test_the_first_page_is_honest_when_empty_and_when_late(client: Client) -> None:
    body = read(client, "/fr/collaborer/")
    assert "Aucun comité n’est publié." in body and "0 groupe accrédité" in body
    committee = make_committee(created_on=ago(400))
    make_advice(committee, given_on=ago(90))
    make_committee("secret", public=False)
    body = read(client, "/fr/collaborer/")
    assert "En retard de" in body and "1 réponse en retard" in body
    assert "Sans réponse : en retard de 30 jours" in body
    assert "secret" not in body
    english = read(client, "/en/collaborate/")
    assert "1 reply late" in english and "No reply: 30 days late" in english


def test_a_committee_says_who_when_what_and_what_is_late(client: Client) -> None:
    committee = make_committee(
        created_on=ago(900), seats_civil_society=8, seats_government=3,
        notes=[both("Les procès-verbaux n’ont pas été lus.")],
    )  # fmt: skip
    make_member(committee, "Lise Tremblay", seat="civil_society")
    make_member(committee, "Ancien", ends=ago(5), seat="government")
    make_meeting(committee, ago(700))
    make_meeting(committee, ago(300))
    url = f"/fr/collaborer/comites/{committee.node.slug}/"
    body = read(client, url)
    for words in (
        "8 sièges annoncés", "3 sièges annoncés", "Lise Tremblay", "1 ancien membre",
        "Le comité ne s’est pas réuni : en retard de", "Rencontres trop espacées",
        "Aucune n’est annoncée.", "Une voix par personne.", "à 6 mois d’intervalle au plus",
        "Les procès-verbaux n’ont pas été lus.", "en 60 jours", "Aucun avis n’est publié.",
    ):  # fmt: skip
        assert words in body, words
    coming = timezone.localdate() + timedelta(days=20)
    make_meeting(committee, coming, held=False)
    assert "La prochaine est annoncée pour le" in read(client, url)
    english = read(client, f"/en/collaborate/committees/{committee.node.slug}/")
    assert "The committee has not met:" in english and "1 former member" in english


def test_a_committee_that_nobody_knows_to_meet_is_never_late(client: Client) -> None:
    row = make_committee(created_on=ago(2000), status="unknown")
    body = read(client, f"/fr/collaborer/comites/{row.node.slug}/")
    assert "aucun retard n’est compté" in body and "en retard de" not in body


def test_a_meeting_says_who_came_and_what_is_missing(client: Client) -> None:
    committee = make_committee()
    make_member(committee, "Lise"), make_member(committee, "Paul")
    meeting = make_meeting(committee, ago(3))
    url = reverse("meeting", args=[meeting.node.slug])
    body = read(client, url)
    assert "2 sur 2" in body and "Nous avons parlé du plan." in body and "Tenue" in body
    passed = make_meeting(committee, ago(2), held=False)
    body = read(client, reverse("meeting", args=[passed.node.slug]))
    assert "la rencontre ne compte pas comme tenue" in body
    meetings.cancel_meeting(actor=SYSTEM, meeting=passed, reason=both("Tempête de neige."))
    body = read(client, reverse("meeting", args=[passed.node.slug]))
    assert "Annulée" in body and "Tempête de neige." in body
    assert "Annulée" in read(client, reverse("committee_meetings", args=[committee.node.slug]))
    assert "Première version" in read(client, reverse("meeting_history", args=[meeting.node.slug]))


def test_an_advice_shows_its_reply_or_its_lateness(client: Client) -> None:
    committee = make_committee()
    plan = Node.objects.create(kind="plan", slug="p", title=both("Le plan"), state="public")
    advice = make_advice(committee, given_on=ago(61), about=plan)
    url = reverse("advice", args=[advice.node.slug])
    body = read(client, url)
    assert "Sans réponse : en retard de 1 jour" in body and "Le plan" in body
    assert "Consigné par le secrétariat" in body
    make_reply(advice)
    body = read(client, url)
    assert "D’accord." in body and "Le ministre" in body and "Répondu le" in body
    own = make_advice(committee, {"en": "Words in English"}, actor=make_speaker(committee))
    body = read(client, reverse("advice", args=[own.node.slug]))
    assert 'lang="en-CA">Words in English' in body and "ni approuvé ni modifié" in body
    assert "D’accord." in read(client, reverse("advice_history", args=[advice.node.slug]))


def test_an_advice_that_moderation_withdraws_keeps_its_place(client: Client) -> None:
    committee = make_committee()
    advice = make_advice(committee, "Insulte", actor=make_speaker(committee))
    one, two = make_actor("adviser"), make_actor("coordinator")
    decision = moderation.hide(actor=one, node=advice.node, rule="insult", motive="Insultant.")
    assert "Insulte" in read(client, reverse("advice", args=[advice.node.slug]))
    moderation.confirm(actor=two, decision=decision, agree=True)
    body = read(client, reverse("advice", args=[advice.node.slug]))
    assert "Un avis retiré par la modération" in body and "ouvrir plus tôt" not in body
    assert client.get(reverse("advice_history", args=[advice.node.slug])).status_code == 404
    listing = read(client, reverse("committee", args=[committee.node.slug]))
    assert "Un avis retiré par la modération" in listing and ">Insulte<" not in listing
    row = client.get("/api/v1/advice").json()["results"][0]
    assert (row["state"], row["title"], row["text"]) == ("hidden", {}, {})
    assert "Insulte" not in client.get("/fr/collaborer/").content.decode()


def test_groups_are_listed_with_who_decided_and_until_when(client: Client) -> None:
    assert "Aucun groupe n’est accrédité." in read(client, "/fr/collaborer/groupes/")
    group = make_group()
    groups.end_accreditation(
        actor=SYSTEM, group=group, until=timezone.localdate(), reason=both("Dissous.")
    )
    body = read(client, "/fr/collaborer/groupes/")
    assert "Groupe d’essai" in body and "Une sous-ministre" in body
    body = read(client, reverse("group", args=[group.node.slug]))
    assert "Dissous." in body and "Il suit les plans." in body
    english = read(client, f"/en/collaborate/groups/{group.node.slug}/")
    assert "Why it is accredited" in english


def test_the_feed_tells_lateness_from_its_first_day(client: Client) -> None:
    committee = make_committee(created_on=ago(20), months_apart=1, reply_days=5)
    make_advice(committee, given_on=ago(6))
    meeting = make_meeting(committee, ago(10), held=False)
    url = reverse("committee_feed", args=[committee.node.slug])
    body = client.get(url).content.decode()
    assert f'{url}" rel="self"' in body and 'xml:lang="fr' in body
    assert "En retard : aucune réponse" in plain(body) and "ne s’est pas réuni" not in body
    assert f"urn:uuid:{meeting.pk}#called" in body
    due = timezone.localdate() + timedelta(days=40)
    late = feeds.entries(committee, today=due)
    assert any("ne s’est pas réuni" in entry.title for entry in late)
    assert len({entry.guid for entry in late}) == len(late)
    assert client.get("/fr/collaborer/comites/rien/flux.atom").status_code == 404


def test_search_finds_them_and_followers_are_told(client: Client) -> None:
    committee = make_committee()
    person = make_person(email="suit@test.example")
    Follow.objects.create(person=person, node=committee.node, at=timezone.now())
    meeting = make_meeting(committee)
    advice = make_advice(committee, "Des caribous partout")
    for node in (committee.node, meeting.node, advice.node):
        assert kinds.url(node, "en") and kinds.url(node, "fr")
        assert kinds.get(node.kind).texts([node.pk])[node.pk]["fr"]
    search.index([committee.node.pk, meeting.node.pk, advice.node.pk])
    found = read(client, "/fr/recherche/?q=caribous")
    assert reverse("advice", args=[advice.node.slug]) in found
    for verb in ("meeting.called", "meeting.held", "advice.given"):
        event = Event.objects.get(verb=verb)
        assert [one.email for one in recipients(event)] == ["suit@test.example"], verb


def test_the_api_says_what_the_pages_say(
    client: Client, django_assert_max_num_queries: Any
) -> None:
    for size in (1, 4):
        row = make_committee(f"c{size}", created_on=ago(500))
        for n in range(size):
            make_member(row, f"Membre {n}", make_person(email=f"m{size}{n}@test.example"))
            make_meeting(row, ago(300 - n))
            make_advice(row, f"Avis {n}", given_on=ago(80 + n))
        with django_assert_max_num_queries(6):
            found = client.get("/api/v1/committees").json()
        with django_assert_max_num_queries(6):
            listed = client.get("/api/v1/meetings").json()
        with django_assert_max_num_queries(6):
            given = client.get("/api/v1/advice").json()
        with django_assert_max_num_queries(12):
            read(client, "/fr/collaborer/")
        with django_assert_max_num_queries(12):
            read(client, reverse("committee", args=[row.node.slug]))
    assert found["count"] == 2 and "test.example" not in str(found)
    one = next(card for card in found["results"] if card["slug"] == "c4")
    assert one["late"] and one["late_days"] > 0 and one["late_replies"] == 4
    assert one["url"] == {
        "fr": "/fr/collaborer/comites/c4/", "en": "/en/collaborate/committees/c4/",
    }  # fmt: skip
    assert listed["count"] == 5 and listed["results"][0]["present"]
    assert given["count"] == 5 and given["results"][0]["late"] is True
    only = client.get("/api/v1/meetings?committee=c1").json()
    assert only["count"] == 1 and only["results"][0]["committee"] == "c1"
    assert client.get("/api/v1/advice?page=9&per_page=2").json()["page"] == 3
    assert client.get("/api/v1/advice?per_page=900").status_code == 422
    assert Meeting.objects.count() == 5
