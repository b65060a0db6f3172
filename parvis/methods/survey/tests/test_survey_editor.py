"""The questionnaire's editor by its pages: nothing needs a script, nothing typed is lost."""

import json

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from django.utils import translation

from parvis.consult.models import Activity
from parvis.core.models import Event
from tests.factories import SURVEY, make_answer, make_consultation, make_person, survey_of

pytestmark = pytest.mark.django_db
SLUG = "plan-questionnaire"


@pytest.fixture(autouse=True)
def _french():
    with translation.override("fr"):
        yield


@pytest.fixture
def survey(client: Client) -> Activity:
    found = survey_of(make_consultation(opened=False))
    client.force_login(make_person("adviser", "redaction@test.example"))
    return found


def _url(name: str, *args: object) -> str:
    return reverse(name, args=[SLUG, *args])


def _text(response) -> str:
    return response.content.decode().replace("\u00a0", " ")


def _pages(survey: Activity) -> list[dict]:
    survey.refresh_from_db()
    return survey.settings["pages"]


def _question(**changes: object) -> dict[str, object]:
    data: dict[str, object] = {
        "type": "single", "label_fr": "À quel rythme?", "label_en": "How often?", "help_fr": "",
        "options": "Chaque mois | Monthly\nChaque année | Yearly", "role": "opinion",
    }  # fmt: skip
    return {**data, **changes}


def _page(client: Client, **changes: object):
    data = {"page_title_fr": "La suite", "page_title_en": "Next", **_question(), **changes}
    return client.post(_url("survey_page_new"), data)


# Who enters --------------------------------------------------------------------------------------

PAGES = (
    ("survey_edit",), ("survey_page_new",), ("survey_page", "p1"), ("survey_page_remove", "p1"),
    ("survey_question_new", "p1"), ("survey_question", "why"), ("survey_question_remove", "why"),
    ("survey_import",), ("survey_export",), ("survey_preview", 1),
)  # fmt: skip


@pytest.mark.parametrize("place", PAGES)
def test_only_those_who_manage_the_consultation_enter(client: Client, place: tuple) -> None:
    survey_of(make_consultation(opened=False))
    url = _url(*place)
    away = client.get(url)
    assert away.status_code == 302
    assert away["Location"].endswith(f"next={url}")
    for role, status in (("steward", 403), (None, 403), ("operator", 200), ("adviser", 200)):
        client.force_login(make_person(role, f"{role}-edit@test.example"))
        assert client.get(url).status_code == status, role
    assert client.get(url.replace(SLUG, "rien")).status_code == 404


def test_others_change_nothing(client: Client) -> None:
    survey = survey_of(make_consultation(opened=False))
    client.force_login(make_person("analyst", "lecture@test.example"))
    before = _pages(survey)
    for place in PAGES[:-2]:
        assert client.post(_url(*place), {"action": "copy:page:p1"}).status_code == 403
    assert _pages(survey) == before


@pytest.mark.parametrize("name", ["survey_page", "survey_question", "survey_question_new"])
def test_what_is_gone_is_404(client: Client, survey: Activity, name: str) -> None:
    assert client.get(_url(name, "disparue")).status_code == 404
    assert client.post(_url(name, "disparue"), _question()).status_code == 404


# Questions ---------------------------------------------------------------------------------------


def test_question_added_then_changed_keeps_its_identifiers(client, survey) -> None:
    made = client.post(_url("survey_question_new", "p1"), _question())
    assert made.status_code == 303
    added = _pages(survey)[0]["questions"][-1]
    assert made["Location"].endswith(f"#question-{added['id']}")
    assert added["id"] == "a-quel-rythme"
    assert [option["id"] for option in added["options"]] == ["chaque-mois", "chaque-annee"]
    url = _url("survey_question", added["id"])
    html = _text(client.get(url))
    assert "Chaque mois | Monthly" in html
    changed = _question(
        label_fr="Tous les combien?",
        options="Jamais | Never\nChaque année | Every year\nTous les mois | Monthly",
    )
    assert client.post(url, changed).status_code == 303
    question = _pages(survey)[0]["questions"][-1]
    assert question["id"] == "a-quel-rythme"
    assert question["label"]["fr"] == "Tous les combien?"
    assert [option["id"] for option in question["options"]] == [
        "jamais", "chaque-annee", "chaque-mois",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ({"type": "scale", "options": "", "min": "1", "max": "5", "low_fr": "Peu",
          "low_en": "Little", "high_fr": "Beaucoup", "high_en": "A lot"},
         {"type": "scale", "min": 1, "max": 5,
          "ends": {"low": {"fr": "Peu", "en": "Little"},
                   "high": {"fr": "Beaucoup", "en": "A lot"}}}),
        ({"type": "multiple", "min": "1", "max": "2", "other": "on", "required": "on"},
         {"type": "multiple", "min": 1, "max": 2, "other": True, "required": True}),
        ({"type": "ranking", "max": "2", "role": "characteristic"},
         {"type": "ranking", "max": 2, "opinion": False}),
        ({"type": "number", "options": "", "min": "-5", "max": "40"},
         {"type": "number", "min": -5, "max": 40}),
        ({"type": "long", "options": "", "help_fr": "Sans nom.", "max": "500"},
         {"type": "long", "max": 500, "help": {"fr": "Sans nom."}}),
    ],
)  # fmt: skip
def test_every_type_is_written_and_shown_again(client, survey, typed, expected) -> None:
    answer = client.post(_url("survey_question_new", "p1"), _question(**typed))
    assert answer.status_code == 303, _text(answer)
    made = _pages(survey)[0]["questions"][-1]
    assert expected.items() <= made.items()
    again = client.get(_url("survey_question", made["id"]))
    assert again.status_code == 200
    assert client.get(_url("survey_edit")).status_code == 200


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ({"type": "multiple", "min": "3"}, "Entre 0 et 2"),
        ({"type": "multiple", "min": "10", "max": "3"}, "plus petit|minimum|plus grand"),
        ({"options": "Seule | Alone"}, "deux réponses"),
        ({"type": "long"}, "n’a pas de réponses à choisir"),
        ({"type": "scale", "options": "", "max": "30"}, "2 à 11"),
        ({"type": "scale", "options": "", "low_fr": "Peu"}, "les deux bouts"),
        ({"type": "single", "max": "2"}, "laissez ceci vide"),
        ({"type": "number", "options": "", "other": "on"}, "« Autre »"),
        ({"type": "short", "options": "", "max": "900"}, "300"),
        ({"label_fr": ""}, "français"),
        ({"options": "A | B | C\nD | E"}, "Ligne 1"),
        ({"options": "A | B\n | E"}, "Ligne 2"),
        ({"options": "A | B\nA | C"}, "Ligne 2"),
        ({"type": "couleur"}, "couleur"),
        ({"min": "deux"}, "deux"),
    ],
)
def test_contradictions_are_refused_and_everything_kept(client, survey, typed, said) -> None:
    before = _pages(survey)
    data = _question(help_fr="Une aide tapée avec soin.", **typed)
    answer = client.post(_url("survey_question_new", "p1"), data)
    html = _text(answer)
    assert answer.status_code == 422
    assert any(words in html for words in said.split("|"))
    assert "Une aide tapée avec soin." in html
    assert str(data["options"]) in answer.content.decode()
    assert _pages(survey) == before


def test_condition_asks_one_question_of_an_earlier_page(client, survey) -> None:
    assert "condition" not in _text(client.get(_url("survey_question", "why")))
    client.post(_url("survey_question_new", "p1"), _question())
    made = _page(client, label_fr="Pourquoi ce rythme?", condition=["first:data"])
    assert made.status_code == 303, _text(made)
    question = _pages(survey)[1]["questions"][0]
    assert question["show_if"] == {"question": "first", "in": ["data"]}
    html = _text(client.get(_url("survey_edit")))
    assert "Montrée après « Données » à « Quelle action d’abord? »" in html
    url = _url("survey_question", question["id"])
    assert 'value="first:data" id="id_condition_0_0" checked' in _text(client.get(url)) or (
        "checked" in _text(client.get(url)).split('value="first:data"')[1][:60]
    )
    two = client.post(url, _question(condition=["first:data", "a-quel-rythme:chaque-mois"]))
    assert two.status_code == 422
    assert "une seule question" in _text(two)
    unknown = client.post(url, _question(condition=["first:rien"]))
    assert unknown.status_code == 422


def test_question_that_another_needs_is_not_removed(client, survey) -> None:
    _page(client, condition=["first:docs"])
    for name, target in (("survey_question_remove", "first"), ("survey_page_remove", "p1")):
        answer = client.post(_url(name, target))
        assert answer.status_code == 422
        assert "dépend d’une réponse à cette question" in _text(answer)
    moved = client.post(_url("survey_edit"), {"action": "down:page:p1"})
    assert moved.status_code == 422
    assert "Page 1" in _text(moved)
    assert [page["id"] for page in _pages(survey)] == ["p1", "la-suite"]


# Order, copies, removal --------------------------------------------------------------------------


def _order(survey: Activity) -> list[list[str]]:
    return [[q["id"] for q in page["questions"]] for page in _pages(survey)]


def test_questions_move_within_and_across_pages(client, survey) -> None:
    _page(client)
    edit = _url("survey_edit")
    assert _order(survey) == [["first", "why"], ["a-quel-rythme"]]
    assert client.post(edit, {"action": "down:question:first"}).status_code == 303
    assert _order(survey) == [["why", "first"], ["a-quel-rythme"]]
    client.post(edit, {"action": "down:question:first"})
    assert _order(survey) == [["why"], ["first", "a-quel-rythme"]]
    client.post(edit, {"action": "up:question:first"})
    assert _order(survey) == [["why", "first"], ["a-quel-rythme"]]
    for action in ("up:question:why", "up:question:a-quel-rythme", "up:page:p1"):
        refused = client.post(edit, {"action": action})
        assert refused.status_code == 422, action
    for action in ("haut", "up:planète:p1", ":::"):
        assert client.post(edit, {"action": action}).status_code == 422
    client.post(edit, {"action": "up:page:la-suite"})
    assert _order(survey) == [["a-quel-rythme"], ["why", "first"]]


def test_copies_have_their_own_identifiers(client, survey) -> None:
    edit = _url("survey_edit")
    client.post(edit, {"action": "copy:question:first"})
    copied = _pages(survey)[0]["questions"][1]
    assert copied["label"]["fr"] == "Quelle action d’abord? (copie)"
    assert copied["options"] == _pages(survey)[0]["questions"][0]["options"]
    client.post(edit, {"action": "copy:page:p1"})
    names = [name for page in _order(survey) for name in page]
    assert len(names) == 6 == len(set(names))


def test_removal_is_asked_first(client, survey) -> None:
    asked = client.get(_url("survey_question_remove", "why"))
    assert "Enlever la question « Pourquoi?" in _text(asked)
    assert len(_order(survey)[0]) == 2
    client.post(_url("survey_question_remove", "why"))
    assert _order(survey) == [["first"]]
    assert "la page part avec elle" in _text(client.get(_url("survey_question_remove", "first")))
    client.post(_url("survey_question_remove", "first"))
    assert _order(survey) == []
    html = _text(client.get(_url("survey_edit")))
    assert "Il n’y a encore aucune question" in html
    assert _page(client).status_code == 303
    client.post(_url("survey_page_remove", "la-suite"))
    assert _order(survey) == []


def test_page_texts_and_errors(client, survey) -> None:
    url = _url("survey_page", "p1")
    refused = client.post(url, {"page_title_fr": "", "intro_fr": "Une introduction"})
    assert refused.status_code == 422
    assert "Une introduction" in _text(refused)
    data = {"page_title_fr": "D’abord", "page_title_en": "First", "intro_fr": "Deux minutes."}
    assert client.post(url, data).status_code == 303
    page = _pages(survey)[0]
    assert page["title"] == {"fr": "D’abord", "en": "First"}
    assert page["intro"] == {"fr": "Deux minutes."}
    client.post(url, {**data, "intro_fr": ""})
    assert "intro" not in _pages(survey)[0]
    both = _page(client, page_title_fr="", label_fr="")
    assert both.status_code == 422
    assert 'value="How often?"' in _text(both)


def test_title_and_results(client, survey) -> None:
    url = _url("survey_edit")
    wrong = client.post(url, {"action": "settings", "title_fr": "", "title_en": "Kept"})
    assert wrong.status_code == 422
    assert 'value="Kept"' in _text(wrong)
    done = client.post(url, {"action": "settings", "title_fr": "Vos idées", "title_en": "Ideas",
                             "results": "live"})  # fmt: skip
    assert done.status_code == 303
    survey.node.refresh_from_db()
    survey.refresh_from_db()
    assert survey.node.title == {"fr": "Vos idées", "en": "Ideas"}
    assert survey.settings["results"] == "live"
    assert Event.objects.filter(verb="activity.changed", node=survey.node).count() == 1


# Once people answered, once it is public ---------------------------------------------------------


def test_answers_freeze_the_questions(client: Client) -> None:
    survey = survey_of(make_consultation())
    make_answer(survey)
    client.force_login(make_person("adviser", "apres@test.example"))
    before = _pages(survey)
    for name, place, data in (
        ("survey_question_new", ["p1"], _question()),
        ("survey_question", ["why"], _question(type="long", options="")),
        ("survey_page", ["p1"], {"page_title_fr": "Autre"}),
        ("survey_question_remove", ["why"], {}),
        ("survey_edit", [], {"action": "down:question:first"}),
    ):
        answer = client.post(_url(name, *place), data)
        assert answer.status_code == 422, name
        assert "Des réponses ont déjà été reçues" in _text(answer)
    assert _pages(survey) == before
    html = _text(client.get(_url("survey_edit")))
    assert "Ajouter une page" not in html
    title = {"action": "settings", "title_fr": "Titre", "title_en": "Title", "results": "closed"}
    assert client.post(_url("survey_edit"), title).status_code == 303


def test_a_public_questionnaire_loses_no_language(client: Client) -> None:
    survey = survey_of(make_consultation())
    client.force_login(make_person("adviser", "public@test.example"))
    before = _pages(survey)
    answer = client.post(_url("survey_question_new", "p1"), _question(label_en=""))
    assert answer.status_code == 422
    assert "(en)" in _text(answer)
    assert _pages(survey) == before


def test_one_language_only_draws_one(client: Client) -> None:
    survey = survey_of(make_consultation(opened=False, fields={"languages": ["fr"]}))
    client.force_login(make_person("adviser", "fr@test.example"))
    url = _url("survey_question", "first")
    html = _text(client.get(url))
    assert 'name="label_en"' not in html
    assert "Données\nDocuments" in html
    data = {"type": "single", "label_fr": "Par où commencer?", "role": "opinion",
            "options": "Les documents | et le reste\nLes données"}  # fmt: skip
    assert client.post(url, data).status_code == 303
    question = _pages(survey)[0]["questions"][0]
    assert question["label"] == {"fr": "Par où commencer?", "en": "Which action first?"}
    assert {option["id"]: option["label"] for option in question["options"]} == {
        "docs": {"fr": "Les documents | et le reste", "en": "Documents"},
        "data": {"fr": "Les données", "en": "Data"},
    }


# The whole definition ----------------------------------------------------------------------------


def _import(client: Client, content: bytes | str):
    raw = content if isinstance(content, bytes) else content.encode()
    file = SimpleUploadedFile("q.json", raw, content_type="application/json")
    return client.post(_url("survey_import"), {"file": file})


def test_exported_file_comes_back_the_same(client, survey) -> None:
    sent = client.get(_url("survey_export"))
    assert sent["Content-Disposition"] == f'attachment; filename="{SLUG}.json"'
    before = _pages(survey)
    client.post(_url("survey_question_remove", "why"))
    assert _pages(survey) != before
    assert _import(client, b"\xef\xbb\xbf" + sent.content).status_code == 303
    assert _pages(survey) == before


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "vide"),
        (b"\xff\xfe\x00", "UTF-8"),
        ("{", "ligne 1, colonne 2"),
        ("[" * 100_000, "ne peut pas être lu"),
        ("[]", "« pages » y manque"),
        ('{"pages": {}}', "« pages » y manque"),
        ('{"pages": [1]}', "Page 1 : Un objet est attendu"),
        ('{"pages": [{"id": "a", "title": {"fr": "A"}}]}', "(« A »), questions : Ceci manque"),
    ],
)  # fmt: skip
def test_wrong_file_is_refused_in_words(client, survey, content, said) -> None:
    before = _pages(survey)
    answer = _import(client, content)
    assert answer.status_code == 422
    assert said in _text(answer)
    assert _pages(survey) == before


def _broken(**changes: object) -> dict:
    raw = json.loads(json.dumps(SURVEY))
    raw["pages"][0]["questions"][0].update(changes)
    return raw


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        (
            _broken(type="couleur"),
            "Page 1 (« Vos priorités »), question 1 (« Quelle action d’abord? »), "
            "type : « couleur »",
        ),
        (_broken(id="Une question"), "identifiant : « Une question » n’est pas un identifiant"),
        (_broken(id="back"), "« back » ne peut pas servir"),
        (_broken(id="why"), "même identifiant"),
        (_broken(min="deux"), "minimum : « deux » n’est pas un nombre entier"),
        (_broken(required="peut-être"), "ni vrai ni faux"),
        (_broken(label="Texte"), "Un objet est attendu"),
        (_broken(label={"de": "Frage"}), "« de » n’est pas une langue"),
        (_broken(label={"fr": "é" * 1_001}), "1001"),
        (
            _broken(options=[{"id": "other", "label": {"fr": "A"}}, {"id": "b", "label": {}}]),
            "« other » ne peut pas servir",
        ),
        (_broken(options=[]), "deux réponses"),
        (_broken(type="multiple", min=5), "Page 1"),
        (_broken(show_if={"question": "why", "in": ["x"]}), "page"),
        ({**SURVEY, "results": "jamais"}, "Résultats : « jamais »"),
        ({"pages": [*SURVEY["pages"], *SURVEY["pages"]]}, "même identifiant"),
    ],
)  # fmt: skip
def test_wrong_definition_is_said_by_place(client, survey, raw, said) -> None:
    before = _pages(survey)
    answer = _import(client, json.dumps(raw))
    html = _text(answer)
    assert answer.status_code == 422
    assert said in html
    assert "Input should be" not in html and "Field required" not in html
    assert _pages(survey) == before


def test_keys_of_no_meaning_are_ignored(client, survey) -> None:
    raw = _broken(low=5, couleur="bleu")
    assert _import(client, json.dumps(raw)).status_code == 303
    assert "couleur" not in _pages(survey)[0]["questions"][0]


# Preview -----------------------------------------------------------------------------------------


def test_preview_walks_like_a_resident_and_records_nothing(client, survey) -> None:
    _page(client, condition=["first:data"], label_fr="Quelles données?")
    one = _url("survey_preview", 1)
    html = _text(client.get(one))
    assert "Quelle action d’abord?" in html and "rien n’est enregistré" in html
    wrong = _text(client.get(one, {"_go": "1", "why": "Parce que"}))
    assert 'first-0">Quelle action' in wrong and "Parce que" in wrong
    on = client.get(one, {"_go": "1", "first": "data", "why": "Oui"})
    assert on.status_code == 302
    second = _text(client.get(on["Location"]))
    assert "Quelles données?" in second
    assert '<input type="hidden" name="first" value="data">' in second
    skipped = client.get(one, {"_go": "1", "first": "docs"})
    assert "Quelles données?" not in _text(client.get(skipped["Location"]))
    end = client.get(_url("survey_preview", 2), {"_go": "1", "first": "data", "why": "Oui"})
    last = _text(client.get(end["Location"]))
    assert "Données" in last and "Oui" in last
    assert client.get(_url("survey_preview", 9)).status_code == 404
    assert not survey.contributions.exists()


def test_brackets_hold_the_opening_back(client, survey) -> None:
    client.post(_url("survey_question_new", "p1"), _question(options="[A] | [A]\nB | B"))
    html = _text(client.get(_url("survey_edit")))
    assert "contient encore des [crochets]" in html
    assert "À remplir" in html
