"""Themes: written, changed, merged, published."""

from datetime import timedelta

import pytest
from django.utils import timezone

from parvis.core import kinds
from parvis.core.access import SYSTEM
from parvis.core.errors import Conflict, Forbidden, Invalid, NotFound, SignInNeeded
from parvis.core.events import IdempotencyKey
from parvis.core.models import Event, Link, Node, State
from parvis.core.revisions import history
from parvis.understand import coding, queries, services
from parvis.understand.models import Quote, Theme
from parvis.understand.tests.understand_factories import (
    answer,
    code,
    make_answers,
    make_theme,
    publish,
)
from tests.factories import make_actor, make_consultation

pytestmark = pytest.mark.django_db


def test_a_theme_belongs_to_its_consultation_and_keeps_its_order():
    consultation = make_consultation()
    first, second = make_theme(consultation), make_theme(consultation, "Délais")
    assert [row.theme for row in queries.themes_of(consultation.node)] == [first, second]
    services.move_theme(actor=SYSTEM, theme=second, step=-1)
    assert [row.theme for row in queries.themes_of(consultation.node)] == [second, first]
    services.move_theme(actor=SYSTEM, theme=second, step=-1)
    assert [row.theme for row in queries.themes_of(consultation.node)] == [second, first]
    assert first.node.slug == "donnees-claires"
    assert make_theme(consultation).node.slug == "donnees-claires-2"


def test_creating_with_the_same_key_makes_one_theme():
    consultation = make_consultation()
    key = IdempotencyKey.of("theme", "k1", "x")
    one = make_theme(consultation, key=key)
    assert make_theme(consultation, key=key) == one
    assert Theme.objects.count() == 1


@pytest.mark.parametrize("role", [None, "steward", "coordinator", "operator"])
def test_others_may_not_write_themes(role):
    consultation = make_consultation()
    actor = make_actor(role)
    with pytest.raises(Forbidden):
        services.create_theme(actor=actor, space=consultation.node, title={"fr": "Non"})


def test_nobody_is_asked_to_sign_in():
    from parvis.core.access import NOBODY

    consultation = make_consultation()
    with pytest.raises(SignInNeeded):
        services.create_theme(actor=NOBODY, space=consultation.node, title={"fr": "Non"})


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"title": {}}, "title"),
        ({"title": {"fr": "x" * 201}}, "title"),
        ({"title": {"xx": "y"}}, "title"),
        ({"title": {"fr": "x"}, "description": {"fr": "x" * 1_001}}, "description"),
        ({"title": {"fr": "x"}, "sources": ["javascript:alert(1)"]}, "sources"),
        ({"title": {"fr": "x"}, "sources": ["pas une adresse"]}, "sources"),
        ({"title": {"fr": "x"}, "sources": ["https://a.example"] * 21}, "sources"),
    ],
)
def test_a_wrong_theme_is_refused_with_its_field(fields, field):
    consultation = make_consultation()
    with pytest.raises(Invalid) as refusal:
        services.create_theme(actor=SYSTEM, space=consultation.node, **fields)
    assert set(refusal.value.errors) == {field}
    assert not Theme.objects.exists()


def test_themes_live_in_consultations_only():
    consultation = make_consultation()
    with pytest.raises(NotFound):
        services.create_theme(
            actor=SYSTEM, space=consultation.organisation.node, title={"fr": "Ailleurs"}
        )


def test_publishing_needs_both_languages_and_a_voice():
    consultation = make_consultation()
    half = services.create_theme(actor=SYSTEM, space=consultation.node, title={"fr": "À moitié"})
    with pytest.raises(Invalid) as refusal:
        publish(consultation)
    words = " ".join(str(m) for m in refusal.value.errors[half.node.slug])
    assert "en" in words and len(refusal.value.errors[half.node.slug]) == 3
    assert Node.objects.get(pk=half.pk).state == State.DRAFT


def test_a_theme_backed_by_a_published_lesson_needs_no_contribution():
    consultation = make_consultation()
    make_theme(consultation, sources=["https://www.quebec.ca/gouv/"])
    assert len(publish(consultation)) == 1


def test_publishing_makes_public_promises_a_date_and_is_said_once():
    consultation = make_consultation()
    theme = make_theme(consultation)
    code(consultation, make_answers(consultation, ["Des mots clairs."]), theme)
    due = timezone.localdate() + timedelta(days=30)
    assert publish(consultation, due) == [theme]
    assert publish(consultation, due) == []
    theme.refresh_from_db()
    assert theme.node.state == State.PUBLIC and theme.response_due == due
    assert Event.objects.filter(verb="theme.published", node=theme.node).count() == 1
    assert len(history(theme.node)) == 1


def test_a_public_theme_keeps_its_history_and_its_languages():
    consultation = make_consultation()
    theme = make_theme(consultation, sources=["https://www.quebec.ca/"])
    (theme,) = publish(consultation)
    services.update_theme(
        actor=SYSTEM, theme=theme, title={"fr": "Données lisibles", "en": "Readable data"}
    )
    assert len(history(theme.node)) == 2
    with pytest.raises(Invalid) as refusal:
        services.update_theme(actor=SYSTEM, theme=theme, title={"fr": "Sans anglais"})
    assert "title" in refusal.value.errors


def test_a_promised_date_never_moves_later():
    consultation = make_consultation()
    due = timezone.localdate() + timedelta(days=10)
    theme = make_theme(consultation, sources=["https://www.quebec.ca/"])
    services.update_theme(actor=SYSTEM, theme=theme, response_due=due)
    (theme,) = publish(consultation)
    for later in (due + timedelta(days=1), None):
        with pytest.raises(Invalid) as refusal:
            services.update_theme(actor=SYSTEM, theme=theme, response_due=later)
        assert "response_due" in refusal.value.errors
    theme.refresh_from_db()
    sooner = due - timedelta(days=1)
    assert services.update_theme(actor=SYSTEM, theme=theme, response_due=sooner)


def test_merging_keeps_every_other_theme_and_who_wrote_the_links():
    consultation = make_consultation()
    a, b, c = (make_theme(consultation, name) for name in ("A", "B", "C"))
    one, two, three = make_answers(consultation, ["un texte", "deux textes", "trois textes"])
    adviser = make_actor("adviser")
    coding.code_contributions(
        actor=adviser,
        space=consultation.node,
        contributions=[one, two],
        add=[b.pk],
        quotes=[coding.Passage(one, b.pk, "un texte")],
        texts={one: {"why": "un texte"}},
    )
    code(consultation, [one, three], a)
    code(consultation, [two], c)
    services.merge_themes(actor=SYSTEM, into=a, sources=[b])
    counts = {row.theme.pk: row.count for row in queries.themes_of(consultation.node)}
    assert counts == {a.pk: 3, c.pk: 1}
    assert set(queries.themes_by_contribution([two])[two]) == {a.pk, c.pk}
    moved = Link.objects.get(source_id=two, target_id=a.pk)
    assert moved.by_id == adviser.person_id
    assert Quote.objects.get().theme_id == a.pk
    assert Node.objects.get(pk=b.pk).state == State.WITHDRAWN


def test_merging_refuses_what_would_mislead():
    consultation, other = make_consultation(), make_consultation(slug="autre")
    public = make_theme(consultation, sources=["https://www.quebec.ca/"])
    publish(consultation)
    public.refresh_from_db()
    draft, elsewhere = make_theme(consultation, "Brouillon"), make_theme(other, "Ailleurs")
    with pytest.raises(Conflict):
        services.merge_themes(actor=SYSTEM, into=draft, sources=[public])
    with pytest.raises(Invalid):
        services.merge_themes(actor=SYSTEM, into=public, sources=[elsewhere])
    with pytest.raises(Invalid):
        services.merge_themes(actor=SYSTEM, into=public, sources=[public])
    answer(public, "r1")
    answer(draft, "r2")
    with pytest.raises(Conflict):
        services.merge_themes(actor=SYSTEM, into=public, sources=[draft])


def test_only_an_empty_draft_is_removed():
    consultation = make_consultation()
    theme, empty = make_theme(consultation), make_theme(consultation, "Vide")
    code(consultation, make_answers(consultation, ["Un mot."]), theme)
    with pytest.raises(Conflict):
        services.remove_theme(actor=SYSTEM, theme=theme)
    services.remove_theme(actor=SYSTEM, theme=empty)
    assert list(Theme.objects.all()) == [theme]
    publish(consultation)
    theme.refresh_from_db()
    with pytest.raises(Conflict):
        services.remove_theme(actor=SYSTEM, theme=theme)


def test_the_kind_gives_address_words_and_knot():
    consultation = make_consultation()
    theme = make_theme(consultation, sources=["https://www.quebec.ca/"])
    kind = kinds.get("theme")
    assert kinds.url(theme.node, "fr").endswith(f"#t-{theme.node.slug}")
    assert "plan" in kinds.url(theme.node, "fr")
    assert kind.texts([theme.pk])[theme.pk]["fr"] == "Données claires, en mots."
    assert [knot.state for knot in kind.knots([theme.pk])] == ["current"]
    assert not kinds.visible(make_actor(), theme.node)
    publish(consultation)
    theme.node.refresh_from_db()
    (knot,) = kind.knots([theme.pk])
    assert knot.state == "done" and knot.url.endswith(theme.node.slug)
    assert kinds.visible(make_actor("steward"), theme.node)


def test_late_is_counted_in_days_until_an_answer_is_public():
    consultation = make_consultation()
    today = timezone.localdate()
    theme = make_theme(consultation, sources=["https://www.quebec.ca/"])
    publish(consultation, today + timedelta(days=2))
    theme.refresh_from_db()
    due = queries.dues([theme], today + timedelta(days=2))[theme.pk]
    assert not due.is_late
    after = today + timedelta(days=7)
    assert queries.dues([theme], after)[theme.pk].days_late == 5
    assert list(queries.late_themes(today=after)) == [theme]
    answer(theme)
    assert not queries.dues([theme], after)[theme.pk].is_late
    assert list(queries.late_themes(today=after)) == []
