"""Canonical JSON, commitments and the shape of one leaf."""

import json
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parvis.merkle import b64, canon, commit, leaf
from parvis.merkle.canon import CanonError
from parvis.merkle.commit import CommitError, Opening
from parvis.merkle.kinds import KINDS
from parvis.merkle.leaf import LeafError

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
KEYS = st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E), max_size=8)
VALUES = st.recursive(
    st.one_of(TEXT, st.booleans(), st.integers(-(2**53) + 1, 2**53 - 1)),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(KEYS, inner, max_size=4)),
    max_leaves=12,
)
AT = "2026-03-02T13:00:00Z"
ON = "consultation/park"
DIGEST = b"\5" * 32
SHA256 = "0" * 64


@given(VALUES)
def test_canonical_json_round_trips(value):
    raw = canon.encode(value)
    assert canon.decode(raw) == value
    # The standard library, told to be compact and sorted, agrees on this restricted domain.
    expected = json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True)
    assert raw == expected.encode()


@given(VALUES)
def test_any_other_spelling_is_refused(value):
    loose = json.dumps(value, ensure_ascii=True, indent=1).encode()
    if loose != canon.encode(value):
        with pytest.raises(CanonError):
            canon.decode(loose)
    with pytest.raises(CanonError):
        canon.decode(canon.encode(value) + b"\n")


@pytest.mark.parametrize(
    "value",
    [
        None,
        1.0,
        float("nan"),
        2**53,
        -(2**53),
        {"é": 1},
        {"a\n": 1},
        {1: 1},
        "\ud800",
        b"x",
        {"a": {1, 2}},
        {"a": [None]},
    ],
)
def test_values_outside_the_restriction(value):
    with pytest.raises(CanonError):
        canon.encode(value)


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"null",
        b"1.5",
        b"1.0",
        b"1e3",
        b"-0",
        b"01",
        b"NaN",
        b'{"a":1,"a":1}',
        b'{"b":1,"a":1}',
        b'{"a": 1}',
        b'"\\u0041"',
        b'"\\/"',
        b'"\\ud800"',
        b"\xef\xbb\xbf1",
        b'"\xff"',
        b"9007199254740992",
        b"1" * 5000,
        b"[" * 60_000,
        b"[" * 70 + b"]" * 70,
        b'"a\tb"',
    ],
)
def test_bytes_that_are_not_canonical(raw):
    with pytest.raises(CanonError):
        canon.decode(raw)


@given(VALUES, st.sampled_from(sorted(KINDS)))
def test_commitments_bind_and_separate(value, kind):
    opening = commit.open_value(value)
    digest = commit.commitment(kind, "body", opening)
    commit.verify(kind, "body", opening, digest)
    assert commit.from_json(commit.to_json(opening)) == opening
    assert commit.open_value(value).salt != opening.salt
    for other in (
        ("other.kind", "body", opening),
        (kind, "author", opening),
        (kind, "body", Opening(opening.payload + b" ", opening.salt)),
        (kind, "body", Opening(opening.payload, bytes(32))),
    ):
        with pytest.raises(CommitError):
            commit.verify(*other, digest)


def test_commitments_refuse_ambiguity():
    with pytest.raises(CommitError):
        commit.commitment("a\nb", "c", Opening(b"1", bytes(32)))
    with pytest.raises(CommitError):
        commit.commitment("a", "c", Opening(b"1", bytes(31)))
    loose = Opening(b'{"a": 1}', bytes(32))
    with pytest.raises(CommitError, match="canonical"):
        commit.verify("a", "c", loose, commit.commitment("a", "c", loose))
    for value in (
        1,
        {},
        {"payload": 1, "salt": ""},
        {"payload": "", "salt": "AA"},
        {"payload": "\ud800", "salt": b64.encode(bytes(32))},
    ):
        with pytest.raises(CommitError):
            commit.from_json(value)


@pytest.mark.parametrize("text", ["AAB=", "AAA", "AA==\n", " AAA=", "AA-_", "é", "AAA=A"])
def test_base64_has_one_spelling(text):
    with pytest.raises(ValueError, match=r"base64"):
        b64.decode(text)


@pytest.mark.parametrize(
    "change",
    [
        {"kind": "contribution.approved"},
        {"on": "consultation/"},
        {"on": "consultation/a b"},
        {"on": "person/1"},
        {"at": "2026-03-02T13:00:00+00:00"},
        {"at": "2026-02-30T13:00:00Z"},
        {"at": "2026-03-02 13:00:00Z"},
        {"c": {"body": DIGEST, "email": DIGEST}},
        {"c": {"author": DIGEST}},
        {"c": {"body": DIGEST[:-1]}},
        {"c": {}},
        {"ref": 3},
        {"d": {}},
        {"d": {"channel": ""}},
        {"d": {"channel": "web", "score": 1.5}},
        {"d": {"channel": "web", "note": "x" * 70_000}},
    ],
)
def test_malformed_leaves_are_not_built(change):
    good = {
        "kind": "contribution.accepted",
        "on": ON,
        "at": AT,
        "c": {"body": DIGEST},
        "d": {"channel": "web"},
    }
    leaf.parse(leaf.build(**good))
    with pytest.raises(LeafError):
        leaf.build(**(good | change))


@pytest.mark.parametrize(
    ("kind", "more"),
    [
        ("contribution.moderated", {"ref": 1}),
        ("contribution.moderated", {"d": {"reason": "insult"}}),
        ("contribution.moderated", {"ref": -1, "d": {"reason": "insult"}}),
        ("contribution.moderated", {"ref": True, "d": {"reason": "insult"}}),
        ("contribution.edited", {"ref": 1}),
        ("contribution.erased", {"ref": 1, "d": {"parts": ["title"]}}),
        ("contribution.erased", {"ref": 1, "d": {"parts": []}}),
        ("contribution.withdrawn", {"ref": 1, "c": {"body": DIGEST}}),
        ("answer.rejected", {"ref": 1}),
        ("response.published", {"d": {"sha256": "AB" * 32}}),
        ("dataset.published", {}),
        ("vote.opened", {"d": {"rule": "approval", "options": ["a", "a"]}}),
        ("vote.batch", {"d": {"ballots": ["AAAA"]}}),
        ("vote.closed", {"d": {"issued": 1, "cast": True, "ballots_sha256": SHA256}}),
        ("vote.result", {"d": {"rule": "approval"}}),
        ("consultation.phase", {"d": {"from": "open"}}),
        ("log.opened", {"d": {"origin": "a"}}),
    ],
)
def test_rules_of_each_kind(kind, more):
    with pytest.raises(LeafError):
        leaf.build(kind=kind, on=ON, at=AT, **more)


def test_parse_names_everything_that_is_wrong():
    raw = canon.encode({"v": True, "kind": "count.published", "on": "x", "at": "y", "z": 1})
    with pytest.raises(LeafError) as error:
        leaf.parse(raw)
    assert len(error.value.problems) == 4
    for other in (b"[]", b'"leaf"', b"{}", b'{"v":1}', b"x" * 70_000):
        with pytest.raises(LeafError):
            leaf.parse(other)


def test_times():
    moment = datetime(2026, 3, 2, 8, 0, 0, 999999, tzinfo=timezone(timedelta(hours=-5)))
    assert leaf.format_at(moment) == AT
    assert leaf.parse_at(AT) == int(datetime(2026, 3, 2, 13, tzinfo=UTC).timestamp())
    with pytest.raises(ValueError, match="naive"):
        leaf.format_at(datetime(2026, 3, 2))


def test_every_kind_of_the_format_is_in_the_table():
    assert len(KINDS) == 27
    for name, kind in KINDS.items():
        assert kind.name == name
        assert kind.parts_required <= kind.parts
        assert kind.refs <= set(KINDS)
