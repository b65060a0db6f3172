"""Proposals: posted, commented, supported, changed, officially answered."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from parvis.consult import contributions, phases
from parvis.consult.contributions import BY_STAFF, Receipt
from parvis.consult.models import Activity, Channel, Contribution, Vote
from parvis.core import access, limits, revisions
from parvis.core.access import Actor
from parvis.core.errors import Forbidden, Gone, Invalid, SignInNeeded
from parvis.core.events import IdempotencyKey, emit, replayed
from parvis.core.i18n import DEFAULT, LANGUAGES, clean_text, missing
from parvis.core.models import Event, State
from parvis.methods.proposals import consume
from parvis.methods.proposals.definition import Settings, clean_payload, settings_of
from parvis.methods.proposals.models import Proposal, Status


def _length(text: str, field: str, characters_max: int, absent: Any) -> str:
    words = text.replace("\r\n", "\n").strip()
    if not words:
        raise Invalid({field: [absent]})
    if len(words) > characters_max:
        message = _("%(n)d characters, the most is %(max)d.")
        raise Invalid({field: [message % {"n": len(words), "max": characters_max}]})
    return words


def _language(code: str) -> str:
    return code if code in LANGUAGES else DEFAULT


def check_words(settings: Settings, title: str, body: str) -> tuple[str, str]:
    """Return (title, text) of a proposal, stripped. Raises Invalid with every wrong field."""
    errors: dict[str, list[Any]] = {}
    out = []
    for field, text, most, absent in (
        ("title", title, settings.title_characters_max, _("Give your proposal a title.")),
        ("body", body, settings.proposal_characters_max, _("Write your proposal.")),
    ):
        try:
            out.append(_length(text, field, most, absent))
        except Invalid as refusal:
            errors.update(refusal.errors)
    if errors:
        raise Invalid(errors)
    title, body = out
    return " ".join(title.split()), body


@transaction.atomic
def propose(
    *,
    actor: Actor,
    activity: Activity,
    title: str,
    body: str,
    language: str = DEFAULT,
    channel: str = Channel.WEB,
    key: IdempotencyKey | None = None,
    at: Any = None,
) -> Receipt:
    """Post a proposal and return its receipt. Raises Closed, Invalid, SignInNeeded, Conflict."""
    if again := contributions.may_submit(
        actor=actor, activity=activity, channel=channel, action="propose", key=key, at=at
    ):
        return again
    title, body = check_words(settings_of(activity), title, body)
    return contributions.receive(
        actor=actor,
        activity=activity,
        title={_language(language): title},
        body=body,
        payload={},
        language=_language(language),
        channel=channel,
        key=key,
        at=at,
        once=False,
    )


@transaction.atomic
def comment(
    *,
    actor: Actor,
    proposal: Proposal,
    body: str,
    stance: str = "neutral",
    reply_to: Any = None,
    language: str = DEFAULT,
    channel: str = Channel.WEB,
    key: IdempotencyKey | None = None,
    at: Any = None,
) -> Receipt:
    """Comment on a public proposal, for, against or neither; return the receipt.

    `reply_to` is the id of another comment of the same proposal. Raises Forbidden on a proposal
    that was withdrawn or hidden, Closed, Invalid, SignInNeeded where comments need an account.
    """
    activity = proposal.activity
    if again := contributions.may_submit(
        actor=actor, activity=activity, channel=channel, action="comment", key=key, at=at
    ):
        return again
    access.require(actor, "comment", proposal.node)
    if channel not in BY_STAFF and actor.person is None and not actor.system:
        if not settings_of(activity).anonymous_comments:
            raise SignInNeeded(_("Comments here need a confirmed e-mail address."))
    body = _length(body, "body", limits.COMMENT_CHARACTERS, _("Write your comment."))
    payload: dict[str, Any] = {"stance": stance}
    if reply_to:
        answered = Contribution.objects.filter(
            pk=reply_to, parent_id=proposal.pk, node__state=State.PUBLIC
        )
        if not answered.exists():
            raise Invalid({"reply_to": [_("The comment that you answer is no longer there.")]})
        payload["reply_to"] = str(reply_to)
    return contributions.receive(
        actor=actor,
        activity=activity,
        body=body,
        payload=clean_payload(activity, payload, partial=channel in BY_STAFF),
        language=_language(language),
        channel=channel,
        parent=proposal.node,
        key=key,
        at=at,
        once=False,
    )


@transaction.atomic
def change(
    *,
    actor: Actor,
    contribution: Contribution,
    body: str,
    title: str = "",
    stance: str | None = None,
    key: IdempotencyKey | None = None,
) -> Receipt:
    """Change one's own proposal or comment while its phase is open; return the receipt.

    Raises Forbidden for others than the author, Closed, Invalid.
    """
    access.require(actor, "change_own", contribution)
    if contribution.parent_id:
        phases.require_open(contribution.activity, "comment")
        body = _length(body, "body", limits.COMMENT_CHARACTERS, _("Write your comment."))
        payload = {**contribution.payload, **({"stance": stance} if stance else {})}
        return contributions.change(
            actor=actor,
            contribution=contribution,
            payload=payload,
            body=body,
            action="comment",
            key=key,
        )
    phases.require_open(contribution.activity, "propose")
    title, body = check_words(settings_of(contribution.activity), title, body)
    return contributions.change(
        actor=actor,
        contribution=contribution,
        title={contribution.language: title},
        body=body,
        action="propose",
        key=key,
    )


# Supports ----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Standing:
    """Where a person stands: what they support, and how many supports are left (None: no limit)."""

    supported: frozenset[Any] = frozenset()
    used: int = 0
    left: int | None = None


def standing(actor: Actor, activity: Activity) -> Standing:
    """Return where this person stands in an activity: for their eyes only."""
    try:
        voter = contributions.participant_key(activity, actor)
    except Gone:
        # The key was destroyed at the retention date: nothing ties anybody to a support.
        voter = None
    if voter is None:
        return Standing()
    votes = Vote.objects.filter(activity=activity, voter_key=voter)
    mine = frozenset(votes.values_list("target_id", flat=True))
    most = settings_of(activity).supports_max
    return Standing(mine, len(mine), None if most is None else max(0, most - len(mine)))


def _voter(actor: Actor, activity: Activity) -> bytes:
    voter = contributions.participant_key(activity, actor)
    if voter is None:
        raise SignInNeeded(
            _("Supporting needs a confirmed e-mail address, so that one counts once.")
        )
    return voter


def support_key(activity_id: Any, voter: bytes, proposal_id: Any) -> IdempotencyKey:
    """What finds the event of a standing support again, without a row that names anybody."""
    return IdempotencyKey(f"support:{activity_id}", f"{voter.hex()}:{proposal_id}")


@transaction.atomic
def support(*, actor: Actor, proposal: Proposal) -> Standing:
    """Support a proposal and return where the person stands; twice is once.

    Nobody else learns of it: neither the event nor the register says who. Raises SignInNeeded,
    Closed, Forbidden on what is not public, Invalid at the limit.
    """
    activity = proposal.activity
    phases.require_open(activity, "support")
    voter = _voter(actor, activity)
    access.require(actor, "support", proposal.node)
    # Locked, so that two supports of one person at once cannot both pass under the limit.
    list(Activity.objects.select_for_update().filter(pk=activity.pk).values_list("pk"))
    before = standing(actor, activity)
    if proposal.pk in before.supported:
        return before
    if before.left == 0:
        message = _(
            "You already support %(n)d proposals, the most allowed here. Take one support back "
            "to give it to this one."
        )
        raise Invalid({"__all__": [message % {"n": before.used}]})
    Vote.objects.create(activity=activity, voter_key=voter, target=proposal.node)
    emit(
        "support.accepted",
        node=proposal.node,
        parts={"supporter": voter.hex()},
        ref=contributions.accepted_event(proposal.node.contribution),
        on=f"consultation/{activity.consultation.node.slug}",
        key=support_key(activity.pk, voter, proposal.pk),
    )
    return standing(actor, activity)


@transaction.atomic
def take_back(*, actor: Actor, proposal: Proposal) -> Standing:
    """Take one's support back and return where the person stands; twice is once.

    It can be taken back from a proposal that was withdrawn or hidden since. Raises SignInNeeded,
    Closed.
    """
    activity = proposal.activity
    phases.require_open(activity, "support")
    voter = _voter(actor, activity)
    gone, _rows = Vote.objects.filter(
        activity=activity, voter_key=voter, target=proposal.node
    ).delete()
    if not gone:
        return standing(actor, activity)
    found = Event.objects.filter(
        key=support_key(activity.pk, voter, proposal.pk).stored, verb="support.accepted"
    ).first()
    if found is None:
        # Imported without an event: nothing in the register to take back.
        consume.count_supports(proposal.pk)
        return standing(actor, activity)
    # Freed, so that the same person may support again: that will be another event.
    Event.objects.filter(pk=found.pk).update(key=None)
    emit(
        "support.withdrawn",
        node=proposal.node,
        ref=found,
        on=f"consultation/{activity.consultation.node.slug}",
    )
    return standing(actor, activity)


# Official answers --------------------------------------------------------------------------------


@transaction.atomic
def answer(
    *,
    actor: Actor,
    proposal: Proposal,
    status: str,
    answer: Mapping[str, str],
    note: Mapping[str, str] | None = None,
    key: IdempotencyKey | None = None,
) -> Proposal:
    """Answer a proposal officially and return it; each version is kept.

    "Under review" may come without words; every other answer has its reasons, in every language
    of the consultation. Raises Forbidden, Invalid.
    """
    if replayed(key):
        return proposal
    consultation = proposal.activity.consultation
    access.require(actor, "answer_proposal", consultation)
    if status not in Status.values:
        raise Invalid({"status": [_("Choose an answer.")]})
    try:
        words = clean_text(answer, characters_max=limits.TEXT_CHARACTERS)
    except ValidationError as error:
        raise Invalid({"answer": error.messages}) from None
    lost = missing(words, consultation.languages or [DEFAULT])
    if lost and (status != Status.UNDER_REVIEW or words):
        message = _("Give the reasons in every language of the consultation (%(languages)s).")
        raise Invalid({"answer": [message % {"languages": ", ".join(lost)}]})
    if proposal.node.state != State.PUBLIC:
        raise Forbidden(_("This proposal was withdrawn: it is no longer answered."))
    proposal.status, proposal.answer = status, words
    proposal.answered_by_id, proposal.answered_at = actor.person_id, timezone.now()
    proposal.save(update_fields=["status", "answer", "answered_by", "answered_at"])
    texts = {"status": {DEFAULT: status}, "answer": words}
    revisions.keep(proposal.node, texts, actor=actor, note=note)
    emit("proposal.answered", node=proposal.node, actor=actor, data={"status": status}, key=key)
    return proposal
