"""The query language of `fq` (and of `q` with a colon): Lucene's, as CKAN's clients write it.

Read here: `f:v`, `f:"a b"`, `+f:` `-f:`, AND OR NOT, parentheses, `f:(a OR b)`, `f:[a TO b]` and
`{a TO b}` with `*`, dates with NOW and microseconds, `f:*`, `v*`; side by side means AND.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

from parvis.analysis.text import stems
from parvis.catalogue.ckan.errors import SearchError

Doc = Mapping[str, Any]
Test = Callable[[Doc], bool]
CHARACTERS_MAX = 8_000
DEPTH_MAX = 40
# Analysed fields: words are compared by stem. Every other field is compared as it stands.
TEXT_FIELDS = frozenset(
    {"text", "title", "notes", "author", "maintainer", "res_name", "res_description"}
)
DATE_FIELDS = frozenset({"metadata_created", "metadata_modified"})

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
_UNITS = {"YEAR": 365.25, "MONTH": 30.4375, "DAY": 1.0, "DATE": 1.0}
_SECONDS = {"HOUR": 3600, "MINUTE": 60, "SECOND": 1}
_MATH = re.compile(r"([+-]\d+|/)(YEAR|MONTH|DAY|DATE|HOUR|MINUTE|SECOND)S?")


def parse(text: str, *, now: datetime | None = None) -> Test:
    """Return a test on a document. Raises SearchError for what cannot be read."""
    if len(text) > CHARACTERS_MAX:
        raise SearchError(f"query longer than {CHARACTERS_MAX} characters")
    reader = _Reader(_tokens(text), now or datetime.now(UTC).replace(tzinfo=None))
    if not reader.tokens:
        return lambda doc: True
    test = reader.either("text", 0)
    if reader.tokens:
        raise SearchError(f"cannot parse {text!r}")
    return test


def _tokens(text: str) -> list[tuple[str, Any]]:
    found: list[tuple[str, Any]] = []
    place = 0
    text = text.rstrip()
    while place < len(text):
        match = _TOKEN.match(text, place)
        if match is None:
            raise SearchError(f"cannot parse {text!r}")
        kind = match.lastgroup or ""
        if match["range"]:
            found.append(("range", (match["range"], match["low"], match["high"])))
        else:
            kind = next(
                name
                for name in ("quote", "mark", "and", "or", "not", "sign", "field", "term")
                if match[name]
            )
            found.append((kind, match[kind]))
        place = match.end()
    return found


class _Reader:
    """Recursive descent over the tokens."""

    def __init__(self, tokens: Sequence[tuple[str, Any]], now: datetime) -> None:
        self.tokens = list(tokens)
        self.now = now

    def _next(self) -> str:
        return self.tokens[0][0] if self.tokens else ""

    def either(self, field: str, depth: int) -> Test:
        if depth > DEPTH_MAX:
            raise SearchError("too many parentheses")
        tests = [self.both(field, depth)]
        while self._next() == "or":
            self.tokens.pop(0)
            tests.append(self.both(field, depth))
        return tests[0] if len(tests) == 1 else lambda doc: any(test(doc) for test in tests)

    def both(self, field: str, depth: int) -> Test:
        tests = [self.one(field, depth)]
        while True:
            following = self.tokens[0] if self.tokens else ("", "")
            if following[0] == "and":
                self.tokens.pop(0)
            elif following[0] in {"", "or"} or following == ("mark", ")"):
                break
            tests.append(self.one(field, depth))
        return tests[0] if len(tests) == 1 else lambda doc: all(test(doc) for test in tests)

    def one(self, field: str, depth: int) -> Test:
        if not self.tokens:
            raise SearchError("the query ends too early")
        kind, value = self.tokens.pop(0)
        if kind == "not" or (kind == "sign" and value == "-"):
            test = self.one(field, depth)
            return lambda doc: not test(doc)
        if kind == "sign":
            return self.one(field, depth)
        if kind == "field":
            return self._value(_plain(value), depth)
        if kind == "mark" and value == "(":
            return self._group(field, depth)
        if kind in {"quote", "term", "range"}:
            return self._leaf(field, kind, value)
        raise SearchError(f"cannot parse at {value!r}")

    def _value(self, field: str, depth: int) -> Test:
        if not self.tokens:
            raise SearchError(f"{field} has no value")
        kind, value = self.tokens.pop(0)
        if kind == "mark" and value == "(":
            return self._group(field, depth)
        if kind == "sign" and self._next() in {"term", "field"}:
            value = value + self.tokens.pop(0)[1]
            kind = "term"
        if kind == "field":  # a colon inside a value, as in an address or an hour
            rest = self.tokens.pop(0)[1] if self._next() in {"term", "field"} else ""
            kind, value = "term", f"{value}:{rest}"
        if kind in {"and", "or", "not"}:
            kind = "term"
        if kind not in {"quote", "term", "range"}:
            raise SearchError(f"{field} has no value")
        return self._leaf(field, kind, value)

    def _group(self, field: str, depth: int) -> Test:
        test = self.either(field, depth + 1)
        if not self.tokens or self.tokens.pop(0) != ("mark", ")"):
            raise SearchError("a parenthesis is not closed")
        return test

    def _leaf(self, field: str, kind: str, value: Any) -> Test:
        if kind == "range":
            return self._range(field, *value)
        if kind == "quote":
            return self._equal(field, _plain(value[1:-1]))
        bare = re.sub(r"(?<!\\)\^[0-9.]+$", "", value)
        if bare == "*":
            return lambda doc: field in {"*", "text"} or bool(doc.get(field))
        if re.search(r"(?<!\\)[*?]", bare):
            return _wild(field, bare)
        return self._equal(field, _plain(bare))

    def _equal(self, field: str, value: str) -> Test:
        if field in TEXT_FIELDS:
            return words_test(field, value)
        if field in DATE_FIELDS:
            moment = self._moment(value)
            return lambda doc: moment in [_stored(one) for one in _listed(doc, field)]
        return lambda doc: value in _listed(doc, field)

    def _range(self, field: str, whole: str, low: str, high: str) -> Test:
        low_in, high_in = whole[0] == "[", whole[-1] == "]"
        read: Callable[[str], Any] = self._moment if field in DATE_FIELDS else _comparable
        least = None if low == "*" else read(low.strip('"'))
        most = None if high == "*" else read(high.strip('"'))
        stored: Callable[[str], Any] = _stored if field in DATE_FIELDS else _comparable

        def test(doc: Doc) -> bool:
            for one in map(stored, _listed(doc, field)):
                if type(one) is not type(least if least is not None else one):
                    continue
                above = least is None or (one >= least if low_in else one > least)
                below = most is None or (
                    type(one) is type(most) and (one <= most if high_in else one < most)
                )
                if above and below:
                    return True
            return False

        return test

    def _moment(self, text: str) -> datetime:
        """Read a date of Solr: ISO 8601 in UTC, or NOW with its arithmetic."""
        text = text.replace("\\", "")
        if text.startswith("NOW"):
            return self._from_now(text[3:])
        try:
            moment = datetime.fromisoformat(text)
        except ValueError:
            raise SearchError(f"invalid date {text!r}") from None
        return moment.astimezone(UTC).replace(tzinfo=None) if moment.tzinfo else moment

    def _from_now(self, steps: str) -> datetime:
        moment, place = self.now, 0
        while place < len(steps):
            match = _MATH.match(steps, place)
            if match is None or len(match[1]) > 6:
                raise SearchError(f"invalid date {'NOW' + steps!r}")
            moment = _rounded(moment, match[2]) if match[1] == "/" else _moved(moment, match)
            place = match.end()
        return moment


def _moved(moment: datetime, match: re.Match[str]) -> datetime:
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


def _plain(text: str) -> str:
    return re.sub(r"\\(.)", r"\1", text)


def _listed(doc: Doc, field: str) -> Sequence[str]:
    value = doc.get(field)
    if value in (None, ""):
        return ()
    return value if isinstance(value, list | tuple) else (str(value),)


def _stored(value: str) -> datetime:
    return datetime.fromisoformat(value)


def _comparable(value: str) -> float | str:
    try:
        return float(value)
    except ValueError:
        return value


def _wild(field: str, pattern: str) -> Test:
    """Compare with * and ? as wildcards; words of a text one by one, folded."""
    parts = re.split(r"(?<!\\)([*?])", pattern)
    source = "".join({"*": ".*", "?": "."}.get(part, re.escape(_plain(part))) for part in parts)
    if field in TEXT_FIELDS:
        words = re.compile(source, re.IGNORECASE)
        return lambda doc: any(words.fullmatch(word) for word in doc.get(f"{field}:words", ()))
    whole = re.compile(source, re.DOTALL)
    return lambda doc: any(whole.fullmatch(one) for one in _listed(doc, field))


@cache
def _alternatives(word: str) -> frozenset[str]:
    return frozenset((*stems(word, "fr"), *stems(word, "en")))


def words_test(field: str, text: str) -> Test:
    """Return a test: every word of `text` is in the field, in one of its forms."""
    wanted = [_alternatives(word) for word in text.split()]
    wanted = [forms for forms in wanted if forms]
    return lambda doc: (
        bool(wanted) and all(forms & doc.get(f"{field}:stems", frozenset()) for forms in wanted)
    )
