"""Owners are told of broken links and of discussions that wait: once, in their language."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.core import mail
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from parvis.catalogue.conformity import standing
from parvis.catalogue.conformity.models import Quality
from parvis.catalogue.discussing import services as discussing
from parvis.catalogue.discussing.tests.discussing_factories import make_discussion
from parvis.catalogue.harvest import links
from parvis.catalogue.harvest.models import HarvestItem
from parvis.catalogue.harvest.tests import harvest_factories as harvests
from parvis.catalogue.models import Dataset, Resource
from parvis.catalogue.tests import catalogue_factories as catalogue
from parvis.core.access import SYSTEM
from parvis.core.models import Organisation, Person, Role, State
from parvis.notify import bounces
from parvis.site.owners import letters, services
from parvis.site.owners.models import Correspondent, LinkTold
from tests.factories import make_organisation, make_person, make_site

pytestmark = pytest.mark.django_db


def _steward(email: str, owner: Organisation | None, language: str = "fr") -> Person:
    person = make_person(None, email)
    Person.objects.filter(pk=person.pk).update(language=language)
    Role.objects.create(person=person, role="steward", scope=owner.node if owner else None)
    return person


def _dataset(slug: str, owner: Organisation | None = None, **fields: Any) -> Dataset:
    dataset = catalogue.make_dataset(slug, title=slug.title())
    Dataset.objects.filter(pk=dataset.pk).update(organisation=owner, **fields)
    return dataset


def _link(dataset: Dataset, slug: str) -> Resource:
    return Resource.objects.create(
        dataset=dataset, slug=slug, name={"fr": f"Lien {slug}"}, published_at=timezone.now(),
        url=f"https://donnees.exemple.org/{slug}",
    )  # fmt: skip


def _break(row: Resource, status: int = 404, days: float = 2) -> None:
    """The link failed so many days ago, and again now."""
    links.record(links.Link(row.pk, row.url), status)
    now = timezone.now()
    Resource.objects.filter(pk=row.pk).update(
        broken_since=now - timedelta(days=days), checked_at=now
    )


def _in(days: float) -> datetime:
    return timezone.now() + timedelta(days=days)


def _told() -> dict[str, str]:
    found = {message.to[0]: message.body for message in mail.outbox}
    mail.outbox.clear()
    return found


def test_links_that_broke_are_told_once_by_week_to_those_who_answer_for_them() -> None:
    make_site()
    town, port = make_organisation("ville", "Ville d’essai"), make_organisation("port", "Port")
    _steward("marie@test.example", town)
    _steward("john@test.example", town, "en")
    left = _steward("partie@test.example", town)
    Person.objects.filter(pk=left.pk).update(is_active=False)
    _steward("tous@test.example", None)
    make_person("operator", "operatrice@test.example")
    ours = _dataset("arbres", town, maintainer_email="Contact@test.example")
    theirs = _dataset("quais", port)
    copied = _dataset("copie", town, maintainer_email="ailleurs@test.example")
    source = harvests.make_source(organisation=town)
    HarvestItem.objects.create(source=source, remote_id="1", dataset=copied, outcome="added")
    hidden = _dataset("secret", town, maintainer_email="cachee@test.example")
    rows = [_link(d, s) for d, s in ((ours, "a"), (ours, "b"), (theirs, "c"), (copied, "d"))]
    for row in rows:
        _break(row)
    _break(rows[1], status=0, days=0)
    _break(_link(hidden, "e"))
    hidden.node.state = State.PRIVATE
    hidden.node.save(update_fields=["state"])
    # Once only: a second try a day later must have failed too.
    assert services.tick() == 4
    told = _told()
    assert set(told) == {
        "marie@test.example", "john@test.example", "tous@test.example", "contact@test.example",
    }  # fmt: skip
    french, english = told["marie@test.example"], told["john@test.example"]
    assert "Ville d’essai" in french and "répond 404 depuis le" in french.replace("\u00a0", " ")
    assert "https://donnees.exemple.org/a" in french and "org/d" in french
    assert "exemple.org/b" not in french and "exemple.org/c" not in french
    assert "/fr/bureau/" in french and "/en/desk/" in english and "answers 404" in english
    assert "exemple.org/c" in told["tous@test.example"]
    assert "Ville" not in told["tous@test.example"]
    # The public contact is told of its dataset alone, at its public page.
    contact = told["contact@test.example"]
    assert "/fr/donnees/arbres/" in contact and "bureau" not in contact and "org/d" not in contact
    assert not any("exemple.org/e" in body for body in told.values())
    # Never twice; what breaks meanwhile waits for the week to pass.
    assert services.tick(_in(1)) == 0
    _break(rows[1], days=3)
    assert services.tick(_in(6)) == 0
    assert services.tick(_in(7.1)) == 3
    told = _told()
    assert "exemple.org/b" in told["marie@test.example"]
    assert "exemple.org/a" not in told["marie@test.example"]
    # Repaired: forgotten here, and gone from the desk at once; broken again, told again.
    links.record(links.Link(rows[0].pk, rows[0].url), 200)
    assert services.tick(_in(15)) == 0 and not LinkTold.objects.filter(resource=rows[0]).exists()
    _break(rows[0])
    assert services.tick(_in(15)) == 3
    assert "exemple.org/a" in _told()["marie@test.example"]


def test_the_desk_counts_what_is_broken_as_soon_as_it_is_known(client: Client) -> None:
    make_site()
    town = make_organisation("ville", "Ville d’essai")
    client.force_login(_steward("marie@test.example", town))
    row = _link(_dataset("arbres", town), "a")
    while standing.refresh():
        pass
    for status, count in ((404, 1), (429, 1), (200, 0)):
        links.record(links.Link(row.pk, row.url), status)
        standing.refresh()
        assert Quality.objects.get().broken == count
        page = client.get(reverse("desk")).content.decode().replace("\u00a0", " ")
        assert ("1 lien brisé dans les données" in page) is bool(count)
        assert (row.url in client.get(reverse("desk_links")).content.decode()) is bool(count)


def test_discussions_that_wait_are_told_once_a_day_and_the_link_stops_it_all(
    client: Client,
) -> None:
    make_site()
    town = make_organisation("ville", "Ville d’essai")
    _steward("marie@test.example", town)
    _steward("muette@test.example", town)
    for _n in range(bounces.BOUNCES_MAX):
        bounces.record("muette@test.example")
    dataset = _dataset("arbres", town, maintainer_email="contact@test.example")
    dataset.refresh_from_db()
    first = make_discussion(dataset, "Quelle essence ?")
    make_discussion(dataset, "Pas encore lue", shown=False)
    assert services.tick() == 0
    assert services.tick(_in(0.1)) == 2
    told = _told()
    assert set(told) == {"marie@test.example", "contact@test.example"}
    assert "Quelle essence ?" in told["marie@test.example"]
    assert "/fr/bureau/discussions-de-donnees/" in told["marie@test.example"]
    assert "/fr/donnees/discussions/" in told["contact@test.example"]
    assert not any("Pas encore lue" in body for body in told.values())
    second = make_discussion(dataset, "Quelle année ?")
    assert services.tick(_in(0.5)) == 0
    assert services.tick(_in(1.2)) == 2
    assert "Quelle essence" not in _told()["marie@test.example"]
    # Answered, then asked again: it waits again, and is told again.
    discussing.reply(actor=SYSTEM, discussion=first, body="De l’érable.", as_publisher=True)
    discussing.reply(actor=SYSTEM, discussion=second, body="2024.", as_publisher=True)
    assert services.tick(_in(3)) == 0
    discussing.reply(actor=SYSTEM, discussion=first, body="Argenté ?")
    for row in first.messages.filter(node__state=State.PRIVATE):
        discussing.publish(actor=SYSTEM, row=row)
    assert services.tick(_in(5)) == 2
    message = next(one for one in mail.outbox if one.to == ["marie@test.example"])
    url = message.extra_headers["List-Unsubscribe"].strip("<>").split("://", 1)[1]
    url = "/" + url.split("/", 1)[1]
    mail.outbox.clear()
    strict = Client(enforce_csrf_checks=True)
    assert "marie" not in strict.get(url).content.decode()
    for _n in range(2):
        stopped = strict.post(url, {"List-Unsubscribe": "One-Click"})
        assert "C’est fait" in stopped.content.decode()
    _break(_link(dataset, "a"))
    make_discussion(dataset, "Et les arbustes ?")
    services.tick(_in(20))
    assert set(_told()) == {"contact@test.example"}
    assert "au plus une fois par semaine" in strict.post(url, {"wanted": "1"}).content.decode()
    assert services.tick(_in(21)) == 2
    assert client.get("/fr/responsables/desabonnement/abc/").status_code == 404
    # No address is kept: only digests.
    assert b"marie" not in b"".join(
        bytes(d) for row in Correspondent.objects.values_list("digest", "token_digest") for d in row
    )
    assert letters.token_of("MARIE@test.example") in url


def test_telling_costs_queries_by_reader_not_by_link() -> None:
    make_site()
    town = make_organisation("ville", "Ville d’essai")
    _steward("marie@test.example", town)
    dataset = _dataset("arbres", town)

    def cost(start: int, stop: int, days: float) -> int:
        for n in range(start, stop):
            _break(_link(dataset, f"lien-{n}"))
        with CaptureQueriesContext(connection) as caught:
            assert services.tell_links(_in(days)) == 1
        return len(caught)

    assert cost(0, 2, 0) >= cost(2, 8, 8)
