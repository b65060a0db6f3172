"""What an audit finds wrong, always as (leaf index, rule, sentence)."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

# Rule code -> what it means, one line each; the codes are stable, for pages and scripts.
RULES: Mapping[str, str] = MappingProxyType(
    {
        "checkpoint": "The signed head is missing, malformed or not signed by the log.",
        "tile": "A published file is missing, cut, or disagrees with the entries.",
        "root": "The entries do not hash to the signed root.",
        "canonical": "A leaf is not written in the only allowed way.",
        "leaf": "A leaf has a wrong kind, part, ref or public member.",
        "first": "The first leaf does not open this log, or another leaf opens it again.",
        "time": "A leaf is dated more than 600 seconds before an earlier one.",
        "ref": "A leaf refers to a leaf that is not there, or not of the right kind.",
        "order": "An act does not fit what happened before (withdrawn twice, erased while shown).",
        "salt": "Two leaves share a commitment: a salt was used twice, or a leaf was copied.",
        "count": "A published count is not the recount of the leaves before it.",
        "vote": "Ballots, batches or closing of a vote break its rules.",
        "ballots": "The published ballots are not those of the log.",
        "result": "A published result is not the recount of the ballots.",
        "opening": "Published text does not match the log.",
        "missing": "A contribution that counts as visible is not in the published data.",
        "rollback": "The log is shorter than one it signed before.",
        "split-view": "The log signed two different histories.",
    }
)


@dataclass(frozen=True, slots=True, order=True)
class Finding:
    """One broken rule. index: the leaf, or -1 when no single leaf is at fault."""

    index: int
    rule: str
    detail: str

    def __str__(self) -> str:
        where = f"leaf {self.index}: " if self.index >= 0 else ""
        return f"{where}{self.rule}: {self.detail}"
