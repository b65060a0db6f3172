"""The register of all consultations: recorded, filtered, withdrawn, imported, in the calendar."""

import csv
import io
from datetime import UTC, date, datetime
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from parvis.consult.models import Elsewhere
from parvis.consult.register import dates, ical, importing, queries, services
from parvis.core import outbox
from parvis.core.access import SYSTEM, actor_for
from parvis.core.errors import Conflict, Forbidden, Invalid
from parvis.core.events import IdempotencyKey
from parvis.core.models import Event, Node, Person, Role, State
from tests.factories import (
    a_day,
    make_answer,
    make_consultation,
    make_organisation,
    make_person,
    make_site,
    survey_of,
)

pytestmark = pytest.mark.django_db
LIST = "/fr/consultations/registre/"
CALENDAR = "/fr/consultations/calendrier/"
DESK = "/fr/bureau/ailleurs/"
SOURCE = ["https://exemple.test/article"]


def make_elsewhere(title: str = "Transport", **more: Any) -> Elsewhere:
    """Record one, held in March 2020 unless said otherwise."""
    fields = {
        "opens": date(2020, 3, 2), "closes": date(2020, 3, 20), "sources": SOURCE,
        "body": {"fr": "Une ville"}, **more.pop("fields", {}),
    }  # fmt: skip
    return services.record(actor=SYSTEM, title={"fr": title}, fields=fields, **more)


@pytest.fixture
def adviser(client: Client) -> Person:
    """Sign an adviser in."""
    make_site()
    person = make_person("adviser")
    client.force_login(person)
    return person


def form(**changes: Any) -> dict[str, Any]:
    """Return what the desk's form sends."""
    return {
        "title_fr": "Un sujet", "opens": "2021-05-01", "opens_precision": "day",
        "closes": "2021-05-30", "closes_precision": "day", "body_fr": "Un organisme",
        "sources": "https://exemple.test/a", "key": "k" * 20, **changes,
    }  # fmt: skip


# Dates --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "end", "expected"),
    [
        ("2020-02-06", False, (date(2020, 2, 6), "day")),
        ("2020-02", False, (date(2020, 2, 1), "month")),
        ("2020-02", True, (date(2020, 2, 29), "month")),
        ("2016", True, (date(2016, 12, 31), "year")),
        ("", False, (None, "day")),
    ],
)
def test_dates_are_read_as_precisely_as_they_are_known(
    text: str, end: bool, expected: tuple[date | None, str]
) -> None:
    assert dates.read(text, end=end) == expected
    assert dates.written(*expected) == text


@pytest.mark.parametrize("text", ["2020-13", "2020-02-30", "6/2/2020", "1492", "20200206", "x"])
def test_other_dates_are_refused(text: str) -> None:
    with pytest.raises(ValueError):
        dates.read(text)


# Services -----------------------------------------------------------------------------------------


def test_it_is_public_at_once_and_found(client: Client) -> None:
    row = make_elsewhere("Transport collectif", fields={"participants": 4500})
    while outbox.pump():
        pass
    page = client.get(f"{LIST}?q=transports").content.decode()
    assert "Transport collectif" in page and "4\u00a0500" in page
    assert client.get(f"/fr/consultations/ailleurs/{row.node.slug}/").status_code == 200
    assert client.get(f"/en/consultations/elsewhere/{row.node.slug}/").status_code == 200


def test_what_is_not_published_is_said(client: Client) -> None:
    row = make_elsewhere(fields={"opens": None, "closes": None, "body": {}})
    page = client.get(f"/fr/consultations/ailleurs/{row.node.slug}/").content.decode()
    assert page.count("Non publié") >= 3 and "Dates non publiées" in page
    assert "Participants : non publié" in client.get(LIST).content.decode().replace("\u00a0", " ")


def test_a_month_is_kept_as_a_month(client: Client) -> None:
    row = make_elsewhere(fields={"closes": date(2020, 11, 3), "closes_precision": "month"})
    assert row.closes == date(2020, 11, 30)
    page = client.get(f"/fr/consultations/ailleurs/{row.node.slug}/").content.decode()
    assert "novembre\u00a02020" in page and "30" not in page.split("</h1>")[1].split("</p>")[0]


@pytest.mark.parametrize(
    ("fields", "wrong"),
    [
        ({"sources": [], "url": ""}, "sources"),
        ({"closes": date(2020, 1, 1)}, "closes"),
        ({"opens": date(1492, 1, 1)}, "opens"),
        ({"opens_precision": "hour"}, "opens_precision"),
        ({"url": "javascript:alert(1)"}, "url"),
        ({"result_url": "pas une adresse"}, "result_url"),
        ({"sources": ["ftp://x"]}, "sources"),
        ({"participants": -1}, "participants"),
        ({"figures": [{"label": {}, "value": 1}]}, "figures"),
        ({"figures": [{"label": {"fr": "x"}, "value": "beaucoup"}]}, "figures"),
        ({"figures": "trois"}, "figures"),
        ({"forms": 3}, "forms"),
        ({"body": {"xx": "?"}}, "body"),
        ({"state": "draft"}, "state"),
    ],
)
def test_bad_facts_are_refused(fields: dict[str, Any], wrong: str) -> None:
    with pytest.raises(Invalid) as refusal:
        make_elsewhere(fields=fields)
    assert wrong in refusal.value.errors
    assert not Elsewhere.objects.exists()


def test_a_title_in_french_is_needed() -> None:
    with pytest.raises(Invalid):
        services.record(actor=SYSTEM, title={"en": "Only"}, fields={"sources": SOURCE})


def test_the_same_request_twice_records_once() -> None:
    key = IdempotencyKey.of("t", "k", 1)
    assert make_elsewhere(key=key).pk == make_elsewhere(key=key).pk
    assert Event.objects.filter(verb="elsewhere.recorded").count() == 1


def test_changes_and_withdrawal_keep_their_history(client: Client) -> None:
    row = make_elsewhere()
    services.change(
        actor=SYSTEM, row=row, changes={"participants": 12, "participants_approximate": True},
        note={"fr": "Nombre lu."},
    )  # fmt: skip
    assert row.node.revisions.count() == 2
    with pytest.raises(Invalid):
        services.withdraw(actor=SYSTEM, row=row, reason={})
    services.withdraw(actor=SYSTEM, row=row, reason={"fr": "Elle n’a pas eu lieu."})
    answer = client.get(f"/fr/consultations/ailleurs/{row.node.slug}/")
    assert answer.status_code == 410 and "pas eu lieu" in answer.content.decode()
    assert "Transport" not in client.get(LIST).content.decode()
    with pytest.raises(Conflict):
        services.change(actor=SYSTEM, row=row, changes={})
    with pytest.raises(Conflict):
        services.withdraw(actor=SYSTEM, row=row, reason={"fr": "Encore."})


def test_an_adviser_of_one_organisation_keeps_to_it() -> None:
    mine, other = make_organisation("mienne"), make_organisation("autre")
    person = make_person(email="a@test.example")
    Role.objects.create(person=person, role="adviser", scope=mine.node)
    actor = actor_for(person)
    fields = {"sources": SOURCE}
    row = services.record(actor=actor, title={"fr": "A"}, organisation=mine, fields=fields)
    for organisation in (other, None):
        with pytest.raises(Forbidden):
            services.record(
                actor=actor, title={"fr": "B"}, organisation=organisation, fields=fields
            )
    with pytest.raises(Forbidden):
        services.change(actor=actor, row=row, changes={"organisation": other})
    citizen = actor_for(make_person(email="c@test.example"))
    with pytest.raises(Forbidden):
        services.record(actor=citizen, title={"fr": "C"}, fields=fields)
    assert Elsewhere.objects.count() == 1


# The list -----------------------------------------------------------------------------------------


def test_both_kinds_are_in_one_list_and_filtered(client: Client) -> None:
    here = make_consultation(slug="ici")
    make_answer(survey_of(here))
    make_elsewhere("Ancienne", organisation=make_organisation("ville", "La ville"))
    make_elsewhere("Sans date", fields={"opens": None, "closes": None})
    soon = {"opens": a_day(5), "closes": a_day(9)}
    make_elsewhere("Bientôt", fields=soon)

    def titles(query: str = "") -> set[str]:
        page = client.get(f"{LIST}{query}").content.decode().split('id="liste"')[1]
        names = {"Le prochain plan", "Ancienne", "Sans date", "Bientôt"}
        return {name for name in names if name in page}

    assert len(titles()) == 4
    assert titles("?year=2020") == {"Ancienne"}
    assert titles("?organisation=ville") == {"Ancienne"}
    assert titles("?state=open") == {"Le prochain plan"}
    assert titles("?state=coming") == {"Bientôt"}
    assert titles("?state=closed") == {"Ancienne"}
    assert titles("?state=none") == {"Sans date"}
    assert titles("?where=here") == {"Le prochain plan"}
    page = client.get(f"{LIST}?where=here").content.decode()
    assert "1\u00a0contribution reçue" in page or "1 contribution reçue" in page


@pytest.mark.parametrize(
    "query", ["?year=abcd", "?year=99999", "?state=x", "?where=x", "?page=-3", "?q=%00", "?q='"]
)
def test_bad_filters_are_left_out(client: Client, query: str) -> None:
    make_elsewhere()
    assert client.get(f"{LIST}{query}").status_code == 200


def test_one_rebuilt_here_counts_once(client: Client) -> None:
    rebuilt = make_consultation(slug="refaite", fields={"reconstructed": True})
    make_elsewhere("La vraie", rebuilt_as=rebuilt)
    found = queries.entries()
    assert [entry.kind for entry in found] == [services.KIND]
    assert "/fr/consultations/refaite/" in client.get(LIST).content.decode()


def test_drafts_are_not_there() -> None:
    make_consultation(slug="brouillon", opened=False)
    assert queries.entries() == []


def test_files_say_what_the_page_says(client: Client) -> None:
    make_elsewhere("=1+1", fields={"participants": 7, "closes_precision": "month"})
    make_elsewhere("Autre", fields={"opens": date(2019, 1, 1), "closes": date(2019, 2, 1)})
    found = client.get(f"{LIST}consultations.json?year=2020").json()
    assert found["count"] == 1
    row = found["consultations"][0]
    assert (row["opens"], row["closes"], row["participants"]) == ("2020-03-02", "2020-03", 7)
    text = client.get(f"{LIST}consultations.csv").content.decode()
    table = list(csv.DictReader(io.StringIO(text)))
    assert [one["title_fr"] for one in table] == ["'=1+1", "Autre"]
    assert table[0]["page_en"] == "/en/consultations/elsewhere/11/"


def test_words_of_these_addresses_are_no_names() -> None:
    for slug in ("registre", "calendar", "ailleurs"):
        made = make_consultation(slug=slug, opened=False)
        assert made.node.slug == f"{slug}-2"


# The calendar -------------------------------------------------------------------------------------


def test_the_calendar_lists_months(client: Client) -> None:
    make_elsewhere("Longue", fields={"opens": date(2020, 1, 15), "closes": date(2020, 3, 10)})
    make_elsewhere(
        "Vague",
        fields={"opens": date(2020, 1, 1), "opens_precision": "year", "closes": None},
    )
    make_elsewhere(
        "Au mois", fields={"opens": date(2020, 2, 1), "opens_precision": "month", "closes": None}
    )
    page = client.get(f"{CALENDAR}?year=2020").content.decode()
    heads = [part.split("</h2>")[0].split(">")[-1] for part in page.split('<h2 id="m')[1:]]
    assert heads == ["janvier\u00a02020", "février\u00a02020", "mars\u00a02020"]
    february = page.split("février\u00a02020")[1].split("</section>")[0]
    assert "Longue" in february and "Jour non publié" in february
    assert "Vague" in page.split("mois non publié")[1]
    assert client.get(f"{CALENDAR}?year=1850").status_code == 200
    assert "Rien cette année-là" in client.get(f"{CALENDAR}?year=1999").content.decode()


def unfolded(text: str) -> list[str]:
    """Read a calendar as RFC 5545 says, section 3.1."""
    assert text.endswith("\r\n") and "\n" not in text.replace("\r\n", "")
    for line in text.split("\r\n"):
        assert len(line.encode()) <= 75
    return text.replace("\r\n ", "").split("\r\n")[:-1]


def test_the_calendar_file_is_valid(client: Client) -> None:
    title = "Élections, « démocratie »; et\\ou " + "réforme très longue du système 🗳 " * 6
    make_elsewhere(title[:190])
    make_elsewhere("Vague", fields={"opens": date(2020, 1, 1), "opens_precision": "year"})
    answer = client.get("/fr/consultations/calendrier.ics")
    assert answer["Content-Type"].startswith("text/calendar")
    lines = unfolded(answer.content.decode())
    assert lines[:3] == [
        "BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//Parvis//Consultations//FR",
    ]  # fmt: skip
    assert lines[-1] == "END:VCALENDAR"
    assert lines.count("BEGIN:VEVENT") == lines.count("END:VEVENT") == 1
    found = dict(line.split(":", 1) for line in lines if not line.startswith(("BEGIN", "END")))
    assert found["DTSTART;VALUE=DATE"] == "20200302"
    assert found["DTEND;VALUE=DATE"] == "20200321", "the end is excluded"
    assert found["SUMMARY"].startswith("Élections\\, « démocratie »\\; et\\\\ou réforme")
    assert datetime.strptime(found["DTSTAMP"], "%Y%m%dT%H%M%SZ")
    assert found["UID"].endswith("@" + found["UID"].split("@")[1])
    assert found["URL"].startswith("http")


def test_folding_never_cuts_a_character() -> None:
    for n in range(60, 90):
        line = "X:" + "a" * n + "é🗳" * 30
        parts = ical.folded(line).split("\r\n")
        assert all(len(part.encode()) <= 75 for part in parts)
        assert parts[0] + "".join(part[1:] for part in parts[1:]) == line


def test_no_text_can_add_a_line() -> None:
    event = ical.Day(
        "u", date(2020, 1, 1), date(2020, 1, 2), "a\r\nATTACH:http://x", datetime.now(UTC)
    )
    lines = unfolded(ical.calendar("c\nd", [event]))
    assert not any(line.startswith(("ATTACH", "d")) for line in lines)


def test_one_consultation_has_its_dates_and_promises(client: Client) -> None:
    found = make_consultation(slug="ici")
    lines = unfolded(client.get("/fr/consultations/ici.ics").content.decode())
    starts = [line for line in lines if line.startswith("DTSTART")]
    assert len(starts) == 4
    assert f"DTSTART;VALUE=DATE:{found.response_due:%Y%m%d}" in starts
    assert len({line for line in lines if line.startswith("UID")}) == 4
    assert "/fr/consultations/ici.ics" in client.get("/fr/consultations/ici/").content.decode()
    assert client.get("/fr/consultations/absente.ics").status_code == 404


# Import -------------------------------------------------------------------------------------------

FILE = """titre;title_en;organisme;début;fin;url;participants;sources
Un;One;VILLE;2020-02;2020-03-15;https://exemple.test/1;environ 4 500;https://exemple.test/a https://exemple.test/b
Deux;;Inconnue;2020;;;non publié;https://exemple.test/2
;;X;2020;;;;https://exemple.test/3
Quatre;;X;hier;;;;https://exemple.test/4
Cinq;;X;2020-05-01;2020-04-01;;beaucoup;https://exemple.test/5
Six;;X;2020-05-01;2020-06-01;;;
"""


def test_a_table_is_imported_and_bad_rows_are_named() -> None:
    make_organisation("ville", "La ville")
    report = importing.import_elsewhere(FILE.encode(), actor=SYSTEM)
    assert report.recorded == 2
    assert [number for number, _words in report.problems] == [4, 5, 6, 7]
    assert "hier" in report.problems[1][1]
    one = Elsewhere.objects.get(node__title__fr="Un")
    assert one.organisation and one.organisation.node.slug == "ville"
    assert (one.opens, one.opens_precision) == (date(2020, 2, 1), "month")
    assert (one.participants, one.participants_approximate) == (4500, True)
    assert len(one.sources) == 2
    two = Elsewhere.objects.get(node__title__fr="Deux")
    assert (two.body, two.participants, two.opens_precision) == ({"fr": "Inconnue"}, None, "year")
    again = importing.import_elsewhere(FILE.encode(), actor=SYSTEM)
    assert (again.recorded, again.already) == (0, 2)
    other = FILE.replace("environ 4 500", "12").encode()
    assert 2 in [number for number, _w in importing.import_elsewhere(other, actor=SYSTEM).problems]


@pytest.mark.parametrize(
    "content", [b"", b"\x00\x01\x02", b"a,b\n1,2\n", b"PK\x03\x04broken", "é,ü\n".encode("utf-16")]
)
def test_what_is_no_table_is_refused(content: bytes) -> None:
    with pytest.raises(Invalid):
        importing.import_elsewhere(content, actor=SYSTEM)


# The desk -----------------------------------------------------------------------------------------


def test_the_desk_records_changes_and_withdraws(client: Client, adviser: Person) -> None:
    typed = form(
        figures="Mémoires | Briefs | 1 204 | | environ\nIdées | Ideas | |", participants="9"
    )
    answer = client.post(f"{DESK}nouvelle/", typed)
    assert answer.status_code == 303
    client.post(f"{DESK}nouvelle/", typed)
    row = Elsewhere.objects.get()
    assert row.figures[0]["value"] == 1204 and row.figures[0]["approximate"]
    assert row.figures[1]["value"] is None
    place = f"{DESK}{row.node.slug}/"
    page = client.get(place).content.decode()
    assert "Mémoires | Briefs | 1204 |  | environ" in page
    changed = form(title_fr="Autre sujet", note_fr="Coquille.", closes_precision="month")
    assert client.post(place, changed).status_code == 303
    row.refresh_from_db()
    assert row.closes == date(2021, 5, 31)
    assert (
        "Un sujet"
        in client.get(f"/fr/consultations/ailleurs/{row.node.slug}/historique/").content.decode()
    )
    assert "Autre sujet" in client.get(DESK).content.decode()
    assert client.post(f"{place}retirer/", {"reason_fr": ""}).status_code == 422
    assert client.post(f"{place}retirer/", {"reason_fr": "Doublon."}).status_code == 303
    assert Node.objects.get(pk=row.pk).state == State.WITHDRAWN
    assert client.post(place, changed).status_code == 422


@pytest.mark.parametrize(
    "changes",
    [
        {"title_fr": ""},
        {"opens": "hier"},
        {"closes": "2020-01-01"},
        {"participants": "-4"},
        {"figures": "Idées | Ideas | beaucoup"},
        {"sources": "pas une adresse"},
        {"organisation": "00000000-0000-0000-0000-000000000000"},
        {"opens_precision": "x"},
    ],
)
def test_bad_entries_are_said_and_what_was_typed_stays(
    client: Client, adviser: Person, changes: dict[str, str]
) -> None:
    answer = client.post(f"{DESK}nouvelle/", form(**changes))
    assert answer.status_code == 422
    assert "error-summary" in answer.content.decode()
    assert "Un organisme" in answer.content.decode()
    assert not Elsewhere.objects.exists()


def test_the_desk_imports_and_names_bad_rows(client: Client, adviser: Person) -> None:
    upload = SimpleUploadedFile("liste.csv", FILE.encode())
    answer = client.post(f"{DESK}importer/", {"file": upload})
    page = answer.content.decode().replace("\u00a0", " ")
    assert answer.status_code == 422
    assert "Ligne 5" in page and "2 lignes sont inscrites" in page
    good = SimpleUploadedFile("liste.csv", "\n".join(FILE.splitlines()[:3]).encode())
    assert client.post(f"{DESK}importer/", {"file": good}).status_code == 303
    assert client.post(f"{DESK}importer/", {}).status_code == 422
    large = SimpleUploadedFile("grand.csv", b"titre\n" + b"x\n" * 1_100_000)
    assert client.post(f"{DESK}importer/", {"file": large}).status_code == 422


def test_advisers_see_the_consultations_of_the_same_period(client: Client, adviser: Person) -> None:
    found = make_consultation(slug="mienne", opened=False, days=(10, 30))
    near = {"opens": a_day(20), "closes": a_day(60)}
    make_elsewhere("Voisine", fields=near)
    make_elsewhere("De la maison", organisation=found.organisation, fields=near)
    make_elsewhere("Passée", organisation=found.organisation)
    make_consultation(slug="autre-brouillon", opened=False, days=(12, 14))
    names = [entry.slug for entry in queries.overlapping(found, actor_for(adviser))]
    assert names == ["de-la-maison", "autre-brouillon", "voisine"]
    citizen = actor_for(make_person(email="x@test.example"))
    assert "autre-brouillon" not in [e.slug for e in queries.overlapping(found, citizen)]
    page = client.get("/fr/bureau/consultations/mienne/dates/").content.decode()
    near_words = page.split('id="voisines"')[1].split("</section>")[0]
    assert "De la maison" in near_words and "Même organisme" in near_words
    assert "Passée" not in near_words


def test_queries_do_not_grow(client: Client) -> None:
    paths = [
        LIST, f"{LIST}consultations.csv", f"{LIST}consultations.json", CALENDAR,
        "/fr/consultations/calendrier.ics",
    ]  # fmt: skip
    counts = []
    for size in (1, 6):
        for n in range(size):
            today = {"opens": a_day(-n), "closes": a_day(n + 1)}
            make_elsewhere(f"T{size}{n}", fields=today)
            make_consultation(slug=f"c{size}{n}")
        row = []
        for path in paths:
            client.get(path)
            with CaptureQueriesContext(connection) as caught:
                assert client.get(path).status_code == 200
            row.append(len(caught))
        counts.append(row)
    assert counts[0] == counts[1]
    assert max(counts[0]) <= 6


def test_a_long_register_is_paginated(client: Client) -> None:
    for n in range(23):
        make_elsewhere(f"T{n}", fields={"opens": date(2000 + n, 1, 1), "closes": None})
    first = client.get(LIST).content.decode()
    assert 'rel="next"' in first and "T22" in first and ">T0<" not in first
    assert ">T0<" in client.get(f"{LIST}?page=2").content.decode()
