"""The cookie page says what a browser receives; the accessibility page says what was measured."""

from datetime import date
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.test import Client
from django.urls import reverse
from django.utils import translation

from parvis.consult.legal.models import LegalDefaults
from parvis.site import accessibility
from parvis.site.cookies import in_force
from tests.factories import make_consultation, make_legal_defaults, make_person, survey_of

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _french():
    with translation.override("fr"):
        yield


def test_a_browser_receives_the_cookies_that_the_page_says_and_no_other(client: Client) -> None:
    consultation = make_consultation(with_proposals=True)
    slug = consultation.node.slug
    received: set[str] = set()

    def ask(url: str, data: Any = None) -> None:
        answer = client.get(url) if data is None else client.post(url, data)
        assert answer.status_code < 400, url
        received.update(name for name, one in answer.cookies.items() if one["max-age"] != 0)

    for name, args in (
        ("home", []), ("consultation", [slug]), ("consultation_privacy", [slug]),
        ("consultation_policy", [slug]), ("cookies", []), ("accessibility", []),
    ):  # fmt: skip
        for language in ("fr", "en"):
            with translation.override(language):
                ask(reverse(name, args=args))
    assert received == set(), "reading needs none"
    ask(reverse("survey", args=[survey_of(consultation).node.slug]))
    ask(reverse("account_login"))
    person = make_person("adviser")
    person.set_password("une phrase assez longue")
    person.save()
    client.post(
        reverse("account_login"), {"login": person.email, "password": "une phrase assez longue"}
    )
    client.force_login(person)
    received.update(client.cookies)
    ask(reverse("consult_edit_about", args=[slug]), {
        "title_fr": "Le plan", "title_en": "The plan", "question_fr": "Quoi?",
        "question_en": "What?", "switched_on": "en",
        "organisation": str(consultation.organisation_id),
    })  # fmt: skip
    said = {cookie.name for cookie in in_force()}
    assert received == said
    html = client.get(reverse("cookies")).content.decode()
    assert all(f"<code>{name}</code>" in html for name in said)


def test_the_page_follows_the_settings(settings: Any) -> None:
    settings.CSRF_COOKIE_NAME = "__Host-csrf"
    settings.MESSAGE_STORAGE = "django.contrib.messages.storage.session.SessionStorage"
    settings.SESSION_COOKIE_AGE = 86_400
    found = {cookie.name: cookie for cookie in in_force()}
    assert set(found) == {"__Host-csrf", django_settings.SESSION_COOKIE_NAME}
    assert found[django_settings.SESSION_COOKIE_NAME].stays == "1 jour"
    settings.SESSION_EXPIRE_AT_BROWSER_CLOSE = True
    assert "fermeture" in in_force()[1].stays


def test_the_statement_says_what_was_measured_and_what_is_left(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_legal_defaults()
    LegalDefaults.objects.update(accessibility_limits={"fr": "Les cartes.", "en": "Maps."})
    found = accessibility.Measured(date(2026, 11, 24), "4.10", 30, 90, 0, 360)
    monkeypatch.setattr("parvis.site.views.about.measured", lambda: found)
    html = client.get(reverse("accessibility")).content.decode().replace("\u00a0", " ")
    assert "Les cartes." in html and "24 novembre 2026" in html
    assert "90 pages, de 30 sortes" in html and "axe 4.10" in html
    monkeypatch.setattr("parvis.site.views.about.measured", lambda: None)
    html = client.get(reverse("accessibility")).content.decode()
    assert "Dernière vérification" not in html and "Les cartes." in html
    LegalDefaults.objects.all().delete()
    assert "lecteur d’écran chaque jour" in client.get(reverse("accessibility")).content.decode()


def test_the_measure_that_is_published_can_be_read() -> None:
    found = accessibility.measured()
    if found is not None:
        assert found.kinds <= found.pages and found.faults >= 0 and found.width >= 320
