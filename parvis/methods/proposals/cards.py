"""Proposals and comments as lists show them: words ready to print, so that a page stays light.

A list of 20 cards drawn with template tags alone cost 40 ms, five times the page around it:
dates, numbers, addresses and sentences are made here, each distinct one once.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from typing import Any
from uuid import UUID

from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language, gettext, ngettext, pgettext

from parvis.consult.models import Contribution
from parvis.core.i18n import tr
from parvis.core.models import State
from parvis.core.templatetags.parvis import day as day_words
from parvis.core.templatetags.parvis import number as number_words
from parvis.methods.proposals.definition import STANCE_LABELS
from parvis.methods.proposals.models import TAG_STATES, Proposal, Status

EXCERPT_WORDS = 45
_NOBODY = UUID(int=0)


@lru_cache(maxsize=2048)
def _day_in(value: date, language: str) -> str:
    return day_words(value)


@lru_cache(maxsize=2048)
def _number_in(value: int, language: str) -> str:
    return number_words(value)


def day(value: datetime) -> str:
    """A date in words, in the reader's language."""
    return _day_in(timezone.localtime(value).date(), get_language() or "fr")


def number(value: int) -> str:
    """A number as the reader's language writes it."""
    return _number_in(value, get_language() or "fr")


class Addresses:
    """Addresses that differ by one id: resolved once, then filled in."""

    def __init__(self, name: str, *args: Any) -> None:
        self.pattern = reverse(name, args=[*args, _NOBODY])

    def of(self, pk: UUID) -> str:
        """The address for this id."""
        return self.pattern.replace(str(_NOBODY), str(pk))


@dataclass(frozen=True, slots=True)
class Card:
    """A proposal in a list. Without title, words or author when it is no longer public."""

    id: UUID
    number: int
    url: str
    state: str
    title: str
    excerpt: str
    lang: str
    byline: str
    counts: str
    supports: int
    comments: int
    status: str
    status_words: str
    tag_state: str
    not_counted: str
    withdrawn_at: datetime | None

    @property
    def is_public(self) -> bool:
        """Whether its text is shown."""
        return self.state == State.PUBLIC


_FIELDS = (
    "pk", "number", "at", "visible", "supports", "comments", "status", "node__state",
    "node__title", "node__contribution__language", "node__contribution__body",
    "node__contribution__fate_reason", "node__contribution__changed_at",
    "node__contribution__author__display_name", "activity__node__slug",
)  # fmt: skip


def counts_words(supports: int, comments: int) -> str:
    """214 supports, 3 comments."""
    given = ngettext("%(shown)s support", "%(shown)s supports", supports)
    said = ngettext("%(shown)s comment", "%(shown)s comments", comments)
    return f"{given % {'shown': number(supports)}}, {said % {'shown': number(comments)}}"


def byline(n: int, at: datetime, name: str, changed: datetime | None) -> str:
    """Who, when, and since when it was changed."""
    if name:
        words = gettext("Proposal no. %(n)s, by %(name)s, %(day)s")
    else:
        words = gettext("Proposal no. %(n)s, %(day)s")
    out = words % {"n": number(n), "name": name, "day": day(at)}
    if changed:
        out += ", " + gettext("changed on %(day)s") % {"day": day(changed)}
    return out


def excerpt(body: str) -> str:
    """The first words of a text."""
    words = body.split(None, EXCERPT_WORDS)
    return " ".join(words[:EXCERPT_WORDS]) + (" …" if len(words) > EXCERPT_WORDS else "")


def cards(ids: Sequence[UUID]) -> list[Card]:
    """Return the cards of some proposals, in the order of `ids`, in one query."""
    language = (get_language() or "fr")[:2]
    labels = {status: str(label) for status, label in Status.choices}
    reasons = dict(Contribution.Why.choices)
    addresses: dict[str, Addresses] = {}
    found = {}
    for (
        pk, n, at, visible, supports, comments, status, state,
        title, lang, body, why, changed, name, slug,
    ) in Proposal.objects.filter(pk__in=ids).values_list(*_FIELDS):  # fmt: skip
        if slug not in addresses:
            addresses[slug] = Addresses("proposal", slug)
        public = state == State.PUBLIC
        found[pk] = Card(
            id=pk,
            number=n,
            url=addresses[slug].of(pk),
            state=state,
            title=tr(title) if public else gettext("Proposal no. %(n)s") % {"n": number(n)},
            excerpt=excerpt(body) if public else "",
            lang=lang if public and lang != language else "",
            byline=byline(n, at, name or "", changed) if public else "",
            counts=counts_words(supports, comments),
            supports=supports,
            comments=comments,
            status=status,
            status_words=labels.get(status, ""),
            tag_state=TAG_STATES.get(status, "dropped"),
            not_counted=str(reasons.get(why, "")) if public and not visible else "",
            withdrawn_at=changed,
        )
    return [found[pk] for pk in ids if pk in found]


@dataclass(frozen=True, slots=True)
class Comment:
    """A comment as its page shows it; nothing but its trace when it is no longer public."""

    id: UUID
    state: str
    at: datetime
    changed_at: datetime | None
    language: str
    lang: str
    body: str
    stance: str
    author: str
    author_id: UUID | None
    byline: str
    counted: bool
    reply_to: UUID | None
    reply_words: str
    reply_url: str
    report_url: str
    decision: Any = None

    @property
    def is_public(self) -> bool:
        """Whether its text is shown."""
        return self.state == State.PUBLIC


COMMENT_FIELDS = (
    "node_id", "node__state", "node__created_at", "changed_at", "author__display_name",
    "author_id", "language", "body", "payload", "fate",
)  # fmt: skip


def _answered(rows: Iterable[tuple[Any, ...]]) -> dict[str, tuple[UUID, str]]:
    """The comments that some comments answer, still public: id as text -> (id, author)."""
    wanted = {row[8]["reply_to"] for row in rows if row[8].get("reply_to")}
    if not wanted:
        return {}
    found = Contribution.objects.filter(pk__in=wanted, node__state=State.PUBLIC)
    return {
        str(pk): (pk, name or "") for pk, name in found.values_list("pk", "author__display_name")
    }


def _who(name: str | None, author_id: UUID | None) -> str:
    if author_id is None:
        return gettext("Somebody without an account")
    return name or gettext("Somebody with an account")


def comments(
    rows: Sequence[tuple[Any, ...]], slug: str, decisions: Mapping[UUID, Any]
) -> list[Comment]:
    """Return a page of comments from the tuples of COMMENT_FIELDS, in one more query at most."""
    language = (get_language() or "fr")[:2]
    report, place = Addresses("report"), Addresses("proposal_comment", slug)
    stances = {name: str(label) for name, label in STANCE_LABELS.items()}
    answered = _answered(rows)
    out = []
    for pk, state, at, changed, name, author_id, lang, body, payload, fate in rows:
        public = state == State.PUBLIC
        stance = payload.get("stance", "neutral")
        words = f", {day(at)}"
        if changed:
            words += ", " + pgettext("comment", "changed on %(day)s") % {"day": day(changed)}
        reply, author = answered.get(payload.get("reply_to", ""), (None, ""))
        answer = ""
        if reply:
            answer = (
                gettext("In answer to %(name)s") % {"name": author}
                if author
                else gettext("In answer to a comment")
            )
        out.append(
            Comment(
                id=pk,
                state=state,
                at=at,
                changed_at=changed,
                language=lang,
                lang=lang if lang != language else "",
                body=body if public else "",
                stance=stance,
                author=_who(name, author_id) if public else "",
                author_id=author_id,
                byline=f"{words}. {stances[stance]}.",
                counted=fate == Contribution.Fate.KEPT,
                reply_to=reply,
                reply_words=answer,
                reply_url=place.of(reply) if reply else "",
                report_url=report.of(pk),
                decision=decisions.get(pk),
            )
        )
    return out
