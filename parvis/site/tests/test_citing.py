"""Frozen copies stay as stored; citations lead to the page for ever."""

import base64
import hashlib
import json
import re
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from parvis import steps
from parvis.consult import methods
from parvis.consult.models import Consultation, Contribution, Phase
from parvis.core import outbox
from parvis.core.models import Node, State
from parvis.plan.models import Response
from parvis.plan.tests import plan_factories as plans
from parvis.site import citations, copies
from parvis.site.models import FrozenCopy
from parvis.understand.tests import understand_factories as understand
from tests.factories import make_answer, make_consultation, survey_of

pytestmark = pytest.mark.django_db
WORDS = "Une phrase que seule cette personne a écrite."


def closed(slug: str = "finie", answers: int = 12, **fields: Any) -> Consultation:
    """Return a consultation that closed yesterday, its pictures drawn."""
    found = make_consultation(slug=slug, fields=fields)
    for _n in range(answers):
        make_answer(survey_of(found), {"first": "data", "why": WORDS})
    end = timezone.now() - timedelta(days=1)
    Phase.objects.filter(consultation=found).update(starts=end - timedelta(days=9), ends=end)
    draw()
    return found


def draw() -> None:
    """Have the worker draw the pictures of the survey."""
    while outbox.pump():
        pass
    work = methods.get("survey").work
    while work and work():
        pass


def answer_all(found: Consultation) -> Response:
    """Publish a theme and its response."""
    voices = Contribution.objects.filter(activity__consultation=found).order_by("pk")
    theme = understand.make_theme(found)
    understand.code(found, [voices[0].pk], theme)
    understand.publish(found)
    node = Node.objects.get(pk=theme.pk)
    node.space = found.node
    return plans.make_response(node)


def page_of(copy: FrozenCopy) -> str:
    """Return the bytes of a copy, as text."""
    return copies.files.path_of(copy.file).read_text()


def test_closing_makes_one_copy_a_language_and_the_answers_another() -> None:
    found = closed()
    keep = copies.Keeper()
    assert keep()
    assert {(c.language, c.moment) for c in FrozenCopy.objects.all()} == {
        ("fr", "closed"), ("en", "closed"),
    }  # fmt: skip
    assert not keep() and not copies.Keeper()(), "nothing happened: nothing is made"
    answer_all(found)
    assert keep()
    assert FrozenCopy.objects.filter(moment="report").count() == 2
    assert not keep() and not copies.Keeper()()
    assert "copies" in [step.name for lane in steps.lanes().values() for step in lane]


def test_what_is_answered_already_has_one_copy_that_says_so() -> None:
    answer_all(closed())
    assert copies.Keeper()()
    assert set(FrozenCopy.objects.values_list("moment", flat=True)) == {"report"}
    assert not copies.Keeper()()


def test_an_open_or_hidden_consultation_has_no_copy() -> None:
    make_consultation(slug="ouverte")
    hidden = closed("cachee")
    Node.objects.filter(pk=hidden.pk).update(state=State.HIDDEN)
    assert not copies.Keeper()()


def test_a_partly_answered_consultation_waits() -> None:
    found = closed()
    other = understand.make_theme(found, "Un autre")
    voice = Contribution.objects.filter(activity__consultation=found).latest("pk")
    understand.code(found, [voice.pk], other)
    answer_all(found)
    copies.Keeper()()
    assert not FrozenCopy.objects.filter(moment="report").exists()


def test_a_copy_waits_for_the_last_answers_to_be_counted() -> None:
    found = closed()
    Phase.objects.filter(consultation=found).update(ends=timezone.now() - timedelta(seconds=5))
    keep = copies.Keeper()
    assert not keep() and not FrozenCopy.objects.exists()
    Phase.objects.filter(consultation=found).update(ends=timezone.now() - timedelta(minutes=3))
    assert keep(), "tried again without any event"


def test_a_copy_waits_for_the_pictures(monkeypatch: pytest.MonkeyPatch) -> None:
    closed()
    survey = methods.get("survey")
    results = survey.results
    assert results is not None

    def pending(activity: Any) -> dict[str, Any]:
        return {**results(activity), "pending": True}

    object.__setattr__(survey, "results", pending)
    try:
        Phase.objects.update(ends=timezone.now() - timedelta(hours=1))
        keep = copies.Keeper()
        assert not keep() and not FrozenCopy.objects.exists()
        Phase.objects.update(ends=timezone.now() - timedelta(hours=25))
        assert keep(), "without them after a day"
        FrozenCopy.objects.all().delete()
        Phase.objects.update(ends=timezone.now() - timedelta(hours=1))
        assert not (keep := copies.Keeper())()
    finally:
        object.__setattr__(survey, "results", results)
    assert keep(), "tried again without any event"


def test_what_happens_while_another_waits_is_not_lost() -> None:
    found, other = closed(), closed("autre")
    answer_all(found)
    Phase.objects.filter(consultation=other).update(ends=timezone.now() - timedelta(seconds=5))
    keep = copies.Keeper()
    assert keep()
    answer_all(found)
    assert keep(), "a second answer, while the other one waits"
    assert set(FrozenCopy.objects.values_list("consultation", flat=True)) == {found.pk}
    assert FrozenCopy.objects.filter(language="fr").count() == 2


def test_a_copy_says_the_counts_and_no_word_of_a_person() -> None:
    found = closed(reconstructed=True)
    answer_all(found)
    copies.Keeper()()
    copy = FrozenCopy.objects.filter(language="fr").latest("pk")
    page = page_of(copy).replace("\u00a0", " ")
    assert "<td>12</td>" in page and "Données de démonstration reconstituées" in page
    assert "Parce que c’est utile." in page, "the response"
    assert "12 réponses comptées" in page, "the pictures of the survey"
    assert WORDS not in page
    assert "style=" not in page and "<script" not in page and "<form" not in page
    assert citations.permanent(found) in page
    english = FrozenCopy.objects.filter(language="en").latest("pk")
    assert '<html lang="en-CA">' in page_of(english) and "Frozen copy, made on" in page_of(english)


def test_it_is_served_as_stored_whatever_the_page_becomes(client: Client) -> None:
    found = closed()
    copies.Keeper()()
    first = client.get("/fr/consultations/finie/copie/")
    digest = hashlib.sha256(first.content).digest()
    assert first["Repr-Digest"] == f"sha-256=:{base64.b64encode(digest).decode()}:"
    kept = FrozenCopy.objects.get(language="fr")
    assert kept.file.sha256 == digest.hex()
    assert f"faite le {timezone.localtime(kept.at).day}" in first.content.decode().replace(
        "\u00a0", " "
    )
    Node.objects.filter(pk=found.pk).update(title={"fr": "Un autre titre", "en": "Other"})
    assert client.get("/fr/consultations/finie/copie/").content == first.content
    at = f"/fr/consultations/finie/copie/{digest.hex()}/"
    assert client.get(at).content == first.content
    assert client.get("/en/consultations/finie/copy/")["Content-Language"] == "en-CA"
    assert "Content-Security-Policy" in first
    page = client.get("/fr/consultations/finie/citer/").content.decode()
    assert digest.hex() in page and at in page
    assert (
        "/fr/consultations/finie/copie/" in client.get("/fr/consultations/finie/").content.decode()
    )


@pytest.mark.parametrize("tail", ["0" * 64, "0" * 63, "G" * 64, "../../etc/passwd"])
def test_other_digests_are_not_there(client: Client, tail: str) -> None:
    closed()
    copies.Keeper()()
    assert client.get(f"/fr/consultations/finie/copie/{tail}/").status_code == 404


def test_a_copy_of_another_consultation_is_not_there(client: Client) -> None:
    closed()
    make_consultation(slug="autre")
    copies.Keeper()()
    sha = FrozenCopy.objects.filter(language="fr").get().file.sha256
    assert client.get(f"/fr/consultations/autre/copie/{sha}/").status_code == 404


def test_before_closing_it_says_when(client: Client) -> None:
    make_consultation(slug="ouverte")
    answer = client.get("/fr/consultations/ouverte/copie/")
    assert answer.status_code == 200 and "Pas encore de copie" in answer.content.decode()


def test_what_is_hidden_has_no_copy_to_read(client: Client) -> None:
    found = closed()
    copies.Keeper()()
    sha = FrozenCopy.objects.filter(language="fr").get().file.sha256
    Node.objects.filter(pk=found.pk).update(state=State.HIDDEN)
    for path in ("copie/", f"copie/{sha}/", "citer/", "citer/citation.bib"):
        assert client.get(f"/fr/consultations/finie/{path}").status_code == 404


# Citations ----------------------------------------------------------------------------------------


def test_the_permanent_address_leads_to_the_page_in_the_readers_language(client: Client) -> None:
    found = make_consultation(slug="ici")
    assert citations.permanent(found).endswith("/fr/consultations/ici/"), "before the worker came"
    copies.Keeper()()
    place = urlsplit(citations.permanent(found)).path
    assert re.fullmatch(r"/c/[0-9a-z]+", place)
    for language in ("fr", "en"):
        answer = client.get(place, headers={"accept-language": language, "user-agent": "Mozilla"})
        assert answer["Location"].startswith(f"/{language}/consultations/ici/")
    make_consultation(slug="brouillon", opened=False)
    assert citations.make_codes() == 0, "a draft has none"


def test_a_citation_in_three_forms(client: Client) -> None:
    found = make_consultation(slug="ici", fields={"reconstructed": True})
    citations.make_codes()
    page = client.get("/fr/consultations/ici/citer/").content.decode()
    url = citations.permanent(found)
    text = citations.of(found, "fr").text
    assert url in text and "Le prochain plan" in text and "reconstituées" in text
    assert url in page
    bib = client.get("/fr/consultations/ici/citer/citation.bib").content.decode()
    assert bib.startswith("@misc{parvis-ici,")
    assert bib.count("{") == bib.count("}") and f"url = {{{url}}}" in bib
    item = json.loads(client.get("/fr/consultations/ici/citer/citation.json").content)[0]
    assert (item["type"], item["URL"], item["title"]) == ("webpage", url, "Le prochain plan")
    year = timezone.localdate().year
    assert item["issued"]["date-parts"][0][0] in {year, year - 1}
    assert client.get("/en/consultations/ici/cite/").status_code == 200


def test_no_title_is_a_command_of_tex() -> None:
    found = make_consultation(slug="ici")
    found.node.title = {"fr": r"50 % & plus_{x} \input{/etc/passwd} #1 ~ ^ $"}
    bib = citations.of(found, "fr").bibtex
    assert r"\input" not in bib and r"50 \% \& plus\_\{x\} \textbackslash{}input" in bib


def test_pages_cost_the_same_whatever_the_copies(client: Client) -> None:
    found = closed()
    copies.Keeper()()
    counts = []
    for n in (0, 8):
        for one in range(n):
            FrozenCopy.objects.create(
                consultation=found.node, moment="report", language="fr", at=timezone.now(),
                file=copies.files.store([f"copie {one}".encode()], "text/html"),
                content_sha256=str(one),
            )  # fmt: skip
        row = []
        for path in ("citer/", "copie/"):
            client.get(f"/fr/consultations/finie/{path}")
            with CaptureQueriesContext(connection) as caught:
                assert client.get(f"/fr/consultations/finie/{path}").status_code == 200
            row.append(len(caught))
        counts.append(row)
    assert counts[0] == counts[1] and max(counts[0]) <= 8
