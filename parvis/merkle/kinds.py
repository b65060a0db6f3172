"""The one table of leaf kinds: parts committed to, kind referred to, public members of `d`."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from parvis.merkle import b64

Check = Callable[[object], bool]

CONTRIBUTION_PARTS = frozenset({"author", "body", "private"})
COUNTS = frozenset(
    "received visible withdrawn moderated supports answers kept rejected rejected_by".split()
)
# A batch smaller than this would tie a ballot to the few who voted that hour.
BATCH_BALLOTS_MIN = 20

_HEX64 = re.compile(r"[0-9a-f]{64}")


def is_text(value: object) -> bool:
    """Tell whether `value` is a non-empty string."""
    return isinstance(value, str) and value != ""


def is_sha256(value: object) -> bool:
    """Tell whether `value` is a SHA-256 in 64 lower-case hexadecimal digits."""
    return isinstance(value, str) and _HEX64.fullmatch(value) is not None


def is_count(value: object) -> bool:
    """Tell whether `value` is an integer >= 0 (true and false are not)."""
    return type(value) is int and value >= 0


def is_texts(value: object) -> bool:
    """Tell whether `value` is a non-empty list of distinct non-empty strings."""
    return (
        isinstance(value, list)
        and value != []
        and all(is_text(item) for item in value)
        and len(set(value)) == len(value)
    )


def is_parts(value: object) -> bool:
    """Tell whether `value` lists distinct parts of a contribution."""
    return isinstance(value, list) and is_texts(value) and set(value) <= CONTRIBUTION_PARTS


def is_commitment(value: object) -> bool:
    """Tell whether `value` is a 32-byte commitment in strict base64."""
    if not isinstance(value, str):
        return False
    try:
        b64.decode(value, size=32)
    except ValueError:
        return False
    return True


def is_commitments(value: object) -> bool:
    """Tell whether `value` is a list of commitments (their order is judged by `votes`)."""
    return isinstance(value, list) and all(is_commitment(item) for item in value)


def is_anything(value: object) -> bool:
    """Accept any value: the member only has to be there."""
    return True


@dataclass(frozen=True, slots=True)
class Kind:
    """What a leaf of this kind carries.

    parts: names allowed in `c`; parts_required: those without which the leaf says nothing.
    refs: kinds the leaf in `ref` may have; empty means that `ref` is forbidden.
    d: required members of `d` and how each is checked; other members are free and public.
    """

    name: str
    parts: frozenset[str] = frozenset()
    parts_required: frozenset[str] = frozenset()
    refs: frozenset[str] = frozenset()
    d: Mapping[str, Check] = field(default_factory=lambda: MappingProxyType({}))


def _kind(
    name: str, *, parts: str = "", required: str = "", ref: str = "", **d: Check
) -> tuple[str, Kind]:
    return name, Kind(
        name,
        parts=frozenset(parts.split()),
        parts_required=frozenset(required.split()),
        refs=frozenset(ref.split()),
        d=MappingProxyType({member.rstrip("_"): check for member, check in d.items()}),
    )


KINDS: Mapping[str, Kind] = MappingProxyType(
    dict(
        [
            _kind("log.opened", origin=is_text),
            _kind("log.resumed", origin=is_text),
            _kind("key.rotated", origin=is_text),
            _kind("consultation.published", rules_sha256=is_sha256),
            _kind("consultation.phase", from_=is_text, to=is_text),
            _kind(
                "contribution.accepted",
                parts="author body private",
                required="body",
                channel=is_text,
            ),
            _kind(
                "contribution.edited",
                parts="body",
                required="body",
                ref="contribution.accepted",
            ),
            _kind("contribution.withdrawn", ref="contribution.accepted"),
            _kind("contribution.restored", ref="contribution.accepted"),
            _kind("contribution.moderated", ref="contribution.accepted", reason=is_text),
            _kind("contribution.erased", ref="contribution.accepted", parts_=is_parts),
            _kind("answer.accepted", parts="answers", required="answers"),
            _kind("answer.rejected", ref="answer.accepted", reason=is_text),
            _kind(
                "support.accepted",
                parts="supporter",
                required="supporter",
                ref="contribution.accepted",
            ),
            _kind("support.withdrawn", ref="support.accepted"),
            _kind("count.published"),
            _kind("vote.opened", rule=is_text, options=is_texts),
            _kind("vote.batch", ballots=is_commitments),
            _kind("vote.closed", issued=is_count, cast=is_count, ballots_sha256=is_sha256),
            _kind("vote.result", rule=is_text, tally=is_anything),
            _kind("response.published", sha256=is_sha256),
            _kind("report.published", sha256=is_sha256),
            _kind("dataset.published", sha256=is_sha256),
            _kind("document.published", sha256=is_sha256),
            _kind("commitment.created"),
            _kind("commitment.progress"),
            _kind("retention.executed"),
        ]
    )
)
