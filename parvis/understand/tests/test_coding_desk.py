"""The coding desk by its pages, without a script: read, tick, keep a passage, go on."""

import re

import pytest
from django.urls import reverse

from parvis.core import jobs
from parvis.core.models import Event, Job, Link, State
from parvis.understand import queries
from parvis.understand.models import Coded, Quote, Theme
from parvis.understand.tests.understand_factories import code, make_answers, make_theme
from tests.factories import make_answer, make_consultation, make_person, survey_of

pytestmark = pytest.mark.django_db
TEXT = "Mettez une date à chaque promesse. Dites-nous pourquoi c’est en retard."


@pytest.fixture
def analyst(client):
    client.force_login(make_person("analyst"))
    return client


def one(consultation, pk) -> str:
    return reverse("coding_one", args=[consultation.node.slug, pk])


def key_of(body: str) -> str:
    return re.search(r'name="key" value="([^"]+)"', body).group(1)


def test_one_by_one_until_everything_is_read(analyst):
    consultation = make_consultation()
    theme, other = make_theme(consultation), make_theme(consultation, "Délais")
    a, b = make_answers(consultation, [TEXT, "Autre chose de clair."])
    slug = consultation.node.slug
    response = analyst.get(reverse("coding", args=[slug]))
    assert response.status_code == 302 and response.url == one(consultation, a)
    body = analyst.get(response.url).content.decode()
    for words in ("Mettez une date", "Contribution\xa01", "Pourquoi?"):
        assert words in body
    shown = [str(theme.pk), str(other.pk)]
    response = analyst.post(
        one(consultation, a),
        {"themes": [str(theme.pk)], "shown": shown, "action": "attach", "key": key_of(body)},
    )
    assert response.status_code == 303 and response.url == one(consultation, b)
    response = analyst.post(one(consultation, b), {"action": "none", "shown": shown})
    assert response.status_code == 303 and response.url == reverse("coding", args=[slug])
    body = analyst.get(response.url).content.decode()
    assert reverse("coding_themes", args=[slug]) in body
    assert Coded.objects.get(pk=a).outcome == "themes" and Coded.objects.get(pk=b).outcome == "none"


def test_the_same_form_twice_is_one_coding(analyst):
    consultation = make_consultation()
    theme = make_theme(consultation)
    (pk,) = make_answers(consultation, [TEXT])
    body = analyst.get(one(consultation, pk)).content.decode()
    data = {
        "themes": [str(theme.pk)],
        "shown": [str(theme.pk)],
        "new_theme": "Des dates",
        "action": "attach",
        "key": key_of(body),
    }
    for _ in range(2):
        assert analyst.post(one(consultation, pk), data).status_code == 303
    assert Theme.objects.count() == 2
    assert Event.objects.filter(verb="theme.coded").count() == 1
    assert Link.objects.filter(source_id=pk, relation="expresses").count() == 2


def test_unticking_detaches_only_what_was_on_the_page(analyst):
    consultation = make_consultation()
    a, b, c = (make_theme(consultation, name) for name in ("A", "B", "C"))
    (pk,) = make_answers(consultation, [TEXT])
    code(consultation, [pk], a, b, c)
    data = {"themes": [str(b.pk)], "shown": [str(a.pk), str(b.pk)], "action": "attach"}
    analyst.post(one(consultation, pk), data)
    assert set(queries.themes_by_contribution([pk])[pk]) == {b.pk, c.pk}


def test_a_passage_is_pasted_kept_underlined_and_the_page_stays(analyst):
    consultation = make_consultation()
    theme = make_theme(consultation)
    (pk,) = make_answers(consultation, [TEXT])
    data = {
        "themes": [str(theme.pk)],
        "shown": [str(theme.pk)],
        "quote": "une date à chaque  promesse",
        "quote_public": "on",
        "action": "quote",
    }
    response = analyst.post(one(consultation, pk), data)
    assert response.status_code == 303 and response.url == one(consultation, pk)
    quote = Quote.objects.get()
    assert quote.text == "une date à chaque promesse" and quote.public
    body = analyst.get(response.url).content.decode()
    assert "<mark>une date à chaque promesse</mark>" in body


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ({"action": "attach"}, "Choisissez"),
        ({"action": "quote", "quote": "jamais écrit", "one": True}, "mot pour mot"),
        ({"action": "quote", "quote": "Mettez une date", "both": True}, "quel thème"),
        ({"action": "attach", "themes": ["rien"]}, "error-summary"),
        ({"action": "attach", "note": "x" * 301, "one": True}, "error-summary"),
    ],
)
def test_what_is_wrong_comes_back_with_the_form_as_it_was(analyst, data, words):
    consultation = make_consultation()
    a, b = make_theme(consultation), make_theme(consultation, "B")
    (pk,) = make_answers(consultation, [TEXT])
    if data.pop("one", False):
        data["themes"] = [str(a.pk)]
    if data.pop("both", False):
        data["themes"] = [str(a.pk), str(b.pk)]
    response = analyst.post(one(consultation, pk), {"shown": [str(a.pk)], **data})
    body = response.content.decode()
    assert response.status_code == 422 and words in body
    if data.get("quote"):
        assert data["quote"] in body
    assert not Coded.objects.exists() and not Quote.objects.exists()
    assert Theme.objects.count() == 2


def test_an_answer_without_words_is_set_aside_on_the_way(analyst):
    consultation = make_consultation()
    theme = make_theme(consultation)
    (a,) = make_answers(consultation, [TEXT])
    silent = make_answer(survey_of(consultation), {"first": "data"}).contribution.pk
    (b,) = make_answers(consultation, ["Un dernier mot."])
    data = {"themes": [str(theme.pk)], "shown": [], "action": "attach"}
    assert analyst.post(one(consultation, a), data).url == one(consultation, b)
    assert Coded.objects.get(pk=silent).outcome == "no_text"
    assert queries.progress(consultation.node).total == 2


def test_what_was_put_off_comes_back_at_the_end(analyst):
    consultation = make_consultation()
    make_theme(consultation)
    a, b = make_answers(consultation, [TEXT, "Un autre texte."])
    assert analyst.post(one(consultation, a), {"action": "skip"}).url == one(consultation, b)
    assert analyst.post(one(consultation, b), {"action": "none"}).url == one(consultation, a)


def test_the_list_filters_and_codes_several_at_once(analyst):
    consultation = make_consultation()
    theme = make_theme(consultation)
    ids = make_answers(
        consultation, ["Des écoles propres", "Une école proche", "Des routes sans trous"]
    )
    code(consultation, ids[2:], theme)
    here = reverse("coding_list", args=[consultation.node.slug])
    body = analyst.get(here).content.decode()
    assert "Des écoles propres" in body and "Des routes" not in body
    body = analyst.get(f"{here}?state=all&theme={theme.node.slug}").content.decode()
    assert "Des routes" in body and "Des écoles propres" not in body
    found = analyst.get(f"{here}?state=all&q=ecoles").content.decode()
    assert "Une école proche" in found and "Des routes" not in found
    wrong = analyst.post(f"{here}?q=ecoles", {"themes": [str(theme.pk)], "action": "attach"})
    assert wrong.status_code == 422
    data = {
        "ids": [str(pk) for pk in ids[:2]],
        "themes": [str(theme.pk)],
        "new_theme": "Écoles",
        "action": "attach",
    }
    response = analyst.post(f"{here}?q=ecoles", data)
    assert response.status_code == 303 and response.url.endswith("?q=ecoles")
    counts = {row.node.slug: row.count for row in queries.themes_of(consultation.node)}
    assert counts == {"donnees-claires": 3, "ecoles": 2}
    assert "Aucune contribution" in analyst.get(here).content.decode()


def test_the_list_costs_the_same_whatever_its_length(analyst, django_assert_max_num_queries):
    consultation = make_consultation()
    theme = make_theme(consultation)
    here = reverse("coding_list", args=[consultation.node.slug])
    costs = []
    for size in (2, 20):
        ids = make_answers(consultation, [f"Texte numéro {n} de {size}" for n in range(size)])
        code(consultation, ids[:1], theme)
        with django_assert_max_num_queries(40) as captured:
            assert analyst.get(f"{here}?state=all").status_code == 200
        costs.append(len(captured))
    assert costs[0] == costs[1]


def test_nearly_identical_texts_are_searched_by_a_job_and_coded_together(analyst):
    consultation = make_consultation()
    theme = make_theme(consultation)
    campaign = "Le gouvernement doit publier chaque contrat public dès sa signature, sans attendre."
    ids = make_answers(consultation, [campaign, campaign + " Merci.", "Des pistes cyclables."])
    slug = consultation.node.slug
    for _ in range(2):
        assert analyst.post(reverse("coding_copies", args=[slug])).status_code == 303
    assert Job.objects.count() == 1
    assert jobs.run_next() and Job.objects.get().state == "done"
    body = analyst.get(one(consultation, ids[0])).content.decode()
    near = f"{reverse('coding_list', args=[slug])}?near={ids[0]}"
    assert near in body
    body = analyst.get(near).content.decode()
    assert body.count(" checked>") == 2 and "pistes" not in body
    data = {
        "ids": [str(pk) for pk in ids[:2]],
        "themes": [str(theme.pk)],
        "action": "attach",
    }
    assert analyst.post(near, data).status_code == 303
    assert queries.themes_of(consultation.node)[0].count == 2


@pytest.mark.parametrize("role", ["citizen", "steward", "coordinator", "operator"])
def test_only_those_who_code_see_the_desk(client, role):
    consultation = make_consultation()
    (pk,) = make_answers(consultation, [TEXT])
    client.force_login(make_person(None if role == "citizen" else role))
    slug = consultation.node.slug
    for address in (
        one(consultation, pk),
        *(reverse(name, args=[slug]) for name in ("coding", "coding_list", "coding_themes")),
    ):
        assert client.get(address).status_code == 403
    assert client.post(one(consultation, pk), {"action": "none"}).status_code == 403
    assert client.post(reverse("coding_copies", args=[slug])).status_code == 403
    assert not Coded.objects.exists()


def test_without_an_account_one_is_asked_to_sign_in(client):
    consultation = make_consultation()
    response = client.get(reverse("coding", args=[consultation.node.slug]))
    assert response.status_code == 302 and "next=" in response.url


def test_what_is_not_there_is_404(analyst):
    consultation, other = make_consultation(), make_consultation(slug="autre")
    (far,) = make_answers(other, ["loin"])
    assert analyst.get(one(consultation, far)).status_code == 404
    assert analyst.get("/fr/bureau/codage/rien/").status_code == 404


def test_themes_are_written_ordered_merged_and_published(analyst):
    consultation = make_consultation()
    here = reverse("coding_themes", args=[consultation.node.slug])
    assert analyst.get(here).status_code == 200
    for name in ("Un", "Deux", "Trois"):
        data = {"title_fr": name, "title_en": name, "description_fr": "a", "description_en": "b"}
        assert analyst.post(here, {"action": "create", **data}).status_code == 303
    bad = analyst.post(here, {"action": "create", "title_fr": ""})
    assert bad.status_code == 422
    one_, two, three = Theme.objects.order_by("position")
    analyst.post(here, {"action": "up", "theme": str(three.pk)})
    assert [row.theme.pk for row in queries.themes_of(consultation.node)] == [
        one_.pk,
        three.pk,
        two.pk,
    ]
    ids = make_answers(consultation, ["un texte", "deux textes"])
    code(consultation, ids, two, three)
    refused = analyst.post(here, {"action": "publish"})
    assert refused.status_code == 422 and "Un" in refused.content.decode()
    assert analyst.post(here, {"action": "remove", "theme": str(one_.pk)}).status_code == 303
    data = {"action": "merge", "into": str(two.pk), "sources": [str(three.pk)]}
    assert analyst.post(here, data).status_code == 303
    assert analyst.post(here, {"action": "publish"}).status_code == 303
    two.refresh_from_db()
    assert two.node.state == State.PUBLIC and two.response_due == consultation.response_due
    assert analyst.post(here, {"action": "merge", "into": str(two.pk)}).status_code == 422
    assert analyst.post(here, {"action": "quelconque"}).status_code == 422


def test_a_theme_is_changed_and_its_passages_shown_or_not(analyst):
    consultation = make_consultation()
    theme = make_theme(consultation)
    (pk,) = make_answers(consultation, ["Mon courriel est a.b@exemple.ca, pour la suite."])
    data = {
        "themes": [str(theme.pk)],
        "shown": [],
        "quote": "Mon courriel est a.b@exemple.ca",
        "action": "quote",
    }
    analyst.post(one(consultation, pk), data)
    quote = Quote.objects.get()
    here = reverse("coding_theme", args=[consultation.node.slug, theme.pk])
    refused = analyst.post(here, {"action": "show", "quote": quote.pk})
    assert refused.status_code == 422
    assert analyst.post(here, {"action": "drop", "quote": quote.pk}).status_code == 303
    assert not Quote.objects.exists()
    assert analyst.post(here, {"action": "drop", "quote": quote.pk}).status_code == 404
    data = {
        "title_fr": "Des dates",
        "title_en": "Dates",
        "sources": "https://www.quebec.ca/a\nhttps://www.quebec.ca/b",
        "response_due": "2030-01-15",
    }
    assert analyst.post(here, {"action": "save", **data}).status_code == 303
    theme = Theme.objects.select_related("node").get()
    assert theme.node.title == {"fr": "Des dates", "en": "Dates"} and len(theme.sources) == 2
    bad = analyst.post(here, {"action": "save", **data, "sources": "pas une adresse"})
    assert bad.status_code == 422 and "pas une adresse" in bad.content.decode()
