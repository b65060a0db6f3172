"""An older backup: what was taken back since is taken back again, without a second entry."""

from datetime import timedelta

import pytest
from django.db import transaction
from django.utils import timezone

from parvis.commands.integrity import _parts_of
from parvis.consult import contributions, queries
from parvis.consult.models import Consultation, Contribution, Draft, Vote
from parvis.core import outbox
from parvis.core.access import NOBODY, SYSTEM, actor_for
from parvis.core.models import Event, State
from parvis.ledger import recheck, sequencer
from parvis.ledger.models import Leaf
from parvis.ledger.recount import Recount
from parvis.ledger.resume import resume, unapplied
from parvis.methods.proposals import services as proposing
from parvis.methods.proposals.models import Proposal
from parvis.methods.proposals.tests.factories import make_proposal
from parvis.moderation import services as moderation
from parvis.moderation.models import Decision
from parvis.site import reapply, retention
from tests.factories import make_answer, make_person


@pytest.fixture
def backup(db):
    """Return (save, restore) of the database alone: the register's files stay as they are."""
    saved = []

    def restore():
        transaction.savepoint_rollback(saved.pop())

    return lambda: saved.append(transaction.savepoint()), restore


def work():
    while outbox.pump():
        pass
    while sequencer.run_once():
        pass


def of(thing) -> Contribution:
    rows = Contribution.objects.select_related("node", "activity__consultation__node")
    return rows.get(pk=getattr(thing, "contribution", thing).pk)


def entries() -> list[tuple[str, int]]:
    return list(Leaf.objects.order_by("id").values_list("kind", "ref__index"))


def answer(survey, why):
    return make_answer(survey, {"first": "data", "why": why})


def withdraw(thing):
    contributions.withdraw(actor=SYSTEM, contribution=of(thing))


def test_what_was_taken_back_is_taken_back_again(
    store, run, backup, survey, proposals, django_capture_on_commit_callbacks
):
    save, restore = backup
    kept, taken, aside = (answer(survey, f"Réponse {n}") for n in "abc")
    idea, shown, secret = (make_proposal(proposals, title=f"Idée {n}") for n in "abc")
    person = actor_for(make_person(email="appui@test.example"))
    other = actor_for(make_person(email="autre@test.example"))
    for who in (person, other):
        proposing.support(actor=who, proposal=shown)
    work()
    save()
    contributions.save_draft(
        activity=survey, payload={"why": "Réponse b", contributions.CHANGES: str(of(taken).pk)}
    )
    withdraw(taken)
    contributions.set_fate(
        actor=SYSTEM, contribution=of(aside), fate="rejected", reason="duplicate"
    )
    withdraw(idea)
    proposing.take_back(actor=person, proposal=shown)
    moderation.hide(actor=SYSTEM, node=secret.node, rule="insult", motive="Insultant.")
    moderation.hide(actor=SYSTEM, node=shown.node, rule="insult", motive="Trop vite.")
    shown.node.refresh_from_db()
    moderation.restore(actor=SYSTEM, node=shown.node, motive="Rien à redire.")
    work()
    signed = entries()
    restore()
    assert of(taken).payload and of(secret).node.state == State.PUBLIC  # an older database
    contributions.save_draft(
        activity=survey, payload={"why": "Réponse b", contributions.CHANGES: str(of(taken).pk)}
    )
    done = resume()
    assert done.lost == 0
    with django_capture_on_commit_callbacks() as callbacks:
        result = reapply.run()
    assert (result.done, result.left, result.partly) == (len(done.acts), [], [])
    assert done.acts and callbacks
    work()

    row = of(taken)
    assert (row.node.state, row.payload, row.once_key) == (State.WITHDRAWN, {}, None)
    assert not Draft.objects.exists()
    assert (of(aside).fate, of(aside).fate_reason) == ("rejected", "duplicate")
    assert of(idea).node.state == State.WITHDRAWN and of(idea).body == ""
    assert not Proposal.objects.get(pk=idea.pk).visible
    assert of(secret).node.state == State.HIDDEN
    decision = Decision.objects.get(node=secret.node)
    assert decision.charter_rule.key == "insult" and "relue" in decision.motive["fr"]
    assert of(shown).node.state == State.PUBLIC
    assert Vote.objects.filter(target=shown.node).count() == 1
    assert Proposal.objects.get(pk=shown.pk).supports == 1
    assert of(kept).payload["why"] == "Réponse a"

    again = entries()
    assert again[: len(signed)] == signed
    assert [kind for kind, _ref in again[len(signed) :]] == ["log.resumed"]  # nothing twice
    assert run().ok
    assert list(recheck.check_rows(_parts_of)) == []
    consultation = survey.consultation
    assert queries.counts(consultation, survey).kept == 1
    assert Recount(f"survey/{survey.node.slug}").counts()["kept"] == 1
    counted = Recount(f"consultation/{consultation.node.slug}").counts()
    assert (counted["visible"], counted["supports"]) == (1, 1)
    assert queries.counts(consultation, proposals).kept == 1
    assert list(unapplied()) == [] and reapply.run().done == 0
    # The person may support again: the key of the support that was taken back is free.
    proposing.support(actor=person, proposal=shown)


def test_it_goes_on_where_it_stopped(store, run, backup, survey, monkeypatch):
    class Killed(BaseException):
        pass

    save, restore = backup
    rows = [answer(survey, f"Réponse {n}") for n in range(4)]
    work()
    save()
    for row in rows[:3]:
        withdraw(row)
    work()
    restore()
    resume()
    true_erase, calls = contributions.erase, []

    def erase(contribution):
        calls.append(contribution)
        true_erase(contribution)
        if len(calls) == 2:
            raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(contributions, "erase", erase)
        with pytest.raises(Killed):
            reapply.run()
    states = [of(row).node.state for row in rows]
    assert states == [State.WITHDRAWN, State.PRIVATE, State.PRIVATE, State.PRIVATE]
    assert resume().fault == ""  # the register is well; the tables are not yet
    assert reapply.run().done == 2
    assert [of(row).node.state for row in rows] == [State.WITHDRAWN] * 3 + [State.PRIVATE]
    assert Event.objects.filter(verb="log.reapplied").count() == 3
    assert run().ok


def test_what_cannot_be_done_again_is_named(store, run, backup, survey, proposals):
    save, restore = backup
    changed, gone = answer(survey, "Avant"), answer(survey, "Effacée autrement")
    edited = make_proposal(proposals, title="Une idée", body="Un premier texte.")
    work()
    save()
    contributions.change(
        actor=NOBODY.holding(of(changed).pk),
        contribution=of(changed),
        payload={"first": "docs", "why": "Après"},
    )
    withdraw(changed)  # of the version that the backup does not know
    withdraw(gone)
    contributions.change(
        actor=NOBODY.holding(edited.pk),
        contribution=of(edited),
        body="Un second texte.",
        action="propose",
    )
    lost = answer(survey, "Après la sauvegarde")
    withdraw(lost)
    work()
    restore()
    Contribution.objects.filter(pk=of(gone).pk).delete()
    resume()
    result = reapply.run()
    assert [(one.kind, one.node_id) for one in result.left] == [
        ("answer.rejected", gone.contribution.pk),
        ("contribution.edited", edited.pk),
    ]
    by_index = {leaf.index: leaf for leaf in Leaf.objects.all()}
    assert all(by_index[one.index].kind == one.kind for one in result.left)
    assert [one.node_id for one in result.partly] == [changed.contribution.pk]
    assert of(changed).payload == {}  # its author may have withdrawn it: no text comes back
    assert run().ok
    again = reapply.run()
    assert (again.done, again.partly, len(again.left)) == (0, [], 2)


def test_retention_is_carried_out_again_once(store, run, backup, survey):
    save, restore = backup
    row = answer(survey, "Jusqu’à la date")
    Consultation.objects.update(retention_on=timezone.localdate() - timedelta(days=1))
    work()
    save()
    assert retention.run_due() == 1
    work()
    restore()
    assert of(row).payload
    resume()
    assert reapply.run().left == []
    assert of(row).payload == {}
    assert retention.run_due() == 0
    assert Leaf.objects.filter(kind="retention.executed").count() == 1
    assert run().ok
