"""The documents of a consultation as they stand: each element, its words, what is wrong."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.utils.translation import override

from parvis.consult.legal import facts
from parvis.consult.legal.elements import DOCUMENTS, Document, Element
from parvis.consult.legal.models import Kind, LegalText
from parvis.consult.models import Consultation
from parvis.core.i18n import NBSP, Text, missing

_STEPS = {"about", "influence", "privacy"}


def digest(value: Any) -> str:
    """Return the SHA-256 of a JSON value, in hexadecimal."""
    text = json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def plain(text: Text) -> dict[str, str]:
    """Return a text as it is compared: spaces of one kind, no empty language."""
    return {
        code: " ".join(words.replace(NBSP, " ").split()) for code, words in text.items()
        if words.strip()
    }  # fmt: skip


@dataclass(frozen=True)
class Row:
    """An element of a document: its words now, its proposal, where they are written."""

    element: Element
    text: Text
    proposal: Text
    of: str
    own: bool
    lost: tuple[str, ...]
    bracket: bool
    stale: bool
    kept: Text | None
    faulty: tuple[str, ...] = ()

    @property
    def gap(self) -> bool:
        """Whether it misses something: a language, or [brackets] to replace."""
        return bool(self.lost) or self.bracket

    @property
    def editable(self) -> bool:
        """Whether its words are written on the document's own page."""
        return not self.element.at

    @property
    def shown(self) -> Text:
        """What everybody reads: what was confirmed; a text of the consultation is read live."""
        live = self.element.at in _STEPS or self.kept is None
        return self.text if live else (self.kept or self.text)


@dataclass(frozen=True)
class Reading:
    """A document as it stands."""

    document: Document
    rows: tuple[Row, ...]
    version: str
    confirmed_at: datetime | None = None
    confirmed_by: Any = None
    earlier: tuple[Mapping[str, Any], ...] = ()

    @property
    def kind(self) -> str:
        """Its name in data and addresses."""
        return str(self.document.kind)

    @property
    def confirmed_name(self) -> str:
        """Who confirmed it: the name that this person shows, never an identifier."""
        if self.confirmed_by is None:
            return "Parvis"
        return self.confirmed_by.display_name or str(_("somebody of the team"))

    @property
    def gaps(self) -> list[Row]:
        """The elements that miss something."""
        return [row for row in self.rows if row.gap]

    @property
    def stale(self) -> list[Row]:
        """The elements that changed since they were confirmed."""
        return [row for row in self.rows if row.stale]

    @property
    def done(self) -> bool:
        """Whether it is confirmed as it stands."""
        return self.confirmed_at is not None and not self.gaps and not self.stale


@dataclass(frozen=True)
class Legal:
    """Every document that a consultation needs."""

    consultation: Consultation
    documents: tuple[Reading, ...]
    values: facts.Facts = field(default_factory=dict)

    @property
    def version(self) -> str:
        """A digest of all that would be confirmed: what the reader saw is what is confirmed."""
        return digest([one.version for one in self.documents])

    @property
    def left(self) -> list[Reading]:
        """The documents that are not confirmed as they stand."""
        return [one for one in self.documents if not one.done]

    def get(self, kind: str) -> Reading | None:
        """Return a document, or None where the consultation does not need it."""
        return next((one for one in self.documents if one.kind == kind), None)


def legal_of(consultation: Consultation) -> Legal:
    """Return every document of a consultation: four queries, whatever they hold."""
    given = facts.given(consultation)
    values = facts.facts_of(given)
    texts = {
        row.kind: row
        for row in consultation.legal_texts.select_related("confirmed_by")
    }  # fmt: skip
    languages = given.languages
    policy = _rows(DOCUMENTS[Kind.POLICY], texts.get(Kind.POLICY), values, languages, {})
    shared = {row.element.key: row for row in policy}
    found = []
    for kind, document in DOCUMENTS.items():
        if not document.needed(given):
            continue
        kept = texts.get(kind)
        rows = policy if kind == Kind.POLICY else _rows(document, kept, values, languages, shared)
        found.append(
            Reading(
                document,
                tuple(rows),
                digest([[row.element.key, row.of] for row in rows]),
                kept.confirmed_at if kept else None,
                kept.confirmed_by if kept else None,
                tuple(kept.earlier) if kept else (),
            )
        )
    return Legal(consultation, tuple(found), values)


def proposals(
    elements: Sequence[Element], values: facts.Facts, languages: list[str]
) -> dict[str, dict[str, str]]:
    """Return the words of each element, by its key, made of the settings; a fact that is missing
    is in [brackets].
    """
    out: dict[str, dict[str, str]] = {element.key: {} for element in elements}
    for code in languages:
        with override(code):
            for element in elements:
                known = {
                    name: values.get(name, {}).get(code) or facts.bracket(name)
                    for name in element.facts
                }
                out[element.key][code] = _joined(str(element.template) % known)
    return out


def _faulty(element: Element, values: facts.Facts, languages: list[str]) -> list[str]:
    """The facts of an element that are missing in a language, or still hold [brackets]."""
    return [
        name
        for name in element.facts
        if any("[" in (values.get(name, {}).get(code) or "[") for code in languages)
    ]


def _joined(words: str) -> str:
    """Sentences put together: a full stop after one that ends already is one too many."""
    for end in (".", "?", "!"):
        words = words.replace(f"{end}.", end)
    return words[:1].upper() + words[1:]


def _rows(
    document: Document,
    kept: LegalText | None,
    values: facts.Facts,
    languages: list[str],
    shared: Mapping[str, Row],
) -> list[Row]:
    written = kept.fields if kept else {}
    confirmed = kept.confirmed if kept else {}
    rows = []
    proposed = proposals(document.elements, values, languages)
    for element in document.elements:
        made = proposed[element.key]
        own = not element.at and element.key in written
        text: Text = written[element.key] if own else made
        if element.at == Kind.POLICY:
            text = shared[element.key].text
        of = digest(
            ["text", plain(text)]
            if own or element.at
            else ["facts", {name: values.get(name, {}) for name in element.facts}, languages]
        )
        before = confirmed.get(element.key)
        rows.append(
            Row(
                element,
                text,
                made,
                of,
                own,
                tuple(missing(text, languages)),
                any("[" in text.get(code, "") for code in languages),
                bool(confirmed) and (before is None or before["of"] != of),
                before["text"] if before else None,
                () if own else tuple(_faulty(element, values, languages)),
            )
        )
    return rows


# fact -> the step of the consultation where it is written.
_STEP_OF = {
    **dict.fromkeys(("organisation", "title", "question", "minutes"), "about"),
    **dict.fromkeys(("decision", "decided_by", "decided_on"), "influence"),
    **dict.fromkeys(
        ("purpose", "readers", "refusal", "rights", "retention_on", "who_may", "duplicates"),
        "privacy",
    ),
    **dict.fromkeys(("activities", "asked", "about_person", "public_parts"), "activities"),
}


def place(consultation: Consultation, reading: Reading, row: Row) -> str:
    """Return the address where an element's words are written, or the fact that it misses."""
    at, slug = row.element.at, consultation.node.slug
    fact = row.faulty[0] if row.faulty else ""
    if (fact in facts.BODY or at == "defaults") and consultation.organisation:
        body = consultation.organisation.node.slug
        return f"{reverse('legal_defaults', args=[body])}?for={slug}#id_{fact or row.element.key}"
    step = _STEP_OF.get(fact) or (at if at in _STEPS else "")
    if step:
        return reverse(f"consult_edit_{step}", args=[slug])
    kind = at or reading.kind
    return reverse("consult_legal", args=[slug, kind]) + f"#id_{row.element.key}"


PLACES = {
    "about": _("The subject"),
    "influence": _("What can change"),
    "privacy": _("Privacy"),
    "defaults": _("What your organisation says once for all"),
    "policy": _("Confidentiality policy"),
}
