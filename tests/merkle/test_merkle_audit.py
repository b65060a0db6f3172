"""The audit: honest logs are green, every lie is named with its leaf."""

import hashlib
import json
from pathlib import Path

import pytest

from parvis.merkle import canon
from parvis.merkle.audit import FolderSource, audit
from parvis.merkle.findings import RULES
from parvis.merkle.monitor import ROLLBACK, SPLIT_VIEW, monitor
from parvis.merkle.state import LogState

VECTORS = Path(__file__).parent / "vectors"
LOG = FolderSource(VECTORS / "log")
VKEY = (VECTORS / "log.vkey").read_text()
WITNESSES = (VECTORS / "witness.vkeys").read_text().split()
EARLIER = [path.read_bytes() for path in (VECTORS / "checkpoints").iterdir()]
OPENINGS = (VECTORS / "openings.jsonl").read_bytes()
BALLOTS = (VECTORS / "ballots.jsonl").read_bytes()
SURVEY = "survey/park"


def named(report):
    assert all(finding.rule in RULES for finding in report.findings)
    return {(finding.index, finding.rule) for finding in report.findings}


def test_the_published_log_is_green():
    seen = []
    report = audit(
        LOG,
        VKEY,
        witnesses=WITNESSES,
        earlier=EARLIER,
        openings=OPENINGS,
        ballots=[BALLOTS],
        progress=lambda done, size: seen.append((done, size)),
    )
    assert report.ok, [str(finding) for finding in report.findings]
    assert report.leaves == sum(report.kinds.values()) == 700
    assert report.not_checked == ()
    assert len(report.checkpoint.cosignatures) == 2
    assert seen == [(256, 700), (512, 700), (700, 700)]


@pytest.mark.parametrize(
    ("lie", "leaf", "rule"),
    [
        ("count", 66, "count"),
        ("stuffed", 89, "vote"),
        ("dupballot", 88, "vote"),
        ("unsorted", 87, "vote"),
        ("noncanonical", 50, "canonical"),
        ("timeback", 60, "time"),
        ("result", 90, "result"),
    ],
)
def test_lying_logs_are_refused_and_the_leaf_named(lie, leaf, rule):
    folder = VECTORS / "bad" / f"lie-{lie}"
    report = audit(
        FolderSource(folder / "log"),
        (folder / "log.vkey").read_text(),
        ballots=[(folder / "ballots.jsonl").read_bytes()],
    )
    assert not report.ok
    assert report.checkpoint is not None, "the lie is validly signed"
    assert report.leaves == 130
    assert (leaf, rule) in named(report)
    # Nothing else is accused, but what follows from the same lie.
    assert named(report) - {(leaf, rule)} <= {(83, "count"), (89, "ballots")}


@pytest.mark.parametrize("check", [audit, monitor])
@pytest.mark.parametrize(
    ("name", "kind"), [("rollback-705", ROLLBACK), ("split-view-100", SPLIT_VIEW)]
)
def test_rollback_and_split_view_are_refused_with_both_notes(check, name, kind):
    kept = (VECTORS / "bad" / name).read_bytes()
    report = check(LOG, VKEY, earlier=[*EARLIER, kept])
    assert not report.ok
    (conflict,) = report.conflicts
    assert (conflict.kind, conflict.earlier) == (kind, kept)
    assert conflict.current == LOG.read("checkpoint")
    assert kept.decode() in str(conflict)
    assert conflict.current.decode() in str(conflict)
    assert (-1, kind) in named(report)


def test_monitor_is_green_and_reads_few_files():
    read = []

    class Counting:
        def read(self, path):
            read.append(path)
            return LOG.read(path)

    for raw in EARLIER:
        read.clear()
        report = monitor(Counting(), VKEY, earlier=[raw], witnesses=WITNESSES)
        assert report.ok
        assert len(read) <= 9
    assert report.current.raw == LOG.read("checkpoint")


def test_two_heads_of_one_size_are_a_split_view(make_ledger):
    one, two = make_ledger().opened(), make_ledger().opened()
    one.contribute("a")
    two.contribute("b")
    kept = one.publish()
    two.publish()
    report = monitor(two, two.vkey, earlier=[kept])
    assert [conflict.kind for conflict in report.conflicts] == [SPLIT_VIEW]


def test_a_damaged_tile_is_not_called_a_split_view(ledger):
    kept = ledger.publish()
    for _ in range(300):
        ledger.contribute()
    ledger.publish()
    tile = ledger.files["tile/0/000"]
    ledger.files["tile/0/000"] = tile[:64] + bytes([tile[64] ^ 1]) + tile[65:]
    report = monitor(ledger, ledger.vkey, earlier=[kept])
    assert not report.ok
    assert report.conflicts == ()
    assert named(report) == {(-1, "tile")}
    assert named(audit(ledger, ledger.vkey)) == {(2, "tile")}


def test_checkpoints_by_others_are_not_believed(ledger):
    ledger.publish()
    report = monitor(ledger, VKEY)
    assert named(report) == {(-1, "checkpoint")}
    assert named(monitor(ledger, ledger.vkey, earlier=[EARLIER[0]])) == {(-1, "checkpoint")}
    ledger.files.pop("checkpoint")
    for check in (audit, monitor):
        assert named(check(ledger, ledger.vkey)) == {(-1, "checkpoint")}


def test_missing_and_changed_files_are_named(ledger):
    for _ in range(600):
        ledger.contribute()
    ledger.publish()
    assert audit(ledger, ledger.vkey).ok
    good = dict(ledger.files)

    def broken(path, data):
        ledger.files = good | {path: data}
        return named(audit(ledger, ledger.vkey))

    assert broken("tile/entries/001", None) == {(-1, "tile")}
    assert broken("tile/entries/001", good["tile/entries/001"][:-1]) == {(-1, "tile")}
    assert broken("tile/0/001", None) == {(-1, "tile")}
    assert broken("tile/1/000.p/2", bytes(64)) == {(-1, "tile")}
    swapped = good["tile/0/001"][32:64] + good["tile/0/001"][:32] + good["tile/0/001"][64:]
    assert broken("tile/0/001", swapped) == {(256, "tile"), (257, "tile")}
    bundle = good["tile/entries/000"].replace(b'"web"', b'"fax"', 1)
    found = broken("tile/entries/000", bundle)
    assert {(1, "tile"), (-1, "root")} <= found


def test_a_server_that_dropped_partial_tiles_is_still_read(ledger):
    for _ in range(99):
        ledger.contribute()
    head = ledger.publish()
    for _ in range(156):
        ledger.contribute()
    ledger.publish()
    files = {path: data for path, data in ledger.files.items() if ".p/" not in path}
    ledger.files = files | {"checkpoint": head}
    report = audit(ledger, ledger.vkey)
    assert report.ok
    assert report.leaves == 100


def check(ledger, **more):
    ledger.publish()
    return named(audit(ledger, ledger.vkey, **more))


def test_leaf_zero_opens_this_log(make_ledger):
    ledger = make_ledger()
    ledger.add("log.opened", on="log", d={"origin": "other.example/ledger"})
    ledger.add("log.opened", on="log", d={"origin": "other.example/ledger"})
    assert check(ledger) == {(0, "first"), (1, "first")}
    ledger = make_ledger()
    ledger.contribute()
    assert check(ledger) == {(0, "first")}


def test_time_rule_is_600_seconds_before_the_latest(ledger):
    ledger.add("consultation.phase", at="2026-03-02T14:00:00Z", d={"from": "a", "to": "b"})
    ledger.add("consultation.phase", at="2026-03-02T13:50:00Z", d={"from": "a", "to": "b"})
    assert check(ledger) == set()
    # The limit is counted from the latest, not from the previous leaf.
    late = ledger.add("consultation.phase", at="2026-03-02T13:49:59Z", d={"from": "a", "to": "b"})
    assert check(ledger) == {(late, "time")}


def test_refs(ledger):
    mine = ledger.contribute()
    other_subject = ledger.add("contribution.withdrawn", on="consultation/other", ref=mine)
    later = ledger.add("contribution.withdrawn", ref=99)
    itself = ledger.add("contribution.withdrawn", ref=4)
    wrong_kind = ledger.add("support.withdrawn", ref=mine)
    assert check(ledger) == {
        (other_subject, "ref"),
        (later, "ref"),
        (itself, "ref"),
        (wrong_kind, "ref"),
    }


def test_unreadable_leaves_do_not_hide_the_rest(ledger):
    ledger.contribute()
    bad = ledger.add_raw(b"not json")
    unknown = ledger.add_raw(canon.encode({"v": 1, "kind": "x", "on": "log", "at": "now"}))
    to_bad = ledger.add("contribution.withdrawn", ref=bad)
    ledger.add("count.published", d={"received": 1, "visible": 1})
    assert check(ledger) == {(bad, "canonical"), (unknown, "leaf"), (to_bad, "ref")}


def test_counts_are_recounted(ledger):
    first, second, third = (ledger.contribute() for _ in range(3))
    support = ledger.add("support.accepted", ref=first, parts={"supporter": {"account": "1"}})
    ledger.add("support.accepted", ref=first, parts={"supporter": {"account": "2"}})
    ledger.add("support.withdrawn", ref=support)
    ledger.add("contribution.moderated", ref=second, d={"reason": "insult"})
    ledger.add("contribution.withdrawn", ref=third)
    good = {"received": 3, "visible": 1, "withdrawn": 1, "moderated": 1, "supports": 1}
    ledger.add("count.published", d=good)
    answers = [
        ledger.add("answer.accepted", on=SURVEY, parts={"answers": {"q": str(i)}}) for i in range(4)
    ]
    ledger.add("answer.rejected", on=SURVEY, ref=answers[0], d={"reason": "duplicate"})
    good_answers = {
        "answers": 4,
        "kept": 3,
        "rejected": 1,
        "rejected_by": {"duplicate": 1, "out_of_territory": 0},
    }
    ledger.add("count.published", on=SURVEY, d=good_answers)
    ledger.add("contribution.restored", ref=second)
    ledger.add("count.published", d={"visible": 2, "moderated": 0})
    assert check(ledger) == set()
    lies = [
        ledger.add("count.published", d={member: value})
        for member, value in (
            ("received", 4),
            ("visible", True),
            ("supports", "1"),
            ("supports", 2),
            ("unseen", 0),
        )
    ]
    lies.append(ledger.add("count.published"))
    lies += [
        ledger.add("count.published", on=SURVEY, d=good_answers | change)
        for change in (
            {"kept": 4},
            {"rejected_by": {}},
            {"rejected_by": {"other": 1}},
            {"rejected_by": 1},
        )
    ]
    assert check(ledger) == {(lie, "count") for lie in lies}


def test_acts_fit_what_happened_before(ledger):
    shown, mine = ledger.contribute(), ledger.contribute()
    early = ledger.add("contribution.erased", ref=shown, d={"parts": ["body"]})
    ledger.add("contribution.erased", ref=mine, d={"parts": ["private"]})
    restored = ledger.add("contribution.restored", ref=mine)
    ledger.add("contribution.withdrawn", ref=mine)
    twice = ledger.add("contribution.withdrawn", ref=mine)
    ledger.add("contribution.erased", ref=mine, d={"parts": ["body"]})
    edited = ledger.add("contribution.edited", ref=mine, parts={"body": {"text": "b"}})
    back = ledger.add("contribution.restored", ref=mine)
    support = ledger.add("support.accepted", ref=shown, parts={"supporter": {"account": "1"}})
    ledger.add("support.withdrawn", ref=support)
    again = ledger.add("support.withdrawn", ref=support)
    answer = ledger.add("answer.accepted", on=SURVEY, parts={"answers": {"q": "1"}})
    ledger.add("answer.rejected", on=SURVEY, ref=answer, d={"reason": "duplicate"})
    rejected = ledger.add("answer.rejected", on=SURVEY, ref=answer, d={"reason": "other"})
    wrong = (early, restored, twice, edited, back, again, rejected)
    assert check(ledger) == {(index, "order") for index in wrong}


def test_a_copied_leaf_is_seen(ledger):
    mine = ledger.contribute()
    copy = ledger.add_raw(ledger.entries[mine])
    assert check(ledger) == {(copy, "salt")}


def with_openings(ledger, **more):
    raw = ledger.openings_file(**more)
    sha256 = hashlib.sha256(raw).hexdigest()
    ledger.add("dataset.published", on="dataset/contributions", d={"sha256": sha256})
    return raw


def test_silent_removal_is_named(ledger):
    first, second = ledger.contribute(), ledger.contribute("to be removed")
    assert check(ledger, openings=with_openings(ledger)) == set()
    raw = with_openings(ledger, skip=[second])
    assert check(ledger, openings=raw) == {(second, "missing")}
    ledger.add("contribution.withdrawn", ref=second)
    assert check(ledger, openings=raw) == set()
    ledger.add("contribution.edited", ref=first, parts={"body": {"text": "new"}})
    assert check(ledger, openings=raw) == {(first, "missing")}
    assert check(ledger, openings=raw, openings_size=4) == {(second, "missing")}


def test_openings_must_match(ledger):
    mine = ledger.contribute()
    good = with_openings(ledger)
    value = json.loads(good)
    assert check(ledger, openings=good) == set()

    def line(**change):
        return canon.encode(value | change) + b"\n"

    unpinned = {(-1, "opening")}
    lost = unpinned | {(mine, "missing")}
    assert check(ledger, openings=line(payload='{"text":"x"}')) == lost | {(mine, "opening")}
    assert check(ledger, openings=line(part="title")) == lost | {(mine, "opening")}
    assert check(ledger, openings=good + line(index=77)) == unpinned | {(77, "opening")}
    assert check(ledger, openings=good + good) == unpinned | {(mine, "opening")}
    assert check(ledger, openings=good + b"{}\n") == unpinned
    assert check(ledger, openings=good[:-1]) == unpinned
    assert check(ledger, openings=b"") == lost


def test_erased_text_may_not_stay_published(ledger):
    mine = ledger.contribute()
    raw = with_openings(ledger)
    ledger.add("contribution.withdrawn", ref=mine)
    assert check(ledger, openings=raw) == set()
    ledger.add("contribution.erased", ref=mine, d={"parts": ["body"]})
    assert check(ledger, openings=raw) == {(mine, "opening")}


def test_counts_to_publish_come_from_the_same_recount():
    state = LogState("a.example/log")
    assert state.counts("consultation/x")["received"] == 0
    assert set(state.counts("consultation/x")) >= {"visible", "supports", "kept", "rejected_by"}


def test_folder_source_stays_in_its_folder(tmp_path):
    (tmp_path / "ledger").mkdir()
    (tmp_path / "secret").write_bytes(b"x")
    (tmp_path / "ledger" / "checkpoint").write_bytes(b"y")
    source = FolderSource(tmp_path / "ledger")
    assert source.read("checkpoint") == b"y"
    assert source.read("../secret") is None
    assert source.read("missing") is None
    assert source.read("") is None
