"""The pages of approval as people use them: staff, readers by secret link, both languages."""

import logging
import re
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import override

from parvis.consult import services as consult
from parvis.consult.approval import changes, schedule, services
from parvis.consult.approval.models import ProposedChange, Review, ReviewComment, Reviewer
from parvis.consult.approval.tests.approval_factories import Team, make_review, make_team
from parvis.consult.models import Consultation
from parvis.core.logs import JsonFormatter, mask
from parvis.core.models import Event, Site, State
from tests.factories import make_consultation, make_person

pytestmark = pytest.mark.django_db
TEXT = {"fr": "Un résumé plus clair.", "en": "A clearer summary."}


def _client(actor: Any) -> Client:
    client = Client()
    client.force_login(actor.person)
    return client


def _url(name: str, *args: Any, language: str = "fr") -> str:
    with override(language):
        return reverse(name, args=args)


def _key() -> dict[str, str]:
    from parvis.core.ids import new_token

    return {"key": new_token()}


def _slug(team: Team) -> str:
    return team.consultation.node.slug


# From asking to opening --------------------------------------------------------------------------


def test_from_draft_to_open_by_the_pages() -> None:
    team = make_team()
    slug, adviser, coordinator = _slug(team), _client(team.adviser), _client(team.coordinator)
    desk = _url("consult_desk", slug)
    assert _url("consult_ask_review", slug) in adviser.get(desk).content.decode()
    refused = adviser.post(_url("consult_open", slug), _key())
    assert refused.status_code == 422
    assert _url("consult_approval", slug) in refused.content.decode()
    asked = adviser.post(_url("consult_ask_review", slug), {**_key(), "note": "Lisez."})
    assert asked.status_code == 303
    page = coordinator.get(asked["Location"])
    assert "Lisez." in page.content.decode() and "Approuver cette version" in page.content.decode()
    assert "Approuver cette version" not in adviser.get(asked["Location"]).content.decode()
    todo = coordinator.get(_url("desk")).content.decode()
    assert "En attente de mon approbation" in todo and asked["Location"] in todo
    assert "En attente de mon approbation" not in adviser.get(_url("desk")).content.decode()
    done = coordinator.post(asked["Location"], {**_key(), "action": "approve", "words": ""})
    assert done.status_code == 303
    html = adviser.get(desk).content.decode()
    assert _url("consult_open", slug) in html and _url("consult_schedule", slug) in html
    assert adviser.post(_url("consult_open", slug), _key()).status_code == 303
    assert Consultation.objects.get().node.state == State.PUBLIC


def test_the_desk_lists_five_states_and_says_the_current_one() -> None:
    team = make_team()
    adviser, desk = _client(team.adviser), _url("consult_desk", _slug(team))
    for words in ("Brouillon", "En relecture", "Approuvée"):
        html = adviser.get(desk).content.decode()
        found = re.search(r'<ol class="row five".*?</ol>', html, re.S)
        assert found and found[0].count("<li") == 5
        current = re.search(r'<li aria-current="step">.*?</li>', found[0], re.S)
        assert current and words in current[0]
        review = Review.objects.first()
        if review is None:
            make_review(team)
        elif review.state == "waiting":
            services.approve(actor=team.coordinator, review=review)


def test_once_open_what_was_not_used_is_not_said_done() -> None:
    team = make_team()
    make_review(team, approved=True)
    consult.open_consultation(actor=team.adviser, consultation=team.consultation)
    html = _client(team.adviser).get(_url("consult_desk", _slug(team))).content.decode()
    found = re.search(r'<ol class="row five".*?</ol>', html, re.S)
    assert found and found[0].count('data-state="done"') == 4
    assert 'data-state="dropped">Ouverture prévue' in found[0]


def test_the_desk_says_what_changed_since_the_approval() -> None:
    team = make_team()
    make_review(team, approved=True)
    consult.update_consultation(
        actor=team.adviser, consultation=team.consultation, changes={"summary": TEXT}
    )
    adviser = _client(team.adviser)
    for name in ("consult_desk", "consult_ask_review", "consult_approval"):
        html = adviser.get(_url(name, _slug(team))).content.decode()
        assert "<ins>résumé plus</ins>" in html and "<del>texte</del>" in html, name
        assert "<ins>clearer summary.</ins>" in html, name


def test_without_the_setting_the_desk_speaks_of_opening_only() -> None:
    team = make_team()
    Site.objects.update(approval="none")
    html = _client(team.adviser).get(_url("consult_desk", _slug(team))).content.decode()
    assert 'class="row five"' not in html and _url("consult_open", _slug(team)) in html


def test_coordinators_are_led_to_what_is_theirs() -> None:
    team = make_team()
    client = _client(team.coordinator)
    answer = client.get(_url("consult_desk", _slug(team)))
    assert answer.status_code == 302
    assert answer["Location"] == _url("consult_approval", _slug(team))
    assert _url("consult_approval", _slug(team)) in client.get(_url("desk")).content.decode()


@pytest.mark.parametrize("language", ["fr", "en"])
def test_every_page_speaks_both_languages(language: str) -> None:
    team = make_team()
    review = make_review(team)
    _reviewer, secret = services.invite_reviewer(actor=team.adviser, review=review, name="Lise")
    services.comment(actor=team.coordinator, review=review, body="Un mot.", field="question")
    adviser, slug = _client(team.adviser), _slug(team)
    words = {
        "fr": ("Approbations", "Demander l’approbation", "Ce que les gens verront",
               "Prévoir l’ouverture", "À relire avant l’ouverture"),
        "en": ("Approvals", "Ask for approval", "What people will see", "Plan the opening",
               "To read before it opens"),
    }[language]  # fmt: skip
    places = (
        _url("consult_approval", slug, language=language),
        _url("consult_ask_review", slug, language=language),
        _url("consult_review", slug, review.pk, language=language),
        _url("consult_schedule", slug, language=language),
        _url("review_secret", secret, language=language),
    )
    for place, expected in zip(places, words, strict=True):
        page = adviser.get(place)
        assert page.status_code == 200 and expected in page.content.decode(), place
    with override("fr"):
        assert "/relecture/" in reverse("review_secret", args=["x"])


# Comments and decisions on the page --------------------------------------------------------------


def test_a_comment_refused_keeps_what_was_typed_in_its_own_form() -> None:
    team = make_team()
    review = make_review(team)
    place = _url("consult_review", _slug(team), review.pk)
    typed = "x" * 2001
    answer = _client(team.coordinator).post(
        place, {**_key(), "action": "comment", "field": "question", "anchor": "ligne-3",
                "body": typed},
    )  # fmt: skip
    html = answer.content.decode()
    assert answer.status_code == 422 and html.count(typed) == 1
    assert 'href="#id_body_ligne-3"' in html and 'id="id_body_ligne-3"' in html
    assert "<details open>" in html
    unknown = _client(team.coordinator).post(
        place, {**_key(), "action": "comment", "field": "rien", "body": "Gardez-moi"}
    )
    assert unknown.status_code == 422 and "Gardez-moi" in unknown.content.decode()
    assert ReviewComment.objects.count() == 0


def test_changes_asked_without_words_are_refused_in_place() -> None:
    team = make_team()
    review = make_review(team)
    place = _url("consult_review", _slug(team), review.pk)
    client = _client(team.coordinator)
    answer = client.post(place, {**_key(), "action": "changes", "words": ""})
    assert answer.status_code == 422 and "id_words_changes" in answer.content.decode()
    assert client.post(place, {**_key(), "action": "nothing"}).status_code == 422
    client.post(place, {**_key(), "action": "changes", "words": "Dites qui décide."})
    html = _client(team.adviser).get(_url("consult_desk", _slug(team))).content.decode()
    assert "Dites qui décide." in html


def test_approving_what_changed_is_said_on_the_form() -> None:
    team = make_team()
    review = make_review(team)
    consult.update_consultation(
        actor=team.adviser, consultation=team.consultation, changes={"summary": TEXT}
    )
    place = _url("consult_review", _slug(team), review.pk)
    client = _client(team.coordinator)
    assert "Approuver cette version" not in client.get(place).content.decode()
    answer = client.post(place, {**_key(), "action": "approve", "words": "Oui"})
    assert answer.status_code == 409
    assert "Le brouillon a changé depuis cette demande" in answer.content.decode()


def test_the_same_form_twice_has_one_effect() -> None:
    team = make_team()
    review = make_review(team)
    place, client = _url("consult_review", _slug(team), review.pk), _client(team.coordinator)
    sent = {**_key(), "action": "comment", "field": "", "body": "Une fois", "anchor": "tout"}
    answers = [client.post(place, sent) for _n in range(2)]
    assert [a.status_code for a in answers] == [303, 303]
    assert answers[0]["Location"] == f"{place}#tout" and ReviewComment.objects.count() == 1
    odd = {**_key(), "action": "comment", "body": "Ailleurs", "anchor": "x\r\nSet-Cookie: a=b"}
    assert client.post(place, odd)["Location"] == place


def test_a_review_of_another_consultation_is_not_there() -> None:
    team = make_team()
    review = make_review(team)
    make_consultation(slug="autre", opened=False)
    client = _client(team.coordinator)
    assert client.get(_url("consult_review", "autre", review.pk)).status_code == 404
    assert client.get(_url("consult_change", "autre", 1)).status_code == 404


def test_buttons_about_something_else_are_refused() -> None:
    team = make_team()
    review = make_review(team)
    place, client = _url("consult_review", _slug(team), review.pk), _client(team.adviser)
    for action in ("resolve", "revoke"):
        for target in ("999", "x", "", "9" * 30):
            answer = client.post(place, {"action": action, "target": target})
            assert answer.status_code == 404
    row = services.comment(actor=team.coordinator, review=review, body="Un mot.")
    assert client.post(place, {"action": "resolve", "target": row.pk}).status_code == 303
    assert "Réglé" in client.get(place).content.decode()
    assert client.post(place, {"action": "withdraw"}).status_code == 303
    assert client.post(place, {"action": "withdraw"}).status_code == 403


# The secret link ---------------------------------------------------------------------------------


def _linked(team: Team) -> tuple[Review, Reviewer, str]:
    review = make_review(team)
    reviewer, secret = services.invite_reviewer(actor=team.adviser, review=review, name="Lise")
    return review, reviewer, secret


def test_a_link_is_shown_on_one_answer_only() -> None:
    team = make_team()
    review = make_review(team)
    place, client = _url("consult_review", _slug(team), review.pk), _client(team.adviser)
    sent = {**_key(), "action": "invite", "name": "Lise"}
    answer = client.post(place, sent)
    found = re.search(r"/fr/relecture/([\w-]{40,})/", answer.content.decode())
    assert answer.status_code == 200 and found
    assert "no-store" in answer["Cache-Control"]
    again = client.post(place, sent, follow=True)
    assert found[1] not in again.content.decode() and Reviewer.objects.count() == 1
    assert found[1] not in client.get(place).content.decode()
    assert Client().get(f"/fr/relecture/{found[1]}/").status_code == 200


def test_a_reader_without_account_reads_comments_and_nothing_else() -> None:
    team = make_team()
    review, reviewer, secret = _linked(team)
    services.comment(actor=team.coordinator, review=review, body="Mot de la coordination")
    stranger, place = Client(enforce_csrf_checks=True), _url("review_secret", secret)
    page = stranger.get(place)
    html = page.content.decode()
    assert page.status_code == 200 and "Quelle action d’abord?" in html
    assert "Mot de la coordination" not in html and "csrfmiddlewaretoken" not in html
    assert page["Referrer-Policy"] == "no-referrer" and "no-store" in page["Cache-Control"]
    assert "noindex" in page["X-Robots-Tag"] and 'content="noindex,nofollow"' in html
    assert not stranger.cookies
    reviewer.refresh_from_db()
    assert reviewer.opened_at
    sent = {**_key(), "action": "comment", "field": "question", "anchor": "ligne-3",
            "body": "Est-ce clair?"}  # fmt: skip
    answer = stranger.post(place, sent, headers={"origin": "null"})
    assert answer.status_code == 303 and answer["Location"] == f"{place}#ligne-3"
    assert "Est-ce clair?" in stranger.get(place).content.decode()
    assert (
        "Est-ce clair?"
        in _client(team.adviser)
        .get(_url("consult_review", _slug(team), review.pk))
        .content.decode()
    )
    for name in ("consult_desk", "consult_approval", "consult_open", "consultation"):
        assert stranger.get(_url(name, _slug(team))).status_code in {302, 404}
    refused = stranger.post(place, {**_key(), "action": "approve", "body": "", "words": "Oui"})
    assert refused.status_code == 422
    review.refresh_from_db()
    assert review.state == "waiting"


def test_what_the_link_shows_is_what_was_given_to_read() -> None:
    team = make_team()
    _review, _reviewer, secret = _linked(team)
    consult.update_consultation(
        actor=team.adviser, consultation=team.consultation, changes={"summary": TEXT}
    )
    assert (
        "Un résumé plus clair." not in Client().get(_url("review_secret", secret)).content.decode()
    )


def test_links_over_wrong_or_of_another_review_open_nothing() -> None:
    team = make_team()
    review, reviewer, secret = _linked(team)
    place, stranger = _url("review_secret", secret), Client()
    for wrong in (secret[:-1], secret[:-1] + "~", "x", "é"):
        assert stranger.get(f"/fr/relecture/{wrong}/").status_code == 404
    Reviewer.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    for answer in (stranger.get(place), stranger.post(place, {**_key(), "body": "Tard"})):
        assert answer.status_code == 410 and "Quelle action" not in answer.content.decode()
    Reviewer.objects.update(expires_at=timezone.now() + timedelta(days=1))
    _client(team.adviser).post(
        _url("consult_review", _slug(team), review.pk), {"action": "revoke", "target": reviewer.pk}
    )
    assert stranger.get(place).status_code == 410
    assert ReviewComment.objects.count() == 0


def test_a_link_of_a_review_that_is_over_still_reads_and_takes_nothing() -> None:
    team = make_team()
    review, _reviewer, secret = _linked(team)
    services.approve(actor=team.coordinator, review=review)
    place, stranger = _url("review_secret", secret), Client()
    html = stranger.get(place).content.decode()
    assert "Cette relecture est terminée" in html and "<textarea" not in html
    answer = stranger.post(place, {**_key(), "action": "comment", "body": "Encore"})
    assert answer.status_code == 403 and ReviewComment.objects.count() == 0


def test_a_reader_who_says_too_much_is_told_to_wait() -> None:
    team = make_team()
    review, _reviewer, secret = _linked(team)
    for n in range(services.COMMENTS_BY_HOUR):
        services.comment(review=review, secret=secret, body=f"Numéro {n}")
    answer = Client().post(_url("review_secret", secret), {**_key(), "body": "Gardez-moi"})
    assert answer.status_code == 429 and "Gardez-moi" in answer.content.decode()


def test_the_secret_is_in_no_log_nor_table(caplog: pytest.LogCaptureFixture) -> None:
    team = make_team()
    _review, _reviewer, secret = _linked(team)
    caplog.set_level(logging.INFO)
    logging.getLogger("parvis.access").addHandler(caplog.handler)
    stranger = Client()
    for language in ("fr", "en"):
        place = _url("review_secret", secret, language=language)
        stranger.get(place)
        stranger.post(place, {**_key(), "body": "Bonjour"})
        stranger.get(place + "perdu/")
        assert secret not in mask(f"GET {place} 200")
    written = [JsonFormatter().format(record) for record in caplog.records]
    assert len(written) >= 6 and not any(secret in line for line in written)
    assert not any(secret in str(row) for row in Reviewer.objects.values())
    assert not any(secret in str(data) for data in Event.objects.values_list("data", flat=True))


# Planning ----------------------------------------------------------------------------------------


def test_a_minute_is_chosen_in_the_time_zone_of_the_consultation() -> None:
    team = make_team()
    make_review(team, approved=True)
    Consultation.objects.filter(pk=team.consultation.pk).update(time_zone="America/Vancouver")
    Review.objects.all().delete()
    team.consultation.time_zone = "America/Vancouver"
    make_review(team, approved=True)
    day = timezone.localdate() + timedelta(days=2)
    place, client = _url("consult_schedule", _slug(team)), _client(team.adviser)
    for wrong, field in (
        ({"day": "", "hour": "8"}, "id_day"),
        ({"day": day, "hour": "25"}, "id_hour"),
        ({"day": timezone.localdate() - timedelta(days=2), "hour": "8"}, "id_day"),
        ({"day": timezone.localdate() + timedelta(days=300), "hour": "8"}, "id_day"),
    ):
        answer = client.post(place, {**_key(), **wrong})
        assert answer.status_code == 422 and f"#{field}" in answer.content.decode(), wrong
    assert client.post(place, {**_key(), "day": day, "hour": "8 h 30"}).status_code == 303
    planned = Review.objects.get().publish_at
    assert planned
    local = planned.astimezone(ZoneInfo("America/Vancouver"))
    assert (local.date(), local.hour, local.minute) == (day, 8, 30)
    html = client.get(_url("consult_desk", _slug(team))).content.decode()
    assert "8 h 30" in html.replace("\u00a0", " ")
    assert client.post(place, {"remove": "1"}).status_code == 303
    assert Review.objects.get().publish_at is None


def test_an_opening_that_failed_is_on_the_desk() -> None:
    team = make_team()
    review = make_review(team, approved=True)
    schedule.schedule(
        actor=team.adviser, consultation=team.consultation,
        publish_at=timezone.now() + timedelta(hours=1),
    )  # fmt: skip
    consult.update_consultation(
        actor=team.adviser, consultation=team.consultation, changes={"summary": TEXT}
    )
    adviser = _client(team.adviser)
    before = adviser.get(_url("consult_desk", _slug(team))).content.decode()
    assert "elle ne s’ouvrira pas" in before
    schedule.tick(timezone.now() + timedelta(hours=2))
    review.refresh_from_db()
    after = adviser.get(_url("consult_desk", _slug(team))).content.decode()
    assert "ne s’est pas ouverte" in after
    assert "Une ouverture prévue n’a pas eu lieu" in adviser.get(_url("desk")).content.decode()


# Changes of what is open -------------------------------------------------------------------------


def _about(client: Client, team: Team, **typed: Any) -> Any:
    place = _url("consult_edit_influence", _slug(team))
    form = client.get(place).context["form"]
    values: dict[str, Any] = {}
    for name in form.fields:
        value = form[name].value()
        if isinstance(value, dict):
            values |= {f"{name}_{code}": words for code, words in value.items()}
        elif value not in (None, ""):
            values[name] = value
    return client.post(place, {**values, **typed})


def test_an_edit_of_an_open_consultation_waits_for_a_second_person() -> None:
    team = make_team(opened=True)
    adviser, coordinator = _client(team.adviser), _client(team.coordinator)
    refused = _about(adviser, team, influence_who_fr="La ministre")
    assert refused.status_code == 422 and "La ministre" in refused.content.decode()
    sent = _about(adviser, team, influence_who_fr="La ministre", note_fr="Une précision.")
    assert sent.status_code == 303
    public = _url("consultation", _slug(team))
    assert "La ministre" not in Client().get(public).content.decode()
    page = adviser.get(sent["Location"]).content.decode()
    assert "<ins>La ministre</ins>" in page and "Publier ce changement" not in page
    again = _about(adviser, team, influence_who_fr="Le ministre", note_fr="Encore.")
    assert again.status_code == 409 and "Le ministre" in again.content.decode()
    assert sent["Location"] in coordinator.get(_url("desk")).content.decode()
    wrong = coordinator.post(sent["Location"], {**_key(), "action": "refuse", "words": ""})
    assert wrong.status_code == 422
    unknown = coordinator.post(sent["Location"], {**_key(), "action": "x"})
    assert unknown.status_code == 422
    done = coordinator.post(sent["Location"], {**_key(), "action": "approve", "words": ""})
    assert done.status_code == 303
    assert "La ministre" in Client().get(public).content.decode()
    told = Client().get(_url("consultation_history", _slug(team))).content.decode()
    assert "Une précision." in told and "<ins>La ministre</ins>" in told


def test_the_dates_promised_wait_too() -> None:
    team = make_team(opened=True)
    adviser, place = _client(team.adviser), _url("consult_edit_dates", _slug(team))
    due = timezone.localdate()
    typed = {
        "themes_due": due + timedelta(days=61), "report_due": due + timedelta(days=70),
        "response_due": due + timedelta(days=80), "note_fr": "Une semaine de congé.",
    }  # fmt: skip
    answer = adviser.post(place, typed)
    change = ProposedChange.objects.get()
    assert answer["Location"] == _url("consult_change", _slug(team), change.pk)
    assert list(change.changes) == ["themes_due"]
    assert adviser.post(answer["Location"], {"action": "withdraw"}).status_code == 303
    Site.objects.update(approval="none")
    assert adviser.post(place, typed).status_code == 303
    assert Consultation.objects.get().themes_due == due + timedelta(days=61)


def test_a_change_in_conflict_says_so() -> None:
    team = make_team(opened=True)
    change = changes.propose_change(
        actor=team.adviser, consultation=team.consultation, changes={"summary": TEXT},
        note={"fr": "Une faute."},
    )  # fmt: skip
    Consultation.objects.update(summary={"fr": "Autre", "en": "Other"})
    place, client = _url("consult_change", _slug(team), change.pk), _client(team.coordinator)
    html = client.get(place).content.decode()
    assert "Publier ce changement" not in html and "Le texte a changé entre-temps" in html
    answer = client.post(place, {**_key(), "action": "approve", "words": ""})
    assert answer.status_code == 409 and "entre-temps" in answer.content.decode()


def test_the_operator_sets_the_mode() -> None:
    team = make_team()
    client = Client()
    client.force_login(make_person("operator"))
    place = _url("approval_mode")
    assert client.post(place, _key()).status_code == 422
    assert client.post(place, {**_key(), "approval": "none"}).status_code == 303
    assert Site.objects.get().approval == "none"
    assert _client(team.adviser).get(place).status_code == 403


# Queries -----------------------------------------------------------------------------------------


def _queries(client: Client, place: str) -> int:
    client.get(place)
    with CaptureQueriesContext(
        connection,
    ) as seen:
        assert client.get(place).status_code == 200
    return len(seen)


def test_the_review_asks_as_much_with_two_comments_and_with_forty() -> None:
    team = make_team(with_proposals=True)
    review, _reviewer, secret = _linked(team)
    place, client = _url("consult_review", _slug(team), review.pk), _client(team.coordinator)
    link, found = _url("review_secret", secret), []
    for n in (2, 40):
        for rank in range(n):
            by = {"secret": secret} if rank % 2 else {"actor": team.coordinator}
            services.comment(review=review, body=f"Mot {rank}", field="question", **by)
            ReviewComment.objects.update(at=timezone.now() - timedelta(hours=2))
        found.append((_queries(client, place), _queries(Client(), link)))
    assert found[0] == found[1]
    assert found[0][0] <= 26 and found[0][1] <= 8, found


def test_the_list_of_approvals_asks_as_much_with_two_and_with_nine() -> None:
    team = make_team()
    place, client = _url("consult_approval", _slug(team)), _client(team.coordinator)
    found = []
    for n in (2, 9):
        while Review.objects.count() < n:
            text = {"fr": f"Version {Review.objects.count()}", "en": "Version"}
            consult.update_consultation(
                actor=team.adviser, consultation=team.consultation, changes={"summary": text}
            )
            make_review(team, approved=True)
        found.append(_queries(client, place))
    assert found[0] == found[1] <= 26, found
    html = client.get(place).content.decode()
    assert html.count("Approuvée") >= 9 and "<ins>" in html


def test_the_desk_asks_as_much_with_one_waiting_and_with_five() -> None:
    team = make_team()
    make_review(team)
    client, found = _client(team.coordinator), []
    found.append(_queries(client, _url("desk")))
    for n in range(4):
        other = make_consultation(slug=f"autre-{n}", opened=False)
        services.ask_review(actor=team.adviser, consultation=other)
    # Each of the three latest drafts says what it misses: that is counted apart.
    assert client.get(_url("desk")).content.decode().count("Lire et décider") == 5
    from parvis.consult.approval import queries

    with CaptureQueriesContext(connection) as seen:
        assert len(list(queries.to_approve(team.coordinator))) == 5
    assert len(seen) == 2 and found[0] > 0
