"""A register is a dataset of the catalogue, by the worker; search finds what its rows say."""

import pytest
from django.test import Client
from django.urls import reverse

from parvis.catalogue.models import Dataset, Version
from parvis.core import outbox, search
from parvis.core.access import SYSTEM
from parvis.core.models import Event, Site, State
from parvis.proactive import services
from parvis.proactive.tests.proactive_factories import csv_of, make_register, send
from parvis.site import registers

pytestmark = pytest.mark.django_db


def _pump() -> None:
    while outbox.pump():
        pass


def test_a_register_is_published_as_a_dataset(client: Client) -> None:
    Site.objects.create(name={"fr": "Essai"}, approval=Site.Approval.SECOND_PERSON)
    register = make_register("acces")
    _pump()
    assert not Dataset.objects.exists()  # an empty register says nothing
    on = {"date_reception": "2026-04-01", "date_reponse": "2026-04-24"}
    rows = [
        {"numero": "A-1", **on, "resume": "Entretien des glissades"},
        {"numero": "A-2", "date_reception": "2026-05-01", "date_reponse": "", "decision": ""},
    ]
    send(register, csv_of("acces", rows))
    _pump()
    register.refresh_from_db()
    dataset = Dataset.objects.get()
    assert register.dataset_id == dataset.pk and dataset.node.state == State.PUBLIC
    page = client.get(reverse("dataset", args=[dataset.node.slug]))
    assert page.status_code == 200
    answer = client.get(f"/api/v1/datasets/{dataset.node.slug}/rows").json()
    assert answer["count"] == 2
    first = answer["rows"][0]
    assert (first["numero"], first["date_limite"], first["jours_de_retard"]) == (
        "A-1", "2026-04-21", 3,
    )  # fmt: skip
    assert answer["rows"][1]["jours_de_retard"] is None
    periods = client.get(f"/api/v1/datasets/{dataset.node.slug}/rows?file=periodes").json()
    assert periods["rows"][0]["etat"] == "rows"
    register_page = client.get(reverse("typed_register", args=["acces"])).content.decode()
    assert reverse("dataset", args=[dataset.node.slug]) in register_page
    kinds = {hit.node.kind for hit in search.search("glissade entretien").hits}
    assert "typed_register" in kinds
    hit = next(h for h in search.search("glissade").hits if h.node.kind == "typed_register")
    found = client.get(reverse("typed_register", args=["acces"]) + f"?organisation={hit.node.slug}")
    assert found.context["page"].count == 2
    # the same again makes no version; a correction makes one; what is private stays so
    versions = Version.objects.count()
    services.touch(register)
    registers.publish(register)
    assert Version.objects.count() == versions
    services.withdraw_record(
        actor=SYSTEM, record=register.records.get(number="A-2"), why={"fr": "En double."}
    )
    _pump()
    assert client.get(f"/api/v1/datasets/{dataset.node.slug}/rows").json()["count"] == 1
    assert Event.objects.filter(verb="dataset.published").count() == 2
    dataset.node.state = State.HIDDEN
    dataset.node.save(update_fields=["state"])
    send(register, csv_of("acces", [{"numero": "A-3", **on}]))
    _pump()
    dataset.node.refresh_from_db()
    assert dataset.node.state == State.HIDDEN


def test_a_declaration_alone_is_published(client: Client) -> None:
    register = make_register("contrats")
    services.declare_nothing(actor=SYSTEM, register=register, period="2026-2027-T1")
    _pump()
    slug = Dataset.objects.get().node.slug
    assert client.get(f"/api/v1/datasets/{slug}/rows").json()["count"] == 0
    periods = client.get(f"/api/v1/datasets/{slug}/rows?file=periodes").json()["rows"]
    assert periods[0]["etat"] == "nothing" and periods[0]["declaree_le"]
    assert client.get(reverse("dataset", args=[slug])).status_code == 200
