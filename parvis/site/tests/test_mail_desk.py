"""The operator's mail page."""

import pytest
from django.core.mail import EmailMultiAlternatives, get_connection

from parvis.notify.models import Letter
from tests.factories import make_person, make_site

pytestmark = pytest.mark.django_db
URL = "/fr/bureau/courriels/"


@pytest.fixture
def operator(client, settings, tmp_path):
    make_site()
    settings.MAIL_FOLDER = settings.EMAIL_FILE_PATH = tmp_path / "mail"
    client.force_login(make_person("operator"))
    return client


def write(*subjects: str) -> None:
    connection = get_connection("django.core.mail.backends.filebased.EmailBackend")
    for subject in subjects:
        body = f"Texte de {subject}\nhttp://127.0.0.1/fr/"
        message = EmailMultiAlternatives(subject, body, "p@test.example", ["a@test.example"])
        message.connection = connection
        message.attach_alternative("<script>alert(1)</script>", "text/html")
        message.send()


def test_an_empty_folder_says_what_will_come(operator):
    answer = operator.get(URL)
    assert answer.status_code == 200
    assert "Aucun message encore" in answer.content.decode()


def test_messages_are_listed_and_read(operator):
    write("Premier", "Écrit <b>en gras</b>")
    page = operator.get(URL).content.decode()
    assert page.index("Écrit &lt;b&gt;") < page.index("Premier")
    link = page.split(f'<a href="{URL}')[1].split('"')[0]
    text = operator.get(URL + link).content.decode()
    assert "Texte de" in text and "<script>alert" not in text
    assert 'href="http://127.0.0.1/fr/"' in text


@pytest.mark.parametrize(
    "name", ["x.log", "..%2Fsecret.key", "20260101-000000-1.log", "..%2f..%2fparvis.db"]
)
def test_nothing_else_can_be_read(operator, name):
    assert operator.get(f"{URL}{name}/0/").status_code == 404


def test_a_rank_beyond_the_file_is_not_found(operator, settings):
    write("Premier")
    name = next(settings.MAIL_FOLDER.iterdir()).name
    assert operator.get(f"{URL}{name}/0/").status_code == 200
    assert operator.get(f"{URL}{name}/1/").status_code == 404


def test_in_production_only_numbers_are_shown(operator, settings):
    write("Premier")
    settings.MAIL_TRANSPORT = "django.core.mail.backends.locmem.EmailBackend"
    Letter.objects.create(to="secrete@test.example", sender="p@test.example", subject="s", text="t")
    page = operator.get(URL).content.decode()
    assert "Premier" not in page and "secrete" not in page
    assert "Autres messages en attente" in page


@pytest.mark.parametrize("role", [None, "adviser", "analyst", "steward", "coordinator"])
def test_others_are_refused(client, role):
    make_site()
    client.force_login(make_person(role))
    assert client.get(URL).status_code == 403
    client.logout()
    assert client.get(URL).status_code == 302
