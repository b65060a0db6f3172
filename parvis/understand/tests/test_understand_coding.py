"""Coding: who said what, once; passages word for word; nothing outlives a withdrawn text."""

import pytest
from django.utils import timezone

from parvis.consult import contributions as acts
from parvis.consult import queries as consult_queries
from parvis.consult.models import Contribution
from parvis.core.access import SYSTEM, Actor
from parvis.core.errors import Forbidden, Invalid, NotFound
from parvis.core.events import IdempotencyKey
from parvis.core.models import Event, Link
from parvis.understand import coding, queries, tasks
from parvis.understand.consume import consume
from parvis.understand.models import Coded, Quote
from parvis.understand.tests.understand_factories import code, make_answers, make_theme, publish
from tests.factories import make_actor, make_answer, make_consultation, survey_of

pytestmark = pytest.mark.django_db
TEXT = "Mettez une date à chaque promesse.\nEt écrivez-nous pourquoi."


def attach(consultation, ids, themes, **more):
    return coding.code_contributions(
        actor=more.pop("actor", SYSTEM),
        space=consultation.node,
        contributions=ids,
        add=[theme.pk for theme in themes],
        **more,
    )


def test_coding_several_at_once_is_one_event_and_twice_is_once():
    consultation = make_consultation()
    themes = [make_theme(consultation, name) for name in ("A", "B")]
    ids = make_answers(consultation, ["un", "deux", "trois"])
    assert code(consultation, ids, *themes) == coding.Coding(3, 6, 0, 0)
    assert code(consultation, ids, *themes) == coding.Coding()
    assert Event.objects.filter(verb="theme.coded").count() == 1
    assert [row.count for row in queries.themes_of(consultation.node)] == [3, 3]
    assert Coded.objects.filter(outcome="themes").count() == 3


def test_the_same_key_changes_nothing_more():
    consultation = make_consultation()
    theme = make_theme(consultation)
    (pk,) = make_answers(consultation, ["un"])
    key = IdempotencyKey.of("code", "k", "x")
    attach(consultation, [pk], [theme], key=key)
    coding.code_contributions(
        actor=SYSTEM, space=consultation.node, contributions=[pk], outcome="none"
    )
    assert attach(consultation, [pk], [theme], key=key) == coding.Coding()
    assert not Link.objects.filter(relation="expresses").exists()


def test_links_say_who_and_why():
    consultation = make_consultation()
    theme, actor = make_theme(consultation), make_actor("analyst")
    (pk,) = make_answers(consultation, ["un"])
    attach(consultation, [pk], [theme], actor=actor, reason={"fr": "Le mot y est."})
    row = Link.objects.get(source_id=pk)
    assert row.by_id == actor.person_id and row.reason == {"fr": "Le mot y est."}
    assert Coded.objects.get(pk=pk).by_id == actor.person_id


@pytest.mark.parametrize("role", [None, "steward", "coordinator", "operator"])
def test_others_may_not_code(role):
    consultation = make_consultation()
    theme = make_theme(consultation)
    ids = make_answers(consultation, ["un"])
    with pytest.raises(Forbidden):
        attach(consultation, ids, [theme], actor=make_actor(role))


def test_no_theme_detaches_and_a_skip_does_not():
    consultation = make_consultation()
    theme = make_theme(consultation)
    ids = make_answers(consultation, ["un"])
    code(consultation, ids, theme)
    attach(consultation, ids, [], outcome="skipped")
    assert Coded.objects.get().outcome == "themes"
    attach(consultation, ids, [], outcome="none")
    assert Coded.objects.get().outcome == "none"
    assert not Link.objects.filter(relation="expresses").exists()


def test_removing_a_theme_takes_its_quotes_with_it():
    consultation = make_consultation()
    a, b = make_theme(consultation, "A"), make_theme(consultation, "B")
    (pk,) = make_answers(consultation, [TEXT])
    passage = coding.Passage(pk, a.pk, "Mettez une date")
    attach(consultation, [pk], [b], quotes=[passage], texts={pk: {"why": TEXT}})
    attach(consultation, [pk], [b], remove=[a.pk])
    assert queries.themes_by_contribution([pk]) == {pk: [b.pk]}
    assert not Quote.objects.exists()


def test_bad_codings_are_refused_and_change_nothing():
    consultation, other = make_consultation(), make_consultation(slug="autre")
    theme, foreign = make_theme(consultation), make_theme(other, "Ailleurs")
    (pk,), (far,) = make_answers(consultation, ["un"]), make_answers(other, ["loin"])
    for call, error in (
        (lambda: attach(consultation, [], [theme]), Invalid),
        (lambda: attach(consultation, [pk], []), Invalid),
        (lambda: attach(consultation, [pk], [theme], outcome="none"), Invalid),
        (lambda: attach(consultation, [pk], [foreign]), Invalid),
        (lambda: attach(consultation, [pk], [theme], note="x" * 301), Invalid),
        (lambda: attach(consultation, [far], [theme]), NotFound),
        (lambda: attach(consultation, [theme.pk], [theme]), NotFound),
    ):
        with pytest.raises(error):
            call()
    assert not Coded.objects.exists() and not Link.objects.filter(relation="expresses").exists()


@pytest.mark.parametrize(
    "words",
    ["Mettez une date à chaque promesse, vite.", "mettez une date", "…", "", "   ", "Autre chose"],
)
def test_a_quote_that_is_not_there_word_for_word_is_refused(words):
    consultation = make_consultation()
    theme = make_theme(consultation)
    (pk,) = make_answers(consultation, [TEXT])
    passage = coding.Passage(pk, theme.pk, words)
    with pytest.raises(Invalid) as refusal:
        attach(consultation, [pk], [theme], quotes=[passage], texts={pk: {"why": TEXT}})
    assert set(refusal.value.errors) == {"quotes"}
    assert not Quote.objects.exists() and not Link.objects.filter(relation="expresses").exists()


def test_a_quote_is_an_exact_piece_of_the_text_whatever_the_line_breaks():
    consultation = make_consultation()
    theme = make_theme(consultation)
    (pk,) = make_answers(consultation, [TEXT])
    passage = coding.Passage(pk, theme.pk, " promesse. Et  écrivez-nous ")
    assert attach(
        consultation, [pk], [], quotes=[passage], texts={pk: {"why": TEXT}}
    ) == coding.Coding(1, 1, 0, 1)
    quote = Quote.objects.get()
    assert TEXT[quote.start : quote.end] == quote.text == "promesse.\nEt écrivez-nous"
    attach(consultation, [pk], [theme], quotes=[passage], texts={pk: {"why": TEXT}})
    assert Quote.objects.count() == 1


def test_personal_data_is_never_shown():
    consultation = make_consultation()
    theme = make_theme(consultation)
    text = "Écrivez-moi à marie.tremblay@exemple.ca pour en parler."
    (pk,) = make_answers(consultation, [text])
    shown = coding.Passage(pk, theme.pk, text, public=True)
    with pytest.raises(Invalid) as refusal:
        attach(consultation, [pk], [theme], quotes=[shown], texts={pk: {"why": text}})
    assert set(refusal.value.errors) == {"quotes"}
    kept = coding.Passage(pk, theme.pk, text)
    attach(consultation, [pk], [theme], quotes=[kept], texts={pk: {"why": text}})
    quote = Quote.objects.select_related("theme__node").get()
    with pytest.raises(Invalid):
        coding.show_quote(actor=SYSTEM, quote=quote, public=True)
    assert queries.public_quotes([theme.pk]) == {}


def test_public_quotes_are_those_shown_of_contributions_that_count():
    consultation = make_consultation()
    theme = make_theme(consultation)
    one, two = make_answers(consultation, ["un texte", "deux textes"])
    for pk, text in ((one, "un texte"), (two, "deux textes")):
        attach(
            consultation,
            [pk],
            [theme],
            quotes=[coding.Passage(pk, theme.pk, text, public=True)],
            texts={pk: {"why": text}},
        )
    assert len(queries.public_quotes([theme.pk])[theme.pk]) == 2
    assert len(queries.public_quotes([theme.pk], each=1)[theme.pk]) == 1
    row = Contribution.objects.select_related("node", "activity__consultation__node").get(pk=one)
    acts.set_fate(actor=SYSTEM, contribution=row, fate="rejected", reason="test")
    assert [q.contribution_id for q in queries.public_quotes([theme.pk])[theme.pk]] == [two]
    assert queries.themes_of(consultation.node)[0].count == 1


def test_what_counts_here_is_what_counts_everywhere():
    consultation = make_consultation()
    ids = make_answers(consultation, ["un", "deux", "trois", "quatre"])
    rows = list(
        Contribution.objects.select_related("node", "activity__consultation__node").order_by("pk")
    )
    acts.set_fate(actor=SYSTEM, contribution=rows[0], fate="rejected", reason="test")
    holder = Actor(holds=frozenset({ids[1]}))
    acts.withdraw(actor=holder, contribution=rows[1])
    kept = consult_queries.counts(consultation).kept
    assert kept == queries.contributions(consultation.node).count() == 2
    activity = survey_of(consultation)
    same = set(consult_queries.kept(activity).values_list("pk", flat=True))
    assert same == set(queries.contributions(consultation.node).values_list("pk", flat=True))


def test_progress_adds_up_and_the_next_one_comes():
    consultation = make_consultation()
    theme = make_theme(consultation)
    a, b, c, d, e = make_answers(consultation, ["un", "deux", "trois", "quatre", "cinq"])
    code(consultation, [a], theme)
    attach(consultation, [b], [], outcome="none")
    attach(consultation, [c], [], outcome="skipped")
    coding.mark_silent(actor=SYSTEM, space=consultation.node, contributions=[d])
    assert coding.mark_silent(actor=SYSTEM, space=consultation.node, contributions=[d]) == 0
    progress = queries.progress(consultation.node)
    assert progress == queries.Progress(5, 1, 1, 1, 1)
    assert (progress.coded, progress.total, progress.left) == (2, 4, 1)
    assert queries.next_uncoded(consultation.node).pk == e
    assert queries.next_uncoded(consultation.node, after=a).pk == e
    code(consultation, [e], theme)
    assert queries.next_uncoded(consultation.node).pk == c
    code(consultation, [c], theme)
    assert queries.next_uncoded(consultation.node) is None


def test_a_withdrawn_text_leaves_nothing_behind_and_a_changed_one_is_read_again():
    consultation = make_consultation()
    theme = make_theme(consultation)
    receipts = [
        make_answer(survey_of(consultation), {"first": "data", "why": text})
        for text in ("un texte", "deux textes", "trois textes")
    ]
    ids = [receipt.contribution.pk for receipt in receipts]
    for pk, text in zip(ids, ("un texte", "deux textes", "trois textes"), strict=True):
        attach(
            consultation,
            [pk],
            [theme],
            note="à relire",
            quotes=[coding.Passage(pk, theme.pk, text, public=True)],
            texts={pk: {"why": text}},
        )
    holder = Actor(holds=frozenset(ids))
    acts.withdraw(actor=holder, contribution=receipts[0].contribution)
    acts.change(
        actor=holder,
        contribution=receipts[1].contribution,
        payload={"first": "docs", "why": "tout autre chose"},
    )
    assert [q.contribution_id for q in queries.public_quotes([theme.pk])[theme.pk]] == ids[1:]
    consume(list(Event.objects.select_related("node").order_by("pk")))
    assert list(Quote.objects.values_list("contribution_id", flat=True)) == [ids[2]]
    assert list(Coded.objects.values_list("pk", flat=True)) == [ids[2]]
    assert queries.next_uncoded(consultation.node).pk == ids[1]
    code(consultation, [ids[1]], theme)
    consume(list(Event.objects.select_related("node").order_by("pk")))
    assert Coded.objects.filter(pk=ids[1]).exists()


def test_counts_cost_the_same_whatever_the_number(django_assert_num_queries):
    consultation = make_consultation()
    ids = make_answers(consultation, ["un", "deux"])
    code(consultation, ids, make_theme(consultation))
    for size in (1, 12):
        for n in range(size - 1):
            code(consultation, ids, make_theme(consultation, f"Thème {n}"))
        with django_assert_num_queries(2):
            assert len(queries.themes_of(consultation.node)) == size
        themes = [row.theme for row in queries.themes_of(consultation.node)]
        with django_assert_num_queries(1):
            queries.dues(themes)
        with django_assert_num_queries(2):
            queries.progress(consultation.node)


def test_copies_are_kept_in_a_file_without_any_text():
    from parvis.core.files import path_of

    consultation = make_consultation()
    campaign = "Le gouvernement doit publier chaque contrat public dès sa signature, sans attendre."
    texts = [campaign, campaign + " Merci.", "Je préfère les pistes cyclables au centre-ville."]
    ids = make_answers(consultation, texts)
    run = tasks.find_copies(
        actor=SYSTEM, space=consultation.node, texts=dict(zip(ids, texts, strict=True))
    )
    found = queries.copies(consultation.node)
    assert found.run == run and found.near(ids[0]) == (ids[1],) and found.near(ids[2]) == ()
    assert "contrat" not in path_of(run.artefact).read_text()


def test_late_answers_in_the_api_and_the_feed(client):
    import json
    from datetime import timedelta

    from django.test import RequestFactory
    from ninja import NinjaAPI

    from parvis.understand.api import router

    consultation = make_consultation()
    theme = make_theme(consultation)
    code(consultation, make_answers(consultation, ["un", "deux"]), theme)
    publish(consultation, timezone.localdate() - timedelta(days=3))
    make_theme(consultation, "Brouillon")
    api = NinjaAPI(urls_namespace="themes-alone", version="0-themes")
    api.add_router("", router)
    view = next(p for p in api.urls[0] if str(p.pattern) == "themes").callback

    def get(query: str) -> dict:
        return json.loads(view(RequestFactory().get(f"/themes?{query}")).content)

    row = get("consultation=plan&late=true")["results"][0]
    assert (row["count"], row["of"], row["days_late"], row["late"]) == (2, 2, 3, True)
    assert row["response"] is None and row["consultation"] == "plan"
    assert get("late=false")["count"] == 0
    with pytest.raises(NotFound):
        get("consultation=rien")
    body = client.get("/en/consultations/late-answers.atom").content.decode()
    assert str(theme.pk) in body and "Late answer" in body
