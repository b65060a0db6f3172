"""Receipts hold without us; they open what is theirs and nothing that was erased."""

import pytest

from parvis.consult import contributions
from parvis.core.access import NOBODY
from parvis.core.models import Event
from parvis.ledger import openings, receipts, sequencer
from parvis.ledger.models import Leaf
from parvis.merkle import canon, tlogproof
from parvis.methods.proposals import queries, services
from tests.factories import make_actor, make_answer
from tests.ledger.helpers import accept


def test_proof_is_verified_offline(survey, store):
    answer = make_answer(survey, {"first": "data", "why": "Voilà."}).contribution
    event = contributions.accepted_event(answer)
    assert receipts.proof_for(event) is None and receipts.status_of(answer.pk) is None
    accept(400)
    sequencer.run_once()
    raw = receipts.proof_for(event)
    found = tlogproof.verify(raw, store.verifier.vkey)
    assert found.index == 2 and found.leaf.kind == "answer.accepted"
    assert canon.decode(found.openings["answers"].payload) == {"first": "data", "why": "Voilà."}
    said = receipts.status_of(answer.pk)
    assert (said["index"], said["size"]) == (2, 403)
    assert len(said["hash"]) == 64 and said["at"].tzinfo is not None


def test_the_first_proof_still_holds_when_the_register_has_grown(survey, store):
    answer = make_answer(survey).contribution
    sequencer.run_once()
    early = receipts.proof_for(contributions.accepted_event(answer))
    accept(300)
    sequencer.run_once()
    late = receipts.proof_for(contributions.accepted_event(answer))
    for raw in (early, late):
        assert tlogproof.verify(raw, store.verifier.vkey).index == 2


def test_another_key_or_byte_is_refused(survey, store):
    answer = make_answer(survey).contribution
    sequencer.run_once()
    raw = receipts.proof_for(contributions.accepted_event(answer))
    for bad in (raw.replace(b"index 2", b"index 1"), raw[:-20] + b"A" * 19 + b"\n"):
        with pytest.raises(tlogproof.ReceiptError):
            tlogproof.verify(bad, store.verifier.vkey)


def test_after_a_change_the_new_version_stands(survey, store):
    answer = make_answer(survey).contribution
    first = contributions.accepted_event(answer)
    contributions.change(
        actor=NOBODY.holding(answer.pk), contribution=answer, payload={"first": "docs"}
    )
    sequencer.run_once()
    assert receipts.status_of(answer.pk)["index"] == 4
    assert tlogproof.verify(receipts.proof_for(first), store.verifier).openings == {}
    again = receipts.proof_for(contributions.accepted_event(answer))
    opened = tlogproof.verify(again, store.verifier).openings
    assert canon.decode(opened["answers"].payload) == {"first": "docs"}


def test_a_changed_proposal_forgets_its_old_words(proposals, store):
    author = make_actor()
    receipt = services.propose(actor=author, activity=proposals, title="Un", body="Ancien.")
    proposal = queries.proposal(receipt.contribution.pk)
    accepted = contributions.accepted_event(receipt.contribution)
    for body in ("Moyen.", "Nouveau."):
        services.change(
            actor=author, contribution=proposal.node.contribution, title="Un", body=body
        )
    sequencer.run_once()
    assert set(tlogproof.verify(receipts.proof_for(accepted), store.verifier).openings) == {
        "author",
        "private",
    }
    standing = receipts.standing(receipt.contribution.pk)
    opened = tlogproof.verify(receipts.proof_for(standing), store.verifier).openings
    assert canon.decode(opened["body"].payload)["body"] == "Nouveau."
    (line,) = openings.openings_lines(proposals.consultation.node)
    assert "Nouveau." in line.decode() and "Ancien" not in line.decode()


def test_a_withdrawn_answer_opens_nothing(survey, store):
    answer = make_answer(survey).contribution
    event = contributions.accepted_event(answer)
    contributions.withdraw(actor=NOBODY.holding(answer.pk), contribution=answer)
    sequencer.run_once()
    assert tlogproof.verify(receipts.proof_for(event), store.verifier).openings == {}


def test_a_public_proof_opens_nothing(survey, store):
    make_answer(survey)
    sequencer.run_once()
    assert tlogproof.verify(receipts.public_proof(2), store.verifier).openings == {}
    assert receipts.public_proof(3) is None


def test_a_database_that_disagrees_gives_no_receipt(survey):
    answer = make_answer(survey).contribution
    sequencer.run_once()
    event, leaf = contributions.accepted_event(answer), Leaf.objects.get(index=2)
    opening = dict(leaf.opening)
    opening["answers"]["payload"] = '{"first":"docs"}'
    Leaf.objects.filter(pk=leaf.pk).update(opening=opening)
    with pytest.raises(receipts.Disagrees):
        receipts.proof_for(event)
    Leaf.objects.filter(pk=leaf.pk).update(members={**leaf.members, "d": {"channel": "paper"}})
    with pytest.raises(receipts.Disagrees):
        receipts.proof_for(event)


def test_an_event_that_is_no_leaf_has_no_proof(survey):
    event = Event.objects.filter(verb="consultation.drafted").get()
    with pytest.raises(Leaf.DoesNotExist):
        receipts.proof_for(event)


def test_openings_leave_out_what_is_hidden_or_withdrawn(proposals, run, store):
    from parvis.moderation import services as moderation

    author, adviser = make_actor(), make_actor("adviser")
    rows = [
        services.propose(actor=author, activity=proposals, title=f"T{n}", body=f"Corps {n}")
        for n in range(4)
    ]
    sequencer.run_once()
    assert len(list(openings.openings_lines())) == 4
    moderation.hide(actor=adviser, node=rows[0].contribution.node, rule="insult", motive="Insulte.")
    contributions.withdraw(actor=author, contribution=rows[1].contribution)
    run()
    text = b"".join(openings.openings_lines(proposals.consultation.node)).decode()
    assert [f"Corps {n}" in text for n in range(4)] == [False, False, True, True]


def test_published_openings_go_at_once_when_something_is_taken_back(
    proposals, run, store, django_capture_on_commit_callbacks
):
    from parvis.core.errors import Conflict

    author = make_actor()
    receipt = services.propose(actor=author, activity=proposals, title="T", body="Corps")
    assert openings.publish() is None
    run()
    assert openings.publish() is not None
    assert openings.current() is None, "not before the leaf that quotes it is published"
    with pytest.raises(Conflict):
        openings.publish()
    run()
    assert b"Corps" in openings.current() and openings.publish() is None
    with django_capture_on_commit_callbacks(execute=True):
        contributions.withdraw(actor=author, contribution=receipt.contribution)
    assert openings.current() is None
    run()
    openings.publish()
    report = run()
    assert report.ok and openings.current() == b""


def test_at_the_retention_date_private_parts_open_nothing_more(
    survey, proposals, run, store, django_capture_on_commit_callbacks
):
    from parvis.ledger import erasure

    author, fan = make_actor(), make_actor(email="b@x.example")
    answer = make_answer(survey).contribution
    receipt = services.propose(actor=author, activity=proposals, title="T", body="Corps")
    services.support(actor=fan, proposal=queries.proposal(receipt.contribution.pk))
    run()
    openings.publish()
    run()
    with django_capture_on_commit_callbacks(execute=True):
        assert erasure.forget(f"survey/{survey.node.slug}") == 1
        assert erasure.forget(f"consultation/{proposals.consultation.node.slug}") == 2
        assert erasure.forget(f"consultation/{proposals.consultation.node.slug}") == 0
    assert openings.current() is not None, "public bodies stay public"
    raw = receipts.proof_for(contributions.accepted_event(answer))
    assert tlogproof.verify(raw, store.verifier).openings == {}
    raw = receipts.proof_for(contributions.accepted_event(receipt.contribution))
    assert set(tlogproof.verify(raw, store.verifier).openings) == {"body"}
    assert not Leaf.objects.filter(kind="support.accepted", opening__isnull=False).exists()
    assert run().ok
