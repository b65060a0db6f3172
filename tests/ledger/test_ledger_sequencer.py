"""Leaves get their index, in order, exactly once, in a tree that anybody can audit."""

import random
from datetime import timedelta

import pytest
from django.db import transaction
from django.utils import timezone

from parvis.consult import contributions
from parvis.core.access import NOBODY, SYSTEM
from parvis.core.events import emit
from parvis.ledger import openings, planning, reading, recheck, sequencer
from parvis.ledger.models import Leaf
from parvis.ledger.recount import Recount
from parvis.merkle import leaf as merkle_leaf
from parvis.merkle.leaf import LeafError
from parvis.merkle.state import LogState
from parvis.methods.proposals import queries, services
from parvis.moderation import services as moderation
from tests.factories import make_actor, make_answer
from tests.ledger.conftest import parts_of
from tests.ledger.helpers import SPACE, SURVEY, accept, act, contribute, indexes, random_acts


def kinds():
    return list(Leaf.objects.order_by("index").values_list("kind", flat=True))


def hold(contribution):
    return NOBODY.holding(contribution.pk)


def test_log_of_a_real_survey(survey, run, store):
    first, second = make_answer(survey).contribution, make_answer(survey).contribution
    contributions.change(actor=hold(first), contribution=first, payload={"first": "docs"})
    contributions.withdraw(actor=hold(second), contribution=second)
    report = run()
    assert report.findings == ()
    assert kinds() == [
        "log.opened",
        "consultation.published",
        "answer.accepted",
        "answer.accepted",
        "answer.rejected",
        "answer.accepted",
        "answer.rejected",
    ]
    assert store.origin == "127.0.0.1:8000/ledger"
    assert list(recheck.check_leaves()) == [] == list(recheck.check_rows(parts_of))


def test_changed_twice_in_the_same_second(survey, run):
    answer = make_answer(survey).contribution
    for choice in ("docs", "data", "docs"):
        contributions.change(actor=hold(answer), contribution=answer, payload={"first": choice})
    assert run().ok
    ats = {leaf.members["at"] for leaf in Leaf.objects.filter(kind__startswith="answer")}
    assert len(ats) <= 2, "the whole test must fit in two seconds to mean anything"
    assert Recount(f"survey/{survey.node.slug}").counts()["kept"] == 1


def test_log_of_real_proposals(proposals, run):
    author, fan, adviser = make_actor(email="a@x.example"), make_actor(), make_actor("adviser")

    def propose(title):
        receipt = services.propose(actor=author, activity=proposals, title=title, body="Parce que.")
        return queries.proposal(receipt.contribution.pk)

    kept, hidden, gone = propose("Garder"), propose("Cacher"), propose("Retirer")
    services.comment(actor=fan, proposal=kept, body="D’accord.", stance="for")
    services.change(
        actor=author, contribution=kept.node.contribution, title="Gardons", body="Parce que oui."
    )
    services.support(actor=fan, proposal=kept)
    services.take_back(actor=fan, proposal=kept)
    services.support(actor=fan, proposal=kept)
    moderation.hide(actor=adviser, node=hidden.node, rule="insult", motive="Une insulte.")
    contributions.withdraw(actor=author, contribution=gone.node.contribution)
    assert run().findings == ()
    openings.publish()
    report = run()
    assert report.findings == ()
    lines = openings.current().splitlines()
    assert len(lines) == 2 and b"Parce que oui." in lines[1] + lines[0]
    counts = Recount(f"consultation/{proposals.consultation.node.slug}").counts()
    assert (counts["received"], counts["visible"], counts["supports"]) == (4, 2, 1)
    assert list(recheck.check_rows(parts_of)) == []


def test_set_aside_and_kept_again(survey, run):
    analyst, answer = make_actor("analyst"), make_answer(survey).contribution
    for fate, reason in (("rejected", "duplicate"), ("kept", ""), ("rejected", "test")):
        contributions.set_fate(actor=analyst, contribution=answer, fate=fate, reason=reason)
    contributions.withdraw(actor=hold(answer), contribution=answer)
    assert run().findings == ()


def test_small_runs_give_the_same_entries_in_order(db, store, run):
    events = accept(10)
    while sequencer.run_once(3):
        pass
    numbers = {leaf.event_id: leaf.index for leaf in Leaf.objects.all()}
    assert indexes() == list(range(11))
    assert [numbers[event.pk] for event in events] == sorted(numbers[e.pk] for e in events)
    assert run().ok


def test_crossing_tiles_removes_the_partial_ones(db, store, run):
    for size in (250, 20, 300):
        accept(size)
        assert sequencer.run_once() >= size
    assert run().ok
    assert not (store.folder / "tile" / "0" / "000.p").exists()
    assert not (store.folder / "tile" / "entries" / "000.p").exists()
    assert (store.folder / "tile" / "1" / "000.p" / "2").exists()


def test_a_reference_in_the_same_batch_or_earlier(db, store, run):
    (answer,) = accept()
    act("answer.rejected", answer, {"reason": "duplicate"})
    (other,) = accept()
    sequencer.run_once()
    act("answer.rejected", other, {"reason": "empty"})
    assert run().ok
    entries = reading.entries(0, 10)
    assert [entry.ref for entry in entries] == [None, None, 1, None, 3]


def test_a_leaf_whose_reference_is_not_there_waits_and_holds_counts(db, store, run):
    contribute()
    sequencer.run_once()
    (answer,) = accept()
    act("answer.rejected", answer, {"reason": "duplicate"})
    with transaction.atomic():
        facts = {"answers": 1, "rejected": 1}
        emit("count.published", node=None, data=facts, on=SURVEY)
    # As PostgreSQL shows it while the answer's transaction has not committed.
    head = store.head()
    state = sequencer.load(store, head.size, head.root)
    visible = [leaf for leaf in planning.waiting(10, first=False) if leaf.event_id != answer.pk]
    assert len(visible) == 2
    assert planning.plan(head, state, visible) is None
    assert Leaf.objects.exclude(problem="").count() == 0
    assert run().ok and len(indexes()) == 5


def test_time_never_goes_back_more_than_the_rule_allows(db, store, run, monkeypatch):
    now = timezone.now()
    for minutes in (0, 60, 59, -30, 20):
        moment = now + timedelta(minutes=minutes)
        monkeypatch.setattr(timezone, "now", lambda moment=moment: moment)
        accept()
    monkeypatch.undo()
    assert run().ok
    ats = [int(entry.at.timestamp()) for entry in reading.entries(1, 10)]
    latest = ats[1]
    assert ats[2] == int((now + timedelta(minutes=59)).timestamp())
    assert ats[3] == ats[4] == latest - 600


@pytest.mark.parametrize("seed", range(4))
def test_agrees_with_the_auditor_on_every_act(db, store, run, seed):
    """The sequencer signs an act exactly where the public rules find nothing against it."""
    random_acts(random.Random(seed), 90)
    assert run().findings == ()
    refused = Leaf.objects.exclude(problem="").select_related("ref")
    assert 5 < refused.count() < 80
    signed = {leaf.event_id: leaf for leaf in Leaf.objects.filter(index__isnull=False)}
    everything = Leaf.objects.exclude(kind="log.opened").order_by("id")
    state, numbers = LogState(store.origin), {}
    state.apply(merkle_leaf.parse(bytes(Leaf.objects.get(index=0).bytes)))
    for leaf in everything:
        ref = numbers.get(leaf.ref_id)
        if leaf.ref_id is not None and ref is None:
            assert leaf.event_id not in signed
            continue
        at_s = merkle_leaf.parse_at(leaf.members["at"])
        if leaf.event_id in signed:
            numbers[leaf.event_id] = state.size
            assert state.apply(merkle_leaf.parse(bytes(signed[leaf.event_id].bytes))) == []
        else:
            assert replayed(state).apply(merkle_leaf.parse(planning._bytes(leaf, ref, at_s))) != []
    for on in (SURVEY, SPACE):
        assert Recount(on).counts() == state.counts(on)


def replayed(state):
    """The state once more, to try one act on it."""
    trial = LogState(state.origin)
    rows = Leaf.objects.filter(index__lt=state.size).order_by("index")
    for raw in rows.values_list("bytes", flat=True):
        trial.apply(merkle_leaf.parse(bytes(raw)))
    return trial


def test_what_a_leaf_may_refer_to_is_checked_when_it_is_written(db, home):
    (answer,), (contribution,) = accept(), contribute()
    for verb, ref, data in (
        ("answer.rejected", contribution, {"reason": "test"}),
        ("contribution.withdrawn", answer, {}),
    ):
        with pytest.raises(LeafError):
            act(verb, ref, data)
    with pytest.raises(LeafError):
        act("answer.rejected", answer, {"reason": "test"}, on="survey/other")
    with pytest.raises(LeafError), transaction.atomic():
        emit("answer.rejected", node=None, data={"reason": "test"}, on=SURVEY)
    with pytest.raises(KeyError), transaction.atomic():
        emit("something.unknown", node=None)
    assert Leaf.objects.count() == 2


def test_only_one_sequencer_at_a_time(db, store):
    accept(3)
    with store.lock() as held:
        assert held
        assert sequencer.run_once() == 0
    assert sequencer.run_once() == 4


def test_a_disk_error_stops_until_a_restart_a_full_disk_does_not(db, store, monkeypatch):
    monkeypatch.setattr(sequencer, "_halted", "")
    accept(2)
    sequencer.run_once()
    accept(2)
    for number, stopped in ((28, False), (5, True)):

        def fail(*_more, number=number):
            raise OSError(number, "disk")

        with monkeypatch.context() as patch, pytest.raises(OSError, match="disk"):
            patch.setattr("os.fsync", fail)
            sequencer.run_once()
        assert bool(sequencer._halted) is stopped
    with pytest.raises(RuntimeError):
        sequencer.run_once()
    sequencer._halted = ""
    assert sequencer.run_once() == 2


def test_the_key_is_private_and_made_once(db, store):
    accept()
    sequencer.run_once()
    key = store.folder / "log.key"
    assert key.stat().st_mode & 0o777 == 0o600
    before = key.read_bytes()
    accept()
    sequencer.run_once()
    assert key.read_bytes() == before
    assert store.signer().verifier == store.verifier
    assert "PRIVATE" not in (store.folder / "log.vkey").read_text()


def test_the_origin_does_not_follow_the_site(db, store, settings):
    accept()
    sequencer.run_once()
    settings.SITE_URL = "https://elsewhere.example"
    accept()
    assert sequencer.run_once() == 1
    assert reading.published().head.origin == "127.0.0.1:8000/ledger"


def test_system_actor_writes_the_first_leaf(db, store):
    accept()
    sequencer.run_once()
    opened = Leaf.objects.select_related("event").get(index=0)
    assert opened.kind == "log.opened" and opened.event.actor_id is SYSTEM.person_id
