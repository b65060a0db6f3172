"""Requests for data: what somebody asks, what was answered and when, who else wants it."""

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from parvis.core import limits
from parvis.core.i18n import TextField
from parvis.core.models import Node, Organisation, Person

URL_CHARACTERS = 500


class Stage(models.TextChoices):
    """Where a request is, in the words that everybody reads."""

    RECEIVED = "received", pgettext_lazy("request for data", "Received")
    STUDIED = "studied", pgettext_lazy("request for data", "Being studied")
    PLANNED = "planned", pgettext_lazy("request for data", "Planned")
    DONE = "done", pgettext_lazy("request for data", "Published")
    REFUSED = "refused", pgettext_lazy("request for data", "Refused, with why")
    ELSEWHERE = "elsewhere", pgettext_lazy("request for data", "Already published")


class DataRequest(models.Model):
    """What data somebody asks for, and why. A moderator reads it first, then it is public.

    `due` is the last day of the answer that the site promises; `planned_on` the day for which the
    organisation promised the data. Whoever sends it has an account, or the receipt code of its
    node; an address for news is kept by notices alone, once confirmed.
    """

    class Review(models.TextChoices):
        WAITING = "waiting", pgettext_lazy("request for data", "Waits to be read")
        ACCEPTED = "accepted", pgettext_lazy("request for data", "Public")
        REFUSED = "refused", pgettext_lazy("request for data", "Not shown")

    node = models.OneToOneField(
        Node, on_delete=models.CASCADE, primary_key=True, related_name="data_request"
    )
    author = models.ForeignKey(Person, null=True, blank=True, on_delete=models.SET_NULL)
    organisation = models.ForeignKey(
        Organisation, null=True, blank=True, on_delete=models.SET_NULL,
        verbose_name=_("Organisation"),
    )  # fmt: skip
    wanted = models.TextField(
        max_length=limits.COMMENT_CHARACTERS, verbose_name=_("What data, in detail")
    )
    reason = models.TextField(
        max_length=limits.COMMENT_CHARACTERS, verbose_name=_("What it would serve for")
    )
    language = models.CharField(max_length=2, default="fr")
    review = models.CharField(max_length=8, choices=Review, default=Review.WAITING)
    motive = TextField(blank=True, characters_max=limits.REASON_CHARACTERS)
    reviewed_at = models.DateTimeField(null=True, blank=True)
    stage = models.CharField(max_length=9, choices=Stage, default=Stage.RECEIVED)
    due = models.DateField()
    planned_on = models.DateField(null=True, blank=True)
    answered_at = models.DateTimeField(null=True, blank=True)
    receipt_lookup = models.BigIntegerField(db_index=True)
    reconstructed = models.BooleanField(default=False)

    class Meta:
        indexes = [
            models.Index(
                fields=["node"], condition=models.Q(review="waiting"), name="asking_waiting"
            ),
            models.Index(fields=["stage", "due"], name="asking_stage_due"),
        ]

    def __str__(self) -> str:
        return self.node.slug


class Answer(models.Model):
    """What the organisation said of a request, and the stage that it put it in: never changed."""

    request = models.ForeignKey(DataRequest, on_delete=models.CASCADE, related_name="answers")
    stage = models.CharField(max_length=9, choices=Stage)
    words = TextField(characters_max=limits.COMMENT_CHARACTERS, verbose_name=_("Answer"))
    url = models.URLField(blank=True, max_length=URL_CHARACTERS)
    planned_on = models.DateField(null=True, blank=True)
    at = models.DateTimeField(default=timezone.now)
    by = models.ForeignKey(Person, null=True, blank=True, on_delete=models.SET_NULL)

    class Meta:
        ordering = ("pk",)

    def __str__(self) -> str:
        return f"{self.request_id} {self.stage}"


class Support(models.Model):
    """One person who wants the same data; only how many they are is shown."""

    request = models.ForeignKey(DataRequest, on_delete=models.CASCADE, related_name="supports")
    person = models.ForeignKey(Person, on_delete=models.CASCADE)
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["request", "person"], name="asking_support_once")
        ]

    def __str__(self) -> str:
        return f"{self.person_id} → {self.request_id}"
