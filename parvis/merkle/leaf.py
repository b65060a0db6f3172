"""One leaf: canonical JSON bytes with members v, kind, on, at, ref, c, d."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any, cast

from parvis.merkle import b64, canon
from parvis.merkle.kinds import KINDS, is_commitment

VERSION = 1
SIZE_MAX = 65_535
MEMBERS = frozenset({"v", "kind", "on", "at", "ref", "c", "d"})

_ON = re.compile(r"log|(?:consultation|survey|vote|commitment|dataset)/[A-Za-z0-9][A-Za-z0-9._-]*")
_AT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z")
_NOTHING: Mapping[str, canon.Json] = MappingProxyType({})
_LOG_KINDS = frozenset({"log.opened", "log.resumed", "key.rotated"})


class LeafError(ValueError):
    """A leaf breaks the format; `problems` says each way in which it does."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("; ".join(problems))
        self.problems = tuple(problems)


@dataclass(frozen=True, slots=True)
class Leaf:
    """A well-formed leaf.

    at: acceptance time as written; at_s: the same in seconds since 1970 (UTC).
    ref: index of the earlier leaf it is about, or None. c: part -> 32-byte commitment.
    d: public members.
    """

    kind: str
    on: str
    at: str
    at_s: int
    ref: int | None = None
    c: Mapping[str, bytes] = field(default_factory=lambda: MappingProxyType({}))
    d: Mapping[str, canon.Json] = field(default_factory=lambda: MappingProxyType({}))


def format_at(moment: datetime) -> str:
    """Return an aware datetime as `YYYY-MM-DDTHH:MM:SSZ`, cut to the second.

    Raises ValueError for a naive datetime.
    """
    if moment.tzinfo is None:
        raise ValueError("a naive datetime has no place in the ledger")
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def parse_at(text: object) -> int:
    """Return seconds since 1970 for `YYYY-MM-DDTHH:MM:SSZ`; raises ValueError otherwise."""
    if not isinstance(text, str) or _AT.fullmatch(text) is None:
        raise ValueError("at is not YYYY-MM-DDTHH:MM:SSZ")
    return int(datetime.fromisoformat(text).timestamp())


def build(
    *,
    kind: str,
    on: str,
    at: str,
    ref: int | None = None,
    c: Mapping[str, bytes] = MappingProxyType({}),
    d: Mapping[str, canon.Json] = _NOTHING,
) -> bytes:
    """Return the leaf's canonical bytes, at most 65,535; empty `c` and `d` are left out.

    Raises LeafError naming every broken rule. Rules that need the rest of the log (time, ref,
    counts, votes) are judged by `state.LogState`.
    """
    value: dict[str, object] = {"v": VERSION, "kind": kind, "on": on, "at": at}
    if ref is not None:
        value["ref"] = ref
    if c:
        value["c"] = {part: b64.encode(commitment) for part, commitment in c.items()}
    if d:
        value["d"] = dict(d)
    if found := problems(value):
        raise LeafError(found)
    try:
        raw = canon.encode(value)
    except canon.CanonError as error:
        raise LeafError([str(error)]) from error
    if len(raw) > SIZE_MAX:
        raise LeafError([f"{len(raw)} bytes where {SIZE_MAX} are allowed"])
    return raw


def parse(raw: bytes) -> Leaf:
    """Return the leaf in `raw`; raises LeafError if the bytes or a member break the format."""
    if len(raw) > SIZE_MAX:
        raise LeafError([f"{len(raw)} bytes where {SIZE_MAX} are allowed"])
    try:
        value = canon.decode(raw)
    except canon.CanonError as error:
        raise LeafError([f"not canonical JSON: {error}"]) from error
    return from_value(value)


def from_value(value: object) -> Leaf:
    """Return the leaf of a decoded value; raises LeafError naming every broken rule."""
    if found := problems(value):
        raise LeafError(found)
    members = cast("dict[str, Any]", value)
    return Leaf(
        kind=members["kind"],
        on=members["on"],
        at=members["at"],
        at_s=parse_at(members["at"]),
        ref=members.get("ref"),
        c={part: b64.decode(text) for part, text in members.get("c", {}).items()},
        d=members.get("d", _NOTHING),
    )


def problems(value: object) -> list[str]:
    """Return what is wrong with a decoded leaf taken alone, in English; empty if nothing."""
    if not isinstance(value, dict):
        return ["a leaf is an object"]
    found: list[str] = []
    if extra := sorted(set(value) - MEMBERS):
        found.append(f"unknown member {', '.join(extra)}")
    if type(value.get("v")) is not int or value["v"] != VERSION:
        found.append(f"v is not {VERSION}")
    on = value.get("on")
    if not isinstance(on, str) or _ON.fullmatch(on) is None:
        found.append("on is not a known kind of subject")
    try:
        parse_at(value.get("at"))
    except ValueError as error:
        found.append(f"at: {error}")
    name = value.get("kind")
    if not isinstance(name, str) or name not in KINDS:
        found.append(f"unknown kind {name!r:.60}")
        return found
    if name in _LOG_KINDS and on != "log":
        found.append(f"{name} is about the log itself")
    return found + _ref_problems(name, value) + _parts_problems(name, value) + _d_problems(value)


def _ref_problems(name: str, value: dict[str, object]) -> list[str]:
    if not KINDS[name].refs:
        return [f"{name} has no ref"] if "ref" in value else []
    ref = value.get("ref")
    if type(ref) is not int or ref < 0:
        return [f"{name} needs the index of an earlier leaf as ref"]
    return []


def _parts_problems(name: str, value: dict[str, object]) -> list[str]:
    kind = KINDS[name]
    c = value.get("c", {})
    if not isinstance(c, dict):
        return ["c is not an object"]
    found = [f"{name} has no part {part!r:.40}" for part in sorted(set(c) - kind.parts)]
    found += [f"{name} needs part {part}" for part in sorted(kind.parts_required - set(c))]
    found += [
        f"c.{part} is not 32 bytes in base64"
        for part, commitment in c.items()
        if part in kind.parts and not is_commitment(commitment)
    ]
    return found


def _d_problems(value: dict[str, object]) -> list[str]:
    kind = KINDS[str(value["kind"])]
    d = value.get("d", {})
    if not isinstance(d, dict):
        return ["d is not an object"]
    return [
        f"d.{member} is missing" if member not in d else f"d.{member} is malformed"
        for member, check in kind.d.items()
        if member not in d or not check(d[member])
    ]
