"""Advice of a committee, which its members publish themselves, and the government's reply."""

from datetime import date
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from parvis.collaborate.models import Advice, Committee
from parvis.collaborate.rhythm import reply_due
from parvis.collaborate.services import say_why
from parvis.collaborate.voices import require_seat_or_office
from parvis.core import access, limits, revisions, thread
from parvis.core.access import Actor
from parvis.core.errors import Invalid, NotFound
from parvis.core.events import IdempotencyKey, emit, replayed
from parvis.core.i18n import DEFAULT, Text, clean_text
from parvis.core.models import Node, State
from parvis.core.rows import check_row, new_node, refuse_holes

ABOUT = ("plan", "commitment", "consultation", "strategy", "drafting", "document")
"""What an advice may be about."""


def spoken(text: Text | None, field: str, *, characters_max: int) -> dict[str, str]:
    """Return what somebody wrote, in the language they chose. Raises Invalid when it is empty."""
    try:
        cleaned = clean_text(text, characters_max=characters_max)
    except ValidationError as error:
        raise Invalid({field: error.messages}) from None
    if not cleaned:
        raise Invalid({field: [_("Write it in French or in English.")]})
    return cleaned


@transaction.atomic
def give_advice(
    *,
    actor: Actor,
    committee: Committee,
    title: Text,
    text: Text,
    given_on: date | None = None,
    about: Node | None = None,
    today: date | None = None,
    key: IdempotencyKey | None = None,
) -> Advice:
    """Publish an advice at once and return it: nobody approves it, nobody edits it.

    A member speaks; the committee's office may record one that came on paper, and the page says
    so. The reply is due by the committee's rule. Raises Forbidden, NotFound (committee not
    public), Invalid.
    """
    if earlier := replayed(key):
        return Advice.objects.select_related("node", "committee__node").get(node=earlier.node)
    day = today or timezone.localdate()
    office = require_seat_or_office(actor, "advise", committee, today=day)
    if committee.node.state != State.PUBLIC:
        raise NotFound
    words = spoken(title, "title", characters_max=limits.TITLE_CHARACTERS)
    body = spoken(text, "text", characters_max=limits.TEXT_CHARACTERS)
    given = given_on or day
    if given > day:
        raise Invalid({"given_on": [_("This day has not come yet.")]})
    if not office and given != day:
        raise Invalid({"given_on": [_("An advice is given on the day it is published.")]})
    if about is not None and (about.kind not in ABOUT or about.state != State.PUBLIC):
        raise Invalid({"about": [_("Only what is public can be the subject of an advice.")]})
    node = new_node("advice", words, space=committee.node, public=True)
    row = Advice(
        node=node,
        committee=committee,
        text=body,
        given_on=given,
        reply_due=reply_due(given, committee),
        author_id=actor.person_id,
        by_office=office,
    )
    check_row(row, ["committee", "author"])
    row.save(force_insert=True)
    if about is not None:
        thread.link(node, "concerns", about, actor=actor, action="advise")
    revisions.keep(node, {"title": words, "text": body}, actor=actor)
    facts = {"given_on": given.isoformat(), "reply_due": row.reply_due.isoformat()}
    emit("advice.given", node=node, actor=actor, data=facts, key=key)
    return row


@transaction.atomic
def reply_to(
    *,
    actor: Actor,
    advice: Advice,
    reply: Text,
    replier: Text,
    note: Text | None = None,
    today: date | None = None,
    key: IdempotencyKey | None = None,
) -> Advice:
    """Publish the government's reply, dated today, with who replies; return the advice.

    A reply that is corrected keeps its first date, and its history. Raises Forbidden, Invalid
    (holes; a correction without `note`, why).
    """
    if replayed(key):
        return Advice.objects.select_related("node", "committee__node").get(pk=advice.pk)
    access.require(actor, "answer_advice", advice)
    texts: dict[str, Any] = {"reply": dict(reply or {}), "replier": dict(replier or {})}
    absent = [name for name, text in texts.items() if not text.get(DEFAULT)]
    if absent:
        raise Invalid({name: [_("This text is required in French.")] for name in absent})
    refuse_holes(texts)
    corrected = advice.replied_on is not None
    if corrected and advice.reply != texts["reply"]:
        say_why(note, "note", _("The reply was public already: say why it changes."))
    advice.reply, advice.replier = texts["reply"], texts["replier"]
    advice.replied_on = advice.replied_on or today or timezone.localdate()
    check_row(advice, ["committee", "author"])
    advice.save()
    kept = {"title": dict(advice.node.title), "text": advice.text, **texts}
    revisions.keep(advice.node, kept, actor=actor, note=note)
    facts = {"replied_on": advice.replied_on.isoformat(), "corrected": corrected}
    emit("advice.answered", node=advice.node, actor=actor, data=facts, key=key)
    return advice
