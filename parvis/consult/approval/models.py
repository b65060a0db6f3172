"""What was given to read, to whom, what they said, and the changes proposed once open."""

from django.core.validators import MaxLengthValidator
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from parvis.consult.models import Consultation
from parvis.core import limits
from parvis.core.i18n import TextField
from parvis.core.models import Person

WORDS = [MaxLengthValidator(limits.COMMENT_CHARACTERS)]


def _person(related_name: str = "+") -> "models.ForeignKey[Person | None, Person | None]":
    return models.ForeignKey(
        Person, null=True, blank=True, on_delete=models.SET_NULL, related_name=related_name
    )


class Review(models.Model):
    """One version of a draft given to read: what it said, who asked, who decided, when.

    `version` is the SHA-256 of the snapshot's canonical JSON: an approval holds while the draft
    says exactly this. `publish_at` is the minute chosen for the opening of an approved version;
    when the worker could not open it then, `refused_at` and `refused_because` say so.
    """

    RIGHT, WHOLE = "approve_consultation", "consultation"

    class State(models.TextChoices):
        WAITING = "waiting", _("Waiting to be read")
        APPROVED = "approved", _("Approved")
        CHANGES = "changes_asked", _("Changes are asked")
        WITHDRAWN = "withdrawn", _("Withdrawn")

    class Because(models.TextChoices):
        HOLES = "holes", _("something was missing")
        STALE = "stale", _("the draft had changed since it was approved")

    consultation = models.ForeignKey(Consultation, on_delete=models.CASCADE, related_name="reviews")
    version = models.CharField(max_length=64)
    snapshot = models.JSONField()
    asked_by = _person()
    asked_at = models.DateTimeField(default=timezone.now)
    note = models.TextField(blank=True, validators=WORDS)
    state = models.CharField(max_length=13, choices=State, default=State.WAITING)
    decided_by = _person()
    decided_at = models.DateTimeField(null=True, blank=True)
    words = models.TextField(blank=True, validators=WORDS)
    publish_at = models.DateTimeField(null=True, blank=True)
    scheduled_by = _person()
    refused_at = models.DateTimeField(null=True, blank=True)
    refused_because = models.CharField(max_length=5, choices=Because, blank=True)

    class Meta:
        ordering = ("-asked_at", "-pk")
        constraints = [
            models.UniqueConstraint(
                fields=["consultation"],
                condition=models.Q(state="waiting"),
                name="review_one_waiting",
            )
        ]
        indexes = [
            models.Index(
                fields=["publish_at"],
                condition=models.Q(publish_at__isnull=False, refused_at__isnull=True),
                name="review_scheduled",
            )
        ]

    def __str__(self) -> str:
        return f"{self.consultation_id} {self.version[:8]} {self.state}"


class Reviewer(models.Model):
    """Somebody without an account who reads one review by a secret link; only its digest is kept.

    Whatever is known of that person is the name that staff typed.
    """

    review = models.ForeignKey(Review, on_delete=models.CASCADE, related_name="reviewers")
    name = models.CharField(max_length=120)
    token_digest = models.CharField(max_length=64, unique=True)
    invited_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True, blank=True)
    opened_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("pk",)

    def __str__(self) -> str:
        return f"{self.review_id} {self.pk}"


class ReviewComment(models.Model):
    """What a reader says of one line (`field`), or of the whole where it is empty."""

    review = models.ForeignKey(Review, on_delete=models.CASCADE, related_name="comments")
    reviewer = models.ForeignKey(
        Reviewer, null=True, blank=True, on_delete=models.SET_NULL, related_name="comments"
    )
    person = _person()
    field = models.CharField(max_length=200, blank=True)
    body = models.TextField(validators=WORDS)
    at = models.DateTimeField(default=timezone.now)
    resolved_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("at", "pk")

    def __str__(self) -> str:
        return f"{self.review_id} {self.field}"


class ProposedChange(models.Model):
    """A change of an open consultation that a second person still has to read.

    `changes` and `before`: field -> value as JSON, what is asked and what was there.
    """

    RIGHT, WHOLE = "approve_consultation", "consultation"

    class State(models.TextChoices):
        WAITING = "waiting", _("Waiting to be read")
        APPROVED = "approved", _("Approved")
        REFUSED = "refused", _("Refused")
        WITHDRAWN = "withdrawn", _("Withdrawn")

    consultation = models.ForeignKey(
        Consultation, on_delete=models.CASCADE, related_name="proposed_changes"
    )
    changes = models.JSONField(default=dict, blank=True)
    title = models.JSONField(default=dict, blank=True)
    before = models.JSONField(default=dict, blank=True)
    note = TextField(characters_max=limits.REASON_CHARACTERS)
    asked_by = _person()
    asked_at = models.DateTimeField(default=timezone.now)
    state = models.CharField(max_length=9, choices=State, default=State.WAITING)
    decided_by = _person()
    decided_at = models.DateTimeField(null=True, blank=True)
    words = models.TextField(blank=True, validators=WORDS)

    class Meta:
        ordering = ("-asked_at", "-pk")
        constraints = [
            models.UniqueConstraint(
                fields=["consultation"],
                condition=models.Q(state="waiting"),
                name="change_one_waiting",
            )
        ]

    def __str__(self) -> str:
        return f"{self.consultation_id} {self.state}"
