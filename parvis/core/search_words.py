"""What a line of words asks of a search: words, "words in a row", -words; and equivalent words.

One reading for every search of the site, so that accents, elision and plurals count alike.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from parvis.analysis.text import bare_words, stem
from parvis.core import cache

Row = tuple[str, ...]
"""Stems one after the other; a word alone is a row of one."""
CLAUSES_MAX = 12
ROW_MAX = 12
_LANGUAGES = ("fr", "en")
_QUOTES = str.maketrans(dict.fromkeys("“”„«»", '"'))
_DASHES = str.maketrans(dict.fromkeys("\u2212\u2013\u2014", "-"))
_CLAUSE = re.compile(r'(-?)(?:"([^"]*)"|([^\s"]+))')
_SURFACE = re.compile("(?:[^\\W_][\u0300-\u036f]*)+")
# Words so common that asking for them narrows nothing; between quotes they count.
_COMMON = frozenset(
    ("le", "la", "les", "un", "une", "des", "du", "de", "au", "aux", "et", "ou", "en", "the", "a",
     "an", "of", "and", "or", "to", "in")
)  # fmt: skip
BREAK = "qxzqbreakqxz"
"""Stands between two texts of the index, so that no row of words crosses from one to the next."""


@dataclass(frozen=True)
class Clause:
    """One thing asked: any of these rows will do."""

    rows: frozenset[Row]

    @property
    def ordered(self) -> list[Row]:
        """The rows, always in the same order."""
        return sorted(self.rows)


@dataclass(frozen=True)
class Asked:
    """What a line asks: every clause of `wanted`, none of `refused`."""

    wanted: tuple[Clause, ...]
    refused: tuple[Clause, ...]

    def __bool__(self) -> bool:
        return bool(self.wanted)

    @cached_property
    def forms(self) -> frozenset[str]:
        """The stems to mark where they are read, common words left out."""
        forms = {form for clause in self.wanted for row in clause.rows for form in row}
        return frozenset(forms - _COMMON) or frozenset(forms)


def rows_of(words: Sequence[str]) -> frozenset[Row]:
    """Return folded words as rows of stems, in each language."""
    return frozenset(tuple(stem(w, code) for w in words[:ROW_MAX]) for code in _LANGUAGES)


def read(text: str) -> Asked:
    """Return what a line asks; words beyond the twelfth are left out.

    Between quotes: words in a row, in that order, whatever their accents and plurals. A minus
    before a word or a quote refuses it. Other words may be replaced by their equivalents.
    """
    wanted: list[Clause] = []
    refused: list[Clause] = []
    bare: list[str] = []
    for sign, quoted, loose in _CLAUSE.findall(text.translate(_QUOTES).translate(_DASHES)):
        words = [word for word in bare_words(quoted or loose) if word != BREAK]
        if not words:
            continue
        if sign:
            refused.append(Clause(rows_of(words)))
        elif quoted:
            wanted.append(Clause(rows_of(words)))
        else:
            bare.extend(words)
    loose_clauses = list(_loose(bare, alone=not wanted))
    return Asked(
        tuple(dict.fromkeys([*loose_clauses, *wanted]))[:CLAUSES_MAX],
        tuple(dict.fromkeys(refused))[:CLAUSES_MAX],
    )


def _loose(words: Sequence[str], *, alone: bool) -> Iterator[Clause]:
    """The clauses of words outside quotes; an expression that has equivalents is one clause."""
    known = known_rows()
    longest = max(map(len, known), default=1)
    found: list[tuple[bool, Clause]] = []
    place = 0
    while place < len(words):
        size = min(longest, len(words) - place)
        for length in range(size, 0, -1):
            here = rows_of(words[place : place + length])
            equal = frozenset().union(*(known.get(row, frozenset()) for row in here))
            if equal or length == 1:
                common = length == 1 and words[place] in _COMMON
                found.append((common, Clause(here | equal)))
                place += length
                break
    kept = [clause for common, clause in found if not common]
    yield from kept or ([clause for _common, clause in found] if alone else [])


# Equivalent words --------------------------------------------------------------------------------


def _read_known() -> dict[Row, frozenset[Row]]:
    from parvis.core.synonyms.models import SynonymGroup

    known: dict[Row, frozenset[Row]] = {}
    for language, words in SynonymGroup.objects.values_list("language", "words"):
        split = [bare_words(word) for word in words]
        group = frozenset(row for one in split if one for row in rows_of(one))
        for one in split:
            key = tuple(stem(word, language) for word in one)
            known[key] = known.get(key, frozenset()) | group
    return known


known_rows = cache.per_generation(_read_known, told=True)
"""Return row -> the rows that are as good, as staff wrote them (read again when they change)."""


def equivalents(word: str) -> frozenset[str]:
    """Return the stems of the single words that are as good as a word, without its own."""
    known = known_rows()
    if not known:
        return frozenset()
    rows = rows_of(bare_words(word))
    equal = frozenset().union(*(known.get(row, frozenset()) for row in rows))
    return frozenset(row[0] for row in equal if len(row) == 1)


# Where the words are ----------------------------------------------------------------------------


def marks(text: str, forms: Iterable[str]) -> list[tuple[int, int]]:
    """Return where the words of a text have one of these stems: (start, end), in order."""
    wanted = frozenset(forms)
    return [m.span() for m in _SURFACE.finditer(text) if _is(m.group(), wanted)]


def _is(word: str, wanted: frozenset[str]) -> bool:
    return any(stem(w, code) in wanted for w in bare_words(word) for code in _LANGUAGES)


def parts(text: str, forms: Iterable[str]) -> list[tuple[str, bool]]:
    """Return a text in parts: (words, whether they were asked for)."""
    out, end = [], 0
    for start, stop in marks(text, forms):
        out += [(text[end:start], False), (text[start:stop], True)]
        end = stop
    return [part for part in [*out, (text[end:], False)] if part[0]]


def extract(text: str, forms: Iterable[str], *, length: int = 220) -> list[tuple[str, bool]]:
    """Return about `length` characters around the first word asked for, in parts; [] without any.

    Only the first 40,000 characters are looked at: a page of results must stay quick.
    """
    wanted = frozenset(forms)
    text = " ".join(text[:40_000].split())
    first = next((m.start() for m in _SURFACE.finditer(text) if _is(m.group(), wanted)), None)
    if first is None:
        return []
    start = max(0, first - length // 4)
    if start:
        start = text.rfind(" ", 0, start) + 1
    end = len(text) if start + length >= len(text) else text.rfind(" ", first, start + length)
    end = end if end > first else start + length
    cut = ("… " if start else "") + text[start:end] + (" …" if end < len(text) else "")
    return parts(cut, wanted)
