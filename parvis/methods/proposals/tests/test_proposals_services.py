"""Services of proposals: once, within limits, while open, by who may; counts equal the rows."""

from datetime import timedelta

import pytest
from django.utils import timezone

from parvis.consult import contributions
from parvis.consult.models import Contribution, Phase, Vote
from parvis.core import keys
from parvis.core.access import NOBODY, SYSTEM
from parvis.core.errors import Closed, Conflict, Forbidden, Invalid, SignInNeeded
from parvis.core.events import IdempotencyKey
from parvis.core.models import Event, State
from parvis.ledger.models import Leaf
from parvis.methods.proposals import consume, queries, services
from parvis.methods.proposals.definition import clean_payload, clean_settings
from parvis.methods.proposals.method import METHOD
from parvis.methods.proposals.models import Proposal
from parvis.methods.proposals.tests.factories import make_activity, make_comment, make_proposal
from parvis.moderation import services as moderation
from tests.factories import make_actor

pytestmark = pytest.mark.django_db


def close(activity):
    """Put every phase in the past."""
    now = timezone.now()
    Phase.objects.filter(consultation=activity.consultation).update(
        starts=now - timedelta(days=9), ends=now - timedelta(days=1)
    )


def assert_counts_equal_rows(activity):
    """Every count shown, counted again from the rows that it stands for."""
    rows = list(Proposal.objects.filter(activity=activity))
    assert rows
    for row in rows:
        kept = Contribution.objects.filter(parent=row.node, node__state="public", fate="kept")
        assert row.supports == Vote.objects.filter(target=row.node).count()
        assert row.comments == kept.count()
        assert row.comments_for == sum(c.payload["stance"] == "for" for c in kept)
        assert row.comments_against == sum(c.payload["stance"] == "against" for c in kept)
        own = row.node.contribution
        assert row.visible == (row.node.state == State.PUBLIC and own.fate == "kept")
    before = list(Proposal.objects.filter(activity=activity).order_by("pk").values())
    consume.recount(activity)
    assert before == list(Proposal.objects.filter(activity=activity).order_by("pk").values())


def test_same_key_posts_once_and_other_content_conflicts():
    activity = make_activity()
    said = {"title": "Publier les contrats", "body": "Tous."}
    key = IdempotencyKey.of("t", "k" * 16, said)
    first = services.propose(actor=NOBODY, activity=activity, key=key, **said)
    again = services.propose(actor=NOBODY, activity=activity, key=key, **said)
    assert first.code == again.code
    assert Proposal.objects.count() == 1
    assert Event.objects.filter(verb="contribution.accepted").count() == 1
    other = IdempotencyKey.of("t", "k" * 16, {"title": "Autre"})
    with pytest.raises(Conflict):
        services.propose(actor=NOBODY, activity=activity, key=other, title="Autre", body="Autre.")


def test_same_key_gives_its_receipt_even_after_closing():
    activity = make_activity()
    key = IdempotencyKey.of("t", "k" * 16)
    first = services.propose(actor=NOBODY, activity=activity, key=key, title="A", body="B")
    close(activity)
    again = services.propose(actor=NOBODY, activity=activity, key=key, title="A", body="B")
    assert first.code == again.code


def test_numbers_follow_and_start_again_by_activity():
    one, two = make_activity(slug="un"), make_activity(slug="deux")
    assert [make_proposal(one).number for _n in range(3)] == [1, 2, 3]
    assert make_proposal(two).number == 1


@pytest.mark.parametrize(
    ("title", "body", "field"),
    [
        ("", "Un texte.", "title"),
        ("   ", "Un texte.", "title"),
        ("t" * 121, "Un texte.", "title"),
        ("Un titre", "  \n ", "body"),
        ("Un titre", "b" * 3501, "body"),
    ],
)
def test_wrong_words_are_refused_by_field(title, body, field):
    activity = make_activity()
    with pytest.raises(Invalid) as refusal:
        services.propose(actor=NOBODY, activity=activity, title=title, body=body)
    assert set(refusal.value.errors) == {field}
    assert not Proposal.objects.exists()


def test_longest_words_are_taken():
    activity = make_activity()
    row = make_proposal(activity, title="t" * 120, body="b" * 3500)
    assert row.node.contribution.body == "b" * 3500


def test_closed_phase_refuses_everything_before_reading_the_words():
    activity = make_activity()
    row, person = make_proposal(activity), make_actor()
    comment = make_comment(row, actor=person)
    services.support(actor=person, proposal=row)
    close(activity)
    with pytest.raises(Closed):
        services.propose(actor=NOBODY, activity=activity, title="", body="")
    with pytest.raises(Closed):
        services.comment(actor=NOBODY, proposal=row, body="Oui.")
    with pytest.raises(Closed):
        services.support(actor=make_actor(email="b@test.example"), proposal=row)
    with pytest.raises(Closed):
        services.take_back(actor=person, proposal=row)
    with pytest.raises(Closed):
        services.change(actor=person, contribution=comment, body="Non.")


def test_support_counts_once_and_names_nobody():
    activity = make_activity()
    row, person = make_proposal(activity), make_actor()
    first = services.support(actor=person, proposal=row)
    again = services.support(actor=person, proposal=row)
    assert first == again
    assert first.supported == {row.pk}
    events = Event.objects.filter(verb="support.accepted")
    assert events.count() == 1
    assert events[0].actor_id is None
    vote = Vote.objects.get()
    assert str(person.person_id) not in repr(vars(vote)) + repr(vars(events[0]))
    assert_counts_equal_rows(activity)


def test_support_leaf_refers_to_the_acceptance_of_the_proposal():
    activity = make_activity()
    row, person = make_proposal(activity), make_actor()
    services.support(actor=person, proposal=row)
    leaf = Leaf.objects.get(kind="support.accepted")
    accepted = Leaf.objects.get(kind="contribution.accepted")
    assert leaf.ref_id == accepted.event_id
    assert leaf.on == accepted.on == "consultation/plan"
    assert set(leaf.members["c"]) == {"supporter"}
    services.take_back(actor=person, proposal=row)
    taken = Leaf.objects.get(kind="support.withdrawn")
    assert taken.ref_id == leaf.event_id


def test_support_can_be_taken_back_and_given_again():
    activity = make_activity()
    row, person = make_proposal(activity), make_actor()
    for _turn in range(3):
        services.support(actor=person, proposal=row)
        row.refresh_from_db()
        assert row.supports == 1
        services.take_back(actor=person, proposal=row)
        services.take_back(actor=person, proposal=row)
        row.refresh_from_db()
        assert row.supports == 0
    assert Event.objects.filter(verb="support.accepted").count() == 3
    refs = Leaf.objects.filter(kind="support.withdrawn").values_list("ref_id", flat=True)
    assert len(set(refs)) == 3
    assert not Vote.objects.exists()


def test_limit_of_supports_is_said_and_undoing_frees_one():
    activity = make_activity({"supports_max": 2})
    rows = [make_proposal(activity, title=f"Titre {n}") for n in range(3)]
    person = make_actor()
    assert services.support(actor=person, proposal=rows[0]).left == 1
    assert services.support(actor=person, proposal=rows[1]).left == 0
    with pytest.raises(Invalid):
        services.support(actor=person, proposal=rows[2])
    assert services.support(actor=person, proposal=rows[1]).left == 0
    services.take_back(actor=person, proposal=rows[0])
    assert services.support(actor=person, proposal=rows[2]).left == 0
    assert services.standing(make_actor(email="x@test.example"), activity).left == 2
    assert_counts_equal_rows(activity)


def test_support_needs_somebody_and_something_public():
    activity = make_activity()
    row, person = make_proposal(activity), make_actor()
    with pytest.raises(SignInNeeded):
        services.support(actor=NOBODY, proposal=row)
    with pytest.raises(SignInNeeded):
        services.take_back(actor=NOBODY, proposal=row)
    services.support(actor=person, proposal=row)
    moderation.hide(actor=SYSTEM, node=row.node, rule="insult", motive="Une attaque.")
    row = queries.proposal(row.pk)
    with pytest.raises(Forbidden):
        services.support(actor=make_actor(email="b@test.example"), proposal=row)
    assert services.take_back(actor=person, proposal=row).used == 0


def test_standing_survives_the_destruction_of_the_key():
    activity = make_activity()
    row, person = make_proposal(activity), make_actor()
    services.support(actor=person, proposal=row)
    keys.destroy("participant", activity.node)
    assert services.standing(person, activity).used == 0


def test_comments_take_a_stance_and_answer_one_another():
    activity = make_activity()
    row = make_proposal(activity)
    first = make_comment(row, stance="for")
    reply = make_comment(row, stance="against", reply_to=first.pk)
    make_comment(row)
    assert reply.payload == {"stance": "against", "reply_to": str(first.pk)}
    row.refresh_from_db()
    counted = (row.comments, row.comments_for, row.comments_against, row.comments_neutral)
    assert counted == (3, 1, 1, 1)
    with pytest.raises(Invalid):
        make_comment(row, stance="maybe")
    with pytest.raises(Invalid):
        make_comment(row, body=" ")
    with pytest.raises(Invalid):
        make_comment(row, body="x" * 2001)
    with pytest.raises(Invalid):
        make_comment(make_proposal(activity), reply_to=first.pk)
    assert_counts_equal_rows(activity)


def test_comments_may_ask_for_an_account():
    row = make_proposal(make_activity({"anonymous_comments": False}))
    with pytest.raises(SignInNeeded):
        make_comment(row)
    make_comment(row, actor=make_actor())


def test_consultation_by_account_asks_for_one():
    activity = make_activity(fields={"who_may": "email"})
    with pytest.raises(SignInNeeded):
        make_proposal(activity)
    person = make_actor()
    make_proposal(activity, actor=person)
    make_proposal(activity, actor=person, title="Une autre")
    assert Proposal.objects.count() == 2


def test_author_changes_and_withdraws_others_do_not():
    activity = make_activity()
    person = make_actor()
    row = make_proposal(activity, actor=person)
    own = row.node.contribution
    services.change(actor=person, contribution=own, title="Nouveau titre", body="Nouveau texte")
    row = queries.proposal(row.pk)
    assert row.node.title == {"fr": "Nouveau titre"}
    assert "nouveau" in row.words
    assert row.number == 1
    with pytest.raises(Forbidden):
        services.change(
            actor=make_actor(email="b@test.example"), contribution=own, title="A", body="B"
        )
    with pytest.raises(SignInNeeded):
        services.change(actor=NOBODY, contribution=own, title="A", body="B")
    holder = NOBODY.holding(row.pk)
    services.change(actor=holder, contribution=own, title="Par reçu", body="Texte")
    contributions.withdraw(actor=holder, contribution=own)
    row = queries.proposal(row.pk)
    assert (row.visible, row.words) == (False, "")
    with pytest.raises(Forbidden):
        services.change(actor=holder, contribution=row.node.contribution, title="A", body="B")


def test_counts_follow_withdrawal_moderation_and_fate():
    activity = make_activity()
    row = make_proposal(activity)
    one, two, three = (make_comment(row, stance=s) for s in ("for", "against", "neutral"))
    contributions.withdraw(actor=NOBODY.holding(one.pk), contribution=one)
    moderation.hide(actor=SYSTEM, node=two.node, rule="insult", motive="Une attaque.")
    contributions.set_fate(actor=SYSTEM, contribution=three, fate="rejected", reason="duplicate")
    row.refresh_from_db()
    assert row.comments == 0
    moderation.restore(actor=SYSTEM, node=two.node, motive="À tort.")
    contributions.set_fate(actor=SYSTEM, contribution=three, fate="kept")
    row.refresh_from_db()
    assert (row.comments, row.comments_against, row.comments_neutral) == (2, 1, 1)
    moderation.hide(actor=SYSTEM, node=row.node, rule="insult", motive="Une attaque.")
    with pytest.raises(Forbidden):
        make_comment(queries.proposal(row.pk))
    assert_counts_equal_rows(activity)


def test_official_answer_has_reasons_in_every_language_and_keeps_versions():
    row, adviser = make_proposal(make_activity()), make_actor("adviser")
    both = {"fr": "Oui, en mars.", "en": "Yes, in March."}
    services.answer(actor=adviser, proposal=row, status="under_review", answer={})
    with pytest.raises(Invalid):
        services.answer(actor=adviser, proposal=row, status="retained", answer={"fr": "Oui."})
    with pytest.raises(Invalid):
        services.answer(actor=adviser, proposal=row, status="perhaps", answer=both)
    services.answer(actor=adviser, proposal=row, status="retained", answer=both)
    changed = {"fr": "Oui, en avril.", "en": "Yes, in April."}
    services.answer(actor=adviser, proposal=row, status="in_part", answer=changed)
    row.refresh_from_db()
    assert (row.status, row.answer) == ("in_part", changed)
    assert row.node.revisions.count() == 3
    assert Event.objects.filter(verb="proposal.answered").count() == 3


@pytest.mark.parametrize("role", [None, "analyst", "steward", "operator"])
def test_only_advisers_and_coordinators_answer(role):
    row = make_proposal(make_activity())
    both = {"fr": "Oui.", "en": "Yes."}
    with pytest.raises(Forbidden):
        services.answer(actor=make_actor(role), proposal=row, status="retained", answer=both)
    services.answer(actor=make_actor("coordinator"), proposal=row, status="done", answer=both)


def test_lists_filter_search_and_sort():
    activity = make_activity()
    a = make_proposal(activity, title="Publier les données", body="En été.")
    b = make_proposal(activity, title="Écouter l’école", body="Toute l’année.")
    c = make_proposal(activity, title="Former le personnel", body="Des données ouvertes.")
    services.support(actor=make_actor(), proposal=b)
    make_comment(c)

    def found(**how):
        return list(queries.listed(activity, **how))

    assert found(sort="supports") == [b.pk, a.pk, c.pk]
    assert found(sort="comments") == [c.pk, a.pk, b.pk]
    assert found(sort="newest") == [c.pk, b.pk, a.pk]
    assert found(text="DONNEES") == [a.pk, c.pk]
    assert found(text="ecole") == [b.pk]
    assert found(text="données été") == [a.pk]
    assert found(text="100% _ introuvable") == []
    today = timezone.localdate()
    orders = {tuple(found(sort="random", day=today + timedelta(days=n))) for n in range(30)}
    assert len(orders) > 1
    assert all(set(order) == {a.pk, b.pk, c.pk} for order in orders)
    both = {"fr": "Non.", "en": "No."}
    services.answer(actor=SYSTEM, proposal=a, status="refused", answer=both)
    assert found(status="refused") == [a.pk]
    assert found(status="none") == [b.pk, c.pk]
    contributions.withdraw(actor=SYSTEM, contribution=b.node.contribution)
    assert found() == [a.pk, c.pk]
    assert found(status="removed") == [b.pk]
    assert found(text="ecole") == []


def test_alike_finds_the_same_words_under_another_form():
    activity = make_activity()
    row = make_proposal(activity, title="Publier tous les contrats signés")
    make_proposal(activity, title="Former le personnel", body="Des cours.")
    assert [p.id for p in queries.alike(activity, "Publication des contrats")] == [row.pk]
    assert queries.alike(activity, "Rénover les piscines") == []
    assert queries.alike(activity, "???") == []


def test_table_has_no_person_and_says_what_columns_are():
    activity = make_activity()
    person = make_actor(email="marie@test.example")
    row = make_proposal(activity, actor=person)
    make_comment(row, stance="for", actor=person)
    gone = make_proposal(activity, title="Retirée")
    contributions.withdraw(actor=SYSTEM, contribution=gone.node.contribution)
    table = METHOD.table(activity)
    assert table.num_rows == 1
    found = table.to_pylist()[0]
    assert found["title"] == "Publier les contrats"
    assert (found["comments_for"], found["comments_neutral"], found["status"]) == (1, 0, None)
    assert str(row.pk) not in str(found)
    for field in table.schema:
        assert field.metadata[b"kind"] in {b"opinion", b"characteristic", b"text"}
        assert b'"en"' in field.metadata[b"label"]


@pytest.mark.parametrize(
    ("raw", "field"),
    [
        ({"supports_max": 0}, "supports_max"),
        ({"supports_max": True}, "supports_max"),
        ({"supports_max": "3"}, "supports_max"),
        ({"proposal_characters_max": 10}, "proposal_characters_max"),
        ({"title_characters_max": 500}, "title_characters_max"),
        ({"anonymous_comments": "yes"}, "anonymous_comments"),
        ({"intro": {"de": "Hallo"}}, "intro"),
        ({"colour": "red"}, "colour"),
        ([], "__all__"),
    ],
)
def test_wrong_settings_are_refused(raw, field):
    with pytest.raises(Invalid) as refusal:
        clean_settings(raw)
    assert set(refusal.value.errors) == {field}


def test_settings_are_complete():
    assert clean_settings({}) == {
        "supports_max": None,
        "proposal_characters_max": 3500,
        "title_characters_max": 120,
        "anonymous_comments": True,
        "intro": {},
    }


@pytest.mark.parametrize("raw", [{"stance": 3}, {"vote": 1}, {"reply_to": "x"}, "for"])
def test_wrong_payloads_are_refused(raw):
    with pytest.raises(Invalid):
        clean_payload(make_activity(), raw)
