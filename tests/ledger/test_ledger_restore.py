"""Backups restored, files lost: nothing smaller is ever signed, and what was lost is said."""

import shutil

import pytest
from django.db import transaction

from parvis.ledger import reading, sequencer
from parvis.ledger.models import Leaf
from parvis.ledger.recount import Recount
from parvis.ledger.resume import CannotResume, resume
from parvis.ledger.status import status
from parvis.merkle.checkpoint import open_checkpoint
from parvis.merkle.monitor import monitor
from tests.ledger.helpers import SPACE, SURVEY, accept, act, contribute


@pytest.fixture
def backup(db):
    """Return (save, restore) of the database alone: the register's files stay as they are."""
    saved = []

    def restore():
        transaction.savepoint_rollback(saved.pop())

    return lambda: saved.append(transaction.savepoint()), restore


def refuses():
    before = reading.published().raw
    accept(3)
    assert sequencer.run_once() == 0
    assert reading.published().raw == before
    return status().fault


def test_an_old_database_signs_nothing(store, backup):
    save, restore = backup
    accept(4)
    sequencer.run_once()
    save()
    accept(4)
    sequencer.run_once()
    restore()
    assert refuses() == "behind"
    assert status().banner


def test_replay_gives_rows_their_place_again(store, run, backup):
    """The backup was made between the acceptance and the index: nothing is lost."""
    save, restore = backup
    accept(4)
    sequencer.run_once()
    waiting = [*accept(3), act("answer.rejected", accept()[0], {"reason": "duplicate"})]
    save()
    sequencer.run_once()
    head = reading.published().raw
    restore()
    result = resume()
    assert (result.matched, result.lost, result.acts) == (5, 0, [])
    assert Leaf.objects.get(event=waiting[0]).index == 5
    assert run().ok and status().fault == "" and status().resumed
    assert monitor(store, store.verifier, earlier=[head]).ok


def test_replay_says_what_was_lost_and_what_to_do_again(store, run, backup):
    save, restore = backup
    (kept, withdrawn), (idea,) = accept(2), contribute()
    sequencer.run_once()
    save()
    act("answer.rejected", withdrawn, {"reason": "withdrawn"})
    act("contribution.moderated", idea, {"reason": "insult"})
    _lost, replaced = accept(2)
    act("answer.rejected", replaced, {"reason": "duplicate"})
    contribute()
    act("support.accepted", idea, parts={"supporter": "s"})
    sequencer.run_once()
    head = reading.published().raw
    restore()
    accept()
    result = resume()
    assert result.lost == 3
    assert [(a.kind, a.members["d"]) for a in result.acts[:2]] == [
        ("answer.rejected", {"reason": "withdrawn"}),
        ("contribution.moderated", {"reason": "insult"}),
    ]
    assert Leaf.objects.get(event=withdrawn).opening is None
    assert Leaf.objects.get(event=kept).opening is not None
    report = run()
    assert report.ok and report.kinds["log.resumed"] == 1
    assert monitor(store, store.verifier, earlier=[head]).ok
    assert Recount(SURVEY).counts()["kept"] == 2
    assert Recount(SPACE).counts()["supports"] == 0
    gone = Leaf.objects.filter(kind="answer.accepted", index__isnull=False, opening__isnull=True)
    assert gone.count() == 3


def test_a_batch_under_way_of_an_older_database_is_not_finished(store, backup):
    class Killed(BaseException):
        pass

    def die(name):
        if name == "head":
            raise Killed

    save, restore = backup
    accept(2)
    sequencer.run_once()
    save()
    accept(2)
    with pytest.raises(Killed):
        sequencer.run_once(step=die)
    restore()
    # New answers take the ids of those that the batch knows.
    accept(2)
    assert sequencer.run_once() == 0
    assert status().fault == "behind"
    assert resume().lost == 2
    assert status().fault == ""


def test_old_files_catch_up_with_the_database(store, run, backup, tmp_path):
    accept(4)
    sequencer.run_once()
    shutil.copytree(store.folder, tmp_path / "copy")
    accept(300)
    sequencer.run_once()
    head = reading.published().raw
    shutil.rmtree(store.folder)
    shutil.copytree(tmp_path / "copy", store.folder)
    assert refuses() == "ahead"
    resume()
    report = run()
    assert report.ok and report.leaves == 308
    assert monitor(store, store.verifier, earlier=[head]).ok


def test_damaged_tiles_are_written_again(store, run, db):
    accept(300)
    sequencer.run_once()
    head = reading.published().raw
    (store.folder / "tile" / "0" / "001.p" / "45").write_bytes(b"\0" * 45 * 32)
    assert status().fault == "tiles"
    assert refuses() == "tiles"
    resume()
    assert run().ok
    assert monitor(store, store.verifier, earlier=[head]).ok


def test_a_lost_head_is_never_guessed(store, run, db):
    accept(4)
    sequencer.run_once()
    old, key = reading.published(), store.verifier
    (store.folder / "checkpoints.db").unlink()
    assert refuses() == "missing"
    with pytest.raises(CannotResume):
        resume()
    result = resume(new_origin=True)
    assert result.origin == "127.0.0.1:8000/ledger/2" and store.verifier != key
    report = run()
    assert report.ok and report.leaves == 8
    (first,) = reading.entries(0, 1)
    assert first.facts["lost"]["size"] == old.head.size
    assert first.facts["lost"]["origin"] == old.head.origin
    assert status().lost == 1 and status().banner
    # The old register stays, for the receipts that it gave.
    assert open_checkpoint(store.lost(1).read("checkpoint"), key).head == old.head


def test_a_new_origin_half_made_is_finished(store, run, db, monkeypatch):
    class Killed(BaseException):
        pass

    accept(3)
    sequencer.run_once()
    (store.folder / "tile" / "0" / "000.p" / "4").unlink()
    Leaf.objects.filter(index=2).update(bytes=b"other")
    with pytest.raises(CannotResume):
        resume()
    for name in ("mkdir", "rename"):

        def die(*_more, **_named):
            raise Killed

        with monkeypatch.context() as patch:
            patch.setattr(f"pathlib.Path.{name}", die)
            with pytest.raises(Killed):
                resume(new_origin=True)
    with monkeypatch.context() as patch:
        patch.setattr("parvis.ledger.store.Store.create", die)
        with pytest.raises(Killed):
            resume(new_origin=True)
    # Everything was put away and nothing made: the next run must not take the old name.
    sequencer.run_once()
    assert store.origin == "127.0.0.1:8000/ledger/2"
    assert run().ok and store.lost_count == 1


def test_a_missing_key_is_said(store, db):
    accept()
    sequencer.run_once()
    (store.folder / "log.key").unlink()
    assert refuses() == "key"


def test_a_well_register_is_left_alone(store, db):
    accept()
    sequencer.run_once()
    before = reading.published().raw
    assert resume().fault == ""
    assert reading.published().raw == before and not status().banner
