"""Signed notes (c2sp.org/signed-note) with Ed25519 keys, and witness cosignatures.

Algorithms: 0x01 signs the note text; 0x04 (c2sp.org/tlog-cosignature, cosignature/v1) signs a
time and the text. ML-DSA-44 (0x06), the newer recommendation, is not implemented.
"""

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import (
    Ed25519PrivateKey,
    Ed25519PublicKey,
)

from parvis.merkle import b64

ED25519 = 0x01
COSIGNATURE_V1 = 0x04
NOTE_SIZE_MAX = 1_000_000
SIGNATURES_MAX = 100
TIMESTAMP_MAX = 2**63 - 1

_HEX8 = re.compile(r"[0-9a-f]{8}")
_CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f]")
_PRIVATE = "PRIVATE+KEY+"


class NoteError(ValueError):
    """A note, a key or a signature is malformed, or a signature does not verify."""


@dataclass(frozen=True, slots=True)
class Verifier:
    """A public key: name, algorithm (ED25519 or COSIGNATURE_V1), 32 raw bytes."""

    name: str
    algorithm: int
    public: bytes

    @property
    def key_id(self) -> bytes:
        """Four bytes: SHA-256(name LF algorithm public)[:4]."""
        material = f"{self.name}\n".encode() + bytes([self.algorithm]) + self.public
        return hashlib.sha256(material).digest()[:4]

    @property
    def vkey(self) -> str:
        """The text form `name+id+base64`."""
        public = b64.encode(bytes([self.algorithm]) + self.public)
        return f"{self.name}+{self.key_id.hex()}+{public}"

    def verify(self, text: str, signature: bytes) -> int | None:
        """Check `signature` (without key id) over the note text.

        Returns the cosignature's time in seconds since 1970, None for a plain signature.
        Raises NoteError if it does not verify.
        """
        timestamp = None
        message = text.encode("utf-8")
        if self.algorithm == COSIGNATURE_V1:
            timestamp = int.from_bytes(signature[:8], "big")
            if len(signature) != 72 or timestamp > TIMESTAMP_MAX:
                raise NoteError(f"malformed cosignature by {self.name}")
            message, signature = _cosigned(text, timestamp), signature[8:]
        try:
            Ed25519PublicKey.from_public_bytes(self.public).verify(signature, message)
        except (InvalidSignature, ValueError) as error:
            raise NoteError(f"the signature by {self.name} does not verify") from error
        return timestamp


def parse_vkey(vkey: str) -> Verifier:
    """Return the key in `name+id+base64`.

    Raises NoteError if it is malformed, if its id is not that of its key, or for another
    algorithm than 0x01 and 0x04.
    """
    try:
        name, key_id, public = vkey.strip().split("+", 2)
        raw = b64.decode(public)
    except ValueError as error:
        raise NoteError(f"malformed verifier key: {vkey!r:.80}") from error
    if not _is_name(name) or _HEX8.fullmatch(key_id) is None:
        raise NoteError(f"malformed verifier key: {vkey!r:.80}")
    if len(raw) != 33 or raw[0] not in (ED25519, COSIGNATURE_V1):
        raise NoteError(f"key of {name} is neither Ed25519 nor a cosignature/v1 key")
    verifier = Verifier(name, raw[0], raw[1:])
    if verifier.key_id.hex() != key_id:
        raise NoteError(f"the id of the key of {name} is not {key_id}")
    return verifier


def verifier(key: str | Verifier) -> Verifier:
    """Return `key` itself, or parsed if it is a vkey."""
    return parse_vkey(key) if isinstance(key, str) else key


@dataclass(frozen=True, slots=True)
class Signature:
    """One signature line: key name, 4-byte key id, signature bytes."""

    name: str
    key_id: bytes
    raw: bytes

    @property
    def line(self) -> str:
        """The line as written in a note, with its line feed."""
        return f"— {self.name} {b64.encode(self.key_id + self.raw)}\n"


class Signer:
    """A private key. `seed` is the 32-byte Ed25519 seed; keep it out of databases and logs."""

    __slots__ = ("_key", "_seed", "verifier")

    def __init__(self, name: str, seed: bytes, *, algorithm: int = ED25519) -> None:
        if not _is_name(name) or len(seed) != 32:
            raise NoteError("a signer has a name without spaces or +, and a seed of 32 bytes")
        if algorithm not in (ED25519, COSIGNATURE_V1):
            raise NoteError(f"unknown algorithm {algorithm:#x}")
        self._seed = seed
        self._key = Ed25519PrivateKey.from_private_bytes(seed)
        self.verifier = Verifier(name, algorithm, self._key.public_key().public_bytes_raw())

    def __repr__(self) -> str:
        return f"<Signer {self.verifier.vkey}>"

    @classmethod
    def parse(cls, text: str) -> "Signer":
        """Return the key written by `private`; raises NoteError without showing the text."""
        try:
            name, key_id, secret = text.strip().removeprefix(_PRIVATE).split("+", 2)
            raw = b64.decode(secret, size=33)
        except ValueError:
            raise NoteError("malformed private key") from None
        signer = cls(name, raw[1:], algorithm=raw[0])
        if not text.startswith(_PRIVATE) or signer.verifier.key_id.hex() != key_id:
            raise NoteError("malformed private key")
        return signer

    @property
    def private(self) -> str:
        """The key file's text: `PRIVATE+KEY+name+id+base64`."""
        secret = b64.encode(bytes([self.verifier.algorithm]) + self._seed)
        return f"{_PRIVATE}{self.verifier.name}+{self.verifier.key_id.hex()}+{secret}"

    def sign(self, text: str, *, timestamp: int | None = None) -> Signature:
        """Return the signature of a note text.

        A cosignature key needs `timestamp`, in seconds since 1970; a plain key refuses one.
        """
        cosigns = self.verifier.algorithm == COSIGNATURE_V1
        if cosigns != (timestamp is not None):
            raise NoteError("a cosignature has a time, a plain signature has none")
        if timestamp is None:
            raw = self._key.sign(text.encode("utf-8"))
        else:
            if not 0 <= timestamp <= TIMESTAMP_MAX:
                raise NoteError(f"time {timestamp} out of range")
            raw = timestamp.to_bytes(8, "big") + self._key.sign(_cosigned(text, timestamp))
        return Signature(self.verifier.name, self.verifier.key_id, raw)


@dataclass(frozen=True, slots=True)
class Note:
    """A parsed note, nothing verified: text (with its last line feed) and signature lines."""

    text: str
    signatures: tuple[Signature, ...]

    @property
    def raw(self) -> bytes:
        """The note's bytes."""
        return f"{self.text}\n{''.join(s.line for s in self.signatures)}".encode()


@dataclass(frozen=True, slots=True)
class Verified:
    """One verified signature: the key, and the time of a cosignature (seconds since 1970)."""

    verifier: Verifier
    timestamp: int | None


def format_note(text: str, signatures: Sequence[Signature]) -> bytes:
    """Return the bytes of a note; raises NoteError if it could not be read back."""
    raw = Note(text, tuple(signatures)).raw
    if parse_note(raw) != Note(text, tuple(signatures)):
        raise NoteError("this text cannot be a note")
    return raw


def parse_note(raw: bytes) -> Note:
    """Return the text and signatures of a note, nothing verified; raises NoteError."""
    if len(raw) > NOTE_SIZE_MAX:
        raise NoteError("note too long")
    try:
        whole = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        raise NoteError("note is not UTF-8") from error
    if _CONTROL.search(whole):
        raise NoteError("note with control characters")
    text, blank, rest = whole.rpartition("\n\n")
    if not blank or not rest.endswith("\n"):
        raise NoteError("note without signatures")
    lines = rest[:-1].split("\n")
    if len(lines) > SIGNATURES_MAX:
        raise NoteError("note with too many signatures")
    return Note(text + "\n", tuple(_parse_signature(line) for line in lines))


def open_note(raw: bytes, verifiers: Sequence[Verifier]) -> tuple[Note, tuple[Verified, ...]]:
    """Return the note and its verified signatures, in the order of the note.

    Signatures by other keys are ignored. Raises NoteError if the note is malformed, if a known
    key's signature does not verify, or if there is none by a known key.
    """
    note = parse_note(raw)
    known = {(v.name, v.key_id): v for v in verifiers}
    found: dict[tuple[str, bytes], Verified] = {}
    for signature in note.signatures:
        key = (signature.name, signature.key_id)
        if key in known and key not in found:
            found[key] = Verified(known[key], known[key].verify(note.text, signature.raw))
    if not found:
        raise NoteError("no signature by a known key")
    return note, tuple(found.values())


def _parse_signature(line: str) -> Signature:
    dash, _, rest = line.partition(" ")
    name, _, encoded = rest.partition(" ")
    try:
        raw = b64.decode(encoded)
    except ValueError as error:
        raise NoteError(f"malformed signature line: {line!r:.60}") from error
    if dash != "—" or not _is_name(name) or len(raw) < 5:
        raise NoteError(f"malformed signature line: {line!r:.60}")
    return Signature(name, raw[:4], raw[4:])


def _is_name(name: str) -> bool:
    return name != "" and "+" not in name and not any(c.isspace() or c < " " for c in name)


def _cosigned(text: str, timestamp: int) -> bytes:
    return f"cosignature/v1\ntime {timestamp}\n{text}".encode()
