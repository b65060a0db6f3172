"""The main path of a survey through its pages, without a script."""

import re

import pytest
from django.test import Client
from django.urls import reverse

from parvis.consult import contributions
from parvis.consult.models import Contribution, Draft
from parvis.core.models import Event
from parvis.methods.survey.views import CHANGES
from tests.factories import make_answer, make_consultation, survey_of

pytestmark = pytest.mark.django_db


def _key(html: bytes) -> str:
    return re.search(rb'name="key" value="([^"]+)"', html).group(1).decode()


def _send(client: Client, slug: str, answers: dict) -> str:
    start = client.post(f"/fr/questionnaires/{slug}/", answers)
    assert start.status_code == 302, start.content[:2000]
    sending = client.get(start["Location"])
    assert sending.status_code == 200
    done = client.post(start["Location"], {"key": _key(sending.content)})
    assert done.status_code == 302, done.content[:2000]
    return done["Location"]


def test_answer_gets_a_receipt_and_counts_once(client: Client) -> None:
    consultation = make_consultation()
    survey = survey_of(consultation)
    first = client.get(f"/fr/questionnaires/{survey.node.slug}/")
    assert "Quelle action d’abord" in first.content.decode()
    receipt = _send(client, survey.node.slug, {"first": "docs", "why": "Pour lire."})
    page = client.get(receipt)
    assert page.status_code == 200
    assert page["Cache-Control"] == "no-store"
    assert page["Referrer-Policy"] == "same-origin"
    row = Contribution.objects.get()
    assert row.payload == {"first": "docs", "why": "Pour lire."}
    assert Event.objects.filter(verb="answer.accepted", node=row.node).count() == 1
    assert not Draft.objects.exists()


def test_second_click_gives_the_same_receipt(client: Client) -> None:
    survey = survey_of(make_consultation())
    start = client.post(f"/fr/questionnaires/{survey.node.slug}/", {"first": "docs"})
    key = _key(client.get(start["Location"]).content)
    one = client.post(start["Location"], {"key": key})
    two = client.post(start["Location"], {"key": key})
    assert one["Location"] == two["Location"]
    assert Contribution.objects.count() == 1


def test_error_keeps_everything_and_says_what_to_do(client: Client) -> None:
    survey = survey_of(make_consultation())
    answer = client.post(
        f"/fr/questionnaires/{survey.node.slug}/", {"first": "", "why": "Je garde <b>ceci</b>."}
    )
    assert answer.status_code == 422
    html = answer.content.decode()
    assert "Je garde &lt;b&gt;ceci&lt;/b&gt;." in html
    assert 'href="#q-first-0"' in html
    assert not Contribution.objects.exists()


def test_closed_survey_keeps_the_text_and_answers_403(client: Client) -> None:
    survey = survey_of(make_consultation(days=(-20, 1)))
    slug = survey.node.slug
    start = client.post(f"/fr/questionnaires/{slug}/", {"first": "docs", "why": "Trop tard."})
    phase = survey.consultation.phases.get()
    type(phase).objects.filter(pk=phase.pk).update(
        ends=phase.starts.replace(year=2020 + 6), starts=phase.starts.replace(year=2020)
    )
    from django.utils import timezone

    type(phase).objects.filter(pk=phase.pk).update(ends=timezone.now())
    page = client.post(start["Location"], {"key": "k" * 20})
    assert page.status_code == 403
    assert "Trop tard." in page.content.decode()
    late = client.post(f"/fr/questionnaires/{slug}/", {"first": "docs", "why": "Encore."})
    assert late.status_code == 403
    assert "Encore." in late.content.decode()
    assert not Contribution.objects.exists()


def test_change_replaces_and_counts_once(client: Client) -> None:
    survey = survey_of(make_consultation())
    receipt = _send(client, survey.node.slug, {"first": "docs"})
    code = receipt.rstrip("/").split("/")[-2]
    opened = client.get(reverse("survey_change", args=[survey.node.slug, code]))
    assert opened.status_code == 302
    step = client.post(opened["Location"], {"first": "data"})
    key = _key(client.get(step["Location"]).content)
    done = client.post(step["Location"], {"key": key})
    assert done["Location"] == receipt
    row = Contribution.objects.get()
    assert row.payload == {"first": "data"}
    verbs = list(Event.objects.filter(node=row.node).order_by("pk").values_list("verb", flat=True))
    assert verbs == ["answer.accepted", "answer.rejected", "answer.accepted"]


def test_a_draft_that_changes_an_answer_keeps_no_code(client: Client) -> None:
    survey = survey_of(make_consultation())
    code = _send(client, survey.node.slug, {"first": "docs"}).rstrip("/").split("/")[-2]
    opened = client.get(reverse("survey_change", args=[survey.node.slug, code]))
    held = Draft.objects.get()
    assert held.payload == {"first": "docs", CHANGES: str(Contribution.objects.get().pk)}
    # As such drafts were kept before: the code is read, and leaves at the next page.
    Draft.objects.update(payload={"first": "docs", CHANGES: code})
    assert client.get(opened["Location"]).status_code == 200
    step = client.post(opened["Location"], {"first": "data"})
    assert code not in str(list(Draft.objects.values()))
    Draft.objects.update(payload={"first": "data", CHANGES: code})
    done = client.post(step["Location"], {"key": "k" * 20})
    assert done.status_code == 302 and code in done["Location"]
    assert Contribution.objects.get().payload == {"first": "data"}
    assert not Draft.objects.exists()
    assert client.post(step["Location"], {"key": "q" * 20}).status_code == 404


@pytest.mark.parametrize("kept", ["no code", "0190a0b0-0000-7000-8000-000000000000", "other"])
def test_a_draft_changes_an_answer_of_its_survey_only(client: Client, kept: str) -> None:
    survey = survey_of(make_consultation())
    if kept == "other":
        elsewhere = survey_of(make_consultation(slug="autre"))
        kept = str(make_answer(elsewhere).contribution.pk)
    token = contributions.save_draft(activity=survey, payload={"first": "data", CHANGES: kept})
    send = reverse("survey_send", args=[survey.node.slug, token])
    before = Contribution.objects.count()
    assert client.post(send, {"key": "k" * 20}).status_code == 404
    assert Contribution.objects.count() == before


def test_withdraw_erases_the_text(client: Client) -> None:
    survey = survey_of(make_consultation())
    receipt = _send(client, survey.node.slug, {"first": "docs", "why": "À reprendre."})
    code = receipt.rstrip("/").split("/")[-2]
    assert client.get(f"/fr/suivi/{code}/retirer/").status_code == 200
    client.post(f"/fr/suivi/{code}/retirer/")
    row = Contribution.objects.select_related("node").get()
    assert row.payload == {}
    assert row.node.state == "withdrawn"
    follow = client.get(f"/fr/suivi/{code}/").content.decode()
    assert "À reprendre." not in follow


def test_withdrawing_erases_the_draft_that_was_to_replace_it(client: Client) -> None:
    survey = survey_of(make_consultation())
    code = _send(client, survey.node.slug, {"first": "docs"}).rstrip("/").split("/")[-2]
    for _twice in range(2):
        client.get(reverse("survey_change", args=[survey.node.slug, code]))
    Draft.objects.filter(pk=Draft.objects.first().pk).update(payload={CHANGES: code})
    client.post(f"/fr/questionnaires/{survey.node.slug}/", {"first": "docs", "why": "Autre"})
    client.post(f"/fr/suivi/{code}/retirer/")
    assert Draft.objects.get().payload["why"] == "Autre"


def test_draft_resumes_on_another_device(client: Client) -> None:
    survey = survey_of(make_consultation())
    start = client.post(
        f"/fr/questionnaires/{survey.node.slug}/", {"first": "docs", "why": "Suite"}
    )
    address = start["Location"].replace("/envoi/", "/1/")
    assert "Suite" in Client().get(address).content.decode()


def test_wrong_code_says_so_in_words(client: Client) -> None:
    page = client.post("/fr/suivi/", {"code": "7KQM-3XVT-9P2D-H4RA-8C"})
    assert page.status_code == 422
    assert client.get("/fr/suivi/NIMPORTE/").status_code == 404


def test_english_path(client: Client) -> None:
    survey = survey_of(make_consultation())
    page = client.get(f"/en/surveys/{survey.node.slug}/")
    assert "Which action first?" in page.content.decode()
