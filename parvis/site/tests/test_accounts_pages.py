"""Signing up, in and out; the second factor; the same answer for everybody."""

import logging
import re
import time

import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value
from django.core import mail
from django.core.cache import cache

from parvis.core.access import STAFF
from parvis.core.logs import JsonFormatter
from parvis.core.models import Person
from tests.factories import make_person, make_site

pytestmark = pytest.mark.django_db(transaction=True)

SIGN_IN, CHECK, NEEDED = (
    "/fr/compte/connexion/",
    "/fr/compte/connexion/code/verifier/",
    "/fr/compte/double-facteur/necessaire/",
)
CODE = re.compile(r"^ {4}(\S+)$", re.MULTILINE)


@pytest.fixture(autouse=True)
def site():
    cache.clear()
    make_site()


@pytest.fixture
def production(settings):
    """Staff roles need a second factor, as on a real site."""
    settings.TESTING = settings.DEMO = False


def code_in(message) -> str:
    found = CODE.search(message.body)
    assert found, message.body
    return found[1]


def sign_in(client, email: str):
    client.post(SIGN_IN, {"login": email})
    return client.post(CHECK, {"code": code_in(mail.outbox[-1])})


def totp(secret: str, shift: int = 0) -> str:
    return format_hotp_value(hotp_value(secret, int(time.time()) // 30 + shift))


def activate(client) -> str:
    page = client.get("/fr/compte/double-facteur/application/")
    assert page.status_code == 200
    secret = page.context["form"].secret
    answer = client.post("/fr/compte/double-facteur/application/", {"code": totp(secret)})
    assert answer.status_code == 302, answer.content.decode()
    return secret


def words(answer) -> str:
    return answer.content.decode()


def test_a_citizen_signs_in_with_a_code_alone(client):
    make_person(email="lit@test.example")
    page = client.get(SIGN_IN)
    assert "Recevoir un code" in words(page)
    answer = client.post(SIGN_IN, {"login": "Lit@Test.Example"})
    assert answer.status_code == 302 and answer["Location"] == CHECK
    (message,) = mail.outbox
    assert message.to == ["lit@test.example"] and "Bonjour,\n" in message.body
    assert "Bonjour lit" not in message.body
    wrong = client.post(CHECK, {"code": "ZZZZZZ"})
    assert wrong.status_code == 200 and "Ce code n’est pas le bon." in words(wrong)
    answer = client.post(CHECK, {"code": code_in(message)})
    assert answer.status_code == 302 and answer["Location"] == "/fr/suivi/"
    assert len(mail.outbox) == 1, "the code proves the address: no second message"
    assert EmailAddress.objects.get().verified
    assert "lit@test.example" in words(client.get("/fr/compte/"))


def test_the_same_page_for_a_known_and_an_unknown_address(client):
    from django.test import Client

    make_person(email="connue@test.example")
    pages = []
    for email in ("connue@test.example", "autres@test.example"):
        browser = Client()
        answer = browser.post(SIGN_IN, {"login": email})
        assert answer["Location"] == CHECK
        text = words(browser.get(CHECK)).replace(email, "…")
        pages.append(re.sub(r'name="csrfmiddlewaretoken" value="\w+"', "", text))
    assert pages[0] == pages[1]
    assert [len(CODE.findall(m.body)) for m in mail.outbox] == [1, 0]
    assert Person.objects.filter(email="autres@test.example").count() == 0


def test_signing_up_says_the_same_whether_the_account_exists(client):
    from django.test import Client

    make_person(email="connue@test.example")
    pages = []
    for email in ("connue@test.example", "autres@test.example"):
        browser = Client()
        answer = browser.post("/fr/compte/creer/", {"email": email})
        assert answer.status_code == 302
        text = words(browser.get(answer["Location"])).replace(email, "…")
        pages.append(re.sub(r'name="csrfmiddlewaretoken" value="\w+"', "", text))
    assert pages[0] == pages[1]
    assert len(mail.outbox) == 2


def test_signing_up_with_an_address_only(client):
    answer = client.post("/en/account/sign-up/", {"email": "nouvelle@test.example"})
    person = Person.objects.get(email="nouvelle@test.example")
    assert person.language == "en" and not person.has_usable_password()
    answer = client.post(answer["Location"], {"code": code_in(mail.outbox[-1])})
    assert answer.status_code == 302 and answer["Location"] == "/en/follow-up/"
    assert client.session["_auth_user_id"] == str(person.pk)


def test_three_codes_an_hour_then_words(client):
    make_person(email="lit@test.example")
    for email in ("lit@test.example", "inconnue@test.example"):
        for _n in range(3):
            assert client.post(SIGN_IN, {"login": email}).status_code == 302
            client.post("/fr/compte/deconnexion/")
        refused = client.post(SIGN_IN, {"login": email})
        assert refused.status_code == 429 and "Trop de demandes" in words(refused)
    assert len(mail.outbox) == 6


def test_a_password_works_for_those_who_chose_one(client):
    person = make_person(email="lit@test.example")
    sign_in(client, person.email)
    weak = {"password1": "azerty", "password2": "azerty"}
    assert client.post("/fr/compte/mot-de-passe/choisir/", weak).status_code == 200
    strong = {"password1": "quatre mots sans rapport", "password2": "quatre mots sans rapport"}
    assert client.post("/fr/compte/mot-de-passe/choisir/", strong).status_code == 302
    assert "choisi" in mail.outbox[-1].body
    client.logout()
    wrong = client.post(SIGN_IN, {"login": person.email, "password": "un autre mot de passe"})
    assert wrong.status_code == 200 and "L’adresse ou le mot de passe n’est pas le bon." in words(
        wrong
    )
    answer = client.post(SIGN_IN, {"login": person.email, "password": "quatre mots sans rapport"})
    assert answer["Location"] == "/fr/suivi/"


def test_a_forgotten_password_is_chosen_again_with_a_code(client):
    person = make_person(email="lit@test.example")
    answer = client.post("/fr/compte/mot-de-passe/oublie/", {"email": person.email})
    answer = client.post(answer["Location"], {"code": code_in(mail.outbox[-1])})
    assert answer["Location"] == "/fr/compte/mot-de-passe/oublie/nouveau/"
    both = {"password1": "quatre mots sans rapport", "password2": "quatre mots sans rapport"}
    assert client.post(answer["Location"], both).status_code == 302
    person.refresh_from_db()
    assert person.check_password("quatre mots sans rapport")


def test_changing_the_address_needs_the_code_sent_to_the_new_one(client):
    person = make_person(email="ancienne@test.example")
    sign_in(client, person.email)
    answer = client.post(
        "/fr/compte/adresse/", {"email": "nouvelle@test.example", "action_add": "1"}
    )
    person.refresh_from_db()
    assert person.email == "ancienne@test.example"
    assert mail.outbox[-1].to == ["nouvelle@test.example"]
    client.post(answer["Location"], {"code": code_in(mail.outbox[-1])})
    person.refresh_from_db()
    assert person.email == "nouvelle@test.example"


def test_signing_out_needs_a_click(client):
    sign_in(client, make_person(email="lit@test.example").email)
    assert client.get("/fr/compte/deconnexion/").status_code == 200
    assert "_auth_user_id" in client.session
    answer = client.post("/fr/compte/deconnexion/")
    assert answer.status_code == 302 and answer["Location"] == "/fr/"
    assert "_auth_user_id" not in client.session


@pytest.mark.parametrize("role", sorted(STAFF))
def test_staff_without_a_second_factor_have_no_desk(client, production, role):
    person = make_person(role)
    answer = sign_in(client, person.email)
    assert answer["Location"] == NEEDED
    page = words(client.get(NEEDED))
    assert "Votre rôle demande un second facteur" in page
    assert "/fr/compte/double-facteur/application/" in page
    for url in ("/fr/bureau/", "/fr/bureau/courriels/"):
        refused = client.get(url)
        assert refused.status_code == 403
        assert "Le bureau est fermé pour cette session." in words(refused)


def test_the_second_factor_opens_the_desk_at_once_and_at_each_sign_in(client, production):
    person = make_person("operator")
    sign_in(client, person.email)
    page = words(client.get("/fr/compte/double-facteur/application/"))
    assert "<svg" in page and "style=" not in page and "data:image" not in page
    secret = activate(client)
    assert secret not in str(Authenticator.objects.values_list("data", flat=True)), "encrypted"
    assert client.get("/fr/bureau/courriels/").status_code == 200
    codes = words(client.get("/fr/compte/double-facteur/codes-de-secours/"))
    spare = re.findall(r"<code>(\d+)</code>", codes)
    assert len(spare) == 10
    client.post("/fr/compte/deconnexion/")
    answer = sign_in(client, person.email)
    assert answer["Location"] == "/fr/compte/double-facteur/code/"
    assert client.get("/fr/bureau/courriels/").status_code == 302, "not signed in yet"
    wrong = client.post(answer["Location"], {"code": "000000"})
    assert "Ce code n’est pas le bon." in words(wrong)
    done = client.post(answer["Location"], {"code": spare[0]})
    assert done.status_code == 302 and done["Location"] == "/fr/bureau/"
    assert client.get("/fr/bureau/courriels/").status_code == 200
    client.post("/fr/compte/deconnexion/")
    answer = sign_in(client, person.email)
    again = client.post(answer["Location"], {"code": spare[0]})
    assert again.status_code == 200, "a spare code serves once"


def test_removing_the_second_factor_closes_the_desk(client, production):
    sign_in(client, make_person("operator").email)
    activate(client)
    assert client.get("/fr/bureau/courriels/").status_code == 200
    answer = client.post("/fr/compte/double-facteur/application/retirer/")
    assert answer.status_code == 302
    assert not Authenticator.objects.exists()
    assert client.get("/fr/bureau/courriels/").status_code == 403


def test_citizens_are_asked_nothing(client, production):
    answer = sign_in(client, make_person(email="lit@test.example").email)
    assert answer["Location"] == "/fr/suivi/"
    assert "Votre compte n’en a pas besoin" in words(client.get(NEEDED))
    assert "Le bureau est fermé" not in words(client.get("/fr/compte/"))


@pytest.mark.parametrize(
    "path",
    [
        "",
        "connexion/",
        "connexion/code/",
        "deconnexion/",
        "creer/",
        "adresse/",
        "mot-de-passe/choisir/",
        "mot-de-passe/oublie/",
        "ferme/",
        "double-facteur/",
        "double-facteur/necessaire/",
    ],
)
@pytest.mark.parametrize("signed", [False, True])
def test_every_page_is_ours_in_both_languages(client, path, signed):
    from django.urls import translate_url

    if signed:
        client.force_login(make_person())
    french = f"/fr/compte/{path}"
    for url in (french, translate_url(french, "en")):
        answer = client.get(url, follow=True)
        text = words(answer)
        assert answer.status_code == 200
        assert 'id="contenu"' in text and text.count("<h1") == 1
        assert "style=" not in text and "<script>" not in text
        assert "allauth" not in text
        if "/compte/" in answer.request["PATH_INFO"]:
            kept = answer["Cache-Control"]
            assert "no-store" in kept or "no-cache" in kept


def test_no_address_nor_code_in_logs(client, caplog):
    make_person(email="secrete@test.example")
    with caplog.at_level(logging.INFO):
        sign_in(client, "secrete@test.example")
        client.post("/fr/compte/deconnexion/")
        client.post("/fr/compte/mot-de-passe/oublie/", {"email": "secrete@test.example"})
    lines = "\n".join(JsonFormatter().format(record) for record in caplog.records)
    assert CHECK in lines and "secrete" not in lines
    assert all(code not in lines for m in mail.outbox for code in CODE.findall(m.body))
