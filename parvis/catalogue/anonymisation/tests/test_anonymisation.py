"""Crossed tables, the note of risk, the register: by services and by pages."""

import csv
import io
import random
import re
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone, translation

from parvis.analysis.privacy import audit, cells
from parvis.catalogue.anonymisation import crossing, notes, services
from parvis.catalogue.anonymisation.elements import NAMES
from parvis.catalogue.anonymisation.models import Entry
from parvis.consult import contributions
from parvis.consult.models import Consultation, Contribution, Phase
from parvis.core import jobs
from parvis.core.access import SYSTEM
from parvis.core.errors import Conflict, Forbidden
from parvis.core.files import path_of
from parvis.core.models import Event, Job
from parvis.methods.survey import tabulate
from parvis.methods.survey.definition import parse
from parvis.site import publication
from tests.factories import make_actor, make_answer, make_consultation, make_person, survey_of

pytestmark = pytest.mark.django_db


def question(name: str, options: tuple[str, ...], *, opinion: bool) -> dict:
    return {
        "id": name,
        "type": "single",
        "label": {"fr": f"Question {name}", "en": f"Question {name} (en)"},
        "required": False,
        "opinion": opinion,
        "options": [{"id": o, "label": {"fr": o.upper(), "en": o.upper()}} for o in options],
    }


QUESTIONS = [
    question("first", ("data", "docs", "votes"), opinion=True),
    question("second", ("yes", "no"), opinion=True),
    question("region", ("mtl", "qc", "nord", "est"), opinion=False),
    question("age", ("young", "old"), opinion=False),
]
SETTINGS = {"pages": [{"id": "p", "title": {"fr": "P", "en": "P"}, "questions": QUESTIONS}]}
# Few people of the east want votes, and few of the north: cells to hide.
WEIGHTS = {"mtl": (5, 4, 3), "qc": (4, 4, 4), "nord": (8, 6, 1), "est": (9, 1, 0)}


def payloads(n: int = 90) -> list[dict[str, str]]:
    r = random.Random(3)
    regions = ["mtl"] * 3 + ["qc"] * 3 + ["nord"] * 2 + ["est"] * 2
    found = []
    for i in range(n):
        region = regions[i % len(regions)]
        first = r.choices(("data", "docs", "votes"), WEIGHTS[region])[0]
        second, age = r.choice(("yes", "no")), ("young", "old")[i % 2]
        found.append({"first": first, "second": second, "region": region, "age": age})
    return found


@pytest.fixture(autouse=True)
def _french():
    with translation.override("fr"):
        yield


def closed(n: int = 90) -> Consultation:
    consultation = make_consultation(settings=SETTINGS)
    survey = survey_of(consultation)
    for payload in payloads(n):
        make_answer(survey, payload)
    now = timezone.now()
    Phase.objects.filter(consultation=consultation).update(
        starts=now - timedelta(days=9), ends=now - timedelta(days=1)
    )
    return consultation


def table():
    return tabulate.table(parse(SETTINGS), payloads(), seed=1)


def text_of(html: str) -> str:
    return html.replace("\u00a0", " ").replace("\u202f", " ")


def figures_of(html: str) -> dict[str, str]:
    return dict(re.findall(r'data-figure="(\w+)">([^<]*)<', text_of(html)))


def csv_of(dataset, slug: str, client) -> list[dict[str, str]]:
    version = dataset.resources.get(slug=slug).current
    url = reverse("dataset_file", args=[dataset.node.slug, version.sha256, f"{slug}.csv"])
    content = b"".join(client.get(url).streaming_content).decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(content)))


def test_a_crossed_table_hides_what_the_audit_asks_and_adds_up():
    crossed = crossing.cross(table(), [("region", "first"), ("age", "region")], 10)
    assert crossed.figures["tables"] == 2 and crossed.figures["method"] == "optimal"
    assert crossed.figures["secondary"] and crossed.figures["narrowest"] >= 10
    for a, b in (("region", "first"), ("age", "region")):
        rows = [r for r in crossed.rows if (r["question_a"], r["question_b"]) == (a, b)]
        counts = {(r["valeur_a"], r["valeur_b"]): r["nombre"] for r in rows}
        assert counts[crossing.TOTAL, crossing.TOTAL] == 90
        assert all(n is None or n == 0 or n >= 10 for n in counts.values())
        for (x, y), total in counts.items():
            # What is shown of a line never passes its total; a full line makes it.
            line = [n for (p, q), n in counts.items() if p == x and q != crossing.TOTAL]
            if y == crossing.TOTAL and x != crossing.TOTAL:
                assert sum(n or 0 for n in line) <= total
                assert None in line or sum(line) == total
        assert {r["masque"] for r in rows} <= {True, False}
    # A reader's own model of the published table, from nothing but its rows.
    values = {name: [row[name] for row in payloads()] for name in ("region", "first")}
    model = cells.count_tables(values, [("region", "first")])
    rows = [r for r in crossed.rows if r["question_b"] == "first" and r["masque"]]
    hidden = {model.keys.index((("first", r["valeur_b"]), ("region", r["valeur_a"]))) for r in rows}
    assert hidden and audit.narrowest(model, hidden) >= 10 - 1e-6


@pytest.mark.parametrize(
    ("pairs", "reason"),
    [
        ([("first", "second")], "opinions"),
        ([("region", "first"), ("region", "second")], "circle"),
        ([("region", "age"), ("age", "first"), ("first", "region")], "circle"),
        ([("region", "nothing")], "unknown"),
        ([("region", "region")], "unknown"),
        ([("region", "age")] * 7, "many"),
    ],
)
def test_tables_that_would_tell_more_are_refused(pairs, reason):
    with pytest.raises(crossing.BadPair) as error:
        crossing.check(table(), pairs)
    assert error.value.reason == reason
    assert services.bad_pair(error.value)


def test_too_few_people_make_no_crossed_table():
    few = tabulate.table(parse(SETTINGS), payloads(12), seed=1)
    with pytest.raises(crossing.BadPair, match="few"):
        crossing.cross(few, [("region", "age")], 10)


def test_the_whole_path_the_page_and_the_file_say_the_same(client):
    consultation = closed()
    steward = make_person("steward")
    client.force_login(steward)
    url = reverse("publish_data", args=["plan"])
    # Nothing is published without a note.
    refused = client.post(url, {"do": "publish"})
    assert refused.status_code == 422 and not Job.objects.exists()
    activity = survey_of(consultation).node.slug
    chosen = {"do": "prepare", "threshold": "10"}
    bad = client.post(url, {**chosen, "threshold": "4"})
    assert bad.status_code == 422 and "de 5 à 100" in text_of(bad.content.decode())
    circle = {
        "x_0_a": f"{activity} region", "x_0_b": f"{activity} first",
        "x_1_a": f"{activity} region", "x_1_b": f"{activity} second",
    }  # fmt: skip
    assert client.post(url, {**chosen, **circle}).status_code == 422
    pair = {"x_0_a": f"{activity} region", "x_0_b": f"{activity} first"}
    assert client.post(url, {**chosen, **pair}).status_code == 302
    assert client.post(url, {**chosen, **pair}).status_code == 302
    assert "Le travail est en cours" in client.get(url).content.decode()
    assert jobs.run_next() and not jobs.run_next()
    assert Job.objects.get().result["note"]
    entry = Entry.objects.get()
    assert entry.crosses == [[activity, "region", "first"]] and entry.made_of
    page = client.get(url).content.decode()
    assert figures_of(page)["rows"] == "90"
    # One answer less after the note: it does not speak of these answers any more.
    one = Contribution.objects.select_related("node", "activity__consultation").first()
    contributions.set_fate(actor=SYSTEM, contribution=one, fate="rejected", reason="duplicate")
    assert client.post(url, {"do": "publish"}).status_code == 302
    assert jobs.run_next()
    assert "préparez-la de nouveau" in client.get(url).content.decode()
    contributions.set_fate(actor=SYSTEM, contribution=one, fate="kept", reason="")
    assert client.post(url, {"do": "publish"}).status_code == 302
    assert jobs.run_next()
    dataset = publication.dataset_of(consultation)
    page = text_of(client.get(reverse("dataset", args=[dataset.node.slug])).content.decode())
    assert "Comment les personnes sont protégées" in page
    note = dataset.resources.get(slug="note-de-risque")
    file = path_of(note.file).read_text()
    assert "DISCLOSURE RISK NOTE" in file and services.NOTE_FILE in page
    # What a note says of crossed tables, only where there are some.
    assert "programme linéaire" in page and "programme linéaire" in file
    one = {**entry.facts["activities"][0]}
    del one["crossed"]
    assert len(notes.how({"activities": [one]})) == len(notes.how(entry.facts)) - 1
    # Each figure: on the page, in the note's file in both languages, and in the data themselves.
    shown = figures_of(page)
    for code in ("fr", "en"):
        with translation.override(code):
            for part in notes.parts(entry.facts, dataset.kept_of):
                for line in part.lines:
                    sign = " :" if code == "fr" else ":"
                    assert text_of(f"{line.words}{sign} {line.value}") in file
                    assert code == "en" or shown[line.name] == text_of(line.value)
    opinions = csv_of(dataset, "opinions", client)
    assert int(shown["rows"]) == len(opinions)
    crossed = csv_of(dataset, "tableaux-croises", client)
    inner = [r for r in crossed if crossing.TOTAL not in (r["valeur_a"], r["valeur_b"])]
    assert int(shown["cells"]) == len(inner)
    assert int(shown["hidden"]) == sum(r["masque"] == "true" for r in inner) > 0
    assert all(not r["nombre"] for r in crossed if r["masque"] == "true")
    counted = [int(r["nombre"]) for r in crossed if r["nombre"] not in ("", "0")]
    assert int(shown["smallest_crossed"]) == min(counted) >= 10
    ones = [int(r["nombre"]) for r in csv_of(dataset, "caracteristiques", client) if r["nombre"]]
    assert int(shown["smallest"]) == min(ones)
    # How many protect others is said by fives only.
    assert "moins de 5" in shown["protecting"] or "5 ou plus" in shown["protecting"]
    assert "croisées avec une autre colonne" in dataset.methodology["fr"]
    assert Event.objects.filter(verb="anonymisation.note_made").count() == 1
    with pytest.raises(Conflict):
        services.choose(actor=SYSTEM, dataset=dataset, threshold=10, crosses=[], answers=[])


def test_the_same_answers_give_the_same_note_in_any_order():
    consultation = closed(40)
    first = publication.prepare_note(actor=SYSTEM, consultation=consultation)
    second = publication.prepare_note(actor=SYSTEM, consultation=consultation)
    assert (first.made_of, first.facts, first.tables) == (
        second.made_of,
        second.facts,
        second.tables,
    )
    assert first.facts["code"].startswith("parvis")
    services.choose(
        actor=SYSTEM, dataset=first.dataset, threshold=7, crosses=[],
        answers=publication.answers_of(publication.sources(consultation)),
    )  # fmt: skip
    assert (
        publication.prepare_note(actor=SYSTEM, consultation=consultation).made_of != first.made_of
    )


def test_the_register_is_completed_by_a_person_and_keeps_versions(client):
    consultation = closed(40)
    dataset = publication.prepare_note(actor=SYSTEM, consultation=consultation).dataset
    client.force_login(make_person("steward"))
    url = reverse("anonymisation_entry", args=[dataset.node.slug])
    page = text_of(client.get(url).content.decode())
    # Proposed from the facts, but for the conclusion.
    assert "Réponses de 40 personnes" in page and "Answers of 40 people" in page
    words = {f"{name}_{code}": f"Texte {name}" for name in NAMES for code in ("fr", "en")}
    empty = client.post(
        url, {**words, "analysis_fr": "", "qualified": "", "reassess_on": "2020-01-01"}
    )
    assert empty.status_code == 422
    assert Entry.objects.get().version == 0
    past = client.post(url, {**words, "qualified": "Une personne", "reassess_on": "2020-01-01"})
    assert past.status_code == 422 and "Donnez un jour à venir" in past.content.decode()
    again = timezone.localdate() + timedelta(days=365)
    good = {**words, "qualified": "A. Roy, statisticienne", "reassess_on": again.isoformat()}
    assert client.post(url, good).status_code == 302
    assert client.post(url, {**good, "analysis_fr": "Très faible."}).status_code == 302
    entry = Entry.objects.get()
    assert entry.version == 2 and entry.is_complete and not entry.is_due
    assert [one.content["texts"]["analysis"]["fr"] for one in entry.versions.all()] == [
        "Très faible.",
        "Texte analysis",
    ]
    listing = client.get(reverse("anonymisation")).content.decode()
    assert "remplie, version" in listing
    answer = client.get(reverse("anonymisation_csv"))
    (row,) = csv.DictReader(io.StringIO(answer.content.decode()))
    assert row["analysis_fr"] == "Très faible." and row["complete"] == "oui"
    assert row["jeu"] == dataset.node.slug and row["seuil"] == "10"
    publication.publish_consultation_data(actor=SYSTEM, consultation=consultation)
    public = text_of(client.get(reverse("dataset", args=[dataset.node.slug])).content.decode())
    assert "Inscription 2" in public and "Très faible." in public
    # The qualified person's name is for the register, not for the page.
    assert "A. Roy" not in public
    # A new note: the entry speaks of another one.
    Entry.objects.update(made_of="0" * 64)
    assert not Entry.objects.get().is_complete
    with pytest.raises(Forbidden):
        services.complete(
            actor=make_actor("adviser"), entry=entry, texts={}, qualified="", reassess_on=None
        )


def test_a_count_is_rounded_down_to_five():
    assert [text_of(notes.band(n)) for n in (0, 4, 5, 13)] == [
        "moins de 5", "moins de 5", "5 ou plus", "10 ou plus",
    ]  # fmt: skip


def test_the_register_costs_the_same_at_two_sizes(client):
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    from parvis.catalogue.tests.catalogue_factories import make_dataset

    client.force_login(make_person("steward"))
    costs = []
    for size in (1, 4):
        for n in range(size):
            services.entry_of(make_dataset(f"jeu-{size}-{n}"))
        with CaptureQueriesContext(connection) as captured:
            assert client.get(reverse("anonymisation")).status_code == 200
        costs.append(len(captured))
    assert costs[0] == costs[1]
