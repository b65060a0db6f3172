"""Votes in the log: batches, closing, published ballots, result."""

import hashlib

import pytest

from parvis.merkle import b64
from parvis.merkle.audit import audit

VOTE = "vote/budget"


def named(report):
    return {(finding.index, finding.rule) for finding in report.findings}


def check(ledger, **more):
    ledger.publish()
    return named(audit(ledger, ledger.vkey, **more))


@pytest.fixture
def vote(ledger, ballot):
    """Return a function that writes a whole vote, with one thing changed."""

    def write(*, sizes=(20, 25), rule="approval", choices=("a", "b"), **change):
        made = sorted(ballot(choices) for _ in range(sum(sizes)))
        start, batches = 0, []
        for size in sizes:
            batches.append(sorted(commitment for commitment, _ in made[start : start + size]))
            start += size
        batches = change.get("batches", lambda b: b)(batches)
        raw = b"".join(line for _, line in made)
        count = sum(len(batch) for batch in batches)
        options = ["a", "b", "c"]
        at = {"opened": ledger.add("vote.opened", on=VOTE, d={"rule": rule, "options": options})}
        at["batches"] = [
            ledger.add("vote.batch", on=VOTE, d={"ballots": [b64.encode(c) for c in batch]})
            for batch in batches
        ]
        closed = {"issued": 50, "cast": count, "ballots_sha256": hashlib.sha256(raw).hexdigest()}
        at["closed"] = ledger.add("vote.closed", on=VOTE, d=closed | change.get("closed", {}))
        tally = change.get("tally", {"a": count, "b": count, "c": 0})
        result = {"rule": change.get("result_rule", rule), "tally": tally}
        at["result"] = ledger.add("vote.result", on=VOTE, d=result)
        return at, raw

    return write


def test_an_honest_vote_is_green(ledger, vote):
    _, raw = vote(sizes=(20, 25, 3))
    assert check(ledger, ballots=[raw]) == set()
    report = audit(ledger, ledger.vkey)
    assert any("no ballots given" in note for note in report.not_checked)


def test_lies_about_a_vote(ledger, vote):
    at, raw = vote(closed={"cast": 44})
    assert check(ledger, ballots=[raw]) == {(at["closed"], "vote")}


def test_a_small_batch_must_be_the_last(ledger, vote):
    at, raw = vote(sizes=(20, 19, 3))
    assert check(ledger, ballots=[raw]) == {(at["batches"][1], "vote")}


def test_result_must_follow_rule_and_ballots(ledger, vote):
    at, raw = vote(tally={"a": 45, "b": 45})
    assert check(ledger, ballots=[raw]) == {(at["result"], "result")}


def test_rule_of_the_result_is_the_announced_one(ledger, vote):
    at, raw = vote(result_rule="plurality")
    assert check(ledger, ballots=[raw]) == {(at["result"], "result")}


def test_ballots_of_unknown_options_are_refused(ledger, vote):
    at, raw = vote(choices=("a", "z"), tally={"a": 45, "b": 0, "c": 0})
    assert check(ledger, ballots=[raw]) == {(at["closed"], "ballots")}


def test_repeated_choices_are_refused(ledger, vote):
    at, raw = vote(choices=("a", "a"), tally={"a": 90, "b": 0, "c": 0})
    assert check(ledger, ballots=[raw]) == {(at["closed"], "ballots")}


def test_changed_ballots_files_are_refused(ledger, vote):
    at, raw = vote()
    lines = raw.splitlines(keepends=True)
    for bad in (b"".join(lines[1:]), b"".join(lines[::-1]), raw[:-1], b"{}\n" + raw, b""):
        assert (at["closed"], "ballots") in check(ledger, ballots=[bad])
    assert (-1, "ballots") in check(ledger, ballots=[raw, b""])


def test_other_rules_are_said_not_recounted_or_recounted(ledger, vote):
    at, raw = vote(rule="first-choice", tally={"a": 45})
    ledger.publish()
    report = audit(ledger, ledger.vkey, ballots=[raw])
    assert report.ok
    assert any("no recount for the rule" in note for note in report.not_checked)
    recounts = {"first-choice": lambda ballots, options: {"b": len(ballots)}}
    assert named(audit(ledger, ledger.vkey, ballots=[raw], recounts=recounts)) == {
        (at["result"], "result")
    }


def test_votes_have_an_order(ledger, vote):
    vote()
    ballots = [b64.encode(bytes(31) + bytes([i])) for i in range(20)]
    late = ledger.add("vote.batch", on=VOTE, d={"ballots": ballots})
    reopened = ledger.add("vote.opened", on=VOTE, d={"rule": "approval", "options": ["a"]})
    unopened = ledger.add("vote.result", on="vote/other", d={"rule": "approval", "tally": {}})
    closed = {"issued": 0, "cast": 0, "ballots_sha256": "0" * 64}
    never = ledger.add("vote.closed", on="vote/third", d=closed)
    assert check(ledger) == {(i, "vote") for i in (late, reopened, unopened, never)}
