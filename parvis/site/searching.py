"""The search of the whole site: filters of an address, facets in words, extracts."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.http import QueryDict
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _

from parvis.catalogue.models import Dataset, Document
from parvis.collaborate.models import Committee
from parvis.consult.models import Consultation
from parvis.core import kinds, limits, search, search_words
from parvis.core.i18n import DEFAULT, LANGUAGES, pick, tr
from parvis.core.models import Node, Organisation
from parvis.plan.models import Commitment, Plan

LABELS: Mapping[str, Any] = {
    "kind": gettext_lazy("Kind"),
    "year": gettext_lazy("Year"),
    "organisation": gettext_lazy("Organisation"),
}
VALUES_MAX = 20
# What XML 1.0 has no way to hold: the words are the title of a feed.
_UNFIT = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
SHOWN = 20
_OWNERS: tuple[tuple[str, Any, str], ...] = (
    ("dataset", Dataset, "organisation_id"),
    ("document", Document, "organisation_id"),
    ("consultation", Consultation, "organisation_id"),
    ("plan", Plan, "organisation_id"),
    ("commitment", Commitment, "plan__organisation_id"),
    ("committee", Committee, "organisation_id"),
)


def declare() -> None:
    """Tell the index which organisation each kind is of, where a kind knows it."""

    def finder(model: Any, field: str) -> Callable[[Iterable[UUID]], Mapping[UUID, UUID | None]]:
        return lambda ids: dict(
            model.objects.filter(pk__in=list(ids)).values_list("pk", field).order_by()
        )

    for kind, model, field in _OWNERS:
        search.published_by(kind, finder(model, field))


@dataclass(frozen=True)
class Filters:
    """What an address asks for; organisations by their slug."""

    text: str
    order: str
    chosen: Mapping[str, Sequence[str]]
    without: Mapping[str, Sequence[str]]

    def pairs(self) -> list[tuple[str, str]]:
        """Return every facet in use as (name, value)."""
        found = [(name, value) for name, values in self.chosen.items() for value in values]
        return found + [(f"-{name}", v) for name, values in self.without.items() for v in values]

    def address(self, pairs: Iterable[tuple[str, str]]) -> str:
        """Return the query of the same words and order with other facets."""
        own = [("q", self.text)] if self.text else []
        own += [("sort", self.order)] if self.order else []
        return "?" + urlencode([*own, *pairs], errors="replace")

    def find(self, *, limit: int, offset: int = 0, order: str = "", after: int = 0) -> search.Found:
        """Return what these filters find; `after`: among later entries of the index only."""
        return search.search(
            self.text,
            limit=limit,
            offset=offset,
            chosen=_by_id(self.chosen),
            without=_by_id(self.without),
            order=order or self.order or "relevance",
            after=after,
        )


def read(parameters: QueryDict) -> Filters:
    """Return the filters of an address; what means nothing is left out."""

    def values(before: str) -> dict[str, list[str]]:
        found = {}
        for name in search.FACETS:
            some = dict.fromkeys(parameters.getlist(before + name)[:VALUES_MAX])
            kept = [value for value in some if value and (name != "kind" or value in kinds.known())]
            if kept:
                found[name] = kept
        return found

    order = parameters.get("sort", "")
    return Filters(
        text=_UNFIT.sub(" ", parameters.get("q", "")).strip()[: limits.SEARCH_CHARACTERS],
        order=order if order in {"date", "title"} else "",
        chosen=values(""),
        without=values("-"),
    )


def _by_id(given: Mapping[str, Sequence[str]]) -> dict[str, Sequence[str]]:
    """Return facets as the index keeps them: organisations by id. An unknown slug fits nothing."""
    slugs = given.get("organisation")
    if not slugs:
        return dict(given)
    rows = Organisation.objects.filter(
        node__kind="organisation", node__slug__in=[slug.replace("\x00", "") for slug in slugs]
    )
    known = [pk.hex for pk in rows.values_list("pk", flat=True)]
    return {**given, "organisation": known or ["-"]}


# In words ---------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Value:
    """A value of a facet: in the address, in words, its count, ticked or left out, and the
    addresses that leave it out and that say nothing of it."""

    value: str
    words: str
    count: int
    on: bool
    off: bool
    without: str
    removed: str


@dataclass(frozen=True)
class Facet:
    """A facet of the results."""

    name: str
    label: Any
    values: Sequence[Value]


def facets_of(filters: Filters, found: search.Found) -> list[Facet]:
    """Return the facets in words: those in use first, then those with most; years by year."""
    owners = Organisation.objects.filter(pk__in=list(found.facets.get("organisation", ())))
    named = {
        pk.hex: (slug, title)
        for pk, slug, title in owners.values_list("pk", "node__slug", "node__title")
    }
    pairs, out = filters.pairs(), []
    for name in search.FACETS:
        words: dict[str, str] = {}
        counts: dict[str, int] = {}
        for value, count in found.facets.get(name, {}).items():
            slug = named[value][0] if name == "organisation" and value in named else value
            counts[slug] = count
            words[slug] = _words(name, value, named)
        on, off = filters.chosen.get(name, ()), filters.without.get(name, ())
        for value in (*on, *off):
            counts.setdefault(value, 0)
            words.setdefault(value, _words(name, value, named))
        values = []
        for value, count in counts.items():
            plain, minus = (name, value), (f"-{name}", value)
            others = [pair for pair in pairs if pair not in {plain, minus}]
            values.append(
                Value(
                    value, words[value], count, value in on, value in off,
                    filters.address([*others, minus]), filters.address(others),
                )
            )  # fmt: skip
        newest_first = name == "year"
        values.sort(key=lambda v: (v.words if newest_first else "", v.count), reverse=True)
        values.sort(key=lambda v: not (v.on or v.off))
        out.append(Facet(name, LABELS[name], values[: SHOWN + len(on) + len(off)]))
    return out


def _words(facet: str, value: str, named: Mapping[str, tuple[str, Any]]) -> str:
    if facet == "kind" and value in kinds.known():
        return str(kinds.get(value).label_plural)
    if facet == "organisation" and value in named:
        return tr(named[value][1])
    return value


@dataclass(frozen=True)
class Line:
    """One result: its title and an extract in parts (words, were they asked for), why it is
    there; `lang` and `extract_lang` where it is not the reader's language."""

    node: Node
    label: Any
    url: str | None
    title: Sequence[tuple[str, bool]]
    lang: str
    extract: Sequence[tuple[str, bool]]
    extract_lang: str
    why: str


def lines_of(text: str, found: search.Found) -> list[Line]:
    """Return the results of a page, as they are read."""
    forms = search_words.read(text[: limits.SEARCH_CHARACTERS]).forms
    by_kind: dict[str, list[UUID]] = {}
    for hit in found.hits:
        by_kind.setdefault(hit.node.kind, []).append(hit.node.pk)
    texts: dict[UUID, Mapping[str, str]] = {}
    for kind, ids in by_kind.items():
        texts.update(kinds.get(kind).texts(ids))
    return [_line(hit.node, texts.get(hit.node.pk, {}), forms) for hit in found.hits]


def _line(node: Node, texts: Mapping[str, str], forms: frozenset[str]) -> Line:
    here = (get_language() or DEFAULT)[:2]
    code = pick(node.title)[1]
    title = search_words.parts(str(tr(node.title)), forms)
    extract: list[tuple[str, bool]] = []
    extract_code = here
    for extract_code in dict.fromkeys((here, *LANGUAGES)):
        if extract := search_words.extract(texts.get(extract_code, ""), forms):
            break
    in_title = any(asked for _words, asked in title)
    if in_title and extract:
        why = _("In the title and in the text")
    elif in_title:
        why = _("In the title")
    else:
        why = _("In the text") if extract else _("In another language")
    kind = kinds.get(node.kind)
    return Line(
        node, kind.label, kinds.url(node), title, f"{code}-CA" if code != here else "",
        extract, f"{extract_code}-CA" if extract_code != here else "", why,
    )  # fmt: skip
