"""Discussions of datasets by their pages: asked, replied, answered, closed, moderated, erased."""

from datetime import timedelta
from typing import Any

import pytest
from django.core import mail
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from parvis.catalogue import entries
from parvis.catalogue import services as catalogue_services
from parvis.catalogue.discussing import queries, services
from parvis.catalogue.discussing.models import Discussion, Message
from parvis.catalogue.discussing.tests.discussing_factories import make_discussion, make_message
from parvis.catalogue.tests import catalogue_factories as catalogue
from parvis.core import outbox, thread
from parvis.core.access import NOBODY, SYSTEM, actor_for
from parvis.core.errors import Conflict, Forbidden, Invalid, NotFound, TooMany
from parvis.core.logs import mask
from parvis.core.models import Event, Follow, Node, Role, State
from parvis.core.search import search
from parvis.moderation import services as moderation
from parvis.moderation.guards import HumanForm
from parvis.notify.models import Notification, Subscription
from tests.factories import make_organisation, make_person, make_site

pytestmark = pytest.mark.django_db


def _form(**changes: Any) -> dict[str, Any]:
    return {
        "title": "Que veut dire « code » ?", "body": "La colonne n’est pas décrite.",
        "key": "cle-1", "opened": HumanForm().fields["opened"].initial, "website": "", **changes,
    }  # fmt: skip


def _as(role: str, organisation: Any = None) -> Client:
    client = Client()
    person = make_person(None, f"{role}-{organisation}@test.example")
    Role.objects.create(person=person, role=role, scope=organisation.node if organisation else None)
    client.force_login(person)
    return client


def _page(client: Client, name: str, *args: Any, status: int = 200, **query: Any) -> str:
    answer = client.get(reverse(name, args=args), query)
    assert answer.status_code == status, answer.status_code
    return answer.content.decode().replace("\u00a0", " ").replace("\u202f", " ")


def test_a_discussion_from_its_question_to_the_answer_that_is_marked(client: Client) -> None:
    make_site()
    dataset = catalogue.make_dataset()
    slug = dataset.node.slug
    assert "Personne n’a encore posé de question" in _page(client, "dataset", slug)
    new = reverse("data_discussion_new", args=[slug])
    assert "Aucun compte requis" in client.get(new).content.decode().replace("\u00a0", " ")
    # What machines do, and what is missing, keeps what was typed.
    for bad in ({"website": "x"}, {"opened": ""}, {"body": " "}, {"title": "x" * 201}):
        refused = client.post(new, _form(**bad))
        assert refused.status_code == 422 and Discussion.objects.count() == 0
    asked = _form(email="moi@test.example")
    sent = client.post(new, asked)
    assert sent.status_code == 303
    again = client.post(new, asked)
    assert again["Location"] == sent["Location"] and Discussion.objects.count() == 1
    code = sent["Location"].rstrip("/").rsplit("/", 1)[-1]
    assert code not in mask(sent["Location"])
    # The address is asked to confirm, without a word of what the public wrote, and kept nowhere.
    assert mail.outbox[0].to == ["moi@test.example"]
    assert "code" not in mail.outbox[0].body.lower()
    row = Discussion.objects.get()
    # Without an account, nobody sees it before it is read.
    assert "Attend d’être lu" in _page(client, "data_discussion_code", code)
    _page(client, "data_discussion", row.pk, status=404)
    assert "Que veut dire" not in _page(client, "data_discussions")
    assert client.get(f"/api/v1/discussions/{row.pk}").status_code == 404
    reader = _as("adviser")
    assert "1 message sur des données à lire" in _page(reader, "desk")
    assert "Que veut dire" in _page(reader, "desk_data_discussions")
    decide = reverse("data_discussion_decide", args=[row.pk])
    assert reader.post(decide, {"choice": "refuse"}).status_code == 422
    assert reader.post(decide, {"choice": "accept"}).status_code == 303
    page = _page(client, "data_discussion", row.pk)
    assert "Un mot de l’organisme est attendu" in page and "moi@test.example" not in page
    page = _page(client, "dataset", slug)
    assert "Que veut dire" in page and "L’organisme n’a pas encore répondu" in page
    # Its organisation answers, marked; another one cannot.
    steward = _as("steward", dataset.organisation)
    other = _as("steward", make_organisation("autre", "Autre"))
    Discussion.objects.update(waiting_since=timezone.now() - timedelta(days=16))
    assert "attend depuis 16 jours" in _page(steward, "desk_data_discussions")
    assert "1 discussion sur des données sans réponse" in _page(steward, "desk")
    desk = reverse("desk_data_discussion", args=[row.pk])
    assert other.get(desk).status_code == 403
    assert "Que veut dire" not in _page(other, "desk_data_discussions")
    assert steward.post(desk, {"body": ""}).status_code == 422
    assert (
        steward.post(desk, {"body": "C’est le code géographique.\n\nVoir la source."}).status_code
        == 303
    )
    name = dataset.organisation.node.title["fr"]  # type: ignore[union-attr]
    page = _page(client, "data_discussion", row.pk)
    assert f"Réponse de l’organisme : {name}" in page and "attendu depuis" not in page
    assert "L’organisme a répondu" in _page(client, "dataset", slug)
    assert "sans réponse" not in _page(steward, "desk")
    # Somebody with an account replies at once: the organisation owes a word again.
    citizen = Client()
    citizen.force_login(make_person(None, "citoyenne@test.example"))
    reply = reverse("data_discussion_reply", args=[row.pk])
    assert citizen.post(reply, _form(body="Merci !", email="")).status_code == 303
    assert "Merci !" in _page(client, "data_discussion", row.pk)
    assert "sans réponse" in _page(steward, "desk")
    # Closed with a reason that everybody reads, then open again.
    close = reverse("data_discussion_close", args=[row.pk])
    assert other.post(close, {"why_fr": "Non."}).status_code == 403
    steward.post(close, {"why_fr": ""})
    assert Discussion.objects.get().closed_at is None
    steward.post(close, {"why_fr": "La colonne est décrite.", "why_en": "It is described."})
    assert "La colonne est décrite." in _page(client, "data_discussion", row.pk)
    assert "It is described." in client.get(f"/en/data/discussions/{row.pk}/").content.decode()
    assert citizen.post(reply, _form(key="cle-2")).status_code == 303
    assert Message.objects.count() == 2
    assert "Cette discussion est fermée" in _page(client, "data_discussion_reply", row.pk)
    assert steward.post(reverse("data_discussion_reopen", args=[row.pk])).status_code == 303
    assert "Répondre" in _page(client, "data_discussion", row.pk)
    # Programs, the feed and the thread see the same.
    got = client.get(f"/api/v1/discussions/{row.pk}").json()
    assert [one["organisation"] for one in got["messages"]] == [
        dataset.organisation.node.slug, None  # type: ignore[union-attr]
    ]  # fmt: skip
    assert got["answered"] is True and "citoyenne" not in str(got)
    listed = client.get("/api/v1/discussions", {"dataset": slug, "state": "open"}).json()
    assert listed["count"] == 1 and listed["results"][0]["replies"] == 2
    assert client.get("/api/v1/discussions", {"state": "closed"}).json()["count"] == 0
    assert client.get("/api/v1/discussions", {"state": "odd"}).status_code == 422
    feed = client.get(reverse("data_discussions_feed"), {"dataset": slug}).content.decode()
    assert feed.count("<entry>") == 3 and "Réponse de l’organisme" in feed
    assert thread.walk(dataset.node).count("discussion") == 1
    assert thread.walk(row.node).count("dataset") == 1
    outbox.pump()
    assert [hit.node.pk for hit in search("géographique").hits] == [row.pk]


def test_followers_of_the_data_and_of_the_discussion_are_told_once(client: Client) -> None:
    make_site()
    dataset = catalogue.make_dataset()
    follower = make_person(None, "suit@test.example")
    Follow.objects.create(person=follower, node=dataset.node)
    row = make_discussion(dataset)
    made = make_message(row)
    services.reply(actor=SYSTEM, discussion=row, body="Voici.", as_publisher=True)
    outbox.pump()
    outbox.pump()
    told = Notification.objects.filter(person=follower).values_list("event__verb", flat=True)
    assert sorted(told) == ["discussion.answered", "discussion.opened", "discussion.replied"]
    # Whoever wrote is never in the event of what is published for them by a moderator.
    assert not Event.objects.filter(verb__startswith="discussion", actor__isnull=False).exists()
    # By e-mail, without an account: the discussion is what is followed.
    client.post(
        reverse("data_discussion_reply", args=[row.pk]),
        _form(body="Et pour 2024 ?", email="elle@test.example"),
    )
    assert Subscription.objects.get(email="elle@test.example").node == row.node
    assert made.pk in {one.pk for one in queries.messages(row)}


def test_moderation_reads_hides_and_puts_back(client: Client) -> None:
    make_site()
    row = make_discussion(catalogue.make_dataset())
    said = make_message(row, body="Appelez-moi au 418 555-0199.")
    report = reverse("report", args=[said.pk])
    assert client.post(report, _form(reason="personal_data", details="")).status_code == 303
    reader = _as("adviser")
    queue = _page(reader, "moderation_desk")
    assert "418 555-0199" in queue and "Que veut dire" in queue
    moderation.hide(
        actor=SYSTEM, node=said.node, rule="personal_data", motive="Un numéro y est donné."
    )
    page = _page(client, "data_discussion", row.pk)
    assert "418 555" not in page and "Cette réponse a été retirée" in page
    assert client.get(f"/api/v1/discussions/{row.pk}").json()["messages"] == []
    said.node.refresh_from_db()
    moderation.restore(actor=SYSTEM, node=said.node, motive="Le numéro est public.")
    assert "418 555" in _page(client, "data_discussion", row.pk)
    row.node.refresh_from_db()
    moderation.hide(actor=SYSTEM, node=row.node, rule="insult", motive="Une insulte.")
    page = _page(client, "data_discussion", row.pk, status=410)
    assert "Que veut dire" not in page and "418 555" not in page
    assert "Que veut dire" not in _page(client, "dataset", row.dataset.node.slug)
    # A message that was refused says why to its author alone.
    other = make_discussion(row.dataset, "Achetez ici", shown=False)
    services.turn_down(actor=SYSTEM, row=other, motive={"fr": "C’est de la publicité."})
    code = services.keys.receipt_code(other.pk)
    assert "C’est de la publicité." in _page(client, "data_discussion_code", code)
    _page(client, "data_discussion", other.pk, status=404)
    with pytest.raises(Conflict):
        services.publish(actor=SYSTEM, row=other)


def test_what_one_takes_back_is_erased_and_others_stay(client: Client) -> None:
    make_site()
    dataset = catalogue.make_dataset()
    row = make_discussion(dataset, "Un mot secretissime", body="Deux mots secretissimes.")
    said = make_message(row, body="Une réponse qui reste.")
    mine = make_message(row, body="Trois mots secretissimes.")
    outbox.pump()
    for code in (services.keys.receipt_code(row.pk), services.keys.receipt_code(mine.pk)):
        url = reverse("data_discussion_code", args=[code])
        assert "secretissime" in client.get(url).content.decode()
        assert client.post(url).status_code == 303
        assert client.post(url).status_code == 303
        assert "Ses mots sont effacés." in _page(client, "data_discussion_code", code)
    outbox.pump()
    page = _page(client, "data_discussion", row.pk, status=410)
    assert "secretissime" not in page and "Une réponse qui reste." in page
    kept = [*Discussion.objects.values_list("body", "author"), *Message.objects.values_list("body")]
    assert "secretissime" not in f"{kept} {list(Node.objects.values_list('slug', 'title'))}"
    assert not search("secretissime").hits
    assert thread.walk(dataset.node).count("discussion") == 0
    with pytest.raises(Forbidden):
        services.withdraw(actor=actor_for(make_person(None, "autre@test.example")), row=said)
    assert client.get(reverse("data_discussion_code", args=["AAAA"])).status_code == 404


def test_a_private_dataset_takes_its_discussions_with_it(client: Client) -> None:
    make_site()
    dataset = catalogue.make_dataset()
    row = make_discussion(dataset)
    hidden = make_message(row, body="Une insulte.")
    make_message(row)
    moderation.hide(actor=SYSTEM, node=hidden.node, rule="insult", motive="Une insulte.")
    waits = make_message(row, shown=False)
    outbox.pump()
    catalogue_services.make_private(actor=SYSTEM, dataset=dataset)
    outbox.pump()
    _page(client, "data_discussion", row.pk, status=404)
    assert "Que veut dire" not in _page(client, "data_discussions")
    assert client.get("/api/v1/discussions").json()["count"] == 0
    assert "Que veut dire" not in client.get(reverse("data_discussions_feed")).content.decode()
    assert "Que veut dire" not in client.get(reverse("feed")).content.decode()
    assert not search("colonne").hits and queries.to_read_count() == 0
    assert (
        client.get(reverse("data_discussions"), {"dataset": dataset.node.slug}).status_code == 404
    )
    with pytest.raises(NotFound):
        services.reply(actor=NOBODY, discussion=row, body="Encore là ?")
    with pytest.raises(NotFound):
        make_discussion(dataset, "Une autre")
    dataset.refresh_from_db()
    catalogue_services.publish_dataset(actor=SYSTEM, dataset=dataset)
    assert "Moi aussi" in _page(client, "data_discussion", row.pk)
    hidden.node.refresh_from_db()
    waits.node.refresh_from_db()
    assert (hidden.node.state, waits.node.state) == (State.HIDDEN, State.PRIVATE)
    entries.purge_entry(actor=SYSTEM, dataset=dataset)
    assert {*Discussion.objects.values_list("body", flat=True)} == {""}
    assert {*Message.objects.values_list("body", flat=True)} == {""}


def test_who_is_read_first_and_how_much_one_may_write(settings: Any) -> None:
    make_site()
    dataset = catalogue.make_dataset()
    person = actor_for(make_person(None, "citoyenne@test.example"))
    expected = {
        "everybody": (True, True),
        "no_account": (True, False),
        "nobody": (False, False),
    }
    for rule, read in expected.items():
        settings.DISCUSSIONS_READ_FIRST = rule
        for actor, waits in zip((NOBODY, person), read, strict=True):
            sent = services.open_discussion(actor=actor, dataset=dataset, title="Ah ?", body="Oui.")
            assert sent.shown is not waits
    settings.DISCUSSIONS_READ_FIRST = "no_account"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(services, "DAY_MAX", 3)
        with pytest.raises(TooMany):
            services.open_discussion(actor=person, dataset=dataset, title="Ah ?", body="Oui.")
        patch.setattr(services, "WAITING_MAX", 3)
        with pytest.raises(TooMany):
            services.open_discussion(actor=NOBODY, dataset=dataset, title="Ah ?", body="Oui.")
    row = make_discussion(dataset)
    with pytest.raises(Forbidden):
        services.reply(actor=person, discussion=row, body="Nous disons.", as_publisher=True)
    with pytest.raises(Invalid):
        services.reply(actor=person, discussion=row, body="x" * 2001)


def test_pages_cost_the_same_whatever_is_said(client: Client) -> None:
    make_site()
    dataset = catalogue.make_dataset()
    desk = _as("steward", dataset.organisation)

    def cost() -> list[int]:
        out = []
        for who, name, args in (
            (client, "data_discussions", []),
            (client, "dataset", [dataset.node.slug]),
            (client, "data_discussion", [Discussion.objects.order_by("pk")[0].pk]),
            (client, "data_discussions_feed", []),
            (desk, "desk_data_discussions", []),
        ):
            with CaptureQueriesContext(connection) as caught:
                assert who.get(reverse(name, args=args)).status_code == 200
            out.append(len(caught))
        return out

    def fill(count: int) -> None:
        for n in range(count):
            row = make_discussion(dataset, f"Question {n}")
            make_message(row)
            services.reply(actor=SYSTEM, discussion=row, body="Voici.", as_publisher=n % 2 == 0)

    fill(2)
    cost()
    few = cost()
    fill(3)
    assert cost() == few
