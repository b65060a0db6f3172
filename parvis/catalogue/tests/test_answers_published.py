"""From a closed consultation to open data that show nobody, by services and by pages."""

import csv
import io
import json
from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone, translation

from parvis.catalogue.approval import gate
from parvis.catalogue.approval import services as approval
from parvis.catalogue.models import Dataset
from parvis.consult import contributions, services
from parvis.consult.models import Consultation, Phase
from parvis.core import jobs, outbox
from parvis.core.access import NOBODY, SYSTEM
from parvis.core.errors import Closed, Conflict, Forbidden, Invalid, SignInNeeded
from parvis.core.events import IdempotencyKey
from parvis.core.files import path_of
from parvis.core.models import Event, Link, Site, State
from parvis.site import publication
from tests.factories import make_actor, make_answer, make_consultation, make_person, survey_of

pytestmark = pytest.mark.django_db

REGIONS = {"mtl": "Montréal", "qc": "Québec", "nord": "Nord"}
SETTINGS = {
    "pages": [
        {
            "id": "p1",
            "title": {"fr": "Page", "en": "Page"},
            "questions": [
                {
                    "id": "first",
                    "type": "single",
                    "label": {"fr": "Quelle action d’abord?", "en": "Which action first?"},
                    "required": True,
                    "opinion": True,
                    "options": [
                        {"id": "data", "label": {"fr": "Données", "en": "Data"}},
                        {"id": "docs", "label": {"fr": "Documents", "en": "Documents"}},
                    ],
                },
                {
                    "id": "why",
                    "type": "long",
                    "label": {"fr": "Pourquoi?", "en": "Why?"},
                    "opinion": True,
                    "max": 500,
                },
                {
                    "id": "region",
                    "type": "single",
                    "label": {"fr": "Région", "en": "Region"},
                    "opinion": False,
                    "options": [
                        {"id": key, "label": {"fr": name, "en": name}}
                        for key, name in REGIONS.items()
                    ],
                },
            ],
        }
    ]
}
MAIL = "Écrivez-moi à jeanne.tremblay@exemple.ca pour en parler."
PHONE = "Appelez le 418 555-0143 le soir."
NAME = "Monsieur Tremblay a raison."


@pytest.fixture(autouse=True)
def _french():
    with translation.override("fr"):
        yield


def close(consultation: Consultation, said: bool = True) -> None:
    """Let time pass: the phases are over, and the worker says so."""
    now = timezone.now()
    Phase.objects.filter(consultation=consultation).update(
        starts=now - timedelta(days=9), ends=now - timedelta(days=1)
    )
    if said:
        services.tick()
        outbox.pump()


def answered(n: int = 24, texts: tuple[str, ...] = (MAIL, PHONE, NAME), **more) -> Consultation:
    """A consultation with `n` answers: the first ones give these texts."""
    consultation = make_consultation(settings=SETTINGS, **more)
    survey = survey_of(consultation)
    for i in range(n):
        region = "nord" if i < 3 else "mtl" if i % 2 else "qc"
        payload = {"first": "data" if i % 3 else "docs", "region": region}
        if i < len(texts):
            payload["why"] = texts[i]
        elif i % 4 == 0:
            payload["why"] = f"Une raison parmi d’autres, la {i}e."
        make_answer(survey, payload)
    return consultation


def published(*, actor, consultation, **more) -> Dataset:
    """Make the note, then publish: what the two buttons do."""
    publication.prepare_note(actor=actor, consultation=consultation)
    return publication.publish_consultation_data(actor=actor, consultation=consultation, **more)


def decide(consultation: Consultation, **by_text: str) -> dict[str, str]:
    tables = publication.sources(consultation)
    texts = {"mail": MAIL, "phone": PHONE, "name": NAME}
    keys = {one.text: one.key for one in publication.flagged(consultation, tables, {})}
    return {keys[texts[name]]: decision for name, decision in by_text.items()}


ALL = {"mail": "mask", "phone": "withhold", "name": "keep"}


def file_of(dataset: Dataset, slug: str, client) -> list[dict[str, str]]:
    version = dataset.resources.get(slug=slug).current
    url = reverse("dataset_file", args=[dataset.node.slug, version.sha256, f"{slug}.csv"])
    content = b"".join(client.get(url).streaming_content).decode()
    return list(csv.DictReader(io.StringIO(content)))


def test_closing_drafts_one_dataset_once():
    consultation = answered(3)
    close(consultation)
    dataset = publication.dataset_of(consultation)
    assert dataset.node.state == State.DRAFT
    assert dataset.organisation == consultation.organisation
    assert Link.objects.get(relation="published_as").target_id == dataset.pk
    closed = list(Event.objects.filter(verb="consultation.closed"))
    publication.consume(closed)
    publication.consume(closed + closed)
    assert Dataset.objects.count() == 1


def test_nothing_is_drafted_while_a_phase_is_left():
    consultation = answered(1)
    now = timezone.now()
    survey = survey_of(consultation)
    first = consultation.phases.get()
    Phase.objects.filter(pk=first.pk).update(ends=now - timedelta(days=1))
    later = Phase.objects.create(
        consultation=consultation,
        title={"fr": "Suite"},
        starts=now + timedelta(days=1),
        ends=now + timedelta(days=5),
    )
    later.actions.create(activity=survey, action="answer")
    services.tick()
    outbox.pump()
    assert Event.objects.filter(verb="consultation.closed").exists()
    assert not Dataset.objects.exists()
    close(consultation)
    assert Dataset.objects.count() == 1


def test_published_files_show_nobody(client):
    consultation = answered()
    close(consultation)
    dataset = published(
        actor=make_actor("steward"),
        consultation=consultation,
        decisions=decide(consultation, **ALL),
    )
    opinions = file_of(dataset, "opinions", client)
    assert set(opinions[0]) == {"numero", "first"}
    assert [int(row["numero"]) for row in opinions] == list(range(1, 25))
    assert sum(row["first"] == "docs" for row in opinions) == 8
    texts = file_of(dataset, "textes", client)
    assert set(texts[0]) == {"numero", "question", "texte", "masque"}
    assert sorted(int(row["numero"]) for row in texts) == list(range(1, len(texts) + 1))
    said = {row["texte"]: row["masque"] for row in texts}
    assert said[NAME] == "false"
    assert said["Écrivez-moi à […] pour en parler."] == "true"
    assert not any("555" in text or "@" in text for text in said)
    counts = file_of(dataset, "caracteristiques", client)
    shown = {row["valeur"]: row["nombre"] for row in counts}
    # Three people of the north may not be found by subtraction either.
    assert "nord" not in shown
    assert all(not n or int(n) >= 10 for n in shown.values())
    assert set(counts[0]) == {"question", "valeur", "valeur_fr", "valeur_en", "nombre", "total"}
    book = file_of(dataset, "dictionnaire", client)
    assert {"fichier": "opinions.csv", "valeur": "data", "valeur_fr": "Données"}.items() <= next(
        row for row in book if row["valeur"] == "data"
    ).items()


def test_no_file_holds_an_identifier_a_date_or_a_key(client):
    consultation = answered()
    close(consultation)
    dataset = published(
        actor=SYSTEM, consultation=consultation, decisions=decide(consultation, **ALL)
    )
    tables = dataset.resources.filter(current__isnull=False)
    everything = json.dumps(
        [file_of(dataset, resource.slug, client) for resource in tables], ensure_ascii=False
    )
    note = dataset.resources.get(slug="note-de-risque")
    everything += path_of(note.file).read_text()
    for row in contributions.Contribution.objects.select_related("node"):
        assert str(row.pk) not in everything and row.pk.hex not in everything
    assert str(timezone.localdate().year) not in everything


def test_the_order_of_rows_tells_nothing(client):
    orders = set()
    for n in range(4):
        consultation = answered(texts=(), slug=f"c{n}")
        close(consultation, said=False)
        dataset = published(actor=SYSTEM, consultation=consultation)
        orders.add(tuple(row["first"] for row in file_of(dataset, "opinions", client)))
    assert len(orders) > 1


def test_the_result_is_said_and_kept():
    consultation = answered()
    close(consultation)
    dataset = published(
        actor=SYSTEM, consultation=consultation, decisions=decide(consultation, **ALL)
    )
    dataset.refresh_from_db()
    total = dataset.kept_of["total"]
    assert dataset.kept_of == {"published": total - 1, "total": total, "masked": 1, "withheld": 1}
    words = dataset.withheld["fr"].replace("\u00a0", " ")
    assert f"{total - 1} sur {total}" in words and "1 texte est retenu, pour cette raison" in words
    assert "because" in dataset.withheld["en"]
    event = Event.objects.get(verb="dataset.published")
    assert event.data["withheld"] == 1
    assert event.leaf.members["d"]["withheld"] == 1
    assert dataset.review == {"answers": {}}


@pytest.mark.parametrize(
    "decisions",
    [
        {},
        {"mail": "mask"},
        {"mail": "keep", "phone": "mask", "name": "keep"},
        {"mail": "mask", "phone": "mask"},
    ],
)
def test_publication_waits_for_every_decision(decisions):
    consultation = answered()
    close(consultation)
    with pytest.raises(Invalid) as error:
        published(
            actor=SYSTEM, consultation=consultation, decisions=decide(consultation, **decisions)
        )
    assert "decisions" in error.value.errors
    dataset = publication.dataset_of(consultation)
    assert dataset.node.state == State.DRAFT and not dataset.resources.exists()


def test_a_decision_that_means_nothing_is_refused():
    consultation = answered()
    close(consultation)
    with pytest.raises(Invalid):
        published(actor=SYSTEM, consultation=consultation, decisions={"x": "burn"})


def test_fewer_than_ten_people_are_not_published_one_by_one():
    consultation = answered(9, texts=("Un texte sans rien de personnel.",))
    close(consultation)
    dataset = published(actor=SYSTEM, consultation=consultation)
    slugs = set(dataset.resources.values_list("slug", flat=True))
    assert "opinions" not in slugs and "textes" in slugs
    assert "Moins de 10 personnes" in dataset.withheld["fr"].replace("\u00a0", " ")
    counts = dataset.resources.get(slug="caracteristiques").current
    assert counts.rows == 1  # nothing but "not published"


def test_it_is_published_once_only():
    consultation = answered(12, texts=())
    close(consultation)
    key = IdempotencyKey.of("test", "once")
    one = published(actor=SYSTEM, consultation=consultation, key=key)
    two = publication.publish_consultation_data(actor=SYSTEM, consultation=consultation, key=key)
    assert one.pk == two.pk
    with pytest.raises(Conflict):
        published(actor=SYSTEM, consultation=consultation)
    assert Event.objects.filter(verb="dataset.published").count() == 1


def test_an_open_consultation_is_not_published():
    consultation = answered(12, texts=())
    with pytest.raises(Closed):
        published(actor=SYSTEM, consultation=consultation)
    assert not Dataset.objects.exists()


def test_only_stewards_publish():
    consultation = answered(12, texts=())
    close(consultation, said=False)
    with pytest.raises(SignInNeeded):
        published(actor=NOBODY, consultation=consultation)
    with pytest.raises(Forbidden):
        published(actor=make_actor("adviser"), consultation=consultation)


def test_rejected_and_withdrawn_answers_stay_out(client):
    consultation = answered(14, texts=())
    survey = survey_of(consultation)
    gone = make_answer(survey, {"first": "docs", "region": "qc", "why": "Texte repris."})
    contributions.withdraw(
        actor=NOBODY.holding(gone.contribution.pk), contribution=gone.contribution
    )
    bad = make_answer(survey, {"first": "docs", "region": "qc", "why": "Texte écarté."})
    contributions.set_fate(
        actor=SYSTEM, contribution=bad.contribution, fate="rejected", reason="duplicate"
    )
    close(consultation)
    dataset = published(actor=SYSTEM, consultation=consultation)
    assert len(file_of(dataset, "opinions", client)) == 14
    texts = json.dumps(file_of(dataset, "textes", client))
    assert "repris" not in texts and "cart" not in texts


# By pages ------------------------------------------------------------------------------------


def test_the_whole_path_by_pages(client):
    consultation = answered()
    close(consultation)
    client.force_login(make_person("steward"))
    listing = client.get(reverse("publishing")).content.decode()
    url = reverse("publish_data", args=["plan"])
    assert url in listing and "À relire" in listing
    page = client.get(url).content.decode()
    assert "<mark>jeanne.tremblay@exemple.ca</mark>" in page
    keys = decide(consultation, **ALL)
    # What blocks cannot be kept: the page does not even offer it.
    blocking = next(key for key, decision in keys.items() if decision == "mask")
    assert f'name="d_{blocking}" value="mask"' in page
    assert f'name="d_{blocking}" value="keep"' not in page
    mail, phone, name = keys
    saved = client.post(url, {f"d_{mail}": "mask", "do": "save"})
    assert saved.status_code == 302
    assert f'name="d_{mail}" value="mask" checked' in client.get(url).content.decode()
    refused = client.post(url, {f"d_{phone}": "withhold", "do": "publish", "key": "k1"})
    assert refused.status_code == 422 and "attend encore" in refused.content.decode()
    assert f'name="d_{phone}" value="withhold" checked' in client.get(url).content.decode()
    reason = "une personne y est nommée"
    told = {f"d_{name}": "keep", "do": "publish", "key": "k2", "reason": reason}
    done = client.post(url, told)
    # Closing had the note asked for; the worker has not made it yet.
    assert done.status_code == 422 and "note sur le risque" in done.content.decode()
    assert jobs.run_next()
    assert client.post(url, told).status_code == 302
    page = client.get(url).content.decode()
    assert "Le travail est en cours" in page
    assert client.post(url, told).status_code == 302
    assert jobs.run_next() and not jobs.run_next()
    dataset = publication.dataset_of(consultation)
    page = client.get(reverse("dataset", args=[dataset.node.slug])).content.decode()
    assert "pour cette raison : une personne y est nommée" in page.replace("\u00a0", " ")
    assert "Viennent de la consultation" in page and "Opinions, réponse par réponse" in page
    assert "Ces données sont publiques" in client.get(url).content.decode()


def test_decisions_with_a_wrong_value_change_nothing(client):
    consultation = answered()
    close(consultation)
    client.force_login(make_person("steward"))
    url = reverse("publish_data", args=["plan"])
    response = client.post(url, {"d_abc": "burn", "do": "save"})
    assert response.status_code == 422
    assert publication.dataset_of(consultation).review == {"answers": {}}


def test_pages_are_for_stewards(client):
    consultation = answered(1, texts=(MAIL,))
    close(consultation)
    url = reverse("publish_data", args=["plan"])
    assert client.get(url).status_code == 302
    assert client.post(url, {"do": "publish"}).status_code == 401
    client.force_login(make_person("coordinator"))
    assert client.get(url).status_code == 403
    client.force_login(make_person("steward"))
    assert client.get(reverse("publish_data", args=["absente"])).status_code == 404
    assert client.get(url).headers["Cache-Control"] == "private, no-store"


def test_an_open_consultation_says_so(client):
    answered(1, texts=(MAIL,))
    client.force_login(make_person("steward"))
    page = client.get(reverse("publish_data", args=["plan"])).content.decode()
    assert "encore ouverte" in page and "exemple.ca" not in page


def test_proposals_are_published_too(client):
    consultation = make_consultation(settings=SETTINGS, with_proposals=True)
    survey = survey_of(consultation)
    for i in range(12):
        make_answer(survey, {"first": "data", "region": "qc", "why": f"Texte {i}"})
    close(consultation)
    dataset = published(actor=SYSTEM, consultation=consultation)
    slugs = set(dataset.resources.values_list("slug", flat=True))
    assert "opinions-survey" in slugs
    page = client.get(reverse("dataset", args=[dataset.node.slug])).content.decode()
    assert "(Questionnaire)" in page


def test_the_list_costs_the_same_at_two_sizes(client):
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    client.force_login(make_person("steward"))

    def count():
        with CaptureQueriesContext(connection) as captured:
            assert client.get(reverse("publishing")).status_code == 200
        return len(captured)

    for n in range(2):
        close(make_consultation(slug=f"c{n}"))
    small = count()
    for n in range(2, 6):
        close(make_consultation(slug=f"c{n}"))
    assert count() == small


def test_the_page_draws_codes_in_words(client):
    consultation = answered(12, texts=())
    close(consultation)
    dataset = published(actor=SYSTEM, consultation=consultation)
    url = reverse("dataset", args=[dataset.node.slug])
    drawing = client.get(f"{url}?chart=first").context["chart"]
    assert {(bar.words, bar.count) for bar in drawing.bars} == {("Données", 8), ("Documents", 4)}


def test_a_second_person_approves_what_the_files_are_made_of(client):
    consultation = answered(12)
    Site.objects.update(approval=Site.Approval.SECOND_PERSON)
    close(consultation)
    one, other = make_actor("steward"), make_actor("steward", "deux@test.example")
    asking, deciding = client, Client()
    asking.force_login(one.person)
    deciding.force_login(other.person)
    url = reverse("publish_data", args=["plan"])
    decisions = {f"d_{key}": value for key, value in decide(consultation, **ALL).items()}
    assert jobs.run_next(), "closing has the note made"
    assert 'value="ask"' in asking.get(url).content.decode()
    alone = asking.post(url, {**decisions, "do": "publish", "key": "a"})
    assert alone.status_code == 422 and "deuxième personne" in alone.content.decode()
    reason = {"reason": "une personne y est nommée"}
    assert asking.post(url, {"do": "ask", "key": "b", **reason}).status_code == 302
    assert asking.post(url, {"do": "ask", "key": "c", **reason}).status_code == 422
    dataset = publication.dataset_of(consultation)
    where = reverse("data_approval", args=[dataset.node.slug])
    page = deciding.get(where).content.decode()
    assert (
        "1 conservés, 1 masqués, 1 retenus" in page.replace("\u00a0", " ")
        and reason["reason"] in page
    )
    assert asking.post(where, {"action": "approve"}).status_code == 403
    assert deciding.post(where, {"action": "approve"}).status_code == 303
    with pytest.raises(Conflict):
        approval.publish(actor=one, dataset=dataset)
    # Another decision: what was approved is no longer what would be published.
    changed = publication.save_review(
        actor=one, consultation=consultation, decisions=decide(consultation, name="withhold")
    )
    assert gate.approval_of(changed) is None
    with pytest.raises(Conflict):
        publication.publish_consultation_data(actor=one, consultation=consultation)
    publication.save_review(
        actor=one, consultation=consultation, decisions=decide(consultation, **ALL)
    )
    done = publication.publish_consultation_data(
        actor=one, consultation=consultation, reason={"fr": "un autre motif"}
    )
    assert done.node.state == State.PUBLIC and done.resources.count() >= 4
    assert "une personne y est nommée" in done.withheld["fr"]
    assert gate.approval_of(done) is None, "an approval serves once"
