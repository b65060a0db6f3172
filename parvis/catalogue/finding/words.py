"""Words that people type: which are needed, which refused, which belong together."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from parvis.catalogue.finding.answering import needed, score
from parvis.catalogue.finding.conditions import forms
from parvis.catalogue.finding.snapshot import Snapshot
from parvis.core.search_words import equivalents

CLAUSES_MAX = 50
_CLAUSE = re.compile(r'([+-]?)(?:"([^"]*)"|(\S+))')
Clause = tuple[frozenset[str], ...]


@dataclass(frozen=True)
class Asked:
    """Words read from a line: each clause is one word, or quoted words that must all be there."""

    wanted: tuple[Clause, ...]
    required: tuple[bool, ...]
    refused: tuple[Clause, ...]

    def __bool__(self) -> bool:
        return bool(self.wanted or self.refused)


def read(text: str) -> Asked:
    """Return what a line of words asks; what holds no word (an elided article) asks nothing."""
    wanted, required, refused = [], [], []
    for sign, quoted, bare in _CLAUSE.findall(text)[:CLAUSES_MAX]:
        clause = tuple(one for word in (quoted or bare).split() if (one := forms(word)))
        if not clause:
            continue
        if bare and sign != "-":
            # Between quotes, and in what is refused, a word stands for itself.
            clause = tuple(one | equivalents(bare) for one in clause)
        if sign == "-":
            refused.append(clause)
        else:
            wanted.append(clause)
            required.append(sign == "+")
    return Asked(tuple(wanted), tuple(required), tuple(refused))


def find(
    snapshot: Snapshot, asked: Asked, visible: np.ndarray
) -> tuple[np.ndarray, np.ndarray | None]:
    """Return (mask of the rows that answer, their scores or None when nothing is asked for).

    Of two words both are needed, of three to five all but one, beyond that 80 % (CKAN's
    `2<-1 5<80%`); a word with a plus is always needed, a word with a minus never there.
    """
    mask, scores = np.ones(snapshot.size, bool), None
    if asked.wanted:
        mask, scores = score(snapshot, asked.wanted, visible)
    for clauses in (_each(asked), asked.refused):
        for clause in clauses:
            there, _total = score(snapshot, [clause], visible)
            mask &= there if clauses is not asked.refused else ~there
    return mask, scores


def _each(asked: Asked) -> Sequence[Clause]:
    return [clause for clause, must in zip(asked.wanted, asked.required, strict=True) if must]


def answers(asked: Asked, there: frozenset[str]) -> bool:
    """Whether a text whose words have these forms answers: the plain reading of `find`."""
    held = [all(one & there for one in clause) for clause in asked.wanted]
    if any(must and not held[place] for place, must in enumerate(asked.required)):
        return False
    if any(all(one & there for one in clause) for clause in asked.refused):
        return False
    return sum(held) >= needed(len(held))
