"""Pages, feeds, files and API of plans, as people and programs meet them."""

import io
import json
import re
from datetime import date, timedelta
from urllib.parse import urlsplit

import pytest
from defusedxml import ElementTree
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import override
from python_calamine import CalamineWorkbook

from parvis.core import search
from parvis.core.access import SYSTEM
from parvis.core.models import Node
from parvis.plan import export, queries, reports, services
from parvis.plan.tests.plan_factories import (
    both,
    make_commitment,
    make_milestone,
    make_plan,
    make_report,
    make_response,
    make_theme,
    plain,
)
from parvis.plan.timeline import draw
from tests.factories import make_consultation, make_person

pytestmark = pytest.mark.django_db
ATOM = "{http://www.w3.org/2005/Atom}"


def words(response):
    """Return what a page says, tags and repeated spaces left out."""
    text = re.sub(r"<[^>]+>", " ", response.content.decode())
    return re.sub(r"[\s\u00a0]+", " ", text)


def late_plan():
    """A public plan with one commitment ten days late and one that is not."""
    today = timezone.localdate()
    plan = make_plan(starts=today - timedelta(days=300), ends=today + timedelta(days=300))
    late = make_commitment(plan, "1", ends=today - timedelta(days=10), milestones=2)
    make_report(late, "limited", reported_on=today)
    make_commitment(plan, "2", lead=both("Bibliothèque nationale"))
    return plan, late


def test_an_empty_site_says_so(client):
    page = client.get("/fr/engagements/")
    assert page.status_code == 200
    assert "Aucun engagement n’est encore publié" in words(page)


def test_the_list_shows_the_late_ones_first_in_words_and_days(client):
    late_plan()
    page = client.get("/fr/engagements/")
    text = words(page)
    assert "2 engagements : 1 en retard, 1 pas encore commencé." in text
    assert text.index("Engagement 1 de plan-essai") < text.index("Engagement 2 de plan-essai")
    assert "En retard de 10 jours" in text and "0 jalon sur 2" in text
    assert "Il manquait du monde" in text
    assert page["Cache-Control"].startswith("public")
    assert "csrf" not in page.content.decode()
    english = words(client.get("/en/commitments/"))
    assert "Late by 10 days" in english and "0 milestones of 2" in english


def test_each_filter_keeps_what_it_says(client):
    _plan, late = late_plan()
    other = make_plan("autre")
    make_commitment(other, "8", action=both("Ouvrir les microbrasseries."))
    search.index(Node.objects.values_list("pk", flat=True))

    def numbers(query):
        page = client.get("/fr/engagements/" + query)
        assert page.status_code == 200
        return [row.commitment.number for row in page.context["page"].rows]

    assert numbers("") == ["1", "2", "8"]
    assert numbers("?late=true") == numbers("?state=late") == ["1"]
    assert numbers("?state=promised") == ["2", "8"]
    assert numbers("?plan=autre") == ["8"]
    assert numbers("?lead=biblioth%C3%A8que+NATIONALE") == ["2"]
    assert numbers("?q=microbrasserie") == ["8"]
    assert numbers("?q=introuvable") == []
    assert numbers("?state=nonsense&page=zzz") == ["1", "2", "8"]
    assert "Aucun engagement ne correspond" in words(client.get("/fr/engagements/?plan=rien"))
    make_report(late, "complete_not" if False else "limited")
    assert [tab.count for tab in client.get("/fr/engagements/").context["tabs"]] == [3, 1, 2]


def test_the_queries_of_the_lists_do_not_grow(client, django_assert_num_queries):
    plan, _late = late_plan()
    seen = []
    for size in (2, 9):
        while plan.commitments.count() < size:
            row = make_commitment(plan, str(plan.commitments.count() + 1), milestones=2)
            make_report(row)
        for url in ("/fr/engagements/", reverse("plan", args=[plan.node.slug])):
            from django.db import connection
            from django.test.utils import CaptureQueriesContext

            with CaptureQueriesContext(
                connection,
            ) as caught:
                assert client.get(url).status_code == 200
            seen.append(len(caught))
    assert seen[:2] == seen[2:]
    assert max(seen) <= 14


def test_drafts_are_for_those_who_prepare_them(client):
    plan = make_plan(public=False)
    row = make_commitment(plan, public=False)
    urls = [
        reverse("plan", args=[plan.node.slug]),
        reverse("plan_json", args=[plan.node.slug]),
        reverse("plan_xlsx", args=[plan.node.slug]),
        reverse("plan_history", args=[plan.node.slug]),
        reverse("commitment", args=[row.node.slug]),
        reverse("commitment_history", args=[row.node.slug]),
        reverse("commitment_feed", args=[row.node.slug]),
        "/fr/reponses/rien/",
        "/fr/plans/rien/",
        "/fr/engagements/rien/",
    ]
    for person in (None, make_person(), make_person("analyst")):
        if person:
            client.force_login(person)
        assert {client.get(url).status_code for url in urls} == {404}
    client.force_login(make_person("coordinator"))
    for url in urls[:6]:
        page = client.get(url)
        assert page.status_code == 200
        assert "public" not in page["Cache-Control"]
    assert "Brouillon" in words(client.get(urls[4]))


def test_a_draft_commitment_of_a_public_plan_is_not_counted(client):
    plan, _late = late_plan()
    make_commitment(plan, "3", public=False)
    assert client.get("/fr/engagements/").context["page"].count == 2
    page = client.get(reverse("plan", args=[plan.node.slug]))
    assert page.context["page"].count == 2
    assert len(export.plan_document(plan)["commitments"]) == 2


def test_the_page_of_a_commitment_says_all_that_is_known(client):
    plan, late = late_plan()
    source = "https://www.opengovpartnership.org/documents/rapport/"
    row = make_commitment(
        plan, "5", sources=[source], notes=[both("La date n’a pas été lue.")],
        ogp_value="participation", institutions=[both("Comité"), "BAnQ"], action=both("Agir."),
    )  # fmt: skip
    milestone = make_milestone(row, "Ouvrir le portail", ends=date(2027, 3, 1))
    make_report(row, milestone=milestone, milestone_reached=True, external=both("Une loi."))
    fields = {"text": both("Le Comité a vu."), "evaluator": both("Comité"), "verifiable": True}
    reports.evaluate(actor=SYSTEM, kind="inception", commitment=row, fields=fields)
    page = client.get(reverse("commitment", args=[row.node.slug]))
    text = words(page)
    for expected in (
        "Engagement 5", "1 jalon sur 1", "Un problème.", "Agir.", "Ouvrir le portail", "Atteint",
        "Participation citoyenne", "Secrétariat", "BAnQ", "opengovpartnership.org, rapport",
        "Rapport initial, Comité", "Oui", "Non lu dans nos sources", "Une loi.",
        "Il manquait du monde", "La date n’a pas été lue.", "Limité.",
    ):  # fmt: skip
        assert expected in text, expected
    late_text = words(client.get(reverse("commitment", args=[late.node.slug])))
    assert "En retard de 10 jours" in late_text and "L’échéance était" in late_text
    english = client.get(f"/en/commitments/{row.node.slug}/")
    assert "Civic participation" in words(english)


def test_the_page_shows_who_asked_with_counts_and_reasons(client):
    consultation = make_consultation(fields={"reconstructed": True}).node
    row = make_commitment(make_plan())
    theme = make_theme(consultation, "donnees", said=4)
    make_response(theme, row)
    hidden = make_theme(consultation, "brouillon", said=1)
    Node.objects.filter(pk=hidden.pk).update(state="draft")
    page = client.get(reverse("commitment", args=[row.node.slug]))
    text = words(page)
    assert "Thème donnees" in text and "Même sujet." in text
    assert "Thème brouillon" not in text
    assert "Données de démonstration reconstituées" in text
    assert [origin.node for origin in page.context["origins"]] == [theme]
    names = [str(knot.name) for knot in page.context["knots"]]
    assert "Réponse" in names and names[-1] == "Avancement" and "Engagement" not in names


def test_the_public_page_of_a_response(client):
    consultation = make_consultation().node
    row = make_commitment(make_plan())
    response = make_response(make_theme(consultation, "donnees", said=2), row, verdict="in_part")
    page = client.get(reverse("response", args=[response.node.slug]))
    html = page.content.decode()
    assert 'data-verdict="part"' in html
    text = words(page)
    assert "Retenu en partie" in text and "Parce que c’est utile." in text
    assert "Thème donnees" in text and "Engagement 1 : Engagement 1 de plan-essai" in text
    draft = make_response(make_theme(consultation, "autre"), public=False)
    url = reverse("response", args=[draft.node.slug])
    assert client.get(url).status_code == 404
    client.force_login(make_person("adviser"))
    assert client.get(url).status_code == 200


@pytest.mark.parametrize(
    ("verdict", "mark"),
    [
        ("retained", "kept"),
        ("in_part", "part"),
        ("already_done", "existing"),
        ("refused", "refused"),
        ("out_of_scope", "outside"),
    ],
)
def test_each_verdict_has_its_mark(verdict, mark):
    from parvis.plan.models import Response

    assert Response(verdict=verdict).mark == mark


def test_the_history_shows_what_changed(client):
    row = make_commitment(make_plan(), ends=date(2027, 1, 31))
    services.update_commitment(
        actor=SYSTEM, commitment=row, note=both("Fournisseur changé."),
        changes={"ends": date(2027, 6, 30), "problem": both("Un autre problème.")},
    )  # fmt: skip
    page = client.get(reverse("commitment_history", args=[row.node.slug]))
    html = page.content.decode()
    assert re.search(r"<del>.*?2027-01-31</del>", html)
    assert re.search(r"<ins>.*?2027-06-30</ins>", html)
    assert re.search(r"<ins>.*?autre</ins>", html)
    assert "Fournisseur changé." in html and "Première publication." in html
    plan_page = client.get(reverse("plan_history", args=[row.plan.node.slug]))
    assert "Première publication." in words(plan_page)


def test_text_is_never_markup(client):
    plan = make_plan()
    bad = "<script>alert(1)</script>"
    row = make_commitment(plan, problem=both(bad), lead=both(bad), notes=[both(bad)])
    make_report(row, text=both(bad), why=both(bad))
    for url in (
        "/fr/engagements/",
        reverse("plan", args=[plan.node.slug]),
        reverse("commitment", args=[row.node.slug]),
        reverse("commitment_history", args=[row.node.slug]),
    ):
        assert bad not in client.get(url).content.decode()


def test_exports_equal_the_page(client):
    plan, _late = late_plan()
    page = client.get(reverse("plan", args=[plan.node.slug]))
    data = json.loads(client.get(reverse("plan_json", args=[plan.node.slug])).content)
    shown = {
        row.commitment.number: (row.reached, row.total, row.lateness.state, row.lateness.days)
        for row in page.context["page"].rows
    }
    filed = {
        row["number"]: (
            row["milestones_reached"], row["milestones_total"], row["state"], row["late_days"],
        )
        for row in data["commitments"]
    }  # fmt: skip
    assert shown == filed == {"1": (0, 2, "late", 10), "2": (None, None, "promised", 0)}
    assert data["commitments"][0]["progress"][0]["why"]["fr"] == "Il manquait du monde."
    answer = client.get(reverse("plan_xlsx", args=[plan.node.slug]))
    assert answer["Content-Disposition"].endswith('-fr.xlsx"')
    book = CalamineWorkbook.from_filelike(io.BytesIO(answer.content))
    head, *rows = book.get_sheet_by_name("commitments").to_python()
    sheet = [dict(zip(head, row, strict=False)) for row in rows]
    assert [(r["number"], r["state"], r["late_days"]) for r in sheet] == [
        ("1", "late", 10), ("2", "promised", 0),
    ]  # fmt: skip
    assert sheet[0]["lead_institution"] == "Secrétariat"
    assert len(book.get_sheet_by_name("milestones").to_python()) == 3
    assert len(book.get_sheet_by_name("progress").to_python()) == 2
    assert [row[0] for row in book.get_sheet_by_name("codebook").to_python()[1:]] == head


def test_the_sheet_holds_no_formula():
    plan = make_plan()
    row = make_commitment(plan, problem=both("=1+1"), institutions=["@somme"], code="+9")
    make_report(row, text=both("-2"), why=both("=cmd|' /C calc'!A0"))
    content = export.plan_workbook(plan, language="fr")
    book = CalamineWorkbook.from_filelike(io.BytesIO(content))
    cells = [
        cell
        for name in book.sheet_names
        for line in book.get_sheet_by_name(name).to_python()
        for cell in line
        if isinstance(cell, str)
    ]
    assert "'=1+1" in cells and "'@somme" in cells and "'+9" in cells and "'-2" in cells
    assert not [cell for cell in cells if cell[:1] in "=+@" and cell]


def test_the_queries_of_the_export_do_not_grow():
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    plan = make_plan()
    seen = []
    for size in (1, 6):
        while plan.commitments.count() < size:
            make_report(make_commitment(plan, str(plan.commitments.count() + 1), milestones=2))
        with CaptureQueriesContext(connection) as caught:
            assert len(export.plan_document(plan)["commitments"]) == size
        seen.append(len(caught))
    assert seen[0] == seen[1] <= 8


def test_feeds_tell_reports_and_evaluations_newest_first(client):
    _plan, late = late_plan()
    other = make_commitment(late.plan, "7")
    make_report(other, "complete")
    reports.evaluate(actor=SYSTEM, kind="end", commitment=late, fields={"text": both("Vu.")})
    answer = client.get("/fr/engagements/fil.atom")
    assert answer.status_code == 200
    assert answer["Content-Type"].startswith("application/atom+xml")
    root = ElementTree.fromstring(answer.content)
    titles = [entry.findtext(f"{ATOM}title") for entry in root.findall(f"{ATOM}entry")]
    assert len(titles) == 3
    assert "Rapport de fin d’engagement" in titles[0] and "Complet" in titles[1]
    ids = [entry.findtext(f"{ATOM}id") for entry in root.findall(f"{ATOM}entry")]
    assert all(text.startswith("urn:uuid:") for text in ids)
    assert "Il manquait du monde" in answer.content.decode()
    one = ElementTree.fromstring(client.get(f"/fr/engagements/{late.node.slug}/fil.atom").content)
    assert len(one.findall(f"{ATOM}entry")) == 2
    english = ElementTree.fromstring(client.get("/en/commitments/feed.atom").content)
    assert [e.findtext(f"{ATOM}id") for e in english.findall(f"{ATOM}entry")] == ids
    lang = "{http://www.w3.org/XML/1998/namespace}lang"
    own = [
        (feed.get(lang), urlsplit(feed.find(f"{ATOM}link[@rel='self']").get("href")).path)
        for feed in (root, one, english)
    ]
    assert own == [
        ("fr", "/fr/engagements/fil.atom"),
        ("fr", f"/fr/engagements/{late.node.slug}/fil.atom"),
        ("en", "/en/commitments/feed.atom"),
    ]


def test_the_api_says_what_the_pages_say():
    from ninja.testing import TestClient

    from parvis.plan.api import router

    plan, late = late_plan()
    make_commitment(plan, "9", public=False)
    api = TestClient(router)
    found = api.get("/plans").json()
    assert found["count"] == 1 and found["results"][0]["slug"] == plan.node.slug
    rows = api.get("/commitments").json()
    assert (rows["count"], rows["page"], rows["pages"]) == (2, 1, 1)
    only = api.get("/commitments?late=true").json()
    assert [row["slug"] for row in only["results"]] == [late.node.slug]
    assert only["results"][0]["late_days"] == 10
    assert api.get("/commitments?late=false").json()["count"] == 1
    assert api.get("/commitments?per_page=1&page=2").json()["results"][0]["number"] == "2"
    assert api.get("/commitments?per_page=0").status_code == 422
    assert api.get("/commitments?page=zz").status_code == 422
    one = api.get(f"/commitments/{late.node.slug}").json()
    assert one["progress"][0]["completion"] == "limited" and len(one["milestones"]) == 2
    whole = api.get(f"/plans/{plan.node.slug}").json()
    assert [row["number"] for row in whole["commitments"]] == ["1", "2"]


def test_the_timeline_draws_what_is_dated(client):
    _plan, _late = late_plan()
    undated = make_plan("sans-date", starts=None, ends=None)
    make_commitment(undated, "O1")
    today = timezone.localdate()
    items = queries.by_number(queries.standings(queries.public_commitments()))
    picture = draw(items, today=today)
    bars = {bar.standing.commitment.number: bar for bar in picture.bars}
    assert picture.drawable and len(picture.headings) == 2
    assert bars["O1"].x is None
    one = bars["1"]
    assert one.late_from < one.late_to == picture.today_x
    assert bars["2"].late_to is None
    for bar in bars.values():
        if bar.x is not None:
            assert 0 <= bar.x and bar.x + bar.width <= picture.width
    html = client.get("/fr/engagements/").content.decode()
    assert '<title id="frise-titre">' in html and "Engagement 1 : En retard" in words(
        client.get("/fr/engagements/")
    )
    assert not re.search(r'(?:x|y|x1|x2|width)="\d+,\d', html)
    nothing = draw(
        queries.standings(queries.public_commitments().filter(plan=undated)), today=today
    )
    assert not nothing.drawable and nothing.ticks == ()
    assert "pas de frise" in words(client.get(reverse("plan", args=["sans-date"])))


def test_kinds_say_where_they_are_and_what_they_hold():
    from parvis.core import kinds

    plan, late = late_plan()
    with override("fr"):
        assert kinds.url(late.node) == f"/fr/engagements/{late.node.slug}/"
        assert kinds.url(plan.node) == f"/fr/plans/{plan.node.slug}/"
        update = queries.last_update(late)
        assert kinds.url(update.node).startswith(f"/fr/engagements/{late.node.slug}/#p-")
        knots = kinds.get("commitment").knots([late.pk])
        assert [(str(k.name), k.state) for k in knots] == [
            ("Engagement", "done"), ("Avancement", "late"),
        ]  # fmt: skip
        assert plain(knots[1].count) == "0 jalon sur 2"
        many = kinds.get("commitment").knots(
            [
                item.node.pk
                for item in queries.commitment_rows(
                    queries.public_commitments().values_list("pk", flat=True)
                )
            ]
        )
        assert [plain(k.count) for k in many] == ["2 engagements", "0 complet sur 2"]
        assert (many[1].state, plain(many[1].words)) == ("late", "1 en retard")
    texts = kinds.get("commitment").texts([late.pk])[late.pk]
    assert "Une partie est faite." in texts["fr"] and "Jalon 1" in texts["fr"]
