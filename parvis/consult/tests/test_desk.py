"""The desk of a consultation, by its pages: who enters, what is missing, what is kept on error."""

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone, translation

from parvis.consult import services
from parvis.consult.models import Consultation, Extension, Phase
from parvis.core.access import SYSTEM, actor_for
from parvis.core.errors import Forbidden
from parvis.core.models import Event, Node, Person, Revision, Role, Site, State
from tests.factories import a_day, make_consultation, make_organisation, make_person, make_site

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _french():
    with translation.override("fr"):
        yield


SETTING_UP = (
    "consult_edit_about",
    "consult_edit_influence",
    "consult_edit_privacy",
    "consult_edit_dates",
    "consult_edit_activities",
)


def _signed(client: Client, role: str) -> Client:
    client.force_login(make_person(role, f"{role}-desk@test.example"))
    return client


def _reload(consultation: Consultation) -> Consultation:
    return Consultation.objects.select_related("node").get(pk=consultation.pk)


# Who enters --------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["consult_desk", *SETTING_UP, "consult_contributions"])
def test_nobody_is_asked_to_sign_in_and_comes_back(client: Client, name: str) -> None:
    consultation = make_consultation(opened=False)
    url = reverse(name, args=[consultation.node.slug])
    answer = client.get(url)
    assert answer.status_code == 302
    assert reverse("account_login") in answer["Location"]
    assert answer["Location"].endswith(f"next={url}")
    assert client.post(url, {"x": "1"}).status_code == 401


@pytest.mark.parametrize("role", [None, "steward", "coordinator", "analyst"])
def test_other_roles_set_nothing_up(client: Client, role: str | None) -> None:
    consultation = make_consultation(opened=False)
    client.force_login(make_person(role, "other@test.example"))
    slug = consultation.node.slug
    for name in (*SETTING_UP, "consult_open"):
        assert client.get(reverse(name, args=[slug])).status_code == 403, name
        assert client.post(reverse(name, args=[slug]), {"x": "1"}).status_code == 403, name
    assert client.get(reverse("consult_new")).status_code == 403
    overview = client.get(reverse("consult_desk", args=[slug]))
    if role == "analyst":
        assert overview["Location"] == reverse("consult_contributions", args=[slug])
    elif role == "coordinator":
        assert overview["Location"] == reverse("consult_approval", args=[slug])
    else:
        assert overview.status_code == 403
    assert _reload(consultation).node.state == State.DRAFT


def test_operator_prepares_but_does_not_open(client: Client) -> None:
    consultation = make_consultation(opened=False)
    _signed(client, "operator")
    slug = consultation.node.slug
    for name in ("consult_desk", *SETTING_UP):
        assert client.get(reverse(name, args=[slug])).status_code == 200, name
    assert reverse("consult_open", args=[slug]) not in (
        client.get(reverse("consult_desk", args=[slug])).content.decode()
    )
    assert client.post(reverse("consult_open", args=[slug]), {"key": "k" * 22}).status_code == 403
    assert client.get(reverse("consult_contributions", args=[slug])).status_code == 403


def test_adviser_of_another_consultation_is_refused(client: Client) -> None:
    mine, other = make_consultation(slug="une"), make_consultation(slug="deux")
    person = make_person(None, "local@test.example")
    Role.objects.create(person=person, role="adviser", scope=mine.node)
    client.force_login(person)
    assert client.get(reverse("consult_desk", args=["une"])).status_code == 200
    assert client.get(reverse("consult_desk", args=["deux"])).status_code == 403
    assert client.post(
        reverse("consult_edit_about", args=[other.node.slug]), {"title_fr": "Pris"}
    ).status_code == 403  # fmt: skip


def test_unknown_consultation_is_404_for_the_desk(client: Client) -> None:
    _signed(client, "adviser")
    assert client.get(reverse("consult_desk", args=["rien"])).status_code == 404


# Starting ----------------------------------------------------------------------------------------


def _new(client: Client, **changes: str):
    data = {
        "blueprint": "prioriser-les-actions-d-un-plan",
        "title_fr": "Les priorités",
        "organisation": str(make_organisation(f"o{Node.objects.count()}").pk),
        "opens": a_day(2).isoformat(),
        "closes": a_day(30).isoformat(),
        "key": "k" * 22,
        **changes,
    }
    return client.post(reverse("consult_new"), data)


def test_blueprint_fills_texts_dates_activities_and_phases(client: Client) -> None:
    make_site()
    Site.objects.update(contact="1 800 555-0100")
    _signed(client, "adviser")
    assert _new(client).status_code == 303
    found = Consultation.objects.select_related("node", "organisation__node").get()
    zone = ZoneInfo("America/Toronto")
    first, second = found.phases.all()
    assert first.starts == datetime.combine(a_day(2), datetime.min.time(), zone)
    assert first.ends == datetime.combine(a_day(31), datetime.min.time(), zone)
    assert second.starts == first.ends
    assert {(row.activity.method, row.action) for row in first.actions.all()} == {
        ("survey", "answer"), ("proposals", "propose"),
        ("proposals", "support"), ("proposals", "comment"),
    }  # fmt: skip
    assert found.themes_due == a_day(30) + timedelta(days=35)
    assert "1 800 555-0100" in found.other_ways["fr"]
    assert "Secrétariat" in found.notice_readers["fr"]
    assert "{" not in "".join(found.notice_readers.values())
    # English is off: its texts without brackets wait, those with brackets would trap the adviser.
    assert "en" in found.duplicate_rule and "en" not in found.influence_who
    left = {hole.field for hole in services.holes(found)}
    assert left == {
        "question", "influence_decision", "influence_who", "influence_out", "activities", "legal",
    }  # fmt: skip


def test_same_key_makes_one_draft(client: Client) -> None:
    make_site()
    _signed(client, "adviser")
    organisation = str(make_organisation("une").pk)
    one = _new(client, organisation=organisation)
    two = _new(client, organisation=organisation)
    assert one["Location"] == two["Location"]
    assert Consultation.objects.count() == 1


@pytest.mark.parametrize(
    ("changes", "kept", "said"),
    [
        ({"title_fr": ""}, "prioriser", "titre en français"),
        ({"closes": "2020-01-01", "opens": "2019-12-01"}, "Les priorités", "déjà passée"),
        ({"closes": str(a_day(1))}, "Les priorités", "précède"),
        ({"closes": str(a_day(700))}, "Les priorités", "un an"),
        ({"opens": "demain"}, "Les priorités", "année-mois-jour"),
        ({"blueprint": "autre"}, "Les priorités", "autre"),
    ],
)
def test_wrong_start_keeps_what_was_typed(client, changes, kept, said) -> None:
    make_site()
    _signed(client, "adviser")
    answer = _new(client, **changes)
    html = answer.content.decode()
    assert answer.status_code == 422
    assert kept in html and said in html
    assert not Consultation.objects.exists()


def test_site_without_contact_leaves_the_sentence_out(client: Client) -> None:
    _signed(client, "adviser")
    assert _new(client).status_code == 303
    assert Consultation.objects.get().other_ways == {}


def test_blank_start_has_only_its_period(client: Client) -> None:
    _signed(client, "adviser")
    assert _new(client, blueprint="blank", title_en="Priorities").status_code == 303
    found = Consultation.objects.select_related("node").get()
    assert found.languages == ["fr", "en"]
    assert not found.activities.exists() and found.phases.count() == 1
    fields = {hole.field for hole in services.holes(found)}
    assert {"question", "who_may", "retention_on", "activities", "phases"} <= fields


def test_open_consultation_leads_to_what_comes_next(client: Client) -> None:
    consultation = make_consultation()
    _signed(client, "adviser")
    html = client.get(reverse("consult_desk", args=["plan"])).content.decode()
    for name in ("coding", "coding_themes", "desk_responses", "results", "consult_contributions"):
        assert f'href="{reverse(name, args=["plan"])}"' in html, name
    survey = consultation.activities.select_related("node").get().node.slug
    assert f'href="{reverse("survey_paper", args=[survey])}"' in html
    # The data are the steward's work.
    publish = reverse("publish_data", args=["plan"])
    assert publish not in html
    Role.objects.create(person=Person.objects.get(email__startswith="adviser"), role="steward")
    assert publish in client.get(reverse("consult_desk", args=["plan"])).content.decode()


# The steps ---------------------------------------------------------------------------------------


def test_overview_links_every_hole(client: Client) -> None:
    make_site()
    _signed(client, "adviser")
    place = _new(client)["Location"]
    html = client.get(place).content.decode()
    for hole in services.holes(Consultation.objects.select_related("node").get()):
        assert f'href="{hole.url.replace("/en/", "/fr/")}"' in html or hole.url in html
    assert "Il manque 6 choses" in html.replace("\u00a0", " ")
    assert "Vérifier et ouvrir" not in html


def test_missing_text_is_saved_as_a_draft_and_said_in_place(client: Client) -> None:
    consultation = make_consultation(opened=False)
    _signed(client, "adviser")
    url = reverse("consult_edit_influence", args=["plan"])
    data = {"influence_decision_fr": "L’ordre.", "influence_decision_en": "", "back": "1",
            "influence_who_fr": "Le ministre", "influence_who_en": "The minister"}  # fmt: skip
    assert client.post(url, data)["Location"] == reverse("consult_desk", args=["plan"])
    assert _reload(consultation).influence_decision == {"fr": "L’ordre."}
    html = client.get(url).content.decode()
    assert "À remplir" in html and 'id="id_influence_decision"' in html
    assert "L’ordre." in html


def test_saving_goes_on_to_the_next_gap(client: Client) -> None:
    consultation = make_consultation(opened=False, fields={"notice_rights": {}, "question": {}})
    _signed(client, "adviser")
    data = {"title_fr": "Le plan", "title_en": "The plan", "question_fr": "Quoi d’abord?",
            "question_en": "What first?", "switched_on": "en",
            "organisation": str(consultation.organisation_id)}  # fmt: skip
    answer = client.post(reverse("consult_edit_about", args=["plan"]), data)
    assert answer["Location"].startswith(reverse("consult_edit_privacy", args=["plan"]))


def test_language_switched_off_is_not_drawn_but_kept(client: Client) -> None:
    consultation = make_consultation(
        opened=False,
        fields={"influence_who": {"fr": "Le ministre", "en": "[Who decides]"}},
    )
    _signed(client, "adviser")
    url = reverse("consult_edit_about", args=["plan"])
    data = {"title_fr": "Le plan", "title_en": "The plan", "question_fr": "Quoi?",
            "question_en": "What?", "organisation": str(consultation.organisation_id)}  # fmt: skip
    assert client.post(url, data).status_code == 303
    found = _reload(consultation)
    assert found.languages == ["fr"]
    assert found.question == {"fr": "Quoi?", "en": "What?"}
    assert found.influence_who == {"fr": "Le ministre"}
    assert 'name="question_en"' not in client.get(url).content.decode()
    again = {"title_fr": "Le plan!", "question_fr": "Quoi donc?", "switched_on": "en",
             "organisation": str(consultation.organisation_id)}  # fmt: skip
    client.post(url, again)
    found = _reload(consultation)
    assert found.question == {"fr": "Quoi donc?", "en": "What?"}
    assert found.languages == ["fr", "en"]
    assert 'name="question_en"' in client.get(url).content.decode()


def test_too_long_text_is_refused_and_kept(client: Client) -> None:
    consultation = make_consultation(opened=False)
    _signed(client, "adviser")
    url = reverse("consult_edit_about", args=["plan"])
    data = {"title_fr": "Le plan", "question_fr": "é" * 301, "question_en": "What?",
            "minutes": "beaucoup"}  # fmt: skip
    answer = client.post(url, data)
    html = answer.content.decode()
    assert answer.status_code == 422
    assert "é" * 301 in html and 'value="beaucoup"' in html
    assert 'href="#id_question"' in html
    assert _reload(consultation).question["fr"] == "Un texte clair."


def test_public_texts_change_with_a_history_but_promises_stay(client: Client) -> None:
    consultation = make_consultation()
    _signed(client, "adviser")
    url = reverse("consult_edit_privacy", args=["plan"])
    before = Revision.objects.count()
    texts = {f"{name}_{code}": "Autre texte."
             for name in ("duplicate_rule", "notice_purpose", "notice_readers", "notice_refusal",
                          "notice_rights") for code in ("fr", "en")}  # fmt: skip
    data = {**texts, "who_may": "account", "retention_on": "2040-01-01", "note_fr": "Précision"}
    assert client.post(url, data).status_code == 303
    found = _reload(consultation)
    assert found.duplicate_rule["fr"] == "Autre texte."
    assert found.notice_purpose["fr"] == "Un texte clair."
    assert found.who_may == "anyone"
    assert Revision.objects.count() == before + 1
    assert Revision.objects.latest("pk").note == {"fr": "Précision"}


def test_public_text_cannot_be_emptied(client: Client) -> None:
    consultation = make_consultation()
    _signed(client, "adviser")
    url = reverse("consult_edit_influence", args=["plan"])
    data = {"influence_decision_fr": "", "influence_decision_en": "Kept words",
            "influence_who_fr": "A", "influence_who_en": "A", "influence_out_fr": "A",
            "influence_out_en": "A", "influence_on": "2030-01-01"}  # fmt: skip
    answer = client.post(url, data)
    assert answer.status_code == 422
    assert "Kept words" in answer.content.decode()
    assert _reload(consultation).influence_decision["fr"] == "Un texte clair."


# Dates -------------------------------------------------------------------------------------------


def _dates(consultation: Consultation, **changes: str) -> dict[str, object]:
    phase = consultation.phases.get()
    survey = consultation.activities.get(method="survey")
    prefix = f"phase{phase.pk}"
    return {
        f"{prefix}-title_fr": "Vous répondez", f"{prefix}-title_en": "You answer",
        f"{prefix}-start_day": "2027-01-11", f"{prefix}-start_hour": "8 h 30",
        f"{prefix}-end_day": "2027-02-11", f"{prefix}-end_hour": "",
        f"{prefix}-openings": [f"{survey.pk}:answer"],
        "themes_due": "2027-03-01", "report_due": "2027-04-01", "response_due": "2027-05-01",
        **{name.replace("phase_", f"{prefix}-"): value for name, value in changes.items()},
    }  # fmt: skip


def test_phase_opens_and_closes_at_the_minute_local_time(client: Client) -> None:
    consultation = make_consultation(opened=False)
    _signed(client, "adviser")
    url = reverse("consult_edit_dates", args=["plan"])
    assert client.post(url, _dates(consultation)).status_code == 303
    phase = consultation.phases.get()
    zone = ZoneInfo("America/Toronto")
    assert phase.starts == datetime(2027, 1, 11, 8, 30, tzinfo=zone)
    assert phase.ends == datetime(2027, 2, 12, 0, 0, tzinfo=zone)
    assert _reload(consultation).response_due == date(2027, 5, 1)
    html = client.get(url).content.decode()
    assert 'value="08:30"' in html and 'value="2027-02-11"' in html


def test_several_phases_added_and_removed_in_one_page(client: Client) -> None:
    consultation = make_consultation(opened=False, with_proposals=True)
    _signed(client, "adviser")
    url = reverse("consult_edit_dates", args=["plan"])
    proposals = consultation.activities.get(method="proposals")
    data = _dates(consultation) | {
        "new-title_fr": "Les appuis continuent", "new-start_day": "2027-02-01",
        "new-end_day": "2027-02-20", "new-end_hour": "16:00",
        "new-openings": [f"{proposals.pk}:support"],
    }  # fmt: skip
    assert client.post(url, data).status_code == 303
    assert consultation.phases.count() == 2
    added = consultation.phases.get(title__fr="Les appuis continuent")
    assert [row.action for row in added.actions.all()] == ["support"]
    old = consultation.phases.exclude(pk=added.pk).get()
    gone = {name.replace("new-", f"phase{added.pk}-"): value for name, value in data.items()}
    gone[f"phase{added.pk}-remove"] = "on"
    assert client.post(url, gone).status_code == 303
    assert list(consultation.phases.all()) == [old]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"phase_end_day": "2027-01-01"}, "La fin vient avant le début"),
        ({"phase_start_hour": "25 h"}, "n’est pas une heure"),
        ({"phase_start_day": ""}, "Donnez ce jour"),
        ({"phase_title_fr": ""}, "Dites en français"),
        # In 2027 clocks go forward on 14 March at 2 a.m.
        ({"phase_start_day": "2027-03-14", "phase_start_hour": "2:30",
          "phase_end_day": "2027-04-01"}, "n’existe pas ce jour-là"),
        ({"themes_due": "bientôt"}, "n’est pas une date"),
        ({"new-title_fr": "À moitié"}, "Donnez ce jour"),
        ({"phase_openings": ["autre:answer"]}, "autre:answer"),
    ],
)  # fmt: skip
def test_wrong_dates_change_nothing_and_are_kept(client, changes, said) -> None:
    consultation = make_consultation(opened=False)
    before = consultation.phases.get()
    _signed(client, "adviser")
    data = _dates(consultation, **changes) | {"new-end_hour": "16:15"}
    answer = client.post(reverse("consult_edit_dates", args=["plan"]), data)
    html = answer.content.decode()
    assert answer.status_code == 422
    assert said in html
    assert 'value="16:15"' in html and 'value="2027-04-01"' in html
    after = consultation.phases.get()
    assert (after.starts, after.ends) == (before.starts, before.ends)
    assert _reload(consultation).report_due != date(2027, 4, 1)


def test_public_dates_are_read_only_but_promises_move(client: Client) -> None:
    consultation = make_consultation()
    phase = consultation.phases.get()
    _signed(client, "adviser")
    url = reverse("consult_edit_dates", args=["plan"])
    html = client.get(url).content.decode()
    assert reverse("consult_extend", args=["plan", phase.pk]) in html
    assert f"phase{phase.pk}-start_day" not in html
    dues = {name: str(a_day(200)) for name in ("themes_due", "report_due", "response_due")}
    assert client.post(url, _dates(consultation) | dues).status_code == 303
    assert Phase.objects.get().ends == phase.ends
    assert _reload(consultation).response_due == a_day(200)
    early = {name: str(a_day(1)) for name in dues}
    assert client.post(url, early).status_code == 422


# Ways to take part, documents --------------------------------------------------------------------


def test_activities_added_renamed_removed(client: Client) -> None:
    consultation = make_consultation(opened=False)
    _signed(client, "adviser")
    url = reverse("consult_edit_activities", args=["plan"])
    wrong = client.post(url, {"action": "add", "method": "proposals", "title_en": "Ideas"})
    assert wrong.status_code == 422
    assert 'value="Ideas"' in wrong.content.decode()
    client.post(url, {"action": "add", "method": "proposals", "title_fr": "Idées"})
    added = consultation.activities.select_related("node").get(method="proposals")
    overview = client.get(reverse("consult_desk", args=["plan"])).content.decode()
    assert "« Idées » n’ouvre à aucune date" in overview.replace("\u00a0", " ")
    slug = added.node.slug
    name = f"name-{slug}-title"
    refused = client.post(url, {"action": "rename", "activity": slug, f"{name}_fr": ""})
    assert refused.status_code == 422
    client.post(url, {"action": "rename", "activity": slug, f"{name}_fr": "Vos idées"})
    added.node.refresh_from_db()
    assert added.node.title == {"fr": "Vos idées"}
    client.post(url, {"action": "remove", "activity": slug})
    assert not consultation.activities.filter(method="proposals").exists()
    assert client.post(url, {"action": "remove", "activity": "autre"}).status_code == 422


def test_used_activity_is_not_removed(client: Client) -> None:
    consultation = make_consultation()
    _signed(client, "adviser")
    slug = consultation.activities.get().node.slug
    answer = client.post(
        reverse("consult_edit_activities", args=["plan"]), {"action": "remove", "activity": slug}
    )
    assert answer.status_code == 422
    assert consultation.activities.count() == 1


def test_document_is_attached_once_and_listed(client: Client) -> None:
    consultation = make_consultation(opened=False)
    _signed(client, "adviser")
    document = Node.objects.create(
        kind="document", slug="resume", title={"fr": "Le sujet en deux pages"}, state=State.PUBLIC
    )
    url = reverse("consult_desk", args=["plan"])
    assert client.post(url, {"document": ""}).status_code == 422
    assert client.post(url, {"document": str(document.pk)}).status_code == 303
    assert consultation.node.links_in.filter(relation="informs", source=document).count() == 1
    html = client.get(url).content.decode()
    assert html.count(">Le sujet en deux pages<") == 1


def test_a_document_is_detached_and_attached_again(client: Client) -> None:
    consultation = make_consultation()
    document = Node.objects.create(
        kind="document", slug="resume", title={"fr": "Le sujet"}, state=State.PUBLIC
    )
    services.attach_document(actor=SYSTEM, consultation=consultation, document=document)
    url, links = reverse("consult_desk", args=["plan"]), consultation.node.links_in
    detach = {"detach": str(document.pk)}
    public = reverse("consultation", args=["plan"])
    assert "Le sujet" in client.get(public).content.decode()
    _signed(client, "analyst")
    assert client.post(url, detach).status_code == 403
    client.force_login(make_person("adviser", "conseil@test.example"))
    assert 'aria-label="Détacher\u00a0:\u00a0Le sujet"' in client.get(url).content.decode()
    answer = client.post(url, detach, follow=True)
    html = answer.content.decode()
    assert "Le sujet\u00a0» est détaché." in html and "Le sujet</option>" in html
    assert not links.filter(relation="informs").exists()
    event = Event.objects.get(verb="consultation.document_detached")
    assert event.data == {"document": str(document.pk)} and event.actor is not None
    assert "Le sujet" not in client.get(public).content.decode()
    assert Node.objects.filter(pk=document.pk, state=State.PUBLIC).exists()
    for wrong in (document.pk, consultation.pk, "x"):
        assert client.post(url, {"detach": str(wrong)}).status_code == 404
    assert client.post(url, {"document": str(document.pk)}).status_code == 303
    assert links.filter(relation="informs", source=document).count() == 1


def test_the_right_to_attach_is_on_that_consultation() -> None:
    consultation = make_consultation()
    document = Node.objects.create(kind="document", slug="resume", title={"fr": "Le sujet"})
    person = make_person(email="ailleurs@test.example")
    other = make_organisation("ailleurs", "Ailleurs").node
    Role.objects.create(person=person, role="adviser", scope=other)
    for service in (services.attach_document, services.detach_document):
        with pytest.raises(Forbidden):
            service(actor=actor_for(person), consultation=consultation, document=document)


# Opening and extending ---------------------------------------------------------------------------


def test_opening_twice_makes_one_event(client: Client) -> None:
    make_consultation(opened=False)
    _signed(client, "adviser")
    url = reverse("consult_open", args=["plan"])
    assert "Ouvrir la consultation" in client.get(url).content.decode()
    for _n in range(2):
        assert client.post(url, {"key": "k" * 22}).status_code == 303
    assert Event.objects.filter(verb="consultation.published").count() == 1
    assert client.get(url).status_code == 200


def _extend(client: Client, phase: Phase, **data: str):
    defaults = {"new_day": a_day(45).isoformat(), "new_hour": "", "reason_fr": "Panne du site",
                "key": "e" * 22}  # fmt: skip
    return client.post(reverse("consult_extend", args=["plan", phase.pk]), {**defaults, **data})


def test_extension_shows_old_and_new_with_its_reason(client: Client) -> None:
    consultation = make_consultation()
    phase = consultation.phases.get()
    _signed(client, "adviser")
    for _n in range(2):
        assert _extend(client, phase).status_code == 303
    made = Extension.objects.get()
    assert (made.old_ends, made.reason) == (phase.ends, {"fr": "Panne du site"})
    zone = ZoneInfo("America/Toronto")
    assert made.new_ends == datetime.combine(a_day(46), datetime.min.time(), zone)
    html = client.get(reverse("consult_desk", args=["plan"])).content.decode()
    assert "Panne du site" in html
    local = timezone.localtime(phase.ends)
    assert f"{local.hour}\u00a0h\u00a0{local.minute:02d}" in html


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"new_day": a_day(3).isoformat()}, "jamais raccourcie"),
        ({"reason_fr": "", "reason_en": "A failure"}, "Panne|A failure"),
        ({"new_day": "plus tard"}, "année-mois-jour"),
    ],
)
def test_shortening_or_no_reason_is_refused_in_words(client, changes, said) -> None:
    phase = make_consultation().phases.get()
    _signed(client, "adviser")
    answer = _extend(client, phase, **changes)
    html = answer.content.decode()
    assert answer.status_code == 422
    assert any(words in html for words in said.split("|"))
    assert not Extension.objects.exists()
    assert Phase.objects.get().ends == phase.ends


def test_a_finished_phase_is_not_extended(client: Client) -> None:
    phase = make_consultation(days=(-20, 2)).phases.get()
    Phase.objects.update(ends=timezone.now() - timedelta(minutes=1))
    _signed(client, "adviser")
    answer = _extend(client, phase)
    assert answer.status_code == 403
    assert "Panne du site" in answer.content.decode()
    assert not Extension.objects.exists()


def test_phase_of_another_consultation_is_404(client: Client) -> None:
    make_consultation()
    other = make_consultation(slug="autre").phases.get()
    _signed(client, "adviser")
    assert _extend(client, other).status_code == 404


@pytest.mark.parametrize("language", ["fr", "en"])
def test_every_page_speaks_both_languages(client: Client, language: str) -> None:
    consultation = make_consultation(opened=False, with_proposals=True)
    _signed(client, "adviser")
    path = "bureau" if language == "fr" else "desk"
    page = client.get(f"/{language}/{path}/consultations/{consultation.node.slug}/")
    assert page.status_code == 200
    words = "Étapes de la préparation" if language == "fr" else "Steps of setting up"
    assert words in page.content.decode()
