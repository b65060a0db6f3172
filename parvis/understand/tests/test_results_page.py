"""What was said, as everybody reads it: before, late, published, answered."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone, translation

from parvis.consult import contributions as acts
from parvis.consult.models import Consultation, Contribution, Phase
from parvis.core import outbox
from parvis.core.access import SYSTEM
from parvis.methods.survey import results
from parvis.plan import responses
from parvis.understand import coding, services
from parvis.understand.models import Theme
from parvis.understand.tests.understand_factories import code, make_answers, make_theme, publish
from tests.factories import SURVEY, make_answer, make_consultation, make_person, survey_of

pytestmark = pytest.mark.django_db
WITH_AGE = {
    "pages": [
        {
            **SURVEY["pages"][0],
            "questions": [
                *SURVEY["pages"][0]["questions"],
                {
                    "id": "age",
                    "type": "single",
                    "label": {"fr": "Votre âge?", "en": "Your age?"},
                    "required": False,
                    "opinion": False,
                    "options": [
                        {"id": "a", "label": {"fr": "15 à 34 ans", "en": "15 to 34"}},
                        {"id": "b", "label": {"fr": "35 ans et plus", "en": "35 and over"}},
                    ],
                },
            ],
        }
    ]
}


def page(client, consultation, language="fr"):
    with_language = {"fr": "/fr/consultations/{}/resultats/", "en": "/en/consultations/{}/results/"}
    response = client.get(with_language[language].format(consultation.node.slug))
    assert response.status_code == 200
    return response.content.decode().replace("\xa0", " ")


def close(consultation: Consultation, days: int = 1) -> None:
    """Move the clock's side: every phase ended some days ago."""
    now = timezone.now()
    Phase.objects.filter(consultation=consultation).update(
        starts=now - timedelta(days=days + 20), ends=now - timedelta(days=days)
    )


def set_dates(consultation: Consultation, **dates) -> None:
    Consultation.objects.filter(pk=consultation.pk).update(**dates)


def said(consultation, text, theme, public=True):
    (pk,) = make_answers(consultation, [text])
    coding.code_contributions(
        actor=SYSTEM,
        space=consultation.node,
        contributions=[pk],
        add=[theme.pk],
        quotes=[coding.Passage(pk, theme.pk, text, public)],
        texts={pk: {"why": text}},
    )
    return pk


def test_before_anything_is_published_the_promise_is_shown(client):
    consultation = make_consultation()
    make_answers(consultation, ["Un texte que personne ne doit lire ici."])
    make_theme(consultation, "Un brouillon")
    body = page(client, consultation)
    assert "Pas encore publié" in body and "Les gens répondent encore." in body
    assert "Un brouillon" not in body and "personne ne doit lire" not in body
    assert body.index('id="themes"') < body.index('id="qui"') < body.index('id="donnees"')
    response = client.get(reverse("results", args=["plan"]))
    assert "public" in response["Cache-Control"]


def test_a_promise_that_has_passed_is_late_with_its_days(client):
    consultation = make_consultation()
    close(consultation, 40)
    today = timezone.localdate()
    set_dates(
        consultation,
        themes_due=today - timedelta(days=12),
        report_due=today - timedelta(days=1),
    )
    body = page(client, consultation)
    assert "En retard de 12 jours" in body and "1 jour de retard" in body
    assert "Late by 12 days" in page(client, consultation, "en")


def test_a_published_theme_is_shown_with_its_count_its_words_and_its_promise(client):
    consultation = make_consultation()
    theme, second = make_theme(consultation), make_theme(consultation, "Délais")
    said(consultation, "Des mots clairs, s’il vous plaît.", theme)
    said(consultation, "Ceci reste pour l’équipe.", theme, public=False)
    code(consultation, make_answers(consultation, ["Plus vite."]), second)
    make_answers(consultation, ["Pas encore lu."])
    close(consultation)
    publish(consultation, timezone.localdate() + timedelta(days=9))
    body = page(client, consultation)
    assert "Ce qui revient le plus : « Données claires » (2 sur 4), puis « Délais » (1)." in body
    assert "<strong>2</strong> sur 4 contributions" in body
    assert "Des mots clairs" in body and "reste pour l’équipe" not in body
    assert "Résultats non représentatifs : réponses volontaires." in body
    assert f'id="t-{theme.node.slug}"' in body and "Réponse promise pour le" in body
    assert "3 lues jusqu’ici, sur 4 à lire" in body and "0 thème sur 2 a une réponse" in body
    assert body.index('id="qui"') < body.index('id="themes"') < body.index('id="reponses"')
    english = page(client, consultation, "en")
    assert "Données claires (en)" in english and "2</strong> of 4 contributions" in english


def test_who_answered_is_counted_with_what_was_set_aside(client):
    consultation = make_consultation(settings=WITH_AGE)
    activity = survey_of(consultation)
    for n in range(24):
        age = "a" if n % 2 else "b"
        make_answer(activity, {"first": "data", "why": f"Texte {n}", "age": age})
    row = Contribution.objects.select_related("node", "activity__consultation__node").first()
    acts.set_fate(actor=SYSTEM, contribution=row, fate="rejected", reason="duplicate")
    close(consultation)
    outbox.pump()
    results.draw_stale()
    body = page(client, consultation)
    who = body[body.index('id="qui"') : body.index('aria-label="Limites"')]
    assert (
        '<span class="figure-big">24</span>' in who and '<span class="figure-big">23</span>' in who
    )
    assert "15 à 34 ans" in who and '<span class="figure-big">1</span>' in who
    shown = body[body.index('id="a-') :]
    assert "Données" in shown and "15 à 34 ans" not in shown


def test_an_answer_with_its_reason_and_what_waits_late(client):
    consultation = make_consultation()
    answered, late = make_theme(consultation), make_theme(consultation, "Délais")
    code(consultation, make_answers(consultation, ["un", "deux"]), answered, late)
    close(consultation)
    publish(consultation, timezone.localdate() - timedelta(days=4))
    answered.node.refresh_from_db()
    response = responses.draft_response(
        actor=SYSTEM,
        consultation=consultation.node,
        themes=[answered.node],
        fields={
            "verdict": "refused",
            "reason": {"fr": "La loi ne le permet pas.", "en": "The law forbids it."},
        },
    )
    assert "La loi ne le permet pas." not in page(client, consultation)
    responses.publish_response(actor=SYSTEM, response=response, languages=["fr", "en"])
    body = page(client, consultation)
    assert "La loi ne le permet pas." in body and f'id="r-{response.node.slug}"' in body
    assert "1 thème sur 2" in body and "1 réponse est en retard." in body
    with translation.override("fr"):
        verdict = response.get_verdict_display().lower()
    assert "Réponse en retard de 4 jours" in body and f"Réponse : {verdict}" in body


def test_a_merged_theme_keeps_its_old_address(client):
    consultation = make_consultation()
    a, b = make_theme(consultation), make_theme(consultation, "Ancien nom")
    code(consultation, make_answers(consultation, ["un"]), a, b)
    publish(consultation)
    a, b = Theme.objects.select_related("node").order_by("position")
    services.merge_themes(actor=SYSTEM, into=a, sources=[b])
    body = page(client, consultation)
    assert '<span id="t-ancien-nom"></span>' in body and "Ancien nom" not in body


def test_a_rebuilt_consultation_is_marked(client):
    consultation = make_consultation(fields={"reconstructed": True})
    mark = "Reconstructed demonstration data"
    assert page(client, consultation, "en").count(mark) > page(
        client, make_consultation(slug="vrai"), "en"
    ).count(mark)


def test_a_draft_is_for_staff_only(client):
    consultation = make_consultation(opened=False)
    assert client.get(reverse("results", args=["plan"])).status_code == 404
    client.force_login(make_person("adviser"))
    assert "Aperçu" in page(client, consultation)
    assert client.get(reverse("results", args=["rien"])).status_code == 404


def test_the_history_of_a_theme_is_public_once_it_is(client):
    consultation = make_consultation()
    make_theme(consultation, sources=["https://www.quebec.ca/"])
    address = reverse("theme_history", args=["plan", "donnees-claires"])
    assert client.get(address).status_code == 404
    (theme,) = publish(consultation)
    services.update_theme(
        actor=SYSTEM,
        theme=theme,
        title={"fr": "Données lisibles", "en": "Readable data"},
        note={"fr": "Mot plus simple."},
    )
    body = client.get(address).content.decode()
    assert "<ins>lisibles</ins>" in body and "Mot plus simple." in body


def test_the_page_costs_the_same_whatever_the_number_of_themes(
    client, django_assert_max_num_queries
):
    consultation = make_consultation()
    costs = []
    for size in (2, 12):
        for n in range(size):
            said(consultation, f"Texte {size} {n}", make_theme(consultation, f"T {size} {n}"))
        publish(consultation, timezone.localdate() - timedelta(days=1))
        page(client, consultation)
        with django_assert_max_num_queries(40) as captured:
            page(client, consultation)
        costs.append(len(captured))
    assert costs[0] == costs[1]
