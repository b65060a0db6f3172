"""The office of a committee and its members: everything by forms alone."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from parvis.collaborate.models import Advice, Committee, Group, Meeting, Member
from parvis.collaborate.tests.collaborate_factories import (
    ago,
    both,
    make_advice,
    make_committee,
    make_meeting,
    make_member,
    make_speaker,
    plain,
)
from parvis.core import search
from parvis.core.models import Node, State
from tests.factories import make_organisation, make_person, make_site

pytestmark = pytest.mark.django_db
KEY = re.compile(r'name="key" value="([^"]+)"')
DESK = "/fr/bureau/collaboration/"


@pytest.fixture
def desk(client: Client) -> Client:
    """A coordinator's browser."""
    make_site()
    client.force_login(make_person("coordinator"))
    return client


def send(client: Client, url: str, **data: Any) -> Any:
    """Open a form, then send it with its key."""
    page = client.get(url)
    assert page.status_code == 200, (url, page.status_code)
    found = KEY.search(page.content.decode())
    return client.post(url, {**data, "key": found.group(1) if found else ""})


def text(name: str, words: str) -> dict[str, str]:
    """Return the two inputs of a text by language."""
    return {f"{name}_fr": words, f"{name}_en": f"{words} (en)"}


def test_from_nothing_to_a_reply_by_forms_alone(desk: Client) -> None:
    organisation, person = make_organisation(), make_person(email="membre@test.example")
    rules = {"months_apart": "6", "reply_days": "30", "status": "active",
             "created_precision": "day"}  # fmt: skip
    answer = send(
        desk, f"{DESK}comites/nouveau/", organisation=str(organisation.pk), **rules,
        created_on=ago(20).isoformat(), **text("title", "Comité ouvert"),
        **text("mandate", "Conseiller."),
    )  # fmt: skip
    assert (answer.status_code, answer["Location"]) == (303, f"{DESK}comites/comite-ouvert/")
    base = answer["Location"]
    assert desk.get(f"{base}rencontres/").status_code == 404
    answer = send(desk, f"{base}membres/", name="Lise", seat="civil_society", email=person.email)
    assert answer.status_code == 303
    desk.post(f"{base}publier/")
    assert Committee.objects.get().node.state == State.PUBLIC
    answer = send(desk, f"{base}rencontres/", on=ago(1).isoformat(), **text("agenda", "Le plan"))
    meeting = Meeting.objects.get()
    assert answer["Location"] == f"{DESK}rencontres/{meeting.node.slug}/"
    member = Member.objects.get()
    answer = send(
        desk, f"{DESK}rencontres/{meeting.node.slug}/tenue/", present=[str(member.pk)],
        **text("minutes", "Dit."),
    )  # fmt: skip
    assert answer.status_code == 303
    meeting.refresh_from_db()
    assert meeting.status == Meeting.Status.HELD
    voice = Client()
    voice.force_login(person)
    page = voice.get("/fr/collaborer/comites/comite-ouvert/").content.decode()
    assert "/fr/collaborer/comites/comite-ouvert/avis/" in page
    answer = send(
        voice, "/fr/collaborer/comites/comite-ouvert/avis/", title_fr="Ouvrez", text_fr="Plus tôt."
    )
    advice = Advice.objects.get()
    assert answer["Location"] == f"/fr/collaborer/avis/{advice.node.slug}/"
    assert voice.get(f"{DESK}avis/{advice.node.slug}/").status_code == 403
    answer = send(
        desk, f"{DESK}avis/{advice.node.slug}/", **text("reply", "Oui."),
        **text("replier", "Le ministre"),
    )  # fmt: skip
    assert answer.status_code == 303
    advice.refresh_from_db()
    assert advice.replied_on == timezone.localdate()
    assert "Comité ouvert" in desk.get(DESK).content.decode()


def test_a_refused_form_keeps_what_was_typed(desk: Client) -> None:
    committee = make_committee()
    base = f"{DESK}comites/{committee.node.slug}/"
    answer = send(desk, f"{base}membres/", name="Lise", seat="other", email="rien@test.example")
    assert answer.status_code == 422 and "Aucun compte n’a cette adresse" in plain(
        answer.content.decode()
    )
    assert 'value="Lise"' in answer.content.decode()
    assert send(desk, f"{base}rencontres/", on="hier").status_code == 422
    meeting = make_meeting(committee, ago(1), held=False)
    assert send(desk, f"{DESK}rencontres/{meeting.node.slug}/tenue/").status_code == 422
    advice = make_advice(committee)
    answer = send(desk, f"{DESK}avis/{advice.node.slug}/", reply_fr="Oui.", replier_fr="Nous")
    assert answer.status_code == 422 and "Oui." in answer.content.decode()


def test_a_meeting_moves_is_cancelled_and_gets_its_documents(desk: Client) -> None:
    committee = make_committee()
    later = timezone.localdate() + timedelta(days=9)
    meeting = make_meeting(committee, later, held=False)
    url = f"{DESK}rencontres/{meeting.node.slug}/"
    moved = (later + timedelta(days=1)).isoformat()
    assert send(desk, url, on=moved).status_code == 422
    assert send(desk, url, on=moved, **text("note", "Salle prise.")).status_code == 303
    node = Node.objects.create(
        kind="document", slug="d", title=both("Rapport des caribous"), state="public",
        published_at=timezone.now(),
    )  # fmt: skip
    search.index([node.pk])
    body = desk.get(f"{url}documents/?q=caribous").content.decode()
    assert "Rapport des caribous" in body
    answer = send(desk, f"{url}documents/?q=caribous", document=str(node.pk))
    assert answer.status_code == 303
    assert "Rapport des caribous" in desk.get(f"/fr/collaborer/rencontres/{meeting.node.slug}/"
                                              ).content.decode()  # fmt: skip
    assert send(desk, f"{url}documents/{node.pk}/").status_code == 303
    assert send(desk, f"{url}annuler/").status_code == 422
    assert send(desk, f"{url}annuler/", **text("reason", "Tempête.")).status_code == 303
    meeting.refresh_from_db()
    assert meeting.status == Meeting.Status.CANCELLED


def test_a_seat_changes_and_a_group_is_accredited_then_ended(desk: Client) -> None:
    committee, organisation = make_committee(), make_organisation()
    member = make_member(committee, "Lise")
    answer = send(
        desk, f"{DESK}comites/{committee.node.slug}/membres/{member.pk}/", name="Lise T.",
        seat="other", ends=ago(1).isoformat(),
    )  # fmt: skip
    assert answer.status_code == 303
    member.refresh_from_db()
    assert (member.name, member.ends) == ("Lise T.", ago(1))
    answer = send(
        desk, f"{DESK}groupes/nouveau/", organisation=str(organisation.pk), by_name="La ministre",
        since=ago(3).isoformat(), **text("title", "Veille"), **text("why", "Il suit."),
    )  # fmt: skip
    group = Group.objects.get()
    url = f"{DESK}groupes/{group.node.slug}/"
    assert answer["Location"] == url
    assert send(desk, f"{url}personnes/", name="Voix", seat="civil_society").status_code == 303
    voice = Member.objects.get(body=group.node)
    answer = send(desk, f"{url}personnes/{voice.pk}/", name="Voix 2", seat="civil_society")
    assert answer.status_code == 303
    answer = send(desk, url, until=timezone.localdate().isoformat())
    assert answer.status_code == 422
    answer = send(
        desk, url, until=timezone.localdate().isoformat(), **text("reason", "Elle est dissoute.")
    )
    assert answer.status_code == 303
    group.refresh_from_db()
    assert group.until == timezone.localdate()


def test_a_member_whose_term_is_over_finds_the_door_closed(client: Client) -> None:
    committee, person = make_committee(), make_person(email="ex@test.example")
    make_speaker(committee, person.email, starts=ago(90), ends=ago(1))
    client.force_login(person)
    answer = client.get(reverse("advice_new", args=[committee.node.slug]))
    assert answer.status_code == 403 and "terminé" in answer.content.decode()
