"""The classes of the law: published, not applicable, missing; by organisation; at the desk."""

import csv
import io
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from parvis.catalogue.tests.catalogue_factories import make_dataset, make_document
from parvis.core.access import SYSTEM
from parvis.core.models import Site, State
from parvis.proactive import placing, table
from parvis.proactive.lists import classes, shapes
from parvis.proactive.models import Placement, Waiver
from parvis.proactive.tests.proactive_factories import make_record, make_register, organisation
from tests.factories import make_person

pytestmark = pytest.mark.django_db
WHY = {"fr": "Parce que."}


def _states() -> dict[str, str]:
    return {row.known.code: row.state for row in table.rows_of(organisation())}


def test_the_list_is_whole_and_in_two_languages() -> None:
    assert len(classes()) == 22
    for one in classes().values():
        for text in (one.name, one.plain, one.reference):
            assert text["fr"] and text["en"]
    assert {shape.class_code for shape in shapes().values()} <= set(classes())


def test_what_is_missing_shows_as_missing(client: Client) -> None:
    Site.objects.create(organisation=organisation(), name={"fr": "Essai"})
    page = client.get(reverse("disclosure")).content.decode()
    assert page.count("Rien n’est publié ici pour le moment.") == 22
    document = make_document("charte")
    hidden = make_document("secret", public=False)
    dataset = make_dataset("etude")
    put: dict[str, Any] = {"actor": SYSTEM, "organisation": organisation(), "reason": WHY}
    with_lang = reverse("document", args=["charte"]).replace("/fr/", "/en/")
    placing.place(**put, code="lois", address=with_lang)
    placing.place(**put, code="etudes", address=reverse("dataset", args=["etude"]))
    placing.place(**put, code="services", address="/fr/confiance/", title={"fr": "Garanties"})
    Placement.objects.create(code="organigramme", organisation=organisation(), node=hidden.node)
    placing.waive(actor=SYSTEM, code="projets", organisation=organisation(), motive=WHY)
    register = make_register("contrats")
    states = _states()
    assert states["lois"] == states["etudes"] == states["services"] == "published"
    assert states["organigramme"] == states["contrats"] == "missing"  # a draft, an empty register
    assert states["projets"] == "waived"
    make_record(register, numero="C-1")
    assert _states()["contrats"] == "published"
    page = client.get(reverse("disclosure")).content.decode()
    assert "Bilan du plan" in page and "Parce que." in page and "secret" not in page
    assert reverse("dataset", args=["etude"]) in page
    english = client.get(reverse("disclosure").replace("/fr/diffusion/", "/en/disclosure/"))
    assert "Organisation chart" in english.content.decode()
    lines = client.get(reverse("disclosure_json")).json()["classes"]
    rows = csv.DictReader(
        io.StringIO(client.get(reverse("disclosure_csv")).content.decode("utf-8-sig"))
    )
    told = [(row["class"], row["state"], row["title"]) for row in rows]
    assert told == [(one["class"], one["state"], one["title"] or "") for one in lines]
    assert ("organigramme", "missing", "") in told
    for one in (document.node, dataset.node):
        one.state = State.HIDDEN
        one.save(update_fields=["state"])
    assert _states()["lois"] == _states()["etudes"] == "missing"
    assert client.get(reverse("disclosure") + "?organisation=inconnu").status_code == 404


def test_the_desk_of_classes() -> None:
    steward = Client()
    steward.force_login(make_person("steward"))
    make_document("charte")
    place = reverse("desk_class", args=["sct", "lois"])
    here = reverse("document", args=["charte"])
    assert "la page publique dit" in steward.get(place).content.decode()
    for typed, words in (
        ({"address": here}, "obligatoire"),
        ({"address": "pas une adresse", "title_fr": "X", "reason_fr": "Y"}, "adresse"),
        ({"address": "//mal.test/x", "title_fr": "X", "reason_fr": "Y"}, "adresse"),
        ({"address": "javascript:alert(1)", "title_fr": "X", "reason_fr": "Y"}, "adresse"),
        ({"address": "https://exemple.test/lois", "reason_fr": "Y"}, "français"),
    ):
        answer = steward.post(place, typed)
        assert answer.status_code == 422, typed
        assert words in answer.content.decode(), typed
    assert not Placement.objects.exists()
    assert steward.post(place, {"address": here, "reason_fr": "Elle y est."}).status_code == 303
    twice = steward.post(place, {"address": here, "reason_fr": "Elle y est."})
    assert twice.status_code == 422 and Placement.objects.count() == 1
    row = Placement.objects.get()
    assert row.node is not None and row.reason == {"fr": "Elle y est."}
    away = reverse("desk_class_remove", args=["sct", "lois", row.pk])
    assert steward.post(away).status_code == 303 and not Placement.objects.exists()
    waive = reverse("desk_class_waive", args=["sct", "lois"])
    assert steward.post(waive, {}).status_code == 422
    assert steward.post(waive, {"motive_fr": "Aucune loi."}).status_code == 303
    assert Waiver.objects.get().motive == {"fr": "Aucune loi."}
    assert "Aucune loi." in steward.get(place).content.decode()
    steward.post(waive, {"act": "claim"})
    assert not Waiver.objects.exists()
    assert steward.get(reverse("desk_class", args=["sct", "autre"])).status_code == 404
    assert steward.get(reverse("desk_disclosure")).status_code == 200
    open_ = reverse("desk_typed_registers")
    body = organisation().pk
    bad = steward.post(open_, {"kind": "contrats", "organisation": body, "since": "hier"})
    assert bad.status_code == 422
    good = {"kind": "contrats", "organisation": body, "since": "2026-04-01"}
    assert steward.post(open_, good).status_code == 303
    assert steward.post(open_, good).status_code == 422
