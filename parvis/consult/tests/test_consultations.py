"""Opening with no hole, opening and closing by the clock, extending, counting, importing."""

from copy import deepcopy
from datetime import timedelta
from pathlib import Path

import pytest
from django.test import Client
from django.utils import timezone

from parvis.consult import contributions, importing, phases, queries, services
from parvis.consult.models import Consultation, Contribution, Phase
from parvis.core.access import NOBODY, SYSTEM
from parvis.core.errors import Closed, Conflict, Forbidden, Invalid, SignInNeeded
from parvis.core.models import Event
from parvis.site import retention
from tests.factories import SURVEY, make_actor, make_answer, make_consultation, survey_of

pytestmark = pytest.mark.django_db
FREE_TEXT = Path(__file__).resolve().parents[4] / "shared" / "data" / "free-text"


@pytest.mark.parametrize(
    "field", [*services.REQUIRED_TEXTS, *services.REQUIRED_DATES, "who_may", "organisation"]
)
def test_each_hole_keeps_it_closed_and_is_named(field: str) -> None:
    consultation = make_consultation(opened=False)
    empty = {} if field in services.REQUIRED_TEXTS else ("" if field == "who_may" else None)
    setattr(consultation, field, empty)
    consultation.save()
    assert field in {hole.field for hole in services.holes(consultation)}
    with pytest.raises(Invalid) as refusal:
        services.open_consultation(actor=SYSTEM, consultation=consultation)
    assert field in refusal.value.errors
    assert consultation.node.state == "draft"


def test_a_missing_language_and_brackets_are_holes() -> None:
    consultation = make_consultation(opened=False)
    consultation.influence_who = {"fr": "Qui?"}
    consultation.influence_out = {"fr": "[À dire]", "en": "[To say]"}
    consultation.save()
    assert {"influence_who", "influence_out"} <= {h.field for h in services.holes(consultation)}


def test_it_opens_and_closes_at_the_minute() -> None:
    survey = survey_of(make_consultation(days=(1, 2)))
    phase = Phase.objects.get()
    assert not phases.is_open(survey, "answer", phase.starts - timedelta(seconds=1))
    assert phases.is_open(survey, "answer", phase.starts)
    assert phases.is_open(survey, "answer", phase.ends - timedelta(seconds=1))
    assert not phases.is_open(survey, "answer", phase.ends)
    with pytest.raises(Closed):
        make_answer(survey)


def test_boundaries_are_said_once_even_if_the_clock_goes_back() -> None:
    make_consultation(days=(-2, 1))
    now = timezone.now()
    assert services.tick(now) == 1
    assert services.tick(now - timedelta(hours=1)) == 0
    assert services.tick(now + timedelta(days=2)) == 1
    assert services.tick(now + timedelta(days=3)) == 0


def test_extending_is_an_act_with_its_reason() -> None:
    consultation = make_consultation()
    phase = Phase.objects.get()
    later = phase.ends + timedelta(days=7)
    for wrong in (
        {"new_ends": phase.ends, "reason": {"fr": "x"}},
        {"new_ends": later, "reason": {}},
    ):
        with pytest.raises(Invalid):
            services.extend(actor=SYSTEM, phase=phase, **wrong)
    old = phase.ends
    services.extend(
        actor=SYSTEM, phase=phase, new_ends=later, reason={"fr": "À la demande de groupes."}
    )
    page = Client().get(f"/fr/consultations/{consultation.node.slug}/").content.decode()
    assert "À la demande de groupes." in page
    assert Event.objects.get(verb="consultation.extended").data["from"] == old.isoformat()


def test_a_closed_phase_cannot_be_extended() -> None:
    make_consultation(days=(-9, 1))
    phase = Phase.objects.get()
    Phase.objects.update(ends=timezone.now())
    phase.refresh_from_db()
    with pytest.raises(Closed):
        services.extend(
            actor=make_actor("adviser"), phase=phase,
            new_ends=timezone.now() + timedelta(days=1), reason={"fr": "x"},
        )  # fmt: skip


def test_counts_add_up_whatever_happened() -> None:
    consultation = make_consultation()
    survey = survey_of(consultation)
    rows = [make_answer(survey).contribution for _ in range(6)]
    contributions.set_fate(actor=SYSTEM, contribution=rows[0], fate="rejected", reason="duplicate")
    contributions.withdraw(actor=NOBODY.holding(rows[1].pk), contribution=rows[1])
    found = queries.counts(consultation)
    assert (found.received, found.kept, found.rejected, found.withdrawn) == (6, 4, 1, 1)
    assert found.received == found.kept + found.rejected + found.withdrawn + found.hidden
    assert found.rejected_by == {"duplicate": 1}
    contributions.set_fate(actor=SYSTEM, contribution=rows[0], fate="kept")
    assert queries.counts(consultation).kept == 5


def test_a_rejection_needs_a_reason_of_the_rule() -> None:
    row = make_answer(survey_of(make_consultation())).contribution
    with pytest.raises(Invalid):
        contributions.set_fate(actor=SYSTEM, contribution=row, fate="rejected", reason="ugly")
    with pytest.raises(SignInNeeded):
        contributions.set_fate(actor=NOBODY, contribution=row, fate="rejected", reason="test")


def test_one_person_answers_once_where_an_address_is_asked() -> None:
    survey = survey_of(make_consultation(fields={"who_may": "email"}))
    with pytest.raises(SignInNeeded):
        make_answer(survey)
    citizen = make_actor()
    make_answer(survey, actor=citizen)
    with pytest.raises(Conflict):
        make_answer(survey, actor=citizen)
    row = Contribution.objects.get()
    assert row.author is None
    assert citizen.person.email not in str(row.__dict__)


def test_only_its_holder_changes_or_withdraws() -> None:
    row = make_answer(survey_of(make_consultation())).contribution
    for actor in (make_actor(), make_actor("adviser")):
        with pytest.raises(Forbidden):
            contributions.withdraw(actor=actor, contribution=row)


def test_import_reports_each_bad_row_by_its_number_and_runs_twice(tmp_path: Path) -> None:
    survey = survey_of(make_consultation())
    file = tmp_path / "textes.csv"
    file.write_text(
        "id,texte,date\n1,Un premier avis,2026-01-02\n2,,2026-01-02\n3,Un troisième,demain\n"
        "4,Trop,de,cellules\n5,Un cinquième,\n",
        encoding="utf-8",
    )
    report = importing.import_contributions(file, activity=survey, actor=SYSTEM)
    assert report.imported == 2
    assert [number for number, _words in report.problems] == [3, 4, 5]
    again = importing.import_contributions(file, activity=survey, actor=SYSTEM)
    assert (again.imported, again.already) == (0, 2)
    with pytest.raises(Invalid):
        importing.import_contributions(file, activity=survey, actor=SYSTEM, text="avis")


@pytest.mark.slow
@pytest.mark.skipif(not FREE_TEXT.exists(), reason="the real texts of ../shared/data are absent")
def test_real_texts_load() -> None:
    settings = deepcopy(SURVEY)
    settings["pages"][0]["questions"][1]["max"] = 3_500
    survey = survey_of(make_consultation(settings=settings))
    for file in [FREE_TEXT / "polis-statements-en-a.csv"]:
        report = importing.import_contributions(file, activity=survey, actor=SYSTEM)
        assert report.imported > 100
        assert all(number > 1 for number, _words in report.problems)


def test_retention_destroys_answers_and_keys() -> None:
    consultation = make_consultation(fields={"who_may": "email"})
    survey = survey_of(consultation)
    make_answer(survey, actor=make_actor())
    Consultation.objects.update(retention_on=timezone.localdate() - timedelta(days=1))
    consultation.refresh_from_db()
    assert retention.run_due() == 1
    assert retention.run_due() == 0
    row = Contribution.objects.get()
    assert (row.payload, row.participant_key, row.once_key) == ({}, None, None)
    assert Event.objects.filter(verb="retention.executed").count() == 1


@pytest.mark.parametrize("size", [2, 12])
def test_the_list_costs_the_same_whatever_its_length(
    size: int, django_assert_max_num_queries
) -> None:
    for n in range(size):
        make_consultation(slug=f"c{n}")
    client = Client()
    client.get("/fr/consultations/")
    with django_assert_max_num_queries(6):
        client.get("/fr/consultations/")


def test_the_page_costs_nine_queries_at_most(django_assert_max_num_queries) -> None:
    make_consultation(with_proposals=True)
    client = Client()
    client.get("/fr/consultations/plan/")
    with django_assert_max_num_queries(9):
        page = client.get("/fr/consultations/plan/")
    assert page.status_code == 200


def test_closing_publishes_counts_that_the_register_recounts() -> None:
    from parvis.core import outbox
    from parvis.core.models import Delivery

    consultation = make_consultation(days=(-9, 1))
    survey = survey_of(consultation)
    rows = [make_answer(survey).contribution for _ in range(3)]
    contributions.set_fate(actor=SYSTEM, contribution=rows[0], fate="rejected", reason="duplicate")
    Phase.objects.update(ends=timezone.now())
    services.tick()
    while outbox.pump():
        pass
    published = Event.objects.get(verb="count.published").data
    assert (published["kept"], published["rejected"]) == (2, 1)
    assert not Delivery.objects.exists()
