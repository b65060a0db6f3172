"""A committee and an accredited group evaluate alone: beside the government's own, out of reach."""

import hashlib
import re
from datetime import date, timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone, translation

from parvis.collaborate.tests.collaborate_factories import (
    ago,
    both,
    make_committee,
    make_group,
    make_speaker,
    plain,
)
from parvis.core.access import NOBODY, SYSTEM
from parvis.core.errors import Conflict, Forbidden, Invalid, NotFound, SignInNeeded
from parvis.core.events import IdempotencyKey
from parvis.core.models import Event, Link, State
from parvis.ledger.models import Leaf
from parvis.merkle import canon
from parvis.moderation import services as moderation
from parvis.plan import independent, reports
from parvis.plan.models import Evaluation
from parvis.plan.tests.plan_factories import make_commitment, make_plan
from parvis.site.evaluating import publish_evaluation
from tests.factories import make_actor, make_person

pytestmark = pytest.mark.django_db
KEY = re.compile(r'name="key" value="([^"]+)"')
FIELDS = {
    "text": both("Rien n’a changé."),
    "completion": "limited",
    "relevant": False,
    "reasons": {"completion": both("Un jalon sur cinq."), "relevant": both("C’est interne.")},
    "signed": "Mado, porte-parole",
    "sources": ["https://exemple.test/rapport"],
}


@pytest.fixture(autouse=True)
def in_french():
    """Read and write in French."""
    with translation.override("fr"):
        yield


def publish(actor: Any, body: Any, thing: Any, **more: Any) -> Evaluation:
    """Publish an independent evaluation of a commitment."""
    fields = {**FIELDS, **more.pop("fields", {})}
    known = {"kind": "end", "commitment": thing, **more}
    return publish_evaluation(actor=actor, body=body, fields=fields, **known)


def test_a_group_publishes_alone_and_the_register_seals_it() -> None:
    commitment, group = make_commitment(make_plan()), make_group()
    actor = make_speaker(group)
    key = IdempotencyKey.of("e", "k", "x")
    made = publish(actor, group, commitment, key=key)
    again = publish(actor, group, commitment, key=IdempotencyKey.of("e", "k", "x"))
    assert again.pk == made.pk and Evaluation.objects.count() == 1
    assert made.node.state == State.PUBLIC and made.by == "group"
    assert made.evaluated_on == timezone.localdate() and made.author_id == actor.person_id
    assert Link.objects.get(target=made.node).relation == "evaluated_by"
    leaf = Leaf.objects.get(kind="document.published")
    digest = hashlib.sha256(canon.encode(independent.content_of(made))).hexdigest()
    assert leaf.members["d"]["sha256"] == digest and leaf.on == f"commitment/{commitment.pk}"


@pytest.mark.parametrize("who", ["citizen", "coordinator", "adviser", "operator"])
def test_nobody_else_speaks_for_them_staff_least_of_all(who: str) -> None:
    commitment, committee = make_commitment(make_plan()), make_committee()
    with pytest.raises(Forbidden):
        publish(make_actor(who), committee, commitment)
    with pytest.raises(SignInNeeded):
        publish(NOBODY, committee, commitment)
    with pytest.raises(Invalid):
        reports.evaluate(
            actor=SYSTEM, kind="end", commitment=commitment, by="committee", fields=FIELDS
        )
    assert not Evaluation.objects.exists()


def test_a_member_of_one_body_does_not_speak_for_another() -> None:
    commitment, committee, group = make_commitment(make_plan()), make_committee(), make_group()
    with pytest.raises(Forbidden):
        publish(make_speaker(committee), group, commitment)


def test_a_term_or_an_accreditation_that_is_over_publishes_no_more() -> None:
    today = timezone.localdate()
    commitment = make_commitment(make_plan())
    committee, group = make_committee(), make_group(until=today + timedelta(days=3))
    member, voice = make_speaker(committee, ends=today), make_speaker(group, "voix@test.example")
    publish(member, committee, commitment)
    with pytest.raises(Forbidden):
        publish(member, committee, commitment, today=today + timedelta(days=1))
    publish(voice, group, commitment, today=today + timedelta(days=3))
    with pytest.raises(Forbidden):
        publish(voice, group, commitment, today=today + timedelta(days=4))
    assert Evaluation.objects.count() == 2


@pytest.mark.parametrize(
    ("fields", "wrong"),
    [
        ({"text": {}}, {"text"}),
        ({"text": {"de": "Nein"}}, {"text"}),
        ({"text": {"fr": "x" * 20_001}}, {"text"}),
        ({"signed": " "}, {"signed"}),
        ({"signed": "x" * 201}, {"signed"}),
        ({"completion": "presque"}, {"completion"}),
        ({"completion": "", "relevant": None}, {"completion"}),
        ({"reasons": {}}, {"reason_completion", "reason_relevant"}),
        ({"reasons": {"completion": both("x" * 1_001)}}, {"reason_completion", "reason_relevant"}),
        ({"reasons": {"beauty": both("Belle.")}}, {"beauty"}),
        ({"evaluated_on": date(2999, 1, 1)}, {"evaluated_on"}),
        ({"sources": ["nulle part"]}, {"sources"}),
        ({"evaluator": both("Un autre")}, {"evaluator"}),
        ({"by": "government"}, {"by"}),
    ],
)
def test_a_bad_evaluation_is_refused(fields: dict[str, Any], wrong: set[str]) -> None:
    commitment, committee = make_commitment(make_plan()), make_committee()
    actor = make_speaker(committee)
    with pytest.raises(Invalid) as found:
        publish(actor, committee, commitment, fields=fields)
    assert set(found.value.errors) == wrong
    assert not Evaluation.objects.exists()


def test_an_evaluation_is_of_one_public_thing() -> None:
    plan, committee = make_plan(), make_committee()
    commitment, draft = make_commitment(plan), make_commitment(plan, "2", public=False)
    actor = make_speaker(committee)
    for subject in ({"commitment": None}, {"commitment": commitment, "plan": plan}):
        with pytest.raises(Invalid):
            publish(actor, committee, None, **subject)
    with pytest.raises(NotFound):
        publish(actor, committee, draft)
    with pytest.raises(Invalid):
        publish(actor, committee, commitment, kind="milieu")
    assert publish(actor, committee, None, plan=plan).plan == plan


def test_both_are_side_by_side_on_the_same_scales(client: Client) -> None:
    plan = make_plan()
    commitment, committee = make_commitment(plan), make_committee()
    url = reverse("commitment", args=[commitment.node.slug])
    actor = make_speaker(committee)
    publish(actor, committee, commitment)
    body = plain(client.get(url).content.decode())
    assert "Le gouvernement n’a pas publié sa propre évaluation ici." in body
    own = {
        "text": both("Presque tout est fait."), "completion": "substantial",
        "reasons": {"completion": both("Quatre jalons sur cinq.")}, "evaluated_on": ago(3),
        "signed": "La directrice",
    }  # fmt: skip
    reports.evaluate(
        actor=make_actor("coordinator"), kind="end", commitment=commitment, by="government",
        fields=own,
    )  # fmt: skip
    body = plain(client.get(url).content.decode())
    assert body.index(">Le gouvernement<") < body.index(">Comité comite-essai<")
    for words in ("Quatre jalons sur cinq.", "Un jalon sur cinq.", "Important", "Limité",
                  "signée Mado, porte-parole", "publiée sans approbation"):  # fmt: skip
        assert words in body, words
    english = plain(client.get(f"/en/commitments/{commitment.node.slug}/").content.decode())
    assert "The government" in english and "published without approval" in english
    publish(actor, committee, None, plan=plan)
    assert "Comité comite-essai" in client.get(f"/fr/plans/{plan.node.slug}/").content.decode()


def test_the_government_says_why_it_answers() -> None:
    commitment = make_commitment(make_plan())
    with pytest.raises(Invalid) as found:
        reports.evaluate(
            actor=SYSTEM, kind="end", commitment=commitment, by="government",
            fields={"text": both("Fait."), "verifiable": False, "signed": "Moi"},
        )  # fmt: skip
    assert set(found.value.errors) == {"reason_verifiable"}
    with pytest.raises(Invalid) as found:
        reports.evaluate(
            actor=SYSTEM, kind="end", commitment=commitment, by="government",
            fields={"text": both("Fait.")},
        )  # fmt: skip
    assert set(found.value.errors) == {"signed"}


def test_staff_have_no_way_to_edit_or_delete_it(client: Client) -> None:
    commitment, group = make_commitment(make_plan()), make_group()
    made = publish(make_speaker(group), group, commitment)
    before = Evaluation.objects.values().get(pk=made.pk)
    writers = [
        name
        for module in (reports, independent)
        for name in dir(module)
        if re.match(r"(update|change|edit|delete|remove|hide|correct)_?evalu", name)
    ]
    assert writers == []
    client.force_login(make_person("coordinator"))
    page = client.get(reverse("commitment", args=[commitment.node.slug])).content.decode()
    assert f"/{made.pk}/" not in page.replace(reverse("report", args=[made.pk]), "")
    client.post(
        reverse("commitment_edit", args=[commitment.node.slug]),
        {"text_fr": "Tout va bien.", "title_fr": "Autre", "number": "1"},
    )
    assert Evaluation.objects.values().get(pk=made.pk) == before


def test_only_moderation_withdraws_it_by_two_people_and_its_place_stays(client: Client) -> None:
    commitment, group = make_commitment(make_plan()), make_group()
    made = publish(make_speaker(group), group, commitment)
    one, two = make_actor("coordinator"), make_actor("adviser")
    with pytest.raises(Invalid):
        moderation.hide(actor=one, node=made.node, rule="deplaisant", motive="Elle déplaît.")
    with pytest.raises(Invalid):
        moderation.hide(actor=one, node=made.node, rule="illegal", motive="")
    decision = moderation.hide(actor=one, node=made.node, rule="illegal", motive="Diffamatoire.")
    made.node.refresh_from_db()
    assert made.node.state == State.PUBLIC
    with pytest.raises(Forbidden):
        moderation.confirm(actor=one, decision=decision, agree=True)
    moderation.confirm(actor=two, decision=decision, agree=True)
    url = reverse("commitment", args=[commitment.node.slug])
    body = plain(client.get(url).content.decode())
    assert "Une évaluation retirée par la modération" in body and "Diffamatoire." in body
    assert "contenu interdit par la loi" in body and "Rien n’a changé." not in body
    assert "Un jalon sur cinq." not in body and "Groupe d’essai" in body
    assert client.get(reverse("decision", args=[decision.pk])).status_code == 200
    row = client.get("/api/v1/evaluations").json()["results"][0]
    assert (row["state"], row["text"], row["completion"]) == ("hidden", {}, None)
    appeal = moderation.appeal(
        actor=make_speaker_again(made), decision=decision, text="C’est un fait."
    )
    third = make_actor("adviser", "troisieme@test.example")
    moderation.answer_appeal(actor=third, appeal=appeal, reverse=True, answer="Rétablie.")
    assert "Rien n’a changé." in plain(client.get(url).content.decode())
    verbs = set(Event.objects.values_list("verb", flat=True))
    assert {"publication.moderated", "publication.restored"} <= verbs


def make_speaker_again(made: Evaluation) -> Any:
    """Return the actor who published an evaluation."""
    from parvis.core.access import actor_for

    return actor_for(made.author)


def test_a_threat_is_withdrawn_at_once_and_nothing_of_a_coordinator_can_be_hidden() -> None:
    commitment, group = make_commitment(make_plan()), make_group()
    made = publish(make_speaker(group), group, commitment)
    own = reports.evaluate(
        actor=SYSTEM, kind="inception", commitment=commitment, fields={"text": both("Lu.")}
    )
    moderator = make_actor("coordinator")
    with pytest.raises(Invalid):
        moderation.hide(actor=moderator, node=commitment.node, rule="illegal", motive="Non.")
    moderation.hide(actor=moderator, node=made.node, rule="personal_data", motive="Une adresse.")
    made.node.refresh_from_db()
    assert made.node.state == State.HIDDEN
    with pytest.raises(Conflict):
        moderation.hide(actor=moderator, node=made.node, rule="illegal", motive="Encore.")
    own.node.refresh_from_db()
    assert own.node.state == State.PUBLIC


def test_the_page_publishes_for_a_member_and_keeps_what_was_typed(client: Client) -> None:
    commitment, committee = make_commitment(make_plan()), make_committee()
    url = reverse("commitment_evaluate", args=[commitment.node.slug])
    assert client.get(url).status_code in {302, 401}
    client.force_login(make_person("coordinator"))
    assert client.get(url).status_code == 403
    person = make_person(email="membre@test.example")
    make_speaker(committee, person.email)
    client.force_login(person)
    public = client.get(reverse("commitment", args=[commitment.node.slug])).content.decode()
    assert url in public
    page = client.get(url).content.decode()
    key = KEY.search(page)
    assert key is not None and "membre" in page
    data = {
        "key": key[1], "body": str(committee.pk), "kind": "end", "completion": "limited",
        "text_en": "Nothing changed.", "signed": "Mado", "evaluated_on": ago(0).isoformat(),
    }  # fmt: skip
    answer = client.post(url, data)
    assert answer.status_code == 422 and "Nothing changed." in answer.content.decode()
    answer = client.post(url, {**data, "reason_completion_en": "One of five."})
    assert answer.status_code == 303
    made = Evaluation.objects.get()
    assert answer["Location"].endswith(f"#e-{made.node.slug}")
    assert client.post(url, {**data, "reason_completion_en": "One of five."}).status_code == 303
    assert Evaluation.objects.count() == 1
    body = client.get(reverse("commitment", args=[commitment.node.slug])).content.decode()
    assert 'lang="en-CA">Nothing changed.' in body


def test_the_api_lists_them_in_the_same_number_of_queries(
    client: Client, django_assert_max_num_queries: Any
) -> None:
    plan, committee = make_plan(), make_committee()
    actor = make_speaker(committee)
    commitment = make_commitment(plan)
    publish(actor, committee, commitment)
    for size in (1, 6):
        while Evaluation.objects.count() < size:
            publish(actor, committee, commitment)
        with django_assert_max_num_queries(6):
            found = client.get("/api/v1/evaluations?by=committee").json()
        assert found["count"] == size
        with django_assert_max_num_queries(28):
            page = client.get(reverse("commitment", args=[commitment.node.slug]))
        assert page.status_code == 200
    assert client.get("/api/v1/evaluations?by=group").json()["count"] == 0
    assert client.get(f"/api/v1/evaluations?plan={plan.node.slug}").json()["count"] == 6
    row = found["results"][0]
    assert row["of"] == {"kind": "commitment", "slug": commitment.node.slug}
    assert row["signed"] == "Mado, porte-parole" and row["body"] == str(committee.pk)
    detail = client.get(f"/api/v1/commitments/{commitment.node.slug}").json()
    assert detail["evaluations"][0]["reasons"]["completion"]["fr"] == "Un jalon sur cinq."
