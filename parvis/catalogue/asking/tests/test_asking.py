"""Requests for data by their pages: read first, answered with a date, late in public."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.core import mail
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from parvis.catalogue.asking import queries, services
from parvis.catalogue.asking.models import DataRequest, Stage
from parvis.catalogue.asking.tests.asking_factories import make_request
from parvis.catalogue.tests import catalogue_factories as catalogue
from parvis.core import outbox
from parvis.core.access import NOBODY, SYSTEM, actor_for
from parvis.core.errors import Conflict, Forbidden, Invalid, TooMany
from parvis.core.logs import mask
from parvis.core.models import Event, Follow, Link, Node, Role, State
from parvis.core.search import index
from parvis.moderation import services as moderation
from parvis.moderation.guards import HumanForm
from parvis.notify.models import Notification, Subscription
from tests.factories import make_organisation, make_person, make_site

pytestmark = pytest.mark.django_db
FR = {"fr": "Nous les publierons.", "en": "We will publish them."}


def _form(**changes: Any) -> dict[str, Any]:
    return {
        "title": "Arrêts d’autobus", "wanted": "Un arrêt, une ligne.", "reason": "Mon trajet.",
        "key": "cle-1", "opened": HumanForm().fields["opened"].initial, "website": "", **changes,
    }  # fmt: skip


def _as(role: str, organisation: Any = None) -> Client:
    client = Client()
    person = make_person(None, f"{role}-{organisation}@test.example")
    Role.objects.create(person=person, role=role, scope=organisation.node if organisation else None)
    client.force_login(person)
    return client


def _page(client: Client, name: str, *args: Any, **query: Any) -> str:
    answer = client.get(reverse(name, args=args), query)
    assert answer.status_code == 200, answer.status_code
    return answer.content.decode().replace("\u00a0", " ").replace("\u202f", " ")


def _steps(**more: Any) -> dict[str, Any]:
    return {"words_fr": "Voici notre réponse.", "words_en": "Here is our answer.", **more}


# The whole life ----------------------------------------------------------------------------------


def test_the_whole_life_of_a_request_by_its_pages(client: Client) -> None:
    make_site()
    body = make_organisation("rtq", "Réseau d’essai")
    sent = client.post(
        reverse("data_request_new"), _form(organisation=body.pk, email="moi@test.example")
    )
    assert sent.status_code == 303
    code = sent["Location"].rstrip("/").rsplit("/", 1)[-1]
    assert code not in mask(sent["Location"])
    # The address is asked to confirm, and kept nowhere else.
    assert [m.to for m in mail.outbox] == [["moi@test.example"]]
    assert Subscription.objects.get().confirmed_at is None
    row = DataRequest.objects.get()
    assert row.due == timezone.localdate() + timedelta(days=30)
    # Nobody sees it before it is read.
    assert "Attend d’être lue" in _page(client, "data_request_code", code)
    assert "Arrêts" not in _page(client, "data_requests")
    assert client.get(reverse("data_request", args=[row.node.slug])).status_code == 404
    assert client.get(f"/api/v1/data-requests/{row.node.slug}").status_code == 404
    reader = _as("adviser")
    assert "1 demande de données à lire" in _page(reader, "desk")
    assert "Arrêts" in _page(reader, "desk_data_requests")
    shown = reader.post(reverse("data_request_decide", args=[row.pk]), {"choice": "accept"})
    assert shown.status_code == 303
    page = _page(client, "data_request", row.node.slug)
    assert "Une réponse est due au plus tard" in page and "moi@test.example" not in page
    # Its organisation answers; another one cannot.
    steward = _as("steward", body)
    other = _as("steward", make_organisation("autre", "Autre"))
    assert "1 demande de données sans réponse" in _page(steward, "desk")
    desk = reverse("desk_data_request", args=[row.pk])
    assert other.get(desk).status_code == 403
    assert "Arrêts" not in _page(other, "desk_data_requests")
    assert steward.post(desk, _steps(stage="studied")).status_code == 303
    assert "À l’étude" in _page(client, "data_request", row.node.slug)
    day = timezone.localdate() + timedelta(days=10)
    planned = _steps(stage="planned", planned_on=day.isoformat())
    assert steward.post(desk, planned).status_code == 303
    page = _page(client, "data_request", row.node.slug)
    assert "Les données sont promises au plus tard" in page
    assert "Réponse de l’organisme : Réseau d’essai" in page
    # Done only once tied to a public dataset, found by a search.
    assert steward.post(desk, _steps(stage="done")).status_code == 422
    dataset = catalogue.make_dataset()
    index([dataset.pk])
    ties = reverse("data_request_ties", args=[row.pk])
    words = dataset.node.title["fr"]
    assert str(dataset.pk) in steward.get(ties, {"q": words}).content.decode()
    tie = {"q": words, "target": str(dataset.pk), "reason_fr": "C’est ce qui était demandé."}
    assert steward.post(ties, {**tie, "reason_fr": ""}).status_code == 422
    assert steward.post(ties, tie).status_code == 303
    assert Link.objects.filter(source=row.node, relation="becomes", target=dataset.node).exists()
    assert steward.post(desk, _steps(stage="done")).status_code == 303
    page = _page(client, "data_request", row.node.slug)
    assert words in page and "C’est ce qui était demandé." in page and "Publiée" in page
    assert "Arrêts" in _page(client, "dataset", dataset.node.slug)
    # What says which data stays.
    steward.post(reverse("data_request_untie", args=[row.pk, dataset.pk]))
    assert Link.objects.filter(source=row.node, relation="becomes").count() == 1
    got = client.get(f"/api/v1/data-requests/{row.node.slug}").json()
    assert [one["state"] for one in got["answers"]] == ["studied", "planned", "done"]
    assert got["became"][0]["name"] == dataset.node.slug
    assert "author" not in got and "email" not in got
    feed = client.get(reverse("data_requests_feed")).content.decode()
    assert "Publiée" in feed and "Voici notre réponse." in feed
    csv = client.get(reverse("data_requests_csv")).content.decode("utf-8-sig")
    assert csv.splitlines()[1].startswith(f"{row.node.slug},Arrêts d’autobus,rtq,done,")
    # The author takes it back: the page says so.
    assert client.post(reverse("data_request_code", args=[code])).status_code == 303
    gone = client.get(reverse("data_request", args=[row.node.slug]))
    assert gone.status_code == 410 and "Arrêts" not in gone.content.decode()
    assert "Arrêts" not in _page(client, "data_requests")
    assert client.get(reverse("data_request_code", args=["0000-0000"])).status_code == 404


def test_a_refusal_says_why_in_english_and_what_is_not_shown_tells_its_author() -> None:
    make_site()
    row = make_request()
    services.answer(
        actor=SYSTEM, request=row, stage="refused", words={"fr": "Secret.", "en": "A secret."}
    )
    sent = services.submit(actor=NOBODY, title="Autre", fields={"wanted": "x", "reason": "y"})
    reader = _as("coordinator")
    decide = reverse("data_request_decide", args=[sent.request.pk])
    assert reader.post(decide, {"choice": "refuse", "motive_fr": ""}).status_code == 422
    refused = {"choice": "refuse", "motive_fr": "Ce n’est pas une demande."}
    assert reader.post(decide, refused).status_code == 303
    assert "Ce n’est pas une demande." in _page(Client(), "data_request_code", sent.code)
    assert Client().get(reverse("data_request", args=["autre"])).status_code == 404
    with pytest.raises(Conflict):
        services.publish(actor=SYSTEM, request=sent.request)
    # Last: the client leaves the language of its page active.
    english = Client().get(f"/en/data/requests/{row.node.slug}/").content.decode()
    assert "Refused, with why" in english and "A secret." in english


# What is refused ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "changes",
    [
        {"title": " "},
        {"title": "x" * 201},
        {"wanted": ""},
        {"wanted": "x" * 2001},
        {"reason": ""},
        {"organisation": "00000000-0000-0000-0000-000000000000"},
        {"email": "pas une adresse"},
        {"website": "https://robot.example"},
        {"opened": "faux"},
    ],
)
def test_a_bad_request_keeps_what_was_typed(client: Client, changes: dict[str, str]) -> None:
    make_site()
    answer = client.post(reverse("data_request_new"), _form(**changes))
    assert answer.status_code == 422
    assert not DataRequest.objects.exists()
    if "reason" not in changes:
        assert "Mon trajet." in answer.content.decode()


def test_sent_twice_it_is_one_and_too_many_waiting_is_said(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    form = _form()
    first = client.post(reverse("data_request_new"), form)
    assert client.post(reverse("data_request_new"), form)["Location"] == first["Location"]
    assert DataRequest.objects.count() == 1
    monkeypatch.setattr(services, "WAITING_MAX", 1)
    with pytest.raises(TooMany):
        services.submit(actor=NOBODY, title="x", fields={"wanted": "x", "reason": "x"})


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"stage": "received"}, "stage"),
        ({"stage": "autre"}, "stage"),
        ({"stage": "done"}, "stage"),
        ({"stage": "planned"}, "planned_on"),
        ({"stage": "planned", "planned_on": "yesterday"}, "planned_on"),
        ({"stage": "refused", "planned_on": "tomorrow"}, "planned_on"),
        ({"stage": "elsewhere"}, "url"),
        ({"stage": "elsewhere", "url": "javascript:alert(1)"}, "url"),
        ({"stage": "refused", "words": {"en": "No."}}, "words"),
        ({"stage": "refused", "words": {"fr": "x" * 2001}}, "words"),
    ],
)
def test_a_bad_answer_changes_nothing(changes: dict[str, Any], field: str) -> None:
    row = make_request()
    days = {"yesterday": -1, "tomorrow": 1}
    if "planned_on" in changes:
        away = timedelta(days=days[changes["planned_on"]])
        changes = {**changes, "planned_on": timezone.localdate() + away}
    with pytest.raises(Invalid) as refusal:
        services.answer(actor=SYSTEM, request=row, **{"words": FR, **changes})
    assert list(refusal.value.errors) == [field]
    row.refresh_from_db()
    assert row.stage == Stage.RECEIVED and not row.answers.exists()


def test_private_hidden_and_others_things_are_out_of_reach() -> None:
    waiting = make_request("Pas encore lue", shown=False)
    body = make_organisation()
    steward = actor_for(make_person("steward"))
    with pytest.raises(Conflict):
        services.answer(actor=steward, request=waiting, stage="refused", words=FR)
    with pytest.raises(Conflict):
        services.tie(actor=steward, request=waiting, target=body.pk, reason=FR)
    row = make_request(organisation=body)
    with pytest.raises(Forbidden):
        services.answer(actor=actor_for(make_person()), request=row, stage="refused", words=FR)
    draft = Node.objects.create(kind="dataset", slug="secret", title={"fr": "S"}, state="draft")
    for target in (draft.pk, body.pk):
        with pytest.raises(Invalid):
            services.tie(actor=steward, request=row, target=target, reason=FR)
    with pytest.raises(Forbidden):
        services.withdraw(actor=NOBODY, request=row)
    client = Client()
    assert "Arrêts" in _page(client, "report", row.pk)
    assert "Arrêts" in _page(client, "subscribe", node=str(row.pk))
    assert client.get(reverse("report", args=[waiting.pk])).status_code == 404
    moderation.hide(actor=SYSTEM, node=row.node, rule="personal_data", motive="Un nom.")
    assert client.get(reverse("data_request", args=[row.node.slug])).status_code == 410
    for name in ("data_requests", "data_requests_csv", "data_requests_feed"):
        said = client.get(reverse(name)).content.decode()
        assert "Pas encore lue" not in said and row.node.slug not in said
    assert client.get("/api/v1/data-requests").json()["count"] == 0


# By the clock ------------------------------------------------------------------------------------


def test_the_last_day_is_in_time_and_the_next_is_late(client: Client) -> None:
    row = make_request()
    assert queries.days_late(row, row.due) == 0
    assert queries.days_late(row, row.due + timedelta(days=1)) == 1
    assert not queries.public(queries.Asked(late=True), today=row.due).exists()
    assert queries.public(queries.Asked(late=True), today=row.due + timedelta(days=1)).exists()
    yesterday = timezone.localdate() - timedelta(days=2)
    DataRequest.objects.filter(pk=row.pk).update(due=yesterday)
    make_request("À temps")
    assert "2 jours de retard" in _page(client, "data_request", row.node.slug)
    page = _page(client, "data_requests", late="1")
    assert "Arrêts" in page and "À temps" not in page
    assert "1 demande de données en retard" in _page(_as("steward"), "desk")
    # "Being studied" is no answer; an answer stops the count; a promised day starts another.
    services.answer(actor=SYSTEM, request=row, stage="studied", words=FR)
    row.refresh_from_db()
    assert queries.days_late(row) == 2 and row.answered_at is None
    today = timezone.localdate()
    services.answer(actor=SYSTEM, request=row, stage="planned", words=FR, planned_on=today)
    row.refresh_from_db()
    assert queries.days_late(row, today) == 0 and row.answered_at is not None
    assert queries.days_late(row, today + timedelta(days=3)) == 3
    got = client.get("/api/v1/data-requests", {"state": "planned"}).json()
    assert [one["name"] for one in got["results"]] == [row.node.slug]


# Others who want it ------------------------------------------------------------------------------


def test_one_person_counts_once_and_followers_are_told(client: Client) -> None:
    make_site()
    row = make_request()
    address = reverse("data_request_support", args=[row.node.slug])
    assert client.post(address).status_code in {302, 303, 401}
    person = make_person()
    client.force_login(person)
    for _time in range(2):
        assert client.post(address, {"wanted": "1"}).status_code == 303
    assert row.supports.count() == 1
    assert "1 autre personne les veut" in _page(Client(), "data_request", row.node.slug)
    assert all(e.actor_id is None for e in Event.objects.filter(verb="data_request.supported"))
    client.post(address, {"wanted": "0"})
    assert row.supports.count() == 0
    while outbox.pump(500):
        pass
    Follow.objects.create(person=person, node=row.node)
    services.answer(
        actor=SYSTEM, request=row, stage="elsewhere", words=FR, url="https://exemple.quebec/a"
    )
    while outbox.pump(500):
        pass
    assert Notification.objects.filter(person=person).count() == 1
    client.post(address, {"wanted": "1"})
    assert row.supports.count() == 0


def test_given_to_another_organisation_it_leaves_the_desk() -> None:
    first, second = make_organisation("un", "Un"), make_organisation("deux", "Deux")
    row = make_request(organisation=first)
    steward = _as("steward", first)
    address = reverse("data_request_assign", args=[row.pk])
    steward.post(address, {"organisation": "n’importe quoi"})
    answer = steward.post(address, {"organisation": second.pk})
    assert answer["Location"] == reverse("desk_data_requests")
    row.refresh_from_db()
    assert row.organisation_id == second.pk
    page = _page(Client(), "data_requests", organisation="deux", stage="received")
    assert "Arrêts" in page
    assert "Arrêts" not in _page(Client(), "data_requests", organisation="un")


@pytest.mark.parametrize("name", ["data_requests", "data_requests_csv", "data_requests_feed"])
def test_a_longer_list_asks_no_more_queries(
    client: Client, name: str, django_assert_max_num_queries: Any
) -> None:
    body = make_organisation()
    for _n in range(2):
        make_request(organisation=body)
    client.get(reverse(name))
    with django_assert_max_num_queries(30) as few:
        client.get(reverse(name) + "?a=1")
    for _n in range(8):
        make_request(organisation=body)
    with django_assert_max_num_queries(len(few)):
        answer = client.get(reverse(name) + "?a=2")
    assert len(re.findall("arrets-dautobus", answer.content.decode())) >= 10
    assert State.PUBLIC in DataRequest.objects.values_list("node__state", flat=True)
