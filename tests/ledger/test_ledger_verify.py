"""`parvis verify`: the published vectors, every bad log, a register over the network, memory."""

import json
import shutil
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

import pytest
from django.utils import translation

from parvis.consult import contributions
from parvis.ledger import openings, receipts, sequencer
from parvis.ledger.verify import OK, UNREADABLE, WRONG, main, verify
from parvis.methods.proposals import services
from tests.factories import make_actor, make_answer
from tests.ledger.conftest import VECTORS
from tests.ledger.helpers import accept

LIES = {
    "lie-count": "count",
    "lie-dupballot": "vote",
    "lie-noncanonical": "canonical",
    "lie-result": "result",
    "lie-stuffed": "vote",
    "lie-timeback": "time",
    "lie-unsorted": "vote",
}


@pytest.fixture(autouse=True)
def _home(home):
    """The last head seen is kept in a home of this test; what is said is said in English."""
    with translation.override("en"):
        yield


@pytest.fixture
def site(request, db):
    """Serve this test's register as a site would: files under /ledger, no directory lists."""
    from parvis.ledger.store import Store

    class Quiet(SimpleHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def translate_path(self, path):
            wanted = path.removeprefix("/ledger/").replace("vkey", "log.vkey")
            wanted = wanted.replace("openings", "served")
            return str(Store.here().folder / wanted) if path.startswith("/ledger/") else "/nowhere"

        def log_message(self, *_more):
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory="/nowhere"))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()


def serve_openings(store, raw):
    """What `/ledger/openings.jsonl` answers."""
    (store.folder / "served.jsonl").write_bytes(raw)


def test_the_vectors_are_right():
    said = []
    result = verify(
        str(VECTORS),
        VECTORS / "checkpoints",
        sorted((VECTORS / "proofs").iterdir()),
        out=said.append,
    )
    assert result.status == OK, said
    assert result.report.leaves == 700 and result.report.checkpoint.cosignatures
    assert set(result.receipts.values()) == {""} and len(result.receipts) > 3
    assert said == result.lines
    assert result.report.not_checked == ()


@pytest.mark.parametrize("name", sorted(LIES))
def test_each_lie_is_named(name):
    result = verify(str(VECTORS / "bad" / name))
    assert result.status == WRONG
    named = [f for f in result.report.findings if f.rule == LIES[name]]
    assert named and all(f.index > 0 for f in named)
    assert any(f"[{LIES[name]}:" in line for line in result.lines)


@pytest.mark.parametrize("name", ["rollback-705", "split-view-100"])
def test_a_head_seen_before_proves_the_lie(name, tmp_path):
    seen = tmp_path / "seen"
    found = VECTORS / "bad" / name
    note = found if found.is_file() else next(f for f in found.rglob("checkpoint"))
    shutil.copyfile(note, seen)
    result = verify(str(VECTORS), seen)
    assert result.status == WRONG
    (conflict,) = result.report.conflicts
    text = "\n".join(result.lines)
    assert conflict.earlier.decode() in text and conflict.current.decode() in text
    assert seen.read_bytes() == note.read_bytes(), "the proof is kept"


def test_the_last_head_is_remembered(db, store):
    accept(10)
    sequencer.run_once()
    first = verify(str(store.folder))
    assert first.status == OK and "first head seen" in first.lines[-1]
    shutil.copytree(store.folder, store.folder.parent / "old")
    accept(300)
    sequencer.run_once()
    assert "extends" in verify(str(store.folder)).lines[-1]
    for name in ("checkpoint", "tile"):
        target = store.folder / name
        shutil.rmtree(target) if target.is_dir() else target.unlink()
        source = store.folder.parent / "old" / name
        (shutil.copytree if source.is_dir() else shutil.copyfile)(source, target)
    result = verify(str(store.folder))
    assert result.status == WRONG
    assert {f.rule for f in result.report.findings} == {"rollback"}


def test_over_the_network_with_receipts_and_texts(site, survey, proposals, tmp_path, store):
    answer = make_answer(survey).contribution
    author = make_actor()
    for n in range(3):
        services.propose(actor=author, activity=proposals, title=f"T{n}", body=f"Corps {n}")
    sequencer.run_once()
    openings.publish()
    accept(600)
    sequencer.run_once()
    serve_openings(store, openings.current())
    receipt = tmp_path / "mine.tlog-proof"
    receipt.write_bytes(receipts.proof_for(contributions.accepted_event(answer)))
    for where in (site, f"{site}/ledger", f"{site}/ledger/"):
        result = verify(where, tmp_path / "seen", [receipt])
        assert result.status == OK, result.lines
        assert result.receipts == {receipt: ""}
        assert result.report.not_checked and "openings" not in result.report.not_checked[0]
    assert any("Parce que les données" in line for line in result.lines)


def test_a_text_left_out_over_the_network_is_named(site, proposals, tmp_path, store):
    author = make_actor()
    for n in range(3):
        services.propose(actor=author, activity=proposals, title=f"T{n}", body=f"Corps {n}")
    sequencer.run_once()
    openings.publish()
    sequencer.run_once()
    lines = openings.current().splitlines(keepends=True)
    serve_openings(store, b"".join(lines))
    assert verify(site, tmp_path / "a").status == OK
    serve_openings(store, b"".join(lines[1:]))
    result = verify(site, tmp_path / "a")
    missing = [f.index for f in result.report.findings if f.rule == "missing"]
    assert result.status == WRONG and missing == [json.loads(lines[0])["index"]]


def test_private_addresses_are_refused_unless_a_person_typed_them(site):
    accept()
    sequencer.run_once()
    assert verify(site).status == OK
    result = verify(site, allow_private=False)
    assert result.status == UNREADABLE and result.report is None


def test_another_key_is_an_alarm(db, store, tmp_path):
    accept()
    sequencer.run_once()
    assert verify(str(store.folder), tmp_path / "seen").status == OK
    for name in ("checkpoints.db", "log.key", "checkpoint", "log.vkey"):
        (store.folder / name).unlink()
    shutil.rmtree(store.folder / "tile")
    from parvis.ledger.models import Leaf

    Leaf.objects.update(index=None, bytes=None)
    sequencer.run_once()
    result = verify(str(store.folder), tmp_path / "seen")
    assert result.status == WRONG and "another key" in result.lines[0]
    assert verify(str(store.folder), tmp_path / "new").status == OK
    assert verify(str(store.folder), vkey=store.verifier.vkey).status == OK


@pytest.mark.parametrize(
    "damage",
    [
        lambda raw: raw[:-40],
        lambda raw: raw.replace(b"index ", b"index 9"),
        lambda raw: b"",
        lambda raw: b"\xff\xfe",
    ],
)
def test_a_bad_receipt_is_named(db, store, tmp_path, damage):
    accept(3)
    sequencer.run_once()
    receipt = tmp_path / "bad.tlog-proof"
    receipt.write_bytes(damage(receipts.public_proof(2)))
    result = verify(str(store.folder), tmp_path / "seen", [receipt, tmp_path / "absent"])
    assert result.status == WRONG
    assert len([why for why in result.receipts.values() if why]) == 2
    assert result.report.ok


@pytest.mark.parametrize("where", ["/nowhere", "http://127.0.0.1:9/", "https://"])
def test_what_cannot_be_read_says_so(where):
    result = verify(where)
    assert result.status == UNREADABLE and len(result.lines) == 1


def test_the_command_speaks_and_exits(db, store, capsys, monkeypatch):
    from parvis.commands import words

    accept(3)
    sequencer.run_once()
    words.language.cache_clear()
    monkeypatch.setenv("LC_ALL", "en_CA.UTF-8")
    assert main([str(store.folder)]) == OK
    assert "4 entries read" in capsys.readouterr().out
    entry = next((store.folder / "tile" / "entries" / "000.p").iterdir())
    entry.write_bytes(entry.read_bytes().replace(b"web", b"api", 1))
    assert main([str(store.folder)]) == WRONG
    assert "root" in capsys.readouterr().out
    assert main(["/nowhere"]) == UNREADABLE
    words.language.cache_clear()
