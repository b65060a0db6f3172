"""Checkpoints (c2sp.org/tlog-checkpoint): the signed head of the log, exactly three lines."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from parvis.merkle import b64
from parvis.merkle.note import (
    COSIGNATURE_V1,
    ED25519,
    NoteError,
    Signature,
    Signer,
    Verifier,
    format_note,
    open_note,
    parse_note,
    verifier,
)

SIZE_MAX = 2**63 - 1
_SIZE = re.compile(r"0|[1-9][0-9]{0,18}")

# One verifier key, or several during a rotation: vkeys as text or already parsed.
Keys = str | Verifier | Sequence[str | Verifier]


class CheckpointError(ValueError):
    """A checkpoint is malformed, unsigned, or signed for another log."""


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A tree head: origin, number of leaves, 32-byte root."""

    origin: str
    size: int
    root: bytes

    @property
    def text(self) -> str:
        """The three signed lines."""
        return f"{self.origin}\n{self.size}\n{b64.encode(self.root)}\n"


@dataclass(frozen=True, slots=True)
class Cosignature:
    """A witness saw this head, consistent with the ones before: name, seconds since 1970."""

    name: str
    timestamp: int


@dataclass(frozen=True, slots=True)
class SignedCheckpoint:
    """A verified checkpoint, its bytes as received and the verified cosignatures."""

    head: Checkpoint
    raw: bytes
    cosignatures: tuple[Cosignature, ...] = ()


def parse_text(text: str) -> Checkpoint:
    """Return the head in the three lines; raises CheckpointError (extension lines too)."""
    lines = text.split("\n")
    if len(lines) != 4 or lines[3] != "":
        raise CheckpointError("a checkpoint has exactly three lines")
    origin, size, root = lines[:3]
    if not origin or _SIZE.fullmatch(size) is None or int(size) > SIZE_MAX:
        raise CheckpointError("malformed origin or size")
    try:
        return Checkpoint(origin, int(size), b64.decode(root, size=32))
    except ValueError as error:
        raise CheckpointError(f"malformed root: {error}") from error


def sign(head: Checkpoint, signers: Sequence[Signer]) -> bytes:
    """Return the checkpoint signed by the log's key (and the next one during a rotation).

    Raises CheckpointError unless each key bears the origin's name.
    """
    if not signers or any(s.verifier.name != head.origin for s in signers):
        raise CheckpointError("a log signs with keys named after its origin")
    if parse_text(head.text) != head:
        raise CheckpointError("this head cannot be written")
    return format_note(head.text, [signer.sign(head.text) for signer in signers])


def add_signatures(raw: bytes, signatures: Sequence[Signature]) -> bytes:
    """Return the checkpoint `raw` with more signature lines (witnesses); raises NoteError."""
    note = parse_note(raw)
    return format_note(note.text, [*note.signatures, *signatures])


def open_checkpoint(
    raw: bytes, keys: Keys, *, witnesses: Sequence[str | Verifier] = ()
) -> SignedCheckpoint:
    """Verify a checkpoint against the log's key(s) and the witnesses' keys.

    At least one of the log's keys must have signed, and be named after the origin. Known keys
    whose signature fails make the whole note refused; unknown ones are ignored.
    Raises CheckpointError.
    """
    log_keys = as_verifiers(keys)
    try:
        known = [verifier(w) for w in witnesses]
        note, verified = open_note(raw, [*log_keys, *known])
    except NoteError as error:
        raise CheckpointError(str(error)) from error
    head = parse_text(note.text)
    if not any(v.verifier in log_keys and v.verifier.name == head.origin for v in verified):
        raise CheckpointError(f"not signed by the log {head.origin}")
    return SignedCheckpoint(
        head,
        raw,
        tuple(
            Cosignature(v.verifier.name, v.timestamp)
            for v in verified
            if v.verifier.algorithm == COSIGNATURE_V1 and v.timestamp is not None
        ),
    )


def as_verifiers(keys: Keys) -> list[Verifier]:
    """Return the keys parsed; raises CheckpointError if one is malformed."""
    several = [keys] if isinstance(keys, str | Verifier) else keys
    try:
        parsed = [verifier(key) for key in several]
    except NoteError as error:
        raise CheckpointError(str(error)) from error
    # A witness's key says "I saw this head", never "this log says so".
    if not parsed or any(key.algorithm != ED25519 for key in parsed):
        raise CheckpointError("a log is verified by Ed25519 keys of type 0x01")
    return parsed
