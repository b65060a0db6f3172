"""What an operator could do in secret, and who sees it."""

import json
import random

import pytest
from django.db import connection

from parvis.consult.models import Contribution
from parvis.ledger import openings, recheck, sequencer
from parvis.ledger.models import Leaf
from parvis.merkle.audit import audit
from parvis.methods.proposals import services
from tests.factories import make_actor, make_answer
from tests.ledger.conftest import parts_of


def sql(statement, *values):
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        assert cursor.rowcount == 1


@pytest.fixture
def filled(consultation, survey, proposals):
    actor = make_actor()
    for n in range(40):
        make_answer(survey, {"first": "data", "why": f"Raison {n}"})
    for n in range(5):
        services.propose(actor=actor, activity=proposals, title=f"Idée {n}", body="Parce que.")
    sequencer.run_once()
    openings.publish()
    sequencer.run_once()
    assert list(recheck.check_leaves()) == [] == list(recheck.check_rows(parts_of))


def index_of(contribution_id):
    return Leaf.objects.get(event__node_id=contribution_id, event__verb__endswith="accepted").index


def test_every_answer_changed_behind_is_named(filled):
    ids = list(Contribution.objects.filter(body="").values_list("pk", flat=True))
    chosen = random.Random(1).sample(ids, 20)
    for pk in chosen:
        statement = "UPDATE consult_contribution SET payload = %s WHERE node_id = %s"
        key = pk.hex if connection.vendor == "sqlite" else pk
        sql(statement, json.dumps({"first": "docs", "why": "Autre"}), key)
    found = list(recheck.check_rows(parts_of))
    assert [finding.index for finding in found] == sorted(index_of(pk) for pk in chosen)
    assert {finding.rule for finding in found} == {"opening"}


def test_a_deleted_answer_is_named(filled):
    gone = Contribution.objects.filter(body="").first()
    index = index_of(gone.pk)
    gone.delete()
    (found,) = recheck.check_rows(parts_of)
    assert (found.index, found.rule) == (index, "missing")


def test_a_deleted_node_is_named_too(filled):
    gone = Contribution.objects.filter(body="").first()
    index = index_of(gone.pk)
    gone.node.delete()
    (found,) = recheck.check_rows(parts_of)
    assert (found.index, found.rule) == (index, "missing")


def test_an_opening_rewritten_with_the_row_is_named(filled):
    """Changing both the answer and its sealed copy: the commitment is in the signed tree."""
    leaf = Leaf.objects.filter(kind="answer.accepted").first()
    Contribution.objects.filter(node_id=leaf.event.node_id).update(payload={"first": "docs"})
    opening = dict(leaf.opening)
    opening["answers"]["payload"] = '{"first":"docs"}'
    Leaf.objects.filter(pk=leaf.pk).update(opening=opening)
    (found,) = recheck.check_rows(parts_of)
    assert (found.index, found.rule) == (leaf.index, "opening")


def test_an_opening_taken_away_is_named(filled):
    """Without it a changed answer could not be compared: its absence is the trace."""
    leaf = Leaf.objects.filter(kind="answer.accepted").first()
    Contribution.objects.filter(node_id=leaf.event.node_id).update(payload={"first": "docs"})
    Leaf.objects.filter(pk=leaf.pk).update(opening=None)
    (found,) = recheck.check_rows(parts_of)
    assert (found.index, found.rule) == (leaf.index, "opening")


def test_rows_of_the_register_changed_or_deleted_are_named(filled):
    first, second = Leaf.objects.filter(kind="answer.accepted").order_by("index")[3:5]
    Leaf.objects.filter(pk=first.pk).update(bytes=bytes(first.bytes).replace(b"web", b"api"))
    Leaf.objects.filter(pk=second.pk).delete()
    found = list(recheck.check_leaves())
    assert [finding.index for finding in found] == [first.index, second.index]


def test_a_published_entry_changed_is_seen_by_anybody(filled, store):
    path = next((store.folder / "tile" / "entries" / "000.p").iterdir())
    raw = path.read_bytes()
    path.write_bytes(raw.replace(b'"channel":"web"', b'"channel":"api"', 1))
    report = audit(store, store.verifier)
    assert {finding.rule for finding in report.findings} >= {"root", "tile"}


def test_a_proposal_left_out_of_the_published_texts_is_named(filled, store):
    raw = openings.current()
    assert audit(store, store.verifier, openings=raw, openings_size=47).ok
    lines = raw.splitlines(keepends=True)
    left_out = json.loads(lines.pop(2))["index"]
    report = audit(store, store.verifier, openings=b"".join(lines), openings_size=47)
    missing = [finding for finding in report.findings if finding.rule == "missing"]
    assert [finding.index for finding in missing] == [left_out]
    assert any("in no leaf" in finding.detail for finding in report.findings)
