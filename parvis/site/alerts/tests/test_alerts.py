"""Saved searches: kept with or without an account, run each day, told once, ended in one click."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.core import mail
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from parvis.catalogue import services as catalogue_services
from parvis.catalogue.lists import LICENCE_DEFAULT
from parvis.catalogue.tests import catalogue_factories as catalogue
from parvis.core import search
from parvis.core.access import NOBODY, SYSTEM, actor_for
from parvis.core.errors import Conflict, Forbidden, Invalid, TooMany
from parvis.core.logs import mask
from parvis.core.models import Node, Person
from parvis.notify import bounces, tokens
from parvis.notify import services as notices
from parvis.site.alerts import letters, running, services, tasks
from parvis.site.alerts.models import SavedSearch, Told
from tests.factories import make_person, make_site

pytestmark = pytest.mark.django_db


def _path(text: str, word: str) -> str:
    """Return the address of a message that holds a word."""
    found = re.search(rf"https?://[^/\s]+(/\S*{word}\S*)", text)
    assert found, text
    return found[1]


def _publish(slug: str, title: str, **more: Any) -> Any:
    return catalogue.make_dataset(slug, title=title, **more)


def _days(n: float) -> Any:
    return timezone.now() + timedelta(days=n)


def _keep(person: Person | None = None, query: str = "q=arbres", where: str = "dataset") -> Any:
    person = person or make_person(None, "lectrice@test.example")
    return services.save(actor=actor_for(person), where=where, query=query)


def test_without_an_account_a_search_is_confirmed_then_told_once_then_ended(client: Client) -> None:
    make_site()
    old = _publish("arbres-anciens", "Arbres anciens")
    page = client.get(
        reverse("datasets"), {"q": "arbres", "licence": LICENCE_DEFAULT}
    ).content.decode()
    link = re.search(r'href="([^"]*alertes/nouvelle/[^"]*)"', page)
    assert link
    url = link[1].replace("&amp;", "&")
    shown = client.get(url).content.decode()
    assert "arbres" in shown and "Licence" in shown and "une fois par jour" in shown
    for bad in ("", "rien", "x" * 260 + "@test.example"):
        assert client.post(url, {"email": bad}).status_code == 422
    assert client.post(url, {"email": "Elle@Test.example"}).status_code == 303
    row = SavedSearch.objects.get()
    assert (row.email, row.query, row.confirmed_at) == (
        "elle@test.example", f"q=arbres&licence={LICENCE_DEFAULT}", None,
    )  # fmt: skip
    # The first message quotes nothing that a stranger may have chosen, and its link is masked.
    first = mail.outbox.pop()
    assert "arbres" not in f"{first.subject} {first.body}"
    confirm = _path(first.body, "confirmer")
    assert services.token_of(row) in confirm and services.token_of(row) not in mask(confirm)
    # Nothing is told before the button is pressed; opening the link presses nothing.
    _publish("arbres-publics", "Arbres publics")
    assert tasks.tick(_days(1)) == 0 and not mail.outbox
    assert "arbres" in client.get(confirm).content.decode()
    assert client.post(confirm).status_code == 200 and client.post(confirm).status_code == 200
    _publish("lacs", "Lacs")
    secret = _publish("arbres-secrets", "Arbres secrets", public=False)
    assert tasks.tick(_days(0)) == 0
    assert tasks.tick(_days(1)) == 1 and len(mail.outbox) == 1
    told = mail.outbox[0]
    assert told.to == ["elle@test.example"] and "1 nouveau résultat" in told.subject
    assert "Arbres publics" in told.body and "/fr/donnees/arbres-publics/" in told.body
    for absent in ("Lacs", "secrets", old.node.title["fr"]):
        assert absent not in told.body
    # Never twice, however often it is looked at, and whatever changes.
    Node.objects.filter(slug="arbres-publics").update(published_at=_days(1.5))
    assert tasks.tick(_days(2)) == 1 and tasks.tick(_days(2)) == 0 and tasks.tick(_days(3.1)) == 1
    assert len(mail.outbox) == 1
    catalogue_services.publish_dataset(actor=SYSTEM, dataset=secret)
    Node.objects.filter(pk=secret.pk).update(published_at=_days(3.2))
    assert tasks.tick(_days(5)) == 1
    assert "Arbres secrets" in mail.outbox[1].body and "publics" not in mail.outbox[1].body
    # One click of the mail program, without a cookie, ends it and erases the address.
    stop = told.extra_headers["List-Unsubscribe"].strip("<>").split("://", 1)[1]
    stop = "/" + stop.split("/", 1)[1]
    strict = Client(enforce_csrf_checks=True)
    assert "arbres" in strict.get(stop).content.decode()
    for _n in range(2):
        answer = strict.post(stop, {"List-Unsubscribe": "One-Click"})
        assert answer.status_code == 200 and "C’est fait" in answer.content.decode()
    row.refresh_from_db()
    assert (row.email, row.query, row.name) == ("", "", "") and not Told.objects.exists()
    assert client.get(confirm).status_code == 404 and client.post(confirm).status_code == 410
    assert client.get("/fr/alertes/desabonnement/abc/").status_code == 404
    assert tasks.tick(_days(9)) == 0


def test_an_account_keeps_renames_and_ends_its_searches(client: Client) -> None:
    make_site()
    person, other = make_person(None, "moi@test.example"), make_person(None, "autre@test.example")
    assert client.get(reverse("my_searches")).status_code == 302
    client.force_login(person)
    page = client.get(reverse("search"), {"q": "forêt", "kind": "dataset"}).content.decode()
    link = re.search(r'href="([^"]*alertes/nouvelle/[^"]*)"', page)
    assert link
    url = link[1].replace("&amp;", "&")
    assert "courriel" not in client.get(url).content.decode().split("<main")[1].split("</form>")[0]
    assert client.post(url, {"name": "x" * 121}).status_code == 422
    assert client.post(url, {"name": "Mes   forêts"})["Location"] == reverse("my_searches")
    assert client.post(url, {"name": "Encore"}).status_code == 303
    row = SavedSearch.objects.get()
    assert (row.name, row.where, row.query) == ("Mes forêts", "site", "q=for%C3%AAt&kind=dataset")
    listed = client.get(reverse("my_searches")).content.decode()
    assert "Mes forêts" in listed and "« forêt »" in listed.replace("\u00a0", " ")
    # By e-mail with the same address: listed too, once confirmed.
    services.save(actor=NOBODY, where="dataset", query="q=lacs", email="moi@test.example")
    assert "lacs" not in client.get(reverse("my_searches")).content.decode()
    mine = SavedSearch.objects.get(email="moi@test.example")
    services.confirm(services.token_of(mine))
    assert "lacs" in client.get(reverse("my_searches")).content.decode()
    theirs = _keep(other)
    for name in ("my_search_rename", "my_search_end"):
        assert client.post(reverse(name, args=[theirs.pk])).status_code == 403
        assert Client().post(reverse(name, args=[theirs.pk])).status_code == 401
    client.post(reverse("my_search_rename", args=[row.pk]), {"name": "Bois"})
    client.post(reverse("my_search_rename", args=[row.pk]), {"name": "x" * 200})
    row.refresh_from_db()
    assert row.name == "Bois"
    assert client.post(reverse("my_search_end", args=[row.pk])).status_code == 303
    assert client.post(reverse("my_search_end", args=[mine.pk])).status_code == 303
    assert "Vous ne gardez encore aucune recherche" in client.get(
        reverse("my_searches")
    ).content.decode().replace("\u00a0", " ")
    # What asks nothing, or comes from nowhere, is refused; what finds nothing is kept.
    actor = actor_for(person)
    assert client.get(reverse("saved_search_new"), {"where": "x"}).status_code == 404
    assert "Écrivez d’abord" in client.get(
        reverse("saved_search_new"), {"where": "site", "kind": "dataset"}
    ).content.decode().replace("\u00a0", " ")
    for where, query in (("site", "kind=dataset"), ("nowhere", "q=a")):
        with pytest.raises(Invalid):
            services.save(actor=actor, where=where, query=query)
    assert services.save(actor=actor, where="dataset", query="q=zzzyyy&tag=rien")
    assert services.save(actor=actor, where="document", query="")
    with pytest.raises(Invalid):
        many = "&".join(f"tag=une-etiquette-vraiment-assez-longue-{n}" for n in range(90))
        services.save(actor=actor, where="dataset", query=many)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(services, "EACH_MAX", 2)
        with pytest.raises(Conflict):
            services.save(actor=actor, where="dataset", query="q=trois")
        full = client.post(reverse("saved_search_new") + "?where=dataset&q=trois", {})
        assert full.status_code == 422
    with pytest.raises(Forbidden):
        services.rename(actor=actor_for(other), search=_keep(person, "q=a"), name="b")


def test_all_the_searches_of_a_reader_make_one_message_in_their_language(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    make_site()
    monkeypatch.setattr(letters, "ITEMS_MAX", 3)
    person = make_person(None, "reader@test.example")
    person.language = "en"
    person.save()
    first, second = _keep(person, "q=arbres"), _keep(person, "q=arbres", "site")
    SavedSearch.objects.filter(pk=second.pk).update(name="Trees", looked_at=_days(0.5))
    _keep(person, "organisation=parti")
    silent = make_person(None, "silencieux@test.example")
    _keep(silent)
    gone = make_person(None, "parti@test.example")
    _keep(gone)
    Person.objects.filter(pk=gone.pk).update(is_active=False)
    for _n in range(bounces.BOUNCES_MAX):
        bounces.record(silent.email)
    dataset = _publish("arbres", "Arbres publics")
    for n in range(4):
        _publish(f"arbres-{n}", f"Arbres {n}")
    assert tasks.tick(_days(1)) == 5
    (message,) = mail.outbox
    assert message.to == ["reader@test.example"] and message.subject == "10 new results"
    body = message.body
    assert "Trees" in body and "“arbres”" in body and "And 2 other results." in body
    assert "/en/data/arbres-3/" in body and "/en/search/?q=arbres" in body
    assert message.alternatives and "Stop this search" in str(message.alternatives[0][0])
    # Those that do not wait for a day are looked at with the others: no second message that day.
    assert tasks.tick(_days(1.6)) == 0
    catalogue_services.make_private(actor=SYSTEM, dataset=dataset)
    assert dataset.node not in [n for row in (first, second) for n in running.news(row).nodes]
    # The unsubscription of all news ends them too.
    notices.end(tokens.of_person(person))
    assert not SavedSearch.objects.filter(person=person, ended_at=None).exists()


def test_a_filter_that_no_longer_exists_says_so(client: Client) -> None:
    make_site()
    owner = _publish("arbres", "Arbres", tags=[{"fr": "nature"}]).organisation
    person = make_person(None, "moi@test.example")
    client.force_login(person)
    row = _keep(
        person, f"tag=nature&tag=disparue&-organisation=partie&organisation={owner.node.slug}"
    )
    site = _keep(person, "q=arbres&organisation=partie&kind=dataset", "site")
    _keep(person, "near=Nulle+part")
    gone = [(p.label, p.words) for p in running.asked(row.where, row.query).gone]
    assert gone == [("Sujet", "disparue"), ("Organisme", "partie")]
    assert [p.words for p in running.asked(site.where, site.query).gone] == ["partie"]
    page = client.get(reverse("my_searches")).content.decode().replace("\u00a0", " ")
    assert page.count("Ce filtre n’existe plus ici : ") == 4
    assert "Nulle part" in page
    # It stops nothing: what the other filters find is told, with the words that say so.
    SavedSearch.objects.exclude(pk=row.pk).delete()
    _publish("arbres-2", "Arbres deux", tags=[{"fr": "nature"}])
    tasks.tick(_days(1))
    assert "Arbres deux" in mail.outbox[0].body
    assert "Ce filtre n’existe plus ici" in mail.outbox[0].body


def test_strangers_cannot_flood_nor_learn_and_what_waits_is_forgotten() -> None:
    make_site()
    save = {"actor": NOBODY, "where": "dataset", "email": "cible@test.example"}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(services, "EACH_MAX", 1)
        assert services.save(query="q=un", **save) is None
        assert services.save(query="q=deux", **save) is None
    assert SavedSearch.objects.count() == 1 and "autant de recherches" in mail.outbox[1].subject
    services.save(query="q=un", **save)
    with pytest.raises(TooMany):
        services.save(query="q=trois", **save)
    assert services.forget(_days(6)) == 0 and services.forget(_days(8)) == 1


def test_the_account_page_costs_the_same_whatever_it_holds(client: Client) -> None:
    make_site()
    _publish("arbres", "Arbres")
    person = make_person(None, "moi@test.example")
    client.force_login(person)

    def cost(start: int, stop: int) -> int:
        for n in range(start, stop):
            _keep(person, f"q=arbres+{n}&format=csv")
        client.get(reverse("my_searches"))
        with CaptureQueriesContext(connection) as caught:
            assert client.get(reverse("my_searches")).status_code == 200
        return len(caught)

    assert cost(0, 2) == cost(2, 12)
    search.index([])
