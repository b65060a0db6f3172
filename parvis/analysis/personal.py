"""Personal data in free text: a scan for what people of Québec, and of France, let slip.

It warns, it does not promise: names in particular are found only where something announces them.
"""

import bisect
import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

Kind = Literal[
    "email", "phone", "nas", "ramq", "card", "postal_code", "address", "plate", "birth",
    "self_name", "civility_name",
]  # fmt: skip
Severity = Literal["block", "ask"]
# Numbers that belong to one person block a publication until reviewed; the rest is often a public
# place or a public figure, and only asks.
BLOCKING = frozenset(("email", "phone", "nas", "ramq", "card"))


@dataclass(frozen=True, slots=True)
class Finding:
    """What was found and where: `text[start:end]`. The found text itself is not kept."""

    kind: Kind
    start: int
    end: int
    severity: Severity


_SPACES = dict.fromkeys("\u00a0\u2007\u2009\u202f\t", " ")
_DASHES = dict.fromkeys("‐‑‒–−", "-")
_QUOTES = dict.fromkeys("’‘ʼ", "'")
_ONE_TO_ONE = str.maketrans({**_SPACES, **_DASHES, **_QUOTES})
_INVISIBLE = frozenset("\u00ad\u200b\u200c\u200d\u2060\ufeff")

_UPPER = "A-ZÀ-ÖØ-ÞŒ"
_LETTER = "A-Za-zÀ-ÖØ-öø-ÿŒœ"
_NAME = f"[{_UPPER}][{_LETTER}]*(?:['-][{_LETTER}]+)*"
_SEP = "[ .-]?"
_MONTH = (
    "janvier|février|fevrier|mars|avril|mai|juin|juillet|août|aout|septembre|octobre|novembre|"
    "décembre|decembre|january|february|march|april|may|june|july|august|september|october|"
    "november|december"
)
_DATE = (
    rf"(?:\d{{1,2}}(?:er|st|nd|rd|th)?\s+(?:of\s+)?(?:{_MONTH})\s*,?\s+\d{{2,4}}"
    rf"|(?:{_MONTH})\s+\d{{1,2}}(?:st|nd|rd|th)?\s*,?\s+\d{{4}}"
    r"|\d{1,2}\s?[/.-]\s?\d{1,2}\s?[/.-]\s?(?:\d{4}|\d{2})|\d{4}-\d{1,2}-\d{1,2})"
)
# Numbers in the middle of longer ones are amounts or references, not what we look for.
_ALONE = r"(?<![\w.,/#=&+-])(?<!\d )(?<![$€£] )"
_END = r"(?![\w/=&])(?![ .,-]\d)(?! ?(?:[$€£%]|(?:euros?|dollars?|EUR|CAD|USD|millions?)\b))"

_EMAIL = re.compile(
    r"(?<![\w.+-])[\w.+-]{1,64}(?:@|\s?(?:\[at\]|\(at\)|\[arobase\]|\(arobase\)|\sarobase\s)\s?)"
    r"(?:[\w-]{1,63}(?:\.|\s?(?:\[dot\]|\[point\]|\(dot\)|\(point\)|\spoint\s)\s?)){1,8}"
    r"[A-Za-z]{2,24}(?![\w@])",
    re.IGNORECASE,
)
_PHONE_AMERICA = re.compile(
    r"(?<![\w.,/#=&-])(?<!\d )(?:(?:\+|00)?1[ .-]{0,2})?"
    r"(?:\((?P<a>[2-9]\d\d)\)[ .-]{0,2}|(?P<b>[2-9]\d\d)(?P<s>[ .-]|\s-\s)?)"
    r"(?P<c>[2-9]\d\d)(?P<t>[ .-]|\s-\s)?(?P<d>\d{4})" + _END
)
_PHONE_FRANCE = re.compile(_ALONE + r"0[1-79](?P<s>[ .-]?)\d\d(?:(?P=s)\d\d){3}" + _END)
_PHONE_WORLD = re.compile(r"(?<![\w+])(?:\+|00)(?=[2-9])(?:[ .-]?(?:\(0\)|\d)){9,14}(?![\w/=])")
_NAS = re.compile(_ALONE + r"[1-79]\d\d(?P<s>[ .-]?)\d{3}(?P=s)\d{3}" + _END)
_RAMQ = re.compile(
    rf"(?<![\w])[A-Z]{{4}}{_SEP}(?P<y>\d\d)(?P<m>\d\d){_SEP}(?P<d>\d\d)\d\d(?!\w)", re.IGNORECASE
)
_CARD = re.compile(
    _ALONE + r"(?:[2-6]\d{3}(?P<s>[ .-]?)\d{4}(?P=s)\d{4}(?P=s)\d{4}(?:(?P=s)\d{1,3})?"
    r"|3[47]\d\d[ .-]?\d{6}[ .-]?\d{5})" + _END
)
_POSTAL = re.compile(
    r"(?<![\w-])[ABCEGHJ-NPRSTVXY]\d[ABCEGHJ-NPRSTV-Z][ -]?\d[ABCEGHJ-NPRSTV-Z]\d(?![\w-])",
    re.IGNORECASE,
)
_STREET_FR = (
    r"rue|avenue|av\.?|ave\.?|boulevard|boul\.?|bd\.?|chemin|ch\.|rang|route|place|montée|côte|"
    r"impasse|allée|croissant|terrasse|quai|cours|square"
)
_ADDRESS_FR = re.compile(
    rf"(?<![\w.,-])\d{{1,5}}(?:[ -]?[A-Da-d]|\s?(?:bis|ter))?\s?,?\s(?:(?i:{_STREET_FR}))\s+"
    rf"(?:(?i:(?:de\s+la|de\s+l'|des|du|de|d'|l'|la|le|les)\s?)[{_LETTER}]|[{_UPPER}]|\d+e\b)"
    rf"(?:[{_LETTER}0-9'-]|\.(?=[\w-]))*"
    rf"(?:[ -](?:[{_UPPER}](?:[{_LETTER}'-]|\.(?=[\w-]))*|(?:de|des|du|la|le)(?= [{_UPPER}])))*"
)
_ADDRESS_EN = re.compile(
    rf"(?<![\w.,-])\d{{1,5}}\s?,?\s(?:{_NAME}|\d+(?:st|nd|rd|th))(?:\s{_NAME}){{0,3}}\s"
    r"(?:Street|St|Avenue|Ave|Road|Rd|Boulevard|Blvd|Drive|Dr|Crescent|Cres|Lane|Court)\b\.?"
)
_PLATE = re.compile(
    r"(?<![\w-])(?:[A-Z]{3}[ -]?\d{3}|\d{3}[ -]?[A-Z]{3}|[A-Z]\d{2}[ -]?[A-Z]{3}"
    r"|[A-Z]{2}-\d{3}-[A-Z]{2})(?![\w-])(?!,\d)"
)
_NOT_PLATE = frozenset(
    "EUR USD CAD GBP CHF ISO TVA TVQ TPS HTTP ART LOI RFC CFA ANS KMH MWH GWH KWH VTT PME".split()
)
_BIRTH = re.compile(
    r"(?<!\w)(?:n(?:é|e\u0301|ee?)(?:e|\(e\)|[·.]e)?(?:\s+[^\s.]+){0,3}?\s+le|"
    r"date\s+de\s+naissance(?:\s+est(?:\s+le)?)?|naissance|born(?:\s+in\s+\w+)?(?:\s+on)?(?:\s+the)?|"
    rf"date\s+of\s+birth(?:\s+is)?)\s*:?\s*{_DATE}(?!\d)",
    re.IGNORECASE,
)
_SELF_NAME = re.compile(
    r"(?<!\w)(?i:je\s+m'\s?appelle|je\s+me\s+(?:nomme|prénomme|prenomme)|mon\s+(?:nom|prénom|prenom)"
    r"(?:\s+complet|\s+de\s+famille)?\s+est|my\s+(?:full\s+)?name\s+is)\s*:?\s+"
    rf"(?P<n>[{_LETTER}]+(?:['-][{_LETTER}]+)*(?:\s{_NAME}){{0,3}})"
)
_CIVILITY = re.compile(
    rf"(?<![\w.])(?:(?:M\.|MM\.|Mme\.?|Mmes|Mlle\.?|Mr\.?|Mrs\.?|Ms\.?|Dr\.?|Dre|Monsieur|Madame|"
    rf"Mademoiselle|Docteure?|Maître|monsieur|madame|docteure?)\s+(?P<n>{_NAME})(?:\s{_NAME}){{0,3}}"
    rf"|Me\s+(?P<m>{_NAME})(?:\s{_NAME}){{1,3}})"
)
_TITLES = frozenset(
    "le la les un une des l et ou premier première président présidente ministre maire mairesse "
    "député députée sénateur sénatrice directeur directrice tout toute madame monsieur".split()
)
# Area codes of Canada, for ten digits written in one piece (Canadian Numbering Administrator).
_AREAS_CANADA = frozenset(
    "204 226 236 249 250 257 263 289 306 343 354 365 367 368 382 403 416 418 428 431 437 438 450 "
    "460 468 474 506 514 519 548 579 581 584 587 604 613 639 647 672 683 705 709 742 753 778 780 "
    "782 807 819 825 867 873 879 902 905 942".split()
)


def scan(text: str) -> list[Finding]:
    """Everything in `text` that looks like personal data, in order and without overlap.

    Kinds: e-mail, phone, NAS (social insurance number, Luhn), RAMQ (health insurance number), card
    (Luhn), postal code, address, licence plate, date of birth, "je m'appelle", civility and name.
    Where two overlap, the one that blocks wins, then the first and longest.
    """
    clean, places = _normalised(text)
    found: list[Finding] = []
    for kind, pattern, accept in _RULES:
        severity: Severity = "block" if kind in BLOCKING else "ask"
        for match in pattern.finditer(clean):
            if accept is None or accept(match):
                start, end = places[match.start()], places[match.end() - 1] + 1
                found.append(Finding(kind, start, end, severity))
    found.sort(key=lambda f: (f.severity != "block", f.start, -f.end))
    kept: list[Finding] = []
    for finding in found:
        i = bisect.bisect(kept, finding.start, key=lambda f: f.start)
        before = i == 0 or kept[i - 1].end <= finding.start
        if before and (i == len(kept) or kept[i].start >= finding.end):
            kept.insert(i, finding)
    return kept


def mask(text: str, findings: list[Finding], with_: str = "[…]") -> str:
    """`text` with each finding replaced."""
    for finding in sorted(findings, key=lambda f: f.start, reverse=True):
        text = text[: finding.start] + with_ + text[finding.end :]
    return text


def luhn(digits: str) -> bool:
    """Whether the last digit is the Luhn check digit of the others (ISO/IEC 7812-1, annex B)."""
    total = 0
    for place, digit in enumerate(reversed(digits)):
        value = int(digit) * (1 + place % 2)
        total += value - 9 if value > 9 else value
    return total % 10 == 0


def _normalised(text: str) -> tuple[str, list[int]]:
    """Plain spaces, dashes, digits and apostrophes, and where each character came from."""
    characters, places = [], []
    for place, character in enumerate(text.translate(_ONE_TO_ONE)):
        if character in _INVISIBLE:
            continue
        if not character.isascii() and character.isdecimal():
            character = str(unicodedata.decimal(character))
        characters.append(character)
        places.append(place)
    return "".join(characters), places


def _digits(match: re.Match[str]) -> str:
    return re.sub(r"\D", "", match.group())


def _is_phone(match: re.Match[str]) -> bool:
    area, exchange = match["a"] or match["b"], match["c"]
    if area[1:] == "11" or exchange[1:] == "11":
        return False
    separated = match["a"] or match["s"] or match["t"] or match.group().startswith(("+", "1", "0"))
    return bool(separated) or area in _AREAS_CANADA


def _is_nas(match: re.Match[str]) -> bool:
    digits = _digits(match)
    return luhn(digits) and not digits.endswith("000000")


def _is_ramq(match: re.Match[str]) -> bool:
    month, day = int(match["m"]), int(match["d"])
    return (1 <= month <= 12 or 51 <= month <= 62) and 1 <= day <= 31


def _is_card(match: re.Match[str]) -> bool:
    digits = _digits(match)
    return luhn(digits) and len(set(digits)) > 1


def _is_plate(match: re.Match[str]) -> bool:
    return not _NOT_PLATE.intersection(re.findall("[A-Z]+", match.group()))


def _is_self_name(match: re.Match[str]) -> bool:
    return match["n"].split()[0].lower() not in _NOT_NAMES


def _is_civility(match: re.Match[str]) -> bool:
    first = match["n"] or match["m"]
    return first.lower() not in _TITLES


_NOT_NAMES = frozenset(
    "pas plus comme ainsi personne ici trop un une le la les et mais toujours jamais encore donc "
    "moi vraiment désormais fine not no on in here still already known".split()
)
_Accept = Callable[[re.Match[str]], bool] | None
_RULES: tuple[tuple[Kind, re.Pattern[str], _Accept], ...] = (
    ("email", _EMAIL, None),
    ("card", _CARD, _is_card),
    ("ramq", _RAMQ, _is_ramq),
    ("nas", _NAS, _is_nas),
    ("phone", _PHONE_AMERICA, _is_phone),
    ("phone", _PHONE_FRANCE, None),
    ("phone", _PHONE_WORLD, None),
    ("postal_code", _POSTAL, None),
    ("birth", _BIRTH, None),
    ("address", _ADDRESS_FR, None),
    ("address", _ADDRESS_EN, None),
    ("plate", _PLATE, _is_plate),
    ("self_name", _SELF_NAME, _is_self_name),
    ("civility_name", _CIVILITY, _is_civility),
)
