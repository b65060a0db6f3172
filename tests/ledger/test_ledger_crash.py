"""Killed at any step, the register goes on: nothing lost, nothing twice, one tree for each size."""

import itertools

import pytest

from parvis.ledger import sequencer
from parvis.ledger.models import Leaf
from parvis.merkle import checkpoint
from tests.ledger.helpers import accept, indexes

STEPS = ["batch", "bundle", "tile", "head", "rows", "publish", "tidy", "done"]


class Killed(BaseException):
    """What kill -9 leaves behind is what was on disk; no handler must catch it."""


@pytest.fixture
def signed(monkeypatch):
    """Every head that was ever signed, published or not: size -> roots."""
    heads: dict[int, set[bytes]] = {}
    sign = checkpoint.sign

    def remember(head, signers):
        heads.setdefault(head.size, set()).add(head.root)
        return sign(head, signers)

    monkeypatch.setattr(checkpoint, "sign", remember)
    return heads


def kill_at(number):
    """Return a hook that kills at the given step, counted from 0."""
    seen = itertools.count()

    def step(_name):
        if next(seen) == number:
            raise Killed

    return step


def test_every_step_is_watched(db, store):
    accept(300)
    names = []
    sequencer.run_once(step=names.append)
    assert list(dict.fromkeys(names)) == STEPS


@pytest.mark.parametrize("size", [1, 260])
def test_killed_at_each_step(db, store, run, signed, size):
    accept(3)
    sequencer.run_once()
    total, number, killed = 4, 0, 0
    while True:
        accept(size)
        total += size
        try:
            sequencer.run_once(step=kill_at(number))
        except Killed:
            killed += 1
        else:
            break
        # More arrives before the restart: it must not slip into the batch that was under way.
        accept(2)
        total += 2
        if number % 3 == 0:
            with pytest.raises(Killed):
                sequencer.run_once(step=kill_at(1))
        while sequencer.run_once():
            pass
        assert store.head().size == total
        number += 1
    assert killed >= len(STEPS)
    report = run()
    assert report.findings == () and report.leaves == total
    assert indexes() == list(range(total))
    assert Leaf.objects.filter(index=None).count() == 0
    assert all(len(roots) == 1 for roots in signed.values())


@pytest.mark.parametrize("cut", ["write", "rename"])
def test_killed_inside_a_file(db, store, run, signed, monkeypatch, cut):
    """A temporary file that is half there is never taken for the real one."""
    accept(5)
    sequencer.run_once()
    accept(270)
    for number in range(8):
        calls = itertools.count()

        def die(*_more, number=number, calls=calls):
            if next(calls) == number:
                raise Killed

        with monkeypatch.context() as patch:
            if cut == "write":
                patch.setattr("os.fsync", die)
            else:
                from pathlib import Path

                rename = Path.rename
                patch.setattr(
                    Path,
                    "rename",
                    lambda self, target, die=die, rename=rename: die() or rename(self, target),
                )
            try:
                sequencer.run_once()
            except Killed:
                continue
    assert run().ok and indexes() == list(range(276))
    assert all(len(roots) == 1 for roots in signed.values())
    assert not [path for path in store.folder.rglob("*.new") if path.name != "checkpoints.db.new"]


def test_killed_while_the_register_is_made(db, store, run, monkeypatch):
    accept(2)
    for number in range(12):
        calls = itertools.count()

        def die(*_more, number=number, calls=calls):
            if next(calls) == number:
                raise Killed

        with monkeypatch.context() as patch:
            patch.setattr("os.fsync", die)
            try:
                sequencer.run_once()
            except Killed:
                continue
    key = store.signer().verifier
    assert run().ok and store.verifier == key


def test_leaves_that_vanish_before_their_head_is_signed_are_forgotten(db, store, run):
    """The database lost its last second, the batch was kept, nothing was signed on it."""
    accept(3)
    sequencer.run_once()
    accept(4)
    with pytest.raises(Killed):
        sequencer.run_once(step=kill_at(0))
    Leaf.objects.filter(index=None).delete()
    accept(1)
    report = run()
    assert report.ok and report.leaves == 5
