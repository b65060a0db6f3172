"""What a search asks of an entry, as values: the query language is read into these.

Each is a function of a document too (a mapping field -> value or list of values): the plain
reading of the language, with which the index is compared in the tests. The index itself answers
them over all rows at once (`parvis.catalogue.finding.answering`).
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache, cached_property
from typing import Any

from parvis.analysis.text import fold, stems

Doc = Mapping[str, Any]
# Analysed fields: words are compared by stem. Every other field is compared as it stands.
TEXT_FIELDS = frozenset(
    {"text", "title", "notes", "author", "maintainer", "res_name", "res_description"}
)
DATE_FIELDS = frozenset({"metadata_created", "metadata_modified"})


def listed(doc: Doc, field: str) -> Sequence[str]:
    """Return the values of a field of a document, however many."""
    value = doc.get(field)
    if value in (None, ""):
        return ()
    return value if isinstance(value, list | tuple) else (str(value),)


@cache
def forms(word: str) -> frozenset[str]:
    """Return the stems of a word in French and in English; empty for an elided word alone."""
    return frozenset((*stems(word, "fr"), *stems(word, "en")))


def comparable(value: str) -> float | str:
    """Return what a range compares: a number where it is one."""
    try:
        number = float(value)
    except ValueError:
        return value
    return number if number == number else value


class Condition:
    """Asks something of a document."""

    def __call__(self, doc: Doc) -> bool:
        """Whether the document answers."""
        raise NotImplementedError


@dataclass(frozen=True)
class Every(Condition):
    """Asks nothing."""

    def __call__(self, doc: Doc) -> bool:
        """Return True."""
        return True


@dataclass(frozen=True)
class Not(Condition):
    """The reverse of another."""

    of: Condition

    def __call__(self, doc: Doc) -> bool:
        """Whether the other does not hold."""
        return not self.of(doc)


@dataclass(frozen=True)
class Both(Condition):
    """All of several."""

    of: tuple[Condition, ...]

    def __call__(self, doc: Doc) -> bool:
        """Whether each holds."""
        return all(one(doc) for one in self.of)


@dataclass(frozen=True)
class Either(Condition):
    """One at least of several."""

    of: tuple[Condition, ...]

    def __call__(self, doc: Doc) -> bool:
        """Whether one holds."""
        return any(one(doc) for one in self.of)


@dataclass(frozen=True)
class Has(Condition):
    """A field has a value."""

    field: str

    def __call__(self, doc: Doc) -> bool:
        """Whether there is one."""
        return bool(listed(doc, self.field))


@dataclass(frozen=True)
class Equal(Condition):
    """A field has this value, letter for letter."""

    field: str
    value: str

    def __call__(self, doc: Doc) -> bool:
        """Whether one of its values is this one."""
        return self.value in listed(doc, self.field)


@dataclass(frozen=True)
class Words(Condition):
    """A text has all these words, each in one of its forms."""

    field: str
    text: str

    @cached_property
    def wanted(self) -> tuple[frozenset[str], ...]:
        """The forms of each word that has some."""
        return tuple(one for word in self.text.split() if (one := forms(word)))

    def __call__(self, doc: Doc) -> bool:
        """Whether each word is there; False without any."""
        there = doc.get(f"{self.field}:stems", frozenset())
        return bool(self.wanted) and all(one & there for one in self.wanted)


@dataclass(frozen=True)
class Wild(Condition):
    """A value fits a pattern: * any letters, ? one letter, a backslash before what is neither.

    In a text, one of its words, folded.
    """

    field: str
    pattern: str

    @cached_property
    def parts(self) -> tuple[str, ...]:
        """Plain parts and wildcards, in turn."""
        parts = re.split(r"(?<!\\)([*?])", self.pattern)
        plain = [part if part in {"*", "?"} else plain_of(part) for part in parts]
        if self.field in TEXT_FIELDS:
            plain = [part if part in {"*", "?"} else _folded(part) for part in plain]
        return tuple(plain)

    @cached_property
    def fits(self) -> Callable[[str], Any]:
        """The pattern as a test of one value."""
        source = "".join({"*": ".*", "?": "."}.get(part, re.escape(part)) for part in self.parts)
        return re.compile(source, re.DOTALL).fullmatch

    @property
    def prefix(self) -> str:
        """How every value that fits begins."""
        return self.parts[0]

    def __call__(self, doc: Doc) -> bool:
        """Whether one value fits."""
        if self.field in TEXT_FIELDS:
            return any(self.fits(word) for word in doc.get(f"{self.field}:words", ()))
        return any(self.fits(one) for one in listed(doc, self.field))


def plain_of(text: str) -> str:
    """Return a text without the backslashes that protect its signs."""
    return re.sub(r"\\(.)", r"\1", text)


def _folded(text: str) -> str:
    # Folded alone, a part of a word keeps its letters; what is no letter is kept as it is.
    return fold(text) or text


@dataclass(frozen=True)
class Between(Condition):
    """A value lies between two; None: no limit. Numbers compare as numbers, the rest as text."""

    field: str
    low: str | None
    high: str | None
    low_in: bool = True
    high_in: bool = True

    def fits(self, value: str) -> bool:
        """Whether one value lies between."""
        one = comparable(value)
        for limit, inside, sign in ((self.low, self.low_in, 1), (self.high, self.high_in, -1)):
            if limit is None:
                continue
            other = comparable(limit)
            if type(one) is not type(other):
                return False
            order = (one > other) - (one < other)  # type: ignore[operator]
            if order * sign < 0 or (order == 0 and not inside):
                return False
        return True

    def __call__(self, doc: Doc) -> bool:
        """Whether one value lies between."""
        if self.field in TEXT_FIELDS:
            return any(map(self.fits, doc.get(f"{self.field}:words", ())))
        return any(map(self.fits, listed(doc, self.field)))


@dataclass(frozen=True)
class Within(Condition):
    """A date lies between two moments (UTC, naive); None: no limit."""

    field: str
    low: datetime | None
    high: datetime | None
    low_in: bool = True
    high_in: bool = True

    def __call__(self, doc: Doc) -> bool:
        """Whether the date lies between."""
        for text in listed(doc, self.field):
            one = datetime.fromisoformat(text)
            above = self.low is None or (one >= self.low if self.low_in else one > self.low)
            below = self.high is None or (one <= self.high if self.high_in else one < self.high)
            if above and below:
                return True
        return False


def each(condition: Condition) -> Iterator[Condition]:
    """Yield a condition and every one inside it."""
    yield condition
    inner = getattr(condition, "of", ())
    for one in inner if isinstance(inner, tuple) else (inner,):
        yield from each(one)
