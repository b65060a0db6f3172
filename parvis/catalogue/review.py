"""Free texts before publication: what was found in each, what a person decided, what goes out.

A program finds, a person decides: keep, mask or withhold. What belongs to one person (e-mail,
telephone, numbers) may not be kept as it is.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import pyarrow as pa

from parvis.analysis import privacy
from parvis.catalogue import microdata
from parvis.catalogue.microdata import FreeText
from parvis.core.i18n import tr

KEEP, MASK, WITHHOLD = "keep", "mask", "withhold"
DECISIONS = (KEEP, MASK, WITHHOLD)
KeyOf = Callable[[str], str]


@dataclass(frozen=True)
class Flagged:
    """A free text in which something personal may be, and what was decided."""

    key: str
    question: str
    text: str
    findings: Sequence[privacy.Finding]
    decision: str

    @property
    def blocks(self) -> bool:
        """Whether it may not be kept as it is."""
        return any(finding.severity == "block" for finding in self.findings)

    @property
    def settled(self) -> bool:
        """Whether a decision that may stand was taken."""
        return self.decision in (DECISIONS[1:] if self.blocks else DECISIONS)

    @property
    def pieces(self) -> list[tuple[str, str]]:
        """The text in pieces: (words, kind found there or nothing)."""
        pieces, place = [], 0
        for finding in self.findings:
            pieces.append((self.text[place : finding.start], ""))
            pieces.append((self.text[finding.start : finding.end], finding.kind))
            place = finding.end
        pieces.append((self.text[place:], ""))
        return [piece for piece in pieces if piece[0]]


def key_of(text: FreeText, make: KeyOf) -> str:
    """Return what names a text in a review: the same words to the same question are one."""
    return make(f"{text.column}\n{text.text}")


def flagged(table: pa.Table, make: KeyOf, decisions: Mapping[str, str]) -> list[Flagged]:
    """Return the texts of a table in which something personal may be, each once."""
    labels = {column.name: tr(column.label) for column in microdata.columns_of(table)}
    found: dict[str, Flagged] = {}
    for text in microdata.free_texts(table):
        if findings := privacy.scan(text.text):
            key = key_of(text, make)
            question = labels[text.column]
            found[key] = Flagged(key, question, text.text, findings, decisions.get(key, ""))
    return list(found.values())


@dataclass(frozen=True)
class Reviewed:
    """The texts to publish (with: were words masked), and how many were masked or withheld."""

    rows: Sequence[tuple[FreeText, bool]]
    total: int
    masked: int
    withheld: int


def masked(text: str) -> str:
    """Return a text with what was found masked; empty where something that blocks stays."""
    words = privacy.mask(text, privacy.scan(text))
    return "" if any(finding.severity == "block" for finding in privacy.scan(words)) else words


def reviewed(table: pa.Table, make: KeyOf, decisions: Mapping[str, str]) -> Reviewed:
    """Apply decisions to the texts of a table. A text that waits for one is withheld."""
    rows, hidden, withheld = [], 0, 0
    texts = microdata.free_texts(table)
    for text in texts:
        findings = privacy.scan(text.text)
        decision = decisions.get(key_of(text, make), WITHHOLD) if findings else KEEP
        if decision == KEEP and any(finding.severity == "block" for finding in findings):
            decision = WITHHOLD
        words = masked(text.text) if decision == MASK else text.text
        if decision == WITHHOLD or not words:
            withheld += 1
            continue
        hidden += words != text.text
        rows.append((FreeText(text.column, words), words != text.text))
    return Reviewed(rows, len(texts), hidden, withheld)
