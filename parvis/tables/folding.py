"""Words without case, accents, ligatures or typographic apostrophes, found in text as it stands."""

import re
import unicodedata
from functools import cache

_LIGATURES = {"œ": "oe", "æ": "ae"}
_RANGES = ((0x20, 0x250), (0x1E00, 0x1F00), (0x2019, 0x201A))


def fold(text: str) -> str:
    """`text` in small letters without accents; œ is oe, æ is ae, ’ is '."""
    text = text.lower().replace("’", "'")
    for ligature, letters in _LIGATURES.items():
        text = text.replace(ligature, letters)
    apart = unicodedata.normalize("NFD", text)
    return "".join(c for c in apart if not unicodedata.category(c).startswith("M"))


@cache
def _variants() -> dict[str, str]:
    """Each folded letter, and all Latin letters that fold to it."""
    found: dict[str, str] = {}
    for start, end in _RANGES:
        for code in range(start, end):
            folded = fold(chr(code))
            if len(folded) == 1:
                found[folded] = found.get(folded, "") + chr(code)
    return found


def pattern(word: str) -> str | None:
    """An expression (RE2) that is in a text exactly when `fold(word)` is in `fold(text)`.

    None for words of other scripts, whose letters are not listed here. Text may have its accents
    apart (NFD).
    """
    letters = fold(word)
    if not letters or not letters.isascii():
        return None
    parts = []
    place = 0
    while place < len(letters):
        pair = letters[place : place + 2]
        if pair in ("oe", "ae"):
            ligature = "œŒ" if pair == "oe" else "æÆǽǼǣǢ"
            parts.append(f"(?:{_one(pair[0])}{_one(pair[1])}|{_class(ligature)})")
            place += 2
            continue
        more = ""
        # Half of a ligature is enough where the word starts or ends.
        if place == 0 and pair[0] == "e":
            more = "œŒæÆǽǼǣǢ"
        elif place == len(letters) - 1 and pair[0] in "oa":
            more = "œŒ" if pair[0] == "o" else "æÆǽǼǣǢ"
        parts.append(_one(pair[0], more))
        place += 1
    return "".join(parts)


def _one(letter: str, more: str = "") -> str:
    return _class(_variants().get(letter, letter) + more)


def _class(letters: str) -> str:
    return "[" + "".join(re.escape(c) if ord(c) < 128 else c for c in letters) + r"]\p{M}*"
