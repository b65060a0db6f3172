"""The query language of `fq` (and of `q` with a colon): Lucene's, as CKAN's clients write it.

Read here: `f:v`, `f:"a b"`, `+f:` `-f:`, AND OR NOT, parentheses, `f:(a OR b)`, `f:[a TO b]` and
`{a TO b}` with `*`, dates with NOW, arithmetic and microseconds, `f:*`, `v*`; side by side means
AND.
"""

import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from parvis.analysis.text import fold
from parvis.catalogue.ckan.errors import SearchError
from parvis.catalogue.finding.conditions import (
    DATE_FIELDS,
    TEXT_FIELDS,
    Between,
    Both,
    Condition,
    Either,
    Equal,
    Every,
    Has,
    Not,
    Wild,
    Within,
    Words,
    plain_of,
)

CHARACTERS_MAX = 8_000
DEPTH_MAX = 40

_TOKEN = re.compile(
    r"""\s*(?:
    (?P<range>[\[{]\s*(?P<low>"[^"]*"|\S+?)\s+TO\s+(?P<high>"[^"]*"|\S+?)\s*[\]}])
    |(?P<quote>"(?:[^"\\]|\\.)*")(?:~[0-9.]*)?(?:\^[0-9.]+)?
    |(?P<mark>[()])(?:\^[0-9.]+)?
    |(?P<and>AND\b|&&)|(?P<or>OR\b|\|\|)|(?P<not>NOT\b|!)
    |(?P<sign>[+-](?=\S))
    |(?P<field>(?:[\w.*-]|\\.)+):
    |(?P<term>(?:[^\s()"\[\]{}\\]|\\.)+)
    )""",
    re.VERBOSE,
)
_KINDS = ("quote", "mark", "and", "or", "not", "sign", "field", "term")
_UNITS = {"YEAR": 365.25, "MONTH": 30.4375, "DAY": 1.0, "DATE": 1.0}
_SECONDS = {"HOUR": 3600, "MINUTE": 60, "SECOND": 1}
_MATH = re.compile(r"([+-]\d+|/)(YEAR|MONTH|DAY|DATE|HOUR|MINUTE|SECOND)S?")
# A day may be followed by arithmetic only after its Z: "-04:00" is a time zone.
_DATE = re.compile(r"(NOW|.*?Z)((?:(?:[+-]\d+|/)[A-Z]+)*)")


def parse(text: str, *, now: datetime | None = None) -> Condition:
    """Return what a query asks. Raises SearchError for what cannot be read."""
    if len(text) > CHARACTERS_MAX:
        raise SearchError(f"query longer than {CHARACTERS_MAX} characters")
    reader = _Reader(_tokens(text), now or datetime.now(UTC).replace(tzinfo=None))
    if not reader.tokens:
        return Every()
    condition = reader.either("text", 0)
    if reader.tokens:
        raise SearchError(f"cannot parse {text!r}")
    return condition


def _tokens(text: str) -> list[tuple[str, Any]]:
    found: list[tuple[str, Any]] = []
    place = 0
    text = text.rstrip()
    while place < len(text):
        match = _TOKEN.match(text, place)
        if match is None:
            raise SearchError(f"cannot parse {text!r}")
        if match["range"]:
            found.append(("range", (match["range"], match["low"], match["high"])))
        else:
            kind = next(name for name in _KINDS if match[name])
            found.append((kind, match[kind]))
        place = match.end()
    return found


def _one_of(kind: type[Both | Either], found: Sequence[Condition]) -> Condition:
    return found[0] if len(found) == 1 else kind(tuple(found))


class _Reader:
    """Recursive descent over the tokens."""

    def __init__(self, tokens: Sequence[tuple[str, Any]], now: datetime) -> None:
        self.tokens = list(reversed(tokens))  # the next one is the last
        self.now = now

    def _next(self) -> tuple[str, Any]:
        return self.tokens[-1] if self.tokens else ("", "")

    def either(self, field: str, depth: int) -> Condition:
        if depth > DEPTH_MAX:
            raise SearchError("too many parentheses")
        found = [self.both(field, depth)]
        while self._next()[0] == "or":
            self.tokens.pop()
            found.append(self.both(field, depth))
        return _one_of(Either, found)

    def both(self, field: str, depth: int) -> Condition:
        found = [self.one(field, depth)]
        while True:
            following = self._next()
            if following[0] == "and":
                self.tokens.pop()
            elif following[0] in {"", "or"} or following == ("mark", ")"):
                break
            found.append(self.one(field, depth))
        return _one_of(Both, found)

    def one(self, field: str, depth: int) -> Condition:
        turned = False
        while self._next()[0] in {"not", "sign"}:
            turned ^= self.tokens.pop()[1] != "+"
        if not self.tokens:
            raise SearchError("the query ends too early")
        kind, value = self.tokens.pop()
        if kind == "field":
            found = self._value(plain_of(value), depth)
        elif kind == "mark" and value == "(":
            found = self._group(field, depth)
        elif kind in {"quote", "term", "range"}:
            found = self._leaf(field, kind, value)
        else:
            raise SearchError(f"cannot parse at {value!r}")
        return Not(found) if turned else found

    def _value(self, field: str, depth: int) -> Condition:
        if not self.tokens:
            raise SearchError(f"{field} has no value")
        kind, value = self.tokens.pop()
        if kind == "mark" and value == "(":
            return self._group(field, depth)
        if kind == "sign" and self._next()[0] in {"term", "field"}:
            value = value + self.tokens.pop()[1]
            kind = "term"
        if kind == "field":  # a colon inside a value, as in an address or an hour
            rest = self.tokens.pop()[1] if self._next()[0] in {"term", "field"} else ""
            kind, value = "term", f"{value}:{rest}"
        if kind in {"and", "or", "not"}:
            kind = "term"
        if kind not in {"quote", "term", "range"}:
            raise SearchError(f"{field} has no value")
        return self._leaf(field, kind, value)

    def _group(self, field: str, depth: int) -> Condition:
        found = self.either(field, depth + 1)
        if not self.tokens or self.tokens.pop() != ("mark", ")"):
            raise SearchError("a parenthesis is not closed")
        return found

    def _leaf(self, field: str, kind: str, value: Any) -> Condition:
        if kind == "range":
            return self._range(field, *value)
        if kind == "quote":
            return self._equal(field, plain_of(value[1:-1]))
        bare = re.sub(r"(?<!\\)\^[0-9.]+$", "", value)
        bare = re.sub(r"(?<=.)(?<!\\)~[0-9.]*$", "", bare)
        if bare == "*":
            return Every() if field in {"*", "text"} else Has(field)
        if re.search(r"(?<!\\)[*?]", bare):
            if field in DATE_FIELDS:
                raise SearchError(f"{field} is a date: give it in full, or a range")
            return Wild(field, bare)
        return self._equal(field, plain_of(bare))

    def _equal(self, field: str, value: str) -> Condition:
        if field in TEXT_FIELDS:
            return Words(field, value)
        if field in DATE_FIELDS:
            moment = self._moment(value)
            return Within(field, moment, moment)
        return Equal(field, value)

    def _range(self, field: str, whole: str, low: str, high: str) -> Condition:
        inside = (whole[0] == "[", whole[-1] == "]")
        ends = [None if end == "*" else end.strip('"') for end in (low, high)]
        if field in DATE_FIELDS:
            moments = [None if end is None else self._moment(end) for end in ends]
            return Within(field, moments[0], moments[1], *inside)
        if field in TEXT_FIELDS:
            ends = [None if end is None else fold(end) for end in ends]
        else:
            ends = [None if end is None else plain_of(end) for end in ends]
        return Between(field, ends[0], ends[1], *inside)

    def _moment(self, text: str) -> datetime:
        """Read a date of Solr: ISO 8601 in UTC, or NOW; then its arithmetic."""
        text = text.replace("\\", "")
        match = _DATE.fullmatch(text)
        start, steps = (match[1], match[2]) if match else (text, "")
        if start == "NOW":
            return self._moved(self.now, steps, text)
        try:
            moment = datetime.fromisoformat(start)
            moment = moment.astimezone(UTC).replace(tzinfo=None) if moment.tzinfo else moment
        except (ValueError, OverflowError):
            raise SearchError(f"invalid date {text!r}") from None
        return self._moved(moment, steps, text)

    def _moved(self, moment: datetime, steps: str, text: str) -> datetime:
        place = 0
        while place < len(steps):
            match = _MATH.match(steps, place)
            if match is None or len(match[1]) > 6:
                raise SearchError(f"invalid date {text!r}")
            moment = _rounded(moment, match[2]) if match[1] == "/" else _step(moment, match)
            place = match.end()
        return moment


def _step(moment: datetime, match: re.Match[str]) -> datetime:
    count, unit = int(match[1]), match[2]
    step = timedelta(days=_UNITS[unit]) if unit in _UNITS else timedelta(seconds=_SECONDS[unit])
    try:
        return moment + count * step
    except OverflowError:
        raise SearchError("date out of range") from None


def _rounded(moment: datetime, unit: str) -> datetime:
    order = ("YEAR", "MONTH", "DAY", "HOUR", "MINUTE", "SECOND")
    names = ("month", "day", "hour", "minute", "second", "microsecond")
    first = order.index("DAY" if unit == "DATE" else unit)
    least = {"month": 1, "day": 1}
    changes: dict[str, Any] = {name: least.get(name, 0) for name in names[first:]}
    return moment.replace(**changes)
