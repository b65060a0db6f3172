"""One site under several names, accented ones included, in both their forms."""

from typing import Any

import pytest
from django.db import DatabaseError, connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from parvis.core.access import SYSTEM
from parvis.core.errors import Forbidden, Invalid
from parvis.core.hosts import AddedHosts, to_ascii, to_unicode
from parvis.pages import hosts, standing
from parvis.pages.models import HostName
from parvis.pages.tests.pages_factories import make_host
from tests.factories import make_actor, make_person, make_site

pytestmark = pytest.mark.django_db
CONSULTATION = "consultation.xn--qubec-csa.ca"
DATA = "xn--donnesqubec-ebbe.ca"


def test_names_are_written_with_accents_and_kept_as_the_dns_says_them() -> None:
    assert to_ascii("Consultation.Québec.ca") == CONSULTATION
    assert to_ascii("DonnéesQuébec.ca") == DATA
    assert to_unicode(CONSULTATION) == "consultation.québec.ca"
    assert make_host().host == CONSULTATION
    assert make_host("xn--donnesqubec-ebbe.ca", section="datasets").host == DATA


def test_each_name_opens_on_its_section(client: Client) -> None:
    make_site()
    make_host()
    make_host("DonnéesQuébec.ca", section="datasets")
    make_host("Strategy.Example", section="strategies", language="en")
    for host, path in ((CONSULTATION, "/fr/consultations/"), (DATA, "/fr/donnees/"),
                       ("strategy.example", "/en/strategy/"),
                       (f"{CONSULTATION}:8443", "/fr/consultations/")):  # fmt: skip
        answer = client.get("/", headers={"host": host})
        assert (answer.status_code, answer["Location"]) == (303, path), host
    for method in (client.get, client.head):
        assert method("/", headers={"host": CONSULTATION.upper()}).status_code == 303


def test_the_page_of_another_name_says_which_address_is_the_main_one(
    client: Client, settings: Any
) -> None:
    make_site()
    make_host()
    text = client.get("/fr/consultations/", headers={"host": CONSULTATION}).content.decode()
    assert f'rel="canonical" href="{settings.SITE_URL}/fr/consultations/"' in text
    assert 'hreflang="x-default"' in text and CONSULTATION not in text
    for url in ("/sitemap.xml", "/robots.txt"):
        answer = client.get(url, headers={"host": CONSULTATION}).content.decode()
        assert settings.SITE_URL in answer and CONSULTATION not in answer


@pytest.mark.parametrize(
    "host", ["inconnu.example", "consultation.québec.ca", "xn--autre-qubec-xyz.ca", "a b", "*",
             f"x.{CONSULTATION}", f"{CONSULTATION}.evil.test", "evil.test@" + CONSULTATION],
)  # fmt: skip
def test_other_names_are_refused(client: Client, host: str) -> None:
    make_host()
    for url in ("/", "/fr/consultations/"):
        assert client.get(url, headers={"host": host}).status_code == 400


def test_machines_that_watch_the_site_need_no_name(client: Client) -> None:
    assert client.get("/health/live", headers={"host": "10.1.2.3"}).status_code == 200


def test_a_name_answers_as_soon_as_it_is_added_and_no_longer_once_it_is_silent(
    client: Client,
) -> None:
    make_site()
    assert client.get("/", headers={"host": CONSULTATION}).status_code == 400
    row = make_host()
    assert client.get("/", headers={"host": CONSULTATION}).status_code == 303
    hosts.save_host(actor=SYSTEM, row=row, fields={"active": False})
    assert client.get("/", headers={"host": CONSULTATION}).status_code == 400
    hosts.save_host(actor=SYSTEM, row=row, fields={"active": True})
    hosts.remove_host(actor=SYSTEM, row=row)
    assert client.get("/fr/", headers={"host": CONSULTATION}).status_code == 400


def test_names_cost_no_query_a_request(client: Client) -> None:
    make_host()
    client.get("/", headers={"host": CONSULTATION})
    for host in (CONSULTATION, "inconnu.example"):
        with CaptureQueriesContext(connection) as caught:
            client.get("/", headers={"host": host})
        assert not [one for one in caught.captured_queries if "hostname" in one["sql"]], host


def test_without_a_database_a_name_is_not_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    def away() -> Any:
        raise DatabaseError("away")

    monkeypatch.setattr(standing.now, "_read", away)
    standing.now.forget()
    assert not standing.is_ours(CONSULTATION)
    assert AddedHosts("x") != CONSULTATION


@pytest.mark.parametrize(
    "name", ["", "localhost", "https://québec.ca", "québec.ca/fr", "québec.ca:80", "*.québec.ca",
             "a@québec.ca", "127.0.0.1", "[::1]", "-x.ca", "x-.ca", "x..ca", "é" * 70 + ".ca",
             "ca", "a b.ca", "x_y.ca", "québec.ca\nHost: x", "<b>.ca", "testserver"],
)  # fmt: skip
def test_names_that_are_refused(name: str) -> None:
    with pytest.raises(Invalid) as caught:
        make_host(name)
    assert "host" in caught.value.errors and not HostName.objects.exists()


def test_no_name_twice_and_sections_that_exist() -> None:
    make_host()
    for again in ("CONSULTATION.québec.CA", CONSULTATION, f"{CONSULTATION}."):
        with pytest.raises(Invalid):
            make_host(again)
    with pytest.raises(Invalid):
        make_host("autre.ca", section="nulle-part")
    with pytest.raises(Forbidden):
        hosts.save_host(actor=make_actor("coordinator"), host="x.ca", fields={})


def test_a_form_sent_under_another_name_is_accepted_there_and_not_elsewhere(
    settings: Any,
) -> None:
    make_site()
    make_host()
    browser = Client(enforce_csrf_checks=True, headers={"host": CONSULTATION})
    page = browser.get("/fr/suivi/")
    token = page.cookies[settings.CSRF_COOKIE_NAME].value
    data = {"code": "0000", "csrfmiddlewaretoken": token}

    def status(origin: str) -> int:
        return browser.post("/fr/suivi/", data, headers={"origin": origin}).status_code

    assert status(f"http://{CONSULTATION}") != 403
    assert status("http://inconnu.example") == 403
    # Behind a proxy that ends HTTPS, the browser says https and the request does not.
    settings.SITE_URL = "https://parvis.example"
    assert status(f"https://{CONSULTATION}") != 403
    assert status("https://inconnu.example") == 403


def test_the_session_of_a_name_is_of_that_name_alone(client: Client, settings: Any) -> None:
    make_host()
    client.force_login(make_person("operator"))
    assert not client.cookies[settings.SESSION_COOKIE_NAME]["domain"]
    assert settings.SESSION_COOKIE_DOMAIN is None and settings.CSRF_COOKIE_DOMAIN is None


def test_the_operator_s_desk(client: Client) -> None:
    make_site()
    client.force_login(make_person("operator"))
    new = "/fr/bureau/noms-de-domaine/nouveau/"
    data = {"host": "Consultation.Québec.ca", "section": "consultations", "language": "fr",
            "active": "on", "key": "k"}  # fmt: skip
    assert client.get(new).status_code == 200
    for _n in range(2):
        assert client.post(new, data).status_code == 303
    text = client.get("/fr/bureau/noms-de-domaine/").content.decode()
    assert "consultation.québec.ca" in text and CONSULTATION in text
    assert client.post(new, {**data, "host": "pas un nom", "key": "l"}).status_code == 422
    row = HostName.objects.get()
    client.post(f"/fr/bureau/noms-de-domaine/{row.pk}/", {**data, "section": "datasets"})
    assert Client().get("/", headers={"host": CONSULTATION})["Location"] == "/fr/donnees/"
    client.post(f"/fr/bureau/noms-de-domaine/{row.pk}/supprimer/")
    assert not HostName.objects.exists()
    client.force_login(make_person("coordinator"))
    assert client.get("/fr/bureau/noms-de-domaine/").status_code == 403


def test_from_a_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    from argparse import Namespace

    from parvis.commands.hosts import host
    from parvis.commands.words import Stop

    def run(act: str, name: str | None = None, section: str = "consultations") -> str:
        host(Namespace(act=act, name=name, section=section, language="fr"))
        return capsys.readouterr().out

    assert CONSULTATION in run("add", "Consultation.Québec.ca")
    assert f"consultation.québec.ca\t{CONSULTATION}\tconsultations\tfr" in run("list")
    with pytest.raises(Invalid):
        run("add", "Consultation.Québec.ca")
    with pytest.raises(Invalid):
        run("add", "autre.ca", section="nulle-part")
    run("remove", "CONSULTATION.québec.ca")
    assert not HostName.objects.exists()
    for act, name in (("remove", "autre.ca"), ("add", None), ("remove", None)):
        with pytest.raises(Stop):
            run(act, name)
