"""Writing a commitment together: passages, changes proposed, adopted or refused with why."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from parvis.collaborate.advice import spoken
from parvis.collaborate.models import Change, Committee, Drafting, Passage
from parvis.collaborate.services import RESERVED
from parvis.collaborate.voices import member_of, require_seat_or_office
from parvis.core import access, limits, revisions
from parvis.core.access import Actor
from parvis.core.errors import Closed, Conflict, Forbidden, Invalid, NotFound
from parvis.core.events import IdempotencyKey, emit, replayed
from parvis.core.i18n import DEFAULT, LANGUAGES, Text
from parvis.core.models import State
from parvis.core.rows import check_row, new_node, title_of

PASSAGES_MAX = 60
PROPOSED_MAX = 20
"""Changes of one person to one text that may wait at the same time."""
_BLANK = re.compile(r"\n\s*\n")


def split(text: Text) -> list[dict[str, str]]:
    """Return a text cut into passages at its blank lines, the same in each language.

    Raises Invalid (none in French; other passages in another language; too many; too long).
    """
    cut = {
        code: [part.strip() for part in _BLANK.split(words) if part.strip()]
        for code, words in text.items()
        if words.strip()
    }
    parts = cut.get(DEFAULT)
    if not parts:
        raise Invalid({"text": [_("This text is required in French.")]})
    if any(len(found) != len(parts) for found in cut.values()):
        words = _("Write the same passages, in the same order, in each language.")
        raise Invalid({"text": [words]})
    if len(parts) > PASSAGES_MAX:
        raise Invalid({"text": [_("%(max)d passages at most.") % {"max": PASSAGES_MAX}]})
    if any(len(part) > limits.CONTRIBUTION_CHARACTERS for found in cut.values() for part in found):
        raise Invalid({"text": [_("A passage is too long: cut it by a blank line.")]})
    return [{code: found[n] for code, found in cut.items()} for n in range(len(parts))]


def texts_of(drafting: Drafting, passages: Sequence[Passage]) -> dict[str, Any]:
    """Return what the history of a draft keeps: its passages, by their numbers."""
    kept = {f"passage-{row.position}": dict(row.text) for row in passages}
    return {"title": dict(drafting.node.title), "intro": dict(drafting.intro), **kept}


def _keep(drafting: Drafting, actor: Actor, note: Text | None = None) -> None:
    texts = texts_of(drafting, list(drafting.passages.order_by("position")))
    revisions.keep(drafting.node, texts, actor=actor, note=note)


@transaction.atomic
def open_drafting(
    *,
    actor: Actor,
    committee: Committee,
    title: Text,
    text: Text,
    intro: Text | None = None,
    open_to: str = Drafting.OpenTo.MEMBERS,
    key: IdempotencyKey | None = None,
) -> Drafting:
    """Open a text to common writing, public at once, and return it; blank lines cut passages.

    Members and the office may. Raises Forbidden, NotFound (committee not public), Invalid.
    """
    if earlier := replayed(key):
        return Drafting.objects.select_related("node", "committee__node").get(node=earlier.node)
    require_seat_or_office(actor, "draft_together", committee)
    if committee.node.state != State.PUBLIC:
        raise NotFound
    words = title_of(title)
    whole = spoken(text, "text", characters_max=limits.TEXT_CHARACTERS)
    parts = split(whole)
    row = Drafting(committee=committee, intro=dict(intro or {}), open_to=open_to)
    check_row(row, ["committee"])
    row.node = new_node("drafting", words, space=committee.node, public=True, reserved=RESERVED)
    row.save(force_insert=True)
    Passage.objects.bulk_create(
        Passage(drafting=row, position=n, text=part) for n, part in enumerate(parts, 1)
    )
    _keep(row, actor)
    emit("drafting.opened", node=row.node, actor=actor, data={"passages": len(parts)}, key=key)
    return row


@transaction.atomic
def change_drafting(*, actor: Actor, drafting: Drafting, changes: Mapping[str, Any]) -> Drafting:
    """Say who may propose, and close or reopen a text. `changes`: open_to, closed (a boolean).

    Changes that wait stay waiting: a closed text shows them as undecided. Raises Forbidden,
    Invalid.
    """
    require_seat_or_office(actor, "settle_change", drafting.committee)
    if unknown := set(changes) - {"open_to", "closed"}:
        raise Invalid({name: [_("This cannot be changed.")] for name in sorted(unknown)})
    drafting.open_to = changes.get("open_to", drafting.open_to)
    if "closed" in changes:
        today = timezone.localdate()
        drafting.closed_on = (drafting.closed_on or today) if changes["closed"] else None
    check_row(drafting, ["committee"])
    drafting.save()
    facts = {"open_to": drafting.open_to, "open": drafting.is_open}
    verb = "drafting.changed" if drafting.is_open else "drafting.closed"
    emit(verb, node=drafting.node, actor=actor, data=facts)
    return drafting


def require_proposer(actor: Actor, drafting: Drafting) -> None:
    """Return when `actor` may propose changes. Raises SignInNeeded, Forbidden, Closed."""
    access.require(actor, "propose_change", drafting.node)
    if not drafting.is_open:
        raise Closed
    if drafting.open_to != Drafting.OpenTo.EVERYBODY:
        require_seat_or_office(actor, "draft_together", drafting.committee)


@transaction.atomic
def propose_change(
    *,
    actor: Actor,
    passage: Passage,
    text: Text,
    reason: str,
    key: IdempotencyKey | None = None,
) -> Change:
    """Propose new words for a passage, with why, public at once, and return the proposal.

    A language that is left out falls when it is adopted: no translation stays out of date.
    Raises SignInNeeded, Forbidden, Closed, Invalid.
    """
    if earlier := replayed(key):
        return Change.objects.select_related("node", "passage__drafting").get(node=earlier.node)
    drafting = passage.drafting
    require_proposer(actor, drafting)
    words = spoken(text, "text", characters_max=limits.CONTRIBUTION_CHARACTERS)
    why = reason.replace("\r\n", "\n").strip()
    errors: dict[str, list[object]] = {}
    if not words.get(DEFAULT):
        errors["text"] = [_("This text is required in French.")]
    elif words == passage.text:
        errors["text"] = [_("These are the words as they stand: change something.")]
    if not why:
        errors["reason"] = [_("Say why.")]
    waiting = Change.objects.filter(
        passage__drafting=drafting, author_id=actor.person_id, status=Change.Status.PROPOSED
    )
    if actor.person_id and waiting.count() >= PROPOSED_MAX:
        errors["__all__"] = [
            _("%(max)d of your changes to this text wait already.") % {"max": PROPOSED_MAX}
        ]
    if errors:
        raise Invalid(errors)
    seat = member_of(actor, drafting.committee.node)
    row = Change(
        passage=passage,
        base_version=passage.version,
        base=dict(passage.text),
        text=words,
        reason=why,
        language=_language(),
        author_id=actor.person_id,
        author_name=seat.name if seat else getattr(actor.person, "display_name", ""),
    )
    check_row(row, ["passage", "author", "decided_by"])
    row.node = new_node(
        "change", drafting.node.title, slug=f"{drafting.node.slug[:45]}-p{passage.position}",
        space=drafting.node, public=True,
    )  # fmt: skip
    row.save(force_insert=True)
    facts = {"passage": passage.position}
    emit("passage.proposed", node=row.node, actor=actor, data=facts, key=key)
    return row


def _language() -> str:
    code = (get_language() or DEFAULT)[:2]
    return code if code in LANGUAGES else DEFAULT


@transaction.atomic
def settle_change(
    *, actor: Actor, change: Change, adopt: bool, decision: Text, key: IdempotencyKey | None = None
) -> Change:
    """Adopt or refuse a proposed change, with why, and return it; adopted, it is a new version.

    Members and the office decide, never on their own change. Raises Forbidden, Closed, Conflict
    (decided already, or withdrawn), Invalid (no reason; the passage changed meanwhile).
    """
    if replayed(key):
        return Change.objects.select_related("node").get(pk=change.pk)
    drafting = change.passage.drafting
    require_seat_or_office(actor, "settle_change", drafting.committee)
    if actor.person_id is not None and actor.person_id == change.author_id:
        raise Forbidden(_("Another person decides on a change that you proposed."))
    if not drafting.is_open:
        raise Closed
    row = Change.objects.select_related("node").get(pk=change.pk)
    if row.status != Change.Status.PROPOSED or row.node.state != State.PUBLIC:
        raise Conflict
    passage = Passage.objects.select_related("drafting__node").get(pk=row.passage_id)
    if not (decision or {}).get(DEFAULT):
        raise Invalid({"decision": [_("Say why, in French at least: it is public.")]})
    if adopt and row.base_version != passage.version:
        words = _("The passage changed since this was proposed: refuse it, and propose it again.")
        raise Invalid({"adopt": [words]})
    row.status = Change.Status.ADOPTED if adopt else Change.Status.REFUSED
    row.decision, row.decided_at = dict(decision), timezone.now()
    row.decided_by_id = actor.person_id
    check_row(row, ["passage", "author", "decided_by"])
    row.save()
    facts = {"passage": passage.position, "change": str(row.pk)}
    if adopt:
        passage.text, passage.version = dict(row.text), passage.version + 1
        passage.save(update_fields=["text", "version"])
        _keep(drafting, actor, decision)
        emit("passage.adopted", node=drafting.node, actor=actor, data=facts, key=key)
    else:
        emit("passage.refused", node=drafting.node, actor=actor, data=facts, key=key)
    return row


def whole_text(drafting: Drafting) -> dict[str, str]:
    """Return the text as it stands, in the languages that every passage has."""
    rows = list(drafting.passages.order_by("position"))
    codes = [code for code in LANGUAGES if all(row.text.get(code) for row in rows)]
    return {code: "\n\n".join(row.text[code] for row in rows) for code in codes}


@dataclass(frozen=True)
class Proposed:
    """A proposed change as the page shows it: its differences, whether it is out of date."""

    change: Change
    differences: tuple[revisions.Change, ...]

    @property
    def is_hidden(self) -> bool:
        """Whether moderation withdrew it: its place stays."""
        return self.change.node.state != State.PUBLIC

    @property
    def is_stale(self) -> bool:
        """Whether the passage changed since: it can no longer be adopted."""
        row = self.change
        waits = row.status == Change.Status.PROPOSED
        return waits and row.base_version != row.passage.version

    @property
    def knot(self) -> str:
        """The `data-state` of the style sheet."""
        names = {"proposed": "current", "adopted": "done", "refused": "dropped"}
        return names[self.change.status]


def shown(change: Change) -> Proposed:
    """Return a change with its differences."""
    found = revisions.differences({"text": change.base}, {"text": change.text})
    return Proposed(change, found)


@dataclass(frozen=True)
class Line:
    """A passage with its changes: those that wait, then those that were decided."""

    passage: Passage
    waiting: Sequence[Proposed]
    decided: Sequence[Proposed]


def lines(drafting: Drafting) -> list[Line]:
    """Return the passages of a draft with their changes, in two queries whatever their number."""
    rows = list(drafting.passages.order_by("position"))
    found: dict[int, list[Proposed]] = {row.pk: [] for row in rows}
    changes = Change.objects.filter(
        passage__drafting=drafting, node__state__in=[State.PUBLIC, State.HIDDEN]
    ).select_related("node", "passage")
    for change in changes.order_by("pk"):
        found[change.passage_id].append(shown(change))
    return [
        Line(
            row,
            [one for one in found[row.pk] if one.change.status == Change.Status.PROPOSED],
            [one for one in found[row.pk] if one.change.status != Change.Status.PROPOSED],
        )
        for row in rows
    ]
