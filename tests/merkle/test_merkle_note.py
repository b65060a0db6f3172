"""Notes, checkpoints and receipts: what must be refused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parvis.merkle import b64, canon, checkpoint, commit, proof, tlogproof
from parvis.merkle.checkpoint import Checkpoint, CheckpointError, open_checkpoint
from parvis.merkle.note import (
    COSIGNATURE_V1,
    NoteError,
    Signer,
    Verifier,
    format_note,
    open_note,
    parse_note,
    parse_vkey,
)
from parvis.merkle.tlogproof import ReceiptError
from parvis.merkle.tree import tile_reader

LOG = Signer("a.example/log", b"\1" * 32)
NEXT = Signer("a.example/log", b"\2" * 32)
OTHER = Signer("b.example/log", b"\3" * 32)
WITNESS = Signer("w.example", b"\4" * 32, algorithm=COSIGNATURE_V1)
HEAD = Checkpoint("a.example/log", 5, b"\7" * 32)

TEXTS = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=40).map(lambda t: t + "\n")


@given(TEXTS, st.integers(0, 2**63 - 1))
def test_notes_round_trip(text, timestamp):
    raw = format_note(text, [LOG.sign(text), WITNESS.sign(text, timestamp=timestamp)])
    note, verified = open_note(raw, [LOG.verifier, WITNESS.verifier])
    assert note.text == text
    assert [v.timestamp for v in verified] == [None, timestamp]
    assert parse_note(raw).raw == raw
    changed = "x" + raw.decode()
    with pytest.raises(NoteError):
        open_note(changed.encode(), [LOG.verifier])


def test_keys_round_trip_and_hide_their_seed():
    for signer in (LOG, WITNESS):
        again = Signer.parse(signer.private)
        assert again.verifier == signer.verifier == parse_vkey(signer.verifier.vkey)
        assert signer.private not in repr(signer)
        assert b64.encode(b"\1" * 32) not in repr(signer)


@pytest.mark.parametrize(
    "vkey",
    [
        "",
        "a.example/log",
        LOG.verifier.vkey.replace("a.example", "c.example"),
        LOG.verifier.vkey[:-4],
        "a b+00000000+" + LOG.verifier.vkey.split("+", 2)[2],
        LOG.verifier.vkey.replace("+", "+A", 1),
        Verifier("a.example/log", 6, b"\1" * 32).vkey,
    ],
)
def test_bad_vkeys(vkey):
    with pytest.raises(NoteError):
        parse_vkey(vkey)


def test_bad_private_keys_are_not_shown():
    for text in ("", "PRIVATE+KEY+a+00+AQ==", LOG.private.replace("PRIVATE+KEY+", "")):
        with pytest.raises(NoteError, match="malformed private key"):
            Signer.parse(text)


GOOD = checkpoint.sign(HEAD, [LOG])


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"text\n",
        GOOD[:-1],
        GOOD + b"\n",
        GOOD.replace(b"\n5\n", b"\r\n5\n"),
        GOOD.replace("—".encode(), b"-"),
        GOOD + b"\xff",
        GOOD + "— a b c\n".encode(),
        GOOD + "— c.example AAAA\n".encode(),
        GOOD + "— c.example AAAAAAB=\n".encode(),
        GOOD + "— c.example AAAAAAA=\n".encode() * 100,
        b"x" * 1_000_001,
    ],
)
def test_bad_notes(raw):
    with pytest.raises(NoteError):
        parse_note(raw)


def test_unknown_signatures_are_ignored_and_known_ones_must_verify():
    stranger = OTHER.sign(HEAD.text)
    raw = checkpoint.add_signatures(GOOD, [stranger])
    assert open_checkpoint(raw, LOG.verifier).head == HEAD
    forged = GOOD.decode().replace("\n5\n", "\n6\n").encode()
    with pytest.raises(CheckpointError):
        open_checkpoint(forged, LOG.verifier)
    false_witness = WITNESS.sign("other\n", timestamp=1)
    raw = checkpoint.add_signatures(GOOD, [false_witness])
    assert open_checkpoint(raw, LOG.verifier).cosignatures == ()
    with pytest.raises(CheckpointError, match=r"w\.example"):
        open_checkpoint(raw, LOG.verifier, witnesses=[WITNESS.verifier])


def test_cosignature_commits_to_its_time():
    signature = WITNESS.sign(HEAD.text, timestamp=1000)
    assert WITNESS.verifier.verify(HEAD.text, signature.raw) == 1000
    moved = (1001).to_bytes(8, "big") + signature.raw[8:]
    for raw in (moved, signature.raw[:-1], b"\xff" * 72, LOG.sign(HEAD.text).raw):
        with pytest.raises(NoteError):
            WITNESS.verifier.verify(HEAD.text, raw)
    with pytest.raises(NoteError):
        WITNESS.sign(HEAD.text)
    with pytest.raises(NoteError):
        LOG.sign(HEAD.text, timestamp=1)


def test_rotation_both_keys_verify():
    raw = checkpoint.sign(HEAD, [LOG, NEXT])
    for keys in (LOG.verifier, NEXT.verifier.vkey, [LOG.verifier, NEXT.verifier]):
        assert open_checkpoint(raw, keys).head == HEAD
    with pytest.raises(CheckpointError):
        open_checkpoint(raw, OTHER.verifier)


def test_a_log_signs_only_for_its_own_origin():
    with pytest.raises(CheckpointError):
        checkpoint.sign(HEAD, [OTHER])
    with pytest.raises(CheckpointError):
        checkpoint.sign(HEAD, [])
    borrowed = format_note(HEAD.text, [OTHER.sign(HEAD.text)])
    with pytest.raises(CheckpointError, match="not signed by the log"):
        open_checkpoint(borrowed, OTHER.verifier)
    cosigned = format_note(HEAD.text, [WITNESS.sign(HEAD.text, timestamp=1)])
    for keys in (WITNESS.verifier, []):
        with pytest.raises(CheckpointError, match="0x01"):
            open_checkpoint(cosigned, keys)
    with pytest.raises(CheckpointError):
        open_checkpoint(cosigned, LOG.verifier, witnesses=[WITNESS.verifier])


@pytest.mark.parametrize(
    "text",
    [
        "a.example/log\n5\n",
        HEAD.text + "extension\n",
        HEAD.text.replace("\n5\n", "\n05\n"),
        HEAD.text.replace("\n5\n", "\n-5\n"),
        HEAD.text.replace("\n5\n", "\n\u0665\n"),
        HEAD.text.replace("\n5\n", f"\n{2**63}\n"),
        HEAD.text.replace("a.example/log", ""),
        "a.example/log\n5\nAAAA\n",
    ],
)
def test_bad_checkpoint_texts(text):
    with pytest.raises(CheckpointError):
        checkpoint.parse_text(text)


@pytest.fixture
def receipt(ledger):
    index = ledger.contribute()
    ledger.contribute()
    signed = ledger.publish()
    return ledger, tlogproof.make(
        entry=ledger.entries[index],
        openings={p: o for (i, p), o in ledger.openings.items() if i == index},
        index=index,
        hashes=proof.inclusion(index, 3, tile_reader(ledger.read)),
        signed_checkpoint=signed,
    )


def test_receipt_holds_offline(receipt):
    ledger, raw = receipt
    found = tlogproof.verify(raw, ledger.vkey)
    assert found.index == 1
    assert found.leaf.kind == "contribution.accepted"
    assert canon.decode(found.openings["body"].payload) == {"text": "More trees"}
    with pytest.raises(ReceiptError, match="witnesses"):
        tlogproof.verify(raw, ledger.vkey, witnesses_min=1)
    with pytest.raises(ReceiptError):
        tlogproof.verify(raw, LOG.verifier)


def altered_extra(raw: bytes, change) -> bytes:
    parsed = tlogproof.parse(raw)
    value = canon.decode(parsed.extra)
    change(value)
    return tlogproof.TlogProof(
        parsed.index, parsed.hashes, parsed.checkpoint, canon.encode(value)
    ).raw


def test_altered_receipts_are_refused(receipt):
    ledger, raw = receipt
    other = commit.to_json(commit.open_value({"text": "Fewer trees"}))
    altered = [
        raw.replace(b"index 1\n", b"index 2\n"),
        raw.replace(b"index 1\n", b"index 01\n"),
        raw.replace(b"@v1", b"@v2"),
        raw.replace(b"\n3\n", b"\n2\n"),
        raw.split(b"\n\n")[0],
        b"\n".join(line for line in raw.split(b"\n") if not line.startswith(b"extra")),
        altered_extra(raw, lambda v: v["open"].update(body=other)),
        altered_extra(raw, lambda v: v["open"].update(unknown=v["open"]["body"])),
        altered_extra(raw, lambda v: v["open"]["body"].update(salt="AAAA")),
        altered_extra(raw, lambda v: v.update(entry=b64.encode(ledger.entries[2]))),
        altered_extra(raw, lambda v: v.update(more=1)),
    ]
    for bad in altered:
        assert bad != raw
        with pytest.raises(ReceiptError):
            tlogproof.verify(bad, ledger.vkey)


@given(st.data())
def test_any_flipped_byte_is_refused_or_harmless(data):
    """A flipped bit never changes what a receipt proves."""
    from pathlib import Path

    vectors = Path(__file__).parent / "vectors"
    raw = (vectors / "proofs/332.tlog-proof").read_bytes()
    vkey = (vectors / "log.vkey").read_text()
    expected = tlogproof.verify(raw, vkey)
    at = data.draw(st.integers(0, len(raw) - 1))
    flipped = bytearray(raw)
    flipped[at] ^= 1 << data.draw(st.integers(0, 7))
    try:
        found = tlogproof.verify(bytes(flipped), vkey)
    except ReceiptError:
        return
    # Only the witnesses' lines, unknown to this reader, may differ.
    assert (found.index, found.entry, found.openings) == (
        expected.index,
        expected.entry,
        expected.openings,
    )
    assert found.checkpoint.head == expected.checkpoint.head
