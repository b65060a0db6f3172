"""Questions in a spreadsheet: the same when they come back, each error at its cell, no surprise."""

import csv
import io
import re
import zipfile
from typing import Any

import pytest
import xlsxwriter
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from django.utils import translation
from hypothesis import given, settings
from hypothesis import strategies as st

from parvis.core.errors import Invalid
from parvis.core.models import Event
from parvis.methods.survey.definition import parse
from parvis.methods.survey.sheet import compare, guard, read, write
from parvis.methods.survey.sheet.columns import COLUMNS
from tests.factories import SURVEY, make_answer, make_consultation, make_person, survey_of


@pytest.fixture(autouse=True)
def _french():
    with translation.override("fr"):
        yield


def _clean(settings: Any) -> dict[str, Any]:
    return parse(settings).model_dump(mode="json", by_alias=True, exclude_none=True)


# The same when it comes back ---------------------------------------------------------------------

_WORDS = st.text(
    st.characters(
        blacklist_categories=("Cs", "Cc", "Zl", "Zp", "Zs", "Co", "Cn"), max_codepoint=0x2FFF
    ),
    min_size=1,
    max_size=12,
)
_LINE = st.builds(
    lambda parts, joint: joint.join(parts).strip() or "x",
    st.lists(_WORDS, min_size=1, max_size=4),
    st.sampled_from([" ", " ; ", " | ", ", ", "\n", ' "', "'=", " = "]),
)
_SPECIAL = st.sampled_from(["=1+1", "'=x", "-3", "+1 800", "@moi", "''-a", "12", "oui", "1,5", "#"])
_PHRASE = st.one_of(_LINE, _SPECIAL)


@st.composite
def _text(draw: Any) -> dict[str, str]:
    text = {"fr": draw(_PHRASE)}
    if draw(st.booleans()):
        text["en"] = draw(_PHRASE)
    return text


@st.composite
def _question(draw: Any, name: str, earlier: list[dict[str, Any]]) -> dict[str, Any]:
    kind = draw(
        st.sampled_from(["single", "multiple", "ranking", "scale", "number", "short", "long"])
    )
    out: dict[str, Any] = {
        "id": name, "type": kind, "label": draw(_text()),
        "required": draw(st.booleans()), "opinion": draw(st.booleans()),
    }  # fmt: skip
    if draw(st.booleans()):
        out["help"] = draw(_text())
    if kind in {"single", "multiple", "ranking"}:
        n = draw(st.integers(2, 5))
        out["options"] = [{"id": f"{k}-r", "label": draw(_text())} for k in range(n)]
    if kind in {"single", "multiple"}:
        out["other"] = draw(st.booleans())
    if kind in {"multiple", "ranking"} and draw(st.booleans()):
        out["min"], out["max"] = 1, draw(st.integers(1, 9))
    if kind == "scale":
        out["min"], out["max"] = draw(st.sampled_from([(0, 10), (1, 5), (-2, 2)]))
        if draw(st.booleans()):
            out["ends"] = {"low": draw(_text()), "high": draw(_text())}
    if kind == "number" and draw(st.booleans()):
        out["min"] = draw(st.integers(-99, 99))
    choices = [q for q in earlier if q["type"] in {"single", "multiple"}]
    if choices and draw(st.booleans()):
        before = draw(st.sampled_from(choices))
        ids = [o["id"] for o in before["options"]]
        picked = draw(st.lists(st.sampled_from(ids), min_size=1, unique=True))
        out["show_if"] = {"question": before["id"], "in": picked}
    return out


@st.composite
def _questionnaire(draw: Any) -> dict[str, Any]:
    pages: list[dict[str, Any]] = []
    for p in range(draw(st.integers(1, 3))):
        earlier = [q for page in pages for q in page["questions"]]
        count = draw(st.integers(1, 3))
        page: dict[str, Any] = {
            "id": f"p{p}", "title": draw(_text()),
            "questions": [draw(_question(f"q{p}-{n}", earlier)) for n in range(count)],
        }  # fmt: skip
        if draw(st.booleans()):
            page["intro"] = draw(_text())
        pages.append(page)
    return {"pages": pages, "results": draw(st.sampled_from(["live", "closed"]))}


@settings(max_examples=60, deadline=None)
@given(made=_questionnaire(), language=st.sampled_from(["fr", "en"]))
def test_what_is_exported_comes_back_the_same(made: dict[str, Any], language: str) -> None:
    before = _clean(made)
    for file in (write.as_xlsx(before, language), write.as_csv(before, language)):
        back = read.questionnaire(file, {"results": before["results"], "pages": []})
        assert _clean(back) == before
        assert compare.differences(before, _clean(back)) == []


def test_the_template_is_read_as_it_is() -> None:
    for language in ("fr", "en"):
        back = read.questionnaire(write.as_xlsx(write.EXAMPLE, language), {})
        assert _clean(back) == _clean(write.EXAMPLE)


# Written by people -------------------------------------------------------------------------------


def _csv(*rows: dict[str, str], language: str = "fr") -> bytes:
    out = io.StringIO()
    names = {column.key: column.header[language] for column in COLUMNS}
    keys = list(dict.fromkeys(key for row in rows for key in row))
    writer = csv.writer(out)
    writer.writerow([names.get(key, key) for key in keys])
    writer.writerows([[row.get(key, "") for key in keys] for row in rows])
    return out.getvalue().encode()


FIRST = {
    "page": "1", "page_title_fr": "Le parc", "id": "visite", "type": "Choix unique",
    "label_fr": "Y allez-vous?", "options_fr": "Oui | Non", "options_en": "Yes|No",
}  # fmt: skip
SECOND = {"page": "2", "page_title_fr": "Avis", "type": "Échelle", "label_fr": "Note?"}


def test_rows_written_by_hand_in_either_language() -> None:
    made = read.questionnaire(
        _csv(FIRST, {**SECOND, "min": "1", "max": "5.0", "required": "Oui", "about": "Personne",
                     "show_if": "visite = Oui"}), {"results": "live"},
    )  # fmt: skip
    first, second = made["pages"]
    assert made["results"] == "live"
    assert [o["label"] for o in first["questions"][0]["options"]] == [
        {"fr": "Oui", "en": "Yes"}, {"fr": "Non", "en": "No"},
    ]  # fmt: skip
    question = second["questions"][0]
    assert (question["min"], question["max"]) == (1, 5)
    assert question["required"] and not question["opinion"]
    assert question["show_if"] == {"question": "visite", "in": ["oui"]}
    english = {**FIRST, "type": "single choice"}
    again = read.questionnaire(_csv(english, language="en"), {})
    assert again["pages"][0]["questions"] == first["questions"]


def test_known_answers_keep_their_identifiers() -> None:
    before = {"pages": [{"id": "p", "title": {"fr": "P"}, "questions": [
        {"id": "visite", "type": "single", "label": {"fr": "Y allez-vous?"}, "options": [
            {"id": "un", "label": {"fr": "Oui"}}, {"id": "deux", "label": {"fr": "Non"}}]},
    ]}]}  # fmt: skip
    made = read.questionnaire(_csv({**FIRST, "options_fr": "Non|Oui", "options_en": ""}), before)
    assert [o["id"] for o in made["pages"][0]["questions"][0]["options"]] == ["deux", "un"]


BAD: list[tuple[dict[str, str], str, str, str]] = [
    ({"type": "menu"}, "type", "menu", "pas un type"),
    ({"type": ""}, "type", "", "pas un type"),
    ({"label_fr": "", "label_en": "Words"}, "question (fr)", "", "en français"),
    ({"id": "É 1"}, "identifiant", "É 1", "petites lettres"),
    ({"id": "back"}, "identifiant", "back", "ne peut pas"),
    ({"required": "peut-être"}, "obligatoire", "peut-être", "oui"),
    ({"other": "bof"}, "autre", "bof", "oui"),
    ({"about": "ville"}, "porte sur", "ville", "personne"),
    ({"min": "deux"}, "minimum", "deux", "nombre entier"),
    ({"max": "2,5"}, "maximum", "2,5", "nombre entier"),
    ({"max": "2"}, "maximum", "2", "laissez ce champ vide|Une seule|vide"),
    ({"options_fr": "Oui|"}, "réponses (fr)", "Oui|", "vide"),
    ({"options_fr": "Oui"}, "réponses (en)", "Yes|No", "autant"),
    ({"options_fr": "Oui", "options_en": ""}, "réponses (fr)", "", "deux réponses"),
    ({"options_fr": "Oui|Oui"}, "réponses (fr)", "Oui", "deux fois"),
    ({"options_fr": "", "options_en": "A|B"}, "réponses (en)", "A|B", "autant"),
    ({"type": "texte long"}, "réponses (fr)", "Oui", "pas de réponses"),
    ({"type": "nombre", "options_fr": "", "options_en": "", "other": "oui"}, "autre", "oui",
     "Autre"),
    ({"low_fr": "Bas", "high_fr": "Haut"}, "bas de l’échelle (fr)", "Bas", "échelle"),
    ({"page_title_fr": ""}, "titre de la page (fr)", "", "titre"),
    ({"show_if": "visite"}, "afficher si", "visite", "identifiants"),
    ({"show_if": "rien = a"}, "afficher si", "rien = a", "plus tôt"),
    ({"help_fr": "a" * 1001}, "aide (fr)", "a" * 79 + "…", "1"),
]  # fmt: skip


@pytest.mark.parametrize(("change", "column", "value", "reason"), BAD)
def test_each_bad_cell_is_said_by_row_column_and_value(
    change: dict[str, str], column: str, value: str, reason: str
) -> None:
    with pytest.raises(read.Wrong) as caught:
        read.questionnaire(_csv({**FIRST, **change}), {})
    found = [(p.row, p.column, p.value) for p in caught.value.problems]
    assert (2, column, value) in found, caught.value.problems
    said = next(p.reason for p in caught.value.problems if p.column == column)
    assert re.search(reason, said), said


TWO: list[tuple[list[dict[str, str]], int, str, str]] = [
    ([FIRST, {**SECOND, "id": "visite"}], 3, "identifiant", "Une autre question"),
    ([FIRST, SECOND, {**FIRST, "id": "x"}], 4, "page", "terminée"),
    ([FIRST, {"page_title_fr": "Autre", "type": "nombre", "label_fr": "N"}], 3,
     "titre de la page (fr)", "autre titre"),
    ([FIRST, {"options_fr": "Peut-être", "option_id": "É"}], 3, "identifiant de la réponse",
     "petites lettres"),
    ([FIRST, {"options_fr": "Peut-être", "option_id": "other"}], 3, "identifiant de la réponse",
     "ne peut pas"),
    ([FIRST, {"option_id": "a"}], 3, "réponses (fr)", "réponse"),
    ([FIRST, {"page": "2", "options_fr": "Peut-être"}], 3, "page", "autre page"),
    ([{"options_fr": "Seule"}, FIRST], 2, "réponses (fr)", "au-dessus"),
    ([FIRST, {"help_fr": "seule"}], 3, "question (fr)", "ni question"),
    ([FIRST, {**SECOND, "show_if": "visite = jamais"}], 3, "afficher si", "jamais"),
    ([FIRST, {**SECOND, "low_fr": "Bas"}], 3, "haut de l’échelle (fr)", "deux bouts"),
    ([FIRST, {**SECOND, "min": "5", "max": "1"}], 3, "", "dépasse"),
    ([FIRST, {**SECOND, "max": "40"}], 3, "", "11"),
]  # fmt: skip


@pytest.mark.parametrize(("rows", "row", "column", "reason"), TWO)
def test_rows_that_contradict_one_another(
    rows: list[dict[str, str]], row: int, column: str, reason: str
) -> None:
    with pytest.raises(read.Wrong) as caught:
        read.questionnaire(_csv(*rows), {})
    found = [p for p in caught.value.problems if p.row == row and p.column == column]
    assert found, caught.value.problems
    assert re.search(reason, found[0].reason), found[0].reason


def test_too_many_questions_or_answers_are_refused_at_their_row() -> None:
    many = [{**SECOND, "page": "1", "page_title_fr": "P" if n == 0 else "", "label_fr": f"N{n}"}
            for n in range(41)]  # fmt: skip
    with pytest.raises(read.Wrong) as caught:
        read.questionnaire(_csv(*many), {})
    assert "40" in caught.value.problems[0].reason
    choices = "|".join(f"r{n}" for n in range(61))
    with pytest.raises(read.Wrong) as caught:
        read.questionnaire(_csv({**FIRST, "options_fr": choices, "options_en": ""}), {})
    assert caught.value.problems[0].row == 2 and "60" in caught.value.problems[0].reason


# A hostile file ----------------------------------------------------------------------------------


def _zip(**parts: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, body in parts.items():
            archive.writestr(name.replace("__", "/"), body)
    return out.getvalue()


ENTITY = b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]><x>&a;</x>'
HOSTILE: list[tuple[bytes, str]] = [
    (_zip(**{"xl__worksheets__sheet1.xml": b"0" * 30_000_000}), "trop gros"),
    (_zip(**{"xl__worksheets__sheet1.xml": b"0" * 5_000_000}), "trop gros"),
    (_zip(**{f"f{n}.xml": b"" for n in range(300)}), "trop gros"),
    (_zip(**{"xl__sharedStrings.xml": ENTITY}), "entités"),
    (_zip(**{"xl__workbook.xml": ENTITY.decode().encode("utf-16")}), "entités"),
    (_zip(**{"xl__vbaProject.bin": b"x"}), "macro"),
    (_zip(**{"xl__externalLinks__e.xml": b"<x/>"}), "macro"),
    (_zip(**{"rien.txt": b"x"}), ""),
    (b"PK\x03\x04abc", "endommagé"),
    (b"x" * 1_000_001, "trop gros"),
    (b"", ""),
    (b"\x00\x01\x02\x03", ""),
    (b"a,b\n1,2\n", "colonnes manquent"),
    (b"type,question (fr)\n", ""),
    (b"\xd0\xcf\x11\xe0" + b"x" * 600, "xls"),
]


@pytest.mark.parametrize(("data", "reason"), HOSTILE)
def test_a_hostile_or_odd_file_is_refused_in_words(data: bytes, reason: str) -> None:
    with pytest.raises(Invalid) as caught:
        read.questionnaire(data, {})
    assert reason in str(caught.value.errors["file"][0]).replace("\u00a0", " ")


def test_a_bomb_is_refused_before_it_is_inflated(monkeypatch: pytest.MonkeyPatch) -> None:
    bomb = _zip(**{"xl__worksheets__sheet1.xml": b"0" * 30_000_000})
    monkeypatch.setattr(zipfile.ZipFile, "read", lambda *a: pytest.fail("nothing may be inflated"))
    with pytest.raises(Invalid):
        guard.check(bomb)


def test_a_formula_is_the_text_that_is_shown() -> None:
    out = io.BytesIO()
    book = xlsxwriter.Workbook(out, {"in_memory": True})
    page = book.add_worksheet()
    for position, column in enumerate(("page", "titre de la page (fr)", "type", "question (fr)")):
        page.write_string(0, position, column)
    for position, words in enumerate(("a", "Titre", "nombre")):
        page.write_string(1, position, words)
    page.write_formula(1, 3, '=CONCATENATE("Com","bien?")', None, "Combien?")
    book.close()
    made = read.questionnaire(out.getvalue(), {})
    assert made["pages"][0]["questions"][0]["label"] == {"fr": "Combien?"}


def test_no_cell_of_the_csv_is_computed() -> None:
    made = read.questionnaire(_csv({**FIRST, "label_fr": '=HYPERLINK("http://x")'}), {})
    text = write.as_csv(made, "fr").decode("utf-8-sig")
    assert not any(
        re.match(r"[=+@\t\r-]", cell) for row in csv.reader(io.StringIO(text)) for cell in row
    )


# Pages -------------------------------------------------------------------------------------------


def _upload(client: Client, url: str, data: bytes, name: str = "questions.csv") -> Any:
    return client.post(url, {"file": SimpleUploadedFile(name, data)})


@pytest.mark.django_db
def test_look_then_apply(client: Client) -> None:
    consultation = make_consultation(opened=False)
    survey = survey_of(consultation)
    client.force_login(make_person("adviser"))
    url = reverse("survey_sheet", args=[survey.node.slug])
    assert url in client.get(reverse("survey_edit", args=[survey.node.slug])).content.decode()
    before = survey.settings
    answer = _upload(client, url, _csv(FIRST, SECOND))
    html = answer.content.decode()
    assert answer.status_code == 200
    assert "Ajouté" in html and "Y allez-vous?" in html and "Enlevé" in html
    survey.refresh_from_db()
    assert survey.settings == before, "looking changes nothing"
    signed = re.search(r'name="applied" value="([^"]+)"', html)
    assert signed
    done = client.post(url, {"applied": signed[1]})
    assert done.status_code == 303
    survey.refresh_from_db()
    assert survey.settings["pages"][0]["questions"][0]["id"] == "visite"
    assert Event.objects.filter(verb="activity.changed").count() == 1
    again = client.post(url, {"applied": signed[1]})
    assert again.status_code == 409
    assert "entre-temps" in again.content.decode()
    assert client.post(url, {"applied": signed[1] + "x"}).status_code == 422


@pytest.mark.django_db
def test_errors_are_listed_and_nothing_changes(client: Client) -> None:
    survey = survey_of(make_consultation(opened=False))
    client.force_login(make_person("adviser"))
    url = reverse("survey_sheet", args=[survey.node.slug])
    before = survey.settings
    answer = _upload(client, url, _csv({**FIRST, "type": "<b>menu</b>"}))
    html = answer.content.decode()
    assert answer.status_code == 422
    assert "1 case est à corriger" in html.replace("\u00a0", " ")
    assert "&lt;b&gt;menu&lt;/b&gt;" in html and "<b>menu</b>" not in html
    assert client.post(url, {}).status_code == 422
    assert _upload(client, url, b"x" * 1_000_001).status_code == 422
    survey.refresh_from_db()
    assert survey.settings == before


@pytest.mark.django_db
def test_nothing_is_replaced_once_somebody_answered(client: Client) -> None:
    survey = survey_of(make_consultation())
    client.force_login(make_person("adviser"))
    url = reverse("survey_sheet", args=[survey.node.slug])
    data = _csv({**FIRST, "label_en": "Do you go?", "page_title_en": "The park"})
    html = _upload(client, url, data).content.decode()
    signed = re.search(r'name="applied" value="([^"]+)"', html)
    assert signed
    make_answer(survey)
    assert client.post(url, {"applied": signed[1]}).status_code == 422
    survey.refresh_from_db()
    assert survey.settings["pages"][0]["id"] == SURVEY["pages"][0]["id"]
    assert "applied" not in _upload(client, url, data).content.decode()


@pytest.mark.django_db
def test_files_come_back_through_the_page(client: Client) -> None:
    survey = survey_of(make_consultation(opened=False))
    client.force_login(make_person("adviser"))
    slug = survey.node.slug
    for name, kind in (("xlsx", "spreadsheetml"), ("csv", "text/csv"), ("template", "spreadsh")):
        answer = client.get(reverse("survey_sheet_file", args=[slug, name]))
        assert kind in answer["Content-Type"] and "attachment" in answer["Content-Disposition"]
        html = _upload(client, reverse("survey_sheet", args=[slug]), answer.content).content
        same = "exactement" in html.decode()
        assert same == (name != "template")
    assert client.get(reverse("survey_sheet_file", args=[slug, "ods"])).status_code == 404


@pytest.mark.django_db
@pytest.mark.parametrize("role", [None, "analyst", "steward"])
def test_who_may_not(client: Client, role: str | None) -> None:
    survey = survey_of(make_consultation(opened=False))
    client.force_login(make_person(role, "other@test.example"))
    url = reverse("survey_sheet", args=[survey.node.slug])
    assert client.get(url).status_code == 403
    assert _upload(client, url, _csv(FIRST)).status_code == 403
    assert client.get(
        reverse("survey_sheet_file", args=[survey.node.slug, "csv"])
    ).status_code == 403  # fmt: skip


@pytest.mark.django_db
def test_reading_a_file_asks_the_same_of_the_database_whatever_its_size(
    client: Client, django_assert_num_queries: Any
) -> None:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    survey = survey_of(make_consultation(opened=False))
    client.force_login(make_person("adviser"))
    url = reverse("survey_sheet", args=[survey.node.slug])
    counts = []
    for n in (1, 30):
        rows = [FIRST, *({**SECOND, "page_title_fr": "Avis" if k == 0 else "", "label_fr": f"N{k}"}
                         for k in range(n))]  # fmt: skip
        with CaptureQueriesContext(
            connection,
        ) as caught:
            assert _upload(client, url, _csv(*rows)).status_code == 200
        counts.append(len(caught))
    assert counts[0] == counts[1]
