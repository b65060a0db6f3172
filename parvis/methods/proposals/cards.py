"""Proposals and comments as lists show them, written here so that a page stays light.

Drawn with template tags alone, 20 cards or 50 comments cost five times the page around them.
So their HTML is made here: what people wrote is escaped where it is written, and each date,
number, address and sentence is made once. Traces and buttons stay in the templates.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from html import escape
from typing import Any
from uuid import UUID

from django.db import models
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import get_language, gettext, gettext_noop, ngettext, pgettext

from parvis.consult.models import Contribution
from parvis.core.i18n import tr
from parvis.core.models import State
from parvis.core.prepared import Many, Prepared
from parvis.core.templatetags.parvis import day as day_words
from parvis.core.templatetags.parvis import number as number_words
from parvis.core.templatetags.parvis import paragraphs
from parvis.methods.proposals.definition import STANCE_LABELS
from parvis.methods.proposals.models import TAG_STATES, Proposal, Status

EXCERPT_WORDS = 45
_NOBODY = UUID(int=0)
_SELECTED = SafeString(" selected")


def active_language() -> str:
    """The reader's language."""
    return (get_language() or "fr")[:2]


# Each is asked for many times a page: made once for a language, which is always the active one.
@lru_cache(maxsize=4096)
def _day(value: date, language: str) -> str:
    return day_words(value)


@lru_cache(maxsize=4096)
def _number(value: int, language: str) -> str:
    return number_words(value)


@lru_cache(maxsize=4096)
def _counts(supports: int, comments: int, language: str) -> str:
    given = ngettext("%(shown)s support", "%(shown)s supports", supports)
    said = ngettext("%(shown)s comment", "%(shown)s comments", comments)
    given = given % {"shown": _number(supports, language)}
    return f"{given}, {said % {'shown': _number(comments, language)}}"


@lru_cache(maxsize=64)
def _sentence(message: str, language: str, context: str = "") -> str:
    return pgettext(context, message) if context else gettext(message)


def options(pairs: Iterable[tuple[str, Any]], chosen: str) -> SafeString:
    """The options of a select, one of them chosen."""
    return format_html_join(
        "",
        '<option value="{}"{}>{}</option>',
        ((value, _SELECTED if value == chosen else "", label) for value, label in pairs),
    )


@lru_cache(maxsize=4096)
def totals_words(proposals: int, supports: int, comments: int, answered: int, language: str) -> str:
    """What an activity holds, in one sentence."""
    said = ngettext("%(shown)s answered", "%(shown)s answered", answered)
    counts = _counts(supports, comments, language)
    return f"{counts}, {said % {'shown': _number(answered, language)}}."


@lru_cache(maxsize=8)
def _tags(language: str) -> dict[str, SafeString]:
    """The official answer in one word, by status."""
    form = '<span class="tag" data-state="{}">{}</span>'
    return {
        status: format_html(form, TAG_STATES.get(status, "dropped"), label)
        for status, label in Status.choices
    }


@lru_cache(maxsize=256)
def _pattern(name: str, language: str, *args: str) -> tuple[str, str]:
    """What stands before and after the id in an address: resolved once, then filled in."""
    before, _zero, after = reverse(name, args=[*args, _NOBODY]).partition(str(_NOBODY))
    return before, after


@dataclass(frozen=True, slots=True)
class Card:
    """A proposal in a list; `html` is what its card says, empty when it is no longer public."""

    id: UUID
    number: int
    url: str
    state: str
    title: str
    html: SafeString
    withdrawn_at: datetime | None

    @property
    def is_public(self) -> bool:
        """Whether its text is shown."""
        return self.state == State.PUBLIC


_FIELDS = (
    "pk", "number", "at", "visible", "supports", "comments", "status", "node__state",
    "node__title", "node__contribution__language", "node__contribution__body",
    "node__contribution__fate_reason", "node__contribution__changed_at",
    "node__contribution__author__display_name",
)  # fmt: skip


# Extracted by the catalogues; `_sentence` looks them up by language.
_BY = gettext_noop("Proposal no. %(n)s, by %(name)s, %(day)s")
_NAMELESS = gettext_noop("Proposal no. %(n)s, %(day)s")
_NUMBERED = gettext_noop("Proposal no. %(n)s")
_CHANGED = gettext_noop("changed on %(day)s")
_UNCOUNTED = gettext_noop("Not counted: %(why)s.")


def _local_day(value: datetime, language: str) -> str:
    return _day(timezone.localtime(value).date(), language)


def byline(n: int, at: datetime, name: str, changed: datetime | None, language: str = "") -> str:
    """Who, when, and since when it was changed."""
    language = language or active_language()
    words = _sentence(_BY if name else _NAMELESS, language)
    out = words % {"n": _number(n, language), "name": name, "day": _local_day(at, language)}
    if changed:
        out += ", " + _sentence(_CHANGED, language) % {"day": _local_day(changed, language)}
    return out


def excerpt(body: str) -> str:
    """The first words of a text."""
    words = body.split(None, EXCERPT_WORDS)
    return " ".join(words[:EXCERPT_WORDS]) + (" …" if len(words) > EXCERPT_WORDS else "")


_NOTHING = SafeString("")


def _lang(language: str, shown_in: str) -> SafeString:
    """The attribute of what is written in another language than the page's."""
    return _NOTHING if language == shown_in else format_html(' lang="{}"', language)


_cards = Prepared(
    lambda ids: Proposal.objects.filter(pk__in=ids).values_list(*_FIELDS),
    ids=Many(models.UUIDField()),
)


def cards(ids: Sequence[UUID], slug: str) -> list[Card]:
    """Return the cards of some proposals of one activity, in the order of `ids`: one query."""
    language = active_language()
    tags = _tags(language)
    before, after = _pattern("proposal", language, slug)
    found = {}
    for (
        pk, n, at, visible, supports, comments, status, state,
        title, lang, body, why, changed, name,
    ) in _cards(ids=ids):  # fmt: skip
        url = f"{before}{pk}{after}"
        if state != State.PUBLIC:
            words = _sentence(_NUMBERED, language) % {"n": _number(n, language)}
            found[pk] = Card(pk, n, url, state, words, _NOTHING, changed)
            continue
        named = tr(title)
        by = byline(n, at, name or "", changed, language)
        lang_ = _lang(lang, language)
        uncounted = _NOTHING if visible else _uncounted(why, language)
        tag, counts = tags.get(status, _NOTHING), _counts(supports, comments, language)
        html = SafeString(
            f'<h3 id="p-{n}"><a href="{url}"{lang_}>{escape(named)}</a></h3>\n'
            f'<p class="byline">{escape(by)}</p>\n<p{lang_}>{escape(excerpt(body))}</p>\n'
            f'{uncounted}<p class="row">{tag}<span class="soft">{counts}</span></p>'
        )
        found[pk] = Card(pk, n, url, state, named, html, changed)
    return [found[pk] for pk in ids if pk in found]


def _uncounted(why: str, language: str) -> SafeString:
    words = _sentence(_UNCOUNTED, language)
    reason = dict(Contribution.Why.choices).get(why, "")
    return format_html('<p class="soft">{}</p>', words % {"why": reason})


@dataclass(frozen=True, slots=True)
class Comment:
    """A comment; `html` is what it says, empty when it is no longer public."""

    id: UUID
    state: str
    at: datetime
    changed_at: datetime | None
    language: str
    stance: str
    body: str
    reply_to: UUID | None
    html: SafeString
    decision: Any = None


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


@dataclass(frozen=True)
class Acts:
    """What the reader may do with comments: answer (where), and change their own."""

    answer_url: str = ""
    person_id: UUID | None = None
    may_change: bool = False


_LINK = '<a href="{}">{}</a> · '


@dataclass(frozen=True)
class _Words:
    """The words that every comment shares, in one language."""

    stances: Mapping[str, str]
    account: str
    no_account: str
    changed: str
    answered: str
    answered_one: str
    answer: str
    change: str
    report: str
    uncounted: str


@lru_cache(maxsize=8)
def _words(language: str) -> _Words:
    return _Words(
        stances={name: str(label) for name, label in STANCE_LABELS.items()},
        account=gettext("Somebody with an account"),
        no_account=gettext("Somebody without an account"),
        changed=pgettext("comment", "changed on %(day)s"),
        answered=gettext("In answer to %(name)s"),
        answered_one=gettext("In answer to a comment"),
        answer=pgettext("comment", "Answer"),
        change=gettext("Change"),
        report=pgettext("act", "Report"),
        uncounted=gettext("Not counted, by the published rule."),
    )


def comments(
    rows: Sequence[tuple[Any, ...]],
    slug: str,
    decisions: Mapping[UUID, Any],
    acts: Acts | None = None,
) -> list[Comment]:
    """Return a page of comments from the tuples of COMMENT_FIELDS, in one more query at most."""
    language = active_language()
    answered = _answered(rows)
    out = []
    for row in rows:
        pk, state, at, changed, _name, _author, lang, body, payload, _fate = row
        stance = payload.get("stance", "neutral")
        reply = answered.get(payload.get("reply_to", ""))
        public = state == State.PUBLIC
        out.append(
            Comment(
                id=pk,
                state=state,
                at=at,
                changed_at=changed,
                language=lang,
                stance=stance,
                body=body if public else "",
                reply_to=reply[0] if reply else None,
                html=_comment(row, reply, slug, acts or Acts(), language) if public else _NOTHING,
                decision=decisions.get(pk),
            )
        )
    return out


def _comment(
    row: tuple[Any, ...],
    reply: tuple[UUID, str] | None,
    slug: str,
    acts: Acts,
    language: str,
) -> SafeString:
    pk, _state, at, changed, name, author_id, lang, body, payload, fate = row
    words = _words(language)
    who = name or words.account if author_id is not None else words.no_account
    when = f", {_local_day(at, language)}"
    if changed:
        when += ", " + words.changed % {"day": _local_day(changed, language)}
    kept = fate == Contribution.Fate.KEPT
    answer = change = uncounted = answered = _NOTHING
    if reply:
        said = words.answered % {"name": reply[1]} if reply[1] else words.answered_one
        before, after = _pattern("proposal_comment", language, slug)
        answered = format_html(' <a href="{}">{}</a>', f"{before}{reply[0]}{after}", said)
    if acts.answer_url:
        answer = format_html(_LINK, f"{acts.answer_url}?reply={pk}", words.answer)
    if acts.may_change and author_id is not None and author_id == acts.person_id:
        before, after = _pattern("proposal_own", language, slug)
        change = format_html(_LINK, f"{before}{pk}{after}", words.change)
    if not kept:
        uncounted = format_html('<p class="small soft">{}</p>', words.uncounted)
    before, after = _pattern("report", language)
    stance = words.stances[payload.get("stance", "neutral")]
    return SafeString(
        f'<article class="comment" id="c-{pk}"><p class="byline"><strong>{escape(who)}</strong>'
        f"{when}. {stance}.{answered}</p>"
        f'<div class="stack-s"{_lang(lang, language)}>{paragraphs(body)}</div>{uncounted}'
        f'<p class="small">{answer}{change}'
        f'<a href="{before}{pk}{after}">{words.report}</a></p></article>'
    )
