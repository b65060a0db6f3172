"""Words of a search as PostgreSQL's `to_tsquery` writes them: & | ! ( ) and word:*.

Read into groups of which one each must hold, as `Query.any_of` takes them.
"""

import re

from parvis.tables.query import Where

_TOKEN = re.compile(
    r"\s*(?:(<->|[&|!()])|'((?:[^']|'')*)'(?::[*A-Da-d]+)?|([^\s&|!()':]+)(?::[*A-Da-d]+)?)"
)
GROUPS_MAX = 50
Literal = tuple[str, bool]
Groups = list[frozenset[Literal]]


class BadWords(ValueError):
    """The search cannot be read."""


def groups(text: str, column: str | None = None) -> tuple[tuple[Where, ...], ...]:
    """Return the conditions on `column`, or on any; each group holds alternatives.

    Words that follow each other must all be there. Raises BadWords.
    """
    found = _Reader(_tokens(text)).read()
    return tuple(
        tuple(
            Where(column, "contains" if wanted else "lacks", word) for word, wanted in sorted(group)
        )
        for group in found
    )


def _tokens(text: str) -> list[str]:
    tokens, place = [], 0
    text = text.strip()
    while place < len(text):
        match = _TOKEN.match(text, place)
        if match is None or match.end() == place:
            raise BadWords(f"syntax error in search at {text[place : place + 20]!r}")
        sign, quoted, word = match.groups()
        tokens.append("&" if sign == "<->" else sign or "=" + (quoted or word or ""))
        place = match.end()
    if len(tokens) > 2 * GROUPS_MAX:
        raise BadWords("the search has too many words")
    return tokens


def _both(a: Groups, b: Groups) -> Groups:
    if len(a) + len(b) > GROUPS_MAX:
        raise BadWords("the search has too many parts")
    return [*a, *b]


def _either(a: Groups, b: Groups) -> Groups:
    if len(a) * len(b) > GROUPS_MAX:
        raise BadWords("the search has too many parts")
    return [one | other for one in a for other in b]


class _Reader:
    """Conjunctive normal form, negation pushed down to the words."""

    def __init__(self, tokens: list[str]) -> None:
        self._tokens = tokens
        self._place = 0

    def read(self) -> Groups:
        if not self._tokens:
            return []
        found = self._alternatives(True)
        if self._place < len(self._tokens):
            raise BadWords("syntax error in search")
        return found

    def _next(self) -> str:
        return self._tokens[self._place] if self._place < len(self._tokens) else ""

    def _alternatives(self, wanted: bool) -> Groups:
        found = self._sequence(wanted)
        while self._next() == "|":
            self._place += 1
            more = self._sequence(wanted)
            found = _either(found, more) if wanted else _both(found, more)
        return found

    def _sequence(self, wanted: bool) -> Groups:
        found = self._one(wanted)
        while (sign := self._next()) not in ("", "|", ")"):
            self._place += sign == "&"
            more = self._one(wanted)
            found = _both(found, more) if wanted else _either(found, more)
        return found

    def _one(self, wanted: bool) -> Groups:
        sign = self._next()
        self._place += 1
        if sign == "!":
            return self._one(not wanted)
        if sign == "(":
            found = self._alternatives(wanted)
            if self._next() != ")":
                raise BadWords("a parenthesis of the search is not closed")
            self._place += 1
            return found
        if not sign.startswith("="):
            raise BadWords("syntax error in search")
        return [frozenset({(sign[1:], wanted)})]
