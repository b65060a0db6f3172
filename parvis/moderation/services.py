"""Moderation: reported, hidden with a motive, put back, appealed. Nothing disappears unsaid."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from parvis.core import access, keys, limits
from parvis.core.access import Actor
from parvis.core.errors import Conflict, Forbidden, Invalid
from parvis.core.events import IdempotencyKey, emit, replayed
from parvis.core.i18n import DEFAULT, clean_text
from parvis.core.models import Event, Node, State
from parvis.moderation.models import Appeal, Decision, Report
from parvis.moderation.rules import BY_KEY, Rule


def place_of(node: Node) -> Any:
    """Return what moderators may have a role on: the consultation of a node, else its space.

    The consultation is reached by its reverse relation: this domain imports no other.
    """
    space = node.space.space if node.space is not None and node.space.space_id else node.space
    return getattr(space, "consultation", space) if space is not None else node


PUBLICATIONS = frozenset(
    {"evaluation", "advice", "change", "reuse", "data_request", "discussion", "discussion_message"}
)
"""What members and citizens publish outside of consultations: moderated by the same charter."""
WATCHED = frozenset({"evaluation", "advice"})
"""Words of those who check the government: two people withdraw them, never one."""
AT_ONCE = frozenset({"personal_data", "threat_or_hate"})
"""Rules under which a publication is withdrawn at once, since waiting would hurt somebody."""


def author_side(node: Node) -> Any:
    """Return the row that knows the author of a node (its contribution), or the node."""
    name = node.kind if node.kind in PUBLICATIONS else "contribution"
    return getattr(node, name, node)


def needs_second(node: Node, rule: Rule) -> bool:
    """Whether hiding this under this rule waits for a second person."""
    return rule.second_person or (node.kind in WATCHED and rule.key not in AT_ONCE)


def is_author(actor: Actor, node: Node) -> bool:
    """Whether `actor` wrote this, by account or by receipt; `moderate` alone is not enough."""
    return access.can(actor, "withdraw_own", author_side(node))


def require_moderator(actor: Actor, node: Node) -> None:
    """Return when `actor` moderates here. Raises SignInNeeded, Forbidden."""
    access.require(actor, "moderate", place_of(node))


def _rule(key: str, field: str = "rule") -> Rule:
    rule = BY_KEY.get(key)
    if rule is None:
        raise Invalid({field: [_("Choose a rule of the charter.")]})
    return rule


def _motive(value: Any, field: str = "motive") -> dict[str, str]:
    texts = {DEFAULT: value} if isinstance(value, str) else value
    try:
        cleaned = clean_text(texts, characters_max=limits.REASON_CHARACTERS)
    except ValidationError as error:
        raise Invalid({field: error.messages}) from None
    if not cleaned.get(DEFAULT):
        raise Invalid({field: [_("Say why, in French: the author and the public read it.")]})
    return cleaned


def _short(text: str, field: str, characters_max: int = limits.REASON_CHARACTERS) -> str:
    words = text.replace("\r\n", "\n").strip()
    if len(words) > characters_max:
        message = _("%(n)d characters, the most is %(max)d.")
        raise Invalid({field: [message % {"n": len(words), "max": characters_max}]})
    return words


@transaction.atomic
def report(
    *,
    actor: Actor,
    node: Node,
    reason: str,
    details: str = "",
    key: IdempotencyKey | None = None,
) -> Report:
    """Say that a public thing breaks a rule, and return the report; no account is needed.

    A person who reports the same thing twice while it waits has made one report. Who reports is
    kept nowhere: only an HMAC that tells two people apart. Raises Invalid, Forbidden.
    """
    if earlier := replayed(key):
        return Report.objects.get(pk=earlier.data["report"])
    access.require(actor, "report", node)
    rule = _rule(reason, "reason")
    words = _short(details, "details")
    by_key = keys.mac("report", f"{actor.person_id}:{node.pk}") if actor.person_id else None
    if by_key:
        waiting = node.reports.filter(by_key=by_key, state=Report.State.OPEN).first()
        if waiting:
            return waiting
    made = Report.objects.create(node=node, reason=rule.key, details=words, by_key=by_key)
    emit("report.made", node=node, data={"reason": rule.key, "report": made.pk}, key=key)
    return made


@transaction.atomic
def hide(
    *,
    actor: Actor,
    node: Node,
    rule: str,
    motive: Mapping[str, str] | str,
    facts: str = "",
    key: IdempotencyKey | None = None,
) -> Decision:
    """Hide what somebody wrote under a rule, and return the decision; its place says so, with why.

    Off-topic, and an evaluation or an advice, wait for a second person: it stays visible until
    `confirm`. Raises Invalid, Forbidden, Conflict when it is hidden already or a decision on it
    waits.
    """
    if earlier := replayed(key):
        return Decision.objects.get(pk=earlier.data["decision"])
    require_moderator(actor, node)
    if node.kind != "contribution" and node.kind not in PUBLICATIONS:
        raise Invalid({"__all__": [_("Only what people contributed can be hidden.")]})
    if node.state != State.PUBLIC:
        raise Conflict(_("This is no longer public: there is nothing to hide."))
    chosen = _rule(rule)
    decision = Decision(
        node=node,
        rule=chosen.number,
        action=Decision.Action.HIDE,
        motive=_motive(motive),
        facts=_short(facts, "facts"),
        by_id=actor.person_id,
    )
    if node.decisions.filter(state=Decision.State.PROPOSED).exists():
        raise Conflict(_("A decision on this already waits for a second person."))
    if needs_second(node, chosen):
        decision.state = Decision.State.PROPOSED
        decision.save(force_insert=True)
        facts_ = {"reason": chosen.key, "decision": decision.pk}
        emit("moderation.proposed", node=node, actor=actor, data=facts_, key=key)
        return decision
    decision.save(force_insert=True)
    _take_effect(decision, actor, key)
    return decision


def _take_effect(decision: Decision, actor: Actor, key: IdempotencyKey | None) -> None:
    now = timezone.now()
    node = decision.node
    node.state = State.HIDDEN
    node.save(update_fields=["state"])
    decision.state, decision.effective_at = Decision.State.IN_FORCE, now
    decision.save(update_fields=["state", "effective_at", "second"])
    _close_reports(decision, Report.State.UPHELD, now)
    rule = decision.charter_rule
    if node.kind in PUBLICATIONS:
        data = {"reason": rule.key if rule else "", "decision": decision.pk}
        emit("publication.moderated", node=node, actor=actor, data=data, key=key)
        return
    emit(
        "contribution.moderated",
        node=node,
        actor=actor,
        data={"reason": rule.key if rule else "", "decision": decision.pk},
        ref=_accepted(node),
        on=_about(node),
        key=key,
    )


def _close_reports(decision: Decision, state: str, now: datetime) -> int:
    return decision.node.reports.filter(state=Report.State.OPEN).update(
        state=state, closed_at=now, decision=decision
    )


def _accepted(node: Node) -> Event:
    """The acceptance that stands: what the register's leaf refers to."""
    return Event.objects.filter(node=node, verb="contribution.accepted").order_by("-pk")[:1].get()


def _about(node: Node) -> str:
    # The same as on the acceptance, or the leaf would be about another thing than its reference.
    return f"consultation/{node.space.space.slug}"  # type: ignore[union-attr]


@transaction.atomic
def confirm(*, actor: Actor, decision: Decision, agree: bool) -> Decision:
    """Say, as the second person, whether a proposed decision takes effect; return it.

    Raises Forbidden for the person who proposed it, Conflict when it no longer waits.
    """
    require_moderator(actor, decision.node)
    if decision.state != Decision.State.PROPOSED or decision.node.state != State.PUBLIC:
        raise Conflict(_("This decision no longer waits for a second person."))
    _another_person(actor, decision.by_id)
    decision.second_id = actor.person_id
    if agree:
        _take_effect(decision, actor, None)
        return decision
    now = timezone.now()
    decision.state, decision.effective_at = Decision.State.REFUSED, now
    decision.save(update_fields=["state", "effective_at", "second"])
    closed = _close_reports(decision, Report.State.DISMISSED, now)
    facts = {"outcome": "dismissed", "reports": closed, "decision": decision.pk}
    emit("report.closed", node=decision.node, actor=actor, data=facts)
    return decision


def _another_person(actor: Actor, *people: Any) -> None:
    if actor.person_id in people:
        raise Forbidden(_("Another person must look at this: not the one who decided."))


@transaction.atomic
def restore(
    *,
    actor: Actor,
    node: Node,
    motive: Mapping[str, str] | str,
    key: IdempotencyKey | None = None,
) -> Decision:
    """Put a hidden contribution back, and return the decision; the earlier one is reversed.

    Raises Forbidden, Invalid without a motive, Conflict when it is not hidden.
    """
    if earlier := replayed(key):
        return Decision.objects.get(pk=earlier.data["decision"])
    require_moderator(actor, node)
    if node.state != State.HIDDEN:
        raise Conflict(_("This is not hidden."))
    now = timezone.now()
    before = hiding(node)
    decision = Decision.objects.create(
        node=node,
        rule=before.rule if before else None,
        action=Decision.Action.RESTORE,
        motive=_motive(motive),
        by_id=actor.person_id,
        effective_at=now,
    )
    if before:
        before.state = Decision.State.REVERSED
        before.save(update_fields=["state"])
    node.state = State.PUBLIC
    node.save(update_fields=["state"])
    if node.kind in PUBLICATIONS:
        data = {"decision": decision.pk}
        emit("publication.restored", node=node, actor=actor, data=data, key=key)
        return decision
    emit(
        "contribution.restored",
        node=node,
        actor=actor,
        data={"decision": decision.pk},
        ref=_accepted(node),
        on=_about(node),
        key=key,
    )
    return decision


def hiding(node: Node) -> Decision | None:
    """Return the decision that hides this node now, or None."""
    return (
        node.decisions.filter(action=Decision.Action.HIDE, state=Decision.State.IN_FORCE)
        .order_by("-at", "-pk")
        .first()
    )


@transaction.atomic
def dismiss(
    *,
    actor: Actor,
    node: Node,
    motive: Mapping[str, str] | str,
    key: IdempotencyKey | None = None,
) -> Decision:
    """Keep what was reported as it is, and return the decision; every open report is closed.

    Raises Forbidden, Invalid, Conflict when nothing waits.
    """
    if earlier := replayed(key):
        return Decision.objects.get(pk=earlier.data["decision"])
    require_moderator(actor, node)
    words = _motive(motive)
    if not node.reports.filter(state=Report.State.OPEN).exists():
        raise Conflict(_("No report on this waits."))
    if node.decisions.filter(state=Decision.State.PROPOSED).exists():
        raise Conflict(_("A decision on this already waits for a second person."))
    now = timezone.now()
    decision = Decision.objects.create(
        node=node,
        action=Decision.Action.NONE,
        motive=words,
        by_id=actor.person_id,
        effective_at=now,
    )
    closed = _close_reports(decision, Report.State.DISMISSED, now)
    facts = {"outcome": "dismissed", "reports": closed, "decision": decision.pk}
    emit("report.closed", node=node, actor=actor, data=facts, key=key)
    return decision


@transaction.atomic
def appeal(
    *, actor: Actor, decision: Decision, text: str, key: IdempotencyKey | None = None
) -> Appeal:
    """Ask that another person look again, and return the appeal: once, by the author.

    Raises Forbidden for others than the author, Invalid, Conflict.
    """
    if earlier := replayed(key):
        return Appeal.objects.get(pk=earlier.data["appeal"])
    node = decision.node
    if not is_author(actor, node):
        raise Forbidden(_("Only the author may appeal, with an account or a receipt code."))
    if decision.action != Decision.Action.HIDE or decision.state != Decision.State.IN_FORCE:
        raise Conflict(_("This decision is no longer in force."))
    words = _short(text, "text", limits.COMMENT_CHARACTERS)
    if not words:
        raise Invalid({"text": [_("Say why this decision should be reversed.")]})
    if Appeal.objects.filter(decision=decision).exists():
        raise Conflict(_("You have already appealed this decision."))
    made = Appeal.objects.create(decision=decision, text=words)
    facts = {"decision": decision.pk, "appeal": made.pk}
    emit("appeal.made", node=node, data=facts, key=key)
    return made


@transaction.atomic
def answer_appeal(
    *, actor: Actor, appeal: Appeal, reverse: bool, answer: Mapping[str, str] | str
) -> Appeal:
    """Answer an appeal as another person; `reverse` puts the contribution back. Return it.

    Raises Forbidden for those who decided, Invalid without an answer, Conflict when answered.
    """
    decision = appeal.decision
    require_moderator(actor, decision.node)
    if appeal.state != Appeal.State.OPEN:
        raise Conflict(_("This appeal is already answered."))
    author = getattr(author_side(decision.node), "author_id", None)
    others = [pk for pk in (decision.second_id, author) if pk is not None]
    _another_person(actor, decision.by_id, *others)
    words = _motive(answer, "answer")
    if reverse and decision.node.state == State.HIDDEN:
        restore(actor=actor, node=decision.node, motive=words)
    appeal.state = Appeal.State.REVERSED if reverse else Appeal.State.CONFIRMED
    appeal.answer, appeal.by_id, appeal.answered_at = words, actor.person_id, timezone.now()
    appeal.save(update_fields=["state", "answer", "by", "answered_at"])
    facts = {"decision": decision.pk, "appeal": appeal.pk, "outcome": appeal.state}
    emit("appeal.answered", node=decision.node, actor=actor, data=facts)
    return appeal
