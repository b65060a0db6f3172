"""A version is given to read, commented, then approved or sent back by another person."""

from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from parvis.consult import holes
from parvis.consult.approval import gate, snapshot
from parvis.consult.approval.models import Review, ReviewComment, Reviewer
from parvis.consult.models import Consultation
from parvis.core import access, deciding
from parvis.core.access import NOBODY, Actor
from parvis.core.errors import Conflict, Forbidden, Gone, Invalid, NotFound, TooMany
from parvis.core.events import IdempotencyKey, emit, replayed
from parvis.core.ids import new_token
from parvis.core.models import Site, State
from parvis.core.rows import check_row
from parvis.core.tokens import digest

LINK_DAYS = 30
LINKS_MAX = 20
NAMES_KEPT_DAYS = 365
TOKEN_BITS = 256
COMMENTS_BY_HOUR = 30
COMMENTS_MAX = 500
_OVER = _("This review is over: nothing can be added to it.")


@transaction.atomic
def set_approval(*, actor: Actor, mode: str) -> Site:
    """Say whether this site asks for a second person. Raises Forbidden, Invalid."""
    access.require(actor, "manage_site")
    site = Site.objects.select_for_update().first()
    if site is None:
        raise NotFound
    if mode not in Site.Approval.values:
        raise Invalid({"approval": [_("Choose one of the two.")]})
    if site.approval != mode:
        site.approval = mode
        site.save(update_fields=["approval"])
        emit("site.changed", node=None, actor=actor, data={"approval": mode})
    return site


# Asking ------------------------------------------------------------------------------------------


@transaction.atomic
def ask_review(
    *, actor: Actor, consultation: Consultation, note: str = "", key: IdempotencyKey | None = None
) -> Review:
    """Give the draft as it is now to another person to read; return the review.

    Asking again after a change withdraws what was waiting. Raises Forbidden, Invalid with every
    hole, Conflict when it is public, approved as it is, or waiting as it is.
    """
    if replayed(key):
        return consultation.reviews.all()[0]
    access.require(actor, "manage_consultation", consultation)
    if consultation.node.state == State.PUBLIC:
        raise Conflict(_("This consultation is public already."))
    if left := holes.holes(consultation):
        raise Invalid(holes.errors_of(left))
    now = snapshot.take(consultation)
    version = snapshot.version_of(now)
    if gate.approval_of(consultation, version):
        raise Conflict(_("This version is approved already."))
    for waiting in consultation.reviews.filter(state=Review.State.WAITING):
        if waiting.version == version:
            raise Conflict(_("This version is already given to read."))
        deciding.decide(waiting, Review.State.WITHDRAWN, actor)
    review = Review(
        consultation=consultation,
        version=version,
        snapshot=now,
        asked_by_id=actor.person_id,
        note=note.strip(),
    )
    check_row(review)
    review.save()
    _say("review.asked", review, actor, key)
    return review


def _say(
    verb: str, review: Review, actor: Actor, key: IdempotencyKey | None = None, **facts: Any
) -> None:
    """Write what happened to a version: its name and no other thing said by anybody."""
    data = {"version": review.version, **facts}
    emit(verb, node=review.consultation.node, actor=actor, data=data, key=key)


def _waiting(review: Review) -> Review:
    return deciding.waiting(review, _OVER)


# Readers without an account ----------------------------------------------------------------------


@transaction.atomic
def invite_reviewer(
    *, actor: Actor, review: Review, name: str, key: IdempotencyKey | None = None
) -> tuple[Reviewer, str]:
    """Make a secret link for one reader; return (reader, secret). The secret is shown once.

    The same request twice makes one link: the second time the secret is "", since only its digest
    is kept. Raises Forbidden, Invalid, Closed, Conflict past LINKS_MAX.
    """
    if replayed(key):
        return review.reviewers.order_by("-pk")[0], ""
    access.require(actor, "manage_consultation", review.consultation)
    review = _waiting(review)
    if review.reviewers.filter(revoked_at=None).count() >= LINKS_MAX:
        raise Conflict(_("This review has %(max)d links already.") % {"max": LINKS_MAX})
    secret = new_token(TOKEN_BITS)
    reviewer = Reviewer(
        review=review,
        name=name.strip(),
        token_digest=digest(secret),
        expires_at=timezone.now() + timedelta(days=LINK_DAYS),
    )
    check_row(reviewer)
    reviewer.save()
    _say("review.invited", review, actor, key)
    return reviewer, secret


@transaction.atomic
def revoke_reviewer(*, actor: Actor, reviewer: Reviewer) -> None:
    """End a secret link at once. Twice does nothing more. Raises Forbidden."""
    access.require(actor, "manage_consultation", reviewer.review.consultation)
    if reviewer.revoked_at is None:
        reviewer.revoked_at = timezone.now()
        reviewer.save(update_fields=["revoked_at"])
        _say("review.invitation_revoked", reviewer.review, actor)


def reviewer_of(secret: str, now: datetime | None = None) -> Reviewer:
    """Return who a secret link is for, with the review that it opens.

    Raises NotFound for one that was never made, Gone for one that was revoked or has expired.
    """
    found = (
        Reviewer.objects.select_related("review__consultation__node")
        .filter(token_digest=digest(secret))
        .first()
    )
    if found is None:
        raise NotFound
    if found.revoked_at is not None or found.expires_at <= (now or timezone.now()):
        raise Gone(_("This link is over. Ask for another one to the person who sent it to you."))
    return found


@transaction.atomic
def note_opened(reviewer: Reviewer) -> None:
    """Write down the first time that a link was opened."""
    if reviewer.opened_at is None:
        reviewer.opened_at = timezone.now()
        reviewer.save(update_fields=["opened_at"])


# Saying ------------------------------------------------------------------------------------------


@transaction.atomic
def comment(
    *,
    review: Review,
    body: str,
    field: str = "",
    actor: Actor = NOBODY,
    secret: str = "",
    key: IdempotencyKey | None = None,
) -> ReviewComment:
    """Say something of a line (or of the whole, `field` empty): staff, or by a secret link.

    Raises Forbidden (neither, or the link of another review), Gone, NotFound, Closed, Invalid,
    TooMany past COMMENTS_BY_HOUR by reader or COMMENTS_MAX by review.
    """
    if replayed(key):
        return review.comments.order_by("-pk")[0]
    reviewer = None
    if secret:
        reviewer = reviewer_of(secret)
        if reviewer.review_id != review.pk:
            raise Forbidden
    else:
        access.require(actor, "approve_consultation", review.consultation)
    review = _waiting(review)
    if field and field not in {line.field for line in snapshot.lines(review.snapshot)}:
        raise Invalid({"field": [_("There is no such line in what was given to read.")]})
    said = review.comments.all()
    if said.count() >= COMMENTS_MAX:
        raise TooMany(_("This review has too many comments to take another one."))
    mine = said.filter(reviewer=reviewer) if reviewer else said.filter(person=actor.person)
    if mine.filter(at__gt=timezone.now() - timedelta(hours=1)).count() >= COMMENTS_BY_HOUR:
        raise TooMany
    row = ReviewComment(
        review=review,
        reviewer=reviewer,
        person_id=None if reviewer else actor.person_id,
        field=field,
        body=body.strip(),
    )
    check_row(row)
    row.save()
    _say("review.commented", review, NOBODY if reviewer else actor, key)
    return row


@transaction.atomic
def resolve_comment(*, actor: Actor, comment: ReviewComment) -> None:
    """Say that a comment was dealt with. Twice does nothing more. Raises Forbidden."""
    access.require(actor, "manage_consultation", comment.review.consultation)
    if comment.resolved_at is None:
        comment.resolved_at = timezone.now()
        comment.save(update_fields=["resolved_at"])
        _say("review.comment_resolved", comment.review, actor)


# Deciding ----------------------------------------------------------------------------------------


def _by_another(actor: Actor, review: Review) -> Review:
    alone = _("Another person than the one who asked decides.")
    return deciding.by_another(actor, review, alone=alone, over=_OVER)


@transaction.atomic
def approve(
    *, actor: Actor, review: Review, words: str = "", key: IdempotencyKey | None = None
) -> Review:
    """Approve a version: it may open as long as the draft says exactly this.

    Raises Forbidden for who asked, Closed when it is decided, Conflict when the draft changed.
    """
    if replayed(key):
        return Review.objects.get(pk=review.pk)
    review = _by_another(actor, review)
    if snapshot.version_of(snapshot.take(review.consultation)) != review.version:
        raise Conflict(
            _("The draft changed since this was asked: its new version has to be asked for.")
        )
    deciding.decide(review, Review.State.APPROVED, actor, words)
    _say("review.approved", review, actor, key)
    return review


@transaction.atomic
def ask_changes(
    *, actor: Actor, review: Review, words: str, key: IdempotencyKey | None = None
) -> Review:
    """Send a version back, saying what to change. Raises Forbidden, Closed, Invalid."""
    if replayed(key):
        return Review.objects.get(pk=review.pk)
    review = _by_another(actor, review)
    if not words.strip():
        raise Invalid({"words": [_("Say what has to change.")]})
    deciding.decide(review, Review.State.CHANGES, actor, words)
    _say("review.changes_asked", review, actor, key)
    return review


@transaction.atomic
def withdraw_review(*, actor: Actor, review: Review) -> Review:
    """Take back what was given to read. Raises Forbidden, Closed."""
    access.require(actor, "manage_consultation", review.consultation)
    review = _waiting(review)
    deciding.decide(review, Review.State.WITHDRAWN, actor)
    _say("review.withdrawn", review, actor)
    return review


def forget_readers(now: datetime | None = None) -> int:
    """Forget the people invited to read whose link ended a year ago; return how many.

    What they said stays, as said by somebody who has left. The worker calls it.
    """
    ended = (now or timezone.now()) - timedelta(days=NAMES_KEPT_DAYS)
    rows = Reviewer.objects.filter(expires_at__lt=ended)
    n = rows.count()
    rows.delete()
    return n
