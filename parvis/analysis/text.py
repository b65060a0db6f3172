"""Words made comparable, copies of a text found, matches marked.

Snowball stemmers: M. F. Porter, https://snowballstem.org (French and English algorithms).
"""

import functools
import hashlib
import itertools
import math
import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence

import snowballstemmer

_APOSTROPHES = str.maketrans(dict.fromkeys("’‘ʼ′`´＇", "'"))
_LIGATURES = str.maketrans({"œ": "oe", "æ": "ae", "ß": "ss"})
_WORD = re.compile(r"[^\W_]+")
# In the text as written: letters may be followed by combining accents.
_SURFACE = re.compile("(?:[^\\W_][\u0300-\u036f]*)+")
# What elision leaves of le, de, que...; "aujourd'hui" is one word in spite of its apostrophe.
_ELIDED = frozenset(
    ("l", "d", "j", "m", "n", "s", "t", "c", "qu", "jusqu", "lorsqu", "puisqu", "quoiqu", "presqu")
)
_ONE_WORD = re.compile(r"\baujourd'hui\b")
_ADDRESS = re.compile(r"(?:https?://|www\.)\S+", re.IGNORECASE)
# Few words, few pairs: half of them in common is chance ("ce n'est pas le rôle de...").
SHORT_PAIRS = 10
SHORT_THRESHOLD = 0.8
_ALGORITHMS = {"fr": "french", "en": "english"}


class _Unaccented(dict[int, int | None]):
    """What `str.translate` does of each character: combining marks go. Learned as they come."""

    def __missing__(self, code: int) -> int | None:
        kept = self[code] = None if unicodedata.combining(chr(code)) else code
        return kept


_UNACCENTED = _Unaccented()


def fold(text: str) -> str:
    """Lower case without accents, ligatures or punctuation, words one space apart.

    The elided word stays apart from the next one: "L’école" gives "l ecole", so that a search for
    "ecole" finds it.
    """
    text = unicodedata.normalize("NFKD", text.translate(_APOSTROPHES).lower())
    text = text.translate(_UNACCENTED).translate(_LIGATURES)
    # Again: stripping an accent may leave a character that decomposes or has a lower case.
    text = _ONE_WORD.sub("aujourdhui", unicodedata.normalize("NFKD", text).lower())
    if not text.isascii():
        text = text.translate(_UNACCENTED)
    return " ".join(_WORD.findall(text))


def stems(text: str, language: str = "fr") -> list[str]:
    """The stems of the words of `text`, in order and with repetitions; elided words are left out.

    Accents are folded before stemming, so that "ecoles" finds "école" and "donnee" "données". A
    language without a stemmer here gives the folded words.
    """
    return [stem(word, language) for word in bare_words(text)]


def bare_words(text: str) -> list[str]:
    """The folded words of `text`, in order, without the elided ones ("l'eau" gives "eau")."""
    return [word for word in fold(text).split() if word not in _ELIDED]


@functools.lru_cache(maxsize=100_000)
def stem(word: str, language: str = "fr") -> str:
    """The Snowball stem of one folded word."""
    algorithm = _ALGORITHMS.get(language)
    # A stemmer keeps the word it works on: one per call keeps threads apart.
    return snowballstemmer.stemmer(algorithm).stemWord(word) if algorithm else word


def highlights(text: str, query: str, language: str = "fr") -> list[tuple[int, int]]:
    """Where in `text` the words of `query` occur, in any form of the same stem: (start, end) pairs.

    Pairs are in order and do not overlap; `text[start:end]` is a whole word.
    """
    wanted = set(stems(query, language))
    if not wanted:
        return []
    found = []
    for match in _SURFACE.finditer(text):
        if wanted.intersection(stems(match.group(), language)):
            found.append(match.span())
    return found


def excerpt(
    text: str, query: str, language: str = "fr", *, length: int = 200
) -> tuple[str, list[tuple[int, int]]]:
    """At most `length` characters of `text` around the first match, and the matches within.

    Cut at spaces, with an ellipsis where text is left out (which comes on top of `length`).
    """
    spans = highlights(text, query, language)
    first = spans[0][0] if spans else 0
    start = max(0, min(first - length // 4, len(text) - length))
    end = min(len(text), start + length)
    if start:
        start = next((i + 1 for i in range(start, first) if text[i].isspace()), start)
    if end < len(text):
        end = next((i for i in range(end, start, -1) if text[i].isspace()), end)
    before = "…" if start else ""
    cut = before + text[start:end] + ("…" if end < len(text) else "")
    shift = len(before) - start
    return cut, [(a + shift, b + shift) for a, b in spans if a >= start and b <= end]


def shingles(text: str) -> frozenset[str]:
    """The pairs of neighbouring words of the folded text; a text of one word gives that word.

    Web addresses are left out, unless there is nothing else: two comments that cite one page are
    not copies.
    """
    words = fold(_ADDRESS.sub(" ", text)).split() or fold(text).split()
    if len(words) < 2:
        return frozenset(words)
    return frozenset(f"{a} {b}" for a, b in itertools.pairwise(words))


def near_duplicates(texts: Sequence[str], threshold: float = 0.5) -> list[list[int]]:
    """Groups of texts that repeat one another: sorted lists of two or more positions.

    Two texts are near-duplicates when the Jaccard index of their pairs of words is at least
    `threshold` (0 excluded, 1 = the same pairs), and at least 0.8 when one of them has fewer than
    ten pairs. A text joins a group only if it is
    near at least half of it, so that chains of small differences do not tie strangers together.
    Exact, and the same groups come back in whatever order the texts are given. Texts without
    words are in no group. Raises ValueError outside 0 < threshold <= 1.

    Candidates by prefix filtering: Bayardo, Ma, Srikant, "Scaling up all pairs similarity search",
    WWW 2007.
    """
    if not 0 < threshold <= 1:
        raise ValueError("valid thresholds are over 0 and at most 1")
    same: dict[frozenset[str], list[int]] = defaultdict(list)
    for position, text in enumerate(texts):
        grams = shingles(text)
        if grams:
            same[grams].append(position)
    # An order that depends on content only.
    sets = sorted(same, key=_digest)
    pairs = _similar_pairs(sets, threshold)
    weights = [len(same[grams]) for grams in sets]
    groups = _linked(pairs, weights)
    members = [sorted(p for i in group for p in same[sets[i]]) for group in groups]
    return sorted(group for group in members if len(group) > 1)


def _digest(grams: frozenset[str]) -> bytes:
    return hashlib.sha256("\n".join(sorted(grams)).encode("utf-8", "replace")).digest()


def _similar_pairs(
    sets: Sequence[frozenset[str]], threshold: float
) -> list[tuple[float, int, int]]:
    """(-Jaccard, i, j) with i < j for every pair at or over the threshold.

    Two sets that similar share a gram among the rarest of each; only those are indexed.
    """
    frequency = Counter(itertools.chain.from_iterable(sets))
    rank = {gram: i for i, gram in enumerate(sorted(frequency, key=lambda g: (frequency[g], g)))}
    index: dict[int, list[int]] = defaultdict(list)
    found = []
    for i in sorted(range(len(sets)), key=lambda k: (len(sets[k]), k)):
        grams = sets[i]
        size = len(grams)
        ranks = sorted(rank[gram] for gram in grams)
        prefix = ranks[: size - math.ceil(threshold * size - 1e-9) + 1]
        candidates: set[int] = set()
        for gram in prefix:
            candidates.update(index[gram])
            index[gram].append(i)
        for j in candidates:
            if len(sets[j]) < threshold * size - 1e-9:
                continue
            common = len(grams & sets[j])
            jaccard = common / (size + len(sets[j]) - common)
            short = min(size, len(sets[j])) < SHORT_PAIRS
            if jaccard >= (max(threshold, SHORT_THRESHOLD) if short else threshold):
                found.append((-jaccard, min(i, j), max(i, j)))
    return sorted(found)


def _linked(pairs: Iterable[tuple[float, int, int]], weights: Sequence[int]) -> list[list[int]]:
    """Merge from the most similar pair down, when half of the pairs across are near-duplicates."""
    pairs = list(pairs)
    near: dict[int, set[int]] = defaultdict(set)
    for _, i, j in pairs:
        near[i].add(j)
        near[j].add(i)
    group = {i: i for i in range(len(weights))}
    members = {i: [i] for i in range(len(weights))}
    for _, i, j in pairs:
        a, b = group[i], group[j]
        if a == b:
            continue
        small, large = sorted((a, b), key=lambda g: len(members[g]))
        across = sum(
            weights[x] * weights[y] for x in members[small] for y in near[x] if group[y] == large
        )
        total = sum(weights[x] for x in members[a]) * sum(weights[y] for y in members[b])
        if 2 * across >= total:
            for x in members[small]:
                group[x] = large
            members[large] += members.pop(small)
    return list(members.values())
