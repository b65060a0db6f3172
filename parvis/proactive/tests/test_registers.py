"""Registers through their services and pages: templates, imports, corrections, periods, delays."""

import io
import json
from datetime import date

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils.translation import override

from parvis.core.access import NOBODY, SYSTEM, actor_for
from parvis.core.errors import Conflict, Forbidden, Invalid
from parvis.core.models import Event, Job, Role, State
from parvis.proactive import delays, periods, queries, services, sheets
from parvis.proactive.checks import check_row
from parvis.proactive.lists import shapes
from parvis.proactive.models import Former, Import, NothingToReport, Record
from parvis.proactive.tests.proactive_factories import (
    csv_of,
    make_record,
    make_register,
    organisation,
    run_jobs,
    send,
)
from parvis.tables.read import read_rows
from tests.factories import make_person

pytestmark = pytest.mark.django_db


def _steward() -> Client:
    client = Client()
    client.force_login(make_person("steward"))
    return client


@pytest.mark.parametrize("kind", list(shapes()))
def test_each_template_opens_and_comes_back(kind: str, client: Client) -> None:
    """The examples are left out; with numbers of one's own they are rows."""
    shape = shapes()[kind]
    for extension in sheets.EXTENSIONS:
        answer = client.get(reverse("typed_register_template", args=[kind, extension]))
        assert answer.status_code == 200
        reader = read_rows(answer.content)
        rows = [cells for _n, cells in reader]
        assert list(reader.columns) == [column.name for column in shape.columns]
        assert len(rows) == 2 and not reader.problems
        for row in rows:
            values, problems = check_row(shape, row)
            assert problems == [], (kind, row)
            assert values["numero"].startswith("EXEMPLE-")
    register = make_register(kind)
    made = send(register, answer.content, name="gabarit.xlsx", apply=False)
    assert (made.report["examples"], made.report["added"], made.report["refused"]) == (2, 0, 0)
    own = client.get(reverse("typed_register_template", args=[kind, "csv"])).content
    made = send(register, own.replace(b"EXEMPLE-", b""))
    assert made.report["added"] == 2 == register.records.count()


def test_the_workbook_has_its_rules(client: Client) -> None:
    answer = client.get(reverse("typed_register_template", args=["acces", "xlsx"]))
    reader = read_rows(io.BytesIO(answer.content), sheet="Règles")
    text = " ".join(" ".join(cells.values()) for _n, cells in reader)
    assert "article 47" in text and "aucun_document" in text
    bad = client.get(reverse("typed_register_template", args=["acces", "exe"]))
    assert bad.status_code == 404


WRONG = [
    ("contrats", {"numero": ""}, "numero", "vide"),
    ("contrats", {"numero": "x" * 61}, "numero", "61 caractères"),
    ("contrats", {"date": "14/05/2025"}, "date", "année-mois-jour"),
    ("contrats", {"date": "2025-02-30"}, "date", "année-mois-jour"),
    ("contrats", {"montant": "1,234"}, "montant", "virgule"),
    ("contrats", {"montant": "beaucoup"}, "montant", "dollars"),
    ("contrats", {"mode": "hasard"}, "mode", "liste"),
    ("formation", {"participants": "deux"}, "participants", "nombre entier"),
    ("acces", {"prolongation": "peut-être"}, "prolongation", "ni oui"),
    ("acces", {"resume": "Écrire à lise@exemple.test"}, "resume", "courriel"),
    ("acces", {"date_reponse": "2025-05-01"}, "date_reponse", "avant la demande"),
    ("acces", {"date_reponse": "", "decision": "totale"}, "decision", "sans"),
    ("acces", {"decision": "refusee", "articles": ""}, "articles", "articles"),
]


@pytest.mark.parametrize(("kind", "cells", "column", "words"), WRONG)
def test_a_wrong_cell_is_said_and_nothing_is_lost(
    kind: str, cells: dict[str, str], column: str, words: str
) -> None:
    register = make_register(kind)
    send(register, csv_of(kind, [{"numero": "OK-1"}]))
    made = send(register, csv_of(kind, [{"numero": "OK-2"}, {"numero": "KO-1", **cells}]))
    assert made.state == Import.State.APPLIED
    (problem,) = made.report["problems"]
    assert problem[0] == 3 and problem[1] == column and words in problem[3], problem
    assert problem[4]
    assert set(register.records.values_list("number", flat=True)) == {"OK-1", "OK-2"}
    assert (made.report["added"], made.report["refused"]) == (1, 1)


def test_files_that_are_no_register_are_refused_in_words() -> None:
    register = make_register()
    cases = {
        b"a,b\n1,2\n": "colonnes manquent",
        b"": "aucun tableau",
        b"numero;date\n": "colonnes manquent",
    }
    for content, words in cases.items():
        made = send(register, content)
        assert made.state == Import.State.REFUSED
        assert words in " ".join(made.report["errors"])
    with pytest.raises(Invalid, match="CSV"):
        send(register, b"%PDF-1.4", name="f.pdf")
    with pytest.raises(Invalid):
        send(register, b"pas un classeur", name="f.xlsx")
    good = csv_of("contrats", [{"numero": "1"}, {"numero": "1"}]) + b"2,seul\r\n"
    made = send(register, good, apply=False)
    assert [p[0] for p in made.report["problems"]] == [3, 4]
    assert (made.report["added"], made.report["refused"]) == (1, 2)


def test_accepted_writings_give_one_value() -> None:
    shape = shapes()["contrats"]
    line = read_rows(csv_of("contrats", [{}]))
    cells = next(iter(line))[1]
    for written in ("25400", "25 400,00 $", "25400.00", "25\u00a0400"):
        values, problems = check_row(shape, {**cells, "montant": written})
        assert not problems and values["montant"] == "25400.00"
    values, problems = check_row(
        shape, {**cells, "mode": "Gré à gré", "date": "2025-05-14T00:00:00"}
    )
    assert not problems and (values["mode"], values["date"]) == ("gre_a_gre", "2025-05-14")


def test_an_import_through_the_pages() -> None:
    """Sent, read by the worker, shown, put in; then corrected by a second file."""
    steward = _steward()
    with override("fr"):
        slug = make_register().node.slug
        desk = reverse("desk_typed_register", args=[slug])
        rows = [{"numero": f"C-{n}", "montant": f"{1000 + n}.00"} for n in range(30)]
        first = SimpleUploadedFile("contrats.csv", csv_of("contrats", rows))
        answer = steward.post(desk, {"file": first, "key": "k1"})
        assert answer.status_code == 303, answer.content.decode()
        page = answer.headers["Location"]
        assert "travail" in steward.get(page).content.decode()
        assert not Record.objects.exists()
        run_jobs()
        shown = steward.get(page).content.decode()
        assert "Mettre ces lignes" in shown and "<strong>30</strong>" in shown
        assert not Record.objects.exists()
        steward.post(page)
        run_jobs()
        assert Record.objects.count() == 30
        second = [{"numero": "C-0", "montant": "1000.00"}, {"numero": "C-1", "montant": "9.00"},
                  {"numero": "C-99"}, {"numero": "", "objet": "Sans numéro"}]  # fmt: skip
        again = SimpleUploadedFile("suite.csv", csv_of("contrats", second))
        page = steward.post(desk, {"file": again, "note_fr": "Erreur de frappe."}).headers[
            "Location"
        ]
        run_jobs()
        shown = steward.get(page).content.decode()
        for words in ("1\u00a0001", "9", "Mettre les bonnes lignes", "Cette cellule est vide"):
            assert words in shown, words
        with_csv = steward.get(page + "refusees.csv")
        assert "numero" in with_csv.content.decode()
        steward.post(page)
        run_jobs()
        assert Record.objects.count() == 31
        row = Record.objects.get(number="C-1")
        assert row.values["montant"] == "9.00" and row.formers.get().values["montant"] == "1001.00"
        public = Client().get(reverse("typed_record", args=["contrats", row.pk])).content.decode()
        assert "Erreur de frappe." in public and "1\u00a0001" in public
        # the same import is not put in twice, a dropped one changes nothing
        steward.post(page)
        run_jobs()
        assert Record.objects.count() == 31 and Former.objects.count() == 1
        dropped = SimpleUploadedFile("non.csv", csv_of("contrats", [{"numero": "Z"}]))
        page = steward.post(desk, {"file": dropped}).headers["Location"]
        run_jobs()
        steward.post(page, {"act": "drop"})
        run_jobs()
        assert Record.objects.count() == 31
    assert not Job.objects.filter(state="failed").exists()


def test_lists_cost_the_same_whatever_their_length(client: Client) -> None:
    register = make_register("acces")
    costs = []
    for count in (3, 40):
        rows = [{"numero": f"A-{count}-{n}"} for n in range(count)]
        send(register, csv_of("acces", rows))
        got = []
        for url in (
            reverse("typed_register", args=["acces"]), reverse("typed_registers"),
            reverse("typed_register_csv", args=["acces"]), reverse("disclosure"),
            reverse("typed_register_feed", args=["acces"]), "/api/v1/registers",
            "/api/v1/registers/acces/rows?limit=100",
        ):  # fmt: skip
            client.get(url)
            with CaptureQueriesContext(connection) as seen:
                assert client.get(url).status_code == 200, url
            got.append(len(seen))
        costs.append(got)
    assert costs[0] == costs[1]
    assert max(costs[1]) < 20


def test_a_page_narrows_totals_and_files_agree(client: Client) -> None:
    register = make_register("contrats")
    other = make_register("contrats", "mtq")
    rows = [
        {"numero": "A", "date": "2025-03-31", "montant": "100.00", "objet": "Forêts"},
        {"numero": "B", "date": "2025-04-01", "montant": "200.50", "objet": "Serveurs"},
        {"numero": "C", "date": "2026-05-01", "montant": "300.00", "objet": "<b>=1+1</b>"},
    ]
    send(register, csv_of("contrats", rows))
    send(other, csv_of("contrats", [{"numero": "A", "montant": "50.00"}]))
    url = reverse("typed_register", args=["contrats"])
    page = client.get(url).content.decode()
    assert "4 lignes" in page.replace("\u00a0", " ") and "650,50\u00a0$" in page
    assert "<svg" in page and "2024-2025" in page and "&lt;b&gt;" in page and "<b>=1" not in page
    narrowed = {
        "?organisation=sct": 3, "?year=2025": 2, "?q=foret": 1, "?q=FORÊTS": 1, "?q=rien": 0,
        "?organisation=mtq&year=2025": 1, "?year=abc": 4,
    }  # fmt: skip
    for query, count in narrowed.items():
        assert client.get(f"{url}?{query[1:]}").context["page"].count == count, query
        rows_url = reverse("typed_register_csv", args=["contrats"]) + query
        lines = client.get(rows_url).content.decode("utf-8-sig").strip().split("\r\n")
        assert len(lines) == count + 1, query
    assert client.get(url + "?organisation=inconnu").status_code == 404
    assert client.get(reverse("typed_register", args=["autre"])).status_code == 404
    answer = client.get("/api/v1/registers/contrats/rows?organisation=sct&q=serveurs").json()
    assert answer["count"] == 1 and answer["results"][0]["montant"] == "200.50"
    assert client.get("/api/v1/registers/autre/rows").status_code == 404
    feed = client.get(reverse("typed_register_feed", args=["contrats"])).content.decode()
    assert feed.count("<entry>") == 4 and "&amp;lt;b&amp;gt;" in feed
    english = client.get(url.replace("/fr/registres/", "/en/registers/")).content.decode()
    assert "Contracts" in english and "$650.50" in english


def test_nothing_to_report_and_missing_periods(client: Client) -> None:
    """Declared, dated, shown; a period without anything is missing; rows take it back."""
    register = make_register("contrats", since=date(2025, 4, 1))
    steward = _steward()
    today = date(2026, 11, 24)

    def states() -> dict[str, str]:
        (one,) = queries.standings([register], today)
        return {period.code: period.state for period in one.periods}

    assert set(states().values()) == {"missing"} and "2026-2027-T3" not in states()
    assert queries.standings([register], date(2026, 10, 15))[0].periods[0].state == "due"
    page = client.get(reverse("typed_register", args=["contrats"])).content.decode()
    assert "périodes manquantes" in page
    place = reverse("desk_register_nothing", args=[register.node.slug])
    for _n in range(2):
        answer = steward.post(place, {"period": "2025-2026-T1"})
        assert answer.status_code == 303
    assert NothingToReport.objects.count() == 1
    assert states()["2025-2026-T1"] == "nothing"
    page = client.get(reverse("typed_register", args=["contrats"])).content.decode()
    assert "Rien à signaler" in page and "déclaré le" in page
    for wrong in ("2024-2025-T1", "2199-2200-T1", "demain", ""):
        steward.post(place, {"period": wrong})
    assert NothingToReport.objects.count() == 1
    content = csv_of("contrats", [{"numero": "X", "date": "2025-05-14"}])
    made = send(register, content, apply=False)
    assert made.report["taken_back"] == ["2025-2026-T1"]  # said before it is put in
    assert states()["2025-2026-T1"] == "nothing"
    send(register, content)
    assert states()["2025-2026-T1"] == "rows"
    assert NothingToReport.objects.get().taken_back_at
    with pytest.raises(Invalid, match="lignes"):
        services.declare_nothing(actor=SYSTEM, register=register, period="2025-2026-T1")


def test_fiscal_periods() -> None:
    assert periods.period_of(date(2026, 3, 31), "quarter") == "2025-2026-T4"
    assert periods.period_of(date(2026, 4, 1), "quarter") == "2026-2027-T1"
    assert periods.bounds("2025-2026-T4") == (date(2026, 1, 1), date(2026, 3, 31))
    assert periods.bounds("2025-2026-T3") == (date(2025, 10, 1), date(2025, 12, 31))
    assert periods.bounds("2025-2026") == (date(2025, 4, 1), date(2026, 3, 31))
    assert list(periods.over(date(2025, 5, 5), date(2026, 4, 1), "year")) == ["2025-2026"]
    for code in ("2025-2027", "x", "2025-2026-T5"):
        with pytest.raises(ValueError):
            periods.bounds(code)


def test_late_decisions_are_shown(client: Client) -> None:
    """Section 47: twenty calendar days, ten more when extended; no answer counts until today."""
    assert delays.due_on(date(2026, 1, 1), False) == date(2026, 1, 21)
    assert delays.due_on(date(2026, 1, 1), True) == date(2026, 1, 31)
    on = {"date_reception": "2026-01-01", "prolongation": "non", "decision": "totale"}
    register = make_register("acces")
    rows = [
        {"numero": "TOT", **on, "date_reponse": "2026-01-21"},
        {"numero": "TARD", **on, "date_reponse": "2026-01-24"},
        {"numero": "PROLONGE", **on, "prolongation": "oui", "date_reponse": "2026-01-31"},
        {"numero": "SANS", **on, "date_reponse": "", "decision": ""},
    ]
    send(register, csv_of("acces", rows))
    url = reverse("typed_register", args=["acces"])
    page = client.get(url).content.decode()
    assert "3 jours de retard" in page.replace("\u00a0", " ") and "À temps" in page
    late = client.get(url + "?late=1")
    found = {row["record"].number for row in late.context["rows"]}
    assert found == {"TARD", "SANS"}
    assert client.get("/api/v1/registers/acces/rows?late=true").json()["count"] == 2
    row = register.records.get(number="TARD")
    detail = client.get(reverse("typed_record", args=["acces", row.pk])).content.decode()
    assert "article 47" in detail.replace("\u00a0", " ")
    lines = client.get(reverse("typed_register_csv", args=["acces"])).content.decode()
    assert "date_limite,jours_de_retard" in lines and "2026-01-21,3" in lines


def test_a_row_is_corrected_withdrawn_and_given_its_file(client: Client) -> None:
    register = make_register("acces")
    row = make_record(register, numero="A-1")
    steward = _steward()
    place = reverse("desk_record", args=[register.node.slug, row.pk])
    form = steward.get(place).context["form"]
    typed = {name: field.initial or "" for name, field in form.fields.items() if field.initial}
    bad = steward.post(place, {**typed, "pages": "beaucoup", "why_fr": "Relu."})
    assert bad.status_code == 422 and "nombre entier" in bad.content.decode(), bad.context[
        "form"
    ].errors
    assert "beaucoup" in bad.content.decode()
    assert steward.post(place, {**typed, "pages": "13"}).status_code == 422  # no reason
    good = {**typed, "pages": "13", "why_fr": "Une page manquait.", "key": "même-clé"}
    for _n in range(2):
        assert steward.post(place, good).status_code == 303
    row.refresh_from_db()
    assert row.values["pages"] == 13 and row.formers.get().values["pages"] == 12
    files = reverse("desk_record_file", args=[register.node.slug, row.pk])
    wrong = SimpleUploadedFile("reponse.pdf", b"MZ not a pdf")
    assert steward.post(files, {"file": wrong}).status_code == 422
    upload = SimpleUploadedFile("Réponse à la demande.pdf", b"%PDF-1.4\n%%EOF\n")
    assert steward.post(files, {"file": upload}).status_code == 303
    place = reverse("typed_record_file", args=["acces", row.pk, "reponse-a-la-demande.pdf"])
    answer = client.get(place)
    assert answer.status_code == 200 and "attachment" in answer.headers["Content-Disposition"]
    away = reverse("desk_record_withdraw", args=[register.node.slug, row.pk])
    assert steward.post(away, {}).status_code == 422
    assert steward.post(away, {"why_fr": "Versée deux fois."}).status_code == 303
    gone = client.get(reverse("typed_record", args=["acces", row.pk]))
    assert gone.status_code == 410 and "Versée deux fois." in gone.content.decode()
    assert client.get(place).status_code == 404
    assert client.get("/api/v1/registers/acces/rows").json()["count"] == 0
    made = send(register, csv_of("acces", [{"numero": "A-1"}]), apply=False)
    assert "retirée" in made.report["problems"][0][3]
    with pytest.raises(Conflict):
        services.withdraw_record(actor=SYSTEM, record=row, why={"fr": "Encore."})


def test_who_may_and_what_is_not_public_is_not_there(client: Client) -> None:
    register = make_register()
    make_record(register, numero="C-1")
    near, far = make_person(email="pres@test.example"), make_person(email="loin@test.example")
    Role.objects.create(person=near, role="steward", scope=organisation("sct").node)
    Role.objects.create(person=far, role="steward", scope=organisation("mtq").node)
    made = services.open_register(
        actor=actor_for(near), kind="acces", organisation=organisation("sct"),
        since=date(2026, 4, 1),
    )  # fmt: skip
    with pytest.raises(Conflict):
        services.open_register(
            actor=actor_for(near), kind="acces", organisation=organisation("sct"),
            since=date(2026, 4, 1),
        )  # fmt: skip
    for actor in (actor_for(far), NOBODY):
        with pytest.raises(Forbidden):
            services.declare_nothing(actor=actor, register=made, period="2026-2027-T1")
    with pytest.raises(Invalid):
        services.open_register(
            actor=SYSTEM, kind="baux", organisation=organisation("sct"), since=date(2099, 1, 1)
        )
    register.node.state = State.HIDDEN
    register.node.save(update_fields=["state"])
    row = register.records.get()
    for url in (
        reverse("typed_record", args=["contrats", row.pk]),
        reverse("typed_register", args=["contrats"]) + "?organisation=sct",
    ):
        assert client.get(url).status_code == 404, url
    assert client.get("/api/v1/registers/contrats/rows").json()["count"] == 0
    assert json.loads(client.get("/api/v1/registers/contrats").content)["registers"] == []
    assert (
        "C-1" not in client.get(reverse("typed_register_csv", args=["contrats"])).content.decode()
    )
    verbs = set(Event.objects.values_list("verb", flat=True))
    assert {"register.opened", "register.imported"} <= verbs
