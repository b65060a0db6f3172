"""What the law asks for: written from the settings, filled, confirmed, checked again."""

import re
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import translation

from parvis.consult import services
from parvis.consult.holes import holes
from parvis.consult.legal import services as legal
from parvis.consult.legal.elements import DOCUMENTS
from parvis.consult.legal.facts import LABELS
from parvis.consult.legal.models import LegalDefaults, LegalText
from parvis.consult.legal.reading import legal_of
from parvis.consult.models import Consultation
from parvis.core.access import SYSTEM, actor_for
from parvis.core.errors import Conflict, Forbidden, Invalid
from parvis.core.models import Event, Role, State
from tests.factories import (
    a_day,
    make_consultation,
    make_organisation,
    make_person,
    survey_of,
)

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _french():
    with translation.override("fr"):
        yield


def _fresh(consultation: Consultation) -> Consultation:
    found = Consultation.objects.select_related("node", "organisation__node")
    return found.get(pk=consultation.pk)


def _html(client: Client, name: str, *args: Any) -> str:
    return client.get(reverse(name, args=args)).content.decode().replace("\u00a0", " ")


# What is declared --------------------------------------------------------------------------------


def test_every_element_names_its_law_and_only_facts_that_exist() -> None:
    for document in DOCUMENTS.values():
        keys = [element.key for element in document.elements]
        assert len(set(keys)) == len(keys)
        for element in document.elements:
            assert set(element.facts) <= set(LABELS), element.key
            assert "A-2.1" in element.article and "legisquebec" in element.address
            assert str(element.question).endswith("?") and str(element.example)


def test_the_policy_says_the_twelve_things_of_the_regulation() -> None:
    found = {re.findall(r", (\d+)°", e.article)[0] for e in DOCUMENTS["policy"].elements}
    assert found == {str(n) for n in range(1, 13)}


def test_proposals_are_whole_sentences_in_each_language() -> None:
    for one in legal_of(make_consultation()).documents:
        for row in one.rows:
            assert set(row.text) == {"fr", "en"}
            for words in row.text.values():
                assert words[:1].isupper() or words[:1].isdigit(), words
                assert ".." not in words and "%(" not in words and "  " not in words
            assert row.text["fr"] != row.text["en"], row.element.key


# Holes -------------------------------------------------------------------------------------------


def test_nothing_opens_before_the_documents_are_confirmed() -> None:
    consultation = make_consultation(opened=False)
    LegalText.objects.all().delete()
    found = holes(consultation)
    assert [hole.field for hole in found] == ["legal"]
    assert found[0].url.startswith(reverse("consult_edit_legal", args=["plan"]))
    assert "4 documents" in str(found[0].words)
    with pytest.raises(Invalid):
        services.open_consultation(actor=SYSTEM, consultation=consultation)
    legal.confirm(actor=SYSTEM, consultation=consultation)
    services.open_consultation(actor=SYSTEM, consultation=consultation)
    assert consultation.node.state == State.PUBLIC


def test_without_a_survey_no_note_of_necessity_is_asked() -> None:
    consultation = make_consultation(opened=False, with_proposals=True)
    services.remove_activity(actor=SYSTEM, activity=survey_of(consultation))
    kinds = [one.kind for one in legal_of(_fresh(consultation)).documents]
    assert kinds == ["policy", "notice", "pia"]


@pytest.mark.parametrize(
    ("words", "lost"), [({}, True), ({"fr": "Ici."}, True), ({"fr": "À [ville]", "en": "At"}, True)]
)
def test_what_the_body_does_not_say_is_a_gap_with_its_link(
    words: dict[str, str], lost: bool
) -> None:
    consultation = make_consultation(opened=False)
    LegalDefaults.objects.update(hosting=words)
    one = legal_of(_fresh(consultation)).get("policy")
    assert one is not None
    assert ("outside" in [row.element.key for row in one.gaps]) is lost
    with pytest.raises(Invalid, match="ce n’est pas complet"):
        legal.confirm(actor=SYSTEM, consultation=_fresh(consultation))


def test_a_fact_that_is_missing_is_linked_where_it_is_written(client: Client) -> None:
    consultation = make_consultation(opened=False, fields={"notice_refusal": {}})
    LegalDefaults.objects.update(hosting={})
    client.force_login(make_person("adviser"))
    html = _html(client, "consult_edit_legal", "plan")
    assert reverse("consult_edit_privacy", args=["plan"]) in html
    body = consultation.organisation.node.slug
    assert f"{reverse('legal_defaults', args=[body])}?for=plan#id_hosting" in html
    assert "Confirmer" not in html


# Writing -----------------------------------------------------------------------------------------


def test_own_words_stay_and_the_proposal_comes_back(client: Client) -> None:
    make_consultation(opened=False)
    client.force_login(make_person("adviser"))
    url = reverse("consult_legal", args=["plan", "policy"])
    rows = {row.element.key: row for row in legal_of(Consultation.objects.get()).documents[1].rows}
    same = {f"security_{code}": words for code, words in rows["security"].text.items()}
    typed = {**same, "means_fr": "Par la poste seulement.", "means_en": "By post only."}
    assert client.post(url, typed).status_code == 303
    kept = LegalText.objects.get(kind="policy")
    assert kept.fields == {"means": {"fr": "Par la poste seulement.", "en": "By post only."}}
    html = _html(client, "consult_legal", "plan", "policy")
    assert "Par la poste seulement." in html and "Vos propres mots" in html and "À revoir" in html
    assert "Par la poste seulement." in _html(client, "consult_legal", "plan", "notice")
    assert client.post(url, {"restore": "means"})["Location"] == f"{url}#id_means"
    kept.refresh_from_db()
    assert kept.fields == {}
    assert not holes(_fresh(Consultation.objects.get())), "what was confirmed is back"


@pytest.mark.parametrize(
    ("kind", "texts"),
    [
        ("policy", {"purpose": {"fr": "Autre"}}),
        ("policy", {"rien": {"fr": "x"}}),
        ("policy", {"means": {"fr": "é" * 2_001}}),
        ("policy", {"means": {"de": "x"}}),
        ("notice", {"means": {"fr": "x"}}),
        ("rien", {}),
    ],
)
def test_what_is_written_elsewhere_or_wrong_is_refused(kind: str, texts: Any) -> None:
    consultation = make_consultation(opened=False)
    with pytest.raises(Invalid):
        legal.write_texts(actor=SYSTEM, consultation=consultation, kind=kind, texts=texts)


def test_too_long_a_text_is_kept_in_the_form(client: Client) -> None:
    make_consultation(opened=False)
    client.force_login(make_person("adviser"))
    url = reverse("consult_legal", args=["plan", "policy"])
    answer = client.post(url, {"means_fr": "é" * 2_001, "means_en": "Gardé ici"})
    assert answer.status_code == 422
    assert "Gardé ici" in answer.content.decode()


# Confirming, checking again ----------------------------------------------------------------------


def test_confirming_says_who_and_when_and_only_what_was_seen(client: Client) -> None:
    consultation = make_consultation(opened=False)
    LegalText.objects.all().delete()
    Event.objects.filter(verb="legal.confirmed").delete()
    person = make_person("adviser")
    client.force_login(person)
    url = reverse("consult_edit_legal", args=["plan"])
    seen = re.findall(r'name="seen" value="(\w+)"', client.get(url).content.decode())[0]
    services.update_consultation(
        actor=SYSTEM, consultation=consultation,
        changes={"notice_purpose": {"fr": "Autre chose.", "en": "Something else."}},
    )  # fmt: skip
    assert client.post(url, {"seen": seen, "key": "a" * 22}).status_code == 409
    assert client.post(url, {}).status_code == 422
    assert not LegalText.objects.exists()
    seen = re.findall(r'name="seen" value="(\w+)"', client.get(url).content.decode())[0]
    for _twice in range(2):
        answer = client.post(url, {"seen": seen, "key": "b" * 22})
        assert answer["Location"] == reverse("consult_open", args=["plan"])
    assert {row.confirmed_by for row in LegalText.objects.all()} == {person}
    event = Event.objects.get(verb="legal.confirmed")
    assert event.actor == person and set(event.data) >= set(DOCUMENTS)
    assert "Confirmé le" in _html(client, "consult_edit_legal", "plan")


def test_a_setting_that_changes_marks_what_uses_it_and_nothing_else() -> None:
    consultation = make_consultation(opened=False)
    assert not holes(consultation)
    services.update_consultation(
        actor=SYSTEM, consultation=consultation, changes={"retention_on": a_day(300)}
    )
    stale = {
        (one.kind, row.element.key)
        for one in legal_of(_fresh(consultation)).documents
        for row in one.stale
    }
    assert stale == {("notice", "retention"), ("pia", "flow"), ("pia", "retention")}
    assert "à revoir" in str(holes(_fresh(consultation))[0].words)
    legal.confirm(actor=SYSTEM, consultation=_fresh(consultation))
    assert not holes(_fresh(consultation))


def test_the_questions_are_settings_too() -> None:
    consultation = make_consultation(opened=False)
    survey = survey_of(consultation)
    pages = survey.settings["pages"]
    pages[0]["questions"][1]["opinion"] = False
    services.change_settings(actor=SYSTEM, activity=survey, settings={"pages": pages})
    stale = {row.element.key for one in legal_of(_fresh(consultation)).documents
             for row in one.stale}  # fmt: skip
    assert stale == {"collected", "minimal", "sensitivity"}


def test_once_public_a_change_is_shown_confirmed_again_and_what_it_said_stays(
    client: Client,
) -> None:
    consultation = make_consultation()
    LegalDefaults.objects.update(security={"fr": "Un coffre.", "en": "A safe."})
    consultation = _fresh(consultation)
    assert not holes(consultation), "nothing keeps a public page from being corrected"
    before = _html(client, "consultation_policy", "plan")
    assert "Un coffre." not in before and "Une phrase claire." in before
    legal.confirm(actor=SYSTEM, consultation=consultation)
    after = _html(client, "consultation_policy", "plan")
    assert "Un coffre." in after and "Ce que le texte disait" in after
    assert after.count("Une phrase claire.") > 1


# Public and printed ------------------------------------------------------------------------------


def test_public_pages_say_each_element_in_both_languages(client: Client) -> None:
    make_consultation()
    for language, first in (("fr", "Qui recueille"), ("en", "Who collects")):
        with translation.override(language):
            policy = _html(client, "consultation_policy", "plan")
            notice = _html(client, "consultation_privacy", "plan")
            assert first in policy and first in notice
            assert reverse("consultation_policy", args=["plan"]) in notice
            assert reverse("cookies") in policy
            assert policy.count("<dt>") == 13 and notice.count("<dt>") == 10
            assert "csrfmiddlewaretoken" not in policy
    assert "vie-privee@test.example" in notice


def test_the_notice_follows_its_consultation_at_once(client: Client) -> None:
    consultation = make_consultation()
    services.update_consultation(
        actor=SYSTEM, consultation=consultation,
        changes={"notice_rights": {"fr": "Un droit de plus.", "en": "One more right."}},
    )  # fmt: skip
    assert "Un droit de plus." in _html(client, "consultation_privacy", "plan")


def test_a_printed_document_says_whether_it_is_confirmed(client: Client) -> None:
    make_consultation(opened=False)
    client.force_login(make_person("adviser"))
    url = reverse("consult_legal_print", args=["plan", "pia"])
    assert "Confirmé le" in client.get(url).content.decode()
    LegalText.objects.update(confirmed_at=None)
    file = client.get(url + "?download")
    assert 'filename="plan-pia.html"' in file["Content-Disposition"]
    text = file.content.decode()
    assert "non confirmé" in text and "<link" not in text and "<script" not in text
    assert client.get(reverse("consult_legal", args=["plan", "rien"])).status_code == 404


# Who may -----------------------------------------------------------------------------------------


def test_a_body_is_written_by_its_own_people(client: Client) -> None:
    consultation = make_consultation(opened=False)
    other = make_organisation("ailleurs", "Ailleurs")
    person = make_person(email="ailleurs@test.example")
    Role.objects.create(person=person, role="adviser", scope=other.node)
    client.force_login(person)
    mine = reverse("legal_defaults", args=["ailleurs"])
    page = client.get(mine).content.decode()
    assert "Une phrase claire." in page, "the site's own words are proposed"
    assert client.post(mine, {"hosting_fr": "Ici."}).status_code == 303
    assert LegalDefaults.objects.get(pk=other.pk).hosting == {"fr": "Ici."}
    theirs = reverse("legal_defaults", args=[consultation.organisation.node.slug])
    assert client.post(theirs, {"hosting_fr": "Pris."}).status_code == 403
    assert client.get(reverse("legal_defaults", args=["rien"])).status_code == 404
    actor = actor_for(person)
    with pytest.raises(Forbidden):
        legal.confirm(actor=actor, consultation=consultation)
    with pytest.raises(Forbidden):
        legal.write_texts(actor=actor, consultation=consultation, kind="policy", texts={})
    assert client.post(mine, {"hosting_fr": "é" * 2_001}).status_code == 422
    with pytest.raises(Invalid):
        legal.set_defaults(actor=SYSTEM, organisation=other, values={"rien": "x"})


def test_a_version_seen_is_not_another_one() -> None:
    consultation = make_consultation(opened=False)
    with pytest.raises(Conflict):
        legal.confirm(actor=SYSTEM, consultation=consultation, seen="0" * 64)


def test_reading_the_documents_asks_the_same_whatever_they_hold() -> None:
    counts = []
    for slug, with_proposals in (("une", False), ("deux", True)):
        row = _fresh(make_consultation(slug=slug, with_proposals=with_proposals))
        with CaptureQueriesContext(connection) as caught:
            legal_of(row)
        counts.append(len(caught))
    assert counts[0] == counts[1] <= 5
